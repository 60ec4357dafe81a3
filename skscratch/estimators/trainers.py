"""Trainers: one fit from its beginning to the fitted attributes.

Nothing here reads or writes the estimator. A trainer is given values, and hands the fitted
attributes over when it is done, so that a fit that fails leaves the estimator as it was.
"""

import copy
import math
import time
import warnings
import zlib
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning

from skscratch.estimators.data import TrainingData
from skscratch.estimators.history import History
from skscratch.estimators.observers import Observer
from skscratch.estimators.settings import Settings
from skscratch.estimators.validation import Validator, network_attributes, score_of
from skscratch.nn.network import Network
from skscratch.nn.prediction import FittedNetwork
from skscratch.nn.training import Batches, Epoch, train


@dataclass(frozen=True)
class PreviousFit:
    """What an earlier fit has left, for one that resumes it."""

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    history: tuple
    """The record of its epochs."""

    n_seen: int
    best_loss: float | None
    state: dict[str, Any] = field(default_factory=dict)
    """Of the training, if it was by the same solver."""

    order: np.ndarray | None = None
    """In which the samples were last visited, if it is not to be found out again."""

    @classmethod
    def of(cls, estimator, settings: Settings) -> "PreviousFit":
        """Read the fitted attributes."""
        state = estimator._training_state
        return cls(
            weights=estimator.coefs_,
            biases=estimator.intercepts_,
            history=estimator._history,
            n_seen=estimator.t_,
            best_loss=estimator.best_loss_,
            state=state if state.get("solver") == settings.solver else {},
            order=getattr(estimator, "_order", None),
        )


class Trainer(ABC):
    """What fits by all solvers have in common: a network, a history, and an end.

    Parameters
    ----------
    settings : Settings
        The estimator's parameters.

    data : TrainingData
        What to train on.

    score : callable or str
        What a validation set is scored by, see :func:`~skscratch.estimators.validation.score_of`.

    previous : PreviousFit, default=None
        The fit to resume.

    incremental : bool, default=False
        Whether to train for a single epoch, as ``partial_fit`` does.
    """

    network: Network

    def __init__(
        self,
        settings: Settings,
        data: TrainingData,
        score: Any = "default",
        previous: PreviousFit | None = None,
        incremental: bool = False,
    ) -> None:
        self.settings, self.data, self.targets, self.score = settings, data, data.targets, score
        self.incremental = incremental
        self.warnings: list[tuple[str, type[Warning]]] = []
        self.stopped = self.interrupted = False
        self.n_iter = 0
        self.n_seen = previous.n_seen if previous else 0
        self.history = History(previous.history) if previous else History()
        self.validator = None
        if data.validation is not None:
            self.validator = Validator(data.validation, self.targets, score)

    @abstractmethod
    def run(self, observer: Observer) -> None:
        """Train to the end, and tell the observer of every epoch or iteration."""

    @abstractmethod
    def fitted_attributes(self, finished: bool = True) -> dict[str, Any]:
        """Return copies of the fitted attributes, and what a later fit needs in order to resume.

        ``finished=False`` leaves open how training ends: a fit that resumes trains for what is left
        of ``max_iter``.
        """

    def warn(self, message: str, category: type[Warning] = ConvergenceWarning) -> None:
        """Collect a warning, to be issued at the end of the fit."""
        self.warnings.append((message, category))

    def show_warnings(self) -> None:
        """Issue the collected warnings."""
        for message, category in self.warnings:
            warnings.warn(message, category)

    def record(self, **values: float) -> None:
        """Append an epoch's values to the history, the same ones in every epoch of a fit."""
        self.n_iter += 1
        self.history.append(**values)

    def validate(self, parameters: np.ndarray) -> dict[str, float]:
        """Return the loss and score on the validation data, if there are any."""
        if self.validator is None:
            return {}
        loss, score = self.validator.measure(self.fitted_network(parameters))
        if self.settings.verbose:
            print(f"Validation score: {score:f}")
        return {"validation_loss": loss, "validation_score": score}

    def fitted_network(self, parameters: np.ndarray) -> FittedNetwork:
        """Return the network that has these parameters, as views of them."""
        weights, biases = self.network.unflatten(parameters)
        activations = self.settings.architecture.activations
        return FittedNetwork(weights, [bias[0] for bias in biases], activations)

    def divergence(self, advice: str) -> ValueError:
        """Return the error of a fit whose loss or weights are not finite any more."""
        return ValueError(
            f"Solver produced non-finite parameter weights. The input data may contain large "
            f"values and need to be preprocessed. {advice} {self.targets.scaling_advice}."
        )

    def compare_with_guessing(
        self, data_loss: float, rows: np.ndarray | None, is_over: bool, advice: str
    ) -> None:
        """Warn if training on these rows has come to no more than a guess."""
        rows, weight = slice(None) if rows is None else rows, self.data.sample_weight
        weight = None if weight is None else weight[rows]
        complaint = self.targets.complaint(data_loss, self.data.y[rows], weight, is_over)
        if complaint is not None:
            self.warn(f"{complaint}: {advice} {self.targets.scaling_advice}.")

    def common_attributes(self, parameters: np.ndarray) -> dict[str, Any]:
        """Return the fitted attributes that all solvers have, as copies."""
        best_score = None
        if self.validator is not None:
            scores = self.history.columns().get("validation_score", ())
            best_score = float(np.fmax.reduce(scores, initial=-np.inf))
        return {
            **network_attributes(self.fitted_network(parameters.copy()), self.targets),
            "n_iter_": self.n_iter,
            "t_": self.n_seen,
            "loss_": self.history.last_loss,
            "best_validation_score_": best_score,
            "_history": self.history.record,
        }


