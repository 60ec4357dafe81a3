"""Declared types agree with constraints, defaults and fitted attributes (see typed_script.py)."""

import inspect
from itertools import product
from types import UnionType
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from helpers import ENGINES, X_digits, assert_same_fit, unfinished_fits, y_digits
from sklearn.datasets import load_iris
from sklearn.utils._param_validation import StrOptions

from skscratch import MLPScratchClassifier, MLPScratchRegressor
from skscratch.nn import SGD
from skscratch.nn.activations import ACTIVATIONS

X_iris, y_iris = load_iris(return_X_y=True)
ESTIMATORS = [MLPScratchClassifier, MLPScratchRegressor]


def literals(hint) -> set:
    """Return the strings of the literals in a type."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    # Elements of a sequence are not values of the parameter.
    inner = get_args(hint) if get_origin(hint) not in (list, dict, type) else ()
    return set().union(*map(literals, inner))


def is_of(value, hint) -> bool:
    """Return whether a value is of a type; elements of containers are not checked."""
    origin = get_origin(hint)
    if origin is Literal:
        return value in get_args(hint)
    if origin is UnionType:
        return any(is_of(value, one) for one in get_args(hint))
    return isinstance(value, origin or hint)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_accepted_strings_are_declared(estimator):
    hints = get_type_hints(estimator.__init__)
    with_strings = 0
    for name, constraints in estimator._parameter_constraints.items():
        options = [set(one.options) for one in constraints if isinstance(one, StrOptions)]
        if name == "activation":
            options = [set(ACTIVATIONS)]  # activation_classes checks them
        assert literals(hints[name]) == set().union(*options), name
        with_strings += bool(options)
    assert with_strings >= 5


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_defaults_have_the_declared_types(estimator):
    hints = get_type_hints(estimator.__init__)
    for name, parameter in inspect.signature(estimator).parameters.items():
        assert name in hints
        if parameter.default is None:
            assert type(None) in get_args(hints[name]), name


@unfinished_fits
@pytest.mark.parametrize(
    ("estimator", "early_stopping"),
    [(MLPScratchClassifier, False), (MLPScratchClassifier, True), (MLPScratchRegressor, False)],
)
def test_fitted_attributes_are_declared(estimator, early_stopping):
    fitted = estimator(hidden_layer_sizes=(5, 4), max_iter=3, early_stopping=early_stopping)
    fitted.fit(X_digits[:100], y_digits[:100])
    hints = get_type_hints(estimator)
    for name, member in inspect.getmembers(estimator, lambda one: isinstance(one, property)):
        hints[name] = get_type_hints(member.fget).get("return")
    declared = {name for name in hints if name.endswith("_") and not name.startswith("_")}
    left = {name for name in vars(fitted) if name.endswith("_")}
    assert left <= declared
    for name in declared - {"feature_names_in_"}:
        assert is_of(getattr(fitted, name), hints[name]), name


INTEGERS = {"hidden_layer_sizes": 5, "batch_size": 100, "max_iter": 3, "random_state": 7}
INTEGERS |= {"n_iter_no_change": 127, "max_fun": 120, "verbose": 0}
FLOATS = dict.fromkeys(["alpha", "learning_rate_init", "power_t", "decay", "tol"], 0.3)
FLOATS |= dict.fromkeys(["momentum", "beta_1", "beta_2", "epsilon", "rho", "weight_decay"], 0.7)
FLOATS |= dict.fromkeys(["weight_regularizer_l1", "bias_regularizer_l2"], 0.1)
BOOLEANS = dict.fromkeys(["shuffle", "nesterovs_momentum", "early_stopping", "verbose"], False)
RANDOM = dict.fromkeys(["dropout", "input_dropout", "validation_fraction", "clip_norm"], 0.4)
FLOATS |= RANDOM


@unfinished_fits
@pytest.mark.no_cover
@pytest.mark.parametrize("kind", "bhilqBHILQefdg?")
def test_numpy_scalars_equal_python_numbers(kind):
    values = {"?": BOOLEANS, **dict.fromkeys("efdg", FLOATS)}.get(kind, INTEGERS)
    given = {name: np.dtype(kind).type(value) for name, value in values.items()}
    python = {name: float(v) if kind in "efdg" else v.item() for name, v in given.items()}
    options = {"max_iter": 3, "learning_rate": "invscaling", "random_state": 0}
    X = X_iris.astype(np.float32)
    for engine, solver in product(ENGINES, ("adamw", "rmsprop", SGD, "lbfgs")):
        fits, options["engine"] = [], engine
        for each in (given, python):
            each = {name: v for name, v in each.items() if solver != "lbfgs" or name not in RANDOM}
            clf = MLPScratchClassifier(solver=SGD(each["decay"]) if "decay" in each else "adam")
            clf.set_params(**{"solver": solver} if solver is not SGD else {})
            clf.set_params(**{**options, "early_stopping": solver == "rmsprop", **each})
            # The second fit resumes with fewer epochs than the first one.
            clf.set_params(max_iter=5, warm_start=True).fit(X, y_iris)
            fits.append(clf.set_params(**{"max_iter": 3, **each}).fit(X, y_iris))
            assert all(clf.get_params()[name] is value for name, value in each.items())
        assert_same_fit(*fits)
