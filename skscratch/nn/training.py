"""The epoch loop: batches in, losses out. It prints nothing and decides nothing."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from skscratch.nn.losses import check_indices
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

    order : ndarray of int, shape (n_rows,) or (K, n_rows)
        The order in which ``rows`` were visited in the last epoch. Each shuffle starts from it.
    """

    def __init__(self, X, y, sample_weight=None, *, rows=None, batch_size, n_outputs) -> None:
        self.X, self.y, self.sample_weight, self.rows = X, y, sample_weight, rows
        self.n_rows = X.shape[0] if rows is None else rows.shape[-1]
        self.batch_size = min(batch_size, self.n_rows)
        self.n_batches = -(-self.n_rows // self.batch_size)
        leading = () if rows is None else rows.shape[:-1]
        self.order = np.broadcast_to(np.arange(self.n_rows), (*leading, self.n_rows)).copy()
        self.n_outputs = n_outputs
        if y.ndim == 1:
            check_indices(y, n_outputs)
            # One-hot rows are columns of the identity matrix. Taking them saves 4% of a step of a
            # small network; of many classes, the matrix would be too large.
            self._identity = np.identity(n_outputs, X.dtype) if n_outputs <= 256 else None
        self._buffers: dict[tuple, Any] = {}
        self._whole = None

    def __getstate__(self) -> dict[str, Any]:
        # Buffers may be views of each other, which copies would not be: a copy makes its own.
        return {**vars(self), "_buffers": {}, "_whole": None}

    @property
    def stack_key(self) -> Hashable:
        """What has to be equal in training data whose batches are to be of one shape."""
        return (
            self.n_rows,
            self.batch_size,
            self.n_outputs,
            self.y.ndim,
            self.sample_weight is None,
            self.X.shape[1],
            self.X.dtype,
            isinstance(self.X, np.ndarray),
        )

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
        indices = self.y[rows] if self.y.ndim == 1 else None
        sample_weight = self.sample_weight
        if sample_weight is not None:
            if sample_weight.ndim == 2 and not isinstance(rows, slice):
                sample_weight = np.take_along_axis(sample_weight, rows, axis=-1)
            else:
                sample_weight = sample_weight[rows]
        for start in range(0, self.n_rows, self.batch_size):
            batch = (..., slice(start, start + self.batch_size))
            batch_rows = rows if isinstance(rows, slice) else rows[batch]
            yield (
                self._take("X", self.X, batch_rows),
                self._take("y", self.y, batch_rows)
                if indices is None
                else self._one_hot(indices[batch]),
                None if sample_weight is None else sample_weight[batch],
            )

    def _take(self, name: str, data, rows):
        if isinstance(rows, slice) or not isinstance(data, np.ndarray):
            return data[rows]
        key = name, rows.shape
        if key not in self._buffers:
            self._buffers[key] = np.empty((*rows.shape, data.shape[-1]), data.dtype)
        return data.take(rows, axis=0, out=self._buffers[key], mode="clip")

    def _one_hot(self, indices: np.ndarray) -> np.ndarray:
        key = "one-hot", indices.shape
        if key not in self._buffers:
            # Class-major, as the logits are.
            by_class = np.empty((self.n_outputs, *indices.shape), self.X.dtype)
            self._buffers[key] = by_class, np.moveaxis(by_class, 0, -1)
        by_class, rows = self._buffers[key]
        if self._identity is None:
            np.equal(indices[..., np.newaxis], np.arange(self.n_outputs), out=rows)
        else:
            self._identity.take(indices, axis=1, out=by_class, mode="clip")
        return rows


class Epoch(NamedTuple):
    """What an epoch of training tells; arrays of shape () or, of K networks, (K,)."""

    loss: np.ndarray
    """Mean over the samples of their batches' losses, in float64."""

    data_loss: np.ndarray
    """The same without penalties."""

    accuracy: np.ndarray
    """Share of the samples that were predicted right when their turn came."""

    learning_rate: float | np.ndarray
    """That of the last step, after the optimizer's decay; in the shape that the optimizer has."""


def train(
    network: Network,
    optimizer: Optimizer,
    batches: Batches,
    random_states: Sequence[np.random.RandomState] | None,
    clip_norm: float | np.ndarray | None = None,
    learning_rates: Callable[[int], Sequence] | None = None,
) -> Iterator[list[Epoch]]:
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
        The greatest norm of a gradient, see :meth:`~skscratch.nn.network.Network.clip_gradients`.

    learning_rates : callable, default=None
        Is asked before any epoch for the learning rates of the next ones, and told how many of
        them would be trained at once. May return fewer, at least one: those that nobody needs to
        look at in between. ``None`` is one epoch after the other, at the optimizer's own rate.

    Yields
    ------
    epochs : list of Epoch
        The losses and accuracy of those that were trained at once; by NumPy it is a single one.
    """
    while True:
        if learning_rates is not None:
            (optimizer.learning_rate,) = learning_rates(1)
        if random_states is not None:
            batches.shuffle(random_states)
        data_loss, regularization_loss, correct = 0.0, 0.0, []
        for inputs, targets, sample_weight in batches.epoch():
            losses = network.compute_gradients(inputs, targets, sample_weight)
            if clip_norm is not None:
                network.clip_gradients(clip_norm)
            optimizer.update(network.parameters, network.gradients)

            # Losses are means of their batch: of each sample in it, as MLPClassifier has it.
            size = np.float64(targets.shape[-2])
            data_loss = data_loss + size * losses[0]
            regularization_loss = regularization_loss + size * losses[1]
            correct.append(network.loss.correct())

        data_loss = data_loss / batches.n_rows
        loss = data_loss + regularization_loss / batches.n_rows
        accuracy = np.add.reduce(np.concatenate(correct, axis=-1), axis=-1) / batches.n_rows
        yield [Epoch(loss, data_loss, accuracy, optimizer.current_learning_rate)]
