"""Searches in stacks give scikit-learn's answers, to the last digit."""

import pickle
import warnings
from itertools import chain

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import sklearn
from helpers import named
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    PredefinedSplit,
    RandomizedSearchCV,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from skscratch import MLPScratchClassifier, _searching
from skscratch.estimators.data import TrainingData
from skscratch.estimators.targets import MulticlassTargets
from skscratch.estimators.trainers import StochasticTrainer
from skscratch.model_selection import (
    BatchedGridSearchCV,
    BatchedHalvingGridSearchCV,
    BatchedRandomizedSearchCV,
    batched_cross_validate,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Got `batch_size`"),
    pytest.mark.filterwarnings("ignore:The least populated class"),
]

HAS_CALLBACKS = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9)

X, y = load_iris(return_X_y=True)
X_scaled = StandardScaler().fit_transform(X)
X_labels, y_labels = make_multilabel_classification(150, n_features=6, random_state=0)
names = np.array(["setosa", "versicolor", "virginica"])[y]
weights = np.random.RandomState(0).rand(150)
groups = np.repeat(np.arange(10), 15)
shuffled = np.random.RandomState(0).permutation(150)

RATES = {"learning_rate_init": [0.001, 0.01, 0.1]}
RATES_IN_PIPELINE = {"mlpscratchclassifier__learning_rate_init": [0.001, 0.01, 0.1]}


def mlp(**params):
    defaults = {"hidden_layer_sizes": (8,), "max_iter": 10, "batch_size": 32, "random_state": 0}
    return MLPScratchClassifier(**{**defaults, **params})


def scaled(**params):
    return make_pipeline(StandardScaler(), mlp(**params))


def assert_same_results(actual, expected):
    assert list(actual) == list(expected)
    for name, values in expected.items():
        if name == "params" or name.startswith("param_"):
            assert str(actual[name]) == str(values)
        elif not name.endswith("_time"):
            np.testing.assert_array_equal(actual[name], values, err_msg=name)


def assert_same_network(actual, expected):
    actual, expected = _searching.final_step(actual), _searching.final_step(expected)
    assert type(actual) is type(expected)
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(actual, name, []), getattr(expected, name, []), strict=True):
            np.testing.assert_array_equal(a, b)


def assert_same_search(actual, expected):
    assert_same_results(actual.cv_results_, expected.cv_results_)
    assert set(vars(actual)) - {"n_epochs_trained_"} == set(vars(expected))
    for name in ("best_index_", "best_score_", "n_splits_", "multimetric_", "n_resources_"):
        if hasattr(expected, name):
            np.testing.assert_array_equal(getattr(actual, name), getattr(expected, name))
    if hasattr(expected, "best_params_"):
        assert str(actual.best_params_) == str(expected.best_params_)
    if hasattr(expected, "best_estimator_"):
        assert_same_network(actual.best_estimator_, expected.best_estimator_)


def outcome(search, X, y, params):
    """Return the fitted search, or the type and the last line of its error."""
    try:
        return search.fit(X, y, **params)
    except Exception as error:
        return type(error), str(error).replace("Batched", "").splitlines()[-1:]


def check(estimator, grid, X=X, y=y, *, fit=None, searches=None, n_jobs=None, **params):
    batched, reference = searches or (BatchedGridSearchCV, GridSearchCV)
    params = {"cv": 3, **params}
    actual = outcome(batched(estimator, grid, n_jobs=n_jobs, **params), X, y, fit or {})
    expected = outcome(reference(estimator, grid, **params), X, y, fit or {})
    if isinstance(expected, tuple):
        assert actual == expected
    else:
        assert not isinstance(actual, tuple), actual
        assert_same_search(actual, expected)


def warned(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    return [(w.category, str(w.message)) for w in caught]


# --- The same scores


@pytest.mark.parametrize(
    "params",
    [
        {"solver": "sgd"},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.01, "n_iter_no_change": 1},
        {"solver": "adam"},
        {"solver": "adamw"},
        {"solver": "adagrad"},
        {"solver": "rmsprop"},
        {"solver": "lbfgs"},
        {"shuffle": False},
        {"dropout": 0.3},
        {"input_dropout": 0.2},
        {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 30},
        {"early_stopping": True, "n_iter_no_change": 2, "scoring": "f1_macro"},
        {"early_stopping": True, "n_iter_no_change": 2, "scoring": "loss"},
        {"tol": 0.05, "n_iter_no_change": 1, "max_iter": 50},
        {"class_weight": "balanced"},
        {"class_weight": {0: 3.0}},
        {"clip_norm": 0.5},
        {"learning_rate": "cosine"},
        {"decay": 0.1},
        {"batch_size": "auto"},
        {"batch_size": 500},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (8, 6), "activation": ["elu", "tanh"]},
        {"random_state": np.random.RandomState(3)},
        {
            "hidden_layer_sizes": (8, 6),
            "dropout": [0.2, 0.1],
            "input_dropout": 0.1,
            "early_stopping": True,
            "class_weight": "balanced",
            "clip_norm": 1.0,
            "max_iter": 30,
            "n_iter_no_change": 2,
        },
    ],
    ids=named,
)
def test_same_scores_for_every_kind_of_training(params):
    check(mlp(**params), RATES)


