"""All that MLPClassifier does not have, switched on together."""

import pickle

import helpers
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from helpers import STOCHASTIC, assert_same_fit, unfinished_fits
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.model_selection import GridSearchCV
from sklearn.utils.fixes import parse_version

from skscratch import MLPScratchClassifier
from skscratch.callbacks import EpochLogger

pytestmark = unfinished_fits

EVERYTHING = {
    "hidden_layer_sizes": (12, 8),
    "activation": ["silu", "leaky_relu"],
    "batch_size": 25,
    "decay": 0.01,
    "weight_regularizer_l1": 1e-4,
    "weight_regularizer_l2": [1e-3, 0.0, 1e-4],
    "bias_regularizer_l1": [0.0, 1e-4, 0.0],
    "bias_regularizer_l2": 1e-3,
    "dropout": [0.2, 0.1],
    "input_dropout": 0.1,
    "weight_init": "he_normal",
    "weight_decay": 0.1,
    "clip_norm": 0.5,
    "tol": 0.0,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}
CLASS_WEIGHTS = {
    "multiclass": {0: 1.0, 1: 3.0, 2: 0.5},
    "binary": {"no": 1.0, "yes": 3.0},
    "multilabel": [{1: 3.0}, {0: 2.0}, {}, {0: 1.0, 1: 2.0}, {}],
}
LEARNING_RATES = {"sgd": 0.1, "adagrad": 0.1, "rmsprop": 0.02}


def sparse_features(X):
    """Return X with most of its entries 0."""
    X = X - X.mean(axis=0)
    return np.where(np.abs(X) > 0.8 * X.std(axis=0), X, 0)


def multiclass():
    X, y = make_classification(
        200, 8, n_informative=5, n_classes=3, class_sep=1.5, flip_y=0, random_state=0
    )
    return sparse_features(X), y


def binary():
    X, y = make_classification(200, 8, n_informative=5, class_sep=1.5, flip_y=0, random_state=0)
    return sparse_features(X), np.array(["no", "yes"])[y]


def multilabel():
    X, y = make_multilabel_classification(200, 8, random_state=0)
    return sparse_features(X), y


DATA = {problem.__name__: problem() for problem in (multiclass, binary, multilabel)}
weights = np.random.RandomState(0).randint(0, 4, 200) / 2

all_kinds_of_data = pytest.mark.parametrize(
    ("solver", "problem", "container", "dtype"),
    [
        ("sgd", "multiclass", np.asarray, np.float32),
        ("rmsprop", "multiclass", sp.csr_array, np.float64),
        ("adagrad", "binary", np.asarray, np.float64),
        ("adam", "multilabel", sp.csr_array, np.float32),
        ("adamw", "multilabel", np.asarray, np.float64),
    ],
)


def everything(solver, problem, **arguments):
    learning_rate = LEARNING_RATES.get(solver, 0.02)
    return MLPScratchClassifier(
        **{
            **EVERYTHING,
            "solver": solver,
            "learning_rate_init": learning_rate,
            "class_weight": CLASS_WEIGHTS[problem],
            **arguments,
        }
    )


def data(problem, container, dtype):
    """Return the arguments of fit: training data, weights, validation set, its weights."""
    X, y = DATA[problem]
    X = container(X.astype(dtype))
    return (X[:120], y[:120], weights[:120]), {
        "X_val": X[120:],
        "y_val": y[120:],
        "sample_weight_val": weights[120:],
    }


@all_kinds_of_data
def test_fit_clone_and_pickle(solver, problem, container, dtype):
    train, validation = data(problem, container, dtype)
    arguments = {"learning_rate": "cosine", "early_stopping": True, "scoring": "f1_macro"}
    clf = everything(solver, problem, max_iter=8, **arguments).fit(*train, **validation)
    assert {array.dtype for array in clf.coefs_ + clf.intercepts_} == {np.dtype(dtype)}
    assert clf.predict_proba(train[0]).dtype == dtype
    assert clf.history_["loss"][-3:].mean() < 0.95 * clf.history_["loss"][0]
    assert clf.best_validation_score_ == max(clf.validation_scores_)
    assert all(np.isfinite(values).all() for values in clf.history_.values())
    assert_same_fit(clone(clf).fit(*train, **validation), clf)
    copy = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(copy.predict_proba(train[0]), clf.predict_proba(train[0]))


@all_kinds_of_data
def test_warm_starts(solver, problem, container, dtype):
    train, validation = data(problem, container, dtype)
    once = everything(solver, problem, max_iter=6).fit(*train, **validation)
    twice = everything(solver, problem, max_iter=2, warm_start=True)
    twice = pickle.loads(pickle.dumps(twice.fit(*train, **validation)))
    assert_same_fit(twice.set_params(max_iter=4).fit(*train, **validation), once)


