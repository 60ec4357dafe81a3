"""skscratch.nn as a library that depends on NumPy only."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import skscratch
import skscratch.nn
from skscratch.nn import (
    Activation,
    Adam,
    Dense,
    Dropout,
    Network,
    ReLU,
    Softmax,
    SoftmaxCategoricalCrossentropy,
)
from skscratch.nn.base import Configurable
from skscratch.nn.testing import check_gradient

FOLDER = Path(skscratch.nn.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_the_package_imports_numpy_only(path):
    for name in imported(path):
        first = name.split(".")[0]
        if first == "skscratch":
            assert name.startswith("skscratch.nn")
        else:
            assert first in {"numpy"} | sys.stdlib_module_names


# skscratch itself imports scikit-learn, so it is replaced by an empty module.
ALONE = """
import importlib, sys, types

package = types.ModuleType("skscratch")
package.__path__ = [sys.argv[1]]
sys.modules["skscratch"] = package


class Refuse:
    def find_spec(self, name, path=None, target=None):
        first = name.split(".")[0]
        if first not in {"skscratch", "numpy"} and first not in sys.stdlib_module_names:
            raise ImportError(f"skscratch.nn imports {name}")


sys.meta_path.insert(0, Refuse())
for name in sys.argv[2:]:
    importlib.import_module(f"skscratch.nn.{name}")
found = {name.split(".")[0] for name in sys.modules}
print(sorted(found & {"scipy", "sklearn", "joblib", "matplotlib", "pandas"}))
"""


def test_the_package_works_without_other_dependencies():
    command = [sys.executable, "-c", ALONE, str(FOLDER.parent), *MODULES]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("name", MODULES)
def test_modules_export_their_own_names(name):
    module = importlib.import_module(f"skscratch.nn.{name}")
    for public in module.__all__:
        assert getattr(module, public).__module__ == module.__name__


def test_classifier_built_from_layers():
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
    """Swish with the parameter beta."""

    def __init__(self, beta=1.0):
        self.beta = beta

    def function(self, z):
        return z / (1 + np.exp(-self.beta * z))

    def derivative(self, z, output):
        sigmoid = 1 / (1 + np.exp(-self.beta * z))
        return sigmoid + self.beta * output * (1 - sigmoid)


def test_gradients_of_a_user_defined_activation():
    layers = [Dense(3, 6, random_state=0), Swish(1.5), Dense(6, 4, random_state=1)]
    network = Network(layers, SoftmaxCategoricalCrossentropy(), alpha=0.1)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), rng.integers(4, size=20)
    network.parameters[:] = rng.normal(size=network.parameters.shape)
    network.compute_gradients(X, y)
    check_gradient(
        lambda: sum(network.compute_gradients(X, y)), network.parameters, network.gradients
    )


def test_float32_is_kept_by_an_activation_that_computes_in_float64():
    class Halved(Activation):
        def function(self, z):
            return np.float64(0.5) * z

        def derivative(self, z, output):
            return np.full(z.shape, 0.5)

    activation = Halved()
    assert activation.forward(np.ones((2, 3), np.float32)).dtype == np.float32
    assert activation.backward(np.ones((2, 3), np.float32)).dtype == np.float32


def test_settings_are_constructor_arguments():
    swish = Swish(beta=2.0)
    swish.forward(np.ones((2, 3)))
    assert swish.get_settings() == {"beta": 2.0}
    assert repr(swish) == "Swish(beta=2.0)"
    assert repr(Swish()) == "Swish()"


def test_constructor_argument_that_is_not_stored_raises():
    class Forgetful(Configurable):
        def __init__(self, value):
            pass

    with pytest.raises(AttributeError, match="value"):
        Forgetful(1).get_settings()
