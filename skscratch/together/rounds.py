"""How fits that have met are trained: cut into stacks, in this process or in workers."""

import heapq
import math
import pickle
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from functools import partial
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from joblib import Parallel, delayed
from joblib.parallel import (
    LokyBackend,
    MultiprocessingBackend,
    SequentialBackend,
    ThreadingBackend,
    get_active_backend,
)
from numpy.random import RandomState
from sklearn import config_context

from skscratch.estimators.observers import Observer
from skscratch.estimators.trainers import Trainer
from skscratch.together.stacks import (
    MAX_NETWORKS,
    Failure,
    epoch_cost,
    key_of,
    max_stack_size,
    run_stack,
)

MAX_BYTES_OF_DATA = 128 * 2**20
"""What the data of a stack's fits may be together: it makes one array of them."""


NEAR = LokyBackend, MultiprocessingBackend, SequentialBackend, ThreadingBackend
"""joblib's own backends, whose workers are on this machine; others may be anywhere."""


class Request(NamedTuple):
    """A fit that is asked for."""

    trainer: Trainer
    observer: Observer
    config: dict[str, Any]
    """scikit-learn's, in the thread that asks."""

    @property
    def shape(self) -> tuple:
        """What it has in common with others in a stack."""
        return (*self.trainer.stack_key, *self.config.values())


class Outcome(NamedTuple):
    """What has become of a fit: its fitted attributes or why it has none, and what it warns of."""

    result: dict[str, Any] | Failure
    warnings: list[tuple[str, type[Warning]]]
    random_state: tuple | None = None
    """Where the generator is by now that was given as a parameter, if one was."""


class Workers:
    """What trains a round: the joblib backend that is active where this is made.

    One job is this process, and so are threads, if they are what is active outside.
    """

    def __init__(self) -> None:
        self._outside, n_jobs = get_active_backend()
        # Made here, where the caller's configuration is the active one.
        unordered = getattr(self._outside, "supports_return_generator", False)
        self._parallel = Parallel(return_as="generator_unordered" if unordered else "list")
        self._are_near = type(self._outside) in NEAR
        self.default_n_jobs = self._outside.default_n_jobs if n_jobs is None else n_jobs
        self.n_jobs = 1

    def hire(self, n_jobs: int) -> None:
        """Set how many stacks are trained at once, in joblib's way of counting."""
        self._parallel.n_jobs = n_jobs
        self.n_jobs = max(1, self._outside.effective_n_jobs(n_jobs))

    @property
    def are_here(self) -> bool:
        """Whether this process is the only worker."""
        return self._are_near and self.n_jobs == 1

    def train(
        self, requests: Sequence[Request], is_wanted: Callable[[int], bool]
    ) -> Iterator[tuple[int, Outcome]]:
        """Train a round.

        Parameters
        ----------
        requests : sequence of Request
            Of any shapes.

        is_wanted : callable
            Returns whether a request's fit, by its index, is still waited for.

        Yields
        ------
        index : int
            That of a request.

        outcome : Outcome
            What has become of it.
        """
        parts = cut(requests, self.n_jobs)
        sent = [part for part in parts if not self._stays(requests[part[0]].trainer)]
        stay = [part for part in parts if part not in sent]
        left = set(range(len(sent)))
        tasks = (delayed(_train_there)(k, [requests[i] for i in p]) for k, p in enumerate(sent))
        try:
            for k, outcomes in self._parallel(tasks) if sent else ():
                left.remove(k)
                yield from zip(sent[k], outcomes, strict=True)
        except pickle.PicklingError:
            # Somebody's own class or function, which cannot be sent.
            stay += [sent[k] for k in left]
        if stay:
            with ThreadPoolExecutor(self.n_jobs) as threads:
                tasks = [threads.submit(_train_here, requests, part, is_wanted) for part in stay]
                for task in as_completed(tasks):
                    yield from task.result()

    def gains_by_waiting(self, trainer: Trainer) -> bool:
        """Whether a fit is to meet others; one that is not is trained by the task that asks."""
        return max_stack_size(trainer) > 1 or not self._stays(trainer)

    def _stays(self, trainer: Trainer) -> bool:
        """Whether a fit is trained in this process."""
        in_threads = trainer.releases_gil or isinstance(self._outside, ThreadingBackend)
        return self._are_near and (self.n_jobs == 1 or in_threads)

    def stop(self) -> None:
        """End the round that the workers train; it yields no more."""
        # joblib's own reaction to Ctrl-C, which reaches another thread.
        with suppress(Exception):
            self._parallel._abort()


