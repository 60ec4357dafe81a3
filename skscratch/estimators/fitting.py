"""One fit of one estimator: what it starts from, how each epoch ends, what it leaves behind.

Nothing here writes to the estimator. A fit collects the fitted attributes and hands them over when
it is done, so that a fit that fails leaves the estimator as it was.
"""

import copy
import math
import warnings
import zlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning

from skscratch.estimators.building import (
    LOSSES,
    batch_size_of,
    hidden_activations,
    make_network,
    make_optimizer,
    resume_network,
    uses_dropout,
)
from skscratch.estimators.listeners import Listener
from skscratch.nn.prediction import predict
from skscratch.nn.training import Batches, Epoch, train

HISTORY = (
    "loss",
    "data_loss",
    "regularization_loss",
    "learning_rate",
    "accuracy",
    "validation_loss",
    "validation_score",
)


class Note(NamedTuple):
    """What a fit warns of: said by ``fit`` itself, counted by searches."""

    message: str
    category: type[Warning] = UserWarning


@dataclass
class LabelledData:
    """Validated inputs with encoded labels.

    ``y`` holds class indices where the output is a softmax, else rows of 0 and 1.
    """

    X: Any
    y: np.ndarray
    classes: np.ndarray
    n_outputs: int
    out_activation: str
    sample_weight: np.ndarray | None = None

    def labels(self) -> np.ndarray:
        """Return the labels that were encoded."""
        if self.y.ndim == 1:
            return self.classes[self.y]
        if self.n_outputs > 1:
            return self.y.astype(int)
        return self.classes[self.y[:, 0].astype(int)]

    def take(self, rows: np.ndarray) -> "LabelledData":
        """Return some of the samples."""
        weights = None if self.sample_weight is None else self.sample_weight[rows]
        return LabelledData(
            self.X[rows], self.y[rows], self.classes, self.n_outputs, self.out_activation, weights
        )


@dataclass
class TrainingData(LabelledData):
    """What to train on: all rows, or some of them, and a validation set if one was given.

    The weights of the classes, an array for each label, are in ``sample_weight`` already.
    """

    rows: np.ndarray | None = None
    class_weights: list[np.ndarray] | None = None
    validation: LabelledData | None = None

    @property
    def n_rows(self) -> int:
        """Number of samples to train on."""
        return self.X.shape[0] if self.rows is None else len(self.rows)


class Validator:
    """What a network is measured by on data that it is not trained on."""

    def __init__(self, estimator, data: LabelledData) -> None:
        self.estimator, self.data = estimator, data
        self.activations = hidden_activations(estimator)
        self.loss = LOSSES[data.out_activation]()
        self.scorer = _scorer_of(estimator)
        if self.scorer is not None:
            self.labels = data.labels()

    def measure(self, weights: list, biases: list) -> tuple[float, float]:
        """Return the loss without penalties, and the score."""
        data = self.data
        logits = predict(weights, biases, self.activations, data.X)
        loss = float(self.loss.calculate(logits, data.y, data.sample_weight))
        if self.estimator.scoring == "loss":
            return loss, -loss
        if self.scorer is not None:
            return loss, self._score(weights, biases)
        if data.y.ndim == 1:
            correct = logits.argmax(axis=1) == data.y
        else:
            correct = ((logits > 0) == data.y).all(axis=1)
        return loss, float(np.average(correct, weights=data.sample_weight))

    def _score(self, weights, biases) -> float:
        data = self.data
        fitted = copy.copy(self.estimator)
        # The rows of X have lost the names that those of a data frame had.
        vars(fitted).pop("feature_names_in_", None)
        vars(fitted).update(
            coefs_=weights,
            intercepts_=biases,
            classes_=data.classes,
            n_outputs_=data.n_outputs,
            out_activation_=data.out_activation,
            n_features_in_=data.X.shape[1],
        )
        weight = {} if data.sample_weight is None else {"sample_weight": data.sample_weight}
        return float(self.scorer(fitted, data.X, self.labels, **weight))


def fit(
    estimator,
    data: TrainingData,
    *,
    resume: bool,
    listener: Listener,
    incremental: bool = False,
) -> dict[str, Any]:
    """Train the estimator's network and return the fitted attributes.

    Parameters
    ----------
    estimator : MLPScratchClassifier
        Its parameters are read.

    data : TrainingData
        What to train on.

    resume : bool
        Whether to go on from the estimator's last fit.

    listener : Listener
        Is told of every epoch or iteration.

    incremental : bool, default=False
        Whether to train for a single epoch, as ``partial_fit`` does.

    Returns
    -------
    attributes : dict
        The fitted attributes by name.
    """
    run = run_fit(estimator, data, resume=resume, listener=listener, incremental=incremental)
    for note in run.notes:
        warnings.warn(note.message, note.category)
    return run.fitted_attributes()


