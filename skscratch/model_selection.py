"""Searches and cross-validation that train many networks of one shape at once.

scikit-learn's own classes do everything but the training: they split, score, format the results,
choose and refit. While they run, a stand-in takes the estimator's place. Asked to fit, it hands out
an estimator that has been trained already, in a stack with those of other candidates and folds. The
scores are, to the last digit, those of scikit-learn's searches.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from inspect import getclosurevars
from itertools import product
from typing import Any, Self

import joblib
import numpy as np
from joblib import Parallel
from numpy.typing import ArrayLike
from sklearn.base import clone, is_classifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    check_cv,
    cross_validate,
)
from sklearn.pipeline import Pipeline
from sklearn.utils import indexable
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params

from skscratch._searching import (
    Answers,
    Asker,
    Notes,
    Request,
    StandIn,
    Task,
    TaskObserver,
    final_step,
    hash_of,
    is_ours,
    train,
)
from skscratch.estimators.classifier import MLPScratchClassifier
from skscratch.estimators.observers import Observer

__all__ = [
    "BatchedGridSearchCV",
    "BatchedHalvingGridSearchCV",
    "BatchedRandomizedSearchCV",
    "batched_cross_validate",
]


class _TrainingSplitter:
    """Splits as another splitter does, and lets everything be trained that will be asked for.

    Splits are made once, so that a splitter that draws them gives the same ones again.
    """

    def __init__(self, splitter, train_on: Callable) -> None:
        self.splitter = splitter
        self.train_on = train_on
        self.splits: list | None = None

    def __getattr__(self, name: str):
        return getattr(self.splitter, name)

    def split(self, X, y=None, **params):
        """Return the splits."""
        if self.splits is None:
            self.splits = list(self.splitter.split(X, y, **params))
            self.train_on(X, y, self.splits)
        return self.splits


@dataclass
class _Run:
    """What a search needs only while it is being fitted."""

    parallel: Parallel
    n_jobs: int
    params: dict[str, Any]
    answers: Answers = field(default_factory=Answers)
    notes: Notes = field(default_factory=Notes)
    task: Any = None
    """The callbacks' context of all training."""
    evaluation: Any = None
    """That of the candidates' evaluation."""
    training: Any = None
    """That of the stacks which are trained at present."""


