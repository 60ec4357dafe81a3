"""Early stopping, fewer epochs, fewer neurons and dropout: four ways not to memorize."""

# %% Two moons that overlap. Whoever tells all of their samples apart has memorized some, and two
# layers of 100 neurons come close to that in 200 epochs. Four ways to keep them from it:
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss

from skscratch import MLPScratchClassifier
from skscratch.inspection import LossCurveDisplay

began = perf_counter()

WAYS = {
    "200 epochs": {},
    # Hold out a fifth of the samples, stop when the loss on them has not improved for 20 epochs,
    # and put the weights of the best epoch back.
    "early stopping": {
        "early_stopping": True,
        "scoring": "loss",
        "validation_fraction": 0.2,
        "n_iter_no_change": 20,
    },
    "10 epochs": {"max_iter": 10},
    "16 neurons": {"hidden_layer_sizes": (16,)},
    # In each batch, leave every hidden neuron out with a probability of one half, so that none can
    # rely on the others.
    "dropout": {"dropout": 0.5},
}


def moons(n_samples, seed):
    """Draw the two moons."""
    return make_moons(n_samples, noise=0.35, random_state=seed)


def make_network(seed, **parameters):
    """Return an untrained network with these parameters instead of the usual ones."""
    usual = {
        "hidden_layer_sizes": (100, 100),
        "learning_rate_init": 0.01,
        "alpha": 0,
        "batch_size": 32,
        "max_iter": 200,
        "tol": 0,
        "n_iter_no_change": np.inf,
    }
    return MLPScratchClassifier(random_state=seed, **usual | parameters)


# %% Each way on four draws of 300 samples, tested on 5,000 others. All four are right more often on
# samples that they have not seen, and above all less sure where they are wrong: see the loss. Early
# stopping finds out by itself when to stop, and pays for it with samples to train on.
X_test, y_test = moons(5_000, seed=1000)
print("Mean of four draws     training accuracy   test accuracy   test loss")
networks, results = {}, {}
for name, parameters in WAYS.items():
    networks[name] = [make_network(seed, **parameters).fit(*moons(300, seed)) for seed in range(4)]
    results[name] = np.array(
        [
            (
                network.score(*moons(300, seed)),
                network.score(X_test, y_test),
                log_loss(y_test, network.predict_proba(X_test)),
            )
            for seed, network in enumerate(networks[name])
        ]
    )
    training, test, loss = results[name].mean(axis=0)
    print(f"{name:24} {training:.3f} {test:18.3f} {loss:14.3f}")

# %% The first draw: each way's regions, and the losses of two networks. Dashed is the loss on 1,000
# test samples, dotted that on the 60 samples which early stopping held out, and judged by; the dot
# is where it went back to.
figure, axes = plt.subplot_mosaic(
    [[*WAYS], ["losses"] * 2 + ["results"] * 3], figsize=(15, 7.5), layout="constrained"
)
X, y = moons(300, seed=0)
colors = np.array(["tab:blue", "tab:red"])
for name, (network, *_) in networks.items():
    DecisionBoundaryDisplay.from_estimator(
        network, X, plot_method="pcolormesh", cmap="RdBu_r", alpha=0.7, eps=0.3, ax=axes[name]
    )
    axes[name].scatter(*X.T, c=colors[y], s=12, edgecolors="white", linewidths=0.4)
    axes[name].set(title=name, xticks=[], yticks=[])

usual = make_network(0).fit(X, y, X_val=X_test[:1000], y_val=y_test[:1000])
for network, name, others, style in (
    (usual, "200 epochs", "1,000 test samples", "--"),
    (networks["early stopping"][0], "early stopping", "60 samples held out", ":"),
):
    display = LossCurveDisplay.from_estimator(network, name=name, ax=axes["losses"])
    display.lines_["validation_loss"].set(linestyle=style, label=f"{name}: loss on {others}")
axes["losses"].set(xscale="log", ylim=(0, 0.9))
axes["losses"].legend()
for name, result in results.items():
    axes["results"].plot(result[:, 2], result[:, 1], "o", label=name)
axes["results"].set(title="Four draws", xlabel="test loss", ylabel="test accuracy", xscale="log")
axes["results"].set_xticks([0.3, 0.4, 0.5, 0.6, 0.7], [0.3, 0.4, 0.5, 0.6, 0.7])
axes["results"].minorticks_off()
axes["results"].legend()

path = Path(__file__).parent / "figures" / "14_early_stopping.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
