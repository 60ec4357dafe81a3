"""Losses: how wrong a prediction is.

A loss has ``forward(y_pred, y_true)``, one loss per sample, ``calculate(y_pred, y_true,
sample_weight=None)``, their mean, and ``backward(y_pred, y_true)``, the gradient of that mean with
respect to ``y_pred``. Samples are axis -2 of ``y_pred`` and outputs axis -1; any axes before them
count networks that are trained side by side. ``y_true`` is either rows like those of ``y_pred``
(probabilities, one-hot or soft) or one class index per sample.

The last three losses include the output activation. They take logits, the output layer's weighted
sums, so that a loss is exact where a probability would round to 0, and their gradient is the
difference of prediction and target: these are what networks are trained with.

The arrays that are returned belong to the loss, which fills them again at its next call: copy what
is to be kept.
"""

import numpy as np

from skscratch._arrays import Buffers, as_floating
from skscratch.activations import Identity, Sigmoid, Softmax

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "IdentitySquaredError",
    "MeanSquaredError",
    "SigmoidBinaryCrossentropy",
    "SoftmaxCategoricalCrossentropy",
]


def _as_rows(y_true, y_pred: np.ndarray) -> np.ndarray:
    """Return targets as rows like those of ``y_pred``; class indices become one-hot."""
    y_true = np.asarray(y_true)
    if y_true.ndim < y_pred.ndim:
        n_outputs = y_pred.shape[-1]
        if n_outputs > 1:
            return one_hot(y_true, n_outputs, y_pred.dtype)
        y_true = y_true[..., np.newaxis]
    if y_true.shape[-2:] != y_pred.shape[-2:]:
        raise ValueError(
            f"y_true must be one class index per sample or rows like those of y_pred, of shape "
            f"{y_pred.shape}; got shape {y_true.shape}."
        )
    return y_true


def one_hot(classes, n_classes: int, dtype=np.float64) -> np.ndarray:
    """Return rows of probabilities that are 1 for each sample's class and 0 elsewhere.

    Parameters
    ----------
    classes : array-like of int, shape (..., n_samples)
        Class indices from 0 to ``n_classes - 1``.

    n_classes : int
        Number of classes.

    dtype : dtype, default=numpy.float64
        Of the result.

    Returns
    -------
    rows : ndarray of shape (..., n_samples, n_classes)
        One row per sample.

    Raises
    ------
    ValueError
        If a class index is out of range.

    Examples
    --------
    >>> from skscratch.losses import one_hot
    >>> one_hot([1, 0], 3)
    array([[0., 1., 0.],
           [1., 0., 0.]])
    """
    classes = np.asarray(classes)
    if classes.dtype.kind not in "iub" or not np.isin(classes, np.arange(n_classes)).all():
        raise ValueError(f"Expected class indices from 0 to {n_classes - 1}, got {classes}.")
    return (classes[..., np.newaxis] == np.arange(n_classes)).astype(dtype)


class Loss:
    """What losses have in common: the mean over samples."""

    def __init__(self) -> None:
        self._buffers = Buffers()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def forward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return one loss per sample.

        Parameters
        ----------
        y_pred : ndarray of shape (..., n_samples, n_outputs)
            The network's predictions; logits where the loss includes the activation.

        y_true : ndarray of shape (..., n_samples, n_outputs) or (..., n_samples)
            Rows of probabilities or class indices.

        Returns
        -------
        losses : ndarray of shape (..., n_samples)
            One loss per sample.
        """
        raise NotImplementedError

    def calculate(
        self, y_pred: np.ndarray, y_true: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> float | np.ndarray:
        """Return the mean loss of the samples.

        Parameters
        ----------
        y_pred : ndarray of shape (..., n_samples, n_outputs)
            The network's predictions; logits where the loss includes the activation.

        y_true : ndarray of shape (..., n_samples, n_outputs) or (..., n_samples)
            Rows of probabilities or class indices.

        sample_weight : ndarray of shape (..., n_samples), default=None
            Weights of the mean.

        Returns
        -------
        loss : float or ndarray of shape (...)
            One number for each network.
        """
        return _mean(self.forward(y_pred, y_true), sample_weight)

    def backward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return the gradient of the mean loss with respect to ``y_pred``.

        Parameters
        ----------
        y_pred : ndarray of shape (..., n_samples, n_outputs)
            The network's predictions; logits where the loss includes the activation.

        y_true : ndarray of shape (..., n_samples, n_outputs) or (..., n_samples)
            Rows of probabilities or class indices.

        Returns
        -------
        dvalues : ndarray of shape (..., n_samples, n_outputs)
            The gradient.
        """
        raise NotImplementedError