def _train_here(
    requests: Sequence[Request], part: list[int], is_wanted: Callable[[int], bool]
) -> list[tuple[int, Outcome]]:
    """Train some of the requests, for as long as somebody waits for them."""
    part = [i for i in part if is_wanted(i)]
    stack = [
        requests[i]._replace(observer=WhileWanted(requests[i].observer, partial(is_wanted, i)))
        for i in part
    ]
    return list(zip(part, train(stack), strict=True)) if stack else []


class WhileWanted(Observer):
    """Stops a fit that nobody waits for any more."""

    def __init__(self, observer: Observer, is_wanted: Callable[[], bool]) -> None:
        self.observer, self.is_wanted = observer, is_wanted
        self.reads_fit = observer.reads_fit
        self.begin_epoch = observer.begin_epoch

    def end_epoch(self, trainer) -> bool:
        """Pass it on; return whether to stop."""
        return self.observer.end_epoch(trainer) or not self.is_wanted()


def train(stack: Sequence[Request]) -> list[Outcome]:
    """Train fits of one shape, or a single fit of any kind."""
    trainers, observers, configs = zip(*stack, strict=True)
    with config_context(**configs[0]):
        results = run_stack(trainers, observers)
    return [
        Outcome(result, trainer.warnings, _state_of(trainer.settings.random_state))
        for trainer, result in zip(trainers, results, strict=True)
    ]


def _state_of(random_state) -> tuple | None:
    return random_state.get_state() if isinstance(random_state, RandomState) else None


def _train_there(k: int, stack: Sequence[Request]) -> tuple[int, list[Outcome]]:
    """Train as :func:`train` does; what is returned passes from process to process."""
    return k, [
        outcome._replace(result=outcome.result.portable())
        if isinstance(outcome.result, Failure)
        else outcome
        for outcome in train(stack)
    ]


def cut(requests: Sequence[Request], n_jobs: int) -> list[list[int]]:
    """Cut fits into parts that are trained at once; return their indices, the longest part first.

    Parts are of the size with which all jobs are done first.
    """
    shapes, alone, first_seen = defaultdict(list), [], {}
    for i, request in enumerate(requests):
        first_seen.setdefault(key_of(request.trainer.data), i)
        if max_stack_size(request.trainer) == 1:
            alone.append([i])
        else:
            shapes[request.shape].append(i)
    stacks = []
    for members in shapes.values():
        # Fits on the same data side by side: then every part has few data.
        members.sort(key=lambda i: first_seen[key_of(requests[i].trainer.data)])
        stacks += _within_memory(members, requests)
    limits = [max_stack_size(requests[members[0]].trainer) for members in stacks]

    def cost_of(part: list[int]) -> float:
        n_epochs = max(requests[i].trainer.n_epochs_left for i in part)
        return n_epochs * epoch_cost(requests[part[0]].trainer, len(part))

    def costs_and_parts(size: int) -> list[tuple[float, list[int]]]:
        parts = []
        for members, limit in zip(stacks, limits, strict=True):
            n_parts = math.ceil(len(members) / min(size, limit))
            bounds = [k * len(members) // n_parts for k in range(n_parts + 1)]
            parts += [members[start:stop] for start, stop in pairwise(bounds)]
        return sorted(((cost_of(part), part) for part in parts), key=itemgetter(0), reverse=True)

    def duration(costs_and_parts: list[tuple[float, list[int]]]) -> float:
        # Whoever is done takes the next one.
        jobs = [0.0] * n_jobs
        for cost, _ in costs_and_parts:
            heapq.heapreplace(jobs, jobs[0] + cost)
        return max(jobs)

    best = min(map(costs_and_parts, range(MAX_NETWORKS, 0, -1)), key=duration)
    return [part for _, part in best] + alone


def _within_memory(members: list[int], requests: Sequence[Request]) -> list[list[int]]:
    """Cut a stack where its distinct data become too many bytes."""
    stacks, seen, n_bytes = [[]], set(), 0
    for i in members:
        data = requests[i].trainer.data
        if key_of(data) not in seen:
            if seen and n_bytes + data.X.nbytes > MAX_BYTES_OF_DATA:
                stacks, seen, n_bytes = [*stacks, []], set(), 0
            seen.add(key_of(data))
            n_bytes += data.X.nbytes
        stacks[-1].append(i)
    return stacks
