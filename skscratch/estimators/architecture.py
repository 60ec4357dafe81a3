"""Architecture: the layers of a network, from an estimator's parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse

from skscratch.estimators.targets import Targets, as_numbers
from skscratch.nn import initializers
from skscratch.nn.activations import ACTIVATIONS, Activation, Sigmoid
from skscratch.nn.initializers import INITIALIZERS, Initializer, custom
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.network import Network

WeightInit = (
    Literal["glorot_uniform", "he_normal", "lecun_normal", "scaled_normal"]
    | Callable[[int, int, np.random.RandomState], tuple[ArrayLike, ArrayLike]]
)

DTYPES = np.dtype(np.float64), np.dtype(np.float32)  # of weights and of data

REGULARIZERS = (
    "weight_regularizer_l1",
    "weight_regularizer_l2",
    "bias_regularizer_l1",
    "bias_regularizer_l2",
)


@dataclass(frozen=True)
class Architecture:
    """The layers of a network."""

    units: list[int]  # numbers of inputs, of neurons of each hidden layer, and of outputs
    activations: list[type[Activation]]  # of each hidden layer
    initializers: list[Initializer]  # of each dense layer
    regularizers: list[dict[str, float]]  # of each dense layer, its arguments by name
    dropout: list[float]  # rate after each hidden layer
    input_dropout: float
    alpha: float
    targets: Targets
    dtype: np.dtype

    @classmethod
    def of(cls, estimator, n_features: int, dtype, targets: Targets) -> Architecture:
        """Read and check an estimator's parameters."""
        hidden = hidden_layer_sizes(estimator.hidden_layer_sizes)
        activations = activation_classes(estimator.activation, len(hidden))
        strengths = [
            _per_layer(estimator, name, len(hidden) + 1, "layer, the output layer included")
            for name in REGULARIZERS
        ]
        dropout = _per_layer(estimator, "dropout", len(hidden), "hidden layer")
        if not all(rate < 1 for rate in dropout):
            raise ValueError(f"dropout must be less than 1, got {estimator.dropout!r}.")
        return cls(
            units=[n_features, *hidden, targets.n_outputs],
            activations=activations,
            initializers=_initializers(estimator, activations, dtype),
            regularizers=[
                dict(zip(REGULARIZERS, layer, strict=True))
                for layer in zip(*strengths, strict=True)
            ],
            dropout=dropout,
            input_dropout=float(estimator.input_dropout),
            alpha=float(estimator.alpha),
            targets=targets,
            dtype=np.dtype(dtype),
        )

    @property
    def uses_dropout(self) -> bool:
        """Whether any layer has dropout."""
        return self.input_dropout > 0 or any(rate > 0 for rate in self.dropout)

    def new_network(self, random_state, dropout_generator=None) -> Network:
        """Return a network with new weights, drawn in the order of MLPClassifier."""
        return self._network(self.initializers, random_state, dropout_generator)

    def fitted_network(self, weights, biases, dropout_generator=None) -> Network:
        """Return a network with copies of fitted weights and biases."""
        shapes = [np.shape(array) for array in weights]
        if shapes != list(pairwise(self.units)):
            fitted = tuple(columns for _, columns in shapes[:-1])
            raise ValueError(
                f"Training can only resume with the layers that were fitted, which have "
                f"hidden_layer_sizes={fitted}, got {tuple(self.units[1:-1])}. Set "
                f"hidden_layer_sizes={fitted}, fit a new estimator, or set warm_start=False."
            )
        fitted = [partial(_copies, *layer) for layer in zip(weights, biases, strict=True)]
        return self._network(fitted, None, dropout_generator)

    def _network(self, each_initializer, random_state, dropout_generator) -> Network:
        dense = [
            Dense(*shape, **penalties, initializer=one, random_state=random_state, dtype=self.dtype)
            for shape, penalties, one in zip(
                pairwise(self.units), self.regularizers, each_initializer, strict=True
            )
        ]
        layers: list = []
        if self.input_dropout > 0:
            layers.append(Dropout(self.input_dropout, dropout_generator))
        *hidden, output = dense
        for layer, activation, rate in zip(hidden, self.activations, self.dropout, strict=True):
            layers += [layer, activation()]
            if rate > 0:
                layers.append(Dropout(rate, dropout_generator))
        return Network([*layers, output], self.targets.loss, alpha=self.alpha)

    def fitted_attributes(self, weights: list, biases: list) -> dict[str, Any]:
        """Return the fitted attributes that predictions depend on."""
        names = {activation: name for name, activation in ACTIVATIONS.items()}
        return {
            "coefs_": weights,
            "intercepts_": biases,
            "hidden_activations_": [names.get(one, one) for one in self.activations],
            "n_features_in_": self.units[0],
            "n_layers_": len(self.units),
            **self.targets.attributes,
        }


def _copies(weights, biases, *_) -> tuple[np.ndarray, np.ndarray]:
    """Return fitted arrays as an initializer does; the network copies them."""
    return np.asarray(weights), np.asarray(biases)[np.newaxis]


def hidden_layer_sizes(sizes) -> list[int]:
    """Return the sizes of the hidden layers."""
    values = np.array(sizes, dtype=object, ndmin=1).tolist()
    if not all(isinstance(n, Integral) and not isinstance(n, bool) and n > 0 for n in values):
        raise ValueError(f"hidden_layer_sizes must be > 0 and integers, got {sizes}.")
    return [int(n) for n in values]


