"""Targets: labels or values, encoded for training, and the decoding of a network's outputs.

There is one class for each kind of target. It has the loss, which determines the activation of the
outputs, and the weights of classes.
"""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import type_of_target

from skscratch.nn.activations import Exponential, Sigmoid
from skscratch.nn.losses import (
    ExponentialGammaDeviance,
    ExponentialPoissonDeviance,
    IdentityAbsoluteError,
    IdentityHuber,
    IdentityPinball,
    IdentitySquaredError,
    LogitsLoss,
    SigmoidBinaryCrossentropy,
    SoftmaxCategoricalCrossentropy,
)
from skscratch.nn.prediction import softmax

VALUE_LOSSES = {
    "squared_error": IdentitySquaredError,
    "absolute_error": IdentityAbsoluteError,
    "huber": IdentityHuber,
    "quantile": IdentityPinball,
    "poisson": ExponentialPoissonDeviance,
    "gamma": ExponentialGammaDeviance,
}

_DATES = datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64

RegressionLoss = Literal["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"]


class Targets(ABC):
    """A kind of target."""

    loss: LogitsLoss
    loss_scale = 1.0  # factor of the reported loss
    out_activation: str
    n_outputs: int
    scaling_advice = "scale the input, for example with StandardScaler"

    @property
    def attributes(self) -> dict[str, Any]:
        """The fitted attributes that describe the outputs."""
        return {"n_outputs_": self.n_outputs, "out_activation_": self.out_activation}

    @staticmethod
    @abstractmethod
    def check(y, name: str = "y") -> np.ndarray:
        """Return targets as a checked vector or matrix."""

    @abstractmethod
    def encode(self, y: np.ndarray, dtype, name: str = "y") -> np.ndarray:
        """Return targets in the form that the loss accepts."""

    @abstractmethod
    def labels(self, encoded: np.ndarray) -> np.ndarray:
        """Return the targets that were encoded."""

    @abstractmethod
    def predict(self, logits: np.ndarray) -> np.ndarray:
        """Return the predicted targets."""

    @abstractmethod
    def score(
        self, logits: np.ndarray, encoded: np.ndarray, sample_weight: np.ndarray | None
    ) -> float:
        """Return the score of the estimator's ``score`` method."""

    def metrics(self, accuracy: float) -> dict[str, float]:
        """Return the columns of ``history_`` for the accuracy that an engine reports."""
        return {"accuracy": accuracy}

    def strata(self, encoded: np.ndarray) -> np.ndarray | None:
        """Return the classes by which a validation set is stratified, or None."""
        return None

    def class_weights(self, encoded: np.ndarray) -> list[np.ndarray] | None:
        """Return the weights of the classes, an array for each label of a sample, or None."""
        return None


