"""The network: layers in order and a loss, over one vector of parameters."""

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np

from skscratch.nn._buffers import side_by_side
from skscratch.nn.layers import Dense
from skscratch.nn.losses import LogitsLoss, mean

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
        into the network's vector.

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
        After :meth:`gradient`, the gradient with respect to ``parameters``.

    dense : list of Dense
        The layers that have parameters.

    Examples
    --------
    A network learns the exclusive or:

    >>> import numpy as np
    >>> from skscratch.nn.activations import Tanh
    >>> from skscratch.nn.layers import Dense
    >>> from skscratch.nn.losses import SigmoidBinaryCrossentropy
    >>> from skscratch.nn.network import Network
    >>> from skscratch.nn.optimizers import Adam
    >>> rng = np.random.RandomState(0)
    >>> network = Network(
    ...     [Dense(2, 8, random_state=rng), Tanh(), Dense(8, 1, random_state=rng)],
    ...     SigmoidBinaryCrossentropy(),
    ... )
    >>> X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> optimizer = Adam(learning_rate=0.05)
    >>> for _ in range(500):
    ...     loss = network.loss_gradient(X, y)
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

        *leading, _, _ = self.dense[0].weights.shape
        weights = [layer.weights.shape[-2:] for layer in self.dense]
        biases = [layer.biases.shape[-2:] for layer in self.dense]
        self._shapes = weights, biases
        n_weights = sum(rows * columns for rows, columns in weights)
        n_parameters = n_weights + sum(rows * columns for rows, columns in biases)
        self.parameters = np.zeros((*leading, n_parameters), self.dense[0].weights.dtype)
        self.gradients = np.zeros_like(self.parameters)
        for layer, *views in zip(
            self.dense,
            *_split(self.parameters, weights, biases),
            *_split(self.gradients, weights, biases),
            strict=True,
        ):
            layer.join(*views)

        self._weights = self.parameters[..., :n_weights]
        self._weight_gradients = self.gradients[..., :n_weights]
        self._penalty = np.empty_like(self._weights)
        self._after_first = self.layers[: self.layers.index(self.dense[0]) : -1]
        self._regularized = [layer for layer in self.dense if layer.is_regularized]

    @classmethod
    def stack(cls, networks: "Sequence[Network]") -> Self:
        """Return networks of one shape as one, to be trained side by side.

        Parameters
        ----------
        networks : sequence of Network
            ``K`` networks with the same layers, of the same dtype.

        Returns
        -------
        network : Network
            With copies of their parameters, of shape ``(K, P)``.
        """
        layers = [
            type(same[0]).stack(same) for same in zip(*(n.layers for n in networks), strict=True)
        ]
        alpha = side_by_side([network.alpha for network in networks])
        return cls(layers, type(networks[0].loss)(), alpha)

    def __repr__(self) -> str:
        return f"Network({self.layers}, {self.loss})"

    def __copy__(self) -> Self:
        # Its layers write to its vector: two networks cannot share them.
        return copy.deepcopy(self)

    def __getstate__(self) -> tuple:
        # A copy of a view is none: the copied layers have to be gathered anew.
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
        for layer in self._after_first:
            dvalues = layer.backward(dvalues)
        # Nothing asks for the gradient with respect to the network's inputs.
        self.dense[0].backward_parameters(dvalues)

    def gradient(
        self,
        inputs: np.ndarray,
        y_true: np.ndarray,
        sample_weight: np.ndarray | None = None,
        terms: np.ndarray | None = None,
    ) -> float | np.ndarray:
        """Fill :attr:`gradients` with those of a batch's loss, penalties included.

        Parameters
        ----------
        inputs : ndarray or sparse matrix of shape (..., n_samples, n_inputs)
            The batch.

        y_true : ndarray of shape (..., n_samples, n_outputs) or (..., n_samples)
            Rows of probabilities or class indices.

        sample_weight : ndarray of shape (..., n_samples), default=None
            Weights of the samples' losses.

        terms : ndarray of shape (2, ..., n_samples), default=None
            Filled with what the samples' losses are made of, see
            :meth:`~skscratch.nn.losses.LogitsLoss.losses`; ``None`` is the loss's own.

        Returns
        -------
        penalty : float or ndarray of shape (K,)
            The penalties' part of the loss, one number for each network.
        """
        self.backward(self.loss.gradient(self.forward(inputs), y_true, sample_weight, terms))
        return self._penalize(self.loss.total_weight)

    def loss_gradient(
        self,
        inputs: np.ndarray,
        y_true: np.ndarray,
        sample_weight: np.ndarray | None = None,
    ) -> float | np.ndarray:
        """Return the loss of a batch, penalties included, and fill :attr:`gradients`.

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
        loss : float or ndarray of shape (K,)
            One number for each network.
        """
        penalty = self.gradient(inputs, y_true, sample_weight)
        return mean(self.loss.losses(self.loss.terms), sample_weight) + penalty

    def split(self, parameters: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return views of a vector like :attr:`parameters`: each layer's weights and biases.

        Parameters
        ----------
        parameters : ndarray of shape (P,)
            Weights of all layers, then biases of all layers.

        Returns
        -------
        weights : list of ndarray of shape (n_inputs, n_neurons)
            One for each dense layer.

        biases : list of ndarray of shape (1, n_neurons)
            One for each dense layer.
        """
        return _split(parameters, *self._shapes)

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

    def _penalize(self, total: float | np.ndarray) -> float | np.ndarray:
        """Add the gradient of alpha's penalty; return all penalties' loss."""
        loss = 0.0
        if isinstance(self.alpha, np.ndarray) or self.alpha != 0:
            strength = np.asarray(self.alpha / total, self._weights.dtype)
            np.multiply(self._weights, strength, out=self._penalty)
            np.add(self._weight_gradients, self._penalty, out=self._weight_gradients)
            loss = 0.5 * np.vecdot(self._weights, self._penalty)
        for layer in self._regularized:
            loss = loss + layer.regularization_loss()
        return loss


def _split(vector: np.ndarray, weights: list[tuple], biases: list[tuple]) -> tuple[list, list]:
    """Return views of a vector in the shapes of the weights and of the biases."""
    views, start = [], 0
    for rows, columns in weights + biases:
        stop = start + rows * columns
        views.append(vector[..., start:stop].reshape(*vector.shape[:-1], rows, columns))
        start = stop
    return views[: len(weights)], views[len(weights) :]
