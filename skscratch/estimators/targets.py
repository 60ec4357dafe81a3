"""Targets: how labels or values become what a network is trained on, and its outputs them again.

There is one class for each kind of target. It knows the loss that the network is trained with, and
so the activation of its outputs; the weights of classes; what a good prediction is; and the loss
of a network that has learned nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skscratch.nn.activations import Exponential, Sigmoid, Softmax
from skscratch.nn.losses import (
    AveragedSquaredError,
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


class Targets(ABC):
    """What all kinds of targets have in common."""

    out_activation: str
    n_outputs: int

    scaling_advice = "scale the input, for example with StandardScaler"
    """What to do where training fails."""

    @abstractmethod
    def new_loss(self) -> LogitsLoss:
        """Return the loss that a network is trained with."""

    @property
    def kind(self) -> tuple[int, str]:
        """What a fitted network can only go on with: its outputs' number and activation."""
        return self.n_outputs, self.out_activation

    @property
    def attributes(self) -> dict[str, Any]:
        """The fitted attributes that say what the outputs mean."""
        return {"n_outputs_": self.n_outputs, "out_activation_": self.out_activation}

    @abstractmethod
    def encode(self, y: np.ndarray, dtype, name: str = "y") -> np.ndarray:
        """Return what the loss takes.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Checked targets.

        dtype : dtype
            Of the network, and of encoded rows.

        name : str, default='y'
            What the targets are called in errors.
        """

    @abstractmethod
    def labels(self, encoded: np.ndarray) -> np.ndarray:
        """Return the targets that were encoded."""

    @abstractmethod
    def predict(self, logits: np.ndarray) -> np.ndarray:
        """Return what the network predicts, as the user's targets are."""

    @abstractmethod
    def score(
        self, logits: np.ndarray, encoded: np.ndarray, sample_weight: np.ndarray | None
    ) -> float:
        """Return what the estimator's ``score`` does."""

    def accuracy(self, share: float) -> dict[str, float]:
        """Return what is recorded of an epoch in which the loss found this share right."""
        return {"accuracy": share}

    def strata(self, encoded: np.ndarray) -> np.ndarray | None:
        """Return what a validation set is stratified by."""
        return None

    @abstractmethod
    def complaint(
        self, loss: float, encoded: np.ndarray, sample_weight: np.ndarray | None, is_over: bool
    ) -> str | None:
        """Say in words that a network has learned nothing, if that is so.

        Parameters
        ----------
        loss : float
            What training has come to, without penalties.

        encoded, sample_weight : ndarray
            What it was trained on.

        is_over : bool
            Whether training stopped because there was no more improvement.
        """


