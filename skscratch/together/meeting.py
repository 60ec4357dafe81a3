"""Where fits wait for each other: who runs, who waits, and when what waits is trained.

Tasks are threads that take turns. One whose fit begins gives its turn away and waits; when nobody
can run any more, a round is due, and all fits that wait are trained together. Each task then gets a
turn again, scores what it has fitted, ends, and makes room for another.
"""

import heapq
import itertools
import math
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from sklearn import get_config

from skscratch.estimators.observers import Observer
from skscratch.estimators.trainers import Trainer, here
from skscratch.together.memory import BUDGET, Past, SharedArrays, bytes_of, continued
from skscratch.together.notes import Notes
from skscratch.together.rounds import Outcome, Request, WhileWanted, Workers
from skscratch.together.stacks import MAX_NETWORKS, Failure, OriginalError, max_stack_size

MIN_PATIENCE = 1.0
"""Seconds after which nobody waits for a task that has its turn, and longer if others took long."""


class Aborted(BaseException):
    """Ends a task that nobody waits for any more; no ``except Exception`` stops it."""


class Call:
    """A call of :class:`joblib.Parallel`, and the task that makes it, if one does."""

    def __init__(self, caller: "Task | None") -> None:
        self.caller = caller
        self.depth = 0 if caller is None else caller.call.depth + 1
        self.n_tasks = 0
        self.aborted = False
        self.over = threading.Event()
        """No task is left."""

    @property
    def is_aborted(self) -> bool:
        """Whether it, or the call that it is part of, was aborted."""
        return self.aborted or (self.caller is not None and self.caller.call.is_aborted)


class Task:
    """A task of a call: what a thread of its own runs.

    Parameters
    ----------
    call : Call
        Which it is part of.

    function : callable
        What is to be done.

    callback : callable
        Is given the future when it is done.
    """

    current = threading.local()

    def __init__(self, call: Call, function: Callable, callback: Callable) -> None:
        self.call, self.function, self.callback = call, function, callback
        self.future: Future = Future()
        self.turn = threading.Event()
        self.request: Request | None = None
        self.outcome: Outcome | None = None
        self.n_bytes = 0

    def run(self, train: Callable) -> None:
        """Do what is to be done; fits in it are trained as the argument says."""
        Task.current.task, here.run = self, train
        try:
            self.future.set_result(self.function())
        except BaseException as error:
            if error.__cause__ is None and not isinstance(error, Aborted):
                # joblib shows what it raises again without the traceback of this thread.
                error.__cause__ = OriginalError(traceback.format_exc())
            self.future.set_exception(error)
        self.function = None
        self.callback(self.future)

    def drop(self) -> None:
        """End without having begun."""
        self.future.set_exception(Aborted())
        self.callback(self.future)


