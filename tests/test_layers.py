from functools import partial

import numpy as np
import pytest
import scipy.sparse

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

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def normal(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("names", [[], *([name] for name in REGULARIZERS), REGULARIZERS])
def test_dense_gradients(names):
    strengths = {name: 0.1 * (i + 1) for i, name in enumerate(names)}
    dense = Dense(3, 4, **strengths)
    dense.weights, dense.biases = normal(3, 4, seed=1), normal(1, 4, seed=2)
    assert min(np.abs(dense.weights).min(), np.abs(dense.biases).min()) > 1e-4
    inputs, dvalues = normal(5, 3, seed=3), normal(5, 4, seed=4)

    def loss():
        return np.sum(dense.forward(inputs) * dvalues) + dense.regularization_loss()

    dense.forward(inputs)
    dinputs = dense.backward(dvalues)
    check_gradient(loss, dense.weights, dense.dweights)
    check_gradient(loss, dense.biases, dense.dbiases)
    check_gradient(loss, inputs, dinputs)


def test_gradients_of_the_parameters_only():
    inputs, dvalues = normal(5, 3, seed=1), normal(5, 2, seed=2)
    full, first = (Dense(3, 2, 0.1, 0.2, 0.3, 0.4, random_state=0) for _ in range(2))
    full.forward(inputs)
    full.backward(dvalues)
    first.forward(inputs)
    first.backward_parameters(dvalues)
    assert np.array_equal(full.dweights, first.dweights)
    assert np.array_equal(full.dbiases, first.dbiases)


def test_regularization_loss():
    dense = Dense(2, 2, 1.0, 10.0, 100.0, 1000.0)
    dense.weights, dense.biases = [[1.0, -2.0], [3.0, 0.0]], [[-4.0, 5.0]]
    # The sums of absolute values are 6 and 9, the sums of squares 14 and 41.
    assert dense.regularization_loss() == 1 * 6 + 10 * 14 + 100 * 9 + 1000 * 41


def test_dense_has_the_penalty_names_of_the_book():
    dense = Dense(3, 2, 0.1, 0.2, 0.3, 0.4)
    assert [getattr(dense, name) for name in REGULARIZERS] == [0.1, 0.2, 0.3, 0.4]
    assert dense.weight_penalty == Penalty(0.1, 0.2)
    assert dense.bias_penalty == Penalty(0.3, 0.4)


@both_dtypes
def test_dense_keeps_its_dtype(dtype):
    dense = Dense(3, 4, *[np.float64(0.1)] * 4, dtype=dtype)
    for input_dtype in (np.float32, np.float64, int):
        assert dense.forward(np.ones((5, 3), input_dtype)).dtype == dtype
        assert dense.backward(normal(5, 4, dtype=dtype)).dtype == dtype
    assert dense.weights.dtype == dense.biases.dtype == dtype
    assert dense.dweights.dtype == dense.dbiases.dtype == dtype


@both_dtypes
def test_dense_uses_its_initializer(dtype):
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
def test_invalid_random_states(layer_class):
    for random_state in ("0", 1.5):
        with pytest.raises(ValueError, match="random_state must be an int, a "):
            layer_class(random_state=random_state)


def test_dropout_with_a_random_state_raises():
    with pytest.raises(ValueError, match=r"got a RandomState. Use numpy.random.default_rng"):
        Dropout(0.5, np.random.RandomState(0))


def test_global_random_state_is_not_used():
    np.random.seed(0)
    Dense(3, 2)
    Dropout(0.5).forward(np.ones((2, 2)))
    assert np.random.random() == np.random.RandomState(0).random_sample()


def test_assigned_weights_and_biases_are_copied():
    dense, weights = Dense(3, 1), np.array([[1.0], [2.0], [3.0]])
    dense.weights, dense.biases = weights, [[10]]
    weights[:] = np.nan
    assert np.array_equal(dense.forward([[1, 1, 1]] * 5), np.full((5, 1), 16))
    assert np.array_equal(dense.backward(np.ones((5, 1))), [[1, 2, 3]] * 5)
    assert np.array_equal(dense.dweights, [[5], [5], [5]])
    assert np.array_equal(dense.dbiases, [[5]])


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("weights", np.ones((2, 1)), r"Expected an array of shape \(2, 2\), got \(2, 1\)"),
        ("weights", 1.0, r"Expected an array of shape \(2, 2\), got \(\)"),
        ("biases", np.ones(2), r"Expected an array of shape \(1, 2\), got \(2,\)"),
    ],
)
def test_assignment_of_another_shape_raises(name, values, message):
    dense = Dense(2, 2)
    before = getattr(dense, name).copy()
    with pytest.raises(ValueError, match=message):
        setattr(dense, name, values)
    assert np.array_equal(getattr(dense, name), before)


