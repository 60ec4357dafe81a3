"""Searches on a dask cluster of two processes, compared with local searches."""

import os

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchClassifier

distributed = pytest.importorskip("dask.distributed")

# Warnings of dask itself are not the subject of these tests.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

X, y = load_iris(return_X_y=True)
RATES = {"mlpscratchclassifier__learning_rate_init": np.logspace(-4, -1, 8)}


def pipeline_of(**params):
    defaults = {"batch_size": 32, "max_iter": 30, "tol": 0, "dropout": 0.1, "random_state": 0}
    return make_pipeline(StandardScaler(), MLPScratchClassifier((8,), **{**defaults, **params}))


def assert_same_scores(actual, expected):
    for name, values in expected.cv_results_.items():
        if "test_score" in name:
            np.testing.assert_array_equal(actual.cv_results_[name], values)
    np.testing.assert_array_equal(actual.predict_proba(X), expected.predict_proba(X))


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_grid_search(client, monkeypatch):
    sent, scatter = [], distributed.Client.scatter

    def recorded(client, data, **options):
        sent.extend(data if isinstance(data, list) else [data])
        return scatter(client, data, **options)

    monkeypatch.setattr(distributed.Client, "scatter", recorded)
    with joblib.parallel_config(backend="dask", scatter=[X, y]):
        actual = GridSearchCV(pipeline_of(), RATES).fit(X, y)
    assert_same_scores(actual, GridSearchCV(pipeline_of(), RATES).fit(X, y))
    assert sum(data is X for data in sent) == sum(data is y for data in sent) == 1


def process_id(estimator, X, y):
    """Return the id of the process that trains the network as the score."""
    return float(os.getpid())


def test_fits_run_on_the_workers(client):
    clf = MLPScratchClassifier(early_stopping=True, max_iter=2, scoring=process_id)
    with joblib.parallel_config(backend="dask"):
        fits = cross_validate(clf, X, y, return_estimator=True)["estimator"]
    pids = {int(fitted.best_validation_score_) for fitted in fits}
    assert pids <= set(client.run(os.getpid).values())
