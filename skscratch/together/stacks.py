"""Fits of one shape, trained side by side: bit for bit what each trains alone."""

import pickle
import traceback
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

import numpy as np

from skscratch.estimators.building import (
    batch_size_of,
    hidden_activations,
    hidden_layer_sizes,
    units_of,
    uses_dropout,
)
from skscratch.estimators.fitting import Fit, StochasticFit, TrainingData
from skscratch.estimators.listeners import Listener
from skscratch.nn.network import Network
from skscratch.nn.training import Batches, Epoch, train

# More networks in a stack do not make it faster, and what they need in a step has to stay in the
# processor's last cache, what they need in an epoch in memory.
MAX_NETWORKS = 40
# Networks so large that fewer than these are a stack are as fast alone.
MIN_NETWORKS = 5
MAX_BYTES_OF_STEP = 16 * 2**20
MAX_BYTES_OF_EPOCH = 128 * 2**20


class OriginalError(Exception):
    """A traceback, shown as the cause of an error that is raised in another thread."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class Failure(NamedTuple):
    """What ended a fit before its time."""

    error: Exception
    traceback: str

    @classmethod
    def now(cls, error: Exception) -> "Failure":
        """Return the exception that is being handled."""
        # As text, the traceback passes from process to process, and keeps no arrays alive.
        text = traceback.format_exc()
        return cls(error.with_traceback(None), text)

    def portable(self) -> "Failure":
        """Return one that can be sent to another process."""
        try:
            pickle.loads(pickle.dumps(self.error))
        except Exception:
            return Failure(
                RuntimeError(f"{type(self.error).__name__}: {self.error}"), self.traceback
            )
        return self

    def raise_again(self) -> NoReturn:
        """Raise the exception once more, its traceback as its cause."""
        raise self.error from OriginalError(self.traceback)


def shape_of(estimator, data: TrainingData, resume: bool) -> tuple:
    """Return what fits have in common if they can be stacked."""
    hold_out = estimator.early_stopping and data.validation is None
    state = estimator._training_state if resume else {}
    return (
        estimator.solver,
        estimator.nesterovs_momentum,
        # Without momentum there is none to go on with.
        estimator.solver == "sgd" and estimator.momentum > 0,
        estimator.shuffle,
        estimator.batch_size,
        estimator.clip_norm is None,
        estimator.input_dropout > 0,
        tuple(np.ravel(np.greater(estimator.dropout, 0))),
        tuple(hidden_layer_sizes(estimator)),
        tuple(hidden_activations(estimator)),
        hold_out and estimator.validation_fraction,
        data.n_rows,
        data.sample_weight is None,
        data.X.shape[1],
        data.X.dtype,
        data.n_outputs,
        data.out_activation,
        state["optimizer"]["iterations"] if state else 0,
    )


class Size(NamedTuple):
    """How large the networks of a stack are."""

    units: list[int]
    """Of the inputs and of every layer."""

    n_parameters: int
    batch_size: int

    @classmethod
    def of(cls, estimator, data: TrainingData) -> "Size":
        """Return that of a fit."""
        units = units_of(estimator, data)
        n_parameters = sum((n_inputs + 1) * n_neurons for n_inputs, n_neurons in pairwise(units))
        return cls(units, n_parameters, batch_size_of(estimator, data.n_rows))


def max_stack_size(estimator, data: TrainingData) -> int:
    """Return how many fits like this one may be in a stack."""
    units, n_parameters, batch_size = Size.of(estimator, data)
    # Parameters, gradients, two moments and four more vectors like them; of a batch and of the
    # smaller last one the inputs twice, of every layer the outputs, their gradients and what the
    # activation keeps.
    n_arrays = 8 if uses_dropout(estimator) else 5
    n_rows = batch_size + data.n_rows % batch_size
    step = 8 * n_parameters + n_rows * (2 * units[0] + n_arrays * sum(units[1:]))
    step *= data.X.dtype.itemsize
    # Of every row where it is, and what its loss is made of; its weight, also those of other folds.
    row = 32 + data.X.dtype.itemsize * (4 if data.sample_weight is None else 12)
    epoch = step + row * data.n_rows
    if MAX_BYTES_OF_STEP // step < MIN_NETWORKS:
        return 1
    return max(1, min(MAX_NETWORKS, MAX_BYTES_OF_STEP // step, MAX_BYTES_OF_EPOCH // epoch))


def epoch_cost(estimator, data: TrainingData, n_networks: int) -> float:
    """Return about how many multiplications an epoch of a stack is worth."""
    _, n_parameters, batch_size = Size.of(estimator, data)
    # Measured: a step costs what NumPy's calls cost, however many the networks, and the optimizer
    # takes as long as the products of 16 samples.
    step = 500_000 + n_networks * n_parameters * (batch_size + 16)
    return step * data.n_rows / batch_size


def run_stack(
    fits: Sequence[Fit], listeners: Sequence[Listener] | None = None
) -> list[dict[str, Any] | Failure]:
    """Train fits of one shape side by side.

    Parameters
    ----------
    fits : sequence of Fit
        Stochastic ones, whose estimators and data have the same :func:`shape_of`; or a single one.

    listeners : sequence of Listener, default=None
        One for each fit: is told of its epochs, and may stop it.

    Returns
    -------
    results : list of dict or Failure
        The fitted attributes of each, or why it has none. A fit that fails leaves the others
        untouched.
    """
    told = dict(zip(fits, listeners or [Listener()] * len(fits), strict=True))
    results: dict[Fit, dict[str, Any] | Failure] = {}
    training = [fit for fit in fits if fit.n_epochs_left > 0] if len(fits) > 1 else list(fits)
    shared = SharedData(training) if len(training) > 1 else None
    with np.errstate(over="ignore", invalid="ignore"):
        while len(training) > 1:
            stack = Stack(training, shared)
            ended = []
            while not ended:
                for fit in training:
                    told[fit].begin_epoch()
                for k, (fit, epoch, learning_rate) in enumerate(stack.train_epoch()):
                    try:
                        stop = fit.end_epoch(epoch, learning_rate)
                        if told[fit].reads_fit:
                            stack.hand_back(k)
                        if told[fit].end_epoch(fit):
                            stop = fit.stopped = True
                    except Exception as error:
                        results[fit] = Failure.now(error)
                        stop = True
                    if stop or fit.n_epochs_left == 0:
                        ended.append(fit)
            stack.dissolve()
            training = [fit for fit in training if fit not in ended]
        for fit in fits:
            if fit not in results:
                try:
                    if fit in training:
                        # The last one goes on alone.
                        fit.run(told[fit])
                    else:
                        fit.end()
                    results[fit] = fit.fitted_attributes()
                except Exception as error:
                    results[fit] = Failure.now(error)
    return [results[fit] for fit in fits]


class SharedData:
    """The training data of several fits, each array of them once.

    Folds have data of their own, candidates that are trained on one fold share them.
    """

    def __init__(self, fits: Sequence[StochasticFit]) -> None:
        distinct = {key_of(fit.data): fit.data for fit in fits}
        self.X = _joined([data.X for data in distinct.values()])
        self.y = _joined([data.y for data in distinct.values()])
        starts = np.cumsum([0] + [data.X.shape[0] for data in distinct.values()])
        self._starts = dict(zip(distinct, starts, strict=False))

    def rows(self, fit: StochasticFit) -> np.ndarray:
        """Return where a fit's rows are."""
        rows = fit.batches.rows
        if rows is None:
            rows = np.arange(fit.batches.n_rows)
        return rows + self._starts[key_of(fit.data)]

    def sample_weight(self, fits: Sequence[StochasticFit]) -> np.ndarray | None:
        """Return each fit's weights where its rows are."""
        if fits[0].data.sample_weight is None:
            return None
        weights = np.zeros((len(fits), self.X.shape[0]), self.X.dtype)
        for row, fit in zip(weights, fits, strict=True):
            start = self._starts[key_of(fit.data)]
            row[start : start + fit.data.X.shape[0]] = fit.data.sample_weight
        return weights


