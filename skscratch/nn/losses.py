"""Losses: measures of the error of predictions.

A loss has ``forward(y_pred, y_true)``, one loss per sample, ``calculate(y_pred, y_true,
sample_weight=None)``, their mean, and ``backward``, the gradient of that mean with respect to
``y_pred``. ``y_pred`` is of shape (n_samples, n_outputs). ``y_true`` is either rows of the same
shape (values, or probabilities, one-hot or soft) or one class index per sample. ``sample_weight``
is of shape (n_samples,). Results have the dtype of ``y_pred``.

Networks are trained with the subclasses of :class:`LogitsLoss`, which include the output
activation. Their ``y_pred`` are logits, the weighted sums of the output layer, so that a loss is
exact where a probability would be rounded to 0. In the equations, ``z`` is a logit, ``p`` a
prediction, that is, the activation of the logit, and ``y`` the target.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from skscratch.nn.activations import Activation, Exponential, Identity, Sigmoid, Softmax
from skscratch.nn.base import Configurable, as_floating
from skscratch.nn.encoding import as_rows

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "ExponentialGammaDeviance",
    "ExponentialPoissonDeviance",
    "IdentityAbsoluteError",
    "IdentityHuber",
    "IdentityPinball",
    "IdentitySquaredError",
    "Interval",
    "LogitsLoss",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SigmoidBinaryCrossentropy",
    "SoftmaxCategoricalCrossentropy",
]


class Interval(NamedTuple):
    """An interval of finite numbers; finite bounds belong to it, except for an open lower bound."""

    low: float = -math.inf
    high: float = math.inf
    is_open: bool = False

    def includes(self, values: np.ndarray) -> np.ndarray:
        """Return which values are in the interval, a boolean array; NaN and infinity are not."""
        above = values > self.low if self.is_open else values >= self.low
        return above & (values <= self.high) & np.isfinite(values)

    def __str__(self) -> str:
        if self.low == -math.inf:
            return "finite"
        if self.high == math.inf:
            return f"{'>' if self.is_open else '>='} {self.low}"
        return f"in [{self.low}, {self.high}]"


class Loss(Configurable):
    """Base class: a loss is a pointwise function and its derivative.

    A subclass defines ``loss(y_pred, y)`` and ``derivative(y_pred, y)``, elementwise on arrays of
    shape (n_samples, n_outputs). The loss of a sample is the sum over the outputs.

    Attributes
    ----------
    y_range : Interval
        Valid targets.

    Examples
    --------
    The logarithm of the hyperbolic cosine, a smooth absolute error:

    >>> import numpy as np
    >>> from skscratch.nn.losses import Loss
    >>> class LogCosh(Loss):
    ...     def loss(self, y_pred, y):
    ...         return np.log(np.cosh(y_pred - y))
    ...
    ...     def derivative(self, y_pred, y):
    ...         return np.tanh(y_pred - y)
    >>> LogCosh().forward([[0.0], [2.0]], [[0.0], [1.0]]).round(4)
    array([0.    , 0.4338])
    """

    y_range = Interval()

    def loss(self, y_pred: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each output of each sample."""
        raise NotImplementedError

    def derivative(self, y_pred: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the derivative of ``loss`` with respect to ``y_pred``."""
        raise NotImplementedError

    def loss_and_derivative(self, y_pred: np.ndarray, y: np.ndarray) -> tuple:
        """Return ``loss`` and ``derivative``; overridden if they share computations."""
        return self.loss(y_pred, y), self.derivative(y_pred, y)

    def forward(self, y_pred: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return the loss of each sample, an array of shape (n_samples,)."""
        y_pred = as_floating(y_pred)
        return self.loss(y_pred, as_rows(y_true, y_pred)).sum(axis=1)

    def calculate(self, y_pred, y_true, sample_weight=None) -> np.floating:
        """Return the mean loss of the samples, optionally a weighted mean."""
        return self.loss_gradient(y_pred, y_true, sample_weight)[0]

    def backward(self, y_pred, y_true, sample_weight=None) -> np.ndarray:
        """Return the gradient of the mean loss, an array of the shape of ``y_pred``."""
        return self.loss_gradient(y_pred, y_true, sample_weight)[1]

    def loss_gradient(self, y_pred, y_true, sample_weight=None) -> tuple[np.floating, np.ndarray]:
        """Return the results of :meth:`calculate` and :meth:`backward`."""
        y_pred = as_floating(y_pred)
        losses, derivatives = self.loss_and_derivative(y_pred, as_rows(y_true, y_pred))
        shares = _shares(sample_weight, y_pred)
        return (losses * shares).sum(), derivatives * shares

    def check_targets(self, y: np.ndarray, name: str = "y") -> None:
        """Raise a ValueError if a target is not in :attr:`y_range`; the message has the name."""
        valid = self.y_range.includes(y)
        if not valid.all():
            raise ValueError(
                f"Expected {name} {self.y_range} for {type(self).__name__}, got {y[~valid][0]} "
                f"({y.dtype}). Correct or remove these samples, rescale {name}, or choose another "
                f"loss."
            )


def _shares(sample_weight: np.ndarray | None, y_pred: np.ndarray) -> np.ndarray:
    """Return the samples' shares in the (weighted) mean, of shape (n_samples, 1) or (1, 1)."""
    n_samples, dtype = len(y_pred), y_pred.dtype
    if sample_weight is None:
        return np.full((1, 1), 1 / n_samples, dtype)
    # In float64, because the sum of large float32 weights may exceed the range of float32.
    sample_weight = np.asarray(sample_weight, np.float64)
    if sample_weight.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have one number for each sample, shape ({n_samples},); got shape "
            f"{sample_weight.shape}."
        )
    return (sample_weight / sample_weight.sum())[:, np.newaxis].astype(dtype)


