"""Parameters: their types, their constraints, and the decorators that check them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import sparray, spmatrix
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.metaestimators import available_if

from skscratch.estimators.architecture import REGULARIZERS
from skscratch.estimators.solvers import SCHEDULES, SOLVERS, STOCHASTIC, SolverName, is_stochastic
from skscratch.nn.activations import Activation, ActivationName
from skscratch.nn.initializers import INITIALIZERS
from skscratch.nn.optimizers import Optimizer

MatrixLike = ArrayLike | sparray | spmatrix

HiddenActivations = (
    ActivationName | type[Activation] | Sequence[ActivationName | type[Activation]] | np.ndarray
)
Solver = SolverName | type[Optimizer] | Optimizer
ClassWeight = dict[Any, float] | list[dict[Any, float]] | Literal["balanced"]
Scoring = str | Callable[..., float]
Engine = Literal["auto", "native", "numpy"]

_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_SHARE = Interval(Real, 0, 1, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")


class _Schedules(StrOptions):
    def __str__(self) -> str:
        return f"{super().__str__()} (the number is learning_rate_init)"


CONSTRAINTS: dict[str, list] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [str, "array-like", callable],  # activation_classes checks the names
    "solver": [StrOptions(set(SOLVERS)), callable, Optimizer],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "learning_rate": [_Schedules(set(SCHEDULES))],
    "learning_rate_init": [_POSITIVE],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_COUNT],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_SHARE],
    "beta_1": [_SHARE],
    "beta_2": [_SHARE],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
    "max_fun": [_COUNT],
    "decay": [_NOT_NEGATIVE],
    "rho": [_SHARE],
    **{name: [_NOT_NEGATIVE, "array-like"] for name in REGULARIZERS},
    "dropout": [_SHARE, "array-like"],
    "input_dropout": [_SHARE],
    "weight_init": [StrOptions(set(INITIALIZERS)), callable],
    "weight_decay": [_NOT_NEGATIVE],
    "clip_norm": [_POSITIVE, None],
    "scoring": [str, callable, None],
    "engine": [StrOptions({"auto", "native", "numpy"})],
}

_Method = TypeVar("_Method", bound=Callable)


def fitting(method: _Method) -> _Method:
    """Decorate a method that trains: validate all parameters first, and support callbacks."""
    wrapped = _fit_context(prefer_skip_nested_validation=True)(method)
    method.__qualname__ = method.__name__  # in errors, without the name of the base class
    return wrapped


def with_plain_numbers(estimator):
    """Return a shallow copy of an estimator without NumPy scalars.

    These overflow where Python's numbers do not, and change the dtype of float32 arrays.
    """
    copied = copy.copy(estimator)
    vars(copied).update({name: _plain(value) for name, value in vars(copied).items()})
    return copied


def _plain(value):
    if isinstance(value, Optimizer):
        settings = {name: _plain(setting) for name, setting in value.get_settings().items()}
        return type(value)(**settings)
    if isinstance(value, np.floating):
        return float(value)  # the item of a longdouble is a longdouble
    return value.item() if isinstance(value, np.generic) else value


def stochastic(method: _Method) -> _Method:
    """Make a method available only if the solver is stochastic."""
    return available_if(_is_stochastic)(method)


def _is_stochastic(estimator) -> bool:
    if not is_stochastic(estimator.solver):
        raise AttributeError(
            f"partial_fit is only available for stochastic solvers; {estimator.solver} needs all "
            f"of the data at once. Choose solver from {STOCHASTIC}."
        )
    return True
