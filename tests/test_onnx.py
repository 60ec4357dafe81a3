"""ONNX export: predictions of onnxruntime, compared with those of the estimator."""

import sys

import numpy as np
import pytest
from helpers import X_digits, mlp, unfinished_fits, y_digits
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchRegressor
from skscratch.nn import ReLU, activations
from skscratch.onnx import register

onnxruntime = pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")
register()

pytestmark = unfinished_fits

TOLERANCES = {np.float32: 2e-5, np.float64: 1e-6}

CLASSES = [name for name in activations.__all__ if name != "Activation"]

LABELS = {
    "two": y_digits > 4,
    "ten": y_digits,
    "strings": np.array([f"number {i}" for i in range(10)])[y_digits],
    "objects": np.array(["even", "odd", "nought"], object)[np.where(y_digits, y_digits % 2, 2)],
    "floats": y_digits - 3.0,
    "one": np.full(len(y_digits), 7),
    "several": (y_digits[:, None] >> np.arange(4)) & 1,
}


def run(clf, X, **options):
    """Convert an estimator, and return the outputs of onnxruntime for X."""
    model = skl2onnx.to_onnx(clf, X[:1], options={id(clf): {"zipmap": False, **options}})
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"X": X})


def assert_predicts_the_same(clf, X):
    labels, probabilities = run(clf, X)
    expected = clf.predict_proba(X)
    assert probabilities.dtype == X.dtype
    assert probabilities.shape == expected.shape
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=TOLERANCES[X.dtype.type])
    np.testing.assert_array_equal(labels, clf.predict(X))
    assert expected.std() > 0.01 or expected.shape[1] == 1  # predictions vary


@pytest.mark.parametrize("name", CLASSES)
def test_every_activation(name):
    clf = mlp(activation=getattr(activations, name)).fit(X_digits[:500], y_digits[:500])
    assert_predicts_the_same(clf, X_digits)


@pytest.mark.parametrize("labels", LABELS)
def test_all_types_of_labels(labels):
    X = X_digits.astype(np.float32)
    clf = mlp().fit(X[:500], LABELS[labels][:500])
    assert_predicts_the_same(clf, X)


@pytest.mark.parametrize("hidden", [(), (5,), (7, 6, 5, 4)], ids=len)
def test_every_depth_with_mixed_activations(hidden):
    X = X_digits.astype(np.float32)
    mixed = ["elu", "tanh", "leaky_relu", "silu"][: len(hidden)]
    clf = mlp(hidden, activation=mixed).fit(X[:500], y_digits[:500])
    assert_predicts_the_same(clf, X)


@pytest.mark.parametrize(
    "around",
    [
        lambda clf: make_pipeline(StandardScaler(), clf),
        lambda clf: StackingClassifier([("a", clf), ("b", clf)], final_estimator=clf, cv=2),
        lambda clf: CalibratedClassifierCV(clf, cv=2),
        lambda clf: GridSearchCV(clf, {"alpha": [0, 1]}, cv=2),
    ],
    ids=["pipeline", "stacking", "calibration", "search"],
)
def test_inside_scikit_learn_classifiers(around):
    X, y = X_digits[:500].astype(np.float32), LABELS["strings"][:500]
    model = around(mlp((8,), learning_rate_init=0.03)).fit(X, y)
    assert_predicts_the_same(model, X)


@pytest.mark.parametrize("labels", ["two", "several"])
def test_logarithms_of_small_probabilities_are_finite(labels):
    clf = mlp().fit(X_digits[:500], LABELS[labels][:500])
    far = np.random.RandomState(0).standard_normal((20, X_digits.shape[1])) * 1e6
    _, probabilities = run(clf, far)
    np.testing.assert_allclose(probabilities, clf.predict_proba(far), rtol=1e-9, atol=0)
    assert probabilities.min() < 1e-300
    assert np.isfinite(np.log(probabilities)).all()


# --- Regression


