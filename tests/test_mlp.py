"""What the estimator does beyond training MLPClassifier's networks."""

import copy
import pickle
import re
import subprocess
import sys
import threading
import tracemalloc
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    ENGINES,
    SOLVERS,
    STOCHASTIC,
    X_digits,
    adagrad,
    adam,
    assert_learns_digits,
    assert_same_fit,
    assert_same_weights,
    mlp,
    rmsprop,
    sgd,
    textbook_gradients,
    unfinished_fits,
    y_digits,
)
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.metrics import check_scoring
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skscratch.estimators.validation
from skscratch import MLPScratchClassifier, MLPScratchRegressor
from skscratch.nn import SGD

pytestmark = unfinished_fits


X_iris, y_iris = load_iris(return_X_y=True)
X_labels, y_labels = make_multilabel_classification(120, random_state=0)


# --- The solvers and arguments that MLPClassifier does not have


@pytest.mark.parametrize(
    ("rule", "arguments"),
    [
        (adagrad, {"epsilon": 1e-3}),
        (rmsprop, {"epsilon": 1e-3, "rho": 0.8}),
        (adam, {"epsilon": 1e-3, "beta_1": 0.8, "beta_2": 0.95}),
        (sgd, {"momentum": 0.7}),
    ],
)
def test_arguments_reach_the_textbook_equations(rule, arguments):
    penalties = {
        "weight_regularizer_l1": [0.01, 0.02, 0.03],
        "weight_regularizer_l2": [0.04, 0.0, 0.05],
        "bias_regularizer_l1": [0.001, 0.002, 0.003],
        "bias_regularizer_l2": [0.3, 0.2, 0.1],
    }
    clf = MLPScratchClassifier(
        (8, 5),
        solver=rule.__name__,
        alpha=0.5,
        decay=0.01,
        learning_rate_init=0.02,
        nesterovs_momentum=False,
        random_state=0,
        **arguments,
        **penalties,
    )
    clf.partial_fit(X_iris, y_iris, classes=[0, 1, 2])
    start = MLPScratchClassifier((8, 5), random_state=0, learning_rate_init=1e-300)
    start.partial_fit(X_iris, y_iris, classes=[0, 1, 2])
    parameters = start.coefs_ + start.intercepts_

    states = [{} for _ in parameters]
    for t in range(25):
        gradients = textbook_gradients(
            X_iris, np.eye(3)[y_iris], parameters[:3], parameters[3:], 0.5, penalties.values()
        )
        rate = 0.02 / (1 + 0.01 * t)
        parameters = [
            parameter + rule(rate, state, gradient, **arguments)
            for parameter, state, gradient in zip(parameters, states, gradients, strict=True)
        ]
        if t:
            clf.partial_fit(X_iris, y_iris)
        for expected, actual in zip(parameters, clf.coefs_ + clf.intercepts_, strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_learns_digits(solver):
    assert_learns_digits(
        MLPScratchClassifier((32,), solver=solver, max_iter=40, random_state=0), 0.9
    )


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_l1_makes_weights_small_and_the_loss_counts_it(solver):
    plain = MLPScratchClassifier(
        (10,), solver=solver, max_iter=100, learning_rate_init=0.02, random_state=0
    )
    plain.fit(X_iris, y_iris)
    penalized = clone(plain).set_params(weight_regularizer_l1=0.01).fit(X_iris, y_iris)
    size = [sum(np.abs(coef).sum() for coef in clf.coefs_) for clf in (plain, penalized)]
    assert size[1] < 0.8 * size[0]
    probabilities = penalized.predict_proba(X_iris)[np.arange(150), y_iris]
    squares = sum((coef**2).sum() for coef in penalized.coefs_)
    expected = -np.log(probabilities).mean() + 0.01 * size[1] + 1e-4 / 2 * squares / 150
    assert penalized.loss_ == pytest.approx(expected, rel=0.02)


def test_worked_out_example():
    # That of scikit-learn's test_fit, computed by hand.
    clf = MLPScratchClassifier(
        2, "logistic", solver="sgd", learning_rate_init=0.1, alpha=0.1, momentum=0
    )
    X, y = np.array([[0.6, 0.8, 0.7]]), [0]
    w1, b1 = np.array([[0.1, 0.2], [0.3, 0.1], [0.5, 0]]), np.array([0.1, 0.1])
    w2, b2 = np.array([[0.1], [0.2]]), np.array([1.0])
    clf.partial_fit(X, y, classes=[0, 1])
    clf.coefs_, clf.intercepts_ = [w1, w2], [b1, b2]
    clf.partial_fit(X, y)

    hidden = 1 / (1 + np.exp(-(X @ w1 + b1)))
    output = 1 / (1 + np.exp(-(hidden @ w2 + b2)))
    assert output[0, 0] == pytest.approx(0.7655, abs=1e-4)
    delta_2 = output - y[0]
    delta_1 = delta_2 @ w2.T * hidden * (1 - hidden)
    np.testing.assert_allclose(clf.coefs_[0], w1 - 0.1 * (X.T @ delta_1 + 0.1 * w1))
    np.testing.assert_allclose(clf.coefs_[1], w2 - 0.1 * (hidden.T @ delta_2 + 0.1 * w2))
    np.testing.assert_allclose(clf.intercepts_[0], b1 - 0.1 * delta_1[0])
    np.testing.assert_allclose(clf.intercepts_[1], b2 - 0.1 * delta_2[0])
    assert clf.predict_proba(X)[0, 1] == pytest.approx(0.739, abs=1e-3)


# --- When training stops


@pytest.mark.parametrize("n_iter_no_change", [2, 5, 10, 50])
def test_n_iter_no_change(n_iter_no_change):
    clf = MLPScratchClassifier(
        solver="sgd", tol=0.01, max_iter=3000, n_iter_no_change=n_iter_no_change, random_state=0
    )
    clf.fit(X_digits[:100], y_digits[:100] % 2)
    curve = np.array(clf.loss_curve_)
    best_before = np.minimum.accumulate(curve)[:-1]
    assert (curve[1:] > best_before - 0.01)[-n_iter_no_change - 1 :].all()
    assert clf.n_iter_ == len(curve) < 3000


def test_n_iter_no_change_inf():
    clf = MLPScratchClassifier(tol=1e9, max_iter=300, n_iter_no_change=np.inf, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(300\) reached"):
        clf.fit(X_iris, y_iris)
    assert clf.n_iter_ == 300


def test_adaptive_learning_rate_falls_until_it_is_too_small(capsys):
    clf = MLPScratchClassifier(
        solver="sgd", learning_rate="adaptive", tol=0.5, max_iter=3000, verbose=True, random_state=0
    )
    clf.fit([[3, 2], [1, 6]], [1, 0])
    printed = capsys.readouterr().out
    rates = [
        float(line.split("learning rate to ")[1])
        for line in printed.splitlines()
        if "learning rate to" in line
    ]
    np.testing.assert_allclose(rates, 0.001 / 5.0 ** np.arange(1, 6), atol=1e-6)
    assert "Learning rate too small. Stopping." in printed
    assert clf.n_iter_ < 3000


def test_early_stopping_keeps_the_best_weights():
    clf = MLPScratchClassifier(
        early_stopping=True, validation_fraction=0.3, learning_rate_init=0.05, random_state=0
    )
    clf.fit(X_digits, y_digits)
    best = int(np.argmax(clf.validation_scores_))
    assert clf.best_validation_score_ == clf.validation_scores_[best]
    assert best + 1 < clf.n_iter_
    until_best = clone(clf).set_params(max_iter=best + 1).fit(X_digits, y_digits)
    assert_same_weights(clf, until_best)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda clf: pickle.loads(pickle.dumps(clf))])
