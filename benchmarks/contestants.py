"""Contestants: functions ``fit(X, y, arguments)`` that return a fitted model.

A model has ``predict_proba(X)``, or ``predict(X)`` if ``y`` contains floating-point numbers. All
contestants receive the same arrays of the same dtype and the same arguments, and take the same
number of steps on batches of the same sizes, without early stopping. JAX, PyTorch and skorch are
optional.
"""

import os
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from multiprocessing import get_context

import joblib
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, ParameterGrid, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks import book
from skscratch import MLPScratchClassifier, MLPScratchRegressor

try:
    import jax
    import jax.numpy as jnp
    import optax
except ImportError:
    jax = None
else:
    jax.config.update("jax_enable_x64", True)
try:
    import torch
except ImportError:
    torch = None
try:
    import skorch
except ImportError:
    skorch = None

REFERENCE = "MLPClassifier"
DEFAULT = "skscratch"
NUMPY = "skscratch, NumPy"
JAX = "JAX"
PRODUCTS = "NumPy matrix products"


@dataclass(frozen=True)
class Arguments:
    """Arguments of all contestants. Hidden layers have ReLU activations.

    The output is a softmax with cross-entropy, or the identity with half the squared error.
    """

    hidden: tuple[int, ...] = (100,)
    batch_size: int = 200
    epochs: int = 10
    learning_rate: float = 0.001
    solver: str = "adam"
    # MLPClassifier's default penalty: alpha / batch_size * weights is added to the gradient.
    alpha: float = 0.0001


def fit_skscratch(X, y, arguments: Arguments, **parameters):
    """Fit with default settings, the engine included, unless ``parameters`` differ."""
    estimator_class = MLPScratchRegressor if _is_regression(y) else MLPScratchClassifier
    return _fit_estimator(partial(estimator_class, **parameters), X, y, arguments)


def fit_mlpclassifier(X, y, arguments: Arguments):
    """Fit the reference: MLPClassifier, or MLPRegressor."""
    return _fit_estimator(MLPRegressor if _is_regression(y) else MLPClassifier, X, y, arguments)


def _is_regression(y) -> bool:
    return y.dtype.kind == "f"


