"""The stored state: history_, and pickles of earlier versions."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from helpers import mlp, unfinished_fits
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.metrics import log_loss

from skscratch.estimators.state import History

pytestmark = [unfinished_fits, pytest.mark.no_cover]

OF_TRAINING = ["loss", "data_loss", "regularization_loss", "learning_rate", "accuracy"]
OF_VALIDATION = ["validation_loss", "validation_score"]
PENALTIES = {
    "alpha": 0.5,
    "weight_regularizer_l1": [0.01, 0.02, 0.03],
    "weight_regularizer_l2": 0.01,
    "bias_regularizer_l1": 0.02,
    "bias_regularizer_l2": [0.3, 0.2, 0.1],
}

X, y = load_iris(return_X_y=True)
DATA = {
    "multiclass": (X, y),
    "binary": (X, (y == 1).astype(int)),
    "multilabel": make_multilabel_classification(150, random_state=0),
}
weights = np.random.RandomState(0).uniform(0.5, 2, 150)


@pytest.mark.parametrize(
    ("solver", "validation"),
    [
        ("sgd", "no"),
        ("adam", "X_val"),
        ("adam", "early_stopping"),
        ("lbfgs", "no"),
        ("lbfgs", "X_val"),
        ("lbfgs", "early_stopping"),
    ],
)
def test_keys_and_lengths(solver, validation):
    clf = mlp(solver=solver, early_stopping=validation == "early_stopping")
    clf.fit(X, y, **({"X_val": X, "y_val": y} if validation == "X_val" else {}))
    has_validation = validation == "X_val" or (validation != "no" and solver != "lbfgs")
    names = ["loss"] if solver == "lbfgs" else OF_TRAINING
    assert list(clf.history_) == names + (OF_VALIDATION if has_validation else [])
    for values in clf.history_.values():
        assert isinstance(values, np.ndarray)
        assert values.shape == (clf.n_iter_,) == (5,)
        assert np.isfinite(values).all()
    assert clf.history_["loss"].tolist() == clf.loss_curve_
    assert clf.loss_ == clf.loss_curve_[-1]


def test_history_as_a_data_frame():
    pandas = pytest.importorskip("pandas")
    clf = mlp(early_stopping=True).fit(X, y)
    frame = pandas.DataFrame(clf.history_)
    assert list(frame.columns) == OF_TRAINING + OF_VALIDATION
    assert frame["loss"].tolist() == clf.loss_curve_


@pytest.mark.parametrize(
    ("problem", "weighted", "dtype"),
    [
        ("multiclass", False, np.float32),
        ("multiclass", True, np.float64),
        ("binary", True, np.float32),
        ("multilabel", False, np.float64),
        ("multilabel", True, np.float64),
    ],
)
def test_epochs_of_one_batch_computed_by_hand(problem, weighted, dtype):
    X, y = DATA[problem]
    X, sample_weight = X.astype(dtype), weights if weighted else None
    arguments = {"batch_size": 150, "shuffle": False, "learning_rate_init": 0.02, **PENALTIES}
    history = mlp(**arguments).fit(X, y, sample_weight=sample_weight).history_
    for epoch in range(1, 5):
        # The batch of an epoch is predicted with the weights of the previous epoch.
        before = mlp(**{**arguments, "max_iter": epoch}).fit(X, y, sample_weight=sample_weight)
        probabilities = before.predict_proba(X).astype(float)
        if y.ndim == 1:
            right = before.predict(X) == y
            probabilities /= probabilities.sum(axis=1, keepdims=True)
            data_loss = log_loss(y, probabilities, sample_weight=sample_weight)
        else:
            right = (before.predict(X) == y).all(axis=1)
            columns = zip(y.T, probabilities.T, strict=True)
            data_loss = sum(log_loss(a, b, sample_weight=sample_weight) for a, b in columns)
        penalties = 0.0
        for i, (w, b) in enumerate(zip(before.coefs_, before.intercepts_, strict=True)):
            penalties += 0.5 / 2 * np.sum(w**2) / (weights.sum() if weighted else 150)
            penalties += PENALTIES["weight_regularizer_l1"][i] * np.abs(w).sum()
            penalties += PENALTIES["weight_regularizer_l2"] * np.sum(w**2)
            penalties += PENALTIES["bias_regularizer_l1"] * np.abs(b).sum()
            penalties += PENALTIES["bias_regularizer_l2"][i] * np.sum(b**2)
        rtol = 1e-4 if dtype == np.float32 else 1e-9
        assert history["data_loss"][epoch] == pytest.approx(data_loss, rel=rtol)
        assert history["regularization_loss"][epoch] == pytest.approx(penalties, rel=rtol)
        assert history["loss"][epoch] == pytest.approx(data_loss + penalties, rel=rtol)
        assert history["accuracy"][epoch] == pytest.approx(right.mean(), rel=1e-9)


def test_loss_is_the_sum_of_its_parts():
    history = mlp(batch_size=7, dropout=0.2, **PENALTIES).fit(X, y).history_
    np.testing.assert_allclose(
        history["data_loss"] + history["regularization_loss"], history["loss"]
    )
    assert (history["regularization_loss"] > 0).all()
    unpenalized = mlp(batch_size=7, alpha=0.0).fit(X, y).history_
    np.testing.assert_array_equal(unpenalized["regularization_loss"], np.zeros(5))


def test_batches_are_weighted_by_size():
    # The learning rate is too small to change the weights between batches.
    clf = mlp(batch_size=40, solver="sgd", learning_rate_init=1e-300, alpha=0.0).fit(X, y)
    probabilities = clf.predict_proba(X)
    np.testing.assert_allclose(clf.history_["data_loss"], log_loss(y, probabilities))
    np.testing.assert_allclose(clf.history_["accuracy"], clf.score(X, y))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_lbfgs_records_the_loss_of_each_iteration(early_stopping):
    clf = mlp(solver="lbfgs", early_stopping=early_stopping, max_iter=6).fit(X, y)
    until = [
        mlp(solver="lbfgs", early_stopping=early_stopping, max_iter=k).fit(X, y).loss_
        for k in range(1, 7)
    ]
    assert clf.history_["loss"].tolist() == until


@pytest.mark.parametrize("by", ["warm start", "partial_fit"])
def test_history_continues(by):
    once = mlp().fit(X, y).history_
    clf = mlp(warm_start=True, max_iter=2)
    if by == "warm start":
        clf.fit(X, y)
        clf = pickle.loads(pickle.dumps(clf)).set_params(max_iter=3).fit(X, y)
    else:
        for _ in range(5):
            clf.partial_fit(X, y, classes=[0, 1, 2])
    assert clf.history_.keys() == once.keys()
    for name, values in once.items():
        np.testing.assert_array_equal(clf.history_[name], values)
    # Without warm_start, fit starts a new history.
    fresh = clf.set_params(warm_start=False, max_iter=2).fit(X, y).history_
    np.testing.assert_array_equal(fresh["loss"], once["loss"][:2])


def test_metrics_missing_in_later_fits_are_nan():
    clf = mlp(max_iter=2, warm_start=True).fit(X, y, X_val=X, y_val=y)
    clf.partial_fit(X, y)
    assert np.isnan(clf.history_["validation_loss"]).tolist() == [False, False, True]
    assert np.isfinite(clf.history_["accuracy"]).all()
    clf.set_params(solver="lbfgs").fit(X, y)
    assert np.isnan(clf.history_["accuracy"]).tolist() == [False] * 3 + [True] * 2
    assert np.isfinite(clf.history_["loss"]).all()
    clf.set_params(solver="adam").fit(X, y, X_val=X, y_val=y)
    assert (
        np.isnan(clf.history_["validation_score"]).tolist()
        == [False] * 2 + [True] * 3 + [False] * 2
    )
    assert {len(values) for values in clf.history_.values()} == {7}


def test_metrics_missing_in_earlier_fits_are_nan():
    clf = mlp(solver="lbfgs", max_iter=3, warm_start=True).fit(X, y)
    clf.set_params(solver="adam", max_iter=2).fit(X, y, X_val=X, y_val=y)
    for name in [*OF_TRAINING[1:], *OF_VALIDATION]:
        assert np.isnan(clf.history_[name]).tolist() == [True] * 3 + [False] * 2
    assert np.isfinite(clf.history_["loss"]).all()


def test_later_fit_does_not_change_an_earlier_history():
    clf = mlp(warm_start=True).fit(X, y)
    history = clf.history_
    before = {name: values.copy() for name, values in history.items()}
    clf.fit(X, y)
    for name, values in before.items():
        np.testing.assert_array_equal(history[name], values)


def test_columns_without_a_value_are_nan_or_omitted():
    history = History()
    history.append(loss=2.0)
    history.append(loss=1.5, data_loss=1.0)
    history.append(loss=1.0, accuracy=np.nan)
    resumed = History(history.columns)
    resumed.append(loss=0.5)
    arrays = resumed.arrays()
    assert list(arrays) == ["loss", "data_loss", "regularization_loss"]
    np.testing.assert_array_equal(arrays["data_loss"], [np.nan, 1.0, np.nan, np.nan])
    np.testing.assert_array_equal(arrays["regularization_loss"], [np.nan, 0.5, np.nan, np.nan])
    assert len(history) == 3


# --- Pickles


@pytest.mark.parametrize("name", ["classifier", "regressor"])
def test_pickle_of_an_earlier_version_predicts_and_does_not_resume(name):
    # Written by version 0.1.0.dev0, with protocol 2
    stored = pickle.loads((Path(__file__).parent / "data" / f"{name}.pickle").read_bytes())
    estimator, X, y = stored["estimator"], stored["X"], stored["y"]
    outputs = estimator.predict_proba(X) if name == "classifier" else estimator.predict(X)
    rtol = 1e-5 if X.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(outputs, stored["outputs"], rtol=rtol)
    assert len(estimator.loss_curve_) == 3
    with pytest.raises(ValueError, match=r"fitted with skscratch 0\.1\.0\.dev0.*can still predict"):
        estimator.fit(X, y)
    assert len(estimator.set_params(warm_start=False).fit(X, y).loss_curve_) == 3
