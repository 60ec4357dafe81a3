"""The NumPy engine: one epoch of training, batch by batch."""

from collections.abc import Sequence

import numpy as np

from skscratch.nn.batches import Batches, Epoch
from skscratch.nn.network import Network
from skscratch.nn.optimizers import Optimizer

__all__ = ["NumPyEngine"]


class NumPyEngine:
    """Training with the methods of the layers.

    Parameters
    ----------
    network : Network
        The network to train. Its parameters are changed in place.
    optimizer : Optimizer
        Updates the parameters after every batch.
    batches : Batches
        The training data.
    random_state : RandomState or Generator, default=None
        Shuffles the samples before each epoch. If None, the samples keep their order.
    clip_norm : float, default=None
        Largest norm of the gradient, see :meth:`~skscratch.nn.network.Network.clip_gradients`.
        If None, gradients are not clipped.

    Attributes
    ----------
    max_epochs : int
        Largest useful number of epochs per call of :meth:`train`.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import SGD, Batches, Dense, IdentitySquaredError, Network, NumPyEngine
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> network = Network([Dense(1, 1, random_state=0)], IdentitySquaredError())
    >>> batches = Batches(X, 2 * X, batch_size=2, n_outputs=1)
    >>> engine = NumPyEngine(network, SGD(), batches, random_state=np.random.RandomState(0))
    >>> epochs = engine.train([0.1] * 100)
    >>> round(epochs[0].loss, 3), round(epochs[-1].loss, 3)
    (6.528, 0.0)
    """

    max_epochs = 1

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        batches: Batches,
        random_state: np.random.RandomState | np.random.Generator | None = None,
        clip_norm: float | None = None,
    ) -> None:
        self.network, self.optimizer, self.batches = network, optimizer, batches
        self.random_state, self.clip_norm = random_state, clip_norm

    def train(self, learning_rates: Sequence[float]) -> list[Epoch]:
        """Train for one epoch per learning rate, which is the rate before the optimizer's decay."""
        return [self._train_epoch(learning_rate) for learning_rate in learning_rates]

    def _train_epoch(self, learning_rate: float) -> Epoch:
        network, optimizer = self.network, self.optimizer
        optimizer.learning_rate = learning_rate
        if self.random_state is not None:
            self.batches.shuffle(self.random_state)

        data_loss, regularization_loss, n_correct = 0.0, 0.0, 0
        for inputs, targets, sample_weight in self.batches:
            losses = network.compute_gradients(inputs, targets, sample_weight)
            n_correct += int(network.loss.correct(network.output, targets).sum())
            if self.clip_norm is not None:
                network.clip_gradients(self.clip_norm)
            optimizer.update(network.parameters, network.gradients)

            # As in MLPClassifier, the mean loss of a batch is weighted by its number of samples.
            data_loss += len(targets) * losses[0]
            regularization_loss += len(targets) * losses[1]

        n_rows = self.batches.n_rows
        return Epoch(
            loss=(data_loss + regularization_loss) / n_rows,
            data_loss=data_loss / n_rows,
            accuracy=n_correct / n_rows,
            learning_rate=optimizer.current_learning_rate,
        )

    def compute_gradients(self) -> tuple[float, float]:
        """Return the loss of all rows and the penalties, and set ``network.gradients``."""
        return self.network.compute_gradients(*self.batches.full_batch)
