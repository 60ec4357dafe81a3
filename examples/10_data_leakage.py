"""Data leakage: scores that are too high, on data that cannot be predicted."""

# %% Random labels cannot be predicted: the true accuracy is 0.5. If a procedure estimates more,
# information has leaked from the validation data into training. The procedures are tested with this
# network:
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from sklearn.datasets import load_wine
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchClassifier

network = make_pipeline(
    StandardScaler(),
    MLPScratchClassifier(
        (64,), learning_rate_init=0.02, batch_size=64, max_iter=15, tol=0, random_state=0
    ),
)

# %% Feature selection. The features are noise, and the labels are random. Of thousands of features,
# some correlate with the labels by chance. If they are selected with the labels of all samples,
# they correlate in the validation folds as well. In a pipeline, they are selected with the training
# folds only.
selector = SelectKBest(k=20)
outside, inside = [], []
for seed in range(10):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(100, 2000)), rng.integers(2, size=100)
    outside.append(cross_val_score(network, selector.fit_transform(X, y), y).mean())
    inside.append(cross_val_score(make_pipeline(selector, network), X, y).mean())
print("Selection from 2,000 random features")
for name, scores in (("outside the folds", outside), ("in the pipeline", inside)):
    print(f"    {name:24} accuracy {np.mean(scores):.3f} +- {np.std(scores):.3f}")

# %% A scaler outside the folds is the same mistake. Its effect is smaller, because means and
# standard deviations hardly depend on a single fold, and labels are not used. A pipeline is equally
# simple and always correct.
X, y = load_wine(return_X_y=True)
folds = KFold(5, shuffle=True, random_state=0)
scaled_outside = cross_val_score(network[-1], StandardScaler().fit_transform(X), y, cv=folds)
scaled_inside = cross_val_score(network, X, y, cv=folds)
print("Scaled wine data")
print(f"    outside the folds        accuracy {scaled_outside.mean():.3f}")
print(f"    in the pipeline          accuracy {scaled_inside.mean():.3f}")

# %% Time series. A random walk changes by a random amount each day. The label states whether it
# will be higher in forty days than today. The features are its means over the last 1, 10, 40 and
# 100 days.
horizon, spans = 40, (1, 10, 40, 100)


def walk(seed):
    """Return the features and the label of each day of a random walk."""
    path = np.random.default_rng(seed).normal(size=1000).cumsum()
    past = np.lib.stride_tricks.sliding_window_view(path, max(spans))[:-horizon]
    X = np.stack([past[:, -span:].mean(axis=1) for span in spans], axis=1)
    return X, path[max(spans) - 1 + horizon :] > past[:, -1]


# %% Consecutive days have similar features and labels. With shuffled folds, the neighbours of
# a validation day are in the training set. Folds in order still train on later days.
# `TimeSeriesSplit` trains on the past only, and its gap excludes the days whose labels are not
# known at the start of the validation.
splitters = {
    "KFold, shuffled": KFold(5, shuffle=True, random_state=0),
    "KFold": KFold(5),
    "TimeSeriesSplit": TimeSeriesSplit(5, gap=horizon),
}
walks = [walk(seed) for seed in range(10)]
walk_scores = [
    [cross_val_score(network, X, y, cv=splitter).mean() for X, y in walks]
    for splitter in splitters.values()
]
print(f"{len(walks)} random walks")
for name, scores in zip(splitters, walk_scores, strict=True):
    print(f"    {name:24} accuracy {np.mean(scores):.3f} +- {np.std(scores):.3f}")

# %% The figure shows the accuracies of each procedure, and the training and validation days of the
# three splitters.
figure, (features, days, time) = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
for ax, names, scores in (
    (features, ["outside\nthe folds", "in the\npipeline"], [outside, inside]),
    (time, list(splitters), walk_scores),
):
    ax.boxplot(scores, widths=0.5, medianprops={"color": "tab:orange"})
    ax.axhline(0.5, color="black", linestyle=":", zorder=0)
    ax.set_xticks(range(1, len(names) + 1), names)
    ax.set(ylim=(0.3, 1), ylabel="accuracy (true value: 0.5)")
features.set_title("Selection of random features")
time.set_title("Predictions of random walks")

n_days = len(walks[0][0])
uses = np.full((3, 6, n_days), np.nan)
for block, splitter in zip(uses, splitters.values(), strict=True):
    for row, (training, validation) in zip(block, splitter.split(*walks[0]), strict=False):
        row[training], row[validation] = 0, 1
days.pcolormesh(uses.reshape(18, n_days)[::-1], cmap=ListedColormap(["tab:blue", "tab:orange"]))
days.set_yticks([15.5, 9.5, 3.5], splitters, rotation=90, va="center")
days.set(title="Training (blue) and validation (orange)", xlabel="day", ylim=(1, 18))

plt.show()
