"""The same arguments and seed train the same networks as scikit-learn's MLPs.

The cases vary one argument or the data. Hypothesis draws their combinations in test_properties.py.
"""

import numpy as np
import pytest
from helpers import ENGINES, X_digits, assert_same_network, unfinished_fits, weights_of, y_digits
from sklearn.base import clone, is_classifier
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    load_linnerud,
    load_wine,
    make_friedman1,
    make_multilabel_classification,
    make_sparse_uncorrelated,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

from skscratch import MLPScratchClassifier, MLPScratchRegressor

pytestmark = [unfinished_fits, pytest.mark.no_cover]

OURS = {MLPClassifier: MLPScratchClassifier, MLPRegressor: MLPScratchRegressor}
COMMON = {"max_iter": 10, "random_state": 3}

X_wine, y_wine = load_wine(return_X_y=True)
X_cancer, y_cancer = load_breast_cancer(return_X_y=True)
X_diabetes, y_diabetes = load_diabetes(return_X_y=True)
X_diabetes = scale(X_diabetes)
X_friedman, y_friedman = make_friedman1(330, random_state=0)
X_noise, y_noise = make_sparse_uncorrelated(random_state=0)

CLASSIFICATION = {
    "multiclass": (X_digits[:650], y_digits[:650]),
    "few samples": load_iris(return_X_y=True),
    "strings": (scale(X_wine), np.array(["Barolo", "Grignolino", "Barbera"], object)[y_wine]),
    "binary strings": (scale(X_cancer), np.array(["malignant", "benign"])[y_cancer]),
    "multilabel": make_multilabel_classification(300, random_state=0),
}
# All targets are positive, for loss="poisson".
REGRESSION = {
    "unscaled": (X_diabetes, y_diabetes),
    "scaled": (X_diabetes, 3 + scale(y_diabetes)),
    "many features": (X_digits[:650], 0.1 + X_digits[:650, 20]),
    "few rows": (scale(load_linnerud().data), load_linnerud().target[:, 0] / 100),
    "noise": (X_noise, y_noise - y_noise.min()),
    "several values": (
        X_friedman,
        np.column_stack([y_friedman, np.sqrt(y_friedman), 10 / (1 + y_friedman)]),
    ),
    "integers": (X_diabetes, y_diabetes.astype(int) // 50),
}
DATA = {**CLASSIFICATION, **REGRESSION}

SHARED = {
    "defaults": {},
    "identity": {"activation": "identity"},
    "logistic": {"activation": "logistic"},
    "tanh": {"activation": "tanh"},
    "two hidden layers": {"hidden_layer_sizes": (20, 10)},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "no hidden layer, logistic": {"hidden_layer_sizes": (), "activation": "logistic"},
    "small batches": {"batch_size": 16},
    "not shuffled": {"batch_size": 30, "shuffle": False},
    "alpha": {"alpha": 1.0, "batch_size": 50},
    "epsilon": {"epsilon": 0.01},
    "adam": {"beta_1": 0.8, "beta_2": 0.99, "learning_rate_init": 0.01},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.2},
    "early stopping, early": {
        "early_stopping": True,
        "n_iter_no_change": 2,
        "tol": 0.05,
        "learning_rate_init": 0.01,
    },
}
SGD = {
    "sgd": {},
    "sgd without momentum": {"momentum": 0.0},
    "sgd without Nesterov": {"nesterovs_momentum": False},
    "invscaling": {"learning_rate": "invscaling", "power_t": 0.3},
    "adaptive": {"learning_rate": "adaptive", "n_iter_no_change": 1},
    "sgd with early stopping": {"early_stopping": True},
}
# Learning rates of SGD and tolerances that suit the scale of the targets
CLASSIFIER = {
    **SHARED,
    "no improvement": {"tol": 0.1, "n_iter_no_change": 2},
    **{
        name: {"solver": "sgd", "learning_rate_init": 0.1, "tol": 0.1 * ("adapt" in name), **each}
        for name, each in SGD.items()
    },
}
REGRESSOR = {
    **SHARED,
    "no improvement": {"tol": 10.0, "n_iter_no_change": 2},
    **{
        name: {"solver": "sgd", "learning_rate_init": 1e-5, "tol": 100 * ("adapt" in name), **each}
        for name, each in SGD.items()
    },
    "poisson": {"loss": "poisson"},
    "poisson, small batches": {"loss": "poisson", "batch_size": 16, "activation": "tanh"},
    "poisson, early stopping": {"loss": "poisson", "early_stopping": True},
    "poisson, sgd": {"loss": "poisson", "solver": "sgd", "learning_rate_init": 1e-4},
}

