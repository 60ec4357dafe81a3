"""Schedules: the learning rate of each epoch, before the optimizer's own decay."""

import math
from dataclasses import dataclass, field

from skscratch.nn.optimizers import SGD, Optimizer


@dataclass
class Schedule:
    """How large the steps of each epoch are: the same throughout."""

    learning_rate_init: float

    scale: float = field(default=1.0, kw_only=True)
    """What training has made of the rate so far; 1 but for :class:`Adaptive`."""

    last_words = "Stopping."

    def learning_rate(self, epoch: int, n_seen: int) -> float:
        """Return an epoch's learning rate, before the optimizer's decay.

        Parameters
        ----------
        epoch : int
            Number of epochs of this fit before it.

        n_seen : int
            Number of samples seen before it.
        """
        return self.learning_rate_init * self.scale

    def reduce(self) -> bool:
        """Take smaller steps, as there is no more improvement; return whether that is done."""
        return False


@dataclass
class InverseScaling(Schedule):
    """Steps fall with a power of the number of samples seen."""

    power_t: float

    def learning_rate(self, epoch, n_seen):
        """Return ``learning_rate_init / (n_seen + 1)**power_t``."""
        return self.learning_rate_init / (n_seen + 1) ** self.power_t


@dataclass
class Adaptive(Schedule):
    """Steps are a fifth of before each time that there is no more improvement."""

    last_words = "Learning rate too small. Stopping."

    def reduce(self):
        """Divide the rate by 5, unless it is tiny."""
        if self.learning_rate_init * self.scale <= 1e-6:
            return False
        self.scale /= 5.0
        return True


@dataclass
class Cosine(Schedule):
    """Steps fall along half a cosine."""

    max_iter: int

    def learning_rate(self, epoch, n_seen):
        """Return ``learning_rate_init * (1 + cos(pi * epoch / max_iter)) / 2``."""
        if epoch >= self.max_iter:
            raise ValueError(
                f"learning_rate='cosine' has fallen to 0 after max_iter={self.max_iter} epochs. "
                f"Raise max_iter before the first call of partial_fit, or choose another schedule."
            )
        return self.learning_rate_init * (1 + math.cos(math.pi * epoch / self.max_iter)) / 2


def schedule_of(estimator, optimizer: Optimizer | None) -> Schedule:
    """Return the schedule that an estimator's parameters ask for."""
    if optimizer is None:
        return Schedule(float(estimator.learning_rate_init))
    # That of an optimizer object is its own.
    learning_rate, name = optimizer.learning_rate, estimator.learning_rate
    if name == "cosine":
        return Cosine(learning_rate, estimator.max_iter)
    if name == "invscaling" and isinstance(optimizer, SGD):
        return InverseScaling(learning_rate, estimator.power_t)
    if name == "adaptive" and isinstance(optimizer, SGD):
        return Adaptive(learning_rate)
    return Schedule(learning_rate)