@pytest.mark.parametrize("problem", DATA)
def test_a_warm_start_holds_out_the_same_samples(problem):
    (X, y, _), _ = data(problem, np.asarray, np.float64)
    seen = []

    def score(estimator, X, y):
        seen.append(X)
        return 0.0

    # Their features are distinct, and each fit scores its validation set in every epoch.
    clf = everything("adam", problem, max_iter=2, warm_start=True, early_stopping=True)
    for _ in range(2):
        clf.set_params(scoring=score).fit(X, y)
    for held_out in seen:
        np.testing.assert_array_equal(held_out, seen[0])


@all_kinds_of_data
def test_partial_fits(solver, problem, container, dtype):
    train, _ = data(problem, container, dtype)
    classes = range(5) if problem == "multilabel" else np.unique(train[1])
    clf = everything(solver, problem, max_iter=4, learning_rate="cosine")
    by_parts = clone(clf)
    for _ in range(4):
        by_parts = pickle.loads(pickle.dumps(by_parts)).partial_fit(*train, classes=classes)
    assert_same_fit(by_parts, clf.fit(*train))


@pytest.mark.parametrize("problem", DATA)
def test_sparse_and_dense_train_alike(problem):
    # Without input_dropout, which drops stored elements of sparse input.
    clf = everything("adam", problem, input_dropout=0.0, max_iter=5)
    fits = []
    for container in (np.asarray, sp.csr_array):
        train, validation = data(problem, container, np.float64)
        fits.append(clone(clf).fit(*train, **validation))
    for a, b in zip(fits[0].coefs_, fits[1].coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("problem", "container", "dtype"),
    [("multiclass", sp.csr_array, np.float64), ("multilabel", np.asarray, np.float32)],
)
def test_lbfgs_takes_what_is_not_random(problem, container, dtype):
    train, validation = data(problem, container, dtype)
    clf = everything("lbfgs", problem, dropout=0.0, input_dropout=0.0, clip_norm=None, max_iter=9)
    clf.set_params(scoring="f1_macro").fit(*train, **validation)
    assert clf.loss_ < 0.9 * clf.loss_curve_[0]
    assert len(clf.validation_scores_) == clf.n_iter_ == 9
    clf.set_params(solver="adam", warm_start=True, dropout=0.1, clip_norm=1.0, max_iter=3)
    assert len(clf.fit(*train, **validation).validation_scores_) == 12


four = helpers.y_digits < 4
X_digits, y_digits = helpers.X_digits[four][:200], helpers.y_digits[four][:200]

GRIDS = {
    "activation": ["relu", ["silu"], ("elu",), np.array(["tanh"]), "leaky_relu"],
    "solver": [*STOCHASTIC, "lbfgs"],
    "learning_rate": ["constant", "cosine"],
    "decay": [0.0, 0.1],
    "class_weight": [None, "balanced", {0: 5.0}, {digit: 1.0 + digit for digit in range(4)}],
    "dropout": [0.0, 0.5, [0.3], (0.1,)],
    "input_dropout": [0.0, 0.5],
    "weight_init": ["glorot_uniform", "he_normal", "lecun_normal", "scaled_normal"],
    "weight_decay": [0.0, 1.0],
    "clip_norm": [None, 0.1, 1e-3],
    "scoring": ["loss", None, "roc_auc_ovr"],
}


@pytest.mark.parametrize("name", GRIDS)
def test_every_argument_in_a_search(name):
    clf = MLPScratchClassifier((10,), max_iter=8, batch_size=40, random_state=0)
    clf.set_params(learning_rate_init=0.05, solver="adamw", early_stopping=name == "scoring")
    search = GridSearchCV(
        clf, {name: GRIDS[name]}, cv=2, scoring="neg_log_loss", error_score="raise"
    ).fit(X_digits, y_digits)
    # Each candidate trains a network of its own.
    scores = search.cv_results_["mean_test_score"]
    assert len(set(scores)) == len(scores)
    best = GRIDS[name][int(np.argmax(scores))]
    np.testing.assert_array_equal(search.best_estimator_.get_params()[name], best)


def test_callbacks_are_there_where_scikit_learn_has_them():
    clf = MLPScratchClassifier()
    if parse_version(sklearn.__version__) >= parse_version("1.9"):
        assert clf.set_callbacks(EpochLogger()) is clf
    else:
        with pytest.raises(NotImplementedError, match=r"need scikit-learn 1\.9 or later"):
            clf.set_callbacks(print)
