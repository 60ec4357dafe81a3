"""activation and weight_init: activations per hidden layer, and initial weights."""

from itertools import pairwise

import numpy as np
import pytest
from helpers import (
    assert_learns,
    assert_learns_digits,
    assert_same_fit,
    mlp,
    unfinished_fits,
)
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

pytestmark = unfinished_fits

FORMULAS = {
    "identity": lambda z: z,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(0, z),
    "leaky_relu": lambda z: np.maximum(0.01 * z, z),
    "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
    "silu": lambda z: z / (1 + np.exp(-z)),
}

X, y = load_iris(return_X_y=True)


def untrained(*args, dtype=np.float64, **arguments):
    """Return an estimator with initial weights: the learning rate is too small to change them."""
    clf = mlp(*args, **arguments, solver="sgd", learning_rate_init=1e-300, max_iter=1)
    return clf.fit(X.astype(dtype), y)


@pytest.mark.parametrize(
    ("activation", "kind"), [("relu", list), ("silu", tuple), ("logistic", np.array)]
)
def test_list_of_equal_names_equals_the_name(activation, kind):
    by_name = mlp(activation=activation).fit(X, y)
    by_layer = mlp(activation=kind([activation, activation])).fit(X, y)
    assert_same_fit(by_name, by_layer)
    np.testing.assert_array_equal(by_layer.predict_proba(X), by_name.predict_proba(X))


@pytest.mark.parametrize(
    "names", [["relu", "tanh"], ["silu", "leaky_relu"], ["elu", "logistic"], ["identity", "silu"]]
)
def test_different_activations_per_layer(names):
    clf = mlp(activation=names).fit(X, y)
    values = X
    for name, weights, biases in zip(names, clf.coefs_, clf.intercepts_, strict=False):
        values = FORMULAS[name](values @ weights + biases)
    logits = values @ clf.coefs_[-1] + clf.intercepts_[-1]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(clf.predict_proba(X), probabilities, rtol=1e-10)
    # Training uses the same activations as prediction.
    by_hand = -np.log(probabilities[np.arange(150), y]).mean()
    clf.set_params(warm_start=True, batch_size=150, alpha=0.0).fit(X, y)
    assert clf.history_["data_loss"][5] == pytest.approx(by_hand, rel=1e-10)


@pytest.mark.parametrize(
    ("activation", "solver"),
    [
        ("leaky_relu", "adam"),
        ("elu", "sgd"),
        ("silu", "lbfgs"),
        (["silu", "relu"], "rmsprop"),
        (["elu", "silu"], "adagrad"),
    ],
)
def test_every_solver_learns_digits(activation, solver):
    assert_learns_digits(mlp((40, 20), activation=activation, solver=solver, max_iter=25), 0.86)


@pytest.mark.parametrize(
    ("activation", "factors"),
    [
        (["relu", "logistic"], [6, 2, 2]),
        (["logistic", "relu"], [2, 6, 6]),
        (["silu", "elu"], [6, 6, 6]),
        ("logistic", [2, 2, 2]),
    ],
)
def test_glorot_bounds_per_layer(activation, factors):
    # The factor of the output layer is that of the last hidden layer, as in MLPClassifier.
    clf, random_state = untrained(activation=activation), np.random.RandomState(0)
    for i, (shape, factor) in enumerate(zip(pairwise([4, 6, 5, 3]), factors, strict=True)):
        bound = np.sqrt(factor / sum(shape))
        np.testing.assert_array_equal(clf.coefs_[i], random_state.uniform(-bound, bound, shape))
        expected = random_state.uniform(-bound, bound, shape[1])
        np.testing.assert_array_equal(clf.intercepts_[i], expected)


@pytest.mark.parametrize(
    ("activation", "n_hidden"),
    [
        ([], 1),
        (["relu"], 2),
        (["relu"] * 3, 2),
        (["relu"], 0),
        (["relu", "softplus"], 2),
        (["relu", 3], 2),
        ([["relu", "relu"]], 1),
        ("softplus", 2),
        ("softmax", 2),
        (None, 2),
    ],
)
def test_invalid_activations(activation, n_hidden):
    clf = mlp((5,) * n_hidden, activation=activation)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=r"'activation' parameter|activation must be one of"):
        clf.fit(X, y)
    assert vars(clf) == before


def test_no_hidden_layers():
    assert_same_fit(mlp((), activation=[]).fit(X, y), mlp((), activation="tanh").fit(X, y))


def test_grid_search_over_lists_and_tuples():
    grid = {"activation": ["tanh", ["relu", "tanh"], ("tanh", "relu"), ("silu", "elu")]}
    search = GridSearchCV(mlp(), grid, cv=2, scoring="neg_log_loss", error_score="raise")
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert len(set(scores)) == 4
    assert search.best_params_["activation"] == grid["activation"][int(np.argmax(scores))]
    assert search.best_estimator_.get_params()["activation"] == search.best_params_["activation"]


# --- Initial weights

SCALES = {
    "he_normal": lambda n_inputs: np.sqrt(2 / n_inputs),
    "lecun_normal": lambda n_inputs: np.sqrt(1 / n_inputs),
    "scaled_normal": lambda n_inputs: 0.01,
}


@pytest.mark.parametrize(
    ("weight_init", "dtype"),
    [("he_normal", np.float32), ("lecun_normal", np.float64), ("scaled_normal", np.float32)],
)
def test_normal_weights_of_each_layer(weight_init, dtype):
    clf = untrained((300, 200), weight_init=weight_init, dtype=dtype)
    random_state = np.random.RandomState(0)
    for coef, intercept in zip(clf.coefs_, clf.intercepts_, strict=True):
        scale = SCALES[weight_init](len(coef))
        expected = (scale * random_state.normal(size=coef.shape)).astype(dtype)
        np.testing.assert_array_equal(coef, expected)
        assert coef.std() == pytest.approx(scale, rel=4 / np.sqrt(2 * coef.size))
        assert np.abs(intercept).max() < 1e-40


def test_glorot_draws_biases_too():
    clf = untrained((300, 200))
    for coef, intercept in zip(clf.coefs_, clf.intercepts_, strict=True):
        bound = np.sqrt(6 / sum(coef.shape))
        assert 0.9 * bound < np.abs(coef).max() <= bound
        assert (intercept != 0).all()
        assert np.abs(intercept).max() <= bound


@pytest.mark.parametrize("weight_init", [*SCALES, "glorot_uniform"])
def test_every_initializer_learns_iris(weight_init):
    clf = mlp((20,), weight_init=weight_init, learning_rate_init=0.02, max_iter=60)
    assert_learns(clf, X[::2], y[::2], X[1::2], y[1::2], 0.9)


@pytest.mark.parametrize("weight_init", ["glorot_normal", None, 0.1])
def test_invalid_weight_init(weight_init):
    with pytest.raises(ValueError, match="weight_init"):
        mlp(weight_init=weight_init).fit(X, y)