class Improvement:
    """What is to be improved, and for how many epochs it was not.

    Parameters
    ----------
    tol : float
        What counts as an improvement.

    patience : float
        How many epochs in a row without one are tolerated.

    best : float
        The greatest value so far.

    n_without : int, default=0
        How many epochs in a row had none so far.
    """

    def __init__(self, tol: float, patience: float, best: float, n_without: int = 0) -> None:
        self.tol, self.patience, self.best, self.n_without = tol, patience, best, n_without

    def update(self, value: float) -> bool:
        """Count an epoch; return whether it is the best so far."""
        self.n_without = self.n_without + 1 if value < self.best + self.tol else 0
        is_best = value > self.best
        self.best = max(value, self.best)
        return is_best

    @property
    def is_over(self) -> bool:
        """Whether there were too many epochs without improvement."""
        return self.n_without > self.patience

    @property
    def n_left(self) -> float:
        """How many epochs training goes on for at least, whatever they bring."""
        return max(1, self.patience + 1 - self.n_without)


@dataclass
class Shuffles:
    """How the order of the samples came about: kept for any number of samples at the same cost."""

    n_rows: int
    random_state: dict[str, Any]
    """The generator's state before the first shuffle, of rows in order."""

    n_shuffles: int = 0

    def repeated(self, random_state: np.random.RandomState) -> np.ndarray | None:
        """Return the order; None if it was not this generator alone that they have brought on."""
        repeated = copy.deepcopy(random_state)
        repeated.set_state(self.random_state)
        order = np.arange(self.n_rows)
        for _ in range(self.n_shuffles):
            repeated.shuffle(order)
        states = (generator.get_state(legacy=False) for generator in (repeated, random_state))
        return order if _equal(*states) else None


