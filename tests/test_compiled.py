"""The compiled epoch against formulas, and against the classes that it mirrors."""

import copy
import ctypes
import inspect
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from helpers import (
    X_digits,
    assert_same_fit,
    assert_same_weights,
    mlp,
    named,
    unfinished_fits,
    y_digits,
)
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import skscratch
from skscratch import MLPScratchRegressor, nn, train_together
from skscratch.nn import training
from skscratch.nn.losses import AveragedSquaredError, LogitsLoss
from skscratch.nn.training import Batches

pytest.importorskip("numba", reason="engine='numba' is an extra")
from numba import njit

from skscratch.nn import compiled

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
TOLERANCES = {np.float32: 1e-3, np.float64: 1e-9}


def called(function):
    """Return what Python may call: parts of the epoch are for each other only."""
    return njit(lambda *args: function(*args))


# --- Exponentials


def magnitudes(dtype) -> np.ndarray:
    """Return numbers of all magnitudes of a dtype, most where something happens to exp."""
    rng = np.random.default_rng(0)
    tiny, largest = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    exponents = np.arange(np.log2(tiny), np.log2(largest))
    powers = np.ldexp(1.0, exponents.astype(int))[:, np.newaxis] * rng.uniform(0.5, 1, 50)
    some = [rng.uniform(-width, width, 50_000) for width in (1, 20, 110, 760)]
    special = [0.0, np.inf, np.nan, largest, tiny]
    positive = np.concatenate([powers.ravel(), *some, special])
    return np.concatenate([positive, -positive]).astype(dtype)