@pytest.mark.parametrize(
    "random_state", [0, np.random.RandomState(0), np.random.RandomState(np.random.PCG64(0))]
)
def test_copies_resume_exactly(copied, random_state):
    def new(**parameters):
        return mlp(random_state=copy.deepcopy(random_state), tol=0, **parameters)

    once = new(max_iter=7).fit(X_digits, y_digits)
    clf = copied(new(max_iter=2, warm_start=True).fit(X_digits, y_digits))
    clf = copied(clf.set_params(max_iter=3).fit(X_digits, y_digits))
    clf = copied(clf.partial_fit(X_digits, y_digits)).partial_fit(X_digits, y_digits)
    assert_same_fit(clf, once)


def test_only_fits_that_may_resume_keep_the_order_of_the_samples():
    sizes = {}
    for warm_start in (False, True):
        for n in (300, 1500):
            clf = mlp(warm_start=warm_start).fit(X_digits[:n], y_digits[:n])
            sizes[warm_start, n] = len(pickle.dumps(clf))
    assert abs(sizes[False, 1500] - sizes[False, 300]) < 100
    assert abs(sizes[True, 1500] - sizes[True, 300] - 4 * 1200) < 100


@pytest.mark.parametrize("by", ["fit", "partial_fit"])
@pytest.mark.parametrize("written_by", ["0.0.1", None, "nothing"])
def test_the_state_of_another_version_is_not_resumed(by, written_by):
    clf = mlp(warm_start=True).fit(X_iris, y_iris)
    if written_by == "nothing":
        del clf._training_state
    else:
        clf._training_state["version"] = written_by
    clf = pickle.loads(pickle.dumps(clf))
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=r"Cannot resume.*can still predict.*warm_start=False"):
        getattr(clf, by)(X_iris, y_iris)
    assert vars(clf) == before
    assert clf.predict(X_iris).shape == (150,)
    clf.set_params(warm_start=False).fit(X_iris, y_iris).partial_fit(X_iris, y_iris)


def test_interrupting_leaves_a_usable_model(monkeypatch):
    from skscratch.nn.network import Network

    original, calls = Network.compute_gradients, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) > 25:
            raise KeyboardInterrupt
        return original(self, *args)

    monkeypatch.setattr(Network, "compute_gradients", interrupted)
    for solver in ("adam", "lbfgs"):
        calls.clear()
        clf = MLPScratchClassifier(solver=solver, random_state=0, engine="numpy")
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            clf.fit(X_digits, y_digits)
        assert 0 < clf.n_iter_ < 25
        assert clf.n_iter_ == len(clf.loss_curve_)
        assert clf.score(X_digits, y_digits) > 0.3


def test_a_warm_start_trains_the_epochs_that_an_interrupted_fit_lacks(monkeypatch):
    from skscratch.nn.network import Network

    original, calls = Network.compute_gradients, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) > 25:
            raise KeyboardInterrupt
        return original(self, *args)

    clf = MLPScratchClassifier(max_iter=5, random_state=0, warm_start=True, engine="numpy")
    with monkeypatch.context() as patches:
        patches.setattr(Network, "compute_gradients", interrupted)
        with pytest.warns(UserWarning, match="interrupted"):
            clf.fit(X_digits, y_digits)
    assert clf.n_iter_ == 2
    assert clf.fit(X_digits, y_digits).n_iter_ == len(clf.loss_curve_) == 5


def test_a_failed_fit_draws_nothing_from_a_generator():
    random_state = np.random.RandomState(0)
    clf = MLPScratchClassifier(solver="sgd", learning_rate_init=1e300, random_state=random_state)
    with pytest.raises(ValueError, match="diverged"):
        clf.fit(X_iris * 1e100, y_iris)
    assert random_state.randint(1 << 30) == np.random.RandomState(0).randint(1 << 30)


def test_interrupting_lbfgs_in_its_first_iteration(monkeypatch):
    from skscratch.nn.network import Network

    def interrupted(self, *args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Network, "compute_gradients", interrupted)
    clf = MLPScratchClassifier(solver="lbfgs", random_state=0, engine="numpy")
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        clf.fit(X_digits, y_digits)
    assert clf.n_iter_ == len(clf.loss_curve_) == 0
    assert clf.predict(X_digits).shape == y_digits.shape


