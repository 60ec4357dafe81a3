import copy
import pickle
import weakref
from functools import partial

import numpy as np
import pytest
import scipy.sparse
from helpers import named

from skscratch.nn.initializers import glorot_uniform
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.penalties import Penalty
from skscratch.nn.testing import check_gradient

REGULARIZERS = [
    "weight_regularizer_l1",
    "weight_regularizer_l2",
    "bias_regularizer_l1",
    "bias_regularizer_l2",
]
# networks, samples, inputs, neurons: more samples than neurons, fewer, ones, many networks
STACKS = [(3, 20, 5, 4), (3, 4, 5, 20), (2, 1, 7, 3), (2, 9, 7, 1), (2, 9, 1, 7), (40, 3, 9, 17)]

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def normal(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def generators(n):
    return [np.random.default_rng(seed) for seed in range(n)]


@pytest.mark.parametrize("names", [[], *([name] for name in REGULARIZERS), REGULARIZERS])
@pytest.mark.parametrize("shape", [(5,), (2, 5)])
def test_dense_gradients(names, shape):
    strengths = {name: 0.1 * (i + 1) for i, name in enumerate(names)}
    dense = Dense(3, 4, **strengths)
    dense.weights, dense.biases = normal(3, 4, seed=1), normal(1, 4, seed=2)
    assert min(np.abs(dense.weights).min(), np.abs(dense.biases).min()) > 1e-4
    inputs, dvalues = normal(*shape, 3, seed=3), normal(*shape, 4, seed=4)

    def loss():
        return np.sum(dense.forward(inputs) * dvalues) + dense.regularization_loss()

    dense.forward(inputs)
    dinputs = dense.backward(dvalues).copy()
    check_gradient(loss, dense.weights, dense.dweights)
    check_gradient(loss, dense.biases, dense.dbiases)
    check_gradient(loss, inputs, dinputs)


def test_first_layer_needs_no_gradient_of_its_inputs():
    inputs, dvalues = normal(5, 3, seed=1), normal(5, 2, seed=2)
    strengths = 0.1, 0.2, 0.3, 0.4
    full = Dense(3, 2, *strengths, random_state=np.random.default_rng(0))
    first = Dense.from_arrays(full.weights, full.biases, *strengths)
    full.forward(inputs)
    full.backward(dvalues)
    first.forward(inputs)
    first.backward_parameters(dvalues)
    assert np.array_equal(full.dweights, first.dweights)
    assert np.array_equal(full.dbiases, first.dbiases)


def test_regularization_loss():
    dense = Dense(2, 2, 1.0, 10.0, 100.0, 1000.0)
    dense.weights, dense.biases = [[1.0, -2.0], [3.0, 0.0]], [[-4.0, 5.0]]
    # sums of absolute values 6 and 9, of squares 14 and 41
    assert dense.regularization_loss() == 1 * 6 + 10 * 14 + 100 * 9 + 1000 * 41


@both_dtypes
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("shared", [False, True])
def test_dense_stack_is_bit_for_bit_the_single_ones(dtype, stack, shared):
    n_networks, n_samples, n_inputs, n_neurons = stack
    weights = normal(n_networks, n_inputs, n_neurons, dtype=dtype, seed=1)
    biases = normal(n_networks, 1, n_neurons, dtype=dtype, seed=2)
    strengths = np.random.default_rng(3).uniform(0, 0.1, (4, n_networks, 1, 1))
    inputs = normal(n_networks, n_samples, n_inputs, dtype=dtype, seed=4)
    dvalues = normal(n_networks, n_samples, n_neurons, dtype=dtype, seed=5)

    dense = Dense.from_arrays(weights, biases, *strengths)
    outputs = dense.forward(inputs[0] if shared else inputs)
    dinputs, penalties = dense.backward(dvalues), dense.regularization_loss()
    for k in range(n_networks):
        single = Dense.from_arrays(weights[k], biases[k], *strengths[:, k, 0, 0].tolist())
        assert np.array_equal(outputs[k], single.forward(inputs[0 if shared else k]))
        assert np.array_equal(dinputs[k], single.backward(dvalues[k]))
        assert np.array_equal(dense.dweights[k], single.dweights)
        assert np.array_equal(dense.dbiases[k], single.dbiases)
        assert penalties[k] == single.regularization_loss()


@both_dtypes
@pytest.mark.parametrize("strength", [0.1, np.float64(0.1), np.full((2, 1, 1), 0.1)])
def test_dense_keeps_dtype(dtype, strength):
    weights, biases = normal(2, 3, 4, dtype=dtype), normal(2, 1, 4, dtype=dtype)
    dense = Dense.from_arrays(weights, biases, *[strength] * 4)
    assert dense.forward(normal(2, 5, 3, dtype=dtype)).dtype == dtype
    assert dense.backward(normal(2, 5, 4, dtype=dtype)).dtype == dtype
    assert dense.dweights.dtype == dense.dbiases.dtype == dtype
    assert dense.regularization_loss().dtype == dtype


@both_dtypes
def test_dense_starts_from_its_initializer(dtype):
    dense = Dense(
        3, 4, initializer=glorot_uniform, random_state=np.random.RandomState(0), dtype=dtype
    )
    weights, biases = glorot_uniform(3, 4, np.random.RandomState(0))
    assert dense.weights.dtype == dense.biases.dtype == dtype
    assert np.array_equal(dense.weights, weights.astype(dtype))
    assert np.array_equal(dense.biases, biases.astype(dtype))


@pytest.mark.parametrize("seed", [0, np.int64(0)])
def test_an_int_seeds_a_new_generator(seed):
    expected = np.random.default_rng(0)
    dense, dropout = Dense(3, 4, random_state=seed), Dropout(0.5, random_state=seed)
    assert np.array_equal(dense.weights, 0.01 * expected.normal(size=(3, 4)))
    expected = Dropout(0.5, np.random.default_rng(0)).forward(np.ones((4, 5)))
    assert np.array_equal(dropout.forward(np.ones((4, 5))), expected)
    assert 0 < expected.mean() < 2


@pytest.mark.parametrize("layer_class", [partial(Dense, 3, 4), partial(Dropout, 0.5)])
@pytest.mark.parametrize("random_state", ["0", 1.5])
def test_what_is_no_random_state_is_refused(layer_class, random_state):
    with pytest.raises(ValueError, match=r"random_state must be an int, a numpy.random.Generator"):
        layer_class(random_state=random_state)


def test_dropout_refuses_a_random_state_of_old():
    with pytest.raises(ValueError, match=r"got a RandomState: use numpy.random.default_rng"):
        Dropout(0.5, np.random.RandomState(0))


def test_dense_has_the_books_names_of_penalties():
    dense = Dense(3, 2, 0.1, 0.2, 0.3, 0.4)
    assert [getattr(dense, name) for name in REGULARIZERS] == [0.1, 0.2, 0.3, 0.4]
    assert dense.weight_penalty == Penalty(0.1, 0.2)
    assert dense.bias_penalty == Penalty(0.3, 0.4)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Dense(3, 2), Dense(3, 2, 0.1), True),
        (Dense(3, 2), Dense(3, 3), False),
        (Dense(3, 2), Dense(3, 2, dtype=np.float32), False),
        (Dropout(0.1), Dropout(0.5), True),
        (Dropout(0.1), Dense(3, 2), False),
    ],
    ids=named,
)
def test_stack_key(one, other, same):
    assert (one.stack_key == other.stack_key) == same
    assert hash(one.stack_key) == hash(copy.deepcopy(one).stack_key)


