"""What is kept while fits meet: equal data once, and, if asked for, fits to go on from."""

import hashlib
import pickle
from collections import OrderedDict
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from weakref import WeakValueDictionary

import joblib
import numpy as np
from numpy.random import RandomState

from skscratch.estimators.schedules import Cosine
from skscratch.estimators.settings import Settings
from skscratch.estimators.trainers import PreviousFit, StochasticTrainer, Trainer

BUDGET = 512 * 2**20
"""Bytes that waiting fits may hold, with what they are trained on; and finished ones as many."""


class SharedArrays:
    """Arrays by their content, each for as long as somebody uses it."""

    def __init__(self) -> None:
        self._arrays: WeakValueDictionary = WeakValueDictionary()

    def share(self, trainer: Trainer) -> None:
        """Let a fit use arrays that are here already, where there are equal ones."""
        kept: dict[int, tuple] = {}
        validation = trainer.validator and trainer.validator.samples
        for part in (trainer.data, getattr(trainer, "batches", None), validation):
            for name in ("X", "y", "sample_weight", "score_weight"):
                array = getattr(part, name, None)
                if type(array) is np.ndarray:
                    # Each array for itself: one-vs-rest has other targets on equal inputs.
                    if id(array) not in kept:
                        kept[id(array)] = array, self._kept(array)
                    setattr(part, name, kept[id(array)][1])

    def _kept(self, array: np.ndarray) -> np.ndarray:
        content = hashlib.sha1(np.ascontiguousarray(array), usedforsecurity=False).digest()
        return self._arrays.setdefault((content, array.shape, array.dtype.str), array)


def bytes_of(trainer: Trainer) -> int:
    """Return about how many bytes a fit holds while it waits, and until it has been scored."""
    X, architecture = trainer.data.X, trainer.settings.architecture
    n_bytes = X.nbytes if isinstance(X, np.ndarray) else X.data.nbytes
    # The rows as they were split off, and what a pipeline made of them; the network, its gradient,
    # the best one so far, two moments, and a copy on the way.
    return (
        2 * (n_bytes + trainer.data.y.nbytes)
        + 6 * architecture.n_parameters * architecture.dtype.itemsize
    )


class Past:
    """Fits that have ended, for those which differ from them in ``max_iter`` alone.

    They are kept as bytes, which nobody can change, the latest ones within the budget.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget
        self._fits: OrderedDict[str, bytes] = OrderedDict()
        self._n_bytes = 0

    def key_of(self, trainer: Trainer) -> str | None:
        """Return what fits have in common of which one continues another; None if none can."""
        is_stochastic = isinstance(trainer, StochasticTrainer)
        # Cosine annealing over more epochs is another training from the first epoch on.
        if not is_stochastic or isinstance(trainer.schedule, Cosine) or trainer.history:
            return None
        settings = replace(trainer.settings, max_iter=0)
        try:
            return joblib.hash((type(trainer), settings, trainer.data, trainer.score))
        except Exception:
            # A function without a name in a module, say: nobody can tell what it does.
            return None

    def remember(self, key: str, max_iter: int, attributes: dict[str, Any]) -> None:
        """Keep what a fit has come to."""
        self._take(key)
        fit = pickle.dumps((max_iter, attributes), protocol=pickle.HIGHEST_PROTOCOL)
        self._fits[key] = fit
        self._n_bytes += len(fit)
        while self._n_bytes > self.budget:
            self._take(next(iter(self._fits)))

    def recall(self, key: str, settings: Settings) -> dict[str, Any] | None:
        """Return the fitted attributes from which a fit goes on, if there are any."""
        fit = self._take(key)
        if fit is None:
            return None
        max_iter, attributes = pickle.loads(fit)
        n_iter = attributes["n_iter_"]
        if settings.random_state is None:
            # Fits without a seed are to differ: one that would add nothing is none.
            return attributes if n_iter == max_iter < settings.max_iter else None
        return attributes if n_iter <= settings.max_iter else None

    def _take(self, key: str) -> bytes | None:
        fit = self._fits.pop(key, None)
        if fit is not None:
            self._n_bytes -= len(fit)
        return fit


def continued(trainer: StochasticTrainer, attributes: dict[str, Any]) -> StochasticTrainer:
    """Return one that goes on from a fit of fewer epochs."""
    settings, state = trainer.settings, attributes["_training_state"]
    state = {**state, "unfinished": attributes["n_iter_"]}
    fitted = SimpleNamespace(**{**attributes, "_training_state": state})
    if isinstance(settings.random_state, RandomState):
        # As the fit so far would have left it.
        settings.random_state.set_state(state["random_state"])
    previous = PreviousFit.of(fitted, settings)
    return type(trainer)(settings, trainer.data, trainer.score, previous)