def test_interrupting_partial_fit_leaves_the_estimator_as_it_was(monkeypatch):
    from skscratch.nn.network import Network

    original, calls = Network.compute_gradients, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return original(self, *args)

    clf = MLPScratchClassifier(random_state=0, engine="numpy")
    once = clone(clf).set_params(max_iter=2, tol=0).fit(X_digits, y_digits)
    clf.partial_fit(X_digits, y_digits, classes=range(10))
    monkeypatch.setattr(Network, "compute_gradients", interrupted)
    # A loop over chunks must end, or the chunk would be missing.
    with pytest.raises(KeyboardInterrupt):
        clf.partial_fit(X_digits, y_digits)
    assert_same_fit(clf.partial_fit(X_digits, y_digits), once)


def test_lbfgs_at_its_minimum_records_its_own_loss():
    clf = MLPScratchClassifier(solver="lbfgs", max_iter=500, tol=1e-3, random_state=0)
    clf.fit(X_iris, y_iris, X_val=X_iris, y_val=y_iris)
    n_iter = len(clf.loss_curve_)
    y_other = y_iris[np.r_[:149, 0]]
    clf.set_params(warm_start=True, alpha=0.5, tol=10.0).fit(
        X_iris, y_iris, X_val=X_iris, y_val=y_other
    )
    theirs = clf.to_sklearn().set_params(warm_start=True).fit(X_iris, y_iris)
    assert clf.loss_ == clf.loss_curve_[-1] == pytest.approx(theirs.loss_)
    assert len(clf.loss_curve_) == n_iter + 1
    assert clf.validation_scores_[-1] == clf.score(X_iris, y_other)


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_divergence_is_an_error_that_says_what_to_do(solver):
    X = X_iris * 1e155 if solver == "lbfgs" else X_iris
    clf = MLPScratchClassifier(
        solver=solver, learning_rate_init=1e10, activation="identity", batch_size=10
    )
    with pytest.raises(ValueError, match=r"non-finite parameter weights.*preprocessed") as error:
        clf.fit(X, y_iris)
    assert ("epoch" in str(error.value)) == (solver == "sgd")
    assert not hasattr(clf, "coefs_")


def test_large_finite_steps_are_warned_of():
    clf = MLPScratchClassifier(solver="sgd", learning_rate_init=1e3, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"loss rose from .* Lower learning_rate_init"):
        clf.fit(X_iris, y_iris)


# --- Going on


SCHEDULES = [{"solver": solver} for solver in STOCHASTIC] + [
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 1},
    {"solver": "sgd", "momentum": 0.0, "decay": 0.01},
    {"solver": "adam", "decay": 0.01, "batch_size": 7},
    {"solver": "adam", "shuffle": False, "batch_size": 40},
    {"solver": "adam", "batch_size": 1000},
]