def test_numpy_global_generator_is_not_touched():
    np.random.seed(0)
    Dense(3, 2)
    Dropout(0.5).forward(np.ones((2, 2)))
    assert np.random.random() == np.random.RandomState(0).random_sample()


def test_dense_takes_other_weights_and_biases():
    dense = Dense(3, 2)
    dense.forward(np.ones((5, 3)))
    dense.backward(np.ones((5, 2)))
    dense.weights, dense.biases = [[1], [2], [3]], [[10]]
    assert np.array_equal(dense.forward(np.ones((5, 3))), np.full((5, 1), 16))
    assert np.array_equal(dense.backward(np.ones((5, 1))), [[1, 2, 3]] * 5)
    assert np.array_equal(dense.dweights, [[5], [5], [5]])
    assert np.array_equal(dense.dbiases, [[5]])


def test_dense_of_lists():
    dense = Dense(2, 1)
    dense.weights, dense.biases = [[1], [2]], [[3]]
    assert np.array_equal(dense.forward([[4, 5]]), [[17.0]])


@pytest.mark.parametrize("inputs", [np.ones(3), np.ones((5, 4)), [[1.0]], np.ones((2, 3, 5))])
def test_dense_refuses_inputs_of_another_shape(inputs):
    message = r"Dense\(3, 2\) expected inputs of shape \(..., n_samples, 3\), got shape"
    with pytest.raises(ValueError, match=message):
        Dense(3, 2).forward(inputs)


