"""Fits of one shape, trained side by side: bit for bit what each trains alone."""

import itertools
import pickle
import traceback
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np
from scipy.sparse import issparse

from skscratch.estimators.data import TrainingData
from skscratch.estimators.observers import Observer
from skscratch.estimators.trainers import StochasticTrainer, Trainer
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


def max_stack_size(trainer: Trainer) -> int:
    """Return how many fits like this one may be in a stack; one is trained alone."""
    if type(trainer) is not StochasticTrainer or trainer.releases_gil or issparse(trainer.data.X):
        return 1
    architecture, batches = trainer.settings.architecture, trainer.batches
    units, itemsize = architecture.units, architecture.dtype.itemsize
    # Parameters, gradients, two moments and four more vectors like them; of a batch and of the
    # smaller last one the inputs twice, of every layer the outputs, their gradients and what the
    # activation keeps.
    n_arrays = 8 if architecture.uses_dropout else 5
    n_rows = batches.batch_size + batches.n_rows % batches.batch_size
    step = 8 * architecture.n_parameters + n_rows * (2 * units[0] + n_arrays * sum(units[1:]))
    step *= itemsize
    # Of every row where it is, and what its loss is made of; its weight, also those of other folds.
    row = 32 + itemsize * (4 if batches.sample_weight is None else 12)
    epoch = step + row * batches.n_rows
    if MAX_BYTES_OF_STEP // step < MIN_NETWORKS:
        return 1
    return max(1, min(MAX_NETWORKS, MAX_BYTES_OF_STEP // step, MAX_BYTES_OF_EPOCH // epoch))


def epoch_cost(trainer: StochasticTrainer, n_networks: int) -> float:
    """Return about how many multiplications an epoch of a stack is worth."""
    n_parameters, batch_size = (
        trainer.settings.architecture.n_parameters,
        trainer.batches.batch_size,
    )
    # Measured: a step costs what NumPy's calls cost, however many the networks, and the optimizer
    # takes as long as the products of 16 samples.
    step = 500_000 + n_networks * n_parameters * (batch_size + 16)
    return step * trainer.batches.n_rows / batch_size


def run_stack(
    trainers: Sequence[Trainer], observers: Sequence[Observer] | None = None
) -> list[dict[str, Any] | Failure]:
    """Train fits of one shape side by side.

    Parameters
    ----------
    trainers : sequence of Trainer
        Stochastic ones with the same ``stack_key``; or a single one of any kind.

    observers : sequence of Observer, default=None
        One for each fit: is told of its epochs, and may stop it.

    Returns
    -------
    results : list of dict or Failure
        The fitted attributes of each, or why it has none. A fit that fails leaves the others
        untouched.
    """
    told = dict(zip(trainers, observers or [Observer()] * len(trainers), strict=True))
    results: dict[Trainer, dict[str, Any] | Failure] = {}
    training = list(trainers)
    if len(training) > 1:
        training = [trainer for trainer in training if trainer.n_epochs_left > 0]
    shared = SharedData(training) if len(training) > 1 else None
    with np.errstate(over="ignore", invalid="ignore"):
        while len(training) > 1:
            stack = Stack(training, shared)
            ended = []
            while not ended:
                for trainer in training:
                    told[trainer].begin_epoch()
                for k, (trainer, epoch) in enumerate(stack.train_epoch()):
                    try:
                        trainer.end_epoch(epoch)
                        if told[trainer].reads_fit:
                            stack.hand_back(k)
                        if told[trainer].end_epoch(trainer):
                            trainer.stopped = True
                    except Exception as error:
                        results[trainer] = Failure.now(error)
                        trainer.stopped = True
                    if trainer.n_epochs_left == 0:
                        ended.append(trainer)
            stack.dissolve()
            training = [trainer for trainer in training if trainer not in ended]
        for trainer in trainers:
            if trainer not in results:
                try:
                    if trainer in training:
                        # The last one goes on alone.
                        trainer.run(told[trainer])
                    else:
                        trainer.end()
                    results[trainer] = trainer.fitted_attributes()
                except Exception as error:
                    results[trainer] = Failure.now(error)
    return [results[trainer] for trainer in trainers]


class SharedData:
    """The training data of several fits, each array of them once.

    Folds have data of their own, candidates that are trained on one fold share them.
    """

    def __init__(self, trainers: Sequence[StochasticTrainer]) -> None:
        distinct = {key_of(trainer.data): trainer.data for trainer in trainers}
        self.X = _joined([data.X for data in distinct.values()])
        self.y = _joined([data.y for data in distinct.values()])
        starts = np.cumsum([0] + [data.X.shape[0] for data in distinct.values()])
        self._starts = dict(zip(distinct, starts, strict=False))

    def rows(self, trainer: StochasticTrainer) -> np.ndarray:
        """Return where a fit's rows are."""
        rows = trainer.batches.rows
        if rows is None:
            rows = np.arange(trainer.batches.n_rows)
        return rows + self._starts[key_of(trainer.data)]

    def sample_weight(self, trainers: Sequence[StochasticTrainer]) -> np.ndarray | None:
        """Return each fit's weights where its rows are."""
        if trainers[0].data.sample_weight is None:
            return None
        weights = np.zeros((len(trainers), self.X.shape[0]), self.X.dtype)
        for row, trainer in zip(weights, trainers, strict=True):
            start = self._starts[key_of(trainer.data)]
            row[start : start + trainer.data.X.shape[0]] = trainer.data.sample_weight
        return weights


def key_of(data: TrainingData) -> tuple[int, int]:
    """Return what only data have in common that are the same arrays."""
    # Not the inputs alone: one-vs-rest fits several targets on them.
    return id(data.X), id(data.y)


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


class Stack:
    """Fits whose networks are rows of one array, until one of them ends."""

    def __init__(self, trainers: Sequence[StochasticTrainer], shared: SharedData) -> None:
        self.trainers = trainers
        first = trainers[0]
        self.network = Network.stack([trainer.network for trainer in trainers])
        self.optimizer = type(first.optimizer).stack([trainer.optimizer for trainer in trainers])
        self.batches = Batches(
            shared.X,
            shared.y,
            shared.sample_weight(trainers),
            rows=np.stack([shared.rows(trainer) for trainer in trainers]),
            batch_size=first.batches.batch_size,
            n_outputs=first.batches.n_outputs,
        )
        self.batches.order = np.stack([trainer.batches.order for trainer in trainers])
        for trainer, parameters in zip(trainers, self.network.parameters, strict=True):
            trainer.parameters = parameters
        clip_norm = first.settings.clip_norm
        if clip_norm is not None:
            clip_norm = np.array([[trainer.settings.clip_norm] for trainer in trainers])
        self.epochs = train(
            self.network,
            self.optimizer,
            self.batches,
            [trainer.random_state for trainer in trainers] if first.settings.shuffle else None,
            clip_norm,
            learning_rates=lambda _: [np.array([each.learning_rates() for each in trainers])],
        )

    def train_epoch(self):
        """Train an epoch; iterate over the fits and what it was for them."""
        (epoch,) = next(self.epochs)
        epoch = epoch._replace(learning_rate=epoch.learning_rate[:, 0])
        # As plain numbers, which are taken out of lists faster than out of arrays.
        epochs = zip(*(part.tolist() for part in epoch), strict=True)
        return zip(self.trainers, itertools.starmap(Epoch, epochs), strict=True)

    def hand_back(self, k: int) -> None:
        """Give a fit what it would have alone by now: its optimizer's state and its order."""
        trainer = self.trainers[k]
        trainer.optimizer.load_state_dict(self.optimizer.state_dict_of(k))
        trainer.batches.order = self.batches.order[k]

    def dissolve(self) -> None:
        """Give every fit its own network, optimizer and order of samples back."""
        for k, trainer in enumerate(self.trainers):
            trainer.network.parameters[:] = self.network.parameters[k]
            trainer.parameters = trainer.network.parameters
            self.hand_back(k)
