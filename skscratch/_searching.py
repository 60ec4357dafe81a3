"""What stands in for an estimator while scikit-learn searches, and the training behind it."""

import copy
import heapq
import math
import pickle
import re
import time
import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

import joblib
import numpy as np
from joblib import Parallel, delayed
from numpy.random import RandomState
from scipy.sparse import issparse
from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from skscratch._stacking import (
    MAX_NETWORKS,
    Failure,
    epoch_cost,
    max_stack_size,
    run_stack,
    shape_of,
)
from skscratch.estimators.classifier import MLPScratchClassifier
from skscratch.estimators.data import TrainingData
from skscratch.estimators.observers import (
    CallbackSupportMixin,
    Observer,
    observer_of,
    with_callbacks,
)
from skscratch.estimators.trainers import trainer_of


class Request(NamedTuple):
    """A fit that is asked for: an estimator of its own, and the fold that it is to be fitted on."""

    estimator: Any
    fold: int
    X: Any
    y: Any
    fit_params: dict[str, Any]
    past: MLPScratchClassifier | None = None
    """The same fit with a smaller ``max_iter``, to go on from."""


class Answer(NamedTuple):
    """A fitted estimator, or why there is none, and its share of the training's seconds."""

    result: Any
    seconds: float


class Answers:
    """Trained estimators, in the order in which they will be asked for."""

    def __init__(self) -> None:
        # Only the seconds of those that were given: the networks are not needed any more.
        self.seconds: list[float] = []
        self.waiting: deque[Answer] = deque()

    @property
    def all_given(self) -> bool:
        """Whether there were answers, and none is left."""
        return bool(self.seconds) and not self.waiting

    def next(self) -> Any:
        """Return the next answer's result."""
        answer = self.waiting.popleft()
        self.seconds.append(answer.seconds)
        return answer.result


class _OriginalError(Exception):
    """A traceback, shown as the cause of an error that is raised once more."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class StandIn(CallbackSupportMixin):
    """Stands for an estimator while scikit-learn searches; its fit hands out what was trained.

    Parameters
    ----------
    estimator : MLPScratchClassifier or Pipeline
        Whose parameters, tags and methods it has.

    answers : Answers
        What is handed out.
    """

    def __init__(self, estimator, answers: Answers) -> None:
        self.estimator = estimator
        self.answers = answers

    def __getattr__(self, name: str):
        if name in ("estimator", "answers", "requests") or "callback" in name:
            raise AttributeError(name)
        return getattr(self.estimator, name)

    @property
    def __class__(self):
        # Messages and callbacks name the estimator's class.
        return type(self.estimator)

    def __repr__(self) -> str:
        return repr(self.estimator)

    def __sklearn_tags__(self):
        return self.estimator.__sklearn_tags__()

    def __sklearn_clone__(self):
        # What is cloned after the last answer is to be the best estimator: a real one.
        if self.answers.all_given:
            return clone(self.estimator)
        return StandIn(self.estimator, self.answers)

    def set_params(self, **params):
        """Do nothing: who asks is known by the order of asking."""
        return self

    @with_callbacks
    def fit(self, X, y=None, **fit_params):
        """Become the next estimator that was trained, or fail as it did."""
        observer = observer_of(self, 0, X, y, fit_params.get("sample_weight"))
        result = self.answers.next()
        if isinstance(result, Failure):
            # Several candidates may have failed by one error: without what it went through then.
            raise result.error.with_traceback(None) from _OriginalError(result.traceback)
        self.estimator = result
        observer.end_fit()
        return self


class Asker(StandIn):
    """Stands for an estimator only to find out what it will be asked to fit."""

    def __init__(self, estimator, requests: list[Request]) -> None:
        self.estimator = estimator
        self.requests = requests

    def __sklearn_clone__(self):
        return Asker(self.estimator, self.requests)

    def fit(self, X, y=None, **fit_params):
        """Note what was asked for, and fail, so that nobody asks for predictions."""
        fold = len(self.requests)
        self.requests.append(Request(clone(self.estimator), fold, X, y, fit_params))
        raise ValueError("Only asking.")


class _Recorder(MLPScratchClassifier):
    """Takes the place of a pipeline's last step, and keeps what the others make of their input."""

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        # Validated here, once for all candidates that are trained on it.
        valid, _ = self._validate(X, y, resume=False)
        self.recorded_ = (valid, y, sample_weight, X_val, y_val, sample_weight_val)
        return self