class _BatchedSearch:
    """Mixed into one of scikit-learn's searches, it trains candidates and folds in stacks."""

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, **params) -> Self:
        """Search, and fit the best estimator on all data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The class labels.

        **params : dict of str to object
            Passed to the ``fit`` method of the estimator, the scorer and the splitter, as in
            :meth:`sklearn.model_selection.GridSearchCV.fit`.

        Returns
        -------
        self : object
            The fitted search.
        """
        estimator, n_jobs = self.estimator, self.n_jobs
        # What runs the stacks is made here, where the caller's backend is the active one; what
        # scikit-learn runs is only scoring, and must go on in the order of the answers.
        run = _Run(Parallel(n_jobs=n_jobs), joblib.effective_n_jobs(n_jobs), params)
        self.estimator, self.n_jobs = StandIn(estimator, run.answers), 1
        self._run = run
        try:
            with joblib.parallel_config(backend="sequential"):
                super().fit(X, y, **params)
        finally:
            self.estimator, self.n_jobs = estimator, n_jobs
            del self._run
        scorers = self.scorer_ if isinstance(self.scorer_, dict) else {"score": self.scorer_}
        for scorer in scorers.values():
            # That of the estimator's own method keeps the estimator.
            if isinstance(getattr(scorer, "_estimator", None), StandIn):
                scorer._estimator = estimator
        run.notes.tell()
        return self

    def __getstate__(self) -> dict[str, Any]:
        # Callbacks take the search that is being fitted along to the workers.
        state = dict(super().__getstate__())
        if state.pop("_run", None) is not None:
            state["estimator"] = self.estimator.estimator
        return state

    def _init_callback_context(self, max_subtasks=0, **arguments):
        # To scikit-learn's tasks, the search and the refit, the training is added.
        return super()._init_callback_context(max_subtasks=max_subtasks + 1, **arguments)

    def _run_search(self, evaluate_candidates, callback_ctx=None):
        run = self._run
        if callback_ctx is not None:
            run.task = callback_ctx.subcontext(task_name="train-stacks", sequential_subtasks=False)

        checked_cv = getattr(self, "_checked_cv_orig", None)
        if checked_cv is None:
            # Where scikit-learn 1.7 keeps it. Checking once more would exhaust an iterator.
            checked_cv = getclosurevars(evaluate_candidates).nonlocals["cv_orig"]

        def evaluate(candidate_params, cv=None, more_results=None, **callbacks):
            candidates = list(candidate_params)
            run.evaluation = callbacks.get("callback_ctx")
            splitter = _TrainingSplitter(
                cv or checked_cv,
                lambda X, y, splits: self._train(candidates, X, y, splits),
            )
            return evaluate_candidates(candidates, splitter, more_results, **callbacks)

        callbacks = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        super()._run_search(evaluate, **callbacks)

    def _train(self, candidates: list[dict[str, Any]], X, y, splits: list) -> None:
        """Train every candidate on every fold, and let the answers wait."""
        real = self.estimator.estimator
        run = self._run
        params = _check_method_params(X, params=run.params)
        fit_params = self._get_routed_params_for_fit(params).estimator.fit
        folds = [
            (
                *_safe_split(real, X, y, rows),
                _check_method_params(X, params=fit_params, indices=rows),
            )
            for rows, _ in splits
        ]
        requests = []
        for candidate in candidates:
            estimator = clone(real).set_params(**clone(candidate, safe=False))
            requests += [
                Request(clone(estimator), fold, *data, self._past_of(candidate, fold))
                for fold, data in enumerate(folds)
            ]
        answers = train(requests, run.parallel, run.n_jobs, run.notes, self._observers)
        if run.training is not None:
            run.training.call_on_fit_task_end(estimator=self)
        pairs = product(candidates, range(len(folds)))
        for (candidate, fold), answer in zip(pairs, answers, strict=True):
            self._remember(candidate, fold, answer.result)
        run.answers.waiting += answers

    def _observers(self, tasks: list[Task]) -> list[Observer]:
        """Return who is to be told of the epochs of each task."""
        if not hasattr(self, "_skl_callbacks"):
            return [Observer()] * len(tasks)
        self._run.training = context = self._begin_training(len(tasks))
        # Made ahead of time, as scikit-learn makes its own, because they are sent to workers.
        return [
            TaskObserver(
                context.subcontext(task_name=task.name, task_id=i, max_subtasks=task.n_epochs), self
            )
            for i, task in enumerate(tasks)
        ]

    def _begin_training(self, n_tasks: int):
        """Return the context of so many tasks."""
        context = self._run.task
        context.max_subtasks = n_tasks
        return context.call_on_fit_task_begin(estimator=self)

    def _past_of(self, candidate: dict[str, Any], fold: int) -> MLPScratchClassifier | None:
        """Return what a fit may go on from."""
        return None

    def _remember(self, candidate: dict[str, Any], fold: int, result) -> None:
        """Keep what a later fit may go on from."""

    def _format_results(self, candidate_params, n_splits, out, more_results=None):
        for result, seconds in zip(out, self._run.answers.seconds, strict=True):
            result["fit_time"] = seconds
        return super()._format_results(candidate_params, n_splits, out, more_results)


class BatchedGridSearchCV(_BatchedSearch, GridSearchCV):  # numpydoc ignore=PR02
    """Exhaustive search over a grid, its candidates and folds trained in stacks.

    Parameters, attributes, methods and scores are those of
    :class:`~sklearn.model_selection.GridSearchCV`; see there. ``estimator`` is an
    :class:`~skscratch.MLPScratchClassifier` or a :class:`~sklearn.pipeline.Pipeline` that ends in
    one; steps before it are fitted once for each fold and each setting of their own. Networks that
    differ in shape (sizes of layers, activation, solver, batch size, number of training rows) go
    into stacks of their own. L-BFGS, sparse input and other estimators are fitted one at a time.

    Parameters
    ----------
    estimator : MLPScratchClassifier or Pipeline
        What is to be tuned.

    param_grid : dict or list of dict
        The values to try for each parameter.

    scoring : str, callable, list, tuple or dict, default=None
        How predictions on the test folds are scored.

    n_jobs : int, default=None
        How many stacks are trained at once, by joblib's active backend: threads, processes or,
        with ``joblib.parallel_config(backend="dask")``, other machines.

    refit : bool, str or callable, default=True
        Whether to fit the best estimator on all data, and by which score it is chosen.

    cv : int, splitter or iterable, default=None
        How the data are split.

    verbose : int, default=0
        How much is printed.

    pre_dispatch : int or str, default='2*n_jobs'
        Of no effect: what is dispatched are a few stacks.

    error_score : 'raise' or float, default=numpy.nan
        The score of a fit that fails. A network that diverges leaves its stack, the others go on.

    return_train_score : bool, default=False
        Whether training scores are computed too.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As GridSearchCV's. ``mean_fit_time`` is a network's share of its stack's time.

    best_estimator_ : MLPScratchClassifier or Pipeline
        Fitted on all data, if ``refit``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import MLPScratchClassifier
    >>> from skscratch.model_selection import BatchedGridSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPScratchClassifier(max_iter=100, tol=0, random_state=0)
    >>> search = BatchedGridSearchCV(clf, {"learning_rate_init": [0.0001, 0.001, 0.01]})
    >>> search.fit(X, y).best_params_
    {'learning_rate_init': 0.01}
    """


