"""One fit of one estimator: what it starts from, how each epoch ends, what it leaves behind.

Nothing here writes to the estimator. A fit collects the fitted attributes and hands them over when
it is done, so that a fit that fails leaves the estimator as it was.
"""

import math
import warnings
import zlib
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from typing import Any

import numpy as np
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skscratch import activations, optimizers
from skscratch.initializers import glorot_uniform
from skscratch.layers import Dense
from skscratch.losses import SigmoidBinaryCrossentropy, SoftmaxCategoricalCrossentropy
from skscratch.network import Network
from skscratch.prediction import predict
from skscratch.training import Batches, train

ACTIVATIONS = {
    "identity": activations.Identity,
    "logistic": activations.Sigmoid,
    "relu": activations.ReLU,
    "tanh": activations.Tanh,
}

LOSSES = {"logistic": SigmoidBinaryCrossentropy, "softmax": SoftmaxCategoricalCrossentropy}

# Each solver's optimizer and which of the estimator's parameters are which of its arguments.
OPTIMIZERS = {
    "sgd": (optimizers.SGD, {"momentum": "momentum", "nesterov": "nesterovs_momentum"}),
    "adagrad": (optimizers.Adagrad, {"epsilon": "epsilon"}),
    "rmsprop": (optimizers.RMSprop, {"epsilon": "epsilon", "rho": "rho"}),
    "adam": (
        partial(optimizers.Adam, epsilon_hat=True),
        {"epsilon": "epsilon", "beta_1": "beta_1", "beta_2": "beta_2"},
    ),
}

REGULARIZERS = (
    "weight_regularizer_l1",
    "weight_regularizer_l2",
    "bias_regularizer_l1",
    "bias_regularizer_l2",
)


@dataclass
class TrainingData:
    """Validated data with encoded labels.

    ``y`` holds class indices where the output is a softmax, else rows of 0 and 1. ``rows`` are the
    samples whose weight is not zero, ``None`` if that is all of them.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None
    rows: np.ndarray | None
    n_outputs: int
    out_activation: str


def fit(estimator, data: TrainingData, *, resume: bool, n_epochs: int, incremental: bool) -> dict:
    """Train the estimator's network and return the fitted attributes."""
    if estimator.solver == "lbfgs":
        return _fit_lbfgs(estimator, data, resume)
    run = StochasticFit(estimator, data, resume=resume)
    with np.errstate(over="ignore", invalid="ignore"):
        run.train(n_epochs, warn=not incremental)
    return run.fitted_attributes()


