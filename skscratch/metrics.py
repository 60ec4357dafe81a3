"""How good predictions are: what scikit-learn's metrics lack."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_consistent_length

__all__ = ["precision_accuracy_score"]


def precision_accuracy_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    precision: float = 1 / 250,
) -> float:
    """Return the share of predicted values that are about right.

    A value is when it differs from its target by less than ``precision`` times the standard
    deviation of the targets: the accuracy of regression in chapter 17 of Neural Networks from
    Scratch in Python. It says how often a network is right, not how wrong it is where it is wrong.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.

    y_pred : array-like of the shape of ``y_true``
        The predictions.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples in the share, not in the standard deviation.

    precision : float, default=1/250
        What counts as right, in standard deviations of all targets.

    Returns
    -------
    score : float
        From 0 to 1; of several outputs, the mean over them.

    Raises
    ------
    ValueError
        If the shapes differ.

    See Also
    --------
    sklearn.metrics.make_scorer : Make a scorer of it, for early stopping or a search.

    Examples
    --------
    >>> from skscratch.metrics import precision_accuracy_score
    >>> precision_accuracy_score([0.0, 1.0, 2.0, 3.0], [0.001, 1.5, 2.0, 3.0])
    0.75

    As what early stopping watches:

    >>> from sklearn.metrics import make_scorer
    >>> from skscratch import MLPScratchRegressor
    >>> scorer = make_scorer(precision_accuracy_score, precision=1 / 10)
    >>> regressor = MLPScratchRegressor(early_stopping=True, scoring=scorer)
    """
    y_true, y_pred = (check_array(values, ensure_2d=False) for values in (y_true, y_pred))
    check_consistent_length(y_true, y_pred, sample_weight)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"y_pred must be of the shape of y_true, {y_true.shape}; got {y_pred.shape}."
        )
    right = np.abs(y_pred - y_true) < precision * np.std(y_true)
    return float(np.mean(np.average(right, axis=0, weights=sample_weight)))
