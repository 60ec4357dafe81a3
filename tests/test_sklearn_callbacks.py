"""The protocol of scikit-learn's callbacks."""

import pickle
import re
import warnings

import helpers
import numpy as np
import pytest
from helpers import SOLVERS, Collector, CrashAt, CrashError, Recorder, assert_same_fit
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch.callbacks import EpochLogger
from skscratch.estimators.lbfgs import LBFGSFit
from skscratch.estimators.stochastic import StochasticFit

sklearn_callback = pytest.importorskip("sklearn.callback", reason="callbacks are new in 1.9")

pytestmark = pytest.mark.filterwarnings(
    "ignore:lbfgs failed to converge:sklearn.exceptions.ConvergenceWarning"
)

every_solver = pytest.mark.parametrize("solver", SOLVERS)

X, y = load_iris(return_X_y=True)


def mlp(*callbacks, **parameters):
    return helpers.mlp(**{"tol": 0.0, **parameters}).set_callbacks(*callbacks)


# --- Tasks and their arguments


@every_solver
def test_every_epoch_is_a_task(solver):
    recorder = Recorder()
    clf = mlp(recorder, solver=solver, early_stopping=solver != "adam").fit(X, y)
    assert recorder.calls == [
        ("setup", "fit", 0),
        ("begin", "fit", 0),
        *((hook, "epoch", epoch) for epoch in range(5) for hook in ("begin", "end")),
        ("end", "fit", 0),
        ("teardown", "fit", 0),
    ]
    assert clf.n_iter_ == 5


def test_number_of_tasks_after_convergence():
    recorder, tree = Recorder(), {}

    def note(hook, context):
        tree[context.task_name] = context.max_subtasks, context.parent and context.parent.task_name

    recorder.action = note
    clf = mlp(recorder, tol=0.5, n_iter_no_change=2, learning_rate_init=0.05, max_iter=90)
    clf.fit(X, y)
    assert clf.n_iter_ < 90
    assert recorder.count("begin") == recorder.count("end") == clf.n_iter_ + 1
    assert tree == {"fit": (90, None), "epoch": (0, "fit")}


def test_callbacks_receive_data_and_weights():
    weights, told = np.ones(150), []

    class Curious(Recorder):
        def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None):
            told.append((estimator, X, y, metadata))

    frame = [list(row) for row in X]
    clf = mlp(Curious(), max_iter=2).fit(frame, y, sample_weight=weights)
    assert len(told) == 3
    for estimator, told_X, told_y, metadata in told:
        assert estimator is clf
        assert told_X is frame
        assert told_y is y
        assert metadata == {"sample_weight": weights}
    told.clear()
    clf.fit(X, y)
    assert not any(metadata for *_, metadata in told)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("solver", "arguments"),
    [
        *((solver, {}) for solver in SOLVERS),
        ("sgd", {"dropout": 0.3, "input_dropout": 0.1, "momentum": 0.5, "decay": 0.1}),
        ("adam", {"early_stopping": True, "scoring": "loss", "learning_rate_init": 0.1}),
        ("lbfgs", {"early_stopping": True}),
    ],
)
def test_fitted_estimator_after_each_epoch(solver, arguments):
    arguments = {**arguments, "warm_start": True}
    collector = Collector()
    clf = mlp(collector, solver=solver, **arguments).fit(X, y)
    assert len(collector.fitted) == 6
    # Compared after the fit: later epochs do not change the arrays of earlier ones.
    for epoch, fitted in enumerate(collector.fitted, start=1):
        until = mlp(solver=solver, max_iter=min(epoch, 5), **arguments).fit(X, y)
        np.testing.assert_array_equal(fitted.predict_proba(X), until.predict_proba(X))
        assert_same_fit(fitted, until)
        assert fitted.history_.keys() == until.history_.keys()
    assert_same_fit(clf, until)
    assert_same_fit(clf, mlp(solver=solver, **arguments).fit(X, y))
    if solver == "lbfgs":
        return
    # The fitted estimators can resume training.
    for fitted in collector.fitted[:-1]:
        fitted.set_callbacks().set_params(warm_start=True)
        assert_same_fit(fitted.fit(X, y), clf)


