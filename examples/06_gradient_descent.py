"""Gradient descent on the spiral: the learning rate, its decay, and momentum."""

# %% Three classes that no straight line can separate, and one hidden layer of 64 neurons.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

from skscratch.datasets import make_spiral
from skscratch.inspection import LossCurveDisplay
from skscratch.nn.activations import ReLU
from skscratch.nn.layers import Dense
from skscratch.nn.losses import SoftmaxCategoricalCrossentropy
from skscratch.nn.network import Network
from skscratch.nn.optimizers import SGD

began = perf_counter()

X, y = make_spiral(n_samples=100, n_classes=3, random_state=0)


# %% All of training is a loop: the gradient of the loss with respect to every weight, and a step
# against it. Whatever the optimizer, the network starts from the same weights.
def train(optimizer, n_epochs=10_001):
    """Return the loss and the learning rate of every epoch; print how it ended."""
    rng = np.random.RandomState(0)
    network = Network(
        [Dense(2, 64, random_state=rng), ReLU(), Dense(64, 3, random_state=rng)],
        SoftmaxCategoricalCrossentropy(),
    )
    history = {"loss": [], "learning_rate": []}
    for _ in range(n_epochs):
        data_loss, _ = network.compute_gradients(X, y)
        history["loss"].append(data_loss)
        optimizer.update(network.parameters, network.gradients)
        history["learning_rate"].append(optimizer.current_learning_rate)
    accuracy = np.mean(network.forward(X).argmax(axis=1) == y)
    print(
        f"learning rate {optimizer.learning_rate:3}, decay {optimizer.decay:5}, "
        f"momentum {optimizer.momentum}: loss {history['loss'][-1]:.3f}, accuracy {accuracy:.3f}"
    )
    return history


# %% Plain descent. With a large learning rate the steps are soon wider than the valley that they
# are to follow, and the loss jumps. With a small one it is smooth, and slow.
large = train(SGD(learning_rate=1.0))
small = train(SGD(learning_rate=0.1))

# %% Decay takes large steps first and small ones later: the learning rate of update t is the first
# one divided by 1 + decay * t. With too much of it the network stands still before it has arrived.
decayed = train(SGD(learning_rate=1.0, decay=1e-3))
too_much = train(SGD(learning_rate=1.0, decay=1e-2))

# %% Momentum takes a share of the last step again. Steps that keep their direction add up; steps to
# and fro across the valley cancel.
half = train(SGD(learning_rate=1.0, decay=1e-3, momentum=0.5))
most = train(SGD(learning_rate=1.0, decay=1e-3, momentum=0.9))

# %% The loss of every epoch, with decay's learning rate on an axis of its own.
panels = {
    "The size of the steps": {"rate 1": large, "rate 0.1": small},
    "Decay (faint: the learning rate)": {"decay 0.001": decayed, "decay 0.01": too_much},
    "Momentum": {"no momentum": decayed, "momentum 0.5": half, "momentum 0.9": most},
}
figure, axes = plt.subplots(1, 3, figsize=(16, 4.5), layout="constrained")
figure.get_layout_engine().set(wspace=0.04)
for ax, (title, histories) in zip(axes, panels.items(), strict=True):
    for name, history in histories.items():
        metrics = ["learning_rate"] if title.startswith("Decay") else []
        display = LossCurveDisplay(history, estimator_name=name)
        display.plot(ax, metrics=metrics, linewidth=1)
        for metric in metrics:
            display.lines_[metric].set_alpha(0.4)
        peak = max(history["loss"])
        if peak > 1.2:
            ax.annotate(
                f"up to {peak:.1f}",
                (np.argmax(history["loss"]), 1.2),
                (0, 4),
                textcoords="offset points",
                ha="center",
                fontsize="small",
                color=ax.lines[-1].get_color(),
            )
    ax.set_title(title, pad=18)
    ax.set_ylim(0, 1.2)
axes[1].legend(loc="center right")

path = Path(__file__).parent / "figures" / "06_gradient_descent.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=120)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
