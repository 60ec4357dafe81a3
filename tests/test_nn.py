"""The book's engine as a library of its own."""

import ast
import copy
import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import skscratch
import skscratch.nn
from skscratch.nn import (
    SGD,
    Activation,
    Adam,
    Dense,
    Dropout,
    Network,
    Optimizer,
    ReLU,
    Softmax,
    SoftmaxCategoricalCrossentropy,
)
from skscratch.nn.testing import check_gradient
from skscratch.nn.training import Batches, train

FOLDER = Path(skscratch.nn.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_the_engine_names_numpy_alone(path):
    for name in imported(path):
        first = name.split(".")[0]
        if first == "skscratch":
            assert name.startswith("skscratch.nn")
        else:
            assert first in {"numpy"} | sys.stdlib_module_names


# The package itself imports scikit-learn, so that an empty module of its name takes its place.
ALONE = """
import importlib, sys, types

package = types.ModuleType("skscratch")
package.__path__ = [sys.argv[1]]
sys.modules["skscratch"] = package


class Refuse:
    def find_spec(self, name, path=None, target=None):
        first = name.split(".")[0]
        if first not in {"skscratch", "numpy"} and first not in sys.stdlib_module_names:
            raise ImportError(f"the engine imports {name}")


sys.meta_path.insert(0, Refuse())
for name in sys.argv[2:]:
    importlib.import_module(f"skscratch.nn.{name}")
found = {name.split(".")[0] for name in sys.modules}
print(sorted(found & {"scipy", "sklearn", "joblib", "matplotlib", "pandas"}))
"""


def test_the_engine_imports_where_there_is_numpy_alone():
    command = [sys.executable, "-c", ALONE, str(FOLDER.parent), *MODULES]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("name", [name for name in MODULES if not name.startswith("_")])
def test_modules_name_what_they_have(name):
    module = importlib.import_module(f"skscratch.nn.{name}")
    for public in module.__all__:
        assert getattr(module, public).__module__ == module.__name__


def test_names():
    assert sorted(skscratch.nn.__all__) == sorted(set(skscratch.nn.__all__))
    assert all(hasattr(skscratch.nn, name) for name in skscratch.nn.__all__)
    assert dir(skscratch) == skscratch.__all__
    assert {"nn", "datasets", "callbacks", "inspection"} < set(dir(skscratch))
    assert not any(name.startswith("_") for name in dir(skscratch))
    assert all(getattr(skscratch, name) is not None for name in dir(skscratch))


def test_a_classifier_of_the_parts():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 3
    X += 4 * np.eye(3)[y, :2]
    network = Network(
        [Dense(2, 16, random_state=0), ReLU(), Dropout(0.1, 0), Dense(16, 3, random_state=1)],
        SoftmaxCategoricalCrossentropy(),
    )
    optimizer = Adam(0.02)
    for _ in range(100):
        data_loss, _ = network.compute_gradients(X, y)
        optimizer.update(network.parameters, network.gradients)
    probabilities = Softmax().forward(network.forward(X))
    assert data_loss < 0.3
    assert np.mean(probabilities.argmax(axis=1) == y) > 0.9


class Swish(Activation):
    """The simplest way to write one: new arrays, and what backward needs kept as attributes."""

    def __init__(self, beta=1.0, inplace=False):
        super().__init__(inplace)
        self.beta = beta

    def _forward(self, inputs, out):
        self._inputs = inputs
        self._sigmoid = 1 / (1 + np.exp(-self.beta * inputs))
        return inputs * self._sigmoid

    def _backward(self, dvalues, out):
        slope = 1 + self.beta * self._inputs * (1 - self._sigmoid)
        return dvalues * self._sigmoid * slope


class Hidden(Activation):
    """With a setting that is not public, and none of its own constructor."""

    _slope = 0.5

    def _forward(self, inputs, out):
        return np.multiply(inputs, self._slope, out=out)

    def _backward(self, dvalues, out):
        return np.multiply(dvalues, self._slope, out=out)


class Lion(Optimizer):
    def __init__(self, learning_rate=1e-3, decay=0.0, beta_1=0.9, beta_2=0.99, *, signed=True):
        super().__init__(learning_rate, decay)
        self.beta_1, self.beta_2, self.signed = beta_1, beta_2, signed

    def _step(self, parameters, gradients, scratch):
        settings = self.current_learning_rate, self.beta_1, self.beta_2
        rate, beta_1, beta_2 = (np.asarray(x, parameters.dtype) for x in settings)
        momentums = self._array("momentums", parameters)
        step = beta_1 * momentums + (1 - beta_1) * gradients
        parameters -= rate * (np.sign(step) if self.signed else step)
        momentums[:] = beta_2 * momentums + (1 - beta_2) * gradients
        self._state["n_steps"] = self._state.get("n_steps", 0) + 1


def network_of(seed, beta=1.5, inplace=False, dtype=np.float64):
    layers = [Dense(3, 6, random_state=seed, dtype=dtype), Swish(beta, inplace)]
    layers += [Dense(6, 4, random_state=seed + 1, dtype=dtype)]
    return Network(layers, SoftmaxCategoricalCrossentropy(), alpha=0.1)


def data(dtype=np.float64):
    rng = np.random.default_rng(0)
    return rng.normal(size=(20, 3)).astype(dtype), rng.integers(4, size=20)


def copies(value):
    return [copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))]


