"""scikit-learn's own tests of its MLPClassifier, from the installed package, run on ours."""

import importlib.util
import inspect

import pytest
import sklearn.neural_network
from helpers import ENGINES
from sklearn.neural_network import MLPRegressor

from skscratch import MLPScratchClassifier

# They reach into private attributes; what they check is checked on public ones in test_mlp.py.
PRIVATE = {
    "test_fit",
    "test_gradient",
    "test_adaptive_learning_rate",
    "test_learning_rate_warmstart",
    "test_n_iter_no_change",
    "test_n_iter_no_change_inf",
}


def load_their_tests():
    """Execute their test module with MLPClassifier replaced, in parametrizations too."""
    spec = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    module = importlib.util.module_from_spec(spec)
    theirs = sklearn.neural_network.MLPClassifier
    sklearn.neural_network.MLPClassifier = MLPScratchClassifier
    try:
        spec.loader.exec_module(module)
    finally:
        sklearn.neural_network.MLPClassifier = theirs
    return {
        name: function
        for name, function in vars(module).items()
        if name.startswith("test_") and name not in PRIVATE and is_about_classifier(function)
    }


def is_about_classifier(function):
    """Whether a test runs the classifier; leave MLPRegressor out of its parameters."""
    found = "MLPClassifier" in inspect.getsource(function).split("def ", 1)[1]
    for mark in getattr(function, "pytestmark", []):
        if mark.name == "parametrize" and MLPRegressor in mark.args[1]:
            mark.args[1].remove(MLPRegressor)
            found = True
    return found


globals().update(load_their_tests())

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True, params=ENGINES)
def engine(request, monkeypatch):
    """Run every test with either engine as the default one."""
    defaults = MLPScratchClassifier.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "engine", request.param)
    return request.param


def test_the_engine_is_that_of_the_fixture(engine):
    assert MLPScratchClassifier().engine == engine


def test_theirs_were_found():
    assert {name for name in globals() if name.startswith("test_")} >= {
        "test_partial_fit_classification",
        "test_warm_start",
        "test_mlp_warm_start_no_convergence",
        "test_early_stopping",
    }
