"""The network: layers in order and a loss, over one vector of parameters."""

import copy
import math
from collections.abc import Hashable, Sequence
from typing import Self

import numpy as np

from skscratch.nn._buffers import Buffered, reusing, side_by_side
from skscratch.nn.layers import Dense
from skscratch.nn.losses import LogitsLoss, mean
from skscratch.nn.penalties import Penalty

__all__ = ["Network"]


class Network:
    """Layers in order and a loss, over one vector of parameters.

    All weights and biases live in one vector, all gradients in another, and each dense layer's
    arrays are views of them. So an optimizer updates the whole network in a few lines, and a
    checkpoint is one array. ``K`` networks of one shape have parameters of shape ``(K, P)``.

    Parameters
    ----------
    layers : sequence of layers
        Dense layers, activations and dropout, in order. The dense layers' parameters are moved
        into the network's vector. Layers and loss reuse their arrays from now on: what they return
        is overwritten by the next call.

    loss : LogitsLoss
        One of the losses that include the output activation: the last layer's outputs are logits.

    alpha : float or ndarray of shape (K, 1), default=0.0
        :class:`~sklearn.neural_network.MLPClassifier`'s penalty ``alpha / 2 * sum(w**2) / n``
        on the weights of all layers, not the biases; ``n`` is the sum of the batch's sample
        weights, its number of samples where there are none.

    Attributes
    ----------
    parameters : ndarray of shape (P,) or (K, P)
        The weights of all layers, then the biases of all layers.

    gradients : ndarray of shape (P,) or (K, P)
        After :meth:`compute_gradients`, the gradient with respect to ``parameters``.

    dense : list of Dense
        The layers that have parameters.

    Examples
    --------
    A network learns the exclusive or:

    >>> import numpy as np
    >>> from skscratch.nn import Adam, Dense, Network, SigmoidBinaryCrossentropy, Tanh
    >>> network = Network(
    ...     [Dense(2, 8, random_state=0), Tanh(), Dense(8, 1, random_state=1)],
    ...     SigmoidBinaryCrossentropy(),
    ... )
    >>> X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> optimizer = Adam(learning_rate=0.05)
    >>> for _ in range(500):
    ...     data_loss, regularization_loss = network.compute_gradients(X, y)
    ...     optimizer.update(network.parameters, network.gradients)
    >>> (network.forward(X).ravel() > 0).astype(int)
    array([0, 1, 1, 0])
    """

    def __init__(self, layers: Sequence, loss: LogitsLoss, alpha: float | np.ndarray = 0.0) -> None:
        self.layers = list(layers)
        self.loss = loss
        self.alpha = alpha
        self.dense = [layer for layer in self.layers if isinstance(layer, Dense)]
        if not self.dense or self.layers[-1] is not self.dense[-1]:
            raise ValueError("A network ends in a Dense layer, whose outputs are the logits.")
        for part in (*self.layers, self.loss):
            if isinstance(part, Buffered):
                reusing(part)

        *leading, _, _ = self.dense[0].weights.shape
        n_weights = sum(math.prod(layer.weights.shape[-2:]) for layer in self.dense)
        n_biases = sum(layer.biases.shape[-1] for layer in self.dense)
        self.parameters = np.zeros((*leading, n_weights + n_biases), self.dense[0].weights.dtype)
        self.gradients = np.zeros_like(self.parameters)
        for layer, *views in zip(
            self.dense,
            *self.unflatten(self.parameters),
            *self.unflatten(self.gradients),
            strict=True,
        ):
            layer.join(*views)

        # What alpha penalizes: the weights of all layers.
        self._weights = self.parameters[..., :n_weights]
        self._weight_gradients = self.gradients[..., :n_weights]
        self._alpha_penalty = Penalty(l2=alpha / 2)
        self._has_alpha = bool(self._alpha_penalty)
        self._alpha_gradients = np.empty_like(self._weights)
        self._regularized = [layer for layer in self.dense if layer.is_regularized]
        self._after_first = self.layers[self.layers.index(self.dense[0]) + 1 :]

    @property
    def stack_key(self) -> Hashable:
        """What has to be equal in networks that are stacked: loss, dtype, each layer's key."""
        layers = tuple(layer.stack_key for layer in self.layers)
        return self.loss.stack_key, self.parameters.dtype, layers

    @classmethod
    def stack(cls, networks: "Sequence[Network]") -> Self:
        """Return networks of one shape as one, to be trained side by side.

        Parameters
        ----------
        networks : sequence of Network
            ``K`` networks with the same :attr:`stack_key`.

        Returns
        -------
        network : Network
            With copies of their parameters, of shape ``(K, P)``.

        Raises
        ------
        ValueError
            If their keys differ.
        """
        first = networks[0]
        for network in networks:
            if network.stack_key != first.stack_key:
                raise ValueError(
                    f"Networks that are stacked must have the same layers, loss and dtype, got "
                    f"{first!r} of {first.parameters.dtype} and {network!r} of "
                    f"{network.parameters.dtype}, with keys {first.stack_key} and "
                    f"{network.stack_key}."
                )
        layers = [
            type(same[0]).stack(same) for same in zip(*(n.layers for n in networks), strict=True)
        ]
        loss = type(first.loss).stack([network.loss for network in networks])
        return cls(layers, loss, side_by_side([network.alpha for network in networks]))

    def __repr__(self) -> str:
        return f"Network({self.layers}, {self.loss})"

    def __copy__(self) -> Self:
        # Its layers write to its vector: two networks cannot share them.
        return copy.deepcopy(self)

    def __getstate__(self) -> tuple:
        # Copied layers would have arrays of their own: the copy collects them in a vector anew.
        return self.layers, self.loss, self.alpha

    def __setstate__(self, state: tuple) -> None:
        self.__init__(*state)

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return the logits of a batch.

        Parameters
        ----------
        inputs : ndarray or sparse matrix of shape (..., n_samples, n_inputs)
            The batch.

        Returns
        -------
        logits : ndarray of shape (..., n_samples, n_outputs)
            Overwritten by the next call.
        """
        for layer in self.layers:
            inputs = layer.forward(inputs)
        return inputs

    def backward(self, dvalues: np.ndarray) -> None:
        """Fill :attr:`gradients` from the gradient with respect to the logits.

        Parameters
        ----------
        dvalues : ndarray of shape (..., n_samples, n_outputs)
            The gradient of the loss with respect to the logits of the last :meth:`forward`.
        """
        for layer in reversed(self._after_first):
            dvalues = layer.backward(dvalues)
        # Nothing asks for the gradient with respect to the network's inputs.
        self.dense[0].backward_parameters(dvalues)

    def compute_gradients(
        self, inputs: np.ndarray, y_true: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> tuple[float | np.ndarray, float | np.ndarray]:
        """Fill :attr:`gradients` with those of a batch's loss, penalties included.

        Parameters
        ----------
        inputs : ndarray or sparse matrix of shape (..., n_samples, n_inputs)
            The batch.

        y_true : ndarray of shape (..., n_samples, n_outputs) or (..., n_samples)
            Rows of probabilities or class indices.

        sample_weight : ndarray of shape (..., n_samples), default=None
            Weights of the samples' losses.

        Returns
        -------
        data_loss : float or ndarray of shape (K,)
            The mean loss of the samples, one number for each network.

        regularization_loss : float or ndarray of shape (K,)
            The penalties, which the loss has beside.
        """
        losses = self.loss.forward(self.forward(inputs), y_true)
        self.backward(self.loss.gradient(sample_weight))
        return mean(losses, sample_weight), self._penalize(self.loss.total_weight)

    def unflatten(self, vector: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return views of a vector like :attr:`parameters`: each layer's weights and biases.

        Parameters
        ----------
        vector : ndarray of shape (..., P)
            Weights of all layers, then biases of all layers.

        Returns
        -------
        weights : list of ndarray of shape (..., n_inputs, n_neurons)
            One for each dense layer.

        biases : list of ndarray of shape (..., 1, n_neurons)
            One for each dense layer.
        """
        arrays = [layer.weights for layer in self.dense] + [layer.biases for layer in self.dense]
        views, start = [], 0
        for rows, columns in (array.shape[-2:] for array in arrays):
            stop = start + rows * columns
            views.append(vector[..., start:stop].reshape(*vector.shape[:-1], rows, columns))
            start = stop
        return views[: len(self.dense)], views[len(self.dense) :]

    def clip_gradients(self, clip_norm: float | np.ndarray) -> None:
        r"""Scale the gradients down if their norm is greater than ``clip_norm``.

        .. math:: g \leftarrow g \min(1, c / \lVert g \rVert_2)

        with the norm of each network's whole vector [1]_.

        Parameters
        ----------
        clip_norm : float or ndarray of shape (K, 1)
            The greatest norm :math:`c` that is let through.

        References
        ----------
        .. [1] R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural
           networks", ICML 2013, algorithm 1.
        """
        clip_norm = np.asarray(clip_norm, self.gradients.dtype)
        norm = np.sqrt(np.vecdot(self.gradients, self.gradients))[..., np.newaxis]
        scale = np.divide(clip_norm, norm, out=np.ones_like(norm), where=norm > clip_norm)
        np.multiply(self.gradients, scale, out=self.gradients)

    def _penalize(self, total_weight: int | np.ndarray) -> float | np.ndarray:
        """Add the gradient of alpha's penalty; return all penalties' loss."""
        loss = 0.0
        if self._has_alpha:
            weights, own = self._weights, self._alpha_gradients
            self._alpha_penalty.add_gradient(weights, self._weight_gradients, own, total_weight)
            # The gradient of alpha / 2 * w**2 is alpha * w.
            loss = np.vecdot(weights, own) / 2
        for layer in self._regularized:
            loss = loss + layer.regularization_loss()
        return loss
