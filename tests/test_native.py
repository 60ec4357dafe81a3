"""The native engine, compared with formulas and with the NumPy engine."""

import functools
import inspect
import multiprocessing
import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse
from helpers import X_digits, mlp, unfinished_fits, y_digits

from skscratch import MLPScratchClassifier, native, nn
from skscratch.native import library as library_module
from skscratch.native.library import Library
from skscratch.nn import activations, losses, optimizers
from skscratch.nn.prediction import FittedNetwork, softmax

pytestmark = pytest.mark.skipif(
    not native.is_available(), reason=f"no native engine: {native.unavailable_reason()}"
)
LEVELS = library_module.library().levels if native.is_available() else []
N_FUZZ = int(os.environ.get("SKSCRATCH_N_FUZZ", "120"))


@pytest.fixture(params=range(len(LEVELS)), ids=LEVELS)
def level(request, monkeypatch):
    """Use each instruction set of the processor."""
    monkeypatch.setattr(library_module.library(), "level", request.param)


# --- Classes, formulas and C functions


@pytest.mark.parametrize(
    ("module", "base", "not_mirrored"),
    [
        # Activations of outputs are parts of the losses.
        (activations, activations.Activation, {"Exponential", "Softmax"}),
        (losses, losses.LogitsLoss, {"PointwiseLoss"}),
        (optimizers, optimizers.Optimizer, set()),
    ],
    ids=["activations", "losses", "optimizers"],
)
def test_every_class_has_a_native_counterpart(module, base, not_mirrored):
    kind = module.__name__.rpartition(".")[2]
    classes = {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, base) and value is not base
    }
    missing = classes - not_mirrored - library_module.library().codes[kind].keys()
    assert not missing, f"add {missing} to the table in native/task.h and to native/{kind}.h"


def magnitudes(dtype) -> np.ndarray:
    """Return finite numbers of all magnitudes of a dtype, most of them where exp is finite."""
    rng = np.random.default_rng(0)
    exponents = np.arange(np.log2(np.finfo(dtype).tiny), np.log2(np.finfo(dtype).max))
    powers = np.ldexp(1.0, exponents.astype(int))[:, np.newaxis] * rng.uniform(0.5, 1, 20)
    some = [rng.uniform(-width, width, 3000) for width in (1, 20, 80, 700)]
    positive = np.concatenate([powers.ravel(), *some])
    return np.concatenate([positive, -positive, [0.0]]).astype(dtype)


