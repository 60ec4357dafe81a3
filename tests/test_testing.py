import numpy as np
import pytest

from skscratch.nn.testing import check_gradient, numerical_gradient


def test_numerical_gradient():
    x = np.array([[1.0, 2.0], [3.0, -4.0]])
    gradient = numerical_gradient(lambda: np.sum(x**3) + x[0, 0] * x[1, 1], x)
    np.testing.assert_allclose(gradient, [[3 - 4, 12], [27, 48 + 1]], rtol=1e-8)


def test_differences_are_central():
    x = np.array([1.0])
    # The error of one-sided differences of x**2 is the step.
    assert numerical_gradient(lambda: x[0] ** 2, x, step=0.5) == 2


def test_array_is_restored():
    # Adding and subtracting the step would round such small numbers.
    x = np.array([1 / 3, 1e-10 / 3])
    numerical_gradient(lambda: np.sum(x), x)
    assert np.array_equal(x, [1 / 3, 1e-10 / 3])


@pytest.mark.parametrize("dtype", [np.float32, int])
def test_other_dtypes_raise(dtype):
    x = np.ones(2, dtype)
    with pytest.raises(ValueError, match="Expected an array of float64, got"):
        numerical_gradient(lambda: np.sum(x), x)


@pytest.mark.parametrize("gradient", [[2.0, 4.00002], [2.0, -4.0], [2.0, np.nan]])
def test_wrong_gradient(gradient):
    x = np.array([1.0, 2.0])
    with pytest.raises(AssertionError):
        check_gradient(lambda: np.sum(x**2), x, gradient)


def test_gradient_overwritten_by_the_function():
    x, gradient = np.array([1.0, 2.0]), np.array([2.0, 4.0])

    def function():
        gradient.fill(np.nan)
        return np.sum(x**2)

    check_gradient(function, x, gradient)
