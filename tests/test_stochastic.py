"""Stopping criteria, warnings, interrupts and resumption."""

import copy
import itertools
import pickle
import signal
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import (
    ENGINES,
    STOCHASTIC,
    X_digits,
    assert_same_fit,
    assert_same_weights,
    mlp,
    unfinished_fits,
    y_digits,
)
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from skscratch import MLPScratchClassifier
from skscratch.nn.network import Network

pytestmark = unfinished_fits

X_iris, y_iris = load_iris(return_X_y=True)


@pytest.mark.parametrize("n_iter_no_change", [2, 10])
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


def test_adaptive_learning_rate(capsys):
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


@pytest.mark.parametrize(
    "random_state", [0, np.random.RandomState(0), np.random.RandomState(np.random.PCG64(0))]
)
def test_copies_resume_exactly(random_state):
    def copied(clf):
        return copy.deepcopy(pickle.loads(pickle.dumps(clf)))

    def new(**parameters):
        return mlp(random_state=copy.deepcopy(random_state), tol=0, **parameters)

    once = new(max_iter=7).fit(X_digits, y_digits)
    clf = copied(new(max_iter=2, warm_start=True).fit(X_digits, y_digits))
    clf = copied(clf.set_params(max_iter=3).fit(X_digits, y_digits))
    clf = copied(clf.partial_fit(X_digits, y_digits)).partial_fit(X_digits, y_digits)
    assert_same_fit(clf, once)


def test_order_of_samples_is_stored_only_with_warm_start():
    sizes = {}
    for warm_start in (False, True):
        for n in (300, 1500):
            clf = mlp(warm_start=warm_start).fit(X_digits[:n], y_digits[:n])
            sizes[warm_start, n] = len(pickle.dumps(clf))
    assert abs(sizes[False, 1500] - sizes[False, 300]) < 100
    assert abs(sizes[True, 1500] - sizes[True, 300] - 4 * 1200) < 100


@pytest.mark.parametrize(
    ("by", "written_by"), [("fit", "0.0.1"), ("partial_fit", None), ("fit", "nothing")]
)
def test_state_of_another_version_raises(by, written_by):
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


@pytest.fixture
def interrupt_batch(monkeypatch):
    """Return a function that makes a batch of the NumPy engine raise KeyboardInterrupt."""
    original = Network.compute_gradients

    def interrupt(number):
        batches = itertools.count(1)

        def interrupted(self, *args):
            if next(batches) == number:
                raise KeyboardInterrupt
            return original(self, *args)

        monkeypatch.setattr(Network, "compute_gradients", interrupted)

    return interrupt


def test_interrupt_leaves_a_usable_model(interrupt_batch):
    for solver in ("adam", "lbfgs"):
        interrupt_batch(26)
        clf = MLPScratchClassifier(solver=solver, random_state=0, engine="numpy")
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            clf.fit(X_digits, y_digits)
        assert 0 < clf.n_iter_ < 25
        assert clf.n_iter_ == len(clf.loss_curve_)
        assert clf.score(X_digits, y_digits) > 0.3


def test_warm_start_completes_an_interrupted_fit(interrupt_batch):
    clf = MLPScratchClassifier(max_iter=5, random_state=0, warm_start=True, engine="numpy")
    interrupt_batch(26)
    with pytest.warns(UserWarning, match="interrupted"):
        clf.fit(X_digits, y_digits)
    assert clf.n_iter_ == 2
    assert clf.fit(X_digits, y_digits).n_iter_ == len(clf.loss_curve_) == 5


def test_failed_fit_does_not_advance_the_random_state():
    random_state = np.random.RandomState(0)
    clf = MLPScratchClassifier(solver="sgd", learning_rate_init=1e300, random_state=random_state)
    with pytest.raises(ValueError, match="diverged"):
        clf.fit(X_iris * 1e100, y_iris)
    assert random_state.randint(1 << 30) == np.random.RandomState(0).randint(1 << 30)


def test_interrupt_of_a_fit_in_another_thread(interrupt_batch):
    clf = MLPScratchClassifier(random_state=0, engine="numpy")
    interrupt_batch(26)
    with ThreadPoolExecutor(1) as pool, pytest.warns(UserWarning, match="interrupted by user"):
        pool.submit(clf.fit, X_digits, y_digits).result()
    assert clf.n_iter_ == 2


@pytest.mark.no_cover
@pytest.mark.usefixtures("sigint")
@pytest.mark.parametrize("engine", ENGINES)
def test_interrupt_of_the_main_thread_does_not_affect_other_threads(engine):
    # Python delivers signals to the main thread.
    clf = MLPScratchClassifier(max_iter=60, tol=0, random_state=0, engine=engine)
    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(clf.fit, X_digits, y_digits)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert not fit.done()
    assert_same_fit(clf, clone(clf).fit(X_digits, y_digits))


