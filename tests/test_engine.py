from functools import partial

import helpers
import numpy as np
import pytest
import scipy.sparse
import sklearn.utils

from skscratch.nn.batches import Batches
from skscratch.nn.engine import NumPyEngine
from skscratch.nn.layers import Dense
from skscratch.nn.losses import SigmoidBinaryCrossentropy, SoftmaxCategoricalCrossentropy
from skscratch.nn.network import Network
from skscratch.nn.optimizers import SGD, Adam

network_of = partial(helpers.network_of, units=(3, 5, 4))


def data(n_samples=10, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 3)).astype(dtype)
    return X, rng.integers(4, size=n_samples), rng.uniform(0.5, 2, n_samples).astype(dtype)


@pytest.mark.parametrize(("dtype", "rel"), [(np.float32, 1e-6), (np.float64, 1e-13)])
def test_losses_of_an_epoch_are_means_over_samples(dtype, rel):
    X, y, _ = data(dtype=dtype)
    network = network_of(dtype=dtype, alpha=0.1)
    data_loss, _ = network.compute_gradients(X, y)
    weights = network.parameters[: network.n_weights]
    # Batches of 4, 4 and 2 samples, each with the penalty alpha / 2 * sum(w**2) / n.
    penalty = 3 * 0.1 / 2 * float(weights @ weights) / 10
    batches = Batches(X, y, batch_size=4, n_outputs=4)
    engine = NumPyEngine(network, SGD(), batches, np.random.RandomState(0))
    (epoch,) = engine.train([0.0])
    assert all(isinstance(value, float) for value in epoch)
    assert epoch.data_loss == pytest.approx(data_loss, rel=rel)
    assert epoch.loss == pytest.approx(data_loss + penalty, rel=rel)
    assert epoch.accuracy == np.mean(network.forward(X).argmax(axis=1) == y)
    assert epoch.learning_rate == 0


@pytest.mark.parametrize("shuffled", [False, True])
def test_parameters_are_updated_after_every_batch(shuffled):
    X, y, sample_weight = data()
    network, expected = network_of(), network_of()
    batches = Batches(X, y, sample_weight, batch_size=4, n_outputs=4)
    random_state = np.random.RandomState(0) if shuffled else None
    engine = NumPyEngine(network, SGD(), batches, random_state)
    order, theirs = np.arange(10), np.random.RandomState(0)
    for epoch in engine.train([0.1, 0.2]) + engine.train([0.3]):
        if shuffled:
            order = sklearn.utils.shuffle(order, random_state=theirs)
        losses = []
        for rows in (order[:4], order[4:8], order[8:]):
            losses.append(expected.compute_gradients(X[rows], y[rows], sample_weight[rows])[0])
            expected.parameters -= epoch.learning_rate * expected.gradients
        assert epoch.loss == pytest.approx(np.dot(losses, [0.4, 0.4, 0.2]), rel=1e-13)
    np.testing.assert_allclose(network.parameters, expected.parameters, rtol=1e-12)
    assert np.array_equal(batches.order, order)


def test_learning_rates_and_decay():
    batches = Batches(*data(), batch_size=4, n_outputs=4)
    engine = NumPyEngine(network_of(), SGD(decay=0.1), batches)
    rates = [epoch.learning_rate for epoch in engine.train([0.5, 0.25])]
    # With three batches per epoch, the last updates of the epochs are numbers 2 and 5.
    assert rates == pytest.approx([0.5 / 1.2, 0.25 / 1.5], rel=1e-15)


def test_one_call_equals_several_calls():
    networks = []
    for calls in ([[0.1, 0.1, 0.1]], [[0.1], [0.1], [0.1]]):
        network = network_of()
        batches = Batches(*data(), batch_size=4, n_outputs=4)
        engine = NumPyEngine(network, Adam(), batches, np.random.RandomState(0))
        for rates in calls:
            engine.train(rates)
        networks.append(network)
    assert np.array_equal(networks[0].parameters, networks[1].parameters)


def test_clipped_gradients():
    network, expected = network_of(), network_of()
    batches = Batches(*data(), batch_size=10, n_outputs=4)
    NumPyEngine(network, SGD(), batches, clip_norm=0.01).train([1.0])
    step = network.parameters - expected.parameters
    expected.compute_gradients(*batches.full_batch)
    np.testing.assert_allclose(
        step, -0.01 * expected.gradients / np.linalg.norm(expected.gradients), rtol=1e-9, atol=1e-15
    )


def test_training_learns():
    X, y, _ = data()
    network = network_of(units=(3, 20, 4))
    batches = Batches(X, y, batch_size=4, n_outputs=4)
    engine = NumPyEngine(network, Adam(), batches, np.random.RandomState(0))
    epoch = engine.train([0.05] * 100)[-1]
    assert epoch.loss < 0.01
    assert epoch.accuracy == 1
    assert np.array_equal(network.forward(X).argmax(axis=1), y)


@pytest.mark.parametrize("container", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_sparse_inputs(container):
    X, y, sample_weight = data()
    X[X < 0] = 0
    losses = []
    for inputs in (X, container(X)):
        batches = Batches(inputs, y, sample_weight, batch_size=4, n_outputs=4)
        engine = NumPyEngine(network_of(), Adam(), batches, np.random.RandomState(0))
        losses.append([epoch.loss for epoch in engine.train([0.01] * 3)])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-12)


def test_gradients_of_all_rows():
    X, y, sample_weight = data()
    rows = np.array([7, 2, 5, 9])
    network, expected = network_of(alpha=0.1), network_of(alpha=0.1)
    batches = Batches(X, y, sample_weight, rows=rows, batch_size=2, n_outputs=4)
    engine = NumPyEngine(network, None, batches)
    losses = engine.compute_gradients()
    assert losses == expected.compute_gradients(X[rows], y[rows], sample_weight[rows])
    assert np.array_equal(network.gradients, expected.gradients)


def test_first_of_equal_logits_is_predicted():
    network = Network([Dense(1, 2)], SoftmaxCategoricalCrossentropy())
    network.parameters[:] = 0
    y = np.array([0, 0, 0, 1])
    batches = Batches(np.ones((4, 1)), y, batch_size=4, n_outputs=2)
    (epoch,) = NumPyEngine(network, SGD(), batches).train([0.0])
    assert epoch.accuracy == 0.75


def test_logit_of_0_predicts_0():
    network = Network([Dense(1, 1)], SigmoidBinaryCrossentropy())
    network.parameters[:] = 0
    y = np.array([[0.0], [0.0], [0.0], [1.0]])
    batches = Batches(np.ones((4, 1)), y, batch_size=4, n_outputs=1)
    (epoch,) = NumPyEngine(network, SGD(), batches).train([0.0])
    assert epoch.accuracy == 0.75
