"""Architectures: which layers a network has, by an estimator's parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from skscratch.estimators.targets import Targets
from skscratch.nn import activations, initializers
from skscratch.nn.activations import Activation
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.losses import LogitsLoss
from skscratch.nn.network import Network

ACTIVATIONS = {
    "identity": activations.Identity,
    "logistic": activations.Sigmoid,
    "relu": activations.ReLU,
    "tanh": activations.Tanh,
    "leaky_relu": activations.LeakyReLU,
    "elu": activations.ELU,
    "silu": activations.SiLU,
}

INITIALIZERS = {
    "glorot_uniform": initializers.glorot_uniform,
    "he_normal": initializers.he_normal,
    "lecun_normal": initializers.lecun_normal,
    "scaled_normal": initializers.scaled_normal,
}

REGULARIZERS = (
    "weight_regularizer_l1",
    "weight_regularizer_l2",
    "bias_regularizer_l1",
    "bias_regularizer_l2",
)


@dataclass(frozen=True)
class Architecture:
    """Layers, from which networks are built."""

    units: list[int]
    """Numbers of inputs, of each hidden layer's neurons and of outputs."""

    activations: list[type[Activation]]
    """Of each hidden layer."""

    initializers: list[initializers.Initializer]
    """Of each layer of weights."""

    regularizers: list[dict[str, float]]
    """Of each layer of weights, by the names of Dense's arguments."""

    dropout: list[float]
    """Of each hidden layer."""

    input_dropout: float
    alpha: float
    new_loss: Callable[[], LogitsLoss]
    dtype: np.dtype

    @classmethod
    def of(cls, estimator, n_features: int, dtype, targets: Targets) -> "Architecture":
        """Read and check the estimator's parameters."""
        hidden = hidden_layer_sizes(estimator.hidden_layer_sizes)
        n_hidden, n_layers = len(hidden), len(hidden) + 1
        what = "layer of weights, the output layer included"
        strengths = [_per_layer(estimator, name, n_layers, what) for name in REGULARIZERS]
        dropout = _per_layer(estimator, "dropout", n_hidden, "hidden layer")
        if not all(rate < 1 for rate in dropout):
            raise ValueError(f"dropout must be less than 1, got {estimator.dropout!r}.")
        classes = activation_classes(estimator.activation, n_hidden)
        return cls(
            units=[n_features, *hidden, targets.n_outputs],
            activations=classes,
            initializers=_initializers(estimator, classes),
            regularizers=[
                dict(zip(REGULARIZERS, layer, strict=True))
                for layer in zip(*strengths, strict=True)
            ],
            dropout=dropout,
            input_dropout=estimator.input_dropout,
            alpha=float(estimator.alpha),
            new_loss=targets.new_loss,
            dtype=np.dtype(dtype),
        )

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Shapes of the layers' weights."""
        return list(pairwise(self.units))

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum((n_inputs + 1) * n_neurons for n_inputs, n_neurons in self.shapes)

    @property
    def uses_dropout(self) -> bool:
        """Whether any layer's units are dropped in training."""
        return self.input_dropout > 0 or any(rate > 0 for rate in self.dropout)

    def new_network(self, random_state, dropout_generator) -> Network:
        """Return a network with new weights, drawn in MLPClassifier's order."""
        dense = [
            Dense(
                *shape,
                **regularizers,
                initializer=initializer,
                random_state=random_state,
                dtype=self.dtype,
            )
            for shape, regularizers, initializer in zip(
                self.shapes, self.regularizers, self.initializers, strict=True
            )
        ]
        return self._network(dense, dropout_generator)

    def network_of(self, weights: list, biases: list, dropout_generator) -> Network:
        """Return a network with copies of fitted weights and biases."""
        if [array.shape for array in weights] != self.shapes:
            fitted = tuple(len(array) for array in biases[:-1])
            raise ValueError(
                f"Training can only go on with the network that was fitted: it has "
                f"hidden_layer_sizes={fitted}, got {tuple(self.units[1:-1])}. Fit a new "
                f"estimator, or set warm_start=False."
            )
        dense = [
            Dense.from_arrays(
                array.astype(self.dtype),
                bias[np.newaxis].astype(self.dtype),
                *regularizers.values(),
            )
            for array, bias, regularizers in zip(weights, biases, self.regularizers, strict=True)
        ]
        return self._network(dense, dropout_generator)

    def _network(self, dense: list[Dense], dropout_generator) -> Network:
        """Put activations and dropout between the dense layers."""
        layers = []
        if self.input_dropout > 0:
            layers.append(Dropout(self.input_dropout, dropout_generator))
        *hidden, last = dense
        for layer, activation, rate in zip(hidden, self.activations, self.dropout, strict=True):
            layers += [layer, activation(inplace=True)]
            if rate > 0:
                layers.append(Dropout(rate, dropout_generator))
        return Network([*layers, last], self.new_loss(), alpha=self.alpha)


def hidden_layer_sizes(sizes) -> list[int]:
    """Return the sizes of the hidden layers."""
    array = np.atleast_1d(sizes)
    if array.size == 0:
        return []
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array <= 0).any():
        raise ValueError(f"hidden_layer_sizes must be > 0 and integers, got {sizes}.")
    return array.tolist()


def activation_classes(given, n_hidden: int) -> list[type[Activation]]:
    """Return the classes of the hidden layers' activations."""
    each = [given] * n_hidden if isinstance(given, str) or callable(given) else list(given)
    classes = [ACTIVATIONS.get(one, one) if isinstance(one, str) else one for one in each]
    if len(classes) != n_hidden or not all(
        isinstance(one, type) and issubclass(one, Activation) for one in classes
    ):
        raise ValueError(
            f"activation must be one of {sorted(ACTIVATIONS)}, a subclass of "
            f"skscratch.nn.Activation, or a list of {n_hidden} of them, one for each hidden layer; "
            f"got {given!r}."
        )
    return classes


def activation_names(classes: list[type[Activation]]) -> list:
    """Return the names of activations, and the classes of those that have none."""
    names = {activation: name for name, activation in ACTIVATIONS.items()}
    return [names.get(one, one) for one in classes]


def _initializers(estimator, classes: list[type[Activation]]) -> list:
    if estimator.weight_init != "glorot_uniform":
        return [INITIALIZERS[estimator.weight_init]] * (len(classes) + 1)
    # The output layer's draw is that of the layer below, as in MLPClassifier, which asks the
    # parameter even where there is none.
    given = estimator.activation
    is_for_all = isinstance(given, str) or callable(given)
    last = classes[-1:] or activation_classes(given if is_for_all else "identity", 1)
    return [
        partial(initializers.glorot_uniform, factor=2.0 if one is activations.Sigmoid else 6.0)
        for one in [*classes, *last]
    ]


def _per_layer(estimator, name: str, n_layers: int, what: str) -> list[float]:
    """Return a parameter as one number for each layer."""
    value = getattr(estimator, name)
    array = np.asarray(value, dtype=float)
    if array.shape not in ((), (n_layers,)) or not (np.isfinite(array) & (array >= 0)).all():
        raise ValueError(
            f"{name} must be a number >= 0 or a list of {n_layers} of them, one for each {what}; "
            f"got {value!r}."
        )
    return np.broadcast_to(array, n_layers).tolist()