def test_interrupted_partial_fit_does_not_change_the_estimator(interrupt_batch):
    clf = MLPScratchClassifier(random_state=0, engine="numpy")
    once = clone(clf).set_params(max_iter=2, tol=0).fit(X_digits, y_digits)
    clf.partial_fit(X_digits, y_digits, classes=range(10))
    interrupt_batch(5)
    # A loop over chunks has to end; it would otherwise skip this chunk.
    with pytest.raises(KeyboardInterrupt):
        clf.partial_fit(X_digits, y_digits)
    assert_same_fit(clf.partial_fit(X_digits, y_digits), once)


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_divergence_raises(solver):
    X = X_iris * 1e155 if solver == "lbfgs" else X_iris
    clf = MLPScratchClassifier(
        solver=solver, learning_rate_init=1e10, activation="identity", batch_size=10
    )
    with pytest.raises(ValueError, match=r"non-finite parameter weights.*preprocessed") as error:
        clf.fit(X, y_iris)
    assert ("epoch" in str(error.value)) == (solver == "sgd")
    assert not hasattr(clf, "coefs_")


def test_overflow_in_the_last_update_raises():
    clf = MLPScratchClassifier(solver="sgd", learning_rate_init=1e306, max_iter=1)
    with pytest.raises(ValueError, match="diverged in epoch 1"):
        clf.fit(1e5 * X_iris, y_iris)


def test_rising_loss_warns():
    clf = MLPScratchClassifier(solver="sgd", learning_rate_init=1e3, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"loss rose from .* Lower learning_rate_init"):
        clf.fit(X_iris, y_iris)


# --- Warnings at the end of a fit


