"""The same arguments and seed train the same network as scikit-learn's MLPClassifier."""

from functools import partial

import numpy as np
import pytest
from helpers import (
    ENGINES,
    X_digits,
    assert_same_network,
    unfinished_fits,
    weights_of,
    y_digits,
)
from sklearn.datasets import (
    load_breast_cancer,
    load_iris,
    load_wine,
    make_multilabel_classification,
)
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from skscratch import MLPScratchClassifier

pytestmark = unfinished_fits


def string_labels():
    X, y = load_wine(return_X_y=True)
    return scale(X), np.array(["Barolo", "Grignolino", "Barbera"], dtype=object)[y]


def two_columns_of_names():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), np.array(["malignant", "benign"])[y]


DATASETS = {
    "multiclass": lambda: (X_digits[:650], y_digits[:650]),
    "few samples": lambda: load_iris(return_X_y=True),
    "strings": string_labels,
    "binary strings": two_columns_of_names,
    "multilabel": lambda: make_multilabel_classification(300, random_state=0),
}

COMMON = {"max_iter": 15, "random_state": 3}

CONFIGURATIONS = {
    "defaults": {},
    "identity": {"activation": "identity"},
    "logistic": {"activation": "logistic"},
    "tanh": {"activation": "tanh"},
    "two hidden layers": {"hidden_layer_sizes": (20, 10)},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "no hidden layer, logistic": {"hidden_layer_sizes": (), "activation": "logistic"},
    "small batches": {"batch_size": 32},
    "not shuffled": {"batch_size": 30, "shuffle": False},
    "alpha": {"alpha": 1.0, "batch_size": 50},
    "epsilon": {"epsilon": 0.01},
    "adam": {"beta_1": 0.8, "beta_2": 0.99, "learning_rate_init": 0.01},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.2},
    "early stopping early": {
        "early_stopping": True,
        "n_iter_no_change": 2,
        "tol": 0.05,
        "learning_rate_init": 0.01,
    },
    "no improvement": {"tol": 0.1, "n_iter_no_change": 2},
    "sgd": {"solver": "sgd"},
    "sgd without momentum": {"solver": "sgd", "momentum": 0.0},
    "sgd without Nesterov": {"solver": "sgd", "nesterovs_momentum": False},
    "invscaling": {
        "solver": "sgd",
        "learning_rate": "invscaling",
        "learning_rate_init": 0.1,
        "power_t": 0.3,
    },
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "tol": 0.1,
        "n_iter_no_change": 1,
    },
    "sgd early stopping": {"solver": "sgd", "early_stopping": True, "learning_rate_init": 0.1},
}


def fit_both(arguments, X, y, sample_weight=None, engine="numpy"):
    arguments = {**COMMON, **arguments}
    ours = MLPScratchClassifier(**arguments, engine=engine).fit(X, y, sample_weight=sample_weight)
    try:
        theirs = MLPClassifier(**arguments).fit(X, y, sample_weight=sample_weight)
    except TypeError:
        if arguments.get("early_stopping") and y.dtype.kind in "OU":
            pytest.skip("this MLPClassifier has no early stopping for strings (#33760)")
        raise
    return theirs, ours


# Every configuration on one data set, some of them on the others.
CASES = [
    *(("multiclass", configuration) for configuration in CONFIGURATIONS),
    *(
        (dataset, configuration)
        for dataset in list(DATASETS)[1:]
        for configuration in ["defaults", "small batches", "early stopping", "sgd"]
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
        np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_)
        assert ours.best_validation_score_ == pytest.approx(theirs.best_validation_score_)
        assert ours.best_loss_ is theirs.best_loss_ is None
    else:
        assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=1e-6)
        assert ours.validation_scores_ is theirs.validation_scores_ is None
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-4, atol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize(
    ("dataset", "configuration"),
    [*zip(DATASETS, ["defaults", "tanh", "sgd", "early stopping", "defaults"], strict=True)],
)
@pytest.mark.parametrize("engine", ENGINES)
def test_same_network_in_float32(dataset, configuration, engine):
    X, y = DATASETS[dataset]()
    X = X.astype(np.float32)
    theirs, ours = fit_both(CONFIGURATIONS[configuration], X, y, engine=engine)
    assert {array.dtype for array in ours.coefs_ + ours.intercepts_} == {np.dtype(np.float32)}
    # Rounding may switch a ReLU in one of the two networks.
    assert_same_network(theirs, ours, rtol=5e-3)
    assert ours.predict_proba(X).dtype == np.float32


@pytest.mark.parametrize(
    ("dataset", "activation"),
    [*zip(DATASETS, ["identity", "logistic", "tanh", "relu", "relu"], strict=True)],
)
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_same_network_by_lbfgs(dataset, activation, weighted):
    X, y = DATASETS[dataset]()
    sample_weight = weights_of(len(X)) if weighted else None
    arguments = {"solver": "lbfgs", "activation": activation, "alpha": 0.01}
    theirs, ours = fit_both(arguments, X, y, sample_weight)
    assert_same_network(theirs, ours, rtol=1e-4)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)


def test_same_arguments():
    theirs, ours = MLPClassifier().get_params(), MLPScratchClassifier().get_params()
    assert {name: ours[name] for name in theirs} == theirs


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("batch_size", [20, 150])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_same_stream_from_a_random_state_instance(engine, batch_size, early_stopping, shuffle):
    X, y = load_iris(return_X_y=True)
    arguments = {**COMMON, "early_stopping": early_stopping, "shuffle": shuffle}
    # The order of a single batch is drawn too.
    arguments["batch_size"] = min(batch_size, 135 if early_stopping else 150)
    theirs, ours = (
        estimator(**{**arguments, "random_state": np.random.RandomState(5)}).fit(X, y)
        for estimator in (MLPClassifier, partial(MLPScratchClassifier, engine=engine))
    )
    assert_same_network(theirs, ours, rtol=1e-6)
    assert ours.random_state.randint(1 << 30) == theirs.random_state.randint(1 << 30)


@pytest.mark.parametrize("engine", ENGINES)
def test_same_network_by_partial_fit_of_other_data_every_time(engine):
    # With a RandomState instance, whose stream goes on in MLPClassifier too.
    theirs, ours = (
        estimator(random_state=np.random.RandomState(0))
        for estimator in (MLPClassifier, partial(MLPScratchClassifier, engine=engine))
    )
    for rows in np.array_split(np.arange(len(X_digits)), [250, 550, 900]):
        for estimator in (theirs, ours):
            estimator.partial_fit(X_digits[rows], y_digits[rows], classes=np.arange(10))
    for expected, actual in zip(theirs.coefs_, ours.coefs_, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6)
