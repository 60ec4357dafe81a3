"""dropout and input_dropout: applied in training only, with a separate random stream."""

import pickle
from collections import defaultdict

import helpers
import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    Watched,
    X_digits,
    assert_learns_digits,
    assert_same_fit,
    unfinished_fits,
    y_digits,
)
from sklearn.datasets import load_iris, make_classification
from sklearn.metrics import log_loss

from skscratch.nn.layers import Dropout

pytestmark = unfinished_fits

X, y = load_iris(return_X_y=True)


def mlp(hidden_layer_sizes=(40, 30), **parameters):
    # The fixture below records the masks of the layers in NumPy.
    return helpers.mlp(hidden_layer_sizes, **{"max_iter": 6, "engine": "numpy", **parameters})


@pytest.fixture
def masks(monkeypatch):
    """Record every mask by the layer's rate and number of units."""
    drawn = defaultdict(list)
    forward = Dropout.forward

    def noted(self, inputs, training=True):
        output = forward(self, inputs, training)
        if training and not sp.issparse(inputs):
            drawn[self.rate, inputs.shape[-1]].append(self.mask.copy())
        return output

    monkeypatch.setattr(Dropout, "forward", noted)
    return drawn


@pytest.mark.parametrize(
    ("arguments", "rates"),
    [
        ({"dropout": 0.3}, {40: 0.3, 30: 0.3}),
        ({"dropout": [0.2, 0.6]}, {40: 0.2, 30: 0.6}),
        ({"dropout": np.array([0.0, 0.6])}, {30: 0.6}),
        ({"input_dropout": 0.25}, {64: 0.25}),
        ({"input_dropout": 0.1, "dropout": (0.5, 0.0)}, {64: 0.1, 40: 0.5}),
        ({}, {}),
    ],
)
def test_rates_per_layer(masks, arguments, rates):
    clf = mlp(max_iter=2, **arguments).fit(X_digits.astype(np.float32), y_digits)
    assert {(rate, units) for units, rate in rates.items()} == masks.keys()
    for (rate, _), drawn in masks.items():
        assert len(drawn) == 2 * -(-len(X_digits) // 40)
        dropped = np.concatenate([mask.ravel() == 0 for mask in drawn])
        tolerance = 4 * np.sqrt(rate * (1 - rate) / dropped.size)
        assert dropped.mean() == pytest.approx(rate, abs=tolerance)
    masks.clear()
    first = clf.predict_proba(X_digits)
    np.testing.assert_array_equal(clf.predict_proba(X_digits), first)
    assert not masks


def test_no_dropout_in_prediction():
    clf = mlp(dropout=0.5, input_dropout=0.2, solver="adamw").fit(X, y)
    values = X
    for weights, biases in zip(clf.coefs_, clf.intercepts_, strict=True):
        logits = values @ weights + biases
        values = np.maximum(logits, 0)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(clf.predict_proba(X), probabilities, rtol=1e-10)


def test_no_dropout_in_validation(masks):
    clf = mlp(max_iter=1, dropout=0.5, batch_size=150).fit(X, y, X_val=X, y_val=y)
    assert {len(drawn) for drawn in masks.values()} == {1}
    assert clf.history_["validation_loss"][0] == pytest.approx(log_loss(y, clf.predict_proba(X)))


def test_training_follows_the_equations(masks):
    """Compare with the equations of a ReLU network with softmax and the recorded masks."""
    clf = mlp(
        solver="sgd", momentum=0.0, learning_rate_init=0.1, alpha=0.0, batch_size=150, max_iter=5
    ).set_params(dropout=[0.5, 0.25], input_dropout=0.1)
    start = mlp(solver="sgd", learning_rate_init=1e-300, alpha=0.0, max_iter=1).fit(X, y)
    weights, biases = start.coefs_, start.intercepts_
    clf.fit(X, y)
    assert len(masks) == 3
    for epoch in range(5):
        inputs, hidden_1, hidden_2 = (
            masks[key][epoch] for key in ((0.1, 4), (0.5, 40), (0.25, 30))
        )
        values = [X * inputs]
        values.append(np.maximum(values[0] @ weights[0] + biases[0], 0) * hidden_1)
        values.append(np.maximum(values[1] @ weights[1] + biases[1], 0) * hidden_2)
        logits = values[2] @ weights[2] + biases[2]
        delta = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        delta = (delta - np.eye(3)[y]) / 150
        deltas = [delta]
        for layer, mask in ((2, hidden_2), (1, hidden_1)):
            deltas[:0] = [deltas[0] @ weights[layer].T * mask * (values[layer] > 0)]
        weights = [w - 0.1 * v.T @ d for w, v, d in zip(weights, values, deltas, strict=True)]
        biases = [b - 0.1 * d.sum(axis=0) for b, d in zip(biases, deltas, strict=True)]
    for expected, actual in zip(weights + biases, clf.coefs_ + clf.intercepts_, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("arguments", [{"dropout": 0.5}, {"input_dropout": 0.5}])
def test_masks_depend_on_random_state(arguments, masks):
    arguments["shuffle"] = False
    first = mlp(**arguments).fit(X, y)
    drawn = {key: np.concatenate(values) for key, values in masks.items()}
    masks.clear()
    assert_same_fit(mlp(**arguments).fit(X, y), first)
    for key, values in masks.items():
        np.testing.assert_array_equal(np.concatenate(values), drawn[key])
    masks.clear()
    mlp(**{**arguments, "random_state": 1}).fit(X, y)
    for key, values in masks.items():
        assert not np.array_equal(np.concatenate(values), drawn[key])


@pytest.mark.parametrize(
    ("arguments", "early_stopping"), [({"dropout": 0.5}, True), ({"input_dropout": 0.2}, False)]
)
def test_initial_weights_order_and_split_do_not_depend_on_dropout(arguments, early_stopping):
    for seed in range(3):
        states, fits = [np.random.RandomState(seed) for _ in range(2)], []
        for random_state, extra in zip(states, ({}, arguments), strict=True):
            clf = mlp(random_state=random_state, early_stopping=early_stopping, max_iter=3)
            # The learning rate is too small to change the initial weights.
            clf.set_params(solver="sgd", learning_rate_init=1e-300, **extra)
            fits.append(clf.fit(X, y))
        for a, b in zip(fits[0].coefs_, fits[1].coefs_, strict=True):
            np.testing.assert_array_equal(a, b)
        assert fits[0].validation_scores_ == fits[1].validation_scores_
        assert states[0].randint(1 << 30) == states[1].randint(1 << 30)


@pytest.mark.no_cover
def test_dropout_reduces_overfitting():
    noisy = make_classification(600, 20, n_informative=5, flip_y=0.2, random_state=0)
    X, y = (array[:300] for array in noisy)
    X_val, y_val = (array[300:] for array in noisy)
    gaps = []
    for arguments in ({}, {"dropout": 0.5}, {"dropout": 0.5, "input_dropout": 0.2}):
        clf = mlp((64,), max_iter=60, learning_rate_init=0.01, **arguments).fit(X, y)
        losses = [log_loss(of, clf.predict_proba(at)) for at, of in ((X, y), (X_val, y_val))]
        gaps.append(losses[1] - losses[0])
    assert gaps[0] > 1.5 * gaps[1] > 1.5 * gaps[2] > 0


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("solver", "container"),
    [("adam", np.asarray), ("sgd", sp.csr_array), ("rmsprop", sp.csr_array)],
)
def test_every_solver_learns_digits(solver, container):
    clf = mlp((64,), solver=solver, max_iter=20, dropout=0.3, input_dropout=0.1)
    assert_learns_digits(clf, 0.9, container)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_sparse_input_drops_stored_elements(masks, early_stopping):
    sparse = Watched(X_digits)
    clf = mlp(input_dropout=0.3, max_iter=3, early_stopping=early_stopping, batch_size=2000)
    with pytest.warns(UserWarning, match="larger than the sample size"):
        clf.fit(sparse, y_digits)
    n_elements = {units for _, units in masks}
    assert early_stopping or n_elements == {sparse.nnz}
    dropped = np.concatenate([mask.ravel() == 0 for drawn in masks.values() for mask in drawn])
    assert dropped.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / dropped.size))