class StochasticTrainer(Trainer):
    """A fit by an optimizer, batch by batch.

    One that resumes has the random streams, the optimizer's moments, the order of the samples and
    the count of epochs without improvement of the previous fit's end.

    One that is interrupted ends where an epoch ended, and is unfinished. What epochs change is
    copied for that, where the engine returns, which may be after several epochs: the first times,
    and then so seldom that it takes a hundredth of the time.
    """

    in_epoch = diverged = False
    whole: dict[str, Any] | None = None
    """The fitted attributes after one of the last epochs."""

    n_copies, next_copy = 0, 0.0

    def __init__(self, settings, data, score="default", previous=None, incremental=False) -> None:
        super().__init__(settings, data, score, previous, incremental)
        state = previous.state if previous else {}
        architecture = settings.architecture
        self.random_state = random_state_of(settings, state)
        self.dropout_generator = np.random.default_rng(0)
        if previous:
            self.network = architecture.network_of(
                previous.weights, previous.biases, self.dropout_generator
            )
        else:
            self.network = architecture.new_network(self.random_state, self.dropout_generator)
        self._seed_dropout(state.get("dropout"))
        self.optimizer = copy.deepcopy(settings.optimizer)
        self.schedule = copy.copy(settings.schedule)
        self.schedule.scale = state.get("learning_rate_scale", 1.0)
        if state:
            self.optimizer.load_state_dict(state["optimizer"])
        # Not 0 if the previous fit was not finished, but read from a checkpoint.
        self.n_iter = 0 if incremental else state.get("unfinished", 0)

        rows, self.split_random_state = data.rows, None
        if settings.early_stopping and self.validator is None:
            rows = self._hold_out(state.get("split_random_state"))
        # What is to be improved is the validation score, or minus the training loss.
        best = -np.inf
        if previous and settings.early_stopping and (len(self.history) or not state):
            # Measured, because the set, the scoring or the weights may be others by now.
            best = self.validator.measure(self.fitted_network(self.network.parameters))[1]
        elif previous and previous.best_loss is not None:
            best = -previous.best_loss
        self.improvement = Improvement(
            settings.tol, settings.n_iter_no_change, best, state.get("no_improvement_count", 0)
        )
        # A checkpoint of the last epoch may know that there was no more improvement.
        self.stopped = self.n_iter > 0 and self.improvement.is_over

        self.best_parameters = self.network.parameters.copy() if settings.early_stopping else None
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
            n_outputs=self.targets.n_outputs,
        )
        self.shuffles = Shuffles(self.batches.n_rows, self.random_state.get_state(legacy=False))
        goes_on = settings.shuffle and state.get("shuffles")
        if goes_on and _equal(self.shuffles.random_state, state["random_state"]):
            self._take_up_order(Shuffles(**state["shuffles"]), previous.order)

    def _take_up_order(self, shuffles: "Shuffles", order: np.ndarray | None) -> None:
        """Go on from the order in which an earlier fit has left the samples, if it is of them."""
        if shuffles.n_rows == self.batches.n_rows:
            order = shuffles.repeated(self.random_state) if order is None else order.copy()
            if order is not None:
                self.shuffles, self.batches.order = shuffles, order

    def _seed_dropout(self, state: dict | None) -> None:
        if state is not None:
            self.dropout_generator.bit_generator.state = state
        elif self.settings.architecture.uses_dropout:
            # Drawn from a copy: the weights and the order of samples are those without dropout.
            seed = copy.deepcopy(self.random_state).randint(1 << 31)
            self.dropout_generator.bit_generator.state = np.random.PCG64(seed).state

    def _batch_size(self, n_rows: int) -> int:
        given = self.settings.batch_size
        if given != "auto" and given > n_rows:
            self.warn(
                f"Got `batch_size`={given}, larger than the sample size {n_rows}. It is going to "
                f"be clipped.",
                UserWarning,
            )
        return self.settings.batch_size_of(n_rows)

    def _hold_out(self, split_random_state: tuple | None) -> np.ndarray:
        """Set validation data aside; return the rows that are left to train on."""
        from sklearn.model_selection import train_test_split  # here: see score_of

        data, random_state = self.data, self.random_state
        self.split_random_state = split_random_state
        if split_random_state is None:
            self.split_random_state = random_state.get_state(legacy=False)
        else:
            # A resumed fit must not train on what the first one held out: split alike again.
            random_state = copy.deepcopy(random_state)
            random_state.set_state(split_random_state)
        rows = np.arange(data.X.shape[0]) if data.rows is None else data.rows
        rows, validation_rows = train_test_split(
            rows,
            random_state=random_state,
            test_size=self.settings.validation_fraction,
            stratify=self.targets.strata(data.y[rows]),
        )
        if len(validation_rows) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        self.validator = Validator(data.take(validation_rows), self.targets, self.score)
        return rows

    def run(self, observer: Observer) -> None:
        """Train until there is no more improvement, or there are no more epochs."""
        random_states = [self.random_state] if self.settings.shuffle else None
        settings = self.settings
        epochs = train(
            self.network,
            self.optimizer,
            self.batches,
            random_states,
            settings.clip_norm,
            lambda n_at_once: self.learning_rates(min(n_at_once, self._n_unseen(observer))),
        )
        try:
            while self.n_epochs_left > 0:
                self._prepare_for_interrupts()
                observer.begin_epoch()
                self.in_epoch = True
                for epoch in next(epochs):
                    self.end_epoch(epoch)
                self.in_epoch = False
                if observer.end_epoch(self):
                    self.stopped = True
        except KeyboardInterrupt:
            if self.incremental:
                # Half an epoch cannot be taken up again: the call has not been.
                raise
            self.interrupted = True
            self.warn("Training interrupted by user.", UserWarning)
        self.end()

    def _prepare_for_interrupts(self) -> None:
        is_early = self.n_copies < 3
        if self.incremental or not (is_early or time.perf_counter() > self.next_copy):
            return
        start = time.perf_counter()
        self._keep()
        self.n_copies += 1
        stop = time.perf_counter()
        self.next_copy = stop + 100 * (stop - start)

    @property
    def n_epochs_left(self) -> int:
        """Number of epochs that this fit may still train."""
        if self.stopped:
            return 0
        return max(0, (1 if self.incremental else self.settings.max_iter) - self.n_iter)

    def _n_unseen(self, observer: Observer) -> int:
        """Return how many epochs may be trained before anybody looks at what they have come to."""
        if observer.reads_fit or self.validator is not None:
            return 1
        return int(min(self.n_epochs_left, self.improvement.n_left))

    def learning_rates(self, n: int = 1) -> list[float]:
        """Return the next epochs' rates by the schedule, before the optimizer's decay."""
        # All calls of partial_fit are one fit.
        epoch = len(self.history) if self.incremental else self.n_iter
        return [
            self.schedule.learning_rate(epoch + i, self.n_seen + i * self.batches.n_rows)
            for i in range(n)
        ]

    def end_epoch(self, epoch: Epoch) -> None:
        """Record an epoch, and stop if there is no more improvement."""
        settings, loss = self.settings, float(epoch.loss)
        is_finite = math.isfinite(loss)
        has_best = settings.early_stopping and self.improvement.best > -math.inf
        if not is_finite and not has_best:
            raise self._divergence()
        self.n_seen += self.batches.n_rows
        if settings.shuffle and self.batches.n_batches > 1:
            self.shuffles.n_shuffles += 1
        elif settings.shuffle and self.random_state is settings.random_state:
            # Nobody sees the order in a single batch. But others may draw from this generator.
            self.random_state.shuffle(self.batches.order)
            self.shuffles.n_shuffles += 1
        if settings.verbose:
            print(f"Iteration {self.n_iter + 1}, loss = {loss:.8f}")
        if is_finite:
            validation = self.validate(self.parameters)
        else:
            validation = {"validation_loss": math.nan, "validation_score": math.nan}
        self.record(
            loss=loss,
            data_loss=float(epoch.data_loss),
            learning_rate=float(epoch.learning_rate),
            **self.targets.accuracy(float(epoch.accuracy)),
            **validation,
        )
        value = validation["validation_score"] if settings.early_stopping else -loss
        if has_best and not math.isfinite(validation["validation_loss"]):
            self._return_to_best()
            return
        if math.isnan(value):
            raise ValueError(
                f"The validation score is not a number, early stopping cannot compare it: choose "
                f"another scoring than {settings.scoring!r}, or another validation set."
            )
        if self.improvement.update(value) and settings.early_stopping:
            self.best_parameters[:] = self.parameters
        if self.improvement.is_over:
            self._take_smaller_steps_or_stop()

    def _return_to_best(self) -> None:
        """Stop a fit that has diverged, as early stopping has the weights of a better epoch."""
        self.stopped = self.diverged = True
        self.parameters[:] = self.best_parameters
        self.warn(
            f"Training diverged in epoch {self.n_iter}, the weights of the best epoch are kept: "
            f"lower learning_rate_init (now {self.schedule.learning_rate_init}) or "
            f"{self.targets.scaling_advice}."
        )

    def _take_smaller_steps_or_stop(self) -> None:
        settings = self.settings
        self.stopped = not self.schedule.reduce()
        if settings.verbose:
            print(
                f"{'Validation score' if settings.early_stopping else 'Training loss'} did not "
                f"improve more than tol={settings.tol:f} for {settings.n_iter_no_change} "
                f"consecutive epochs.",
                self.schedule.last_words
                if self.stopped
                else f"Setting learning rate to {self.learning_rates()[0]:f}",
            )
        if not self.stopped:
            self.improvement.n_without = 0

    def end(self) -> None:
        """Check what training has come to, and warn of what is not as it should be."""
        settings = self.settings
        if not np.isfinite(self.parameters).all() and not self.in_epoch:
            raise self._divergence()
        if self.incremental or self.interrupted or self.diverged or not self.history:
            return
        if not self.stopped and self.n_epochs_left == 0 and settings.tol > 0:
            self.warn(
                f"Stochastic Optimizer: Maximum iterations ({settings.max_iter}) reached and the "
                f"optimization hasn't converged yet. Raise max_iter, or set tol=0 if "
                f"{settings.max_iter} epochs are what you want."
            )
        learning_rate = self.schedule.learning_rate_init
        self.compare_with_guessing(
            self.history.columns()["data_loss"][-1],
            self.batches.rows,
            self.improvement.is_over,
            f"lower learning_rate_init (now {learning_rate}) or the penalties, or",
        )

    def _divergence(self) -> ValueError:
        return self.divergence(
            f"Training diverged in epoch {self.n_iter + 1}: lower learning_rate_init (now "
            f"{self.schedule.learning_rate_init}) or the penalties, or",
        )

    def fitted_attributes(self, finished: bool = True) -> dict[str, Any]:
        """Return copies of the fitted attributes, and what a later fit needs in order to resume."""
        if self.in_epoch:
            # Interrupted: back to where an epoch ended.
            self.random_state.set_state(self.whole["_training_state"]["random_state"])
            return self.whole
        if finished and not self.interrupted:
            self.whole = None
            return self._attributes(copied=False)
        return self._keep()

    def _keep(self) -> dict[str, Any]:
        self.whole = None
        self.whole = self._attributes(unfinished=self.n_iter)
        return self.whole

    def _attributes(self, unfinished: int = 0, copied: bool = True) -> dict[str, Any]:
        early_stopping = self.settings.early_stopping
        parameters = self.best_parameters if early_stopping else self.parameters
        is_last = np.array_equal(parameters, self.parameters)
        is_shuffled = self.shuffles.n_shuffles > 0
        uses_dropout = self.settings.architecture.uses_dropout
        return {
            **self.common_attributes(parameters),
            "best_loss_": None if early_stopping else -self.improvement.best,
            "_order": self.batches.order.copy() if self.batches.n_batches > 1 else None,
            # There is no going on from what has diverged, but from the weights.
            "_training_state": {}
            if self.diverged
            else {
                "solver": self.settings.solver,
                "seed": self.settings.seed,
                "unfinished": unfinished,
                "random_state": self.random_state.get_state(legacy=False),
                "split_random_state": self.split_random_state,
                "dropout": self.dropout_generator.bit_generator.state if uses_dropout else None,
                "shuffles": asdict(self.shuffles) if is_shuffled else None,
                "optimizer": self.optimizer.state_dict(copied=copied),
                "learning_rate_scale": self.schedule.scale,
                "no_improvement_count": self.improvement.n_without,
                "parameters": None if is_last else self.parameters.copy(),
                "restored": None if is_last else _checksum(parameters),
            },
        }