class BatchedRandomizedSearchCV(_BatchedSearch, RandomizedSearchCV):  # numpydoc ignore=PR02
    """Randomized search, its candidates and folds trained in stacks.

    Parameters, attributes, methods and scores are those of
    :class:`~sklearn.model_selection.RandomizedSearchCV`; see there, and
    :class:`BatchedGridSearchCV` for what is trained together.

    Parameters
    ----------
    estimator : MLPScratchClassifier or Pipeline
        What is to be tuned.

    param_distributions : dict or list of dict
        Lists of values, or distributions, to draw each parameter from.

    n_iter : int, default=10
        Number of candidates.

    scoring, n_jobs, refit, cv, verbose, pre_dispatch : optional
        As in :class:`BatchedGridSearchCV`.

    random_state : int, RandomState instance or None, default=None
        What the candidates are drawn by.

    error_score, return_train_score : optional
        As in :class:`BatchedGridSearchCV`.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import MLPScratchClassifier
    >>> from skscratch.model_selection import BatchedRandomizedSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPScratchClassifier(max_iter=50, tol=0, random_state=0)
    >>> search = BatchedRandomizedSearchCV(
    ...     clf, {"learning_rate_init": loguniform(1e-4, 1e-1)}, n_iter=5, random_state=0
    ... )
    >>> bool(search.fit(X, y).best_score_ > 0.9)
    True
    """


class BatchedHalvingGridSearchCV(_BatchedSearch, HalvingGridSearchCV):  # numpydoc ignore=PR02
    """Successive halving in which the survivors train on from where they are.

    Parameters, attributes, methods and scores are those of
    :class:`~sklearn.model_selection.HalvingGridSearchCV`; see there, and
    :class:`BatchedGridSearchCV` for what is trained together. With ``resource='max_iter'`` (in a
    pipeline, ``'<last step>__max_iter'``), where HalvingGridSearchCV trains the survivors of each
    rung from the beginning again, here they go on, to the same weights. Not so with
    ``learning_rate='cosine'``, whose schedule depends on ``max_iter``, and with L-BFGS.

    Parameters
    ----------
    estimator : MLPScratchClassifier or Pipeline
        What is to be tuned.

    param_grid : dict or list of dict
        The values to try for each parameter.

    factor : int or float, default=3
        One in so many candidates goes on, with so many times the resource.

    resource : str, default='n_samples'
        What grows from rung to rung.

    max_resources, min_resources, aggressive_elimination : optional
        As in HalvingGridSearchCV.

    cv, scoring, refit, error_score, return_train_score : optional
        As in HalvingGridSearchCV.

    random_state : int, RandomState instance or None, default=None
        What samples are drawn by, if they are the resource.

    n_jobs, verbose : optional
        As in :class:`BatchedGridSearchCV`.

    Attributes
    ----------
    n_epochs_trained_ : int
        Number of epochs that all fits but the last have trained together.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import MLPScratchClassifier
    >>> from skscratch.model_selection import BatchedHalvingGridSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = BatchedHalvingGridSearchCV(
    ...     MLPScratchClassifier(tol=0, random_state=0),
    ...     {"learning_rate_init": [0.0001, 0.001, 0.01]},
    ...     resource="max_iter",
    ...     min_resources=20,
    ...     max_resources=60,
    ... )
    >>> search.fit(X, y).best_params_
    {'learning_rate_init': 0.01, 'max_iter': 60}
    >>> search.n_epochs_trained_  # instead of 3 x 5 x 20 + 5 x 60
    500
    """

    def _run_search(self, evaluate_candidates, callback_ctx=None):
        self._past: dict[tuple, MLPScratchClassifier] = {}
        self.n_epochs_trained_ = 0
        try:
            super()._run_search(evaluate_candidates, callback_ctx)
        finally:
            del self._past
        if hasattr(self, "_skl_callbacks"):
            self._run.task.call_on_fit_task_end(estimator=self)

    def _begin_training(self, n_tasks):
        # A task of the training for each rung, and the stacks are tasks of the rung.
        training = self._run.task
        rung = len(self.n_resources_) - 1
        if rung == 0:
            training.max_subtasks = self._run.evaluation.parent.max_subtasks
            training.call_on_fit_task_begin(estimator=self)
        return training.subcontext(
            task_name="train-rung", task_id=rung, max_subtasks=n_tasks, sequential_subtasks=False
        ).call_on_fit_task_begin(estimator=self)

    def _is_max_iter(self, resource: str) -> bool:
        real = self.estimator.estimator
        prefix = f"{real.steps[-1][0]}__" if isinstance(real, Pipeline) else ""
        return resource == f"{prefix}max_iter"

    def _key(self, candidate: dict[str, Any], fold: int) -> tuple:
        same = {name: value for name, value in candidate.items() if name != self.resource}
        return hash_of(same), fold

    def _past_of(self, candidate, fold):
        return self._past.get(self._key(candidate, fold))

    def _remember(self, candidate, fold, result):
        if not is_ours(result):
            return
        key, final = self._key(candidate, fold), final_step(result)
        epochs = final.n_iter_
        if self._is_max_iter(self.resource) and final.solver != "lbfgs":
            past = self._past.get(key)
            if past is not None and final.learning_rate != "cosine":
                epochs -= past.n_iter_
            self._past[key] = final
        self.n_epochs_trained_ += epochs


