"""The native engine: the epochs of :mod:`skscratch.nn.engine` and its predictions, in C."""

import contextlib
import ctypes
from collections.abc import Sequence

import numpy as np

from skscratch.native.library import Library, library
from skscratch.nn.activations import Activation, Identity
from skscratch.nn.batches import Batches, Epoch
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.network import Network
from skscratch.nn.optimizers import Optimizer
from skscratch.nn.prediction import FittedNetwork, softmax

__all__ = ["NativeEngine", "NativeFittedNetwork"]

# Attributes of losses: one number for all outputs, or one for each.
LOSS_SETTINGS = "delta", "quantile"
MAX_LAYERS = 64
# Floating-point operations per call, about a second: Python handles interrupts between calls.
WORK_PER_CALL = 3e9
# Largest number of rows of several epochs per call; it limits the memory of their orders.
MAX_ROWS = 1 << 17
# Rows that are computed at once: bytes of their activations, and bounds on their number.
CHUNK_BYTES, MIN_CHUNK, MAX_CHUNK = 1 << 17, 64, 1024
LARGE_WEIGHTS = 1 << 15
# Rows that are predicted per call; it limits the memory of their conversion.
PREDICTED_ROWS = 1 << 13


class NativeEngine:
    """Training in C, several epochs per call.

    Parameters, attributes and methods are those of :class:`~skscratch.nn.engine.NumPyEngine`. All
    objects are left in the same state, so either engine continues the other's training. The
    optimizer may be None if only :meth:`compute_gradients` is called. An ImportError is
    raised if the library is not available, a ValueError if it does not support all parts.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer | None,
        batches: Batches,
        random_state: np.random.RandomState | np.random.Generator | None = None,
        clip_norm: float | None = None,
    ) -> None:
        reason = self.unsupported(network, optimizer)
        if reason is not None:
            raise ValueError(f"engine='native' does not support {reason}; use engine='numpy'.")
        self.network, self.optimizer, self.batches = network, optimizer, batches
        self.random_state = random_state if batches.n_batches > 1 else None
        self._library = library()
        self._task = task = _new_task(self._library, [layer.weights for layer in network.dense])
        self._lock = contextlib.nullcontext()
        self._set_network()
        self._set_data()
        task.clip_norm = np.inf if clip_norm is None else clip_norm
        task.optimizer = -1
        if optimizer is not None:
            task.optimizer = self._library.codes["optimizers"][type(optimizer).__name__]
        task.point(workspace=self._library.workspace(task))

    @staticmethod
    def unsupported(network: Network, optimizer: Optimizer | None) -> str | None:
        """Return the part that the library does not support, None if it supports all of them."""
        dtype = network.parameters.dtype
        if dtype not in (np.float32, np.float64):
            return f"parameters of dtype {dtype}"
        activations = [each for each in network.layers if type(each) not in (Dense, Dropout)]
        parts = [*(("activations", each) for each in activations), ("losses", network.loss)]
        parts += [("optimizers", optimizer)] * (optimizer is not None)
        for kind, part in parts:
            if not _is_built_in(kind, type(part)):
                return f"{part!r}, only the package's own {kind}"
        if len(network.dense) > MAX_LAYERS:
            return f"more than {MAX_LAYERS} dense layers"
        if _layers_of(network) is None:
            return (
                f"{network.layers}, only dense layers, each followed by at most one activation and "
                f"then at most one Dropout, all of which share a generator"
            )
        return None

    @property
    def max_epochs(self) -> int:
        """Largest useful number of epochs per call of :meth:`train`."""
        return max(1, min(MAX_ROWS, self._task.rows_per_call) // self.batches.n_rows)

    def train(self, learning_rates: Sequence[float]) -> list[Epoch]:
        """Train for one epoch per learning rate."""
        optimizer, task, parameters = self.optimizer, self._task, self.network.parameters
        for name in self._library.numbers:  # settings and iterations
            if hasattr(optimizer, name):
                setattr(task, name, float(getattr(optimizer, name)))
        task.point(
            learning_rates=np.array(learning_rates, np.float64),
            **{name: optimizer.state_array(name, parameters) for name in optimizer.state_arrays},
        )
        try:
            sums = self._run(len(learning_rates))
        finally:  # also after an interrupt
            optimizer.iterations = int(task.iterations)
            optimizer.current_learning_rate = task.current_learning_rate
        optimizer.learning_rate = learning_rates[-1]
        return [
            Epoch(data_loss + penalty, data_loss, accuracy, learning_rate)
            for data_loss, penalty, accuracy, learning_rate in sums
        ]

    def compute_gradients(self) -> tuple[float, float]:
        """Return the loss of all rows and the penalties, and set ``network.gradients``."""
        if self.optimizer is not None:
            return NativeEngine(self.network, None, self.batches).compute_gradients()
        ((data_loss, penalty, _, _),) = self._run(1)
        return data_loss, penalty

    def _run(self, n_epochs: int) -> list[list[float]]:
        """Train for some epochs; return loss, penalty, accuracy and learning rate of each."""
        task, sums = self._task, np.zeros((n_epochs, 4), np.float64)
        task.n_epochs, task.epoch, task.batch, task.row, task.element = n_epochs, 0, 0, 0, 0
        task.point(sums=sums)
        if task.orders is not None:
            task.point(orders=self._orders(n_epochs))
        with self._lock:
            while task.epoch < n_epochs:
                self._library.train(task)
        sums[:, :3] /= self.batches.n_rows
        return sums.tolist()

    def _orders(self, n_epochs: int) -> np.ndarray:
        """Return the rows of X in the order of each epoch."""
        batches = self.batches
        orders = np.empty((n_epochs, batches.n_rows), np.int64)
        for order in orders:
            if self.random_state is not None:
                batches.shuffle(self.random_state)
            order[:] = batches.order
        return orders if batches.rows is None else batches.rows.astype(np.int64)[orders]

    def _set_network(self) -> None:
        """Set the members of the task that describe the network and its dropout."""
        network, task, codes = self.network, self._task, self._library.codes
        activations, rates, generator = _layers_of(network)
        settings = [getattr(network.loss, name, None) for name in LOSS_SETTINGS]
        setting = next((value for value in settings if value is not None), 0.0)
        task.alpha, task.loss = float(network.alpha), codes["losses"][type(network.loss).__name__]
        task.point(
            activations=np.array(
                [codes["activations"][each.__name__] for each in activations], np.int64
            ),
            dropout=np.array(rates, np.float64),
            regularizers=np.array(
                [[*layer.weight_penalty, *layer.bias_penalty] for layer in network.dense],
                np.float64,
            ),
            loss_settings=np.array(np.broadcast_to(setting, self.batches.n_outputs), np.float64),
            parameters=network.parameters,
            gradients=network.gradients,
        )
        if generator is not None:
            self._lock, functions = generator.bit_generator.lock, generator.bit_generator.ctypes
            task.random_state = functions.state_address
            task.next_uint32 = ctypes.cast(functions.next_uint32, ctypes.c_void_p).value
            task.next_double = ctypes.cast(functions.next_double, ctypes.c_void_p).value

    def _set_data(self) -> None:
        """Set the data, and the number of rows that are computed at once and per call."""
        task, batches, dtype = self._task, self.batches, self.network.parameters.dtype
        task.n_rows = batches.n_rows
        task.batch_size = batches.n_rows if self.optimizer is None else batches.batch_size
        _set_inputs(task, batches.X, dtype)
        if batches.y.ndim == 1:
            task.point(classes=np.ascontiguousarray(batches.y, np.int64))
        else:
            task.point(targets=np.ascontiguousarray(batches.y, dtype))
        if batches.sample_weight is not None:
            task.point(sample_weight=np.ascontiguousarray(batches.sample_weight, dtype))
        is_copied = task._dropout[0] > 0 and task.X is not None
        if batches.rows is not None or task.batch_size < batches.n_rows or is_copied:
            task.point(orders=np.empty(1, np.int64))
        widths = np.array([layer.weights.shape for layer in self.network.dense], np.float64)
        if task.X is None:
            lengths = np.sort(np.diff(batches.X.indptr))
            task.max_elements = int(lengths[-task.batch_size :].sum())
            widths[0, 0] = 1 + lengths.mean()
        work = 6 * widths.prod(axis=1).sum() + 80 * widths[:, 1].sum()
        work += (20 * self.network.parameters.size + 1500) / task.batch_size
        task.rows_per_call = max(1, int(WORK_PER_CALL / work))
        task.chunk_size = min(task.batch_size, _chunk_size(task, dtype))


class NativeFittedNetwork(FittedNetwork):
    """A fitted network whose outputs are computed in C."""

    @staticmethod
    def unsupported(activations: Sequence[type[Activation]]) -> str | None:
        """Return the part that the library does not support, None if it supports all of them."""
        for activation in activations:
            if not _is_built_in("activations", activation):
                return f"{activation.__name__}, only the package's own activations"
        return None if len(activations) < MAX_LAYERS else f"more than {MAX_LAYERS} dense layers"

    def forward(self, X, output=None) -> np.ndarray:
        """Return the outputs, see :meth:`~skscratch.nn.prediction.FittedNetwork.forward`."""
        dtype, loaded = self.weights[0].dtype, library()
        codes = [loaded.codes["activations"][each.__name__] for each in self.activations]
        task, is_native = _new_task(loaded, self.weights), output in (None, softmax)
        arrays = [np.ravel(part) for part in (*self.weights, *self.biases)]
        n_outputs = self.weights[-1].shape[1]
        outputs = np.empty((X.shape[0] if is_native else 0, n_outputs), dtype)
        task.probabilities = output is softmax
        task.chunk_size = min(X.shape[0], _chunk_size(task, dtype))
        task.point(
            activations=np.array([*codes, 0], np.int64),  # the last one is not used
            parameters=np.concatenate(arrays, dtype=dtype),
        )
        results = []
        for start in range(0, X.shape[0], PREDICTED_ROWS):
            rows = X[start : start + PREDICTED_ROWS]
            task.n_rows = rows.shape[0]
            _set_inputs(task, rows, dtype)
            task.point(
                output=outputs[start:] if is_native else np.empty((task.n_rows, n_outputs), dtype)
            )
            if start == 0:
                task.point(workspace=loaded.workspace(task))
            loaded.predict(task)
            if not is_native:
                results.append(output(task._output))
        return outputs if is_native else np.concatenate(results)


def _new_task(loaded: Library, weights: Sequence[np.ndarray]):
    """Return a task for a network with these weights."""
    dtype = weights[0].dtype
    task = loaded.Task(is_double=dtype == np.float64, n_layers=len(weights))
    task.gemm = loaded.gemm[task.is_double]
    sizes = [weights[0].shape[0], *(array.shape[1] for array in weights)]
    task.point(sizes=np.array(sizes, np.int64))
    return task


def _set_inputs(task, X, dtype) -> None:
    """Set the addresses of a dense or a CSR matrix."""
    if isinstance(X, np.ndarray):
        task.point(X=np.ascontiguousarray(X, dtype))
        return
    task.wide_indices = max(X.indices.dtype.itemsize, X.indptr.dtype.itemsize) > 4
    index = np.int64 if task.wide_indices else np.int32
    task.point(
        elements=np.ascontiguousarray(X.data, dtype),
        columns=np.ascontiguousarray(X.indices, index),
        starts=np.ascontiguousarray(X.indptr, index),
    )


def _chunk_size(task, dtype) -> int:
    """Return the number of rows whose activations fit into the cache."""
    sizes = task._sizes
    # A large weight matrix is read once per chunk, so the chunks are large.
    if (sizes[1:] * sizes[:-1]).max() >= LARGE_WEIGHTS:
        return MAX_CHUNK
    n_bytes = dtype.itemsize * 3 * int(sizes.sum())
    return max(MIN_CHUNK, min(MAX_CHUNK, CHUNK_BYTES // n_bytes))


def _is_built_in(kind: str, part: type) -> bool:
    """Return whether a class is the one in :mod:`skscratch.nn` that the library mirrors."""
    return part.__name__ in library().codes[kind] and part.__module__ == f"skscratch.nn.{kind}"


def _layers_of(network: Network) -> tuple[list[type], list[float], object] | None:
    """Return the activation after, and the dropout rate before each dense layer, and the generator.

    None if the order is not dense, activation, dropout, or if several generators are used.
    """
    activations: list[type] = []
    rates: list[float] = []
    generators, rate, previous = [], 0.0, None
    for layer in network.layers:
        kind = type(layer)
        if kind is Dense:
            activations.append(Identity)
            rates.append(rate)
            rate = 0.0
        elif kind is Dropout and previous is not Dropout:
            rate = layer.rate
            generators.append(layer.random_state)
        elif kind is not Dropout and previous is Dense:
            activations[-1] = kind
        else:
            return None
        previous = kind
    if any(each is not generators[0] for each in generators):
        return None
    return activations, rates, generators[0] if generators else None
