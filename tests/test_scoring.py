"""X_val, y_val and scoring: recorded metrics of a validation set, and early stopping."""

import pickle
from functools import partial

import helpers
import numpy as np
import pytest
import scipy.sparse as sp
from helpers import assert_same_fit, assert_same_weights, unfinished_fits
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification, make_multilabel_classification
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    check_scoring,
    f1_score,
    log_loss,
    make_scorer,
    roc_auc_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchRegressor

pytestmark = unfinished_fits

mlp = partial(helpers.mlp, (8,), max_iter=6, batch_size=16, learning_rate_init=0.01)


def halves(X, y, seed=0):
    rows = np.random.RandomState(seed).permutation(len(X))
    train, val = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    return X[train], y[train], X[val], y[val]


X_iris, y_iris = load_iris(return_X_y=True)
DATA = {
    "multiclass": halves(X_iris, y_iris),
    "strings": halves(X_iris, np.array(["x", "y", "z"])[y_iris]),
    "binary": halves(*make_classification(200, 6, flip_y=0.2, random_state=0)),
    "multilabel": halves(*make_multilabel_classification(200, random_state=0)),
}
every_problem = pytest.mark.parametrize("problem", DATA)
weights = np.random.RandomState(1).uniform(0.5, 3, 100)


def loss_of(clf, X, y, sample_weight=None):
    """Return the cross-entropy, summed over the labels."""
    probabilities = clf.predict_proba(X).astype(float)
    if y.ndim == 1:
        probabilities /= probabilities.sum(axis=1, keepdims=True)  # sums of 1 in float64
        return log_loss(y, probabilities, sample_weight=sample_weight, labels=clf.classes_)
    columns = zip(y.T, probabilities.T, strict=True)
    return sum(log_loss(a, b, sample_weight=sample_weight, labels=[0, 1]) for a, b in columns)


# --- Recorded metrics


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("problem", "solver", "weighted", "dtype"),
    [
        ("multiclass", "adam", False, np.float32),
        ("multiclass", "lbfgs", True, np.float64),
        ("strings", "sgd", False, np.float64),
        ("binary", "rmsprop", True, np.float32),
        ("binary", "lbfgs", False, np.float32),
        ("multilabel", "adagrad", True, np.float64),
        ("multilabel", "adamw", False, np.float32),
    ],
)
def test_loss_and_score_after_each_epoch(problem, solver, weighted, dtype):
    X, y, X_val, y_val = DATA[problem]
    X, X_val = X.astype(dtype), X_val.astype(dtype)
    val_weights = weights[: len(X_val)] if weighted else None
    clf = mlp(solver=solver)
    clf.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=val_weights)
    assert clf.n_iter_ == 6
    for epoch in (0, 2, 5):
        until = mlp(solver=solver, max_iter=epoch + 1).fit(X, y)
        loss = loss_of(until, X_val, y_val, val_weights)
        score = until.score(X_val, y_val, sample_weight=val_weights)
        rtol = 1e-4 if dtype == np.float32 else 1e-9
        assert clf.history_["validation_loss"][epoch] == pytest.approx(loss, rel=rtol)
        assert clf.history_["validation_score"][epoch] == pytest.approx(score, rel=1e-6)
    # Monitoring a validation set does not affect training.
    assert_same_weights(clf, until)
    assert clf.loss_curve_ == until.loss_curve_
    np.testing.assert_array_equal(clf.validation_scores_, clf.history_["validation_score"])
    assert clf.best_validation_score_ == max(clf.validation_scores_)


class Spy:
    """A scorer that records its arguments."""

    def __call__(self, estimator, X, y, sample_weight=None):
        self.X, self.y, self.sample_weight = X, y, sample_weight
        return estimator.score(X, y, sample_weight=sample_weight)


@every_problem
def test_loss_and_score_of_the_held_out_part(problem):
    X, y = DATA[problem][:2]
    sample_weight = weights[: len(X)]
    spy = Spy()
    arguments = {"early_stopping": True, "validation_fraction": 0.4}
    mlp(scoring=spy, **arguments).fit(X, y, sample_weight=sample_weight)
    rows = [np.flatnonzero((row == X).all(axis=1))[0] for row in spy.X]
    np.testing.assert_array_equal(spy.y, y[rows])
    assert spy.y.dtype == y.dtype
    np.testing.assert_array_equal(spy.sample_weight, sample_weight[rows])

    clf = mlp(**arguments).fit(X, y, sample_weight=sample_weight)
    assert clf.t_ == 6 * (len(X) - len(rows))
    best = int(np.argmax(clf.validation_scores_))
    assert clf.history_["validation_loss"][best] == pytest.approx(
        loss_of(clf, spy.X, spy.y, spy.sample_weight), rel=1e-9
    )
    assert clf.history_["validation_score"][best] == pytest.approx(
        clf.score(spy.X, spy.y, sample_weight=spy.sample_weight)
    )