def _fit_estimator(estimator_class, X, y, arguments: Arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return _estimator(estimator_class, X, arguments).fit(X, y)


def _estimator(estimator_class, X, arguments: Arguments):
    return estimator_class(
        hidden_layer_sizes=arguments.hidden,
        solver=arguments.solver,
        alpha=arguments.alpha,
        batch_size=min(arguments.batch_size, X.shape[0]),
        learning_rate_init=arguments.learning_rate,
        max_iter=arguments.epochs,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=0,
    )


def search(contestant: str, X, y, arguments: Arguments, grid: dict) -> float:
    """Search a grid with 5 folds, one BLAS thread per job; return the best score."""
    estimator_class, backend, n_jobs = SEARCHERS[contestant]
    if contestant == JAX:
        return search_jax(X, y, arguments, grid, n_jobs)
    estimator = _estimator(estimator_class, X, arguments)
    # The other backends run in this process, which has one thread already.
    options = {"inner_max_num_threads": 1} if backend == "loky" else {}
    with (
        warnings.catch_warnings(),
        joblib.parallel_config(backend=backend, n_jobs=n_jobs, **options),
    ):
        warnings.simplefilter("ignore", ConvergenceWarning)
        return GridSearchCV(estimator, grid, refit=False).fit(X, y).best_score_


class JaxModel:
    """Trained parameters, with NumPy arrays in and out."""

    def __init__(self, parameters) -> None:
        self.parameters = parameters

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(jax.nn.softmax(_jax_logits(self.parameters, X)))

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(_jax_logits(self.parameters, X))[:, 0]


def fit_jax(X, y, arguments: Arguments) -> JaxModel:
    """Train with the fastest plain loop: a call per epoch to a jitted scan over its batches.

    It is compiled for every new shape; :class:`benchmarks.cases.FirstFit` includes this time.
    """
    parameters = _first_parameters(X, y, arguments, np.random.RandomState(0))
    rate = X.dtype.type(arguments.learning_rate)
    return JaxModel(_train_jax(parameters, X, y, arguments, rate, np.arange(len(X))))


def search_jax(X, y, arguments: Arguments, grid: dict, n_jobs: int) -> float:
    """Search with vmap: each process trains a part of the networks in one program.

    vmap requires the same number of rows, so all folds are truncated to the smallest one.
    """
    folds = list(StratifiedKFold().split(X, y))
    n_rows = min(len(train) for train, _ in folds)
    candidates = list(ParameterGrid(grid))
    fits = [(candidate, train[:n_rows], test) for candidate in candidates for train, test in folds]
    accuracies = np.empty(len(fits))
    parts = [
        process.submit(_jax_accuracies, X, y, arguments, fits[job::n_jobs])
        for job, process in enumerate(_jax_processes(n_jobs))
    ]
    for job, part in enumerate(parts):
        accuracies[job::n_jobs] = part.result()
    return accuracies.reshape(len(candidates), len(folds)).mean(axis=1).max()


@cache
def _jax_processes(n_jobs: int) -> list[ProcessPoolExecutor]:
    """Start a process for each part, which caches the programs that it compiles."""
    return [ProcessPoolExecutor(1, get_context("spawn")) for _ in range(n_jobs)]


def _jax_accuracies(X, y, arguments: Arguments, fits: list[tuple]) -> list[float]:
    """Return the accuracies of fits: candidates, rows to train on, rows to test on."""
    rng = np.random.RandomState(0)
    networks = [_first_parameters(X, y, arguments, rng) for _ in fits]
    parameters = jax.tree.map(lambda *arrays: np.stack(arrays), *networks)
    candidates, orders, tests = zip(*fits, strict=True)
    rates = np.array([candidate["learning_rate_init"] for candidate in candidates], X.dtype)
    parameters = _train_jax(parameters, X, y, arguments, rates, np.stack(orders))
    classes = np.asarray(jax.vmap(_jax_logits, (0, None))(parameters, X)).argmax(axis=2)
    pairs = zip(classes, tests, strict=True)
    return [np.mean(predicted[test] == y[test]) for predicted, test in pairs]


def _first_parameters(X, y, arguments: Arguments, rng: np.random.RandomState) -> list:
    """Return weights and biases of each layer."""
    parameters = []
    for n_inputs, n_neurons in pairwise(_units(X, y, arguments)):
        bound = _bound(n_inputs, n_neurons)
        shapes = (n_inputs, n_neurons), n_neurons
        parameters.append([rng.uniform(-bound, bound, size).astype(X.dtype) for size in shapes])
    return parameters


def _train_jax(parameters, X, y, arguments: Arguments, rate, order: np.ndarray):
    """Train one network, or several with their own parameters, learning rate and row of order."""
    _start_jax()
    n_rows = order.shape[-1]
    batch_size = min(arguments.batch_size, n_rows)
    start, train_epoch = _jax_epoch(batch_size, arguments.alpha, _is_regression(y), order.ndim == 2)
    parameters, X, y, rate = jax.device_put((parameters, X, y, rate))
    state, rng = start(parameters), np.random.RandomState(0)
    for _ in range(arguments.epochs):
        if batch_size < n_rows:
            for rows in order.reshape(-1, n_rows):
                rng.shuffle(rows)
        # A copy, because the array may be read while the next order is drawn.
        parameters, state = train_epoch(parameters, state, X, y, order.copy(), rate)
    return jax.block_until_ready(parameters)


@cache
def _start_jax() -> None:
    """Limit JAX to one thread: at first use, it starts one for each core of its affinity mask."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        jax.block_until_ready(jnp.zeros(1))
    finally:
        # The threads may run on any core; parallel processes would share the first one.
        for thread in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(thread), cores)


# Cached, because a new function would be compiled again.
@cache
def _jax_epoch(batch_size: int, alpha: float, is_regression: bool, vectorized: bool):
    """Return the initialization of the optimizer's state, and the compiled epoch."""

    def loss(parameters, X, y):
        logits = _jax_logits(parameters, X)
        if is_regression:
            losses = optax.l2_loss(logits[:, 0], y)
        else:
            losses = optax.softmax_cross_entropy_with_integer_labels(logits, y)
        squares = sum((weights * weights).sum() for weights, _ in parameters)
        return losses.mean() + alpha / 2 / len(X) * squares

    def train_epoch(parameters, state, X, y, order, rate):
        optimizer = optax.adam(rate)

        def step(carry, rows):
            parameters, state = carry
            gradients = jax.grad(loss)(parameters, X[rows], y[rows])
            updates, state = optimizer.update(gradients, state)
            return (optax.apply_updates(parameters, updates), state), None

        n_whole = len(order) // batch_size * batch_size
        batches = order[:n_whole].reshape(-1, batch_size)
        carry, _ = jax.lax.scan(step, (parameters, state), batches)
        if n_whole < len(order):
            carry, _ = step(carry, order[n_whole:])
        return carry

    start = optax.adam(0.0).init
    if vectorized:
        start = jax.vmap(start)
        train_epoch = jax.vmap(train_epoch, (0, 0, None, None, 0, 0))
    return start, jax.jit(train_epoch)


def _jax_logits(parameters, X):
    *hidden, (weights, biases) = parameters
    for hidden_weights, hidden_biases in hidden:
        X = jax.nn.relu(X @ hidden_weights + hidden_biases)
    return X @ weights + biases


class TorchModel:
    """A trained module, with NumPy arrays in and out."""

    def __init__(self, module) -> None:
        self.module = module

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return self.module(torch.from_numpy(X)).softmax(dim=1).numpy()

    def predict(self, X: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return self.module(torch.from_numpy(X)).numpy()[:, 0]


def fit_pytorch(X, y, arguments: Arguments) -> TorchModel:
    """Train with the fastest plain loop: no DataLoader, fused Adam, no record of the loss."""
    torch.manual_seed(0)
    units = _units(X, y, arguments)
    loss_function = torch.nn.CrossEntropyLoss()
    if _is_regression(y):
        y = y[:, np.newaxis]

        def loss_function(outputs, targets):
            return torch.nn.functional.mse_loss(outputs, targets) / 2

    X, y = torch.from_numpy(X), torch.from_numpy(y)
    n_samples, batch_size = len(X), arguments.batch_size
    module = _torch_module(units, X.dtype)
    optimizer = torch.optim.Adam(
        _torch_parameters(module, arguments), lr=arguments.learning_rate, fused=True
    )
    for _ in range(arguments.epochs):
        if batch_size >= n_samples:
            batches = [(X, y)]
        else:
            batches = (
                (X.index_select(0, rows), y.index_select(0, rows))
                for rows in torch.randperm(n_samples).split(batch_size)
            )
        for X_batch, y_batch in batches:
            optimizer.zero_grad()
            loss_function(module(X_batch), y_batch).backward()
            optimizer.step()
    return TorchModel(module)


def fit_skorch(X, y, arguments: Arguments):
    """Train with skorch's defaults, except for the validation split and the printing."""
    torch.manual_seed(0)
    module = _torch_module(_units(X, y, arguments), torch.from_numpy(X[:0]).dtype)
    batch_size = min(arguments.batch_size, len(X))
    return skorch.NeuralNetClassifier(
        module,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        optimizer__weight_decay=arguments.alpha / batch_size,
        optimizer__param_groups=[("*bias", {"weight_decay": 0.0})],
        lr=arguments.learning_rate,
        batch_size=batch_size,
        max_epochs=arguments.epochs,
        iterator_train__shuffle=batch_size < len(X),
        train_split=None,
        verbose=0,
    ).fit(X, y)


def _torch_module(units: list[int], dtype):
    layers = []
    for n_inputs, n_neurons in pairwise(units):
        linear = torch.nn.Linear(n_inputs, n_neurons, dtype=dtype)
        bound = _bound(n_inputs, n_neurons)
        torch.nn.init.uniform_(linear.weight, -bound, bound)
        torch.nn.init.uniform_(linear.bias, -bound, bound)
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def _torch_parameters(module, arguments: Arguments) -> list[dict]:
    """Return the module's parameters in two groups: only weights are penalized."""
    weights, biases = [], []
    for name, parameter in module.named_parameters():
        (biases if name.endswith("bias") else weights).append(parameter)
    weight_decay = arguments.alpha / arguments.batch_size
    return [{"params": weights, "weight_decay": weight_decay}, {"params": biases}]


def fit_book(X, y, arguments: Arguments) -> book.Model:
    # The book's penalty is l2 * sum(w**2), MLPClassifier's alpha / 2 * sum(w**2) / batch_size.
    l2 = arguments.alpha / 2 / arguments.batch_size
    model = book.Model(_units(X, y, arguments), l2, seed=0, dtype=X.dtype)
    return model.train(
        X,
        y,
        epochs=arguments.epochs,
        batch_size=arguments.batch_size,
        learning_rate=arguments.learning_rate,
    )


def multiply_matrices(X, y, arguments: Arguments) -> None:
    """Compute the matrix products of all training steps with NumPy, without training.

    These are each layer's forward product, the product for the gradient of its weights and, except
    for the first layer, the product for the gradient of its inputs. An implementation that uses
    NumPy's products cannot be faster.
    """
    units = _units(X, y, arguments)
    n_samples, n_layers = len(X), len(units) - 1
    batch_size = min(arguments.batch_size, n_samples)
    rng = np.random.default_rng(0)
    weights = []
    for n_inputs, n_neurons in pairwise(units):
        bound = _bound(n_inputs, n_neurons)
        weights.append(rng.uniform(-bound, bound, (n_inputs, n_neurons)).astype(X.dtype))
    dweights = [np.empty_like(w) for w in weights]
    outputs, deltas = (
        {
            size: [np.ones((size, n_neurons), X.dtype) for n_neurons in units[1:]]
            for size in {batch_size, n_samples % batch_size}
        }
        for _ in range(2)
    )

    for _ in range(arguments.epochs):
        for start in range(0, n_samples, batch_size):
            batch = X[start : start + batch_size]
            output, delta = outputs[len(batch)], deltas[len(batch)]
            inputs = [batch, *output]
            for i in range(n_layers):
                np.matmul(inputs[i], weights[i], out=output[i])
            for i in reversed(range(n_layers)):
                np.matmul(inputs[i].T, delta[i], out=dweights[i])
                if i > 0:
                    np.matmul(delta[i], weights[i].T, out=delta[i - 1])


def _units(X, y, arguments: Arguments) -> list[int]:
    n_outputs = 1 if _is_regression(y) else int(y.max()) + 1
    return [X.shape[1], *arguments.hidden, n_outputs]


def _bound(n_inputs: int, n_neurons: int) -> float:
    """Return the bound of the initial weights and biases: Glorot's, as MLPClassifier for ReLU."""
    return (6 / (n_inputs + n_neurons)) ** 0.5


CONTESTANTS: dict[str, Callable] = {
    DEFAULT: fit_skscratch,
    NUMPY: partial(fit_skscratch, engine="numpy"),
    REFERENCE: fit_mlpclassifier,
    JAX: fit_jax,
    "PyTorch": fit_pytorch,
    "skorch": fit_skorch,
    "book": fit_book,
    PRODUCTS: multiply_matrices,
}

# Estimator, joblib backend and number of jobs of each search.
SEARCHERS = {
    "skscratch, threads": (MLPScratchClassifier, "threading", 2),
    "skscratch, loky": (MLPScratchClassifier, "loky", 2),
    "skscratch, one job": (MLPScratchClassifier, "sequential", 1),
    REFERENCE: (MLPClassifier, "loky", 2),
    JAX: (None, None, 2),
}

NAMES = list(dict.fromkeys([*CONTESTANTS, *SEARCHERS]))


def require(contestant: str) -> None:
    """Check that a contestant's packages are installed.

    Raises
    ------
    NotImplementedError
        If they are not. asv and the runner skip a benchmark whose setup raises this exception.
    """
    if jax is None and contestant == JAX:
        raise NotImplementedError("jax and optax are not installed")
    if torch is None and contestant in ("PyTorch", "skorch"):
        raise NotImplementedError("torch is not installed")
    if skorch is None and contestant == "skorch":
        raise NotImplementedError("skorch is not installed")


def get(contestant: str) -> Callable:
    """Return a contestant's function; see :func:`require` for the exceptions raised."""
    require(contestant)
    return CONTESTANTS[contestant]
