"""Losses: how wrong a prediction is.

A loss has ``forward(y_pred, y_true)``, one loss per sample, ``calculate(y_pred, y_true,
sample_weight=None)``, their mean, and ``backward(y_pred, y_true)``, the gradient of that mean with
respect to ``y_pred``. ``y_pred`` is of shape (..., n_samples, n_outputs); any axes before the
samples count networks that are trained side by side. ``y_true`` is either rows like those of
``y_pred`` (probabilities, one-hot or soft) or one class index per sample.

The last three losses include the output activation. They take logits, the output layer's weighted
sums, so that a loss is exact where a probability would round to 0, and their gradient is the
difference of prediction and target: these are what networks are trained with.
"""

from typing import Any

import numpy as np

from skscratch.nn._buffers import Buffered, as_floating, reusing, zeros
from skscratch.nn.activations import Activation, Identity, Sigmoid, Softmax

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "IdentitySquaredError",
    "LogitsLoss",
    "Loss",
    "MeanSquaredError",
    "SigmoidBinaryCrossentropy",
    "SoftmaxCategoricalCrossentropy",
]


def check_indices(indices: np.ndarray, n_outputs: int) -> None:
    """Check that integers from 0 to ``n_outputs - 1`` stand for the samples' classes.

    Parameters
    ----------
    indices : ndarray
        What has to be class indices.

    n_outputs : int
        Number of classes.

    Raises
    ------
    ValueError
        If they are something else.
    """
    expected = f"Expected class indices from 0 to {n_outputs - 1}"
    if indices.dtype.kind not in "iub":
        raise ValueError(
            f"{expected}, got an array of {indices.dtype}: convert whole numbers by "
            f"y.astype(int), labels by numpy.unique(y, return_inverse=True); other targets have "
            f"to be rows with a number for each output."
        )
    if indices.size and (indices.min() < 0 or indices.max() >= n_outputs):
        raise ValueError(f"{expected}, got {indices.min()} to {indices.max()}.")


def one_hot(indices, n_outputs: int, dtype=np.float64) -> np.ndarray:
    """Return rows of probabilities that are 1 for each sample's class and 0 elsewhere.

    Parameters
    ----------
    indices : array-like of int, shape (..., n_samples)
        Class indices from 0 to ``n_outputs - 1``.

    n_outputs : int
        Number of classes.

    dtype : dtype, default=numpy.float64
        Of the result.

    Returns
    -------
    rows : ndarray of shape (..., n_samples, n_outputs)
        One row per sample.

    Examples
    --------
    >>> from skscratch.nn.losses import one_hot
    >>> one_hot([1, 0], 3)
    array([[0., 1., 0.],
           [1., 0., 0.]])
    """
    indices = np.asarray(indices)
    check_indices(indices, n_outputs)
    return (indices[..., np.newaxis] == np.arange(n_outputs)).astype(dtype)


def _as_rows(y_true, y_pred: np.ndarray) -> np.ndarray:
    """Return targets as rows like those of ``y_pred``; class indices become one-hot."""
    y_true = np.asarray(y_true)
    if y_true.ndim < y_pred.ndim:
        n_outputs = y_pred.shape[-1]
        y_true = one_hot(y_true, n_outputs) if n_outputs > 1 else y_true[..., np.newaxis]
    if y_true.shape[-2:] != y_pred.shape[-2:]:
        raise ValueError(
            f"y_true must be one class index per sample or rows like those of y_pred, of shape "
            f"{y_pred.shape}; got shape {y_true.shape}."
        )
    return y_true.astype(y_pred.dtype, copy=False)


def mean(losses: np.ndarray, sample_weight: np.ndarray | None = None) -> float | np.ndarray:
    """Return the mean over samples.

    Parameters
    ----------
    losses : ndarray of shape (..., n_samples)
        One loss per sample.

    sample_weight : ndarray of shape (..., n_samples), default=None
        Weights of the mean.

    Returns
    -------
    loss : float or ndarray of shape (...)
        One number for each network.
    """
    if sample_weight is None:
        return np.add.reduce(losses, axis=-1) / losses.shape[-1]
    sample_weight, total = _weights(sample_weight, losses.shape)
    return (np.vecdot(losses, sample_weight) / total[..., 0]).astype(losses.dtype)


