import weakref

import numpy as np
import pytest

from skscratch.nn.activations import (
    ELU,
    Exponential,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from skscratch.nn.testing import check_gradient

ACTIVATIONS = [Identity, Exponential, ReLU, LeakyReLU, ELU, Sigmoid, SiLU, Softmax, Tanh]
# networks, samples, units: more samples than units, fewer, one of either, many networks
STACKS = [(3, 20, 4), (3, 4, 20), (2, 1, 9), (2, 9, 1), (7, 5, 3), (40, 33, 130)]

every_activation = pytest.mark.parametrize("activation_class", ACTIVATIONS)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def class_major(array):
    return np.ascontiguousarray(array.mT).mT


@pytest.mark.parametrize(
    ("activation_class", "expected"),
    [
        (Identity, [-1.0, 0.0, 2.0]),
        (Exponential, [1 / np.e, 1.0, np.e**2]),
        (ReLU, [0.0, 0.0, 2.0]),
        (LeakyReLU, [-0.01, 0.0, 2.0]),
        (ELU, [1 / np.e - 1, 0.0, 2.0]),
        (Sigmoid, [1 / (1 + np.e), 0.5, np.e**2 / (1 + np.e**2)]),
        (SiLU, [-1 / (1 + np.e), 0.0, 2 * np.e**2 / (1 + np.e**2)]),
        (Softmax, np.array([1.0, np.e, np.e**3]) / (1 + np.e + np.e**3)),
        (Tanh, [(1 - np.e**2) / (1 + np.e**2), 0.0, (np.e**4 - 1) / (np.e**4 + 1)]),
    ],
)
def test_forward(activation_class, expected):
    outputs = activation_class().forward(np.array([[-1.0, 0.0, 2.0]]))
    np.testing.assert_allclose(outputs, [expected], rtol=1e-14)


# As PyTorch's documentation has them.
PYTORCH = {
    LeakyReLU: lambda z: np.maximum(0, z) + 0.01 * np.minimum(0, z),
    ELU: lambda z: np.where(z > 0, z, 1.0 * (np.exp(z) - 1)),
    SiLU: lambda z: z * (1 / (1 + np.exp(-z))),
}


@pytest.mark.parametrize("activation_class", PYTORCH)
@both_dtypes
def test_values_and_slopes_are_those_of_pytorchs_formulas(activation_class, dtype):
    z = np.linspace(-6, 6, 121).reshape(11, 11) + 0.01
    step, formula = 1e-6, PYTORCH[activation_class]
    slopes = (formula(z + step) - formula(z - step)) / (2 * step)
    activation = activation_class()
    rtol, atol = (1e-5, 1e-6) if dtype == np.float32 else (1e-12, 1e-15)
    np.testing.assert_allclose(activation.forward(z.astype(dtype)), formula(z), rtol, atol)
    actual = activation.backward(np.ones((11, 11), dtype))
    np.testing.assert_allclose(actual, slopes, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("activation_class", "expected"), [(LeakyReLU, 0.01), (ELU, 1), (SiLU, 0.5)]
)
def test_slope_at_0(activation_class, expected):
    activation = activation_class()
    activation.forward(np.zeros((1, 1)))
    assert activation.backward(np.ones((1, 1))) == expected


@every_activation
@both_dtypes
@pytest.mark.parametrize("layout", [np.ascontiguousarray, class_major])
@pytest.mark.parametrize("shape", [(7, 3), (2, 3, 7)])
@pytest.mark.filterwarnings("ignore:overflow encountered in exp")
def test_inplace_gives_the_same(activation_class, dtype, layout, shape):
    rng = np.random.default_rng(0)
    plain, inplace = activation_class(), activation_class(inplace=True)
    for scale in (1, 1000):
        inputs = layout(rng.normal(scale=scale, size=shape).astype(dtype))
        dvalues = layout(rng.normal(size=shape).astype(dtype))
        outputs, dinputs = plain.forward(inputs).copy(), plain.backward(dvalues).copy()
        assert inplace.forward(inputs) is inputs
        assert np.array_equal(inputs, outputs)
        assert inplace.backward(dvalues) is dvalues
        assert np.array_equal(dvalues, dinputs)


@every_activation
def test_inputs_are_only_read_unless_inplace(activation_class):
    inputs, dvalues = np.random.default_rng(0).normal(size=(2, 4, 3))
    before = inputs.copy(), dvalues.copy()
    activation = activation_class()
    activation.forward(inputs)
    activation.backward(dvalues)
    assert np.array_equal(inputs, before[0])
    assert np.array_equal(dvalues, before[1])


@every_activation
@pytest.mark.parametrize("shape", [(6, 3), (3, 6), (2, 3, 4)])
def test_gradient(activation_class, shape):
    rng = np.random.default_rng(0)
    inputs, dvalues = rng.normal(size=shape), rng.normal(size=shape)
    assert np.abs(inputs).min() > 1e-4
    activation = activation_class()
    activation.forward(inputs)
    check_gradient(
        lambda: np.sum(activation.forward(inputs) * dvalues), inputs, activation.backward(dvalues)
    )


def test_relu_has_no_slope_at_0():
    relu = ReLU()
    relu.forward(np.zeros((2, 2)))
    assert np.array_equal(relu.backward(np.ones((2, 2))), np.zeros((2, 2)))


def test_softmax_gradient_is_the_jacobian():
    rng = np.random.default_rng(0)
    inputs, dvalues = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    softmax = Softmax()
    outputs = softmax.forward(inputs)
    expected = [d @ (np.diag(f) - np.outer(f, f)) for f, d in zip(outputs, dvalues, strict=True)]
    np.testing.assert_allclose(softmax.backward(dvalues), expected, rtol=1e-12, atol=1e-15)


@both_dtypes
def test_softmax_log_probabilities(dtype):
    softmax = Softmax()
    softmax.forward(np.array([[1000.0, -1000.0], [3.0, 3.0]], dtype))
    np.testing.assert_allclose(
        softmax.shifted - np.log(softmax.total), [[0, -2000], -np.log([2, 2])], rtol=1e-6
    )


@both_dtypes
@pytest.mark.parametrize(
    ("activation_class", "expected"),
    [
        (Identity, [-1000, 1000]),
        (ReLU, [0, 1000]),
        (LeakyReLU, [-10, 1000]),
        (ELU, [-1, 1000]),
        (Sigmoid, [0, 1]),
        (SiLU, [0, 1000]),
        (Softmax, [0, 1]),
        (Tanh, [-1, 1]),
    ],
)
def test_extreme_inputs(activation_class, expected, dtype):
    activation = activation_class()
    outputs = activation.forward(np.array([[-1000, 1000]], dtype))
    assert np.array_equal(outputs, [expected])
    dinputs = activation.backward(np.ones((1, 2), dtype))
    slopes = {
        Identity: [1, 1],
        ReLU: [0, 1],
        LeakyReLU: [dtype(0.01), 1],
        ELU: [0, 1],
        SiLU: [0, 1],
    }
    assert np.array_equal(dinputs, [slopes.get(activation_class, [0, 0])])


@every_activation
@both_dtypes
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("layout", [np.ascontiguousarray, class_major])
def test_stack_is_bit_for_bit_the_single_ones(activation_class, dtype, stack, layout):
    rng = np.random.default_rng(0)
    inputs, dvalues = (layout(rng.normal(size=stack).astype(dtype)) for _ in range(2))
    activation = activation_class()
    outputs, dinputs = activation.forward(inputs), activation.backward(dvalues)
    for k in range(stack[0]):
        single = activation_class()
        assert np.array_equal(outputs[k], single.forward(layout(inputs[k])))
        assert np.array_equal(dinputs[k], single.backward(layout(dvalues[k])))


@every_activation
@both_dtypes
def test_dtype_is_kept(activation_class, dtype):
    activation = activation_class()
    assert activation.forward(np.ones((2, 3), dtype)).dtype == dtype
    assert activation.backward(np.ones((2, 3), dtype)).dtype == dtype


@every_activation
def test_dtype_is_that_of_the_last_inputs(activation_class):
    activation = activation_class()
    for dtype in (np.float32, np.float64, np.float32):
        assert activation.forward(np.ones((2, 3), dtype)).dtype == dtype


@every_activation
def test_integers_become_floats(activation_class):
    expected = activation_class().forward(np.array([[-1.0, 2.0]]))
    outputs = activation_class().forward([[-1, 2]])
    assert outputs.dtype == np.float64
    assert np.array_equal(outputs, expected)


@every_activation
def test_an_activation_by_itself_returns_arrays_of_their_own(activation_class):
    activation = activation_class()
    inputs = np.random.default_rng(0).normal(size=(4, 3))
    before = [activation.forward(inputs), activation.backward(inputs)]
    copies = [array.copy() for array in before]
    activation.backward(2 * inputs)
    activation.forward(-inputs)
    activation.backward(-inputs)
    assert all(np.array_equal(a, b) for a, b in zip(before, copies, strict=True))


@every_activation
@pytest.mark.parametrize("inplace", [False, True])
def test_backward_before_forward(activation_class, inplace):
    with pytest.raises(ValueError, match="seen no inputs yet: call forward before backward"):
        activation_class(inplace).backward(np.ones((2, 3)))


@pytest.mark.parametrize("activation_class", ACTIVATIONS[1:])
def test_a_networks_activation_fills_its_arrays_again(activation_class):
    activation = activation_class()
    activation.reuses_buffers = True
    inputs = np.random.default_rng(0).normal(size=(4, 3))
    outputs, dinputs = activation.forward(inputs), activation.backward(inputs)
    activation.forward(inputs[:2])
    assert activation.forward(-inputs) is outputs
    assert activation.backward(-inputs) is dinputs
    assert np.array_equal(outputs, activation_class().forward(-inputs))


@pytest.mark.parametrize("activation_class", ACTIVATIONS[1:])
def test_arrays_of_ever_new_shapes_are_let_go(activation_class):
    activation = activation_class()
    activation.reuses_buffers = True
    outputs = [weakref.ref(activation.forward(np.ones((n, 2)))) for n in range(1, 101)]
    assert sum(output() is not None for output in outputs) < 25


@every_activation
def test_repr(activation_class):
    assert repr(activation_class()) == f"{activation_class.__name__}()"


@every_activation
@pytest.mark.parametrize("inplace", [True, False])
def test_stacks_of_activations_are_of_their_kind(activation_class, inplace):
    singles = [activation_class(inplace=inplace) for _ in range(2)]
    stack = activation_class.stack(singles)
    assert type(stack) is activation_class
    assert stack.inplace == inplace
    assert stack not in singles
