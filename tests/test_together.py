"""scikit-learn's tools, unchanged: in the context what they are without it, bit for bit."""

import faulthandler

import numpy as np
import pytest
from helpers import X_digits, y_digits
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFECV, SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skscratch import MLPScratchClassifier, MLPScratchRegressor, train_together
from skscratch.together import meeting

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Got `batch_size`"),
]

X, y = load_iris(return_X_y=True)
RATES = {"learning_rate_init": [0.001, 0.01, 0.05]}


@pytest.fixture(autouse=True)
def no_deadlock():
    """End the whole run, with the stacks of all threads, where a test hangs."""
    faulthandler.dump_traceback_later(120, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def mlp(**params):
    defaults = {"hidden_layer_sizes": (8,), "max_iter": 12, "batch_size": 32, "random_state": 0}
    return MLPScratchClassifier(**{**defaults, **params})


PIPELINE = make_pipeline(StandardScaler(), mlp(dropout=0.1))
PIPELINE_RATES = {"mlpscratchclassifier__learning_rate_init": [0.001, 0.01, 0.05]}


class Rounds(list):
    """How many fits were trained in each round."""


@pytest.fixture
def rounds(monkeypatch):
    found, train = Rounds(), meeting.Meeting._train

    def noted(self, tasks):
        found.append(len(tasks))
        train(self, tasks)

    monkeypatch.setattr(meeting.Meeting, "_train", noted)
    return found


def results_of(search):
    """Return what a search has found out."""
    return scores_of(search.cv_results_), search.best_index_, search.predict_proba(X)


def scores_of(results):
    """Return results but for times, and for estimators among the parameters."""
    return {
        name: values
        for name, values in results.items()
        if ("score" in name and "time" not in name) or name.startswith("n_")
    }


def accuracy_refitted(estimator, X, y):
    """Score by a network of its own, as no stand-in could."""
    return clone(estimator).fit(X, y).score(X, y) + len(estimator[-1].coefs_)


TOOLS = {
    "GridSearchCV": lambda: results_of(
        GridSearchCV(PIPELINE, PIPELINE_RATES, return_train_score=True).fit(X, y)
    ),
    "GridSearchCV over shapes, solvers and steps": lambda: results_of(
        GridSearchCV(
            make_pipeline(StandardScaler(), mlp()),
            {
                "mlpscratchclassifier__hidden_layer_sizes": [(8,), (5, 4)],
                "mlpscratchclassifier__solver": ["adam", "sgd", "lbfgs"],
                "standardscaler": [StandardScaler(), MinMaxScaler(), "passthrough"],
            },
            cv=3,
        ).fit(X, y)
    ),
    "GridSearchCV, a scorer that fits": lambda: results_of(
        GridSearchCV(PIPELINE, PIPELINE_RATES, scoring=accuracy_refitted, cv=3).fit(X, y)
    ),
    "GridSearchCV, some diverge": lambda: results_of(
        GridSearchCV(mlp(solver="sgd"), {"learning_rate_init": [0.01, 1e200, 0.1]}).fit(X, y)
    ),
    "GridSearchCV, other estimators": lambda: results_of(
        GridSearchCV(
            make_pipeline(StandardScaler(), mlp()),
            [
                {"mlpscratchclassifier__alpha": [0, 1]},
                {"mlpscratchclassifier": [LogisticRegression()]},
            ],
        ).fit(X, y)
    ),
    "GridSearchCV of early stopping": lambda: results_of(
        GridSearchCV(
            mlp(early_stopping=True, max_iter=40, n_iter_no_change=2),
            {"learning_rate_init": [0.001, 0.05], "tol": [0, 0.1]},
        ).fit(X, y)
    ),
    "GridSearchCV, generators as seeds": lambda: results_of(
        GridSearchCV(mlp(random_state=np.random.RandomState(3)), RATES).fit(X, y)
    ),
    "RandomizedSearchCV": lambda: results_of(
        RandomizedSearchCV(mlp(), RATES, n_iter=2, random_state=0).fit(X, y)
    ),
    "HalvingGridSearchCV": lambda: results_of(
        HalvingGridSearchCV(mlp(), RATES, random_state=0).fit(X, y)
    ),
    "HalvingGridSearchCV by max_iter": lambda: results_of(
        HalvingGridSearchCV(
            mlp(), RATES, resource="max_iter", min_resources=3, max_resources=27
        ).fit(X, y)
    ),
    "HalvingRandomSearchCV": lambda: results_of(
        HalvingRandomSearchCV(mlp(), RATES, n_candidates=3, random_state=0).fit(X, y)
    ),
    "cross_validate": lambda: scores_of(cross_validate(PIPELINE, X, y, return_train_score=True)),
    "cross_validate, the estimators": lambda: [
        fitted.predict_proba(X)
        for fitted in cross_validate(PIPELINE, X, y, return_estimator=True)["estimator"]
    ],
    "cross_val_score": lambda: cross_val_score(PIPELINE, X, y, cv=KFold(4, shuffle=False)),
    "cross_val_predict": lambda: cross_val_predict(PIPELINE, X, y, method="predict_proba"),
    "learning_curve": lambda: learning_curve(PIPELINE, X, y, shuffle=True, random_state=0),
    "learning_curve, incremental": lambda: learning_curve(
        mlp(), X, y, exploit_incremental_learning=True, shuffle=True, random_state=0
    ),
    "validation_curve": lambda: validation_curve(
        mlp(), X, y, param_name="alpha", param_range=[0, 0.1, 1]
    ),
    "permutation_test_score": lambda: permutation_test_score(
        mlp(), X, y, n_permutations=5, cv=3, random_state=0
    ),
    "BaggingClassifier": lambda: BaggingClassifier(PIPELINE, 7, random_state=0).fit(X, y),
    "BaggingClassifier of features": lambda: BaggingClassifier(
        mlp(), 20, max_features=2, bootstrap_features=True, oob_score=True, random_state=0
    ).fit(X, y),
    "StackingClassifier": lambda: StackingClassifier(
        [("small", mlp()), ("large", mlp(hidden_layer_sizes=20)), ("other", PIPELINE)], cv=3
    ).fit(X, y),
    "VotingClassifier": lambda: VotingClassifier(
        [(str(seed), mlp(random_state=seed)) for seed in range(4)], voting="soft"
    ).fit(X, y),
    "CalibratedClassifierCV": lambda: CalibratedClassifierCV(PIPELINE, cv=3).fit(X, y),
    "CalibratedClassifierCV, a fit calibrated": lambda: CalibratedClassifierCV(
        FrozenEstimator(clone(PIPELINE).fit(X, y))
    ).fit(X, y),
    "OneVsRestClassifier": lambda: OneVsRestClassifier(mlp()).fit(X, y),
    "OneVsOneClassifier": lambda: OneVsOneClassifier(mlp()).fit(X, y),
    "OutputCodeClassifier": lambda: OutputCodeClassifier(mlp(), random_state=0).fit(X, y),
    "MultiOutputClassifier": lambda: (
        MultiOutputClassifier(mlp())
        .fit(X, np.column_stack([y, y == 1, (y + X.sum(axis=1).astype(int)) % 3]))
        .predict(X)
    ),
    "ClassifierChain": lambda: (
        ClassifierChain(mlp(), cv=3, order=[1, 0])
        .fit(X, np.column_stack([y == 0, y == 1]).astype(int))
        .predict_proba(X)
    ),
    "RFECV": lambda: scores_of(
        RFECV(
            mlp(),
            cv=3,
            importance_getter=lambda fitted: np.abs(fitted.coefs_[0]).sum(axis=1),
        )
        .fit(X, y)
        .cv_results_
    ),
    "SequentialFeatureSelector": lambda: (
        SequentialFeatureSelector(mlp(), n_features_to_select=2, cv=3).fit(X, y).get_support()
    ),
    "sparse inputs": lambda: results_of(GridSearchCV(mlp(), RATES, cv=3).fit(csr_matrix(X), y)),
    "float32": lambda: cross_val_predict(
        mlp(), X.astype(np.float32), y, method="predict_proba", cv=3
    ),
    "sample weights and a validation set": lambda: cross_val_score(
        mlp(), X, y, params={"sample_weight": np.arange(150) % 3, "X_val": X[::7], "y_val": y[::7]}
    ),
    "regressors by all losses": lambda: scores_of(
        cross_validate(
            GridSearchCV(
                MLPScratchRegressor(hidden_layer_sizes=(8,), max_iter=12, random_state=0),
                [
                    {"loss": ["squared_error", "absolute_error", "poisson"]},
                    {"loss": ["huber", "quantile"], "alpha": [0, 1]},
                ],
                cv=2,
            ),
            X,
            X[:, 0] + y,
            cv=2,
        )
    ),
    "BaggingRegressor": lambda: BaggingRegressor(
        MLPScratchRegressor(hidden_layer_sizes=(8,), max_iter=12, random_state=0), 5, random_state=0
    ).fit(X, X[:, :2]),
    "a search in a search": lambda: scores_of(
        cross_validate(GridSearchCV(mlp(), RATES, cv=2), X, y, cv=3)
    ),
    "an ensemble in a search": lambda: results_of(
        GridSearchCV(
            BaggingClassifier(mlp(), random_state=0), {"n_estimators": [2, 5]}, cv=2, n_jobs=2
        ).fit(X, y)
    ),
    "a search of all cores in an ensemble": lambda: BaggingClassifier(
        GridSearchCV(mlp(), RATES, cv=2, n_jobs=-1), 3, random_state=0
    ).fit(X, y),
    "a search in an ensemble in a curve": lambda: validation_curve(
        BaggingClassifier(GridSearchCV(mlp(), RATES, cv=2), 2, random_state=0),
        X,
        y,
        param_name="estimator__estimator__alpha",
        param_range=[0, 1],
        cv=2,
    ),
}


def assert_equal(actual, expected):
    if hasattr(expected, "predict"):
        actual, expected = (
            getattr(fitted, "predict_proba", fitted.predict)(X) for fitted in (actual, expected)
        )
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        actual, expected = list(actual.values()), list(expected.values())
    if isinstance(expected, list | tuple):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_equal(one, other)
    else:
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.filterwarnings("ignore:[^$]*fits failed")
@pytest.mark.filterwarnings("ignore:[^$]*are non-finite")
@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool(tool, n_jobs):
    use = TOOLS[tool]
    with train_together(n_jobs):
        actual = use()
    assert_equal(actual, use())


def test_engines_in_one_search():
    pytest.importorskip("numba")
    clf, grid = mlp(solver="sgd"), {"engine": ["numba", "numpy"], **RATES}
    for n_jobs in (None, 2):
        with train_together(n_jobs):
            found = GridSearchCV(clf, grid, cv=3).fit(X, y)
        assert_equal(results_of(found), results_of(GridSearchCV(clf, grid, cv=3).fit(X, y)))


def test_the_books_k_fold_workflow():
    """Folds, their scores, a grid by them, and the best setting on the digits that were kept."""
    train, test = X_digits[:1400], X_digits[1400:]
    labels, test_labels = y_digits[:1400], y_digits[1400:]
    clf = make_pipeline(MinMaxScaler(), mlp(hidden_layer_sizes=(32,), max_iter=10))
    folds = KFold(n_splits=5, shuffle=True, random_state=0)
    grid = {
        "mlpscratchclassifier__learning_rate_init": [0.0003, 0.003],
        "mlpscratchclassifier__weight_regularizer_l2": [0, 1e-3],
        "mlpscratchclassifier__dropout": [0, 0.2],
    }

    def by_hand(clf):
        for rows, held_out in folds.split(train):
            yield clone(clf).fit(train[rows], labels[rows]).score(train[held_out], labels[held_out])

    def workflow():
        scores = cross_val_score(clf, train, labels, cv=folds)
        search = GridSearchCV(clf, grid, cv=folds).fit(train, labels)
        return scores, search.cv_results_["mean_test_score"], search.predict_proba(test), search

    *expected, search = workflow()
    np.testing.assert_array_equal(expected[0], list(by_hand(clf)))
    for n_jobs in (None, 2):
        with train_together(n_jobs):
            *actual, _ = workflow()
        assert_equal(actual, expected)
    assert search.best_params_["mlpscratchclassifier__learning_rate_init"] == 0.003
    assert search.score(test, test_labels) > 0.9
