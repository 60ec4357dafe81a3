"""Arrays that are reused from batch to batch, and what layers, losses and optimizers share."""

import copy
import pickle
from collections.abc import Hashable, Sequence
from typing import Any, Self

import numpy as np


class Buffered:
    """A layer or loss that may reuse its arrays from batch to batch.

    Used by itself, it returns new arrays from every call. Where ``reuses_buffers`` is set, as a
    network does, it fills the same ones again for every batch of the same shape: a new array of
    more than 128 KB costs a page fault for every 4 KB that is written to it, more than the
    arithmetic that fills it. Training has two shapes, a batch and the smaller last one, so nothing
    is allocated after the first epoch.
    """

    reuses_buffers = False

    # A layer that sees ever new shapes must not keep arrays of all of them.
    max_shapes = 4

    # Left behind by forward and backward; all other attributes are settings.
    _results = frozenset(
        ("inputs", "output", "dinputs", "probabilities", "total_weight", "reuses_buffers")
        + ("_logits", "_y_true", "_shifted_target")
        + ("_buffers_by_shape", "_buffers", "_shape", "_dtype")
    )

    def __init__(self) -> None:
        self._buffers_by_shape: dict[tuple, dict[str, Any]] = {}
        self._buffers: dict[str, Any] = {}
        self._shape = self._dtype = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __getstate__(self) -> dict[str, Any]:
        # Settings only: buffers may be views of each other, which copies would not be.
        left_out = self._results | self._buffers.keys()
        return {name: value for name, value in vars(self).items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Buffered.__init__(self)
        vars(self).update(state)

    @property
    def stack_key(self) -> Hashable:
        """What has to be equal in layers or losses that are stacked: the class, all settings."""
        settings = sorted(self.__getstate__().items())
        return type(self), *((name, hashable(value)) for name, value in settings)

    @classmethod
    def stack(cls, layers: Sequence[Self]) -> Self:
        """Return one layer or loss for several networks.

        Parameters
        ----------
        layers : sequence
            One of each network, all with the same ``stack_key``.

        Returns
        -------
        layer : object
            A new one with their settings.
        """
        return copy.copy(layers[0])

    def _allocate(self, shape: tuple[int, ...], dtype) -> dict[str, Any]:
        """Return new arrays by the attribute's name, for inputs of this shape and dtype."""
        raise NotImplementedError

    def _prepare(self, inputs) -> np.ndarray:
        """Return the inputs as floating point numbers; set the buffers for their shape."""
        if (
            not self.reuses_buffers
            or getattr(inputs, "shape", ()) != self._shape
            or inputs.dtype is not self._dtype
        ):
            inputs = as_floating(inputs)
            self._set_buffers(inputs.shape, inputs.dtype)
        return inputs

    def _set_buffers(self, shape: tuple[int, ...], dtype) -> None:
        """Set the attributes that :meth:`_allocate` returns for this shape and dtype."""
        self._shape, self._dtype = shape, dtype
        self._buffers = self._buffers_by_shape.get((shape, dtype))
        if self._buffers is None:
            self._buffers = self._allocate(shape, dtype)
            if self.reuses_buffers:
                if len(self._buffers_by_shape) == self.max_shapes:
                    self._buffers_by_shape.clear()
                self._buffers_by_shape[shape, dtype] = self._buffers
        vars(self).update(self._buffers)

    def _check_forward(self) -> None:
        if self._shape is None:
            raise ValueError(f"{self!r} has seen no inputs yet: call forward before backward.")

    def _result(self, name: str) -> np.ndarray:
        """Return the array that backward fills: the buffer if it is reused, else a new one."""
        self._check_forward()
        buffer = self._buffers[name]
        return buffer if self.reuses_buffers else np.empty_like(buffer)


def reusing(layer):
    """Return the layer or loss, which reuses its buffers from now on."""
    layer.reuses_buffers = True
    return layer


def zeros(shape: tuple[int, ...], dtype) -> np.ndarray:
    """Return an array of zeros with the longer of its last two axes contiguous.

    NumPy's inner loops are then long: ten logits of 200 samples are reduced and broadcast along
    the 200.
    """
    *leading, rows, columns = shape
    if rows > columns:
        return np.zeros((*leading, columns, rows), dtype).mT
    return np.zeros(shape, dtype)


def as_floating(values) -> np.ndarray:
    """Return ``values`` as an array of floating point numbers, itself if it is one."""
    values = np.asarray(values)
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def side_by_side(values: Sequence, n_axes: int = 1):
    """Return the hyper-parameters of ``K`` networks: a number if they are equal, else an array.

    The array is of shape ``(K, 1)``, with ``n_axes=2`` of shape ``(K, 1, 1)``.
    """
    if all(value == values[0] for value in values):
        return values[0]
    return np.array(values, np.float64).reshape(-1, *[1] * n_axes)


def hashable(value) -> Hashable:
    """Return the value, or bytes that are equal for equal values, such as arrays."""
    try:
        hash(value)
    except TypeError:
        return pickle.dumps(value)
    return value