class LBFGSTrainer(Trainer):
    """A fit by SciPy's L-BFGS, on the one vector and all of the data."""

    def __init__(self, settings, data, score="default", previous=None, incremental=False) -> None:
        super().__init__(settings, data, score, previous, incremental)
        architecture = settings.architecture
        if previous:
            self.network = architecture.network_of(previous.weights, previous.biases, None)
        else:
            self.network = architecture.new_network(random_state_of(settings, {}), None)
        # SciPy's own arithmetic is in double precision.
        self.parameters = self.network.parameters.astype(np.float64)

    def run(self, observer: Observer) -> None:
        """Minimize the loss."""
        settings, data, network = self.settings, self.data, self.network
        (batch,) = Batches(
            data.X,
            data.y,
            data.sample_weight,
            rows=data.rows,
            batch_size=data.n_rows,
            n_outputs=self.targets.n_outputs,
        ).epoch()

        def loss_and_gradient(parameters):
            network.parameters[:] = parameters
            loss = sum(network.compute_gradients(*batch))
            return float(loss), network.gradients.astype(np.float64)

        def end_iteration(intermediate_result):
            if settings.verbose:
                print(f"Iteration {self.n_iter + 1}, loss = {intermediate_result.fun:.8f}")
            self._record(intermediate_result.x, intermediate_result.fun)
            observer.begin_epoch()
            if observer.end_epoch(self):
                self.stopped = True
                raise StopIteration

        try:
            result = scipy.optimize.minimize(
                loss_and_gradient,
                self.parameters.copy(),
                method="L-BFGS-B",
                jac=True,
                callback=end_iteration,
                options={
                    "maxfun": settings.max_fun,
                    "maxiter": settings.max_iter,
                    "gtol": settings.tol,
                },
            )
        except KeyboardInterrupt:
            self.interrupted = True
            self.warn("Training interrupted by user.", UserWarning)
        else:
            self.parameters[:] = result.x
            if self.n_iter == 0:
                # Already at the minimum.
                self._record(result.x, result.fun)
            if result.status != 0 and not self.stopped:
                self.warn(
                    f"lbfgs failed to converge after {result.nit} iteration(s) (status="
                    f"{result.status}): {result.message}. Raise max_iter or max_fun, or "
                    f"{self.targets.scaling_advice}."
                )
        if math.isnan(self.history.last_loss) or not np.isfinite(self.parameters).all():
            raise self.divergence(f"L-BFGS diverged in iteration {self.n_iter}:")
        if self.history and not self.interrupted:
            network.parameters[:] = self.parameters
            data_loss = float(network.compute_gradients(*batch)[0])
            self.compare_with_guessing(data_loss, data.rows, False, "lower the penalties, or")

    def _record(self, parameters: np.ndarray, loss: float) -> None:
        self.network.parameters[:] = parameters
        validation = self.validate(self.network.parameters)
        self.parameters[:] = parameters
        self.record(loss=float(loss), **validation)

    def fitted_attributes(self, finished: bool = True) -> dict[str, Any]:
        """Return copies of the fitted attributes; L-BFGS has no state to go on from."""
        self.network.parameters[:] = self.parameters
        attributes = self.common_attributes(self.network.parameters)
        return {**attributes, "best_loss_": attributes["loss_"], "_training_state": {}}


