"""Activation functions: why layers need them, and how a network bends a line."""

# %% A neuron multiplies each input by a weight and adds the products and a bias. A layer does this
# for several neurons and a batch of samples with one matrix product.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from skscratch import MLPScratchClassifier
from skscratch.datasets import make_sine, make_spiral
from skscratch.nn import Dense, ReLU, Sigmoid, SiLU, Tanh

inputs = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]])
layer = Dense(3, 4, random_state=0)
sample, neuron = inputs[0], 2
by_hand = sum(x * w for x, w in zip(sample, layer.weights[:, neuron], strict=True))
by_hand += layer.biases[0, neuron]
outputs = layer.forward(inputs)
assert np.isclose(outputs[0, neuron], by_hand)
print(f"{inputs.shape} inputs through {layer.weights.shape} weights: {outputs.shape} outputs")

# %% Layers without activations in between are equivalent to a single layer, because a weighted sum
# of weighted sums is a weighted sum. Its weights are the product of the layers' weights.
layers = [Dense(3, 50, random_state=1), Dense(50, 50, random_state=2), Dense(50, 4, random_state=3)]
deep = inputs
for layer in layers:
    deep = layer.forward(deep)
product = np.linalg.multi_dot([layer.weights for layer in layers])
assert np.allclose(deep, inputs @ product)  # first biases are zeros
n_deep = sum(layer.weights.size for layer in layers)
print(f"{n_deep:,} weights in three layers are equivalent to {product.size} in one")

# %% A nonlinear activation between the layers is therefore necessary. ReLU returns positive sums
# unchanged and replaces the others by 0: a straight line with one bend, whose position depends on
# the bias. Neurons whose bends are spread over a curve approximate it; the weights of the next
# layer are the changes of slope at the bends. For a sine, these weights can be computed without
# training.


def interpolate(x, y, n_bends):
    """Return layers whose output is the piecewise linear interpolation of the curve."""
    knots = np.linspace(0, len(x) - 1, n_bends + 1).astype(int)
    positions, values = x[knots, 0], y[knots]
    slopes = np.diff(values) / np.diff(positions)
    hidden, output = Dense(1, n_bends), Dense(n_bends, 1)
    hidden.weights, hidden.biases = np.ones((1, n_bends)), -positions[np.newaxis, :-1]
    output.weights = np.diff(slopes, prepend=0)[:, np.newaxis]
    output.biases = values[:1, np.newaxis]
    return hidden, ReLU(), output


X, y = make_sine(n_samples=1001)
curves = {}
print("\nApproximation of the sine, maximum error")
for n_bends in (4, 8, 16, 32):
    values = X
    for layer in interpolate(X, y, n_bends):
        values = layer.forward(values)
    curves[n_bends] = values.ravel()
    print(f"    {n_bends:2} ReLUs         {np.abs(curves[n_bends] - y).max():.4f}")

# With twice the number of neurons, the error is four times smaller. Without ReLU, the best
# approximation is a straight line:
line = np.polynomial.Polynomial.fit(X.ravel(), y, deg=1)(X.ravel())
print(f"    straight line    {np.abs(line - y).max():.4f}")

# %% With several inputs, the bends are folds of a surface, and training finds their positions. The
# same network on the spiral, without and with an activation:
X_spiral, y_spiral = make_spiral(random_state=0)
networks = {}
print("\nAccuracy on the spiral, two hidden layers of 64 neurons")
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
    print(f"    {activation:8} {networks[activation].score(X_spiral, y_spiral):.3f}")

# %% The figure shows activations, the piecewise linear sine, and the decision regions of a network
# without an activation and of one with ReLU.
figure, axes = plt.subplots(2, 2, figsize=(9, 8), layout="constrained")
axes = axes.ravel()
z = np.linspace(-3, 3, 301)[:, np.newaxis]
for activation in (ReLU(), SiLU(), Sigmoid(), Tanh()):
    axes[0].plot(z, activation.forward(z), label=type(activation).__name__)
axes[0].set(xlabel="weighted sum", ylabel="output", title="Activations")
axes[0].legend()
axes[1].plot(X, y, color="black", linewidth=1, label="sine")
axes[1].plot(X, line, "--", label="no activation")
axes[1].plot(X, curves[4], label="4 ReLUs")
axes[1].plot(X, curves[8], label="8 ReLUs")
axes[1].set(xlabel="input", ylabel="output", title="Piecewise linear approximation")
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
    ax.set(title=f"Spiral, {name}: accuracy {accuracy:.0%}", xticks=[], yticks=[], aspect="equal")

plt.show()