class Meeting:
    """Where the tasks of a backend meet.

    Parameters
    ----------
    workers : Workers
        What trains the rounds. As many tasks as there are workers run at once.

    resume : bool, default=False
        Whether fits that differ from earlier ones in ``max_iter`` alone go on from those.
    """

    def __init__(self, workers: Workers, resume: bool = False) -> None:
        self.workers = workers
        self.past = Past() if resume else None
        self.arrays = SharedArrays()
        self.notes = Notes()
        # Guards all that follows. It is never held while something is trained.
        self._changed = threading.Condition()
        self._host: threading.Thread | None = None
        self._n_calls = 0
        self._order = itertools.count()
        # Tasks are new, then running, waiting, in training, and ready to run again.
        self._new: list[tuple[int, int, Task]] = []
        self._running: dict[Task | Call, float] = {}
        self._waiting: list[Task] = []
        self._in_training: set[Task] = set()
        self._ready: deque[Task] = deque()
        # Those that have begun, but for those that only wait for a call of their own.
        self._present: set[Task] = set()
        self._n_bytes = 0
        # Of the fits that have waited so far.
        self._most_bytes = self._largest_stack = 0
        self._longest_turn = 0.0
        self._trains_here = False

    @property
    def max_window(self) -> int:
        """The greatest number of fits that wait at once, however small."""
        return MAX_NETWORKS * max(4, self.workers.n_jobs)

    @property
    def is_idle(self) -> bool:
        """Whether no call is going on."""
        return self._n_calls == 0

    # What calls do.

    def begin(self, call: Call) -> None:
        """Let a call hand in tasks. While it does, it has a turn itself."""
        with self._changed:
            self._n_calls += 1
            if call.caller is None:
                self._running[call] = time.monotonic()
            if self._host is None:
                self._host = threading.Thread(target=self._run_rounds, daemon=True)
                self._host.start()

    def add(self, task: Task) -> None:
        """Take a task, to be run as soon as there is room and a turn."""
        with self._changed:
            task.call.n_tasks += 1
            task.call.over.clear()
            # The deepest first: others wait for them.
            heapq.heappush(self._new, (-task.call.depth, next(self._order), task))
            self._advance()

    def await_results(self, call: Call) -> None:
        """Give the turn of a call away that has handed in its tasks and waits for them."""
        with self._changed:
            if call.n_tasks > 0 or call.caller is None:
                self._present.discard(call.caller)
                self._give_turn_away(call.caller or call)
                self._advance()

    def go_on(self, call: Call) -> None:
        """Wait until the task that has made a call may run again."""
        caller = call.caller
        if caller is None:
            return
        with self._changed:
            self._present.add(caller)
            if caller in self._running:
                return
            self._ready.append(caller)
            self._advance()
        self._await_turn(caller)

    def abort(self, call: Call) -> None:
        """End all tasks of a call that wait, and those that begin to."""
        with self._changed:
            call.aborted = True
            dropped = [task for *_, task in self._new if task.call.is_aborted]
            self._new = [entry for entry in self._new if not entry[-1].call.is_aborted]
            heapq.heapify(self._new)
            was_training = bool(self._in_training)
            for tasks in (self._waiting, self._in_training, self._ready):
                for task in [task for task in tasks if task.call.is_aborted]:
                    tasks.remove(task)
                    self._give_turn(task)
            stop = was_training and not self._in_training and not self._trains_here
        if stop:
            self.workers.stop()
        for task in dropped:
            task.drop()
            self._leave(task)

    def end(self, call: Call) -> None:
        """Wait until nothing of a call is left."""
        with self._changed:
            self._running.pop(call, None)
            self._advance()
            if call.n_tasks == 0:
                call.over.set()
        call.over.wait()
        with self._changed:
            self._n_calls -= 1
            host = self._host
            if self.is_idle:
                self._host = None
                self._most_bytes = self._largest_stack = 0
            self._changed.notify()
        if self.is_idle:
            while host.is_alive():
                # Of an aborted call, a round may still be about to begin.
                if call.aborted:
                    self.workers.stop()
                host.join(0.05)

    # What tasks do.

    def _run(self, task: Task) -> None:
        """Run a task, in a thread of its own."""
        try:
            task.run(partial(self._fit, task))
        finally:
            self._leave(task)

    def _leave(self, task: Task) -> None:
        with self._changed:
            self._give_turn_away(task)
            self._present.discard(task)
            self._n_bytes -= task.n_bytes
            call = task.call
            call.n_tasks -= 1
            if call.n_tasks == 0:
                call.over.set()
                if call.caller is not None:
                    # It is about to go on, and perhaps to fit: the others wait for it.
                    self._running[call.caller] = time.monotonic()
            self._advance()

    def _fit(self, task: Task, trainer: Trainer, observer: Observer) -> dict[str, Any]:
        """Wait until a fit has been trained; return the fitted attributes."""
        key, settings = None, trainer.settings
        if self.past is not None and type(observer) is Observer:
            key = self.past.key_of(trainer)
            past = None if key is None else self.past.recall(key, settings)
            if past is not None:
                trainer = continued(trainer, past)
        if self.workers.gains_by_waiting(trainer):
            self.arrays.share(trainer)
            outcome = self._await_outcome(task, Request(trainer, observer, get_config()))
            if outcome.random_state is not None:
                # The generator is the caller's: it has moved on, as in any fit.
                settings.random_state.set_state(outcome.random_state)
            if isinstance(outcome.result, Failure):
                outcome.result.raise_again()
            attributes = outcome.result
        else:
            attributes = self._train_now(task, trainer, observer)
        if key is not None:
            self.past.remember(key, settings.max_iter, attributes)
        return attributes

    def _train_now(self, task: Task, trainer: Trainer, observer: Observer) -> dict[str, Any]:
        """Train a fit in the turn that its task has, however long it takes."""
        with self._changed:
            self._running[task] = math.inf
        try:
            trainer.run(WhileWanted(observer, lambda: not task.call.is_aborted))
        finally:
            with self._changed:
                self._running[task] = time.monotonic()
                self.notes.add(trainer.warnings)
        if task.call.is_aborted:
            raise Aborted
        return trainer.fitted_attributes()

    def _await_outcome(self, task: Task, request: Request) -> Outcome:
        n_bytes = bytes_of(request.trainer)
        with self._changed:
            if task.call.is_aborted:
                raise Aborted
            self._give_turn_away(task)
            self._n_bytes += n_bytes - task.n_bytes
            task.n_bytes = n_bytes
            self._most_bytes = max(self._most_bytes, n_bytes)
            self._largest_stack = max(self._largest_stack, max_stack_size(request.trainer))
            task.request = request
            self._waiting.append(task)
            self._advance()
        self._await_turn(task)
        outcome, task.outcome = task.outcome, None
        return outcome

    def _await_turn(self, task: Task) -> None:
        task.turn.wait()
        task.turn.clear()
        if task.call.is_aborted:
            raise Aborted

    # Who is next: all of this with the lock.

    def _give_turn(self, task: Task) -> None:
        self._running[task] = time.monotonic()
        task.turn.set()

    def _give_turn_away(self, who: Task | Call) -> None:
        since = self._running.pop(who, None)
        if since is not None:
            self._longest_turn = max(self._longest_turn, time.monotonic() - since)

    def _advance(self) -> None:
        """Let as many run as there are turns, and call the host if a round is due."""
        # While the host trains, in this process, it has a turn.
        n_turns = self.workers.n_jobs - self._trains_here
        while self._n_busy() < n_turns:
            if self._ready:
                self._give_turn(self._ready.popleft())
            elif self._new and self._has_room():
                self._start(heapq.heappop(self._new)[-1])
            else:
                break
        if self.is_idle or self._round_is_due():
            self._changed.notify()

    def _n_busy(self) -> int:
        """Return how many run, but for those that take so long that they may wait for others."""
        soon = time.monotonic() - self._patience
        return sum(since > soon for since in self._running.values())

    @property
    def _patience(self) -> float:
        return max(MIN_PATIENCE, 2 * self._longest_turn)

    def _has_room(self) -> bool:
        """Whether another task may hold data and a network."""
        if len(self._present) < self.workers.n_jobs:
            return True
        if self._n_bytes + self._most_bytes > BUDGET:
            return False
        # Some stacks for every worker, and something to do where fits are trained one by one.
        window = max(4, self._largest_stack) * max(4, self.workers.n_jobs)
        return len(self._present) < min(window, self.max_window)

    def _start(self, task: Task) -> None:
        self._running[task] = time.monotonic()
        self._present.add(task)
        task.n_bytes = self._most_bytes
        self._n_bytes += task.n_bytes
        threading.Thread(target=self._run, args=[task], daemon=True).start()

    def _round_is_due(self) -> bool:
        return bool(self._waiting) and not self._n_busy()

    # What the host does: a thread that lives as long as there are calls.

    def _run_rounds(self) -> None:
        while tasks := self._next_round():
            self._train(tasks)

    def _next_round(self) -> list[Task]:
        """Wait for a round; return its tasks, or none when all calls have ended."""
        with self._changed:
            while not self.is_idle:
                self._advance()
                if self._round_is_due():
                    tasks, self._waiting = self._waiting, []
                    self._in_training = set(tasks)
                    self._trains_here = self.workers.are_here
                    return tasks
                # Who runs for too long does not tell: somebody has to look at the clock.
                self._changed.wait(self._patience if self._running else None)
        return []

    def _train(self, tasks: list[Task]) -> None:
        requests = [task.request for task in tasks]
        try:
            outcomes = self.workers.train(requests, lambda i: tasks[i] in self._in_training)
            for i, outcome in outcomes:
                self._deliver(tasks[i], outcome)
            if self._in_training:
                raise RuntimeError("The workers have ended before they had trained this fit.")
        except BaseException as error:
            for task in tasks:
                self._deliver(task, Outcome(Failure.now(error), []))
        finally:
            with self._changed:
                self._trains_here = False

    def _deliver(self, task: Task, outcome: Outcome) -> None:
        with self._changed:
            if task in self._in_training:
                self._in_training.remove(task)
                self.notes.add(outcome.warnings)
                task.outcome = outcome
                # What it was trained with is needed no more, and its turn may come late.
                vars(task.request.trainer).clear()
                task.request = None
                self._ready.append(task)
                self._advance()
