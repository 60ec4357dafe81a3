"""L1 and L2 penalties on weights and biases."""

# %% Steep decision boundaries between neighbouring samples require large weights. A penalty makes
# large weights expensive. L2 adds strength * sum(w**2) to the loss, so that large weights dominate;
# the gradient of L1, strength * sum(|w|), does not depend on the magnitude, so that small weights
# become zero.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skscratch import MLPScratchClassifier
from skscratch.datasets import make_spiral
from skscratch.inspection import WeightsDisplay


def report(name, network, X, y, X_new, y_new):
    """Print accuracy and loss of a network, and the magnitude of its first weights."""
    history, weights = network.history_, np.abs(network.coefs_[0])
    print(name)
    print(
        f"    training  accuracy {network.score(X, y):.3f}, "
        f"loss {history['data_loss'][-1]:.3f} + penalty {history['regularization_loss'][-1]:.3f}"
    )
    print(
        f"    test      accuracy {network.score(X_new, y_new):.3f}, "
        f"loss {log_loss(y_new, network.predict_proba(X_new)):.3f}"
    )
    print(f"    weights   {np.mean(weights < 0.01):.0%} below 0.01, ", end="")
    print(f"maximum {weights.max():.1f}")


# %% The spiral. Penalties can differ between layers; here, weights and biases of the hidden layer
# are penalized, and the output layer is not.
X, y = make_spiral(random_state=0)
X_new, y_new = make_spiral(n_samples=1000, random_state=1)
spirals = {
    "No penalty": {},
    "L2": {"weight_regularizer_l2": [5e-4, 0], "bias_regularizer_l2": [5e-4, 0]},
    "L1": {"weight_regularizer_l1": [1e-3, 0], "bias_regularizer_l1": [1e-3, 0]},
}
for name, penalty in spirals.items():
    spirals[name] = MLPScratchClassifier(
        hidden_layer_sizes=(64,),
        learning_rate_init=0.05,
        decay=1e-3,
        alpha=0,
        batch_size=len(X),
        max_iter=3_000,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=0,
        **penalty,
    ).fit(X, y)
    report(f"Spiral: {name}", spirals[name], X, y, X_new, y_new)

# %% Digits. The weights of a neuron can be plotted as an image. L1 keeps few nonzero weights; those
# of the empty margin of the images are not among them.
X_digits, y_digits = load_digits(return_X_y=True)
split = train_test_split(X_digits / 16, y_digits, random_state=0)
digits = {
    "No penalty": {},
    "L2": {"weight_regularizer_l2": 1e-3},
    "L1": {"weight_regularizer_l1": 1e-3},
}
for name, penalty in digits.items():
    digits[name] = MLPScratchClassifier(
        hidden_layer_sizes=(16,),
        activation="tanh",
        learning_rate_init=0.01,
        decay=1e-3,
        alpha=0,
        batch_size=64,
        max_iter=40,
        tol=0,
        random_state=0,
        **penalty,
    ).fit(split[0], split[2])
    report(f"Digits: {name}", digits[name], *split[::2], *split[1::2])

# %% The figure has one row for each penalty: decision regions, a histogram of the weights of the
# spiral's hidden layer, and the weights of a network for digits.
figure, axes = plt.subplots(
    3, 3, figsize=(11, 10), width_ratios=[1, 1.1, 1.1], layout="constrained"
)
colors = np.array(["tab:blue", "tab:orange", "tab:green"])
limit = max(np.abs(network.coefs_[0]).max() for network in digits.values())
for name, (regions, histogram, images) in zip(spirals, axes, strict=True):
    DecisionBoundaryDisplay.from_estimator(
        spirals[name],
        X,
        response_method="predict_proba",
        plot_method="pcolormesh",
        multiclass_colors=colors.tolist(),
        grid_resolution=200,
        eps=0.1,
        alpha=0.6,
        ax=regions,
    )
    regions.scatter(*X.T, c=colors[y], s=6)
    regions.set(xticks=[], yticks=[], aspect="equal")
    regions.set_ylabel(name, fontsize="x-large")
    WeightsDisplay.from_estimator(
        spirals[name], kind="histogram", bins=np.linspace(-14, 14, 57), ax=histogram, fill=True
    )
    histogram.set(yscale="log", ylim=(0.5, 100))
    neurons = WeightsDisplay.from_estimator(
        digits[name],
        kind="images",
        image_shape=(8, 8),
        ax=images,
        colorbar=False,
        vmin=-limit,
        vmax=limit,
    )
figure.colorbar(neurons.image_, ax=axes[:, 2], label="weight", aspect=50)
titles = ["Spiral", "Spiral: weights of the hidden layer", "Digits: weights of the hidden layer"]
for ax, title in zip(axes[0], titles, strict=True):
    ax.set_title(title)

plt.show()
