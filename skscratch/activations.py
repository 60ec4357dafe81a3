"""Activations: what a neuron does with its weighted sum.

Every activation has ``forward(inputs)``, which returns its outputs, and ``backward(dvalues)``,
which takes the gradient with respect to those outputs and returns the gradient with respect to
the inputs of the last ``forward``. Samples are axis -2 and units axis -1; any axes before them
count networks that are trained side by side.

The arrays that are returned belong to the activation, which fills them again at its next call:
copy what is to be kept.
"""

import numpy as np

from skscratch._arrays import Buffers, as_floating

__all__ = ["Identity", "ReLU", "Sigmoid", "Softmax", "Tanh"]


class Activation:
    """What activations have in common: reused arrays and a short representation."""

    def __init__(self) -> None:
        self._buffers = Buffers()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return the activation's outputs.

        Parameters
        ----------
        inputs : ndarray of shape (..., n_samples, n_units)
            The weighted sums of the layer below.

        Returns
        -------
        output : ndarray of shape (..., n_samples, n_units)
            Overwritten by the next call.
        """
        raise NotImplementedError

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Return the gradient with respect to the inputs of the last ``forward``.

        Parameters
        ----------
        dvalues : ndarray of shape (..., n_samples, n_units)
            The gradient with respect to the outputs.

        Returns
        -------
        dinputs : ndarray of shape (..., n_samples, n_units)
            Overwritten by the next call.
        """
        raise NotImplementedError


class Identity(Activation):
    """The identity: ``f(z) = z``, ``f'(z) = 1``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.activations import Identity
    >>> Identity().forward(np.array([[-1.0, 2.0]]))
    array([[-1.,  2.]])
    """

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return ``inputs``."""
        return as_floating(inputs)

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Return ``dvalues``."""
        return dvalues


class ReLU(Activation):
    """The rectified linear unit: ``f(z) = max(0, z)``, ``f'(z) = 1 if z > 0 else 0``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.activations import ReLU
    >>> relu = ReLU()
    >>> relu.forward(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    >>> relu.backward(np.array([[5.0, 5.0]]))
    array([[0., 5.]])
    """

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return ``max(0, inputs)``."""
        inputs = as_floating(inputs)
        # A scalar 0 says the same, but NumPy has vector instructions for two arrays only:
        # four times faster.
        self._zeros = self._buffers["zeros", inputs.shape, inputs.dtype]
        self.output = self._buffers["output", inputs.shape, inputs.dtype]
        return np.maximum(inputs, self._zeros, out=self.output)

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Return ``dvalues`` where the input was positive and 0 elsewhere."""
        dvalues = as_floating(dvalues)
        positive = self._buffers["positive", dvalues.shape, bool]
        np.greater(self.output, self._zeros, out=positive)
        dinputs = self._buffers["dinputs", dvalues.shape, dvalues.dtype]
        return np.multiply(dvalues, positive, out=dinputs)


class Sigmoid(Activation):
    """The logistic sigmoid: ``f(z) = 1 / (1 + exp(-z))``, ``f' = f (1 - f)``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.activations import Sigmoid
    >>> Sigmoid().forward(np.array([[-1000.0, 0.0, 1000.0]]))
    array([[0. , 0.5, 1. ]])
    """

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return ``1 / (1 + exp(-inputs))``."""
        inputs = as_floating(inputs)
        self.output = output = self._buffers["output", inputs.shape, inputs.dtype]
        np.negative(inputs, out=output)
        # exp overflows to infinity for very negative inputs, and 1 / infinity is the right 0.
        with np.errstate(over="ignore"):
            np.exp(output, out=output)
        np.add(output, 1.0, out=output)
        return np.reciprocal(output, out=output)

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Return ``dvalues * f * (1 - f)``."""
        dvalues = as_floating(dvalues)
        dinputs = self._buffers["dinputs", dvalues.shape, dvalues.dtype]
        np.subtract(1.0, self.output, out=dinputs)
        np.multiply(dinputs, self.output, out=dinputs)
        return np.multiply(dinputs, dvalues, out=dinputs)


class Tanh(Activation):
    """The hyperbolic tangent: ``f(z) = tanh(z)``, ``f' = 1 - f**2``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.activations import Tanh
    >>> Tanh().forward(np.array([[0.0, 1000.0]]))
    array([[0., 1.]])
    """

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return ``tanh(inputs)``."""
        inputs = as_floating(inputs)
        self.output = self._buffers["output", inputs.shape, inputs.dtype]
        return np.tanh(inputs, out=self.output)

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Return ``dvalues * (1 - f**2)``."""
        dvalues = as_floating(dvalues)
        dinputs = self._buffers["dinputs", dvalues.shape, dvalues.dtype]
        np.multiply(self.output, self.output, out=dinputs)
        np.subtract(1.0, dinputs, out=dinputs)
        return np.multiply(dinputs, dvalues, out=dinputs)


class Softmax(Activation):
    """The softmax: ``f(z)_i = exp(z_i) / sum_j exp(z_j)`` over the last axis.

    The greatest ``z`` of each sample is subtracted first, which changes nothing in the quotient
    and keeps ``exp`` from overflowing.

    Attributes
    ----------
    log_normalizer : ndarray of shape (..., n_samples, 1)
        ``log sum_j exp(z_j)`` of the last ``forward``: ``z - log_normalizer`` are the log
        probabilities, exact where a probability itself would underflow to 0.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.activations import Softmax
    >>> Softmax().forward(np.array([[1000.0, 1000.0, -1000.0]]))
    array([[0.5, 0.5, 0. ]])
    """

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return the softmax of each sample."""
        inputs = as_floating(inputs)
        self.output = output = self._buffers["output", inputs.shape, inputs.dtype]
        column = (*inputs.shape[:-1], 1)
        maximum = self._buffers["maximum", column, inputs.dtype]
        total = self._buffers["total", column, inputs.dtype]

        np.maximum.reduce(inputs, axis=-1, keepdims=True, out=maximum)
        np.subtract(inputs, maximum, out=output)
        np.exp(output, out=output)
        np.add.reduce(output, axis=-1, keepdims=True, out=total)
        np.divide(output, total, out=output)

        self.log_normalizer = np.add(np.log(total, out=total), maximum, out=total)
        return output

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Return ``dvalues`` times each sample's Jacobian.

        The Jacobian of one sample is ``diag(f) - f f'``, so its product with ``d`` is
        ``f * (d - sum_j d_j f_j)``; no matrix per sample is needed.
        """
        dvalues = as_floating(dvalues)
        dinputs = self._buffers["dinputs", dvalues.shape, dvalues.dtype]
        np.multiply(dvalues, self.output, out=dinputs)
        np.subtract(dvalues, np.add.reduce(dinputs, axis=-1, keepdims=True), out=dinputs)
        return np.multiply(dinputs, self.output, out=dinputs)
