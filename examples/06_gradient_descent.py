"""Gradient descent on the spiral: learning rate, decay and momentum."""

# %% Three classes that are not linearly separable, and one hidden layer of 64 neurons.
import matplotlib.pyplot as plt
import numpy as np

from skscratch.datasets import make_spiral
from skscratch.nn.activations import ReLU
from skscratch.nn.layers import Dense
from skscratch.nn.losses import SoftmaxCategoricalCrossentropy
from skscratch.nn.network import Network
from skscratch.nn.optimizers import SGD

N_WINDOW = 40
X, y = make_spiral(n_samples=100, n_classes=3, random_state=0)


# %% The training loop computes the gradient of the loss with respect to all weights and updates
# them. All optimizers start from the same weights.
def train(optimizer, n_epochs=4_000):
    """Return the loss of each epoch; print the median of the last ones, and the accuracy."""
    rng = np.random.RandomState(0)
    network = Network(
        [Dense(2, 64, random_state=rng), ReLU(), Dense(64, 3, random_state=rng)],
        SoftmaxCategoricalCrossentropy(),
    )
    losses = []
    for _ in range(n_epochs):
        data_loss, _ = network.compute_gradients(X, y)
        losses.append(data_loss)
        optimizer.update(network.parameters, network.gradients)
    accuracy = np.mean(network.forward(X).argmax(axis=1) == y)
    print(
        f"learning rate {optimizer.learning_rate:3}, decay {optimizer.decay:5}, "
        f"momentum {optimizer.momentum}: loss {np.median(losses[-N_WINDOW:]):.3f}, "
        f"accuracy {accuracy:.3f}"
    )
    return losses


# %% Without momentum or decay. With a learning rate of 1, the loss oscillates, because the steps
# are too large for the curvature of the loss. With 0.1 it decreases smoothly, but slowly.
large = train(SGD(learning_rate=1.0))
small = train(SGD(learning_rate=0.1))

# %% Decay reduces the learning rate: in update t it is the initial learning rate divided by
# 1 + decay * t. The loss oscillates less. If the decay is too strong, the steps become negligible
# before the loss has converged; here, training without decay is faster.
decayed = train(SGD(learning_rate=1.0, decay=1e-3))
strong = train(SGD(learning_rate=1.0, decay=1e-2))

# %% Momentum adds a fraction of the previous step. Steps in a constant direction accumulate, and
# oscillations cancel.
weak_momentum = train(SGD(learning_rate=1.0, decay=1e-3, momentum=0.5))
strong_momentum = train(SGD(learning_rate=1.0, decay=1e-3, momentum=0.9))

# %% The figure shows the median and the range of the losses of 40 consecutive epochs.
panels = {
    "Learning rate": {"1.0": large, "0.1": small},
    "Decay, learning rate 1.0": {"0": large, "0.001": decayed, "0.01": strong},
    "Momentum, decay 0.001": {"0": decayed, "0.5": weak_momentum, "0.9": strong_momentum},
}
figure, axes = plt.subplots(1, 3, figsize=(12, 4), sharey=True, layout="constrained")
for ax, (title, curves) in zip(axes, panels.items(), strict=True):
    for value, losses in curves.items():
        windows = np.reshape(losses, (-1, N_WINDOW))
        epochs = N_WINDOW * np.arange(len(windows)) + N_WINDOW / 2
        (line,) = ax.plot(epochs, np.median(windows, axis=1), label=value)
        ranges = windows.min(axis=1), windows.max(axis=1)
        ax.fill_between(epochs, *ranges, color=line.get_color(), alpha=0.2, linewidth=0)
    ax.set(title=title, xlabel="epoch", ylim=(0, 1.2))
    ax.legend(loc="lower left")
axes[0].set_ylabel(f"loss, median and range of {N_WINDOW} epochs")

plt.show()
