"""Where fits wait for each other: nobody waits forever, and what fails is that fit alone."""

import faulthandler
import os
import signal
import threading
import time
import tracemalloc
import warnings

import joblib
import numpy as np
import pytest
from helpers import named
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    LeaveOneOut,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skscratch import MLPScratchClassifier, train_together
from skscratch.estimators import trainers
from skscratch.together import meeting, rounds
from skscratch.together.backend import TogetherBackend
from skscratch.together.memory import Past

X, y = load_iris(return_X_y=True)
RATES = {"learning_rate_init": [0.001, 0.01, 0.05]}
N_JOBS = pytest.mark.parametrize("n_jobs", [None, 2])


@pytest.fixture(autouse=True)
def no_deadlock():
    """End the whole run, with the stacks of all threads, where a test hangs."""
    faulthandler.dump_traceback_later(120, exit=True)
    # Shells let what they run in the background ignore interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def trained(monkeypatch):
    """How many fits were trained in each round."""
    found, train = [], meeting.Meeting._train

    def noted(self, tasks):
        found.append(len(tasks))
        train(self, tasks)

    monkeypatch.setattr(meeting.Meeting, "_train", noted)
    # Also where the machine is busy, and takes long for little.
    monkeypatch.setattr(meeting, "MIN_PATIENCE", 60)
    return found


def mlp(**params):
    defaults = {"hidden_layer_sizes": (8,), "max_iter": 12, "batch_size": 32, "random_state": 0}
    return MLPScratchClassifier(**{**defaults, "tol": 0, **params})


def search(estimator=None, grid=RATES, **params):
    return GridSearchCV(estimator or mlp(), grid, **{"cv": 3, **params})


def scores(fitted):
    return fitted.cv_results_["mean_test_score"]


EXPECTED = scores(search().fit(X, y))
ENDLESS = mlp(max_iter=10**9, n_iter_no_change=np.inf)


# Who waits for whom.


def test_all_folds_of_all_candidates_meet(trained):
    with train_together():
        search().fit(X, y)
    assert trained == [9]


def test_a_single_fit_is_a_plain_fit(trained):
    with train_together():
        clf = mlp().fit(X, y)
    assert trained == []
    np.testing.assert_array_equal(clf.coefs_[0], mlp().fit(X, y).coefs_[0])


def test_the_window_is_full(trained, monkeypatch):
    monkeypatch.setattr(meeting.Meeting, "max_window", 4)
    with train_together():
        np.testing.assert_array_equal(scores(search().fit(X, y)), EXPECTED)
    assert trained == [4, 4, 1]


def test_tasks_that_do_not_fit():
    with train_together(n_jobs=2):
        assert joblib.Parallel()(joblib.delayed(abs)(-k) for k in range(500)) == [*range(500)]


def fits_of(k):
    """Fit as often as the argument says, each time in a round of another size."""
    return [mlp(random_state=seed).fit(X, y).loss_ for seed in range(k)]


@N_JOBS
def test_tasks_that_fit_more_or_less_often(n_jobs, trained):
    with train_together(n_jobs):
        losses = joblib.Parallel()(joblib.delayed(fits_of)(k) for k in (0, 3, 1, 0, 2))
    assert losses == [fits_of(k) for k in (0, 3, 1, 0, 2)]
    assert trained == [3, 2, 1]


def test_a_slow_task_is_not_waited_for(monkeypatch, trained):
    monkeypatch.setattr(meeting, "MIN_PATIENCE", 0.1)
    done = threading.Event()

    def last(k):
        if k == 3:
            # As a task that waits for what only others can do.
            assert done.wait(60)
            return None
        loss = mlp().fit(X, y).loss_
        if k == 2:
            done.set()
        return loss

    with train_together():
        losses = joblib.Parallel()(joblib.delayed(last)(k) for k in range(4))
    assert losses[:3] == fits_of(1) * 3
    assert trained == [3]


def test_a_lock_around_the_fit(monkeypatch):
    monkeypatch.setattr(meeting, "MIN_PATIENCE", 0.1)
    lock = threading.Lock()

    def one_at_a_time(k):
        with lock:
            return mlp().fit(X, y).loss_

    with train_together():
        losses = joblib.Parallel()(joblib.delayed(one_at_a_time)(k) for k in range(4))
    assert losses == fits_of(1) * 4


