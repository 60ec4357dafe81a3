"""Adagrad, RMSprop and Adam: a step size for every weight, and a spiral being learned."""

# %% The spiral again. These optimizers divide the step of each weight by how large its gradients
# have been: Adagrad by the root of the sum of all their squares, which only grows; RMSprop by that
# of a mean that forgets; Adam by the same, and with momentum.
import warnings
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay

from skscratch import MLPScratchClassifier
from skscratch.datasets import make_spiral
from skscratch.inspection import LossCurveDisplay

began = perf_counter()

# With these large learning rates, the loss rises in the first epochs.
warnings.filterwarnings("ignore", "The training loss rose", ConvergenceWarning)

X, y = make_spiral(n_samples=100, n_classes=3, random_state=0)

solvers = {
    "adagrad": {"learning_rate_init": 1.0, "decay": 1e-4},
    "rmsprop": {"learning_rate_init": 0.02, "decay": 1e-5, "rho": 0.999},
    "adam": {"learning_rate_init": 0.05, "decay": 5e-7},
}


def untrained(solver, hidden_layer_sizes=(64,), **parameters):
    """Return a network whose every fit() continues from the previous one."""
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


# %% Each is trained for 10,000 epochs, and stops on the way for a look at the regions of the plane
# where it sees each class, the deeper the color the surer.
stops = [10, 100, 1_000, 10_000]
colors = np.array(["tab:blue", "tab:orange", "tab:green"])
figure, axes = plt.subplots(3, 5, figsize=(15, 8.6), layout="constrained")
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
    print(f"{solver:8} loss {network.loss_:.3f}, accuracy {network.score(X, y):.3f}")
for stop, ax in zip(stops, axes[0], strict=False):
    ax.set_title(f"{stop:,} epochs")

path = Path(__file__).parent / "figures" / "07_adaptive_optimizers.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}")

# %% Adam once more, with two hidden layers and a small penalty on the weights, as a picture: each
# place has the classes' colors mixed by their probabilities, and is the whiter the less the network
# prefers one of them.
palette = np.array([to_rgb(color) for color in ("#1f8a9e", "#f08c2e", "#a8327a")])
side = np.linspace(-1.12, 1.12, 400)
places = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)

network = untrained("adam", (64, 64), learning_rate_init=0.01, weight_regularizer_l2=1e-4)
figure, axes = plt.subplots(1, 5, figsize=(15, 3.4), layout="constrained")
for (start, stop), ax in zip(pairwise([0, 10, 50, 150, 400, 1_500]), axes, strict=True):
    network.set_params(max_iter=stop - start).fit(X, y)
    probabilities = network.predict_proba(places)
    preference = (probabilities.max(axis=1, keepdims=True) - 1 / 3) / (2 / 3)
    picture = 1 - 0.65 * preference * (1 - probabilities @ palette)
    ax.imshow(
        picture.reshape(len(side), len(side), 3),
        extent=(side[0], side[-1], side[0], side[-1]),
        origin="lower",
        interpolation="bilinear",
    )
    ax.scatter(*X.T, c=palette[y], s=14, edgecolors="white", linewidths=0.5)
    ax.set_title(f"{stop:,} epochs, {network.score(X, y):.0%} right", fontsize="medium")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)

path = path.with_name("spiral_learned.png")
figure.savefig(path, dpi=120)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
