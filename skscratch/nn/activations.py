"""Activations: functions of the neurons' weighted sums.

Every activation has ``forward(inputs)``, which returns the outputs, and ``backward(dvalues)``,
which takes the gradient of the loss with respect to the outputs and returns the gradient with
respect to the inputs of the last ``forward``. Arrays are of shape (n_samples, n_units).
"""

from typing import Literal

import numpy as np

from skscratch.nn.base import Configurable, as_floating

__all__ = [
    "ELU",
    "Activation",
    "Exponential",
    "Identity",
    "LeakyReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
]


class Activation(Configurable):
    """Base class: an activation is a function and its derivative.

    A subclass defines ``function(z)`` and ``derivative(z, output)``, both elementwise, and stores
    constructor arguments in attributes of the same names.

    Attributes
    ----------
    inputs, output : ndarray of shape (n_samples, n_units)
        The inputs and the outputs of the last ``forward``.

    References
    ----------
    .. [1] P. Ramachandran, B. Zoph and Q. Le, "Searching for activation functions", 2017.

    Examples
    --------
    Swish [1]_, ``f(z) = z s(beta z)`` with the sigmoid ``s``:

    >>> import numpy as np
    >>> from skscratch.nn import Activation
    >>> class Swish(Activation):
    ...     def __init__(self, beta=1.0):
    ...         self.beta = beta
    ...
    ...     def function(self, z):
    ...         return z / (1 + np.exp(-self.beta * z))
    ...
    ...     def derivative(self, z, output):
    ...         sigmoid = 1 / (1 + np.exp(-self.beta * z))
    ...         return sigmoid + self.beta * output * (1 - sigmoid)
    >>> swish = Swish(beta=2.0)
    >>> swish.forward(np.array([[0.0, 1.0]])).round(4)
    array([[0.    , 0.8808]])
    >>> swish.backward(np.ones((1, 2))).round(4)
    array([[0.5   , 1.0908]])
    """

    def function(self, z: np.ndarray) -> np.ndarray:
        """Return the outputs of the weighted sums ``z``."""
        raise NotImplementedError

    def derivative(self, z: np.ndarray, output: np.ndarray) -> np.ndarray:
        """Return the derivative at ``z``, where the function has the value ``output``."""
        raise NotImplementedError

    def forward(self, inputs: np.ndarray, training: bool = True) -> np.ndarray:
        """Return ``function(inputs)``; ``training`` is ignored."""
        self.inputs = as_floating(inputs)
        self.output = self.function(self.inputs).astype(self.inputs.dtype, copy=False)
        return self.output

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Return ``dvalues * derivative(inputs, output)``."""
        dinputs = dvalues * self.derivative(self.inputs, self.output)
        return dinputs.astype(self.output.dtype, copy=False)


class Identity(Activation):
    """The identity: ``f(z) = z``, ``f'(z) = 1``.

    Examples
    --------
    >>> from skscratch.nn import Identity
    >>> Identity().forward([[-1.0, 2.0]])
    array([[-1.,  2.]])
    """

    def function(self, z):
        return z

    def derivative(self, z, output):
        return np.ones_like(z)


class Exponential(Activation):
    """The exponential function: ``f(z) = f'(z) = exp(z)``, the inverse of a logarithmic link.

    Examples
    --------
    >>> from skscratch.nn import Exponential
    >>> Exponential().forward([[0.0, 1.0]]).round(4)
    array([[1.    , 2.7183]])
    """

    def function(self, z):
        return np.exp(z)

    def derivative(self, z, output):
        return output


class ReLU(Activation):
    """The rectified linear unit: ``f(z) = max(0, z)``, ``f'(z) = 1 if z > 0 else 0``.

    Examples
    --------
    >>> from skscratch.nn import ReLU
    >>> ReLU().forward([[-1.0, 2.0]])
    array([[0., 2.]])
    """

    def function(self, z):
        # np.maximum(z, 0), which takes three times as long because a scalar is not vectorized.
        return np.maximum(z, np.zeros_like(z))

    def derivative(self, z, output):
        return (z > 0).astype(z.dtype)


class LeakyReLU(Activation):
    """The leaky rectified linear unit: ``f(z) = max(a z, z)``, ``f' = 1 if z > 0 else a``.

    ``a`` is 0.01 [1]_.

    References
    ----------
    .. [1] A. Maas, A. Hannun and A. Ng, "Rectifier nonlinearities improve neural network acoustic
       models", ICML 2013.

    Examples
    --------
    >>> from skscratch.nn import LeakyReLU
    >>> LeakyReLU().forward([[-1.0, 2.0]])
    array([[-0.01,  2.  ]])
    """

    negative_slope = 0.01

    def function(self, z):
        return np.maximum(self.negative_slope * z, z)

    def derivative(self, z, output):
        return np.where(z > 0, 1, self.negative_slope)


class ELU(Activation):
    """The exponential linear unit: ``f = z if z > 0 else exp(z) - 1``, ``f' = min(f, 0) + 1``.

    References
    ----------
    .. [1] D. Clevert, T. Unterthiner and S. Hochreiter, "Fast and accurate deep network learning by
       exponential linear units", ICLR 2016.

    Examples
    --------
    >>> from skscratch.nn import ELU
    >>> ELU().forward([[-1000.0, 2.0]])
    array([[-1.,  2.]])
    """

    def function(self, z):
        # min(z, 0), because np.where evaluates both cases, and exp(z) overflows for large z.
        return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))

    def derivative(self, z, output):
        return np.minimum(output, 0) + 1


class Sigmoid(Activation):
    """The logistic sigmoid: ``f(z) = 1 / (1 + exp(-z))``, ``f' = f (1 - f)``.

    Examples
    --------
    >>> from skscratch.nn import Sigmoid
    >>> Sigmoid().forward([[-1000.0, 0.0, 1000.0]])
    array([[0. , 0.5, 1. ]])
    """

    def function(self, z):
        # For very negative z, exp(-z) overflows to infinity, and 1 / infinity is correctly 0.
        with np.errstate(over="ignore"):
            return 1 / (1 + np.exp(-z))

    def derivative(self, z, output):
        return output * (1 - output)


class SiLU(Activation):
    """The sigmoid linear unit: ``f(z) = z s(z)``, ``f' = s + f (1 - s)``, ``s`` the sigmoid.

    References
    ----------
    .. [1] S. Elfwing, E. Uchibe and K. Doya, "Sigmoid-weighted linear units for neural network
       function approximation in reinforcement learning", Neural Networks 107, 2018.

    Examples
    --------
    >>> from skscratch.nn import SiLU
    >>> SiLU().forward([[0.0, 2.0]]).round(4)
    array([[0.    , 1.7616]])
    """

    def function(self, z):
        return z * Sigmoid().function(z)

    def derivative(self, z, output):
        sigmoid = Sigmoid().function(z)
        return sigmoid + output * (1 - sigmoid)


class Tanh(Activation):
    """The hyperbolic tangent: ``f(z) = tanh(z)``, ``f' = 1 - f**2``.

    Examples
    --------
    >>> from skscratch.nn import Tanh
    >>> Tanh().forward([[0.0, 1000.0]])
    array([[0., 1.]])
    """

    def function(self, z):
        return np.tanh(z)

    def derivative(self, z, output):
        return 1 - output**2


class Softmax(Activation):
    """The softmax: ``f(z)_i = exp(z_i) / sum_j exp(z_j)`` over the units of a sample.

    Each output depends on all inputs, so ``backward`` multiplies by the Jacobian of each sample.

    Examples
    --------
    >>> from skscratch.nn import Softmax
    >>> Softmax().forward([[1000.0, 1000.0, -1000.0]])
    array([[0.5, 0.5, 0. ]])
    """

    def function(self, z):
        exponentials = np.exp(z - z.max(axis=1, keepdims=True))  # cannot overflow
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def backward(self, dvalues):
        # The Jacobian of a sample is diag(f) - f f', so no matrix per sample is needed.
        output = self.output
        return output * (dvalues - (dvalues * output).sum(axis=1, keepdims=True))


# The values of the estimators' parameter activation.
ACTIVATIONS: dict[str, type[Activation]] = {
    "identity": Identity,
    "logistic": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "silu": SiLU,
}

ActivationName = Literal["identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "silu"]
