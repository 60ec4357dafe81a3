"""Searches over dask's workers, in processes of their own: the same scores as at home."""

import os
import signal
import threading
import time

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchClassifier, train_together
from skscratch.estimators.trainers import StochasticTrainer

distributed = pytest.importorskip("dask.distributed")

# What dask itself warns of is not at issue here.
pytestmark = pytest.mark.filterwarnings("ignore")

X, y = load_iris(return_X_y=True)
PIPELINE = make_pipeline(
    StandardScaler(),
    MLPScratchClassifier((8,), batch_size=32, max_iter=30, tol=0, dropout=0.1, random_state=0),
)
RATES = {"mlpscratchclassifier__learning_rate_init": np.logspace(-4, -1, 8)}


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def on_dask(client):
    with joblib.parallel_config(backend="dask"), train_together():
        yield client


def assert_same_scores(actual, expected):
    for name, values in expected.cv_results_.items():
        if "test_score" in name:
            np.testing.assert_array_equal(actual.cv_results_[name], values)
    np.testing.assert_array_equal(actual.predict_proba(X), expected.predict_proba(X))


def at_home(search):
    with joblib.parallel_config(backend="sequential"):
        return search.fit(X, y)


def test_grid_search(on_dask):
    grid = [RATES, {"mlpscratchclassifier": [LogisticRegression()]}]
    expected = at_home(GridSearchCV(PIPELINE, grid))
    assert_same_scores(GridSearchCV(PIPELINE, grid).fit(X, y), expected)


def test_halving(on_dask):
    params = {"resource": "mlpscratchclassifier__max_iter", "min_resources": 3, "max_resources": 27}
    search = HalvingGridSearchCV(PIPELINE, RATES, **params)
    expected = at_home(HalvingGridSearchCV(PIPELINE, RATES, **params))
    assert_same_scores(search.fit(X, y), expected)


def test_cross_validation(on_dask):
    scores = cross_val_score(PIPELINE, X, y)
    with joblib.parallel_config(backend="sequential"):
        np.testing.assert_array_equal(scores, cross_val_score(PIPELINE, X, y))


def process_of(estimator, X, y):
    """Score by the process in which the fit is validated."""
    return float(os.getpid())


@pytest.mark.parametrize("releases_gil", [False, True])
def test_every_fit_is_trained_by_the_workers(monkeypatch, on_dask, releases_gil):
    monkeypatch.setattr(StochasticTrainer, "releases_gil", releases_gil)
    clf = MLPScratchClassifier(early_stopping=True, max_iter=2, scoring=process_of)
    found = cross_validate(clf, X, y, return_estimator=True)["estimator"]
    pids = {int(fitted.best_validation_score_) for fitted in found}
    assert pids <= set(on_dask.run(os.getpid).values())


def test_a_lost_worker_costs_a_retry(on_dask):
    pipeline = make_pipeline(
        StandardScaler(),
        MLPScratchClassifier((8,), batch_size=4, max_iter=100, tol=0, random_state=0),
    )
    start = time.perf_counter()
    expected = at_home(GridSearchCV(pipeline, RATES, cv=3))
    seconds = (time.perf_counter() - start) / 4
    pids = set(on_dask.run(os.getpid).values())
    killed = []

    def kill():
        # In the middle: as soon as a worker has begun to train.
        while not any(on_dask.processing().values()):
            time.sleep(0.01)
        time.sleep(min(0.2, seconds / 8))
        worker = next(name for name, tasks in on_dask.processing().items() if tasks)
        killed.append(on_dask.run(os.getpid, workers=[worker])[worker])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    search = GridSearchCV(pipeline, RATES, cv=3).fit(X, y)
    killer.join()
    on_dask.wait_for_workers(2)
    assert killed[0] in pids - set(on_dask.run(os.getpid).values())
    assert_same_scores(search, expected)