@every_solver
def test_fitted_estimator_is_created_on_request(solver, monkeypatch):
    calls = []
    for fit_class in (StochasticFit, LBFGSFit):

        def counted(self, finished=True, original=fit_class.fitted_attributes):
            calls.append(finished)
            return original(self, finished)

        monkeypatch.setattr(fit_class, "fitted_attributes", counted)
    mlp(Recorder(), Recorder(), solver=solver).fit(X, y)
    assert calls == [True]
    calls.clear()
    mlp(Collector(), Collector(), solver=solver).fit(X, y)
    assert calls == [False] * 5 + [True]


# --- Stopping and errors


@pytest.mark.parametrize(
    ("solver", "last"), [("adam", 1), ("adam", 3), ("adam", 5), ("lbfgs", 1), ("lbfgs", 3)]
)
def test_callback_stops_training(solver, last):
    recorder = Recorder(lambda hook, context: hook == "end" and context.task_id == last - 1)
    clf = mlp(recorder, Recorder(), solver=solver, tol=1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(X, y)
    assert clf.n_iter_ == len(clf.loss_curve_) == last
    assert recorder.calls[-2:] == [("end", "fit", 0), ("teardown", "fit", 0)]


FAILURES = [
    CrashAt("setup"),
    CrashAt("begin"),
    CrashAt("begin", "epoch", 1),
    CrashAt("end", "epoch", 0),
    CrashAt("end", "epoch", 1),
    CrashAt("end"),
    CrashAt("setup", error=KeyboardInterrupt),
    CrashAt("end", error=KeyboardInterrupt),
]


@pytest.mark.parametrize(
    ("solver", "action"),
    [*(("adam", action) for action in FAILURES), *(("lbfgs", action) for action in FAILURES[2:5])],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.call)),
)
def test_failing_callback_does_not_change_the_estimator(solver, action):
    recorder, other = Recorder(action), Recorder()
    clf = mlp(solver=solver, warm_start=True).fit(X, y)
    weights = [coef.copy() for coef in clf.coefs_]
    clf.set_callbacks(other, recorder)
    before = vars(clf).copy()
    with pytest.raises(action.error):
        clf.fit(X, y)
    assert vars(clf) == before
    assert other.count("setup") == other.count("teardown") == 1
    assert recorder.count("setup") == recorder.count("teardown") == 1
    for a, b in zip(weights, clf.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


def test_failing_teardown():
    other = Recorder()
    clf = mlp(Recorder(CrashAt("teardown")), other)
    with pytest.raises(CrashError):
        clf.fit(X, y)
    assert other.count("teardown") == 1
    assert not {"_callback_fit_ctx", "_skl_callbacks_to_teardown"} & vars(clf).keys()


def test_teardown_after_divergence():
    recorder = Recorder()
    clf = mlp(recorder, solver="sgd", learning_rate_init=1e10, activation="identity", max_iter=99)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match="non-finite"):
        clf.fit(X, y)
    assert vars(clf) == before
    assert recorder.count("setup") == recorder.count("teardown") == 1


def test_callbacks_are_not_called_for_invalid_data():
    recorder = Recorder()
    with pytest.raises(ValueError, match="NaN"):
        mlp(recorder).fit(X * np.nan, y)
    assert recorder.calls == []


@every_solver
def test_teardown_and_usable_model_after_an_interrupt(solver):
    recorder = Recorder(CrashAt("end", "epoch", 2, error=KeyboardInterrupt))
    clf = mlp(recorder, solver=solver)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        clf.fit(X, y)
    assert clf.n_iter_ == 3
    assert_same_fit(clf, mlp(solver=solver, max_iter=3).fit(X, y))
    assert recorder.calls[-2:] == [("end", "fit", 0), ("teardown", "fit", 0)]


# --- State after a fit


