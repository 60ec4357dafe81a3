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

from typing import Any

import numpy as np

from skscratch.nn._buffers import Reusing, as_floating, zeros
from skscratch.nn.activations import Identity, Sigmoid, Softmax, exp_shifted

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
        y_true = one_hot(y_true, n_outputs) if n_outputs > 1 else y_true[..., np.newaxis]
    if y_true.shape[-2:] != y_pred.shape[-2:]:
        raise ValueError(
            f"y_true must be one class index per sample or rows like those of y_pred, of shape "
            f"{y_pred.shape}; got shape {y_true.shape}."
        )
    return y_true.astype(y_pred.dtype, copy=False)


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
    >>> from skscratch.nn.losses import one_hot
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
        return mean(self.forward(y_pred, y_true), sample_weight)

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
    sample_weight = np.asarray(sample_weight, np.float64)
    means = np.vecdot(losses, sample_weight) / _total(sample_weight)[..., 0]
    return means.astype(losses.dtype)


def _total(sample_weight: np.ndarray) -> np.ndarray:
    """Return the sum of the samples' weights, of shape (..., 1)."""
    # In double precision, in which the sum of large single precision weights is finite.
    return np.add.reduce(sample_weight, axis=-1, dtype=np.float64, keepdims=True)


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


class LogitsLoss(Reusing, Loss):
    """A loss with the output activation whose gradient with it is ``p - y``.

    Attributes
    ----------
    probabilities : ndarray of shape (..., n_samples, n_outputs)
        The activation of the last logits.

    terms : ndarray of shape (2, ..., n_samples)
        What the losses of the last batch are made of, if :meth:`gradient` was given no other array.

    total_weight : int or ndarray of shape (..., 1)
        The sum of the last batch's weights; its number of samples where there are none.

    activation_class : type
        The class of the activation.
    """

    activation_class: type

    def forward(self, logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return one loss per sample.

        Parameters
        ----------
        logits : ndarray of shape (..., n_samples, n_outputs)
            The output layer's weighted sums.

        y_true : ndarray of shape (..., n_samples, n_outputs) or (..., n_samples)
            Rows of probabilities or class indices.

        Returns
        -------
        losses : ndarray of shape (..., n_samples)
            Overwritten by the next call.
        """
        logits, y_true = self._prepare(logits, y_true)
        self._fill(logits, y_true, self.terms)
        return self.losses(self.terms)

    def gradient(
        self,
        logits: np.ndarray,
        y_true: np.ndarray,
        sample_weight: np.ndarray | None = None,
        terms: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the gradient of the mean loss with respect to the logits.

        The losses themselves are left for later: what they are made of is kept, and
        :meth:`losses` computes those of a whole epoch in one pass.

        Parameters
        ----------
        logits : ndarray of shape (..., n_samples, n_outputs)
            The output layer's weighted sums.

        y_true : ndarray of shape (..., n_samples, n_outputs) or (..., n_samples)
            Rows of probabilities or class indices.

        sample_weight : ndarray of shape (..., n_samples), default=None
            Weights of the mean.

        terms : ndarray of shape (2, ..., n_samples), default=None
            Filled with what the losses are made of; ``None`` is :attr:`terms`.

        Returns
        -------
        dlogits : ndarray of shape (..., n_samples, n_outputs)
            ``(p - y) * sample_weight / sum(sample_weight)``; without weights,
            ``(p - y) / n_samples``. Overwritten by the next call.
        """
        logits, y_true = self._prepare(logits, y_true)
        self._fill(logits, y_true, self.terms if terms is None else terms)
        if sample_weight is None:
            self.total_weight, share = logits.shape[-2], self._share
        else:
            self.total_weight = _total(sample_weight)
            share = (sample_weight / self.total_weight).astype(self._dtype)[..., np.newaxis]
        np.subtract(self.probabilities, y_true, out=self.dlogits)
        return np.multiply(self.dlogits, share, out=self.dlogits)

    def backward(self, logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return ``(p - y) / n_samples``, ``p`` being the activation of the logits.

        Parameters
        ----------
        logits : ndarray of shape (..., n_samples, n_outputs)
            The output layer's weighted sums.

        y_true : ndarray of shape (..., n_samples, n_outputs) or (..., n_samples)
            Rows of probabilities or class indices.

        Returns
        -------
        dlogits : ndarray of shape (..., n_samples, n_outputs)
            Overwritten by the next call.
        """
        return self.gradient(logits, y_true)

    def losses(self, terms: np.ndarray) -> np.ndarray:
        """Return one loss per sample.

        Parameters
        ----------
        terms : ndarray of shape (2, ..., n_samples)
            What :meth:`gradient` filled, of one batch or of several side by side.

        Returns
        -------
        losses : ndarray of shape (..., n_samples)
            One loss per sample; may be a view of the terms.
        """
        return terms[0]

    def right(self, terms: np.ndarray) -> np.ndarray:
        """Find out which samples were predicted right.

        Parameters
        ----------
        terms : ndarray of shape (2, ..., n_samples)
            What :meth:`gradient` filled.

        Returns
        -------
        right : ndarray of bool, shape (..., n_samples)
            Of a softmax with one-hot targets: where the logit of the sample's class was the
            greatest. Of a sigmoid: where all logits were positive for targets of 1 and not for
            those of 0. Else where predictions were equal to their targets.
        """
        return terms[1] == 1

    def _fill(self, logits: np.ndarray, y_true: np.ndarray, terms: np.ndarray) -> None:
        """Set ``probabilities`` and fill the terms: each sample's loss, and 1 if it is right."""
        raise NotImplementedError

    def _prepare(self, logits, y_true) -> tuple[np.ndarray, np.ndarray]:
        """Return logits and rows of targets, with the arrays for their shape taken up."""
        if getattr(logits, "shape", None) != self._shape or logits.dtype is not self._dtype:
            logits = as_floating(logits)
            self._take_up(logits.shape, logits.dtype)
        if getattr(y_true, "shape", None) != self._shape or y_true.dtype is not self._dtype:
            y_true = _as_rows(y_true, logits)
        return logits, y_true

    def _allocate(self, shape: tuple[int, ...], dtype) -> dict[str, Any]:
        return {
            "terms": np.zeros((2, *shape[:-1]), dtype),
            "dlogits": zeros(shape, dtype),
            "_share": np.asarray(1.0 / shape[-2], dtype),
        }


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
    >>> loss.backward(logits, [2])
    array([[ 1.,  0., -1.]])
    """

    activation_class = Softmax

    def _fill(self, logits, y_true, terms):
        # Softmax, its two sums over the classes in one pass: they are the terms.
        exp_shifted(logits, self._maximum, self._products, out=self.probabilities)
        np.multiply(self._products, y_true, out=self._products)
        np.add.reduce(self._summands, axis=-1, out=terms)
        np.divide(self.probabilities, terms[0, ..., np.newaxis], out=self.probabilities)

    def losses(self, terms):
        """Return ``log(total) - sum_c y_c shifted_c``, both less the greatest logit."""
        total, shifted_class = terms
        return np.log(total) - shifted_class

    def right(self, terms):
        """Find out which samples were predicted right, if targets are one-hot."""
        # shifted is 0 for the greatest logit, and y_c picks that of the sample's class.
        return terms[1] == 0

    def _allocate(self, shape, dtype):
        summands = zeros((2, *shape), dtype)
        return {
            **super()._allocate(shape, dtype),
            "_maximum": zeros((*shape[:-1], 1), dtype),
            "_summands": summands,
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

    def __init__(self) -> None:
        super().__init__()
        self._sigmoid = Sigmoid()

    def _fill(self, logits, y_true, terms):
        self.probabilities = self._sigmoid.forward(logits)
        np.multiply(y_true, logits, out=self._products)
        np.logaddexp(logits, self._zero, out=self._softplus)
        np.subtract(self._softplus, self._products, out=self._products)
        np.add.reduce(self._products, axis=-1, out=terms[0])
        np.equal(np.greater(logits, 0, out=self._right), y_true, out=self._right)
        np.logical_and.reduce(self._right, axis=-1, out=terms[1])

    def _allocate(self, shape, dtype):
        return {
            **super()._allocate(shape, dtype),
            "_products": zeros(shape, dtype),
            "_softplus": zeros(shape, dtype),
            "_right": zeros(shape, bool),
            "_zero": np.zeros((), dtype),
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

    def _fill(self, logits, y_true, terms):
        self.probabilities = logits
        errors = logits - y_true
        terms[0] = np.add.reduce(errors * errors, axis=-1) / 2
        np.logical_and.reduce(errors == 0, axis=-1, out=terms[1])