@pytest.mark.filterwarnings("ignore:Got `batch_size`")
@pytest.mark.parametrize("arguments", SCHEDULES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_partial_fit_six_times_is_fit_for_six_epochs(arguments, dtype):
    X = X_iris.astype(dtype)
    arguments = {"batch_size": 40, "random_state": 0, **arguments}
    once = MLPScratchClassifier(max_iter=6, **arguments).fit(X, y_iris)
    assert once.n_iter_ == 6
    by_parts = MLPScratchClassifier(**arguments)
    for _ in range(6):
        by_parts.partial_fit(X, y_iris, classes=[0, 1, 2])
    assert_same_fit(once, by_parts)
    assert once.loss_curve_ == by_parts.loss_curve_
    assert once.t_ == by_parts.t_


@pytest.mark.filterwarnings("ignore:Got `batch_size`")
@pytest.mark.parametrize("arguments", SCHEDULES)
@pytest.mark.parametrize("pickled", [False, True], ids=["", "pickled"])
def test_warm_start_goes_on_as_if_it_had_not_stopped(arguments, pickled):
    arguments = {"batch_size": 40, "random_state": 0, **arguments}
    once = MLPScratchClassifier(max_iter=14, **arguments).fit(X_iris, y_iris)
    twice = MLPScratchClassifier(max_iter=6, warm_start=True, **arguments).fit(X_iris, y_iris)
    if pickled:
        twice = pickle.loads(pickle.dumps(twice))
    twice.set_params(max_iter=8).fit(X_iris, y_iris)
    assert once.loss_curve_ == twice.loss_curve_
    assert once.validation_scores_ == twice.validation_scores_
    assert_same_fit(once, twice)


def test_the_random_stream_goes_on_without_a_seed_too():
    clf = MLPScratchClassifier(batch_size=40, warm_start=True, max_iter=5).fit(X_iris, y_iris)
    copied = pickle.loads(pickle.dumps(clf))
    assert_same_fit(clf.fit(X_iris, y_iris), copied.fit(X_iris, y_iris))
    again = clone(clf).fit(X_iris, y_iris)
    assert not np.array_equal(again.coefs_[0], clf.coefs_[0])


def test_a_changed_learning_rate_takes_effect_and_moments_stay():
    clf = MLPScratchClassifier(random_state=0, batch_size=40).partial_fit(
        X_iris, y_iris, classes=[0, 1, 2]
    )
    before = [coef.copy() for coef in clf.coefs_]
    clf.set_params(learning_rate_init=1e-12).partial_fit(X_iris, y_iris)
    for old, new in zip(before, clf.coefs_, strict=True):
        np.testing.assert_allclose(new, old, atol=1e-9)


def test_weights_changed_by_hand_are_where_training_continues():
    clf = MLPScratchClassifier(max_iter=3, warm_start=True, random_state=0).fit(X_digits, y_digits)
    clf.coefs_ = [np.zeros_like(coef) for coef in clf.coefs_]
    np.testing.assert_array_equal(np.ptp(clf.predict_proba(X_digits), axis=0), np.zeros(10))
    clf.set_params(max_iter=1, learning_rate_init=1e-12).fit(X_digits, y_digits)
    assert max(np.abs(coef).max() for coef in clf.coefs_) < 1e-6


def test_after_early_stopping_a_warm_start_continues_from_the_best_weights():
    clf = MLPScratchClassifier(
        max_iter=12, early_stopping=True, warm_start=True, learning_rate_init=0.2, random_state=0
    )
    clf.fit(X_digits, y_digits)
    assert clf.validation_scores_[-1] < clf.best_validation_score_
    best = [coef.copy() for coef in clf.coefs_]
    clf.set_params(max_iter=1, learning_rate_init=1e-12).fit(X_digits, y_digits)
    for before, after in zip(best, clf.coefs_, strict=True):
        np.testing.assert_allclose(after, before, atol=1e-9)


def test_another_solver_takes_over():
    clf = MLPScratchClassifier(warm_start=True, max_iter=30, random_state=0)
    losses = [
        clf.set_params(solver=solver).fit(X_iris, y_iris).loss_
        for solver in ["adam", "lbfgs", "sgd", "adagrad"]
    ]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("change", [{"hidden_layer_sizes": (7,)}, {"hidden_layer_sizes": (5, 5)}])
def test_warm_start_refuses_another_shape(change):
    clf = MLPScratchClassifier((5,), warm_start=True, max_iter=2).fit(X_iris, y_iris)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=\(5,\)"):
        clf.set_params(**change).fit(X_iris, y_iris)


# --- Sample weights


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_samples_of_weight_zero_count_as_absent(solver, early_stopping):
    weights = np.random.RandomState(0).randint(0, 3, len(X_iris)).astype(float)
    arguments = {"solver": solver, "batch_size": 16, "random_state": 0, "max_iter": 10}
    arguments["early_stopping"] = early_stopping
    weighted = MLPScratchClassifier(**arguments).fit(X_iris, y_iris, sample_weight=weights)
    kept = weights > 0
    without = MLPScratchClassifier(**arguments)
    without.fit(X_iris[kept], y_iris[kept], sample_weight=weights[kept])
    assert_same_fit(weighted, without)


def test_a_stretch_of_zero_weights_is_no_error():
    weights = np.r_[np.ones(75), np.zeros(75)]
    clf = MLPScratchClassifier(batch_size=10, shuffle=False, max_iter=3)
    clf.fit(X_iris, y_iris, sample_weight=weights)
    np.testing.assert_array_equal(clf.classes_, [0, 1, 2])


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("X", "y"), [(X_iris, y_iris), (X_iris, y_iris > 0), (X_labels, y_labels)])
def test_weights_are_repetitions_in_a_full_batch(solver, X, y):
    weights = np.random.RandomState(0).randint(1, 4, len(X))
    clf = MLPScratchClassifier(
        solver=solver, batch_size=len(X), random_state=0, max_iter=5, activation="tanh"
    )
    repeated = clone(clf).set_params(batch_size=int(weights.sum()))
    repeated.fit(np.repeat(X, weights, axis=0), np.repeat(y, weights, axis=0))
    assert_same_weights(clf.fit(X, y, sample_weight=weights), repeated, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_weights_whose_sum_is_too_large_for_their_dtype(solver):
    X = X_iris.astype(np.float32)
    clf = MLPScratchClassifier(solver=solver, alpha=0, max_iter=5, batch_size=40, random_state=0)
    unweighted = clone(clf).fit(X, y_iris)
    clf.fit(X, y_iris, sample_weight=np.full(len(X), 2.0**125))
    assert_same_weights(clf, unweighted, rtol=1e-4)
    # There is no larger dtype.
    with pytest.raises(ValueError, match=r"sum of sample_weight.* is inf"):
        clf.fit(X_iris, y_iris, sample_weight=np.full(len(X), 1e308))


# --- Sparse input


class Watched(sp.csr_array):
    """A sparse array that must not be made dense as a whole."""

    def toarray(self, *args, **kwargs):
        raise AssertionError("made dense")

    todense = toarray


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("container", [sp.csr_array, sp.csc_array, sp.csr_matrix, sp.csc_matrix])
def test_sparse_input_trains_the_same_network(solver, container):
    clf = MLPScratchClassifier(solver=solver, batch_size=50, random_state=0, max_iter=5)
    weights = np.random.RandomState(0).randint(0, 3, 400)
    dense = clone(clf).fit(X_digits[:400], y_digits[:400], sample_weight=weights)
    sparse = clf.fit(container(X_digits[:400]), y_digits[:400], sample_weight=weights)
    assert_same_weights(dense, sparse, rtol=1e-6)
    np.testing.assert_allclose(
        sparse.predict_proba(container(X_digits)), dense.predict_proba(X_digits), rtol=1e-6
    )


@pytest.mark.parametrize("early_stopping", [False, True])
def test_sparse_input_is_never_made_dense(early_stopping):
    X = Watched(X_digits)
    clf = MLPScratchClassifier(max_iter=2, early_stopping=early_stopping).fit(X, y_digits)
    assert clf.predict(X).shape == y_digits.shape


# --- Prediction


@pytest.fixture(scope="module")
def fitted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MLPScratchClassifier((100,), max_iter=20, random_state=0).fit(X_digits, y_digits)


def test_chunks_do_not_show(fitted):
    X = np.tile(X_digits, (5, 1))
    parts = [fitted.predict_proba(part) for part in np.array_split(X, 7)]
    np.testing.assert_allclose(fitted.predict_proba(X), np.vstack(parts), rtol=1e-12)


def test_prediction_needs_little_memory(fitted):
    X = np.random.RandomState(0).uniform(size=(300_000, 64))
    tracemalloc.start()
    probabilities = fitted.predict_proba(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - probabilities.nbytes < 30e6


def test_a_fit_needs_nine_times_its_weights_and_a_batch():
    X = np.random.RandomState(0).uniform(size=(1000, 500)).astype(np.float32)
    y = np.arange(1000) % 10
    clf = MLPScratchClassifier((400, 200), max_iter=2, batch_size=50)
    clf.fit(X[:100], y[:100])
    weights = sum(array.nbytes for array in clf.coefs_ + clf.intercepts_)
    batch = 50 * 4 * (500 + 4 * (400 + 200 + 10))
    tracemalloc.start()
    clf.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 9.4 * weights + batch + 100_000


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix])
def test_inputs_beyond_the_range_of_float32(container):
    clf = MLPScratchClassifier((9,), max_iter=5, tol=0, random_state=0)
    clf.fit(X_iris.astype(np.float32), y_iris)
    far = container(X_iris * np.where(np.arange(150) % 2, 1e39, 1.0)[:, np.newaxis])
    before = vars(clf).copy()
    for use in (
        clf.predict,
        lambda X: clf.partial_fit(X, y_iris),
        lambda X: clf.set_params(warm_start=True).fit(X, y_iris),
        lambda X: clf.fit(X_iris.astype(np.float32), y_iris, X_val=X, y_val=y_iris),
    ):
        with pytest.raises(ValueError, match="too large for dtype\\('float32'\\)"):
            use(far)
    assert vars(clf).keys() == before.keys()