def assert_accurate(values, exact):
    """Compare with numbers of higher precision: within 2 units of the last place."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = exact.astype(values.dtype)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(values[~finite], rounded[~finite])
    errors = np.abs(values[finite] - exact[finite]) / np.spacing(np.abs(rounded[finite]))
    assert errors.max() < 2


@DTYPES
@pytest.mark.parametrize("name", ["exp", "tanh", "expm1"])
def test_exponentials_are_accurate_to_two_units_of_the_last_place(name, dtype):
    x = magnitudes(dtype)
    higher = x.astype({np.float32: np.float64, np.float64: np.longdouble}[dtype])
    values = x.copy()
    if name == "tanh":
        called(compiled.tanh_forward)(values)
    elif name == "exp":
        exp = called(compiled.exp)
        values = np.array([exp(each) for each in x])
    else:
        exp_expm1, higher = called(compiled.exp_expm1), np.minimum(higher, 0)
        values = np.array([exp_expm1(each)[1] for each in np.minimum(x, dtype(0))])
    with np.errstate(over="ignore", under="ignore"):
        assert_accurate(values.astype(dtype), getattr(np, name)(higher))


@DTYPES
def test_loops_over_exponentials_are_vector_code(dtype):
    values = np.zeros(8, dtype)
    called(compiled.tanh_forward)(values)
    element = {np.float32: "float", np.float64: "double"}[dtype]
    code = [
        text
        for signature, text in compiled.tanh_forward.inspect_llvm().items()
        if signature[0].dtype.name == np.dtype(dtype).name
    ]
    assert f"x {element}>" in "".join(code)


# --- Each class: its formula, itself and its compiled counterpart


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


ACTIVATIONS = {
    nn.Identity: (lambda z: z, np.ones_like),
    nn.ReLU: (lambda z: np.maximum(z, 0), lambda z: np.where(z > 0, 1.0, 0.0)),
    nn.LeakyReLU: (lambda z: np.maximum(0.01 * z, z), lambda z: np.where(z > 0, 1.0, 0.01)),
    nn.ELU: (
        lambda z: np.where(z > 0, z, np.exp(z) - 1),
        lambda z: np.where(z > 0, 1.0, np.exp(z)),
    ),
    nn.Sigmoid: (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    nn.SiLU: (
        lambda z: z * sigmoid(z),
        lambda z: sigmoid(z) + z * sigmoid(z) * sigmoid(-z),
    ),
    nn.Tanh: (
        lambda z: (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1),
        lambda z: 1 / np.cosh(z) ** 2,
    ),
}


@DTYPES
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda each: each.__name__)
def test_activation(activation, dtype):
    function, slope = ACTIVATIONS[activation]
    z = np.random.default_rng(0).uniform(-5, 5, (7, 9)).astype(dtype)
    dvalues = np.random.default_rng(1).normal(size=z.shape).astype(dtype)
    layer, code = activation(), compiled.ACTIVATIONS[activation]
    output, dinputs, sigmoids = z.ravel().copy(), dvalues.ravel().copy(), np.empty(z.size, dtype)
    compiled.activation_forward(code, output, sigmoids)
    compiled.activation_backward(code, dinputs, output, sigmoids)
    close = {"rtol": 20 * np.finfo(dtype).eps, "atol": 5 * np.finfo(dtype).eps}
    exact = z.astype(np.float64)
    for formula, from_class, values in (
        (function(exact), layer.forward(z), output),
        (dvalues * slope(exact), layer.backward(dvalues), dinputs),
    ):
        np.testing.assert_allclose(from_class, formula, **close)
        np.testing.assert_allclose(values.reshape(z.shape), formula, **close)


@DTYPES
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda each: each.__name__)
def test_activation_of_what_is_not_finite(activation, dtype):
    z = np.array([[-np.inf, -1e4, np.inf, 1e4, np.nan]], dtype)
    output = z.ravel().copy()
    compiled.activation_forward(compiled.ACTIVATIONS[activation], output, np.empty(5, dtype))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(output, activation().forward(z).ravel())


QUANTILES = np.array([0.2, 0.5, 0.9])
# The loss, its formula, targets, and logits that are right
ONE_HOT = np.eye(3)[[0, 2, 1, 1, 0]]
LABELS_OF_FIVE = np.maximum(ONE_HOT, np.eye(5, 3))
NUMBERS = np.random.default_rng(2).normal(size=(5, 3))
LOSSES = {
    nn.SoftmaxCategoricalCrossentropy: (
        nn.SoftmaxCategoricalCrossentropy(),
        lambda z, y: -y * np.log(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)),
        ONE_HOT,
        lambda y: 4 * y - 2,
    ),
    nn.SigmoidBinaryCrossentropy: (
        nn.SigmoidBinaryCrossentropy(),
        lambda z, y: -(y * np.log(sigmoid(z)) + (1 - y) * np.log(sigmoid(-z))),
        LABELS_OF_FIVE,
        lambda y: 4 * y - 2,
    ),
    nn.IdentitySquaredError: (
        nn.IdentitySquaredError(),
        lambda z, y: (z - y) ** 2 / 2,
        NUMBERS,
        lambda y: y,
    ),
    AveragedSquaredError: (
        AveragedSquaredError(),
        lambda z, y: (z - y) ** 2 / 6,
        NUMBERS,
        lambda y: y,
    ),
    nn.IdentityAbsoluteError: (
        nn.IdentityAbsoluteError(),
        lambda z, y: np.abs(z - y),
        NUMBERS,
        lambda y: y,
    ),
    nn.IdentityHuber: (
        nn.IdentityHuber(delta=0.7),
        lambda z, y: np.where(np.abs(z - y) <= 0.7, (z - y) ** 2 / 2, 0.7 * (np.abs(z - y) - 0.35)),
        NUMBERS,
        lambda y: y,
    ),
    nn.IdentityPinball: (
        nn.IdentityPinball(QUANTILES.tolist()),
        lambda z, y: np.where(z < y, QUANTILES * (y - z), (1 - QUANTILES) * (z - y)),
        NUMBERS,
        lambda y: y,
    ),
    nn.ExponentialPoissonDeviance: (
        nn.ExponentialPoissonDeviance(),
        lambda z, y: np.where(y > 0, y * np.log(np.maximum(y, 1) / np.exp(z)), 0) - y + np.exp(z),
        np.array([[0.0, 2, 1], [3, 0, 0], [5, 1, 2], [1, 1, 1], [0, 0, 0]]),
        np.log,
    ),
    nn.ExponentialGammaDeviance: (
        nn.ExponentialGammaDeviance(),
        lambda z, y: np.log(np.exp(z) / y) + y / np.exp(z) - 1,
        np.array([[0.5, 2, 1], [3, 0.1, 4], [5, 1, 2], [1, 1, 1], [7, 2, 0.3]]),
        np.log,
    ),
}


def compiled_loss(loss, logits, targets, shares):
    """Return the compiled loss, how many samples are right, and the gradient."""
    n_samples, n_outputs = targets.shape
    gradient, settings = logits.copy(), compiled._settings_of(loss, n_outputs)
    data_loss, n_right = compiled.loss_gradient(
        compiled.LOSSES[type(loss)],
        settings,
        gradient,
        np.ascontiguousarray(targets.T),
        shares,
        np.empty((n_outputs + compiled.N_WORK, n_samples), logits.dtype),
    )
    return data_loss, n_right, gradient


@DTYPES
@pytest.mark.parametrize("sample_weight", [None, np.array([1.0, 3, 0, 0.5, 2])], ids=named)
@pytest.mark.parametrize("loss_class", LOSSES, ids=lambda each: each.__name__)
def test_loss(loss_class, sample_weight, dtype):
    loss, formula, targets, right = LOSSES[loss_class]
    targets = targets.astype(dtype)
    logits = np.random.default_rng(0).normal(scale=3, size=targets.shape).astype(dtype)
    logits[3] = right(targets[3])
    losses = loss.forward(logits, targets)
    formula = formula(logits.astype(np.float64), targets.astype(np.float64)).sum(axis=1)
    close = {"rtol": 20 * np.finfo(dtype).eps, "atol": 5 * np.finfo(dtype).eps}
    np.testing.assert_allclose(
        losses, formula, rtol=1e-5 if dtype is np.float32 else 1e-13, atol=close["atol"]
    )

    weights = np.ones(5) if sample_weight is None else sample_weight
    shares = (weights / weights.sum()).astype(dtype)
    data_loss, n_right, gradient = compiled_loss(loss, logits, targets, shares)
    np.testing.assert_allclose(data_loss, np.average(formula, weights=weights), rtol=1e-6)
    np.testing.assert_allclose(gradient, loss.gradient(sample_weight), **close)
    assert n_right == loss.correct().sum() > 0


@pytest.mark.parametrize("loss_class", LOSSES, ids=lambda each: each.__name__)
def test_loss_of_extreme_logits_is_exact(loss_class):
    logits = np.array([[1000.0, 0, -1000], [-1000.0, 1000, 0]])
    targets = np.array([[0.0, 0, 1], [0, 1, 0]])
    loss = LOSSES[loss_class][0]
    with np.errstate(all="ignore"):
        expected = loss.forward(logits, targets).mean()
        expected_gradient = loss.gradient()
    data_loss, _, gradient = compiled_loss(loss, logits, targets, np.full(2, 0.5))
    np.testing.assert_array_equal(data_loss, expected)
    np.testing.assert_array_equal(gradient, expected_gradient)


OPTIMIZERS = {
    "sgd": lambda: nn.SGD(0.1),
    "decay": lambda: nn.SGD(0.1, decay=0.01),
    "momentum": lambda: nn.SGD(0.1, decay=0.01, momentum=0.9),
    "nesterov": lambda: nn.SGD(0.1, momentum=0.9, nesterov=True),
    "adagrad": lambda: nn.Adagrad(0.05, decay=0.001),
    "rmsprop": lambda: nn.RMSprop(0.01, decay=0.001, rho=0.8),
    "adam": lambda: nn.Adam(0.01),
    "epsilon_hat": lambda: nn.Adam(0.01, decay=0.01, epsilon=1e-3, epsilon_hat=True, beta_1=0.8),
    "adamw": lambda: nn.AdamW(0.01, decay=0.01, weight_decay=0.1, beta_2=0.99),
}


@DTYPES
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer(name, dtype):
    rng = np.random.default_rng(0)
    by_class, by_compiled = OPTIMIZERS[name](), OPTIMIZERS[name]()
    expected = rng.normal(size=50).astype(dtype)
    parameters = expected.copy()
    settings, counters, momentums, cache = compiled._state_of(by_compiled, parameters)
    code = compiled.OPTIMIZERS[type(by_compiled)]
    for _ in range(20):
        gradients = rng.normal(size=50).astype(dtype)
        by_class.update(expected, gradients)
        compiled.update(code, settings, counters, parameters, gradients, momentums, cache)
    compiled._remember(by_compiled, counters)
    close = {"rtol": 30 * np.finfo(dtype).eps, "atol": 30 * np.finfo(dtype).eps}
    np.testing.assert_allclose(parameters, expected, **close)
    states = by_compiled.state_dict(), by_class.state_dict()
    assert states[0].keys() == states[1].keys()
    for key in states[0]:
        np.testing.assert_allclose(states[0][key], states[1][key], **close)
    assert by_compiled.current_learning_rate == by_class.current_learning_rate


@DTYPES
@pytest.mark.parametrize("shape", [(9, 4), (4, 9), (6, 6)], ids=named)
def test_dropout_draws_the_same_masks_to_the_last_bit(shape, dtype):
    inputs = np.random.default_rng(0).normal(size=shape).astype(dtype)
    dropout = nn.Dropout(0.3, random_state=np.random.default_rng(5))
    expected = dropout.forward(inputs)
    uniform = np.random.default_rng(5).random(inputs.size, dtype=dtype)
    mask, output = np.empty_like(inputs), np.empty_like(inputs)
    called(compiled.dropout_forward)(inputs, uniform, 0.3, mask, output)
    np.testing.assert_array_equal(output, expected)
    dvalues = np.ones_like(inputs)
    called(compiled.dropout_backward)(dvalues.reshape(-1), mask.reshape(-1))
    np.testing.assert_array_equal(dvalues, dropout.backward(np.ones_like(inputs)))


@DTYPES
def test_penalties(dtype):
    values = np.array([[1.5, -2.0, 0.0, 3.0]], dtype)
    penalty = nn.Penalty(l1=0.3, l2=0.7)
    expected, gradients = np.zeros_like(values), np.zeros(4, dtype)
    penalty.add_gradient(values, expected)
    loss = called(compiled.l1_penalty)(0.3, values[0], gradients)
    loss += called(compiled.l2_penalty)(0.7, values[0], gradients)
    np.testing.assert_allclose(gradients, expected[0], rtol=1e-6)
    np.testing.assert_allclose(loss, penalty.loss(values), rtol=1e-6)


# What the epoch needs no code for, and why
NOT_COMPILED = {
    nn.Activation: "what activations have in common",
    nn.Optimizer: "what optimizers have in common",
    nn.Network: "its methods are forward, backward, penalize and clip_gradients",
    nn.Dense: "dense_forward and dense_backward",
    nn.Dropout: "dropout_forward and dropout_backward",
    nn.Penalty: "l1_penalty and l2_penalty",
    nn.Exponential: "refused as an activation of a hidden layer",
    nn.Softmax: "refused as an activation of a hidden layer",
    nn.CategoricalCrossentropy: "refused: networks are trained with losses of logits",
    nn.BinaryCrossentropy: "refused: networks are trained with losses of logits",
    nn.MeanSquaredError: "refused: networks are trained with losses of logits",
    nn.MeanAbsoluteError: "refused: networks are trained with losses of logits",
}


def test_every_class_has_a_counterpart():
    classes = {each for name in nn.__all__ if inspect.isclass(each := getattr(nn, name))}
    tables = compiled.ACTIVATIONS, compiled.LOSSES, compiled.OPTIMIZERS, NOT_COMPILED
    assert classes | {AveragedSquaredError} == {each for table in tables for each in table}
    assert set(ACTIVATIONS) == set(compiled.ACTIVATIONS)
    assert set(LOSSES) == set(compiled.LOSSES)
    assert {type(make()) for make in OPTIMIZERS.values()} == set(compiled.OPTIMIZERS)


# --- Whole trainings

RNG = np.random.default_rng(0)
X = RNG.normal(size=(107, 5))
LABELS = RNG.integers(0, 3, 107)
ROWS = RNG.normal(size=(107, 3))
WEIGHTS = RNG.uniform(0, 2, 107)
SPARSE = scipy.sparse.csr_matrix(X * (X > 0.3))


def make_network(
    dtype=np.float64,
    activations=(nn.ReLU, nn.ReLU),
    loss=nn.SoftmaxCategoricalCrossentropy,
    sizes=(16, 8),
    regularizers=(0, 0, 0, 0),
    alpha=0.0,
    dropout=0.0,
    input_dropout=0.0,
    n_inputs=5,
    shared=True,
):
    """Return a network with three outputs."""
    random_state, generator = np.random.RandomState(0), np.random.default_rng(1)
    keywords = {"random_state": random_state, "dtype": dtype}
    layers = [nn.Dropout(input_dropout, generator)] if input_dropout else []
    for n_neurons, activation in zip(sizes, activations, strict=False):
        layers += [nn.Dense(n_inputs, n_neurons, *regularizers, **keywords), activation()]
        if dropout:
            layers.append(nn.Dropout(dropout, generator if shared else np.random.default_rng(2)))
        n_inputs = n_neurons
    layers.append(nn.Dense(n_inputs, 3, *regularizers, **keywords))
    return nn.Network(layers, loss(), alpha)


def make_batches(dtype=np.float64, X=X, y=LABELS, sample_weight=None, rows=None, batch_size=20):
    y = y if y.ndim == 1 else y.astype(dtype)
    return Batches(X.astype(dtype), y, sample_weight, rows=rows, batch_size=batch_size, n_outputs=3)


class Training:
    """A network and all that trains it, by either engine."""

    def __init__(
        self,
        dtype=np.float64,
        optimizer="adam",
        batches=None,
        clip_norm=None,
        shuffle=True,
        **kwargs,
    ):
        self.network = make_network(dtype, **kwargs)
        self.optimizer = OPTIMIZERS[optimizer]()
        self.batches = make_batches(dtype, **(batches or {}))
        self.random_states = [np.random.RandomState(3)] if shuffle else None
        self.clip_norm = clip_norm

    def run(self, engine, n_epochs=5, **kwargs):
        epochs = engine.train(
            self.network, self.optimizer, self.batches, self.random_states, self.clip_norm, **kwargs
        )
        return [epoch for _ in range(n_epochs) for epoch in next(epochs)]

    def state(self):
        """Return all that a training that goes on starts from."""
        generators = [
            layer.random_state.bit_generator.state
            for layer in self.network.layers
            if isinstance(layer, nn.Dropout)
        ]
        return {
            "parameters": self.network.parameters,
            "order": self.batches.order,
            "learning_rate": self.optimizer.current_learning_rate,
            "random_state": self.random_states and self.random_states[0].get_state()[1],
            "generators": str(generators),
            **self.optimizer.state_dict(),
        }


def assert_same_state(first, second, tolerance=0):
    first, second = first.state(), second.state()
    assert first.keys() == second.keys()
    for name, value in first.items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            # Of sums of gradients that nearly cancel, the last digits differ more.
            factor = 1 if name == "parameters" else 100
            atol = factor * tolerance * np.abs(value).max()
            np.testing.assert_allclose(second[name], value, rtol=0, atol=atol, err_msg=name)
        elif tolerance and isinstance(value, float):
            assert second[name] == pytest.approx(value, rel=tolerance), name
        else:
            np.testing.assert_array_equal(second[name], value, err_msg=name)


SOFT = np.abs(ROWS) / np.abs(ROWS).sum(axis=1, keepdims=True)
BOTH_DROPOUTS = {"dropout": 0.3, "input_dropout": 0.2}
# Where all inputs are dropped, a sum is a bias that is all but 0: rounding decides ReLU's slope.
SMOOTH = {"activations": (nn.SiLU, nn.Tanh), "optimizer": "momentum"}
EVERY_OTHER = np.arange(0, 107, 2)
CASES = {
    **{each.__name__: {"activations": (each, each)} for each in ACTIVATIONS},
    "mixed": {"activations": (nn.Tanh, nn.SiLU, nn.LeakyReLU), "sizes": (9, 8, 7)},
    "deep": {"activations": (nn.ReLU,) * 6, "sizes": (6,) * 6},
    "no hidden layer": {"sizes": ()},
    **{
        name: {"optimizer": name, "alpha": 0.01, "activations": (nn.ELU,) * 2}
        for name in OPTIMIZERS
    },
    "multilabel": {"loss": nn.SigmoidBinaryCrossentropy, "batches": {"y": (ROWS > 0) * 1.0}},
    "class indices, sigmoid": {"loss": nn.SigmoidBinaryCrossentropy},
    "squared error": {"loss": nn.IdentitySquaredError, "batches": {"y": ROWS}},
    "absolute error": {**SMOOTH, "loss": nn.IdentityAbsoluteError, "batches": {"y": ROWS}},
    "huber": {"loss": partial(nn.IdentityHuber, 0.5), "batches": {"y": ROWS}},
    "quantiles": {**SMOOTH, "loss": partial(nn.IdentityPinball, QUANTILES), "batches": {"y": ROWS}},
    "poisson": {"loss": nn.ExponentialPoissonDeviance, "batches": {"y": np.floor(np.abs(ROWS))}},
    "gamma": {"loss": nn.ExponentialGammaDeviance, "batches": {"y": np.abs(ROWS) + 0.1}},
    "soft targets": {"batches": {"y": SOFT}},
    "alpha": {"alpha": 1.0},
    "regularizers": {"regularizers": (1e-3, 1e-2, 1e-4, 1e-3), "alpha": 0.1},
    "biases' regularizers": {"regularizers": (0, 0, 1e-2, 0), "optimizer": "momentum"},
    "sample weights": {"batches": {"sample_weight": WEIGHTS}, "alpha": 1.0},
    "sample weights of a dtype": {"batches": {"sample_weight": WEIGHTS.astype(np.float32)}},
    "clipped": {"clip_norm": 0.05},
    "not clipped": {"clip_norm": 1e6},
    "not shuffled": {"shuffle": False},
    "rows": {"batches": {"rows": EVERY_OTHER, "sample_weight": WEIGHTS}},
    "rows in one batch": {"batches": {"rows": EVERY_OTHER[::-1], "batch_size": 200}},
    "one batch": {"batches": {"batch_size": 107}},
    "batches of one": {"batches": {"batch_size": 1}},
    "input dropout": {"input_dropout": 0.2, "batches": {"batch_size": 107}},
    **{
        f"dropout, batches of {size}": {**SMOOTH, **BOTH_DROPOUTS, "batches": {"batch_size": size}}
        for size in (3, 10, 50, 107)
    },
    "dropout, generators apart": {**BOTH_DROPOUTS, "shared": False},
    "sparse": {"batches": {"X": SPARSE}},
    "sparse, no hidden layer": {"batches": {"X": SPARSE}, "sizes": ()},
    "sparse, one batch of rows": {"batches": {"X": SPARSE, "rows": EVERY_OTHER, "batch_size": 99}},
    "sparse, dropout": {**SMOOTH, **BOTH_DROPOUTS, "batches": {"X": SPARSE}},
    "sparse, rows, dropout": {**BOTH_DROPOUTS, "batches": {"X": SPARSE, "rows": EVERY_OTHER}},
}


@DTYPES
@pytest.mark.parametrize("case", CASES)
def test_trains_the_same_network(case, dtype):
    trainings = [Training(dtype, **CASES[case]) for _ in range(2)]
    epochs = [
        each.run(engine) for each, engine in zip(trainings, (training, compiled), strict=True)
    ]
    assert_same_state(*trainings, tolerance=TOLERANCES[dtype])
    np.testing.assert_allclose(epochs[1], epochs[0], rtol=TOLERANCES[dtype], atol=1e-12)


@DTYPES
def test_sparse_and_dense_inputs_train_the_same_network(dtype):
    dense, sparse = (Training(dtype, batches={"X": each}) for each in (SPARSE.toarray(), SPARSE))
    dense.run(compiled)
    sparse.run(compiled)
    assert_same_state(dense, sparse, tolerance=TOLERANCES[dtype])


CONTINUED = {
    "adam, dropout": {**BOTH_DROPOUTS, "alpha": 0.1},
    "nesterov": {"optimizer": "nesterov", "dropout": 0.3, "batches": {"X": SPARSE}},
}


@DTYPES
@pytest.mark.parametrize("case", CONTINUED)
def test_trainings_in_parts_are_one_training_to_the_last_bit(case, dtype, monkeypatch):
    whole, part, chunked = (Training(dtype, **CONTINUED[case]) for _ in range(3))
    whole.run(compiled, 5)
    for _ in range(5):
        part.run(compiled, 1)
        part = pickle.loads(pickle.dumps(part))
    assert_same_state(whole, part)

    monkeypatch.setattr(compiled, "MAX_WORK", 1)
    chunked.run(compiled, 5)
    assert_same_state(whole, chunked)


RATES = [0.1, 0.01, 0.05]


@DTYPES
@pytest.mark.parametrize("case", ["one batch", "sparse, rows, dropout", "adam", "momentum"])
def test_epochs_trained_at_once_are_those_one_by_one_to_the_last_bit(case, dtype):
    asked = []

    def learning_rates(n_at_once):
        asked.append(n_at_once)
        return RATES

    at_once, one_by_one = Training(dtype, **CASES[case]), Training(dtype, **CASES[case])
    rates = iter(RATES * 2)
    epochs = at_once.run(compiled, 2, learning_rates=learning_rates)
    assert epochs == one_by_one.run(compiled, 6, learning_rates=lambda _: [next(rates)])
    assert len(asked) == 2
    assert min(asked) >= len(RATES)
    assert_same_state(at_once, one_by_one)


@DTYPES
@pytest.mark.parametrize("case", CONTINUED)
def test_either_engine_goes_on_where_the_other_stopped(case, dtype):
    reference, changing = (Training(dtype, **CONTINUED[case]) for _ in range(2))
    reference.run(training, 6)
    for engine in (training, compiled, training):
        changing.run(engine, 2)
        changing = copy.deepcopy(changing)
    assert_same_state(reference, changing, tolerance=TOLERANCES[dtype])


def test_learning_rate_may_change_from_epoch_to_epoch():
    trainings = Training(optimizer="momentum"), Training(optimizer="momentum")
    for each, engine in zip(trainings, (training, compiled), strict=True):
        epochs = engine.train(each.network, each.optimizer, each.batches, each.random_states)
        for rate in (0.1, 0.05, 0.2):
            each.optimizer.learning_rate = rate
            next(epochs)
    assert_same_state(*trainings, tolerance=1e-12)


def test_nothing_is_compiled_twice():
    # Depths, activations, sparse inputs, data of other dtypes and that cannot be written to
    for case in CASES.values():
        Training(**case).run(compiled, 1)
    frozen = X.astype(np.float32)
    frozen.flags.writeable = False
    for data in (frozen, np.asfortranarray(X), SPARSE):
        batches = Batches(data, LABELS.astype(np.int16), batch_size=20, n_outputs=3)
        each = Training()
        next(compiled.train(each.network, each.optimizer, batches, each.random_states))
    dtypes = [str(signature[0][0].dtype) for signature in compiled.train_epochs.signatures]
    assert dtypes.count("float64") == 1
    assert dtypes.count("float32") <= 1


@pytest.mark.parametrize("bits", [np.random.MT19937, np.random.PCG64])
@pytest.mark.parametrize("n_rows", [1, 2, 33, 1000])
def test_shuffles_as_numpy_does(bits, n_rows):
    states = [np.random.RandomState(bits(seed)) for seed in (7, 7)]
    rows = compiled._read_only(np.arange(n_rows)[::-1], np.int64)
    order, expected = np.arange(n_rows), np.arange(n_rows)
    orders, generator = np.empty((3, n_rows), int), states[0]._bit_generator
    function = ctypes.cast(generator.ctypes.next_uint32, ctypes.c_void_p).value
    compiled.shuffle(order, rows, orders, function, generator.ctypes.state_address)
    for each in orders:
        states[1].shuffle(expected)
        np.testing.assert_array_equal(each, rows[expected])
    np.testing.assert_array_equal(order, expected)
    assert states[0].randint(1 << 30) == states[1].randint(1 << 30)


def test_divergence_is_seen_in_the_loss():
    each = Training(optimizer="sgd", loss=nn.IdentitySquaredError, batches={"y": ROWS})
    each.optimizer.learning_rate = 1e10
    assert not np.isfinite(each.run(compiled, 5)[-1].loss)


def test_threads_train_what_they_would_one_after_another():
    trainings = [Training(**BOTH_DROPOUTS) for _ in range(4)]
    trainings[0].run(compiled, 30)
    threads = [threading.Thread(target=each.run, args=(compiled, 30)) for each in trainings[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in trainings[1:]:
        assert_same_state(trainings[0], each)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")
def test_interruption_is_seen_within_a_second_of_a_long_epoch():
    network = nn.Network(
        [nn.Dense(200, 300), nn.Tanh(), nn.Dense(300, 3)], nn.SoftmaxCategoricalCrossentropy()
    )
    X, y = np.ones((3000, 200)), np.zeros(3000, int)
    # Hours, were the rows not the same ones again and again
    rows = np.tile(np.arange(3000), 1000)
    batches = Batches(X, y, rows=rows, batch_size=20, n_outputs=3)
    optimizer = nn.Adam()
    next(compiled.train(network, optimizer, Batches(X, y, batch_size=999, n_outputs=3), None))
    before = optimizer.iterations
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    start = time.process_time()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(KeyboardInterrupt):
            next(compiled.train(network, optimizer, batches, None))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert time.process_time() - start < 1.5
    # The optimizer has counted the steps that were made.
    assert before < optimizer.iterations < before + 150_000


# --- What is refused


class Swish(nn.SiLU):
    """One's own."""