def assert_accurate(values, exact, ulps=2):
    """Check the error in units in the last place, given values of higher precision."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = exact.astype(values.dtype)
    is_normal = np.isfinite(rounded) & (np.abs(rounded) >= np.finfo(values.dtype).tiny)
    np.testing.assert_array_equal(values[np.isinf(rounded)], rounded[np.isinf(rounded)])
    errors = np.abs(values[is_normal] - exact[is_normal]) / np.spacing(np.abs(rounded[is_normal]))
    assert errors.max() <= ulps


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_exp_is_accurate_to_two_units_of_the_last_place(dtype, level):
    # The gradient of the Poisson deviance with respect to the biases is exp(z) where y is 0.
    z = magnitudes(dtype)
    dense = nn.Dense(1, len(z), dtype=dtype)
    network = nn.Network([dense], nn.ExponentialPoissonDeviance())
    dense.weights, dense.biases = np.zeros((1, len(z))), z[np.newaxis]
    batches = nn.Batches(
        np.ones((1, 1), dtype), np.zeros((1, len(z)), dtype), batch_size=1, n_outputs=len(z)
    )
    native.NativeEngine(network, None, batches).compute_gradients()
    higher = z.astype({np.float32: np.float64, np.float64: np.longdouble}[dtype])
    with np.errstate(over="ignore", under="ignore"):
        assert_accurate(dense.dbiases[0], np.exp(higher))


def outputs_of(activation, z):
    """Return an activation's values, computed by C."""
    ones, zeros = np.ones((1, 1), z.dtype), np.zeros(1, z.dtype)
    network = native.NativeFittedNetwork([ones, ones], [zeros, zeros], [activation])
    return network.forward(z[:, np.newaxis])[:, 0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_tanh_is_accurate_to_two_units_of_the_last_place(dtype, level):
    z = magnitudes(dtype)
    higher = z.astype({np.float32: np.float64, np.float64: np.longdouble}[dtype])
    assert_accurate(outputs_of(nn.Tanh, z), np.tanh(higher))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_logarithms_are_accurate(dtype, level):
    # With equal logits, the cross-entropy is the logarithm of the number of classes.
    for n_classes in (2, 3, 10, 1000, 4097):
        dense = nn.Dense(1, n_classes, dtype=dtype)
        dense.weights = np.zeros((1, n_classes), dtype)
        network = nn.Network([dense], nn.SoftmaxCategoricalCrossentropy())
        X, y = np.ones((1, 1), dtype), np.array([1])
        batches = nn.Batches(X, y, batch_size=1, n_outputs=n_classes)
        loss, _ = native.NativeEngine(network, None, batches).compute_gradients()
        assert loss == pytest.approx(np.log(n_classes), rel=4 * float(np.finfo(dtype).eps))


def logistic(z):
    return 1 / (1 + np.exp(-z))


FORMULAS = {
    nn.Identity: lambda z: z,
    nn.ReLU: lambda z: np.where(z > 0, z, 0),
    nn.LeakyReLU: lambda z: np.where(z > 0, z, 0.01 * z),
    nn.ELU: lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    nn.Sigmoid: logistic,
    nn.SiLU: lambda z: z * logistic(z),
    nn.Tanh: np.tanh,
}


@pytest.mark.parametrize("activation", FORMULAS, ids=lambda activation: activation.__name__)
def test_activations_match_formula_and_class(activation, level):
    z = np.concatenate([np.linspace(-30, 30, 1001), [0.0, -700.0, 800.0]])
    expected = FORMULAS[activation](z)
    np.testing.assert_allclose(outputs_of(activation, z), expected, rtol=1e-13)
    np.testing.assert_allclose(activation().forward(z[:, np.newaxis])[:, 0], expected, rtol=1e-13)


# --- Random configurations, compared with the NumPy engine

WIDTHS = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 100]
HIDDEN = list(FORMULAS)


def random_loss(rng, n, k, dtype):
    """Return a loss and targets for it."""
    values = rng.normal(size=(n, k))
    loss, y = [
        lambda: (nn.SoftmaxCategoricalCrossentropy(), rng.integers(k, size=n)),
        lambda: (nn.SoftmaxCategoricalCrossentropy(), rng.dirichlet(np.ones(k), n)),
        lambda: (nn.SigmoidBinaryCrossentropy(), rng.integers(2, size=(n, k))),
        lambda: (nn.IdentitySquaredError(), values),
        lambda: (nn.IdentityAbsoluteError(), values),
        lambda: (nn.IdentityHuber(0.7), values),
        lambda: (nn.IdentityPinball(tuple(rng.uniform(0.1, 0.9, k))), values),
        lambda: (nn.ExponentialPoissonDeviance(), rng.poisson(1.0, (n, k))),
        lambda: (nn.ExponentialGammaDeviance(), rng.gamma(2.0, size=(n, k))),
    ][rng.integers(9)]()
    return loss, y if y.ndim == 1 else y.astype(dtype)


def random_network(rng, n_features, k, loss, dtype):
    """Return a network with any layers, penalties and dropout."""
    generator = np.random.default_rng(rng.integers(1 << 30))
    has_dropout, layers, n_inputs = rng.random() < 0.4, [], n_features

    def dense(n_inputs, n_neurons):
        strengths = ((rng.random(4) < 0.2) * rng.uniform(0, 0.01, 4)).tolist()
        initializer = nn.he_normal
        return nn.Dense(
            n_inputs, n_neurons, *strengths, initializer=initializer, random_state=rng, dtype=dtype
        )

    if has_dropout and rng.random() < 0.5:
        layers.append(nn.Dropout(rng.uniform(0, 0.8), generator))
    for n_neurons in rng.choice(WIDTHS, rng.integers(4)):
        layers.append(dense(n_inputs, int(n_neurons)))
        if rng.random() < 0.9:
            layers.append(HIDDEN[rng.integers(len(HIDDEN))]())
        if has_dropout and rng.random() < 0.6:
            layers.append(nn.Dropout(rng.uniform(0, 0.8), generator))
        n_inputs = int(n_neurons)
    network = nn.Network([*layers, dense(n_inputs, k)], loss, rng.choice([0, 1e-4, 0.1]))
    # Rounding can change the sign of a bias near 0, and so the gradient of its L1 penalty.
    biases = network.parameters[network.n_weights :]
    biases[:] = rng.normal(size=biases.size)
    return network