class StochasticFit:
    """A fit by one of the stochastic solvers.

    It takes up the random stream, the optimizer's moments, the order of the samples and the count
    of epochs without improvement where the estimator's last fit left them, if it is to resume.
    """

    def __init__(self, estimator, data: TrainingData, *, resume: bool) -> None:
        self.estimator = estimator
        state = estimator._training_state if resume else {}
        if state.get("solver") != estimator.solver:
            state = {}
        self.random_state = _random_state(estimator, state)
        self.network = _network(estimator, data, self.random_state, resume)
        self.optimizer = _optimizer(estimator)
        if state:
            self.optimizer.load_state_dict(state["optimizer"])

        self.t = estimator.t_ if resume else 0
        self.n_iter = 0
        self.loss_curve = list(estimator.loss_curve_) if resume else []
        self.no_improvement_count = state.get("no_improvement_count", 0)
        self.learning_rate_scale = state.get("learning_rate_scale", 1.0)

        rows = data.rows
        self.split_random_state = None
        self.validation_scores = None
        best = None
        if estimator.early_stopping:
            # A resumed fit must not train on what the first one held out: split alike again.
            self.split_random_state = state.get("split_random_state")
            rows = self._hold_out(data)
            self.validation_scores = list(estimator.validation_scores_ or []) if resume else []
            best = estimator.best_validation_score_ if resume else None
        elif resume and estimator.best_loss_ is not None:
            best = -estimator.best_loss_
        # What is to be improved is the validation score, or minus the training loss.
        self.best = -np.inf if best is None else best
        self.best_parameters = self.network.parameters.copy() if estimator.early_stopping else None
        if state.get("restored") == _checksum(self.network.parameters):
            # Early stopping put the best weights back; training goes on from the last ones.
            self.network.parameters[:] = state["parameters"]

        self.batches = Batches(
            data.X,
            data.y,
            data.sample_weight,
            rows=rows,
            batch_size=self._batch_size(data.X.shape[0] if rows is None else len(rows)),
            n_outputs=data.n_outputs,
        )
        order = state.get("order")
        if order is not None and order.shape == self.batches.order.shape:
            self.batches.order = order.copy()

    def _batch_size(self, n_rows: int) -> int:
        batch_size = self.estimator.batch_size
        if batch_size == "auto":
            return min(200, n_rows)
        if batch_size > n_rows:
            warnings.warn(
                f"Got `batch_size`={batch_size}, larger than the sample size {n_rows}. It is "
                f"going to be clipped."
            )
        return min(batch_size, n_rows)

    def _hold_out(self, data: TrainingData) -> np.ndarray:
        """Set validation data aside; return the rows that are left to train on."""
        random_state = self.random_state
        if self.split_random_state is None:
            self.split_random_state = random_state.get_state()
        else:
            random_state = np.random.RandomState()
            random_state.set_state(self.split_random_state)
        rows = np.arange(data.X.shape[0]) if data.rows is None else data.rows
        # As MLPClassifier does it: only binary problems are stratified.
        stratify = data.y[rows] == 1 if data.n_outputs == 1 else None
        rows, validation_rows = train_test_split(
            rows,
            random_state=random_state,
            test_size=self.estimator.validation_fraction,
            stratify=stratify,
        )
        if len(validation_rows) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        self.X_val, self.y_val = data.X[validation_rows], data.y[validation_rows]
        self.sample_weight_val = (
            None if data.sample_weight is None else data.sample_weight[validation_rows]
        )
        return rows

    def train(self, n_epochs: int, warn: bool) -> None:
        """Train for ``n_epochs``, or until there is no more improvement."""
        self.optimizer.learning_rate = self._learning_rate()
        random_states = [self.random_state] if self.estimator.shuffle else None
        epochs = train(self.network, self.optimizer, self.batches, random_states)
        try:
            for loss in islice(epochs, n_epochs):
                if self.end_epoch(float(loss)):
                    self._warn_if_worse_than_guessing()
                    break
            else:
                if warn:
                    warnings.warn(
                        f"Stochastic Optimizer: Maximum iterations ({n_epochs}) reached and the "
                        f"optimization hasn't converged yet.",
                        ConvergenceWarning,
                    )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.")
        self._check_finite(np.isfinite(self.network.parameters).all())

    def _warn_if_worse_than_guessing(self) -> None:
        """Warn of steps that were too large and yet left everything finite."""
        n_outputs = self.batches.n_outputs
        softmax = isinstance(self.network.loss, SoftmaxCategoricalCrossentropy)
        guessing = np.log(n_outputs) if softmax else n_outputs * np.log(2)
        if self.loss_curve[-1] > 2 * guessing:
            warnings.warn(
                f"Training stopped improving at a loss of {self.loss_curve[-1]:.3g}, worse than "
                f"that of guessing ({guessing:.3g}): lower learning_rate_init (now "
                f"{self.estimator.learning_rate_init}) or the penalties, or scale the input, for "
                f"example with StandardScaler.",
                ConvergenceWarning,
            )

    def end_epoch(self, loss: float) -> bool:
        """Record an epoch's loss; return whether training is to stop."""
        estimator = self.estimator
        self.n_iter += 1
        self._check_finite(math.isfinite(loss))
        self.t += self.batches.n_rows
        self.loss_curve.append(loss)
        if estimator.verbose:
            print(f"Iteration {self.n_iter}, loss = {loss:.8f}")

        improvement = -loss
        if estimator.early_stopping:
            improvement = self._validate()
            self.validation_scores.append(improvement)
            if estimator.verbose:
                print(f"Validation score: {improvement:f}")
        if improvement < self.best + estimator.tol:
            self.no_improvement_count += 1
        else:
            self.no_improvement_count = 0
        if improvement > self.best:
            self.best = improvement
            if estimator.early_stopping:
                self.best_parameters[:] = self.network.parameters

        stop = self.no_improvement_count > estimator.n_iter_no_change and self._give_up()
        self.optimizer.learning_rate = self._learning_rate()
        return stop

    def _validate(self) -> float:
        """Return the accuracy on the data held out."""
        dense = self.network.dense
        logits = predict(
            [layer.weights for layer in dense],
            [layer.biases[0] for layer in dense],
            ACTIVATIONS[self.estimator.activation],
            self.X_val,
        )
        if self.y_val.ndim == 1:
            correct = logits.argmax(axis=1) == self.y_val
        else:
            correct = ((logits > 0) == self.y_val).all(axis=1)
        return float(np.average(correct, weights=self.sample_weight_val))

    def _give_up(self) -> bool:
        """Return whether to stop, or take smaller steps first."""
        estimator = self.estimator
        message = (
            f"{'Validation score' if estimator.early_stopping else 'Training loss'} did not "
            f"improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change} "
            f"consecutive epochs."
        )
        adaptive = estimator.solver == "sgd" and estimator.learning_rate == "adaptive"
        if not adaptive:
            action = "Stopping."
        elif self._learning_rate() <= 1e-6:
            action = "Learning rate too small. Stopping."
        else:
            self.learning_rate_scale /= 5.0
            self.no_improvement_count = 0
            action = f"Setting learning rate to {self._learning_rate():f}"
        if estimator.verbose:
            print(f"{message} {action}")
        return "Stopping" in action

    def _learning_rate(self) -> float:
        """Return the schedule's learning rate, before the optimizer's decay."""
        estimator = self.estimator
        learning_rate = float(estimator.learning_rate_init) * self.learning_rate_scale
        if estimator.solver == "sgd" and estimator.learning_rate == "invscaling":
            learning_rate /= (self.t + 1) ** estimator.power_t
        return learning_rate

    def _check_finite(self, is_finite: bool) -> None:
        if not is_finite:
            raise ValueError(
                f"Solver produced non-finite parameter weights. The input data may contain large "
                f"values and need to be preprocessed. Training diverged in epoch {self.n_iter}: "
                f"lower learning_rate_init (now {self.estimator.learning_rate_init}) or scale the "
                f"input, for example with StandardScaler."
            )

    def fitted_attributes(self) -> dict[str, Any]:
        """Return the fitted attributes, and what a later fit needs in order to resume."""
        early_stopping = self.estimator.early_stopping
        last_parameters = None
        if early_stopping and not np.array_equal(self.best_parameters, self.network.parameters):
            last_parameters = self.network.parameters.copy()
            self.network.parameters[:] = self.best_parameters
        return {
            **_network_attributes(self.network),
            "n_iter_": self.n_iter,
            "t_": self.t,
            "loss_": self.loss_curve[-1] if self.loss_curve else np.inf,
            "loss_curve_": self.loss_curve,
            "best_loss_": None if early_stopping else -self.best,
            "validation_scores_": self.validation_scores,
            "best_validation_score_": self.best if early_stopping else None,
            "_training_state": {
                "solver": self.estimator.solver,
                "seed": _seed(self.estimator),
                "random_state": self.random_state.get_state(),
                "split_random_state": self.split_random_state,
                "order": None if self.batches.n_batches == 1 else self.batches.order,
                "optimizer": self.optimizer.state_dict(),
                "learning_rate_scale": self.learning_rate_scale,
                "no_improvement_count": self.no_improvement_count,
                "parameters": last_parameters,
                "restored": None if last_parameters is None else _checksum(self.network.parameters),
            },
        }