@pytest.mark.parametrize(
    "grid",
    [
        {},
        {"alpha": [0, 0.1, 1.0]},
        {"weight_regularizer_l1": [0, 0.01, [0.01, 0.02]], "bias_regularizer_l2": [0, 0.1]},
        {"dropout": [0, 0.1, 0.5, [0.3]], "input_dropout": [0, 0.2]},
        {"hidden_layer_sizes": [(4,), (8,), (8, 4), 5, ()], "alpha": [0, 1]},
        {"random_state": [0, 1, np.random.RandomState(4)]},
        {"max_iter": [1, 5, 9]},
        {"batch_size": [16, 32, "auto", 1000]},
        {"activation": ["relu", "tanh", ["elu"], "silu", "logistic", "leaky_relu", "identity"]},
        {"solver": ["adam", "sgd", "lbfgs", "rmsprop", "adagrad", "adamw"]},
        {"solver": ["sgd"], "momentum": [0, 0.5, 0.9], "nesterovs_momentum": [True, False]},
        {"beta_1": [0.5, 0.9], "beta_2": [0.9, 0.999], "epsilon": [1e-8, 1e-3]},
        {"solver": ["rmsprop"], "rho": [0.5, 0.9]},
        {"solver": ["adamw"], "weight_decay": [0, 0.1]},
        {"solver": ["sgd"], "learning_rate": ["invscaling", "constant"], "power_t": [0.2, 0.5]},
        {"learning_rate": ["constant", "cosine"], "decay": [0, 0.1]},
        {"clip_norm": [None, 0.1, 0.5]},
        {"early_stopping": [True, False], "validation_fraction": [0.1, 0.3]},
        {"early_stopping": [True], "scoring": [None, "loss", "f1_macro"]},
        {"tol": [0, 0.01, 0.3], "n_iter_no_change": [1, 3, np.inf], "max_iter": [30]},
        {"class_weight": [None, "balanced", {1: 2.0}]},
        {"shuffle": [True, False]},
        {"warm_start": [True, False]},
        {"weight_init": ["glorot_uniform", "he_normal", "lecun_normal"]},
        [{"alpha": [0, 1]}, {"dropout": [0.1, 0.2], "solver": ["sgd", "adam"]}],
    ],
    ids=named,
)
def test_same_scores_for_every_parameter(grid):
    check(mlp(), grid)


