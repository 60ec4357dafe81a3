"""Activations, losses, optimizers and parameters are in all places listed in CONTRIBUTING.md."""

import inspect
from functools import partial
from typing import get_args

import pytest

from skscratch import MLPScratchClassifier, MLPScratchRegressor, onnx
from skscratch.estimators import parameters, solvers, targets
from skscratch.nn import activations, losses, optimizers


def classes_in(module, base):
    """Return the public subclasses that a module defines."""
    return {
        value
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, base) and value is not base
        if value.__module__ == module.__name__ and name in module.__all__
    }


def names(classes):
    return sorted(one.__name__ for one in classes)


OUTPUT_ACTIVATIONS = {activations.Exponential, activations.Softmax}


def test_activations():
    defined = classes_in(activations, activations.Activation)
    missing = defined - set(activations.ACTIVATIONS.values()) - OUTPUT_ACTIVATIONS
    assert not missing, f"add {names(missing)} to ACTIVATIONS in nn/activations.py"
    missing = defined - set(onnx.ACTIVATIONS)
    assert not missing, f"add {names(missing)} to ACTIVATIONS in onnx.py"
    assert set(get_args(activations.ActivationName)) == set(activations.ACTIVATIONS)


def test_losses():
    used = {targets.MulticlassTargets.loss, targets.BinaryTargets.loss}
    used = {type(loss) for loss in used} | set(targets.VALUE_LOSSES.values())
    missing = {
        loss
        for loss in classes_in(losses, losses.LogitsLoss) - used
        if getattr(loss, "activation_class", None) is not None
    }
    assert not missing, f"add {names(missing)} to VALUE_LOSSES in estimators/targets.py"
    assert set(get_args(targets.RegressionLoss)) == set(targets.VALUE_LOSSES)


def test_optimizers():
    rows = [row.optimizer_class for row in solvers.SOLVERS.values()]
    used = {row.func if isinstance(row, partial) else row for row in rows}
    missing = classes_in(optimizers, optimizers.Optimizer) - used
    assert not missing, f"add {names(missing)} to SOLVERS in estimators/solvers.py"
    assert set(get_args(solvers.SolverName)) == set(solvers.SOLVERS)
    assert set(get_args(solvers.LearningRate)) == set(solvers.SCHEDULES)


@pytest.mark.parametrize("estimator", [MLPScratchClassifier, MLPScratchRegressor])
def test_parameters_and_docstrings(estimator):
    missing = estimator().get_params().keys() - estimator._parameter_constraints.keys()
    assert not missing, f"add constraints of {missing} to estimators/parameters.py"
    assert not parameters.CONSTRAINTS.keys() - estimator().get_params().keys()
    values = [*activations.ACTIVATIONS, *solvers.SOLVERS, *solvers.SCHEDULES]
    values += targets.VALUE_LOSSES if estimator is MLPScratchRegressor else []
    missing = [value for value in values if f"- '{value}': " not in estimator.__doc__]
    assert not missing, f"describe {missing} in the docstring of {estimator.__name__}"