def warnings_of(clf, **fit_arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clf.fit(X_iris, y_iris, **fit_arguments)
    return [(warning.category, str(warning.message)) for warning in caught]


@pytest.mark.parametrize(
    "arguments",
    [
        {"solver": "adam"},
        {"solver": "sgd", "n_iter_no_change": np.inf},
        {"solver": "rmsprop", "early_stopping": True},
        {"solver": "adagrad", "learning_rate": "cosine"},
    ],
)
def test_warning_if_max_iter_is_reached(arguments):
    clf = MLPScratchClassifier(max_iter=5, random_state=0, **arguments)
    ((category, message),) = warnings_of(clf)
    assert category is ConvergenceWarning
    assert "Maximum iterations (5) reached" in message
    assert "Raise max_iter, or set tol=0 to disable this warning" in message
    # Every further fit warns, too.
    assert len(warnings_of(clf.set_params(warm_start=True))) == 1


@pytest.mark.parametrize("early_stopping", [False, True])
def test_no_warning_if_tol_is_0(early_stopping):
    clf = MLPScratchClassifier(max_iter=5, tol=0, early_stopping=early_stopping)
    assert warnings_of(clf) == []
    assert clf.n_iter_ == 5


@pytest.mark.parametrize("early_stopping", [False, True])
def test_no_warning_after_convergence(early_stopping):
    arguments = {"learning_rate_init": 0.05, "n_iter_no_change": 3, "random_state": 0}
    clf = MLPScratchClassifier(early_stopping=early_stopping, **arguments)
    assert warnings_of(clf) == []
    assert clf.n_iter_ < 200
    # also if training converges in the last epoch of max_iter
    last = clf.n_iter_
    assert warnings_of(clf.set_params(max_iter=last)) == []
    assert clf.n_iter_ == last
    assert len(warnings_of(clf.set_params(max_iter=last - 1))) == 1


def test_no_warning_in_partial_fit():
    clf = MLPScratchClassifier(max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            clf.partial_fit(X_iris, y_iris, classes=[0, 1, 2])


@pytest.mark.parametrize("max_iter", [20, 200])
def test_rising_loss_is_the_only_warning(max_iter):
    clf = MLPScratchClassifier(solver="sgd", learning_rate_init=1e3, max_iter=max_iter)
    ((category, message),) = warnings_of(clf.set_params(random_state=0))
    assert category is ConvergenceWarning
    first, last = clf.loss_curve_[0], clf.loss_curve_[-1]
    assert f"rose from {first:.3g} in the first epoch to {last:.3g} in the last one" in message
    assert "Lower learning_rate_init (now 1000.0)" in message
    # A warm start does not warn, because it does not begin with initial weights.
    assert not any("rose" in text for _, text in warnings_of(clf.set_params(warm_start=True)))


@pytest.mark.parametrize(
    ("engine", "weights"),
    [("native", None), ("native", np.linspace(0.1, 5, 150)), ("numpy", np.linspace(0.1, 5, 150))],
)
def test_losses_in_the_warning_match_the_networks(engine, weights):
    # An epoch of one batch records the loss of the weights before its update.
    arguments = {"batch_size": 150, "alpha": 0, "tol": 0, "random_state": 0, "engine": engine}
    clf = MLPScratchClassifier((5,), solver="sgd", learning_rate_init=50.0, **arguments)
    ((_, message),) = warnings_of(clf.set_params(max_iter=4), sample_weight=weights)
    before = clone(clf).set_params(learning_rate_init=1e-300, max_iter=1, solver="adagrad")
    last = clone(clf).set_params(max_iter=3)
    losses = []
    for network in (before, last):
        warnings_of(network, sample_weight=weights)
        each = -network.predict_log_proba(X_iris)[np.arange(150), y_iris]
        losses.append(np.average(each, weights=weights))
    assert f"rose from {losses[0]:.3g} in the first epoch to {losses[1]:.3g} in the last" in message


# --- Resumption


SCHEDULES = [{"solver": solver} for solver in STOCHASTIC] + [
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 1},
    {"solver": "sgd", "momentum": 0.0, "decay": 0.01},
    {"solver": "adam", "decay": 0.01, "batch_size": 7},
    {"solver": "adam", "shuffle": False, "batch_size": 40},
    {"solver": "adam", "batch_size": 1000},
]


@pytest.mark.no_cover
@pytest.mark.filterwarnings("ignore:Got `batch_size`")
@pytest.mark.parametrize("arguments", SCHEDULES)
def test_six_partial_fits_equal_six_epochs(arguments):
    X = X_iris.astype(np.float32)
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
def test_warm_start_resumes_exactly(arguments):
    arguments = {"batch_size": 40, "random_state": 0, **arguments}
    once = MLPScratchClassifier(max_iter=14, **arguments).fit(X_iris, y_iris)
    twice = MLPScratchClassifier(max_iter=6, warm_start=True, **arguments).fit(X_iris, y_iris)
    twice = pickle.loads(pickle.dumps(twice)).set_params(max_iter=8).fit(X_iris, y_iris)
    assert once.loss_curve_ == twice.loss_curve_
    assert once.validation_scores_ == twice.validation_scores_
    assert_same_fit(once, twice)


def test_random_stream_continues_without_a_seed():
    clf = MLPScratchClassifier(batch_size=40, warm_start=True, max_iter=5).fit(X_iris, y_iris)
    copied = pickle.loads(pickle.dumps(clf))
    assert_same_fit(clf.fit(X_iris, y_iris), copied.fit(X_iris, y_iris))
    again = clone(clf).fit(X_iris, y_iris)
    assert not np.array_equal(again.coefs_[0], clf.coefs_[0])


def test_changed_learning_rate_takes_effect():
    clf = MLPScratchClassifier(random_state=0, batch_size=40).partial_fit(
        X_iris, y_iris, classes=[0, 1, 2]
    )
    before = [coef.copy() for coef in clf.coefs_]
    clf.set_params(learning_rate_init=1e-12).partial_fit(X_iris, y_iris)
    for old, new in zip(before, clf.coefs_, strict=True):
        np.testing.assert_allclose(new, old, atol=1e-9)


def test_training_continues_from_assigned_weights():
    clf = MLPScratchClassifier(max_iter=3, warm_start=True, random_state=0).fit(X_digits, y_digits)
    clf.coefs_ = [np.zeros_like(coef) for coef in clf.coefs_]
    np.testing.assert_array_equal(np.ptp(clf.predict_proba(X_digits), axis=0), np.zeros(10))
    clf.set_params(max_iter=1, learning_rate_init=1e-12).fit(X_digits, y_digits)
    assert max(np.abs(coef).max() for coef in clf.coefs_) < 1e-6


def test_warm_start_after_early_stopping_continues_from_the_best_weights():
    clf = MLPScratchClassifier(
        max_iter=12, early_stopping=True, warm_start=True, learning_rate_init=0.2, random_state=0
    )
    clf.fit(X_digits, y_digits)
    assert clf.validation_scores_[-1] < clf.best_validation_score_
    best = [coef.copy() for coef in clf.coefs_]
    clf.set_params(max_iter=1, learning_rate_init=1e-12).fit(X_digits, y_digits)
    for before, after in zip(best, clf.coefs_, strict=True):
        np.testing.assert_allclose(after, before, atol=1e-9)


def test_warm_start_with_another_solver():
    clf = MLPScratchClassifier(warm_start=True, max_iter=30, random_state=0)
    losses = [
        clf.set_params(solver=solver).fit(X_iris, y_iris).loss_
        for solver in ["adam", "lbfgs", "sgd", "adagrad"]
    ]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("change", [{"hidden_layer_sizes": (7,)}, {"hidden_layer_sizes": (5, 5)}])
def test_warm_start_with_another_shape_raises(change):
    clf = MLPScratchClassifier((5,), warm_start=True, max_iter=2).fit(X_iris, y_iris)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=\(5,\)"):
        clf.set_params(**change).fit(X_iris, y_iris)


@pytest.mark.parametrize("engine", ENGINES)
def test_results_are_reproducible_with_two_blas_threads(engine):
    # BLAS distributes matrices of this size over its threads.
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 100)), np.arange(400) % 10
    clf = MLPScratchClassifier((200,), max_iter=3, tol=0, random_state=0, engine=engine)
    one_thread = clone(clf).fit(X, y)
    with threadpool_limits(2):
        whole = clone(clf).fit(X, y)
        assert_same_fit(clone(clf).fit(X, y), whole)
        parts = clone(clf).set_params(max_iter=1, warm_start=True).fit(X, y)
        assert_same_fit(parts.partial_fit(X, y).fit(X, y), whole)
    # Rounding depends on the number of threads.
    assert_same_weights(one_thread, whole, rtol=1e-12)
