"""to_sklearn and from_sklearn: conversion to and from scikit-learn's estimators."""

import pickle
from functools import partial

import helpers
import numpy as np
import pytest
from helpers import unfinished_fits
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

from skscratch import MLPScratchClassifier, MLPScratchRegressor

pytestmark = unfinished_fits

THEIRS = ["sgd", "adam", "lbfgs"]

X, y = load_iris(return_X_y=True)
DATA = {
    "multiclass": (X, y),
    "strings": (X, np.array(["x", "y", "z"])[y]),
    "binary": (X, y == 1),
    "binary strings": (X, np.where(y == 1, "yes", "no")),
    "multilabel": make_multilabel_classification(150, random_state=0),
    "float32": (X.astype(np.float32), y),
}
ours = partial(helpers.mlp, max_iter=8)
theirs = partial(MLPClassifier, (6, 5), max_iter=8, batch_size=40, random_state=0)


def classes_of(y):
    return np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])


def assert_same_predictions(first, second, X):
    rtol = 1e-5 if first.coefs_[0].dtype == np.float32 else 1e-10
    expected = first.predict_proba(X)
    np.testing.assert_allclose(second.predict_proba(X), expected, rtol=rtol, atol=1e-12)
    assert second.predict_proba(X).dtype == expected.dtype
    np.testing.assert_array_equal(second.predict(X), first.predict(X))
    assert second.predict(X).dtype == first.predict(X).dtype


def assert_same_attributes(first, second):
    for a, b in zip(
        first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_, strict=True
    ):
        np.testing.assert_array_equal(a, b)
        assert not np.shares_memory(a, b)
    np.testing.assert_array_equal(first.classes_, second.classes_)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(first, name) == getattr(second, name)


# --- to_sklearn


PROBLEMS_AND_ACTIVATIONS = [
    ("multiclass", "relu"),
    ("multiclass", "identity"),
    ("strings", "tanh"),
    ("binary", "logistic"),
    ("binary strings", "relu"),
    ("multilabel", "tanh"),
    ("float32", "logistic"),
]


@pytest.mark.parametrize(("problem", "activation"), PROBLEMS_AND_ACTIVATIONS)
def test_to_sklearn_predicts_the_same(problem, activation):
    X, y = DATA[problem]
    clf = ours(activation=activation).fit(X, y)
    mlp = clf.to_sklearn()
    assert type(mlp) is MLPClassifier
    assert_same_predictions(clf, mlp, X)
    assert mlp.score(X, y) == clf.score(X, y)
    assert_same_attributes(clf, mlp)
    assert mlp.loss_curve_ == clf.loss_curve_
    assert mlp.loss_curve_ is not clf.loss_curve_
    assert_same_predictions(clf, pickle.loads(pickle.dumps(mlp)), X)


@pytest.mark.parametrize(
    "arguments",
    [
        {"activation": ["tanh", "tanh"]},
        {"learning_rate": "cosine"},
        {"solver": "adamw", "dropout": 0.2, "weight_init": "he_normal", "class_weight": "balanced"},
        {"early_stopping": True, "scoring": "loss"},
    ],
)
def test_to_sklearn_with_parameters_that_it_does_not_have(arguments):
    clf = ours(**arguments).fit(X, y)
    mlp = clf.to_sklearn()
    assert_same_predictions(clf, mlp, X)
    # All parameters are valid in MLPClassifier, and unchanged if it supports their values.
    clone(mlp).fit(X, y)
    parameters, expected = mlp.get_params(), clf.get_params()
    same = {name for name, value in parameters.items() if value == expected[name]}
    assert parameters.keys() - same <= {"activation", "solver", "learning_rate"}