class ClassTargets(Targets):
    """What all kinds of class labels have in common.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted; of several labels per sample, their indices.
    """

    loss_class: type[LogitsLoss]

    def __init__(self, classes: np.ndarray) -> None:
        self.classes = classes

    def new_loss(self):
        """Return the cross-entropy."""
        return self.loss_class()

    @property
    def n_outputs(self):
        """Number of the network's outputs."""
        return len(self.classes)

    @property
    def attributes(self):
        """The fitted attributes that say what the outputs mean."""
        return {"classes_": self.classes, **super().attributes}

    def encode(self, y, dtype, name="y"):
        """Return a class index for every sample."""
        self.check_known(y, name)
        # Here, because importing the package would take longer by a twentieth.
        from sklearn.preprocessing import LabelEncoder

        encoder = LabelEncoder()
        encoder.classes_ = self.classes
        return encoder.transform(y)

    def check_known(self, y: np.ndarray, name: str) -> None:
        """Raise an error if there are labels of other classes, or of another kind."""
        if (y.ndim == 2) != isinstance(self, MultilabelTargets):
            raise ValueError(
                f"{name} must be like y: one class per sample, or several labels; got shape "
                f"{y.shape}."
            )
        # Of rows of 0 and 1, the labels are the columns.
        labels = np.arange(y.shape[1]) if y.ndim == 2 else y
        unknown = np.setdiff1d(labels, self.classes)
        if unknown.size:
            raise ValueError(
                f"`{name}` has classes that are not in classes={self.classes}: {unknown}."
            )

    def predictions(self, logits: np.ndarray) -> np.ndarray:
        """Return what the network predicts, encoded as the targets are."""
        return self.new_loss().predictions(logits)

    def correct(self, logits: np.ndarray, encoded: np.ndarray) -> np.ndarray:
        """Return which samples are predicted right, in all of their labels."""
        correct = self.predictions(logits) == encoded
        return correct if correct.ndim == 1 else correct.all(axis=1)

    def score(self, logits, encoded, sample_weight):
        """Return the accuracy."""
        return float(np.average(self.correct(logits, encoded), weights=sample_weight))

    def complaint(self, loss, encoded, sample_weight, is_over):
        """Say that a fit that is over is far worse than guessing."""
        # Steps that were too large, and yet left everything finite.
        if is_over and loss > 2 * self.guessing_loss:
            return (
                f"Training stopped improving at a loss of {loss:.3g}, worse than that of guessing "
                f"({self.guessing_loss:.3g})"
            )
        return None

    def predict(self, logits):
        """Return the predicted labels."""
        return self.labels(self.predictions(logits))

    def labels(self, encoded):
        """Return the labels that were encoded."""
        return self.classes[encoded]

    @abstractmethod
    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability of every class, or of every label."""

    @property
    @abstractmethod
    def guessing_loss(self) -> float:
        """The loss of equal probabilities."""

    def indices(self, encoded: np.ndarray) -> list[np.ndarray]:
        """Return class indices, an array for each label that a sample has."""
        return [encoded]

    @property
    def weighted_classes(self) -> np.ndarray:
        """The classes that ``class_weight`` names."""
        return self.classes

    def class_weights(self, class_weight, encoded: np.ndarray) -> list[np.ndarray] | None:
        """Return the weights of the classes, an array for each label that a sample has.

        Parameters
        ----------
        class_weight : dict, list of dict, 'balanced' or None
            The estimator's parameter.

        encoded : ndarray
            The targets that 'balanced' counts.
        """
        classes, labels = self.weighted_classes, self.indices(encoded)
        if class_weight is None:
            return None
        if class_weight == "balanced":
            return [_balanced(indices, len(classes)) for indices in labels]
        given = [class_weight] if len(labels) == 1 else class_weight
        if len(given) != len(labels) or not all(isinstance(weights, dict) for weights in given):
            raise ValueError(
                f"class_weight must be 'balanced' or a dict, for several labels a list with a dict "
                f"for each of them; got {class_weight!r} for {len(labels)} label(s)."
            )
        for weights in given:
            unknown = [name for name in weights if name not in classes.tolist()]
            # As in scikit-learn, a fold may lack a class, as long as all others are named.
            if unknown and not set(classes.tolist()) <= weights.keys():
                raise ValueError(
                    f"class_weight names {unknown}, but the classes are {classes.tolist()}. (More "
                    f"may be named only if all of these are.)"
                )
        weights = [compute_class_weight(weights, classes=classes, y=classes) for weights in given]
        if not (np.isfinite(weights) & (np.asarray(weights) >= 0)).all():
            raise ValueError(f"class_weight must be finite and >= 0, got {class_weight!r}.")
        return weights

    def sample_weight(self, encoded: np.ndarray, class_weights: list[np.ndarray]) -> np.ndarray:
        """Return the product of the weights of each sample's classes."""
        labels = zip(class_weights, self.indices(encoded), strict=True)
        return np.prod([weights[indices] for weights, indices in labels], axis=0)


class MulticlassTargets(ClassTargets):
    """One of three or more classes: an output for each, a softmax, and class indices."""

    out_activation = "softmax"
    loss_class = SoftmaxCategoricalCrossentropy

    def probabilities(self, logits):
        """Return the softmax, never 0: its logarithm is finite."""
        return _positive(Softmax().forward(logits))

    @property
    def guessing_loss(self):
        """The loss of equal probabilities."""
        return np.log(self.n_outputs)


