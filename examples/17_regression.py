"""Regression: numbers instead of classes, two losses for them, and a sine that is learned."""

# %% The output layer of a regressor has no activation: its sums are the predictions. They are
# measured by how far they are from their targets, squared or not.
from functools import partial
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import make_scorer

from skscratch import MLPScratchRegressor
from skscratch.datasets import make_sine
from skscratch.nn import (
    Adam,
    Dense,
    IdentitySquaredError,
    MeanAbsoluteError,
    MeanSquaredError,
    Network,
    ReLU,
    scaled_normal,
)
from skscratch.nn.testing import check_gradient

began = perf_counter()

y_pred, y_true = np.array([[3.0], [0.0], [1.0]]), np.array([[1.0], [0.5], [1.0]])
for loss in (MeanSquaredError(), MeanAbsoluteError()):
    print(f"{loss}: {loss.forward(y_pred, y_true)}, slopes {loss.backward(y_pred, y_true).ravel()}")

# %% The slope of the squared error grows with the error: what is far off pulls hard. That of the
# absolute error is 1 or -1 at any distance, upwards where the prediction is too high. The book
# prints it the other way round, and a step against that slope leads away from the target. Numbers
# decide: differences agree with sign(p - y), and each step by it comes nearer.
apart = y_pred[:2].copy()
absolute = MeanAbsoluteError()
slopes = absolute.backward(apart, y_true[:2])
check_gradient(lambda: absolute.calculate(apart, y_true[:2]), apart, slopes)
for name, sign in (("sign(p - y)", 1), ("sign(y - p), as printed", -1)):
    p = apart.copy()
    for _ in range(20):
        p -= 0.05 * sign * absolute.backward(p, y_true[:2])
    print(f"20 steps by {name}: loss {absolute.calculate(p, y_true[:2]):.2f}")

# %% A period of the sine is the data: one number in, one number out. It is learned with one hidden
# layer of 64 ReLUs and with two. The loop is that of the other lessons, the weights are ten times
# as large as the spiral's: small ones make the signal smaller from layer to layer, and training
# would not get under way. (IdentitySquaredError is half the squared error; Adam does not mind.)
X, y = make_sine()
large = partial(scaled_normal, scale=0.1)


def train(n_hidden, n_epochs=1200, stages=()):
    """Return the predictions at some stages and the loss of every epoch."""
    rng = np.random.default_rng(0)
    layers = [Dense(1, 64, initializer=large, random_state=rng), ReLU()]
    for _ in range(n_hidden - 1):
        layers += [Dense(64, 64, initializer=large, random_state=rng), ReLU()]
    layers.append(Dense(64, 1, initializer=large, random_state=rng))
    network = Network(layers, IdentitySquaredError())
    optimizer = Adam(learning_rate=0.005, decay=1e-3)
    losses, predictions = [], {}
    for epoch in range(1, n_epochs + 1):
        half, _ = network.compute_gradients(X, y)
        losses.append(2 * half)
        optimizer.update(network.parameters, network.gradients)
        if epoch in stages:
            predictions[epoch] = network.forward(X).ravel().copy()
    return predictions, losses


# %% The book's accuracy of regression: a prediction is correct if its error is less than 1/250 of
# the standard deviation of the targets.
def accuracy(y_true, y_pred):
    """Return the fraction of correct predictions."""
    return np.mean(np.abs(y_pred - y_true.ravel()) < np.std(y_true) / 250)


stages = (20, 100, 300, 1200)
learned = {n_hidden: train(n_hidden, stages=stages) for n_hidden in (1, 2)}
for n_hidden, (predictions, losses) in learned.items():
    print(f"\n{n_hidden} hidden layer(s)")
    for epoch, values in predictions.items():
        print(f"    epoch {epoch:4}: loss {losses[epoch - 1]:.6f}, right {accuracy(y, values):.3f}")

# %% The estimator does the same in a call, and the accuracy is a scorer like any other. Few samples
# and a smooth curve: L-BFGS is at home, and tanh bends where ReLU has corners.
scorer = make_scorer(accuracy)
network = partial(MLPScratchRegressor, hidden_layer_sizes=(64,), max_iter=3000, random_state=0)
print("\nBy L-BFGS, one hidden layer")
for activation in ("relu", "tanh"):
    regressor = network(activation=activation, solver="lbfgs", alpha=0, tol=1e-6, max_fun=10**5)
    regressor.fit(X, y)
    print(f"    {activation}: {regressor.n_iter_} iterations, right {scorer(regressor, X, y):.3f}")

# %% What it has learned is a sine from 0 to 1. Beyond, nobody has told it that sines go on.
beyond = np.linspace(-0.5, 1.5, 400)[:, np.newaxis]

# %% Each network on its way, their losses, and beyond the data.
figure, axes = plt.subplots(1, 4, figsize=(17, 4), layout="constrained")
for ax, (n_hidden, (predictions, _)) in zip(axes, learned.items(), strict=False):
    ax.plot(X, y, color="black", linewidth=4, alpha=0.2)
    for shade, (epoch, values) in zip((0.3, 0.5, 0.7, 0.95), predictions.items(), strict=True):
        label = f"epoch {epoch}: {accuracy(y, values):.0%} right"
        ax.plot(X, values, color=plt.cm.Blues(shade), label=label)
    ax.set(title=f"{n_hidden} hidden layer{'s'[: n_hidden - 1]}", xlabel="x", ylim=(-1.5, 1.9))
    ax.legend(loc="upper right", fontsize="small")
for n_hidden, (_, losses) in learned.items():
    axes[2].plot(losses, label=f"{n_hidden} hidden layer{'s'[: n_hidden - 1]}")
axes[2].set(title="Mean squared errors", xlabel="epoch", xscale="log", yscale="log")
axes[2].legend()
axes[3].plot(beyond, np.sin(2 * np.pi * beyond), color="black", linewidth=4, alpha=0.2)
axes[3].plot(beyond, regressor.predict(beyond), color="tab:red", label="tanh, by L-BFGS")
axes[3].axvspan(0, 1, color="tab:green", alpha=0.1, label="where it was trained")
axes[3].set(title="Beyond the data", xlabel="x", ylim=(-4, 4))
axes[3].legend(loc="upper left", fontsize="small")

path = Path(__file__).parent / "figures" / "17_regression.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
