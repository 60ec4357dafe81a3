"""Backpropagation: through one neuron by hand, through layers, and checked by differences."""

# %% One neuron with three inputs, a ReLU, and a loss that asks the output to be 0: its square.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

from skscratch.nn.activations import ReLU
from skscratch.nn.initializers import he_normal
from skscratch.nn.layers import Dense
from skscratch.nn.optimizers import SGD
from skscratch.nn.testing import check_gradient, numerical_gradient

began = perf_counter()

inputs = np.array([[1.0, -2.0, 3.0]])
weights = np.array([[-3.0], [-1.0], [2.0]])
bias = 1.0

weighted_sum = (inputs @ weights).item() + bias
output = max(weighted_sum, 0.0)
loss = output**2
print(f"Forward: weighted sum {weighted_sum:g}, output {output:g}, loss {loss:g}")

# %% Backwards by the chain rule: every operation multiplies the gradient that reaches it by its own
# derivative. The square's is 2 * output. The ReLU's is 1, because its input is positive. The sum's
# is 1 for each summand, and a product's with respect to one factor is the other factor.
doutput = 2 * output
dsum = doutput * (weighted_sum > 0)
dweights, dinputs, dbias = inputs.T * dsum, weights.T * dsum, dsum
print(f"Backward: weights {dweights.ravel()}, inputs {dinputs.ravel()}, bias {dbias:g}")

# %% Layers are the same with a name. forward() keeps what backward() needs; backward() takes the
# gradient with respect to the outputs, and returns the one with respect to the inputs.
neuron, relu = Dense(3, 1), ReLU()
neuron.weights, neuron.biases = weights, [[bias]]
relu.forward(neuron.forward(inputs))
assert np.array_equal(neuron.backward(relu.backward(np.array([[doutput]]))), dinputs)
assert np.array_equal(neuron.dweights, dweights)
assert neuron.dbiases == dbias

# %% Never trust a gradient that was not checked. Move each weight a little both ways and see how
# the loss follows: (f(w + h) - f(w - h)) / 2h. That needs no chain rule, and two passes forward
# for every weight, where backpropagation needs one pass back for all of them.


def neuron_loss():
    """Return the loss, forward only."""
    return relu.forward(neuron.forward(inputs)).item() ** 2


differences = numerical_gradient(neuron_loss, neuron.weights)
print(f"Differences: weights {differences.ravel().round(6)}")

# %% Gradient descent: a small step against the gradient, 200 times.


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
print(f"\nOne neuron's loss: {', '.join(f'{loss:.8g}' for loss in neuron_losses[:4])} ...")
print(f"    at last {neuron_losses[-1]:.6g}")
print(f"    weights {neuron.weights.ravel().round(8)}, bias {neuron.biases.item():.8f}")

# %% Three neurons with four inputs: nothing changes but the shapes.
layer = Dense(4, 3)
layer.weights = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8], [0.9, 1.0, 1.1, 1.2]]).T
layer.biases = [[0.1, 0.2, 0.3]]
layer_losses = descend(layer, np.array([[1.0, 2.0, 3.0, 4.0]]))
print(f"\nA layer's loss: {layer_losses[0]:.2f}, after 20 updates {layer_losses[20]:.8f}")
print(f"    after 100 {layer_losses[100]:.8f}\n    weights, a row for each neuron:")
print(layer.weights.T.round(8))

# %% How small a step should differences take? Large ones see the function's curvature, an error
# that falls with the square of the step; tiny ones drown in rounding. A batch of five samples, and
# outputs cubed so that there is some curvature:
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
print(f"\nLeast relative error of differences: {errors[best]:.0e}, with steps of {steps[best]:.0e}")

# %% Both descents, and the error of differences.
figure, (curves, check) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
curves.semilogy(neuron_losses, label="one neuron")
curves.semilogy(layer_losses, label="a layer of three")
curves.set(xlabel="update", ylabel="loss", title="Descent along gradients by the chain rule")
curves.legend()
check.loglog(steps, errors, color="tab:green")
check.plot(steps[best], errors[best], "o", color="tab:green")
check.text(1.5e-9, 2e-7, "rounding")
check.text(5e-5, 2e-8, "curvature", ha="right")
check.set(xlabel="step h", ylabel="relative error", title="What differences see of a gradient")

path = Path(__file__).parent / "figures" / "04_backpropagation.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=120)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