@pytest.mark.parametrize(
    ("data", "labels"),
    [
        (X, (y > 0).astype(int)),
        (X, names),
        (X_labels, y_labels),
        (X_labels, sp.csr_matrix(y_labels)),
        (X.astype(np.float32), y),
        (X.astype(np.float16), y),
        ((10 * X).astype(int), y),
        (np.asfortranarray(X), y),
        (X.tolist(), names.tolist()),
        (sp.csr_matrix(X), y),
        (pd.DataFrame(X, columns=list("abcd")), pd.Series(names)),
        (pl.DataFrame(X, schema=list("abcd")), pl.Series(names)),
        # One fold lacks a class: its networks have a shape of their own.
        (X, np.r_[np.zeros(74), np.ones(74), 2, 2]),
        # Nothing can be fitted.
        (np.where(X > 0, np.nan, X), y),
        (X, X[:, 0]),
        (X, None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_same_scores_for_every_kind_of_data(data, labels):
    check(mlp(early_stopping=True), RATES, data, labels)


@pytest.mark.parametrize(
    "params",
    [
        {"cv": GroupKFold(3), "fit": {"groups": groups}},
        {"cv": ShuffleSplit(3, random_state=0)},
        {"cv": PredefinedSplit(np.arange(150) % 4 - 1)},
        {"cv": RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=1)},
        {"cv": [(shuffled[:100], shuffled[100:]), (shuffled[50:], shuffled[:50])]},
        {"cv": [(np.arange(150) % 3 != 0, np.arange(150) % 3 == 0)]},
        {"scoring": ["accuracy", "neg_log_loss"], "refit": "accuracy", "return_train_score": True},
        {"scoring": {"a": "accuracy", "l": "neg_log_loss"}, "refit": False},
        {"scoring": lambda clf, X, y: {"a": clf.score(X, y), "b": 1.0}, "refit": "a"},
        {"scoring": lambda clf, X, y: clf.score(X, y)},
        {"refit": lambda results: 0},
        {"refit": False},
        {"return_train_score": True},
        {"fit": {"sample_weight": weights}},
        {"fit": {"sample_weight": weights * (weights > 0.3)}},
        {"fit": {"X_val": X[::3], "y_val": y[::3]}},
        {"scoring": "no such score"},
        {"cv": 1},
    ],
    ids=named,
)
def test_same_scores_for_every_argument(params):
    check(mlp(early_stopping=True, n_iter_no_change=2), RATES, **params)


def test_random_splits_are_drawn_once():
    search = BatchedGridSearchCV(mlp(), {"alpha": [0.1, 0.1]}, cv=ShuffleSplit(2)).fit(X, y)
    for split in range(2):
        a, b = search.cv_results_[f"split{split}_test_score"]
        assert a == b


@pytest.mark.parametrize(
    ("estimator", "grid"),
    [
        (scaled(), RATES_IN_PIPELINE),
        (
            make_pipeline(StandardScaler(), PCA(2, random_state=0), mlp()),
            {**RATES_IN_PIPELINE, "pca__n_components": [1, 3]},
        ),
        (
            scaled(),
            {**RATES_IN_PIPELINE, "standardscaler": ["passthrough", MinMaxScaler(), None]},
        ),
        (
            scaled(),
            [
                RATES_IN_PIPELINE,
                {"mlpscratchclassifier": [LogisticRegression(), mlp(solver="sgd"), SVC(), mlp()]},
            ],
        ),
        (scaled(), {"mlpscratchclassifier": ["passthrough", mlp()]}),
        (make_pipeline(FunctionTransformer(lambda X: X * 2), mlp()), RATES_IN_PIPELINE),
        (make_pipeline(PCA(), mlp()), {**RATES_IN_PIPELINE, "pca__n_components": [2, 9]}),
        (
            make_pipeline(StandardScaler(), make_pipeline(PCA(2), mlp())),
            {"pipeline__mlpscratchclassifier__alpha": [0, 1]},
        ),
        (LogisticRegression(), {"C": [0.1, 1]}),
    ],
    ids=lambda value: "" if isinstance(value, BaseEstimator) else str(value),
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
@pytest.mark.filterwarnings("ignore:Scoring failed:UserWarning")
def test_same_scores_in_pipelines(estimator, grid):
    check(estimator, grid)


def test_same_scores_with_fit_params_of_a_step():
    check(scaled(), RATES_IN_PIPELINE, fit={"mlpscratchclassifier__sample_weight": weights})


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_same_scores_with_metadata_routing(n_jobs):
    with config_context(enable_metadata_routing=True):
        ours = mlp().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        theirs = LogisticRegression().set_fit_request(sample_weight=True)
        theirs.set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=True), ours)
        grid = [RATES_IN_PIPELINE, {"mlpscratchclassifier": [theirs]}]
        check(ours, RATES, fit={"sample_weight": weights}, n_jobs=n_jobs)
        check(pipeline, grid, fit={"sample_weight": weights}, n_jobs=n_jobs)
        check(mlp(), RATES, fit={"sample_weight": weights}, n_jobs=n_jobs)  # which is refused
        check(mlp(), RATES, fit={"groups": groups}, cv=GroupKFold(3), n_jobs=n_jobs)


def test_a_validation_set_passes_through_a_pipeline():
    with config_context(enable_metadata_routing=True):
        clf = mlp(early_stopping=True).set_fit_request(X_val=True, y_val=True)
        steps = [("standardscaler", StandardScaler()), ("mlpscratchclassifier", clf)]
        pipeline = Pipeline(steps, transform_input=["X_val"])
        check(pipeline, RATES_IN_PIPELINE, fit={"X_val": X[::3], "y_val": y[::3]})


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_same_scores_in_parallel(backend):
    grid = {**RATES, "hidden_layer_sizes": [(8,), (4,)], "solver": ["adam", "lbfgs"]}
    with joblib.parallel_config(backend=backend):
        check(mlp(), grid, n_jobs=2)
        check(scaled(), {"mlpscratchclassifier": [LogisticRegression(), mlp()]}, n_jobs=2)


def test_same_scores_of_a_randomized_search():
    check(
        mlp(),
        {"learning_rate_init": np.logspace(-3, -1, 50), "alpha": [0, 1]},
        searches=(BatchedRandomizedSearchCV, RandomizedSearchCV),
        n_iter=5,
        random_state=2,
    )


def test_what_was_fitted_before_does_not_count():
    check(mlp(warm_start=True).fit(X, y), RATES)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"return_train_score": True, "return_indices": True},
        {"scoring": ["accuracy", "neg_log_loss"]},
        {"params": {"sample_weight": weights}},
        {"groups": groups, "cv": GroupKFold(3)},
        {"cv": StratifiedKFold(3, shuffle=True, random_state=0)},
        {"scoring": "no such score"},
    ],
    ids=named,
)
@pytest.mark.parametrize("estimator", [mlp(dropout=0.1), mlp(solver="lbfgs"), SVC()], ids=named)
def test_cross_validation_has_the_same_results(estimator, params):
    def run(function):
        try:
            return function(estimator, X, y, return_estimator=True, **params)
        except Exception as error:
            return type(error), str(error)

    actual, expected = run(batched_cross_validate), run(cross_validate)
    if isinstance(expected, tuple):
        assert actual == expected
        return
    for a, b in zip(actual.pop("estimator"), expected.pop("estimator"), strict=True):
        assert_same_network(a, b)
    if "indices" in expected:
        for part, rows in expected.pop("indices").items():
            for a, b in zip(actual["indices"][part], rows, strict=True):
                np.testing.assert_array_equal(a, b)
        del actual["indices"]
    assert_same_results(actual, expected)