def run_fit(
    estimator, data: TrainingData, *, resume: bool, listener: Listener, incremental: bool = False
) -> "Fit":
    """Train as :func:`fit` does; return the fit, with its notes unsaid."""
    with np.errstate(over="ignore", invalid="ignore"):
        if estimator.solver == "lbfgs":
            run = LBFGSFit(estimator, data, resume=resume)
        else:
            run = StochasticFit(estimator, data, resume=resume, incremental=incremental)
        run.run(listener)
    return run


class Fit:
    """What the fits by all solvers have in common: a history, and an end."""

    def __init__(self, estimator, data: TrainingData, *, resume: bool) -> None:
        self.estimator, self.data = estimator, data
        self.notes: list[Note] = []
        self.n_iter = 0
        self.history = {name: [] for name in HISTORY}
        if resume:
            for name, values in self.history.items():
                past = estimator.history_.get(name)
                values += [np.nan] * len(estimator.loss_curve_) if past is None else past.tolist()
        self.validator = None
        _scorer_of(estimator)  # a wrong name is an error without a validation set too
        if data.validation is not None:
            self.validator = Validator(estimator, data.validation)

    def record(self, **values: float) -> None:
        """Append an epoch's values to the history, the same ones in every epoch of a fit."""
        self.n_iter += 1
        for name, value in values.items():
            self.history[name].append(value)

    def validate(self) -> dict[str, float]:
        """Return the loss and score on the validation data, if there are any."""
        if self.validator is None:
            return {}
        loss, score = self.validator.measure(*self.weights_and_biases(self.parameters))
        if self.estimator.verbose:
            print(f"Validation score: {score:f}")
        return {"validation_loss": loss, "validation_score": score}

    def weights_and_biases(self, parameters: np.ndarray) -> tuple[list, list]:
        """Return views of a vector of parameters: each layer's weights and biases."""
        weights, biases = self.network.unflatten(parameters)
        return weights, [bias[0] for bias in biases]

    def does_not_converge(self, message: str) -> None:
        """Note that training has ended before, or without, its aim."""
        self.notes.append(Note(message, ConvergenceWarning))

    def divergence(self, advice: str) -> ValueError:
        """Return the error of a fit whose loss or weights are not finite any more."""
        return ValueError(
            f"Solver produced non-finite parameter weights. The input data may contain large "
            f"values and need to be preprocessed. {advice} scale the input, for example with "
            f"StandardScaler."
        )

    def common_attributes(self, parameters: np.ndarray) -> dict[str, Any]:
        """Return the fitted attributes that all solvers have, as copies."""
        data, loss_curve = self.data, list(self.history["loss"])
        history = {}
        for name, values in self.history.items():
            # What this fit did not record, an earlier one may have.
            history[name] = np.full(len(loss_curve), np.nan)
            history[name][: len(values)] = values
        weights, biases = self.weights_and_biases(parameters)
        scores = history["validation_score"]
        has_scores = self.validator is not None
        return {
            "coefs_": [array.copy() for array in weights],
            "intercepts_": [array.copy() for array in biases],
            "classes_": data.classes,
            "n_outputs_": data.n_outputs,
            "out_activation_": data.out_activation,
            "n_layers_": len(weights) + 1,
            "n_iter_": self.n_iter,
            "loss_": loss_curve[-1] if loss_curve else np.inf,
            "loss_curve_": loss_curve,
            "history_": {
                name: values for name, values in history.items() if not np.isnan(values).all()
            },
            "validation_scores_": scores.tolist() if has_scores else None,
            "best_validation_score_": float(np.nanmax(scores, initial=-np.inf))
            if has_scores
            else None,
        }


