"""What is kept while fits meet: equal data once, and, if asked for, fits to go on from."""

import copy
import hashlib
import pickle
from collections import OrderedDict
from typing import Any
from weakref import WeakValueDictionary

import joblib
import numpy as np
from numpy.random import RandomState

from skscratch.estimators.fitting import TrainingData
from skscratch.together.stacks import Size

BUDGET = 512 * 2**20
"""Bytes that waiting fits may hold, with what they are trained on; and finished ones as many."""


class SharedArrays:
    """Arrays by their content, each for as long as somebody uses it."""

    def __init__(self) -> None:
        self._arrays: WeakValueDictionary = WeakValueDictionary()

    def share(self, data: TrainingData) -> None:
        """Let data consist of arrays that are here already, where there are equal ones."""
        for part in (data, data.validation):
            if part is not None:
                part.X, part.y = self._kept(part.X), self._kept(part.y)
                part.sample_weight = self._kept(part.sample_weight)

    def _kept(self, array):
        # Each array for itself: the targets of one-vs-rest differ on equal inputs.
        if type(array) is not np.ndarray:
            return array
        content = hashlib.sha1(np.ascontiguousarray(array), usedforsecurity=False).digest()
        return self._arrays.setdefault((content, array.shape, array.dtype.str), array)


def bytes_of(estimator, data: TrainingData) -> int:
    """Return about how many bytes a fit holds while it waits, and until it has been scored."""
    X = data.X if isinstance(data.X, np.ndarray) else data.X.data
    # The rows as they were split off, and what a pipeline made of them; the network, two moments
    # of its gradient, and a copy on the way.
    return (
        2 * (X.nbytes + data.y.nbytes)
        + 4 * Size.of(estimator, data).n_parameters * X.dtype.itemsize
    )


class Past:
    """Fits that have ended, for those which differ from them in ``max_iter`` alone.

    They are kept as bytes, which nobody can change, the latest ones within the budget.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget
        self._fits: OrderedDict[str, bytes] = OrderedDict()
        self._n_bytes = 0

    def key_of(self, estimator, data: TrainingData) -> str | None:
        """Return what fits have in common of which one continues another; None if none can."""
        # Cosine annealing over more epochs is another training from the first epoch on.
        if estimator.solver == "lbfgs" or estimator.learning_rate == "cosine":
            return None
        params = {**estimator.get_params(deep=False), "max_iter": None}
        try:
            return joblib.hash((type(estimator), params, data))
        except Exception:
            # A function without a name in a module, say: nobody can tell what it does.
            return None

    def remember(self, key: str, estimator, attributes: dict[str, Any]) -> None:
        """Keep what a fit has come to."""
        self._take(key)
        fit = pickle.dumps((estimator.max_iter, attributes), protocol=pickle.HIGHEST_PROTOCOL)
        self._fits[key] = fit
        self._n_bytes += len(fit)
        while self._n_bytes > self.budget:
            self._take(next(iter(self._fits)))

    def recall(self, key: str, estimator) -> dict[str, Any] | None:
        """Return the fitted attributes from which a fit goes on, if there are any."""
        fit = self._take(key)
        if fit is None:
            return None
        max_iter, attributes = pickle.loads(fit)
        n_iter = attributes["n_iter_"]
        if estimator.random_state is None:
            # Fits without a seed are to differ: one that would add nothing is none.
            return attributes if n_iter == max_iter < estimator.max_iter else None
        return attributes if n_iter <= estimator.max_iter else None

    def _take(self, key: str) -> bytes | None:
        fit = self._fits.pop(key, None)
        if fit is not None:
            self._n_bytes -= len(fit)
        return fit


def continued(estimator, attributes: dict[str, Any]):
    """Return a copy of an estimator that goes on from a fit of fewer epochs."""
    estimator = copy.copy(estimator)
    state = attributes["_training_state"]
    vars(estimator).update(attributes)
    estimator._training_state = {**state, "unfinished": attributes["n_iter_"]}
    if isinstance(estimator.random_state, RandomState):
        # As the fit so far would have left it.
        estimator.random_state = RandomState()
        estimator.random_state.set_state(state["random_state"])
    return estimator