class BinaryTargets(ClassTargets):
    """One of two classes, or the only one: one output, and rows of 0 or 1."""

    out_activation = "logistic"
    loss_class = SigmoidBinaryCrossentropy

    @property
    def n_outputs(self):
        """Number of the network's outputs."""
        return 1

    def encode(self, y, dtype, name="y"):
        """Return a column that is 1 for the second class."""
        return super().encode(y, dtype, name)[:, np.newaxis].astype(dtype)

    def strata(self, encoded):
        """Return the classes: as in MLPClassifier, only binary problems are stratified."""
        return encoded == 1

    def accuracy(self, share):
        """Return the share; all is right where there is one class."""
        return {"accuracy": share if len(self.classes) > 1 else 1.0}

    def predictions(self, logits):
        """Return a column of 0 and 1; of 0 if there is one class."""
        return super().predictions(logits) * (len(self.classes) - 1)

    def labels(self, encoded):
        """Return the labels that were encoded."""
        return self.classes[encoded[:, 0].astype(int)]

    def indices(self, encoded):
        """Return the class indices."""
        return [encoded[:, 0].astype(int)]

    def probabilities(self, logits):
        """Return a column for each class."""
        if len(self.classes) == 1:
            return np.ones_like(logits)
        # Both signs, instead of 1 - p, which is 0 as soon as p is 1 but for 1e-16.
        return _positive(Sigmoid().forward(np.hstack([-logits, logits])))

    @property
    def guessing_loss(self):
        """The loss of equal probabilities."""
        return np.log(2)


class MultilabelTargets(ClassTargets):
    """Any number of labels per sample: an output for each, and rows of 0 and 1."""

    out_activation = "logistic"
    loss_class = SigmoidBinaryCrossentropy
    weighted_classes = np.array([0, 1])

    def encode(self, y, dtype, name="y"):
        """Return the rows of 0 and 1 in the network's dtype."""
        self.check_known(y, name)
        return y.astype(dtype)

    def check_known(self, y, name):
        """Raise an error if there are other numbers of labels."""
        if y.ndim == 2 and y.shape[1] != self.n_outputs:
            raise ValueError(
                f"`{name}` has {y.shape[1]} labels, expected {self.n_outputs}: {self.classes}."
            )
        super().check_known(y, name)

    def labels(self, encoded):
        """Return the indicator matrix that was encoded."""
        return encoded.astype(int)

    def indices(self, encoded):
        """Return an array of 0 and 1 for each label."""
        return list(encoded.T.astype(int))

    def probabilities(self, logits):
        """Return each label's probability, never 0 nor 1: they do not depend on each other."""
        probabilities = _positive(Sigmoid().forward(logits))
        greatest = 1 - np.finfo(probabilities.dtype).epsneg
        return np.minimum(probabilities, greatest, out=probabilities)

    @property
    def guessing_loss(self):
        """The loss of equal probabilities, summed over the labels."""
        return self.n_outputs * np.log(2)


