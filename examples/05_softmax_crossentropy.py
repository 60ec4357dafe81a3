"""The derivative of softmax and cross-entropy: Jacobians, and a simpler formula."""

# %% Softmax converts the outputs of the last layer, the logits, to probabilities, and cross-entropy
# is the loss. Backpropagation needs the derivative of the loss with respect to the logits.
from functools import partial
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

# %% Each output of softmax depends on all inputs, because all outputs share one denominator. The
# derivatives of one sample form a matrix, the Jacobian: p_i (1 - p_i) on the diagonal and -p_i p_j
# elsewhere, or diag(p) - p p'. Each column sums to 0, because the probabilities sum to 1.
logits = np.array([[2.0, 1.0, -1.0]])
target = 1
probabilities = Softmax().forward(logits)


def jacobian(p):
    """Return the derivatives of one sample's probabilities with respect to its logits."""
    return np.diag(p) - np.outer(p, p)


matrix = jacobian(probabilities[0])
assert np.allclose(matrix.sum(axis=0), 0)
print(f"Probabilities {probabilities[0].round(3)}, true class {target}. Jacobian:")
print(matrix.round(3))

# %% The derivative of cross-entropy with respect to the probabilities is -1 / p for the true class
# and 0 for the others. Multiplied by the Jacobian, it simplifies to the probabilities, minus 1 for
# the true class.
dprobabilities = -one_hot([target], 3) / probabilities
by_jacobian = matrix @ dprobabilities[0]
in_one_step = probabilities[0] - one_hot([target], 3)[0]
assert np.allclose(by_jacobian, in_one_step)
print(f"\nGradient by the Jacobian  {by_jacobian.round(3)}")
print(f"Gradient in one step      {in_one_step.round(3)}")

# %% The package has both versions: an activation and a loss, and the pair with the simplified
# gradient that is used for training. Both are checked against central differences.
softmax, crossentropy, pair = Softmax(), CategoricalCrossentropy(), SoftmaxCategoricalCrossentropy()


def loss():
    """Return the loss of the current logits."""
    return crossentropy.calculate(softmax.forward(logits), [target])


one_after_the_other = softmax.backward(crossentropy.backward(softmax.forward(logits), [target]))
check_gradient(loss, logits, one_after_the_other)
check_gradient(loss, logits, pair.backward(logits, [target]))
print("Both agree with central differences")

# %% The results differ for confident errors. If the probability of the true class underflows to 0,
# then 1 / p is infinite, and its product with 0 is not a number. Clipping the probability at 1e-7
# avoids this, but the gradient vanishes. The difference of probability and target has neither
# problem.
gaps = np.array([0.0, 5.0, 10.0, 20.0, 40.0, 100.0, 800.0])
ways = {"Jacobian": [], "Jacobian, clipped": [], "in one step": []}
for gap in gaps:
    p = Softmax().forward(np.array([[0.0, gap]]))[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        ways["Jacobian"].append((jacobian(p) @ np.array([-1 / p[0], 0]))[0])
    ways["Jacobian, clipped"].append((jacobian(p) @ np.array([-1 / max(p[0], 1e-7), 0]))[0])
    ways["in one step"].append(p[0] - 1)
print("\nGradient with respect to the logit of the true class, by difference of the logits")
print(" " * 17, *(f"{gap:8g}" for gap in gaps))
for name, values in ways.items():
    print(f"{name:17}", *(f"{value:8.4f}" for value in values))

# %% The computing times differ as well. One Jacobian per sample requires a loop over matrices whose
# size is the square of the number of classes. The product with a vector does not need the matrix:
# (diag(p) - p p') d = p * (d - sum(p * d)), as in `Softmax.backward`. The pair computes softmax and
# subtracts the targets.
rng = np.random.default_rng(0)
n_classes, samples = [3, 10, 30, 100, 300], 200


def by_jacobians(z, y):
    """Return each sample's Jacobian times the gradient with respect to its probabilities."""
    p = softmax.forward(z)
    rows = zip(p, crossentropy.backward(p, y), strict=True)
    return np.array([jacobian(row) @ dvalues for row, dvalues in rows])


def loss_and_activation(z, y):
    """Return the gradient of the loss, propagated through the activation."""
    return softmax.backward(crossentropy.backward(softmax.forward(z), y))


def pair_at_once(z, y):
    """Return the gradient of the pair."""
    return pair.backward(z, y)


methods = {
    "one Jacobian per sample": by_jacobians,
    "loss, then activation": loss_and_activation,
    "in one step": pair_at_once,
}
times = {name: [] for name in methods}
for n in n_classes:
    z, y = rng.normal(size=(samples, n)), rng.integers(n, size=samples)
    expected = (softmax.forward(z) - one_hot(y, n)) / samples
    for name, gradient in methods.items():
        assert np.allclose(gradient(z, y), expected)
        seconds = repeat(partial(gradient, z, y), repeat=20, number=1)
        times[name].append(1000 * min(seconds))
print(f"\nMilliseconds for {samples} samples\n{'classes':26}", *(f"{n:8}" for n in n_classes))
for name, row in times.items():
    print(f"{name:26}", *(f"{value:8.3f}" for value in row))

# %% The figure shows a Jacobian, the gradient of a confident error, and the computing times.
figure, (square, gradients, work) = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
limit = np.abs(matrix).max()
image = square.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
for (row, column), value in np.ndenumerate(matrix):
    color = "white" if abs(value) > limit / 2 else "black"
    square.text(column, row, f"{value:.3f}", ha="center", va="center", color=color)
square.set(title="Jacobian of softmax", xlabel="logit", ylabel="probability")
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
    label="Jacobian, clipped",
)
gradients.set(title="Gradient of a confident error", ylabel="gradient of the true class")
gradients.set_xlabel("difference of the logits")
gradients.legend(loc="center right")
for name, row in times.items():
    work.loglog(n_classes, row, "o-", label=name)
work.set(title=f"Computing time, {samples} samples", xlabel="classes", ylabel="milliseconds")
work.legend()

plt.show()
