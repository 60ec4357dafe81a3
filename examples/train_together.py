"""Searches and ensembles trained together, and halving that never trains an epoch twice."""

# %% The grid: five learning rates, four strengths of L2 and three of dropout, on the digits. That
# is 60 settings, and with three folds 180 networks.
import warnings
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import load_digits
from sklearn.ensemble import BaggingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from skscratch import MLPScratchClassifier, train_together

began = perf_counter()

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
clf = MLPScratchClassifier((32,), batch_size=32, max_iter=20, tol=0, random_state=0)
grid = {
    "learning_rate_init": np.logspace(-3.5, -0.5, 5),
    "weight_regularizer_l2": [0, 1e-3, 1e-2, 1e-1],
    "dropout": [0, 0.25, 0.5],
}


# %% Both searches have two processes, which have been started and have imported everything.
def warm_up():
    """Start the workers, and let them import what they need."""
    Parallel(n_jobs=2)(delayed(GridSearchCV(clf, {"alpha": [0]}, cv=2).fit)(X, y) for _ in range(4))


def timed(tool):
    """Fit; return what was fitted and its seconds."""
    start = perf_counter()
    tool.fit(X, y)
    return tool, perf_counter() - start


warm_up()
single, seconds_single = timed(GridSearchCV(clf, grid, cv=3, n_jobs=2, refit=False))
with train_together(n_jobs=2):
    together, seconds_together = timed(GridSearchCV(clf, grid, cv=3, refit=False))
scores = together.cv_results_["mean_test_score"]
print(f"{len(scores)} settings x 3 folds, with two jobs:")
print(f"    each fit for itself {seconds_single:5.1f} s")
print(f"    trained together    {seconds_together:5.1f} s,", end=" ")
print(f"{seconds_single / seconds_together:.1f} x")
same = np.array_equal(scores, single.cv_results_["mean_test_score"])
print(f"    the same scores, to the last digit: {same}")
print("Best:", ", ".join(f"{name}={value:.3g}" for name, value in together.best_params_.items()))

# %% Whatever fits through joblib can be trained together: an ensemble, say, each of whose networks
# has the same number of samples.
bagging = BaggingClassifier(clf, 20, max_samples=0.6, bootstrap=False, n_jobs=2, random_state=0)
_, seconds_alone = timed(bagging)
with train_together(n_jobs=2):
    _, seconds_bagging = timed(bagging)
print(f"\nBagging of 20: {seconds_alone:.1f} s, trained together {seconds_bagging:.1f} s")

# %% Successive halving: after a few epochs two thirds of the settings are given up, and so on.
# Those that are left are trained from the beginning again; with resume=True, on from where they
# are.
rungs = {"resource": "max_iter", "min_resources": 3, "max_resources": 81, "cv": 3, "refit": False}
rates = {"learning_rate_init": np.logspace(-4, -0.5, 27)}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    again, seconds_again = timed(HalvingGridSearchCV(clf, rates, n_jobs=2, **rungs))
    with train_together(n_jobs=2, resume=True):
        halving, seconds_halving = timed(HalvingGridSearchCV(clf, rates, **rungs))
used = np.multiply(halving.n_resources_, halving.n_candidates_) * 3
left = np.multiply(np.diff(halving.n_resources_, prepend=0), halving.n_candidates_) * 3
print(f"\n27 learning rates, {halving.n_resources_} epochs for {halving.n_candidates_} of them:")
print(f"    starting again {used.sum():5} epochs in {seconds_again:5.1f} s")
print(f"    going on       {left.sum():5} epochs in {seconds_halving:5.1f} s")
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
times = [seconds_single, seconds_together, seconds_again, seconds_halving]
names = ["grid", "grid,\ntogether", "halving", "halving,\ntogether"]
colors = ["tab:gray", "tab:blue", "tab:gray", "tab:blue"]
bars = axes[3].bar(names, times, color=colors)
axes[3].bar_label(bars, [f"{seconds:.1f} s" for seconds in times])
axes[3].set(title="The same scores, two jobs", ylabel="seconds")
axes[3].spines[["top", "right"]].set_visible(False)

path = Path(__file__).parent / "figures" / "train_together.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
