"""class_weight: its effect on losses and sample weights, and its validation."""

from functools import partial

import helpers
import numpy as np
import pytest
import scipy.sparse as sp
from helpers import assert_same_fit, unfinished_fits
from sklearn.datasets import load_iris, make_classification, make_multilabel_classification
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.class_weight import compute_sample_weight

from skscratch import MLPScratchClassifier
from skscratch.nn.network import Network

pytestmark = unfinished_fits

X, y = load_iris(return_X_y=True)
# 50, 30 and 10 samples of the three classes
X, y = X[np.r_[:80, 100:110]], y[np.r_[:80, 100:110]]
X_labels, y_labels = make_multilabel_classification(90, random_state=0)
weights = np.random.RandomState(0).uniform(0.5, 2, 90)

mlp = partial(helpers.mlp, (6,), max_iter=4, batch_size=16)


@pytest.mark.parametrize(
    ("X", "y", "class_weight"),
    [
        (X, y, "balanced"),
        (X, y, {0: 1, 1: 2.5, 2: 7}),
        (X, y, {2: 3.0}),
        (X, y, {}),
        (sp.csr_array(X), y, {0: 0.5, 2: 3.0}),
        (X, y == 2, "balanced"),
        (X, y == 2, {True: 9.0}),
        (X_labels, y_labels, "balanced"),
        (X_labels, y_labels, [{0: 1, 1: 3}, {1: 5}, {0: 0.5}, {}, {0: 2, 1: 2}]),
    ],
)
def test_class_weights_multiply_sample_weights(X, y, class_weight):
    X = X.astype(np.float32)
    of_classes = compute_sample_weight(class_weight, y)
    weighted = mlp(class_weight=class_weight)
    for sample_weight, product in ((None, of_classes), (weights, of_classes * weights)):
        expected = mlp().fit(X, y, sample_weight=product)
        assert_same_fit(weighted.fit(X, y, sample_weight=sample_weight), expected)
    assert weighted.coefs_[0].dtype == np.float32


@pytest.mark.parametrize(
    ("dtype", "sample_weight"),
    [(np.float32, None), (np.float32, weights), (np.float64, weights)],
    ids=["float32", "float32-weighted", "float64-weighted"],
)
def test_weights_have_the_dtype_of_the_data(dtype, sample_weight, monkeypatch):
    dtypes, original = set(), Network.compute_gradients

    def noted(self, inputs, y_true, sample_weight):
        dtypes.add(sample_weight.dtype)
        return original(self, inputs, y_true, sample_weight)

    monkeypatch.setattr(Network, "compute_gradients", noted)
    clf = mlp(class_weight="balanced", engine="numpy")
    clf.fit(X.astype(dtype), y, sample_weight=sample_weight)
    assert dtypes == {np.dtype(dtype)}


@pytest.mark.parametrize(
    "names",
    [["x", "y", "z"], ["0", "1", "2"], np.array(["0", "1", "2"], dtype=object), [-1.0, 0.0, 1.0]],
)
def test_balanced_with_all_types_of_labels(names):
    expected = mlp(class_weight="balanced").fit(X, y)
    assert_same_fit(mlp(class_weight="balanced").fit(X, np.array(names)[y]), expected)


def test_string_classes():
    y_names = np.array(["setosa", "versicolor", "virginica"])[y]
    named = mlp(class_weight={"virginica": 4.0}).fit(X, y_names)
    assert_same_fit(named, mlp(class_weight={2: 4.0}).fit(X, y))


def test_partial_fit_on_batches_without_all_classes():
    weighted = mlp(class_weight={0: 3.0, 2: 5.0})
    by_hand = mlp()
    for rows in (slice(60), slice(40, 80), slice(70, 90)):
        weighted.partial_fit(X[rows], y[rows], weights[rows], classes=[0, 1, 2])
        both = np.array([3.0, 1.0, 5.0])[y[rows]] * weights[rows]
        by_hand.partial_fit(X[rows], y[rows], both, classes=[0, 1, 2])
        assert_same_fit(weighted, by_hand)