class ClassTargets(Targets):
    """Class labels."""

    ndim = 1  # of y

    def __init__(self, classes: np.ndarray, class_weight=None) -> None:
        self.classes, self.class_weight = classes, class_weight
        self.n_outputs = len(classes)

    @property
    def attributes(self):
        return {"classes_": self.classes, **super().attributes}

    @staticmethod
    def check(y, name="y"):
        y = _dense(y, name)
        if y.ndim == 1 and y.dtype.kind in "biu":
            return y  # type_of_target takes a sixth of a fit's overhead
        kind = type_of_target(y, input_name=name)
        if kind == "multiclass-multioutput":
            raise ValueError(
                f"Multioutput target data is not supported: {name} must be one class label per "
                f"sample or a matrix of 0 and 1, got shape {y.shape} with other values."
            )
        if kind not in ("binary", "multiclass", "multilabel-indicator"):
            raise ValueError(
                f"Unknown label type: {kind}. Expected class labels in {name}; for real values, "
                f"use MLPScratchRegressor."
            )
        return y

    def encode(self, y, dtype, name="y"):
        self._check_ndim(y, name)
        indices = np.searchsorted(self.classes, y)
        is_unknown = self.classes.take(indices, mode="clip") != y
        if is_unknown.any():
            raise ValueError(
                f"`{name}` has classes that are not in classes={self.classes}: "
                f"{np.unique(y[is_unknown])}."
            )
        return indices

    def _check_ndim(self, y: np.ndarray, name: str) -> None:
        if y.ndim != self.ndim:
            raise ValueError(
                f"{name} must be like y in training, one class or several labels per sample; got "
                f"shape {y.shape}."
            )

    def predictions(self, logits: np.ndarray) -> np.ndarray:
        """Return the predictions, encoded like the targets."""
        return self.loss.predictions(logits)

    def correct(self, logits: np.ndarray, encoded: np.ndarray) -> np.ndarray:
        """Return whether each sample is predicted correctly, in all of its labels."""
        correct = self.predictions(logits) == encoded
        return correct if correct.ndim == 1 else correct.all(axis=1)

    def score(self, logits, encoded, sample_weight):
        return float(np.average(self.correct(logits, encoded), weights=sample_weight))

    def predict(self, logits):
        return self.labels(self.predictions(logits))

    def labels(self, encoded):
        return self.classes[encoded]

    @abstractmethod
    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability of each class, or of each label."""

    def indices(self, encoded: np.ndarray) -> list[np.ndarray]:
        """Return class indices, an array for each label of a sample."""
        return [encoded]

    @property
    def weighted_classes(self) -> np.ndarray:
        """The keys of ``class_weight``."""
        return self.classes

    def class_weights(self, encoded):
        class_weight = self.class_weight
        classes, labels = self.weighted_classes, self.indices(encoded)
        if class_weight is None:
            return None
        if class_weight == "balanced":
            return [_balanced(indices, len(classes)) for indices in labels]
        dicts = [class_weight] if len(labels) == 1 else class_weight
        if len(dicts) != len(labels) or not all(isinstance(weights, dict) for weights in dicts):
            raise ValueError(
                f"class_weight must be 'balanced' or a dict, for several labels a list with a dict "
                f"for each of them; got {class_weight!r} for {len(labels)} label(s)."
            )
        for weights in dicts:
            unknown = [name for name in weights if name not in classes.tolist()]
            # As in scikit-learn, it may name classes that a fold lacks, if it names all others.
            if unknown and not set(classes.tolist()) <= weights.keys():
                raise ValueError(
                    f"class_weight names {unknown}, but the classes are {classes.tolist()}. "
                    f"Additional classes are only accepted if all of these are named."
                )
        weights = [compute_class_weight(weights, classes=classes, y=classes) for weights in dicts]
        if not (np.isfinite(weights) & (np.asarray(weights) >= 0)).all():
            raise ValueError(f"class_weight must be finite and >= 0, got {class_weight!r}.")
        return weights

    def sample_weight(self, encoded: np.ndarray, class_weights: list[np.ndarray]) -> np.ndarray:
        """Return the product of the weights of each sample's classes."""
        labels = zip(class_weights, self.indices(encoded), strict=True)
        return np.prod([weights[indices] for weights, indices in labels], axis=0)


class MulticlassTargets(ClassTargets):
    """One of three or more classes: a softmax with an output for each, and class indices."""

    out_activation = "softmax"
    loss = SoftmaxCategoricalCrossentropy()
    probabilities = staticmethod(softmax)


class BinaryTargets(ClassTargets):
    """One of two classes, or of one: a single output, and rows of 0 or 1."""

    out_activation = "logistic"
    loss = SigmoidBinaryCrossentropy()

    def __init__(self, classes, class_weight=None) -> None:
        super().__init__(classes, class_weight)
        self.n_outputs = 1

    def encode(self, y, dtype, name="y"):
        return super().encode(y, dtype, name)[:, np.newaxis].astype(dtype)

    def strata(self, encoded):
        return encoded == 1  # as in MLPClassifier, only binary problems are stratified

    def metrics(self, accuracy):
        return {"accuracy": accuracy if len(self.classes) > 1 else 1.0}

    def predictions(self, logits):
        return super().predictions(logits) * (len(self.classes) - 1)  # 0 for a single class

    def labels(self, encoded):
        return self.classes[encoded[:, 0].astype(int)]

    def indices(self, encoded):
        return [encoded[:, 0].astype(int)]

    def probabilities(self, logits):
        # The sigmoid of -z, as 1 - p is 0 where p rounds to 1.
        return _positive(Sigmoid().forward(np.hstack([-logits, logits])))