def test_hidden_layer_sizes_as_an_integer():
    arguments = {"max_iter": 20, "batch_size": 40, "random_state": 0}
    clf, mlp = (kind(1, **arguments).fit(X, y) for kind in (MLPScratchClassifier, MLPClassifier))
    assert [coef.shape for coef in clf.coefs_] == [(4, 1), (1, 3)]
    assert clf.n_layers_ == mlp.n_layers_ == 3
    for expected, actual in zip(
        mlp.coefs_ + mlp.intercepts_, clf.coefs_ + clf.intercepts_, strict=True
    ):
        np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(clf.predict_proba(X), mlp.predict_proba(X), rtol=1e-6)
    np.testing.assert_array_equal(clf.predict(X), mlp.predict(X))
    converted = clf.to_sklearn()
    assert converted.hidden_layer_sizes == 1
    assert_same_predictions(clf, converted, X)
    clone(converted).fit(X, y)
    helpers.assert_same_weights(clf, MLPScratchClassifier((1,), **arguments).fit(X, y))


def test_to_sklearn_without_hidden_layers():
    for activation in ("silu", [], "relu"):
        clf = MLPScratchClassifier((), activation, max_iter=8).fit(X, y)
        assert_same_predictions(clf, clf.to_sklearn(), X)


@pytest.mark.parametrize(
    "activation",
    ["leaky_relu", "elu", "silu", ["relu", "tanh"], ("silu", "silu"), ["relu", "elu"]],
)
def test_to_sklearn_with_other_activations_raises(activation):
    clf = ours(activation=activation).fit(X, y)
    with pytest.raises(ValueError, match="MLPClassifier has one activation for all") as error:
        clf.to_sklearn()
    assert f"hidden_activations_={clf.hidden_activations_}" in str(error.value)


def test_to_sklearn_before_fit():
    with pytest.raises(NotFittedError):
        ours().to_sklearn()


