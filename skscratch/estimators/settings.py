"""Settings: an estimator's parameters, read and checked once, as values that a fit is made of."""

import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from skscratch.estimators.architecture import Architecture
from skscratch.estimators.schedules import Schedule, schedule_of
from skscratch.estimators.targets import Targets
from skscratch.nn import optimizers
from skscratch.nn.optimizers import Optimizer

_ADAM = {"epsilon": "epsilon", "beta_1": "beta_1", "beta_2": "beta_2"}

# Each solver's optimizer, and which of the estimator's parameters are which of its arguments.
OPTIMIZERS = {
    "sgd": (optimizers.SGD, {"momentum": "momentum", "nesterov": "nesterovs_momentum"}),
    "adagrad": (optimizers.Adagrad, {"epsilon": "epsilon"}),
    "rmsprop": (optimizers.RMSprop, {"epsilon": "epsilon", "rho": "rho"}),
    "adam": (partial(optimizers.Adam, epsilon_hat=True), _ADAM),
    "adamw": (
        partial(optimizers.AdamW, epsilon_hat=True),
        {**_ADAM, "weight_decay": "weight_decay"},
    ),
}


@dataclass(frozen=True)
class Settings:
    """What a fit is made of. Where nothing else is said, the estimator's parameter of that name."""

    architecture: Architecture

    solver: str
    """The parameter, or the name of a class of one's own."""

    optimizer: Optimizer | None
    """Not used yet: to be copied. None for 'lbfgs'."""

    schedule: Schedule
    """At its beginning: to be copied."""

    random_state: Any
    max_iter: int
    batch_size: int | str
    shuffle: bool
    clip_norm: float | None
    tol: float
    n_iter_no_change: float
    early_stopping: bool
    validation_fraction: float
    max_fun: int
    scoring: Any
    verbose: bool
    engine: str

    @classmethod
    def of(cls, estimator, n_features: int, dtype, targets: Targets) -> "Settings":
        """Read and check the estimator's parameters."""
        architecture = Architecture.of(estimator, n_features, dtype, targets)
        optimizer = optimizer_of(estimator)
        if optimizer is None and (architecture.uses_dropout or estimator.clip_norm is not None):
            raise ValueError(
                "solver='lbfgs' needs the same loss every time that it asks for it: dropout and "
                "clip_norm are for the stochastic solvers."
            )
        return cls(
            architecture=architecture,
            solver=solver_name(estimator.solver),
            optimizer=optimizer,
            schedule=schedule_of(estimator, optimizer),
            random_state=estimator.random_state,
            max_iter=estimator.max_iter,
            batch_size=estimator.batch_size,
            shuffle=estimator.shuffle,
            clip_norm=estimator.clip_norm,
            tol=estimator.tol,
            n_iter_no_change=estimator.n_iter_no_change,
            early_stopping=estimator.early_stopping,
            validation_fraction=estimator.validation_fraction,
            max_fun=estimator.max_fun,
            scoring=estimator.scoring,
            verbose=estimator.verbose,
            engine=estimator.engine,
        )

    @property
    def seed(self) -> int | None:
        """The random state, if it is a number that another fit may have too."""
        return None if isinstance(self.random_state, np.random.RandomState) else self.random_state

    def batch_size_of(self, n_rows: int) -> int:
        """Return how many of so many samples are a batch."""
        return min(200 if self.batch_size == "auto" else self.batch_size, n_rows)


def solver_name(solver) -> str:
    """Return a solver's name: the class's, where it is an optimizer of one's own."""
    if isinstance(solver, str):
        return solver
    optimizer_class = solver if isinstance(solver, type) else type(solver)
    return f"{optimizer_class.__module__}.{optimizer_class.__qualname__}"


def optimizer_of(estimator) -> Optimizer | None:
    """Return a new optimizer of a stochastic solver, None for 'lbfgs'."""
    solver = estimator.solver
    rates = {
        "learning_rate": float(estimator.learning_rate_init),
        "decay": float(estimator.decay),
    }
    if isinstance(solver, str):
        if solver == "lbfgs":
            return None
        optimizer_class, arguments = OPTIMIZERS[solver]
        others = {argument: getattr(estimator, name) for argument, name in arguments.items()}
        return optimizer_class(**rates, **others)
    if isinstance(solver, type) and issubclass(solver, Optimizer):
        return solver(**rates)
    if isinstance(solver, Optimizer):
        # Its settings, without what it may remember of other parameters.
        optimizer = copy.deepcopy(solver)
        optimizer.load_state_dict({"iterations": 0})
        return optimizer
    raise ValueError(
        f"solver must be 'lbfgs', one of {sorted(OPTIMIZERS)}, or a subclass or an object of "
        f"skscratch.nn.Optimizer; got {solver!r}."
    )
