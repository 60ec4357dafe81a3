"""Layers: dense and dropout.

Every layer has ``forward(inputs)``, which returns its outputs, and ``backward(dvalues)``, which
takes the gradient of the loss with respect to those outputs and returns the gradient with respect
to the inputs of the last ``forward``. Samples are axis -2 and units axis -1; any axes before them
count networks that are trained side by side.

The arrays that are returned belong to the layer, which fills them again at its next call: copy
what is to be kept.
"""

from typing import Self

import numpy as np

from skscratch._arrays import Buffers, as_floating
from skscratch.initializers import Initializer, RandomState, scaled_normal

__all__ = ["Dense", "Dropout"]


class Dense:
    """A dense layer: ``outputs = inputs @ weights + biases``.

    Parameters
    ----------
    n_inputs : int
        Number of features of the inputs.

    n_neurons : int
        Number of neurons, each with one weight per input and a bias.

    weight_regularizer_l1, weight_regularizer_l2 : float or ndarray of shape (K, 1, 1), default=0
        Strengths of the penalties ``l1 * sum(|w|)`` and ``l2 * sum(w**2)`` on the weights; an
        array gives each of ``K`` networks its own. They are fixed when the layer is made.

    bias_regularizer_l1, bias_regularizer_l2 : float or ndarray of shape (K, 1, 1), default=0
        The same for the biases.

    initializer : callable, default=scaled_normal
        ``initializer(n_inputs, n_neurons, random_state)`` returns the first weights and biases,
        see :mod:`skscratch.initializers`.

    random_state : numpy.random.Generator or numpy.random.RandomState, default=None
        What the initializer draws from. ``None`` is a new, unseeded generator.

    dtype : dtype, default=numpy.float64
        Of weights, biases, outputs and gradients.

    Attributes
    ----------
    weights : ndarray of shape (..., n_inputs, n_neurons)
        May be assigned. In a :class:`~skscratch.network.Network`, a view of its parameters.

    biases : ndarray of shape (..., 1, n_neurons)
        May be assigned.

    dweights, dbiases : ndarray
        After ``backward``, the gradients with respect to ``weights`` and ``biases``, those of the
        penalties included.

    Examples
    --------
    One neuron, forward and backward:

    >>> import numpy as np
    >>> from skscratch.layers import Dense
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
        weight_regularizer_l1: float | np.ndarray = 0,
        weight_regularizer_l2: float | np.ndarray = 0,
        bias_regularizer_l1: float | np.ndarray = 0,
        bias_regularizer_l2: float | np.ndarray = 0,
        *,
        initializer: Initializer = scaled_normal,
        random_state: RandomState | None = None,
        dtype=np.float64,
    ) -> None:
        if random_state is None:
            random_state = np.random.default_rng()
        weights, biases = initializer(n_inputs, n_neurons, random_state)
        self._set_up(
            weights.astype(dtype, copy=False),
            biases.astype(dtype, copy=False),
            weight_regularizer_l1,
            weight_regularizer_l2,
            bias_regularizer_l1,
            bias_regularizer_l2,
        )

    @classmethod
    def from_arrays(cls, weights: np.ndarray, biases: np.ndarray, *regularizers) -> Self:
        """Return a layer over existing arrays, which it does not copy.

        Parameters
        ----------
        weights : ndarray of shape (..., n_inputs, n_neurons)
            The weights.

        biases : ndarray of shape (..., 1, n_neurons)
            The biases.

        *regularizers : float or ndarray
            The four strengths, in the constructor's order.

        Returns
        -------
        layer : Dense
            The layer.
        """
        layer = cls.__new__(cls)
        layer._set_up(weights, biases, *regularizers)
        return layer

    def _set_up(
        self,
        weights,
        biases,
        weight_regularizer_l1=0,
        weight_regularizer_l2=0,
        bias_regularizer_l1=0,
        bias_regularizer_l2=0,
    ) -> None:
        self._weights, self._biases = weights, biases
        self.dweights = self.dbiases = None
        self.weight_regularizer_l1 = weight_regularizer_l1
        self.weight_regularizer_l2 = weight_regularizer_l2
        self.bias_regularizer_l1 = bias_regularizer_l1
        self.bias_regularizer_l2 = bias_regularizer_l2
        self.is_regularized = any(
            isinstance(strength, np.ndarray) or strength != 0
            for strength in (
                weight_regularizer_l1,
                weight_regularizer_l2,
                bias_regularizer_l1,
                bias_regularizer_l2,
            )
        )
        self._in_network = False
        self._buffers = Buffers()

    def __repr__(self) -> str:
        n_inputs, n_neurons = self.weights.shape[-2:]
        return f"Dense({n_inputs}, {n_neurons})"

    @property
    def weights(self) -> np.ndarray:
        """The weights, of shape (..., n_inputs, n_neurons)."""
        return self._weights

    @weights.setter
    def weights(self, values) -> None:
        self._weights = self._assigned(self._weights, values)

    @property
    def biases(self) -> np.ndarray:
        """The biases, of shape (..., 1, n_neurons)."""
        return self._biases

    @biases.setter
    def biases(self, values) -> None:
        self._biases = self._assigned(self._biases, values)

    def _assigned(self, current: np.ndarray, values) -> np.ndarray:
        if not self._in_network:
            self.dweights = self.dbiases = None
            return as_floating(values)
        # A network's layers are views of its one vector: fill them, never replace them.
        if np.shape(values) != current.shape:
            raise ValueError(
                f"This layer belongs to a network: expected an array of shape {current.shape}, "
                f"got {np.shape(values)}."
            )
        current[...] = values
        return current

    def join(self, weights, biases, dweights, dbiases) -> None:
        """Move the parameters into a network's arrays, and the gradients with them."""
        weights[...], biases[...] = self._weights, self._biases
        self._weights, self._biases = weights, biases
        self.dweights, self.dbiases = dweights, dbiases
        self._in_network = True

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return ``inputs @ weights + biases``.

        Parameters
        ----------
        inputs : ndarray or sparse matrix of shape (..., n_samples, n_inputs)
            A sparse matrix is multiplied as such, by one network.

        Returns
        -------
        output : ndarray of shape (..., n_samples, n_neurons)
            Overwritten by the next call.
        """
        if not hasattr(inputs, "shape"):
            inputs = as_floating(inputs)
        if inputs.ndim < 2 or inputs.shape[-1] != self._weights.shape[-2]:
            raise ValueError(
                f"{self!r} expected inputs of shape (..., n_samples, {self._weights.shape[-2]}), "
                f"got shape {inputs.shape}."
            )
        self.inputs = inputs
        weights = self._weights
        leading = inputs.shape[:-2] if inputs.ndim >= weights.ndim else weights.shape[:-2]
        shape = (*leading, inputs.shape[-2], weights.shape[-1])
        output = self._buffers["output", shape, weights.dtype]
        if isinstance(inputs, np.ndarray):
            np.matmul(inputs, weights, out=output)
        else:
            output[...] = inputs @ weights
        return np.add(output, self._biases, out=output)

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Fill ``dweights`` and ``dbiases`` and return the gradient with respect to the inputs.

        ``dweights = inputs.T @ dvalues``, ``dbiases = sum over samples of dvalues``,
        ``dinputs = dvalues @ weights.T``, and what the penalties add.

        Parameters
        ----------
        dvalues : ndarray of shape (..., n_samples, n_neurons)
            The gradient of the loss with respect to the outputs.

        Returns
        -------
        dinputs : ndarray of shape (..., n_samples, n_inputs)
            Overwritten by the next call.
        """
        dvalues = as_floating(dvalues)
        self.backward_parameters(dvalues)
        shape = (*dvalues.shape[:-1], self._weights.shape[-2])
        dinputs = self._buffers["dinputs", shape, dvalues.dtype]
        return np.matmul(dvalues, self._weights.mT, out=dinputs)

    def backward_parameters(self, dvalues: np.ndarray) -> None:
        """Fill ``dweights`` and ``dbiases``: all that a network's first layer has to do.

        Parameters
        ----------
        dvalues : ndarray of shape (..., n_samples, n_neurons)
            The gradient of the loss with respect to the outputs.
        """
        dvalues = as_floating(dvalues)
        if self.dweights is None:
            self.dweights = np.empty_like(self._weights)
            self.dbiases = np.empty_like(self._biases)
        inputs = self.inputs
        if dvalues.ndim > self._weights.ndim:
            # Leading axes of samples that share one network's weights.
            inputs = inputs.reshape(-1, inputs.shape[-1])
            dvalues = dvalues.reshape(-1, dvalues.shape[-1])

        if isinstance(inputs, np.ndarray):
            np.matmul(inputs.mT, dvalues, out=self.dweights)
        else:
            self.dweights[...] = inputs.T @ dvalues
        # dvalues.sum(axis=-2) as a product: the fastest way to add up short columns.
        ones = self._ones(dvalues.shape[-2], dvalues.dtype)
        np.matmul(ones, dvalues, out=self.dbiases)

        if self.is_regularized:
            for values, gradients, l1, l2 in self._penalized():
                gradients += l1 * np.sign(values) + 2 * l2 * values

    def _ones(self, n_samples: int, dtype) -> np.ndarray:
        ones = self._buffers["ones", (1, n_samples), dtype]
        if ones[0, 0] == 0:
            ones.fill(1)
        return ones

    def regularization_loss(self) -> float | np.ndarray:
        """Return the penalties: ``l1 * sum(|w|) + l2 * sum(w**2)`` of weights and biases.

        Returns
        -------
        loss : float or ndarray of shape (...)
            One number for each network.
        """
        return sum(
            np.sum(l1 * np.abs(values) + l2 * values**2, axis=(-2, -1))
            for values, _, l1, l2 in self._penalized()
        )

    def _penalized(self):
        """Each array of parameters, its gradient and its two strengths in its dtype."""
        for values, gradients, l1, l2 in (
            (
                self._weights,
                self.dweights,
                self.weight_regularizer_l1,
                self.weight_regularizer_l2,
            ),
            (self._biases, self.dbiases, self.bias_regularizer_l1, self.bias_regularizer_l2),
        ):
            yield values, gradients, np.asarray(l1, values.dtype), np.asarray(l2, values.dtype)


