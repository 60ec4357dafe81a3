"""Adagrad, RMSprop and Adam: one step size for each weight."""

# %% These optimizers divide the step of each weight by a measure of its past gradients: Adagrad by
# the root of the sum of their squares, RMSprop by the root of a moving average of the squares, and
# Adam by the same and with momentum.
import warnings
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay

from skscratch import MLPScratchClassifier
from skscratch.datasets import make_spiral
from skscratch.inspection import LossCurveDisplay

# With these large learning rates, the loss rises in the first epochs.
warnings.filterwarnings("ignore", "The training loss rose", ConvergenceWarning)

X, y = make_spiral(n_samples=100, n_classes=3, random_state=0)

solvers = {
    "adagrad": {"learning_rate_init": 1.0, "decay": 1e-4},
    "rmsprop": {"learning_rate_init": 0.02, "decay": 1e-5, "rho": 0.999},
    "adam": {"learning_rate_init": 0.05, "decay": 5e-7},
}


def untrained(solver, hidden_layer_sizes=(64,), **parameters):
    """Return a network that continues its training in each call of fit."""
    return MLPScratchClassifier(
        hidden_layer_sizes,
        solver=solver,
        alpha=0,
        batch_size=len(X),
        warm_start=True,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=0,
        **parameters,
    )


# %% Each network is trained for 5,000 epochs, and its decision regions are plotted at four stages.
# Stronger colors mean higher probabilities.
stops = [10, 100, 1_000, 5_000]
colors = np.array(["tab:blue", "tab:orange", "tab:green"])
figure, axes = plt.subplots(3, 5, figsize=(13, 7.6), layout="constrained")
for (solver, parameters), (*regions, curve) in zip(solvers.items(), axes, strict=True):
    network = untrained(solver, **parameters)
    for (start, stop), ax in zip(pairwise([0, *stops]), regions, strict=True):
        network.set_params(max_iter=stop - start).fit(X, y)
        DecisionBoundaryDisplay.from_estimator(
            network,
            X,
            response_method="predict_proba",
            plot_method="pcolormesh",
            multiclass_colors=colors.tolist(),
            eps=0.1,
            alpha=0.6,
            ax=ax,
        )
        ax.scatter(*X.T, c=colors[y], s=6)
        ax.set(xticks=[], yticks=[], aspect="equal", xlabel=f"accuracy {network.score(X, y):.2f}")
    regions[0].set_ylabel(solver, fontsize="x-large")
    LossCurveDisplay.from_estimator(network, ax=curve, linewidth=0.5)
    curve.set(ylim=(0.05, 50), xscale="log", yscale="log", ylabel="training loss")
    curve.get_legend().remove()
    curve.sharex(axes[0, 4])
    curve.sharey(axes[0, 4])
    print(f"{solver:8} loss {network.loss_:.3f}, accuracy {network.score(X, y):.3f}")
for stop, ax in zip(stops, axes[0], strict=False):
    ax.set_title(f"{stop:,} epochs")

# %% Adam with two hidden layers and an L2 penalty. The color of each point is a mixture of the
# colors of the classes, weighted by their probabilities; white means that all classes are equally
# probable.
palette = np.array([to_rgb(color) for color in ("#1f8a9e", "#f08c2e", "#a8327a")])
side = np.linspace(-1.12, 1.12, 400)
points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)

network = untrained("adam", (64, 64), learning_rate_init=0.01, weight_regularizer_l2=1e-4)
figure, axes = plt.subplots(1, 5, num="spiral_learned", figsize=(15, 3.4), layout="constrained")
for (start, stop), ax in zip(pairwise([0, 10, 50, 150, 400, 1_500]), axes, strict=True):
    network.set_params(max_iter=stop - start).fit(X, y)
    probabilities = network.predict_proba(points)
    certainty = (probabilities.max(axis=1, keepdims=True) - 1 / 3) / (2 / 3)
    image = 1 - 0.65 * certainty * (1 - probabilities @ palette)
    ax.imshow(
        image.reshape(len(side), len(side), 3),
        extent=(side[0], side[-1], side[0], side[-1]),
        origin="lower",
        interpolation="bilinear",
    )
    ax.scatter(*X.T, c=palette[y], s=14, edgecolors="white", linewidths=0.5)
    ax.set_title(f"{stop:,} epochs, accuracy {network.score(X, y):.0%}", fontsize="medium")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)

plt.show()
