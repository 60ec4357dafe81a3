"""Fits with the stochastic solvers, epoch by epoch."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

from skscratch.estimators.engines import new_engine
from skscratch.estimators.fit import Fit
from skscratch.estimators.sklearn_callbacks import CallbackBridge
from skscratch.estimators.solvers import schedule_of, solver_name, solver_of
from skscratch.estimators.state import TrainingState
from skscratch.nn.batches import Batches, Epoch


class Plateau:
    """Counts epochs without improvement."""

    def __init__(self, tol: float, patience: float, best: float, n_without: int) -> None:
        self.tol, self.patience, self.best, self.n_without = tol, patience, best, n_without

    def update(self, value: float) -> bool:
        """Count an epoch; return whether its value is the greatest so far."""
        self.n_without = self.n_without + 1 if value < self.best + self.tol else 0
        is_best = value > self.best
        self.best = max(value, self.best)
        return is_best

    @property
    def is_reached(self) -> bool:
        """Whether there were too many epochs without improvement."""
        return self.n_without > self.patience

    @property
    def n_until(self) -> float:
        """Smallest number of epochs until a plateau can be reached."""
        return max(1, self.patience + 1 - self.n_without)


class StochasticFit(Fit):
    """A fit with an optimizer, batch by batch.

    A resumed fit continues the random streams, the optimizer's state, the order of the samples and
    the count of epochs without improvement.
    """

    diverged = False

    def __init__(self, estimator, data, state, incremental=False) -> None:
        super().__init__(estimator, data, state, incremental)
        state = TrainingState() if state is None else state
        self.random_state = state.generator(estimator.random_state)
        self.dropout_generator: np.random.Generator | None = None
        if self.architecture.uses_dropout:
            self.dropout_generator = np.random.default_rng(0)
        if self.resumed:
            self.network = self.architecture.fitted_network(
                estimator.coefs_, estimator.intercepts_, self.dropout_generator
            )
        else:
            self.network = self.architecture.new_network(self.random_state, self.dropout_generator)
        self._seed_dropout(state.dropout)
        self.optimizer = solver_of(estimator.solver).new_optimizer(estimator)
        self.schedule = schedule_of(estimator, self.optimizer)
        self.schedule.scale = state.learning_rate_scale
        if state.optimizer:
            self.optimizer.load_state_dict(state.optimizer)
        # Not 0 if the previous fit was not finished.
        self.n_iter = 0 if incremental else state.n_iter

        rows, self.split_random_state = data.rows, None
        if estimator.early_stopping and self.validator is None:
            rows = self._hold_out(state.split_random_state)
        self.plateau = self._plateau(state)
        # The last epoch of an unfinished fit may have reached a plateau.
        self.stopped = self.n_iter > 0 and self.plateau.is_reached

        self.parameters = self.network.parameters
        self.best_parameters = self.parameters.copy() if estimator.early_stopping else None
        if state.parameters is not None:
            self.parameters[:] = state.parameters
        self.batches = self._batches(rows)
        is_same_stream = state.seed == _seed(estimator.random_state)
        if state.order is not None and len(state.order) == self.batches.n_rows and is_same_stream:
            self.batches.order[:] = state.order

    def _plateau(self, state: TrainingState) -> Plateau:
        """Return the counter of epochs without improvement of the score, or of minus the loss."""
        estimator, best = self.estimator, -np.inf
        if self.resumed and estimator.early_stopping:
            # Measured again, because the set, the scoring and the weights may have changed.
            best = self.validator.measure(*self.arrays(self.network.parameters))[1]
        elif self.resumed and estimator.best_loss_ is not None:
            best = -estimator.best_loss_
        return Plateau(estimator.tol, estimator.n_iter_no_change, best, state.n_without_improvement)

    def _seed_dropout(self, state: dict | None) -> None:
        if self.dropout_generator is None:
            return
        if state is None:
            # A copy, so that dropout does not change the initial weights and the order.
            seed = copy.deepcopy(self.random_state).randint(1 << 31)
            state = np.random.PCG64(seed).state
        self.dropout_generator.bit_generator.state = state

    def _hold_out(self, split_random_state: dict | None) -> np.ndarray:
        """Hold out a validation set; return the rows that are left for training."""
        from sklearn.model_selection import train_test_split  # slow, see score_of

        data, random_state = self.data, self.random_state
        self.split_random_state = split_random_state
        if split_random_state is None:
            self.split_random_state = random_state.get_state(legacy=False)
        else:
            # A resumed fit must not train with the samples that the first one held out.
            random_state = copy.deepcopy(random_state)
            random_state.set_state(split_random_state)
        rows = np.arange(data.X.shape[0]) if data.rows is None else data.rows
        fraction, strata = self.estimator.validation_fraction, self.targets.strata(data.y[rows])
        try:
            rows, validation_rows = train_test_split(
                rows, random_state=random_state, test_size=fraction, stratify=strata
            )
        except ValueError as error:
            reason = str(error).replace("test_size", "validation_fraction")
            raise ValueError(
                f"Cannot hold out validation_fraction={fraction} of {len(rows)} samples: {reason} "
                f"Change validation_fraction, or pass X_val and y_val."
            ) from error
        if len(validation_rows) < 2:
            raise ValueError(
                f"The validation set is too small. Increase 'validation_fraction' ({fraction})."
            )
        self.set_validation(data.take(validation_rows))
        return rows

    def _batches(self, rows: np.ndarray | None) -> Batches:
        data, batch_size = self.data, self.estimator.batch_size
        n_rows = data.X.shape[0] if rows is None else len(rows)
        if batch_size == "auto":
            batch_size = 200
        elif batch_size > n_rows:
            self.warn(
                f"Got `batch_size`={batch_size}, larger than the sample size {n_rows}. It is going "
                f"to be clipped.",
                UserWarning,
            )
        return data.batches(rows, batch_size)

    def run(self, bridge: CallbackBridge) -> None:
        estimator = self.estimator
        parts = self.network, self.optimizer, self.batches
        random_state = self.random_state if estimator.shuffle else None
        engine = new_engine(estimator.engine, *parts, random_state, estimator.clip_norm)
        is_watched = bridge.is_active or self.validator is not None
        max_epochs = 1 if is_watched else engine.max_epochs
        try:
            while self.n_epochs_left > 0:
                n_epochs = min(max_epochs, self.n_epochs_left, self.plateau.n_until)
                bridge.begin_epoch()
                for epoch in engine.train(self.learning_rates(int(n_epochs))):
                    self.end_epoch(epoch)
                if bridge.end_epoch(self):
                    self.stopped = True
        except KeyboardInterrupt:
            if self.incremental:
                # Raised, so that a loop over partial_fit ends, too.
                raise
            self.interrupt()
        self._end()

    @property
    def n_epochs_left(self) -> int:
        """Number of epochs until ``max_iter``; 0 if the fit has stopped."""
        if self.stopped:
            return 0
        return (1 if self.incremental else self.estimator.max_iter) - self.n_iter

    def learning_rates(self, n_epochs: int = 1) -> list[float]:
        """Return the learning rates of the next epochs, before the optimizer's decay."""
        # All calls of partial_fit are one fit.
        epoch, n_rows = len(self.history) if self.incremental else self.n_iter, self.batches.n_rows
        rate = self.schedule.learning_rate
        return [rate(epoch + i, self.n_seen + i * n_rows) for i in range(n_epochs)]

    def end_epoch(self, epoch: Epoch) -> None:
        """Record an epoch, and stop if there is no more improvement."""
        estimator = self.estimator
        has_best = estimator.early_stopping and self.plateau.best > -math.inf
        is_finite = math.isfinite(epoch.loss)
        if not is_finite and not has_best:
            raise self.divergence(f"epoch {self.n_iter + 1}", self._advice())
        self.n_seen += self.batches.n_rows
        is_shared = self.random_state is estimator.random_state
        if self.batches.n_batches == 1 and estimator.shuffle and is_shared:
            # MLPClassifier also draws the order of a single batch.
            self.random_state.shuffle(self.batches.order)
        scale = self.targets.loss_scale
        loss = epoch.loss if scale == 1 else epoch.loss + (scale - 1) * epoch.data_loss
        validation = self.record(
            self.parameters if is_finite else None,
            loss,
            data_loss=epoch.data_loss * scale,
            learning_rate=epoch.learning_rate,
            **self.targets.metrics(epoch.accuracy),
        )
        if has_best and not math.isfinite(validation.get("validation_loss", math.nan)):
            self._return_to_best()
            return
        value = validation["validation_score"] if estimator.early_stopping else -loss
        if math.isnan(value):
            raise self.validator.failure("the validation score is not a number")
        if self.plateau.update(value) and estimator.early_stopping:
            self.best_parameters[:] = self.parameters
        if self.plateau.is_reached:
            self._on_plateau()

    def _return_to_best(self) -> None:
        """Stop a fit that has diverged, with the weights of a better epoch."""
        self.stopped = self.diverged = True
        self.parameters[:] = self.best_parameters
        self.warn(
            f"Training diverged in epoch {self.n_iter}; the weights of the best epoch are kept. "
            f"{self._advice()}."
        )

    def _on_plateau(self) -> None:
        """Reduce the learning rate, or stop."""
        estimator = self.estimator
        self.stopped = not self.schedule.reduce()
        if estimator.verbose:
            print(
                f"{'Validation score' if estimator.early_stopping else 'Training loss'} did not "
                f"improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change} "
                f"consecutive epochs.",
                self.schedule.stop_message
                if self.stopped
                else f"Setting learning rate to {self.learning_rates()[0]:f}",
            )
        if not self.stopped:
            self.plateau.n_without = 0

    def _end(self) -> None:
        """Check the result, and warn if training may have failed."""
        if not np.isfinite(self.parameters).all():
            raise self.divergence(f"epoch {self.n_iter}", self._advice())
        if self.incremental or self.interrupted or self.diverged:
            return
        losses, max_iter = self.history.columns["loss"], self.estimator.max_iter
        if not self.resumed and losses[-1] > losses[0]:
            self.warn(
                f"The training loss rose from {losses[0]:.3g} in the first epoch to "
                f"{losses[-1]:.3g} in the last one. {self._advice()}."
            )
        elif not self.stopped and self.estimator.tol > 0:
            self.warn(
                f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached and the "
                f"optimization hasn't converged yet. Raise max_iter, or set tol=0 to disable "
                f"this warning."
            )

    def _advice(self) -> str:
        return (
            f"Lower learning_rate_init (now {self.schedule.learning_rate_init}) or the penalties, "
            f"or {self.targets.scaling_advice}"
        )

    def fitted_attributes(self, finished: bool = True) -> dict[str, Any]:
        early_stopping = self.estimator.early_stopping
        parameters = self.best_parameters if early_stopping else self.parameters
        return {
            **self.common_attributes(parameters),
            "best_loss_": None if early_stopping else -self.plateau.best,
            "_training_state": vars(self._state(finished and not self.interrupted)),
        }

    def _state(self, finished: bool) -> TrainingState:
        """Return the state from which training resumes."""
        estimator = self.estimator
        if self.diverged:
            return TrainingState()
        resumes = self.incremental or estimator.warm_start or not finished
        keeps_order = resumes and estimator.shuffle and self.batches.n_batches > 1
        has_better = estimator.early_stopping and not finished
        dropout = self.dropout_generator
        return TrainingState(
            solver=solver_name(estimator.solver),
            seed=_seed(estimator.random_state),
            random_state=self.random_state.get_state(legacy=False) if resumes else None,
            split_random_state=self.split_random_state,
            dropout=None if dropout is None else dropout.bit_generator.state,
            order=self.batches.order.astype(np.int32) if keeps_order else None,
            optimizer=self.optimizer.state_dict(),
            learning_rate_scale=self.schedule.scale,
            n_without_improvement=self.plateau.n_without,
            n_iter=0 if finished else self.n_iter,
            parameters=self.parameters.copy() if has_better else None,
        )


def _seed(random_state) -> int | None:
    """Return a seed; None for a RandomState instance."""
    return None if isinstance(random_state, np.random.RandomState) else random_state
