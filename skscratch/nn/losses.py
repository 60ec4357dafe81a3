"""Losses: how wrong a prediction is.

A loss has ``forward(y_pred, y_true)``, one loss per sample, ``calculate(y_pred, y_true,
sample_weight=None)``, their mean, and ``backward(y_pred, y_true)``, the gradient of that mean with
respect to ``y_pred``. ``y_pred`` is of shape (..., n_samples, n_outputs); any axes before the
samples count networks that are trained side by side. ``y_true`` is either rows like those of
``y_pred`` (probabilities, one-hot or soft) or one class index per sample.

The subclasses of :class:`LogitsLoss` include the output activation: these are what networks are
trained with. They take logits, the output layer's weighted sums, so that a loss is exact where a
probability would round to 0. ``z`` is a logit, ``p`` its activation and ``y`` the target.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skscratch.nn._buffers import Buffered, as_floating, reusing, zeros
from skscratch.nn.activations import Activation, Exponential, Identity, Sigmoid, Softmax

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "ExponentialGammaDeviance",
    "ExponentialPoissonDeviance",
    "IdentityAbsoluteError",
    "IdentityHuber",
    "IdentityPinball",
    "IdentitySquaredError",
    "LogitsLoss",
    "Loss",
    "MeanAbsoluteError",
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


class MeanAbsoluteError(Loss):
    """Mean absolute error: ``|y - p|``, averaged over the outputs.

    Neural Networks from Scratch in Python (chapter 17) prints its derivative with the sign of
    ``y - p``. That is the way up: steps against it move predictions away from their targets.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.losses import MeanAbsoluteError
    >>> loss = MeanAbsoluteError()
    >>> loss.forward(np.array([[3.0, 0.0]]), np.array([[1.0, 1.0]]))
    array([1.5])
    >>> loss.backward(np.array([[3.0, 0.0]]), np.array([[1.0, 1.0]]))
    array([[ 0.5, -0.5]])
    """

    def forward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return the mean over outputs of ``|y - p|``."""
        y_pred = as_floating(y_pred)
        return np.mean(np.abs(_as_rows(y_true, y_pred) - y_pred), axis=-1)

    def backward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return ``sign(p - y) / n_outputs / n_samples``."""
        y_pred = as_floating(y_pred)
        dvalues = np.sign(y_pred - _as_rows(y_true, y_pred))
        return dvalues / y_pred.shape[-1] / y_pred.shape[-2]


class LogitsLoss(Buffered, Loss):
    """A loss that includes the output activation.

    A subclass writes ``_forward(logits, y_true)``. Where the derivative of a sample's loss is not
    the difference ``p - y`` of prediction and target, it writes ``_differentiate`` too.

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
        """Return the derivative of each sample's loss, divided by ``n_samples``."""
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
            The derivative of each sample's loss, ``p - y`` for most, times
            ``sample_weight / sum(sample_weight)``; without weights, divided by ``n_samples``.
        """
        dlogits = self._result("_dlogits")
        if sample_weight is None:
            self.total_weight, share = self._shape[-2], self._share
        else:
            sample_weight, self.total_weight = _weights(sample_weight, self._shape[:-1])
            share = (sample_weight / self.total_weight).astype(self._dtype)[..., np.newaxis]
        self._differentiate(self._logits, self._y_true, out=dlogits)
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
            Of a softmax the class indices, of sigmoids rows of 0 and 1, else the activation.
        """
        return self.activation_class().forward(logits)

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

    def _differentiate(self, logits: np.ndarray, y_true: np.ndarray, out: np.ndarray) -> None:
        """Fill ``out`` with the derivatives of the last losses."""
        np.subtract(self.probabilities, y_true, out=out)

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


class AveragedSquaredError(IdentitySquaredError):
    """Half the squared error as MLPRegressor reports it: averaged over the outputs.

    Its gradient is that of their sum, ``n_outputs`` times as steep, as MLPRegressor has it too.
    """

    def _forward(self, logits, y_true):
        return super()._forward(logits, y_true) / logits.shape[-1]


class IdentityAbsoluteError(LogitsLoss):
    """Identity and the absolute error: ``|z - y|``, summed over the outputs.

    Its derivative is ``sign(z - y)``; see :class:`MeanAbsoluteError` on that sign. What it is
    least for is the median. It is twice :class:`IdentityPinball` of the quantile 0.5.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.losses import IdentityAbsoluteError
    >>> loss = IdentityAbsoluteError()
    >>> loss.forward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.5]]))
    array([2. , 0.5])
    >>> loss.backward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.5]]))
    array([[ 0.5],
           [-0.5]])
    """

    activation_class = Identity

    def _forward(self, logits, y_true):
        self.probabilities = logits
        return np.add.reduce(np.abs(logits - y_true), axis=-1)

    def _differentiate(self, logits, y_true, out):
        np.sign(np.subtract(logits, y_true, out=out), out=out)