class MultilabelTargets(ClassTargets):
    """Any number of labels per sample: an output for each, and rows of 0 and 1."""

    out_activation = "logistic"
    loss = SigmoidBinaryCrossentropy()
    ndim = 2
    weighted_classes = np.array([0, 1])

    def encode(self, y, dtype, name="y"):
        self._check_ndim(y, name)
        if y.shape[1] != self.n_outputs:
            raise ValueError(
                f"`{name}` has {y.shape[1]} labels, expected {self.n_outputs}: {self.classes}."
            )
        return y.astype(dtype)

    def labels(self, encoded):
        return encoded.astype(int)

    def indices(self, encoded):
        return list(encoded.T.astype(int))

    def probabilities(self, logits):
        probabilities = _positive(Sigmoid().forward(logits))
        return np.minimum(probabilities, 1 - np.finfo(probabilities.dtype).epsneg)


class ValueTargets(Targets):
    """Real values: an output for each, or for each quantile of a single one."""

    scaling_advice = (
        "scale the input, for example with StandardScaler, and y, with "
        "TransformedTargetRegressor(regressor, transformer=StandardScaler())"
    )

    def __init__(self, n_values: int, loss: LogitsLoss, quantiles: np.ndarray | None = None):
        self.n_values, self.loss, self.quantiles = n_values, loss, quantiles
        self.n_outputs = n_values if quantiles is None else len(quantiles)
        self.out_activation = "exp" if loss.activation_class is Exponential else "identity"
        if isinstance(loss, IdentitySquaredError):
            # MLPRegressor reports the mean over the outputs; its gradient is that of the sum.
            self.loss_scale = 1 / n_values

    @property
    def attributes(self):
        return {"quantiles_": self.quantiles, **super().attributes}

    @staticmethod
    def check(y, name="y"):
        y = _dense(y, name)
        if y.dtype.kind not in "biufO":
            raise ValueError(f"{name} must be numbers, got an array of {y.dtype}.")
        check_no_dates(y, name)
        y = y.astype(np.float64) if y.dtype.kind in "bO" else y
        if not np.isfinite(y).all():
            raise ValueError(f"{name} must be finite numbers, got NaN or infinity.")
        return y

    def encode(self, y, dtype, name="y"):
        rows = y[:, np.newaxis] if y.ndim == 1 else y
        if rows.shape[1] != self.n_values:
            raise ValueError(
                f"{name} must have {self.n_values} value(s) per sample, got shape {y.shape}."
            )
        with np.errstate(over="ignore"):
            encoded = rows.astype(dtype)
        if not np.isfinite(encoded).all():
            raise ValueError(
                f"{name} has values that are too large for {np.dtype(dtype)}, the dtype of X: "
                f"{self.scaling_advice}."
            )
        self.loss.check_targets(encoded, name)
        return encoded if self.quantiles is None else encoded.repeat(self.n_outputs, axis=1)

    def labels(self, encoded):
        return encoded[:, 0] if self.n_values == 1 else encoded

    def predict(self, logits):
        values = self.loss.predictions(logits)
        if self.quantiles is not None:
            return np.sort(values, axis=1)  # so that they do not cross
        return values[:, 0] if self.n_values == 1 else values

    def score(self, logits, encoded, sample_weight):
        with np.errstate(over="ignore"):
            predicted = self.predict(logits)
        if not np.isfinite(predicted).all():
            return np.nan
        return value_score(self.labels(encoded), predicted, self.quantiles, sample_weight)

    def metrics(self, accuracy):
        return {}  # values have no accuracy


def values_of(y: np.ndarray, loss: str, delta: float, quantile) -> ValueTargets:
    """Return the targets of a regressor."""
    n_values = 1 if y.ndim == 1 else y.shape[1]
    if loss == "huber":
        return ValueTargets(n_values, IdentityHuber(float(delta)))
    if loss == "quantile":
        return _quantiles_of(n_values, quantile)
    return ValueTargets(n_values, VALUE_LOSSES[loss]())