class StochasticFit(Fit):
    """A fit by one of the stochastic solvers.

    It takes up the random streams, the optimizer's moments, the order of the samples and the count
    of epochs without improvement where the estimator's last fit left them, if it is to resume.
    """

    def __init__(
        self, estimator, data: TrainingData, *, resume: bool, incremental: bool = False
    ) -> None:
        super().__init__(estimator, data, resume=resume)
        self.incremental = incremental
        state = estimator._training_state if resume else {}
        if state.get("solver") != estimator.solver:
            state = {}

        self.random_state = random_state_of(estimator, state)
        self.dropout_generator = np.random.default_rng(0)
        make = resume_network if resume else make_network
        self.network = make(estimator, data, self.random_state, self.dropout_generator)
        self._seed_dropout(state)
        self.optimizer = make_optimizer(estimator)
        if state:
            self.optimizer.load_state_dict(state["optimizer"])

        # Not 0 if the last fit was not finished, but read from a checkpoint.
        self.n_iter = 0 if incremental else state.get("unfinished", 0)
        self.t = estimator.t_ if resume else 0
        self.no_improvement_count = state.get("no_improvement_count", 0)
        self.learning_rate_scale = state.get("learning_rate_scale", 1.0)
        # A checkpoint of the last epoch may know that there was no more improvement.
        self.stopped = self.n_iter > 0 and self._is_stuck()

        rows = data.rows
        self.split_random_state = None
        # What is to be improved is the validation score, or minus the training loss.
        self.best, self.best_parameters = -np.inf, None
        if estimator.early_stopping:
            if self.validator is None:
                rows = self._hold_out(state)
            self.best_parameters = self.network.parameters.copy()
            if resume:
                # Measured, because the set, the scoring or the weights may be others by now.
                kept = self.weights_and_biases(self.best_parameters)
                self.best = self.validator.measure(*kept)[1]
        elif resume and estimator.best_loss_ is not None:
            self.best = -estimator.best_loss_
        if state.get("restored") == _checksum(self.network.parameters):
            # Early stopping put the best weights back; training goes on from the last ones.
            self.network.parameters[:] = state["parameters"]
        self.parameters = self.network.parameters

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

    def _seed_dropout(self, state: dict) -> None:
        if state.get("dropout") is not None:
            self.dropout_generator.bit_generator.state = state["dropout"]
        elif uses_dropout(self.estimator):
            # Drawn from a copy: the weights and the order of samples are those without dropout.
            seed = copy.deepcopy(self.random_state).randint(1 << 31)
            self.dropout_generator.bit_generator.state = np.random.PCG64(seed).state

    def _batch_size(self, n_rows: int) -> int:
        batch_size = self.estimator.batch_size
        if batch_size != "auto" and batch_size > n_rows:
            message = f"Got `batch_size`={batch_size}, larger than the sample size {n_rows}. "
            self.notes.append(Note(f"{message}It is going to be clipped."))
        return batch_size_of(self.estimator, n_rows)

    def _hold_out(self, state: dict) -> np.ndarray:
        """Set validation data aside; return the rows that are left to train on."""
        from sklearn.model_selection import train_test_split  # here: see _scorer_of

        data, random_state = self.data, self.random_state
        self.split_random_state = state.get("split_random_state")
        if self.split_random_state is None:
            self.split_random_state = random_state.get_state()
        else:
            # A resumed fit must not train on what the first one held out: split alike again.
            random_state = np.random.RandomState()
            random_state.set_state(self.split_random_state)
        rows = np.arange(data.X.shape[0]) if data.rows is None else data.rows
        rows, validation_rows = train_test_split(
            rows,
            random_state=random_state,
            test_size=self.estimator.validation_fraction,
            # As MLPClassifier does it: only binary problems are stratified.
            stratify=data.y[rows] == 1 if data.n_outputs == 1 else None,
        )
        if len(validation_rows) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        self.validator = Validator(self.estimator, data.take(validation_rows))
        return rows

    def run(self, listener: Listener) -> None:
        """Train until there is no more improvement, or there are no more epochs."""
        estimator = self.estimator
        epochs = train(
            self.network,
            self.optimizer,
            self.batches,
            [self.random_state] if estimator.shuffle else None,
            estimator.clip_norm,
        )
        try:
            for _ in range(self.n_epochs_left):
                self.optimizer.learning_rate = self.learning_rate()
                listener.begin_epoch()
                epoch = next(epochs)
                self.end_epoch(epoch, self.optimizer.current_learning_rate)
                self.stopped |= bool(listener.end_epoch(self))
                if self.stopped:
                    break
        except KeyboardInterrupt:
            self.notes.append(Note("Training interrupted by user."))
        self.end()

    @property
    def n_epochs_left(self) -> int:
        """Number of epochs that this fit may still train."""
        if self.stopped:
            return 0
        return max(0, (1 if self.incremental else self.estimator.max_iter) - self.n_iter)

    def end_epoch(self, epoch: Epoch, learning_rate: float) -> bool:
        """Record an epoch; return whether there is no more improvement."""
        estimator, loss = self.estimator, float(epoch.loss)
        if not math.isfinite(loss):
            raise self._divergence()
        self.t += self.batches.n_rows
        if estimator.verbose:
            print(f"Iteration {self.n_iter + 1}, loss = {loss:.8f}")
        validation = self.validate()
        self.record(
            loss=loss,
            data_loss=float(epoch.data_loss),
            regularization_loss=loss - float(epoch.data_loss),
            learning_rate=float(learning_rate),
            accuracy=float(epoch.accuracy),
            **validation,
        )

        improvement = validation["validation_score"] if estimator.early_stopping else -loss
        if math.isnan(improvement):
            raise ValueError(
                f"The validation score is not a number, early stopping cannot compare it: choose "
                f"another scoring than {estimator.scoring!r}, or another validation set."
            )
        if improvement < self.best + estimator.tol:
            self.no_improvement_count += 1
        else:
            self.no_improvement_count = 0
        if improvement > self.best:
            self.best = improvement
            if estimator.early_stopping:
                self.best_parameters[:] = self.parameters
        self.stopped = self._is_stuck() and self._give_up()
        return self.stopped

    def _is_stuck(self) -> bool:
        return self.no_improvement_count > self.estimator.n_iter_no_change

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
        elif self.learning_rate() <= 1e-6:
            action = "Learning rate too small. Stopping."
        else:
            self.learning_rate_scale /= 5.0
            self.no_improvement_count = 0
            action = f"Setting learning rate to {self.learning_rate():f}"
        if estimator.verbose:
            print(f"{message} {action}")
        return "Stopping" in action

    def learning_rate(self) -> float:
        """Return the next epoch's learning rate by the schedule, before the optimizer's decay."""
        estimator = self.estimator
        learning_rate = float(estimator.learning_rate_init) * self.learning_rate_scale
        if estimator.learning_rate == "invscaling" and estimator.solver == "sgd":
            learning_rate /= (self.t + 1) ** estimator.power_t
        if estimator.learning_rate == "cosine":
            epoch = len(self.history["loss"]) if self.incremental else self.n_iter
            if self.incremental and epoch >= estimator.max_iter:
                raise ValueError(
                    f"learning_rate='cosine' has fallen to 0 after max_iter={estimator.max_iter} "
                    f"epochs. Raise max_iter before the first call of partial_fit, or choose "
                    f"another schedule."
                )
            learning_rate *= (1 + math.cos(math.pi * epoch / estimator.max_iter)) / 2
        return learning_rate

    def end(self) -> None:
        """Check what training has come to, and warn of what is not as it should be."""
        estimator = self.estimator
        if not np.isfinite(self.parameters).all():
            raise self._divergence()
        if self.incremental or not self.history["loss"]:
            return
        loss, n_outputs = self.history["loss"][-1], self.data.n_outputs
        guessing = math.log(n_outputs if self.data.out_activation == "softmax" else 2**n_outputs)
        if not self.stopped and self.n_epochs_left == 0:
            if estimator.tol > 0:
                self.does_not_converge(
                    f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and "
                    f"the optimization hasn't converged yet. Raise max_iter, or set tol=0 if "
                    f"{estimator.max_iter} epochs are what you want."
                )
        elif self._is_stuck() and loss > 2 * guessing:
            # Steps that were too large, and yet left everything finite.
            self.does_not_converge(
                f"Training stopped improving at a loss of {loss:.3g}, worse than that of guessing "
                f"({guessing:.3g}): lower learning_rate_init (now {estimator.learning_rate_init}) "
                f"or the penalties, or scale the input, for example with StandardScaler."
            )

    def _divergence(self) -> ValueError:
        return self.divergence(
            f"Training diverged in epoch {self.n_iter + 1}: lower learning_rate_init (now "
            f"{self.estimator.learning_rate_init}) or",
        )

    def fitted_attributes(self, finished: bool = True) -> dict[str, Any]:
        """Return the fitted attributes, and what a later fit needs in order to resume.

        Parameters
        ----------
        finished : bool, default=True
            Whether training has come to its end. If not, a fit that resumes trains for what is
            left of ``max_iter``.

        Returns
        -------
        attributes : dict
            Copies, by name.
        """
        early_stopping = self.estimator.early_stopping
        parameters = self.best_parameters if early_stopping else self.parameters
        is_last = np.array_equal(parameters, self.parameters)
        return {
            **self.common_attributes(parameters),
            "t_": self.t,
            "best_loss_": None if early_stopping else -self.best,
            "_training_state": {
                "solver": self.estimator.solver,
                "seed": _seed(self.estimator),
                "unfinished": 0 if finished else self.n_iter,
                "random_state": self.random_state.get_state(),
                "split_random_state": self.split_random_state,
                "dropout": self.dropout_generator.bit_generator.state
                if uses_dropout(self.estimator)
                else None,
                "order": None if self.batches.n_batches == 1 else self.batches.order.copy(),
                "optimizer": self.optimizer.state_dict(copied=not finished),
                "learning_rate_scale": self.learning_rate_scale,
                "no_improvement_count": self.no_improvement_count,
                "parameters": None if is_last else self.parameters.copy(),
                "restored": None if is_last else _checksum(parameters),
            },
        }


