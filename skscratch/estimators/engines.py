"""Engines: the choice between NumPy's and the native one."""

from __future__ import annotations

from collections.abc import Callable

from skscratch import native
from skscratch.nn.engine import NumPyEngine
from skscratch.nn.prediction import FittedNetwork

MIN_ROWS = 17
"""Number of rows from which on the native engine predicts faster than NumPy."""


def engine_class(name: str, network, optimizer, batches) -> Callable:
    """Return the class of the engine that trains a network.

    Parameters
    ----------
    name : {'auto', 'native', 'numpy'}
        The estimator's parameter. 'auto' is 'native' if the native engine is installed and
        supports all parts of the network, otherwise 'numpy'.

    network : Network
        The network to train.

    optimizer : Optimizer or None
        The optimizer; None for L-BFGS.

    batches : Batches
        The training data.

    Returns
    -------
    engine_class : type
        :class:`~skscratch.nn.engine.NumPyEngine` or a class with the same methods.
    """
    if name == "native":
        return native.NativeEngine  # whose constructor raises errors
    is_supported = (
        name == "auto"
        and native.is_available()
        and native.NativeEngine.unsupported(network, optimizer, batches) is None
    )
    return native.NativeEngine if is_supported else NumPyEngine


def fitted_network(
    name: str, n_rows: int, weights: list, biases: list, activations: list
) -> FittedNetwork:
    """Return the network that predicts.

    Parameters
    ----------
    name : {'auto', 'native', 'numpy'}
        The estimator's parameter. Except for 'numpy', the network is native if the native engine is
        installed, supports the activations and is faster for this number of rows.

    n_rows : int
        Number of rows of the input.

    weights, biases, activations : list
        The arguments of :class:`~skscratch.nn.prediction.FittedNetwork`.

    Returns
    -------
    network : FittedNetwork
        The network.
    """
    is_native = (
        name != "numpy"
        and n_rows >= MIN_ROWS
        and native.is_available()
        and native.NativeFittedNetwork.unsupported(activations) is None
    )
    network_class = native.NativeFittedNetwork if is_native else FittedNetwork
    return network_class(weights, biases, activations)