def _quantiles_of(n_values: int, quantile) -> ValueTargets:
    levels = as_numbers(quantile)
    if levels.ndim > 1 or not levels.size or not ((levels > 0) & (levels < 1)).all():
        raise ValueError(
            f"loss='quantile' needs quantile, a level in (0, 1) or a list of them, such as "
            f"[0.05, 0.5, 0.95]; got {quantile!r}."
        )
    if levels.ndim == 0:
        return ValueTargets(n_values, IdentityPinball(float(levels)))
    if (np.diff(levels) <= 0).any():
        raise ValueError(f"The levels of quantile must be in ascending order, got {quantile!r}.")
    if n_values > 1:
        raise ValueError(
            f"Several quantiles need one value per sample, y has {n_values}. Choose one level, or "
            f"fit an estimator for each of the values."
        )
    return ValueTargets(1, IdentityPinball(tuple(levels.tolist())), levels)


def as_numbers(value) -> np.ndarray:
    """Return a parameter as an array of float64, NaN if it cannot be converted."""
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        return np.asarray(np.nan)


def value_score(
    y: np.ndarray, predicted: np.ndarray, quantiles: Sequence[float] | None, sample_weight=None
) -> float:
    """Return R2; for several quantiles, the mean of their D2."""
    # Not imported at the top, where it slows the package's import down by 5%.
    from sklearn.metrics import d2_pinball_score, r2_score

    if quantiles is None:
        return float(r2_score(y, predicted, sample_weight=sample_weight))
    scores = [
        d2_pinball_score(y, column, alpha=level, sample_weight=sample_weight)
        for level, column in zip(quantiles, predicted.T, strict=True)
    ]
    return float(np.mean(scores))


def class_targets(ndim: int, classes: np.ndarray, class_weight=None) -> ClassTargets:
    """Return the targets of a classifier."""
    classes = np.asarray(classes)
    if ndim == 2:
        return MultilabelTargets(classes, class_weight)
    kind = BinaryTargets if len(classes) <= 2 else MulticlassTargets
    return kind(classes, class_weight)


def fitted_targets(estimator) -> Targets:
    """Return the targets of a fitted estimator, for prediction."""
    activation, n_outputs = estimator.out_activation_, estimator.n_outputs_
    if activation in ("identity", "exp"):
        quantiles = estimator.quantiles_
        # All losses with the same output activation predict the same.
        loss = IdentitySquaredError() if activation == "identity" else ExponentialPoissonDeviance()
        return ValueTargets(n_outputs if quantiles is None else 1, loss, quantiles)
    is_multilabel = activation == "logistic" and n_outputs > 1
    return class_targets(2 if is_multilabel else 1, estimator.classes_)


def check_no_dates(values, name: str) -> None:
    """Raise an error for dates and durations, most of which NumPy converts to numbers."""
    columns: dict[Any, np.ndarray] = {}
    if hasattr(values, "columns") and hasattr(values, "dtypes"):
        for column, dtype in zip(values.columns, values.dtypes, strict=True):
            if getattr(dtype, "kind", "O") in "OMm":  # the dtypes of polars have no kind
                columns[column] = np.asarray(values[column])
    elif isinstance(values, list | tuple):
        columns = dict(enumerate(np.atleast_2d(np.asarray(values, dtype=object).T)))
    elif isinstance(values, np.ndarray) and values.dtype.kind in "OMm":
        columns = dict(enumerate(np.atleast_2d(values.T)))
    found = [
        column
        for column, array in columns.items()
        if array.dtype.kind in "OMm" and any(isinstance(value, _DATES) for value in array.flat)
    ]
    if found:
        raise ValueError(
            f"{name} must be numbers, but has dates or durations in the columns {found}. Convert "
            f"them, for example to days since a fixed date."
        )


def _dense(y, name: str) -> np.ndarray:
    """Return targets as a dense array, a single column as a vector."""
    if issparse(y):
        y = y.toarray()
    if y.ndim == 2 and y.shape[1] == 1:
        return column_or_1d(y, warn=name == "y")  # the warning names y
    return y


def _balanced(indices: np.ndarray, n_classes: int) -> np.ndarray:
    present, weights = np.unique(indices), np.ones(n_classes)
    weights[present] = compute_class_weight("balanced", classes=present, y=indices)
    return weights


def _positive(probabilities: np.ndarray) -> np.ndarray:
    """Return probabilities that are at least the smallest normal number."""
    return np.maximum(probabilities, np.finfo(probabilities.dtype).tiny)
