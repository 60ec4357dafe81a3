"""A grid over three parameters in one go, and halving that never trains an epoch twice."""

# %% The grid: eight learning rates, six strengths of L2 and three of dropout, on the digits. That
# is 144 settings, and with three folds 432 networks.
import warnings
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from skscratch import MLPScratchClassifier
from skscratch.model_selection import BatchedGridSearchCV, BatchedHalvingGridSearchCV

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
clf = MLPScratchClassifier((32,), batch_size=32, max_iter=5, tol=0, random_state=0)
grid = {
    "learning_rate_init": np.logspace(-4, -0.5, 8),
    "weight_regularizer_l2": [0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
    "dropout": [0, 0.25, 0.5],
}


# %% Both searches have two processes, which have been started and have imported everything.
def warm_up():
    """Start the workers, and let them import what they need."""
    Parallel(n_jobs=2)(delayed(GridSearchCV(clf, {"alpha": [0]}, cv=2).fit)(X, y) for _ in range(4))


def timed(search):
    """Fit a search; return it and its seconds."""
    start = perf_counter()
    search.fit(X, y)
    return search, perf_counter() - start


warm_up()
batched, seconds_batched = timed(BatchedGridSearchCV(clf, grid, cv=3, n_jobs=2, refit=False))
single, seconds_single = timed(GridSearchCV(clf, grid, cv=3, n_jobs=2, refit=False))
scores = batched.cv_results_["mean_test_score"]
print(f"{len(scores)} settings x 3 folds, with two jobs:")
print(f"    GridSearchCV        {seconds_single:5.1f} s")
print(f"    BatchedGridSearchCV {seconds_batched:5.1f} s, {seconds_single / seconds_batched:.1f} x")
same = np.array_equal(scores, single.cv_results_["mean_test_score"])
print(f"    the same scores, to the last digit: {same}")
print("Best:", ", ".join(f"{name}={value:.3g}" for name, value in batched.best_params_.items()))

# %% Successive halving: after a few epochs two thirds of the settings are given up, and so on.
# HalvingGridSearchCV trains those that are left from the beginning again, the batched search trains
# them on from where they are.
rungs = {"resource": "max_iter", "min_resources": 3, "max_resources": 81, "cv": 3, "refit": False}
rates = {"learning_rate_init": np.logspace(-4, -0.5, 27)}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    halving, seconds_halving = timed(BatchedHalvingGridSearchCV(clf, rates, n_jobs=2, **rungs))
    again, seconds_again = timed(HalvingGridSearchCV(clf, rates, n_jobs=2, **rungs))
used = np.multiply(halving.n_resources_, halving.n_candidates_) * 3
print(f"\n27 learning rates, {halving.n_resources_} epochs for {halving.n_candidates_} of them:")
print(f"    HalvingGridSearchCV        {used.sum():5} epochs in {seconds_again:5.1f} s")
trained = halving.n_epochs_trained_
print(f"    BatchedHalvingGridSearchCV {trained:5} epochs in {seconds_halving:5.1f} s")
same = np.array_equal(halving.cv_results_["mean_test_score"], again.cv_results_["mean_test_score"])
print(f"    the same scores, to the last digit: {same}")

# %% The grid as heat maps, one for each strength of dropout, and what the searches took.
figure, axes = plt.subplots(1, 4, figsize=(15, 4.6), layout="constrained")
lattice = scores.reshape([len(grid[name]) for name in sorted(grid)])  # dropout, rate, L2
best = np.unravel_index(scores.argmax(), lattice.shape)
for k, (ax, dropout) in enumerate(zip(axes, grid["dropout"], strict=False)):
    image = ax.imshow(lattice[k], vmin=0.6, vmax=scores.max(), cmap="viridis", aspect="auto")
    rate_names = [f"{rate:.1g}" for rate in grid["learning_rate_init"]]
    ax.set_yticks(range(len(rate_names)), rate_names if k == 0 else [])
    l2_names = [f"{l2:g}" for l2 in grid["weight_regularizer_l2"]]
    ax.set_xticks(range(len(l2_names)), l2_names, rotation=45)
    ax.set(title=f"dropout {dropout:g}", xlabel="weight_regularizer_l2")
    if k == best[0]:
        ax.plot(best[2], best[1], "*", color="tab:red", markersize=16, label="best")
        ax.legend(loc="upper right")
axes[0].set_ylabel("learning_rate_init")
figure.colorbar(image, ax=axes[2], label="mean accuracy of 3 folds", extend="min")
times = [seconds_single, seconds_batched, seconds_again, seconds_halving]
names = ["grid", "grid,\nbatched", "halving", "halving,\nbatched"]
colors = ["tab:gray", "tab:blue", "tab:gray", "tab:blue"]
bars = axes[3].bar(names, times, color=colors)
axes[3].bar_label(bars, [f"{seconds:.1f} s" for seconds in times])
axes[3].set(title="The same scores, two jobs", ylabel="seconds")
axes[3].spines[["top", "right"]].set_visible(False)

path = Path(__file__).parent / "figures" / "batched_search.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}")