def test_sparse_batches_without_elements():
    X = sp.csr_array((90, 4))
    clf = mlp(input_dropout=0.5).fit(X, np.arange(90) % 3)
    assert np.isfinite(clf.loss_)


RESUMED = [
    {"dropout": 0.4},
    {"input_dropout": 0.2},
    {"dropout": [0.0, 0.3], "input_dropout": 0.2, "batch_size": 150},
]


@pytest.mark.parametrize("arguments", RESUMED)
def test_six_partial_fits_equal_six_epochs(arguments):
    X_ = sp.csr_array(X.astype(np.float32))
    once = mlp((9, 5), **arguments).fit(X_, y)
    by_parts = mlp((9, 5), **arguments)
    for _ in range(6):
        by_parts = pickle.loads(pickle.dumps(by_parts)).partial_fit(X_, y, classes=[0, 1, 2])
    assert_same_fit(once, by_parts)


@pytest.mark.parametrize("arguments", RESUMED)
def test_warm_start_resumes_exactly(arguments):
    once = mlp((9, 5), max_iter=14, **arguments).fit(X, y)
    twice = mlp((9, 5), max_iter=6, warm_start=True, **arguments).fit(X, y)
    twice = pickle.loads(pickle.dumps(twice)).set_params(max_iter=8).fit(X, y)
    assert_same_fit(once, twice)


