"""Losses: cross-entropy, squared error and absolute error."""

# %% Two classifiers predict the classes of the same four images. Each is correct three times, so
# their accuracies are equal. Cross-entropy, the negative logarithm of the probability of the true
# class, distinguishes a cautious prediction from a confident error.
import matplotlib.pyplot as plt
import numpy as np

from skscratch.nn import (
    SGD,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Dense,
    MeanAbsoluteError,
    MeanSquaredError,
    Sigmoid,
    Softmax,
    SoftmaxCategoricalCrossentropy,
)

y_true = np.array([0, 1, 2, 1])
cautious = np.array([[0.6, 0.2, 0.2], [0.3, 0.5, 0.2], [0.2, 0.2, 0.6], [0.4, 0.3, 0.3]])
confident = np.array([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.1, 0, 0.9], [0.999, 0.0005, 0.0005]])
crossentropy = CategoricalCrossentropy()
print("                accuracy   loss of each image             mean")
for name, probabilities in {"cautious": cautious, "confident": confident}.items():
    accuracy = np.mean(probabilities.argmax(axis=1) == y_true)
    losses = crossentropy.forward(probabilities, y_true).round(2)
    mean = crossentropy.calculate(probabilities, y_true)
    print(f"{name:14} {accuracy:9.2f}   {losses!s:28} {mean:6.2f}")

# %% The logarithm has no lower bound. A probability that underflows to 0 has an infinite loss, so
# that probabilities are usually clipped, for example at 1e-7. Then no loss exceeds 16.1, and the
# gradient of a larger error vanishes. Computed from the logits, the loss is exact:
logits = np.array([[1000.0, 0.0, -1000.0]])
clipped = -np.log(np.maximum(Softmax().forward(logits)[0, 2], 1e-7))
exact = SoftmaxCategoricalCrossentropy().calculate(logits, [2])
print(f"\nLoss for a logit 2,000 below the maximum: {clipped:.1f} clipped, {exact:.1f} exact")

# %% A loss also determines the optimal prediction of a random event. For an event with a
# probability of 0.3, cross-entropy and squared error are minimized by a prediction of 0.3. Absolute
# error is minimized by 0, and the error rate by every prediction below 0.5, with a gradient of 0
# everywhere.
probability = 0.3
guesses = np.linspace(0.001, 0.999, 999)
expected_loss = {
    "cross-entropy": lambda p: -probability * np.log(p) - (1 - probability) * np.log(1 - p),
    "squared error": lambda p: probability * (1 - p) ** 2 + (1 - probability) * p**2,
    "absolute error": lambda p: probability * (1 - p) + (1 - probability) * p,
    "error rate": lambda p: np.where(p > 0.5, 1 - probability, probability),
}
print("\nOptimal prediction of an event with a probability of 0.3")
for name, cost in expected_loss.items():
    costs = cost(guesses)
    optimal = guesses[np.isclose(costs, costs.min())]
    span = " to ".join(f"{p:.2f}" for p in np.unique(optimal[[0, -1]].round(2)))
    print(f"    {name:15} {span}")

# %% The same holds for regression. In this sample of five rents, one is ten times as high as the
# others. Squared error is minimized by the mean, which is far from all of them, and absolute error
# by the median, which does not depend on the outlier.
rents = np.array([[500.0], [520.0], [550.0], [560.0], [5500.0]])
squared, absolute = MeanSquaredError(), MeanAbsoluteError()
candidates = np.arange(400.0, 3000.0)
squared_losses = [squared.calculate(np.full_like(rents, rent), rents) for rent in candidates]
absolute_losses = [absolute.calculate(np.full_like(rents, rent), rents) for rent in candidates]
best_by_squares = candidates[np.argmin(squared_losses)]
best_by_distance = candidates[np.argmin(absolute_losses)]
print("\nOptimal prediction of the rents")
print(f"    squared error   {best_by_squares:.0f} (mean: {rents.mean():.0f})")
print(f"    absolute error  {best_by_distance:.0f} (median: {np.median(rents):.0f})")

# %% The loss also determines the size of the gradient. The output of a neuron with a sigmoid is
# close to 0, and its target is 1. The gradient of squared error contains the derivative of the
# sigmoid, which is small there, so that a confident error is corrected slowly. In the gradient of
# cross-entropy, the factor 1 / p compensates for it.


def train(loss, n_updates=600):
    """Return the predicted probability before each update."""
    neuron, sigmoid, optimizer = Dense(1, 1), Sigmoid(), SGD(learning_rate=0.2)
    neuron.biases = [[-5.0]]
    x, y, probabilities = np.zeros((1, 1)), np.ones((1, 1)), []
    for _ in range(n_updates):
        p = sigmoid.forward(neuron.forward(x))
        probabilities.append(p.item())
        neuron.backward(sigmoid.backward(loss.backward(p, y)))
        optimizer.update(neuron.biases, neuron.dbiases)
    return np.array(probabilities)


courses = {"cross-entropy": train(BinaryCrossentropy()), "squared error": train(MeanSquaredError())}
print("\nUpdates until the prediction exceeds 0.5")
for name, course in courses.items():
    print(f"    {name:14} {np.argmax(course > 0.5)}")

# %% The figure shows the losses by probability, the expected loss by prediction with its minima,
# and both trainings.
figure, (by_probability, expected, training) = plt.subplots(
    1, 3, figsize=(12, 3.8), layout="constrained"
)
p = np.linspace(0.002, 1, 500)
colors = dict(zip(expected_loss, ("tab:blue", "tab:orange", "tab:green", "tab:red"), strict=True))
losses_of_p = {
    "cross-entropy": -np.log(p),
    "squared error": (1 - p) ** 2,
    "absolute error": 1 - p,
    "error rate": p < 0.5,
}
for name, values in losses_of_p.items():
    by_probability.plot(p, values, color=colors[name], label=name)
by_probability.set(xlabel="probability of the true class", ylabel="loss", title="Losses")
by_probability.legend()
for name, cost in expected_loss.items():
    costs = cost(guesses)
    expected.plot(guesses, costs, color=colors[name])
    if name != "error rate":
        expected.plot(guesses[costs.argmin()], costs.min(), "o", color=colors[name])
expected.axvline(probability, color="black", linestyle=":", label="probability of the event")
expected.plot([], [], "o", color="gray", label="minimum")
expected.set(xlabel="predicted probability", ylabel="expected loss", title="Optimal predictions")
expected.legend()
for name, values in courses.items():
    training.plot(values, color=colors[name], label=name)
training.set(xlabel="update", ylabel="probability of the true class")
training.set_title("Recovering from a confident error")
training.legend(loc="lower right")

plt.show()