def _fit_lbfgs(estimator, data: TrainingData, resume: bool) -> dict:
    """Train by SciPy's L-BFGS, on the one vector and all of the data."""
    random_state = _random_state(estimator, {})
    network = _network(estimator, data, random_state, resume)
    batches = Batches(
        data.X,
        data.y,
        data.sample_weight,
        rows=data.rows,
        batch_size=data.X.shape[0],
        n_outputs=data.n_outputs,
    )
    (batch,) = batches.epoch()
    # SciPy's own arithmetic is in double precision.
    best_parameters = network.parameters.astype(np.float64)
    loss_curve = []

    def loss_gradient(parameters):
        network.parameters[:] = parameters
        return float(network.loss_gradient(*batch)), network.gradients.astype(np.float64)

    def end_iteration(intermediate_result):
        best_parameters[:] = intermediate_result.x
        loss_curve.append(float(intermediate_result.fun))
        if estimator.verbose:
            print(f"Iteration {len(loss_curve)}, loss = {loss_curve[-1]:.8f}")

    try:
        with np.errstate(over="ignore", invalid="ignore"):
            result = scipy.optimize.minimize(
                loss_gradient,
                best_parameters.copy(),
                method="L-BFGS-B",
                jac=True,
                callback=end_iteration,
                options={
                    "maxfun": estimator.max_fun,
                    "maxiter": estimator.max_iter,
                    "gtol": estimator.tol,
                },
            )
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.")
        n_iter, loss = len(loss_curve), loss_curve[-1] if loss_curve else np.inf
    else:
        best_parameters[:] = result.x
        n_iter, loss = min(result.nit, estimator.max_iter), float(result.fun)
        if result.status != 0:
            warnings.warn(
                f"lbfgs failed to converge after {result.nit} iteration(s) (status="
                f"{result.status}): {result.message}. Increase max_iter or max_fun, or scale the "
                f"input, for example with StandardScaler.",
                ConvergenceWarning,
            )
    if not np.isfinite(best_parameters).all() or np.isnan(loss):
        raise ValueError(
            f"Solver produced non-finite parameter weights. The input data may contain large "
            f"values and need to be preprocessed. L-BFGS diverged in iteration {n_iter}: scale "
            f"the input, for example with StandardScaler."
        )
    network.parameters[:] = best_parameters
    return {
        **_network_attributes(network),
        "n_iter_": n_iter,
        "t_": estimator.t_ if resume else 0,
        "loss_": loss,
        "loss_curve_": (list(estimator.loss_curve_) if resume else []) + loss_curve,
        "best_loss_": loss,
        "validation_scores_": None,
        "best_validation_score_": None,
        "_training_state": {},
    }