class Lion(nn.SGD):
    """One's own."""


class Robust(LogitsLoss):
    """One's own."""


class Sparse(nn.Dense):
    """One's own."""


OWN = {
    "Swish": {"network": lambda: make_network(activations=(Swish, nn.ReLU))},
    "Softmax": {"network": lambda: make_network(activations=(nn.Softmax, nn.ReLU))},
    "Robust": {"network": lambda: make_network(loss=Robust)},
    "Lion": {"optimizer": lambda: Lion(0.1)},
    "Sparse": {"network": lambda: nn.Network([Sparse(5, 3)], nn.IdentitySquaredError())},
    "order": {
        "network": lambda: nn.Network(
            [nn.Dense(5, 4), nn.Dropout(0.5), nn.ReLU(), nn.Dense(4, 3)],
            nn.SoftmaxCategoricalCrossentropy(),
        )
    },
    "float16": {"network": lambda: make_network(np.float16)},
    "stack": {"network": lambda: nn.Network.stack([make_network(), make_network()])},
}


@pytest.mark.parametrize("own", OWN)
def test_what_is_ones_own_is_refused_in_words(own):
    network = OWN[own].get("network", make_network)()
    optimizer = OWN[own].get("optimizer", nn.Adam)()
    with pytest.raises(ValueError, match=r"(?s)engine='numba' trains .*use engine='numpy'"):
        next(compiled.train(network, optimizer, make_batches(), None))


