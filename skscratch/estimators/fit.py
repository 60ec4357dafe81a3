"""Fit: the part of a fit that all solvers have in common."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skscratch.estimators.architecture import Architecture, arrays_of
from skscratch.estimators.scoring import Validator, score_of
from skscratch.estimators.sklearn_callbacks import CallbackBridge
from skscratch.estimators.state import History, TrainingState
from skscratch.estimators.validation import Samples, TrainingData
from skscratch.nn.network import Network


class Fit(ABC):
    """A network in training, and its history.

    The estimator's parameters are read; its fitted attributes are read if training resumes. It is
    never changed: :meth:`fitted_attributes` returns the results, so that a failed fit leaves it as
    it was.
    """

    network: Network

    def __init__(
        self, estimator, data: TrainingData, state: TrainingState | None, incremental: bool = False
    ) -> None:
        self.estimator, self.data, self.targets = estimator, data, data.targets
        self.resumed, self.incremental = state is not None, incremental
        self.architecture = Architecture.of(estimator, data.X.shape[1], data.X.dtype, data.targets)
        self.stopped = self.interrupted = False
        self.n_iter = 0
        self.n_seen = estimator.t_ if self.resumed else 0
        self.history = History(estimator._history if self.resumed else None)
        self.score = score_of(estimator)
        self.validator: Validator | None = None
        if data.validation is not None:
            self.set_validation(data.validation)

    @abstractmethod
    def run(self, bridge: CallbackBridge) -> None:
        """Train until the end, and call the bridge in every epoch or iteration."""

    @abstractmethod
    def fitted_attributes(self, finished: bool = True) -> dict[str, Any]:
        """Return copies of the fitted attributes.

        If ``finished`` is False, a warm start trains for the remaining epochs of ``max_iter``.
        """

    def set_validation(self, samples: Samples) -> None:
        """Set the samples on which the network is measured after every epoch."""
        self.validator = Validator(self.estimator, samples, self.architecture, self.score)

    def arrays(self, parameters: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the weights and biases of each layer, as views of a vector."""
        return arrays_of(self.network, parameters)

    def record(
        self, parameters: np.ndarray | None, loss: float, **values: float
    ) -> dict[str, float]:
        """Add an epoch or iteration to the history; return its validation loss and score."""
        self.n_iter += 1
        if self.estimator.verbose:
            print(f"Iteration {self.n_iter}, loss = {loss:.8f}")
        validation: dict[str, float] = {}
        if self.validator is not None and parameters is not None:
            names = "validation_loss", "validation_score"
            measured = self.validator.measure(*self.arrays(parameters))
            validation = dict(zip(names, measured, strict=True))
            if self.estimator.verbose:
                print(f"Validation score: {measured[1]:f}")
        self.history.append(loss=loss, **values, **validation)
        return validation

    def warn(self, message: str, category: type[Warning] = ConvergenceWarning) -> None:
        """Issue a warning."""
        warnings.warn(message, category)

    def interrupt(self) -> None:
        """End the fit with the current weights, after Ctrl-C."""
        self.interrupted = True
        self.warn("Training interrupted by user.", UserWarning)

    def divergence(self, when: str, advice: str) -> ValueError:
        """Return the error of a fit whose loss or weights are not finite."""
        return ValueError(
            f"Solver produced non-finite parameter weights. The input data may contain large "
            f"values and need to be preprocessed. Training diverged in {when}: {advice}."
        )

    def common_attributes(self, parameters: np.ndarray) -> dict[str, Any]:
        """Return copies of the fitted attributes that all solvers set."""
        best_score = None
        if self.validator is not None:
            scores = self.history.columns.get("validation_score", [])
            best_score = float(np.fmax.reduce(scores, initial=-np.inf))
        losses = self.history.columns["loss"]
        return {
            **self.architecture.fitted_attributes(*self.arrays(parameters.copy())),
            "n_iter_": self.n_iter,
            "t_": self.n_seen,
            "loss_": losses[-1] if losses else np.inf,
            "best_validation_score_": best_score,
            "_history": History(self.history.columns).columns,
        }
