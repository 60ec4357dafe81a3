"""EpochLogger and ModelCheckpoint."""

import logging
import os
import pickle
import re
import shutil
import subprocess
import sys
from functools import partial

import helpers
import joblib
import numpy as np
import pytest
from helpers import SOLVERS, STOCHASTIC, Collector, CrashAt, CrashError, Recorder, assert_same_fit
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skscratch.callbacks
from skscratch import MLPScratchClassifier
from skscratch.callbacks import EpochLogger, ModelCheckpoint
from skscratch.nn.network import Network

sklearn_callback = pytest.importorskip("sklearn.callback", reason="callbacks are new in 1.9")

pytestmark = pytest.mark.filterwarnings(
    "ignore:lbfgs failed to converge:sklearn.exceptions.ConvergenceWarning"
)

every_solver = pytest.mark.parametrize("solver", SOLVERS)

X, y = load_iris(return_X_y=True)


def mlp(*callbacks, **parameters):
    return helpers.mlp(**{"tol": 0.0, **parameters}).set_callbacks(*callbacks)


# --- EpochLogger


LINE = re.compile(
    r"epoch: (\d+), acc: (\d\.\d{3}), loss: (\d\.\d{3}) "
    r"\(data_loss: (\d\.\d{3}), reg_loss: (\d\.\d{3})\), lr: (\S+)"
    r"(?:, val_loss: (\d\.\d{3}), val_score: (-?\d\.\d{3}))?"
)
COLUMNS = [
    "accuracy",
    "loss",
    "data_loss",
    "regularization_loss",
    "learning_rate",
    "validation_loss",
    "validation_score",
]


def lines_of(capsys):
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("every", "epochs", "early_stopping"),
    [(1, [1, 2, 3, 4, 5, 6, 7], False), (3, [3, 6, 7], True), (7, [7], False), (99, [7], True)],
)
def test_epoch_lines(early_stopping, every, epochs, capsys):
    clf = mlp(EpochLogger(every), early_stopping=early_stopping, max_iter=7)
    clf.set_params(decay=0.1, scoring="loss", alpha=1.0).fit(X, y)
    lines = lines_of(capsys)
    assert [int(LINE.fullmatch(line)[1]) for line in lines] == epochs
    for line, epoch in zip(lines, epochs, strict=True):
        numbers = [float(number) for number in LINE.fullmatch(line).groups()[1:] if number]
        assert len(numbers) == (7 if early_stopping else 5)
        for name, number in zip(COLUMNS, numbers, strict=False):
            expected = clf.history_[name][epoch - 1]
            rel = 1e-5 if name == "learning_rate" else 0
            assert number == pytest.approx(expected, abs=5.1e-4 * (rel == 0), rel=rel)


def test_line_in_the_format_of_the_book(capsys):
    clf = mlp(EpochLogger(), max_iter=1).fit(X, y)
    loss, accuracy = clf.loss_, clf.history_["accuracy"][0]
    assert lines_of(capsys) == [
        f"epoch: 1, acc: {accuracy:.3f}, loss: {loss:.3f} (data_loss: {loss:.3f}, "
        f"reg_loss: 0.000), lr: 0.001"
    ]


def test_epoch_numbers_continue_after_warm_start(capsys):
    clf = mlp(EpochLogger(every=4), max_iter=5, warm_start=True).fit(X, y).fit(X, y)
    assert [line.split(",")[0] for line in lines_of(capsys)] == [
        f"epoch: {epoch}" for epoch in (4, 5, 8, 10)
    ]
    # Metrics that lbfgs does not record are omitted, even if earlier fits recorded them.
    clf.set_params(solver="lbfgs", max_iter=2).fit(X, y)
    lines = lines_of(capsys)
    assert [line.split(",")[0] for line in lines] == ["epoch: 12"]
    assert lines[0] == f"epoch: 12, loss: {clf.loss_:.3f}"


def test_lines_of_lbfgs(capsys):
    clf = mlp(EpochLogger(every=2), solver="lbfgs").fit(X, y, X_val=X, y_val=y)
    history = clf.history_
    assert lines_of(capsys) == [
        f"epoch: {i}, loss: {history['loss'][i - 1]:.3f}, "
        f"val_loss: {history['validation_loss'][i - 1]:.3f}, "
        f"val_score: {history['validation_score'][i - 1]:.3f}"
        for i in (2, 4, 5)
    ]