def test_partial_fit_on_batches_without_all_labels():
    y = np.zeros((90, 5), int)
    y[:, 3] = 1
    weighted = mlp(class_weight=[{1: 5.0}, {0: 3.0}, {}, {1: 7.0}, {0: 0.5, 1: 1.0}])
    weighted.partial_fit(X_labels, y, classes=range(5))
    by_hand = mlp().partial_fit(X_labels, y, np.full(90, 3 * 7 * 0.5), classes=range(5))
    assert_same_fit(weighted, by_hand)


def test_partial_fit_with_balanced_raises():
    clf = mlp(class_weight="balanced").fit(X, y)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=r"'balanced' is not supported.*Pass a dict"):
        clf.partial_fit(X, y)
    assert vars(clf) == before


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_balanced_ignores_samples_with_zero_weight(solver):
    zeros = np.where(np.arange(90) % 3 == 0, 0, weights)
    kept = zeros > 0
    clf = mlp(solver=solver, class_weight="balanced").fit(X, y, sample_weight=zeros)
    without = mlp(solver=solver, class_weight="balanced")
    assert_same_fit(clf, without.fit(X[kept], y[kept], sample_weight=zeros[kept]))


def test_balanced_with_zero_weight_for_all_samples_of_a_class():
    clf = mlp(class_weight="balanced").fit(X, y, sample_weight=(y != 1).astype(float))
    # 50 and 10 samples of two classes remain
    by_hand = np.array([60 / (2 * 50), 0, 60 / (2 * 10)])[y]
    assert_same_fit(clf, mlp().fit(X, y, sample_weight=by_hand))
    np.testing.assert_array_equal(clf.classes_, [0, 1, 2])


@pytest.mark.parametrize(
    ("solver", "early_stopping"), [("adam", False), ("adam", True), ("lbfgs", False)]
)
def test_classes_with_zero_weight_are_ignored(solver, early_stopping):
    arguments = {"solver": solver, "early_stopping": early_stopping, "batch_size": 5}
    clf = mlp(class_weight={0: 0}, shuffle=False, **arguments).fit(X, y)
    by_hand = mlp(shuffle=False, **arguments).fit(X, y, sample_weight=(y > 0).astype(float))
    assert_same_fit(clf, by_hand)


@pytest.mark.parametrize(
    ("X", "y", "class_weight"),
    [
        (X, y, "balanced"),
        (X, y, {1: 4.0}),
        (X_labels, y_labels, "balanced"),
        (X_labels, y_labels, [{1: 4.0}, {}, {}, {0: 3.0}, {1: 0.2}]),
    ],
)
def test_class_weights_apply_to_the_held_out_part(X, y, class_weight):
    # Class weights apply to the loss; scores use the sample weights only.
    options = {"early_stopping": True, "validation_fraction": 0.3, "scoring": "loss"}
    clf = mlp(class_weight=class_weight, **options).fit(X, y)
    by_hand = mlp(**options)
    by_hand.fit(X, y, sample_weight=compute_sample_weight(class_weight, y))
    assert_same_fit(clf, by_hand)
    name = "validation_loss"
    np.testing.assert_array_equal(clf.history_[name], by_hand.history_[name])
    unweighted = mlp(early_stopping=True, validation_fraction=0.3).fit(X, y)
    assert not np.array_equal(
        clf.history_["validation_loss"], unweighted.history_["validation_loss"]
    )


@pytest.mark.parametrize(
    ("class_weight", "of_classes", "sample_weight_val"),
    [
        # Frequencies of the classes in the training data.
        ("balanced", [60 / (2 * 50), 60 / (2 * 10), 1.0], weights[60:]),
        ({0: 2.0, 1: 5.0}, [2.0, 5.0, 1.0], None),
    ],
    ids=["balanced-weighted", "dict"],
)
def test_class_weights_apply_to_the_validation_set(class_weight, of_classes, sample_weight_val):
    # Neither the training data nor the validation set contains all three classes.
    X_train, y_train, X_val, y_val = X[:60], y[:60], X[60:], np.where(y[60:] == 2, 1, y[60:])
    clf = mlp(class_weight=class_weight)
    clf.fit(X_train, y_train, X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val)
    by_hand = np.array(of_classes)[y_val]
    if sample_weight_val is not None:
        by_hand = by_hand * sample_weight_val
    expected = mlp().fit(
        X_train,
        y_train,
        sample_weight=np.array(of_classes)[y_train],
        X_val=X_val,
        y_val=y_val,
        sample_weight_val=by_hand,
    )
    for name in ("validation_loss", "validation_score"):
        np.testing.assert_array_equal(clf.history_[name], expected.history_[name])