# Every configuration on one data set, some of them with sample weights on the others.
CASES = [
    *((MLPClassifier, "multiclass", name) for name in CLASSIFIER),
    *((MLPClassifier, data, "small batches") for data in CLASSIFICATION),
    *((MLPClassifier, data, "early stopping") for data in list(CLASSIFICATION)[1:]),
    *((MLPRegressor, "unscaled", name) for name in REGRESSOR),
    *((MLPRegressor, data, "small batches") for data in REGRESSION),
    *((MLPRegressor, data, "poisson, early stopping") for data in list(REGRESSION)[1:]),
]


def case_id(value) -> str:
    return value if isinstance(value, str) else value.__name__


def fit_all(theirs, arguments, X, y, sample_weight=None):
    """Return a fitted estimator of scikit-learn, and one of this package for each engine."""
    arguments = {**COMMON, **arguments}
    ours = [OURS[theirs](**arguments, engine=engine) for engine in ENGINES]
    for estimator in ours:
        estimator.fit(X, y, sample_weight=sample_weight)
    try:
        return theirs(**arguments).fit(X, y, sample_weight=sample_weight), ours
    except TypeError:
        if arguments.get("early_stopping") and y.dtype.kind in "OU":
            pytest.skip("this MLPClassifier has no early stopping for strings (#33760)")
        raise


@pytest.mark.parametrize(("kind", "data", "configuration"), CASES, ids=case_id)
def test_same_network(kind, data, configuration):
    X, y = DATA[data]
    arguments = (CLASSIFIER if kind is MLPClassifier else REGRESSOR)[configuration]
    is_first = data in ("multiclass", "unscaled")
    sample_weight = None if is_first and configuration != "small batches" else weights_of(len(X))
    theirs, both = fit_all(kind, arguments, X, y, sample_weight)
    for ours in both:
        assert_same_network(theirs, ours, rtol=1e-6)
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
        if ours.early_stopping:
            scores = theirs.validation_scores_
            np.testing.assert_allclose(ours.validation_scores_, scores, rtol=1e-6)
            assert ours.best_validation_score_ == pytest.approx(theirs.best_validation_score_)
            assert ours.best_loss_ is theirs.best_loss_ is None
        else:
            assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=1e-6)
            assert ours.validation_scores_ is theirs.validation_scores_ is None
        assert_same_predictions(theirs, ours, X)
        expected = theirs.score(X, y, sample_weight)
        assert ours.score(X, y, sample_weight) == pytest.approx(expected)


def assert_same_predictions(theirs, ours, X):
    expected, actual = theirs.predict(X), ours.predict(X)
    assert actual.shape == expected.shape
    if is_classifier(theirs):
        np.testing.assert_array_equal(actual, expected)
        expected, actual = theirs.predict_proba(X), ours.predict_proba(X)
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-9)
    else:
        assert actual.dtype == expected.dtype
        np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("kind", "data", "arguments"),
    [
        (MLPClassifier, "multiclass", {}),
        (MLPClassifier, "strings", {"solver": "sgd"}),
        (MLPClassifier, "binary strings", {"activation": "tanh"}),
        (MLPClassifier, "multilabel", {"batch_size": 50}),
        (MLPRegressor, "scaled", {"early_stopping": True}),
        (MLPRegressor, "several values", {"loss": "poisson"}),
    ],
)
def test_same_network_in_float32(kind, data, arguments):
    X, y = DATA[data]
    X = X.astype(np.float32)
    theirs, both = fit_all(kind, arguments, X, y)
    for ours in both:
        assert {array.dtype for array in ours.coefs_ + ours.intercepts_} == {np.dtype(np.float32)}
        # Rounding may switch a ReLU in one of the two networks.
        assert_same_network(theirs, ours, rtol=5e-3)
        outputs = ours.predict_proba(X) if is_classifier(ours) else ours.predict(X)
        assert outputs.dtype == np.float32


