"""Random search compared with gradient descent."""

# %% A loss measures the quality of a set of weights. The first strategy draws weights at random and
# keeps the best. The second adds small random changes to the best weights and keeps every
# improvement. The third follows the gradient of the loss. All three are applied to three
# overlapping clouds and to the spiral.
import matplotlib.pyplot as plt
import numpy as np

from skscratch.datasets import make_spiral, make_vertical
from skscratch.nn import SGD, Dense, Network, ReLU, SoftmaxCategoricalCrossentropy
from skscratch.nn.initializers import glorot_uniform

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
    """Return the mean loss of one forward pass."""
    return network.loss.calculate(network.forward(X), y)


# %% Both random searches need one forward pass per trial. A gradient needs a forward and a backward
# pass, and the backward pass takes about twice as long. Therefore gradient descent gets a third of
# the number of trials.
N_PASSES = 4_500


def draw_randomly(network, X, y):
    """Draw weights of several magnitudes; return the lowest loss after each pass."""
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


def adjust_randomly(network, X, y):
    """Perturb the best weights; return the lowest loss after each pass."""
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


def descend_gradient(network, X, y):
    """Follow the negative gradient; return the loss after each pass."""
    optimizer, losses = SGD(learning_rate=0.1, momentum=0.9), []
    for _ in range(N_PASSES // 3):
        loss, _ = network.compute_gradients(X, y)
        optimizer.update(network.parameters, network.gradients)
        losses += [loss] * 3
    return losses


searches = {
    "random weights": draw_randomly,
    "random changes": adjust_randomly,
    "gradient descent": descend_gradient,
}
courses = {}
for name, (X, y) in data.items():
    print(f"{name.capitalize()}, {N_PASSES:,} passes")
    for search_name, search in searches.items():
        network = make_network()
        courses[name, search_name] = search(network, X, y)
        accuracy = np.mean(network.forward(X).argmax(axis=1) == y)
        print(f"    {search_name:16} loss {loss_of(network, X, y):.3f}, accuracy {accuracy:.3f}")

# %% Random directions become less useful as the number of weights grows: the best of a thousand is
# then almost orthogonal to the gradient. A cosine similarity of 0.1 with the negative gradient
# means that a step in this direction reduces the loss by a tenth of the reduction of a gradient
# step of the same length.
rng = np.random.default_rng(2)
X, y = data["spiral"]
numbers, cosines = [], []
print("\nWeights   cosine similarity of the best of 1,000 random directions")
for n_neurons in (1, 4, 16, 64):
    network = make_network(n_neurons)
    network.compute_gradients(X, y)
    downhill = -network.gradients / np.linalg.norm(network.gradients)
    directions = rng.normal(size=(1000, len(downhill)))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    numbers.append(len(downhill))
    cosines.append((directions @ downhill).max())
    print(f"{numbers[-1]:7,} {cosines[-1]:8.3f}")

# %% The figure shows the losses by the number of passes, and the cosine similarity by the
# number of weights.
figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
for ax, name in zip(axes, data, strict=False):
    for search_name in searches:
        ax.semilogx(range(1, N_PASSES + 1), courses[name, search_name], label=search_name)
    ax.set(xlabel="passes (log scale)", ylabel="loss", title=name.capitalize())
    ax.set_ylim(0, 1.5)
    ax.sharey(axes[0])
axes[0].legend(loc="lower left")
axes[2].loglog(numbers, cosines, "o-", color="tab:purple")
axes[2].set(xlabel="number of weights", ylim=(0.01, 1.3))
axes[2].set_ylabel("cosine similarity with the negative gradient")
axes[2].set_title("Best of 1,000 random directions")

plt.show()
