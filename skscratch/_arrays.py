"""Arrays: buffers that are filled again for every batch, and dtypes that stay."""

import numpy as np


class Buffers(dict):
    """Arrays by ``(name, shape, dtype)``, made of zeros when first asked for.

    A fresh array of more than 128 KB costs a page fault for every 4 KB that is written to it,
    more than the arithmetic that fills it. Training asks for two shapes, a batch and the smaller
    last one, so nothing is allocated after the first epoch.
    """

    # Enough for a few shapes at once; a layer that sees ever new ones must not hoard.
    max_arrays = 24

    def __missing__(self, key: tuple) -> np.ndarray:
        if len(self) >= self.max_arrays:
            self.clear()
        _, shape, dtype = key
        self[key] = array = zeros(shape, dtype)
        return array


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


def in_dtype(value: float | np.ndarray, dtype) -> float | np.ndarray:
    """Return a hyper-parameter such that its product with an array of ``dtype`` is of ``dtype``.

    A Python float takes the dtype of the array that it meets; NumPy's float64 scalars and arrays
    would turn float32 work into float64.
    """
    return value.astype(dtype) if isinstance(value, np.ndarray) else float(value)