def test_no_metrics_without_a_validation_set():
    X, y, X_val, y_val = DATA["multiclass"]
    clf = mlp().fit(X, y)
    assert not {"validation_loss", "validation_score"} & clf.history_.keys()
    assert clf.validation_scores_ is clf.best_validation_score_ is None
    # also after a fit with a validation set
    clf.fit(X, y, X_val=X_val, y_val=y_val).fit(X, y)
    assert clf.validation_scores_ is clf.best_validation_score_ is None


def test_validation_set_without_all_classes():
    X, y, X_val, y_val = DATA["strings"]
    rows = y_val != "y"
    clf = mlp().fit(X, y, X_val=X_val[rows], y_val=y_val[rows])
    expected = loss_of(clf, X_val[rows], y_val[rows])
    assert clf.history_["validation_loss"][-1] == pytest.approx(expected)


# --- Early stopping


def balanced(estimator, X, y, sample_weight=None):
    return balanced_accuracy_score(y, estimator.predict(X), sample_weight=sample_weight)


def minus_loss(estimator, X, y, sample_weight=None):
    return -loss_of(estimator, X, y, sample_weight)


def by_probability(metric, **arguments):
    def score(estimator, X, y, sample_weight=None):
        probabilities = estimator.predict_proba(X)
        if y.ndim == 1:
            probabilities = probabilities[:, 1]
        return metric(y, probabilities, sample_weight=sample_weight, **arguments)

    return score


def by_label(metric, **arguments):
    def score(estimator, X, y, sample_weight=None):
        return metric(y, estimator.predict(X), sample_weight=sample_weight, **arguments)

    return score


SCORINGS = [
    ("multiclass", None, by_label(accuracy_score)),
    ("multiclass", "loss", minus_loss),
    ("multiclass", "neg_log_loss", minus_loss),
    ("strings", "f1_macro", by_label(f1_score, average="macro")),
    ("strings", balanced, balanced),
    ("binary", None, by_label(accuracy_score)),
    ("binary", "loss", minus_loss),
    ("binary", "roc_auc", by_probability(roc_auc_score)),
    ("binary", make_scorer(f1_score, pos_label=0), by_label(f1_score, pos_label=0)),
    ("multilabel", None, by_label(accuracy_score)),
    ("multilabel", "loss", minus_loss),
    ("multilabel", "f1_macro", by_label(f1_score, average="macro")),
    ("multilabel", "roc_auc", by_probability(roc_auc_score)),
]


