"""Side by side, networks become bit for bit what each becomes alone."""

import tracemalloc

import numpy as np
import pytest
from helpers import named
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification

from skscratch import MLPScratchClassifier
from skscratch.estimators.observers import Observer
from skscratch.estimators.trainers import trainer_of
from skscratch.together import stacks
from skscratch.together.stacks import Failure, max_stack_size, run_stack

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Got `batch_size`"),
]

X, y = load_iris(return_X_y=True)
X_labels, y_labels = make_multilabel_classification(150, n_features=4, random_state=0)
weights = np.random.RandomState(0).rand(150)

SOLVERS = ["sgd", "adam", "adamw", "adagrad", "rmsprop"]
RATES = [0.001, 0.01, 0.05]


def mlp(**params):
    defaults = {"hidden_layer_sizes": (8,), "max_iter": 12, "batch_size": 32, "random_state": 0}
    return MLPScratchClassifier(**{**defaults, **params})


def prepared(clf, X=X, y=y, sample_weight=None, **validation):
    names = ("X_val", "y_val", "sample_weight_val")
    return clf._prepare(X, y, sample_weight, *(validation.get(name) for name in names))


def fit(clf, data, observer=None):
    trainer = trainer_of(clf, data, resume=False)
    trainer.run(observer or Observer())
    return trainer.fitted_attributes()


def assert_same_value(actual, expected):
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for name, value in expected.items():
            assert_same_value(actual[name], value)
    elif isinstance(expected, list | tuple):
        assert len(actual) == len(expected)
        for a, b in zip(actual, expected, strict=True):
            assert_same_value(a, b)
    else:
        np.testing.assert_array_equal(actual, expected)
        assert getattr(actual, "dtype", None) == getattr(expected, "dtype", None)


def check(estimators, data=None):
    """Compare all that a fit leaves behind: weights, history, optimizer, random streams."""
    data = data or [prepared(clf) for clf in estimators]
    pairs = list(zip(estimators, data, strict=True))
    expected = [fit(clone(clf), one) for clf, one in pairs]
    trainers = [trainer_of(clf, one, resume=False) for clf, one in pairs]
    assert len({trainer.stack_key for trainer in trainers}) == 1
    actual = run_stack(trainers)
    for a, b in zip(actual, expected, strict=True):
        assert_same_value(a, b)
    return actual


OPTIONS = [
    {},
    {"shuffle": False},
    {"batch_size": 500},
    {"batch_size": 149},
    {"dropout": 0.3},
    {"input_dropout": 0.2},
    {"early_stopping": True, "n_iter_no_change": 2},
    {"tol": 0.02, "n_iter_no_change": 2, "max_iter": 40},
    {"class_weight": "balanced"},
    {"clip_norm": 0.3},
    {"learning_rate": "cosine", "decay": 0.01},
    {"hidden_layer_sizes": (8, 6, 5), "activation": ["elu", "silu", "logistic"], "dropout": 0.1},
    {"weight_regularizer_l1": 0.01, "bias_regularizer_l2": 0.1, "alpha": 0.1},
]


@pytest.mark.parametrize("options", OPTIONS, ids=named)
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_with_every_option(solver, options):
    check([mlp(solver=solver, learning_rate_init=rate, **options) for rate in RATES])