@every_solver
def test_callbacks_leave_no_attributes(solver):
    clf = mlp(Recorder(), Collector(), EpochLogger(), solver=solver).fit(X, y)
    plain = mlp(solver=solver).fit(X, y)
    assert vars(clf).keys() - vars(plain).keys() == {"_skl_callbacks"}
    clf.set_callbacks()
    assert pickle.dumps(clf) == pickle.dumps(plain)


def test_clone_and_pickle_keep_callbacks(capsys):
    clf = mlp(EpochLogger()).fit(X, y)
    for copied in (clone(clf), pickle.loads(pickle.dumps(clf))):
        capsys.readouterr()
        assert_same_fit(copied.fit(X, y), clf)
        assert len(capsys.readouterr().out.splitlines()) == 5


def test_partial_fit_does_not_call_callbacks():
    recorder = Recorder()
    mlp(recorder).partial_fit(X, y, classes=[0, 1, 2])
    assert recorder.calls == []


def test_callbacks_do_not_affect_training():
    clf = mlp(Recorder(), Collector(), dropout=0.2, early_stopping=True).fit(X, y)
    assert_same_fit(clf, mlp(dropout=0.2, early_stopping=True).fit(X, y))


# --- scikit-learn's callbacks


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_progress_bar(solver, capsys):
    pytest.importorskip("rich")
    mlp(sklearn_callback.ProgressBar(), solver=solver).fit(X, y)
    printed = capsys.readouterr().out
    assert "MLPScratchClassifier - fit" in printed
    assert "100%" in printed
    # The bar of the fit counts the epochs, which have no separate bars.
    assert "epoch" not in printed


@pytest.mark.parametrize("n_jobs", [None, 1, pytest.param(2, marks=pytest.mark.slow)])
def test_progress_bar_in_other_estimators(n_jobs, capsys):
    pytest.importorskip("rich")
    pipeline = make_pipeline(StandardScaler(), mlp())
    outer = pipeline
    if n_jobs:
        grid = {"mlpscratchclassifier__alpha": [0.01, 0.1]}
        outer = GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs, error_score="raise")
    outer.set_callbacks(sklearn_callback.ProgressBar(max_propagation_depth=None)).fit(X, y)
    printed = capsys.readouterr().out
    assert f"{type(outer).__name__} - fit" in printed
    assert "MLPScratchClassifier - fit" in printed
    assert not re.search(r"\b[0-9]{1,2}%", printed)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_scoring_monitor(solver):
    weights = np.random.RandomState(0).uniform(0.5, 2, 150)
    monitor = sklearn_callback.ScoringMonitor(scoring=["balanced_accuracy", "neg_log_loss"])
    clf = mlp(monitor, solver=solver, learning_rate_init=0.05).fit(X, y, sample_weight=weights)
    rows = monitor.get_logs().data
    assert [row["task_name"] for row in rows] == ["fit"] + ["epoch"] * 5
    for row in rows:
        epochs = row["task_id"] + 1 if row["task_name"] == "epoch" else 5
        until = clone(clf).set_callbacks().set_params(max_iter=epochs)
        until.fit(X, y, sample_weight=weights)
        expected = balanced_accuracy_score(y, until.predict(X), sample_weight=weights)
        assert row["balanced_accuracy"] == pytest.approx(expected)
        assert np.isfinite(row["neg_log_loss"])


def test_scoring_monitor_in_a_pipeline():
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    pipeline = make_pipeline(StandardScaler(), mlp(monitor)).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 5
    assert rows[-1]["accuracy"] == pytest.approx(pipeline.score(X, y))


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_scoring_monitor_in_a_search(n_jobs):
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    search = GridSearchCV(mlp(monitor), {"alpha": [0.01, 0.1, 1]}, cv=2, n_jobs=n_jobs)
    search.fit(X, y)
    rows = monitor.get_logs().data
    # three candidates, two folds and the refit
    assert sum(row["task_name"] == "epoch" for row in rows) == (3 * 2 + 1) * 5
    assert rows[-1]["accuracy"] > 0.2
