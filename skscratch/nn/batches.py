"""Batches: training data, shuffled and divided into batches in each epoch."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from skscratch.nn.encoding import check_indices, one_hot

__all__ = ["Batches", "Epoch"]


class Batches:
    """Training data that is divided into batches; iterating over it is one epoch.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The inputs.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Class indices, which are converted to one-hot rows batch by batch, or rows of targets.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the samples' losses. If None, all samples have the same weight.
    rows : ndarray of int, shape (n_rows,), default=None
        Indices of the samples to train on. If None, all samples are used.
    batch_size, n_outputs : int
        Number of samples in a batch (the last batch of an epoch may be smaller), and of the
        network's outputs.

    Attributes
    ----------
    n_rows, n_batches : int
        Number of samples to train on, and of batches in an epoch.
    order : ndarray of int, shape (n_rows,)
        Order in which ``rows`` are visited. Each shuffle starts from it.

    Raises
    ------
    ValueError
        If ``y`` is a vector of values other than class indices.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.batches import Batches
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0, 1, 1])
    >>> for inputs, targets, _ in Batches(X, y, batch_size=2, n_outputs=2):
    ...     print(inputs.tolist(), targets.tolist())
    [[0.0], [1.0]] [[1.0, 0.0], [0.0, 1.0]]
    [[2.0]] [[0.0, 1.0]]
    """

    def __init__(self, X, y, sample_weight=None, *, rows=None, batch_size, n_outputs) -> None:
        if y.ndim == 1:
            check_indices(y, n_outputs)
        self.X, self.y, self.sample_weight, self.rows = X, y, sample_weight, rows
        self.n_rows = X.shape[0] if rows is None else len(rows)
        self.batch_size = min(batch_size, self.n_rows)
        self.n_batches = -(-self.n_rows // self.batch_size)
        self.n_outputs = n_outputs
        self.order = np.arange(self.n_rows)

    def shuffle(self, random_state: np.random.RandomState | np.random.Generator) -> None:
        """Shuffle :attr:`order`, unless a single batch contains all rows."""
        if self.n_batches > 1:
            random_state.shuffle(self.order)

    def __iter__(self) -> Iterator[tuple]:
        """Iterate over the batches of one epoch: inputs, rows of targets and sample weights."""
        if self.n_batches == 1:
            yield self.full_batch
            return
        rows = self.order if self.rows is None else self.rows[self.order]
        for start in range(0, self.n_rows, self.batch_size):
            yield self._take(rows[start : start + self.batch_size])

    @cached_property
    def full_batch(self) -> tuple:
        """All rows as one batch: inputs, rows of targets and sample weights."""
        return self._take(slice(None) if self.rows is None else self.rows)

    def _take(self, rows) -> tuple:
        inputs, targets = self.X[rows], self.y[rows]
        if targets.ndim == 1:
            targets = one_hot(targets, self.n_outputs, self.X.dtype)
        sample_weight = None if self.sample_weight is None else self.sample_weight[rows]
        return inputs, targets, sample_weight


class Epoch(NamedTuple):
    """Losses and accuracy of one epoch of training."""

    loss: float
    """Mean over the samples of the loss of their batch, penalties included."""

    data_loss: float
    """Mean over the samples of the loss of their batch, without penalties."""

    accuracy: float
    """Share of samples that were predicted correctly, each before the update by its batch."""

    learning_rate: float
    """Learning rate of the last update, after the optimizer's decay."""