def test_validation_set_without_a_label():
    y_val = y_labels.copy()
    y_val[:, 2] = 0
    class_weight = [{}, {1: 3.0}, {1: 5.0}, {}, {}]
    clf = mlp(class_weight=class_weight).fit(X_labels, y_labels, X_val=X_labels, y_val=y_val)
    by_hand = mlp().fit(
        X_labels,
        y_labels,
        sample_weight=np.where(y_labels[:, 1], 3, 1) * np.where(y_labels[:, 2], 5, 1),
        X_val=X_labels,
        y_val=y_val,
        sample_weight_val=np.where(y_val[:, 1], 3, 1),
    )
    assert_same_fit(clf, by_hand)
    np.testing.assert_array_equal(
        clf.history_["validation_loss"], by_hand.history_["validation_loss"]
    )


@pytest.mark.parametrize(
    ("X", "y", "class_weight", "message"),
    [
        (X, y, "weighted", "class_weight"),
        (X, y, 2.0, "class_weight"),
        (X, y, {0: 1.0, 3: 2.0}, r"class_weight names \[3\].*\[0, 1, 2\]"),
        (X, y, {0: -1.0}, "class_weight must be finite and >= 0"),
        (X, y, {0: np.nan}, "class_weight must be finite and >= 0"),
        (X, y, {0: np.inf}, "class_weight must be finite and >= 0"),
        (X, y, {0: 0, 1: 0, 2: 0}, "sum of sample_weight, class weights included, is 0.0"),
        (X, y, [{0: 1.0}], "for several labels a list with a dict for each.* 1 label"),
        (X_labels, y_labels, {0: 1.0}, "a list with a dict for each of them.* 5 label"),
        (X_labels, y_labels, [{0: 1.0}] * 4, "a list with a dict for each of them.* 5 label"),
        (X_labels, y_labels, [1.0] * 5, "a list with a dict for each of them.* 5 label"),
        (X_labels, y_labels, [{2: 1.0}] * 5, r"class_weight names \[2\]"),
    ],
)
def test_invalid_class_weight(X, y, class_weight, message):
    clf = mlp(class_weight=class_weight)
    classes = range(3) if y.ndim == 1 else range(5)
    before = vars(clf).copy()
    for fit in (clf.fit, partial(clf.partial_fit, classes=classes)):
        with pytest.raises(ValueError, match=message):
            fit(X, y)
    assert vars(clf) == before


def test_balanced_improves_the_balanced_accuracy():
    X, y = make_classification(
        2000, 10, n_informative=4, weights=[0.95], flip_y=0.02, class_sep=0.7, random_state=0
    )
    scores = [
        balanced_accuracy_score(
            y[1000:],
            mlp(class_weight=class_weight, max_iter=60, batch_size=50)
            .fit(X[:1000], y[:1000])
            .predict(X[1000:]),
        )
        for class_weight in (None, "balanced")
    ]
    assert scores[1] > scores[0] + 0.05


def test_class_missing_from_y():
    X = np.random.RandomState(0).randn(30, 3)
    y = np.array(["ham", "spam"])[np.arange(30) % 2]
    with pytest.raises(ValueError, match=r"class_weight names \['spma'\].*\['ham', 'spam'\]"):
        MLPScratchClassifier(class_weight={"spma": 3.0}).fit(X, y)
    # As in scikit-learn, y may lack a class if all others are named.
    weights = {"ham": 1.0, "spam": 3.0, "rare": 9.0}
    clf = MLPScratchClassifier(class_weight=weights, max_iter=2, tol=0, random_state=0).fit(X, y)
    weights.pop("rare")
    assert clf.loss_curve_ == clf.fit(X, y).loss_curve_
    several = [{0: 1.0, 1: 2.0}, {2: 3.0}]
    with pytest.raises(ValueError, match=r"class_weight names \[2\].*\[0, 1\]"):
        MLPScratchClassifier(class_weight=several).fit(X, np.c_[y == "ham", y == "spam"])
