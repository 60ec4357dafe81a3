"""Layers: dense and dropout.

Every layer has ``forward(inputs, training=True)``, which returns the outputs, and
``backward(dvalues)``, which takes the gradient of the loss with respect to the outputs and returns
the gradient with respect to the inputs of the last ``forward``. Inputs are of shape
(n_samples, n_inputs). Only dropout distinguishes between training and prediction.
"""

from typing import Any

import numpy as np

from skscratch.nn.base import Configurable, as_floating
from skscratch.nn.initializers import Initializer, RandomState, generator_of, scaled_normal
from skscratch.nn.penalties import Penalty

__all__ = ["Dense", "Dropout"]


class Dense:
    """A dense layer: ``output = inputs @ weights + biases``.

    Parameters
    ----------
    n_inputs, n_neurons : int
        Number of features of the inputs, and of neurons.
    weight_regularizer_l1, weight_regularizer_l2 : float, default=0.0
        Strengths of the penalties ``l1 * sum(|w|)`` and ``l2 * sum(w**2)`` on the weights.
    bias_regularizer_l1, bias_regularizer_l2 : float, default=0.0
        The same for the biases.
    initializer : callable, default=scaled_normal
        ``initializer(n_inputs, n_neurons, random_state)`` returns the initial weights and biases,
        see :mod:`skscratch.nn.initializers`.
    random_state : int, RandomState, Generator or None, default=None
        Source of the initializer's random numbers. An int is the seed of a new
        :func:`numpy.random.default_rng`. If None, the operating system seeds it.
    dtype : dtype, default=numpy.float64
        Dtype of weights, biases, outputs and gradients.

    Attributes
    ----------
    weights, biases : ndarray of shape (n_inputs, n_neurons) and (1, n_neurons)
        An assignment copies the values into the existing array. In a
        :class:`~skscratch.nn.network.Network`, the array is a view of the network's parameters.
    dweights, dbiases : ndarray
        Gradients with respect to ``weights`` and ``biases``, penalties included. The arrays are
        overwritten by each ``backward``.
    weight_penalty, bias_penalty : Penalty
        The penalties.
    inputs, output : ndarray
        The inputs and the outputs of the last ``forward``.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import Dense
    >>> dense = Dense(3, 1)
    >>> dense.weights = np.array([[-3.0], [-1.0], [2.0]])
    >>> dense.biases = np.array([[1.0]])
    >>> dense.forward(np.array([[1.0, -2.0, 3.0]]))
    array([[6.]])
    >>> dense.backward(np.array([[12.0]]))
    array([[-36., -12.,  24.]])
    >>> dense.dweights.ravel(), dense.dbiases
    (array([ 12., -24.,  36.]), array([[12.]]))
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        weight_regularizer_l1: float = 0.0,
        weight_regularizer_l2: float = 0.0,
        bias_regularizer_l1: float = 0.0,
        bias_regularizer_l2: float = 0.0,
        *,
        initializer: Initializer = scaled_normal,
        random_state: RandomState = None,
        dtype=np.float64,
    ) -> None:
        weights, biases = initializer(n_inputs, n_neurons, generator_of(random_state))
        self._weights = np.asarray(weights, dtype)
        self._biases = np.asarray(biases, dtype)
        self.dweights, self.dbiases = np.zeros_like(self._weights), np.zeros_like(self._biases)
        self.weight_penalty = Penalty(weight_regularizer_l1, weight_regularizer_l2)
        self.bias_penalty = Penalty(bias_regularizer_l1, bias_regularizer_l2)

    weight_regularizer_l1 = property(lambda self: self.weight_penalty.l1)
    weight_regularizer_l2 = property(lambda self: self.weight_penalty.l2)
    bias_regularizer_l1 = property(lambda self: self.bias_penalty.l1)
    bias_regularizer_l2 = property(lambda self: self.bias_penalty.l2)

    def forward(self, inputs: np.ndarray, training: bool = True) -> np.ndarray:
        """Return ``inputs @ weights + biases``; the inputs may be a sparse matrix."""
        self.inputs = self._check(inputs)
        self.output = self.inputs @ self.weights
        self.output += self.biases
        return self.output

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Set ``dweights`` and ``dbiases``; return ``dvalues @ weights.T``."""
        self.backward_parameters(dvalues)
        return dvalues @ self.weights.T

    def backward_parameters(self, dvalues: np.ndarray) -> None:
        """Set ``dweights`` and ``dbiases``, the first half of :meth:`backward`."""
        self.dweights[:] = self.inputs.T @ dvalues
        self.dbiases[:] = dvalues.sum(axis=0)
        if self.weight_penalty:
            self.dweights += self.weight_penalty.gradient(self.weights)
        if self.bias_penalty:
            self.dbiases += self.bias_penalty.gradient(self.biases)

    def regularization_loss(self) -> float:
        """Return the sum of the penalties on weights and biases."""
        return self.weight_penalty.loss(self.weights) + self.bias_penalty.loss(self.biases)

    # An assignment fills the array, which may be a view of a network's parameters.
    weights = property(lambda self: self._weights, lambda self, new: _fill(self._weights, new))
    biases = property(lambda self: self._biases, lambda self, new: _fill(self._biases, new))

    def _move(self, weights, biases, dweights, dbiases) -> None:
        """Move the parameters and the gradients to arrays of a network."""
        weights[:], biases[:] = self._weights, self._biases
        self._weights, self._biases = weights, biases
        self.dweights, self.dbiases = dweights, dbiases

    def __repr__(self) -> str:
        n_inputs, n_neurons = self.weights.shape
        return f"{type(self).__name__}({n_inputs}, {n_neurons})"

    def _check(self, inputs):
        """Return the inputs in the dtype of the weights; raise an error for another shape."""
        if hasattr(inputs, "tocsr"):
            inputs = inputs.astype(self.weights.dtype, copy=False)
        else:
            inputs = np.asarray(inputs, self.weights.dtype)
        if inputs.ndim != 2 or inputs.shape[1] != len(self.weights):
            raise ValueError(
                f"{self!r} expected inputs of shape (n_samples, {len(self.weights)}), got shape "
                f"{inputs.shape}."
            )
        return inputs