@pytest.mark.no_cover
@pytest.mark.parametrize(("problem", "scoring", "by_hand"), SCORINGS)
def test_early_stopping_monitors_scoring(problem, scoring, by_hand):
    X, y, X_val, y_val = DATA[problem]
    val_weights = weights[: len(X_val)]
    arguments = {"learning_rate_init": 0.05, "max_iter": 60, "n_iter_no_change": 4}
    clf = mlp(scoring=scoring, early_stopping=True, **arguments)
    clf.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=val_weights)
    scores = clf.validation_scores_
    # Nothing of X is held out, so a fit without early stopping has the same weights.
    for epoch in (0, 1, len(scores) // 2, len(scores) - 1):
        until = mlp(**{**arguments, "max_iter": epoch + 1}).fit(X, y)
        assert scores[epoch] == pytest.approx(by_hand(until, X_val, y_val, val_weights), rel=1e-9)
    assert clf.t_ == clf.n_iter_ * len(X)
    # Training stops if the score does not improve by tol, and keeps the best weights.
    assert clf.n_iter_ < 60
    best_before = np.maximum.accumulate([-np.inf, *scores])[:-1]
    stuck = scores < best_before + 1e-4
    assert stuck[-5:].all()
    assert not any(stuck[end - 5 : end].all() for end in range(5, len(scores)))
    best = int(np.argmax(scores))
    assert clf.best_validation_score_ == scores[best]
    assert_same_weights(clf, mlp(**{**arguments, "max_iter": best + 1}).fit(X, y))


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_nothing_is_held_out_with_a_validation_set(solver):
    X, y, X_val, y_val = DATA["multiclass"]
    watched = mlp(solver=solver, early_stopping=True, scoring="loss")
    watched.fit(X, y, X_val=X_val, y_val=y_val)
    # The validation loss falls in every epoch, so the last weights are the best.
    assert int(np.argmax(watched.validation_scores_)) == 5
    assert_same_weights(watched, mlp(solver=solver).fit(X, y))


def test_scoring_of_the_held_out_part():
    X, y = DATA["binary"][:2]
    spy, arguments = Spy(), {"early_stopping": True, "validation_fraction": 0.4}
    mlp(scoring=spy, **arguments).fit(X, y)
    clf = mlp(scoring="roc_auc", **arguments).fit(X, y)
    expected = roc_auc_score(spy.y, clf.predict_proba(spy.X)[:, 1])
    assert clf.best_validation_score_ == pytest.approx(expected)


def test_scoring_without_early_stopping_is_recorded():
    X, y, X_val, y_val = DATA["binary"]
    clf = mlp(scoring="roc_auc").fit(X, y, X_val=X_val, y_val=y_val)
    expected = roc_auc_score(y_val, clf.predict_proba(X_val)[:, 1])
    assert clf.validation_scores_[-1] == pytest.approx(expected)
    assert_same_weights(clf, mlp().fit(X, y))


def test_nan_score_raises():
    X, y, X_val, y_val = DATA["binary"]
    clf = mlp(early_stopping=True, scoring=lambda estimator, X, y: np.nan)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=r"score is not a number.*scoring='loss'"):
        clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert vars(clf) == before
    clf.set_params(early_stopping=False).fit(X, y, X_val=X_val, y_val=y_val)
    assert np.isnan(clf.validation_scores_).all()


# --- Containers


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("solver", "container", "dtype"),
    [
        ("adam", sp.csr_array, np.float32),
        ("sgd", sp.csc_matrix, np.float64),
        ("lbfgs", sp.csc_matrix, np.float32),
        ("lbfgs", sp.csr_array, np.float64),
    ],
)
def test_sparse_validation_sets(solver, container, dtype):
    X, y, X_val, y_val = DATA["multiclass"]
    X, X_val = X.astype(dtype), X_val.astype(dtype)
    arguments = {"solver": solver, "early_stopping": solver != "lbfgs", "scoring": "f1_macro"}
    dense = mlp(**arguments).fit(X, y, X_val=X_val, y_val=y_val)
    sparse = mlp(**arguments).fit(X, y, X_val=container(X_val), y_val=y_val)
    both = mlp(**arguments).fit(container(X), y, X_val=container(X_val), y_val=y_val)
    rtol = 1e-3 if dtype == np.float32 else 1e-6
    for other in (sparse, both):
        for name in ("validation_loss", "validation_score"):
            np.testing.assert_allclose(other.history_[name], dense.history_[name], rtol=rtol)


def test_sparse_labels():
    X, y, X_val, y_val = DATA["multilabel"]
    dense = mlp().fit(X, y, X_val=X_val, y_val=y_val)
    sparse = mlp().fit(X, sp.csr_array(y), X_val=X_val, y_val=sp.csr_array(y_val))
    np.testing.assert_array_equal(sparse.validation_scores_, dense.validation_scores_)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(library):
    module = pytest.importorskip(library)
    X, y, X_val, y_val = DATA["strings"]
    names = ["a", "b", "c", "d"]
    frame, frame_val = (
        module.DataFrame({name: array[:, i] for i, name in enumerate(names)})
        for array in (X, X_val)
    )
    clf = mlp(early_stopping=True, scoring="f1_macro")
    expected = clone(clf).fit(X, y, X_val=X_val, y_val=y_val)
    clf.fit(frame, module.Series(y), X_val=frame_val, y_val=module.Series(y_val))
    assert clf.validation_scores_ == expected.validation_scores_
    assert list(clf.feature_names_in_) == names
    with pytest.raises(ValueError, match=r"(?s)^X_val: The feature names.*looks untransformed"):
        clf.fit(frame, y, X_val=frame_val[["b", "a", "c", "d"]], y_val=y_val)
    message = "^Of X and X_val, only X has feature names.*X_val looks untransformed"
    with pytest.warns(UserWarning, match=message):
        clf.set_params(tol=0).fit(frame, y, X_val=X_val, y_val=y_val)
    # This warning replaces the one of scikit-learn about X.
    pipeline = make_pipeline(StandardScaler(), clf)
    arguments = {"mlpscratchclassifier__X_val": frame_val, "mlpscratchclassifier__y_val": y_val}
    with pytest.warns(UserWarning, match="only X_val has feature names") as caught:
        pipeline.fit(frame, y, **arguments)
    assert len(caught) == 1


