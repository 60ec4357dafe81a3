"""Activations: what a neuron does with its weighted sum.

Every activation has ``forward(inputs)``, which returns its outputs, and ``backward(dvalues)``,
which takes the gradient with respect to those outputs and returns the gradient with respect to the
inputs of the last ``forward``. Samples are axis -2 and units axis -1; any axes before them count
networks that are trained side by side.
"""

from typing import Any

import numpy as np

from skscratch.nn._buffers import Buffered, reusing, zeros

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


class Activation(Buffered):
    """What activations have in common.

    A subclass writes ``_forward(inputs, out)``, which returns the outputs, and
    ``_backward(dvalues, out)``, which returns the gradient with respect to the inputs. Both may
    fill ``out`` or return new arrays; ``out`` may be the array of the inputs, or of ``dvalues``.
    What ``_forward`` returned is ``self.output``. Arguments of the constructor are kept as
    attributes: copies and stacks of networks take them along.

    Parameters
    ----------
    inplace : bool, default=False
        Whether outputs overwrite the inputs, and ``dinputs`` overwrites ``dvalues``. A network
        that needs neither again saves half of its activations' memory so.

    Attributes
    ----------
    output : ndarray of shape (..., n_samples, n_units)
        What the last ``forward`` returned. The next call in a network overwrites it.

    Examples
    --------
    Swish with a slope of one's own, ``f(z) = z s(beta z)``, ``s`` the sigmoid:

    >>> import numpy as np
    >>> from skscratch.nn import Activation
    >>> class Swish(Activation):
    ...     def __init__(self, beta=1.0, inplace=False):
    ...         super().__init__(inplace)
    ...         self.beta = beta
    ...
    ...     def _forward(self, inputs, out):
    ...         self._inputs = inputs
    ...         self._sigmoid = 1 / (1 + np.exp(-self.beta * inputs))
    ...         return inputs * self._sigmoid
    ...
    ...     def _backward(self, dvalues, out):
    ...         slope = 1 + self.beta * self._inputs * (1 - self._sigmoid)
    ...         return dvalues * self._sigmoid * slope
    >>> swish = Swish(beta=2.0)
    >>> swish.forward(np.array([[0.0, 1.0]])).round(4)
    array([[0.    , 0.8808]])
    >>> swish.backward(np.ones((1, 2))).round(4)
    array([[0.5   , 1.0908]])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return the activation's outputs."""
        inputs = self._prepare(inputs)
        self.output = self._forward(inputs, out=inputs if self.inplace else self._output)
        return self.output

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Return the gradient with respect to the inputs of the last ``forward``."""
        in_place = self.inplace and self._shape is not None
        return self._backward(dvalues, out=dvalues if in_place else self._result("_dinputs"))

    def _forward(self, inputs: np.ndarray, out: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _backward(self, dvalues: np.ndarray, out: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _allocate(self, shape: tuple[int, ...], dtype) -> dict[str, Any]:
        if self.inplace:
            return {}
        return {"_output": zeros(shape, dtype), "_dinputs": zeros(shape, dtype)}


class Identity(Activation):
    """The identity: ``f(z) = z``, ``f'(z) = 1``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.activations import Identity
    >>> Identity().forward(np.array([[-1.0, 2.0]]))
    array([[-1.,  2.]])
    """

    def _forward(self, inputs, out):
        return inputs

    def _backward(self, dvalues, out):
        return dvalues


class Exponential(Activation):
    """The exponential function: ``f(z) = f'(z) = exp(z)``, which undoes a logarithmic link.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.activations import Exponential
    >>> Exponential().forward(np.array([[0.0, np.log(2)]]))
    array([[1., 2.]])
    """

    def _forward(self, inputs, out):
        return np.exp(inputs, out=out)

    def _backward(self, dvalues, out):
        return np.multiply(dvalues, self.output, out=out)


class ReLU(Activation):
    """The rectified linear unit: ``f(z) = max(0, z)``, ``f'(z) = 1 if z > 0 else 0``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.activations import ReLU
    >>> relu = ReLU()
    >>> relu.forward(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    >>> relu.backward(np.array([[5.0, 5.0]]))
    array([[0., 5.]])
    """

    def _allocate(self, shape, dtype):
        return {
            **super()._allocate(shape, dtype),
            "_zeros": zeros(shape[-2:], dtype),
            "_positive": zeros(shape, bool),
        }

    def _forward(self, inputs, out):
        # max(0, inputs). Of two arrays, NumPy takes it by vector instructions, four times as fast
        # as with the scalar 0.
        return np.maximum(inputs, self._zeros, out=out)

    def _backward(self, dvalues, out):
        np.greater(self.output, self._zeros, out=self._positive)
        return np.multiply(dvalues, self._positive, out=out)


class LeakyReLU(Activation):
    """The leaky rectified linear unit: ``f(z) = max(0.01 z, z)``, ``f'(z) = 1 if z > 0 else 0.01``.

    A unit whose input is negative still learns [1]_.

    References
    ----------
    .. [1] A. Maas, A. Hannun and A. Ng, "Rectifier nonlinearities improve neural network acoustic
       models", ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.activations import LeakyReLU
    >>> LeakyReLU().forward(np.array([[-1.0, 2.0]]))
    array([[-0.01,  2.  ]])
    """

    negative_slope = 0.01

    def _allocate(self, shape, dtype):
        return {
            **super()._allocate(shape, dtype),
            "_scratch": zeros(shape, dtype),
            "_positive": zeros(shape, bool),
        }

    def _forward(self, inputs, out):
        np.multiply(inputs, self.negative_slope, out=self._scratch)
        return np.maximum(inputs, self._scratch, out=out)

    def _backward(self, dvalues, out):
        np.greater(self.output, 0, out=self._positive)
        slope = np.multiply(self._positive, 1 - self.negative_slope, out=self._scratch)
        np.add(slope, self.negative_slope, out=slope)
        return np.multiply(dvalues, slope, out=out)


class ELU(Activation):
    """The exponential linear unit: ``f(z) = z if z > 0 else exp(z) - 1``, ``f' = min(f, 0) + 1``.

    Its mean output is nearer to 0 than ReLU's [1]_.

    References
    ----------
    .. [1] D. Clevert, T. Unterthiner and S. Hochreiter, "Fast and accurate deep network learning by
       exponential linear units", ICLR 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.activations import ELU
    >>> ELU().forward(np.array([[-1000.0, 2.0]]))
    array([[-1.,  2.]])
    """

    def _allocate(self, shape, dtype):
        return {
            **super()._allocate(shape, dtype),
            "_zeros": zeros(shape[-2:], dtype),
            "_negative": zeros(shape, dtype),
        }

    def _forward(self, inputs, out):
        # exp(min(z, 0)) - 1 + max(z, 0): one of the two terms is 0, and nothing overflows.
        negative = np.minimum(inputs, self._zeros, out=self._negative)
        np.expm1(negative, out=negative)
        np.maximum(inputs, self._zeros, out=out)
        return np.add(out, negative, out=out)

    def _backward(self, dvalues, out):
        slope = np.minimum(self.output, self._zeros, out=self._negative)
        np.add(slope, 1.0, out=slope)
        return np.multiply(dvalues, slope, out=out)


class Sigmoid(Activation):
    """The logistic sigmoid: ``f(z) = 1 / (1 + exp(-z))``, ``f' = f (1 - f)``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.activations import Sigmoid
    >>> Sigmoid().forward(np.array([[-1000.0, 0.0, 1000.0]]))
    array([[0. , 0.5, 1. ]])
    """

    def _allocate(self, shape, dtype):
        return {**super()._allocate(shape, dtype), "_slope": zeros(shape, dtype)}

    def _forward(self, inputs, out):
        np.negative(inputs, out=out)
        # exp overflows to infinity for very negative inputs, and 1 / infinity is the right 0.
        with np.errstate(over="ignore"):
            np.exp(out, out=out)
        np.add(out, 1.0, out=out)
        return np.reciprocal(out, out=out)

    def _backward(self, dvalues, out):
        slope = np.subtract(1.0, self.output, out=self._slope)
        np.multiply(slope, self.output, out=slope)
        return np.multiply(dvalues, slope, out=out)


class SiLU(Activation):
    """The sigmoid linear unit: ``f(z) = z s(z)``, ``f' = s + f (1 - s)``, ``s`` the sigmoid.

    Also known as swish [1]_.

    References
    ----------
    .. [1] S. Elfwing, E. Uchibe and K. Doya, "Sigmoid-weighted linear units for neural network
       function approximation in reinforcement learning", Neural Networks 107, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.activations import SiLU
    >>> SiLU().forward(np.array([[-1000.0, 0.0, 2.0]])).round(4) + 0.0
    array([[0.    , 0.    , 1.7616]])
    """

    def _allocate(self, shape, dtype):
        return {
            **super()._allocate(shape, dtype),
            "_sigmoid": reusing(Sigmoid()),
            "_slope": zeros(shape, dtype),
        }

    def _forward(self, inputs, out):
        return np.multiply(inputs, self._sigmoid.forward(inputs), out=out)

    def _backward(self, dvalues, out):
        sigmoid = self._sigmoid.output
        slope = np.subtract(1.0, sigmoid, out=self._slope)
        np.multiply(slope, self.output, out=slope)
        np.add(slope, sigmoid, out=slope)
        return np.multiply(dvalues, slope, out=out)


class Tanh(Activation):
    """The hyperbolic tangent: ``f(z) = tanh(z)``, ``f' = 1 - f**2``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.activations import Tanh
    >>> Tanh().forward(np.array([[0.0, 1000.0]]))
    array([[0., 1.]])
    """

    def _allocate(self, shape, dtype):
        return {**super()._allocate(shape, dtype), "_slope": zeros(shape, dtype)}

    def _forward(self, inputs, out):
        return np.tanh(inputs, out=out)

    def _backward(self, dvalues, out):
        slope = np.multiply(self.output, self.output, out=self._slope)
        np.subtract(1.0, slope, out=slope)
        return np.multiply(dvalues, slope, out=out)


class Softmax(Activation):
    """The softmax: ``f(z)_i = exp(z_i) / sum_j exp(z_j)`` over the last axis.

    The greatest ``z`` of each sample is subtracted first: that changes no quotient, and keeps
    ``exp`` from overflowing.

    Attributes
    ----------
    shifted : ndarray of shape (..., n_samples, n_units)
        The last inputs, minus the greatest of each sample.

    total : ndarray of shape (..., n_samples, 1)
        ``sum_j exp(shifted_j)``: the log probabilities are ``shifted - log(total)``, exact where a
        probability itself would underflow to 0.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.activations import Softmax
    >>> Softmax().forward(np.array([[1000.0, 1000.0, -1000.0]]))
    array([[0.5, 0.5, 0. ]])
    """

    def _allocate(self, shape, dtype):
        return {
            **super()._allocate(shape, dtype),
            "shifted": zeros(shape, dtype),
            "total": zeros((*shape[:-1], 1), dtype),
        }

    def _forward(self, inputs, out):
        maximum = np.maximum.reduce(inputs, axis=-1, keepdims=True, out=self.total)
        np.subtract(inputs, maximum, out=self.shifted)
        np.exp(self.shifted, out=out)
        np.add.reduce(out, axis=-1, keepdims=True, out=self.total)
        return np.divide(out, self.total, out=out)

    def _backward(self, dvalues, out):
        # The Jacobian of one sample is diag(f) - f f', so its product with d is
        # f * (d - sum_j d_j f_j): no matrix per sample is needed.
        products = np.multiply(dvalues, self.output, out=self.shifted)
        np.add.reduce(products, axis=-1, keepdims=True, out=self.total)
        np.subtract(dvalues, self.total, out=out)
        return np.multiply(out, self.output, out=out)
