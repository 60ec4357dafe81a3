"""Out-of-sample data: generalization and overfitting."""

# %% Two samples from the same distribution. The network is trained on the first. The second is
# passed as a validation set, which is evaluated after each epoch and does not affect training.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from skscratch import MLPScratchClassifier
from skscratch.datasets import make_spiral
from skscratch.inspection import LossCurveDisplay

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
    max_iter=5_000,
    tol=0,
    n_iter_no_change=np.inf,
    random_state=0,
)
network.fit(X, y, X_val=X_new, y_val=y_new)
history = network.history_
print(f"After {network.n_iter_:,} epochs")
print(f"    training    accuracy {network.score(X, y):.3f}, loss {network.loss_:.3f}")
print(
    f"    validation  accuracy {network.score(X_new, y_new):.3f}, "
    f"loss {history['validation_loss'][-1]:.3f}"
)

# %% The best possible accuracy is known, because the distribution is: the arm of class k is at the
# angle 10 (r + k) at radius r, and noise is added to the angle. The optimal rule chooses the
# nearest arm. A higher accuracy on the training data means that the network has fitted noise.


def nearest_arm(X):
    """Return the class whose arm is nearest in angle."""
    radius, angle = np.hypot(*X.T), np.arctan2(*X.T)
    differences = angle[:, np.newaxis] - 10 * (radius[:, np.newaxis] + np.arange(3))
    return np.abs(np.angle(np.exp(1j * differences))).argmin(axis=1)


X_many, y_many = make_spiral(n_samples=100_000, random_state=1)
best_possible = np.mean(nearest_arm(X_many) == y_many)
print(f"\nAccuracy on {len(X_many):,} new samples")
print(f"    network       {network.score(X_many, y_many):.3f}")
print(f"    optimal rule  {best_possible:.3f}")

# %% The training loss decreases until the end. The validation loss has a minimum at an early epoch
# and increases afterwards, because the network becomes more confident, even where it is wrong. The
# accuracy hardly changes.
best = int(np.argmin(history["validation_loss"]))
probability = network.predict_proba(X_new).max(axis=1)
wrong = network.predict(X_new) != y_new
print(
    f"\nLowest validation loss: {history['validation_loss'][best]:.3f} in epoch {best + 1},",
    end=" ",
)
print(f"with an accuracy of {history['validation_score'][best]:.3f}")
print("Mean probability of the predicted class after the last epoch")
print(f"    correct predictions  {probability[~wrong].mean():.2f}")
print(f"    errors               {probability[wrong].mean():.2f}")

# %% The figure shows both losses, both accuracies, and the decision regions with the second sample.
figure, (losses, accuracies, regions) = plt.subplots(1, 3, figsize=(12, 3.9), layout="constrained")
LossCurveDisplay.from_estimator(network, ax=losses, linewidth=1)
losses.set(title="Loss", xscale="log", yscale="log")
epochs = np.arange(1, network.n_iter_ + 1)
accuracies.plot(epochs, history["accuracy"], linewidth=1, label="training")
accuracies.plot(epochs, history["validation_score"], linewidth=1, label="validation")
accuracies.axhline(best_possible, color="black", linestyle=":", label="optimal rule")
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
regions.set(title="Second sample (errors: black edge)", xticks=[], yticks=[], aspect="equal")

plt.show()
