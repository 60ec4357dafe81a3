"""Binary logistic regression: one sigmoid output, and several labels."""

# %% Two classes need only one output. The sigmoid of the output z is the probability of class 1.
# This is equivalent to softmax of the two logits 0 and z, and the derivative of binary
# cross-entropy is the probability minus the target.
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

z = np.array([[-2.0], [0.0], [3.0]])
target = np.array([[0.0], [1.0], [1.0]])
p = Sigmoid().forward(z)
assert np.allclose(p, Softmax().forward(np.hstack([np.zeros_like(z), z]))[:, 1:])
pair = SigmoidBinaryCrossentropy()
assert np.allclose(pair.backward(z, target), (p - target) / len(z))
assert np.isclose(pair.calculate(z, target), BinaryCrossentropy().calculate(p, target))
print(f"Logits {z.ravel()}, probabilities {p.ravel().round(3)}")

# %% A single neuron is a logistic regression, whose decision boundary is a straight line. It cannot
# separate a spiral with two arms; a network with a hidden layer can. The training loop is that of
# the other lessons.
X, y = make_spiral(n_samples=100, n_classes=2, random_state=0)
X_new, y_new = make_spiral(n_samples=1000, n_classes=2, random_state=1)
linear_model = LogisticRegression().fit(X, y)

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


def predict_probability(X):
    """Return the probability of class 1."""
    return Sigmoid().forward(network.forward(X)).ravel()


network_accuracy = np.mean((predict_probability(X_new) > 0.5) == y_new)
print("Accuracy on new samples")
print(f"    one neuron           {linear_model.score(X_new, y_new):.3f}")
print(f"    with a hidden layer  {network_accuracy:.3f}")

# %% A threshold of 0.5 minimizes the expected cost only if both errors cost the same. If a false
# negative costs four times as much as a false positive, the optimal threshold is 1/5.
p, positive = predict_probability(X_new), y_new == 1
print("\nMean cost by threshold, if a false negative costs 4 and a false positive 1")
for threshold in (0.5, 0.2):
    false_negatives = np.mean(positive & (p < threshold))
    false_positives = np.mean(~positive & (p >= threshold))
    print(f"    {threshold}   {4 * false_negatives + false_positives:.3f}", end=" ")
    print(f"(false negatives {false_negatives:.3f}, false positives {false_positives:.3f})")

# %% Several sigmoid outputs predict several labels, which do not exclude each other, unlike
# classes. The estimator takes a column of 0 and 1 for each label.
LABELS = {
    "even": (0, 2, 4, 6, 8),
    "with a loop": (0, 6, 8, 9),
    "more than four": (5, 6, 7, 8, 9),
}
X_digits, digits = load_digits(return_X_y=True)
labels = np.array([np.isin(digits, members) for members in LABELS.values()]).astype(int).T
X_train, X_test, y_train, y_test = train_test_split(X_digits / 16, labels, random_state=0)
clf = MLPScratchClassifier(
    (64,), learning_rate_init=0.005, batch_size=64, max_iter=60, tol=0, random_state=0
).fit(X_train, y_train)
correct = clf.predict(X_test) == y_test
print("\nTest accuracy for three labels of digits")
for label, column in zip(LABELS, correct.T, strict=True):
    print(f"    {label:15} {column.mean():.3f}")
print(f"    all correct     {correct.all(axis=1).mean():.3f}")

# %% The figure shows the probabilities of class 1 on the spiral, for one neuron and with a hidden
# layer.
side = np.linspace(-1.15, 1.15, 200)
points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
panels = {
    "One neuron": (linear_model.predict_proba(points)[:, 1], linear_model.score(X_new, y_new)),
    "With a hidden layer": (predict_probability(points), network_accuracy),
}
figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
for ax, (title, (values, accuracy)) in zip(axes, panels.items(), strict=True):
    grid = values.reshape(200, 200)
    image = ax.pcolormesh(side, side, grid, cmap="RdBu_r", vmin=0, vmax=1)
    ax.contour(side, side, grid, levels=[0.5], colors="black", linewidths=1)
    colors = np.array(["tab:blue", "tab:red"])[y]
    ax.scatter(*X.T, c=colors, s=9, edgecolors="white", linewidths=0.4)
    ax.set(title=f"{title}: test accuracy {accuracy:.0%}", xticks=[], yticks=[], aspect="equal")
figure.colorbar(image, ax=axes, label="probability of class 1", shrink=0.8)

plt.show()
