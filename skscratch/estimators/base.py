"""The base class of the classifier and the regressor."""

from __future__ import annotations

import copy
import functools
import inspect
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from skscratch.estimators.architecture import Architecture, arrays_of, fitted_parts
from skscratch.estimators.engines import fitted_network, new_engine
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


class _Assigned:
    def __init__(self, default: Callable[[Any], Any]) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, estimator: Any, owner: type) -> Any:
        if estimator is None or "coefs_" not in vars(estimator):
            raise AttributeError(f"{owner.__name__!r} object has no attribute {self.name!r}")
        return self.default(estimator)


def assigned(default: Callable[[Any], Any]) -> Any:
    """Define a fitted attribute whose default is computed from assigned ``coefs_``."""
    return _Assigned(default)


class BaseMLPScratch(CallbackSupportMixin, BaseEstimator):
    """Training, resumption and prediction of both estimators.

    A subclass lists its parameters, including the shared ones, in its signature.
    """

    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    hidden_activations_: list[ActivationName | type[Activation]] = assigned(
        lambda self: (
            [self.activation] * (len(self.coefs_) - 1)
            if isinstance(self.activation, str | type)
            else list(self.activation)
        )
    )
    loss_: float = assigned(lambda self: np.inf)
    best_loss_: float | None = assigned(lambda self: None)
    best_validation_score_: float | None = assigned(lambda self: None)
    t_: int = assigned(lambda self: 0)
    n_layers_: int = assigned(lambda self: len(self.coefs_) + 1)
    n_outputs_: int = assigned(lambda self: np.shape(self.coefs_[-1])[-1])
    out_activation_: Literal["identity", "exp", "logistic", "softmax"]
    n_features_in_: int = assigned(lambda self: np.shape(self.coefs_[0])[0])
    feature_names_in_: np.ndarray

    _history: dict[str, list[float]] = assigned(lambda self: History().columns)
    # Estimators trained by an earlier version lack it; resuming from {} raises an error.
    _training_state: dict[str, Any] = assigned(
        lambda self: {} if "n_iter_" in vars(self) else vars(TrainingState())
    )
    n_iter_: int = assigned(lambda self: 0)
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
            If an argument or a parameter is invalid, or if training diverges. The estimator is
            then left unchanged.
        """
        resume = self.warm_start and hasattr(self, "coefs_")
        validation = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        with self._unchanged_on_error():
            self._convert_weights(resume)
            data = validate(self, X, y, sample_weight, validation, resume=resume)
            bridge = CallbackBridge(self, X, y, sample_weight)
            self._train(data, bridge, resume)
            bridge.end_fit()
        return self

    @property
    def loss_curve_(self) -> list[float]:
        """The loss of each epoch."""
        return list(self._history["loss"])

    @loss_curve_.setter
    def loss_curve_(self, losses: Sequence[float]) -> None:
        self._replace_in_history("loss", losses)

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

    @validation_scores_.setter
    def validation_scores_(self, scores: Sequence[float] | None) -> None:
        self.best_validation_score_ = None
        if scores is not None:
            self.best_validation_score_ = float(np.fmax.reduce(scores, initial=-np.inf))
            self._replace_in_history("validation_score", scores)

    def _replace_in_history(self, name: str, values: Sequence[float]) -> None:
        history = History(getattr(self, "_history", None))
        history.replace(name, values)
        self._history = history.columns

    def hidden_outputs(self, X: MatrixLike, layer: int = -1) -> np.ndarray:
        """Return the outputs of a hidden layer, after its activation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.
        layer : int, default=-1
            Index of the hidden layer: 0 is the first one, -1 the last one. Other indices raise a
            ValueError.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_neurons)
            The outputs, in the dtype of the weights.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skscratch import MLPScratchClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = MLPScratchClassifier((16, 2), solver="lbfgs", max_iter=500, random_state=0)
        >>> clf.fit(X, y).hidden_outputs(X).shape, clf.hidden_outputs(X, layer=0).shape
        ((150, 2), (150, 16))
        """
        check_is_fitted(self, "coefs_")
        coefs, intercepts, activations = fitted_parts(self)
        if layer not in range(-len(activations), len(activations)):
            raise ValueError(
                f"layer must be the index of a hidden layer, of which this network has "
                f"{len(activations)}; got {layer!r}."
            )
        n_layers = layer % len(activations) + 1
        output = activations[n_layers - 1]().forward
        parts = coefs[:n_layers], intercepts[:n_layers], activations[: n_layers - 1]
        return self._outputs(X, output, parts)

    def loss_gradient(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> tuple[float, list[np.ndarray], list[np.ndarray]]:
        """Return the training objective at the current weights, and its gradient.

        The objective is the mean loss of the samples, weighted by ``sample_weight`` and
        ``class_weight`` and summed over the values of a sample, plus all penalties; ``alpha`` is
        divided by the sum of the weights. It is computed without dropout.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets. Not all classes need to occur.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples' losses.

        Returns
        -------
        loss : float
            The objective.
        coef_gradients, intercept_gradients : list of ndarray
            The gradients with respect to ``coefs_`` and ``intercepts_``, in the same shapes.

        Examples
        --------
        One step of gradient descent:

        >>> from sklearn.datasets import load_iris
        >>> from skscratch import MLPScratchClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = MLPScratchClassifier(solver="lbfgs", max_iter=20, tol=1, random_state=0).fit(X, y)
        >>> loss, coef_gradients, intercept_gradients = clf.loss_gradient(X, y)
        >>> for weights, gradient in zip(clf.coefs_, coef_gradients):
        ...     weights -= 0.001 * gradient
        >>> clf.loss_gradient(X, y)[0] < loss
        True
        """
        check_is_fitted(self, "coefs_")
        coefs, intercepts, activations = fitted_parts(self)
        # The fitted layers are used, even if the parameters have been changed since.
        fitted, classes = copy.copy(self), getattr(self, "classes_", None)
        vars(fitted).update(
            coefs_=coefs,
            hidden_layer_sizes=[len(biases) for biases in intercepts[:-1]],
            activation=activations,
            dropout=0.0,
            input_dropout=0.0,
        )
        fitted._validate_params()
        data = validate(fitted, X, y, sample_weight, resume=True, classes=classes)
        architecture = Architecture.of(fitted, data.X.shape[1], data.X.dtype, data.targets)
        network = architecture.fitted_network(coefs, intercepts)
        batches = data.batches(data.rows, data.n_rows)
        losses = new_engine(self.engine, network, None, batches).compute_gradients()
        return sum(losses), *arrays_of(network, network.gradients)

    @classmethod
    def from_weights(
        cls,
        coefs: Sequence[ArrayLike],
        intercepts: Sequence[ArrayLike],
        *,
        classes: ArrayLike | None = None,
        multilabel: bool = False,
        **params: Any,
    ) -> Self:
        """Create a fitted estimator from weights and biases.

        Training continues from them with ``warm_start=True`` or :meth:`partial_fit`.

        Parameters
        ----------
        coefs, intercepts : sequence of array-like
            The weights of shape (n_inputs, n_neurons) and the biases of shape (n_neurons,) of each
            layer. They are copied.
        classes : array-like of shape (n_classes,), default=None
            The sorted class labels of a classifier, by default the integers from 0. Two classes
            have one output, the logit of the second class.
        multilabel : bool, default=False
            If True, each output of the classifier is the logit of a label.
        **params : dict
            Parameters of the estimator. ``hidden_layer_sizes`` is set by the weights.

        Returns
        -------
        estimator : object
            The fitted estimator.

        Examples
        --------
        >>> from skscratch import MLPScratchClassifier
        >>> coefs, intercepts = [[[1.0, -1.0]], [[1.0], [1.0]]], [[0.0, 0.0], [-2.0]]  # |x| - 2
        >>> clf = MLPScratchClassifier.from_weights(coefs, intercepts, classes=["in", "out"])
        >>> clf.predict([[-3.0], [1.0], [3.0]])
        array(['out', 'in', 'out'], dtype='<U3')
        """
        shapes = [np.shape(weights) for weights in coefs]
        if not shapes or any(len(shape) != 2 for shape in shapes):
            raise ValueError(f"Expected a matrix of weights for each layer, got shapes {shapes}.")
        sizes = tuple(n_neurons for _, n_neurons in shapes[:-1])
        estimator = cls(**{"hidden_layer_sizes": sizes, **params})
        estimator._validate_params()
        estimator.coefs_, estimator.intercepts_ = coefs, intercepts
        targets = estimator._targets_of_outputs(estimator.n_outputs_, classes, multilabel)
        vars(estimator).update(targets.attributes)
        coefs, intercepts, _ = fitted_parts(estimator)
        if not all(np.isfinite(array).all() for array in (*coefs, *intercepts)):
            raise ValueError("coefs and intercepts must be finite, got NaN or infinity.")
        architecture = Architecture.of(estimator, len(coefs[0]), coefs[0].dtype, targets)
        network = architecture.fitted_network(coefs, intercepts)
        arrays = arrays_of(network, network.parameters)
        vars(estimator).update(architecture.fitted_attributes(*arrays))
        return estimator

    def to_sklearn(self) -> MLPClassifier | MLPRegressor:
        """Convert to a fitted estimator of scikit-learn that predicts the same.

        For tools that require an :class:`~sklearn.neural_network.MLPClassifier` or an
        :class:`~sklearn.neural_network.MLPRegressor`. Additional parameters are dropped.

        Returns
        -------
        mlp : MLPClassifier or MLPRegressor
            The fitted estimator, with copies of the weights.

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
            The fitted estimator, with the same parameters and copies of the weights.

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
        # Defaults are valid: skipping them saves a sixth of the overhead of a fit.
        values = {
            name: value
            for name, default in self._defaults().items()
            if (value := getattr(self, name)) is not default
        }
        validate_parameter_constraints(self._parameter_constraints, values, type(self).__name__)

    @abstractmethod
    def _targets_of(self, y, classes, resume: bool) -> tuple[Targets, np.ndarray]:
        """Return the kind of targets of y, and y as a checked array."""

    @abstractmethod
    def _targets_of_outputs(self, n_outputs: int, classes, multilabel: bool) -> Targets:
        """Return the kind of targets of a network with this number of outputs."""

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
            # scikit-learn's teardown of callbacks reads these attributes.
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
            self._convert_weights(resume)
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

    def _convert_weights(self, resume: bool) -> None:
        if resume:
            self.coefs_, self.intercepts_, _ = fitted_parts(self)

    def _fitted_targets(self) -> Any:
        if not hasattr(self, "coefs_"):
            check_is_fitted(self, "coefs_")
        return fitted_targets(self)

    def _outputs(self, X, output: Callable[[np.ndarray], np.ndarray], parts=None) -> np.ndarray:
        """Return ``output`` of the logits, or of the last layer of ``parts`` of the network."""
        coefs, intercepts, activations = parts or fitted_parts(self)
        X = validate_input(self, X, coefs[0].dtype)
        network = fitted_network(self.engine, X.shape[0], coefs, intercepts, activations)
        return network.forward(X, output)
