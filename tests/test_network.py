import copy
import pickle

import numpy as np
import pytest
import scipy.sparse
from helpers import network_of

from skscratch.nn.activations import ELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Tanh
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.losses import (
    IdentitySquaredError,
    SigmoidBinaryCrossentropy,
    SoftmaxCategoricalCrossentropy,
)
from skscratch.nn.network import Network
from skscratch.nn.testing import check_gradient

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def data(n_samples=6, n_features=4, n_outputs=3, dtype=np.float64):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n_samples, n_features)).astype(dtype)
    y = np.eye(n_outputs, dtype=dtype)[rng.integers(n_outputs, size=n_samples)]
    return X, y, rng.uniform(0.5, 2, n_samples).astype(dtype)


def loss_gradient(network, *batch):
    return sum(network.compute_gradients(*batch))


def far_from_kinks(network, X):
    values = [network.parameters]
    for layer in network.layers:
        X = layer.forward(X).copy()
        values.append(X if isinstance(layer, Dense) else 1)
    return min(np.abs(array).min() for array in values) > 1e-4


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "arguments",
    [
        {"activation_class": Identity},
        {"activation_class": ReLU},
        {"activation_class": LeakyReLU},
        {"activation_class": ELU},
        {"activation_class": Sigmoid},
        {"activation_class": SiLU},
        {"activation_class": Softmax},
        {"activation_class": Tanh},
        {"loss_class": SigmoidBinaryCrossentropy},
        {"loss_class": IdentitySquaredError},
        {"units": (4, 3)},
        {"units": (4, 6, 5, 4, 3), "activation_class": ReLU},
        {"alpha": 0.7},
        {"strengths": (0.1, 0, 0, 0)},
        {"strengths": (0, 0.2, 0, 0)},
        {"strengths": (0, 0, 0.3, 0)},
        {"strengths": (0, 0, 0, 0.4)},
        {"strengths": (0.1, 0.2, 0.3, 0.4), "alpha": 0.7, "units": (4, 6, 5, 3)},
    ],
)
def test_gradients(arguments):
    network = network_of(**arguments)
    X, y, sample_weight = data()
    assert far_from_kinks(network, X)
    for batch in [(X, y), (X, y, sample_weight)]:
        network.compute_gradients(*batch)
        check_gradient(
            lambda batch=batch: loss_gradient(network, *batch),
            network.parameters,
            network.gradients,
        )


def test_gradients_of_mixed_activations():
    dense = network_of(units=(4, 6, 5, 4, 3)).dense
    layers = [dense[0], SiLU(), dense[1], LeakyReLU(), dense[2], ELU(), dense[3]]
    network = Network(layers, SoftmaxCategoricalCrossentropy())
    X, y, _ = data()
    network.compute_gradients(X, y)
    check_gradient(lambda: loss_gradient(network, X, y), network.parameters, network.gradients)


def test_gradients_with_dropout():
    network = network_of()
    dropout = [Dropout(0.3), Dropout(0.5)]
    network = Network(
        [dropout[0], *network.layers[:2], dropout[1], network.layers[2]], network.loss
    )
    X, y, _ = data()

    def loss():
        for layer in dropout:
            layer.random_state = np.random.default_rng(1)
        return loss_gradient(network, X, y)

    loss()
    assert 0 < np.mean(dropout[1].mask == 0) < 1
    check_gradient(loss, network.parameters, network.gradients)


@pytest.mark.parametrize("weighted", [False, True])
def test_penalties_in_the_loss(weighted):
    X, y, sample_weight = data()
    n = sample_weight.sum() if weighted else 6
    sample_weight = sample_weight if weighted else None
    strengths = 0.1, 0.2, 0.3, 0.4
    bare, network = network_of(), network_of(alpha=0.7, strengths=strengths)
    penalties = 0.0
    for layer in network.dense:
        w, b = layer.weights, layer.biases
        penalties += 0.7 / 2 * np.sum(w**2) / n
        penalties += 0.1 * np.sum(np.abs(w)) + 0.2 * np.sum(w**2)
        penalties += 0.3 * np.sum(np.abs(b)) + 0.4 * np.sum(b**2)
    assert loss_gradient(network, X, y, sample_weight) == pytest.approx(
        loss_gradient(bare, X, y, sample_weight) + penalties, rel=1e-13
    )


@pytest.mark.parametrize("clip_norm", [1e-3, 1.0, 4.0, 100.0])
def test_clipped_gradients(clip_norm):
    for dtype, rtol in [(np.float32, 1e-5), (np.float64, 1e-14)]:
        network = network_of(dtype=dtype)
        gradients = np.random.default_rng(0).normal(size=network.gradients.size).astype(dtype)
        network.gradients[:] = gradients
        network.clip_gradients(clip_norm)
        expected = gradients * min(1, clip_norm / np.linalg.norm(gradients.astype(float)))
        assert network.gradients.dtype == dtype
        np.testing.assert_allclose(network.gradients, expected, rtol=rtol)


def test_gradients_within_the_norm_are_not_changed():
    network = network_of()
    network.compute_gradients(*data())
    before = network.gradients.copy()
    network.clip_gradients(1.001 * float(np.linalg.norm(before)))
    assert np.array_equal(network.gradients, before)


def test_zero_gradients_stay_zero():
    network = network_of()
    network.gradients[:] = 0
    network.clip_gradients(1e-3)
    assert np.array_equal(network.gradients, np.zeros(network.parameters.size))


def test_unflatten_returns_views_of_weights_and_biases():
    network = network_of(units=(2, 3, 1))
    vector = np.arange(13.0)
    weights, biases = network.unflatten(vector)
    assert [array.tolist() for array in weights] == [[[0, 1, 2], [3, 4, 5]], [[6], [7], [8]]]
    assert [array.tolist() for array in biases] == [[[9, 10, 11]], [[12]]]
    weights[1][0, 0] = -1
    assert vector[6] == -1


def test_forward_applies_the_layers_in_order():
    network, (X, _, _) = network_of(), data()
    first, second = network.dense
    expected = np.tanh(X @ first.weights + first.biases) @ second.weights + second.biases
    np.testing.assert_allclose(network.forward(X), expected, rtol=1e-13)


def test_parameters_are_weights_followed_by_biases():
    layers = [Dense(2, 3), Tanh(), Dense(3, 1)]
    first, second = layers[0], layers[2]
    first.weights, first.biases = np.arange(6.0).reshape(2, 3), np.arange(9.0, 12).reshape(1, 3)
    second.weights, second.biases = np.arange(6.0, 9).reshape(3, 1), np.array([[12.0]])
    network = Network(layers, IdentitySquaredError())
    assert network.dense == [first, second]
    assert np.array_equal(network.parameters, np.arange(13))
    network.parameters += 1
    assert np.array_equal(second.weights, [[7], [8], [9]])
    assert np.array_equal(first.biases, [[10, 11, 12]])


def test_gradients_are_concatenated_from_the_layers():
    network, (X, y, _) = network_of(), data()
    loss_gradient(network, X, y)
    arrays = [layer.dweights for layer in network.dense] + [
        layer.dbiases for layer in network.dense
    ]
    assert np.array_equal(network.gradients, np.concatenate([array.ravel() for array in arrays]))


def test_assignment_to_layers_changes_the_parameters():
    network = network_of(units=(2, 2))
    (layer,) = network.dense
    layer.weights, layer.biases = [[1, 2], [3, 4]], [[5, 6]]
    assert np.array_equal(network.parameters, [1, 2, 3, 4, 5, 6])
    layer.biases *= 2
    assert np.array_equal(network.parameters, [1, 2, 3, 4, 10, 12])


@pytest.mark.parametrize(
    "layers", [[], [Tanh()], [Dense(2, 2), Tanh()], [Dense(2, 2), Dropout(0.5)]]
)
def test_last_layer_must_be_dense(layers):
    with pytest.raises(ValueError, match="A network ends in a Dense layer"):
        Network(layers, IdentitySquaredError())


@pytest.mark.parametrize("n_features", [3, 5])
def test_inputs_of_another_shape_raise(n_features):
    with pytest.raises(ValueError, match=r"Dense\(4, 5\) expected inputs of shape"):
        network_of().forward(np.ones((2, n_features)))


@both_dtypes
def test_dtype_is_kept(dtype):
    strengths = [np.float64(0.1)] * 4
    network = network_of((4, 5, 5, 3), alpha=np.float64(0.1), strengths=strengths, dtype=dtype)
    X, y, sample_weight = data(dtype=dtype)
    losses = network.compute_gradients(X, y, sample_weight)
    assert all(isinstance(loss, float) for loss in losses)
    assert network.forward(X).dtype == dtype
    assert network.parameters.dtype == network.gradients.dtype == dtype


def test_output_of_the_last_forward():
    network, (X, y, _) = network_of(), data()
    network.compute_gradients(X, y)
    assert np.array_equal(network.output, network.forward(X))


def test_prediction_without_dropout():
    network, (X, _, _) = network_of(), data()
    expected = network.forward(X)
    layers = [Dropout(0.3), *network.layers[:2], Dropout(0.5), network.layers[2]]
    network = Network(layers, network.loss)
    assert np.array_equal(network.forward(X, training=False), expected)
    assert not np.array_equal(network.forward(X), expected)


def test_sparse_inputs():
    X, y, _ = data()
    X[np.abs(X) < 0.7] = 0
    dense, sparse = network_of(), network_of()
    loss = loss_gradient(dense, X, y)
    assert loss_gradient(sparse, scipy.sparse.csr_array(X), y) == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(sparse.gradients, dense.gradients, rtol=1e-12, atol=1e-15)


def test_repr():
    assert repr(network_of()) == (
        "Network([Dense(4, 5), Tanh(), Dense(5, 3)], SoftmaxCategoricalCrossentropy())"
    )


@pytest.mark.parametrize(
    ("y", "sample_weight", "message"),
    [
        (np.array([0.0, 1, 2, 0, 1, 2]), None, r"got an array of float64. Convert whole numbers"),
        (np.arange(6), None, "Expected class indices from 0 to 2, got 0 to 5"),
        (np.zeros(6, int), np.ones(5), r"number for each sample, shape \(6,\); got shape \(5,\)"),
        (np.zeros(6, int), np.ones((6, 1)), r"got shape \(6, 1\)"),
    ],
)
def test_invalid_targets_and_weights(y, sample_weight, message):
    with pytest.raises(ValueError, match=message):
        network_of().compute_gradients(data()[0], y, sample_weight)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))]
)
def test_copies_do_not_share_memory(copied):
    network, (X, y, _) = network_of(alpha=0.1), data()
    loss_gradient(network, X, y)
    gradients = network.gradients.copy()
    other = copied(network)
    other.parameters += 1
    loss_gradient(other, X, y)
    assert np.array_equal(network.gradients, gradients)
    loss_gradient(network, X, y)
    assert np.array_equal(network.gradients, gradients)
    assert not np.array_equal(other.gradients, gradients)
