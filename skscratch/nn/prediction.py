"""Prediction: outputs of a fitted network, from its arrays and activations alone."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from skscratch.nn.activations import Activation, Softmax

__all__ = ["FittedNetwork", "softmax"]

# Rows of a chunk: with 4096 rows, arrays exceed the cache and prediction takes twice as long.
CHUNK_SIZE = 512


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax, clipped at the smallest normal number: its logarithm is finite."""
    return np.maximum(Softmax().forward(logits), np.finfo(logits.dtype).tiny)


class FittedNetwork(NamedTuple):
    """Weights, biases and activations of a fitted network.

    Prediction does not change any of them, so that several threads can use the same network.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import ReLU
    >>> from skscratch.nn.prediction import FittedNetwork
    >>> network = FittedNetwork(
    ...     weights=[np.ones((2, 3)), np.ones((3, 1))],
    ...     biases=[np.zeros(3), np.ones(1)],
    ...     activations=[ReLU],
    ... )
    >>> network.forward(np.array([[1.0, 1.0], [-1.0, 0.0]]))
    array([[7.],
           [1.]])
    """

    weights: Sequence[np.ndarray]
    """Weights of each layer, of shape (n_inputs, n_neurons)."""

    biases: Sequence[np.ndarray]
    """Biases of each layer, of shape (n_neurons,)."""

    activations: Sequence[type[Activation]]
    """Class of the activation of each hidden layer."""

    @np.errstate(over="ignore", invalid="ignore")
    def forward(self, X, output: Callable[[np.ndarray], np.ndarray] | None = None) -> np.ndarray:
        """Return the outputs for all rows of ``X``, computed in chunks that fit into the cache.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            The inputs, with at least one row.
        output : callable, default=None
            Function of the logits of a chunk. If None, the logits are returned.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_outputs)
            The outputs. ``output`` may return another shape for each sample.
        """
        starts = range(0, X.shape[0], CHUNK_SIZE)
        chunks = (self._logits(X[start : start + CHUNK_SIZE]) for start in starts)
        outputs = [logits if output is None else output(logits) for logits in chunks]
        return np.concatenate(outputs) if len(outputs) > 1 else outputs[0]

    def _logits(self, X) -> np.ndarray:
        """Return the logits of a chunk."""
        values = X.astype(self.weights[0].dtype, copy=False) @ self.weights[0] + self.biases[0]
        for activation, weights, biases in zip(
            self.activations, self.weights[1:], self.biases[1:], strict=True
        ):
            values = activation().function(values) @ weights + biases
        return values
