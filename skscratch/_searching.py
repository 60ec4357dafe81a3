"""What stands in for an estimator while scikit-learn searches, and the training behind it."""

import copy
import math
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import joblib
from joblib import Parallel, delayed
from scipy.sparse import issparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from skscratch import _fitting
from skscratch._callbacks import CallbackSupportMixin, Listener, listener_of, with_callbacks
from skscratch._mlp import MLPScratchClassifier
from skscratch._stacking import Failure, max_stack_size, run_stack, shape_of

# Of fewer networks, a stack is not much faster than they are alone.
SMALLEST_STACK = 8


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
        self.given: list[Answer] = []
        self.waiting: list[Answer] = []

    @property
    def all_given(self) -> bool:
        """Whether there were answers, and none is left."""
        return bool(self.given) and not self.waiting

    def next(self) -> Answer:
        """Return the next answer."""
        self.given.append(self.waiting.pop(0))
        return self.given[-1]


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
        listener = listener_of(self, 0, X, y, fit_params.get("sample_weight"))
        result = self.answers.next().result
        if isinstance(result, Failure):
            raise result.error
        self.estimator = result
        listener.end_fit()
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


class _Prepared(NamedTuple):
    """A fold as it reaches the last step: what was recorded there, and the pipeline around it."""

    recorder: _Recorder
    pipeline: Pipeline | None

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
    data: _fitting.TrainingData
    resume: bool


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
        if name.endswith("_") or name == "_training_state"
    }


def train(requests: Sequence[Request], parallel: Parallel, n_jobs: int) -> list[Answer]:
    """Train what is asked for, in stacks where that is possible.

    Parameters
    ----------
    requests : sequence of Request
        In any order.

    parallel : Parallel
        Runs the stacks, and fits that cannot be stacked.

    n_jobs : int
        How many tasks it runs at once.

    Returns
    -------
    answers : list of Answer
        In the order of the requests.
    """
    results: dict[int, Any] = {}
    prepared: dict[tuple, _Prepared | Failure] = {}
    around: dict[int, Callable] = {}
    stacks = defaultdict(list)
    tasks: list[tuple[list[int], Callable, Any]] = []
    for i, request in enumerate(requests):
        if not is_ours(request.estimator):
            tasks.append(([i], _fit_other, request))
            continue
        key = request.fold, _preprocessing_of(request.estimator)
        if key not in prepared:
            prepared[key] = _prepare(request)
        member = _member_of(request, prepared[key])
        if isinstance(member, Failure):
            results[i] = member, 0.0
            continue
        around[i] = prepared[key].around
        if member.resume and request.past.n_iter_ < request.past.max_iter:
            # It had stopped by itself, and would again: there is nothing to go on with.
            results[i] = fitted_attributes(request.past), 0.0
        elif member.estimator.solver == "lbfgs" or issparse(member.data.X):
            tasks.append(([i], _fit_one, member))
        else:
            stacks[shape_of(*member)].append((i, member))

    n_networks = sum(map(len, stacks.values()))
    # Two tasks or more for each job, so that none has to wait long for another.
    share = n_networks if n_jobs == 1 else math.ceil(n_networks / (2 * n_jobs))
    for members in stacks.values():
        largest = min(max_stack_size(*members[0][1][:2]), max(share, SMALLEST_STACK))
        n_stacks = math.ceil(len(members) / largest)
        parts = [members[k::n_stacks] for k in range(n_stacks)]
        tasks += [
            ([i for i, _ in part], _fit_stack, [member for _, member in part]) for part in parts
        ]

    # The longest first, so that nobody waits for the last one.
    tasks.sort(key=lambda task: -len(task[0]))
    done = parallel(delayed(_recorded)(function, argument) for _, function, argument in tasks)
    for (indices, *_), (found, seconds, _) in zip(tasks, done, strict=True):
        for i, result in zip(indices, found, strict=True):
            results[i] = result, seconds / len(indices)
    _warn_once([warning for *_, caught in done for warning in caught], len(requests))

    answers = []
    for i, request in enumerate(requests):
        result, seconds = results[i]
        if isinstance(result, dict):
            final = final_step(request.estimator)
            vars(final).update(result)
            result = around[i](final)
        answers.append(Answer(result, seconds))
    return answers


def _preprocessing_of(estimator) -> str | None:
    """Return a text that is the same for equal steps before the last."""
    return joblib.hash(estimator.steps[:-1]) if isinstance(estimator, Pipeline) else None


def _prepare(request: Request) -> _Prepared | Failure:
    """Fit the steps before the last, and see what arrives there."""
    estimator = clone(request.estimator)
    recorder = final_step(estimator)
    recorder.__class__ = _Recorder
    try:
        estimator.fit(request.X, request.y, **request.fit_params)
    except Exception as error:
        return Failure.now(error)
    return _Prepared(recorder, estimator if isinstance(estimator, Pipeline) else None)


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
        with config_context(assume_finite=True):
            data = estimator._prepare(*prepared.recorder.recorded_)
    except Exception as error:
        return Failure.now(error)
    return _Member(estimator, data, resume)


def _recorded(function: Callable, argument) -> tuple[list, float, list]:
    """Return what a function returns, the seconds that it took, and its warnings."""
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = function(argument)
    seconds = time.perf_counter() - start
    return result, seconds, [(warning.category, str(warning.message)) for warning in caught]


def _fit_stack(members: list[_Member]) -> list:
    """Return the fitted attributes, or the failure, of each member of a stack."""
    results: list = [None] * len(members)
    fits = {}
    for i, (estimator, data, resume) in enumerate(members):
        try:
            fits[i] = _fitting.StochasticFit(estimator, data, resume=resume)
        except ValueError as error:
            results[i] = Failure.now(error)
    for i, result in zip(fits, run_stack(list(fits.values())), strict=True):
        results[i] = result
    return results


def _fit_one(member: _Member) -> list:
    try:
        return [_fitting.fit(member[0], member[1], resume=member[2], listener=Listener())]
    except ValueError as error:
        return [Failure.now(error)]


def _fit_other(request: Request) -> list:
    try:
        return [request.estimator.fit(request.X, request.y, **request.fit_params)]
    except Exception as error:
        return [Failure.now(error)]


def _warn_once(caught: list[tuple[type, str]], n_fits: int) -> None:
    """Issue each warning once, and say how many fits it concerns."""
    for (category, message), count in Counter(caught).items():
        if issubclass(category, ConvergenceWarning):
            message = f"{count} of {n_fits} fits: {message}"
        warnings.warn(message, category)
