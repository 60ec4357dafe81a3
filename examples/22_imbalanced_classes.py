"""Imbalanced classes: class weights and decision thresholds."""

# %% Two moons; 5% of the samples belong to the positive class. A classifier that never predicts it
# has an accuracy of 95%.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss, precision_recall_curve, precision_score, recall_score

from skscratch import MLPScratchClassifier

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
    """Print the metrics and the mean cost of predictions."""
    false_negatives = np.sum(~predicted & (y_test == 1))
    false_positives = np.sum(predicted & (y_test == 0))
    print(
        f"{name:28} {np.mean(predicted == y_test):8.3f} {recall_score(y_test, predicted):8.3f} "
        f"{precision_score(y_test, predicted, zero_division=np.nan):9.3f} "
        f"{(20 * false_negatives + false_positives) / len(y_test):8.3f}"
    )


# %% Four classifiers. Recall is the proportion of positive samples that are found, precision the
# proportion of positive predictions that are correct. Here, a false negative costs 20 and a false
# positive 1.
plain = train()
balanced = train(class_weight="balanced")
p_plain, p_balanced = (network.predict_proba(X_test)[:, 1] for network in (plain, balanced))
print("                             accuracy   recall precision     cost")
report("always negative", np.zeros(len(y_test), bool))
report("unweighted", p_plain > 1 / 2)
report("balanced", p_balanced > 1 / 2)
report("unweighted, threshold 1/21", p_plain > 1 / 21)

# %% `class_weight="balanced"` gives both classes the same total weight. It is equivalent to the
# sample weights n_samples / (2 * n_samples_of_the_class).
by_hand = train(sample_weight=(len(y) / (2 * np.bincount(y)))[y])
assert np.allclose(by_hand.predict_proba(X_test)[:, 1], p_balanced)

# %% With class weights, the predicted probabilities correspond to equally frequent classes. If
# calibrated probabilities are needed, train without class weights and change the threshold: if a
# false negative costs 20 times as much as a false positive, the optimal threshold is 1/21. Both
# methods have similar costs, because both networks rank the samples similarly, as the curves show.
print("\n          mean probability   log loss")
for name, probability in (("unweighted", p_plain), ("balanced", p_balanced)):
    print(f"{name:10} {probability.mean():15.3f} {log_loss(y_test, probability):10.3f}")
print(f"true value {y_test.mean():15.3f}")

# %% The figure shows the decision regions of both networks, and precision and recall for all
# thresholds.
figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
colors = np.array(["tab:blue", "tab:red"])
for ax, network, name in zip(axes, (plain, balanced), ("Unweighted", "Balanced"), strict=False):
    DecisionBoundaryDisplay.from_estimator(
        network, X, plot_method="pcolormesh", cmap="RdBu_r", alpha=0.7, eps=0.2, ax=ax
    )
    ax.scatter(*X.T, c=colors[y], s=12, edgecolors="white", linewidths=0.4)
    ax.set(title=name, xticks=[], yticks=[])
for probability, name in ((p_plain, "unweighted"), (p_balanced, "balanced")):
    precision, recall, thresholds = precision_recall_curve(y_test, probability)
    (line,) = axes[2].plot(recall, precision, label=name)
    for threshold, marker in ((1 / 2, "o"), (1 / 21, "s")):
        at = np.searchsorted(thresholds, threshold)
        axes[2].plot(recall[at], precision[at], marker, color=line.get_color(), markersize=9)
axes[2].plot([], [], "o", color="gray", label="threshold 1/2")
axes[2].plot([], [], "s", color="gray", label="threshold 1/21")
axes[2].set(title="Precision and recall", xlabel="recall", ylabel="precision")
axes[2].legend()

plt.show()