def test_dropout_can_be_changed_between_fits(masks):
    clf = mlp(warm_start=True, max_iter=2).fit(X, y)
    clf.set_params(dropout=0.5, input_dropout=0.5).fit(X, y)
    assert len(masks) == 3
    masks.clear()
    clf.set_params(dropout=0.0, input_dropout=0.0).fit(X, y)
    assert not masks
    assert len(clf.loss_curve_) == 6


@pytest.mark.parametrize(
    "arguments", [{"dropout": 0.1}, {"dropout": [0.0, 0.5]}, {"input_dropout": 0.1}]
)
def test_lbfgs_with_dropout_raises(arguments):
    clf = mlp(solver="lbfgs", **arguments)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match="dropout and clip_norm are not supported"):
        clf.fit(X, y)
    assert vars(clf) == before


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_lbfgs_with_rates_of_zero():
    clf = mlp(solver="lbfgs", dropout=[0.0, 0.0], input_dropout=0.0).fit(X, y)
    assert_same_fit(clf, mlp(solver="lbfgs").fit(X, y))


def test_dropout_without_hidden_layers(masks):
    assert_same_fit(mlp((), dropout=0.5).fit(X, y), mlp(()).fit(X, y))
    mlp((), dropout=[], input_dropout=0.5).fit(X, y)
    assert masks.keys() == {(0.5, 4)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": -0.1}, "dropout"),
        ({"dropout": np.array(-0.1)}, "dropout"),
        ({"dropout": "half"}, "dropout"),
        ({"dropout": [0.5]}, "dropout must be a number >= 0 or a list of 2"),
        ({"dropout": [0.5] * 3}, "one for each hidden layer"),
        ({"dropout": [[0.5, 0.5]]}, "one for each hidden layer"),
        ({"dropout": [0.5, -0.5]}, "one for each hidden layer"),
        ({"dropout": [0.5, np.nan]}, "one for each hidden layer"),
        ({"dropout": [0.5, 1.0]}, "dropout must be less than 1"),
        ({"input_dropout": 1.0}, "input_dropout"),
        ({"input_dropout": -0.1}, "input_dropout"),
        ({"input_dropout": [0.1]}, "input_dropout"),
    ],
)
def test_invalid_rates(arguments, message):
    clf = mlp(**arguments)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=message):
        clf.fit(X, y)
    assert vars(clf) == before