@pytest.mark.parametrize(
    ("solver", "name", "values"),
    [
        ("sgd", "momentum", [0.1, 0.5, 0.9]),
        ("sgd", "power_t", [0.1, 0.5]),
        ("sgd", "learning_rate", ["constant", "invscaling", "adaptive", "cosine"]),
        ("adam", "beta_1", [0.5, 0.9]),
        ("adam", "beta_2", [0.9, 0.999]),
        ("adagrad", "epsilon", [1e-8, 1e-3]),
        ("rmsprop", "rho", [0.5, 0.9]),
        ("adamw", "weight_decay", [0.0, 0.1]),
        ("adam", "decay", [0.0, 0.1]),
        ("adam", "alpha", [0.0, 0.1, 10.0]),
        ("adam", "weight_regularizer_l1", [0.0, 0.01, [0.02, 0.03]]),
        ("adam", "weight_regularizer_l2", [0.0, 0.01, [0.02, 0.03]]),
        ("adam", "bias_regularizer_l1", [0.0, 0.01]),
        ("adam", "bias_regularizer_l2", [0.0, 0.01]),
        ("adam", "dropout", [0.1, 0.5, [0.3]]),
        ("adam", "input_dropout", [0.1, 0.5]),
        ("adam", "clip_norm", [0.01, 0.1, 10.0]),
        ("adam", "max_iter", [1, 2, 7, 7]),
        ("adam", "random_state", [0, 1, np.random.RandomState(2)]),
        ("adam", "weight_init", ["glorot_uniform", "he_normal", "scaled_normal"]),
        ("adam", "class_weight", ["balanced", {0: 2.0}]),
        ("adam", "tol", [0.0, 0.1, 1.0]),
        ("adam", "n_iter_no_change", [1, 3, np.inf]),
    ],
)
def test_every_parameter_may_differ(solver, name, values):
    options = {"tol": 0.1, "n_iter_no_change": 2, "solver": solver}
    check([mlp(**{**options, name: value}) for value in values])


@pytest.mark.parametrize(
    ("inputs", "labels", "params"),
    [
        (X, (y > 0).astype(int), {}),
        (X_labels, y_labels, {}),
        (X.astype(np.float32), y, {}),
        (X.astype(np.float32), y, {"dropout": 0.2, "solver": "rmsprop", "clip_norm": 0.1}),
        (X, y, {"sample_weight": weights}),
        (X, y, {"sample_weight": weights * (weights > 0.5)}),
    ],
)
def test_every_kind_of_data(inputs, labels, params):
    sample_weight = params.pop("sample_weight", None)
    estimators = [mlp(learning_rate_init=rate, **params) for rate in RATES]
    check(estimators, [prepared(clf, inputs, labels, sample_weight) for clf in estimators])


def test_folds_have_data_of_their_own():
    rows = [np.flatnonzero(np.arange(150) % 3 != fold) for fold in range(3)]
    estimators = [mlp(early_stopping=True, n_iter_no_change=2) for _ in rows]
    folds = zip(estimators, rows, strict=True)
    check(estimators, [prepared(clf, X[part], y[part], weights[part]) for clf, part in folds])


def test_validation_sets_of_ones_own():
    estimators = [mlp(early_stopping=early, n_iter_no_change=2) for early in (True, False)]
    validation = {"X_val": X[::3], "y_val": y[::3], "sample_weight_val": weights[::3]}
    check(estimators, [prepared(clf, **validation) for clf in estimators])


def test_they_leave_at_different_epochs():
    estimators = [
        mlp(tol=tol, n_iter_no_change=2, max_iter=max_iter, dropout=0.2)
        for tol in (0, 0.01, 0.1)
        for max_iter in (1, 5, 30, 60)
    ]
    results = check(estimators)
    assert len({result["n_iter_"] for result in results}) > 3


@pytest.mark.parametrize("n_before", [1, 4])
def test_training_goes_on_where_it_was(n_before):
    def started(rate):
        clf = mlp(learning_rate_init=rate, dropout=0.1, max_iter=n_before, tol=0).fit(X, y)
        clf._training_state["unfinished"] = n_before
        return clf.set_params(max_iter=12)

    fits = [trainer_of(clf, prepared(clf), resume=True) for clf in map(started, RATES)]
    results = run_stack(fits)
    for result, rate in zip(results, RATES, strict=True):
        whole = mlp(learning_rate_init=rate, dropout=0.1, tol=0).fit(X, y)
        assert_same_value(result["coefs_"], whole.coefs_)
        assert result["n_iter_"] == 12