def test_cross_validation_asks_in_this_process():
    with joblib.parallel_config(backend="loky", n_jobs=2):
        results = batched_cross_validate(mlp(), X, y, cv=3)
    assert results["test_score"].shape == (3,)


# --- What is shared


class Counting(TransformerMixin, BaseEstimator):
    n_fits = 0

    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y=None):
        Counting.n_fits += 1
        return self

    def transform(self, X):
        return self.factor * X

    def __sklearn_is_fitted__(self):
        return True


@pytest.mark.parametrize(
    ("grid", "n_fits"),
    [
        (RATES_IN_PIPELINE, 3),
        ({**RATES_IN_PIPELINE, "counting__factor": [1.0, 2.0]}, 6),
        ({**RATES_IN_PIPELINE, "counting": [Counting(), Counting(1.0), Counting(2.0)]}, 6),
    ],
)
def test_steps_are_fitted_once_for_each_fold_and_setting(monkeypatch, grid, n_fits):
    monkeypatch.setattr(Counting, "n_fits", 0)
    pipeline = make_pipeline(Counting(), mlp())
    BatchedGridSearchCV(pipeline, grid, cv=3, refit=False).fit(X, y)
    assert Counting.n_fits == n_fits


def test_unnamed_functions_are_fitted_once_too(monkeypatch):
    monkeypatch.setattr(Counting, "n_fits", 0)
    pipeline = make_pipeline(FunctionTransformer(lambda X: X + 1), Counting(), mlp())
    BatchedGridSearchCV(pipeline, RATES_IN_PIPELINE, cv=3, refit=False).fit(X, y)
    assert Counting.n_fits == 3


@pytest.mark.parametrize("data", [X, (10 * X).astype(int), pd.DataFrame(X)], ids=["array"] * 3)
def test_candidates_share_their_folds_data(monkeypatch, data):
    stacked = []
    run_stack = _searching.run_stack

    def run(fits, observer):
        stacked.append((len(fits), len({id(fit.data.X) for fit in fits})))
        return run_stack(fits, observer)

    monkeypatch.setattr(_searching, "run_stack", run)
    BatchedGridSearchCV(scaled(), RATES_IN_PIPELINE, cv=3, refit=False).fit(data, y)
    assert stacked == [(9, 3)]


# --- Fits that fail

