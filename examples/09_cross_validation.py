"""Validation and test: what to choose by, what to report, and how many folds it takes."""

# %% A fifth of the digits is the test set. It is put away, and looked at once, when everything has
# been decided. All decisions are made on the rest.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import (
    LearningCurveDisplay,
    ShuffleSplit,
    StratifiedKFold,
    ValidationCurveDisplay,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skscratch import MLPScratchClassifier

began = perf_counter()

X, y = load_digits(return_X_y=True)
X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
print(f"{len(X_rest)} digits to decide by, {len(X_test)} to test on")

network = make_pipeline(
    MinMaxScaler(),
    MLPScratchClassifier(
        hidden_layer_sizes=(32,),
        learning_rate_init=0.005,
        batch_size=64,
        max_iter=20,
        tol=0,
        random_state=0,
    ),
)

# %% The simplest validation trains on most of the rest and validates on what is left. But what is
# left is a matter of luck. The same network, validated on twenty random tenths:
splits = ShuffleSplit(n_splits=20, test_size=0.1, random_state=0)
singles = cross_val_score(network, X_rest, y_rest, cv=splits)
print(f"\nOne split: accuracy from {singles.min():.3f} to {singles.max():.3f}")

# %% k-fold cross-validation cuts the rest into k parts and validates on each in turn, so that every
# sample is validated on once. The mean depends far less on luck. Five folds, cut in six ways:
means = []
for seed in range(6):
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=seed)
    means.append(cross_val_score(network, X_rest, y_rest, cv=folds).mean())
print(f"Mean of five folds: accuracy from {min(means):.3f} to {max(means):.3f}")

# %% Whatever is chosen by a score, its score is too good: the best of many is also the luckiest.
# Twenty networks that differ in nothing but their first weights, and the best of them on a
# validation set. Its lead over the others is luck, and does not come with it to fresh data.
X_train, X_left, y_train, y_left = train_test_split(X_rest, y_rest, test_size=0.4, random_state=0)
X_valid, X_fresh, y_valid, y_fresh = train_test_split(X_left, y_left, test_size=0.5, random_state=0)
scores = []
for seed in range(20):
    candidate = clone(network).set_params(mlpscratchclassifier__random_state=seed)
    candidate.fit(X_train, y_train)
    scores.append((candidate.score(X_valid, y_valid), candidate.score(X_fresh, y_fresh)))
lead_valid, lead_fresh = max(scores) - np.mean(scores, axis=0)
print(f"\nThe best of {len(scores)} equals leads by {lead_valid:.3f} where it was chosen,", end=" ")
print(f"by {lead_fresh:.3f} on fresh data")

# %% A real choice: how strong a penalty on the weights? The training score would have none. The
# validation score cannot tell the weak ones apart, its differences are luck again; so take the
# strongest whose score is within one standard error of the best.
folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
figure, (luck, penalty, size) = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
curve = ValidationCurveDisplay.from_estimator(
    network,
    X_rest,
    y_rest,
    param_name="mlpscratchclassifier__weight_regularizer_l2",
    param_range=np.logspace(-6, -1.5, 7),
    cv=folds,
    ax=penalty,
)
mean = curve.test_scores.mean(axis=1)
error = curve.test_scores.std(axis=1) / np.sqrt(folds.get_n_splits())
best = mean.argmax()
chosen = np.flatnonzero(mean >= mean[best] - error[best])[-1]
for name, index in {"Best": best, "Chosen": chosen}.items():
    print(f"{name} penalty: {curve.param_range[index]:.0e}, accuracy {mean[index]:.3f}", end=" ")
    print(f"+- {error[index]:.3f}")
network.set_params(mlpscratchclassifier__weight_regularizer_l2=curve.param_range[chosen])

# %% Would more data help? Train on ever more of each fold's digits: as long as the validation score
# still rises, and is below the training score, they would.
LearningCurveDisplay.from_estimator(
    network, X_rest, y_rest, train_sizes=np.linspace(0.1, 1, 5), cv=folds, ax=size
)

# %% All has been decided. Train on all of the rest, and take the test set out of its drawer, once.
network.fit(X_rest, y_rest)
print(f"\nTest accuracy {network.score(X_test, y_test):.4f}")

# %% Luck, a penalty's validation curve, and a learning curve.
bins = np.linspace(0.92, 1, 33)
luck.hist(singles, bins, label="one split")
luck.hist(means, bins, label="mean of five folds", alpha=0.8)
luck.set(xlabel="accuracy", ylabel="how often", title="The same network, validated often")
luck.legend()
penalty.set(
    xlabel="weight_regularizer_l2",
    ylabel="accuracy",
    title="Validation curve, mean and standard deviation",
)
penalty.axvline(curve.param_range[chosen], color="black", linestyle=":", zorder=0)
size.set(ylabel="accuracy", title="Learning curve, mean and standard deviation")
for ax in (penalty, size):
    ax.legend(ax.lines[:2], ["training folds", "validation fold"])

path = Path(__file__).parent / "figures" / "09_cross_validation.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
