"""The record of a training: a row for every epoch, whose cost does not grow with their number."""

from itertools import takewhile

import numpy as np

# What may be recorded of an epoch, and in between what is told of it beside.
NAMES = (
    "loss",
    "data_loss",
    "regularization_loss",
    "learning_rate",
    "accuracy",
    "validation_loss",
    "validation_score",
)


class History:
    """What was recorded of every epoch, to be appended to.

    Rows are kept in blocks that are never changed, whose sizes are the powers of two that their
    number is the sum of. So a fit that goes on shares most of them with the fit before it, and an
    epoch that is appended costs, sooner or later, at most log2(n) copies of its row.

    Parameters
    ----------
    record : tuple of tuples, default=(("loss",), ())
        Of earlier epochs, as :attr:`record`.
    """

    def __init__(self, record: tuple[tuple, tuple] = (("loss",), ())) -> None:
        self._names, self._blocks = record
        self._rows: list[list[float]] = []

    def __len__(self) -> int:
        return sum(map(len, self._blocks)) + len(self._rows)

    def append(self, **values: float) -> None:
        """Record an epoch: its loss, and anything else that has a name."""
        if tuple(values) == self._names:
            # As the epoch before had it.
            self._rows.append([*values.values()])
            return
        new = tuple(name for name in values if name not in self._names)
        if new:
            _, blocks = self.record
            nothing = [np.full((len(block), len(new)), np.nan) for block in blocks]
            blocks = tuple(map(np.hstack, zip(blocks, nothing, strict=True)))
            self._blocks, self._names = blocks, self._names + new
        self._rows.append([values.get(name, np.nan) for name in self._names])

    @property
    def last_loss(self) -> float:
        """The last epoch's loss, infinite if there was no epoch."""
        if self._rows:
            return self._rows[-1][0]
        return float(self._blocks[-1][-1, 0]) if self._blocks else np.inf

    @property
    def record(self) -> tuple[tuple[str, ...], tuple[np.ndarray, ...]]:
        """The columns' names, and the blocks of rows; what was not recorded is not a number.

        These are plain tuples of strings and arrays, because fitted estimators have them.
        """
        if self._rows:
            n = len(self)
            sizes = [1 << bit for bit in reversed(range(n.bit_length())) if n >> bit & 1]
            pairs = zip(map(len, self._blocks), sizes, strict=False)
            n_kept = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            rest = np.concatenate([*self._blocks[n_kept:], np.array(self._rows)])
            blocks = np.split(rest, np.cumsum(sizes[n_kept:])[:-1])
            # In one line, because fits may be interrupted between two.
            self._blocks, self._rows = (*self._blocks[:n_kept], *blocks), []
        return self._names, self._blocks

    def columns(self) -> dict[str, np.ndarray]:
        """Return all that was recorded, as new arrays by their names."""
        names, blocks = self.record
        table = np.concatenate([np.empty((0, len(names))), *blocks])
        columns = dict(zip(names, table.T.copy(), strict=True))
        if "data_loss" in columns:
            with np.errstate(invalid="ignore"):
                columns["regularization_loss"] = columns["loss"] - columns["data_loss"]
        nothing = {name for name, values in columns.items() if np.isnan(values).all()} - {"loss"}
        return {name: columns[name] for name in NAMES if name in columns.keys() - nothing}
