"""Engines: the choice between NumPy's and the native one."""

from __future__ import annotations

from collections.abc import Callable

from skscratch import native
from skscratch.nn.engine import NumPyEngine
from skscratch.nn.prediction import FittedNetwork

# Number of rows from which on the native engine predicts faster than NumPy.
MIN_ROWS = 17


def engine_class(name: str, network, optimizer, batches) -> Callable:
    """Return the class of the engine that trains a network."""
    if name == "native":
        return native.NativeEngine  # its constructor raises an error if it cannot train this
    is_native = (
        name == "auto"
        and native.is_available()
        and native.NativeEngine.unsupported(network, optimizer, batches) is None
    )
    return native.NativeEngine if is_native else NumPyEngine


def fitted_network(name: str, n_rows: int, weights, biases, activations) -> FittedNetwork:
    """Return the network that predicts a number of rows."""
    is_native = (
        name != "numpy"
        and n_rows >= MIN_ROWS
        and native.is_available()
        and native.NativeFittedNetwork.unsupported(activations) is None
    )
    network_class = native.NativeFittedNetwork if is_native else FittedNetwork
    return network_class(weights, biases, activations)
