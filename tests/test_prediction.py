from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse

from skscratch.nn import prediction
from skscratch.nn.activations import ReLU, Softmax, Tanh
from skscratch.nn.layers import Dense
from skscratch.nn.losses import SoftmaxCategoricalCrossentropy
from skscratch.nn.network import Network
from skscratch.nn.prediction import FittedNetwork


def fitted(dtype=np.float64):
    layers = [Dense(3, 5, random_state=0, dtype=dtype), Tanh()]
    layers += [Dense(5, 4, random_state=1, dtype=dtype), ReLU()]
    layers += [Dense(4, 2, random_state=2, dtype=dtype)]
    network = Network(layers, SoftmaxCategoricalCrossentropy())
    network.parameters[:] = np.random.default_rng(0).normal(size=network.parameters.size)
    weights, biases = network.unflatten(network.parameters)
    return network, FittedNetwork(weights, [bias[0] for bias in biases], [Tanh, ReLU])


def inputs(n_samples=10, dtype=np.float64):
    return np.random.default_rng(1).normal(size=(n_samples, 3)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_outputs_match_the_network(dtype):
    network, predictor = fitted(dtype)
    for X in (inputs(dtype=dtype), inputs(dtype=np.float64), np.arange(30).reshape(10, 3)):
        outputs = predictor.forward(X)
        assert outputs.dtype == dtype
        np.testing.assert_allclose(outputs, network.forward(X), rtol=1e-5)


def test_chunks(monkeypatch):
    _, predictor = fitted()
    X = inputs()
    expected = predictor.forward(X), predictor.forward(X, Softmax().function)
    argmax = predictor.forward(X, lambda logits: logits.argmax(axis=1))
    monkeypatch.setattr(prediction, "CHUNK_SIZE", 3)
    np.testing.assert_allclose(predictor.forward(X), expected[0], rtol=1e-13)
    np.testing.assert_allclose(predictor.forward(X, Softmax().function), expected[1], rtol=1e-13)
    assert argmax.shape == (10,)
    assert np.array_equal(predictor.forward(X, lambda logits: logits.argmax(axis=1)), argmax)


@pytest.mark.parametrize("container", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_sparse_inputs(container):
    _, predictor = fitted()
    X = inputs()
    X[X < 0] = 0
    np.testing.assert_allclose(predictor.forward(container(X)), predictor.forward(X), rtol=1e-13)


def test_prediction_is_thread_safe():
    _, predictor = fitted()
    batches = [inputs(100) * scale for scale in range(1, 21)]
    expected = [predictor.forward(X) for X in batches]
    with ThreadPoolExecutor(4) as threads:
        for actual, outputs in zip(threads.map(predictor.forward, batches), expected, strict=True):
            assert np.array_equal(actual, outputs)
