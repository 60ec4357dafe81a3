"""The state of training that a fitted estimator stores, as plain arrays and numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skscratch._version import __version__

# The columns of history_, in order.
HISTORY = (
    "loss",
    "data_loss",
    "regularization_loss",
    "learning_rate",
    "accuracy",
    "validation_loss",
    "validation_score",
)


@dataclass
class TrainingState:
    """State from which training resumes; an estimator stores its fields as a dict.

    The weights are not part of it: training resumes from ``coefs_`` and ``intercepts_``.
    """

    version: str = __version__
    solver: str | None = None  # if None, there is no state except the weights
    seed: int | None = None  # the parameter random_state; None for a RandomState instance
    random_state: dict[str, Any] | None = None
    split_random_state: dict[str, Any] | None = None  # before a validation set was split off
    dropout: dict[str, Any] | None = None  # state of the generator of the dropout masks
    order: np.ndarray | None = None  # of the samples in the last epoch, int32
    optimizer: dict[str, Any] = field(default_factory=dict)
    learning_rate_scale: float = 1.0  # factor of learning_rate='adaptive'
    n_without_improvement: int = 0  # number of consecutive epochs
    n_iter: int = 0  # number of epochs of an unfinished fit; 0 if the fit was finished
    # Weights of the last epoch of an unfinished fit, if coefs_ are those of a better epoch.
    parameters: np.ndarray | None = None

    @classmethod
    def of(cls, estimator, solver: str) -> TrainingState:
        """Read the state of a fitted estimator."""
        stored = getattr(estimator, "_training_state", {})
        version = stored.get("version", "unknown")
        if version != __version__:
            raise ValueError(
                f"Cannot resume the training of an estimator that was fitted with skscratch "
                f"{version}; this is skscratch {__version__}. The estimator can still predict. "
                f"Fit a new estimator, or set warm_start=False and call fit."
            )
        state = cls(**stored)
        return state if state.solver == solver else cls()

    def generator(self, random_state) -> np.random.RandomState:
        """Return the generator that a fit draws from."""
        if isinstance(random_state, np.random.RandomState):
            return random_state
        generator = np.random.RandomState(random_state)
        if self.random_state is not None and self.seed == random_state:
            generator.set_state(self.random_state)
        return generator


class History:
    """Values of each epoch, in a list for each column."""

    def __init__(self, columns: dict[str, list[float]] | None = None) -> None:
        columns = {"loss": []} if columns is None else columns
        self.columns = {name: list(values) for name, values in columns.items()}

    def __len__(self) -> int:
        return len(self.columns["loss"])

    def append(self, **values: float) -> None:
        """Add an epoch; columns without a value get NaN."""
        for name in values:
            if name not in self.columns:
                self.columns[name] = [math.nan] * len(self)
        for name, column in self.columns.items():
            column.append(values.get(name, math.nan))

    def replace(self, name: str, values: Sequence[float]) -> None:
        """Replace a column; the others are filled with NaN, or cut to the length of the losses."""
        column = [float(value) for value in values]
        length = len(column) if name == "loss" else max(len(column), len(self))
        columns = {**self.columns, name: column}.items()
        self.columns = {key: (old + [math.nan] * length)[:length] for key, old in columns}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the columns as arrays, without those that have no value."""
        arrays = {name: np.array(values, float) for name, values in self.columns.items()}
        if "data_loss" in arrays:
            with np.errstate(invalid="ignore"):
                arrays["regularization_loss"] = arrays["loss"] - arrays["data_loss"]
        return {
            name: arrays[name]
            for name in HISTORY
            if name in arrays and (name == "loss" or not np.isnan(arrays[name]).all())
        }
