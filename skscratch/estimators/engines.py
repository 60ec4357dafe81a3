"""Engines: the choice between NumPy's and the native one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from skscratch import native
from skscratch.nn.engine import NumPyEngine
from skscratch.nn.prediction import FittedNetwork

MIN_ROWS = 17
"""Number of rows from which on the native engine predicts faster than NumPy."""


def engine_class(name: str, network, optimizer, batches) -> Callable:
    """Return the class of the engine that trains a network."""
    if name == "numpy":
        return NumPyEngine
    if not native.is_available():
        if name == "native":
            raise ImportError(native.unavailable_reason())
        return NumPyEngine
    unsupported = native.NativeEngine.unsupported(network, optimizer, batches)
    if unsupported is None:
        return native.NativeEngine
    if name == "native":
        raise ValueError(
            f"The native engine does not support {unsupported}. Set engine='auto' or 'numpy'."
        )
    return NumPyEngine


def forward(name: str, network: FittedNetwork, X, output: Callable | None = None) -> np.ndarray:
    """Return the outputs of a fitted network."""
    is_native = name != "numpy" and X.shape[0] >= MIN_ROWS and native.is_available()
    if is_native and native.prediction_unsupported(network.activations) is None:
        logits = native.forward(X, *network)
        return logits if output is None else output(logits)
    return network.forward(X, output)