def test_float64_validation_set_for_a_float32_network():
    X, y, X_val, y_val = DATA["multiclass"]
    clf = mlp().fit(X.astype(np.float32), y, X_val=X_val, y_val=y_val)
    same = mlp().fit(X.astype(np.float32), y, X_val=X_val.astype(np.float32), y_val=y_val)
    np.testing.assert_array_equal(clf.history_["validation_loss"], same.history_["validation_loss"])
    assert {array.dtype for array in clf.coefs_} == {np.dtype(np.float32)}


def test_pipeline_transforms_the_validation_set():
    X, y, X_val, y_val = DATA["multiclass"]
    clf = mlp(early_stopping=True, scoring="loss")
    val_weights = weights[: len(X_val)]
    with config_context(enable_metadata_routing=True):
        request = {"X_val": True, "y_val": True, "sample_weight_val": True}
        pipeline = Pipeline(
            [("scale", StandardScaler()), ("mlp", clone(clf).set_fit_request(**request))],
            transform_input=["X_val"],
        )
        pipeline.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=val_weights)
    scaler = StandardScaler().fit(X)
    clf.fit(
        scaler.transform(X),
        y,
        X_val=scaler.transform(X_val),
        y_val=y_val,
        sample_weight_val=val_weights,
    )
    assert pipeline[-1].validation_scores_ == clf.validation_scores_
    assert_same_fit(pipeline[-1], clf)


def test_pipeline_without_metadata_routing():
    X, y, X_val, y_val = DATA["multiclass"]
    pipeline = make_pipeline("passthrough", mlp())
    name = "mlpscratchclassifier__"
    pipeline.fit(X, y, **{f"{name}X_val": X_val, f"{name}y_val": y_val})
    expected = mlp().fit(X, y, X_val=X_val, y_val=y_val)
    assert pipeline[-1].validation_scores_ == expected.validation_scores_


# --- Warm start


@pytest.mark.parametrize(
    ("problem", "solver"),
    [
        ("multiclass", "adam"),
        ("strings", "sgd"),
        ("binary", "rmsprop"),
        ("multilabel", "adagrad"),
    ],
)
def test_warm_start_resumes_exactly(problem, solver):
    X, y, X_val, y_val = DATA[problem]
    arguments = {"solver": solver, "scoring": "loss"}
    once = mlp(max_iter=14, **arguments).fit(X, y, X_val=X_val, y_val=y_val)
    twice = mlp(warm_start=True, **arguments).fit(X, y, X_val=X_val, y_val=y_val)
    twice = pickle.loads(pickle.dumps(twice)).set_params(max_iter=8)
    twice.fit(X, y, X_val=X_val, y_val=y_val)
    assert once.loss_curve_ == twice.loss_curve_
    assert once.validation_scores_ == twice.validation_scores_
    assert once.best_validation_score_ == twice.best_validation_score_
    assert_same_fit(once, twice)


@pytest.mark.filterwarnings("ignore:Training stopped improving")
@pytest.mark.parametrize(("solver", "learning_rate_init"), [("adam", 0.003), ("lbfgs", 30.0)])
def test_early_stopping_after_a_fit_without_it(solver, learning_rate_init):
    # The first fit records scores, but does not keep its best weights.
    X, y, X_val, y_val = DATA["binary"]
    arguments = {"solver": solver, "learning_rate_init": 0.1, "max_iter": 40, "scoring": "loss"}
    clf = mlp(warm_start=True, **arguments).fit(X, y, X_val=X_val, y_val=y_val)
    n_epochs, found = len(clf.loss_curve_), clf.validation_scores_[-1]
    assert found < clf.best_validation_score_ - 0.05
    clf.set_params(solver="adam", early_stopping=True, max_iter=2, weight_regularizer_l2=0.1)
    clf.set_params(learning_rate_init=learning_rate_init).fit(X, y, X_val=X_val, y_val=y_val)
    seen = clf.validation_scores_[n_epochs:]
    # Small steps improve the score, large ones do not. The best weights, old or new, are kept.
    assert (max(seen) > found) == (learning_rate_init < 1)
    assert -loss_of(clf, X_val, y_val) == pytest.approx(max(found, *seen))


