"""Layers: dense and dropout.

Every layer has ``forward(inputs)``, which returns its outputs, and ``backward(dvalues)``, which
takes the gradient of the loss with respect to those outputs and returns the gradient with respect
to the inputs of the last ``forward``. Samples are axis -2 and units axis -1; any axes before them
count networks that are trained side by side.
"""

from collections.abc import Hashable, Sequence
from typing import Any, Self

import numpy as np

from skscratch.nn._buffers import Buffered, as_floating, side_by_side, zeros
from skscratch.nn.initializers import Initializer, RandomState, generator_of, scaled_normal
from skscratch.nn.penalties import Penalty

__all__ = ["Dense", "Dropout"]


class Dense(Buffered):
    """A dense layer: ``outputs = inputs @ weights + biases``.

    Inputs are of shape (..., n_samples, n_inputs), also a sparse matrix; outputs are of shape
    (..., n_samples, n_neurons).

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
        see :mod:`skscratch.nn.initializers`.

    random_state : int, numpy.random.Generator or numpy.random.RandomState, default=None
        What the initializer draws from; an int seeds a new generator, ``None`` is one without a
        seed. The same int gives layers of one shape the same weights.

    dtype : dtype, default=numpy.float64
        Of weights, biases, outputs and gradients.

    Attributes
    ----------
    weights : ndarray of shape (..., n_inputs, n_neurons)
        May be assigned. In a :class:`~skscratch.nn.network.Network`, a view of its parameters.

    biases : ndarray of shape (..., 1, n_neurons)
        May be assigned.

    dweights, dbiases : ndarray
        After ``backward``, the gradients with respect to ``weights`` and ``biases``, those of the
        penalties included.

    Examples
    --------
    One neuron, forward and backward:

    >>> import numpy as np
    >>> from skscratch.nn.layers import Dense
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
        random_state: RandomState = None,
        dtype=np.float64,
    ) -> None:
        weights, biases = initializer(n_inputs, n_neurons, generator_of(random_state))
        self._set_up(
            weights.astype(dtype, copy=False),
            biases.astype(dtype, copy=False),
            Penalty(weight_regularizer_l1, weight_regularizer_l2),
            Penalty(bias_regularizer_l1, bias_regularizer_l2),
        )

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return ``inputs @ weights + biases``."""
        if not self.reuses_buffers or getattr(inputs, "shape", ()) != self._shape:
            inputs = self._checked(inputs)
            self._set_buffers(inputs.shape, self._weights.dtype)
        self.inputs = inputs
        if isinstance(inputs, np.ndarray):
            np.matmul(inputs, self._weights, out=self.output)
        else:
            self.output[...] = inputs @ self._weights
        return np.add(self.output, self._biases, out=self.output)

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Set ``dweights`` and ``dbiases``; return ``dinputs = dvalues @ weights.T``."""
        self.backward_parameters(dvalues)
        self.dinputs = np.matmul(dvalues, self._weights.mT, out=self._result("dinputs"))
        return self.dinputs

    def backward_parameters(self, dvalues: np.ndarray) -> None:
        """Set ``dweights = inputs.T @ dvalues`` and ``dbiases``, the sum of ``dvalues``."""
        self._check_forward()
        inputs, ones = self.inputs, self._ones
        if dvalues.ndim > self._weights.ndim:
            # Leading axes of samples that share one network's weights.
            inputs = inputs.reshape(-1, inputs.shape[-1])
            dvalues = dvalues.reshape(-1, dvalues.shape[-1])
            ones = np.ones((1, len(dvalues)), dvalues.dtype)
        if not self._in_network:
            self.dweights = np.empty_like(self._weights)
            self.dbiases = np.empty_like(self._biases)

        if isinstance(inputs, np.ndarray):
            np.matmul(inputs.mT, dvalues, out=self.dweights)
        else:
            self.dweights[...] = inputs.T @ dvalues
        # dvalues.sum(axis=-2) as a product, which is the fastest way to add up short columns.
        np.matmul(ones, dvalues, out=self.dbiases)
        if self.is_regularized:
            self.weight_penalty.add_gradient(self._weights, self.dweights)
            self.bias_penalty.add_gradient(self._biases, self.dbiases)

    def regularization_loss(self) -> float | np.ndarray:
        """Return the penalties on weights and biases.

        Returns
        -------
        loss : float or ndarray of shape (...)
            One number for each network.
        """
        return self.weight_penalty.loss(self._weights) + self.bias_penalty.loss(self._biases)

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
        layer._set_up(weights, biases, Penalty(*regularizers[:2]), Penalty(*regularizers[2:]))
        return layer

    @property
    def stack_key(self) -> Hashable:
        """What has to be equal in layers that are stacked; penalties may differ."""
        return type(self), self._weights.shape, self._weights.dtype

    @classmethod
    def stack(cls, layers: "Sequence[Dense]") -> Self:
        """Return ``K`` layers of one shape as one layer of ``K`` networks, with copied arrays.

        Parameters
        ----------
        layers : sequence of Dense
            One of each network.

        Returns
        -------
        layer : Dense
            With weights of shape ``(K, n_inputs, n_neurons)``.
        """
        return cls.from_arrays(
            np.stack([layer.weights for layer in layers]),
            np.stack([layer.biases for layer in layers]),
            *Penalty.stack([layer.weight_penalty for layer in layers]),
            *Penalty.stack([layer.bias_penalty for layer in layers]),
        )

    def _set_up(self, weights, biases, weight_penalty, bias_penalty) -> None:
        super().__init__()
        self._weights, self._biases = weights, biases
        self.dweights = self.dbiases = None
        self.weight_penalty, self.bias_penalty = weight_penalty, bias_penalty
        self.is_regularized = bool(weight_penalty) or bool(bias_penalty)
        self._in_network = False

    def __repr__(self) -> str:
        n_inputs, n_neurons = self.weights.shape[-2:]
        return f"{type(self).__name__}({n_inputs}, {n_neurons})"

    # The book's names.
    weight_regularizer_l1 = property(lambda self: self.weight_penalty.l1)
    weight_regularizer_l2 = property(lambda self: self.weight_penalty.l2)
    bias_regularizer_l1 = property(lambda self: self.bias_penalty.l1)
    bias_regularizer_l2 = property(lambda self: self.bias_penalty.l2)

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
            Buffered.__init__(self)
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
        """Move the parameters into a network's arrays, and the gradients with them.

        Parameters
        ----------
        weights, biases : ndarray
            Views of the network's parameters.

        dweights, dbiases : ndarray
            Views of its gradients.
        """
        weights[...], biases[...] = self._weights, self._biases
        self._weights, self._biases = weights, biases
        self.dweights, self.dbiases = dweights, dbiases
        self._in_network = True

    def _checked(self, inputs):
        if not hasattr(inputs, "shape"):
            inputs = as_floating(inputs)
        if inputs.ndim < 2 or inputs.shape[-1] != self._weights.shape[-2]:
            raise ValueError(
                f"{self!r} expected inputs of shape (..., n_samples, {self._weights.shape[-2]}), "
                f"got shape {inputs.shape}."
            )
        return inputs

    def _allocate(self, shape: tuple[int, ...], dtype) -> dict[str, Any]:
        *leading, n_inputs, n_neurons = self._weights.shape
        samples = shape[:-1] if len(shape) >= self._weights.ndim else (*leading, shape[-2])
        return {
            "output": zeros((*samples, n_neurons), dtype),
            "dinputs": zeros((*samples, n_inputs), dtype),
            "_ones": np.ones((1, samples[-1]), dtype),
        }


class Dropout(Buffered):
    """Inverted dropout: each input is kept with probability ``1 - rate`` and divided by it.

    The expected output is the input, so nothing is to be scaled when the network predicts;
    prediction leaves the layer out [1]_. Of a sparse matrix, only stored elements are dropped.

    Parameters
    ----------
    rate : float or ndarray of shape (K, 1, 1)
        The share that is dropped, in [0, 1).

    random_state : int, numpy.random.Generator or a list of K of them, default=None
        What the masks are drawn from: an int seeds a new generator, ``None`` is one without a
        seed. A list has a generator for each of ``K`` networks, which count along the first axis
        of the inputs; each drops what it would drop alone.

    References
    ----------
    .. [1] N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
       overfitting", JMLR 15, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.layers import Dropout
    >>> dropout = Dropout(0.5, random_state=0)
    >>> dropout.forward(np.ones((1, 6)))
    array([[2., 0., 0., 0., 2., 2.]])
    >>> dropout.backward(np.ones((1, 6)))
    array([[2., 0., 0., 0., 2., 2.]])
    """

    def __init__(
        self,
        rate: float | np.ndarray,
        random_state: int | np.random.Generator | list[np.random.Generator] | None = None,
    ) -> None:
        if not np.all((np.asarray(rate) >= 0) & (np.asarray(rate) < 1)):
            raise ValueError(f"rate, the share that is dropped, must be in [0, 1), got {rate}.")
        if not isinstance(random_state, list):
            random_state = generator_of(random_state)
        if isinstance(random_state, np.random.RandomState):
            raise ValueError(
                "Dropout draws its masks from a numpy.random.Generator, got a RandomState: use "
                "numpy.random.default_rng(seed), or give the seed itself."
            )
        super().__init__()
        self.rate, self.random_state = rate, random_state

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return ``inputs`` with a random share of them 0 and the others scaled up."""
        if hasattr(inputs, "tocsr"):
            output = inputs.tocsr(copy=True)
            output.data = self.forward(output.data[np.newaxis])[0].copy()
            return output
        inputs = self._prepare(inputs)
        self._draw()
        rate = np.asarray(self.rate, self._dtype)
        np.greater_equal(self.mask, rate, out=self.mask)
        np.divide(self.mask, 1 - rate, out=self.mask)
        return np.multiply(inputs, self.mask, out=self.output)

    def backward(self, dvalues: np.ndarray) -> np.ndarray:
        """Return ``dvalues`` times the last mask."""
        dinputs = self._result("dinputs")
        return np.multiply(dvalues, self.mask, out=dinputs)

    @property
    def stack_key(self) -> Hashable:
        """What has to be equal in layers that are stacked; rates may differ."""
        return type(self)

    @classmethod
    def stack(cls, layers: "Sequence[Dropout]") -> Self:
        """Return ``K`` layers as one layer of ``K`` networks, each with its own generator.

        Parameters
        ----------
        layers : sequence of Dropout
            One of each network.

        Returns
        -------
        layer : Dropout
            Drops what each of the layers would.
        """
        rate = side_by_side([layer.rate for layer in layers], 2)
        return cls(rate, [layer.random_state for layer in layers])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.rate})"

    def _allocate(self, shape: tuple[int, ...], dtype) -> dict[str, Any]:
        return {name: zeros(shape, dtype) for name in ("mask", "output", "dinputs")}

    def _draw(self) -> None:
        """Fill the mask with uniform numbers in [0, 1), each network's from its own generator."""
        # Generators fill C-contiguous memory only.
        mask = self.mask if self.mask.flags.c_contiguous else self.mask.mT
        if isinstance(self.random_state, list):
            for generator, part in zip(self.random_state, mask, strict=True):
                generator.random(out=part, dtype=self._dtype)
        else:
            self.random_state.random(out=mask, dtype=self._dtype)