def assert_values_are_the_same(model, X):
    onnx = skl2onnx.to_onnx(model, X[:1])
    session = onnxruntime.InferenceSession(
        onnx.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (values,) = session.run(None, {"X": X})
    expected = model.predict(X)
    assert values.dtype == X.dtype
    assert values.ndim == 2  # also for a single output, as with MLPRegressor
    tolerance = TOLERANCES[X.dtype.type]
    np.testing.assert_allclose(
        values, expected.reshape(values.shape), rtol=tolerance, atol=tolerance
    )
    assert expected.std() > 0.01


@pytest.mark.parametrize(
    ("parameters", "n_values"),
    [
        ({}, 1),
        ({"activation": "elu"}, 3),
        ({"loss": "poisson"}, 1),
        ({"loss": "gamma", "activation": "tanh"}, 2),
        ({"loss": "quantile", "quantile": 0.9}, 1),
        ({"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}, 1),
        ({"loss": "quantile", "quantile": [0.5]}, 1),
    ],
)
def test_all_types_of_values(parameters, n_values):
    X, y = X_digits[:, n_values:], X_digits[:, 20 : 20 + n_values] + 0.1
    regressor = MLPScratchRegressor(
        hidden_layer_sizes=(6, 5), max_iter=5, random_state=0, **parameters
    )
    regressor.fit(X[:500], y[:500, 0] if n_values == 1 else y[:500])
    assert_values_are_the_same(regressor, X)


@pytest.mark.parametrize(
    "around",
    [
        lambda regressor: make_pipeline(StandardScaler(), regressor),
        lambda regressor: StackingRegressor([("a", regressor)], final_estimator=regressor, cv=2),
        lambda regressor: VotingRegressor([("a", regressor), ("b", regressor)]),
    ],
    ids=["pipeline", "stacking", "voting"],
)
def test_inside_scikit_learn_regressors(around):
    X, y = X_digits[:500].astype(np.float32), X_digits[:500, 20]
    regressor = MLPScratchRegressor(hidden_layer_sizes=(6, 5), max_iter=20, random_state=0)
    assert_values_are_the_same(around(regressor).fit(X, y), X)


# --- Precision


def test_precision_follows_the_inputs():
    double = mlp().fit(X_digits[:500], y_digits[:500])
    _, probabilities = run(double, X_digits.astype(np.float32))
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, double.predict_proba(X_digits), rtol=0, atol=2e-5)


def test_integer_inputs():
    X = np.rint(X_digits * 16).astype(np.int64)
    clf = mlp().fit(X[:500], y_digits[:500])
    _, probabilities = run(clf, X)
    np.testing.assert_allclose(probabilities, clf.predict_proba(X), rtol=0, atol=2e-5)


# --- Options


@pytest.fixture(scope="module")
def readers():
    return mlp().fit(X_digits[:500].astype(np.float32), LABELS["strings"][:500])


def test_zipmap_returns_dicts(readers):
    X = X_digits[:20].astype(np.float32)
    labels, probabilities = run(readers, X, zipmap=True)
    assert list(labels) == list(readers.predict(X))
    assert [set(sample) for sample in probabilities] == [set(readers.classes_)] * 20
    rows = [[sample[name] for name in readers.classes_] for sample in probabilities]
    np.testing.assert_allclose(rows, readers.predict_proba(X), atol=2e-5)


def test_zipmap_returns_columns(readers):
    X = X_digits[:20].astype(np.float32)
    _, *columns = run(readers, X, zipmap="columns")
    np.testing.assert_allclose(np.transpose(columns), readers.predict_proba(X), atol=2e-5)


def test_output_class_labels(readers):
    *_, classes = run(readers, X_digits[:20].astype(np.float32), output_class_labels=True)
    assert list(classes) == list(readers.classes_)


def test_nocl_returns_the_indices_of_classes(readers):
    X = X_digits[:20].astype(np.float32)
    indices, _ = run(readers, X, nocl=True)
    np.testing.assert_array_equal(readers.classes_[indices], readers.predict(X))


# --- Errors


class Swish(activations.Activation):
    def function(self, z):
        return z / (1 + np.exp(-z))

    def derivative(self, z, output):
        sigmoid = 1 / (1 + np.exp(-z))
        return sigmoid + output * (1 - sigmoid)


class Doubled(ReLU):
    def function(self, z):
        return 2 * super().function(z)


@pytest.mark.parametrize("own", [Swish, Doubled])
def test_user_defined_activation_raises(own):
    clf = mlp(activation=["relu", own]).fit(X_digits[:500], y_digits[:500])
    with pytest.raises(ValueError, match=f"operators of {own.__name__} are not known.*'ReLU'"):
        run(clf, X_digits)


def test_missing_dependency_raises(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="pip install skl2onnx"):
        register()