class ValueTargets(Targets):
    """Real values: an output for each, or for each quantile of a single one.

    Parameters
    ----------
    n_values : int
        Number of values of a sample.

    loss : LogitsLoss
        What is minimized, to be copied.

    quantiles : ndarray of shape (n_quantiles,), default=None
        Levels, ascending, of which there is an output for each.
    """

    scaling_advice = (
        "scale the input, for example with StandardScaler, and y, with "
        "TransformedTargetRegressor(regressor, transformer=StandardScaler())"
    )

    def __init__(
        self, n_values: int, loss: LogitsLoss, quantiles: np.ndarray | None = None
    ) -> None:
        self.n_values, self.loss, self.quantiles = n_values, loss, quantiles
        self.n_outputs = n_values if quantiles is None else len(quantiles)
        self.out_activation = "exp" if loss.activation_class is Exponential else "identity"

    def new_loss(self):
        """Return a copy of the loss."""
        return copy(self.loss)

    @property
    def attributes(self):
        """The fitted attributes that say what the outputs mean."""
        return {"quantiles_": self.quantiles, **super().attributes}

    def encode(self, y, dtype, name="y"):
        """Return a column for each output; of one value, the same for each quantile."""
        rows = y[:, np.newaxis] if y.ndim == 1 else y
        if rows.shape[1] != self.n_values:
            raise ValueError(
                f"{name} must have {self.n_values} value(s) per sample, got shape {y.shape}."
            )
        self._check_range(rows, name)
        with np.errstate(over="ignore"):
            encoded = rows.astype(dtype)
        if not np.isfinite(encoded).all():
            raise ValueError(
                f"{name} has values that are too large for {np.dtype(dtype)}, in which X is given: "
                f"{self.scaling_advice}."
            )
        return encoded if self.quantiles is None else encoded.repeat(self.n_outputs, axis=1)

    def _check_range(self, y: np.ndarray, name: str) -> None:
        least = y.min()
        if isinstance(self.loss, ExponentialPoissonDeviance) and least < 0:
            raise ValueError(
                f"loss='poisson' is for counts: all of {name} must be >= 0, got {least}."
            )
        if isinstance(self.loss, ExponentialGammaDeviance) and least <= 0:
            raise ValueError(
                f"loss='gamma' is for amounts: all of {name} must be > 0, got {least}."
            )

    def labels(self, encoded):
        """Return the values, as a vector if there is one per sample."""
        return encoded[:, 0] if self.n_values == 1 else encoded

    def predict(self, logits):
        """Return the predicted values; quantiles in order, so that they do not cross."""
        values = self.loss.predictions(logits)
        if self.quantiles is not None:
            return np.sort(values, axis=1)
        return values[:, 0] if self.n_values == 1 else values

    def score(self, logits, encoded, sample_weight):
        """Return R2, of quantiles D2; not a number where a prediction is none."""
        with np.errstate(over="ignore"):
            predicted = self.predict(logits)
        if not np.isfinite(predicted).all():
            return np.nan
        return value_score(self.labels(encoded), predicted, self.quantiles, sample_weight)

    def accuracy(self, share):
        """Return nothing: a value is never quite right."""
        return {}

    def complaint(self, loss, encoded, sample_weight, is_over):
        """Say that a fit is worse than the best constant."""
        constant = self._constant_loss(encoded, sample_weight)
        # A little worse is what dropout and noise are; a constant y has nothing to be learned.
        if 0 < 1.05 * constant < loss:
            return (
                f"The fit ended at a loss of {loss:.3g}, worse than that of predicting "
                f"{self._constant_name} of y for all samples ({constant:.3g})"
            )
        return None

    @property
    def _constant_name(self) -> str:
        if isinstance(self.loss, IdentityPinball):
            return "the quantile"
        return "the median" if isinstance(self.loss, ROBUST) else "the mean"

    def _constant_loss(self, encoded, sample_weight) -> float:
        """Return the loss of the best constant, of Huber's loss that of the median."""
        encoded = encoded.astype(np.float64)
        if self._constant_name == "the mean":
            constant = np.average(encoded, axis=0, weights=sample_weight)
        else:
            levels = np.broadcast_to(getattr(self.loss, "quantile", 0.5), self.n_outputs)
            options = {} if sample_weight is None else {"method": "inverted_cdf"}
            constant = [
                np.quantile(column, level, weights=sample_weight, **options)
                for column, level in zip(encoded.T, levels, strict=True)
            ]
        with np.errstate(divide="ignore", invalid="ignore"):
            logits = np.log(constant) if self.out_activation == "exp" else constant
            logits = np.broadcast_to(logits, encoded.shape)
            return float(self.new_loss().calculate(logits, encoded, sample_weight))


ROBUST = (IdentityAbsoluteError, IdentityHuber)

VALUE_LOSSES = {
    "squared_error": IdentitySquaredError,
    "absolute_error": IdentityAbsoluteError,
    "huber": IdentityHuber,
    "quantile": IdentityPinball,
    "poisson": ExponentialPoissonDeviance,
    "gamma": ExponentialGammaDeviance,
}


def values_of(y: np.ndarray, loss: str, delta: float, quantile) -> ValueTargets:
    """Return the kind of target that checked values are.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_values)
        The values.

    loss, delta, quantile : str, float, float or sequence of float
        The estimator's parameters.
    """
    n_values = 1 if y.ndim == 1 else y.shape[1]
    if loss == "huber":
        return ValueTargets(n_values, IdentityHuber(float(delta)))
    if loss == "quantile":
        return _quantiles_of(n_values, quantile)
    if loss == "squared_error" and n_values > 1:
        return ValueTargets(n_values, AveragedSquaredError())
    return ValueTargets(n_values, VALUE_LOSSES[loss]())


