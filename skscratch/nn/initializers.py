"""Initializers: functions that draw the initial weights and biases of a dense layer.

Each takes the layer's shape and a source of random numbers, and returns ``weights`` of shape
(n_inputs, n_neurons) and ``biases`` of shape (1, n_neurons), in float64.
"""

from collections.abc import Callable

import numpy as np

__all__ = ["glorot_uniform", "he_normal", "lecun_normal", "scaled_normal"]

RandomState = int | np.random.RandomState | np.random.Generator | None
Initializer = Callable[[int, int, RandomState], tuple[np.ndarray, np.ndarray]]


def generator_of(random_state: RandomState) -> np.random.RandomState | np.random.Generator:
    """Return a generator: an existing one, or a new ``numpy.random.default_rng``."""
    if isinstance(random_state, np.random.RandomState | np.random.Generator):
        return random_state
    if random_state is None or isinstance(random_state, int | np.integer):
        return np.random.default_rng(random_state)
    raise ValueError(
        f"random_state must be an int, a numpy.random.Generator, a numpy.random.RandomState or "
        f"None, got {random_state!r}."
    )


def scaled_normal(
    n_inputs: int, n_neurons: int, random_state: RandomState = None, scale: float = 0.01
) -> tuple[np.ndarray, np.ndarray]:
    """Draw weights from ``scale * N(0, 1)``, as in the book; biases are 0.

    Parameters
    ----------
    n_inputs, n_neurons : int
        Number of inputs, and of neurons.
    random_state : int, RandomState, Generator or None, default=None
        Source of random numbers. An int is the seed of a new :func:`numpy.random.default_rng`. If
        None, the operating system seeds it.
    scale : float, default=0.01
        Standard deviation of the weights.

    Returns
    -------
    weights, biases : ndarray of shape (n_inputs, n_neurons) and (1, n_neurons)
        The initial values, in float64.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import scaled_normal
    >>> scaled_normal(1, 2, np.random.RandomState(0))
    (array([[0.01764052, 0.00400157]]), array([[0., 0.]]))
    """
    weights = scale * generator_of(random_state).normal(size=(n_inputs, n_neurons))
    return weights, np.zeros((1, n_neurons), np.float64)


def lecun_normal(
    n_inputs: int, n_neurons: int, random_state: RandomState = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draw weights from ``N(0, 1 / n_inputs)``; biases are 0.

    The weighted sum of inputs of variance 1 then has variance 1 [1]_. Parameters and results are
    those of :func:`scaled_normal`.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, "Efficient BackProp", in Neural Networks:
       Tricks of the Trade, 1998, equation 16.

    Examples
    --------
    >>> from skscratch.nn import lecun_normal
    >>> weights, biases = lecun_normal(1000, 100, random_state=0)
    >>> float(weights.std().round(3)), float(biases.sum())
    (0.032, 0.0)
    """
    return scaled_normal(n_inputs, n_neurons, random_state, scale=np.sqrt(1.0 / n_inputs))


def he_normal(
    n_inputs: int, n_neurons: int, random_state: RandomState = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draw weights from ``N(0, 2 / n_inputs)``; biases are 0.

    With this variance, the activations of a deep ReLU network neither vanish nor explode [1]_.
    Parameters and results are those of :func:`scaled_normal`.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", ICCV 2015,
       equation 10.

    Examples
    --------
    >>> from skscratch.nn import he_normal
    >>> weights, biases = he_normal(1000, 100, random_state=0)
    >>> float(weights.std().round(3)), float(biases.sum())
    (0.045, 0.0)
    """
    return scaled_normal(n_inputs, n_neurons, random_state, scale=np.sqrt(2.0 / n_inputs))


def glorot_uniform(
    n_inputs: int, n_neurons: int, random_state: RandomState = None, factor: float = 6.0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw weights and biases from ``U(-b, b)``, ``b = sqrt(factor / (n_inputs + n_neurons))``.

    With ``factor=6`` this is the normalized initialization of Glorot and Bengio [1]_, which
    preserves the variance of activations and gradients from layer to layer.
    :class:`~sklearn.neural_network.MLPClassifier` also draws biases from this distribution, and
    uses ``factor=2`` for the logistic activation. All other parameters and the results are
    those of :func:`scaled_normal`.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
       neural networks", AISTATS 2010, equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import glorot_uniform
    >>> weights, biases = glorot_uniform(2, 4, random_state=0)
    >>> weights.shape, biases.shape, bool(np.abs(weights).max() <= 1.0)
    ((2, 4), (1, 4), True)
    """
    bound = np.sqrt(factor / (n_inputs + n_neurons))
    generator = generator_of(random_state)
    weights = generator.uniform(-bound, bound, (n_inputs, n_neurons))
    return weights, generator.uniform(-bound, bound, (1, n_neurons))


def custom(
    initializer: Callable, dtype, n_inputs: int, n_neurons: int, random_state: RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Return the checked result of a custom initializer, whose biases may be a vector."""
    result = initializer(n_inputs, n_neurons, random_state)
    with np.errstate(over="ignore"):
        arrays = [np.asarray(array, dtype) for array in (() if result is None else result)]
    shapes = [array.shape for array in arrays]
    is_finite = all(np.isfinite(array).all() for array in arrays)
    expected = [(n_inputs, n_neurons), (n_neurons,)]
    if shapes not in (expected, [expected[0], (1, n_neurons)]) or not is_finite:
        raise ValueError(
            f"weight_init must return finite weights and biases of shapes {expected}, got shapes "
            f"{shapes}, all finite: {is_finite}."
        )
    return arrays[0], arrays[1].reshape(1, -1)


# The values of the estimators' parameter weight_init.
INITIALIZERS: dict[str, Initializer] = {
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "lecun_normal": lecun_normal,
    "scaled_normal": scaled_normal,
}