class IdentityHuber(LogitsLoss):
    """Identity and Huber's loss: half a squared error, linear beyond ``delta`` [1]_.

    With ``r = z - y``, ``r**2 / 2`` where ``|r| <= delta``, else ``delta (|r| - delta / 2)``,
    summed over the outputs. Its derivative is ``r``, clipped at ``delta`` on either side: what one
    sample can ask for is limited, however far away it is.

    Parameters
    ----------
    delta : float, default=1.0
        Where the loss becomes linear, in units of ``y``.

    References
    ----------
    .. [1] P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical
       Statistics 35, 1964.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.losses import IdentityHuber
    >>> loss = IdentityHuber(delta=1.0)
    >>> loss.forward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.5]]))
    array([1.5  , 0.125])
    >>> loss.backward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.5]]))
    array([[ 0.5 ],
           [-0.25]])
    """

    activation_class = Identity

    def __init__(self, delta: float = 1.0) -> None:
        super().__init__()
        self.delta = delta

    def __repr__(self) -> str:
        return f"{type(self).__name__}(delta={self.delta})"

    def _forward(self, logits, y_true):
        self.probabilities = logits
        residuals = logits - y_true
        clipped = np.clip(residuals, -self.delta, self.delta)
        # r**2 / 2 where nothing is clipped, else delta |r| - delta**2 / 2.
        return np.add.reduce(clipped * (residuals - clipped / 2), axis=-1)

    def _differentiate(self, logits, y_true, out):
        np.clip(np.subtract(logits, y_true, out=out), -self.delta, self.delta, out=out)


class IdentityPinball(LogitsLoss):
    """Identity and the pinball loss, which is least for a quantile [1]_.

    ``q (y - z)`` where ``z < y``, else ``(1 - q) (z - y)``, summed over the outputs. Its
    derivative is ``-q`` below the target, ``1 - q`` above it, and taken as 0 where they are equal.

    Parameters
    ----------
    quantile : float or sequence of n_outputs float, default=0.5
        The level ``q`` of the quantile, in (0, 1), or one for each output.

    References
    ----------
    .. [1] R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46, 1978.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.losses import IdentityPinball
    >>> loss = IdentityPinball(quantile=0.75)
    >>> loss.forward(np.array([[3.0], [1.0]]), np.array([[1.0], [3.0]]))
    array([0.5, 1.5])
    >>> loss.backward(np.array([[3.0], [1.0]]), np.array([[1.0], [3.0]]))
    array([[ 0.125],
           [-0.375]])
    """

    activation_class = Identity

    def __init__(self, quantile: float | Sequence[float] = 0.5) -> None:
        super().__init__()
        self.quantile = quantile

    def __repr__(self) -> str:
        return f"{type(self).__name__}(quantile={self.quantile})"

    def _forward(self, logits, y_true):
        self.probabilities = logits
        residuals = logits - y_true
        quantile = np.asarray(self.quantile, residuals.dtype)
        residuals *= (residuals > 0) - quantile
        return np.add.reduce(residuals, axis=-1)

    def _differentiate(self, logits, y_true, out):
        signs = np.sign(np.subtract(logits, y_true, out=out), out=out)
        # -q where the sign is -1, 1 - q where it is 1.
        out += np.abs(signs) * (1 - 2 * np.asarray(self.quantile, out.dtype))
        out /= 2


class ExponentialPoissonDeviance(LogitsLoss):
    """Exponential and half the Poisson deviance, for counts: ``y log(y / p) - y + p``.

    Summed over the outputs, with ``p = exp(z)`` and ``y >= 0``: what is to be learned is the
    logarithm of an expectation [1]_. Its derivative is ``p - y``.

    References
    ----------
    .. [1] P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd edition, 1989, chapter 6.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.losses import ExponentialPoissonDeviance
    >>> loss = ExponentialPoissonDeviance()
    >>> loss.forward(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]))
    array([0., 1.])
    >>> loss.backward(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]))
    array([[0. ],
           [0.5]])
    """

    activation_class = Exponential

    def _forward(self, logits, y_true):
        self.probabilities = np.exp(logits)
        # log(y / p) is log(y) - z; y log(y) is 0 where y is.
        logarithms = np.log(np.where(y_true > 0, y_true, 1))
        return np.add.reduce(y_true * (logarithms - logits - 1) + self.probabilities, axis=-1)


class ExponentialGammaDeviance(LogitsLoss):
    """Exponential and half the gamma deviance, for amounts: ``log(p / y) + y / p - 1``.

    Summed over the outputs, with ``p = exp(z)`` and ``y > 0``: errors count in proportion to what
    is predicted [1]_. Its derivative is ``1 - y / p``.

    References
    ----------
    .. [1] P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd edition, 1989, chapter 8.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.losses import ExponentialGammaDeviance
    >>> loss = ExponentialGammaDeviance()
    >>> loss.forward(np.array([[0.0], [0.0]]), np.array([[1.0], [2.0]])).round(4)
    array([0.    , 0.3069])
    >>> loss.backward(np.array([[0.0], [0.0]]), np.array([[1.0], [2.0]]))
    array([[ 0. ],
           [-0.5]])
    """

    activation_class = Exponential

    def _forward(self, logits, y_true):
        self.probabilities = np.exp(logits)
        ratios = y_true * np.exp(-logits)
        return np.add.reduce(logits - np.log(y_true) + ratios - 1, axis=-1)

    def _differentiate(self, logits, y_true, out):
        np.subtract(1, y_true * np.exp(-logits), out=out)