def key_of(data: TrainingData) -> tuple[int, int]:
    """Return what only data have in common that are the same arrays."""
    # Not the inputs alone: one-vs-rest fits several targets on them.
    return id(data.X), id(data.y)


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


class Stack:
    """Fits whose networks are rows of one array, until one of them ends."""

    def __init__(self, fits: Sequence[StochasticFit], shared: SharedData) -> None:
        self.fits = fits
        first = fits[0]
        self.network = Network.stack([fit.network for fit in fits])
        self.optimizer = type(first.optimizer).stack([fit.optimizer for fit in fits])
        self.batches = Batches(
            shared.X,
            shared.y,
            shared.sample_weight(fits),
            rows=np.stack([shared.rows(fit) for fit in fits]),
            batch_size=first.batches.batch_size,
            n_outputs=first.data.n_outputs,
        )
        self.batches.order = np.stack([fit.batches.order for fit in fits])
        for fit, parameters in zip(fits, self.network.parameters, strict=True):
            fit.parameters = parameters
        clip_norm = first.estimator.clip_norm
        if clip_norm is not None:
            clip_norm = np.array([[fit.estimator.clip_norm] for fit in fits])
        self.epochs = train(
            self.network,
            self.optimizer,
            self.batches,
            [fit.random_state for fit in fits] if first.estimator.shuffle else None,
            clip_norm,
        )

    def train_epoch(self):
        """Train an epoch; iterate over the fits, what it was for them and their learning rates."""
        self.optimizer.learning_rate = np.array([[fit.learning_rate()] for fit in self.fits])
        # As plain numbers, which are taken out of lists faster than out of arrays.
        epochs = zip(*(part.tolist() for part in next(self.epochs)), strict=True)
        learning_rates = self.optimizer.current_learning_rate[:, 0].tolist()
        for fit, epoch, learning_rate in zip(self.fits, epochs, learning_rates, strict=True):
            yield fit, Epoch(*epoch), learning_rate

    def hand_back(self, k: int) -> None:
        """Give a fit what it would have alone by now: its optimizer's state and its order."""
        fit = self.fits[k]
        fit.optimizer.load_state_dict(self.optimizer.state_dict_of(k))
        fit.batches.order = self.batches.order[k]

    def dissolve(self) -> None:
        """Give every fit its own network, optimizer and order of samples back."""
        for k, fit in enumerate(self.fits):
            fit.network.parameters[:] = self.network.parameters[k]
            fit.parameters = fit.network.parameters
            self.hand_back(k)
