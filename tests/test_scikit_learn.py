"""scikit-learn's tests of its multi-layer perceptrons, run with this package's estimators."""

import importlib.util

import pytest
import sklearn.neural_network

from skscratch import MLPScratchClassifier, MLPScratchRegressor

# These use private attributes. test_stochastic.py tests the same with public ones.
PRIVATE = {
    "test_fit",
    "test_gradient",
    "test_adaptive_learning_rate",
    "test_learning_rate_warmstart",
    "test_n_iter_no_change",
    "test_n_iter_no_change_inf",
}


def load_their_tests():
    """Execute scikit-learn's test module with both classes replaced, also in parametrizations."""
    spec = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    module = importlib.util.module_from_spec(spec)
    package = sklearn.neural_network
    theirs = package.MLPClassifier, package.MLPRegressor
    package.MLPClassifier, package.MLPRegressor = MLPScratchClassifier, MLPScratchRegressor
    try:
        spec.loader.exec_module(module)
    finally:
        package.MLPClassifier, package.MLPRegressor = theirs
    return {
        name: function
        for name, function in vars(module).items()
        if name.startswith("test_") and name not in PRIVATE
    }


@pytest.fixture
def global_random_seed():
    """Return the default of scikit-learn's fixture of the same name."""
    return 42


globals().update(load_their_tests())

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.no_cover]


def test_scikit_learn_tests_were_found():
    assert {name for name in globals() if name.startswith("test_")} >= {
        "test_partial_fit_classification",
        "test_warm_start",
        "test_mlp_warm_start_no_convergence",
        "test_early_stopping",
        "test_multioutput_regression",
        "test_partial_fit_regression",
    }