def random_optimizer(rng):
    rate = 10 ** rng.uniform(-4, -2)
    return [
        lambda: nn.SGD(rate, decay=0.01, momentum=0.9, nesterov=True),
        lambda: nn.SGD(rate, momentum=rng.choice([0.0, 0.5])),
        lambda: nn.Adagrad(rate),
        lambda: nn.RMSprop(rate, rho=0.8),
        lambda: nn.Adam(rate, epsilon_hat=bool(rng.integers(2))),
        lambda: nn.AdamW(rate, weight_decay=0.1),
    ][rng.integers(6)]()


@functools.cache
def trained_with_numpy(seed):
    return trained(nn.NumPyEngine, seed)


def trained(engine_class, seed):
    """Train a random configuration; return the network, optimizer, epochs and a description."""
    rng = np.random.default_rng(seed)
    dtype = [np.float32, np.float64][seed % 2]
    n, n_features, k = (
        int(rng.choice(sizes)) for sizes in ([1, 2, 7, 31, 64, 257], WIDTHS, WIDTHS)
    )
    loss, y = random_loss(rng, n, k, dtype)
    if isinstance(loss, nn.IdentityAbsoluteError | nn.IdentityPinball):
        # Rounding can change the sign of an error, and so the gradient.
        dtype, y = np.float64, y.astype(np.float64)
    X = rng.normal(size=(n, n_features)).astype(dtype)
    if rng.random() < 0.25:
        X = scipy.sparse.csr_array(np.where(rng.random(X.shape) < 0.7, 0, X))
        if rng.random() < 0.5:
            X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    network, optimizer = random_network(rng, n_features, k, loss, dtype), random_optimizer(rng)
    sample_weight = None if rng.random() < 0.6 else rng.uniform(0.1, 3, n).astype(dtype)
    rows = None if rng.random() < 0.7 else rng.permutation(n)[: max(1, n * 2 // 3)]
    # Rounding errors grow with the number of steps, exponentially in some networks.
    batch_size, clip_norm = max(n // 16, int(rng.choice([1, 2, 7, 16, 32, 200]))), None
    if rng.random() < 0.3:
        clip_norm = 10 ** rng.uniform(-2, 1)
    batches = nn.Batches(X, y, sample_weight, rows=rows, batch_size=batch_size, n_outputs=k)
    engine = engine_class(network, optimizer, batches, np.random.RandomState(seed), clip_norm)
    with np.errstate(all="ignore"):
        epochs = engine.train([optimizer.learning_rate] * 3)
    description = f"{seed}: {X.shape} {network} {optimizer} batch {batch_size} clip {clip_norm}"
    return network, optimizer, epochs, batches, description


def assert_close(actual, expected, rtol, message):
    """Compare relative to the largest number; the same elements must be finite."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(actual), finite, err_msg=message)
    scale = max(1.0, np.abs(expected[finite]).max(initial=0))
    np.testing.assert_allclose(
        actual[finite], expected[finite], rtol=0, atol=rtol * scale, err_msg=message
    )


@pytest.mark.no_cover
@pytest.mark.parametrize("chunk_size", [1024, 3])
def test_random_configurations_train_as_with_numpy(monkeypatch, level, chunk_size):
    if chunk_size == 3:
        # Batches are computed in several chunks and calls.
        monkeypatch.setattr("skscratch.native.engine.CHUNK_BYTES", 1)
        monkeypatch.setattr("skscratch.native.engine.MIN_CHUNK", chunk_size)
        monkeypatch.setattr("skscratch.native.engine.WORK_PER_CALL", 1e4)
    for seed in range(N_FUZZ if chunk_size > 3 else N_FUZZ // 2):
        network, optimizer, epochs, batches, message = trained(native.NativeEngine, seed)
        expected, reference, expected_epochs, order, _ = trained_with_numpy(seed)
        is_double = network.parameters.dtype == np.float64
        rtol = 1e-9 if is_double else 2e-3
        assert_close(network.parameters, expected.parameters, rtol, message)
        assert_close([e[:2] for e in epochs], [e[:2] for e in expected_epochs], rtol, message)
        if is_double:
            assert [e.accuracy for e in epochs] == pytest.approx(
                [e.accuracy for e in expected_epochs]
            ), message
        for name, array in reference.state_dict().items():
            assert_close(optimizer.state_dict()[name], array, 10 * rtol, message)
        np.testing.assert_array_equal(batches.order, order.order)


def test_products_of_large_matrices_match_numpy(level):
    # The matrices are large enough for BLAS.
    rng = np.random.default_rng(0)
    for dtype, rtol in ((np.float32, 1e-3), (np.float64, 1e-10)):
        X = rng.normal(size=(900, 150)).astype(dtype)
        y = rng.integers(60, size=900)
        weights = []
        for engine_class in (native.NativeEngine, nn.NumPyEngine):
            settings = {"initializer": nn.he_normal, "random_state": 0, "dtype": dtype}
            layers = [nn.Dense(150, 260, **settings), nn.Tanh(), nn.Dense(260, 140, **settings)]
            layers += [nn.SiLU(), nn.Dense(140, 60, **settings)]
            network = nn.Network(layers, nn.SoftmaxCategoricalCrossentropy())
            batches = nn.Batches(X, y, batch_size=450, n_outputs=60)
            engine_class(network, nn.SGD(), batches).train([0.1] * 2)
            weights.append(network.parameters)
        assert_close(*weights, rtol, str(dtype))


def test_random_networks_predict_as_with_numpy(level):
    for seed in range(N_FUZZ):
        rng = np.random.default_rng(seed)
        dtype = [np.float32, np.float64][seed % 2]
        n, *units = (int(size) for size in rng.choice(WIDTHS, 2 + rng.integers(1, 4)))
        weights = [rng.normal(size=shape).astype(dtype) for shape in pairwise(units)]
        biases = [rng.normal(size=array.shape[1]).astype(dtype) for array in weights]
        classes = [HIDDEN[i] for i in rng.integers(len(HIDDEN), size=len(weights) - 1)]
        X = rng.normal(size=(n, units[0])).astype(rng.choice([np.float32, np.float64]))
        if seed % 5 == 0:
            X[rng.integers(n), rng.integers(units[0])] = rng.choice([np.inf, -np.inf, np.nan, 1e30])
        if seed % 3 == 0:
            X = scipy.sparse.csr_array(X)
        with np.errstate(all="ignore"):
            expected = FittedNetwork(weights, biases, classes).forward(X)
        actual = native.NativeFittedNetwork(weights, biases, classes).forward(X)
        np.testing.assert_allclose(
            actual,
            expected,
            rtol=2e-3 if seed % 2 == 0 else 1e-9,
            atol=1e-4 if seed % 2 == 0 else 1e-9,
        )


def test_probabilities_are_the_softmax_and_positive(level):
    X = np.random.default_rng(0).normal(size=(300, 7))
    arrays = [100 * np.eye(7)], [np.zeros(7)], []
    probabilities = native.NativeFittedNetwork(*arrays).forward(X, softmax)
    expected = FittedNetwork(*arrays).forward(X, softmax)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-12)
    assert probabilities.min() > 0


# --- Reproducibility


def digits_engine(n_epochs_per_call=1, offset=0, engine_class=native.NativeEngine, **arguments):
    """Train on digits for six epochs; return all parameters and the optimizer's state."""
    memory = np.empty(X_digits.size + 16)
    X = memory[offset : offset + X_digits.size].reshape(X_digits.shape)
    X[:] = X_digits
    random_state = np.random.RandomState(0)
    layers = [
        nn.Dense(64, 13, random_state=random_state),
        nn.Tanh(),
        nn.Dense(13, 10, random_state=random_state),
    ]
    network, optimizer = nn.Network(layers, nn.SoftmaxCategoricalCrossentropy(), 1e-4), nn.Adam()
    batches = nn.Batches(X, y_digits, batch_size=50, n_outputs=10, **arguments)
    engine = engine_class(network, optimizer, batches, random_state)
    for _ in range(0, 6, n_epochs_per_call):
        engine.train([0.01] * n_epochs_per_call)
    return np.concatenate([network.parameters, optimizer.state_dict()["cache"]])


def test_results_do_not_depend_on_epochs_per_call_or_addresses(level):
    expected = digits_engine()
    for n_epochs, offset in [(2, 0), (6, 0), (1, 1), (3, 5)]:
        np.testing.assert_array_equal(digits_engine(n_epochs, offset), expected)


def test_results_do_not_depend_on_threads():
    expected = digits_engine()
    with ThreadPoolExecutor(8) as pool:
        for result in pool.map(lambda _: digits_engine(), range(16)):
            np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_results_do_not_depend_on_processes(method):
    expected = digits_engine()
    with multiprocessing.get_context(method).Pool(2) as pool:
        for result in pool.map(digits_engine, [1, 2]):
            np.testing.assert_array_equal(result, expected)


def test_padding_of_the_parameters_stays_zero(level):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)), rng.integers(3, size=50)
    layers = [
        nn.Dense(3, 5, random_state=rng),
        nn.Sigmoid(),
        nn.Dense(5, 9, random_state=rng),
        nn.Sigmoid(),
        nn.Dense(9, 3, random_state=rng),
    ]
    network = nn.Network(layers, nn.SoftmaxCategoricalCrossentropy())
    engine = native.NativeEngine(network, nn.Adam(), nn.Batches(X, y, batch_size=7, n_outputs=3))
    engine.train([0.1] * 3)
    workspace = engine._task._workspace
    start = -workspace.ctypes.data % 64
    n_lanes = {"baseline": 2, "AVX2": 4, "AVX-512": 8}[LEVELS[library_module.library().level]]
    padded = [-(-n // n_lanes) * n_lanes for n in (5, 9, 9)]
    n_padded = 3 * padded[0] + 5 * padded[1] + 3 * padded[2]
    numbers = workspace[start : start + 8 * n_padded].view(np.float64)
    assert np.count_nonzero(numbers) == np.count_nonzero(network.parameters[: network.n_weights])


@unfinished_fits
def test_engines_resume_each_other():
    arguments = {"warm_start": True, "max_iter": 3, "dropout": 0.2}
    fits = [
        mlp(engine=engine, **arguments).fit(X_digits, y_digits) for engine in ("numpy", "native")
    ]
    fits[0].set_params(engine="native").fit(X_digits, y_digits)
    fits[1].set_params(engine="numpy").fit(X_digits, y_digits)
    for a, b in zip(*(fit.coefs_ for fit in fits), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


# --- Interrupts


@pytest.mark.slow
@pytest.mark.usefixtures("sigint")
@pytest.mark.parametrize("batch_size", [100, 200_000])
def test_latency_of_an_interrupt(batch_size):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200_000, 100)), rng.integers(10, size=200_000)
    clf = MLPScratchClassifier((200,), batch_size=batch_size, max_iter=1000, random_state=0)
    sent = []

    def interrupt():
        time.sleep(1)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.warns(UserWarning, match="interrupted"):
        clf.fit(X, y)
    assert time.perf_counter() - sent[0] < 2  # allows for a busy machine
    thread.join()
    assert clf.predict(X[:50]).shape == (50,)


# --- Availability


def test_info_describes_the_library():
    info = native.info()
    assert info["available"] is True
    assert info["instruction_set"] == LEVELS[-1]
    assert all(info[name] for name in ("path", "compiler", "blas"))


@pytest.fixture
def no_library(monkeypatch, tmp_path):
    """Replace the library by a file that cannot be loaded."""
    path = tmp_path / "engine.so"
    path.write_bytes(b"not a library")
    monkeypatch.setenv(library_module.LIBRARY_VARIABLE, str(path))
    library_module._load.cache_clear()
    yield
    library_module._load.cache_clear()


@pytest.mark.parametrize(
    ("failure", "reason"), [("gcc failed", "compiler failed .* gcc failed"), (None, "not built")]
)
def test_reason_for_a_missing_library(failure, reason, monkeypatch, tmp_path):
    if failure:
        (tmp_path / "failure.txt").write_text(failure)
    monkeypatch.setattr(library_module, "BUILD_LOG", tmp_path / "failure.txt")
    monkeypatch.setattr(library_module, "_path", lambda: None)
    assert re.search(reason, library_module._load.__wrapped__())


@unfinished_fits
def test_engine_without_the_library(no_library):
    assert native.info() == {"available": False, "reason": native.unavailable_reason()}
    fitted = mlp().fit(X_digits, y_digits)
    expected = mlp(engine="numpy").fit(X_digits, y_digits)
    np.testing.assert_array_equal(fitted.coefs_[0], expected.coefs_[0])
    with pytest.raises(ImportError, match=r"cannot be loaded.*C compiler.*engine='numpy'"):
        mlp(engine="native").fit(X_digits, y_digits)


class Cube(nn.Activation):
    def function(self, z):
        return z**3

    def derivative(self, z, output):
        return 3 * z**2


class MySGD(nn.SGD):
    pass


@unfinished_fits
@pytest.mark.parametrize(
    "parameters", [{"activation": Cube}, {"solver": MySGD}], ids=["activation", "solver"]
)
def test_user_defined_classes_train_with_numpy(parameters):
    X, y = X_digits[:100] / 10, y_digits[:100]
    np.testing.assert_array_equal(
        mlp(**parameters).fit(X, y).coefs_[0], mlp(engine="numpy", **parameters).fit(X, y).coefs_[0]
    )
    with pytest.raises(ValueError, match=r"does not support (Cube|MySGD).*'numpy'"):
        mlp(engine="native", **parameters).fit(X, y)


def test_unsupported_dtypes_and_depths():
    network = nn.Network([nn.Dense(2, 1, dtype=np.longdouble)], nn.IdentitySquaredError())
    assert "dtype" in native.NativeEngine.unsupported(network, nn.SGD())
    network = nn.Network([nn.Dense(2, 2) for _ in range(65)], nn.IdentitySquaredError())
    assert "64 dense layers" in native.NativeEngine.unsupported(network, nn.SGD())
    assert "64 dense layers" in native.NativeFittedNetwork.unsupported([nn.ReLU] * 64)


def test_unsupported_order_of_layers_and_several_generators():
    order = [nn.Dense(2, 3), nn.ReLU(), nn.Tanh(), nn.Dense(3, 1)]
    generators = [nn.Dropout(0.1), nn.Dense(2, 3), nn.Dropout(0.1), nn.Dense(3, 1)]
    for layers in (order, generators):
        network = nn.Network(layers, nn.IdentitySquaredError())
        assert "activation" in native.NativeEngine.unsupported(network, nn.SGD())


def test_gradients_of_all_rows():
    rng = np.random.default_rng(0)
    gradients = []
    for engine_class in (native.NativeEngine, nn.NumPyEngine):
        network = nn.Network([nn.Dense(3, 2, random_state=0)], nn.IdentitySquaredError())
        batches = nn.Batches(np.eye(3), np.ones((3, 2)), batch_size=2, n_outputs=2)
        engine_class(network, nn.Adam(), batches, rng).compute_gradients()
        gradients.append(network.gradients)
    np.testing.assert_allclose(*gradients, rtol=1e-12)


def test_library_with_another_interface_raises(monkeypatch):
    monkeypatch.setattr(
        library_module, "_KINDS", {**library_module._KINDS, "d": library_module.ctypes.c_float}
    )
    with pytest.raises(ImportError, match="different version"):
        Library(library_module.library().path)
