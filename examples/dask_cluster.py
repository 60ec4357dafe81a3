"""A random search on a dask cluster: here two processes, in production as many machines."""

# %% LocalCluster starts processes on this machine. For a cluster of machines, pass its address to
# Client; skscratch has to be installed on the workers.
import sys
from pathlib import Path
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

began = perf_counter()

try:
    from dask.distributed import Client, LocalCluster
except ImportError:
    print("This example requires dask: pip install 'skscratch[dask]'")
    sys.exit()

X, y = load_digits(return_X_y=True)
pipeline = make_pipeline(
    MinMaxScaler(),
    MLPScratchClassifier((64,), batch_size=32, max_iter=10, tol=0, random_state=0),
)
search = RandomizedSearchCV(
    pipeline,
    {
        "mlpscratchclassifier__learning_rate_init": np.logspace(-4, -1, 200),
        "mlpscratchclassifier__alpha": np.logspace(-5, 1, 200),
    },
    n_iter=20,
    cv=3,
    refit=False,
    random_state=0,
)

# %% The same search in this process and on the workers. scatter sends the data to the workers once,
# instead of with each of the 60 fits. If a worker is lost, dask repeats its fits on another one.
if __name__ == "__main__":
    start = perf_counter()
    search.fit(X, y)
    seconds_here = perf_counter() - start
    scores = search.cv_results_["mean_test_score"]

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask", scatter=[X, y]),
    ):
        clone(search).set_params(n_iter=4).fit(X, y)  # the workers import their modules
        start = perf_counter()
        search.fit(X, y)
        seconds_there = perf_counter() - start
    same = np.allclose(scores, search.cv_results_["mean_test_score"])
    print(f"{len(scores)} settings x 3 folds: in this process {seconds_here:.1f} s,", end=" ")
    print(f"on two workers {seconds_there:.1f} s")
    print(f"Same scores: {same}")
    print(f"Best: {search.best_score_:.4f} with")
    for name, value in search.best_params_.items():
        print(f"    {name.removeprefix('mlpscratchclassifier__')} = {value:.3g}")

    # %% All settings and their scores.
    figure, ax = plt.subplots(figsize=(7, 4.8), layout="constrained")
    prefix = "param_mlpscratchclassifier__"
    rates, alphas = (search.cv_results_[prefix + name] for name in ("learning_rate_init", "alpha"))
    points = ax.scatter(rates, alphas, c=scores, s=70, vmin=0.9, cmap="viridis")
    best = search.best_index_
    ax.plot(rates[best], alphas[best], "o", markersize=15, fillstyle="none", color="tab:red")
    ax.set(xscale="log", yscale="log", xlabel="learning_rate_init", ylabel="alpha")
    ax.set_title("Twenty settings, trained on a dask cluster")
    figure.colorbar(points, label="mean accuracy of 3 folds", extend="min")

    path = Path(__file__).parent / "figures" / "dask_cluster.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=100)
    print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