def _network(estimator, data: TrainingData, random_state, resume: bool) -> Network:
    """Build the network: with new weights, or with those of the last fit."""
    hidden, dtype = hidden_layer_sizes(estimator.hidden_layer_sizes), data.X.dtype
    units = [data.X.shape[1], *hidden, data.n_outputs]
    strengths = zip(
        *(_per_layer(name, getattr(estimator, name), len(units) - 1) for name in REGULARIZERS),
        strict=True,
    )
    if resume and [coef.shape for coef in estimator.coefs_] != list(pairwise(units)):
        fitted = tuple(len(intercept) for intercept in estimator.intercepts_[:-1])
        raise ValueError(
            f"Training can only go on with the network that was fitted: it has "
            f"hidden_layer_sizes={fitted}, got {tuple(hidden)}. Fit a new estimator, or set "
            f"warm_start=False."
        )
    initializer = partial(glorot_uniform, factor=2.0 if estimator.activation == "logistic" else 6.0)
    layers = []
    for i, regularizers in enumerate(strengths):
        if resume:
            arrays = estimator.coefs_[i], estimator.intercepts_[i][np.newaxis]
            layer = Dense.from_arrays(*(array.astype(dtype) for array in arrays), *regularizers)
        else:
            layer = Dense(
                units[i],
                units[i + 1],
                *regularizers,
                initializer=initializer,
                random_state=random_state,
                dtype=dtype,
            )
        layers += [layer, ACTIVATIONS[estimator.activation](inplace=True)]
    return Network(layers[:-1], LOSSES[data.out_activation](), alpha=float(estimator.alpha))


def hidden_layer_sizes(sizes) -> list[int]:
    """Return the sizes of the hidden layers as a list of positive integers."""
    array = np.atleast_1d(sizes)
    if array.size == 0:
        return []
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array <= 0).any():
        raise ValueError(f"hidden_layer_sizes must be > 0 and integers, got {sizes}.")
    return array.tolist()


def _per_layer(name: str, value, n_layers: int) -> list[float]:
    """Return a parameter as one number per layer."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        return [float(array)] * n_layers
    if array.shape != (n_layers,) or not (np.isfinite(array) & (array >= 0)).all():
        raise ValueError(
            f"{name} must be a number >= 0 or a list of {n_layers} of them, one for each layer "
            f"of weights, the output layer included; got {value!r}."
        )
    return array.tolist()


def _optimizer(estimator) -> optimizers.Optimizer:
    optimizer_class, arguments = OPTIMIZERS[estimator.solver]
    return optimizer_class(
        learning_rate=float(estimator.learning_rate_init),
        decay=float(estimator.decay),
        **{argument: getattr(estimator, name) for argument, name in arguments.items()},
    )


def _random_state(estimator, state: dict) -> np.random.RandomState:
    """Return the generator that this fit draws from; never NumPy's global one."""
    given = estimator.random_state
    if isinstance(given, np.random.RandomState):
        return given
    if state and state["seed"] == given:
        random_state = np.random.RandomState()
        random_state.set_state(state["random_state"])
        return random_state
    return np.random.RandomState(given)


def _seed(estimator) -> int | None:
    seed = estimator.random_state
    return None if isinstance(seed, np.random.RandomState) else seed


def _checksum(parameters: np.ndarray) -> int:
    return zlib.crc32(parameters)


def _network_attributes(network: Network) -> dict[str, Any]:
    return {
        "coefs_": [layer.weights.copy() for layer in network.dense],
        "intercepts_": [layer.biases[0].copy() for layer in network.dense],
        "n_layers_": len(network.dense) + 1,
    }