def test_without_numba_the_error_names_the_extra():
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "from skscratch import MLPScratchClassifier\n"
        "MLPScratchClassifier(tol=0, max_iter=1).fit([[0], [1]], [0, 1])\n"
        "try:\n    MLPScratchClassifier(engine='numba').fit([[0], [1]], [0, 1])\n"
        "except ImportError as error:\n    print(error)"
    )
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, text=True
    )
    assert "pip install 'skscratch[numba]'" in result.stdout


def test_importing_the_package_imports_no_numba():
    code = "import sys, skscratch; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- The estimator


@unfinished_fits
@pytest.mark.parametrize("engines", [("numpy", "numba"), ("numba", "numpy")], ids=named)
def test_a_fit_resumed_from_a_pickle_goes_on_with_its_own_engine(engines):
    parameters = {"max_iter": 3, "warm_start": True, "dropout": 0.2}
    whole = mlp(**parameters, engine=engines[0]).set_params(max_iter=6).fit(X_digits, y_digits)
    resumed = mlp(**parameters, engine=engines[0]).fit(X_digits, y_digits)
    resumed = pickle.loads(pickle.dumps(resumed))
    other = pickle.loads(pickle.dumps(resumed)).set_params(engine=engines[1])
    assert_same_weights(whole, resumed.fit(X_digits, y_digits))
    assert_same_weights(whole, other.fit(X_digits, y_digits), rtol=1e-9)


