"""Engines: the choice between NumPy's and the native one."""

from __future__ import annotations

from skscratch import native
from skscratch.nn.engine import NumPyEngine
from skscratch.nn.prediction import FittedNetwork

# Smallest number of rows for which the native engine predicts faster than NumPy.
MIN_ROWS = 17


def new_engine(name: str, network, optimizer, batches, random_state=None, clip_norm=None):
    """Return the engine that trains a network; 'native' raises an error if unsupported."""
    is_native = name == "native" or (
        name == "auto"
        and native.is_available()
        and native.NativeEngine.unsupported(network, optimizer) is None
    )
    engine_class = native.NativeEngine if is_native else NumPyEngine
    return engine_class(network, optimizer, batches, random_state, clip_norm)


def fitted_network(name: str, n_rows: int, weights, biases, activations) -> FittedNetwork:
    """Return a network for the prediction of this number of rows."""
    is_native = (
        name != "numpy"
        and n_rows >= MIN_ROWS
        and native.is_available()
        and native.NativeFittedNetwork.unsupported(activations) is None
    )
    network_class = native.NativeFittedNetwork if is_native else FittedNetwork
    return network_class(weights, biases, activations)
