"""Scoring: the loss and the score of a network on a validation set."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np

from skscratch.estimators.architecture import Architecture
from skscratch.estimators.engines import fitted_network
from skscratch.estimators.targets import ClassTargets
from skscratch.estimators.validation import Samples


class Validator:
    """Measures a network on a validation set."""

    def __init__(self, estimator, samples: Samples, architecture: Architecture, score) -> None:
        self.samples, self.architecture, self.score = samples, architecture, score
        self.engine, self.scoring = estimator.engine, estimator.scoring

    def measure(self, weights: list, biases: list) -> tuple[float, float]:
        """Return the loss without penalties, and the score."""
        samples, targets = self.samples, self.architecture.targets
        arrays = weights, biases, self.architecture.activations
        logits = fitted_network(self.engine, samples.X.shape[0], *arrays).forward(samples.X)
        loss = targets.loss.calculate(logits, samples.y, samples.sample_weight)
        loss = float(loss) * targets.loss_scale
        if self.score == "loss":
            return loss, -loss
        if self.score == "default":
            return loss, targets.score(logits, samples.y, samples.score_weight)
        attributes = self.architecture.fitted_attributes(weights, biases)
        arguments = attributes, samples.X, targets.labels(samples.y), samples.score_weight
        try:
            return loss, self.score(*arguments)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise self.failure(str(error)) from error

    def failure(self, reason: str) -> ValueError:
        """Return the error of a score that cannot be computed or compared."""
        targets, details = self.architecture.targets, ""
        if isinstance(targets, ClassTargets) and targets.ndim == 1:
            missing = np.setdiff1d(targets.classes, targets.labels(self.samples.y)).tolist()
            details = f", which lacks the classes {missing}" if missing else ""
        if self.samples.score_weight is not None:
            details += " with weights (sample_weight_val, or sample_weight of the held-out part)"
        return ValueError(
            f"scoring={self.scoring!r} failed on the validation set{details}: {reason.strip('.')}. "
            f"Choose scoring='loss', another scorer or another validation set."
        )


def score_of(estimator) -> Callable | str:
    """Return the score that an estimator's parameter ``scoring`` selects."""
    if estimator.scoring is None:
        return "default"
    if estimator.scoring == "loss":
        return "loss"
    # Not imported at the top, where it slows the package's import down by 5%.
    from sklearn.metrics import check_scoring

    return _Score(estimator, check_scoring(estimator, scoring=estimator.scoring))


class _Score:
    """A scorer of scikit-learn, applied to a copy of the estimator with the current weights."""

    def __init__(self, estimator, scorer: Callable) -> None:
        self.estimator, self.scorer = copy.copy(estimator), scorer
        # Validated inputs have no feature names, and decoded labels are dense.
        for name in ("feature_names_in_", "_sparse_labels"):
            vars(self.estimator).pop(name, None)

    def __call__(self, attributes: dict, X, y: np.ndarray, sample_weight) -> float:
        fitted = copy.copy(self.estimator)
        vars(fitted).update(attributes)
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(self.scorer(fitted, X, y, **weight))