@pytest.mark.parametrize("inplace", [False, True])
def test_gradients_of_an_activation_of_ones_own(inplace):
    network, (X, y) = network_of(0, inplace=inplace), data()
    network.parameters[:] = np.random.default_rng(1).normal(size=network.parameters.shape)
    network.compute_gradients(X, y)
    check_gradient(
        lambda: sum(network.compute_gradients(X, y)), network.parameters, network.gradients
    )


def test_copies_of_an_activation_of_ones_own():
    swish = Swish(beta=3.0)
    expected = swish.forward(np.ones((2, 3)))
    for other in copies(swish):
        assert other.beta == 3.0
        assert np.array_equal(other.forward(np.ones((2, 3))), expected)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Swish(2.0), Swish(2.0), True),
        (Swish(2.0), Swish(3.0), False),
        (Swish(2.0), Swish(2.0, inplace=True), False),
        (Swish(np.ones(3)), Swish(np.ones(3)), True),
        (Swish(np.ones(3)), Swish(np.zeros(3)), False),
        (Swish(), ReLU(), False),
        (Hidden(), Hidden(), True),
    ],
)
def test_activations_are_stacked_if_their_settings_are_equal(one, other, same):
    assert (one.stack_key == other.stack_key) == same
    if same:
        stack = type(one).stack([one, other])
        assert stack.stack_key == one.stack_key
        assert stack is not one


def test_settings_that_are_not_public_count():
    one, other = Hidden(), Hidden()
    other._slope = 0.25
    assert one.stack_key != other.stack_key
    assert Hidden.stack([other, other]).forward(np.ones((1, 1))) == 0.25


@both_dtypes
@pytest.mark.parametrize("inplace", [False, True])
def test_ones_own_train_stacked_as_alone(dtype, inplace):
    X, y = data(dtype)
    settings = [
        {"learning_rate": rate, "beta_1": beta} for rate, beta in [(1e-2, 0.9), (1e-3, 0.5)]
    ]
    rows = np.tile(np.arange(20), (2, 1))

    def trained(network, optimizer, rows, seeds):
        batches = Batches(X, y, rows=rows, batch_size=8, n_outputs=4)
        epochs = train(network, optimizer, batches, [np.random.RandomState(k) for k in seeds])
        for _ in range(5):
            next(epochs)
        return network.parameters

    networks = [network_of(k, inplace=inplace, dtype=dtype) for k in range(2)]
    optimizers = [Lion(**each) for each in settings]
    assert networks[0].stack_key == networks[1].stack_key
    assert optimizers[0].stack_key == optimizers[1].stack_key
    stack, stacked = Network.stack(networks), Lion.stack(optimizers)
    together = trained(stack, stacked, rows, range(2))
    for k in range(2):
        alone = trained(networks[k], optimizers[k], rows[k], [k])
        assert np.array_equal(together[k], alone)
        state, expected = stacked.state_dict_of(k), optimizers[k].state_dict()
        assert state.keys() == expected.keys()
        assert all(np.array_equal(state[name], expected[name]) for name in state)


def test_a_stack_of_equal_learning_rates_trains():
    X, y = data(np.float64)
    rows = np.tile(np.arange(20), (2, 1))
    stack = Network.stack([network_of(k) for k in range(2)])
    batches = Batches(X, y, rows=rows, batch_size=8, n_outputs=4)
    (epoch,) = next(train(stack, SGD.stack([SGD(0.1), SGD(0.1)]), batches, None))
    assert epoch.loss.shape == (2,)
    assert np.ravel(epoch.learning_rate)[0] == 0.1


def test_an_optimizer_of_ones_own_goes_on_after_pickling():
    gradients = np.random.default_rng(0).normal(size=(10, 5))
    optimizer, parameters = Lion(0.1), np.ones(5)
    for gradient in gradients[:5]:
        optimizer.update(parameters, gradient)
    for other in copies(optimizer)[1:]:
        loaded = Lion(0.1)
        loaded.load_state_dict(optimizer.state_dict())
        results = [parameters.copy(), parameters.copy()]
        for gradient in gradients[5:]:
            other.update(results[0], gradient)
            loaded.update(results[1], gradient)
        assert np.array_equal(*results)
        assert other.iterations == loaded.iterations == 10


@pytest.mark.parametrize(
    ("settings", "same"),
    [
        ({"beta_1": 0.5, "learning_rate": 1.0, "decay": 0.1}, True),
        ({"signed": False}, False),
        ({"beta_2": "0.9"}, False),
        ({"beta_2": np.ones(3)}, False),
    ],
)
def test_numbers_of_an_optimizer_of_ones_own_may_differ(settings, same):
    optimizers = [Lion(), Lion(**settings)]
    assert (optimizers[0].stack_key == optimizers[1].stack_key) == same
    if not same:
        with pytest.raises(ValueError, match="may differ in numbers only, got Lion"):
            Lion.stack(optimizers)
