"""The numbers printed in Neural Networks from Scratch in Python."""

import nnfs.datasets
import numpy as np
import pytest
from helpers import unfinished_fits
from sklearn.metrics import log_loss

from skscratch import MLPScratchClassifier, MLPScratchRegressor
from skscratch.datasets import make_sine
from skscratch.nn.activations import ReLU
from skscratch.nn.layers import Dense
from skscratch.nn.optimizers import SGD

pytestmark = [unfinished_fits, pytest.mark.no_cover]


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


def test_sine():
    # Chapter 17: two hidden layers of 64 units; half of the errors are below a 250th of the
    # standard deviation.
    X, y = make_sine()
    regressor = MLPScratchRegressor(
        hidden_layer_sizes=(64, 64),
        batch_size=1000,
        learning_rate_init=0.005,
        decay=1e-3,
        alpha=0,
        max_iter=1500,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    regressor.fit(X.astype(np.float32), y)
    errors = np.abs(regressor.predict(X) - y.ravel())
    assert np.mean(errors < np.std(y) / 250) > 0.3
    assert regressor.score(X, y) > 0.999


def spirals(seed):
    """Draw the training and the test spirals."""
    np.random.seed(seed)
    return [nnfs.datasets.spiral_data(100, 3) for _ in range(2)]


def fit(X, y, seed, **penalties):
    clf = MLPScratchClassifier(
        (64,),
        solver="adam",
        learning_rate_init=0.05,
        decay=5e-7,
        epsilon=1e-7,
        alpha=0,
        batch_size=300,
        max_iter=10_001,
        n_iter_no_change=np.inf,
        random_state=seed,
        **penalties,
    )
    return clf.fit(X.astype(np.float32), y)


def measure(seed):
    (X, y), (X_test, y_test) = spirals(seed)
    plain = fit(X, y, seed)
    penalized = fit(X, y, seed, weight_regularizer_l2=[5e-4, 0], bias_regularizer_l2=[5e-4, 0])
    return {
        "loss": plain.loss_,
        "accuracy": plain.score(X, y),
        "test accuracy": plain.score(X_test, y_test),
        "test loss": log_loss(y_test, plain.predict_proba(X_test)),
        "penalized test accuracy": penalized.score(X_test, y_test),
        "penalized test loss": log_loss(y_test, penalized.predict_proba(X_test)),
    }


def test_spiral():
    rows = [measure(seed) for seed in range(3)]
    # Medians, because the loss of a network can be high in its last epoch.
    results = {name: np.median([row[name] for row in rows]) for name in rows[0]}
    # The network overfits the training data,
    assert 0.95 < results["accuracy"] < 1
    assert 0.03 < results["loss"] < 0.15
    # so the test loss is much higher,
    assert 0.7 < results["test accuracy"] < 0.9
    assert results["test loss"] > 5 * results["loss"]
    # and L2 regularization reduces it.
    assert results["penalized test loss"] < 0.85 * results["test loss"]
    assert results["penalized test accuracy"] > results["test accuracy"] - 0.02