def _mean(losses: np.ndarray, sample_weight: np.ndarray | None) -> float | np.ndarray:
    if sample_weight is None:
        return np.add.reduce(losses, axis=-1) / losses.shape[-1]
    return np.vecdot(losses, sample_weight) / np.add.reduce(sample_weight, axis=-1)


class CategoricalCrossentropy(Loss):
    """Categorical cross-entropy: ``-sum_c y_c log p_c``.

    Probabilities below the smallest normal number of their dtype count as that number.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.losses import CategoricalCrossentropy
    >>> loss = CategoricalCrossentropy()
    >>> y_pred = np.array([[0.7, 0.1, 0.2], [0.1, 0.5, 0.4]])
    >>> loss.forward(y_pred, [0, 1]).round(4)
    array([0.3567, 0.6931])
    >>> float(loss.calculate(y_pred, [0, 1]).round(4))
    0.5249
    """

    def forward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return ``-sum_c y_c log p_c`` of each sample."""
        y_pred = _away_from_0(y_pred)
        return -np.sum(_as_rows(y_true, y_pred) * np.log(y_pred), axis=-1)

    def backward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return ``-y / p / n_samples``."""
        y_pred = _away_from_0(y_pred)
        return -_as_rows(y_true, y_pred) / y_pred / y_pred.shape[-2]


class BinaryCrossentropy(Loss):
    """Binary cross-entropy: ``-y log p - (1 - y) log(1 - p)``, averaged over the outputs.

    Probabilities nearer to 0 or 1 than the smallest normal number of their dtype count as that far
    away.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.losses import BinaryCrossentropy
    >>> BinaryCrossentropy().forward(np.array([[0.7], [0.1]]), [1, 0]).round(4)
    array([0.3567, 0.1054])
    """

    def forward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return the mean over outputs of ``-y log p - (1 - y) log(1 - p)``."""
        y_pred = as_floating(y_pred)
        y_true = _as_rows(y_true, y_pred)
        log_1, log_0 = np.log(_away_from_0(y_pred)), np.log(_away_from_0(1 - y_pred))
        return -np.mean(y_true * log_1 + (1 - y_true) * log_0, axis=-1)

    def backward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return ``((1 - y) / (1 - p) - y / p) / n_outputs / n_samples``."""
        y_pred = as_floating(y_pred)
        y_true = _as_rows(y_true, y_pred)
        dvalues = (1 - y_true) / _away_from_0(1 - y_pred) - y_true / _away_from_0(y_pred)
        return dvalues / y_pred.shape[-1] / y_pred.shape[-2]


def _away_from_0(probabilities) -> np.ndarray:
    probabilities = as_floating(probabilities)
    return np.maximum(probabilities, np.finfo(probabilities.dtype).tiny)


class MeanSquaredError(Loss):
    """Mean squared error: ``(y - p)**2``, averaged over the outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.losses import MeanSquaredError
    >>> MeanSquaredError().forward(np.array([[3.0, 0.0]]), np.array([[1.0, 1.0]]))
    array([2.5])
    """

    def forward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return the mean over outputs of ``(y - p)**2``."""
        y_pred = as_floating(y_pred)
        return np.mean((_as_rows(y_true, y_pred) - y_pred) ** 2, axis=-1)

    def backward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return ``2 (p - y) / n_outputs / n_samples``."""
        y_pred = as_floating(y_pred)
        dvalues = 2 * (y_pred - _as_rows(y_true, y_pred))
        return dvalues / y_pred.shape[-1] / y_pred.shape[-2]


