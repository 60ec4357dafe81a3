"""The classifier: additional solvers and parameters, prediction, scikit-learn's tools."""

import importlib.util
import pickle
import subprocess
import sys
import threading
import tracemalloc
import warnings

import numpy as np
import pytest
from helpers import (
    ENGINES,
    SOLVERS,
    X_digits,
    adagrad,
    adam,
    assert_learns_digits,
    assert_same_fit,
    rmsprop,
    sgd,
    textbook_gradients,
    unfinished_fits,
    y_digits,
)
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import check_scoring
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skscratch.estimators.validation
from skscratch import MLPScratchClassifier
from skscratch.estimators import sklearn_callbacks

pytestmark = unfinished_fits


X_iris, y_iris = load_iris(return_X_y=True)
X_labels, y_labels = make_multilabel_classification(120, random_state=0)


# --- Solvers and parameters that MLPClassifier does not have


@pytest.mark.parametrize(
    ("rule", "arguments"),
    [
        (adagrad, {"epsilon": 1e-3}),
        (rmsprop, {"epsilon": 1e-3, "rho": 0.8}),
        (adam, {"epsilon": 1e-3, "beta_1": 0.8, "beta_2": 0.95}),
        (sgd, {"momentum": 0.7}),
    ],
)
def test_solvers_follow_the_textbook_equations(rule, arguments):
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
def test_l1_shrinks_weights_and_is_part_of_the_loss(solver):
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


def test_update_computed_by_hand():
    # The example of scikit-learn's test_fit.
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


# --- Prediction


@pytest.fixture(scope="module")
def fitted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MLPScratchClassifier((100,), max_iter=20, random_state=0).fit(X_digits, y_digits)


def test_predictions_do_not_depend_on_chunks(fitted):
    X = np.tile(X_digits, (5, 1))
    parts = [fitted.predict_proba(part) for part in np.array_split(X, 7)]
    np.testing.assert_allclose(fitted.predict_proba(X), np.vstack(parts), rtol=1e-12)


def test_memory_of_a_prediction(fitted):
    X = np.random.RandomState(0).uniform(size=(300_000, 64))
    tracemalloc.start()
    probabilities = fitted.predict_proba(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - probabilities.nbytes < 30e6


def test_memory_of_a_fit():
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


def test_arrays_of_other_namespaces_raise(fitted, monkeypatch):
    # scikit-learn's validation returns such arrays if array_api_dispatch=True.
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


def test_prediction_does_not_change_the_estimator(fitted):
    before = pickle.dumps(fitted)
    for method in (fitted.predict, fitted.predict_proba, fitted.predict_log_proba):
        method(X_digits)
    assert pickle.dumps(fitted) == before


def test_prediction_is_thread_safe(fitted):
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
def test_probabilities_have_the_dtype_of_the_network(dtype):
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
def test_single_class_has_two_columns_as_in_mlpclassifier(engine):
    options = {"max_iter": 20, "random_state": 0}
    clf = MLPScratchClassifier(engine=engine, **options).fit(X_iris, ["only"] * 150)
    assert set(clf.predict(X_iris)) == {"only"}
    theirs = MLPClassifier(**options).fit(X_iris, [1] * 150).predict_proba(X_iris)
    np.testing.assert_allclose(clf.predict_proba(X_iris), theirs, rtol=1e-6)
    assert np.isfinite(check_scoring(clf, "roc_auc")(clf, X_iris, y_iris > 0))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_prediction_errors(method, fitted):
    with pytest.raises(NotFittedError):
        getattr(MLPScratchClassifier(), method)(X_digits)
    with pytest.raises(ValueError, match=r"X has 63 features.* expecting 64"):
        getattr(fitted, method)(X_digits[:, 1:])
    with pytest.raises(ValueError, match="NaN"):
        getattr(fitted, method)(np.full((2, 64), np.nan))


# --- scikit-learn's tools


def test_all_types_of_labels():
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


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(library):
    module = pytest.importorskip(library)
    names = ["a", "b", "c", "d"]
    frame = module.DataFrame({name: X_iris[:, i] for i, name in enumerate(names)})
    y = module.Series(np.array(["p", "q", "r"])[y_iris])
    clf = MLPScratchClassifier(max_iter=3, early_stopping=True, random_state=0).fit(frame, y)
    assert list(clf.feature_names_in_) == names
    assert set(clf.predict(frame)) <= {"p", "q", "r"}
    with pytest.raises(ValueError, match="feature names"):
        clf.predict(frame[["d", "c", "b", "a"]])


@pytest.mark.no_cover
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


def test_size_of_a_pickle():
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


def test_callbacks_require_scikit_learn_1_9(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    path = sklearn_callbacks.__file__
    spec = importlib.util.spec_from_file_location("without_sklearn_callback", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(NotImplementedError, match=r"need scikit-learn 1\.9 or later"):
        module.CallbackSupportMixin().set_callbacks(print)


# --- NumPy's global state


def test_global_random_state_is_not_used():
    np.random.seed(0)
    state = pickle.dumps(np.random.get_state())
    first = MLPScratchClassifier(max_iter=2, batch_size=20).fit(X_iris, y_iris)
    np.random.seed(0)
    second = MLPScratchClassifier(max_iter=2, batch_size=20).fit(X_iris, y_iris)
    assert pickle.dumps(np.random.get_state()) == state
    assert not np.array_equal(first.coefs_[0], second.coefs_[0])


NNFS_INIT = """
import sys, warnings
import numpy as np
warnings.simplefilter("ignore")
if sys.argv[1] == "before":
    import nnfs; nnfs.init()
from sklearn.datasets import load_iris, make_multilabel_classification
from skscratch import MLPScratchClassifier

def print_results():
    for X, y in (load_iris(return_X_y=True), make_multilabel_classification(random_state=0)):
        for solver in ("sgd", "adam", "adagrad", "rmsprop", "lbfgs"):
            for early_stopping in (False, True):
                clf = MLPScratchClassifier(
                    solver=solver, early_stopping=early_stopping, max_iter=5, batch_size=20,
                    weight_regularizer_l1=0.01, random_state=0,
                ).fit(X, y, sample_weight=np.linspace(0, 1, len(X)))
                print(clf.predict_proba(X).tobytes().hex(), clf.loss_, clf.coefs_[0].dtype)

print_results()
if sys.argv[1] == "after":
    import nnfs; nnfs.init()
    print_results()
"""


@pytest.mark.slow
def test_nnfs_init_does_not_affect_results():
    before, after = (
        subprocess.run(
            [sys.executable, "-c", NNFS_INIT, when], capture_output=True, text=True, check=True
        ).stdout
        for when in ("before", "after")
    )
    assert len(before.splitlines()) == 20
    assert after == before + before
