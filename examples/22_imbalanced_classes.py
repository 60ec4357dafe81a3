"""Imbalanced classes: what accuracy hides, and what class weights change."""

# %% Two moons again, one of them rare: 5 samples in 100. Who never predicts it is right 95 times.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss, precision_recall_curve, precision_score, recall_score

from skscratch import MLPScratchClassifier

began = perf_counter()

X, y = make_moons((950, 50), noise=0.3, random_state=0)
X_test, y_test = make_moons((19_000, 1_000), noise=0.3, random_state=1)


def train(sample_weight=None, **parameters):
    """Return a network trained on the moons."""
    network = MLPScratchClassifier(
        hidden_layer_sizes=(32,),
        learning_rate_init=0.01,
        alpha=0,
        weight_regularizer_l2=1e-4,
        batch_size=64,
        max_iter=100,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=0,
        **parameters,
    )
    return network.fit(X, y, sample_weight)


def report(name, predicted):
    """Print how good predictions are, and what they cost."""
    missed, false_alarms = np.sum(~predicted & (y_test == 1)), np.sum(predicted & (y_test == 0))
    print(
        f"{name:28} {np.mean(predicted == y_test):8.3f} {recall_score(y_test, predicted):8.3f} "
        f"{precision_score(y_test, predicted, zero_division=np.nan):9.3f} "
        f"{(20 * missed + false_alarms) / len(y_test):8.3f}"
    )


# %% Four answers. Recall is the share of the rare class that is found, precision the share of what
# is found that belongs to it. The cost says what matters: here a rare sample missed costs 20, and a
# false alarm 1.
plain = train()
balanced = train(class_weight="balanced")
p_plain, p_balanced = (network.predict_proba(X_test)[:, 1] for network in (plain, balanced))
print("                             accuracy   recall precision     cost")
report("never", np.zeros(len(y_test), bool))
report("plain", p_plain > 1 / 2)
report("balanced", p_balanced > 1 / 2)
report("plain, threshold 1/21", p_plain > 1 / 21)

# %% class_weight="balanced" gives both classes the same weight in all: it is the sample weights
# n_samples / (2 * n_samples_of_the_class), and no more.
by_hand = train(sample_weight=(len(y) / (2 * np.bincount(y)))[y])
assert np.allclose(by_hand.predict_proba(X_test)[:, 1], p_balanced)

# %% Its probabilities are then those of a world in which both moons are as frequent. If they are to
# be believed, leave the weights alone and move the threshold: where a miss costs 20 false alarms,
# raise the alarm from a probability of 1/21. That is the fourth line above, and nearly as cheap.
# Both networks put the samples into nearly the same order, as their curves show.
print("\n          mean probability   log loss")
for name, probability in (("plain", p_plain), ("balanced", p_balanced)):
    print(f"{name:10} {probability.mean():15.3f} {log_loss(y_test, probability):10.3f}")
print(f"the truth  {y_test.mean():15.3f}")

# %% Both networks' regions, and all of their thresholds.
figure, axes = plt.subplots(1, 3, figsize=(15, 4.6), layout="constrained")
colors = np.array(["tab:blue", "tab:red"])
for ax, network, name in zip(axes, (plain, balanced), ("Plain", "Balanced"), strict=False):
    DecisionBoundaryDisplay.from_estimator(
        network, X, plot_method="pcolormesh", cmap="RdBu_r", alpha=0.7, eps=0.2, ax=ax
    )
    ax.scatter(*X.T, c=colors[y], s=12, edgecolors="white", linewidths=0.4)
    ax.set(title=name, xticks=[], yticks=[])
for probability, name in ((p_plain, "plain"), (p_balanced, "balanced")):
    precision, recall, thresholds = precision_recall_curve(y_test, probability)
    (line,) = axes[2].plot(recall, precision, label=name)
    for threshold, marker in ((1 / 2, "o"), (1 / 21, "s")):
        at = np.searchsorted(thresholds, threshold)
        axes[2].plot(recall[at], precision[at], marker, color=line.get_color(), markersize=9)
axes[2].set(title="All thresholds; circle: 1/2, square: 1/21", xlabel="recall", ylabel="precision")
axes[2].legend()

path = Path(__file__).parent / "figures" / "22_imbalanced_classes.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
