"""Out-of-sample data: what a network has learned, and what it has only memorized."""

# %% Two draws of the same spiral. The network trains on the first; on the second, from which it
# never learns, fit() only measures it after every epoch.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from skscratch import MLPScratchClassifier
from skscratch.datasets import make_spiral
from skscratch.inspection import LossCurveDisplay

began = perf_counter()

random_state = np.random.RandomState(0)
X, y = make_spiral(random_state=random_state)
X_new, y_new = make_spiral(random_state=random_state)

network = MLPScratchClassifier(
    hidden_layer_sizes=(64,),
    solver="adam",
    learning_rate_init=0.05,
    decay=5e-7,
    alpha=0,
    batch_size=len(X),
    max_iter=10_000,
    tol=0,
    n_iter_no_change=np.inf,
    random_state=0,
)
network.fit(X, y, X_val=X_new, y_val=y_new)
history = network.history_
print(f"After {network.n_iter_:,} epochs")
print(f"    in the sample      accuracy {network.score(X, y):.3f}, loss {network.loss_:.3f}")
print(
    f"    out of the sample  accuracy {network.score(X_new, y_new):.3f}, "
    f"loss {history['validation_loss'][-1]:.3f}"
)

# %% How good could it be? We know how the spiral is made: the arm of class k is at the angle
# 10 (r + k) at radius r, and noise turns the samples to and fro. Nothing is better than to choose
# the nearest arm. Whoever is right more often than that on the training data has learned the noise.


def nearest_arm(X):
    """Return the class whose arm is the least turn away."""
    radius, angle = np.hypot(*X.T), np.arctan2(*X.T)
    turns = angle[:, np.newaxis] - 10 * (radius[:, np.newaxis] + np.arange(3))
    return np.abs(np.angle(np.exp(1j * turns))).argmin(axis=1)


X_many, y_many = make_spiral(n_samples=100_000, random_state=1)
best_possible = np.mean(nearest_arm(X_many) == y_many)
print(f"\nOn {len(X_many):,} new samples, the network's accuracy is", end=" ")
print(f"{network.score(X_many, y_many):.3f}, that of the best possible rule {best_possible:.3f}.")

# %% When did it begin? In the sample the loss goes on falling. Out of the sample it turns early on:
# from there the network becomes surer of itself, also where it is wrong. The accuracy hardly shows.
turn = int(np.argmin(history["validation_loss"]))
probability = network.predict_proba(X_new).max(axis=1)
wrong = network.predict(X_new) != y_new
print(f"\nOut of the sample, the loss was least after {turn + 1} epochs:", end=" ")
print(f"{history['validation_loss'][turn]:.3f}, at an accuracy of", end=" ")
print(f"{history['validation_score'][turn]:.3f}.")
print("In the end the network gives its right answers a probability of", end=" ")
print(f"{probability[~wrong].mean():.2f}, and its wrong ones {probability[wrong].mean():.2f}.")

# %% The two curves parting, and the network's regions with the second draw's samples.
figure, (losses, accuracies, regions) = plt.subplots(1, 3, figsize=(15, 4.6), layout="constrained")
LossCurveDisplay.from_estimator(network, ax=losses, linewidth=1)
losses.set(title="Loss", xscale="log", yscale="log")
epochs = np.arange(1, network.n_iter_ + 1)
accuracies.plot(epochs, history["accuracy"], linewidth=1, label="in the sample")
accuracies.plot(epochs, history["validation_score"], linewidth=1, label="out of the sample")
accuracies.axhline(best_possible, color="black", linestyle=":", label="the best possible rule")
accuracies.set(title="Accuracy", xlabel="epoch", xscale="log")
accuracies.legend()
colors = np.array(["tab:blue", "tab:orange", "tab:green"])
DecisionBoundaryDisplay.from_estimator(
    network,
    X,
    response_method="predict_proba",
    plot_method="pcolormesh",
    multiclass_colors=colors.tolist(),
    grid_resolution=200,
    eps=0.1,
    alpha=0.6,
    ax=regions,
)
regions.scatter(*X_new[~wrong].T, c=colors[y_new[~wrong]], s=10)
regions.scatter(*X_new[wrong].T, c=colors[y_new[wrong]], s=25, edgecolors="black")
regions.set(title="The second draw; ringed: wrong", xticks=[], yticks=[], aspect="equal")

path = Path(__file__).parent / "figures" / "08_out_of_sample.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
