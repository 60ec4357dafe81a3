"""Why an activation: layers without one are a single layer, and each bend is a neuron's work."""

# %% A neuron multiplies each input by a weight, adds the products and a bias. A layer does that for
# several neurons and a batch of samples in one matrix product.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from skscratch import MLPScratchClassifier
from skscratch.datasets import make_sine, make_spiral
from skscratch.nn import Dense, ReLU, Sigmoid, SiLU, Tanh

began = perf_counter()

inputs = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]])
layer = Dense(3, 4, random_state=0)
sample, neuron = inputs[0], 2
by_hand = sum(x * w for x, w in zip(sample, layer.weights[:, neuron], strict=True))
by_hand += layer.biases[0, neuron]
outputs = layer.forward(inputs)
assert np.isclose(outputs[0, neuron], by_hand)
print(f"{inputs.shape} inputs through {layer.weights.shape} weights: {outputs.shape} outputs")

# %% Layer upon layer, and nothing is won: a weighted sum of weighted sums is a weighted sum. Three
# layers in a row are one whose weights are the product of theirs.
layers = [Dense(3, 50, random_state=1), Dense(50, 50, random_state=2), Dense(50, 4, random_state=3)]
deep = inputs
for layer in layers:
    deep = layer.forward(deep)
product = np.linalg.multi_dot([layer.weights for layer in layers])
assert np.allclose(deep, inputs @ product)  # first biases are zeros
n_deep = sum(layer.weights.size for layer in layers)
print(f"{n_deep:,} weights in three layers do what {product.size} do in one")

# %% So something has to stand between them that is no weighted sum. ReLU lets positive sums pass
# and makes the others 0: a line with a bend in it, and the bias says where. Neurons whose bends are
# spread over a curve can follow it; the next layer's weights are how much the slope changes at each
# bend. Nothing has to be trained for that, not even for a sine.


def follow(x, y, n_bends):
    """Return a layer, a ReLU and a layer that run straight from bend to bend on the curve."""
    bends = np.linspace(0, len(x) - 1, n_bends + 1).astype(int)
    places, heights = x[bends, 0], y[bends]
    slopes = np.diff(heights) / np.diff(places)
    hidden, output = Dense(1, n_bends), Dense(n_bends, 1)
    hidden.weights, hidden.biases = np.ones((1, n_bends)), -places[np.newaxis, :-1]
    output.weights = np.diff(slopes, prepend=0)[:, np.newaxis]
    output.biases = heights[:1, np.newaxis]
    return hidden, ReLU(), output


X, y = make_sine(n_samples=1001)
curves = {}
print("\nThe sine by ReLUs")
for n_bends in (4, 8, 16, 32):
    values = X
    for layer in follow(X, y, n_bends):
        values = layer.forward(values)
    curves[n_bends] = values.ravel()
    print(f"    {n_bends:2} neurons: off by at most {np.abs(curves[n_bends] - y).max():.4f}")

# Twice the neurons, a quarter of the error. Without the ReLUs, the best is the best straight line:
line = np.polynomial.Polynomial.fit(X.ravel(), y, deg=1)(X.ravel())
print(f"    a straight line: off by at most {np.abs(line - y).max():.4f}")

# %% Bends in more dimensions are folds, and training finds where they have to be. The same network
# on the spiral, without an activation and with some:
X_spiral, y_spiral = make_spiral(random_state=0)
networks = {}
print("\nThe spiral, 2 inputs, 64 neurons, 64 neurons, 3 outputs")
for activation in ("identity", "relu", "tanh", "logistic"):
    networks[activation] = MLPScratchClassifier(
        (64, 64),
        activation,
        learning_rate_init=0.01,
        batch_size=len(X_spiral),
        max_iter=500,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(X_spiral, y_spiral)
    print(f"    {activation:8} accuracy {networks[activation].score(X_spiral, y_spiral):.3f}")

# %% Activations, the sine, and the regions of a network without activation and of one with ReLU.
figure, axes = plt.subplots(1, 4, figsize=(16, 4), layout="constrained")
z = np.linspace(-3, 3, 301)[:, np.newaxis]
for activation in (ReLU(), SiLU(), Sigmoid(), Tanh()):
    axes[0].plot(z, activation.forward(z), label=type(activation).__name__)
axes[0].set(xlabel="weighted sum", ylabel="output", title="Activations")
axes[0].legend()
axes[1].plot(X, y, color="black", linewidth=1, label="the sine")
axes[1].plot(X, line, "--", label="no activation")
axes[1].plot(X, curves[4], label="4 ReLUs")
axes[1].plot(X, curves[8], label="8 ReLUs")
axes[1].set(xlabel="input", ylabel="output", title="A curve of straight lines")
axes[1].legend()
colors = np.array(["tab:blue", "tab:orange", "tab:green"])
for ax, (activation, name) in zip(
    axes[2:], {"identity": "no activation", "relu": "ReLU"}.items(), strict=True
):
    network = networks[activation]
    DecisionBoundaryDisplay.from_estimator(
        network,
        X_spiral,
        response_method="predict_proba",
        plot_method="pcolormesh",
        multiclass_colors=colors.tolist(),
        grid_resolution=200,
        eps=0.1,
        alpha=0.6,
        ax=ax,
    )
    ax.scatter(*X_spiral.T, c=colors[y_spiral], s=6)
    accuracy = network.score(X_spiral, y_spiral)
    ax.set(title=f"{name}: {accuracy:.0%} right", xticks=[], yticks=[], aspect="equal")

path = Path(__file__).parent / "figures" / "01_activations.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