class CategoricalCrossentropy(Loss):
    """Categorical cross-entropy: ``-sum_c y_c log p_c``.

    Probabilities are clipped at the smallest normal number of their dtype.

    Examples
    --------
    >>> from skscratch.nn import CategoricalCrossentropy
    >>> CategoricalCrossentropy().forward([[0.7, 0.1, 0.2], [0.1, 0.5, 0.4]], [0, 1]).round(4)
    array([0.3567, 0.6931])
    """

    y_range = Interval(0, 1)

    def loss(self, y_pred, y):
        return -y * np.log(_clip(y_pred))

    def derivative(self, y_pred, y):
        return -y / _clip(y_pred)


class BinaryCrossentropy(Loss):
    """Binary cross-entropy: ``-y log p - (1 - y) log(1 - p)``, averaged over the outputs.

    ``p`` and ``1 - p`` are clipped at the smallest normal number of their dtype.

    Examples
    --------
    >>> from skscratch.nn import BinaryCrossentropy
    >>> BinaryCrossentropy().forward([[0.7], [0.1]], [1, 0]).round(4)
    array([0.3567, 0.1054])
    """

    y_range = Interval(0, 1)

    def loss(self, y_pred, y):
        log_p, log_q = np.log(_clip(y_pred)), np.log(_clip(1 - y_pred))
        return -(y * log_p + (1 - y) * log_q) / y.shape[1]

    def derivative(self, y_pred, y):
        return ((1 - y) / _clip(1 - y_pred) - y / _clip(y_pred)) / y.shape[1]


def _clip(probabilities: np.ndarray) -> np.ndarray:
    return np.maximum(probabilities, np.finfo(probabilities.dtype).tiny)


class MeanSquaredError(Loss):
    """Mean squared error: ``(y - p)**2``, averaged over the outputs.

    Examples
    --------
    >>> from skscratch.nn import MeanSquaredError
    >>> MeanSquaredError().forward([[3.0, 0.0]], [[1.0, 1.0]])
    array([2.5])
    """

    def loss(self, y_pred, y):
        return (y - y_pred) ** 2 / y.shape[1]

    def derivative(self, y_pred, y):
        return -2 * (y - y_pred) / y.shape[1]


