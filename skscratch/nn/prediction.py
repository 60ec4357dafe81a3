"""Prediction: a fitted network is its arrays and its activations, and nothing else."""

from collections.abc import Callable, Sequence

import numpy as np

from skscratch.nn._buffers import reusing
from skscratch.nn.activations import Activation
from skscratch.nn.layers import Dense

__all__ = ["FittedNetwork"]

CHUNK_SIZE = 4096


class FittedNetwork:
    """What predicts: weights, biases and activations, fixed when training ended.

    It writes to none of them. Every call makes its own layers over the arrays, so any number of
    threads may predict with one network.

    Parameters
    ----------
    weights : sequence of n_layers ndarray of shape (n_inputs, n_neurons)
        Each layer's weights.

    biases : sequence of n_layers ndarray of shape (n_neurons,)
        Each layer's biases.

    activations : sequence of n_layers - 1 type
        The class of each hidden layer's activation.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import ReLU
    >>> from skscratch.nn.prediction import FittedNetwork
    >>> network = FittedNetwork([np.ones((2, 3)), np.ones((3, 1))], [np.zeros(3), [1.0]], [ReLU])
    >>> network.forward(np.array([[1.0, 1.0], [-1.0, 0.0]]))
    array([[7.],
           [1.]])
    """

    def __init__(
        self,
        weights: Sequence[np.ndarray],
        biases: Sequence[np.ndarray],
        activations: Sequence[type[Activation]],
    ) -> None:
        self.weights, self.biases, self.activations = weights, biases, activations

    @np.errstate(over="ignore", invalid="ignore")
    def forward(self, X, output: Callable[[np.ndarray], np.ndarray] | None = None) -> np.ndarray:
        """Return the outputs for all rows of ``X``.

        The rows pass through the network in chunks whose activations stay in the processor's
        cache: faster than all at once, in a few MB whatever the number of rows.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            The inputs, at least one row of any dtype; each chunk is converted to the network's.

        output : callable, default=None
            Applied to the logits of each chunk; ``None`` returns the logits themselves.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_outputs)
            In the dtype of the weights; in that of the inputs if it is a wider one, and beyond what
            the weights' can hold there is something to tell.
        """
        layers = self._layers()
        dtype, outputs = self.weights[0].dtype, None
        for start in range(0, X.shape[0], CHUNK_SIZE):
            chunk = slice(start, start + CHUNK_SIZE)
            values = X[chunk].astype(dtype, copy=False)
            for layer in layers:
                values = layer.forward(values)
            if dtype.itemsize < min(8, X.dtype.itemsize) and not np.isfinite(values).all():
                # Too large for the network's dtype, not for theirs.
                return self._astype(np.float64).forward(X, output)
            if output is not None:
                values = output(values)
            if outputs is None:
                outputs = np.empty((X.shape[0], *values.shape[1:]), values.dtype)
            outputs[chunk] = values
        return outputs

    def _astype(self, dtype) -> "FittedNetwork":
        arrays = ([np.asarray(a).astype(dtype) for a in b] for b in (self.weights, self.biases))
        return FittedNetwork(*arrays, self.activations)

    def _layers(self) -> list:
        first, *others = (
            Dense.from_arrays(weights, np.asarray(biases)[np.newaxis])
            for weights, biases in zip(self.weights, self.biases, strict=True)
        )
        layers = [first]
        for activation, dense in zip(self.activations, others, strict=True):
            layers += [activation(inplace=True), dense]
        return [reusing(layer) for layer in layers]