@unfinished_fits
def test_partial_fit_n_times_is_one_fit_to_the_last_bit():
    parameters = {"input_dropout": 0.1, "batch_size": 100, "engine": "numba"}
    whole = mlp(max_iter=4, **parameters).fit(X_digits, y_digits)
    parts = mlp(**parameters)
    for _ in range(4):
        parts.partial_fit(X_digits, y_digits, classes=range(10))
    assert_same_fit(whole, parts)


@unfinished_fits
def test_fits_in_threads_are_those_one_by_one_to_the_last_bit():
    grid = {"learning_rate_init": [0.001, 0.01, 0.1], "hidden_layer_sizes": [(9,), (9, 4)]}
    search = GridSearchCV(mlp(dropout=0.1, tol=0, engine="numba"), grid, error_score="raise")
    expected = clone(search).fit(X_digits, y_digits)
    with train_together(n_jobs=2):
        search.fit(X_digits, y_digits)
    assert_same_fit(expected.best_estimator_, search.best_estimator_)
    for name, values in expected.cv_results_.items():
        if name.endswith("test_score"):
            np.testing.assert_array_equal(search.cv_results_[name], values, err_msg=name)


ENDINGS = {
    "after max_iter": {"max_iter": 70, "n_iter_no_change": np.inf},
    "no improvement": {"learning_rate_init": 0.02, "n_iter_no_change": 3, "tol": 0.01},
    "no improvement of a score": {"early_stopping": True, "n_iter_no_change": 2},
    "smaller steps": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "max_iter": 90},
    "power_t": {"solver": "sgd", "learning_rate": "invscaling", "max_iter": 30},
    "cosine": {"learning_rate": "cosine", "max_iter": 30},
    "decay": {"decay": 0.1, "max_iter": 30, "dropout": 0.1},
    "one batch": {"batch_size": 200, "max_iter": 30},
}


