"""Dropout as a layer: what it does forward and backward, what it is for, and how much of it."""

# %% A layer without weights. In every batch it leaves a share of its inputs out, drawn anew for
# each sample, and scales up the others by as much as is missing, so that the sums of the next layer
# are on average what they were.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skscratch import MLPScratchClassifier
from skscratch.nn import (
    Adam,
    Dense,
    Dropout,
    Network,
    ReLU,
    Softmax,
    SoftmaxCategoricalCrossentropy,
    glorot_uniform,
)

began = perf_counter()

dropout = Dropout(0.4, random_state=0)
ones = np.ones((1, 10))
print("Forward ", dropout.forward(ones).round(2).ravel())

# %% What was left out has not taken part, and learns nothing: the gradient goes back through the
# same mask. The next batch has another.
print("Backward", dropout.backward(ones).round(2).ravel())
print("Forward ", dropout.forward(ones).round(2).ravel())
print(f"The mean of 100,000 ones is {dropout.forward(np.ones((1, 100_000))).mean():.3f}")

# %% A network with the layer in it. It gets few digits to learn from, and a tenth of their labels
# has been mixed up: whoever can learn them by heart will, and that is what dropout is against.
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, train_size=300, stratify=y, random_state=0
)
rng = np.random.default_rng(0)
mixed_up = rng.choice(300, size=30, replace=False)
y_train[mixed_up] = rng.permutation(y_train[mixed_up])


def make_network(rate):
    """Return an untrained network that drops a share of its hidden neurons."""
    rng = np.random.default_rng(0)
    hidden, output = (
        Dense(*sizes, initializer=glorot_uniform, random_state=rng)
        for sizes in ((64, 128), (128, 10))
    )
    dropout = Dropout(rate, random_state=rng)
    return Network([hidden, ReLU(), dropout, output], SoftmaxCategoricalCrossentropy())


def whole(network, X):
    """Return the probabilities of a network without dropout."""
    return Softmax().forward(network.forward(X, training=False))


def thinned(network, X):
    """Return the probabilities of a network with a random part of its neurons."""
    return Softmax().forward(network.forward(X))


network, optimizer = make_network(rate=0.5), Adam(learning_rate=0.005)
for _ in range(300):
    network.compute_gradients(X_train, y_train)
    optimizer.update(network.parameters, network.gradients)

# %% Every sample has trained another, thinner network, and all of them share the same weights. For
# predictions nobody is left out. The whole network stands in for the mean of the thin ones, about
# as good and at the price of one.
n_thin = 100
thin = np.array([thinned(network, X_test) for _ in range(n_thin)])
means = np.cumsum(thin, axis=0) / np.arange(1, n_thin + 1)[:, np.newaxis, np.newaxis]
losses = [log_loss(y_test, mean) for mean in means]
probabilities = whole(network, X_test)
whole_loss = log_loss(y_test, probabilities)
print("\nThe mean of thin networks")
for count in (1, 3, 10, 100):
    accuracy = np.mean(means[count - 1].argmax(axis=1) == y_test)
    print(f"    {count:3}          accuracy {accuracy:.3f}, loss {losses[count - 1]:.3f}")
accuracy = np.mean(probabilities.argmax(axis=1) == y_test)
print(f"The whole one    accuracy {accuracy:.3f}, loss {whole_loss:.3f}")

# %% How much? In the estimator, dropout and input_dropout are parameters, and predictions always
# come from the whole network. With none of it the network learns the mixed-up labels by heart, and
# is sure of them in the test too; with too much it does not learn enough. Five seeds each.
rates = [0, 0.2, 0.4, 0.6, 0.8, 0.95]
results = []
print("\nRate   training loss   test loss   test accuracy")
for rate in rates:
    networks = [
        MLPScratchClassifier(
            (128,),
            dropout=rate,
            alpha=0,
            learning_rate_init=0.005,
            batch_size=50,
            max_iter=100,
            tol=0,
            n_iter_no_change=np.inf,
            random_state=seed,
        ).fit(X_train, y_train)
        for seed in range(5)
    ]
    results.append(
        [
            (
                log_loss(y_train, network.predict_proba(X_train)),
                log_loss(y_test, network.predict_proba(X_test)),
                network.score(X_test, y_test),
            )
            for network in networks
        ]
    )
    training, test, accuracy = np.mean(results[-1], axis=0)
    print(f"{rate:4} {training:15.4f} {test:11.3f} {accuracy:15.3f}")

# %% A batch behind the layer, the mean of thin networks, and losses by the rate.
figure, (batch, mean, rate_axes) = plt.subplots(1, 3, figsize=(15, 4.2), layout="constrained")
hidden = network.layers[1].forward(network.layers[0].forward(X_train[:24]))[:, :48]
mask = Dropout(0.5, random_state=0).forward(np.ones_like(hidden)) == 0
image = batch.imshow(np.ma.masked_array(hidden, mask), cmap="viridis", aspect="auto")
batch.set(facecolor="lightgray", title="A batch; gray: left out", xlabel="neuron", ylabel="sample")
figure.colorbar(image, ax=batch, label="output")
mean.semilogx(range(1, n_thin + 1), losses, label="mean of thin networks")
mean.axhline(whole_loss, color="tab:orange", label="the whole network")
mean.set(title="Thin networks, and the whole", xlabel="thin networks", ylabel="test loss")
mean.legend()
for column, label in enumerate(("training loss", "test loss")):
    values = np.array(results)[:, :, column]
    (line,) = rate_axes.semilogy(rates, values.mean(axis=1), "-", label=label)
    rate_axes.plot(rates, values, "o", color=line.get_color(), alpha=0.4, markersize=4)
rate_axes.set(title="Five seeds and their mean", xlabel="dropout", ylabel="loss")
rate_axes.legend()

path = Path(__file__).parent / "figures" / "15_dropout.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
