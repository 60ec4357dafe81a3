"""The numbers that Neural Networks from Scratch in Python comes to, from the package's parts."""

import numpy as np
import pytest

from skscratch.nn.activations import ReLU
from skscratch.nn.layers import Dense
from skscratch.nn.optimizers import SGD


def descend(dense, inputs, n_updates):
    """Return (sum of ReLU outputs)**2 before each update."""
    relu, losses = ReLU(), []
    weights_optimizer, biases_optimizer = SGD(0.001), SGD(0.001)
    for _ in range(n_updates):
        total = relu.forward(dense.forward(inputs)).sum()
        losses.append(total**2)
        dense.backward(relu.backward(np.full_like(dense.biases, 2 * total)))
        weights_optimizer.update(dense.weights, dense.dweights)
        biases_optimizer.update(dense.biases, dense.dbiases)
    return losses


def test_one_neuron():
    neuron = Dense(3, 1)
    neuron.weights, neuron.biases = np.array([[-3.0], [-1.0], [2.0]]), np.array([[1.0]])
    losses = descend(neuron, np.array([[1.0, -2.0, 3.0]]), 200)
    assert losses[:4] == pytest.approx([36.0, 33.8724, 31.87054116, 29.98699218], rel=1e-9)
    assert losses[199] == pytest.approx(0.00019563778572677975, rel=1e-10)
    np.testing.assert_allclose(
        neuron.weights.ravel(), [-3.3990955, -0.20180899, 0.80271349], atol=5e-9
    )
    assert neuron.biases.item() == pytest.approx(0.6009044964039992, rel=1e-13)


def test_layer_of_three_neurons():
    layer = Dense(4, 3)
    layer.weights = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8], [0.9, 1.0, 1.1, 1.2]]).T
    layer.biases = np.array([[0.1, 0.2, 0.3]])
    losses = descend(layer, np.array([[1.0, 2.0, 3.0, 4.0]]), 200)
    assert losses[0] == pytest.approx(466.56, rel=1e-13)
    assert losses[20] == pytest.approx(5.32959636, abs=5e-9)
    assert losses[100] == pytest.approx(0.00019017, abs=5e-9)
    np.testing.assert_allclose(
        layer.weights.T,
        [
            [-0.00698895, -0.0139779, -0.02096685, -0.0279558],
            [0.25975286, 0.11950571, -0.02074143, -0.16098857],
            [0.53548461, 0.27096922, 0.00645383, -0.25806156],
        ],
        atol=1e-8,
    )