@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
def test_a_failure_leaves_the_others_untouched(solver):
    rates = [0.01, 1e300, 0.02]
    estimators = [mlp(solver=solver, learning_rate_init=rate) for rate in rates]
    results = run_stack([trainer_of(clf, prepared(clf), resume=False) for clf in estimators])
    assert isinstance(results[1], Failure)
    assert "Training diverged in epoch" in str(results[1].error)
    assert "end_epoch" in results[1].traceback
    assert results[1].error.__traceback__ is None
    for k in (0, 2):
        alone = clone(estimators[k]).fit(X, y)
        assert_same_value(results[k]["coefs_"], alone.coefs_)


@pytest.mark.parametrize("epoch", [0, 3])
def test_a_scorer_that_fails_ends_only_its_own_fit(epoch):
    calls = []

    def scorer(clf, X, y):
        calls.append(1)
        return 1.0 if len(calls) <= epoch else [][0]

    estimators = [mlp(early_stopping=True, scoring=scoring) for scoring in (None, scorer, None)]
    results = run_stack([trainer_of(clf, prepared(clf), resume=False) for clf in estimators])
    assert isinstance(results[1].error, IndexError)
    alone = clone(estimators[0]).fit(X, y)
    assert_same_value(results[2]["coefs_"], alone.coefs_)


class Counting(Observer):
    def __init__(self, last=None):
        self.begun = self.ended = 0
        self.last = last

    def begin_epoch(self):
        self.begun += 1

    def end_epoch(self, fit):
        self.ended += 1
        return self.ended == self.last


@pytest.mark.parametrize("n_epochs", [[5], [5, 5], [2, 3, 9]])
def test_observers_are_told_of_every_epoch(n_epochs):
    observers = [Counting() for _ in n_epochs]
    estimators = [mlp(max_iter=n, tol=0) for n in n_epochs]
    fits = [trainer_of(clf, prepared(clf), resume=False) for clf in estimators]
    run_stack(fits, observers)
    assert [observer.begun for observer in observers] == n_epochs
    assert [observer.ended for observer in observers] == n_epochs


def test_a_observer_may_stop_its_fit():
    estimators = [mlp(tol=0, learning_rate_init=rate) for rate in RATES]
    fits = [trainer_of(clf, prepared(clf), resume=False) for clf in estimators]
    results = run_stack(fits, [Counting(last=n) for n in (4, 7, 7)])
    for result, rate, n in zip(results, RATES, (4, 7, 7), strict=True):
        alone = mlp(tol=0, learning_rate_init=rate, max_iter=n).fit(X, y)
        assert result["n_iter_"] == n
        assert_same_value(result["coefs_"], alone.coefs_)


class Reading(Observer):
    """Looks at what the fit would leave behind, epoch by epoch."""

    reads_fit = True

    def __init__(self):
        self.seen = []

    def end_epoch(self, fit):
        self.seen.append(fit.fitted_attributes(finished=False))
        return False


def test_a_observer_sees_the_fit_as_it_is_alone():
    estimators = [mlp(learning_rate_init=rate, max_iter=4, dropout=0.1) for rate in RATES]
    observers = [Reading() for _ in estimators]
    run_stack([trainer_of(clf, prepared(clf), resume=False) for clf in estimators], observers)
    for clf, observer in zip(estimators, observers, strict=True):
        alone = Reading()
        fit(clone(clf), prepared(clf), alone)
        assert_same_value(observer.seen, alone.seen)


def test_equal_inputs_may_have_targets_of_their_own():
    estimators = [mlp() for _ in range(3)]
    folds = [prepared(clf, X, (y == k).astype(int)) for k, clf in enumerate(estimators)]
    for data in folds:
        data.X = folds[0].X
    check(estimators, folds)


