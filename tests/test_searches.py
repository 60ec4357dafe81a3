"""scikit-learn's tools have the same results with every joblib backend."""

import joblib
import numpy as np
import pytest
from helpers import ENGINES, unfinished_fits
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchClassifier

pytestmark = unfinished_fits

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


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
@pytest.mark.parametrize("tool", TOOLS)
def test_same_results_with_every_backend(tool, backend):
    network = MLPScratchClassifier(
        (8,), batch_size=30, max_iter=12, dropout=0.1, random_state=0, engine=ENGINES[-1]
    )
    use, pipeline = TOOLS[tool], make_pipeline(StandardScaler(), network)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        actual = use(pipeline)
    for one, other in zip(actual, use(pipeline), strict=True):
        np.testing.assert_array_equal(one, other)
