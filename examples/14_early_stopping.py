"""Early stopping compared with fewer epochs, fewer neurons, and dropout."""

# %% Two overlapping moons. A network with two layers of 100 neurons overfits them in 200 epochs.
# Four methods reduce overfitting:
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss

from skscratch import MLPScratchClassifier
from skscratch.inspection import LossCurveDisplay

METHODS = {
    "200 epochs": {},
    # Hold out a fifth of the samples, stop when their loss has not improved for 20 epochs, and
    # restore the weights of the best epoch.
    "early stopping": {
        "early_stopping": True,
        "scoring": "loss",
        "validation_fraction": 0.2,
        "n_iter_no_change": 20,
    },
    "10 epochs": {"max_iter": 10},
    "16 neurons": {"hidden_layer_sizes": (16,)},
    # In each batch, drop each hidden neuron with a probability of one half.
    "dropout": {"dropout": 0.5},
}


def moons(n_samples, seed):
    """Return samples of the two moons."""
    return make_moons(n_samples, noise=0.35, random_state=seed)


def make_network(seed, **parameters):
    """Return an untrained network with these parameters instead of the defaults below."""
    defaults = {
        "hidden_layer_sizes": (100, 100),
        "learning_rate_init": 0.01,
        "alpha": 0,
        "batch_size": 32,
        "max_iter": 200,
        "tol": 0,
        "n_iter_no_change": np.inf,
    }
    return MLPScratchClassifier(random_state=seed, **defaults | parameters)


# %% Each method is applied to four samples of 300 points, and tested on 5,000 points. All four
# methods increase the test accuracy slightly and reduce the test loss considerably. Early stopping
# determines the number of epochs itself, but has fewer samples for training.
X_test, y_test = moons(5_000, seed=1000)
print("Mean of four samples   training accuracy   test accuracy   test loss")
networks, results = {}, {}
for name, parameters in METHODS.items():
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

# %% The figure shows the decision regions of three networks, the losses with and without early
# stopping on the first sample, and the test losses for all samples.
figure, axes = plt.subplot_mosaic(
    [["200 epochs"] * 2 + ["early stopping"] * 2 + ["dropout"] * 2, ["losses"] * 3 + ["tests"] * 3],
    figsize=(11, 8),
    layout="constrained",
)
X, y = moons(300, seed=0)
colors = np.array(["tab:blue", "tab:red"])
for name in ("200 epochs", "early stopping", "dropout"):
    DecisionBoundaryDisplay.from_estimator(
        networks[name][0],
        X,
        plot_method="pcolormesh",
        cmap="RdBu_r",
        alpha=0.7,
        eps=0.3,
        grid_resolution=200,
        ax=axes[name],
    )
    axes[name].scatter(*X.T, c=colors[y], s=12, edgecolors="white", linewidths=0.4)
    axes[name].set(title=name, xticks=[], yticks=[])

full = make_network(0).fit(X, y, X_val=X_test[:1000], y_val=y_test[:1000])
for network, name, others, style in (
    (full, "200 epochs", "1,000 test samples", "--"),
    (networks["early stopping"][0], "early stopping", "60 held-out samples", ":"),
):
    display = LossCurveDisplay.from_estimator(network, name=name, ax=axes["losses"])
    display.lines_["validation_loss"].set(linestyle=style, label=f"{name}: loss on {others}")
axes["losses"].set(title="Losses on the first sample", xlabel="epoch (log scale)")
axes["losses"].set(xscale="log", ylim=(0, 1))
axes["losses"].legend(fontsize="small")
for seed, losses in enumerate(np.transpose([result[:, 2] for result in results.values()])):
    label = "one sample" if seed == 0 else None
    axes["tests"].plot(losses, "o-", color="tab:gray", alpha=0.5, label=label)
means = [result[:, 2].mean() for result in results.values()]
axes["tests"].plot(means, "D", color="black", label="mean")
axes["tests"].set_xticks(range(len(results)), results, rotation=15)
axes["tests"].set(title="Test losses for four samples", ylabel="test loss", ylim=(0, None))
axes["tests"].legend()

plt.show()