def batched_cross_validate(
    estimator,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    params: dict[str, Any] | None = None,
    pre_dispatch: int | str = "2*n_jobs",
    return_train_score: bool = False,
    return_estimator: bool = False,
    return_indices: bool = False,
    error_score: float | str = np.nan,
) -> dict[str, Any]:
    """Evaluate by cross-validation, all folds trained in one stack.

    Arguments, results and scores are those of :func:`sklearn.model_selection.cross_validate`.

    Parameters
    ----------
    estimator : MLPScratchClassifier or Pipeline
        What is to be evaluated.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The input data.

    y : array-like of shape (n_samples,) or (n_samples, n_labels)
        The class labels.

    groups, scoring, cv : optional
        As in cross_validate.

    n_jobs : int, default=None
        How many stacks are trained at once.

    verbose, params, pre_dispatch : optional
        As in cross_validate.

    return_train_score, return_estimator, return_indices, error_score : optional
        As in cross_validate.

    Returns
    -------
    results : dict of ndarray
        As cross_validate's. ``fit_time`` is a network's share of its stack's time.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import MLPScratchClassifier
    >>> from skscratch.model_selection import batched_cross_validate
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPScratchClassifier(learning_rate_init=0.01, max_iter=50, tol=0, random_state=0)
    >>> bool(batched_cross_validate(clf, X, y)["test_score"].mean() > 0.9)
    True
    """
    X, y = indexable(X, y)
    splitter = _TrainingSplitter(
        check_cv(cv, y, classifier=is_classifier(estimator)), lambda X, y, splits: None
    )
    answers, notes = Answers(), Notes()
    parallel = Parallel(n_jobs=n_jobs)
    n_jobs = joblib.effective_n_jobs(n_jobs)
    validate = partial(
        cross_validate,
        X=X,
        y=y,
        groups=groups,
        scoring=scoring,
        cv=splitter,
        n_jobs=1,
        params=params,
    )
    with joblib.parallel_config(backend="sequential"):
        # What is passed to fit is for scikit-learn to find out: it is asked, and fails to fit.
        requests: list[Request] = []
        with suppress(ValueError):
            validate(Asker(estimator, requests))
        answers.waiting += train(requests, parallel, n_jobs, notes)
        results = validate(
            StandIn(estimator, answers),
            verbose=verbose,
            return_train_score=return_train_score,
            return_estimator=return_estimator,
            return_indices=return_indices,
            error_score=error_score,
        )
    results["fit_time"] = np.array(answers.seconds)
    if return_estimator:
        results["estimator"] = [stand_in.estimator for stand_in in results["estimator"]]
    notes.tell()
    return results