# Messages name the class that the user knows.
_Recorder.__name__ = MLPScratchClassifier.__name__
_Recorder.fit.__qualname__ = MLPScratchClassifier.fit.__qualname__


class _Prepared(NamedTuple):
    """A fold as it reaches the last step: what was recorded there, and the pipeline around it."""

    recorder: _Recorder
    pipeline: Pipeline | None
    data: dict[str, TrainingData]
    """By the one parameter that they depend on, how classes are weighed."""

    def around(self, final: MLPScratchClassifier):
        """Return the fitted pipeline with a trained last step."""
        if hasattr(self.recorder, "feature_names_in_"):
            final.feature_names_in_ = self.recorder.feature_names_in_
        if self.pipeline is None:
            return final
        pipeline = copy.copy(self.pipeline)
        pipeline.steps = [*self.pipeline.steps[:-1], (self.pipeline.steps[-1][0], final)]
        return pipeline


class _Member(NamedTuple):
    """What a fit needs once its data are prepared."""

    estimator: MLPScratchClassifier
    data: TrainingData
    resume: bool

    @property
    def n_epochs(self) -> int:
        """The number of epochs that it may train."""
        return self.estimator.max_iter - (self.estimator.n_iter_ if self.resume else 0)


def final_step(estimator):
    """Return the last step of a pipeline, or the estimator itself."""
    return estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator


def is_ours(estimator) -> bool:
    """Whether it is, or ends in, an MLPScratchClassifier that is not to go on from an old fit."""
    final = final_step(estimator)
    return type(final) is MLPScratchClassifier and not hasattr(final, "_skl_callbacks")


def fitted_attributes(estimator) -> dict[str, Any]:
    """Return what a fit has set."""
    return {
        name: value
        for name, value in vars(estimator).items()
        if name.endswith("_") or name in ("_history", "_training_state")
    }


class Task(NamedTuple):
    """What is run at once: the requests that it answers, and how."""

    indices: list[int]
    function: Callable
    argument: Any
    name: str = "fit"
    n_epochs: int = 0
    """At most; 0 if that is not known."""


class TaskObserver(Observer):
    """Passes on to a search's callbacks what happens in one of its tasks.

    Parameters
    ----------
    context : CallbackContext
        The task's.

    search : object
        The search, whose callbacks they are.
    """

    def __init__(self, context, search) -> None:
        self.context, self.search = context, search

    def begin_fit(self) -> None:
        self.context.call_on_fit_task_begin(estimator=self.search)

    def begin_epoch(self) -> None:
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(estimator=self.search)

    def end_epoch(self, fit) -> bool:
        return self.epoch.call_on_fit_task_end(estimator=self.search)

    def end_fit(self) -> None:
        self.context.call_on_fit_task_end(estimator=self.search)


def train(
    requests: Sequence[Request],
    parallel: Parallel,
    n_jobs: int,
    notes: "Notes",
    observers: Callable[[list[Task]], list[Observer]] | None = None,
) -> list[Answer]:
    """Train what is asked for, in stacks where that is possible.

    Parameters
    ----------
    requests : sequence of Request
        In any order.

    parallel : Parallel
        Runs the stacks, and fits that cannot be stacked.

    n_jobs : int
        How many tasks it runs at once.

    notes : Notes
        Takes what the fits warn of.

    observers : callable, default=None
        Returns who is to be told of the epochs of each task.

    Returns
    -------
    answers : list of Answer
        In the order of the requests.
    """
    results: dict[int, Any] = {}
    prepared: dict[tuple, _Prepared | Failure] = {}
    around: dict[int, Callable] = {}
    stacks = defaultdict(list)
    tasks: list[Task] = []
    # Fold by fold: then every stack has few folds' data, and candidates of all kinds.
    for i, request in sorted(enumerate(requests), key=lambda pair: pair[1].fold):
        if not is_ours(request.estimator):
            tasks.append(Task([i], _fit_other, request))
            continue
        key = request.fold, _preprocessing_of(request.estimator)
        if key not in prepared:
            prepared[key] = _prepare(request)
        member = _member_of(request, prepared[key])
        if isinstance(member, Failure):
            results[i] = member, 0.0
            continue
        around[i] = prepared[key].around
        shape = _shape_of(member)
        if member.resume and request.past.n_iter_ < request.past.max_iter:
            # It had stopped by itself, and would again: there is nothing to go on with.
            results[i] = fitted_attributes(request.past), 0.0
        elif shape is None:
            tasks.append(Task([i], _fit_one, member, "fit", member.n_epochs))
        else:
            stacks[shape].append((i, member))

    in_stacks = []
    for part in _cut(list(stacks.values()), n_jobs):
        indices, stack = zip(*part, strict=True)
        in_stacks.append(Task(list(indices), _fit_stack, stack, "stack", _n_epochs_of(part)))
    tasks = in_stacks + tasks
    told = observers(tasks) if observers else [Observer()] * len(tasks)
    config = get_config()
    done = parallel(
        delayed(_timed)(task.function, task.argument, observer, config)
        for task, observer in zip(tasks, told, strict=True)
    )
    for task, (found, seconds) in zip(tasks, done, strict=True):
        for i, (result, said) in zip(task.indices, found, strict=True):
            results[i] = result, seconds / len(found)
            notes.add(said)

    answers = []
    for i, request in enumerate(requests):
        result, seconds = results[i]
        if isinstance(result, dict):
            final = final_step(request.estimator)
            vars(final).update(result)
            result = around[i](final)
        answers.append(Answer(result, seconds))
    return answers


