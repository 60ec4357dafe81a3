"""Samples, as a trainer and a validator take them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skscratch.estimators.targets import Targets


@dataclass
class Samples:
    """Validated inputs and encoded targets.

    ``sample_weight`` weighs losses, class weights included; ``score_weight`` weighs scores, and is
    what the user gave.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None = None
    score_weight: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> "Samples":
        """Return some of the samples."""
        weights = (self.sample_weight, self.score_weight)
        return Samples(
            self.X[rows],
            self.y[rows],
            *(None if weight is None else weight[rows] for weight in weights),
        )


@dataclass(kw_only=True)
class TrainingData(Samples):
    """What to train on: all rows or some of them, and a validation set if one was given."""

    targets: Targets
    rows: np.ndarray | None = None
    validation: Samples | None = None

    @property
    def n_rows(self) -> int:
        """Number of samples to train on."""
        return self.X.shape[0] if self.rows is None else len(self.rows)
