"""Uncertain training data: sample weights, soft targets, and labels that nobody vouches for."""

# %% A thousand digits were labelled by two people, half by each. One is careful and nearly always
# right. The other is hasty, and often writes down any other digit. We know who labelled what.
from pathlib import Path
from time import perf_counter

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

began = perf_counter()

X, y = load_digits(return_X_y=True)
X = X / 16


def labelled(hasty, seed):
    """Return training and test data, the labels that were given, and how sure each is."""
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=1000, stratify=y, random_state=seed
    )
    rng = np.random.default_rng(seed)
    sureness = rng.choice([0.98, hasty], size=1000)
    is_wrong = rng.random(1000) > sureness
    given = np.where(is_wrong, (y_train + rng.integers(1, 10, size=1000)) % 10, y_train)
    return X_train, X_test, y_train, y_test, given, sureness


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


# %% Whoever is sure of every label learns the wrong ones too. Two ways to say how sure we are.
#
# A sample weight says how much a sample counts. With a sureness of 1/10 a label is a guess and
# weighs nothing; with 1 it weighs 1.
#
# A soft target says what else it may be: the label with our sureness, and every other digit with an
# equal share of the rest. The estimator takes labels; Network takes such rows of probabilities.


def train_on_soft_targets(X, targets, seed, n_epochs=20):
    """Return the network that the estimator would train, trained on rows of probabilities."""
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


# %% And if nobody remembers who labelled what? The other data know. Train on four fifths, and ask
# that network how probable the labels of the last fifth are: a label that the others contradict
# gets a small weight. The network is trained briefly, before it learns the wrong labels by heart.


def sureness_from_folds(X, labels, seed):
    """Return how probable networks that were not trained on a label think it is."""
    network = make_network(seed, n_epochs=6)
    return cross_val_predict(network, X, labels, method="predict_proba")[range(len(X)), labels]


# %% Every way to train, at four degrees of haste, each tested on digits whose labels are true.


def accuracies(hasty, seed):
    """Return the test accuracy of each way to train."""
    X_train, X_test, y_train, y_test, given, sureness = labelled(hasty, seed)
    careful = sureness > hasty
    estimate = sureness_from_folds(X_train, given, seed)
    targets = np.where(one_hot(given, 10), sureness[:, None], (1 - sureness[:, None]) / 9)
    soft = train_on_soft_targets(X_train, targets, seed)
    weight = (10 * sureness - 1) / 9
    network = make_network(seed)
    return {
        "every label alike": network.fit(X_train, given).score(X_test, y_test),
        "only careful labels": network.fit(X_train[careful], given[careful]).score(X_test, y_test),
        "sample weights": network.fit(X_train, given, weight).score(X_test, y_test),
        "soft targets": np.mean(soft.forward(X_test).argmax(axis=1) == y_test),
        "weights from folds": network.fit(X_train, given, estimate).score(X_test, y_test),
        "the true labels": network.fit(X_train, y_train).score(X_test, y_test),
    }


levels = [0.3, 0.5, 0.7, 0.9]
results = {}
for hasty in levels:
    for seed in range(2):
        for name, accuracy in accuracies(hasty, seed).items():
            results.setdefault(name, {}).setdefault(hasty, []).append(accuracy)
print("Test accuracy, if the hasty one is right with a probability of")
print(" " * 19, *(f"{hasty:8}" for hasty in levels))
for name, row in results.items():
    print(f"{name:19}", *(f"{np.mean(row[hasty]):8.3f}" for hasty in levels))

# %% Accuracies, and the labels that the folds doubt most.
X_train, _, y_train, _, given, _ = labelled(hasty=0.5, seed=0)
doubted = sureness_from_folds(X_train, given, seed=0).argsort()[:30]
n_wrong = np.sum(given[doubted] != y_train[doubted])
print(f"\nOf all labels {np.mean(given != y_train):.0%} are wrong,", end=" ")
print(f"of the {len(doubted)} that the folds doubt most {n_wrong}")

figure = plt.figure(figsize=(13, 5), layout="constrained")
left, right = figure.subfigures(1, 2)
ax = left.subplots()
for name, row in results.items():
    style = "k:" if name == "the true labels" else "o-"
    ax.plot(levels, [np.mean(row[hasty]) for hasty in levels], style, label=name)
ax.set(xlabel="how often the hasty one is right", ylabel="test accuracy", xticks=levels)
ax.legend()
right.suptitle(f"The {len(doubted)} labels doubted most, {n_wrong} of them wrong (red)")
for index, ax in zip(doubted, right.subplots(5, 6).flat, strict=True):
    ax.imshow(X_train[index].reshape(8, 8), cmap="gray_r")
    is_wrong = given[index] != y_train[index]
    ax.set_title(f'"{given[index]}"', color="tab:red" if is_wrong else "black", fontsize="medium")
    ax.set_axis_off()

path = Path(__file__).parent / "figures" / "20_uncertain_labels.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