WRONG = [
    {"learning_rate_init": [0.01, -1, "fast", 0]},
    {"hidden_layer_sizes": [(4,), (0,), (2.5,)]},
    {"activation": ["relu", ["relu", "tanh"], "no such", [1]]},
    {"dropout": [0.1, [0.1, 0.2], 1.5, ["a"], None]},
    {"weight_regularizer_l1": [0, [1, 2, 3], -1]},
    {"early_stopping": [True], "validation_fraction": [0.1, 0.001, 0.99]},
    {"early_stopping": [True], "scoring": ["no such", None, lambda clf, X, y: 1 / 0]},
    {"batch_size": [16, 0, "all"]},
    {"solver": ["lbfgs"], "dropout": [0, 0.1]},
    {"class_weight": ["no such", {5: 1.0}, {0: -1}, None]},
    {"clip_norm": [None, 0, "a"]},
    {"learning_rate_init": [0.01, 1e300, 0.02], "solver": ["sgd", "adam", "rmsprop"]},
    {"no_such_parameter": [1, 2]},
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
@pytest.mark.parametrize("error_score", [np.nan, 0.5, "raise"])
@pytest.mark.parametrize("grid", WRONG, ids=named)
def test_same_scores_where_fits_fail(grid, error_score):
    check(mlp(), grid, error_score=error_score)


def test_a_failure_is_reported_once_with_its_traceback():
    pipeline = make_pipeline(PCA(), mlp())
    grid = {**RATES_IN_PIPELINE, "pca__n_components": [2, 9]}
    found = warned(lambda: BatchedGridSearchCV(pipeline, grid, cv=2).fit(X, y))
    (failed,) = [message for category, message in found if category is FitFailedWarning]
    assert "6 fits failed out of a total of 12" in failed
    assert failed.count("6 fits failed with the following error") == 1
    assert "n_components=9 must be between" in failed
    assert "sklearn/decomposition/_pca.py" in failed.replace("\\", "/")


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_failures_and_warnings_come_back_from_workers(backend):
    grid = {"learning_rate_init": [0.1, 1e300] * 10, "solver": ["sgd"]}
    search = BatchedGridSearchCV(mlp(), grid, cv=2, n_jobs=2, refit=False)
    with joblib.parallel_config(backend=backend):
        found = warned(lambda: search.fit(X, y))
    (failed,) = [message for category, message in found if category is FitFailedWarning]
    assert "20 fits failed out of a total of 40" in failed
    assert "Training diverged in epoch" in failed
    (slow,) = [message for category, message in found if category is ConvergenceWarning]
    assert slow.startswith("20 of 40 fits reached max_iter=10")


def test_a_diverging_network_leaves_the_others_untouched():
    grid = {"learning_rate_init": [*np.logspace(-3, -1, 7), 1e300]}
    clf = mlp(solver="sgd", tol=0)
    with pytest.warns(FitFailedWarning, match="5 fits failed out of a total of 40"):
        search = BatchedGridSearchCV(clf, grid, cv=5, error_score=-1.0).fit(X, y)
    alone = GridSearchCV(clf, {"learning_rate_init": np.logspace(-3, -1, 7)}, cv=5).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(scores, [*alone.cv_results_["mean_test_score"], -1.0])


# --- Warnings


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_one_warning_for_all_fits_that_did_not_converge(n_jobs):
    clf = mlp(tol=0.001, n_iter_no_change=3, max_iter=60)
    grid = {"learning_rate_init": np.logspace(-4, -1, 8)}
    search = BatchedGridSearchCV(clf, grid, n_jobs=n_jobs, refit=False)
    ((category, message),) = warned(lambda: search.fit(X_scaled, y))
    reference = GridSearchCV(clf, grid, refit=False)
    n_slow = len(warned(lambda: reference.fit(X_scaled, y)))
    assert 0 < n_slow < 40
    assert category is ConvergenceWarning
    assert message == (
        f"{n_slow} of 40 fits reached max_iter=60 before converging. Raise max_iter, or set tol=0 "
        f"if 60 epochs are what you want."
    )


@pytest.mark.parametrize(
    ("params", "grid", "expected"),
    [
        ({"tol": 0}, RATES, []),
        (
            {},
            {"max_iter": [2, 3]},
            ["4 of 4 fits reached max_iter=2 or 3 before converging."],
        ),
        (
            {"solver": "lbfgs", "max_iter": 3},
            {"alpha": [0, 1]},
            ["4 of 4 fits: lbfgs failed to converge after 3 iter"],
        ),
        ({"batch_size": 100, "tol": 0}, RATES, ["Got `batch_size`=100, larger than"]),
        (
            {"solver": "sgd", "max_iter": 40, "n_iter_no_change": 2},
            {"learning_rate_init": [5.0, 8.0]},
            ["fits: Training stopped improving at a loss of"],
        ),
    ],
)
def test_each_kind_of_warning_once(params, grid, expected):
    search = BatchedGridSearchCV(mlp(**params), grid, cv=2, refit=False)
    found = warned(lambda: search.fit(X, y))
    assert len(found) == len(expected)
    for (_, message), words in zip(found, expected, strict=True):
        assert words in message


def test_cross_validation_warns_once():
    ((_, message),) = warned(lambda: batched_cross_validate(mlp(), X, y))
    assert message.startswith("5 of 5 fits reached max_iter=10 before converging.")


# --- Halving


class Shifting(TransformerMixin, BaseEstimator):
    def __init__(self, max_iter=1):
        self.max_iter = max_iter

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return (X - X.mean()) * (-1) ** (self.max_iter // 3) * self.max_iter

    def __sklearn_is_fitted__(self):
        return True


HALVING = (BatchedHalvingGridSearchCV, HalvingGridSearchCV)
EIGHT_RATES = {"learning_rate_init": [0.001, 0.003, 0.01, 0.03, 0.1, 0.3], "alpha": [0, 1]}
RUNGS = {"resource": "max_iter", "min_resources": 3, "max_resources": 30}


@pytest.mark.parametrize(
    "params",
    [
        {"solver": "sgd"},
        {"solver": "adam"},
        {"solver": "adamw"},
        {"solver": "adagrad"},
        {"solver": "rmsprop"},
        {"solver": "lbfgs"},
        {"early_stopping": True, "n_iter_no_change": 2},
        {"early_stopping": True, "dropout": 0.2, "class_weight": "balanced", "tol": 0.001},
        {"dropout": 0.3, "input_dropout": 0.2},
        {"tol": 0.05, "n_iter_no_change": 1},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 1},
        {"solver": "sgd", "learning_rate": "invscaling", "shuffle": False},
        {"learning_rate": "cosine"},
        {"random_state": np.random.RandomState(5)},
    ],
    ids=named,
)
def test_halving_goes_on_to_the_same_scores(params):
    check(mlp(**params), EIGHT_RATES, searches=HALVING, **RUNGS)


@pytest.mark.parametrize(
    ("estimator", "grid", "params"),
    [
        (
            scaled(),
            {"mlpscratchclassifier__alpha": [0, 0.1, 1, 10]},
            {**RUNGS, "resource": "mlpscratchclassifier__max_iter"},
        ),
        (
            scaled(),
            {"mlpscratchclassifier": [mlp(), LogisticRegression(), mlp(solver="lbfgs")]},
            {**RUNGS, "resource": "mlpscratchclassifier__max_iter"},
        ),
        # Another step's max_iter: what the networks are trained on changes from rung to rung.
        (
            make_pipeline(Shifting(), mlp(tol=0.1, n_iter_no_change=1, max_iter=50)),
            RATES_IN_PIPELINE,
            {"resource": "shifting__max_iter", "min_resources": 1, "max_resources": 9},
        ),
        (mlp(), RATES, {"random_state": 0}),
        (mlp(), EIGHT_RATES, {**RUNGS, "max_resources": 6, "aggressive_elimination": True}),
        (mlp(), {**RATES, "learning_rate": ["cosine", "constant"]}, RUNGS),
        (mlp(), {**RATES, "solver": ["lbfgs", "sgd"]}, RUNGS),
        (mlp(), {"random_state": [0, 1, 2], "dropout": [0, 0.1]}, RUNGS),
        (mlp(), RATES, {**RUNGS, "return_train_score": True, "n_jobs": 2}),
    ],
    ids=lambda value: "" if isinstance(value, BaseEstimator) else str(value),
)
def test_halving_of_all_kinds(estimator, grid, params):
    check(estimator, grid, searches=HALVING, **params)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
def test_halving_leaves_behind_what_diverges():
    grid = {"learning_rate_init": [0.001, 1e300, 0.01, 0.1]}
    check(mlp(solver="sgd"), grid, searches=HALVING, **RUNGS)


@pytest.mark.parametrize(
    ("params", "n_epochs"),
    [
        ({}, 3 * (9 * 3 + 3 * 6 + 1 * 18)),
        ({"learning_rate": "cosine"}, 3 * (9 * 3 + 3 * 9 + 1 * 27)),
    ],
)
def test_halving_counts_the_epochs(params, n_epochs):
    search = BatchedHalvingGridSearchCV(
        mlp(tol=0, **params),
        {"learning_rate_init": np.logspace(-4, -2, 9)},
        cv=3,
        **{**RUNGS, "max_resources": 27},
    ).fit(X, y)
    assert search.n_resources_ == [3, 9, 27]
    assert search.n_epochs_trained_ == n_epochs


def test_halving_trains_so_many_epochs(monkeypatch):
    ended = []
    end_epoch = StochasticTrainer.end_epoch

    def counted(fit, *epoch):
        ended.append(fit)
        return end_epoch(fit, *epoch)

    monkeypatch.setattr(StochasticTrainer, "end_epoch", counted)
    search = BatchedHalvingGridSearchCV(
        mlp(tol=0.05, n_iter_no_change=2), EIGHT_RATES, cv=3, refit=False, **RUNGS
    ).fit(X, y)
    assert search.n_epochs_trained_ == len(ended)


# --- The search as an estimator


def test_parameters_are_left_alone_even_where_fit_fails():
    clf, grid = mlp(), {"learning_rate_init": [-1.0]}
    search = BatchedGridSearchCV(clf, grid, n_jobs=2, error_score="raise")
    before, text = search.get_params(deep=False), repr(search)
    with pytest.raises(ValueError, match="learning_rate_init"):
        search.fit(X, y)
    assert vars(search).keys() & {"_run", "_past"} == set()
    after = search.get_params(deep=False)
    assert all(after[name] is value for name, value in before.items())
    assert repr(search) == text
    search.set_params(param_grid=RATES).fit(X, y)
    assert search.estimator is clf
    assert not hasattr(clf, "coefs_")


@pytest.mark.parametrize("scoring", [None, "accuracy", ["accuracy", "f1_macro"]])
def test_fitted_searches_are_copied_and_kept(scoring):
    search = BatchedGridSearchCV(mlp(), RATES, cv=2, scoring=scoring, refit=scoring is None)
    search.fit(X, y)
    copy = pickle.loads(pickle.dumps(search))
    assert_same_results(copy.cv_results_, search.cv_results_)
    assert not hasattr(clone(search), "cv_results_")
    assert b"StandIn" not in pickle.dumps(search)
    if scoring is None:
        np.testing.assert_array_equal(copy.predict(X), search.predict(X))
        assert search.score(X, y) == search.best_estimator_.score(X, y)


def test_nothing_is_kept_of_networks_that_were_scored():
    answers = _searching.Answers()
    answers.waiting += [_searching.Answer(object(), 1.0)] * 2
    answers.next()
    assert not answers.all_given
    answers.next()
    assert answers.all_given
    assert answers.seconds == [1.0, 1.0]


def test_fit_times_are_shares_of_the_stacks_time():
    search = BatchedGridSearchCV(mlp(), RATES, cv=3).fit(X, y)
    times = search.cv_results_["mean_fit_time"]
    assert times[0] > 0
    np.testing.assert_allclose(times, times[0])


@pytest.mark.parametrize("verbose", [1, 3])
def test_verbose_prints_what_scikit_learn_prints(capsys, verbose):
    def lines(search):
        search(mlp(), RATES, cv=2, verbose=verbose).fit(X, y)
        return [line.split("total time")[0] for line in capsys.readouterr().out.splitlines()]

    actual = lines(BatchedGridSearchCV)
    assert actual == lines(GridSearchCV)
    assert actual


@parametrize_with_checks(
    [BatchedGridSearchCV(mlp(max_iter=100), {"learning_rate_init": [0.01, 0.02]}, cv=2)],
)
@pytest.mark.filterwarnings("ignore")
def test_check_estimator(estimator, check):
    check(estimator)


# --- Callbacks


class Recorder:
    """Notes which tasks begin and end; in this process, as ProgressBar does, of all workers."""

    max_propagation_depth = 1

    def __init__(self):
        from sklearn.callback._transport import open_listener

        self.events = []
        self.handle = open_listener(self.events.append)

    def __getstate__(self):
        return {"handle": self.handle}

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.note("begin", context)

    def on_fit_task_end(self, estimator, context):
        self.note("end", context)

    def note(self, event, context):
        from sklearn.callback._callback_context import get_context_path
        from sklearn.callback._transport import send

        path = tuple(part.task_id for part in get_context_path(context))
        message = event, path, context.estimator_name, context.task_name, context.max_subtasks
        send(self.handle, message)


callbacks_only = pytest.mark.skipif(not HAS_CALLBACKS, reason="scikit-learn has no callbacks")


def tasks_of(search):
    recorder = Recorder()
    search.set_callbacks(recorder).fit(X, y)
    begun = {path: what for event, path, *what in recorder.events if event == "begin"}
    ended = {path for event, path, *_ in recorder.events if event == "end"}
    assert begun.keys() == ended
    for path, (_, _, max_subtasks) in begun.items():
        children = {other for other in begun if other[:-1] == path}
        assert len(children) == max_subtasks
    return [what[:2] for _, what in sorted(begun.items())]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_generators_are_left_where_fits_leave_them(solver, n_jobs):
    def drawn(validate):
        clf = mlp(solver=solver, random_state=np.random.RandomState(0))
        results = validate(clf, X, y, return_estimator=True, n_jobs=n_jobs)
        return [estimator.random_state.rand() for estimator in results["estimator"]]

    assert drawn(batched_cross_validate) == drawn(cross_validate)


@pytest.mark.parametrize(
    ("n_fits", "n_jobs", "expected"),
    [
        ([40], 1, [40]),
        ([40], 2, [20, 20]),
        ([40], 3, [14, 13, 13]),
        ([90], 1, [30, 30, 30]),
        # Folds of n and of n + 1 rows: of 24 and 16, one job would wait for the other.
        ([24, 16], 1, [24, 16]),
        ([24, 16], 2, [12, 12, 8, 8]),
        ([3, 2], 8, [1, 1, 1, 1, 1]),
        ([], 2, []),
    ],
)
def test_jobs_are_done_at_the_same_time(n_fits, n_jobs, expected):
    clf = mlp(hidden_layer_sizes=(100,))
    targets = MulticlassTargets(np.arange(10))
    data = TrainingData(np.zeros((150, 64), np.float32), np.zeros(150, int), targets=targets)
    groups = [[(i, _searching._Member(clf, data, False)) for i in range(n)] for n in n_fits]
    parts = _searching._cut(groups, n_jobs)
    assert sorted(map(len, parts), reverse=True) == expected
    assert sorted(map(id, chain(*parts))) == sorted(map(id, chain(*groups)))


def test_the_longest_task_is_the_first():
    data = TrainingData(X, y, targets=MulticlassTargets(np.arange(3)))
    sizes = [(10,), (200,), (50,)]
    groups = [
        [(i, _searching._Member(mlp(hidden_layer_sizes=size), data, False)) for i in range(8)]
        for size in sizes
    ]
    first, second, third = _searching._cut(groups, 1)
    assert [part[0][1].estimator.hidden_layer_sizes for part in (first, second, third)] == [
        (200,),
        (50,),
        (10,),
    ]


@callbacks_only
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_stacks_and_epochs_are_tasks(n_jobs):
    grid = {"alpha": [0, 1], "solver": ["adam", "lbfgs"]}
    estimator = mlp(max_iter=3, tol=0)
    tasks = tasks_of(BatchedGridSearchCV(estimator, grid, cv=2, n_jobs=n_jobs))
    search, network = "BatchedGridSearchCV", "MLPScratchClassifier"
    assert tasks[:2] == [[search, "fit"], [search, "train-stacks"]]
    assert tasks[2:6] == [[search, "stack"]] + [[search, "epoch"]] * 3
    assert tasks.count([search, "stack"]) == n_jobs
    assert tasks.count([search, "fit"]) == 1 + 4  # by L-BFGS
    assert tasks.count([search, "epoch"]) == (n_jobs + 4) * 3
    assert tasks.count([search, "search"]) == 1
    assert tasks.count([network, "fit"]) == 8 + 1


@callbacks_only
def test_rungs_are_tasks():
    search = BatchedHalvingGridSearchCV(mlp(tol=0), RATES, cv=2, factor=2, **RUNGS)
    tasks = tasks_of(search)
    name = "BatchedHalvingGridSearchCV"
    assert tasks.count([name, "train-stacks"]) == 1
    assert tasks.count([name, "train-rung"]) == 2
    assert tasks.count([name, "halving-iteration"]) == 2


@callbacks_only
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    "search",
    [
        BatchedGridSearchCV(mlp(max_iter=3), RATES, cv=2),
        BatchedHalvingGridSearchCV(mlp(), RATES, cv=2, **RUNGS),
    ],
    ids=["grid", "halving"],
)
def test_progress_bars_are_completed(monkeypatch, search, n_jobs):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar
    from sklearn.callback._progressbar import RichProgressMonitor

    monitors = []
    run = RichProgressMonitor.run

    def running(monitor):
        monitors.append(monitor)
        run(monitor)

    monkeypatch.setattr(RichProgressMonitor, "run", running)
    search = clone(search).set_params(n_jobs=n_jobs).set_callbacks(ProgressBar()).fit(X, y)
    (monitor,) = monitors
    assert len(monitor.progress_ctx.tasks) > 5
    assert all(task.finished for task in monitor.progress_ctx.tasks)


