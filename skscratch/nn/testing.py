"""Gradient checks by numerical differentiation."""

from collections.abc import Callable

import numpy as np

__all__ = ["check_gradient", "numerical_gradient"]


def numerical_gradient(
    function: Callable[[], float], array: np.ndarray, step: float = 1e-6
) -> np.ndarray:
    """Return the gradient of a function with respect to an array, by central differences.

    The derivative for each entry is ``(f(x + step) - f(x - step)) / (2 step)``.

    Parameters
    ----------
    function : callable
        Function without arguments that reads ``array`` and returns a number.
    array : ndarray of float64
        The array, which is changed in place and restored.
    step : float, default=1e-6
        Step of the differences.

    Returns
    -------
    gradient : ndarray of the shape of ``array``
        The derivative with respect to each entry.

    Raises
    ------
    ValueError
        If the array is not float64: in lower precision, rounding errors dominate.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.testing import numerical_gradient
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> numerical_gradient(lambda: np.sum(x**2), x).round(6)
    array([2., 4., 6.])
    """
    if array.dtype != np.float64:
        raise ValueError(f"Expected an array of float64, got {array.dtype}. Convert it.")
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
    function, array : callable, ndarray of float64
        As in :func:`numerical_gradient`.
    gradient : ndarray of the shape of ``array``
        The gradient to check.
    step, rtol, atol : float, default=1e-6, 1e-6, 1e-8
        Step of the differences, and the relative and the absolute tolerance.

    Raises
    ------
    AssertionError
        If the gradients differ.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import Dense, MeanSquaredError
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
    gradient = np.array(gradient)  # before the function overwrites it
    expected = numerical_gradient(function, array, step)
    np.testing.assert_allclose(gradient, expected, rtol=rtol, atol=atol)