class Dropout:
    """Inverted dropout: each input is kept with probability ``1 - rate`` and divided by it.

    The expected output is the input, so nothing is to be scaled when the network predicts;
    prediction leaves the layer out. [1]_

    Parameters
    ----------
    rate : float or ndarray of shape (K, 1, 1)
        The share that is dropped, in [0, 1).

    random_state : numpy.random.Generator or a list of K of them, default=None
        What the masks are drawn from: one generator, or one for each of ``K`` networks, which then
        drop what each would drop alone. ``None`` is a new, unseeded generator.

    References
    ----------
    .. [1] N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
       overfitting", JMLR 15, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.layers import Dropout
    >>> dropout = Dropout(0.5, random_state=np.random.default_rng(0))
    >>> dropout.forward(np.ones((1, 6)))
    array([[2., 0., 0., 0., 2., 2.]])
    >>> dropout.backward(np.ones((1, 6)))
    array([[2., 0., 0., 0., 2., 2.]])
    """

    def __init__(
        self,
        rate: float | np.ndarray,
        random_state: np.random.Generator | list[np.random.Generator] | None = None,
    ) -> None:
        if not np.all((np.asarray(rate) >= 0) & (np.asarray(rate) < 1)):
            raise ValueError(f"rate, the share that is dropped, must be in [0, 1), got {rate}.")
        self.rate = rate
        self.random_state = np.random.default_rng() if random_state is None else random_state
        self._buffers = Buffers()

    def __repr__(self) -> str:
        return f"Dropout({self.rate})"

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return ``inputs`` with a random share of them 0 and the others scaled up.

        Parameters
        ----------
        inputs : ndarray of shape (..., n_samples, n_units)
            With a list of generators, its first axis counts the networks.

        Returns
        -------
        output : ndarray of shape (..., n_samples, n_units)
            Overwritten by the next call.
        """
        inputs = as_floating(inputs)
        kept = self._draw(inputs.shape, inputs.dtype)
        rate = np.asarray(self.rate, inputs.dtype)
        np.greater_equal(kept, rate, out=kept)
        self.mask = np.divide(kept, 1 - rate, out=kept)
        output = self._buffers["output", inputs.shape, inputs.dtype]
        return np.multiply(inputs, self.mask, out=output)

    def _draw(self, shape: tuple[int, ...], dtype) -> np.ndarray:
        """Uniform numbers in [0, 1), each network's from its own generator."""
        uniform = self._buffers["uniform", shape, dtype]
        # Generators fill C-contiguous memory only.
        contiguous = uniform if uniform.flags.c_contiguous else uniform.mT
        if isinstance(self.random_state, list):
            for generator, part in zip(self.random_state, contiguous, strict=True):
                generator.random(out=part, dtype=dtype)
        else:
            self.random_state.random(out=contiguous, dtype=dtype)
        return uniform

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Return ``dvalues`` times the last mask.

        Parameters
        ----------
        dvalues : ndarray of shape (..., n_samples, n_units)
            The gradient with respect to the outputs.

        Returns
        -------
        dinputs : ndarray of shape (..., n_samples, n_units)
            Overwritten by the next call.
        """
        dvalues = as_floating(dvalues)
        dinputs = self._buffers["dinputs", dvalues.shape, dvalues.dtype]
        return np.multiply(dvalues, self.mask, out=dinputs)
