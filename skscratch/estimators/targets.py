"""Targets: how labels become what a network is trained on, and its outputs labels again.

There is one class for each kind of target. It knows the loss that the network is trained with, and
so the activation of its outputs; the weights of classes; what a right prediction is; and the loss
of a network that has learned nothing.
"""

from abc import ABC, abstractmethod

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from skscratch.nn.activations import Sigmoid, Softmax
from skscratch.nn.losses import SigmoidBinaryCrossentropy, SoftmaxCategoricalCrossentropy


class Targets(ABC):
    """What all kinds of class labels have in common.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted; of several labels per sample, their indices.
    """

    out_activation: str
    loss_class: type

    def __init__(self, classes: np.ndarray) -> None:
        self.classes = classes

    @property
    def n_outputs(self) -> int:
        """Number of the network's outputs."""
        return len(self.classes)

    @property
    def kind(self) -> tuple[int, str]:
        """What a fitted network can only go on with: its outputs' number and activation."""
        return self.n_outputs, self.out_activation

    def encode(self, y: np.ndarray, dtype, name: str = "y") -> np.ndarray:
        """Return what the loss takes: a class index for every sample.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Checked labels.

        dtype : dtype
            Of the network, and of encoded rows.

        name : str, default='y'
            What the labels are called in errors.
        """
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
        unknown = np.setdiff1d(unique_labels(y), self.classes)
        if unknown.size:
            raise ValueError(
                f"`{name}` has classes that are not in classes={self.classes}: {unknown}."
            )

    def predictions(self, logits: np.ndarray) -> np.ndarray:
        """Return what the network predicts, encoded as the targets are."""
        return self.loss_class().predictions(logits)

    def correct(self, logits: np.ndarray, encoded: np.ndarray) -> np.ndarray:
        """Return which samples are predicted right, in all of their labels."""
        correct = self.predictions(logits) == encoded
        return correct if correct.ndim == 1 else correct.all(axis=1)

    def predict(self, logits: np.ndarray) -> np.ndarray:
        """Return the predicted labels."""
        return self.labels(self.predictions(logits))

    def labels(self, encoded: np.ndarray) -> np.ndarray:
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
        weights = [compute_class_weight(weights, classes=classes, y=classes) for weights in given]
        if not (np.isfinite(weights) & (np.asarray(weights) >= 0)).all():
            raise ValueError(f"class_weight must be finite and >= 0, got {class_weight!r}.")
        return weights

    def sample_weight(self, encoded: np.ndarray, class_weights: list[np.ndarray]) -> np.ndarray:
        """Return the product of the weights of each sample's classes."""
        labels = zip(class_weights, self.indices(encoded), strict=True)
        return np.prod([weights[indices] for weights, indices in labels], axis=0)


class MulticlassTargets(Targets):
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


class BinaryTargets(Targets):
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


class MultilabelTargets(Targets):
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


def targets_of(y: np.ndarray, classes: np.ndarray) -> Targets:
    """Return the kind of target that checked labels are."""
    if y.ndim == 2:
        return MultilabelTargets(classes)
    return BinaryTargets(classes) if len(classes) <= 2 else MulticlassTargets(classes)


def fitted_targets(estimator) -> Targets:
    """Return the kind of target that an estimator was fitted with."""
    if estimator.out_activation_ == "softmax":
        return MulticlassTargets(estimator.classes_)
    kind = BinaryTargets if estimator.n_outputs_ == 1 else MultilabelTargets
    return kind(estimator.classes_)


def check_labels(y) -> np.ndarray:
    """Return labels as a vector, or as a dense indicator matrix."""
    if issparse(y):
        y = y.toarray()
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    if type_of_target(y) == "multiclass-multioutput":
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
