"""The epoch loop: batches in, losses out. It prints nothing and decides nothing."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from skscratch.nn.network import Network
from skscratch.nn.optimizers import Optimizer

__all__ = ["Batches", "Epoch", "train"]


class Batches:
    """Training data, cut anew into batches for every epoch.

    Several networks that are trained side by side share the data; each has its own ``rows`` of
    them, in its own order.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The inputs. A sparse matrix serves one network.

    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Class indices, which become one-hot rows batch by batch, or rows of targets.

    sample_weight : ndarray of shape (n_samples,) or (K, n_samples), default=None
        Weights of the samples' losses, the same for all networks or each network's own.

    rows : ndarray of int, shape (n_rows,) or (K, n_rows), default=None
        The samples to train on; ``None`` is all of them.

    batch_size : int
        Samples in a batch. The last batch of an epoch may be smaller.

    n_outputs : int
        Number of the network's outputs.

    Attributes
    ----------
    n_batches : int
        Number of batches in an epoch.

    sizes : ndarray of int, shape (n_batches,)
        Number of samples in each batch.

    order : ndarray of int, shape (n_rows,) or (K, n_rows)
        The order in which ``rows`` were visited in the last epoch. Each shuffle starts from it.
    """

    def __init__(self, X, y, sample_weight=None, *, rows=None, batch_size, n_outputs) -> None:
        self.X, self.y, self.sample_weight, self.rows = X, y, sample_weight, rows
        self.n_rows = X.shape[0] if rows is None else rows.shape[-1]
        self.batch_size = min(batch_size, self.n_rows)
        self.n_batches = -(-self.n_rows // self.batch_size)
        self._starts = np.arange(0, self.n_rows, self.batch_size)
        self.sizes = np.diff(self._starts, append=self.n_rows)
        self.leading = () if rows is None else rows.shape[:-1]
        self.order = np.broadcast_to(np.arange(self.n_rows), (*self.leading, self.n_rows)).copy()
        self.n_outputs = n_outputs
        self._classes = None
        if y.ndim == 1:
            if y.min() < 0 or y.max() >= n_outputs:
                raise ValueError(f"Expected class indices from 0 to {n_outputs - 1} in y.")
            self._classes = np.identity(n_outputs, X.dtype)
        self._buffers: dict[tuple, Any] = {}
        self._whole = None
        self._weights_in_order = sample_weight

    def __getstate__(self) -> dict[str, Any]:
        # A copy of a view is none: a copy makes buffers of its own.
        return {**vars(self), "_buffers": {}, "_whole": None}

    def shuffle(self, random_states: Sequence[np.random.RandomState]) -> None:
        """Put the rows into a new random order, each network's by its own generator.

        An epoch of a single batch has no order.

        Parameters
        ----------
        random_states : sequence of RandomState
            One for each network.
        """
        if self.n_batches == 1:
            return
        for order, random_state in zip(
            self.order.reshape(-1, self.n_rows), random_states, strict=True
        ):
            random_state.shuffle(order)

    def epoch(self) -> Iterator[tuple]:
        """Iterate over the batches of one epoch, in :attr:`order`.

        Yields
        ------
        inputs : ndarray or CSR matrix of shape (..., n_batch, n_features)
            Overwritten by the next batch.

        targets : ndarray of shape (..., n_batch, n_outputs)
            Overwritten by the next batch.

        sample_weight : ndarray of shape (..., n_batch) or None
            The samples' weights.
        """
        if self.n_batches == 1:
            # The whole training set is the same batch every time: gathered once, or not at all.
            if self._whole is None:
                everything = slice(None) if self.rows is None else self.rows
                self._whole = next(self._gather(everything))
            yield self._whole
        else:
            rows = self.order
            if self.rows is not None:
                rows = np.take_along_axis(self.rows, self.order, axis=-1)
            yield from self._gather(rows)

    def _gather(self, rows) -> Iterator[tuple]:
        """Iterate over batches of rows; a slice instead is a batch."""
        # What is small is put in order at once, what is wide batch by batch.
        classes = self.y[rows] if self._classes is not None else None
        sample_weight = None
        if self.sample_weight is not None:
            by_network = self.sample_weight.ndim == 2 and not isinstance(rows, slice)
            sample_weight = self._weights_in_order = (
                np.take_along_axis(self.sample_weight, rows, axis=-1)
                if by_network
                else self.sample_weight[rows]
            )
        for start in range(0, self.n_rows, self.batch_size):
            batch = (..., slice(start, start + self.batch_size))
            indices = rows if isinstance(rows, slice) else rows[batch]
            yield (
                self._take("X", self.X, indices),
                self._take("y", self.y, indices)
                if classes is None
                else self._one_hot(classes[batch]),
                None if sample_weight is None else sample_weight[batch],
            )

    def mean(self, losses: np.ndarray) -> np.ndarray:
        """Return the mean over the last epoch's samples of the mean losses of their batches.

        Parameters
        ----------
        losses : ndarray of shape (..., n_rows)
            One loss per sample, in the order in which they were visited.

        Returns
        -------
        loss : float or ndarray of shape (...)
            In float64, one number for each network.
        """
        if self.sample_weight is None:
            return np.add.reduce(losses, axis=-1, dtype=np.float64) / self.n_rows
        weights = self._weights_in_order.astype(np.float64)
        means = np.add.reduceat(losses * weights, self._starts, axis=-1)
        means /= np.add.reduceat(weights, self._starts, axis=-1)
        return np.add.reduce(means * self.sizes, axis=-1) / self.n_rows

    def _take(self, name: str, data, rows):
        if isinstance(rows, slice) or not isinstance(data, np.ndarray):
            return data[rows]
        key = name, rows.shape
        if key not in self._buffers:
            self._buffers[key] = np.empty((*rows.shape, data.shape[-1]), data.dtype)
        return data.take(rows, axis=0, out=self._buffers[key], mode="clip")

    def _one_hot(self, classes: np.ndarray) -> np.ndarray:
        key = "classes", classes.shape
        if key not in self._buffers:
            # Class-major, as the logits are.
            by_class = np.empty((self.n_outputs, *classes.shape), self._classes.dtype)
            self._buffers[key] = by_class, by_class.transpose(*range(1, by_class.ndim), 0)
        by_class, rows = self._buffers[key]
        self._classes.take(classes, axis=1, out=by_class, mode="clip")
        return rows


class Epoch(NamedTuple):
    """What an epoch of training tells; arrays of shape () or, of K networks, (K,)."""

    loss: np.ndarray
    """Mean over the samples of their batches' losses, in float64."""

    data_loss: np.ndarray
    """The same without penalties."""

    accuracy: np.ndarray
    """Share of the samples that were predicted right when their turn came."""


