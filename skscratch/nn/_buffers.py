"""Arrays that are filled again for every batch, and dtypes that stay what they are."""

from typing import Any

import numpy as np


class Reusing:
    """A layer or loss that fills the same arrays again for every batch of the same shape.

    A fresh array of more than 128 KB costs a page fault for every 4 KB that is written to it,
    more than the arithmetic that fills it. Training has two shapes, a batch and the smaller last
    one, so nothing is allocated after the first epoch.
    """

    # Of how many shapes the arrays are kept; a layer that sees ever new ones must not hoard.
    max_shapes = 4

    def __init__(self) -> None:
        self._arrays_by_shape: dict[tuple, dict[str, Any]] = {}
        # Equal to no shape, not even to the None that stands for a list's.
        self._shape = self._dtype = "none yet"

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __getstate__(self) -> dict[str, Any]:
        # A copy of a view is none: a copy takes arrays of its own.
        return {**vars(self), "_arrays_by_shape": {}, "_shape": "none yet"}

    def _allocate(self, shape: tuple[int, ...], dtype) -> dict[str, Any]:
        """Return new arrays, by the attribute's name, for inputs of this shape and dtype."""
        raise NotImplementedError

    def _take_up(self, shape: tuple[int, ...], dtype) -> None:
        """Set the attributes that :meth:`_allocate` returned for this shape and dtype."""
        key = shape, dtype
        if key not in self._arrays_by_shape:
            if len(self._arrays_by_shape) == self.max_shapes:
                self._arrays_by_shape.clear()
            self._arrays_by_shape[key] = self._allocate(shape, dtype)
        vars(self).update(self._arrays_by_shape[key])
        self._shape, self._dtype = key


def zeros(shape: tuple[int, ...], dtype) -> np.ndarray:
    """Return an array of zeros with the longer of its last two axes contiguous.

    NumPy's inner loops then are long ones: ten logits of 200 samples are reduced and broadcast
    along the 200.
    """
    *leading, rows, columns = shape
    if rows > columns:
        return np.zeros((*leading, columns, rows), dtype).mT
    return np.zeros(shape, dtype)


def as_floating(values) -> np.ndarray:
    """Return ``values`` as an array of floating point numbers, itself if it is one."""
    values = np.asarray(values)
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def side_by_side(values: list, n_axes: int = 1):
    """Return the hyper-parameters of several networks: a number if it is one, else an array.

    The array is of shape ``(K, 1)``, with ``n_axes=2`` of shape ``(K, 1, 1)``.
    """
    if all(value == values[0] for value in values):
        return values[0]
    return np.array(values, np.float64).reshape(-1, *[1] * n_axes)