def _quantiles_of(n_values: int, quantile) -> ValueTargets:
    levels = np.asarray(np.nan if quantile is None else quantile, float)
    if levels.ndim > 1 or not levels.size or not ((levels > 0) & (levels < 1)).all():
        raise ValueError(
            f"loss='quantile' needs quantile, a level in (0, 1) or a list of them, such as "
            f"[0.05, 0.5, 0.95]; got {quantile!r}."
        )
    if levels.ndim == 0:
        return ValueTargets(n_values, IdentityPinball(float(levels)))
    if (np.diff(levels) <= 0).any():
        raise ValueError(f"The levels of quantile must ascend, got {quantile!r}.")
    if n_values > 1:
        raise ValueError(
            f"Several quantiles are predicted of one value per sample, y has {n_values}: choose "
            f"one level, or fit an estimator for each of the values."
        )
    return ValueTargets(1, IdentityPinball(tuple(levels.tolist())), levels)


def value_score(
    y: np.ndarray, predicted: np.ndarray, quantiles: Sequence[float] | None, sample_weight=None
) -> float:
    """Return R2; if there are several quantiles, the mean of their D2."""
    # Here, because importing the package would take longer by a twentieth.
    from sklearn.metrics import d2_pinball_score, r2_score

    if quantiles is None:
        return float(r2_score(y, predicted, sample_weight=sample_weight))
    scores = [
        d2_pinball_score(y, column, alpha=level, sample_weight=sample_weight)
        for level, column in zip(quantiles, predicted.T, strict=True)
    ]
    return float(np.mean(scores))


def check_values(y, name: str = "y") -> np.ndarray:
    """Return real values as a vector, or as a matrix of several values per sample."""
    y = _dense(y)
    if y.dtype.kind not in "biufO":
        raise ValueError(f"{name} must be numbers, got an array of {y.dtype}.")
    y = y.astype(np.float64) if y.dtype.kind in "bO" else y
    if not np.isfinite(y).all():
        raise ValueError(f"{name} must be finite numbers, it has NaN or infinity.")
    return y


def _dense(y) -> np.ndarray:
    """Return targets as a dense array, a single column as a vector."""
    if issparse(y):
        y = y.toarray()
    if y.ndim == 2 and y.shape[1] == 1:
        return column_or_1d(y, warn=True)
    return y


def targets_of(y: np.ndarray, classes: np.ndarray) -> ClassTargets:
    """Return the kind of target that checked labels are."""
    if y.ndim == 2:
        return MultilabelTargets(classes)
    return BinaryTargets(classes) if len(classes) <= 2 else MulticlassTargets(classes)


def fitted_targets(estimator) -> Targets:
    """Return the kind of target that an estimator was fitted with, as far as it predicts."""
    activation, n_outputs = estimator.out_activation_, estimator.n_outputs_
    if activation in ("identity", "exp"):
        quantiles = estimator.quantiles_
        # All losses of one link predict the same.
        loss = IdentitySquaredError() if activation == "identity" else ExponentialPoissonDeviance()
        return ValueTargets(n_outputs if quantiles is None else 1, loss, quantiles)
    if activation == "softmax":
        return MulticlassTargets(estimator.classes_)
    kind = BinaryTargets if n_outputs == 1 else MultilabelTargets
    return kind(estimator.classes_)


def check_labels(y) -> np.ndarray:
    """Return labels as a vector, or as a dense indicator matrix."""
    y = _dense(y)
    check_classification_targets(y)
    if y.ndim == 2 and type_of_target(y) == "multiclass-multioutput":
        raise ValueError(
            "Multioutput target data is not supported: y must be one class label per sample or a "
            f"matrix of 0 and 1, got shape {y.shape} with other values."
        )
    return y


def _balanced(indices: np.ndarray, n_classes: int) -> np.ndarray:
    present, weights = np.unique(indices), np.ones(n_classes)
    weights[present] = compute_class_weight("balanced", classes=present, y=indices)
    return weights


def _positive(probabilities: np.ndarray) -> np.ndarray:
    # An exponential is never 0.
    tiny = np.finfo(probabilities.dtype).tiny
    return np.maximum(probabilities, tiny, out=probabilities)
