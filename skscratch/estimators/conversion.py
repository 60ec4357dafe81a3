"""Conversion from and to scikit-learn's multi-layer perceptrons."""

import copy

import numpy as np
from sklearn.base import is_classifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

from skscratch.estimators.architecture import fitted_parts
from skscratch.estimators.state import TrainingState

SHARED_ACTIVATIONS = {"identity", "logistic", "tanh", "relu"}
SHARED_SOLVERS = {"lbfgs", "sgd", "adam"}
SHARED_SCHEDULES = {"constant", "invscaling", "adaptive"}

# Fitted attributes with the same name and meaning.
SHARED_ATTRIBUTES = (
    "classes_",
    "n_features_in_",
    "feature_names_in_",
    "n_outputs_",
    "n_layers_",
    "out_activation_",
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
)


def to_sklearn(estimator) -> MLPClassifier | MLPRegressor:
    """Return a fitted estimator of scikit-learn with copies of the weights."""
    check_is_fitted(estimator)
    mlp_class = _counterpart(estimator)
    names = set(estimator.hidden_activations_)
    if len(names) > 1 or not names <= SHARED_ACTIVATIONS:
        raise ValueError(
            f"{mlp_class.__name__} has one activation for all hidden layers, from "
            f"{sorted(SHARED_ACTIVATIONS)}; this network has "
            f"hidden_activations_={estimator.hidden_activations_}."
        )
    parameters = {name: getattr(estimator, name) for name in mlp_class().get_params()}
    parameters["activation"] = names.pop() if names else "identity"
    # Predictions do not depend on the solver and the schedule.
    if not (isinstance(estimator.solver, str) and estimator.solver in SHARED_SOLVERS):
        parameters["solver"] = "adam"
    if estimator.learning_rate not in SHARED_SCHEDULES:
        parameters["learning_rate"] = "constant"
    if mlp_class is MLPRegressor:
        if estimator.quantiles_ is not None:
            raise ValueError(
                f"MLPRegressor cannot sort predicted quantiles; this network has "
                f"quantiles_={estimator.quantiles_}."
            )
        parameters["loss"] = "poisson" if estimator.out_activation_ == "exp" else "squared_error"
    mlp = mlp_class(**parameters)
    mlp.coefs_, mlp.intercepts_ = copy.deepcopy(fitted_parts(estimator)[:2])
    _copy_fit(estimator, mlp)
    if mlp_class is MLPClassifier:
        mlp._label_binarizer = LabelBinarizer().fit(
            np.identity(mlp.n_outputs_, int)
            if mlp.out_activation_ == "logistic" and mlp.n_outputs_ > 1
            else mlp.classes_
        )
        mlp._label_binarizer.sparse_input_ = estimator._sparse_labels
    # Attributes that a warm start of scikit-learn reads.
    if mlp.early_stopping and mlp.validation_scores_ is None:
        mlp.validation_scores_, mlp.best_validation_score_ = [], -np.inf
    elif not mlp.early_stopping and mlp.best_loss_ is None:
        mlp.best_loss_ = np.inf
    mlp._no_improvement_count = 0
    mlp._best_coefs = [coef.copy() for coef in mlp.coefs_]
    mlp._best_intercepts = [intercept.copy() for intercept in mlp.intercepts_]
    return mlp


def from_sklearn(estimator_class, mlp: MLPClassifier | MLPRegressor):
    """Return an estimator with the parameters and copies of the weights of scikit-learn's."""
    mlp_class = _counterpart(estimator_class())
    if not isinstance(mlp, mlp_class):
        raise TypeError(f"Expected an {mlp_class.__name__}, got {type(mlp).__name__}.")
    check_is_fitted(mlp)
    estimator = estimator_class(**mlp.get_params())
    if mlp_class is MLPRegressor:
        estimator.quantiles_ = None
    else:
        estimator._sparse_labels = mlp.n_outputs_ > 1 and mlp._label_binarizer.sparse_input_
    estimator.coefs_, estimator.intercepts_ = copy.deepcopy((mlp.coefs_, mlp.intercepts_))
    estimator.hidden_activations_ = [mlp.activation] * (mlp.n_layers_ - 2)
    estimator._training_state = vars(TrainingState())
    _copy_fit(mlp, estimator)
    return estimator


def _counterpart(estimator) -> type[MLPClassifier | MLPRegressor]:
    return MLPClassifier if is_classifier(estimator) else MLPRegressor


def _copy_fit(source, target) -> None:
    for name in SHARED_ATTRIBUTES:
        if hasattr(source, name):
            value = getattr(source, name)
            setattr(target, name, list(value) if isinstance(value, list) else value)