@both_dtypes
@pytest.mark.parametrize("container", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_dense_of_sparse_inputs(dtype, container):
    inputs, dvalues = normal(6, 5, dtype=dtype, seed=1), normal(6, 3, dtype=dtype, seed=2)
    inputs[np.abs(inputs) < 0.7] = 0
    dense = Dense(5, 3, random_state=np.random.default_rng(0), dtype=dtype)
    sparse = Dense.from_arrays(dense.weights, dense.biases)
    rtol = 1e-5 if dtype == np.float32 else 1e-13
    outputs = sparse.forward(container(inputs))
    np.testing.assert_allclose(outputs, dense.forward(inputs), rtol=rtol)
    dinputs = sparse.backward(dvalues)
    np.testing.assert_allclose(dinputs, dense.backward(dvalues), rtol=rtol)
    np.testing.assert_allclose(sparse.dweights, dense.dweights, rtol=rtol)
    assert outputs.dtype == dinputs.dtype == sparse.dweights.dtype == dtype


def test_dense_repr():
    assert repr(Dense(3, 2)) == "Dense(3, 2)"


@pytest.mark.parametrize("rate", [0.0, 0.3, np.array([[[0.2]], [[0.6]]])])
def test_dropout_gradient(rate):
    dropout = Dropout(rate)
    inputs, dvalues = normal(2, 4, 3, seed=1), normal(2, 4, 3, seed=2)

    def loss():
        dropout.random_state = np.random.default_rng(0)
        return np.sum(dropout.forward(inputs) * dvalues)

    loss()
    check_gradient(loss, inputs, dropout.backward(dvalues))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_its_rate_and_keeps_the_mean(rate):
    outputs = Dropout(rate, np.random.default_rng(0)).forward(np.ones((300, 200)))
    assert set(np.unique(outputs)) == {0.0, 1 / (1 - rate)}
    tolerance = 4 * np.sqrt(rate * (1 - rate) / outputs.size)
    assert np.mean(outputs == 0) == pytest.approx(rate, abs=tolerance)
    assert np.mean(outputs) == pytest.approx(1, abs=tolerance / (1 - rate))


@both_dtypes
@pytest.mark.parametrize("container", [scipy.sparse.csr_array, scipy.sparse.csc_matrix])
def test_dropout_of_sparse_inputs_drops_of_what_is_stored(dtype, container):
    inputs = container(np.tri(200, 150, dtype=dtype))
    outputs = Dropout(0.3, np.random.default_rng(0)).forward(inputs)
    assert scipy.sparse.issparse(outputs)
    assert outputs.shape == inputs.shape
    assert outputs.dtype == dtype
    assert set(np.unique(outputs.data)) == {dtype(0), 1 / dtype(0.7)}
    assert np.mean(outputs.data == 0) == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / inputs.nnz))
    assert not outputs.toarray()[np.tri(200, 150) == 0].any()
    assert np.array_equal(inputs.toarray(), np.tri(200, 150))


def test_dropout_of_sparse_inputs_without_elements():
    outputs = Dropout(0.5).forward(scipy.sparse.csr_array((4, 3)))
    assert np.array_equal(outputs.toarray(), np.zeros((4, 3)))


def test_dropout_of_nothing():
    inputs = normal(4, 3)
    assert np.array_equal(Dropout(0.0).forward(inputs), inputs)


def test_dropout_draws_new_masks():
    dropout = Dropout(0.5, np.random.default_rng(0))
    first = dropout.forward(np.ones((5, 5))).copy()
    assert not np.array_equal(dropout.forward(np.ones((5, 5))), first)


@both_dtypes
@pytest.mark.parametrize("shape", [(20, 4), (4, 20)])
def test_dropout_masks_come_from_its_generator(dtype, shape):
    masks = []
    for inputs in (np.ones(shape, dtype), normal(*shape, dtype=dtype)):
        dropout = Dropout(0.5, np.random.default_rng(0))
        dropout.forward(inputs)
        masks.append(dropout.mask)
    assert np.array_equal(*masks)


@both_dtypes
@pytest.mark.parametrize("stack", [(3, 20, 4), (3, 4, 20), (2, 1, 9), (2, 9, 1), (12, 5, 3)])
def test_dropout_stack_is_bit_for_bit_the_single_ones(dtype, stack):
    rates = np.linspace(0, 0.8, stack[0]).reshape(-1, 1, 1)
    inputs, dvalues = normal(*stack, dtype=dtype, seed=1), normal(*stack, dtype=dtype, seed=2)
    dropout = Dropout(rates, generators(stack[0]))
    singles = [
        Dropout(float(rate), generator)
        for rate, generator in zip(rates.ravel(), generators(stack[0]), strict=True)
    ]
    for _ in range(2):
        outputs, dinputs = dropout.forward(inputs), dropout.backward(dvalues)
        for k, single in enumerate(singles):
            assert np.array_equal(outputs[k], single.forward(inputs[k]))
            assert np.array_equal(dinputs[k], single.backward(dvalues[k]))


@both_dtypes
@pytest.mark.parametrize("rate", [0.5, np.float64(0.5), np.full((2, 1, 1), 0.5)])
def test_dropout_keeps_dtype(dtype, rate):
    dropout = Dropout(rate, np.random.default_rng(0))
    assert dropout.forward(np.ones((2, 4, 3), dtype)).dtype == dtype
    assert dropout.mask.dtype == dtype
    assert dropout.backward(np.ones((2, 4, 3), dtype)).dtype == dtype


