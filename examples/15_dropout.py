"""Dropout: the layer, its effect at prediction, and the choice of the rate."""

# %% A layer without weights. In each batch it sets a random part of its inputs to zero,
# independently for each sample, and scales the others so that the expected sum does not change.
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

dropout = Dropout(0.4, random_state=0)
ones = np.ones((1, 10))
print("Forward ", dropout.forward(ones).round(2).ravel())

# %% The gradient of a dropped input is zero: `backward` uses the same mask. The next batch has a
# different mask.
print("Backward", dropout.backward(ones).round(2).ravel())
print("Forward ", dropout.forward(ones).round(2).ravel())
print(f"Mean of 100,000 ones after dropout: {dropout.forward(np.ones((1, 100_000))).mean():.3f}")

# %% A network with dropout. It is trained on few digits, and a tenth of their labels is wrong.
# Without regularization, the network fits the wrong labels.
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, train_size=300, stratify=y, random_state=0
)
rng = np.random.default_rng(0)
wrong = rng.choice(300, size=30, replace=False)
y_train[wrong] = rng.permutation(y_train[wrong])


def make_network(rate):
    """Return an untrained network with dropout after the hidden layer."""
    rng = np.random.default_rng(0)
    hidden, output = (
        Dense(*sizes, initializer=glorot_uniform, random_state=rng)
        for sizes in ((64, 128), (128, 10))
    )
    dropout = Dropout(rate, random_state=rng)
    return Network([hidden, ReLU(), dropout, output], SoftmaxCategoricalCrossentropy())


def predict_full(network, X):
    """Return the probabilities of the full network."""
    return Softmax().forward(network.forward(X, training=False))


def predict_subnetwork(network, X):
    """Return the probabilities of a random subnetwork for each sample."""
    return Softmax().forward(network.forward(X))


network, optimizer = make_network(rate=0.5), Adam(learning_rate=0.005)
for _ in range(300):
    network.compute_gradients(X_train, y_train)
    optimizer.update(network.parameters, network.gradients)

# %% Each training sample is processed by a different subnetwork without the dropped neurons; all
# subnetworks share their weights. For predictions no neuron is dropped. The full network
# approximates the mean of the subnetworks, at the cost of one forward pass.
n_subnetworks = 100
samples = np.array([predict_subnetwork(network, X_test) for _ in range(n_subnetworks)])
means = np.cumsum(samples, axis=0) / np.arange(1, n_subnetworks + 1)[:, np.newaxis, np.newaxis]
losses = [log_loss(y_test, mean) for mean in means]
probabilities = predict_full(network, X_test)
full_loss = log_loss(y_test, probabilities)
print("\nMean of subnetworks")
for count in (1, 3, 10, 100):
    accuracy = np.mean(means[count - 1].argmax(axis=1) == y_test)
    print(f"    {count:3}          accuracy {accuracy:.3f}, loss {losses[count - 1]:.3f}")
accuracy = np.mean(probabilities.argmax(axis=1) == y_test)
print(f"Full network     accuracy {accuracy:.3f}, loss {full_loss:.3f}")

# %% In the estimator, `dropout` and `input_dropout` are parameters, and predictions use the full
# network. Without dropout, the network fits the wrong labels, and its errors on the test data are
# confident. With too much dropout, it underfits. Five seeds each.
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
            max_iter=80,
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

# %% The figure shows a batch after dropout, the mean of subnetworks, and losses by the rate.
figure, (batch, mean, rate_axes) = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
hidden = network.layers[1].forward(network.layers[0].forward(X_train[:24]))[:, :48]
mask = Dropout(0.5, random_state=0).forward(np.ones_like(hidden)) == 0
image = batch.imshow(np.ma.masked_array(hidden, mask), cmap="viridis", aspect="auto")
batch.set(
    facecolor="lightgray", title="A batch (gray: dropped)", xlabel="hidden neuron", ylabel="sample"
)
figure.colorbar(image, ax=batch, label="output")
mean.semilogx(range(1, n_subnetworks + 1), losses, label="mean of subnetworks")
mean.axhline(full_loss, color="tab:orange", label="full network")
mean.set(title="Networks with dropped neurons", xlabel="number of subnetworks")
mean.set_ylabel("test loss")
mean.legend()
for column, label in enumerate(("training loss", "test loss")):
    values = np.array(results)[:, :, column]
    (line,) = rate_axes.semilogy(rates, values.mean(axis=1), "-", label=label)
    rate_axes.plot(rates, values, "o", color=line.get_color(), alpha=0.4, markersize=4)
rate_axes.set(title="Five seeds (dots) and their mean", xlabel="dropout", ylabel="loss")
rate_axes.legend()

plt.show()
