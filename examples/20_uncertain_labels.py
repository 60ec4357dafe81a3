"""Uncertain labels: sample weights, soft targets, and estimated reliability."""

# %% A thousand digits are labelled by two annotators, half by each. One is correct with a
# probability of 0.98; the other often chooses a wrong digit. It is known which annotator labelled
# which digit.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_predict, train_test_split

from skscratch import MLPScratchClassifier
from skscratch.nn import (
    Adam,
    Batches,
    Dense,
    Network,
    NumPyEngine,
    ReLU,
    SoftmaxCategoricalCrossentropy,
    glorot_uniform,
    one_hot,
)

X, y = load_digits(return_X_y=True)
X = X / 16


def make_data(second, seed):
    """Return training and test data, the given labels, and their reliability."""
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=1000, stratify=y, random_state=seed
    )
    rng = np.random.default_rng(seed)
    reliability = rng.choice([0.98, second], size=1000)
    is_wrong = rng.random(1000) > reliability
    given = np.where(is_wrong, (y_train + rng.integers(1, 10, size=1000)) % 10, y_train)
    return X_train, X_test, y_train, y_test, given, reliability


def make_network(seed, n_epochs=20):
    """Return an untrained network."""
    return MLPScratchClassifier(
        hidden_layer_sizes=(100,),
        learning_rate_init=0.005,
        alpha=0,
        batch_size=32,
        max_iter=n_epochs,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=seed,
    )


# %% With equal weights, the network also fits the wrong labels. There are two ways to specify the
# reliability of a label.
#
# A sample weight determines the contribution of a sample to the loss. A label with a reliability of
# 1/10 is a random guess and gets a weight of 0; a certain one gets 1.
#
# A soft target is a distribution over all classes: the label has a probability equal to its
# reliability, and the other digits share the rest. The estimator accepts labels only; `Network`
# also accepts such rows of probabilities.


def train_on_soft_targets(X, targets, seed, n_epochs=20):
    """Return a network like that of the estimator, trained on rows of probabilities."""
    random_state = np.random.RandomState(seed)
    sizes = {"initializer": glorot_uniform, "random_state": random_state}
    network = Network(
        [Dense(64, 100, **sizes), ReLU(), Dense(100, 10, **sizes)],
        SoftmaxCategoricalCrossentropy(),
    )
    batches = Batches(X, targets, batch_size=32, n_outputs=10)
    engine = NumPyEngine(network, Adam(), batches, random_state)
    engine.train(n_epochs * [0.005])
    return network


# %% If it is unknown which annotator labelled a digit, the reliability is estimated by
# cross-validation: it is the probability of the label according to a network that was not trained
# on it. This network is trained for few epochs, so that it does not fit the wrong labels.


def estimate_reliability(X, labels, seed):
    """Return the probability of each label in a network that was not trained on it."""
    network = make_network(seed, n_epochs=6)
    return cross_val_predict(network, X, labels, method="predict_proba")[range(len(X)), labels]


# %% All methods are applied with four reliabilities of the second annotator, and tested on digits
# with correct labels.


def accuracies(second, seed):
    """Return the test accuracy of each method."""
    X_train, X_test, y_train, y_test, given, reliability = make_data(second, seed)
    first = reliability > second
    estimate = estimate_reliability(X_train, given, seed)
    targets = np.where(one_hot(given, 10), reliability[:, None], (1 - reliability[:, None]) / 9)
    soft = train_on_soft_targets(X_train, targets, seed)
    weight = (10 * reliability - 1) / 9
    network = make_network(seed)
    return {
        "equal weights": network.fit(X_train, given).score(X_test, y_test),
        "first annotator": network.fit(X_train[first], given[first]).score(X_test, y_test),
        "sample weights": network.fit(X_train, given, weight).score(X_test, y_test),
        "soft targets": np.mean(soft.forward(X_test).argmax(axis=1) == y_test),
        "estimated weights": network.fit(X_train, given, estimate).score(X_test, y_test),
        "correct labels": network.fit(X_train, y_train).score(X_test, y_test),
    }


levels = [0.3, 0.5, 0.7, 0.9]
results = {}
for second in levels:
    for seed in range(2):
        for name, accuracy in accuracies(second, seed).items():
            results.setdefault(name, {}).setdefault(second, []).append(accuracy)
print("Test accuracy by the reliability of the second annotator")
print(" " * 19, *(f"{second:8}" for second in levels))
for name, row in results.items():
    print(f"{name:19}", *(f"{np.mean(row[second]):8.3f}" for second in levels))

# %% The figure shows the accuracies, and the labels with the lowest estimated reliability.
X_train, _, y_train, _, given, _ = make_data(second=0.5, seed=0)
lowest = estimate_reliability(X_train, given, seed=0).argsort()[:30]
n_wrong = np.sum(given[lowest] != y_train[lowest])
print("\nWrong labels, if the reliability of the second annotator is 0.5")
print(f"    of all labels                      {np.mean(given != y_train):.0%}")
print(f"    lowest {len(lowest)} estimated reliabilities  {n_wrong / len(lowest):.0%}")

figure = plt.figure(figsize=(12, 5), layout="constrained")
left, right = figure.subfigures(1, 2)
ax = left.subplots()
for name, row in results.items():
    style = "k:" if name == "correct labels" else "o-"
    ax.plot(levels, [np.mean(row[second]) for second in levels], style, label=name)
ax.set(xlabel="reliability of the second annotator", ylabel="test accuracy", xticks=levels)
ax.set_title("Test accuracy by method")
ax.legend()
right.suptitle(f"Lowest estimated reliability: {n_wrong} of {len(lowest)} labels are wrong (red)")
for index, ax in zip(lowest, right.subplots(5, 6).flat, strict=True):
    ax.imshow(X_train[index].reshape(8, 8), cmap="gray_r")
    is_wrong = given[index] != y_train[index]
    ax.set_title(f'"{given[index]}"', color="tab:red" if is_wrong else "black", fontsize="medium")
    ax.set_axis_off()

plt.show()