def _weights(sample_weight, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples' weights, checked, and their sum of shape (..., 1)."""
    # In double precision, in which the sum of large single precision weights is finite.
    sample_weight = np.asarray(sample_weight, np.float64)
    if sample_weight.shape not in (shape, shape[-1:]):
        raise ValueError(
            f"sample_weight must have one number for each sample, shape {shape}; got shape "
            f"{sample_weight.shape}."
        )
    return sample_weight, np.add.reduce(sample_weight, axis=-1, keepdims=True)


class Loss:
    """What losses have in common: the mean over samples."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def forward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return one loss per sample, an array of shape (..., n_samples)."""
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
        return mean(self.forward(y_pred, y_true), sample_weight)

    def backward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return the gradient of the mean loss, an array of the shape of ``y_pred``."""
        raise NotImplementedError


class CategoricalCrossentropy(Loss):
    """Categorical cross-entropy: ``-sum_c y_c log p_c``.

    Probabilities below the smallest normal number of their dtype count as that number.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.losses import CategoricalCrossentropy
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
        # In place: elsewhere, NumPy chooses a layout by size, and sums in another order.
        products = np.log(y_pred)
        products *= _as_rows(y_true, y_pred)
        return -np.add.reduce(products, axis=-1)

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
    >>> from skscratch.nn.losses import BinaryCrossentropy
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
    >>> from skscratch.nn.losses import MeanSquaredError
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


class LogitsLoss(Buffered, Loss):
    """A loss with the output activation whose gradient with it is ``p - y``.

    Attributes
    ----------
    probabilities : ndarray of shape (..., n_samples, n_outputs)
        The activation of the last logits.

    total_weight : int or ndarray of shape (..., 1)
        The sum of the weights that :meth:`gradient` was given, the number of samples where there
        were none.

    activation_class : type
        The class of the activation.
    """

    activation_class: type[Activation]

    def forward(self, logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return one loss per sample, an array of shape (..., n_samples)."""
        self._logits = logits = self._prepare(logits)
        if getattr(y_true, "shape", ()) != self._shape or y_true.dtype is not self._dtype:
            y_true = _as_rows(y_true, logits)
        self._y_true = y_true
        return self._forward(logits, y_true)

    def backward(self, logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return ``(p - y) / n_samples``, ``p`` being the activation of the logits."""
        self.forward(logits, y_true)
        return self.gradient()

    def gradient(self, sample_weight: np.ndarray | None = None) -> np.ndarray:
        """Return the gradient of the mean of the last losses with respect to their logits.

        Parameters
        ----------
        sample_weight : ndarray of shape (..., n_samples), default=None
            Weights of the mean.

        Returns
        -------
        dlogits : ndarray of shape (..., n_samples, n_outputs)
            ``(p - y) * sample_weight / sum(sample_weight)``; without weights,
            ``(p - y) / n_samples``.
        """
        dlogits = self._result("_dlogits")
        if sample_weight is None:
            self.total_weight, share = self._shape[-2], self._share
        else:
            sample_weight, self.total_weight = _weights(sample_weight, self._shape[:-1])
            share = (sample_weight / self.total_weight).astype(self._dtype)[..., np.newaxis]
        np.subtract(self.probabilities, self._y_true, out=dlogits)
        return np.multiply(dlogits, share, out=dlogits)

    def predictions(self, logits: np.ndarray) -> np.ndarray:
        """Return what the outputs say.

        Parameters
        ----------
        logits : ndarray of shape (..., n_samples, n_outputs)
            The output layer's weighted sums.

        Returns
        -------
        predictions : ndarray of shape (..., n_samples) or (..., n_samples, n_outputs)
            Of a softmax the class indices, of sigmoids rows of 0 and 1, else the logits.
        """
        return logits

    def correct(self) -> np.ndarray:
        """Find out which samples of the last :meth:`forward` were predicted right.

        Returns
        -------
        correct : ndarray of bool, shape (..., n_samples)
            Whether all of a sample's predictions are its targets.
        """
        return np.logical_and.reduce(self.predictions(self._logits) == self._y_true, axis=-1)

    def _forward(self, logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Set ``probabilities`` and return one loss per sample."""
        raise NotImplementedError

    def _allocate(self, shape: tuple[int, ...], dtype) -> dict[str, Any]:
        return {"_dlogits": zeros(shape, dtype), "_share": np.asarray(1.0 / shape[-2], dtype)}


class SoftmaxCategoricalCrossentropy(LogitsLoss):
    """Softmax and categorical cross-entropy: ``log sum_c exp(z_c) - sum_c y_c z_c``.

    The ``y_c`` of a sample add up to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.losses import SoftmaxCategoricalCrossentropy
    >>> loss = SoftmaxCategoricalCrossentropy()
    >>> logits = np.array([[1000.0, 0.0, -1000.0]])
    >>> loss.forward(logits, [2])
    array([2000.])
    >>> loss.probabilities
    array([[1., 0., 0.]])
    >>> loss.backward(logits, [2])
    array([[ 1.,  0., -1.]])
    """

    activation_class = Softmax

    def _forward(self, logits, y_true):
        # The loss is log(total) - sum_c y_c shifted_c: the greatest logit of each sample, which is
        # subtracted for the sake of exp, cancels. Both sums are taken in one pass.
        maximum = np.maximum.reduce(logits, axis=-1, keepdims=True, out=self._maximum)
        shifted = np.subtract(logits, maximum, out=self._products)
        np.exp(shifted, out=self.probabilities)
        np.multiply(shifted, y_true, out=self._products)
        np.add.reduce(self._summands, axis=-1, keepdims=True, out=self._sums)
        np.divide(self.probabilities, self._sums[0], out=self.probabilities)
        return np.log(self._total) - self._shifted_target

    def predictions(self, logits):
        """Return the class indices of the greatest logits."""
        return logits.argmax(axis=-1)

    def correct(self):
        """Find out for which samples the greatest logit was that of the one-hot target."""
        # Shifted, the greatest logit is 0, which is faster to see than where the greatest is.
        return np.logical_not(self._shifted_target)

    def _allocate(self, shape, dtype):
        summands, sums = zeros((2, *shape), dtype), zeros((2, *shape[:-1], 1), dtype)
        return {
            **super()._allocate(shape, dtype),
            "_maximum": zeros((*shape[:-1], 1), dtype),
            "_summands": summands,
            "_sums": sums,
            "_total": sums[0, ..., 0],
            "_shifted_target": sums[1, ..., 0],
            "probabilities": summands[0],
            "_products": summands[1],
        }


class SigmoidBinaryCrossentropy(LogitsLoss):
    """Sigmoid and binary cross-entropy: ``log(1 + exp(z)) - y z``, summed over the outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.losses import SigmoidBinaryCrossentropy
    >>> SigmoidBinaryCrossentropy().forward(np.array([[1000.0], [0.0]]), [0, 1]).round(4)
    array([1.000e+03, 6.931e-01])
    """

    activation_class = Sigmoid

    def _forward(self, logits, y_true):
        self.probabilities = self._sigmoid.forward(logits)
        losses = np.logaddexp(logits, 0, out=self._losses)
        np.subtract(losses, np.multiply(y_true, logits, out=self._products), out=losses)
        return np.add.reduce(losses, axis=-1)

    def predictions(self, logits):
        """Return rows of 1 where a logit is positive, that is, more likely than not, else 0."""
        return (logits > 0).astype(int)

    def _allocate(self, shape, dtype):
        return {
            **super()._allocate(shape, dtype),
            "_sigmoid": reusing(Sigmoid()),
            "_losses": zeros(shape, dtype),
            "_products": zeros(shape, dtype),
        }


class IdentitySquaredError(LogitsLoss):
    """Identity and half the squared error: ``(z - y)**2 / 2``, summed over the outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.losses import IdentitySquaredError
    >>> loss = IdentitySquaredError()
    >>> loss.forward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.0]]))
    array([2., 0.])
    >>> loss.backward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.0]]))
    array([[1.],
           [0.]])
    """

    activation_class = Identity

    def _forward(self, logits, y_true):
        self.probabilities = logits
        return np.add.reduce((logits - y_true) ** 2, axis=-1) / 2