@pytest.mark.parametrize(
    ("kind", "data", "arguments", "weighted"),
    [
        (MLPClassifier, "multiclass", {"activation": "identity"}, False),
        (MLPClassifier, "few samples", {"activation": "logistic"}, True),
        (MLPClassifier, "strings", {"activation": "tanh"}, False),
        (MLPClassifier, "binary strings", {}, True),
        (MLPClassifier, "multilabel", {}, False),
        (MLPRegressor, "unscaled", {}, False),
        (MLPRegressor, "scaled", {"loss": "poisson"}, True),
        (MLPRegressor, "few rows", {"activation": "tanh"}, True),
        (MLPRegressor, "several values", {"loss": "poisson", "activation": "tanh"}, False),
        (MLPRegressor, "integers", {}, True),
    ],
)
def test_same_network_with_lbfgs(kind, data, arguments, weighted):
    X, y = DATA[data]
    sample_weight = weights_of(len(X)) if weighted else None
    arguments = {"solver": "lbfgs", "alpha": 0.01, **arguments}
    theirs, both = fit_all(kind, arguments, X, y, sample_weight)
    for ours in both:
        assert_same_network(theirs, ours, rtol=1e-4)
        assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)


@pytest.mark.parametrize("theirs", OURS)
def test_same_arguments(theirs):
    expected, actual = theirs().get_params(), OURS[theirs]().get_params()
    assert {name: actual[name] for name in expected} == expected


def test_same_arguments_by_position():
    ours = MLPScratchRegressor("poisson", (3,), "tanh")
    theirs = MLPRegressor("poisson", (3,), "tanh")
    assert theirs.get_params().items() <= ours.get_params().items()


@pytest.mark.parametrize(
    "arguments",
    [
        {"batch_size": 20},
        {"batch_size": 20, "shuffle": False, "early_stopping": True},
        # The order of a single batch is also drawn.
        {"batch_size": 150},
        {"batch_size": 135, "early_stopping": True},
    ],
)
def test_same_stream_from_a_random_state_instance(arguments):
    X, y = CLASSIFICATION["few samples"]
    theirs = MLPClassifier(**{**COMMON, **arguments}, learning_rate_init=0.01)
    for engine in ENGINES:
        ours = MLPScratchClassifier(**theirs.get_params(), engine=engine)
        fits = [
            clone(each).set_params(random_state=np.random.RandomState(5)).fit(X, y)
            for each in (theirs, ours)
        ]
        assert_same_network(*fits, rtol=1e-6)
        drawn = [fit.random_state.randint(1 << 30) for fit in fits]
        assert drawn[0] == drawn[1]


@pytest.mark.parametrize("kind", OURS)
def test_same_network_with_partial_fit_on_different_data(kind):
    X, y = (X_digits, y_digits) if kind is MLPClassifier else (X_diabetes, y_diabetes)
    classes = {"classes": np.arange(10)} if kind is MLPClassifier else {}
    # With a RandomState instance, MLPClassifier also continues the random stream.
    estimators = [kind(), *(OURS[kind](engine=engine) for engine in ENGINES)]
    for estimator in estimators:
        estimator.set_params(random_state=np.random.RandomState(0))
        for rows in np.array_split(np.arange(len(X)), [100, 250, 300]):
            estimator.partial_fit(X[rows], y[rows], **classes)
    for ours in estimators[1:]:
        for expected, actual in zip(estimators[0].coefs_, ours.coefs_, strict=True):
            np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6)
