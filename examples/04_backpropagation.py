"""Backpropagation: the chain rule by hand, layers, and gradient checks."""

# %% One neuron with three inputs and a ReLU. The loss is the square of the output.
import matplotlib.pyplot as plt
import numpy as np

from skscratch.nn.activations import ReLU
from skscratch.nn.initializers import he_normal
from skscratch.nn.layers import Dense
from skscratch.nn.optimizers import SGD
from skscratch.nn.testing import check_gradient, numerical_gradient

inputs = np.array([[1.0, -2.0, 3.0]])
weights = np.array([[-3.0], [-1.0], [2.0]])
bias = 1.0

weighted_sum = (inputs @ weights).item() + bias
output = max(weighted_sum, 0.0)
loss = output**2
print(f"Forward: weighted sum {weighted_sum:g}, output {output:g}, loss {loss:g}")

# %% Backward, by the chain rule: each operation multiplies the gradient with respect to its output
# by its own derivative. The derivative of the square is 2 * output, and that of the ReLU is 1,
# because its input is positive. The derivative of a sum with respect to each summand is 1, and that
# of a product with respect to one factor is the other factor.
doutput = 2 * output
dsum = doutput * (weighted_sum > 0)
dweights, dinputs, dbias = inputs.T * dsum, weights.T * dsum, dsum
print(f"Backward: weights {dweights.ravel()}, inputs {dinputs.ravel()}, bias {dbias:g}")

# %% Layers implement the same computation. `forward` stores the values needed by `backward`.
# `backward` takes the gradient with respect to the outputs and returns the gradient with respect to
# the inputs.
neuron, relu = Dense(3, 1), ReLU()
neuron.weights, neuron.biases = weights, [[bias]]
relu.forward(neuron.forward(inputs))
assert np.array_equal(neuron.backward(relu.backward(np.array([[doutput]]))), dinputs)
assert np.array_equal(neuron.dweights, dweights)
assert neuron.dbiases == dbias

# %% Gradients can be checked by central differences: (f(w + h) - f(w - h)) / 2h, for each weight.
# This does not need the chain rule, but two forward passes per weight, whereas backpropagation
# computes all derivatives in one backward pass.


def neuron_loss():
    """Return the loss, forward only."""
    return relu.forward(neuron.forward(inputs)).item() ** 2


differences = numerical_gradient(neuron_loss, neuron.weights)
print(f"Differences: weights {differences.ravel().round(6)}")

# %% Gradient descent: 200 small steps in the direction of the negative gradient.


def descend(layer, inputs, n_updates=200):
    """Return the loss before each update."""
    relu, losses = ReLU(), []
    weights_optimizer, biases_optimizer = SGD(learning_rate=0.001), SGD(learning_rate=0.001)
    for _ in range(n_updates):
        total = relu.forward(layer.forward(inputs)).sum()
        losses.append(total**2)
        layer.backward(relu.backward(np.full_like(layer.biases, 2 * total)))
        weights_optimizer.update(layer.weights, layer.dweights)
        biases_optimizer.update(layer.biases, layer.dbiases)
    return losses


neuron_losses = descend(neuron, inputs)
print(f"\nLoss of the neuron: {', '.join(f'{loss:.8g}' for loss in neuron_losses[:4])} ...")
print(f"    after 200 updates: {neuron_losses[-1]:.6g}")
print(f"    weights {neuron.weights.ravel().round(8)}, bias {neuron.biases.item():.8f}")

# %% Three neurons with four inputs. Only the shapes change.
layer = Dense(4, 3)
layer.weights = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8], [0.9, 1.0, 1.1, 1.2]]).T
layer.biases = [[0.1, 0.2, 0.3]]
layer_losses = descend(layer, np.array([[1.0, 2.0, 3.0, 4.0]]))
print(f"\nLoss of the layer: {layer_losses[0]:.2f}, after 20 updates {layer_losses[20]:.8f}")
print(f"    after 100 updates {layer_losses[100]:.8f}\n    weights, one row per neuron:")
print(layer.weights.T.round(8))

# %% The error of central differences depends on the step. For large steps it is dominated by the
# curvature of the function and is proportional to the square of the step; for small steps it is
# dominated by rounding errors. The example is a batch of five samples, with cubed outputs for
# curvature:
rng = np.random.default_rng(0)
X, dense = rng.normal(size=(5, 3)), Dense(3, 2, initializer=he_normal, random_state=rng)


def cubes():
    """Return the sum of the cubes of the layer's outputs."""
    return np.sum(dense.forward(X) ** 3)


dense.backward(3 * dense.forward(X) ** 2)
check_gradient(cubes, dense.weights, dense.dweights)
steps = np.logspace(-12, 0, 49)
errors = [
    np.abs(numerical_gradient(cubes, dense.weights, step) / dense.dweights - 1).max()
    for step in steps
]
best = np.argmin(errors)
print(f"\nLowest relative error: {errors[best]:.0e}, with a step of {steps[best]:.0e}")

# %% The figure shows the error of central differences by the step.
figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
ax.loglog(steps, errors, color="tab:green")
ax.plot(steps[best], errors[best], "o", color="tab:green")
ax.text(1.5e-9, 2e-7, "rounding")
ax.text(5e-5, 2e-8, "curvature", ha="right")
ax.set(xlabel="step h", ylabel="relative error", title="Error of central differences")

plt.show()
