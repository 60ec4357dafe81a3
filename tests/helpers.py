"""Data, small networks, comparisons of fits and equations for several test modules."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_digits

from skscratch import MLPScratchClassifier, native
from skscratch.nn.activations import Tanh
from skscratch.nn.initializers import glorot_uniform
from skscratch.nn.layers import Dense
from skscratch.nn.losses import SoftmaxCategoricalCrossentropy
from skscratch.nn.network import Network

STOCHASTIC = ["sgd", "adam", "adamw", "adagrad", "rmsprop"]
SOLVERS = [*STOCHASTIC, "lbfgs"]

# The native engine is built at installation if there is a compiler.
ENGINES = ["numpy", "native"] if native.is_available() else ["numpy"]

X_digits, y_digits = load_digits(return_X_y=True)
X_digits = X_digits / 16

# Most tests train for a few epochs. test_stochastic.py tests these warnings.
unfinished_fits = pytest.mark.filterwarnings(
    "ignore:.*Maximum iterations:sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed to converge:sklearn.exceptions.ConvergenceWarning",
    "ignore:The training loss rose:sklearn.exceptions.ConvergenceWarning",
)


def mlp(hidden_layer_sizes=(6, 5), **parameters):
    """Return a small network, to be trained for a few epochs."""
    defaults = {"max_iter": 5, "batch_size": 40, "random_state": 0}
    return MLPScratchClassifier(hidden_layer_sizes, **{**defaults, **parameters})


# --- Fits


def assert_same_weights(first, second, rtol=0):
    """Check that weights and biases are bit-for-bit identical, or equal within ``rtol``."""
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(first, name), getattr(second, name), strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol, err_msg=name, strict=True)


def assert_same_fit(first, second):
    """Check that weights, biases, losses and scores are bit-for-bit identical."""
    assert_same_weights(first, second)
    for name in ("loss_curve_", "validation_scores_", "t_"):
        assert getattr(first, name) == getattr(second, name), name


def assert_same_network(theirs, ours, rtol):
    """Check that a network is equal to one of scikit-learn, with weights within ``rtol``."""
    for expected, actual in zip(
        theirs.coefs_ + theirs.intercepts_, ours.coefs_ + ours.intercepts_, strict=True
    ):
        assert actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * np.abs(expected).max())
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(ours, name) == getattr(theirs, name)
    if is_classifier(theirs):
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)


def weights_of(n_samples):
    """Return different sample weights."""
    return np.random.RandomState(0).uniform(0.1, 3.0, n_samples)


def assert_learns(clf, X, y, X_test, y_test, accuracy):
    """Train, and check the fall of the loss, the change of each layer and the test accuracy."""
    untrained = clone(clf).set_params(solver="sgd", learning_rate_init=1e-300, max_iter=1).fit(X, y)
    clf.fit(X, y)
    assert clf.loss_curve_[-1] < 0.5 * clf.loss_curve_[0]
    # Training only the last layer would also classify most digits correctly.
    for before, after in zip(untrained.coefs_, clf.coefs_, strict=True):
        assert np.linalg.norm(after - before) > 0.2 * np.linalg.norm(before)
    assert untrained.score(X_test, y_test) < 0.5 * accuracy
    assert clf.score(X_test, y_test) > accuracy


def assert_learns_digits(clf, accuracy, container=np.asarray):
    """Train on 1,200 digits, with a suitable learning rate, and test on the others."""
    clf.set_params(learning_rate_init={"sgd": 0.1, "adagrad": 0.05}.get(clf.solver, 0.003))
    train, test = container(X_digits[:1200]), container(X_digits[1200:])
    assert_learns(clf, train, y_digits[:1200], test, y_digits[1200:], accuracy)


# --- Sparse input


class Watched(sp.csr_array):
    """A sparse array that raises an error when it is converted to a dense one."""

    def toarray(self, *args, **kwargs):
        raise AssertionError("converted to a dense array")

    todense = toarray


# --- Callbacks


class Recorder:
    """Record all calls; ``action`` is called too, and its result is returned."""

    def __init__(self, action=None):
        self.calls, self.action = [], action

    def record(self, hook, context):
        self.calls.append((hook, context.task_name, context.task_id))
        return self.action and self.action(hook, context)

    def setup(self, estimator, context):
        self.record("setup", context)

    def teardown(self, estimator, context):
        self.record("teardown", context)

    def on_fit_task_begin(self, estimator, context):
        self.record("begin", context)

    def on_fit_task_end(self, estimator, context):
        return self.record("end", context)

    def count(self, hook):
        return sum(call[0] == hook for call in self.calls)


class Collector(Recorder):
    """Also record the fitted estimators."""

    def __init__(self):
        super().__init__()
        self.fitted = []

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.record("end", context)
        self.fitted.append(fitted_estimator)


class CrashError(Exception):
    """An error that is not handled."""


class CrashAt:
    """An action that raises an error when a hook is called for a task."""

    def __init__(self, hook, task_name="fit", task_id=0, error=CrashError):
        self.call, self.error = (hook, task_name, task_id), error

    def __call__(self, hook, context):
        if (hook, context.task_name, context.task_id) == self.call:
            raise self.error


# --- Textbook equations


def textbook_gradients(X, Y, coefs, intercepts, alpha, penalties):
    """Return the gradients of a ReLU network with softmax, computed layer by layer."""
    activations = [X]
    for weights, biases in zip(coefs[:-1], intercepts[:-1], strict=True):
        activations.append(np.maximum(activations[-1] @ weights + biases, 0))
    logits = activations[-1] @ coefs[-1] + intercepts[-1]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    delta = (probabilities - Y) / len(X)
    gradients = []
    for i in reversed(range(len(coefs))):
        weights, biases = coefs[i], intercepts[i]
        w1, w2, b1, b2 = (penalty[i] for penalty in penalties)
        gradients[:0] = [
            (
                activations[i].T @ delta
                + alpha / len(X) * weights
                + w1 * np.sign(weights)
                + 2 * w2 * weights,
                delta.sum(axis=0) + b1 * np.sign(biases) + 2 * b2 * biases,
            )
        ]
        delta = delta @ weights.T * (activations[i] > 0)
    return [g for g, _ in gradients] + [g for _, g in gradients]


def adagrad(rate, state, gradient, epsilon):
    state["c"] = state.get("c", 0) + gradient**2
    return -rate * gradient / (np.sqrt(state["c"]) + epsilon)


def rmsprop(rate, state, gradient, epsilon, rho):
    state["c"] = rho * state.get("c", 0) + (1 - rho) * gradient**2
    return -rate * gradient / (np.sqrt(state["c"]) + epsilon)


def adam(rate, state, gradient, epsilon, beta_1, beta_2):
    state["t"] = state.get("t", 0) + 1
    state["m"] = beta_1 * state.get("m", 0) + (1 - beta_1) * gradient
    state["v"] = beta_2 * state.get("v", 0) + (1 - beta_2) * gradient**2
    rate *= np.sqrt(1 - beta_2 ** state["t"]) / (1 - beta_1 ** state["t"])
    return -rate * state["m"] / (np.sqrt(state["v"]) + epsilon)


def sgd(rate, state, gradient, momentum):
    state["v"] = momentum * state.get("v", 0) - rate * gradient
    return state["v"]


# --- Networks of skscratch.nn


def network_of(
    units=(4, 5, 3),
    activation_class=Tanh,
    loss_class=SoftmaxCategoricalCrossentropy,
    alpha=0.0,
    strengths=(0, 0, 0, 0),
    dtype=np.float64,
):
    """Return a network with fixed initial weights."""
    random_state = np.random.RandomState(0)
    layers = []
    for n_inputs, n_neurons in pairwise(units):
        dense = Dense(
            n_inputs,
            n_neurons,
            *strengths,
            initializer=glorot_uniform,
            random_state=random_state,
            dtype=dtype,
        )
        layers += [dense, activation_class()]
    return Network(layers[:-1], loss_class(), alpha)
