"""The base class of the classifier and the regressor."""

from __future__ import annotations

import functools
import inspect
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from skscratch.estimators.architecture import activation_classes
from skscratch.estimators.engines import fitted_network
from skscratch.estimators.fit import Fit
from skscratch.estimators.lbfgs import LBFGSFit
from skscratch.estimators.parameters import CONSTRAINTS, MatrixLike, fitting, with_plain_numbers
from skscratch.estimators.sklearn_callbacks import CallbackBridge, CallbackSupportMixin
from skscratch.estimators.solvers import solver_name, solver_of
from skscratch.estimators.state import History, TrainingState
from skscratch.estimators.stochastic import StochasticFit
from skscratch.estimators.targets import Targets, fitted_targets
from skscratch.estimators.validation import TrainingData, validate, validate_input
from skscratch.nn.activations import Activation, ActivationName

if TYPE_CHECKING:
    from sklearn.neural_network import MLPClassifier, MLPRegressor


class BaseMLPScratch(CallbackSupportMixin, BaseEstimator):
    """Training, resumption and prediction of both estimators.

    A subclass lists its parameters, including the shared ones, in its signature.
    """

    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    hidden_activations_: list[ActivationName | type[Activation]]
    loss_: float
    best_loss_: float | None
    best_validation_score_: float | None
    n_iter_: int
    t_: int
    n_layers_: int
    n_outputs_: int
    out_activation_: Literal["identity", "exp", "logistic", "softmax"]
    n_features_in_: int
    feature_names_in_: np.ndarray

    _history: dict[str, list[float]]
    _training_state: dict[str, Any]
    _parameter_constraints: dict = CONSTRAINTS

    @fitting
    def fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data. A sparse matrix is never converted to a dense one.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: class labels or an indicator matrix for a classifier, real values for a
            regressor.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples' losses. Samples of weight 0 are ignored.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            A validation set. Its loss and score are recorded after each epoch; with
            ``early_stopping`` it is used instead of a held-out part of ``X``. In a
            :class:`~sklearn.pipeline.Pipeline`, it is transformed like ``X`` with
            ``set_config(enable_metadata_routing=True)``,
            ``set_fit_request(X_val=True, y_val=True)`` on this estimator and
            ``Pipeline(..., transform_input=["X_val"])``, but not if it is passed as
            ``step__X_val``.
        y_val, sample_weight_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            The targets and the weights of the validation set.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument or a parameter is invalid, or if training diverges. The estimator then
            is unchanged.
        """
        resume = self.warm_start and hasattr(self, "coefs_")
        validation = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        with self._unchanged_on_error():
            data = validate(self, X, y, sample_weight, validation, resume=resume)
            bridge = CallbackBridge(self, X, y, sample_weight)
            self._train(data, bridge, resume)
            bridge.end_fit()
        return self

    @property
    def loss_curve_(self) -> list[float]:
        """The loss of each epoch."""
        return list(self._history["loss"])

    @property
    def history_(self) -> dict[str, np.ndarray]:
        """The recorded values of each epoch."""
        return History(self._history).arrays()

    @property
    def validation_scores_(self) -> list[float] | None:
        """The score on the validation set after each epoch."""
        if self.best_validation_score_ is None:
            return None
        return list(self._history.get("validation_score", []))

    def to_sklearn(self) -> MLPClassifier | MLPRegressor:
        """Convert to a fitted estimator of scikit-learn that predicts the same.

        For tools that require an :class:`~sklearn.neural_network.MLPClassifier` or an
        :class:`~sklearn.neural_network.MLPRegressor`. Additional parameters are dropped.

        Returns
        -------
        mlp : MLPClassifier or MLPRegressor
            With copies of the weights.

        Raises
        ------
        ValueError
            If scikit-learn does not have the activation, or if it differs between the layers.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skscratch import MLPScratchClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = MLPScratchClassifier(solver="adagrad", tol=0, random_state=0).fit(X, y)
        >>> bool((clf.to_sklearn().predict(X) == clf.predict(X)).all())
        True
        """
        from skscratch.estimators import conversion

        return conversion.to_sklearn(self)

    @classmethod
    def from_sklearn(cls, mlp: MLPClassifier | MLPRegressor) -> Self:
        """Convert a fitted estimator of scikit-learn.

        With ``warm_start=True`` or :meth:`partial_fit`, training continues from its weights. The
        state of its optimizer is not converted.

        Parameters
        ----------
        mlp : MLPClassifier or MLPRegressor
            The fitted estimator.

        Returns
        -------
        estimator : object
            With the same parameters and copies of the weights.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.neural_network import MLPClassifier
        >>> from skscratch import MLPScratchClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = MLPClassifier(solver="lbfgs", max_iter=500, random_state=0).fit(X, y)
        >>> clf = MLPScratchClassifier.from_sklearn(mlp)
        >>> clf.set_params(solver="adam", dropout=0.1).partial_fit(X, y).score(X, y) > 0.9
        True
        """
        from skscratch.estimators import conversion

        return conversion.from_sklearn(cls, mlp)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @classmethod
    @functools.cache
    def _defaults(cls) -> dict[str, Any]:
        """Return the default of each parameter."""
        parameters = inspect.signature(cls).parameters.values()
        return {parameter.name: parameter.default for parameter in parameters}

    def _validate_params(self) -> None:
        # Defaults are valid. To check all 40 parameters took a sixth of the overhead of a fit.
        values = {
            name: value
            for name, default in self._defaults().items()
            if (value := getattr(self, name)) is not default
        }
        validate_parameter_constraints(self._parameter_constraints, values, type(self).__name__)

    @abstractmethod
    def _targets_of(self, y, classes, resume: bool) -> tuple[Targets, np.ndarray]:
        """Return the targets that y needs, and y as a checked array."""

    @contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        """Restore the attributes and the generator if an error is raised."""
        before = vars(self).copy()
        generator = self.random_state if isinstance(self.random_state, RandomState) else None
        drawn = generator and generator.get_state(legacy=False)
        try:
            yield
        except BaseException:
            if generator:
                generator.set_state(drawn)
            # scikit-learn needs its own attributes to tear callbacks down.
            callbacks = {name: value for name, value in vars(self).items() if "callback" in name}
            vars(self).clear()
            vars(self).update({**before, **callbacks})
            raise

    def _partial_fit(self, X, y, sample_weight, classes=None) -> Self:
        """Train for one epoch."""
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        resume = hasattr(self, "coefs_")
        with self._unchanged_on_error():
            data = validate(self, X, y, sample_weight, resume=resume, classes=classes)
            self._train(data, CallbackBridge(), resume, incremental=True)
        return self

    def _train(
        self, data: TrainingData, bridge: CallbackBridge, resume: bool, incremental: bool = False
    ) -> None:
        """Train the network and set the fitted attributes."""
        fit_class: type[Fit] = StochasticFit if solver_of(self.solver).is_stochastic else LBFGSFit
        state = TrainingState.of(self, solver_name(self.solver)) if resume else None
        with np.errstate(over="ignore", invalid="ignore"):
            fit = fit_class(with_plain_numbers(self), data, state, incremental)
            fit.run(bridge)
        vars(self).update(fit.fitted_attributes())

    def _fitted_targets(self) -> Any:
        if not hasattr(self, "coefs_"):
            check_is_fitted(self, "coefs_")
        return fitted_targets(self)

    def _outputs(self, X, output: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Return a function of the logits."""
        X = validate_input(self, X)
        activations = activation_classes(self.hidden_activations_, len(self.coefs_) - 1)
        arrays = self.coefs_, self.intercepts_, activations
        return fitted_network(self.engine, X.shape[0], *arrays).forward(X, output)
