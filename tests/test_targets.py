"""Encoding of labels, decoding of outputs, and scores."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.metrics import accuracy_score, check_scoring
from sklearn.neural_network import MLPClassifier

from skscratch import MLPScratchClassifier
from skscratch.estimators.targets import (
    BinaryTargets,
    MulticlassTargets,
    MultilabelTargets,
    class_targets,
    fitted_targets,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.no_cover,
]

X, y = load_iris(return_X_y=True)

KINDS = [
    (MulticlassTargets, np.array(["b", "c", "a", "b"])),
    (BinaryTargets, np.array([7, 3, 3, 7])),
    (BinaryTargets, np.array(["only", "only"])),
    (MultilabelTargets, np.array([[1, 0, 1], [0, 0, 0]])),
]


def of(y):
    return class_targets(y.ndim, np.unique(y) if y.ndim == 1 else np.arange(y.shape[1]))


@pytest.mark.parametrize(("kind", "y"), KINDS)
def test_encoded_labels_are_decoded(kind, y):
    targets = of(y)
    assert type(targets) is kind
    encoded = targets.encode(y, np.float32)
    np.testing.assert_array_equal(targets.labels(encoded), y)


@pytest.mark.parametrize(("kind", "y"), KINDS)
def test_correct_matches_the_predicted_labels(kind, y):
    targets = of(y)
    encoded = targets.encode(y, np.float64)
    logits = np.random.default_rng(0).normal(size=(len(y), targets.n_outputs))
    right = targets.predict(logits) == y
    right = right if y.ndim == 1 else right.all(axis=1)
    np.testing.assert_array_equal(targets.correct(logits, encoded), right)


@pytest.mark.parametrize(("kind", "y"), KINDS)
def test_probabilities_agree_with_predictions(kind, y):
    targets = of(y)
    logits = 800 * np.random.default_rng(0).normal(size=(50, targets.n_outputs))
    probabilities = targets.probabilities(logits)
    assert (probabilities > 0).all()
    if kind is MultilabelTargets:
        np.testing.assert_array_equal(probabilities > 0.5, targets.predict(logits))
    else:
        most = targets.classes[probabilities[:, : len(targets.classes)].argmax(axis=1)]
        np.testing.assert_array_equal(most, targets.predict(logits))


@pytest.mark.parametrize(("kind", "y"), KINDS)
def test_targets_of_a_fitted_estimator(kind, y):
    clf = MLPScratchClassifier((2,), max_iter=1).fit(X[: len(y)], y)
    assert type(fitted_targets(clf)) is kind
    assert fitted_targets(clf).attributes.keys() == of(y).attributes.keys()


# --- Changed parameters


@pytest.mark.parametrize(
    "changed",
    [{"hidden_layer_sizes": (3, 3)}, {"activation": "tanh"}, {"hidden_layer_sizes": ()}],
)
def test_changed_parameters_do_not_affect_predictions(changed):
    clf = MLPScratchClassifier((3,), random_state=0).fit(X, y)
    methods = clf.predict, clf.predict_proba, clf.predict_log_proba
    before = [method(X) for method in methods]
    clf.set_params(**changed)
    for method, expected in zip(methods, before, strict=True):
        np.testing.assert_array_equal(method(X), expected)


def test_changed_parameters_do_not_affect_conversion():
    clf = MLPScratchClassifier((3,), "tanh", random_state=0).fit(X, y)
    clf.set_params(activation="silu")
    np.testing.assert_allclose(clf.to_sklearn().predict_proba(X), clf.predict_proba(X), rtol=1e-12)


# --- Scores


def imbalanced():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    return X, (X[:, 0] + rng.normal(size=400) > 1.5).astype(int)


@pytest.mark.parametrize(
    ("scoring", "sample_weight_val"),
    [(None, None), ("f1", np.linspace(0.5, 2, 100)), ("f1_macro", np.linspace(0.5, 2, 100))],
    ids=["None", "f1-weighted", "f1_macro-weighted"],
)
def test_class_weights_do_not_affect_scores(scoring, sample_weight_val):
    X, y = imbalanced()
    clf = MLPScratchClassifier(
        (8,), class_weight={1: 30.0}, scoring=scoring, early_stopping=True, random_state=0
    )
    clf.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:], sample_weight_val=sample_weight_val)
    weight = {} if sample_weight_val is None else {"sample_weight": sample_weight_val}
    score = check_scoring(clf, scoring)(clf, X[300:], y[300:], **weight)
    assert clf.best_validation_score_ == pytest.approx(score)


def test_callable_scorer_with_class_weights():
    X, y = imbalanced()

    def score(estimator, X, y):
        return accuracy_score(y, estimator.predict(X))

    clf = MLPScratchClassifier(class_weight="balanced", scoring=score, early_stopping=True)
    clf.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert clf.best_validation_score_ == score(clf, X[300:], y[300:])


def test_accuracy_with_a_single_class():
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.full(60, 7)  # numbers: MLPClassifier of scikit-learn 1.7 cannot score strings
    options = {"early_stopping": True, "random_state": 0, "max_iter": 30}
    clf, mlp = (kind(**options).fit(X, y) for kind in (MLPScratchClassifier, MLPClassifier))
    assert set(clf.history_["accuracy"]) == set(clf.validation_scores_) == {1.0}
    assert clf.score(X, y) == 1.0
    for ours, theirs in zip(clf.coefs_, mlp.coefs_, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_memory_with_many_classes():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40_000, 2)).astype(np.float32), np.arange(40_000) // 2
    clf = MLPScratchClassifier((2,), batch_size=50, max_iter=1, random_state=0)
    tracemalloc.start()
    clf.partial_fit(X[:50], y[:50], classes=y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6  # 20,000 x 20,000 would be 1,600e6


@pytest.mark.parametrize(
    ("container", "by"),
    [(sp.csr_matrix, "fit"), (sp.csc_array, "partial_fit"), (sp.coo_matrix, "fit")],
)
def test_predicted_labels_have_the_format_of_y(container, by):
    X, y = make_multilabel_classification(60, random_state=0)

    def trained(estimator, y):
        if by == "fit":
            return estimator.fit(X, y)
        return estimator.partial_fit(X, y, classes=np.arange(5))

    for labels in (container(y), y):
        arguments = {"max_iter": 3, "random_state": 0}
        clf = trained(MLPScratchClassifier(**arguments), labels)
        mlp = trained(MLPClassifier(**arguments), labels)
        predicted, expected = clf.predict(X), mlp.predict(X)
        assert type(predicted) is type(expected)
        assert predicted.dtype == expected.dtype
        for again in (clf.to_sklearn(), MLPScratchClassifier.from_sklearn(mlp)):
            assert type(again.predict(X)) is type(expected)
        if labels is not y:
            predicted, expected = predicted.toarray(), expected.toarray()
        np.testing.assert_array_equal(predicted, expected)
        assert clf.score(X, labels) == mlp.score(X, labels)
    # During training, scorers receive dense labels and predictions for all formats.
    seen = []
    clf = MLPScratchClassifier(scoring=lambda clf, X, y: seen.append((clf.predict(X), y)) or 1.0)
    trained(clf.set_params(max_iter=1), container(y))
    clf.fit(X, container(y), X_val=X, y_val=container(y))
    for predicted, given in seen:
        assert type(predicted) is type(given) is np.ndarray
