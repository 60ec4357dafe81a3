from typing import get_args

import numpy as np
import pytest

from skscratch.nn.activations import (
    ACTIVATIONS,
    ELU,
    ActivationName,
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

CLASSES = [Identity, Exponential, ReLU, LeakyReLU, ELU, Sigmoid, SiLU, Softmax, Tanh]

every_activation = pytest.mark.parametrize("activation_class", CLASSES)


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


# The formulas of PyTorch's documentation.
PYTORCH = {
    LeakyReLU: lambda z: np.maximum(0, z) + 0.01 * np.minimum(0, z),
    ELU: lambda z: np.where(z > 0, z, 1.0 * (np.exp(z) - 1)),
    SiLU: lambda z: z * (1 / (1 + np.exp(-z))),
}


@pytest.mark.parametrize("activation_class", PYTORCH)
def test_values_and_derivatives_match_the_formulas_of_pytorch(activation_class):
    z = np.linspace(-6, 6, 121).reshape(11, 11) + 0.01
    step, formula = 1e-6, PYTORCH[activation_class]
    derivatives = (formula(z + step) - formula(z - step)) / (2 * step)
    for dtype, rtol in [(np.float32, 1e-5), (np.float64, 1e-12)]:
        activation = activation_class()
        np.testing.assert_allclose(activation.forward(z.astype(dtype)), formula(z), rtol, rtol / 10)
        actual = activation.backward(np.ones((11, 11), dtype))
        np.testing.assert_allclose(actual, derivatives, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("activation_class", "expected"), [(ReLU, 0), (LeakyReLU, 0.01), (ELU, 1), (SiLU, 0.5)]
)
def test_derivative_at_0(activation_class, expected):
    activation = activation_class()
    activation.forward(np.zeros((1, 1)))
    assert activation.backward(np.ones((1, 1))) == expected


@every_activation
def test_inputs_are_not_modified(activation_class):
    inputs, dvalues = np.random.default_rng(0).normal(size=(2, 4, 3))
    before = inputs.copy(), dvalues.copy()
    activation = activation_class()
    activation.forward(inputs)
    activation.backward(dvalues)
    assert np.array_equal(inputs, before[0])
    assert np.array_equal(dvalues, before[1])


@every_activation
def test_gradient(activation_class):
    rng = np.random.default_rng(0)
    inputs, dvalues = rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    assert np.abs(inputs).min() > 1e-4
    activation = activation_class()
    activation.forward(inputs)
    dinputs = activation.backward(dvalues)
    check_gradient(lambda: np.sum(activation.forward(inputs) * dvalues), inputs, dinputs)


def test_softmax_gradient_is_the_product_with_the_jacobian():
    rng = np.random.default_rng(0)
    inputs, dvalues = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    softmax = Softmax()
    outputs = softmax.forward(inputs)
    expected = [d @ (np.diag(f) - np.outer(f, f)) for f, d in zip(outputs, dvalues, strict=True)]
    np.testing.assert_allclose(softmax.backward(dvalues), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("activation_class", "expected", "derivatives"),
    [
        (Identity, [-1000, 1000], [1, 1]),
        (ReLU, [0, 1000], [0, 1]),
        (LeakyReLU, [-10, 1000], [0.01, 1]),
        (ELU, [-1, 1000], [0, 1]),
        (Sigmoid, [0, 1], [0, 0]),
        (SiLU, [0, 1000], [0, 1]),
        (Softmax, [0, 1], [0, 0]),
        (Tanh, [-1, 1], [0, 0]),
    ],
)
def test_extreme_inputs(activation_class, expected, derivatives):
    for dtype in (np.float32, np.float64):
        activation = activation_class()
        outputs = activation.forward(np.array([[-1000, 1000]], dtype))
        assert np.array_equal(outputs, [expected])
        assert np.array_equal(activation.backward(np.ones((1, 2), dtype)), [dtype(derivatives)])


@every_activation
def test_dtype_follows_the_last_inputs(activation_class):
    activation = activation_class()
    for dtype in (np.float32, np.float64, np.float32):
        assert activation.forward(np.ones((2, 3), dtype)).dtype == dtype
        assert activation.backward(np.ones((2, 3), dtype)).dtype == dtype


@every_activation
def test_integer_inputs_give_floats(activation_class):
    expected = activation_class().forward(np.array([[-1.0, 2.0]]))
    outputs = activation_class().forward([[-1, 2]])
    assert outputs.dtype == np.float64
    assert np.array_equal(outputs, expected)


@every_activation
def test_results_are_not_overwritten_by_later_calls(activation_class):
    activation = activation_class()
    inputs = np.random.default_rng(0).normal(size=(4, 3))
    before = [activation.forward(inputs), activation.backward(inputs)]
    copies = [array.copy() for array in before]
    activation.forward(-inputs)
    activation.backward(-inputs)
    assert all(np.array_equal(a, b) for a, b in zip(before, copies, strict=True))


@every_activation
def test_forward_does_not_depend_on_training(activation_class):
    inputs = np.random.default_rng(0).normal(size=(4, 3))
    activation = activation_class()
    assert np.array_equal(activation.forward(inputs, training=False), activation.forward(inputs))


@every_activation
def test_repr(activation_class):
    assert repr(activation_class()) == f"{activation_class.__name__}()"


def test_names():
    assert set(ACTIVATIONS.values()) == set(CLASSES) - {Exponential, Softmax}
    assert get_args(ActivationName) == tuple(ACTIVATIONS)