def test_threads_of_a_task_train_alone(trained):
    def in_a_thread(k):
        found = []
        thread = threading.Thread(target=lambda: found.append(mlp().fit(X, y).loss_))
        thread.start()
        thread.join()
        return found[0]

    with train_together():
        losses = joblib.Parallel()(joblib.delayed(in_a_thread)(k) for k in range(3))
    assert losses == fits_of(1) * 3
    assert trained == []


def test_searches_in_threads():
    found = {}

    def fit(k):
        with train_together(n_jobs=1 + k % 2):
            found[k] = scores(search().fit(X, y))

    threads = [threading.Thread(target=fit, args=[k]) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(4):
        np.testing.assert_array_equal(found[k], EXPECTED)


def test_a_context_in_the_context(trained):
    with train_together(n_jobs=2), train_together():
        np.testing.assert_array_equal(scores(search().fit(X, y)), EXPECTED)
    assert trained == [9]


def scored_by_a_search(estimator, X, y):
    with train_together():
        return search(clone(estimator), {"alpha": [0, 1]}, cv=2, n_jobs=-1).fit(X, y).best_score_


@N_JOBS
@pytest.mark.filterwarnings("ignore:Got `batch_size`")
def test_a_context_in_a_scorer(n_jobs, trained):
    expected = scores(search(scoring=scored_by_a_search).fit(X, y))
    trained.clear()
    with train_together(n_jobs):
        np.testing.assert_array_equal(
            scores(search(scoring=scored_by_a_search).fit(X, y)), expected
        )
    # Once each: the candidates, what the scorer searches through, and what that refits; the last
    # fit of all is the search's own, outside of any task.
    assert sum(trained) == 9 + 9 * 4 + 9


def test_inner_searches_meet(trained):
    with train_together():
        cross_validate(search(n_jobs=-1), X, y, cv=4)
    assert trained == [4 * 9, 4]


def test_inner_searches_meet_where_few_fits_may_wait(trained, monkeypatch):
    monkeypatch.setattr(meeting.Meeting, "max_window", 2)
    with train_together():
        found = cross_validate(search(), X, y, cv=3)["test_score"]
    np.testing.assert_array_equal(found, cross_validate(search(), X, y, cv=3)["test_score"])
    assert sum(trained) == 3 * 9 + 3


def test_a_generator_of_results_may_be_left():
    with train_together():
        results = joblib.Parallel(return_as="generator")(joblib.delayed(fits_of)(1) for _ in "abc")
        assert next(results) == fits_of(1)
        del results
        np.testing.assert_array_equal(scores(search().fit(X, y)), EXPECTED)


# Where it is trained.


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential", "multiprocessing"])
def test_workers_of_any_backend(backend):
    with joblib.parallel_config(backend=backend, n_jobs=2), train_together():
        np.testing.assert_array_equal(scores(search().fit(X, y)), EXPECTED)


def test_the_backend_has_a_name(trained):
    with joblib.parallel_config(backend="skscratch", n_jobs=2):
        np.testing.assert_array_equal(scores(search().fit(X, y)), EXPECTED)
    assert trained == [9]


def workers_of(n_jobs=None, tool_jobs=None):
    backend = TogetherBackend()
    with joblib.parallel_config(backend=backend, n_jobs=n_jobs):
        joblib.Parallel(tool_jobs)([joblib.delayed(abs)(-1)])
    return backend.meeting.workers.n_jobs


def test_the_number_of_workers():
    assert workers_of() == 1
    assert workers_of(2) == 2
    assert workers_of(-1) == joblib.cpu_count()
    with joblib.parallel_config(n_jobs=2):
        assert workers_of() == 2
    with pytest.raises(ValueError, match="n_jobs == 0"):
        workers_of(0)


def test_a_tools_own_number_of_jobs_means_nothing():
    assert workers_of(None, 3) == 1
    # Bagging asks how many jobs there are, and asks for as many then.
    with train_together():
        n_jobs = joblib.effective_n_jobs()
    assert n_jobs > 100
    assert workers_of(2, n_jobs) == 2


def test_the_backend_of_a_single_call():
    with joblib.Parallel(2, backend="skscratch") as parallel:
        assert parallel(joblib.delayed(fits_of)(1) for _ in range(3)) == [fits_of(1)] * 3
        assert parallel._backend.meeting.workers.n_jobs == 2


def test_fits_that_release_the_gil_are_trained_in_threads(monkeypatch, trained):
    monkeypatch.setattr(meeting, "MIN_PATIENCE", 1.5)
    both, at_once, most = threading.Barrier(2, timeout=60), [], []
    run = trainers.StochasticTrainer.run

    def run_beside_another(self, observer):
        at_once.append(self)
        both.wait()
        # However long they take, there are not more than two at once.
        time.sleep(1.2 * meeting.MIN_PATIENCE)
        most.append(len(at_once))
        run(self, observer)
        at_once.remove(self)

    monkeypatch.setattr(trainers.StochasticTrainer, "run", run_beside_another)
    monkeypatch.setattr(trainers.StochasticTrainer, "releases_gil", True)
    with train_together(n_jobs=2):
        found = scores(search(grid={"alpha": [0, 1]}, cv=2, refit=False).fit(X, y))
    assert trained == []
    assert max(most) == 2
    monkeypatch.undo()
    expected = search(grid={"alpha": [0, 1]}, cv=2, refit=False).fit(X, y)
    np.testing.assert_array_equal(found, scores(expected))


class Own(MLPScratchClassifier):
    """A subclass, which may differ in anything."""


@N_JOBS
def test_what_cannot_be_stacked_is_trained_alone(n_jobs):
    for estimator in (mlp(solver="lbfgs"), Own((8,), max_iter=12, random_state=0)):
        with warnings.catch_warnings(), train_together(n_jobs):
            warnings.simplefilter("ignore", ConvergenceWarning)
            actual = search(estimator, {"alpha": [0, 1]}).fit(X, y)
            expected = search(estimator, {"alpha": [0, 1]})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            expected.fit(X, y)
        np.testing.assert_array_equal(scores(actual), scores(expected))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_many_that_are_trained_alone():
    grid = {"alpha": np.logspace(-3, 0, 15)}
    with train_together(n_jobs=2):
        found = scores(search(mlp(solver="lbfgs"), grid).fit(X, y))
    np.testing.assert_array_equal(found, scores(search(mlp(solver="lbfgs"), grid).fit(X, y)))


def test_large_arrays_are_sent_as_files_that_cannot_be_written_to():
    wide = mlp(hidden_layer_sizes=(400, 400), max_iter=4, early_stopping=True, warm_start=True)
    wide.fit(X, y)
    expected = clone(wide).fit(X, y).fit(X, y)
    with train_together(n_jobs=2):
        joblib.Parallel()(joblib.delayed(wide.fit)(X, y) for _ in range(1))
    np.testing.assert_array_equal(wide.coefs_[1], expected.coefs_[1])
    moments = [array for array in wide._training_state["optimizer"].values() if np.ndim(array)]
    assert [type(array) for array in [wide.coefs_[1], *moments]] == [np.ndarray] * 3


def test_many_samples_are_sent():
    rng = np.random.default_rng(0)
    many, labels = rng.normal(size=(280_000, 2)), rng.integers(0, 2, 280_000)
    clf = mlp(hidden_layer_sizes=(2,), batch_size=70_000, max_iter=2)
    with train_together(n_jobs=2):
        found = cross_val_score(clf, many, labels, cv=2)
    np.testing.assert_array_equal(found, cross_val_score(clf, many, labels, cv=2))


def test_equal_data_are_sent_once(monkeypatch):
    found = []

    def cut(requests, n_jobs):
        parts = real_cut(requests, n_jobs)
        found.append([len({id(requests[i].trainer.data.X) for i in part}) for part in parts])
        return parts

    real_cut = rounds.cut
    monkeypatch.setattr(rounds, "cut", cut)
    with train_together():
        search(make_pipeline(StandardScaler(), mlp()), {"mlpscratchclassifier__alpha": [0, 1, 2]})
        search(mlp(), {"alpha": np.arange(20)}).fit(X, y)
    # Two stacks of thirty fits on the data of three folds, which lie side by side.
    assert found == [[2, 2]]


# What fails.


class OwnError(Exception):
    def __init__(self, first, second):
        super().__init__(first)

    def __reduce__(self):
        raise TypeError("Not this one.")


def fails_at_05(estimator, X, y):
    if estimator.learning_rate_init == 0.05:
        raise OwnError("my own error", 2)
    return 1.0


@N_JOBS
@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_an_exception_in_one_fit_is_its_own(n_jobs):
    clf = mlp(early_stopping=True, scoring=fails_at_05)
    with (
        train_together(n_jobs),
        pytest.warns(FitFailedWarning, match="in fails_at_05\n.*my own error"),
    ):
        found = scores(search(clf).fit(X, y))
    assert np.isnan(found).tolist() == [False, False, True]
    with pytest.warns(FitFailedWarning, match="my own error"):
        np.testing.assert_array_equal(found, scores(search(clf).fit(X, y)))


@N_JOBS
def test_errors_are_raised_with_their_tracebacks(n_jobs):
    clf = mlp(early_stopping=True, scoring=fails_at_05)
    with train_together(n_jobs):
        with pytest.raises(Exception, match="my own error") as raised:
            search(clf, error_score="raise").fit(X, y)
        texts, error = [], raised.value
        while error is not None:
            texts.append(str(error))
            error = error.__cause__
        assert "in fails_at_05" in "".join(texts)
        # And the context is as good as new.
        np.testing.assert_array_equal(scores(search().fit(X, y)), EXPECTED)


@N_JOBS
@pytest.mark.filterwarnings("ignore:[^$]*fits failed")
@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_a_fit_that_diverges_leaves_the_others_alone(n_jobs):
    grid = {"learning_rate_init": [0.01, 1e300, 0.1]}
    with train_together(n_jobs):
        found = search(mlp(solver="sgd"), grid).fit(X, y)
    expected = search(mlp(solver="sgd"), grid).fit(X, y)
    np.testing.assert_array_equal(scores(found), scores(expected))
    assert np.isnan(scores(found)).sum() == 1


def test_wrong_parameters_are_reported_as_ever():
    with train_together(), pytest.raises(ValueError, match="weight_init"):
        search(mlp(), {"weight_init": ["unknown"]}, error_score="raise").fit(X, y)


def test_what_cannot_be_sent_is_trained_here():
    lock = threading.Lock()

    def scoring(estimator, X, y):
        with lock:
            return estimator.score(X, y)

    clf = mlp(early_stopping=True, scoring=scoring)
    with train_together(n_jobs=2):
        found = scores(search(clf).fit(X, y))
    np.testing.assert_array_equal(found, scores(search(clf).fit(X, y)))


def dies(estimator, X, y):
    os._exit(1)


def test_a_worker_that_dies_is_a_clear_error():
    clf = mlp(early_stopping=True, scoring=dies)
    with train_together(n_jobs=2):
        with pytest.raises(Exception, match="terminated"):
            search(clf, error_score="raise").fit(X, y)
        np.testing.assert_array_equal(scores(search().fit(X, y)), EXPECTED)


@pytest.mark.parametrize(("backend", "n_jobs"), [("loky", 1), ("loky", 2), ("threading", 2)])
def test_an_interrupt_ends_everything_at_once(backend, n_jobs):
    endless = search(ENDLESS)
    filters, n_threads = warnings.filters.copy(), threading.active_count()
    with joblib.parallel_config(backend), train_together(n_jobs):
        search().fit(X, y)
        start = time.perf_counter()
        timer = threading.Timer(1, os.kill, [os.getpid(), signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            endless.fit(X, y)
        assert time.perf_counter() - start < 20
        timer.join()
        assert not hasattr(endless, "cv_results_")
        assert warnings.filters == filters
        np.testing.assert_array_equal(scores(search().fit(X, y)), EXPECTED)
    assert threading.active_count() <= n_threads + 3  # joblib's own, of its workers
    np.testing.assert_array_equal(scores(search(n_jobs=2).fit(X, y)), EXPECTED)


def test_an_interrupt_in_an_inner_search(monkeypatch):
    with train_together():
        timer = threading.Timer(1, os.kill, [os.getpid(), signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            cross_validate(search(ENDLESS), X, y)
        timer.join()
        np.testing.assert_array_equal(scores(search().fit(X, y)), EXPECTED)


def test_an_interrupt_before_a_fit_begins(monkeypatch):
    begun, ended = threading.Event(), threading.Event()
    abort = meeting.Meeting.abort

    def aborted(self, call):
        abort(self, call)
        ended.set()

    def late(k):
        begun.set()
        assert ended.wait(60)
        return ENDLESS.fit(X, y)

    def interrupt():
        assert begun.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(meeting.Meeting, "abort", aborted)
    thread = threading.Thread(target=interrupt)
    thread.start()
    with train_together(), pytest.raises(KeyboardInterrupt):
        joblib.Parallel()(joblib.delayed(late)(k) for k in range(2))
    thread.join()


@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_an_error_in_an_inner_search_ends_only_that():
    clf = mlp(early_stopping=True, scoring=fails_at_05)
    inner = search(clf, error_score="raise")
    grid = {"estimator__learning_rate_init": [0.01], "param_grid": [{"alpha": [0, 1]}, RATES]}
    with train_together(), pytest.warns(FitFailedWarning, match="3 fits failed"):
        found = scores(search(inner, grid).fit(X, y))
    assert np.isnan(found).tolist() == [False, True]


# What is said.


@N_JOBS
def test_convergence_warnings_are_counted(n_jobs):
    with train_together(n_jobs), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search(mlp(tol=1e-4), {"max_iter": [2, 3]}, refit=False).fit(X, y)
    (warning,) = caught
    assert warning.category is ConvergenceWarning
    assert str(warning.message).startswith("6 of 6 fits reached max_iter=2 or 3 before converging")


def test_halving_warns_once():
    with train_together(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        HalvingGridSearchCV(mlp(tol=1e-4), RATES, random_state=0, refit=False).fit(X, y)
    assert len(caught) == 1


@N_JOBS
def test_callbacks_are_told_what_they_are_told_without(n_jobs, capsys):
    callback = pytest.importorskip("sklearn.callback", reason="callbacks are new in 1.9")
    pytest.importorskip("rich")

    def logs():
        monitor = callback.ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
        pipeline = make_pipeline(StandardScaler(), mlp(max_iter=3).set_callbacks(monitor))
        bar = callback.ProgressBar(max_propagation_depth=None)
        grid = {"mlpscratchclassifier__alpha": [0, 0.1]}
        search(pipeline, grid).set_callbacks(bar).fit(X, y)
        return sorted(monitor.get_logs().data, key=lambda entry: entry["task_id_path"])

    with train_together(n_jobs):
        found = logs()
    printed = capsys.readouterr().out
    assert found == logs()
    # Six fits, and the one that is refitted.
    assert len(found) >= 7
    assert printed.count("MLPScratchClassifier - fit") == 7


def test_warning_filters_are_as_before():
    before = warnings.filters.copy()
    with train_together(n_jobs=2):
        search().fit(X, y)
    assert warnings.filters == before


def test_generators_that_were_given_move_on():
    ours, theirs = np.random.RandomState(3), np.random.RandomState(3)
    with train_together(n_jobs=2):
        joblib.Parallel()(joblib.delayed(mlp(random_state=rs).fit)(X, y) for rs in [ours])
    mlp(random_state=theirs).fit(X, y)
    assert ours.randint(1 << 30) == theirs.randint(1 << 30)


# Memory.


def peak_of(run, n_jobs=None):
    tracemalloc.start()
    with train_together(n_jobs):
        run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_what_gains_nothing_by_waiting_does_not_wait(trained):
    large = mlp(hidden_layer_sizes=(2000, 2000), max_iter=1, tol=0)
    with train_together():
        cross_val_score(large, X, y)
    assert trained == []


@pytest.fixture
def small_budget(monkeypatch):
    monkeypatch.setattr(meeting, "BUDGET", 8 * 2**20)


def test_memory_does_not_grow_with_the_candidates(small_budget):
    wide = mlp(hidden_layer_sizes=(100, 100), max_iter=2)
    few, many = (
        peak_of(lambda n=n: search(wide, {"alpha": np.arange(n)}, refit=False).fit(X, y))
        for n in (6, 24)
    )
    assert many < 1.2 * few


def test_memory_does_not_grow_with_the_folds(small_budget):
    rng = np.random.RandomState(0)
    inputs = rng.rand(120, 400)
    labels = rng.randint(0, 2, 120)
    few, many = (
        peak_of(lambda cv=cv: cross_val_score(mlp(max_iter=1), inputs, labels, cv=cv))
        for cv in (30, LeaveOneOut())
    )
    assert many < 1.2 * few


def test_at_least_as_many_as_workers(monkeypatch, trained):
    monkeypatch.setattr(meeting, "BUDGET", 0)
    with train_together(n_jobs=2):
        np.testing.assert_array_equal(scores(search().fit(X, y)), EXPECTED)
    assert sum(trained) == 9
    assert max(trained) == 2


# Going on instead of starting again.


@pytest.fixture
def epochs(monkeypatch):
    """How many epochs were trained."""
    found, end_epoch = [], trainers.StochasticTrainer.end_epoch

    def noted(self, *args):
        found.append(1)
        return end_epoch(self, *args)

    monkeypatch.setattr(trainers.StochasticTrainer, "end_epoch", noted)
    return found


def halving(estimator, **params):
    return HalvingGridSearchCV(
        estimator,
        {**RATES, "alpha": [0, 0.1, 1]},
        **{"resource": "max_iter", "min_resources": 3, "max_resources": 27, "cv": 3, **params},
    )


PARAMS = [
    {},
    {"dropout": 0.2, "batch_size": 20},
    {"solver": "sgd", "learning_rate": "invscaling"},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.01, "n_iter_no_change": 1},
    {"early_stopping": True, "n_iter_no_change": 3},
    {"tol": 0.05, "n_iter_no_change": 2},
    {"learning_rate": "cosine"},
    {"solver": "lbfgs", "tol": 1e-4},
    {"random_state": np.random.RandomState(5)},
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("params", PARAMS, ids=named)
def test_halving_goes_on(params):
    with train_together(resume=True):
        found = halving(mlp(**params)).fit(X, y)
    expected = halving(mlp(**params)).fit(X, y)
    for name, values in expected.cv_results_.items():
        if "score" in name and "time" not in name:
            np.testing.assert_array_equal(found.cv_results_[name], values)
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))


def test_every_epoch_is_trained_once(epochs):
    with train_together(resume=True):
        halving(mlp(), refit=False).fit(X, y)
        assert len(epochs) == 3 * (9 * 3 + 3 * 6 + 1 * 18)
        epochs.clear()
        # The same once more: known are those that have gone no further.
        halving(mlp(), refit=False).fit(X, y)
        assert len(epochs) == 3 * (3 * 3 + 3 * 6 + 1 * 18)
    epochs.clear()
    with train_together(resume=True):
        halving(mlp(), refit=False).fit(X, y)
    assert len(epochs) == 3 * (9 * 3 + 3 * 6 + 1 * 18)


def test_unseeded_fits_go_on_but_stay_different(epochs):
    with train_together(resume=True):
        # None of them may stop early by luck.
        clf = mlp(random_state=None, n_iter_no_change=np.inf)
        halving(clf, refit=False).fit(X, y)
        assert len(epochs) == 3 * (9 * 3 + 3 * 6 + 1 * 18)
        bag = BaggingClassifier(mlp(random_state=None), 3, bootstrap=False).fit(X, y)
    losses = {clf.loss_ for clf in bag.estimators_}
    assert len(losses) == 3


def test_other_data_start_afresh(epochs):
    noise = FunctionTransformer(lambda X: X + np.random.default_rng().normal(size=X.shape))
    pipeline = make_pipeline(noise, mlp())
    params = {"mlpscratchclassifier__alpha": [0, 0.1, 1]}
    with train_together(resume=True):
        HalvingGridSearchCV(
            pipeline,
            params,
            resource="mlpscratchclassifier__max_iter",
            min_resources=3,
            max_resources=9,
            cv=3,
            refit=False,
        ).fit(X, y)
    assert len(epochs) == 3 * (3 * 3 + 1 * 9)


def test_the_past_is_bounded():
    clf = mlp().fit(X, y)
    attributes = {name: value for name, value in vars(clf).items() if name.endswith("_")}
    past = Past(budget=20_000)
    for k in range(100):
        past.remember(str(k), clf, attributes)
    assert past.recall("0", clf) is None
    assert past.recall("99", clf) is not None
    assert past._n_bytes <= 20_000