class LogitsLoss(Loss):
    """A loss with the output activation whose gradient with it is ``p - y``."""

    activation_class: type

    def __init__(self) -> None:
        super().__init__()
        self.activation = self.activation_class()

    def loss_gradient(
        self, logits: np.ndarray, y_true: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> tuple[float | np.ndarray, np.ndarray]:
        """Return the mean loss and its gradient with respect to the logits, in one pass.

        Parameters
        ----------
        logits : ndarray of shape (..., n_samples, n_outputs)
            The output layer's weighted sums.

        y_true : ndarray of shape (..., n_samples, n_outputs) or (..., n_samples)
            Rows of probabilities or class indices.

        sample_weight : ndarray of shape (..., n_samples), default=None
            Weights of the mean.

        Returns
        -------
        loss : float or ndarray of shape (...)
            One number for each network.

        dlogits : ndarray of shape (..., n_samples, n_outputs)
            ``(p - y) * sample_weight / sum(sample_weight)``; without weights,
            ``(p - y) / n_samples``.
        """
        y_true = _as_rows(y_true, logits)
        losses = self.forward(logits, y_true)
        if sample_weight is None:
            share = 1.0 / losses.shape[-1]
        else:
            share = sample_weight / np.add.reduce(sample_weight, axis=-1, keepdims=True)
            share = share[..., np.newaxis]
        dlogits = self._buffers["dlogits", logits.shape, logits.dtype]
        np.subtract(self.probabilities, y_true, out=dlogits)
        np.multiply(dlogits, share, out=dlogits)
        return _mean(losses, sample_weight), dlogits

    def backward(self, logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return ``(p - y) / n_samples``, ``p`` being the activation of the logits."""
        return self.loss_gradient(as_floating(logits), y_true)[1]


class SoftmaxCategoricalCrossentropy(LogitsLoss):
    """Softmax and categorical cross-entropy: ``log sum_c exp(z_c) - sum_c y_c z_c``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.losses import SoftmaxCategoricalCrossentropy
    >>> loss = SoftmaxCategoricalCrossentropy()
    >>> logits = np.array([[1000.0, 0.0, -1000.0]])
    >>> loss.forward(logits, [2])
    array([2000.])
    >>> loss.backward(logits, [2])
    array([[ 1.,  0., -1.]])
    """

    activation_class = Softmax

    def forward(self, logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return ``log sum_c exp(z_c) - sum_c y_c z_c`` of each sample."""
        logits = as_floating(logits)
        y_true = _as_rows(y_true, logits)
        self.probabilities = self.activation.forward(logits)
        products = self._buffers["products", logits.shape, logits.dtype]
        np.multiply(y_true, logits, out=products)
        losses = self._buffers["losses", (*logits.shape[:-1], 1), logits.dtype]
        np.add.reduce(products, axis=-1, keepdims=True, out=losses)
        return np.subtract(self.activation.log_normalizer, losses, out=losses)[..., 0]


class SigmoidBinaryCrossentropy(LogitsLoss):
    """Sigmoid and binary cross-entropy: ``log(1 + exp(z)) - y z``, summed over the outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.losses import SigmoidBinaryCrossentropy
    >>> SigmoidBinaryCrossentropy().forward(np.array([[1000.0], [0.0]]), [0, 1]).round(4)
    array([1.000e+03, 6.931e-01])
    """

    activation_class = Sigmoid

    def forward(self, logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return the sum over outputs of ``log(1 + exp(z)) - y z``."""
        logits = as_floating(logits)
        y_true = _as_rows(y_true, logits)
        self.probabilities = self.activation.forward(logits)
        return np.sum(np.logaddexp(logits, logits.dtype.type(0)) - y_true * logits, axis=-1)


class IdentitySquaredError(LogitsLoss):
    """Identity and half the squared error: ``(z - y)**2 / 2``, summed over the outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.losses import IdentitySquaredError
    >>> loss = IdentitySquaredError()
    >>> loss.forward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.0]]))
    array([2., 0.])
    >>> loss.backward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.0]]))
    array([[1.],
           [0.]])
    """

    activation_class = Identity

    def forward(self, logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return the sum over outputs of ``(z - y)**2 / 2``."""
        logits = as_floating(logits)
        self.probabilities = self.activation.forward(logits)
        return np.sum((logits - _as_rows(y_true, logits)) ** 2, axis=-1) / 2