@pytest.mark.parametrize("weight", [1e39, 1e-41, 1e-60])
@pytest.mark.parametrize("by", ["sample_weight", "class_weight", "sample_weight_val"])
def test_weights_beyond_the_range_of_float32(weight, by):
    X = X_iris.astype(np.float32)
    clf = MLPScratchClassifier(max_iter=2, tol=0)
    weights, arguments = np.full(150, weight), {}
    if by == "class_weight":
        clf.set_params(class_weight=dict.fromkeys(range(3), weight))
    elif by == "sample_weight":
        arguments = {"sample_weight": weights}
    else:
        arguments = {"X_val": X, "y_val": y_iris, "sample_weight_val": weights}
    name = "sample_weight_val" if by == "sample_weight_val" else "sample_weight"
    message = (
        f"sum of {name}, class weights included, is .* not a positive normal number in float32"
    )
    with pytest.raises(ValueError, match=message):
        clf.fit(X, y_iris, **arguments)
    assert not hasattr(clf, "coefs_")


def test_arrays_of_other_namespaces_are_refused_in_words(fitted, monkeypatch):
    # As those that validation lets through with array_api_dispatch=True.
    class Tensor:
        shape, dtype, ndim = X_digits.shape, X_digits.dtype, 2

    monkeypatch.setattr(skscratch.estimators.validation, "validate_data", lambda *_, **__: Tensor())
    with pytest.raises(
        ValueError, match=r"Expected a NumPy array, got .*Tensor.*array_api_dispatch=False"
    ):
        fitted.predict(Tensor())
    monkeypatch.setattr(
        skscratch.estimators.validation, "validate_data", lambda *_, **__: (Tensor(), y_digits)
    )
    with pytest.raises(
        ValueError, match=r"Expected a NumPy array, got .*Tensor.*array_api_dispatch=False"
    ):
        MLPScratchClassifier().fit(Tensor(), y_digits)


def test_prediction_writes_nothing(fitted):
    before = pickle.dumps(fitted)
    for method in (fitted.predict, fitted.predict_proba, fitted.predict_log_proba):
        method(X_digits)
    assert pickle.dumps(fitted) == before


def test_eight_threads_may_predict_at_once(fitted):
    expected = fitted.predict_proba(X_digits)
    wrong = []

    def work():
        for start in range(0, 1000, 50):
            part = slice(start, start + 700)
            if not np.allclose(fitted.predict_proba(X_digits[part]), expected[part], rtol=1e-12):
                wrong.append(start)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float32, np.float64])
def test_probabilities_are_of_the_networks_dtype(dtype):
    X = (X_digits * 16).astype(dtype)
    clf = MLPScratchClassifier(max_iter=2, random_state=0).fit(X.astype(np.float32), y_digits)
    assert clf.predict_proba(X).dtype == np.float32
    np.testing.assert_array_equal(clf.predict_proba(X), clf.predict_proba(X.astype(np.float32)))


def test_probabilities_of_saturated_logits():
    clf = MLPScratchClassifier(max_iter=2, random_state=0).fit(X_iris, y_iris > 0)
    clf.coefs_[-1] *= 1e4
    probabilities = clf.predict_proba(X_iris)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert 0 < probabilities.min() < 1e-20
    assert np.isfinite(clf.predict_log_proba(X_iris)).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_one_class_has_two_columns_as_in_mlpclassifier(engine):
    options = {"max_iter": 20, "random_state": 0}
    clf = MLPScratchClassifier(engine=engine, **options).fit(X_iris, ["only"] * 150)
    assert set(clf.predict(X_iris)) == {"only"}
    theirs = MLPClassifier(**options).fit(X_iris, [1] * 150).predict_proba(X_iris)
    np.testing.assert_allclose(clf.predict_proba(X_iris), theirs, rtol=1e-6)
    assert np.isfinite(check_scoring(clf, "roc_auc")(clf, X_iris, y_iris > 0))


