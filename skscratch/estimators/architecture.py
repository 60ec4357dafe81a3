"""Architecture: the layers of a network, from an estimator's parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from numbers import Integral
from typing import Any, Literal

import numpy as np

from skscratch.estimators.targets import Targets, as_numbers
from skscratch.nn import initializers
from skscratch.nn.activations import ACTIVATIONS, Activation, Sigmoid
from skscratch.nn.initializers import INITIALIZERS, Initializer
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.network import Network

WeightInit = Literal["glorot_uniform", "he_normal", "lecun_normal", "scaled_normal"]

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
            initializers=_initializers(estimator, activations),
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
                f"hidden_layer_sizes={fitted}, got {tuple(self.units[1:-1])}. Fit a new "
                f"estimator, or set warm_start=False."
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
    """Return an initializer's result: fitted arrays, which the network copies."""
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


def _initializers(estimator, classes: list[type[Activation]]) -> list[Initializer]:
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
