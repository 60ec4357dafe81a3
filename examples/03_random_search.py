"""Random search against gradients: why nobody draws weights by lot."""

# %% Weights are numbers, and a loss says how good they are. The first idea is to draw weights at
# random, and to keep the best. The second is to change the best ones a little, and to keep what is
# better. The third is to ask in which direction the loss falls. All three try their luck on clouds
# side by side, which are easy, and on the spiral, which is not.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

from skscratch.datasets import make_spiral, make_vertical
from skscratch.nn import SGD, Dense, Network, ReLU, SoftmaxCategoricalCrossentropy
from skscratch.nn.initializers import glorot_uniform

began = perf_counter()

data = {
    "clouds": make_vertical(n_samples=50, random_state=0),
    "spiral": make_spiral(n_samples=50, random_state=0),
}


def make_network(n_neurons=16):
    """Return a network with two inputs, two hidden layers and three classes."""
    rng = np.random.default_rng(0)
    sizes = [(2, n_neurons), (n_neurons, n_neurons), (n_neurons, 3)]
    first, second, third = (
        Dense(*size, initializer=glorot_uniform, random_state=rng) for size in sizes
    )
    return Network([first, ReLU(), second, ReLU(), third], SoftmaxCategoricalCrossentropy())


def loss_of(network, X, y):
    """Return the mean loss: one pass forward."""
    return network.loss.calculate(network.forward(X), y)


# %% The first two need one pass forward for each trial. A gradient takes one pass forward and one
# back, and the way back is about twice the work: so it gets a third of the trials.
N_PASSES = 12_000


def draw(network, X, y):
    """Try weights of all sizes by lot; return the least loss after every pass."""
    rng = np.random.default_rng(1)
    best, best_loss, losses = network.parameters.copy(), np.inf, []
    for _ in range(N_PASSES):
        network.parameters[:] = rng.normal(size=best.shape) * rng.choice([0.1, 0.3, 1])
        loss = loss_of(network, X, y)
        if loss < best_loss:
            best, best_loss = network.parameters.copy(), loss
        losses.append(best_loss)
    network.parameters[:] = best
    return losses


def adjust(network, X, y):
    """Change the best weights a little, and keep what is better."""
    rng = np.random.default_rng(1)
    best, best_loss, losses = network.parameters.copy(), np.inf, []
    for _ in range(N_PASSES):
        network.parameters[:] = best + 0.05 * rng.normal(size=best.shape)
        loss = loss_of(network, X, y)
        if loss < best_loss:
            best, best_loss = network.parameters.copy(), loss
        losses.append(best_loss)
    network.parameters[:] = best
    return losses


def descend(network, X, y):
    """Step against the gradient."""
    optimizer, losses = SGD(learning_rate=0.1, momentum=0.9), []
    for _ in range(N_PASSES // 3):
        loss, _ = network.compute_gradients(X, y)
        optimizer.update(network.parameters, network.gradients)
        losses += [loss] * 3
    return losses


searches = {"drawn by lot": draw, "adjusted by lot": adjust, "by the gradient": descend}
courses = {}
for name, (X, y) in data.items():
    print(f"The {name}, {N_PASSES:,} passes")
    for search_name, search in searches.items():
        network = make_network()
        courses[name, search_name] = search(network, X, y)
        accuracy = np.mean(network.forward(X).argmax(axis=1) == y)
        print(f"    {search_name:16} loss {loss_of(network, X, y):.3f}, accuracy {accuracy:.3f}")

# %% Chance gets lost among the weights. When there are many, a direction drawn by lot is nearly at
# right angles to the gradient, even the best of a thousand. A cosine of 0.1 with the way down means
# that a step of the same length goes down by a tenth.
rng = np.random.default_rng(2)
X, y = data["spiral"]
numbers, cosines = [], []
print("\nWeights   cosine of the best of 1,000 directions with the gradient")
for n_neurons in (1, 4, 16, 64, 128):
    network = make_network(n_neurons)
    network.compute_gradients(X, y)
    downhill = -network.gradients / np.linalg.norm(network.gradients)
    directions = rng.normal(size=(1000, len(downhill)))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    numbers.append(len(downhill))
    cosines.append((directions @ downhill).max())
    print(f"{numbers[-1]:7,} {cosines[-1]:8.3f}")

# %% The least loss by the work that was done, and what a good guess is worth.
figure, axes = plt.subplots(1, 3, figsize=(15, 4.2), layout="constrained")
for ax, name in zip(axes, data, strict=False):
    for search_name in searches:
        ax.loglog(range(1, N_PASSES + 1), courses[name, search_name], label=search_name)
    ax.set(xlabel="passes forward, or as much work", ylabel="loss", title=f"The {name}")
    ax.sharey(axes[0])
axes[0].legend()
axes[2].loglog(numbers, cosines, "o-", color="tab:purple")
axes[2].set(xlabel="number of weights", ylabel="cosine with the way down", ylim=(0.01, 1.3))
axes[2].set_title("The best of 1,000 random directions")

path = Path(__file__).parent / "figures" / "03_random_search.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