@pytest.mark.parametrize("change", ["scoring", "validation set"])
def test_best_weights_after_a_change_of_scoring_or_validation_set(change):
    X, y, X_val, y_val = DATA["multiclass"]
    clf = mlp(early_stopping=True, warm_start=True, max_iter=30)
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    before = clf.coefs_[0]
    if change == "scoring":
        # Negative losses are lower than all accuracies.
        clf.set_params(scoring="loss")
        score_of = minus_loss
    else:
        # All scores on this validation set are lower.
        y_val = np.where(np.arange(len(y_val)) % 3 == 0, (y_val + 1) % 3, y_val)
        score_of = by_label(accuracy_score)
    found = score_of(clf, X_val, y_val)
    clf.set_params(max_iter=10).fit(X, y, X_val=X_val, y_val=y_val)
    seen = clf.validation_scores_[30:]
    assert max(found, *seen) < clf.best_validation_score_
    assert score_of(clf, X_val, y_val) == pytest.approx(max(found, *seen))
    assert np.array_equal(clf.coefs_[0], before) == (found >= max(seen))


def test_partial_fit_with_early_stopping_raises():
    X, y = DATA["binary"][:2]
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        mlp(early_stopping=True).partial_fit(X, y, classes=[0, 1])


# --- Errors

X_train, y_train, X_val, y_val = DATA["multiclass"]
_, _, X_labels_val, labels_val = DATA["multilabel"]
PAIR = {"X_val": X_val, "y_val": y_val}
NAMES = np.array(["x", "y", "z"])[y_val]
LOOKS = r"X_val looks untransformed: use metadata routing and transform_input=\['X_val'\]"
WRONG_SETS = {
    "no y_val": ({"X_val": X_val}, r"needs X_val and y_val, got only \['X_val'\]"),
    "no X_val": ({"y_val": y_val}, r"needs X_val and y_val, got only \['y_val'\]"),
    "only weights": ({"sample_weight_val": weights}, r"got only \['sample_weight_val'\]"),
    "unseen label": ({**PAIR, "y_val": y_val + 1}, r"not in classes=\[0 1 2\]: \[3\]"),
    "strings": ({**PAIR, "y_val": NAMES}, "`y_val` has classes that are not in"),
    "features": (
        {**PAIR, "X_val": X_val[:, :3]},
        r"X_val has 3 features, expected 4\. In a Pipeline, " + LOOKS,
    ),
    "lengths": ({**PAIR, "y_val": y_val[1:]}, "^X_val, y_val: .*inconsistent numbers"),
    "no rows": ({"X_val": X_val[:0], "y_val": y_val[:0]}, "^X_val: .*0 sample"),
    "nan": ({**PAIR, "X_val": X_val * np.nan}, "(?s)^Input X_val contains NaN.*" + LOOKS),
    "text": ({**PAIR, "X_val": np.full(X_val.shape, "red")}, "^X_val: could not convert.*" + LOOKS),
    "one dimension": ({**PAIR, "X_val": X_val[:, 0]}, "(?s)^X_val: Expected 2D((?!looks).)*$"),
    "y nan": ({**PAIR, "y_val": y_val * np.nan}, "^y_val: .*NaN"),
    "several labels": ({**PAIR, "y_val": np.eye(3, dtype=int)[y_val]}, "y_val must be like y"),
    "multioutput": ({**PAIR, "y_val": np.c_[y_val, y_val]}, "Multioutput"),
    "regression": ({**PAIR, "y_val": y_val + 0.5}, "Unknown label type"),
    "negative weight": ({**PAIR, "sample_weight_val": -np.ones(75)}, "Negative.*sample_weight_val"),
    "zero weights": ({**PAIR, "sample_weight_val": np.zeros(75)}, "^sample_weight_val: .*zero"),
    "weight length": ({**PAIR, "sample_weight_val": np.ones(74)}, "sample_weight_val.shape"),
    "labels: one class each": (
        {"X_val": X_labels_val, "y_val": labels_val[:, 0]},
        "y_val must be like y",
    ),
    "labels: fewer": (
        {"X_val": X_labels_val, "y_val": labels_val[:, :4]},
        "`y_val` has 4 labels, expected 5",
    ),
}


@pytest.mark.parametrize("case", WRONG_SETS)
def test_invalid_validation_sets_do_not_change_the_estimator(case):
    validation, message = WRONG_SETS[case]
    X, y = DATA["multilabel" if case.startswith("labels") else "multiclass"][:2]
    clf = mlp(max_iter=2, warm_start=True).fit(X, y)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=message):
        clf.fit(X, y, **validation)
    assert vars(clf) == before


