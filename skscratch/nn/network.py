"""Networks: layers in order and a loss, over one vector of parameters."""

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np

from skscratch.nn.activations import Activation
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.losses import LogitsLoss
from skscratch.nn.penalties import Penalty

__all__ = ["Network"]


class Network:
    """Layers in order and a loss, over one vector of parameters.

    All weights and biases are stored in one vector, all gradients in another, and the arrays of the
    dense layers are views of them. An optimizer updates the whole network in a few lines, and a
    checkpoint is one array.

    Parameters
    ----------
    layers : sequence of Dense, Activation and Dropout
        The layers in order. The last one is dense: its outputs are logits. The parameters of the
        dense layers are moved to the network's vector.
    loss : LogitsLoss
        A loss that includes the output activation.
    alpha : float, default=0.0
        Strength of the penalty ``alpha / 2 * sum(w**2) / n`` of
        :class:`~sklearn.neural_network.MLPClassifier` on the weights of all layers, without biases.
        ``n`` is the sum of the sample weights of the batch, or its number of samples.

    Attributes
    ----------
    parameters, gradients : ndarray of shape (n_parameters,)
        The weights of all layers, then the biases of all layers, and the gradient with respect to
        them after :meth:`compute_gradients`.
    dense : list of Dense
        The dense layers.
    output : ndarray of shape (n_samples, n_outputs)
        The logits of the last :meth:`forward`.

    Raises
    ------
    ValueError
        If the last layer is not dense.

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

    def __init__(
        self, layers: Sequence[Dense | Activation | Dropout], loss: LogitsLoss, alpha: float = 0.0
    ) -> None:
        self.layers, self.loss, self.alpha = list(layers), loss, alpha
        self.dense = [layer for layer in self.layers if isinstance(layer, Dense)]
        if not self.dense or self.layers[-1] is not self.dense[-1]:
            raise ValueError(
                "A network ends in a Dense layer, whose outputs are the logits. Append one, or "
                "remove the layers after the last one: the loss includes the output activation."
            )
        self.n_weights = sum(layer.weights.size for layer in self.dense)
        n_biases = sum(layer.biases.size for layer in self.dense)
        self.parameters = np.zeros(self.n_weights + n_biases, self.dense[0].weights.dtype)
        self.gradients = np.zeros_like(self.parameters)
        views = *self.unflatten(self.parameters), *self.unflatten(self.gradients)
        for layer, *arrays in zip(self.dense, *views, strict=True):
            layer._move(*arrays)

    def forward(self, inputs: np.ndarray, training: bool = True) -> np.ndarray:
        """Return the logits of a batch, with dropout if ``training``."""
        for layer in self.layers:
            inputs = layer.forward(inputs, training)
        self.output = inputs
        return self.output

    def backward(self, dvalues: np.ndarray) -> None:
        """Set :attr:`gradients`, without ``alpha``, by the gradient with respect to the logits."""
        first = self.layers.index(self.dense[0])
        for layer in reversed(self.layers[first + 1 :]):
            dvalues = layer.backward(dvalues)
        # The gradient with respect to the network's inputs is not needed.
        self.dense[0].backward_parameters(dvalues)

    def compute_gradients(
        self, inputs: np.ndarray, y_true: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> tuple[float, float]:
        """Compute the loss of a batch and set :attr:`gradients`.

        Parameters
        ----------
        inputs : ndarray or sparse matrix of shape (n_samples, n_inputs)
            The batch.
        y_true : ndarray of shape (n_samples, n_outputs) or (n_samples,)
            Rows of targets or class indices.
        sample_weight : ndarray of shape (n_samples,), default=None
            Weights of the samples' losses. If None, all samples have the same weight.

        Returns
        -------
        data_loss, regularization_loss : float
            The mean loss of the samples, and the sum of all penalties.
        """
        logits = self.forward(inputs)
        data_loss, dlogits = self.loss.loss_gradient(logits, y_true, sample_weight)
        self.backward(dlogits)

        regularization_loss = sum(layer.regularization_loss() for layer in self.dense)
        if self.alpha:
            n = len(logits) if sample_weight is None else float(np.sum(sample_weight, dtype=float))
            penalty, weights = Penalty(l2=self.alpha / 2 / n), self.parameters[: self.n_weights]
            regularization_loss += penalty.loss(weights)
            self.gradients[: self.n_weights] += penalty.gradient(weights)
        return float(data_loss), regularization_loss

    def clip_gradients(self, clip_norm: float) -> None:
        r"""Scale the gradients down if their norm is larger than ``clip_norm``.

        .. math:: g \leftarrow g \min(1, c / \lVert g \rVert_2)

        with the norm of the whole vector [1]_.

        Parameters
        ----------
        clip_norm : float
            The largest norm :math:`c`.

        References
        ----------
        .. [1] R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural
           networks", ICML 2013, algorithm 1.
        """
        norm = float(np.linalg.norm(self.gradients))
        if norm > clip_norm:
            self.gradients *= clip_norm / norm

    def unflatten(self, vector: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the weights and the biases of each dense layer, as views of a vector."""
        arrays = [layer.weights for layer in self.dense] + [layer.biases for layer in self.dense]
        views, start = [], 0
        for array in arrays:
            views.append(vector[start : start + array.size].reshape(array.shape))
            start += array.size
        return views[: len(self.dense)], views[len(self.dense) :]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.layers}, {self.loss})"

    def __copy__(self) -> Self:
        # Layers hold views of one network's vector, so two networks cannot share them.
        return copy.deepcopy(self)

    def __reduce__(self):
        # Views are copied as separate arrays; the constructor moves them to the vector of the copy.
        return type(self), (self.layers, self.loss, self.alpha)
