"""Regression: losses, training a network on a sine, and extrapolation."""

# %% The output layer of a regressor has no activation: its weighted sums are the predictions. The
# loss is the squared or absolute difference to the targets.
from functools import partial

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

y_pred, y_true = np.array([[3.0], [0.0], [1.0]]), np.array([[1.0], [0.5], [1.0]])
for loss in (MeanSquaredError(), MeanAbsoluteError()):
    print(
        f"{loss}: {loss.forward(y_pred, y_true)}, gradients {loss.backward(y_pred, y_true).ravel()}"
    )

# %% The gradient of squared error is proportional to the error. The gradient of absolute error is
# the sign of p - y, independent of the distance. The book prints the opposite sign, which moves
# predictions away from the targets. Central differences confirm sign(p - y).
start = y_pred[:2].copy()
absolute = MeanAbsoluteError()
gradients = absolute.backward(start, y_true[:2])
check_gradient(lambda: absolute.calculate(start, y_true[:2]), start, gradients)
for name, sign in (("sign(p - y)", 1), ("sign(y - p)", -1)):
    p = start.copy()
    for _ in range(20):
        p -= 0.05 * sign * absolute.backward(p, y_true[:2])
    print(f"20 steps with the gradient {name}: loss {absolute.calculate(p, y_true[:2]):.2f}")

# %% One period of the sine, learned with one and with two hidden layers of 64 ReLUs. The initial
# weights are ten times as large as for the spiral: with small weights, the signal shrinks from
# layer to layer, and training hardly starts. (`IdentitySquaredError` is half the squared error,
# which does not affect Adam.)
X, y = make_sine()
large_weights = partial(scaled_normal, scale=0.1)


def train(n_hidden, n_epochs=1200, stages=()):
    """Return the predictions after some epochs, and the loss of each epoch."""
    rng = np.random.default_rng(0)
    layers = [Dense(1, 64, initializer=large_weights, random_state=rng), ReLU()]
    for _ in range(n_hidden - 1):
        layers += [Dense(64, 64, initializer=large_weights, random_state=rng), ReLU()]
    layers.append(Dense(64, 1, initializer=large_weights, random_state=rng))
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


# %% The book defines the accuracy of a regression as the proportion of predictions whose error is
# less than 1/250 of the standard deviation of the targets. Since this tolerance is small, the
# figure shows the mean squared error instead.
def accuracy(y_true, y_pred):
    """Return the fraction of correct predictions."""
    return np.mean(np.abs(y_pred - y_true.ravel()) < np.std(y_true) / 250)


stages = (20, 100, 300, 1200)
learned = {n_hidden: train(n_hidden, stages=stages) for n_hidden in (1, 2)}
for n_hidden, (predictions, losses) in learned.items():
    print(f"\nHidden layers: {n_hidden}")
    for epoch, values in predictions.items():
        print(
            f"    epoch {epoch:4}: MSE {losses[epoch - 1]:.6f}, accuracy {accuracy(y, values):.3f}"
        )

# %% The estimator trains the same kind of network, and the accuracy can be used as a scorer. For
# few samples and a smooth function, L-BFGS converges fast, and tanh fits better than the piecewise
# linear ReLU.
scorer = make_scorer(accuracy)
network = partial(MLPScratchRegressor, hidden_layer_sizes=(64,), max_iter=3000, random_state=0)
print("\nL-BFGS, one hidden layer")
for activation in ("relu", "tanh"):
    regressor = network(activation=activation, solver="lbfgs", alpha=0, tol=1e-6, max_fun=10**5)
    regressor.fit(X, y)
    print(
        f"    {activation}: {regressor.n_iter_} iterations, accuracy {scorer(regressor, X, y):.3f}"
    )

# %% The training data are between 0 and 1. Outside this interval, the predictions do not follow the
# sine.
beyond = np.linspace(-0.5, 1.5, 400)[:, np.newaxis]

# %% The figure shows the predictions during training, the losses, and the extrapolation.
figure, axes = plt.subplots(2, 2, figsize=(10, 8), layout="constrained")
axes = axes.ravel()
for ax, (n_hidden, (predictions, losses)) in zip(axes, learned.items(), strict=False):
    ax.plot(X, y, color="black", linewidth=4, alpha=0.2, label="sine")
    for shade, (epoch, values) in zip((0.3, 0.5, 0.7, 0.95), predictions.items(), strict=True):
        label = f"epoch {epoch}: MSE {losses[epoch - 1]:.2g}"
        ax.plot(X, values, color=plt.cm.Blues(shade), label=label)
    ax.set(title=f"{n_hidden} hidden layer{'s'[: n_hidden - 1]}", xlabel="x", ylim=(-1.5, 1.9))
    ax.legend(loc="upper right", fontsize="small")
for n_hidden, (_, losses) in learned.items():
    axes[2].plot(
        range(1, len(losses) + 1), losses, label=f"{n_hidden} hidden layer{'s'[: n_hidden - 1]}"
    )
axes[2].set(title="Mean squared error", xlabel="epoch (log scale)", xscale="log", yscale="log")
axes[2].legend()
axes[3].plot(
    beyond, np.sin(2 * np.pi * beyond), color="black", linewidth=4, alpha=0.2, label="sine"
)
axes[3].plot(beyond, regressor.predict(beyond), color="tab:red", label="network (tanh, L-BFGS)")
axes[3].axvspan(0, 1, color="tab:green", alpha=0.1, label="interval of the training data")
axes[3].set(title="Extrapolation", xlabel="x", ylim=(-4, 4))
axes[3].legend(loc="upper left", fontsize="small")

plt.show()