class LBFGSFit(Fit):
    """A fit by SciPy's L-BFGS, on the one vector and all of the data."""

    def __init__(self, estimator, data: TrainingData, *, resume: bool) -> None:
        if uses_dropout(estimator) or estimator.clip_norm is not None:
            raise ValueError(
                "solver='lbfgs' needs the same loss every time that it asks for it: dropout and "
                "clip_norm are for the stochastic solvers."
            )
        super().__init__(estimator, data, resume=resume)
        make = resume_network if resume else make_network
        self.network = make(estimator, data, random_state_of(estimator, {}), None)
        self.t = estimator.t_ if resume else 0
        self.stopped = False
        # SciPy's own arithmetic is in double precision.
        self.parameters = self.network.parameters.astype(np.float64)

    def run(self, listener: Listener) -> None:
        """Minimize the loss."""
        estimator, data, network = self.estimator, self.data, self.network
        (batch,) = Batches(
            data.X,
            data.y,
            data.sample_weight,
            rows=data.rows,
            batch_size=data.n_rows,
            n_outputs=data.n_outputs,
        ).epoch()

        def loss_gradient(parameters):
            network.parameters[:] = parameters
            loss = sum(network.compute_gradients(*batch))
            return float(loss), network.gradients.astype(np.float64)

        def end_iteration(intermediate_result):
            self.parameters[:] = intermediate_result.x
            if estimator.verbose:
                print(f"Iteration {self.n_iter + 1}, loss = {intermediate_result.fun:.8f}")
            self.record(loss=float(intermediate_result.fun), **self.validate())
            listener.begin_epoch()
            if listener.end_epoch(self):
                self.stopped = True
                raise StopIteration

        try:
            result = scipy.optimize.minimize(
                loss_gradient,
                self.parameters.copy(),
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
            self.notes.append(Note("Training interrupted by user."))
        else:
            self.parameters[:] = result.x
            if not self.history["loss"]:
                # Already at the minimum.
                self.record(loss=float(result.fun), **self.validate())
            if result.status != 0 and not self.stopped:
                self.does_not_converge(
                    f"lbfgs failed to converge after {result.nit} iteration(s) (status="
                    f"{result.status}): {result.message}. Raise max_iter or max_fun, or scale "
                    f"the input, for example with StandardScaler."
                )
        is_finite = np.isfinite(self.parameters).all() and not np.isnan(self.history["loss"][-1:])
        if not is_finite:
            raise self.divergence(f"L-BFGS diverged in iteration {self.n_iter}:")

    def fitted_attributes(self, finished: bool = True) -> dict[str, Any]:
        """Return the fitted attributes; L-BFGS has no state that a later fit could go on from."""
        self.network.parameters[:] = self.parameters
        attributes = self.common_attributes(self.network.parameters)
        return {
            **attributes,
            "t_": self.t,
            "best_loss_": attributes["loss_"],
            "_training_state": {},
        }


def _scorer_of(estimator):
    """Return the scorer that ``scoring`` names, None for the accuracy and the loss."""
    if estimator.scoring in (None, "loss"):
        return None
    # Here, because importing the package would take longer by a twentieth.
    from sklearn.metrics import check_scoring

    return check_scoring(estimator, scoring=estimator.scoring)


def random_state_of(estimator, state: dict) -> np.random.RandomState:
    """Return the generator that a fit draws from; never NumPy's global one."""
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
