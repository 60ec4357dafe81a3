"""Gradient checks by numerical differentiation."""

from collections.abc import Callable

import numpy as np

__all__ = ["check_gradient", "numerical_gradient"]


def numerical_gradient(
    function: Callable[[], float], array: np.ndarray, step: float = 1e-6
) -> np.ndarray:
    """Return the gradient of a function with respect to an array that it reads.

    Each entry in turn is moved by ``step`` both ways: central differences,
    ``(f(x + step) - f(x - step)) / (2 step)``, whose error is of the order of ``step**2``.

    Parameters
    ----------
    function : callable
        Takes nothing, reads ``array`` and returns a number.

    array : ndarray of float64
        Changed in place, and put back.

    step : float, default=1e-6
        How far each entry is moved.

    Returns
    -------
    gradient : ndarray of the shape of ``array``
        The derivative with respect to each entry.

    Raises
    ------
    ValueError
        If the array is not float64: differences of rounded numbers say nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.testing import numerical_gradient
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> numerical_gradient(lambda: np.sum(x**2), x).round(6)
    array([2., 4., 6.])
    """
    if array.dtype != np.float64:
        raise ValueError(f"Expected an array of float64, got {array.dtype}.")
    gradient = np.empty(array.shape, np.float64)
    for index in np.ndindex(array.shape):
        value = array[index]
        array[index] = value + step
        above = function()
        array[index] = value - step
        below = function()
        array[index] = value
        gradient[index] = (above - below) / (2 * step)
    return gradient


def check_gradient(
    function: Callable[[], float],
    array: np.ndarray,
    gradient: np.ndarray,
    *,
    step: float = 1e-6,
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> None:
    """Check a gradient against central differences.

    Parameters
    ----------
    function : callable
        Takes nothing, reads ``array`` and returns a number.

    array : ndarray of float64
        Changed in place, and put back.

    gradient : ndarray of the shape of ``array``
        The gradient to check.

    step : float, default=1e-6
        How far each entry is moved.

    rtol, atol : float, default=1e-6, 1e-8
        Tolerances relative to the differences and absolute.

    Raises
    ------
    AssertionError
        If the two differ; it says where and by how much.

    Examples
    --------
    A dense layer's gradient with respect to its weights:

    >>> import numpy as np
    >>> from skscratch.nn.layers import Dense
    >>> from skscratch.nn.losses import MeanSquaredError
    >>> from skscratch.nn.testing import check_gradient
    >>> rng = np.random.default_rng(0)
    >>> dense, loss = Dense(3, 2, random_state=rng), MeanSquaredError()
    >>> X, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    >>> dense.backward(loss.backward(dense.forward(X), y)).shape
    (5, 3)
    >>> check_gradient(
    ...     lambda: loss.calculate(dense.forward(X), y), dense.weights, dense.dweights.copy()
    ... )
    """
    gradient = np.array(gradient)
    expected = numerical_gradient(function, array, step)
    np.testing.assert_allclose(gradient, expected, rtol=rtol, atol=atol)