@pytest.mark.parametrize(
    "inputs",
    [np.ones(3), np.ones((5, 4)), [[1.0]], np.ones((2, 3, 3)), scipy.sparse.csr_array((5, 4))],
    ids=np.shape,
)
def test_dense_inputs_of_another_shape_raise(inputs):
    message = r"Dense\(3, 2\) expected inputs of shape \(n_samples, 3\), got shape"
    with pytest.raises(ValueError, match=message):
        Dense(3, 2).forward(inputs)


@pytest.mark.parametrize("container", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_dense_of_sparse_inputs(container):
    for dtype, rtol in [(np.float32, 1e-5), (np.float64, 1e-13)]:
        inputs, dvalues = normal(6, 5, dtype=dtype, seed=1), normal(6, 3, dtype=dtype, seed=2)
        inputs[np.abs(inputs) < 0.7] = 0
        dense, sparse = (Dense(5, 3, random_state=0, dtype=dtype) for _ in range(2))
        outputs = sparse.forward(container(inputs))
        np.testing.assert_allclose(outputs, dense.forward(inputs), rtol=rtol)
        dinputs = sparse.backward(dvalues)
        np.testing.assert_allclose(dinputs, dense.backward(dvalues), rtol=rtol)
        np.testing.assert_allclose(sparse.dweights, dense.dweights, rtol=rtol)
        assert outputs.dtype == dinputs.dtype == sparse.dweights.dtype == dtype


@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_dropout_gradient(rate):
    dropout = Dropout(rate)
    inputs, dvalues = normal(4, 3, seed=1), normal(4, 3, seed=2)

    def loss():
        dropout.random_state = np.random.default_rng(0)
        return np.sum(dropout.forward(inputs) * dvalues)

    loss()
    check_gradient(loss, inputs, dropout.backward(dvalues))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_rate_and_mean_of_dropout(rate):
    outputs = Dropout(rate, 0).forward(np.ones((300, 200)))
    assert set(np.unique(outputs)) == {0.0, 1 / (1 - rate)}
    tolerance = 4 * np.sqrt(rate * (1 - rate) / outputs.size)
    assert np.mean(outputs == 0) == pytest.approx(rate, abs=tolerance)
    assert np.mean(outputs) == pytest.approx(1, abs=tolerance / (1 - rate))


@both_dtypes
def test_dropout_masks_are_drawn_from_its_generator(dtype):
    dropout = Dropout(0.3, 7)
    expected = np.random.default_rng(7)
    for shape in [(20, 4), (4, 20)]:
        dropout.forward(np.ones(shape, dtype))
        kept = expected.random(shape, dtype) >= dtype(0.3)
        assert np.array_equal(dropout.mask, kept / (1 - dtype(0.3)))


@pytest.mark.parametrize("container", [scipy.sparse.csr_array, scipy.sparse.csc_matrix])
def test_dropout_of_sparse_inputs_drops_stored_elements(container):
    for dtype in (np.float32, np.float64):
        inputs = container(np.tri(200, 150, dtype=dtype))
        outputs = Dropout(0.3, 0).forward(inputs)
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


@pytest.mark.parametrize("inputs", [normal(4, 3), scipy.sparse.csr_array(normal(4, 3))])
def test_dropout_does_not_change_inputs_in_prediction(inputs):
    dropout = Dropout(0.5, 0)
    state = dropout.random_state.bit_generator.state
    assert abs(dropout.forward(inputs, training=False) - inputs).max() == 0
    assert dropout.random_state.bit_generator.state == state


def test_backward_after_prediction():
    dropout = Dropout(0.5, 0)
    dropout.forward(np.ones((4, 3)), training=False)
    assert np.array_equal(dropout.backward(np.ones((4, 3))), np.ones((4, 3)))


def test_dropout_draws_new_masks():
    dropout = Dropout(0.5, 0)
    first = dropout.forward(np.ones((5, 5)))
    assert not np.array_equal(dropout.forward(np.ones((5, 5))), first)


@pytest.mark.parametrize("rate", [0.5, np.float64(0.5)])
def test_dropout_dtype_follows_the_last_inputs(rate):
    dropout = Dropout(rate, 0)
    for dtype in (np.float32, np.float64, np.float32):
        assert dropout.forward(np.ones((4, 3), dtype)).dtype == dtype
        assert dropout.mask.dtype == dtype
        assert dropout.backward(np.ones((4, 3), dtype)).dtype == dtype


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, np.nan])
def test_invalid_dropout_rates(rate):
    with pytest.raises(ValueError, match=r"the probability of dropping, must be in \[0, 1\)"):
        Dropout(rate)


def test_repr():
    assert repr(Dense(3, 2)) == "Dense(3, 2)"
    assert repr(Dropout(0.5)).startswith("Dropout(rate=0.5")
