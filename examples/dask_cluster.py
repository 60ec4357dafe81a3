"""A random search on a dask cluster: two processes here, several machines in production."""

# %% `LocalCluster` starts worker processes on this machine. For a cluster of machines, pass its
# address to `Client`. skscratch has to be installed on the workers.
import sys
from time import perf_counter

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skscratch import MLPScratchClassifier

try:
    from dask.distributed import Client, LocalCluster, get_task_stream
except ImportError:
    print("This example requires dask: pip install 'dask[distributed]'")
    sys.exit()

X, y = load_digits(return_X_y=True)
pipeline = make_pipeline(
    MinMaxScaler(),
    MLPScratchClassifier((64,), batch_size=32, max_iter=20, tol=0, random_state=0),
)
search = RandomizedSearchCV(
    pipeline,
    {
        "mlpscratchclassifier__learning_rate_init": np.logspace(-4, -1, 200),
        "mlpscratchclassifier__alpha": np.logspace(-5, 1, 200),
    },
    n_iter=10,
    cv=3,
    refit=False,
    random_state=0,
)

# %% The search runs in this process and on the workers. With `scatter`, the data are sent to each
# worker once instead of with each of the 30 fits. If a worker is lost, dask repeats its fits on
# another one. The workers import this script, so the code is in the block of the main module. Fits
# of a fraction of a second, as here, take longer on a cluster, because of the communication.
if __name__ == "__main__":
    start = perf_counter()
    search.fit(X, y)
    seconds_here = perf_counter() - start
    scores = search.cv_results_["mean_test_score"]

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        joblib.parallel_config(backend="dask", scatter=[X, y]),
    ):
        clone(search).set_params(n_iter=2).fit(X, y)  # the workers import modules
        with get_task_stream(client) as stream:
            start = perf_counter()
            search.fit(X, y)
            seconds_there = perf_counter() - start
        tasks = stream.data
    print(f"{len(scores)} settings, 3 folds")
    print(f"    in this process  {seconds_here:.1f} s")
    print(f"    on two workers   {seconds_there:.1f} s")
    print(f"Identical scores: {np.array_equal(scores, search.cv_results_['mean_test_score'])}")
    print(f"Best accuracy {search.best_score_:.4f} with")
    for name, value in search.best_params_.items():
        print(f"    {name.removeprefix('mlpscratchclassifier__')} = {value:.3g}")

    # %% The figure shows the tasks of each worker. A task contains one or several fits.
    workers = sorted({task["worker"] for task in tasks})
    computations = [
        (workers.index(task["worker"]), part["start"], part["stop"])
        for task in tasks
        for part in task["startstops"]
        if part["action"] == "compute"
    ]
    first = min(start for _, start, _ in computations)
    figure, ax = plt.subplots(figsize=(8, 2.6), layout="constrained")
    for worker, start, stop in computations:
        color = ("tab:blue", "tab:orange")[worker]
        span = [(start - first, stop - start)]
        ax.broken_barh(span, (worker - 0.35, 0.7), color=color, edgecolor="white")
    ax.set_yticks(range(len(workers)), [f"worker {k + 1}" for k in range(len(workers))])
    ax.set(xlabel="seconds", title="Tasks of a search on two workers")

    plt.show()
