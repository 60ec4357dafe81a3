"""The same arguments and seed train the same network as scikit-learn's MLPRegressor."""

from functools import partial

import numpy as np
import pytest
from helpers import ENGINES, X_digits, assert_same_network, unfinished_fits, weights_of
from sklearn.datasets import load_diabetes, load_linnerud, make_friedman1, make_sparse_uncorrelated
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import scale

from skscratch import MLPScratchRegressor

pytestmark = unfinished_fits

X_diabetes, y_diabetes = load_diabetes(return_X_y=True)
X_diabetes = scale(X_diabetes)


def several_values():
    X, y = make_friedman1(330, random_state=0)
    return X, np.column_stack([y, np.sqrt(y), 10 / (1 + y)])


# All targets are positive, for loss='poisson'.
DATASETS = {
    "as it is": lambda: (X_diabetes, y_diabetes),
    "scaled": lambda: (X_diabetes, 3 + scale(y_diabetes)),
    "many features": lambda: (X_digits[:650], 0.1 + X_digits[:650, 20]),
    "few samples": lambda: (scale(load_linnerud().data), load_linnerud().target[:, 0] / 100),
    "noise": lambda: (lambda X, y: (X, y - y.min()))(*make_sparse_uncorrelated(random_state=0)),
    "several values": several_values,
    "whole numbers": lambda: (X_diabetes, y_diabetes.astype(int) // 50),
}

COMMON = {"max_iter": 8, "random_state": 3}

CONFIGURATIONS = {
    "defaults": {},
    "identity": {"activation": "identity"},
    "logistic": {"activation": "logistic"},
    "tanh": {"activation": "tanh"},
    "two hidden layers": {"hidden_layer_sizes": (20, 10)},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "small batches": {"batch_size": 16},
    "not shuffled": {"batch_size": 15, "shuffle": False},
    "alpha": {"alpha": 1.0, "batch_size": 20},
    "epsilon": {"epsilon": 0.01},
    "adam": {"beta_1": 0.8, "beta_2": 0.99, "learning_rate_init": 0.01},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.2},
    "early stopping early": {
        "early_stopping": True,
        "n_iter_no_change": 2,
        "tol": 0.05,
        "learning_rate_init": 0.01,
    },
    "no improvement": {"tol": 10.0, "n_iter_no_change": 2},
    "sgd": {"solver": "sgd", "learning_rate_init": 1e-5},
    "sgd without momentum": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 1e-5},
    "sgd without Nesterov": {
        "solver": "sgd",
        "nesterovs_momentum": False,
        "learning_rate_init": 1e-5,
    },
    "invscaling": {
        "solver": "sgd",
        "learning_rate": "invscaling",
        "learning_rate_init": 1e-4,
        "power_t": 0.3,
    },
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 1e-5,
        "tol": 100.0,
        "n_iter_no_change": 1,
    },
    "sgd early stopping": {"solver": "sgd", "early_stopping": True, "learning_rate_init": 1e-5},
    "poisson": {"loss": "poisson"},
    "poisson small batches": {"loss": "poisson", "batch_size": 16, "activation": "tanh"},
    "poisson early stopping": {"loss": "poisson", "early_stopping": True},
    "poisson sgd": {"loss": "poisson", "solver": "sgd", "learning_rate_init": 1e-4},
}


def fit_both(arguments, X, y, sample_weight=None, engine="numpy"):
    return [
        estimator(**{**COMMON, **arguments}).fit(X, y, sample_weight=sample_weight)
        for estimator in (MLPRegressor, partial(MLPScratchRegressor, engine=engine))
    ]


# Every configuration on one data set, some of them on the others.
CASES = [
    *(("as it is", configuration) for configuration in CONFIGURATIONS),
    *(
        (dataset, configuration)
        for dataset in list(DATASETS)[1:]
        for configuration in ["defaults", "small batches", "early stopping", "poisson"]
    ),
]


@pytest.mark.parametrize(("dataset", "configuration"), CASES)
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("engine", ENGINES)
def test_same_network(dataset, configuration, weighted, engine):
    X, y = DATASETS[dataset]()
    sample_weight = weights_of(len(X)) if weighted else None
    theirs, ours = fit_both(CONFIGURATIONS[configuration], X, y, sample_weight, engine)
    assert_same_network(theirs, ours, rtol=1e-6)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
    if ours.early_stopping:
        np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=1e-6)
        assert ours.best_validation_score_ == pytest.approx(theirs.best_validation_score_)
        assert ours.best_loss_ is theirs.best_loss_ is None
    else:
        assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=1e-6)
        assert ours.validation_scores_ is theirs.validation_scores_ is None
    expected = theirs.predict(X)
    actual = ours.predict(X)
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
    assert ours.score(X, y, sample_weight) == pytest.approx(theirs.score(X, y, sample_weight))


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("configuration", ["early stopping", "poisson"])
def test_same_network_in_float32(dataset, configuration):
    X, y = DATASETS[dataset]()
    X = X.astype(np.float32)
    theirs, ours = fit_both(CONFIGURATIONS[configuration], X, y)
    assert {array.dtype for array in ours.coefs_ + ours.intercepts_} == {np.dtype(np.float32)}
    assert_same_network(theirs, ours, rtol=5e-3)
    assert ours.predict(X).dtype == np.float32


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_same_network_by_lbfgs(dataset, loss, weighted):
    X, y = DATASETS[dataset]()
    sample_weight = weights_of(len(X)) if weighted else None
    activation = "tanh" if weighted else "relu"
    arguments = {"solver": "lbfgs", "activation": activation, "alpha": 0.01, "loss": loss}
    theirs, ours = fit_both(arguments, X, y, sample_weight)
    assert_same_network(theirs, ours, rtol=1e-4)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)


def test_same_arguments():
    theirs, ours = MLPRegressor().get_params(), MLPScratchRegressor().get_params()
    assert {name: ours[name] for name in theirs} == theirs


def test_same_arguments_by_position():
    ours = MLPScratchRegressor("poisson", (3,), "tanh")
    theirs = MLPRegressor("poisson", (3,), "tanh")
    assert theirs.get_params().items() <= ours.get_params().items()


def test_same_network_by_partial_fit_of_other_data_every_time():
    theirs, ours = (
        estimator(random_state=np.random.RandomState(0))
        for estimator in (MLPRegressor, MLPScratchRegressor)
    )
    for rows in np.array_split(np.arange(442), [100, 250, 300]):
        for estimator in (theirs, ours):
            estimator.partial_fit(X_diabetes[rows], y_diabetes[rows])
    for expected, actual in zip(theirs.coefs_, ours.coefs_, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6)