def trainer_of(
    estimator, data: TrainingData, *, resume: bool, incremental: bool = False
) -> Trainer:
    """Return a trainer by an estimator's parameters.

    Parameters
    ----------
    estimator : MLPScratchClassifier
        Its parameters are read, and if it is to be resumed, its fitted attributes.

    data : TrainingData
        What to train on.

    resume : bool
        Whether to go on from the estimator's last fit.

    incremental : bool, default=False
        Whether to train for a single epoch, as ``partial_fit`` does.
    """
    settings = Settings.of(estimator, data.X.shape[1], data.X.dtype, data.targets)
    previous = PreviousFit.of(estimator, settings) if resume else None
    trainer_class = LBFGSTrainer if settings.optimizer is None else StochasticTrainer
    # A wrong name is an error without a validation set too.
    return trainer_class(settings, data, score_of(estimator), previous, incremental)


def run(trainer: Trainer, observer: Observer) -> dict[str, Any]:
    """Train to the end, issue the warnings, and return the fitted attributes."""
    trainer.run(observer)
    trainer.show_warnings()
    return trainer.fitted_attributes()


def random_state_of(settings: Settings, state: dict) -> np.random.RandomState:
    """Return the generator that a fit draws from; never NumPy's global one."""
    given = settings.random_state
    if isinstance(given, np.random.RandomState):
        return given
    if state and state["seed"] == given:
        random_state = np.random.RandomState()
        random_state.set_state(state["random_state"])
        return random_state
    return np.random.RandomState(given)


def _equal(first, second) -> bool:
    """Whether two states of generators are equal."""
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        return all(_equal(first[name], second[name]) for name in first)
    return np.array_equal(first, second)


def _checksum(parameters: np.ndarray) -> int:
    return zlib.crc32(parameters)
