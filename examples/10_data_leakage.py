"""Data leakage: scores that are too good, where the right score is known."""

# %% Nobody foretells chance. On chance, the right accuracy is one half; a procedure that finds more
# lets something leak from the validation data into the training. A network to try procedures on:
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from sklearn.datasets import load_wine
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchClassifier

began = perf_counter()

network = make_pipeline(
    StandardScaler(),
    MLPScratchClassifier(
        (64,), learning_rate_init=0.02, batch_size=64, max_iter=15, tol=0, random_state=0
    ),
)

# %% Feature selection: samples of noise, labels from a coin. Of thousands of features, some agree
# with the coin by chance. Chosen by the labels of all samples, they do so in the validation folds
# too. Chosen in the pipeline, they have seen the training folds only.
selector = SelectKBest(k=20)
outside, inside = [], []
for seed in range(10):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(100, 2000)), rng.integers(2, size=100)
    outside.append(cross_val_score(network, selector.fit_transform(X, y), y).mean())
    inside.append(cross_val_score(make_pipeline(selector, network), X, y).mean())
print("Features selected from noise")
for name, scores in (("outside of the folds", outside), ("in the pipeline", inside)):
    print(f"    {name:24} accuracy {np.mean(scores):.3f} +- {np.std(scores):.3f}")

# %% A scaler outside of the folds is the same mistake. It does less harm: means and deviations
# hardly depend on one fold, and labels do not enter. But a pipeline is as easy, and always right.
X, y = load_wine(return_X_y=True)
folds = KFold(5, shuffle=True, random_state=0)
scaled_outside = cross_val_score(network[-1], StandardScaler().fit_transform(X), y, cv=folds)
scaled_inside = cross_val_score(network, X, y, cv=folds)
print("Wines scaled")
print(f"    outside of the folds     accuracy {scaled_outside.mean():.3f}")
print(f"    in the pipeline          accuracy {scaled_inside.mean():.3f}")

# %% Time: a random walk takes a chance step every day. Will it be higher in forty days than today?
# The features are its means over the last 1, 10, 40 and 100 days.
horizon, spans = 40, (1, 10, 40, 100)


def walk(seed):
    """Return the features and the label of each day of a random walk."""
    path = np.random.default_rng(seed).normal(size=1000).cumsum()
    past = np.lib.stride_tricks.sliding_window_view(path, max(spans))[:-horizon]
    X = np.stack([past[:, -span:].mean(axis=1) for span in spans], axis=1)
    return X, path[max(spans) - 1 + horizon :] > past[:, -1]


# %% A day is much like the days before and after it, and so is its label. Shuffled folds put those
# days into the training set, and the network has only to recognize them. Folds in order still train
# on what came later. TimeSeriesSplit trains on the past alone, and its gap leaves out the days
# whose label was not known yet on the first day of the validation.
splitters = {
    "KFold, shuffled": KFold(5, shuffle=True, random_state=0),
    "KFold": KFold(5),
    "TimeSeriesSplit": TimeSeriesSplit(5, gap=horizon),
}
walks = [walk(seed) for seed in range(10)]
foretold = [
    [cross_val_score(network, X, y, cv=splitter).mean() for X, y in walks]
    for splitter in splitters.values()
]
print(f"{len(walks)} random walks foretold")
for name, scores in zip(splitters, foretold, strict=True):
    print(f"    {name:24} accuracy {np.mean(scores):.3f} +- {np.std(scores):.3f}")

# %% Each procedure's accuracies, and which days the three splitters train and validate on.
figure, (features, days, time) = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
for ax, names, scores in (
    (features, ["outside of\nthe folds", "in the\npipeline"], [outside, inside]),
    (time, list(splitters), foretold),
):
    ax.boxplot(scores, widths=0.5, medianprops={"color": "tab:orange"})
    ax.axhline(0.5, color="black", linestyle=":", zorder=0)
    ax.set_xticks(range(1, len(names) + 1), names)
    ax.set(ylim=(0.3, 1), ylabel="accuracy; the truth is 0.5")
features.set_title("Features selected from noise")
time.set_title("Random walks foretold")

n_days = len(walks[0][0])
uses = np.full((3, 6, n_days), np.nan)
for block, splitter in zip(uses, splitters.values(), strict=True):
    for row, (training, validation) in zip(block, splitter.split(*walks[0]), strict=False):
        row[training], row[validation] = 0, 1
days.pcolormesh(uses.reshape(18, n_days)[::-1], cmap=ListedColormap(["tab:blue", "tab:orange"]))
days.set_yticks([15.5, 9.5, 3.5], splitters, rotation=90, va="center")
days.set(title="Days to train on (blue), to validate on (orange)", xlabel="day", ylim=(1, 18))

path = Path(__file__).parent / "figures" / "10_data_leakage.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
