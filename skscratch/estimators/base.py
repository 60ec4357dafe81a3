"""What the classifier and the regressor share: validation, fits and scikit-learn's contract."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal, Self, TypeVar

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from skscratch.estimators.architecture import (
    ACTIVATIONS,
    INITIALIZERS,
    REGULARIZERS,
    activation_classes,
)
from skscratch.estimators.data import Samples, TrainingData
from skscratch.estimators.history import History
from skscratch.estimators.observers import CallbackSupportMixin, Observer, observer_of
from skscratch.estimators.settings import OPTIMIZERS
from skscratch.estimators.targets import Targets, fitted_targets
from skscratch.estimators.trainers import run, trainer_of
from skscratch.estimators.types import ActivationName, MatrixLike
from skscratch.nn.activations import Activation
from skscratch.nn.optimizers import Optimizer
from skscratch.nn.prediction import FittedNetwork

if TYPE_CHECKING:
    from sklearn.neural_network import MLPClassifier, MLPRegressor


# scikit-learn's decorators, which say nothing of types.
_Method = TypeVar("_Method", bound=Callable)


def fitting(method: _Method) -> _Method:
    """Let a method that trains check all parameters first, and have callbacks.

    Parameters
    ----------
    method : callable
        ``fit`` or ``partial_fit``.

    Returns
    -------
    method : callable
        The same with what belongs around it.
    """
    return _fit_context(prefer_skip_nested_validation=True)(method)


def stochastic(method: _Method) -> _Method:
    """Let a method be there only if the solver is stochastic.

    Parameters
    ----------
    method : callable
        ``partial_fit``.

    Returns
    -------
    method : callable
        A descriptor, which raises an :class:`AttributeError` with other solvers.
    """
    return available_if(_is_stochastic)(method)


def _is_stochastic(estimator: BaseMLPScratch) -> bool:
    if isinstance(estimator.solver, str) and estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic solvers, lbfgs is not one: it needs all "
            f"of the data at once. Choose solver from {sorted(OPTIMIZERS)}."
        )
    return True


class BaseMLPScratch(CallbackSupportMixin, BaseEstimator):
    """A network that scikit-learn fits and predicts with.

    A child says what its targets are. It lists its own parameters, those that are shared included,
    because scikit-learn, editors and readers look for them in its signature.
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

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS)), "array-like", callable],
        "solver": [StrOptions({"lbfgs", *OPTIMIZERS}), callable, Optimizer],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive", "cosine"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "decay": [Interval(Real, 0, None, closed="left")],
        "rho": [Interval(Real, 0, 1, closed="left")],
        **{name: [Interval(Real, 0, None, closed="left"), "array-like"] for name in REGULARIZERS},
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "input_dropout": [Interval(Real, 0, 1, closed="left")],
        "weight_init": [StrOptions(set(INITIALIZERS))],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
        "scoring": [str, callable, None],
        "engine": [StrOptions({"auto", "native", "numpy"})],
    }

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
            The input data. A sparse matrix is never made dense.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: class labels, or an indicator matrix of labels of which several may apply;
            numbers, if this is a regressor.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples' losses, at least 0. Samples of weight 0 count as absent.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            A validation set of one's own. Loss and score on it are recorded after every epoch;
            with ``early_stopping`` they decide, and nothing of ``X`` is held out. In a
            :class:`~sklearn.pipeline.Pipeline`, it is transformed like ``X`` with
            ``set_config(enable_metadata_routing=True)``,
            ``set_fit_request(X_val=True, y_val=True)`` on this estimator and
            ``Pipeline(..., transform_input=["X_val"])``. Handed on as ``step__X_val``, it arrives
            as it is, for instance unscaled, and nothing can detect that.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Its targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Its weights.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument or a parameter is wrong, or if training diverges. The estimator then is
            as it was before the call.
        """
        resume = self.warm_start and hasattr(self, "coefs_")
        with self._unchanged_on_error():
            data = self._prepare(X, y, sample_weight, X_val, y_val, sample_weight_val, resume)
            observer = observer_of(self, self.max_iter, X, y, sample_weight)
            self._train(data, resume, observer)
            observer.end_fit()
        return self

    @property
    def loss_curve_(self) -> list[float]:
        """The loss of each epoch."""
        return self.history_["loss"].tolist()

    @property
    def history_(self) -> dict[str, np.ndarray]:
        """What was recorded of each epoch."""
        return History(self._history).columns()

    @property
    def validation_scores_(self) -> list[float] | None:
        """The score on the validation set after each epoch."""
        if self.best_validation_score_ is None:
            return None
        return self.history_.get("validation_score", np.array([])).tolist()

    def to_sklearn(self) -> MLPClassifier | MLPRegressor:
        """Return a fitted network of scikit-learn's that predicts the same.

        Whatever reads an :class:`~sklearn.neural_network.MLPClassifier` or an
        :class:`~sklearn.neural_network.MLPRegressor` reads the network then. Of the parameters
        those are handed over that it has.

        Returns
        -------
        mlp : MLPClassifier or MLPRegressor
            With copies of the weights.

        Raises
        ------
        ValueError
            If scikit-learn has no such activation, or not one for each layer.

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
        """Return an estimator with the parameters and weights of one of scikit-learn's.

        With ``warm_start=True`` or :meth:`partial_fit` it goes on from them, with all that
        scikit-learn lacks; the optimizer begins anew.

        Parameters
        ----------
        mlp : MLPClassifier or MLPRegressor
            The fitted network.

        Returns
        -------
        estimator : object
            With copies of the weights.

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

    def __getstate__(self):
        # The order of the samples grows with them, and follows from what is kept beside.
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_order"}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @abstractmethod
    def _check_targets(self, y, name: str = "y") -> np.ndarray:
        """Return targets as a checked vector or matrix."""

    @abstractmethod
    def _targets_of(self, y: np.ndarray, resume: bool) -> Targets:
        """Return the kind of target that checked targets are."""

    def _class_weights(self, targets: Targets, encoded: np.ndarray) -> list[np.ndarray] | None:
        """Return the weights by which those of the samples are multiplied, if there are any."""
        return None

    @contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        """Leave the estimator as it was if what is done inside fails."""
        before = vars(self).copy()
        generator = self.random_state if isinstance(self.random_state, RandomState) else None
        drawn = generator and generator.get_state(legacy=False)
        try:
            yield
        except BaseException:
            if generator:
                generator.set_state(drawn)
            # scikit-learn still needs what it has noted in order to tear callbacks down.
            callbacks = {name: value for name, value in vars(self).items() if "callback" in name}
            vars(self).clear()
            vars(self).update({**before, **callbacks})
            raise

    def _partial_fit(
        self, X, y, sample_weight, targets_of: Callable[[np.ndarray, bool], Targets]
    ) -> Self:
        """Train for one epoch, as ``partial_fit`` does."""
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        resume = hasattr(self, "coefs_")
        with self._unchanged_on_error():
            X, y = self._validate(X, y, resume)
            data = self._training_data(X, y, sample_weight, targets_of(y, resume))
            return self._train(data, resume, Observer(), incremental=True)

    def _prepare(
        self, X, y, sample_weight, X_val, y_val, sample_weight_val, resume: bool = False
    ) -> TrainingData:
        """Validate the arguments of ``fit`` and encode the targets."""
        X, y = self._validate(X, y, resume)
        validation = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        return self._training_data(X, y, sample_weight, self._targets_of(y, resume), validation)

    def _validate(self, X, y, resume: bool) -> tuple:
        """Return X and y as arrays that can be trained on."""
        with np.errstate(over="ignore"):
            X, y = validate_data(
                self,
                X,
                y,
                accept_sparse="csr",
                multi_output=True,
                dtype=self.coefs_[0].dtype if resume else (np.float64, np.float32),
                order="C",
                reset=not resume,
            )
        _check_numpy(X)
        return X, self._check_targets(y)

    def _training_data(
        self, X, y, sample_weight, targets: Targets, validation: dict | None = None
    ) -> TrainingData:
        """Encode the targets, weigh the classes and leave out samples without weight."""
        encoded = targets.encode(y, X.dtype)
        counted = slice(None)
        if sample_weight is not None:
            sample_weight = _check_weights(sample_weight, X)
            counted = sample_weight > 0
        class_weights = self._class_weights(targets, encoded[counted])

        def weights(encoded, sample_weight):
            """Return the weights of the samples' losses and of their scores."""
            given = sample_weight
            if class_weights is not None:
                sample_weight = targets.sample_weight(encoded, class_weights)
                sample_weight = sample_weight if given is None else sample_weight * given
            return tuple(
                None if weight is None else _as_weights(weight, X.dtype)
                for weight in (sample_weight, given)
            )

        loss_weight, score_weight = weights(encoded, sample_weight)
        rows = None
        if loss_weight is not None and not loss_weight.all():
            rows = np.flatnonzero(loss_weight)
        data = TrainingData(X, encoded, loss_weight, score_weight, targets=targets, rows=rows)
        if validation is not None:
            data.validation = self._validation_data(data, weights, **validation)
        return data

    def _validation_data(
        self, data: TrainingData, weights: Callable, X_val, y_val, sample_weight_val
    ) -> Samples | None:
        """Validate the validation set."""
        given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        given = [name for name, value in given.items() if value is not None]
        if not given:
            return None
        if X_val is None or y_val is None:
            raise ValueError(f"A validation set needs X_val and y_val, got only {given}.")
        with np.errstate(over="ignore"):
            X_val = validate_data(
                self, X_val, accept_sparse="csr", dtype=data.X.dtype, order="C", reset=False
            )
        y_val = check_array(y_val, accept_sparse="csr", ensure_2d=False, dtype=None)
        y_val = self._check_targets(y_val, "y_val")
        check_consistent_length(X_val, y_val)
        if sample_weight_val is not None:
            sample_weight_val = _check_weights(sample_weight_val, X_val)
        encoded = data.targets.encode(y_val, X_val.dtype, "y_val")
        return Samples(X_val, encoded, *weights(encoded, sample_weight_val))

    def _train(
        self, data: TrainingData, resume: bool, observer: Observer, incremental: bool = False
    ) -> Self:
        """Train the network and set the fitted attributes."""
        kind = data.targets.kind
        if resume and kind != (self.n_outputs_, self.out_activation_):
            raise ValueError(
                f"The fitted network has {self.n_outputs_} {self.out_activation_} outputs, `y` "
                f"needs {kind[0]} {kind[1]} ones. Fit a new estimator, or set warm_start=False."
            )
        with np.errstate(over="ignore", invalid="ignore"):
            trainer = trainer_of(self, data, resume=resume, incremental=incremental)
            attributes = run(trainer, observer)
        vars(self).update(attributes)
        return self

    def _fitted_network(self) -> FittedNetwork:
        activations = activation_classes(self.hidden_activations_, self.n_layers_ - 2)
        return FittedNetwork(self.coefs_, self.intercepts_, activations)

    def _network_outputs(self, X, output: str) -> np.ndarray:
        """Return what one of the targets' methods makes of the logits."""
        check_is_fitted(self, "coefs_")
        if not self._is_valid_array(X):
            X = validate_data(self, X, accept_sparse="csr", reset=False)
            _check_numpy(X)
        return self._fitted_network().forward(X, getattr(fitted_targets(self), output))

    def _is_valid_array(self, X) -> bool:
        """Whether ``validate_data`` would return X as it is, found out in a tenth of its time."""
        if type(X) is not np.ndarray or X.dtype not in (np.float64, np.float32):
            return False
        if X.ndim != 2 or X.shape[0] == 0 or X.shape[1] != self.n_features_in_:
            return False
        with np.errstate(over="ignore", invalid="ignore"):
            return not hasattr(self, "feature_names_in_") and bool(np.isfinite(X.sum()))


