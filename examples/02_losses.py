"""Losses and what they punish: being wrong, being sure of it, or being far off."""

# %% Two networks look at the same four pictures. Both are right three times out of four, so their
# accuracy is the same. Cross-entropy, the negative logarithm of the probability that the right
# class was given, tells the careful one from the one that is sure of its mistake.
from pathlib import Path
from time import perf_counter

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

began = perf_counter()

right = np.array([0, 1, 2, 1])
careful = np.array([[0.6, 0.2, 0.2], [0.3, 0.5, 0.2], [0.2, 0.2, 0.6], [0.4, 0.3, 0.3]])
sure = np.array([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.1, 0, 0.9], [0.999, 0.0005, 0.0005]])
crossentropy = CategoricalCrossentropy()
print("                accuracy   loss of each picture           mean")
for name, probabilities in {"careful": careful, "sure of itself": sure}.items():
    accuracy = np.mean(probabilities.argmax(axis=1) == right)
    losses = crossentropy.forward(probabilities, right).round(2)
    mean = crossentropy.calculate(probabilities, right)
    print(f"{name:14} {accuracy:9.2f}   {losses!s:28} {mean:6.2f}")

# %% The logarithm has no lower end: whoever gives the truth no chance at all has lost everything. A
# probability that underflows to 0 would cost infinitely much, so that it is usual to clip it, at
# 1e-7 for instance. Then no mistake costs more than 16.1, and the network is no longer told which
# is the worse one. Of the weighted sums before the softmax, the loss can be had exactly:
logits = np.array([[1000.0, 0.0, -1000.0]])
clipped = -np.log(np.maximum(Softmax().forward(logits)[0, 2], 1e-7))
exact = SoftmaxCategoricalCrossentropy().calculate(logits, [2])
print(f"\nThe truth 2,000 below the greatest: {clipped:.1f} clipped, {exact:.1f} exactly")

# %% A loss also says what the best answer is when nobody can know. An event that happens three
# times out of ten: which prediction costs least in the long run? By cross-entropy and by squared
# error 0.3, the truth: whoever minimizes them gives honest probabilities. By absolute error 0,
# "never". And the share of errors does not even have a slope to follow.
share = 0.3
guesses = np.linspace(0.001, 0.999, 999)
in_the_long_run = {
    "cross-entropy": lambda p: -share * np.log(p) - (1 - share) * np.log(1 - p),
    "squared error": lambda p: share * (1 - p) ** 2 + (1 - share) * p**2,
    "absolute error": lambda p: share * (1 - p) + (1 - share) * p,
    "share of errors": lambda p: np.where(p > 0.5, 1 - share, share),
}
print("\nCheapest prediction of what happens three times out of ten")
for name, cost in in_the_long_run.items():
    costs = cost(guesses)
    cheapest = guesses[np.isclose(costs, costs.min())]
    span = " to ".join(f"{p:.2f}" for p in np.unique(cheapest[[0, -1]].round(2)))
    print(f"    {name:15} {span}")

# %% With numbers instead of classes it is the same question. Of five tenants in a house, one pays
# ten times what the others pay. Squared error asks for the mean, which is far from all of them;
# absolute error asks for the median, and does not care about the one.
rents = np.array([[500.0], [520.0], [550.0], [560.0], [5500.0]])
squared, absolute = MeanSquaredError(), MeanAbsoluteError()
candidates = np.arange(400.0, 3000.0)
by_squares = [squared.calculate(np.full_like(rents, rent), rents) for rent in candidates]
by_distance = [absolute.calculate(np.full_like(rents, rent), rents) for rent in candidates]
best_by_squares, best_by_distance = candidates[[np.argmin(by_squares), np.argmin(by_distance)]]
print("\nOne number for all rents")
print(f"    by squared error   {best_by_squares:.0f}, the mean is {rents.mean():.0f}")
print(f"    by absolute error  {best_by_distance:.0f}, the median is {np.median(rents):.0f}")

# %% And a loss says how hard to pull. A neuron with a sigmoid is quite sure of the wrong answer.
# The gradient of squared error has the slope of the sigmoid in it, which is flat out there: the
# more wrong, the weaker the pull. In cross-entropy's, 1 / p makes up for the slope. That is why
# classifiers are trained by it.


def learn(loss, n_updates=600):
    """Return the probability of the right answer after every update."""
    neuron, sigmoid, optimizer = Dense(1, 1), Sigmoid(), SGD(learning_rate=0.2)
    neuron.biases = [[-5.0]]
    x, y, probabilities = np.zeros((1, 1)), np.ones((1, 1)), []
    for _ in range(n_updates):
        p = sigmoid.forward(neuron.forward(x))
        probabilities.append(p.item())
        neuron.backward(sigmoid.backward(loss.backward(p, y)))
        optimizer.update(neuron.biases, neuron.dbiases)
    return np.array(probabilities)


courses = {"cross-entropy": learn(BinaryCrossentropy()), "squared error": learn(MeanSquaredError())}
print("\nFrom sure and wrong to 50%")
for name, course in courses.items():
    print(f"    {name:14} {np.argmax(course > 0.5)} updates")

# %% The price of a probability, the cheapest one, and two ways out of a mistake.
figure, (price, cheapest, course) = plt.subplots(1, 3, figsize=(15, 4.2), layout="constrained")
p = np.linspace(0.002, 1, 500)
colors = dict(zip(in_the_long_run, ("tab:blue", "tab:orange", "tab:green", "tab:red"), strict=True))
prices = {
    "cross-entropy": -np.log(p),
    "squared error": (1 - p) ** 2,
    "absolute error": 1 - p,
    "share of errors": p < 0.5,
}
for name, values in prices.items():
    price.plot(p, values, color=colors[name], label=name)
price.set(xlabel="probability of the right class", ylabel="loss", title="What a mistake costs")
price.legend()
for name, cost in in_the_long_run.items():
    costs = cost(guesses)
    cheapest.plot(guesses, costs, color=colors[name])
    if name != "share of errors":
        cheapest.plot(guesses[costs.argmin()], costs.min(), "o", color=colors[name])
cheapest.axvline(share, color="black", linestyle=":", label="how often it happens")
cheapest.set(xlabel="predicted probability", ylabel="mean loss")
cheapest.set(title="The cheapest prediction (dots)")
cheapest.legend()
for name, values in courses.items():
    course.plot(values, color=colors[name], label=name)
course.set(xlabel="update", ylabel="probability of the right class", title="Out of a mistake")
course.legend()

path = Path(__file__).parent / "figures" / "02_losses.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