@pytest.fixture
def sizes(monkeypatch):
    """How many epochs each call of the compiled function has trained."""
    found, original = [], compiled.train_epochs
    monkeypatch.setattr(
        compiled, "train_epochs", lambda *args: found.append(len(args[1])) or original(*args)
    )
    return found


@unfinished_fits
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_fit_ends_where_it_would_if_each_epoch_were_looked_at(ending, sizes, monkeypatch):
    fits, states = [], []
    parameters = {"max_iter": 300, "warm_start": True, "engine": "numba", **ENDINGS[ending]}
    for max_rows in (1, compiled.MAX_ROWS):
        monkeypatch.setattr(compiled, "MAX_ROWS", max_rows)
        random_state = np.random.RandomState(0)
        clf = mlp(**{**parameters, "random_state": random_state})
        for _ in range(2):
            clf.fit(X_digits[:200], y_digits[:200])
        fits.append(clf)
        states.append(random_state.get_state()[1:3])
    stops = {"no improvement", "no improvement of a score", "smaller steps"}
    assert (fits[0].n_iter_ < clf.max_iter) == (ending in stops)
    assert (max(sizes) > 1) == (ending != "no improvement of a score")
    assert_same_fit(*fits)
    np.testing.assert_equal(*states)
    np.testing.assert_equal(*(clf.history_ for clf in fits))