def test_lines_in_a_search(capsys):
    GridSearchCV(mlp(EpochLogger(every=2)), {"alpha": [0, 1]}, cv=2).fit(X, y)
    assert len(lines_of(capsys)) == 3 * (2 * 2 + 1)


def test_lines_sent_to_a_logger(caplog, capsys):
    caplog.set_level(logging.INFO)
    clf = mlp(EpochLogger(every=2, log=logging.getLogger("training").info))
    pickle.loads(pickle.dumps(clf)).fit(X, y)
    assert [(record.name, record.message[:8]) for record in caplog.records] == [
        ("training", f"epoch: {epoch}") for epoch in (2, 4, 5)
    ]
    assert lines_of(capsys) == []


@pytest.mark.parametrize("every", [0, -1, 1.5, None])
def test_invalid_every(every):
    for callback in (EpochLogger, partial(ModelCheckpoint, "path")):
        with pytest.raises(ValueError, match="every must be an integer >= 1"):
            callback(every=every)


@pytest.mark.parametrize("callback", [EpochLogger(), ModelCheckpoint("model")])
def test_callbacks_of_other_estimators_raise(callback):
    pipeline = make_pipeline(StandardScaler(), mlp()).set_callbacks(callback)
    with pytest.raises(TypeError, match=r"got a Pipeline\. Call set_callbacks of the network"):
        pipeline.fit(X, y)


def test_repr():
    assert repr(EpochLogger(3)) == "EpochLogger(every=3)"
    assert repr(ModelCheckpoint("model", 3)) == "ModelCheckpoint('model', every=3)"


# --- ModelCheckpoint


@pytest.fixture
def written(monkeypatch):
    """Record the number of epochs of each checkpoint."""
    epochs, dump = [], joblib.dump

    def noted(estimator, file):
        epochs.append(estimator.n_iter_)
        return dump(estimator, file)

    monkeypatch.setattr(skscratch.callbacks.joblib, "dump", noted)
    return epochs


@pytest.mark.parametrize(
    ("solver", "every", "epochs"),
    [
        ("adam", 1, [1, 2, 3, 4, 5, 5]),
        ("sgd", 2, [2, 4, 5]),
        ("adagrad", 5, [5, 5]),
        ("rmsprop", 9, [5]),
        ("lbfgs", 2, [2, 4, 5]),
    ],
)
def test_checkpoints_are_complete_estimators(solver, every, epochs, written, tmp_path):
    path, seen = tmp_path / "model.joblib", []

    class Reader(Collector):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if path.exists():
                seen.append((joblib.load(path), fitted_estimator))
                assert os.listdir(tmp_path) == ["model.joblib"]

    arguments = {"solver": solver, "early_stopping": solver != "lbfgs"}
    clf = mlp(ModelCheckpoint(path, every), Reader(), **arguments).fit(X, y)
    assert written == epochs
    for loaded, offered in seen:
        assert type(loaded) is MLPScratchClassifier
        assert loaded.n_iter_ <= offered.n_iter_
        until = mlp(**arguments, max_iter=loaded.n_iter_).fit(X, y)
        np.testing.assert_array_equal(loaded.predict_proba(X), until.predict_proba(X))
        assert not [name for name in vars(loaded) if "callback" in name]
        assert loaded.get_params() == clf.get_params()
    assert_same_fit(joblib.load(path), clf)
    assert os.listdir(tmp_path) == ["model.joblib"]


def test_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mlp(ModelCheckpoint("model")).fit(X, y)
    assert os.listdir() == ["model"]