class MeanAbsoluteError(Loss):
    """Mean absolute error: ``|y - p|``, averaged over the outputs.

    The derivative has the sign of ``p - y``; in chapter 17, the book prints the opposite sign.

    Examples
    --------
    >>> from skscratch.nn import MeanAbsoluteError
    >>> MeanAbsoluteError().backward([[3.0, 0.0]], [[1.0, 1.0]])
    array([[ 0.5, -0.5]])
    """

    def loss(self, y_pred, y):
        return np.abs(y - y_pred) / y.shape[1]

    def derivative(self, y_pred, y):
        return np.sign(y_pred - y) / y.shape[1]


class LogitsLoss(Loss):
    """Base class of losses that include the output activation.

    A subclass defines ``loss(z, y)`` and, unless it is ``p - y``, ``derivative(z, y)``.

    Attributes
    ----------
    activation_class : type
        Class of the output activation.
    """

    activation_class: type[Activation]

    def derivative(self, z, y):
        """Return ``p - y``."""
        return self.activation_class().function(z) - y

    def predictions(self, logits: np.ndarray) -> np.ndarray:
        """Return class indices for a softmax, rows of 0 and 1 for sigmoids, or the activation."""
        return self.activation_class().function(logits)

    def correct(self, logits: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Return for each sample whether all of its predictions are equal to its targets."""
        return (self.predictions(logits) == as_rows(y_true, logits)).all(axis=1)


class SoftmaxCategoricalCrossentropy(LogitsLoss):
    """Softmax and categorical cross-entropy: ``-sum_c y_c log p_c``, ``p = softmax(z)``.

    The ``y_c`` of a sample add up to 1; then the derivative is ``p - y``.

    Examples
    --------
    >>> from skscratch.nn import SoftmaxCategoricalCrossentropy
    >>> SoftmaxCategoricalCrossentropy().forward([[1000.0, 0.0, -1000.0]], [2])
    array([2000.])
    """

    activation_class = Softmax
    y_range = Interval(0, 1)

    def loss(self, z, y):
        return self.loss_and_derivative(z, y)[0]

    def loss_and_derivative(self, z, y):
        shifted = z - z.max(axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        total = exponentials.sum(axis=1, keepdims=True)
        return y * (np.log(total) - shifted), exponentials / total - y

    def predictions(self, logits):
        return logits.argmax(axis=1)

    def correct(self, logits, y_true):
        # With soft targets, a sample is only correct if the predicted class has probability 1.
        y = as_rows(y_true, logits)
        return y[np.arange(len(y)), self.predictions(logits)] == 1


class SigmoidBinaryCrossentropy(LogitsLoss):
    """Sigmoid and binary cross-entropy: ``log(1 + exp(z)) - y z``, summed over the outputs.

    Examples
    --------
    >>> from skscratch.nn import SigmoidBinaryCrossentropy
    >>> SigmoidBinaryCrossentropy().forward([[1000.0], [0.0]], [0, 1]).round(4)
    array([1.000e+03, 6.931e-01])
    """

    activation_class = Sigmoid
    y_range = Interval(0, 1)

    def loss(self, z, y):
        return np.logaddexp(0, z) - y * z

    def predictions(self, logits):
        return (logits > 0).astype(int)


class IdentitySquaredError(LogitsLoss):
    """Half the squared error: ``(z - y)**2 / 2``, summed over the outputs.

    Examples
    --------
    >>> from skscratch.nn import IdentitySquaredError
    >>> IdentitySquaredError().forward([[3.0], [1.0]], [[1.0], [1.0]])
    array([2., 0.])
    """

    activation_class = Identity

    def loss(self, z, y):
        return (z - y) ** 2 / 2


class IdentityAbsoluteError(LogitsLoss):
    """The absolute error: ``|z - y|``, summed over the outputs, minimized by the median.

    Examples
    --------
    >>> from skscratch.nn import IdentityAbsoluteError
    >>> IdentityAbsoluteError().forward([[3.0], [1.0]], [[1.0], [1.5]])
    array([2. , 0.5])
    """

    activation_class = Identity

    def loss(self, z, y):
        return np.abs(z - y)

    def derivative(self, z, y):
        return np.sign(z - y)


class IdentityHuber(LogitsLoss):
    """Huber's loss: half the squared error, linear beyond ``delta``.

    With ``r = z - y``, ``r**2 / 2`` where ``|r| <= delta``, else ``delta (|r| - delta / 2)``,
    summed over the outputs [1]_. The derivative is ``r`` clipped to ``[-delta, delta]``.

    Parameters
    ----------
    delta : float, default=1.0
        Residual at which the loss becomes linear, in units of ``y``.

    References
    ----------
    .. [1] P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical
       Statistics 35, 1964.

    Examples
    --------
    >>> from skscratch.nn import IdentityHuber
    >>> IdentityHuber(delta=1.0).forward([[3.0], [1.0]], [[1.0], [1.5]])
    array([1.5  , 0.125])
    """

    activation_class = Identity

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = float(delta)

    def loss(self, z, y):
        # Both cases are c (r - c / 2), where c is r clipped to [-delta, delta].
        clipped = self.derivative(z, y)
        return clipped * (z - y - clipped / 2)

    def derivative(self, z, y):
        return np.clip(z - y, -self.delta, self.delta)


class IdentityPinball(LogitsLoss):
    """The pinball loss, which is minimized by a quantile.

    With ``r = z - y``, ``max((1 - q) r, -q r)``, summed over the outputs [1]_.

    Parameters
    ----------
    quantile : float or sequence of n_outputs float, default=0.5
        The level ``q`` of the quantile, in (0, 1), or one level for each output.

    References
    ----------
    .. [1] R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46, 1978.

    Examples
    --------
    >>> from skscratch.nn import IdentityPinball
    >>> IdentityPinball(quantile=0.75).forward([[3.0], [1.0]], [[1.0], [3.0]])
    array([0.5, 1.5])
    """

    activation_class = Identity

    def __init__(self, quantile: float | Sequence[float] = 0.5) -> None:
        self.quantile = quantile

    def loss(self, z, y):
        q, residuals = np.asarray(self.quantile, z.dtype), z - y
        return np.maximum((1 - q) * residuals, -q * residuals)

    def derivative(self, z, y):
        q = np.asarray(self.quantile, z.dtype)
        return (1 - q) * (z > y) - q * (z < y)


class ExponentialPoissonDeviance(LogitsLoss):
    """Half the Poisson deviance, for counts: ``y log(y / p) - y + p`` with ``p = exp(z)``.

    Summed over the outputs. The logit is the logarithm of the expectation [1]_.

    References
    ----------
    .. [1] P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd edition, 1989, chapter 6.

    Examples
    --------
    >>> from skscratch.nn import ExponentialPoissonDeviance
    >>> ExponentialPoissonDeviance().forward([[0.0], [0.0]], [[1.0], [0.0]])
    array([0., 1.])
    """

    activation_class = Exponential
    y_range = Interval(0)

    def loss(self, z, y):
        log_y = np.log(np.where(y > 0, y, 1))
        return y * (log_y - z - 1) + np.exp(z)


class ExponentialGammaDeviance(LogitsLoss):
    """Half the gamma deviance, for positive amounts: ``log(p / y) + y / p - 1``, ``p = exp(z)``.

    Summed over the outputs. It only depends on the ratio of the prediction to the target [1]_.

    References
    ----------
    .. [1] P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd edition, 1989, chapter 8.

    Examples
    --------
    >>> from skscratch.nn import ExponentialGammaDeviance
    >>> ExponentialGammaDeviance().forward([[0.0], [0.0]], [[1.0], [2.0]]).round(4)
    array([0.    , 0.3069])
    """

    activation_class = Exponential
    y_range = Interval(0, is_open=True)

    def loss(self, z, y):
        return z - np.log(y) + y * np.exp(-z) - 1

    def derivative(self, z, y):
        return 1 - y * np.exp(-z)
