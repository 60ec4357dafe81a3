"""Penalties: what large parameters add to the loss."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from skscratch.nn._buffers import side_by_side

__all__ = ["Penalty"]


class Penalty(NamedTuple):
    """Strengths of the penalty ``l1 * sum(|v|) + l2 * sum(v**2)`` on an array.

    L1 makes parameters exactly 0, L2 keeps them small. ``K`` networks may have arrays of strengths
    of shape ``(K, 1, 1)``; values are matrices, or ``K`` of them.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.penalties import Penalty
    >>> penalty = Penalty(l1=1.0, l2=10.0)
    >>> values, gradients = np.array([[1.0, -2.0]]), np.zeros((1, 2))
    >>> penalty.add_gradient(values, gradients)
    >>> gradients
    array([[ 21., -41.]])
    >>> float(penalty.loss(values))
    53.0
    """

    l1: float | np.ndarray = 0
    """Strength of the sum of absolute values."""

    l2: float | np.ndarray = 0
    """Strength of the sum of squares."""

    @classmethod
    def stack(cls, penalties: "Sequence[Penalty]") -> Self:
        """Return the strengths of several networks as one penalty.

        Parameters
        ----------
        penalties : sequence of Penalty
            One of each network.

        Returns
        -------
        penalty : Penalty
            With strengths of shape ``(K, 1, 1)`` where they differ.
        """
        l1, l2 = zip(*penalties, strict=True)
        return cls(side_by_side(l1, 2), side_by_side(l2, 2))

    def __bool__(self) -> bool:
        return any(isinstance(strength, np.ndarray) or bool(strength) for strength in self)

    def add_gradient(
        self,
        values: np.ndarray,
        gradients: np.ndarray,
        scratch: np.ndarray | None = None,
        divisor: float | np.ndarray = 1,
    ) -> None:
        """Add the penalty's gradient, ``l1 * sign(v) + 2 * l2 * v``, to the gradients.

        Parameters
        ----------
        values : ndarray
            What is penalized: matrices or, with strengths and divisors that broadcast against
            them, arrays of any shape.

        gradients : ndarray of the same shape
            Changed in place.

        scratch : ndarray of the same shape, default=None
            Overwritten; ``None`` is a new array.

        divisor : float or ndarray of shape (K, 1, 1), default=1
            What the penalty is divided by.
        """
        l1, l2 = self
        if isinstance(l1, np.ndarray) or l1 != 0:
            l1 = np.asarray(l1 / divisor, values.dtype)
            step = np.sign(values, out=scratch)
            np.add(gradients, np.multiply(step, l1, out=step), out=gradients)
        if isinstance(l2, np.ndarray) or l2 != 0:
            l2 = np.asarray(2 * l2 / divisor, values.dtype)
            step = np.multiply(values, l2, out=scratch)
            np.add(gradients, step, out=gradients)

    def loss(self, values: np.ndarray, divisor: float | np.ndarray = 1) -> float | np.ndarray:
        """Return the penalty, ``l1 * sum(|v|) + l2 * sum(v**2)``.

        Parameters
        ----------
        values : ndarray of shape (..., n_rows, n_columns)
            What is penalized.

        divisor : float or ndarray of shape (K, 1, 1), default=1
            What the penalty is divided by.

        Returns
        -------
        loss : float or ndarray of shape (...)
            One number for each network.
        """
        loss = 0.0
        values = values.reshape(*values.shape[:-2], -1)
        l1, l2 = self
        if isinstance(l1, np.ndarray) or l1 != 0:
            total = np.add.reduce(np.abs(values), axis=-1)
            loss = loss + _per_network(l1 / divisor, values.dtype) * total
        if isinstance(l2, np.ndarray) or l2 != 0:
            total = np.vecdot(values, values)
            loss = loss + _per_network(l2 / divisor, values.dtype) * total
        return loss


def _per_network(strength: float | np.ndarray, dtype) -> float | np.ndarray:
    if isinstance(strength, np.ndarray):
        return strength[..., 0, 0].astype(dtype)
    return float(strength)
