"""Types of parameters and arguments, for editors and type checkers."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import sparray, spmatrix

from skscratch.nn.activations import Activation
from skscratch.nn.optimizers import Optimizer

MatrixLike = ArrayLike | sparray | spmatrix

ActivationName = Literal["identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "silu"]
HiddenActivations = (
    ActivationName | type[Activation] | Sequence[ActivationName | type[Activation]] | np.ndarray
)
SolverName = Literal["lbfgs", "sgd", "adam", "adamw", "adagrad", "rmsprop"]
Solver = SolverName | type[Optimizer] | Optimizer
LearningRate = Literal["constant", "invscaling", "adaptive", "cosine"]
WeightInit = Literal["glorot_uniform", "he_normal", "lecun_normal", "scaled_normal"]
ClassWeight = dict[Any, float] | list[dict[Any, float]] | Literal["balanced"]
Scoring = str | Callable[..., float]
Engine = Literal["auto", "native", "numpy"]
RegressionLoss = Literal["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"]