@pytest.mark.parametrize(
    ("solver", "early_stopping"),
    [("sgd", False), ("adam", True), ("rmsprop", False), ("lbfgs", True)],
)
def test_to_sklearn_continues_training(solver, early_stopping):
    clf = ours(solver=solver, early_stopping=early_stopping).fit(X, y)
    before = [coef.copy() for coef in clf.coefs_]
    mlp = clf.to_sklearn()
    if solver != "lbfgs" and not early_stopping:
        mlp.partial_fit(X, y)
        assert mlp.loss_ < 1.2 * clf.loss_
        assert mlp.t_ == clf.t_ + 150
    # Eight more epochs lower the loss, unless L-BFGS has already converged. With early stopping,
    # the best weights may be the initial ones.
    if early_stopping:
        bound = 1.1 * clf.loss_curve_[0]
    else:
        bound = (1.0001 if solver == "lbfgs" else 0.99) * clf.loss_
    for their_solver in (mlp.solver, "adam"):
        mlp.set_params(warm_start=True, solver=their_solver).fit(X, y)
        assert mlp.loss_ < bound
    for a, b in zip(before, clf.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


def test_to_sklearn_warm_start_without_early_stopping():
    clf = ours(early_stopping=True, learning_rate_init=0.02).fit(X, y)
    mlp = clf.set_params(early_stopping=False).to_sklearn().set_params(warm_start=True).fit(X, y)
    assert mlp.loss_curve_[:8] == clf.loss_curve_
    assert len(mlp.loss_curve_) == 16
    assert mlp.best_loss_ == min(mlp.loss_curve_[8:]) < min(clf.loss_curve_)
    assert mlp.validation_scores_ == clf.validation_scores_


def test_to_sklearn_warm_start_with_early_stopping():
    clf = ours(learning_rate_init=0.02).fit(X, y)
    mlp = clf.set_params(early_stopping=True).to_sklearn().set_params(warm_start=True).fit(X, y)
    assert mlp.loss_curve_[:8] == clf.loss_curve_
    assert len(mlp.loss_curve_) == 16
    assert max(mlp.loss_curve_[8:]) < clf.loss_curve_[0]
    assert len(mlp.validation_scores_) == 8
    assert mlp.best_validation_score_ == max(mlp.validation_scores_) > mlp.validation_scores_[0]
    assert mlp.best_loss_ == clf.best_loss_


def test_to_sklearn_warm_start_begins_at_the_same_weights():
    clf = ours(solver="sgd").fit(X, y)
    mlp = clf.to_sklearn().set_params(warm_start=True, learning_rate_init=1e-300, max_iter=1)
    for expected, actual in zip(clf.coefs_, mlp.fit(X, y).coefs_, strict=True):
        np.testing.assert_array_equal(actual, expected)


# --- from_sklearn


@pytest.mark.parametrize(("problem", "activation"), PROBLEMS_AND_ACTIVATIONS)
def test_from_sklearn_predicts_the_same(problem, activation):
    X, y = DATA[problem]
    mlp = theirs(activation=activation).fit(X, y)
    clf = MLPScratchClassifier.from_sklearn(mlp)
    assert type(clf) is MLPScratchClassifier
    assert_same_predictions(mlp, clf, X)
    assert_same_attributes(mlp, clf)
    assert {name: clf.get_params()[name] for name in mlp.get_params()} == mlp.get_params()
    assert_same_predictions(mlp, pickle.loads(pickle.dumps(clf)), X)


@pytest.mark.parametrize("solver", THEIRS)
def test_from_sklearn_continues_training(solver):
    mlp = theirs(solver=solver).fit(X, y)
    n_epochs = len(getattr(mlp, "loss_curve_", []))
    clf = MLPScratchClassifier.from_sklearn(mlp)
    if solver != "lbfgs":
        clf.partial_fit(X, y)
        assert clf.loss_ < 1.2 * mlp.loss_
        assert clf.loss_curve_[:-1] == mlp.loss_curve_
        assert clf.history_["loss"].tolist() == clf.loss_curve_
        n_epochs += 1
    clf.set_params(warm_start=True, solver="adamw", dropout=0.1, input_dropout=0.1, clip_norm=1.0)
    clf.fit(X, y, X_val=X, y_val=y)
    assert len(clf.loss_curve_) == n_epochs + 8
    assert clf.history_["loss"].tolist() == clf.loss_curve_
    assert np.isfinite(clf.history_["validation_loss"]).sum() == 8
    # The original estimator is unchanged.
    assert_same_predictions(mlp, MLPScratchClassifier.from_sklearn(mlp), X)


@pytest.mark.parametrize("solver", THEIRS)
def test_from_sklearn_continues_from_the_same_weights(solver):
    mlp = theirs(solver=solver).fit(X, y)
    clf = MLPScratchClassifier.from_sklearn(mlp)
    clf.set_params(solver="sgd", learning_rate_init=1e-300).partial_fit(X, y)
    for expected, actual in zip(mlp.coefs_, clf.coefs_, strict=True):
        np.testing.assert_array_equal(actual, expected)
    clf = MLPScratchClassifier.from_sklearn(mlp)
    clf.set_params(solver="lbfgs", warm_start=True, max_iter=50).fit(X, y)
    assert clf.loss_ <= mlp.loss_


def test_from_sklearn_keeps_the_best_validation_score():
    mlp = theirs(early_stopping=True, learning_rate_init=0.02, max_iter=60, random_state=1)
    assert mlp.fit(X, y).best_validation_score_ == 1
    clf = MLPScratchClassifier.from_sklearn(mlp)
    assert clf.validation_scores_ == mlp.validation_scores_
    assert clf.best_validation_score_ == mlp.best_validation_score_
    clf.set_params(warm_start=True, max_iter=2, learning_rate_init=1e-300).fit(X, y)
    for expected, actual in zip(mlp.coefs_, clf.coefs_, strict=True):
        np.testing.assert_array_equal(actual, expected)
    assert clf.validation_scores_[:-2] == mlp.validation_scores_
    assert clf.best_validation_score_ == mlp.best_validation_score_


@pytest.mark.parametrize(
    ("problem", "solver"),
    [("multiclass", "sgd"), ("strings", "adam"), ("binary", "lbfgs"), ("multilabel", "adam")],
)
def test_round_trips(problem, solver):
    X, y = DATA[problem]
    mlp = theirs(solver=solver).fit(X, y)
    back = MLPScratchClassifier.from_sklearn(mlp).to_sklearn()
    assert_same_predictions(mlp, back, X)
    assert_same_attributes(mlp, back)
    assert back.get_params() == mlp.get_params()
    clf = ours(solver=solver).fit(X, y)
    forth = MLPScratchClassifier.from_sklearn(clf.to_sklearn())
    assert_same_predictions(clf, forth, X)
    assert forth.get_params() == clf.get_params()
    assert forth.loss_curve_ == clf.loss_curve_


def test_feature_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    clf = ours().fit(frame, y)
    mlp = clf.to_sklearn()
    np.testing.assert_array_equal(mlp.predict(frame), clf.predict(frame))
    back = MLPScratchClassifier.from_sklearn(mlp)
    assert list(back.feature_names_in_) == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names"):
        back.predict(frame[["b", "a", "c", "d"]])


def test_from_sklearn_of_a_subclass():
    class Named(MLPScratchClassifier):
        pass

    assert type(Named.from_sklearn(theirs().fit(X, y))) is Named


def test_from_sklearn_errors():
    with pytest.raises(NotFittedError):
        MLPScratchClassifier.from_sklearn(MLPClassifier())
    for other in (LogisticRegression(), MLPRegressor(), ours()):
        with pytest.raises(TypeError, match=f"an MLPClassifier, got {type(other).__name__}"):
            MLPScratchClassifier.from_sklearn(other)


# --- The regressor

X_diabetes, y_diabetes = load_diabetes(return_X_y=True)
X_diabetes, y_diabetes = scale(X_diabetes), 3 + scale(y_diabetes)
regressor = partial(
    MLPScratchRegressor, hidden_layer_sizes=(6, 5), max_iter=5, batch_size=40, random_state=0
)


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"]
)
def test_to_mlp_regressor(loss):
    quantile = 0.8 if loss == "quantile" else None
    for y in (y_diabetes, np.column_stack([y_diabetes, y_diabetes**2 / 5])):
        ours = regressor(loss=loss, quantile=quantile, learning_rate="cosine").fit(X_diabetes, y)
        theirs = ours.to_sklearn()
        assert type(theirs) is MLPRegressor
        np.testing.assert_allclose(theirs.predict(X_diabetes), ours.predict(X_diabetes), rtol=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_from_mlp_regressor_continues_training(loss):
    theirs = MLPRegressor(loss, (6, 5), random_state=0, max_iter=5).fit(X_diabetes, y_diabetes)
    ours = MLPScratchRegressor.from_sklearn(theirs)
    np.testing.assert_allclose(ours.predict(X_diabetes), theirs.predict(X_diabetes), rtol=1e-12)
    before = ours.loss_
    ours.set_params(warm_start=True, max_iter=20, solver="adamw").fit(X_diabetes, y_diabetes)
    assert ours.loss_ < before


def test_to_mlp_regressor_continues_training():
    ours = regressor(random_state=np.random.RandomState(0)).fit(X_diabetes, y_diabetes)
    theirs = ours.to_sklearn().set_params(warm_start=True, random_state=1)
    theirs.fit(X_diabetes, y_diabetes)
    assert theirs.score(X_diabetes, y_diabetes) > ours.score(X_diabetes, y_diabetes)


def test_types_of_converted_estimators():
    classes = y_diabetes.round().astype(int)
    classifier, values = (
        kind(hidden_layer_sizes=(2,), max_iter=1).fit(X_diabetes, classes)
        for kind in (MLPClassifier, MLPRegressor)
    )
    assert type(MLPScratchClassifier.from_sklearn(classifier).to_sklearn()) is MLPClassifier
    assert type(MLPScratchRegressor.from_sklearn(values).to_sklearn()) is MLPRegressor
    for kind, other in ((MLPScratchClassifier, values), (MLPScratchRegressor, classifier)):
        with pytest.raises(TypeError, match=r"Expected an MLP.*, got MLP"):
            kind.from_sklearn(other)


def test_to_mlp_regressor_with_several_quantiles_raises():
    with pytest.raises(ValueError, match="MLPRegressor cannot sort predicted quantiles"):
        regressor(loss="quantile", quantile=[0.1, 0.9]).fit(X_diabetes, y_diabetes).to_sklearn()