@callbacks_only
def test_monitors_of_scores_work():
    from sklearn.callback import ScoringMonitor

    expected = GridSearchCV(mlp(), RATES, cv=2).fit(X, y)
    on_search = BatchedGridSearchCV(mlp(), RATES, cv=2)
    on_search.set_callbacks(ScoringMonitor(scoring="accuracy")).fit(X, y)
    assert_same_search_but_callbacks(on_search, expected)
    # With callbacks of its own an estimator is fitted alone, and they are told of every epoch.
    monitor = ScoringMonitor(scoring="accuracy")
    on_network = BatchedGridSearchCV(mlp().set_callbacks(monitor), RATES, cv=2, refit=False)
    on_network.fit(X, y)
    assert_same_results(on_network.cv_results_, expected.cv_results_)
    assert len(monitor.get_logs("all")) == 6
    assert len(monitor.get_logs().data) == 10 + 1


def assert_same_search_but_callbacks(actual, expected):
    assert_same_results(actual.cv_results_, expected.cv_results_)
    assert_same_network(actual.best_estimator_, expected.best_estimator_)


@callbacks_only
def test_without_callbacks_no_tasks_are_made(monkeypatch):
    monkeypatch.setattr(_searching.TaskObserver, "__init__", None)
    monkeypatch.setattr("skscratch.model_selection.TaskObserver", None)
    BatchedGridSearchCV(mlp(), RATES, cv=2).fit(X, y)


@callbacks_only
def test_a_callback_may_stop_a_stack():
    class Stop:
        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            return context.task_name == "epoch" and context.task_id == 4

    search = BatchedGridSearchCV(mlp(), RATES, cv=2, refit=False).set_callbacks(Stop()).fit(X, y)
    expected = GridSearchCV(mlp(max_iter=5), RATES, cv=2, refit=False).fit(X, y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )
