import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse
from helpers import named

from skscratch.nn.activations import ELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Tanh
from skscratch.nn.initializers import glorot_uniform
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.losses import (
    IdentitySquaredError,
    SigmoidBinaryCrossentropy,
    SoftmaxCategoricalCrossentropy,
)
from skscratch.nn.network import Network
from skscratch.nn.testing import check_gradient

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def network_of(
    units=(4, 5, 3),
    activation_class=Tanh,
    loss_class=SoftmaxCategoricalCrossentropy,
    alpha=0.0,
    strengths=(0, 0, 0, 0),
    dtype=np.float64,
):
    random_state = np.random.RandomState(0)
    layers = []
    for n_inputs, n_neurons in pairwise(units):
        dense = Dense(
            n_inputs,
            n_neurons,
            *strengths,
            initializer=glorot_uniform,
            random_state=random_state,
            dtype=dtype,
        )
        layers += [dense, activation_class()]
    return Network(layers[:-1], loss_class(), alpha)


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


@pytest.mark.parametrize("weighted", [False, True])
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
    ids=named,
)
def test_gradients(arguments, weighted):
    network = network_of(**arguments)
    X, y, sample_weight = data()
    sample_weight = sample_weight if weighted else None
    assert far_from_kinks(network, X)
    loss_gradient(network, X, y, sample_weight)
    check_gradient(
        lambda: loss_gradient(network, X, y, sample_weight), network.parameters, network.gradients
    )


@pytest.mark.parametrize("inplace", [False, True])
def test_gradients_of_mixed_activations(inplace):
    dense = network_of(units=(4, 6, 5, 4, 3)).dense
    layers = [dense[0], SiLU(inplace), dense[1], LeakyReLU(inplace), dense[2], ELU(inplace)]
    network = Network([*layers, dense[3]], SoftmaxCategoricalCrossentropy())
    X, y, _ = data()
    loss_gradient(network, X, y)
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


def test_gradients_of_many_networks():
    X, y, _ = data()
    classes = np.stack([y.argmax(axis=1), y.argmin(axis=1)])
    rng = np.random.default_rng(0)
    layers = [Dense.from_arrays(rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 1, 3)))]
    alpha = np.array([[0.5], [2.0]])
    network = Network(layers, SoftmaxCategoricalCrossentropy(), alpha)
    assert loss_gradient(network, X, classes).shape == (2,)
    assert network.parameters.shape == (2, 15)
    check_gradient(
        lambda: loss_gradient(network, X, classes).sum(), network.parameters, network.gradients
    )


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


@pytest.mark.parametrize("shape", [(31,), (3, 31)])
@pytest.mark.parametrize("clip_norm", [1e-3, 1.0, 4.0, 100.0])
@both_dtypes
def test_clipped_gradients(shape, clip_norm, dtype):
    network = network_of(units=(5, 4, 1))
    network.gradients = gradients = np.random.default_rng(0).normal(size=shape).astype(dtype)
    if len(shape) == 2:
        gradients[1] *= 10
        gradients[2] /= 10
    norm = np.sqrt((gradients.astype(float) ** 2).sum(axis=-1, keepdims=True))
    expected = gradients * np.minimum(1, clip_norm / norm)
    network.clip_gradients(clip_norm)
    assert network.gradients is gradients
    assert gradients.dtype == dtype
    np.testing.assert_allclose(gradients, expected, rtol=1e-5 if dtype == np.float32 else 1e-14)


@both_dtypes
def test_gradients_within_the_norm_stay_to_the_bit(dtype):
    network = network_of(dtype=dtype)
    loss_gradient(network, *data(dtype=dtype))
    before = network.gradients.copy()
    network.clip_gradients(1.001 * float(np.linalg.norm(before)))
    assert np.array_equal(network.gradients, before)


def test_zero_gradients_stay_zero():
    network = network_of()
    network.gradients[:] = 0
    network.clip_gradients(1e-3)
    assert np.array_equal(network.gradients, np.zeros(network.parameters.size))


@both_dtypes
@pytest.mark.parametrize("n_parameters", [1, 7, 33, 1000])
@pytest.mark.parametrize("own", [False, True])
def test_clipped_stack_is_bit_for_bit_the_single_ones(dtype, n_parameters, own):
    gradients = np.random.default_rng(0).normal(size=(5, n_parameters)).astype(dtype)
    gradients *= np.array([[1], [10], [0], [1e-3], [1e3]], dtype)
    clip_norm = np.array([[0.5], [1e-2], [1], [1e9], [3]]) if own else 0.7
    stack, single = network_of(), network_of()
    stack.gradients = gradients.copy()
    stack.clip_gradients(clip_norm)
    for k in range(5):
        single.gradients = gradients[k].copy()
        single.clip_gradients(float(clip_norm[k, 0]) if own else clip_norm)
        assert np.array_equal(stack.gradients[k], single.gradients)


def test_unflatten_gives_views_of_weights_and_biases():
    network = network_of(units=(2, 3, 1))
    vector = np.arange(13.0)
    weights, biases = network.unflatten(vector)
    assert [array.tolist() for array in weights] == [[[0, 1, 2], [3, 4, 5]], [[6], [7], [8]]]
    assert [array.tolist() for array in biases] == [[[9, 10, 11]], [[12]]]
    weights[1][0, 0] = -1
    assert vector[6] == -1


def test_forward_is_layer_after_layer():
    network, (X, _, _) = network_of(), data()
    first, second = network.dense
    expected = np.tanh(X @ first.weights + first.biases) @ second.weights + second.biases
    np.testing.assert_allclose(network.forward(X), expected, rtol=1e-13)


def test_parameters_are_the_weights_then_the_biases():
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