@pytest.mark.filterwarnings("ignore:Only one class is present")
@pytest.mark.parametrize(
    ("problem", "scoring"),
    [("multiclass", "neg_log_loss"), ("strings", "roc_auc_ovr"), ("binary", "top_k_accuracy")],
)
def test_scorer_that_needs_all_classes_raises(problem, scoring):
    X, y, X_val, y_val = DATA[problem]
    missing = np.unique(y)[-1]
    present = y_val != missing
    clf = mlp(scoring=scoring, early_stopping=True)
    message = rf"scoring='{scoring}' failed on the validation set, which lacks the classes \["
    with pytest.raises(ValueError, match=rf"{message}'?{missing}'?\]:.*scoring='loss'"):
        clf.fit(X, y, X_val=X_val[present], y_val=y_val[present])


def test_scorer_of_classifiers_in_a_regressor_raises():
    regressor = MLPScratchRegressor(scoring="roc_auc", early_stopping=True)
    with pytest.raises(ValueError, match="scoring='roc_auc' failed on the validation set: MLPSc"):
        regressor.fit(X_train, X_train[:, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scoring": "accurate"}, "scoring"),
        ({"scoring": 3}, "scoring"),
        ({"scoring": "roc_auc"}, "scoring='roc_auc' failed on the validation set: multi_class"),
        ({"scoring": lambda *_: None}, "scoring=.*failed on the validation set.*scoring='loss'"),
        ({"validation_fraction": 0.0}, r"Cannot hold out validation_fraction=0.0 of 75 samples"),
        ({"validation_fraction": 0.99}, r"validation_fraction=0.99 of 75 samples: .*pass X_val"),
        ({"early_stopping": True, "validation_fraction": 0.01}, "validation set is too small"),
    ],
)
def test_invalid_parameters(arguments, message):
    clf = mlp(early_stopping=True).fit(X_train, y_train).set_params(**arguments)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=message):
        clf.fit(X_train, y_train)
    assert vars(clf) == before


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "scoring",
    [
        None,
        "f1",
        "balanced_accuracy",
        "neg_log_loss",
        "roc_auc",
        make_scorer(f1_score, pos_label=0),
        lambda clf, X, y: clf.score(X, y),
    ],
    ids=["None", "f1", "balanced_accuracy", "neg_log_loss", "roc_auc", "scorer", "function"],
)
def test_best_score_matches_the_scorer(scoring):
    # Class weights apply to losses, not to scores.
    X, y, X_val, y_val = DATA["binary"]
    y = np.where(X[:, 0] > 0, y, 0)
    weighted = getattr(scoring, "__name__", "") != "<lambda>"
    val_weights = {"sample_weight": weights[: len(X_val)]} if weighted else {}
    clf = mlp(class_weight="balanced", scoring=scoring, early_stopping=True, max_iter=15)
    clf.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=val_weights.get("sample_weight"))
    expected = check_scoring(clf, scoring)(clf, X_val, y_val, **val_weights)
    assert clf.best_validation_score_ == pytest.approx(expected, rel=1e-12)


def test_scorer_without_a_signature_receives_the_weights():
    X, y, X_val, y_val = DATA["binary"]
    spy = Spy()
    spy.__signature__ = "unknown"
    mlp(scoring=spy).fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=np.ones(len(y_val)))
    np.testing.assert_array_equal(spy.sample_weight, np.ones(len(y_val)))


def without_weights(y_true, y_pred):
    return accuracy_score(y_true, y_pred)


@pytest.mark.parametrize(
    "scoring",
    [lambda clf, X, y: 1.0, make_scorer(without_weights)],
    ids=["function", "scorer"],
)
def test_scorer_without_sample_weight_raises(scoring):
    X, y, X_val, y_val = DATA["binary"]
    ones, clf = np.ones(len(X)), mlp(scoring=scoring, class_weight="balanced", early_stopping=True)
    with pytest.raises(
        ValueError, match=r"scoring=.* with weights \(sample_weight_val.*'sample_weight'"
    ):
        clf.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=np.ones(len(X_val)))
    # The held-out part is weighted like the training data.
    with pytest.raises(ValueError, match=r"scoring=.* of the held-out part\): .*'sample_weight'"):
        clf.fit(X, y, sample_weight=ones)
    clf.fit(X, y, sample_weight=ones, X_val=X_val, y_val=y_val)