def train(
    network: Network,
    optimizer: Optimizer,
    batches: Batches,
    random_states: Sequence[np.random.RandomState] | None,
    clip_norm: float | np.ndarray | None = None,
) -> Iterator[Epoch]:
    """Train a network epoch by epoch, for as long as the caller asks for epochs.

    Parameters
    ----------
    network : Network
        Its parameters are changed in place.

    optimizer : Optimizer
        Updates them after every batch.

    batches : Batches
        The training data.

    random_states : sequence of RandomState or None
        What the rows are shuffled by before every epoch, one for each network; ``None`` visits
        them in order.

    clip_norm : float or ndarray of shape (K, 1), default=None
        The greatest norm of a gradient, see :meth:`Network.clip_gradients`.

    Yields
    ------
    epoch : Epoch
        Its losses and accuracy.
    """
    terms = np.zeros((2, *batches.leading, batches.n_rows), network.parameters.dtype)
    while True:
        if random_states is not None:
            batches.shuffle(random_states)
        penalty, start = 0.0, 0
        for inputs, targets, sample_weight in batches.epoch():
            size = targets.shape[-2]
            batch = terms[..., start : start + size]
            batch_penalty = network.gradient(inputs, targets, sample_weight, batch)
            penalty = penalty + size * np.float64(batch_penalty)
            start += size
            if clip_norm is not None:
                network.clip_gradients(clip_norm)
            optimizer.update(network.parameters, network.gradients)

        # The losses of all samples in one pass: much less than as many passes as batches.
        accuracy = np.add.reduce(network.loss.right(terms), axis=-1) / batches.n_rows
        data_loss = batches.mean(network.loss.losses(terms))
        yield Epoch(data_loss + penalty / batches.n_rows, data_loss, accuracy)
