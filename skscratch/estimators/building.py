"""From an estimator's parameters to a network and its optimizer."""

from functools import partial
from itertools import pairwise

import numpy as np

from skscratch.nn import activations, initializers, optimizers
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.losses import SigmoidBinaryCrossentropy, SoftmaxCategoricalCrossentropy
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

LOSSES = {"logistic": SigmoidBinaryCrossentropy, "softmax": SoftmaxCategoricalCrossentropy}

_ADAM = {"epsilon": "epsilon", "beta_1": "beta_1", "beta_2": "beta_2"}

# Each solver's optimizer, and which of the estimator's parameters are which of its arguments.
OPTIMIZERS = {
    "sgd": (optimizers.SGD, {"momentum": "momentum", "nesterov": "nesterovs_momentum"}),
    "adagrad": (optimizers.Adagrad, {"epsilon": "epsilon"}),
    "rmsprop": (optimizers.RMSprop, {"epsilon": "epsilon", "rho": "rho"}),
    "adam": (partial(optimizers.Adam, epsilon_hat=True), _ADAM),
    "adamw": (
        partial(optimizers.AdamW, epsilon_hat=True),
        {**_ADAM, "weight_decay": "weight_decay"},
    ),
}

REGULARIZERS = (
    "weight_regularizer_l1",
    "weight_regularizer_l2",
    "bias_regularizer_l1",
    "bias_regularizer_l2",
)


def hidden_layer_sizes(estimator) -> list[int]:
    """Return the sizes of the hidden layers."""
    sizes = estimator.hidden_layer_sizes
    array = np.atleast_1d(sizes)
    if array.size == 0:
        return []
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array <= 0).any():
        raise ValueError(f"hidden_layer_sizes must be > 0 and integers, got {sizes}.")
    return array.tolist()


def hidden_activations(estimator) -> list[type]:
    """Return the classes of the hidden layers' activations."""
    names, n_hidden = estimator.activation, len(hidden_layer_sizes(estimator))
    if isinstance(names, str):
        names = [names] * n_hidden
    if len(names) != n_hidden or not all(name in list(ACTIVATIONS) for name in names):
        raise ValueError(
            f"activation must be one of {sorted(ACTIVATIONS)} or a list of {n_hidden} of them, one "
            f"for each hidden layer; got {estimator.activation!r}."
        )
    return [ACTIVATIONS[name] for name in names]


def make_network(estimator, data, random_state, dropout_generator) -> Network:
    """Build a network with new weights, which are drawn in MLPClassifier's order."""
    layers = []
    hidden_activations(estimator)  # refuses what the initializers could not read
    shapes = list(pairwise(units_of(estimator, data)))
    for i, (shape, strengths) in enumerate(zip(shapes, _strengths(estimator), strict=True)):
        layers.append(
            Dense(
                *shape,
                *strengths,
                initializer=_initializer(estimator, i),
                random_state=random_state,
                dtype=data.X.dtype,
            )
        )
    return _assemble(estimator, data, layers, dropout_generator)


def resume_network(estimator, data, random_state, dropout_generator) -> Network:
    """Build a network with the estimator's fitted weights."""
    units = units_of(estimator, data)
    if [coef.shape for coef in estimator.coefs_] != list(pairwise(units)):
        fitted = tuple(len(intercept) for intercept in estimator.intercepts_[:-1])
        raise ValueError(
            f"Training can only go on with the network that was fitted: it has "
            f"hidden_layer_sizes={fitted}, got {tuple(units[1:-1])}. Fit a new estimator, or set "
            f"warm_start=False."
        )
    layers = [
        Dense.from_arrays(
            coef.astype(data.X.dtype), intercept[np.newaxis].astype(data.X.dtype), *strengths
        )
        for coef, intercept, strengths in zip(
            estimator.coefs_, estimator.intercepts_, _strengths(estimator), strict=True
        )
    ]
    return _assemble(estimator, data, layers, dropout_generator)


def batch_size_of(estimator, n_rows: int) -> int:
    """Return how many of so many samples are a batch."""
    return min(200 if estimator.batch_size == "auto" else estimator.batch_size, n_rows)


def units_of(estimator, data) -> list[int]:
    """Return the numbers of inputs, of each hidden layer's neurons and of outputs."""
    return [data.X.shape[1], *hidden_layer_sizes(estimator), data.n_outputs]


def _strengths(estimator):
    """Return the four regularizers of each layer."""
    n_layers = len(hidden_layer_sizes(estimator)) + 1
    what = "layer of weights, the output layer included"
    return zip(*(_per_layer(estimator, name, n_layers, what) for name in REGULARIZERS), strict=True)


def _initializer(estimator, i: int):
    if estimator.weight_init != "glorot_uniform":
        return INITIALIZERS[estimator.weight_init]
    # The output layer's draw is that of the layer below, as in MLPClassifier.
    names = estimator.activation
    name = names if isinstance(names, str) else [*names, *names[-1:], "identity"][i]
    return partial(initializers.glorot_uniform, factor=2.0 if name == "logistic" else 6.0)


def _assemble(estimator, data, dense: list[Dense], dropout_generator) -> Network:
    """Put activations and dropout between the dense layers."""
    rates = _per_layer(estimator, "dropout", len(dense) - 1, "hidden layer")
    if not all(rate < 1 for rate in rates):
        raise ValueError(f"dropout must be less than 1, got {estimator.dropout!r}.")
    layers = []
    if estimator.input_dropout > 0:
        layers.append(Dropout(estimator.input_dropout, dropout_generator))
    for layer, activation, rate in zip(dense, hidden_activations(estimator), rates, strict=False):
        layers += [layer, activation(inplace=True)]
        if rate > 0:
            layers.append(Dropout(rate, dropout_generator))
    layers.append(dense[-1])
    return Network(layers, LOSSES[data.out_activation](), alpha=float(estimator.alpha))


def uses_dropout(estimator) -> bool:
    """Whether any layer's units are dropped in training."""
    return bool(estimator.input_dropout > 0 or np.any(np.asarray(estimator.dropout) > 0))


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


def make_optimizer(estimator) -> optimizers.Optimizer:
    """Build the optimizer of a stochastic solver."""
    optimizer_class, arguments = OPTIMIZERS[estimator.solver]
    return optimizer_class(
        learning_rate=float(estimator.learning_rate_init),
        decay=float(estimator.decay),
        **{argument: getattr(estimator, name) for argument, name in arguments.items()},
    )
