"""Encoding of classes: class indices as one-hot rows."""

import numpy as np

__all__ = ["as_rows", "check_indices", "one_hot"]


def check_indices(indices: np.ndarray, n_outputs: int) -> None:
    """Raise a ValueError unless all values of an array are integers from 0 to ``n_outputs - 1``."""
    expected = f"Expected class indices from 0 to {n_outputs - 1}"
    if indices.dtype.kind not in "iub":
        raise ValueError(
            f"{expected}, got an array of {indices.dtype}. Convert whole numbers with "
            f"y.astype(int) and labels with numpy.unique(y, return_inverse=True). Other targets "
            f"are rows with one number for each output."
        )
    if indices.size and (indices.min() < 0 or indices.max() >= n_outputs):
        raise ValueError(f"{expected}, got {indices.min()} to {indices.max()}.")


def one_hot(indices, n_outputs: int, dtype=np.float64) -> np.ndarray:
    """Return rows of probabilities: 1 for the class of the sample, 0 elsewhere.

    Parameters
    ----------
    indices : array-like of int, shape (n_samples,)
        Class indices from 0 to ``n_outputs - 1``.
    n_outputs, dtype : int, dtype, default=numpy.float64
        Number of classes, and the dtype of the rows.

    Returns
    -------
    rows : ndarray of shape (n_samples, n_outputs)
        One row for each sample.

    Examples
    --------
    >>> from skscratch.nn.encoding import one_hot
    >>> one_hot([1, 0], 3)
    array([[0., 1., 0.],
           [1., 0., 0.]])
    """
    rows = np.zeros((len(indices), n_outputs), dtype)
    rows[np.arange(len(indices)), np.asarray(indices, int)] = 1
    return rows


def as_rows(y_true, y_pred: np.ndarray) -> np.ndarray:
    """Return class indices or rows as rows of the shape and the dtype of the predictions.

    For a single output, a vector contains one target for each sample. Raises a ValueError for
    targets of another shape, and for values other than class indices.
    """
    y_true, n_outputs = np.asarray(y_true), y_pred.shape[1]
    if y_true.ndim == 1 and n_outputs == 1:
        y_true = y_true[:, np.newaxis]
    elif y_true.ndim == 1:
        check_indices(y_true, n_outputs)
        y_true = one_hot(y_true, n_outputs)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"y_true must be one class index per sample or rows of the shape of y_pred, "
            f"{y_pred.shape}; got shape {y_true.shape}."
        )
    return y_true.astype(y_pred.dtype, copy=False)