def _check_weights(sample_weight, X) -> np.ndarray:
    sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    _as_weights(sample_weight, sample_weight.dtype)
    return sample_weight


def _as_weights(sample_weight: np.ndarray, dtype) -> np.ndarray:
    """Return weights in the network's dtype, in which they are checked."""
    with np.errstate(over="ignore"):
        sample_weight = sample_weight.astype(dtype, copy=False)
        total = np.sum(sample_weight, dtype=np.float64)
    if total == 0:
        raise ValueError(f"All sample weights are zero in {dtype}: at least one must be positive.")
    if total < np.finfo(dtype).tiny:
        # Too few digits are left of it, and the penalties that are divided by it overflow.
        raise ValueError(
            f"The sum of sample_weight is {total}, too small for {dtype}: divide the weights by "
            f"their mean."
        )
    if not np.isfinite(total):
        raise ValueError(
            f"The sum of sample_weight is not finite in {dtype}, weights of classes included: "
            f"divide the weights by their mean."
        )
    return sample_weight


def _check_numpy(X) -> None:
    if not isinstance(X, np.ndarray) and not issparse(X):
        kind = f"{type(X).__module__}.{type(X).__qualname__}"
        raise ValueError(
            f"This network computes with NumPy alone, got {kind}: pass NumPy arrays, or leave "
            f"array_api_dispatch=False, with which tensors of the CPU become such."
        )