# --- Bad input


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_layer_sizes": (10, -1)}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": (10.5,)}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": [[10, 2]]}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": 0}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": [[1], [1, 2]]}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": (True,)}, "hidden_layer_sizes"),
        ({"activation": "softplus"}, "activation must be one of .*'tanh'.*got 'softplus'\\.$"),
        ({"activation": "sigmoid"}, "activation must be .*got 'sigmoid'. The sigmoid is logistic."),
        ({"activation": ["sigmoid"]}, "activation must be .*The sigmoid is logistic"),
        ({"activation": [["relu"], ["relu", "tanh"]]}, "activation must be"),
        ({"activation": np.array(0.1)}, "activation must be"),
        ({"solver": "adamax"}, "solver"),
        ({"alpha": -1}, "alpha"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"learning_rate": 0.01}, "learning_rate.*the number is learning_rate_init.*Got 0.01"),
        ({"learning_rate_init": 0.0}, "learning_rate_init"),
        ({"power_t": -1}, "power_t"),
        ({"max_iter": 0}, "max_iter"),
        ({"shuffle": "yes"}, "shuffle"),
        ({"random_state": -1}, "random_state"),
        ({"random_state": np.random.default_rng(0)}, "random_state"),
        ({"tol": -1.0}, "tol"),
        ({"momentum": 1.1}, "momentum"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"beta_1": 1.0}, "beta_1"),
        ({"beta_2": -0.1}, "beta_2"),
        ({"epsilon": 0.0}, "epsilon"),
        ({"n_iter_no_change": 0}, "n_iter_no_change"),
        ({"max_fun": 0}, "max_fun"),
        ({"decay": -0.1}, "decay"),
        ({"rho": 1.0}, "rho"),
        ({"weight_regularizer_l1": -0.1}, "weight_regularizer_l1"),
        ({"weight_regularizer_l1": ["a"]}, r"weight_regularizer_l1 must be .* got \['a'\]"),
        ({"weight_regularizer_l2": {}}, "weight_regularizer_l2 must be .* got {}"),
        ({"bias_regularizer_l1": [[1], [1, 2]]}, r"bias_regularizer_l1 must be .* got \[\[1\], "),
        ({"bias_regularizer_l2": [10**400]}, "bias_regularizer_l2 must be"),
        ({"dropout": {0.1}}, "dropout must be"),
        ({"early_stopping": True, "validation_fraction": 0.0}, "hold out validation_fraction=0.0"),
        ({"weight_regularizer_l2": [0.1]}, "weight_regularizer_l2.*list of 2"),
        ({"bias_regularizer_l1": [0.1, -0.1]}, "bias_regularizer_l1"),
        ({"bias_regularizer_l2": [0.1, np.nan]}, "bias_regularizer_l2"),
        ({"early_stopping": True, "validation_fraction": 0.005}, "validation set is too small"),
    ],
)
def test_wrong_parameters(parameters, message):
    clf = MLPScratchClassifier(max_iter=2, random_state=0).fit(X_iris, y_iris)
    clf.set_params(**parameters)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=message):
        clf.fit(X_iris[:, :3], y_iris)
    assert vars(clf) == before


BAD_DATA = {
    "nan": (np.where(X_iris == X_iris.max(), np.nan, X_iris), y_iris, None, "NaN"),
    "inf": (np.where(X_iris == X_iris.max(), np.inf, X_iris), y_iris, None, "infinity"),
    "lengths": (X_iris, y_iris[:-1], None, "inconsistent numbers of samples"),
    "no rows": (X_iris[:0], y_iris[:0], None, "0 sample"),
    "one dimension": (X_iris[:, 0], y_iris, None, "Expected 2D array"),
    "regression": (X_iris, y_iris + 0.5 * X_iris[:, 0], None, "Unknown label type"),
    "multioutput": (X_iris, np.c_[y_iris, y_iris], None, "Multioutput"),
    "y nan": (X_iris, np.where(y_iris == 1, np.nan, y_iris), None, "NaN"),
    "negative weight": (X_iris, y_iris, np.r_[-1, np.ones(149)], "Negative"),
    "zero weights": (X_iris, y_iris, np.zeros(150), "weights.*zero"),
    "weight length": (X_iris, y_iris, np.ones(149), "sample_weight.shape"),
    "weight nan": (X_iris, y_iris, np.full(150, np.nan), "NaN"),
}


@pytest.mark.parametrize("case", BAD_DATA)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("warm_start", [False, True])
def test_bad_data_leaves_the_estimator_as_it_was(case, method, warm_start):
    X, y, sample_weight, message = BAD_DATA[case]
    clf = MLPScratchClassifier(max_iter=2, warm_start=warm_start).fit(X_iris, y_iris)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=message):
        getattr(clf, method)(X, y, sample_weight=sample_weight)
    assert vars(clf) == before


def test_a_failed_first_fit_leaves_it_unfitted():
    clf = MLPScratchClassifier()
    with pytest.raises(ValueError, match="NaN"):
        clf.fit(BAD_DATA["nan"][0], y_iris)
    assert vars(clf) == vars(MLPScratchClassifier())


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_prediction_errors(method, fitted):
    with pytest.raises(NotFittedError):
        getattr(MLPScratchClassifier(), method)(X_digits)
    with pytest.raises(ValueError, match=r"X has 63 features.* expecting 64"):
        getattr(fitted, method)(X_digits[:, 1:])
    with pytest.raises(ValueError, match="NaN"):
        getattr(fitted, method)(np.full((2, 64), np.nan))


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([], "classes must not be empty"),
        ([0, "a"], "classes: Mix of"),
        (3, "classes: Expected arr"),
    ],
)
def test_wrong_classes_are_named(classes, message):
    with pytest.raises(ValueError, match=message):
        MLPScratchClassifier().partial_fit(X_iris, y_iris, classes=classes)


def test_an_unknown_argument_is_one_of_the_method():
    with pytest.raises(TypeError, match=r"^fit\(\) got an unexpected .* 'validation_data'"):
        MLPScratchClassifier().fit(X_iris, y_iris, validation_data=(X_iris, y_iris))


DAYS = np.arange(150).astype("M8[D]")
DATES = {
    "dates": (np.c_[DAYS, DAYS], "[0, 1]"),
    "durations": (np.c_[DAYS, DAYS] - DAYS[0], "[0, 1]"),
    "objects": (np.array([[0.5, day] for day in DAYS], object), "[1]"),
    "list": ([[0.5, day - DAYS[0]] for day in DAYS], "[1]"),
    "list of dates": ([[day, 0.5] for day in DAYS.tolist()], "[0]"),
}
COLUMNS = [DAYS.astype("M8[ms]"), (DAYS - DAYS[0]).astype("m8[ms]"), DAYS.tolist()]
DATES |= {
    f"{library} {i}": ((library, {"number": np.arange(150) / 2, "day": days}), "['day']")
    for library in ("pandas", "polars")
    for i, days in enumerate(COLUMNS)
}