def test_new_file_has_default_permissions(tmp_path):
    mlp(ModelCheckpoint(tmp_path / "model")).fit(X, y)
    (tmp_path / "other").touch()
    assert (tmp_path / "model").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_mode_of_an_existing_file_is_preserved(tmp_path):
    path = tmp_path / "model"
    path.touch()
    path.chmod(0o600)
    modes = set()
    watch = Recorder(lambda *_: modes.update(file.stat().st_mode for file in tmp_path.iterdir()))
    mlp(ModelCheckpoint(path), watch).fit(X, y)
    assert modes == {path.stat().st_mode}
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_failed_write_keeps_the_old_file(error, tmp_path, monkeypatch):
    path, calls, dump = tmp_path / "model", [], joblib.dump

    def failing(estimator, file):
        calls.append(1)
        if len(calls) >= 3:
            file.write(b"half of it")
            raise error("disk full")
        return dump(estimator, file)

    monkeypatch.setattr(skscratch.callbacks.joblib, "dump", failing)
    clf = mlp(ModelCheckpoint(path))
    if error is OSError:
        with pytest.warns(UserWarning, match=rf"Cannot write .*{path}.*disk full"):
            clf.fit(X, y)
        assert clf.n_iter_ == 5
    else:
        with pytest.raises(KeyboardInterrupt), pytest.warns(UserWarning, match="interrupted"):
            clf.fit(X, y)
    assert joblib.load(path).n_iter_ == 2
    assert os.listdir(tmp_path) == ["model"]


def test_interrupt_in_the_first_epoch_keeps_the_old_file(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    clf = mlp(ModelCheckpoint(tmp_path / "model"), EpochLogger(), engine="numpy").fit(X, y)
    before = (tmp_path / "model").read_bytes()
    monkeypatch.setattr(Network, "compute_gradients", interrupted)
    with pytest.warns(UserWarning, match="interrupted"):
        clf.fit(X, y)
    assert (tmp_path / "model").read_bytes() == before


@pytest.mark.parametrize("path", ["nowhere/model", "."])
def test_unwritable_path_warns(path, tmp_path):
    clf = mlp(ModelCheckpoint(tmp_path / path))
    with pytest.warns(UserWarning, match="Cannot write the checkpoint"):
        clf.fit(X, y)
    assert_same_fit(clf, mlp().fit(X, y))
    assert os.listdir(tmp_path) == []


def test_other_files_are_not_modified(tmp_path):
    others = [".model", ".model." + "a" * 32, "model." + "a" * 32]
    for name in others:
        (tmp_path / name).mkdir()
    mlp(ModelCheckpoint(tmp_path / "model")).fit(X, y)
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "model"])


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_checkpoints_in_a_search(n_jobs, tmp_path):
    path = tmp_path / "model"
    search = GridSearchCV(mlp(ModelCheckpoint(path)), {"alpha": [0, 1]}, cv=2, n_jobs=n_jobs)
    search.fit(X, y)
    assert_same_fit(joblib.load(path), search.best_estimator_)
    assert os.listdir(tmp_path) == ["model"]


RESUMED = [
    *({"solver": solver} for solver in STOCHASTIC),
    {"early_stopping": True, "dropout": 0.3},
    {"learning_rate": "cosine", "decay": 0.1},
    {"dropout": [0.2, 0.4], "input_dropout": 0.1, "batch_size": 7},
    {"shuffle": False, "class_weight": "balanced", "clip_norm": 0.1},
    {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.05, "learning_rate_init": 0.02},
    {"early_stopping": True, "scoring": "loss", "n_iter_no_change": 1, "learning_rate_init": 0.3},
    {"tol": 0.3, "n_iter_no_change": 3},
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
    {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 4e-6,
        "tol": 0.5,
        "n_iter_no_change": 1,
    },
    {"random_state": np.random.RandomState(3), "dropout": 0.2, "early_stopping": True},
]