def test_gradients_are_the_layers():
    network, (X, y, _) = network_of(), data()
    loss_gradient(network, X, y)
    arrays = [layer.dweights for layer in network.dense] + [
        layer.dbiases for layer in network.dense
    ]
    assert np.array_equal(network.gradients, np.concatenate([array.ravel() for array in arrays]))


def test_assignment_writes_through():
    network = network_of(units=(2, 2))
    (layer,) = network.dense
    layer.weights, layer.biases = [[1, 2], [3, 4]], [[5, 6]]
    assert np.array_equal(network.parameters, [1, 2, 3, 4, 5, 6])
    layer.biases *= 2
    assert np.array_equal(network.parameters, [1, 2, 3, 4, 10, 12])


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("weights", np.ones((2, 1)), r"expected an array of shape \(2, 2\), got \(2, 1\)"),
        ("weights", 1.0, r"expected an array of shape \(2, 2\), got \(\)"),
        ("biases", np.ones(2), r"expected an array of shape \(1, 2\), got \(2,\)"),
    ],
)
def test_assignment_of_another_shape_is_refused(name, values, message):
    network = network_of(units=(2, 2))
    before = network.parameters.copy()
    with pytest.raises(ValueError, match=message):
        setattr(network.dense[0], name, values)
    assert np.array_equal(network.parameters, before)


@pytest.mark.parametrize(
    "layers", [[], [Tanh()], [Dense(2, 2), Tanh()], [Dense(2, 2), Dropout(0.5)]]
)
def test_network_ends_in_dense(layers):
    with pytest.raises(ValueError, match="A network ends in a Dense layer"):
        Network(layers, IdentitySquaredError())


@pytest.mark.parametrize("n_features", [3, 5])
def test_inputs_of_another_shape_are_refused(n_features):
    with pytest.raises(ValueError, match=r"Dense\(4, 5\) expected inputs of shape"):
        network_of().forward(np.ones((2, n_features)))


@both_dtypes
@pytest.mark.parametrize("kind", [float, np.float64])
def test_dtype_is_kept(dtype, kind):
    network = network_of(
        units=(4, 5, 5, 3), alpha=kind(0.1), strengths=[kind(0.1)] * 4, dtype=dtype
    )
    X, y, sample_weight = data(dtype=dtype)
    for weights in (None, sample_weight):
        assert loss_gradient(network, X, y, weights).dtype == dtype
    assert network.forward(X).dtype == dtype
    assert network.parameters.dtype == network.gradients.dtype == dtype


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


@both_dtypes
def test_stacked_networks_do_what_each_does(dtype):
    alphas, strengths = (0.0, 0.1, 2.0), ((0, 0, 0, 0), (0.1, 0, 0, 0.2), (0, 0.3, 0.1, 0))
    singles = [
        network_of(alpha=alpha, strengths=each, dtype=dtype)
        for alpha, each in zip(alphas, strengths, strict=True)
    ]
    stack = Network.stack(singles)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(3, 7, 4)).astype(dtype)
    targets = np.identity(3, dtype)[rng.integers(3, size=(3, 7))]
    losses = loss_gradient(stack, inputs, targets)
    for k, single in enumerate(singles):
        assert np.array_equal(stack.parameters[k], single.parameters)
        assert losses[k] == loss_gradient(single, inputs[k], targets[k])
        assert np.array_equal(stack.gradients[k], single.gradients)
    stack.parameters[...] = 0
    assert all(single.parameters.any() for single in singles)


@pytest.mark.parametrize(
    "other",
    [
        {"units": (4, 6, 3)},
        {"units": (4, 5, 5, 3)},
        {"activation_class": ReLU},
        {"loss_class": SigmoidBinaryCrossentropy},
        {"dtype": np.float32},
    ],
    ids=named,
)
def test_networks_of_other_shapes_are_not_stacked(other):
    networks = [network_of(), network_of(**other)]
    assert networks[0].stack_key != networks[1].stack_key
    with pytest.raises(ValueError, match=r"must have the same layers, loss and dtype, got Network"):
        Network.stack(networks)


def test_stack_keys_leave_out_what_may_differ():
    networks = [network_of(), network_of(alpha=0.1, strengths=(0.1, 0.2, 0.3, 0.4))]
    networks[1].compute_gradients(*data()[:2])
    assert len({network.stack_key for network in networks}) == 1


def test_backward_before_forward():
    with pytest.raises(ValueError, match="call forward before backward"):
        network_of().backward(np.ones((6, 3)))


@pytest.mark.parametrize(
    ("y", "sample_weight", "message"),
    [
        (np.array([0.0, 1, 2, 0, 1, 2]), None, r"got an array of float64: convert whole numbers"),
        (np.arange(6), None, "Expected class indices from 0 to 2, got 0 to 5"),
        (np.zeros(6, int), np.ones(5), r"number for each sample, shape \(6,\); got shape \(5,\)"),
        (np.zeros(6, int), np.ones((6, 1)), r"got shape \(6, 1\)"),
    ],
)
def test_wrong_targets_and_weights_are_refused(y, sample_weight, message):
    with pytest.raises(ValueError, match=message):
        network_of().compute_gradients(data()[0], y, sample_weight)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))]
)
def test_copies_share_nothing(copied):
    network, (X, y, _) = network_of(), data()
    loss_gradient(network, X, y)
    gradients = network.gradients.copy()
    other = copied(network)
    other.parameters += 1
    loss_gradient(other, X, y)
    assert np.array_equal(network.gradients, gradients)
    loss_gradient(network, X, y)
    assert np.array_equal(network.gradients, gradients)
    assert not np.array_equal(other.gradients, gradients)