@pytest.mark.parametrize(
    ("name", "values", "same"),
    [
        ("learning_rate_init", [0.1, 0.2], True),
        ("alpha", [0, 0.2], True),
        ("dropout", [0.1, 0.2], True),
        ("dropout", [0, 0.2], False),
        ("input_dropout", [0, 0.2], False),
        ("clip_norm", [None, 0.2], False),
        ("solver", ["adam", "sgd"], False),
        ("nesterovs_momentum", [True, False], False),
        ("momentum", [0.5, 0.9], True),
        ("momentum", [0.0, 0.9], False),
        ("hidden_layer_sizes", [(4,), (5,)], False),
        ("hidden_layer_sizes", [(4,), 4], True),
        ("activation", ["relu", ["relu"]], True),
        ("activation", ["relu", "tanh"], False),
        ("batch_size", [10, 20], False),
        ("shuffle", [True, False], False),
        ("early_stopping", [True, False], False),
    ],
)
def test_what_is_of_one_shape(name, values, same):
    solver = {"solver": "sgd" if "momentum" in name else "adam"}
    estimators = [mlp(**{**solver, name: value}) for value in values]
    keys = {trainer_of(clf, prepared(clf), resume=False).stack_key for clf in estimators}
    assert (len(keys) == 1) == same


@pytest.mark.parametrize(
    ("n_samples", "n_features", "dtype", "params"),
    [
        (2000, 64, np.float32, {"hidden_layer_sizes": (100,), "batch_size": 200}),
        (500, 64, np.float64, {"hidden_layer_sizes": (100,), "batch_size": 32}),
        (390, 100, np.float32, {"hidden_layer_sizes": (128, 64), "batch_size": 200}),
        (400, 300, np.float64, {"hidden_layer_sizes": (64,), "batch_size": 150}),
        (1000, 20, np.float32, {"hidden_layer_sizes": (100,), "batch_size": 1000}),
        (1000, 20, np.float32, {"hidden_layer_sizes": (200,), "batch_size": 200, "dropout": 0.1}),
    ],
)
def test_a_steps_buffers_stay_under_the_budget(n_samples, n_features, dtype, params):
    budget = stacks.MAX_BYTES_OF_STEP
    rng = np.random.RandomState(0)
    clf = mlp(max_iter=2, **params)
    inputs = rng.rand(n_samples, n_features).astype(dtype)
    data = prepared(clf, inputs, rng.randint(0, 10, n_samples))
    size = max_stack_size(trainer_of(clf, data, resume=False))
    fits = [trainer_of(clone(clf), data, resume=False) for _ in range(size)]
    tracemalloc.start()
    run_stack(fits)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 1
    assert peak < budget
    # And the budget is made use of.
    assert size == stacks.MAX_NETWORKS or peak > 0.4 * budget


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_an_epochs_buffers_stay_under_the_budget(monkeypatch, dtype, weighted):
    budget = stacks.MAX_BYTES_OF_EPOCH // 8
    monkeypatch.setattr(stacks, "MAX_BYTES_OF_EPOCH", budget)
    rng = np.random.RandomState(0)
    clf = mlp(max_iter=2, hidden_layer_sizes=(5,))
    n = 12_000
    weights = rng.rand(3, n) if weighted else [None] * 3
    folds = [prepared(clf, rng.rand(n, 3).astype(dtype), rng.randint(0, 5, n), w) for w in weights]
    size = max_stack_size(trainer_of(clf, folds[0], resume=False))
    fits = [trainer_of(clone(clf), folds[i % 3], resume=False) for i in range(size)]
    tracemalloc.start()
    run_stack(fits)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 1 < size < stacks.MAX_NETWORKS
    assert 0.4 * budget < peak < budget


def test_large_networks_are_trained_one_by_one():
    clf = mlp(hidden_layer_sizes=(5000, 5000))
    assert max_stack_size(trainer_of(clf, prepared(clf), resume=False)) == 1