@pytest.mark.parametrize("case", DATES)
def test_dates_are_no_numbers(case):
    X, columns = DATES[case]
    if isinstance(X, tuple):
        X = pytest.importorskip(X[0]).DataFrame(X[1])
    clf = MLPScratchClassifier(max_iter=1, tol=0).fit(X_iris[:, :2], y_iris)
    message = re.escape(f" must be numbers, but has dates or durations in the columns {columns}")
    for use in (clf.predict, lambda X: clf.fit(X, y_iris), lambda X: clf.partial_fit(X, y_iris)):
        with pytest.raises(ValueError, match=f"^X{message}"):
            use(X)
    with pytest.raises(ValueError, match=f"^X_val{message}.*X_val looks untransformed"):
        clf.fit(X_iris[:, :2], y_iris, X_val=X, y_val=y_iris)


def test_weights_and_values_that_are_dates():
    with pytest.raises(ValueError, match=r"^sample_weight must be numbers, but has dates"):
        MLPScratchClassifier().fit(X_iris, y_iris, sample_weight=DAYS - DAYS[0])
    with pytest.raises(ValueError, match=r"^y must be numbers, but has dates"):
        MLPScratchRegressor().fit(X_iris, np.array(list(DAYS), object))


def test_partial_fit_errors():
    clf = MLPScratchClassifier()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        clf.partial_fit(X_iris, y_iris)
    with pytest.raises(ValueError, match=r"not in classes=\[0 1\]: \[2\]"):
        clf.partial_fit(X_iris, y_iris, classes=[0, 1])
    clf.partial_fit(X_iris, y_iris, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="not those of the last call"):
        clf.partial_fit(X_iris, y_iris, classes=[0, 1, 2, 3])
    with pytest.raises(AttributeError) as error:
        MLPScratchClassifier(solver="lbfgs").partial_fit(X_iris, y_iris)
    assert "partial_fit is only available for stochastic" in str(error.value.__cause__)
    with pytest.raises(ValueError, match="2 labels, expected 3"):
        clf.partial_fit(X_iris, np.eye(3, dtype=int)[y_iris, :2], classes=[0, 1, 2])
    with pytest.raises(ValueError, match="3 softmax outputs, `y` needs 3 logistic ones"):
        clf.partial_fit(X_iris, np.eye(3, dtype=int)[y_iris])


def test_batch_size_greater_than_the_data_is_clipped_with_a_warning():
    with pytest.warns(UserWarning, match="larger than the sample size 150"):
        big = MLPScratchClassifier(batch_size=151, max_iter=2, random_state=0).fit(X_iris, y_iris)
    exact = MLPScratchClassifier(batch_size=150, max_iter=2, random_state=0).fit(X_iris, y_iris)
    assert_same_fit(big, exact)


# --- Living among scikit-learn's tools


def test_labels_of_every_kind():
    for classes in (["x", "y", "z"], [10, 20, 30], [-1.0, 0.0, 1.0], [True, False, True]):
        y = np.array(classes)[y_iris]
        clf = MLPScratchClassifier(solver="lbfgs", max_iter=50, random_state=0).fit(X_iris, y)
        assert clf.predict(X_iris).dtype == y.dtype
        assert clf.score(X_iris, y) > 0.9
        assert clf.predict_proba(X_iris).shape == (150, len(set(classes)))


@pytest.mark.parametrize("engine", ENGINES)
def test_many_classes_and_ties(engine, recwarn):
    y = np.maximum(np.arange(150), 30)  # most classes occur once
    clf = MLPScratchClassifier((4,), engine=engine, weight_init="he_normal", max_iter=1, tol=0)
    clf.fit(0 * X_iris, y).partial_fit(0 * X_iris, y)
    assert not recwarn.list
    # All logits are zero at first, so the first class is predicted.
    assert clf.history_["accuracy"][0] == np.mean(y == 30)


def test_multilabel_indicator_may_be_sparse():
    clf = MLPScratchClassifier(max_iter=3, random_state=0)
    dense = clone(clf).fit(X_labels, y_labels)
    assert_same_fit(clf.fit(X_labels, sp.csr_array(y_labels)), dense)
    assert clf.predict(X_labels).shape == y_labels.shape


def test_column_of_labels_is_raveled_with_a_warning():
    with pytest.warns(DataConversionWarning):
        MLPScratchClassifier(max_iter=2).fit(X_iris, y_iris[:, np.newaxis])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames_and_their_names(library):
    module = pytest.importorskip(library)
    names = ["a", "b", "c", "d"]
    frame = module.DataFrame({name: X_iris[:, i] for i, name in enumerate(names)})
    y = module.Series(np.array(["p", "q", "r"])[y_iris])
    clf = MLPScratchClassifier(max_iter=3, early_stopping=True, random_state=0).fit(frame, y)
    assert list(clf.feature_names_in_) == names
    assert set(clf.predict(frame)) <= {"p", "q", "r"}
    with pytest.raises(ValueError, match="feature names"):
        clf.predict(frame[["d", "c", "b", "a"]])


def test_pipeline_grid_search_and_cross_validation():
    pipeline = make_pipeline(StandardScaler(), MLPScratchClassifier(max_iter=30, random_state=0))
    scores = cross_validate(pipeline, X_iris, y_iris, scoring=["accuracy", "neg_log_loss"])
    assert scores["test_accuracy"].mean() > 0.6
    search = GridSearchCV(
        pipeline,
        {
            "mlpscratchclassifier__learning_rate_init": np.logspace(-3, -1, 3),
            "mlpscratchclassifier__solver": ["adam", "rmsprop"],
            "mlpscratchclassifier__weight_regularizer_l2": [0.0, 0.001],
        },
        n_jobs=2,
    ).fit(X_iris, y_iris)
    assert search.best_score_ > 0.9


