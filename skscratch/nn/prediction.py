"""Prediction: from fitted arrays and rows to outputs, writing to nothing else.

Every call makes its own layers over the arrays that it is given, so any number of threads may
predict with the same ones.
"""

from collections.abc import Callable, Sequence

import numpy as np

from skscratch.nn._buffers import reusing
from skscratch.nn.activations import Activation
from skscratch.nn.layers import Dense

__all__ = ["predict"]

CHUNK_SIZE = 4096


def predict(
    weights: Sequence[np.ndarray],
    biases: Sequence[np.ndarray],
    activations: Sequence[type[Activation]],
    X,
    output: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Return a network's outputs for all rows of ``X``.

    The rows pass through the network in chunks whose activations stay in the processor's cache,
    which is faster than all at once and needs a few MB whatever the number of rows.

    Parameters
    ----------
    weights : sequence of ndarray of shape (n_inputs, n_neurons)
        Each layer's weights.

    biases : sequence of ndarray of shape (n_neurons,)
        Each layer's biases.

    activations : sequence of type
        The class of each hidden layer's activation.

    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The inputs, at least one row of any dtype; each chunk is converted to the network's.

    output : callable, default=None
        Applied to the logits of each chunk; ``None`` returns the logits themselves.

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_outputs)
        In the dtype of the weights.
    """
    dense = [
        Dense.from_arrays(*arrays)
        for arrays in zip(weights, (array[np.newaxis] for array in biases), strict=True)
    ]
    layers = []
    for layer, activation in zip(dense, activations, strict=False):
        layers += [layer, activation(inplace=True)]
    layers.append(dense[-1])
    layers = [reusing(layer) for layer in layers]

    outputs = None
    for start in range(0, X.shape[0], CHUNK_SIZE):
        chunk = slice(start, start + CHUNK_SIZE)
        values = X[chunk].astype(weights[0].dtype, copy=False)
        for layer in layers:
            values = layer.forward(values)
        if output is not None:
            values = output(values)
        if outputs is None:
            outputs = np.empty((X.shape[0], values.shape[1]), values.dtype)
        outputs[chunk] = values
    return outputs
