"""Fits of one shape, trained side by side: bit for bit what each trains alone."""

import copy
import traceback
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from skscratch.estimators.data import TrainingData
from skscratch.estimators.observers import Observer
from skscratch.estimators.settings import Settings
from skscratch.estimators.trainers import StochasticTrainer, trainer_of
from skscratch.nn.network import Network
from skscratch.nn.training import Batches, Epoch, train

# More networks in a stack do not make it faster, and what they need in a step has to stay in the
# processor's last cache, what they need in an epoch in memory.
MAX_NETWORKS = 40
# Networks so large that fewer than these are a stack are as fast alone.
MIN_NETWORKS = 5
MAX_BYTES_OF_STEP = 16 * 2**20
MAX_BYTES_OF_EPOCH = 128 * 2**20


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


def shape_of(estimator, data: TrainingData, resume: bool) -> tuple:
    """Return what fits have in common if they can be stacked."""
    # A copy: a trainer may draw from the estimator's generator.
    return trainer_of(copy.deepcopy(estimator), data, resume=resume).stack_key


def max_stack_size(estimator, data: TrainingData) -> int:
    """Return how many fits like this one may be in a stack."""
    settings = Settings.of(estimator, data.X.shape[1], data.X.dtype, data.targets)
    if settings.engine == "numba":
        # Has no stacks, and no calls to NumPy whose cost they would share.
        return 1
    architecture = settings.architecture
    units, n_parameters = architecture.units, architecture.n_parameters
    batch_size = settings.batch_size_of(data.n_rows)
    # Parameters, gradients, two moments and four more vectors like them; of a batch and of the
    # smaller last one the inputs twice, of every layer the outputs, their gradients and what the
    # activation keeps.
    n_arrays = 8 if architecture.uses_dropout else 5
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
    settings = Settings.of(estimator, data.X.shape[1], data.X.dtype, data.targets)
    batch_size = settings.batch_size_of(data.n_rows)
    # Measured: a step costs what NumPy's calls cost, however many the networks, and the optimizer
    # takes as long as the products of 16 samples.
    step = 500_000 + n_networks * settings.architecture.n_parameters * (batch_size + 16)
    return step * data.n_rows / batch_size


def run_stack(
    fits: Sequence[StochasticTrainer], observer: Observer | None = None
) -> list[dict[str, Any] | Failure]:
    """Train fits of one shape side by side.

    Parameters
    ----------
    fits : sequence of StochasticTrainer
        Whose estimators and data have the same :func:`shape_of`.

    observer : Observer, default=None
        Is told of every epoch of the stack, and may stop it.

    Returns
    -------
    results : list of dict or Failure
        The fitted attributes of each, or why it has none. A fit that fails leaves the others
        untouched.
    """
    observer = observer or Observer()
    results: dict[int, dict[str, Any] | Failure] = {}
    training = [fit for fit in fits if fit.n_epochs_left > 0]
    shared = SharedData(training) if len(training) > 1 else None
    with np.errstate(over="ignore", invalid="ignore"):
        while len(training) > 1:
            stack = Stack(training, shared)
            ended = []
            while not ended:
                observer.begin_epoch()
                for fit, epoch, learning_rate in stack.train_epoch():
                    try:
                        fit.end_epoch(epoch, learning_rate)
                    except Exception as error:
                        results[id(fit)] = Failure.now(error)
                        fit.stopped = True
                    if fit.n_epochs_left == 0:
                        ended.append(fit)
                if observer.end_epoch(stack):
                    ended = training
                    for fit in training:
                        fit.stopped = True
            stack.dissolve()
            training = [fit for fit in training if fit not in ended]
        for fit in fits:
            if id(fit) not in results:
                try:
                    if fit in training:
                        # The last one goes on alone.
                        fit.run(observer)
                    else:
                        fit.end()
                    results[id(fit)] = fit.fitted_attributes()
                except Exception as error:
                    results[id(fit)] = Failure.now(error)
    return [results[id(fit)] for fit in fits]


class SharedData:
    """The training data of several fits, each array of them once.

    Folds have data of their own, candidates that are trained on one fold share them.
    """

    def __init__(self, fits: Sequence[StochasticTrainer]) -> None:
        distinct = {id(fit.data.X): fit.data for fit in fits}
        self.X = _joined([data.X for data in distinct.values()])
        self.y = _joined([data.y for data in distinct.values()])
        starts = np.cumsum([0] + [data.X.shape[0] for data in distinct.values()])
        self._starts = dict(zip(distinct, starts, strict=False))

    def rows(self, fit: StochasticTrainer) -> np.ndarray:
        """Return where a fit's rows are."""
        rows = fit.batches.rows
        if rows is None:
            rows = np.arange(fit.batches.n_rows)
        return rows + self._starts[id(fit.data.X)]

    def sample_weight(self, fits: Sequence[StochasticTrainer]) -> np.ndarray | None:
        """Return each fit's weights where its rows are."""
        if fits[0].data.sample_weight is None:
            return None
        weights = np.zeros((len(fits), self.X.shape[0]), self.X.dtype)
        for row, fit in zip(weights, fits, strict=True):
            start = self._starts[id(fit.data.X)]
            row[start : start + fit.data.X.shape[0]] = fit.data.sample_weight
        return weights


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


class Stack:
    """Fits whose networks are rows of one array, until one of them ends."""

    def __init__(self, fits: Sequence[StochasticTrainer], shared: SharedData) -> None:
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
            n_outputs=first.targets.n_outputs,
        )
        self.batches.order = np.stack([fit.batches.order for fit in fits])
        for fit, parameters in zip(fits, self.network.parameters, strict=True):
            fit.parameters = parameters
        clip_norm = first.settings.clip_norm
        if clip_norm is not None:
            clip_norm = np.array([[fit.settings.clip_norm] for fit in fits])
        self.epochs = train(
            self.network,
            self.optimizer,
            self.batches,
            [fit.random_state for fit in fits] if first.settings.shuffle else None,
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

    def dissolve(self) -> None:
        """Give every fit its own network, optimizer and order of samples back."""
        for k, fit in enumerate(self.fits):
            fit.network.parameters[:] = self.network.parameters[k]
            fit.parameters = fit.network.parameters
            fit.optimizer.load_state_dict(self.optimizer.state_dict_of(k))
            fit.batches.order = self.batches.order[k]