def activation_classes(activation, n_hidden: int) -> list[type[Activation]]:
    """Return the class of each hidden layer's activation."""
    is_single = isinstance(activation, str) or not np.iterable(activation)
    values: Sequence = [activation] * n_hidden if is_single else list(activation)
    classes = [ACTIVATIONS.get(one, one) if isinstance(one, str) else one for one in values]
    if len(classes) != n_hidden or not all(
        isinstance(one, type) and issubclass(one, Activation) for one in classes
    ):
        raise ValueError(
            f"activation must be one of {sorted(ACTIVATIONS)}, a subclass of "
            f"skscratch.nn.Activation, or a list of {n_hidden} of them, one for each hidden layer; "
            f"got {activation!r}.{' The sigmoid is logistic.' * ('sigmoid' in repr(activation))}"
        )
    return classes


def arrays_of(network: Network, vector: np.ndarray) -> tuple[list, list]:
    """Return views of a vector like the parameters, shaped like ``coefs_`` and ``intercepts_``."""
    weights, biases = network.unflatten(vector)
    return weights, [row[0] for row in biases]


def fitted_parts(estimator) -> tuple[Sequence, Sequence, list[type[Activation]]]:
    """Return the weights, biases and hidden activations that predictions are computed from.

    They may have been assigned. Arrays are converted if necessary, and their shapes are checked.
    """
    coefs, intercepts = estimator.coefs_, estimator.intercepts_
    activations: list = [ACTIVATIONS.get(name) for name in estimator.hidden_activations_]
    if None in activations:
        activations = activation_classes(estimator.hidden_activations_, len(activations))
    size = estimator.n_features_in_
    is_valid = (
        len(coefs) == len(intercepts) == len(activations) + 1
        and type(coefs[0]) is np.ndarray
        and coefs[0].dtype in DTYPES
    )
    for weights, biases in zip(coefs, intercepts):  # noqa: B905, it takes a microsecond
        if not (
            is_valid
            and type(weights) is type(biases) is np.ndarray
            and weights.dtype == biases.dtype == coefs[0].dtype
            and weights.shape == (size, biases.size)
            and biases.ndim == 1
        ):
            is_valid = False
            break
        size = biases.size
    if not is_valid or size != estimator.n_outputs_:
        coefs, intercepts = _converted(estimator)
    return coefs, intercepts, activations


def _converted(estimator) -> tuple[list, list]:
    """Return weights and biases as dense arrays of one dtype, with checked shapes."""
    n_layers, activations = len(estimator.coefs_), estimator.hidden_activations_
    arrays = [
        np.asarray(array.toarray() if issparse(array) else array)
        for array in (*estimator.coefs_, *estimator.intercepts_)
    ]
    dtypes = {array.dtype for array in arrays}
    if any(dtype.kind not in "biuf" for dtype in dtypes):
        raise ValueError(f"coefs_ and intercepts_ must be real numbers, got {dtypes}.")
    dtype = DTYPES[np.result_type(np.float32, *dtypes) == np.float32]
    coefs = [array.astype(dtype, copy=False) for array in arrays[:n_layers]]
    intercepts = [np.atleast_1d(array.astype(dtype).squeeze()) for array in arrays[n_layers:]]
    sizes = [biases.size for biases in intercepts[: len(activations)]]
    units = [estimator.n_features_in_, *sizes, estimator.n_outputs_]
    expected = [*pairwise(units), *((size,) for size in units[1:])]
    shapes = [array.shape for array in (*coefs, *intercepts)]
    if shapes != expected:
        raise ValueError(
            f"Expected coefs_ and intercepts_ of shapes {expected}, for n_features_in_={units[0]}, "
            f"n_outputs_={units[-1]} and hidden_activations_={activations}, got {shapes}. "
            f"Transpose weights that have a row for each neuron, or assign these attributes as "
            f"well."
        )
    return coefs, intercepts


def _initializers(estimator, classes: list[type[Activation]], dtype) -> list[Initializer]:
    if callable(estimator.weight_init):
        return [partial(custom, estimator.weight_init, dtype)] * (len(classes) + 1)
    initializer = INITIALIZERS[estimator.weight_init]
    if initializer is not initializers.glorot_uniform:
        return [initializer] * (len(classes) + 1)
    # MLPClassifier draws the output layer like the last hidden layer; without a hidden layer,
    # according to the parameter.
    activation = estimator.activation
    is_single = isinstance(activation, str) or callable(activation)
    last = classes[-1:] or activation_classes(activation if is_single else "identity", 1)
    factors = [2.0 if one is Sigmoid else 6.0 for one in [*classes, *last]]
    return [partial(initializer, factor=factor) for factor in factors]


def _per_layer(estimator, name: str, n_layers: int, layer: str) -> list[float]:
    """Return a parameter as one number for each layer."""
    value = getattr(estimator, name)
    if isinstance(value, float) and 0 <= value < math.inf:
        return [float(value)] * n_layers
    array = as_numbers(value)
    if array.shape not in ((), (n_layers,)) or not (np.isfinite(array) & (array >= 0)).all():
        raise ValueError(
            f"{name} must be a number >= 0 or a list of {n_layers} of them, one for each {layer}; "
            f"got {value!r}."
        )
    return np.broadcast_to(array, n_layers).tolist()
