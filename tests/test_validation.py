"""Sample weights, sparse input and invalid input."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    Watched,
    X_digits,
    assert_same_fit,
    assert_same_weights,
    unfinished_fits,
    y_digits,
)
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import DataConversionWarning

from skscratch import MLPScratchClassifier, MLPScratchRegressor

pytestmark = unfinished_fits

X_iris, y_iris = load_iris(return_X_y=True)


X_labels, y_labels = make_multilabel_classification(120, random_state=0)


@pytest.mark.parametrize(
    ("solver", "early_stopping"),
    [("sgd", True), ("adam", False), ("adam", True), ("lbfgs", False)],
)
def test_samples_with_zero_weight_are_ignored(solver, early_stopping):
    weights = np.random.RandomState(0).randint(0, 3, len(X_iris)).astype(float)
    arguments = {"solver": solver, "batch_size": 16, "random_state": 0, "max_iter": 10}
    arguments["early_stopping"] = early_stopping
    weighted = MLPScratchClassifier(**arguments).fit(X_iris, y_iris, sample_weight=weights)
    kept = weights > 0
    without = MLPScratchClassifier(**arguments)
    without.fit(X_iris[kept], y_iris[kept], sample_weight=weights[kept])
    assert_same_fit(weighted, without)


def test_batches_with_only_zero_weights():
    weights = np.r_[np.ones(75), np.zeros(75)]
    clf = MLPScratchClassifier(batch_size=10, shuffle=False, max_iter=3)
    clf.fit(X_iris, y_iris, sample_weight=weights)
    np.testing.assert_array_equal(clf.classes_, [0, 1, 2])


@pytest.mark.parametrize(
    ("solver", "X", "y"),
    [
        ("sgd", X_iris, y_iris),
        ("adam", X_iris, y_iris > 0),
        ("rmsprop", X_labels, y_labels),
        ("lbfgs", X_iris, y_iris),
        ("lbfgs", X_labels, y_labels),
    ],
    ids=["sgd-multiclass", "adam-binary", "rmsprop-multilabel", "lbfgs", "lbfgs-multilabel"],
)
def test_sample_weights_equal_repetitions_in_a_full_batch(solver, X, y):
    weights = np.random.RandomState(0).randint(1, 4, len(X))
    clf = MLPScratchClassifier(
        solver=solver, batch_size=len(X), random_state=0, max_iter=5, activation="tanh"
    )
    repeated = clone(clf).set_params(batch_size=int(weights.sum()))
    repeated.fit(np.repeat(X, weights, axis=0), np.repeat(y, weights, axis=0))
    assert_same_weights(clf.fit(X, y, sample_weight=weights), repeated, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_weights_whose_sum_overflows_their_dtype(solver):
    X = X_iris.astype(np.float32)
    clf = MLPScratchClassifier(solver=solver, alpha=0, max_iter=5, batch_size=40, random_state=0)
    unweighted = clone(clf).fit(X, y_iris)
    clf.fit(X, y_iris, sample_weight=np.full(len(X), 2.0**125))
    assert_same_weights(clf, unweighted, rtol=1e-4)
    # There is no larger dtype.
    with pytest.raises(ValueError, match=r"sum of sample_weight.* is inf"):
        clf.fit(X_iris, y_iris, sample_weight=np.full(len(X), 1e308))


@pytest.mark.parametrize(
    ("solver", "container"),
    [
        ("adam", sp.csr_array),
        ("sgd", sp.csc_array),
        ("rmsprop", sp.csr_matrix),
        ("adagrad", sp.csc_matrix),
        ("lbfgs", sp.csr_array),
    ],
)
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
def test_sparse_input_is_not_converted_to_dense(early_stopping):
    X = Watched(X_digits)
    clf = MLPScratchClassifier(max_iter=2, early_stopping=early_stopping).fit(X, y_digits)
    assert clf.predict(X).shape == y_digits.shape


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
def test_invalid_parameters(parameters, message):
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
def test_invalid_data_do_not_change_the_estimator(case):
    X, y, sample_weight, message = BAD_DATA[case]
    clf = MLPScratchClassifier(max_iter=2).fit(X_iris, y_iris)
    before = vars(clf).copy()
    for fit in (clf.fit, clf.partial_fit):
        with pytest.raises(ValueError, match=message):
            fit(X, y, sample_weight=sample_weight)
    assert vars(clf) == before


def test_failed_first_fit_leaves_the_estimator_unfitted():
    clf = MLPScratchClassifier()
    with pytest.raises(ValueError, match="NaN"):
        clf.fit(BAD_DATA["nan"][0], y_iris)
    assert vars(clf) == vars(MLPScratchClassifier())


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([], "classes must not be empty"),
        ([0, "a"], "classes: Mix of"),
        (3, "classes: Expected arr"),
    ],
)
def test_invalid_classes(classes, message):
    with pytest.raises(ValueError, match=message):
        MLPScratchClassifier().partial_fit(X_iris, y_iris, classes=classes)


def test_unknown_argument_of_fit():
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
DAY_COLUMNS = [DAYS.astype("M8[ms]"), (DAYS - DAYS[0]).astype("m8[ms]"), DAYS.tolist()]
DATES |= {
    f"{library} {i}": ((library, {"number": np.arange(150) / 2, "day": days}), "['day']")
    for library in ("pandas", "polars")
    for i, days in enumerate(DAY_COLUMNS)
}


@pytest.mark.parametrize("case", DATES)
def test_dates_raise(case):
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


def test_dates_as_weights_and_targets_raise():
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


def test_batch_size_greater_than_the_data_warns():
    with pytest.warns(UserWarning, match="larger than the sample size 150"):
        big = MLPScratchClassifier(batch_size=151, max_iter=2, random_state=0).fit(X_iris, y_iris)
    exact = MLPScratchClassifier(batch_size=150, max_iter=2, random_state=0).fit(X_iris, y_iris)
    assert_same_fit(big, exact)


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


@pytest.mark.parametrize(
    ("by", "weight"),
    [
        ("sample_weight", 1e39),
        ("sample_weight", 1e-41),
        ("sample_weight", 1e-60),
        ("class_weight", 1e39),
        ("sample_weight_val", 1e39),
    ],
)
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


def test_column_of_labels_is_raveled_with_a_warning():
    with pytest.warns(DataConversionWarning):
        MLPScratchClassifier(max_iter=2).fit(X_iris, y_iris[:, np.newaxis])


def test_multilabel_indicator_may_be_sparse():
    clf = MLPScratchClassifier(max_iter=3, random_state=0)
    dense = clone(clf).fit(X_labels, y_labels)
    assert_same_fit(clf.fit(X_labels, sp.csr_array(y_labels)), dense)
    assert clf.predict(X_labels).shape == y_labels.shape