@unfinished_fits
def test_epochs_that_are_looked_at_are_trained_one_by_one(sizes):
    part = X_digits[:200], y_digits[:200]
    mlp(engine="numba").fit(*part, X_val=X_digits[200:300], y_val=y_digits[200:300])
    assert max(sizes) == 1
    sizes.clear()
    callback = pytest.importorskip("skscratch.callbacks").EpochLogger()
    try:
        clf = mlp(engine="numba").set_callbacks(callback)
    except NotImplementedError:
        pytest.skip("needs scikit-learn's callbacks")
    clf.fit(*part)
    assert sizes == [1] * 5


@unfinished_fits
def test_interrupted_in_a_call_of_several_epochs_it_is_finished_to_the_same_weights(monkeypatch):
    part = X_digits[:200], y_digits[:200]
    whole = mlp(max_iter=60, engine="numba", dropout=0.1).fit(*part)
    clf, original, calls = clone(whole).set_params(warm_start=True), compiled.train_epochs, []

    def interrupted(*args):
        original(*args)
        calls.append(len(args[1]))
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(compiled, "train_epochs", interrupted)
    with pytest.warns(UserWarning, match="interrupted"):
        clf.fit(*part)
    assert calls[-1] > 1
    assert 0 < clf.n_iter_ <= sum(calls[:-1])
    clf.fit(*part)
    assert_same_fit(whole, clf)


