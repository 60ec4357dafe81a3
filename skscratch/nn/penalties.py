"""Penalties: functions of the parameters that are added to the loss."""

from typing import NamedTuple

import numpy as np

__all__ = ["Penalty"]


class Penalty(NamedTuple):
    """The penalty ``l1 * sum(|v|) + l2 * sum(v**2)`` on an array ``v``.

    L1 sets parameters to exactly 0, L2 keeps them small.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import Penalty
    >>> penalty = Penalty(l1=1.0, l2=10.0)
    >>> values = np.array([[1.0, -2.0]])
    >>> penalty.loss(values)
    53.0
    >>> penalty.gradient(values)
    array([[ 21., -41.]])
    """

    l1: float = 0.0
    """Strength of the sum of absolute values."""

    l2: float = 0.0
    """Strength of the sum of squares."""

    def __bool__(self) -> bool:
        return bool(self.l1 or self.l2)

    def loss(self, values: np.ndarray) -> float:
        """Return the penalty on an array of any shape."""
        loss = 0.0
        if self.l1:
            loss += self.l1 * float(np.abs(values).sum())
        if self.l2:
            loss += self.l2 * float(np.vdot(values, values))
        return loss

    def gradient(self, values: np.ndarray) -> np.ndarray:
        """Return ``l1 * sign(v) + 2 * l2 * v``, an array of the same shape; ``sign(0)`` is 0."""
        gradient = 2 * self.l2 * values
        if self.l1:
            gradient += self.l1 * np.sign(values)
        return gradient
