"""Binary logistic regression: one neuron says yes or no, several say it to several questions."""

# %% Two classes need no two outputs. A single neuron gives a number z, a sigmoid makes it the
# probability of yes, and that of no is what is left. It is the same as softmax over the two logits
# 0 and z, and its derivative with binary cross-entropy is again the probability minus the target.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from skscratch import MLPScratchClassifier
from skscratch.datasets import make_spiral
from skscratch.nn import (
    Adam,
    BinaryCrossentropy,
    Dense,
    Network,
    ReLU,
    Sigmoid,
    SigmoidBinaryCrossentropy,
    Softmax,
)
from skscratch.nn.initializers import glorot_uniform

began = perf_counter()

z = np.array([[-2.0], [0.0], [3.0]])
target = np.array([[0.0], [1.0], [1.0]])
p = Sigmoid().forward(z)
assert np.allclose(p, Softmax().forward(np.hstack([np.zeros_like(z), z]))[:, 1:])
pair = SigmoidBinaryCrossentropy()
assert np.allclose(pair.backward(z, target), (p - target) / len(z))
assert np.isclose(pair.calculate(z, target), BinaryCrossentropy().calculate(p, target))
print(f"Logits {z.ravel()}, probabilities of yes {p.ravel().round(3)}")

# %% That neuron alone is what statistics calls logistic regression: its boundary is a straight
# line, and on a spiral of two arms that is of no use. With a hidden layer before it, it follows the
# arms. The loop is that of the other lessons.
X, y = make_spiral(n_samples=100, n_classes=2, random_state=0)
X_new, y_new = make_spiral(n_samples=1000, n_classes=2, random_state=1)
line = LogisticRegression().fit(X, y)

rng = np.random.default_rng(0)
hidden = Dense(2, 64, weight_regularizer_l2=1e-3, initializer=glorot_uniform, random_state=rng)
output = Dense(64, 1, initializer=glorot_uniform, random_state=rng)
network = Network([hidden, ReLU(), output], SigmoidBinaryCrossentropy())
optimizer = Adam(learning_rate=0.02, decay=1e-3)
for epoch in range(3001):
    data_loss, penalty = network.compute_gradients(X, y)
    if epoch % 1000 == 0:
        accuracy = network.loss.correct(network.output, y).mean()
        print(f"epoch {epoch:4}: loss {data_loss:.3f} + {penalty:.3f}, accuracy {accuracy:.3f}")
    optimizer.update(network.parameters, network.gradients)


def probability_of_yes(X):
    """Return the sigmoid of the network's outputs."""
    return Sigmoid().forward(network.forward(X)).ravel()


network_accuracy = np.mean((probability_of_yes(X_new) > 0.5) == y_new)
print(f"On new samples: {network_accuracy:.3f}; without the hidden layer", end=" ")
print(f"{line.score(X_new, y_new):.3f}")

# %% A probability is not an answer. Yes is what is more likely than not only if both mistakes cost
# the same; if a missed yes costs four times as much as a false one, say yes from 1/5 on.
p, yes = probability_of_yes(X_new), y_new == 1
print("\nA missed yes costs 4, a false one 1. Mean cost of saying yes from")
for threshold in (0.5, 0.2):
    missed, false = np.mean(yes & (p < threshold)), np.mean(~yes & (p >= threshold))
    print(f"    {threshold}   {4 * missed + false:.3f}  (missed {missed:.3f}, false {false:.3f})")

# %% Several such neurons side by side answer several questions at once, and the answers do not
# exclude each other, as classes do. The estimator takes a column of 0 and 1 for each.
QUESTIONS = {
    "even": (0, 2, 4, 6, 8),
    "with a loop": (0, 6, 8, 9),
    "more than four": (5, 6, 7, 8, 9),
}
X_digits, digits = load_digits(return_X_y=True)
answers = np.array([np.isin(digits, yes) for yes in QUESTIONS.values()]).astype(int).T
X_train, X_test, a_train, a_test, _, d_test = train_test_split(
    X_digits / 16, answers, digits, random_state=0
)
clf = MLPScratchClassifier(
    (64,), learning_rate_init=0.005, batch_size=64, max_iter=60, tol=0, random_state=0
).fit(X_train, a_train)
right = clf.predict(X_test) == a_test
print("\nDigits, right about")
for question, column in zip(QUESTIONS, right.T, strict=True):
    print(f"    {question:15} {column.mean():.3f}")
print(f"    all of these    {right.all(axis=1).mean():.3f}")

# %% The spiral by its probability of yes; and digits, with what the network says to each question.
figure = plt.figure(figsize=(14, 4.6), layout="constrained")
left, right_side = figure.subfigures(1, 2, width_ratios=[1.5, 1])
side = np.linspace(-1.15, 1.15, 200)
places = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
axes = left.subplots(1, 2)
for ax, title, values, accuracy in (
    (axes[0], "One neuron", line.predict_proba(places)[:, 1], line.score(X_new, y_new)),
    (axes[1], "With a hidden layer", probability_of_yes(places), network_accuracy),
):
    image = ax.pcolormesh(side, side, values.reshape(200, 200), cmap="RdBu_r", vmin=0, vmax=1)
    ax.contour(side, side, values.reshape(200, 200), levels=[0.5], colors="black", linewidths=1)
    ax.scatter(
        *X.T, c=np.array(["tab:blue", "tab:red"])[y], s=9, edgecolors="white", linewidths=0.4
    )
    ax.set(title=f"{title}: {accuracy:.0%} of new samples", xticks=[], yticks=[], aspect="equal")
left.colorbar(image, ax=axes, label="probability of yes", shrink=0.8)
probabilities = clf.predict_proba(X_test)
for digit, ax in enumerate(right_side.subplots(2, 5).flat):
    index = np.flatnonzero(d_test == digit)[0]
    ax.imshow(X_test[index].reshape(8, 8), cmap="gray_r")
    words = [f"{q} {p:.0%}" for q, p in zip(QUESTIONS, probabilities[index], strict=True)]
    ax.set_xlabel("\n".join(words), fontsize="x-small")
    ax.set(xticks=[], yticks=[])
right_side.suptitle("Three answers to each digit")

path = Path(__file__).parent / "figures" / "16_binary_logistic.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