def test_divergence_within_several_epochs_names_the_epoch():
    parameters = {"solver": "sgd", "learning_rate_init": 1.0, "activation": "identity"}
    messages = []
    for engine in ("numpy", "numba"):
        with pytest.raises(ValueError, match="diverged in epoch") as caught:
            mlp(**parameters, max_iter=200, engine=engine).fit(X_digits[:200] * 10, y_digits[:200])
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


REGRESSIONS = {
    "squared_error": {},
    "absolute_error": {},
    "huber": {},
    "quantile": {"quantile": [0.1, 0.5, 0.9]},
    "poisson": {},
    "gamma": {},
}


@unfinished_fits
@pytest.mark.parametrize("loss", REGRESSIONS)
def test_regressors_train_the_same_network(loss):
    y = 1 + X_digits[:, 20]
    numpy, numba = (
        MLPScratchRegressor(
            loss,
            hidden_layer_sizes=(20,),
            activation="tanh",
            batch_size=50,
            max_iter=5,
            random_state=0,
            engine=engine,
            **REGRESSIONS[loss],
        ).fit(X_digits, y)
        for engine in ("numpy", "numba")
    )
    assert_same_weights(numpy, numba, rtol=1e-9)
    for name, values in numpy.history_.items():
        np.testing.assert_allclose(numba.history_[name], values, rtol=1e-9, err_msg=name)


@unfinished_fits
def test_lbfgs_has_no_engine():
    fits = [
        mlp(solver="lbfgs", max_iter=5, engine=engine).fit(X_digits[:200], y_digits[:200])
        for engine in ("numpy", "numba")
    ]
    assert_same_fit(*fits)


def test_an_estimator_whose_parts_are_refused_is_as_it_was():
    clf = mlp(activation=Swish, engine="numba")
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=r"got Swish.*use engine='numpy'"):
        clf.fit(X_digits, y_digits)
    assert vars(clf) == before


# --- The cache

TRAIN = """
import logging
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
import numpy as np
from skscratch import nn
from skscratch.nn import compiled
from skscratch.nn.training import Batches
network = nn.Network([nn.Dense(2, 2, random_state=0)], nn.IdentitySquaredError())
batches = Batches(np.eye(2), np.eye(2), batch_size=2, n_outputs=2)
print(next(compiled.train(network, nn.Adam(), batches, None))[0].loss)
"""


def installation(directory):
    """Return the environment of a package whose folder nothing can be written to, not by root."""
    package = Path(skscratch.__file__).parent
    shutil.copytree(
        package, directory / "site/skscratch", ignore=shutil.ignore_patterns("__pycache__")
    )
    # Where the cache's folder would be made
    (directory / "site/skscratch/nn/__pycache__").touch()
    environment = {name: os.environ[name] for name in os.environ if name != "NUMBA_CACHE_DIR"}
    homes = {"HOME": str(directory), "XDG_CACHE_HOME": str(directory / "cache")}
    return {**environment, **homes, "PYTHONPATH": str(directory / "site")}


def start(environment, code=TRAIN):
    """Train in another process."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        cwd=environment["PYTHONPATH"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="caches are elsewhere")
def test_of_a_read_only_installation_two_processes_compile_at_once_and_a_third_loads(tmp_path):
    environment = installation(tmp_path)
    results = [process.communicate() for process in [start(environment) for _ in range(2)]]
    for _, errors in results:
        assert errors.count("skscratch: Compiling") == 1, errors
    assert list(tmp_path.glob("cache/**/*.nbi"))
    output, errors = start(environment).communicate()
    assert "Compiling" not in errors
    assert output == results[0][0] == results[1][0] != ""


@pytest.mark.skipif(os.name == "nt", reason="caches are elsewhere")
def test_where_nothing_can_be_written_to_nothing_is_kept(tmp_path):
    environment = {**installation(tmp_path), "HOME": os.devnull, "XDG_CACHE_HOME": os.devnull}
    _, errors = start(environment, TRAIN.partition("network =")[0]).communicate()
    assert "skscratch: Compiled code is not kept" in errors
