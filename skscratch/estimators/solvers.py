"""Solvers: a row for each name, and the schedules of their learning rates."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from skscratch.nn import optimizers
from skscratch.nn.optimizers import SGD, Optimizer

SolverName = Literal["lbfgs", "sgd", "adam", "adamw", "adagrad", "rmsprop"]
LearningRate = Literal["constant", "invscaling", "adaptive", "cosine"]


@dataclass(frozen=True)
class Solver:
    """A row of :data:`SOLVERS`."""

    optimizer_class: Callable[..., Optimizer] | None
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def is_stochastic(self) -> bool:
        """Whether the solver trains batch by batch."""
        return self.optimizer_class is not None

    def new_optimizer(self, estimator) -> Optimizer:
        """Return an optimizer with the estimator's parameters."""
        assert self.optimizer_class is not None
        values = {argument: getattr(estimator, name) for argument, name in self.parameters.items()}
        return self.optimizer_class(**values)


_RATES = {"learning_rate": "learning_rate_init", "decay": "decay"}
_ADAM = {**_RATES, "epsilon": "epsilon", "beta_1": "beta_1", "beta_2": "beta_2"}

SOLVERS = {
    "lbfgs": Solver(None),
    "sgd": Solver(SGD, {**_RATES, "momentum": "momentum", "nesterov": "nesterovs_momentum"}),
    "adagrad": Solver(optimizers.Adagrad, {**_RATES, "epsilon": "epsilon"}),
    "rmsprop": Solver(optimizers.RMSprop, {**_RATES, "epsilon": "epsilon", "rho": "rho"}),
    "adam": Solver(partial(optimizers.Adam, epsilon_hat=True), _ADAM),
    "adamw": Solver(
        partial(optimizers.AdamW, epsilon_hat=True), {**_ADAM, "weight_decay": "weight_decay"}
    ),
}

STOCHASTIC = sorted(name for name, solver in SOLVERS.items() if solver.is_stochastic)


def solver_of(solver) -> Solver:
    """Return the row of a solver."""
    if isinstance(solver, str) and solver in SOLVERS:
        return SOLVERS[solver]
    if isinstance(solver, type) and issubclass(solver, Optimizer):
        return Solver(solver, _RATES)
    if isinstance(solver, Optimizer):
        return Solver(partial(type(solver), **solver.get_settings()))
    raise ValueError(
        f"solver must be one of {sorted(SOLVERS)}, or a subclass or an instance of "
        f"skscratch.nn.Optimizer, got {solver!r}."
    )


def is_stochastic(solver) -> bool:
    """Return whether a solver trains batch by batch."""
    return not isinstance(solver, str) or SOLVERS.get(solver, SOLVERS["adam"]).is_stochastic


def solver_name(solver) -> str:
    """Return a solver's name; for an Optimizer, the qualified name of its class."""
    if isinstance(solver, str):
        return solver
    optimizer_class = solver if isinstance(solver, type) else type(solver)
    return f"{optimizer_class.__module__}.{optimizer_class.__qualname__}"


@dataclass
class Schedule:
    """Learning rate of each epoch, before the optimizer's decay; here, a constant."""

    learning_rate_init: float
    power_t: float
    max_iter: int
    scale: float = 1.0  # changed by reduce
    stop_message = "Stopping."

    def learning_rate(self, epoch: int, n_seen: int) -> float:
        """Return the learning rate of an epoch."""
        return self.learning_rate_init

    def reduce(self) -> bool:
        """Reduce the learning rate after a plateau; return False to stop."""
        return False


class InverseScaling(Schedule):
    """``learning_rate_init / (n_seen + 1)**power_t``."""

    def learning_rate(self, epoch, n_seen):
        return self.learning_rate_init / (n_seen + 1) ** self.power_t


class Adaptive(Schedule):
    """A constant that is divided by 5 after each plateau."""

    stop_message = "Learning rate too small. Stopping."

    def learning_rate(self, epoch, n_seen):
        return self.learning_rate_init * self.scale

    def reduce(self):
        if self.learning_rate_init * self.scale <= 1e-6:
            return False
        self.scale /= 5.0
        return True


class Cosine(Schedule):
    """``learning_rate_init * (1 + cos(pi * epoch / max_iter)) / 2``."""

    def learning_rate(self, epoch, n_seen):
        if epoch >= self.max_iter:
            raise ValueError(
                f"learning_rate='cosine' has fallen to 0 after max_iter={self.max_iter} epochs. "
                f"Raise max_iter before the first call of partial_fit, or choose another schedule."
            )
        return self.learning_rate_init * (1 + math.cos(math.pi * epoch / self.max_iter)) / 2


SCHEDULES = {
    "constant": Schedule,
    "invscaling": InverseScaling,
    "adaptive": Adaptive,
    "cosine": Cosine,
}


def schedule_of(estimator, optimizer: Optimizer) -> Schedule:
    """Return the schedule of an estimator's learning rate."""
    schedule_class = SCHEDULES[estimator.learning_rate]
    # As in MLPClassifier, other optimizers ignore these two.
    if schedule_class in (InverseScaling, Adaptive) and not isinstance(optimizer, SGD):
        schedule_class = Schedule
    return schedule_class(optimizer.learning_rate, estimator.power_t, estimator.max_iter)