def test_metadata_routing():
    weights = np.random.RandomState(0).uniform(1, 9, 150)
    clf = MLPScratchClassifier(max_iter=5, random_state=0)
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            clone(clf).set_fit_request(sample_weight=True),
        ).fit(X_iris, y_iris, sample_weight=weights)
    X = StandardScaler().fit_transform(X_iris)
    assert_same_fit(pipeline[-1], clf.fit(X, y_iris, sample_weight=weights))


INTEGERS = {"hidden_layer_sizes": 5, "batch_size": 100, "max_iter": 3, "random_state": 7}
INTEGERS |= {"n_iter_no_change": 127, "max_fun": 120, "verbose": 0}
FLOATS = dict.fromkeys(["alpha", "learning_rate_init", "power_t", "decay", "tol"], 0.3)
FLOATS |= dict.fromkeys(["momentum", "beta_1", "beta_2", "epsilon", "rho", "weight_decay"], 0.7)
FLOATS |= dict.fromkeys(["weight_regularizer_l1", "bias_regularizer_l2"], 0.1)
BOOLEANS = dict.fromkeys(["shuffle", "nesterovs_momentum", "early_stopping", "verbose"], False)
RANDOM = dict.fromkeys(["dropout", "input_dropout", "validation_fraction", "clip_norm"], 0.4)
FLOATS |= RANDOM


@pytest.mark.parametrize("kind", "bhilqBHILQefdg?")
@pytest.mark.parametrize("engine", ENGINES)
def test_numbers_from_numpy_are_those_of_python(kind, engine):
    values = {"?": BOOLEANS, **dict.fromkeys("efdg", FLOATS)}.get(kind, INTEGERS)
    given = {name: np.dtype(kind).type(value) for name, value in values.items()}
    python = {name: float(v) if kind in "efdg" else v.item() for name, v in given.items()}
    options = {"max_iter": 3, "learning_rate": "invscaling", "engine": engine, "random_state": 0}
    X = X_iris.astype(np.float32)
    for solver in ("sgd", "adamw", "rmsprop", SGD, "lbfgs"):
        fits = []
        for each in (given, python):
            each = {name: v for name, v in each.items() if solver != "lbfgs" or name not in RANDOM}
            clf = MLPScratchClassifier(solver=SGD(each["decay"]) if "decay" in each else "adam")
            clf.set_params(**{"solver": solver} if solver is not SGD else {})
            clf.set_params(**{**options, "early_stopping": solver == "rmsprop", **each})
            # The second fit resumes with fewer epochs than the first one had.
            clf.set_params(max_iter=5, warm_start=True).fit(X, y_iris)
            fits.append(clf.set_params(**{"max_iter": 3, **each}).fit(X, y_iris))
            assert all(clf.get_params()[name] is value for name, value in each.items())
        assert_same_fit(*fits)


def test_pickle_holds_three_times_the_weights_and_little_else():
    clf = MLPScratchClassifier((200, 100), max_iter=2).fit(X_digits, y_digits)
    weights = sum(array.nbytes for array in clf.coefs_ + clf.intercepts_)
    assert len(pickle.dumps(clf)) < 3 * weights + 10_000


def test_repr_and_html():
    clf = MLPScratchClassifier((5,), solver="rmsprop")
    assert repr(clf) == "MLPScratchClassifier(hidden_layer_sizes=(5,), solver='rmsprop')"
    assert "MLPScratchClassifier" in clf._repr_html_()


def test_verbose_prints_each_epoch(capsys):
    MLPScratchClassifier(max_iter=3, verbose=True, early_stopping=True).fit(X_iris, y_iris)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines[::2]] == [f"Iteration {i}" for i in (1, 2, 3)]
    assert all(line.startswith("Validation score: ") for line in lines[1::2])
    MLPScratchClassifier(max_iter=3, verbose=True, solver="lbfgs").fit(X_iris, y_iris)
    assert capsys.readouterr().out.count("Iteration") == 3


# --- NumPy's global state


def test_global_random_state_is_neither_read_nor_moved():
    np.random.seed(0)
    state = pickle.dumps(np.random.get_state())
    first = MLPScratchClassifier(max_iter=2, batch_size=20).fit(X_iris, y_iris)
    np.random.seed(0)
    second = MLPScratchClassifier(max_iter=2, batch_size=20).fit(X_iris, y_iris)
    assert pickle.dumps(np.random.get_state()) == state
    assert not np.array_equal(first.coefs_[0], second.coefs_[0])


def test_nnfs_init_changes_no_bit():
    script = """
import sys, warnings
import numpy as np
warnings.simplefilter("ignore")
if sys.argv[1] == "before":
    import nnfs; nnfs.init()
from sklearn.datasets import load_iris, make_multilabel_classification
from skscratch import MLPScratchClassifier
if sys.argv[1] == "after":
    import nnfs; nnfs.init()
for X, y in (load_iris(return_X_y=True), make_multilabel_classification(random_state=0)):
    for solver in ("sgd", "adam", "adagrad", "rmsprop", "lbfgs"):
        for early_stopping in (False, True):
            clf = MLPScratchClassifier(
                solver=solver, early_stopping=early_stopping, max_iter=5, batch_size=20,
                weight_regularizer_l1=0.01, random_state=0,
            ).fit(X, y, sample_weight=np.linspace(0, 1, len(X)))
            print(clf.predict_proba(X).tobytes().hex(), clf.loss_, clf.coefs_[0].dtype)
"""
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script, when], capture_output=True, text=True, check=True
        ).stdout
        for when in ("never", "before", "after")
    ]
    assert len(outputs[0].splitlines()) == 20
    assert outputs[0] == outputs[1] == outputs[2]
