"""Searches of scikit-learn: the same results with every joblib backend, and every parameter."""

import helpers
import joblib
import numpy as np
import pytest
from helpers import ENGINES, STOCHASTIC, unfinished_fits
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchClassifier

pytestmark = [unfinished_fits, pytest.mark.no_cover]

X, y = load_iris(return_X_y=True)
RATES = {"mlpscratchclassifier__learning_rate_init": [0.001, 0.01, 0.05]}


def searched(search):
    search.fit(X, y)
    return [search.cv_results_["mean_test_score"], search.predict_proba(X)]


def halving(pipeline):
    name = "mlpscratchclassifier__max_iter"
    return HalvingGridSearchCV(
        pipeline, RATES, resource=name, min_resources=3, max_resources=12, factor=2
    )


TOOLS = {
    "GridSearchCV": lambda pipeline: searched(GridSearchCV(pipeline, RATES)),
    "HalvingGridSearchCV": lambda pipeline: searched(halving(pipeline)),
    "cross_val_predict": lambda pipeline: cross_val_predict(pipeline, X, y, method="predict_proba"),
    "BaggingClassifier": lambda pipeline: [
        fitted[-1].coefs_[0]
        for fitted in BaggingClassifier(pipeline, 7, random_state=0).fit(X, y).estimators_
    ],
    "OneVsRestClassifier": lambda pipeline: OneVsRestClassifier(pipeline).fit(X, y).predict(X),
}


@pytest.mark.parametrize(
    ("tool", "backend"),
    [
        *((tool, "threading") for tool in TOOLS),
        *(pytest.param(tool, "loky", marks=pytest.mark.slow) for tool in TOOLS),
    ],
)
def test_same_results_with_every_backend(tool, backend):
    network = MLPScratchClassifier(
        (8,), batch_size=30, max_iter=12, dropout=0.1, random_state=0, engine=ENGINES[-1]
    )
    use, pipeline = TOOLS[tool], make_pipeline(StandardScaler(), network)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        actual = use(pipeline)
    for one, other in zip(actual, use(pipeline), strict=True):
        np.testing.assert_array_equal(one, other)


four = helpers.y_digits < 4
X_four, y_four = helpers.X_digits[four][:200], helpers.y_digits[four][:200]

GRIDS = {
    "activation": ["relu", ["silu"], ("elu",), np.array(["tanh"]), "leaky_relu"],
    "solver": [*STOCHASTIC, "lbfgs"],
    "learning_rate": ["constant", "cosine"],
    "decay": [0.0, 0.1],
    "class_weight": [None, "balanced", {0: 5.0}, {digit: 1.0 + digit for digit in range(4)}],
    "dropout": [0.0, 0.5, [0.3], (0.1,)],
    "input_dropout": [0.0, 0.5],
    "weight_init": ["glorot_uniform", "he_normal", "lecun_normal", "scaled_normal"],
    "weight_decay": [0.0, 1.0],
    "clip_norm": [None, 0.1, 1e-3],
    "scoring": ["loss", None, "roc_auc_ovr"],
}


@pytest.mark.parametrize("name", GRIDS)
def test_every_parameter_in_a_search(name):
    clf = MLPScratchClassifier((10,), max_iter=8, batch_size=40, random_state=0)
    clf.set_params(learning_rate_init=0.05, solver="adamw", early_stopping=name == "scoring")
    search = GridSearchCV(
        clf, {name: GRIDS[name]}, cv=2, scoring="neg_log_loss", error_score="raise"
    ).fit(X_four, y_four)
    # Each candidate trains a different network.
    scores = search.cv_results_["mean_test_score"]
    assert len(set(scores)) == len(scores)
    best = GRIDS[name][int(np.argmax(scores))]
    np.testing.assert_array_equal(search.best_estimator_.get_params()[name], best)