def _cut(stacks: list[list[tuple[int, _Member]]], n_jobs: int) -> list[list[tuple[int, _Member]]]:
    """Cut stacks into parts of the size with which all jobs are done first; the longest first."""
    limits = [max_stack_size(*members[0][1][:2]) for members in stacks]

    def costs_and_parts(size: int) -> list[tuple]:
        parts = []
        for members, limit in zip(stacks, limits, strict=True):
            n_parts = math.ceil(len(members) / min(size, limit))
            bounds = [k * len(members) // n_parts for k in range(n_parts + 1)]
            parts += [members[start:stop] for start, stop in pairwise(bounds)]
        return sorted(((_cost_of(part), part) for part in parts), key=itemgetter(0), reverse=True)

    def duration(costs_and_parts: list[tuple]) -> float:
        # Whoever is done takes the next one.
        jobs = [0.0] * n_jobs
        for cost, _ in costs_and_parts:
            heapq.heapreplace(jobs, jobs[0] + cost)
        return max(jobs)

    best = min(map(costs_and_parts, range(MAX_NETWORKS, 0, -1)), key=duration)
    return [part for _, part in best]


def _n_epochs_of(part: list[tuple[int, _Member]]) -> int:
    return max(member.n_epochs for _, member in part)


def _cost_of(part: list[tuple[int, _Member]]) -> float:
    _, (estimator, data, _) = part[0]
    return _n_epochs_of(part) * epoch_cost(estimator, data, len(part))


def _preprocessing_of(estimator) -> str | None:
    """Return a text that is the same for equal steps before the last."""
    return hash_of(estimator.steps[:-1]) if isinstance(estimator, Pipeline) else None


def hash_of(value) -> str:
    """Return a text that is the same for equal values."""
    try:
        return joblib.hash(value)
    except (pickle.PicklingError, AttributeError, TypeError):
        # Somewhere in it is a function without a name in a module, which cloning does not copy.
        if hasattr(value, "get_params"):
            value = {"class": type(value), **value.get_params(deep=False)}
        if isinstance(value, dict):
            return str({name: hash_of(part) for name, part in value.items()})
        if isinstance(value, list | tuple):
            return str([hash_of(part) for part in value])
        return str(id(value))


def _prepare(request: Request) -> _Prepared | Failure:
    """Fit the steps before the last, and see what arrives there."""
    estimator = clone(request.estimator)
    recorder = final_step(estimator)
    recorder.__class__ = _Recorder
    try:
        _fit(estimator, request)
    except Exception as error:
        return Failure.now(error)
    return _Prepared(recorder, estimator if isinstance(estimator, Pipeline) else None, {})


def _fit(estimator, request: Request):
    """Fit as scikit-learn does it: without targets where there are none."""
    targets = () if request.y is None else (request.y,)
    return estimator.fit(request.X, *targets, **request.fit_params)


def _member_of(request: Request, prepared: _Prepared | Failure) -> _Member | Failure:
    if isinstance(prepared, Failure):
        return prepared
    estimator = final_step(request.estimator)
    # Cosine annealing over more epochs is another training from the first epoch on.
    resume = request.past is not None and estimator.learning_rate != "cosine"
    try:
        estimator._validate_params()
        if resume:
            vars(estimator).update(fitted_attributes(request.past))
            state = estimator._training_state
            estimator._training_state = {**state, "unfinished": estimator.n_iter_}
            if isinstance(estimator.random_state, RandomState):
                # A clone's own, which the fit so far would have left like this.
                estimator.random_state.set_state(state["random_state"])
        estimator.n_features_in_ = prepared.recorder.n_features_in_
        key = hash_of(estimator.class_weight)
        if key not in prepared.data:
            with _as_in_fit(), config_context(assume_finite=True):
                prepared.data[key] = estimator._prepare(*prepared.recorder.recorded_)
        data = prepared.data[key]
    except Exception as error:
        return Failure.now(error)
    return _Member(estimator, data, resume)


def _shape_of(member: _Member) -> tuple | None:
    """Return what it has in common with others in a stack, or None if it is fitted alone."""
    if member.estimator.solver == "lbfgs" or issparse(member.data.X):
        return None
    try:
        return shape_of(*member)
    except Exception:
        # A parameter is wrong. The fit says it best.
        return None


def _timed(function: Callable, argument, observer: Observer, config: dict) -> tuple:
    """Return what a function returns, and the seconds that it took."""
    start = time.perf_counter()
    observer.begin_fit()
    with config_context(**config):
        found = function(argument, observer)
    observer.end_fit()
    return found, time.perf_counter() - start


def _as_in_fit():
    """Return the configuration that scikit-learn has while it runs an estimator's ``fit``."""
    return config_context(skip_parameter_validation=True)


# Each of the following returns, for each fit, its result and what it warns of.


def _fit_stack(members: Sequence[_Member], observer: Observer) -> list[tuple[Any, list]]:
    results: list = [None] * len(members)
    fits = {}
    with _as_in_fit():
        for i, (estimator, data, resume) in enumerate(members):
            try:
                fits[i] = trainer_of(estimator, data, resume=resume)
            except Exception as error:
                results[i] = Failure.now(error), []
        for i, result in zip(fits, run_stack(list(fits.values()), observer), strict=True):
            results[i] = _with_random_state(result, members[i].estimator), fits[i].warnings
    return results


def _fit_one(member: _Member, observer: Observer) -> list[tuple[Any, list]]:
    estimator, data, resume = member
    try:
        with _as_in_fit():
            trainer = trainer_of(estimator, data, resume=resume)
            with np.errstate(over="ignore", invalid="ignore"):
                trainer.run(observer)
        return [(_with_random_state(trainer.fitted_attributes(), estimator), trainer.warnings)]
    except Exception as error:
        return [(Failure.now(error), [])]


def _with_random_state(result: dict | Failure, estimator) -> dict | Failure:
    """Add the one parameter that a fit may change: a generator, whose copy it has drawn from."""
    if isinstance(result, Failure):
        return result
    return {**result, "random_state": estimator.random_state}


def _fit_other(request: Request, observer: Observer) -> list[tuple[Any, list]]:
    try:
        return [(_fit(request.estimator, request), [])]
    except Exception as error:
        return [(Failure.now(error), [])]


class Notes:
    """What the fits of a search warn of, to be said once."""

    def __init__(self) -> None:
        self.n_fits = 0
        self.by_kind: dict[tuple, list[str]] = defaultdict(list)

    def add(self, notes: Sequence[tuple[str, type[Warning]]]) -> None:
        """Take a fit's notes."""
        self.n_fits += 1
        for message, category in notes:
            # Of one kind are those that differ in numbers: no two fits have the same loss.
            self.by_kind[category, re.sub(r"[\d.]+(e[-+]?\d+)?", "", message)].append(message)

    def tell(self) -> None:
        """Warn once of everything of one kind, and say how many fits it concerns."""
        for (category, _), messages in self.by_kind.items():
            message = messages[0]
            if issubclass(category, ConvergenceWarning):
                who = f"{len(messages)} of {self.n_fits} fits"
                reached = {re.search(r"Maximum iterations \((\d+)\)", text) for text in messages}
                if None in reached:
                    message = f"{who}: {message}"
                else:
                    max_iter = " or ".join(sorted({found[1] for found in reached}, key=int))
                    message = (
                        f"{who} reached max_iter={max_iter} before converging. Raise max_iter, or "
                        f"set tol=0 if {max_iter} epochs are what you want."
                    )
            warnings.warn(message, category)
