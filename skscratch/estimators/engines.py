"""Engines: the choice between NumPy's and the native one."""

from __future__ import annotations

from collections.abc import Callable

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


def fitted_network(
    name: str, n_rows: int, weights: list, biases: list, activations: list
) -> FittedNetwork:
    """Return the network that predicts, native if that is faster and not excluded by the name."""
    is_native = (
        name != "numpy"
        and n_rows >= MIN_ROWS
        and native.is_available()
        and native.NativeFittedNetwork.unsupported(activations) is None
    )
    network_class = native.NativeFittedNetwork if is_native else FittedNetwork
    return network_class(weights, biases, activations)
