"""The derivative of softmax with cross-entropy: by its Jacobian, and in one step."""

# %% A network's last weighted sums, the logits, become probabilities by softmax, and cross-entropy
# says what they cost. Backpropagation needs the derivative of that cost with respect to the logits.
from functools import partial
from pathlib import Path
from time import perf_counter
from timeit import repeat

import matplotlib.pyplot as plt
import numpy as np

from skscratch.nn import (
    CategoricalCrossentropy,
    Softmax,
    SoftmaxCategoricalCrossentropy,
    one_hot,
)
from skscratch.nn.testing import check_gradient

began = perf_counter()

# %% Softmax first. Each output depends on every input, because all share one sum: the derivatives
# of one sample are a matrix, the Jacobian. Of output i with respect to input j it is p_i (1 - p_i)
# where i is j, and -p_i p_j elsewhere; in short diag(p) - p p'. What one class gains, the others
# lose: every column sums to 0.
logits = np.array([[2.0, 1.0, -1.0]])
target = 1
probabilities = Softmax().forward(logits)


def jacobian(p):
    """Return the derivatives of one sample's probabilities with respect to its logits."""
    return np.diag(p) - np.outer(p, p)


matrix = jacobian(probabilities[0])
assert np.allclose(matrix.sum(axis=0), 0)
print(f"Probabilities {probabilities[0].round(3)}, the right class is {target}. The Jacobian:")
print(matrix.round(3))

# %% Then the chain rule. Cross-entropy's derivative is -1 / p for the right class, and 0 for the
# others; the matrix carries it back to the logits. Almost everything cancels: what remains is the
# probabilities, minus 1 for the right class.
dprobabilities = -one_hot([target], 3) / probabilities
by_jacobian = matrix @ dprobabilities[0]
in_one_step = probabilities[0] - one_hot([target], 3)[0]
assert np.allclose(by_jacobian, in_one_step)
print(f"\nBy the Jacobian {by_jacobian.round(3)}\nIn one step     {in_one_step.round(3)}")

# %% The same by the library: as an activation and a loss, one after the other, and as the pair that
# networks are trained with. Both are checked against differences of the loss.
softmax, crossentropy, pair = Softmax(), CategoricalCrossentropy(), SoftmaxCategoricalCrossentropy()


def loss():
    """Return the loss of the logits as they are now."""
    return crossentropy.calculate(softmax.forward(logits), [target])


one_after_the_other = softmax.backward(crossentropy.backward(softmax.forward(logits), [target]))
check_gradient(loss, logits, one_after_the_other)
check_gradient(loss, logits, pair.backward(logits, [target]))
print("Differences of the loss agree with both")

# %% They part where the network is sure and wrong. The probability of the right class becomes so
# small that it is 0 in floating point. 1 / 0 is infinite, and infinity times 0 is not a number.
# Clipping it first, at 1e-7, avoids that, and then the gradient vanishes: the sample that was most
# mistaken teaches nothing. The difference of probability and target has neither trouble.
gaps = np.array([0.0, 5.0, 10.0, 20.0, 40.0, 100.0, 800.0])
ways = {"by the Jacobian": [], "the same, clipped": [], "in one step": []}
for gap in gaps:
    p = Softmax().forward(np.array([[0.0, gap]]))[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        ways["by the Jacobian"].append((jacobian(p) @ np.array([-1 / p[0], 0]))[0])
    ways["the same, clipped"].append((jacobian(p) @ np.array([-1 / max(p[0], 1e-7), 0]))[0])
    ways["in one step"].append(p[0] - 1)
print("\nThe gradient for the right class, whose logit is lower by")
print(" " * 17, *(f"{gap:8g}" for gap in gaps))
for name, values in ways.items():
    print(f"{name:17}", *(f"{value:8.4f}" for value in values))

# %% And in the time they take. A Jacobian for each of a batch's samples is a loop of matrices, with
# as many entries as the classes squared. Its product with a vector does not need the matrix:
# (diag(p) - p p') d = p * (d - sum(p * d)), as in Softmax.backward. The pair computes the softmax
# of the logits and subtracts the targets.
rng = np.random.default_rng(0)
n_classes, samples = [3, 10, 30, 100, 300], 200


def by_jacobians(z, y):
    """Return each sample's Jacobian times the gradient with respect to its probabilities."""
    p = softmax.forward(z)
    rows = zip(p, crossentropy.backward(p, y), strict=True)
    return np.array([jacobian(row) @ dvalues for row, dvalues in rows])


def one_by_one(z, y):
    """Return the gradient of the loss, propagated through the activation."""
    return softmax.backward(crossentropy.backward(softmax.forward(z), y))


def at_once(z, y):
    """Return the gradient of the pair."""
    return pair.backward(z, y)


ways_back = {
    "a Jacobian for each sample": by_jacobians,
    "loss, then activation": one_by_one,
    "in one step": at_once,
}
times = {name: [] for name in ways_back}
for n in n_classes:
    z, y = rng.normal(size=(samples, n)), rng.integers(n, size=samples)
    expected = (softmax.forward(z) - one_hot(y, n)) / samples
    for name, way_back in ways_back.items():
        assert np.allclose(way_back(z, y), expected)
        seconds = repeat(partial(way_back, z, y), repeat=20, number=1)
        times[name].append(1000 * min(seconds))
print(f"\nMilliseconds, {samples} samples\n{'classes':26}", *(f"{n:8}" for n in n_classes))
for name, row in times.items():
    print(f"{name:26}", *(f"{value:8.3f}" for value in row))

# %% A Jacobian, the gradients of a mistake, and the times.
figure, (square, gradients, work) = plt.subplots(1, 3, figsize=(15, 4.2), layout="constrained")
limit = np.abs(matrix).max()
image = square.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
for (row, column), value in np.ndenumerate(matrix):
    color = "white" if abs(value) > limit / 2 else "black"
    square.text(column, row, f"{value:.3f}", ha="center", va="center", color=color)
square.set(title="Softmax's Jacobian", xlabel="logit", ylabel="probability")
square.set(xticks=range(3), yticks=range(3))
figure.colorbar(image, ax=square, label="derivative")
gap = np.linspace(0, 40, 201)
p = 1 / (1 + np.exp(gap))
gradients.plot(gap, p - 1, color="tab:green", label="in one step")
gradients.plot(
    gap,
    -p * (1 - p) / np.maximum(p, 1e-7),
    "--",
    color="tab:orange",
    label="by the Jacobian, clipped",
)
gradients.set(title="Gradient of an error", ylabel="gradient for the right class")
gradients.set_xlabel("difference to the logit of a wrong class")
gradients.legend(loc="center right")
for name, row in times.items():
    work.loglog(n_classes, row, "o-", label=name)
work.set(title=f"Time of the gradient, {samples} samples", xlabel="classes", ylabel="milliseconds")
work.legend()

path = Path(__file__).parent / "figures" / "05_softmax_crossentropy.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