def _fill(array: np.ndarray, values) -> None:
    if np.shape(values) != array.shape:
        raise ValueError(f"Expected an array of shape {array.shape}, got {np.shape(values)}.")
    array[:] = values


class Dropout(Configurable):
    """Inverted dropout: inputs are kept with probability ``1 - rate`` and divided by it.

    The expected output is equal to the input, so that predictions need no scaling [1]_. For a
    sparse matrix, only stored elements are dropped.

    Parameters
    ----------
    rate : float
        Probability of dropping an input, in [0, 1).
    random_state : int, Generator or None, default=None
        Source of the masks. An int is the seed of a new :func:`numpy.random.default_rng`. If None,
        the operating system seeds it.

    Attributes
    ----------
    mask : ndarray of shape (n_samples, n_inputs)
        Factors of the last ``forward``: 0 or ``1 / (1 - rate)``.

    References
    ----------
    .. [1] N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
       overfitting", JMLR 15, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import Dropout
    >>> dropout = Dropout(0.5, random_state=0)
    >>> dropout.forward(np.ones((1, 6)))
    array([[2., 0., 0., 0., 2., 2.]])
    >>> dropout.backward(np.ones((1, 6)))
    array([[2., 0., 0., 0., 2., 2.]])
    >>> dropout.forward(np.ones((1, 6)), training=False)
    array([[1., 1., 1., 1., 1., 1.]])
    """

    def __init__(self, rate: float, random_state: int | np.random.Generator | None = None) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"rate, the probability of dropping, must be in [0, 1), got {rate}.")
        if isinstance(random_state, np.random.RandomState):
            raise ValueError(
                "Expected an int or a numpy.random.Generator, got a RandomState. Use "
                "numpy.random.default_rng(seed), or pass the seed."
            )
        self.rate = float(rate)
        self.random_state: Any = generator_of(random_state)

    def forward(self, inputs: np.ndarray, training: bool = True) -> np.ndarray:
        """Return the inputs times a random mask, or unchanged if ``training`` is False."""
        if hasattr(inputs, "tocsr"):
            output = inputs.tocsr(copy=True)
            output.data = self.forward(output.data, training)
            return output
        inputs = as_floating(inputs)
        self.mask = np.ones_like(inputs)
        if training:
            uniform = self.random_state.random(inputs.shape, inputs.dtype)
            self.mask = (uniform >= self.rate).astype(inputs.dtype) / (1 - self.rate)
        return inputs * self.mask

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Return ``dvalues`` times the mask of the last ``forward``."""
        return dvalues * self.mask
