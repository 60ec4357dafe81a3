"""Data sets of Neural Networks from Scratch in Python: a spiral, vertical bands and a sine.

As in scikit-learn, all randomness comes from ``random_state``. With ``random_state=seed``, the data
are bit-for-bit identical to those of the book's package ``nnfs`` after ``numpy.random.seed(seed)``.
"""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, validate_params

__all__ = ["make_sine", "make_spiral", "make_vertical"]

_CONSTRAINTS: dict[str, list] = {
    "n_samples": [Interval(Integral, 1, None, closed="left")],
    "n_classes": [Interval(Integral, 1, None, closed="left")],
    "noise": [Interval(Real, 0, None, closed="left")],
    "random_state": ["random_state"],
}


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def make_spiral(
    n_samples: int = 100,
    n_classes: int = 3,
    *,
    noise: float = 0.2,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a spiral whose arms are the classes.

    Each arm runs from the origin to the unit circle and turns by 10 radians. The data set is that
    of Karpathy's notes for Stanford's CS231n [1]_.

    Parameters
    ----------
    n_samples, n_classes : int, default=100, 3
        Number of samples in each class, and of classes.
    noise : float, default=0.2
        Standard deviation of the angle, in units of 0.4 radians. The radius is exact.
    random_state : int, RandomState instance or None, default=None
        Determines the noise. Pass an int for reproducible output. With None, every call is
        different; NumPy's global random state is not used.

    Returns
    -------
    X : ndarray of shape (n_samples * n_classes, 2)
        The points, class by class, each class from the origin outwards.
    y : ndarray of shape (n_samples * n_classes,)
        The classes, 0 to ``n_classes - 1``.

    References
    ----------
    .. [1] A. Karpathy, "CS231n: convolutional neural networks for visual recognition. Putting it
       together: minimal neural network case study", 2015,
       https://cs231n.github.io/neural-networks-case-study/

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.datasets import make_spiral
    >>> X, y = make_spiral(n_samples=100, n_classes=3, random_state=0)
    >>> X.shape, np.bincount(y)
    ((300, 2), array([100, 100, 100]))
    >>> np.hypot(*X[[0, 99]].T).round(6)
    array([0., 1.])
    """
    random_state = _random_state(random_state)
    classes = np.arange(n_classes)
    radius = np.linspace(0, 1, n_samples)
    t = np.linspace(4 * classes, 4 * (classes + 1), n_samples, axis=1)
    t += random_state.normal(scale=noise, size=t.shape)
    X = np.stack([radius * np.sin(2.5 * t), radius * np.cos(2.5 * t)], axis=-1)
    return X.reshape(-1, 2), np.repeat(classes, n_samples)


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def make_vertical(
    n_samples: int = 100,
    n_classes: int = 3,
    *,
    noise: float = 0.1,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a cluster for each class, side by side; vertical lines separate most of the points.

    Parameters
    ----------
    n_samples, n_classes : int, default=100, 3
        Number of samples in each class, and of classes.
    noise : float, default=0.1
        Standard deviation of either coordinate around the class's center, ``(class / 3, 0.5)``.
    random_state : int, RandomState instance or None, default=None
        Determines the noise, see :func:`make_spiral`.

    Returns
    -------
    X, y : ndarray of shape (n_samples * n_classes, 2) and (n_samples * n_classes,)
        The points, class by class, and the classes, 0 to ``n_classes - 1``.

    Examples
    --------
    >>> from skscratch.datasets import make_vertical
    >>> X, y = make_vertical(n_samples=10_000, random_state=0)
    >>> [X[y == label].mean(axis=0).round(2).tolist() for label in range(3)]
    [[-0.0, 0.5], [0.33, 0.5], [0.67, 0.5]]
    """
    random_state = _random_state(random_state)
    classes = np.arange(n_classes)
    X = random_state.normal(scale=noise, size=(n_classes, 2, n_samples)).swapaxes(1, 2)
    X[..., 0] += classes[:, np.newaxis] / 3
    X[..., 1] += 0.5
    return X.reshape(-1, 2), np.repeat(classes, n_samples)


@validate_params(
    {name: rule for name, rule in _CONSTRAINTS.items() if name != "n_classes"},
    prefer_skip_nested_validation=True,
)
def make_sine(
    n_samples: int = 1000,
    *,
    noise: float = 0.0,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Sample one period of the sine: ``y = sin(2 pi x)``, a regression problem.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of samples, evenly spaced in [0, 1).
    noise : float, default=0.0
        Standard deviation of the noise added to ``y``.
    random_state : int, RandomState instance or None, default=None
        Determines the noise, see :func:`make_spiral`.

    Returns
    -------
    X, y : ndarray of shape (n_samples, 1) and (n_samples,)
        The inputs and the values.

    Examples
    --------
    >>> from skscratch.datasets import make_sine
    >>> X, y = make_sine(n_samples=4)
    >>> X.ravel(), abs(y).round(6)
    (array([0.  , 0.25, 0.5 , 0.75]), array([0., 1., 0., 1.]))
    """
    x = np.arange(n_samples) / n_samples
    y = np.sin(2 * np.pi * x)
    y += _random_state(random_state).normal(scale=noise, size=n_samples)
    return x[:, np.newaxis], y


def _random_state(seed) -> np.random.RandomState:
    return seed if isinstance(seed, np.random.RandomState) else np.random.RandomState(seed)
