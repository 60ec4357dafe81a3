"""Declared types agree with constraints, defaults and fitted attributes (see typed_script.py)."""

import inspect
from types import UnionType
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from helpers import X_digits, unfinished_fits, y_digits
from sklearn.utils._param_validation import StrOptions

from skscratch import MLPScratchClassifier, MLPScratchRegressor

ESTIMATORS = [MLPScratchClassifier, MLPScratchRegressor]


def literals(hint) -> set:
    """Return the strings that a type names."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    # What is inside of a sequence is not itself a value.
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
def test_every_string_that_is_accepted_is_declared(estimator):
    hints = get_type_hints(estimator.__init__)
    with_strings = 0
    for name, constraints in estimator._parameter_constraints.items():
        options = [set(one.options) for one in constraints if isinstance(one, StrOptions)]
        assert literals(hints[name]) == set().union(*options), name
        with_strings += bool(options)
    assert with_strings >= 5


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_parameter_has_a_type_that_its_default_has(estimator):
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
def test_every_fitted_attribute_is_declared(estimator, early_stopping):
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