def test_dropout_dtype_is_that_of_the_last_inputs():
    dropout = Dropout(0.5)
    for dtype in (np.float32, np.float64, np.float32):
        assert dropout.forward(np.ones((4, 3), dtype)).dtype == dtype
        assert dropout.mask.dtype == dtype


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, np.nan, np.array([[[0.5]], [[1.0]]])])
def test_dropout_refuses_rates_outside_0_and_1(rate):
    with pytest.raises(ValueError, match=r"rate, the share that is dropped, must be in \[0, 1\)"):
        Dropout(rate)


def test_dropout_repr():
    assert repr(Dropout(0.5)) == "Dropout(0.5)"


@pytest.mark.parametrize("layer", [Dense(3, 3), Dropout(0.5)], ids=named)
def test_a_layer_by_itself_returns_arrays_of_their_own(layer):
    inputs = normal(4, 3)
    before = [layer.forward(inputs), layer.backward(inputs)]
    before += [layer.dweights, layer.dbiases] if isinstance(layer, Dense) else [layer.mask]
    copies = [array.copy() for array in before]
    layer.backward(2 * inputs)
    layer.forward(-inputs)
    layer.backward(-inputs)
    assert all(np.array_equal(a, b) for a, b in zip(before, copies, strict=True))


@pytest.mark.parametrize("layer", [Dense(3, 3), Dropout(0.5)], ids=named)
def test_backward_before_forward(layer):
    with pytest.raises(ValueError, match="seen no inputs yet: call forward before backward"):
        copy.deepcopy(layer).backward(np.ones((4, 3)))


@pytest.mark.parametrize("layer", [Dense(3, 3), Dropout(0.5)], ids=named)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))]
)
def test_copies_leave_results_behind(layer, copied):
    layer = copy.deepcopy(layer)
    layer.forward(np.ones((500, 3)))
    other = copied(layer)
    assert len(pickle.dumps(other)) < 2000
    with pytest.raises(ValueError, match="call forward before backward"):
        other.backward(np.ones((500, 3)))
    assert other.forward(np.ones((500, 3))).shape == (500, 3)


@pytest.mark.parametrize("layer", [Dense(3, 3), Dropout(0.5)], ids=named)
def test_a_networks_layer_fills_its_arrays_again(layer):
    layer = copy.deepcopy(layer)
    layer.reuses_buffers = True
    inputs = normal(4, 3)
    outputs, dinputs = layer.forward(inputs), layer.backward(inputs)
    layer.forward(inputs[:2])
    assert layer.forward(-inputs) is outputs
    assert layer.backward(-inputs) is dinputs


@pytest.mark.parametrize("layer", [Dense(3, 3), Dropout(0.5)], ids=named)
def test_arrays_of_ever_new_shapes_are_let_go(layer):
    layer = copy.deepcopy(layer)
    layer.reuses_buffers = True
    outputs = [weakref.ref(layer.forward(np.ones((n, 3)))) for n in range(1, 101)]
    assert sum(output() is not None for output in outputs) < 25


@both_dtypes
def test_stacked_dense_layers_do_what_each_does(dtype):
    singles = [
        Dense(4, 3, l1, l2, random_state=np.random.default_rng(k), dtype=dtype)
        for k, (l1, l2) in enumerate([(0, 0), (0.1, 0), (0.2, 0.3)])
    ]
    stack = Dense.stack(singles)
    inputs, dvalues = normal(3, 6, 4, dtype=dtype, seed=1), normal(3, 6, 3, dtype=dtype, seed=2)
    outputs = stack.forward(inputs)
    dinputs = stack.backward(dvalues)
    penalties = stack.regularization_loss()
    for k, single in enumerate(singles):
        assert np.array_equal(outputs[k], single.forward(inputs[k]))
        assert np.array_equal(dinputs[k], single.backward(dvalues[k]))
        assert np.array_equal(stack.dweights[k], single.dweights)
        assert np.array_equal(stack.dbiases[k], single.dbiases)
        assert penalties[k] == single.regularization_loss()
    stack.weights[...] = 0
    assert all(single.weights.any() for single in singles)


@both_dtypes
@pytest.mark.parametrize("rates", [(0.3, 0.3, 0.3), (0.1, 0.5, 0.8)])
def test_stacked_dropout_drops_what_each_does(dtype, rates):
    def layers():
        return [Dropout(rate, rng) for rate, rng in zip(rates, generators(3), strict=True)]

    stack, inputs = Dropout.stack(layers()), normal(3, 6, 4, dtype=dtype)
    outputs = stack.forward(inputs)
    for k, single in enumerate(layers()):
        assert np.array_equal(outputs[k], single.forward(inputs[k]))