@pytest.mark.no_cover
@pytest.mark.filterwarnings("ignore:.*Maximum iterations", "ignore:The training loss rose")
@pytest.mark.parametrize("arguments", RESUMED)
def test_resume_from_checkpoint_is_exact(arguments, tmp_path):
    X_, path = X.astype(np.float32), tmp_path / "model"

    def keep(hook, context):
        if (hook, context.task_name) == ("end", "epoch"):
            shutil.copy(path, tmp_path / str(context.task_id + 1))

    once = mlp(ModelCheckpoint(path), Recorder(keep), max_iter=8, **arguments).fit(X_, y)
    assert (once.n_iter_ < 8) == ("n_iter_no_change" in arguments)
    for n_epochs in {1, 2, once.n_iter_ // 2, once.n_iter_ - 1, once.n_iter_}:
        clf = joblib.load(tmp_path / str(n_epochs))
        assert len(clf.loss_curve_) == n_epochs
        clf.set_params(warm_start=True).fit(X_, y)
        assert_same_fit(clf, once)
        assert clf.n_iter_ == once.n_iter_
        assert clf.best_loss_ == once.best_loss_
        assert clf.best_validation_score_ == once.best_validation_score_
        for name, values in once.history_.items():
            np.testing.assert_array_equal(clf.history_[name], values)


def test_resume_with_a_validation_set_is_exact(tmp_path):
    arguments = {"max_iter": 9, "early_stopping": True, "scoring": "f1_macro", "dropout": 0.1}
    validation = {"X_val": X[::2], "y_val": y[::2]}
    once = mlp(**arguments).fit(X, y, **validation)
    crash = Recorder(CrashAt("begin", "epoch", 4))
    clf = mlp(ModelCheckpoint(tmp_path / "model"), crash, **arguments)
    with pytest.raises(CrashError):
        clf.fit(X, y, **validation)
    clf = joblib.load(tmp_path / "model").set_params(warm_start=True)
    assert_same_fit(clf.fit(X, y, **validation), once)
    assert clf.n_iter_ == once.n_iter_


def test_resume_of_a_warm_started_fit_is_exact(tmp_path):
    arguments = {"max_iter": 5, "early_stopping": True, "dropout": 0.1, "warm_start": True}
    once = mlp(**arguments).fit(X, y)
    clf = pickle.loads(pickle.dumps(once))
    clf.set_callbacks(ModelCheckpoint(tmp_path / "model"), Recorder(CrashAt("end", "epoch", 2)))
    with pytest.raises(CrashError):
        clf.fit(X, y)
    clf = joblib.load(tmp_path / "model")
    assert len(clf.loss_curve_) == 5 + 3
    assert_same_fit(clf.fit(X, y), once.fit(X, y))
    assert clf.n_iter_ == once.n_iter_


KILLED = """
import os, pathlib, random, signal, sys, time
import joblib
import numpy as np
from sklearn.datasets import load_digits
from skscratch import MLPScratchClassifier
from skscratch.callbacks import ModelCheckpoint

X, y = load_digits(return_X_y=True)
X, y = X[:300] / 16, y[:300]
path = pathlib.Path(sys.argv[1]) / "model"
arguments = dict(
    hidden_layer_sizes=(40,), batch_size=50, max_iter=200, learning_rate="cosine", solver="sgd",
    learning_rate_init=0.05, dropout=0.2, input_dropout=0.1, early_stopping=True, decay=1e-3,
    n_iter_no_change=np.inf, class_weight="balanced", clip_norm=1.0, tol=0, random_state=0,
)

def train():
    clf = MLPScratchClassifier(**arguments)
    if path.exists():
        clf = joblib.load(path).set_params(warm_start=True)
    clf.set_callbacks(ModelCheckpoint(path)).fit(X, y)

start = time.perf_counter()
train()
pace = (time.perf_counter() - start) / 200
path.unlink()

kills, starts, n_epochs = 0, set(), 0
while n_epochs < 200:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            train()
            status = 0
        finally:
            os._exit(status)
    if kills < 20:
        time.sleep(random.uniform(0, 0.02 + 5 * pace))
        os.kill(child, signal.SIGKILL)
        kills += 1
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    if path.exists():
        n_epochs = joblib.load(path).n_iter_
        starts.add(n_epochs)

clf = joblib.load(path)
once = MLPScratchClassifier(**arguments).fit(X, y)
for a, b in zip(clf.coefs_ + clf.intercepts_, once.coefs_ + once.intercepts_, strict=True):
    assert np.array_equal(a, b)
assert clf.loss_curve_ == once.loss_curve_
assert clf.validation_scores_ == once.validation_scores_
assert clf.n_iter_ == once.n_iter_ == 200
print(kills, len(starts))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
def test_resume_after_repeated_kills_is_exact(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    kills, starts = map(int, result.stdout.split())
    assert kills >= 15
    assert starts >= 4
