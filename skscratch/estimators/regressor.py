"""The regressor."""

from __future__ import annotations

from numbers import Real
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils._param_validation import Interval, StrOptions

from skscratch.estimators.architecture import WeightInit
from skscratch.estimators.base import BaseMLPScratch, assigned
from skscratch.estimators.parameters import (
    CONSTRAINTS,
    Engine,
    HiddenActivations,
    MatrixLike,
    Scoring,
    Solver,
    fitting,
    stochastic,
)
from skscratch.estimators.solvers import LearningRate
from skscratch.estimators.targets import (
    VALUE_LOSSES,
    RegressionLoss,
    ValueTargets,
    value_score,
    values_of,
)

__all__ = ["MLPScratchRegressor"]


class MLPScratchRegressor(RegressorMixin, BaseMLPScratch):
    """Multi-layer perceptron regressor with layers, losses and optimizers written from scratch.

    A drop-in replacement for :class:`~sklearn.neural_network.MLPRegressor`: the same arguments,
    data and ``random_state`` train the same network, up to rounding. Additional features are
    robust losses, quantile regression, the gamma deviance, dropout, more solvers, activations,
    schedules and penalties, user-provided validation sets, a history of the training, callbacks,
    and exact resumption.

    Networks train best with targets of unit scale: use a
    :class:`~sklearn.compose.TransformedTargetRegressor` with a
    :class:`~sklearn.preprocessing.StandardScaler`, except when ``loss`` is 'poisson' or 'gamma'.

    Parameters
    ----------
    loss : {'squared_error', 'absolute_error', 'huber', 'quantile', 'poisson', 'gamma'}, \
            default='squared_error'
        The loss to minimize, for a target ``y``, its prediction ``p`` and ``r = p - y``.

        - 'squared_error': ``r**2 / 2``, for the mean
        - 'absolute_error': ``|r|``, for the median, which is robust to outliers
        - 'huber': ``r**2 / 2`` where ``|r| <= delta``, otherwise ``delta (|r| - delta / 2)``, a
          compromise between the two
        - 'quantile': ``max((1 - quantile) r, -quantile r)``, for one or several quantiles
        - 'poisson': half the Poisson deviance, ``y log(y / p) - r``, for counts ``y >= 0``. The
          network predicts ``log(p)``
        - 'gamma': half the gamma deviance, ``log(p / y) + y / p - 1``, for amounts ``y > 0``. The
          network predicts ``log(p)``
    hidden_layer_sizes : array-like of shape (n_layers - 2,) or int, default=(100,)
        Number of neurons of each hidden layer. Without a hidden layer, the model is linear
        regression.
    activation : str, subclass of Activation or array-like of them, default='relu'
        Activation of the hidden layers, or one for each of them. A custom activation is a subclass
        of :class:`skscratch.nn.Activation`.

        - 'identity': ``f(z) = z``
        - 'logistic': ``f(z) = 1 / (1 + exp(-z))``
        - 'tanh': ``f(z) = tanh(z)``
        - 'relu': ``f(z) = max(0, z)``
        - 'leaky_relu': ``f(z) = max(0.01 z, z)``
        - 'elu': ``f(z) = z if z > 0 else exp(z) - 1``
        - 'silu': ``f(z) = z / (1 + exp(-z))``
    solver : {'lbfgs', 'sgd', 'adam', 'adamw', 'adagrad', 'rmsprop'} or Optimizer, default='adam'
        Solver for the weights.

        - 'lbfgs': SciPy's L-BFGS on all samples at once, often the best choice for small data sets
        - 'sgd': stochastic gradient descent, see :class:`skscratch.nn.optimizers.SGD`
        - 'adam': see :class:`skscratch.nn.optimizers.Adam`
        - 'adamw': Adam with decoupled ``weight_decay``, see :class:`skscratch.nn.optimizers.AdamW`
        - 'adagrad': see :class:`skscratch.nn.optimizers.Adagrad`
        - 'rmsprop': see :class:`skscratch.nn.optimizers.RMSprop`

        All solvers except 'lbfgs' are stochastic. A subclass of :class:`skscratch.nn.Optimizer` is
        instantiated with ``learning_rate_init`` and ``decay``; an instance is copied, with its
        settings.
    alpha : float, default=0.0001
        Strength of the L2 penalty on the weights: ``alpha / 2 * sum(w**2)``, divided by the number
        of samples of the batch (the sum of their weights), is added to the loss.
    batch_size : int or 'auto', default='auto'
        Number of samples in a batch of the stochastic solvers; the last batch of an epoch may be
        smaller. 'auto' is ``min(200, n_samples)``.
    learning_rate : {'constant', 'invscaling', 'adaptive', 'cosine'}, default='constant'
        Schedule of the learning rate. 'invscaling' and 'adaptive' are only used when
        ``solver='sgd'``, 'cosine' with all stochastic solvers.

        - 'constant': ``learning_rate_init``
        - 'invscaling': ``learning_rate_init / (t + 1)**power_t``, where ``t`` is the number of
          samples seen before the epoch
        - 'adaptive': ``learning_rate_init``, divided by 5 after more than ``n_iter_no_change``
          consecutive epochs without improvement; training stops once it is at most 1e-6
        - 'cosine': ``learning_rate_init * (1 + cos(pi * epoch / max_iter)) / 2``, with epochs
          counted from 0 in a fit (all calls of :meth:`partial_fit` are one fit) [2]_
    learning_rate_init : float, default=0.001
        Initial learning rate of the stochastic solvers.
    power_t : float, default=0.5
        Exponent of ``learning_rate='invscaling'``. Only used when ``solver='sgd'``.
    max_iter : int, default=200
        Maximum number of epochs, or of iterations for 'lbfgs'.
    shuffle : bool, default=True
        Whether to shuffle the samples before each epoch. Only used by the stochastic solvers, and
        without effect if all samples are one batch.
    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the validation set of early stopping, the order of the
        samples and the dropout masks. Pass an int for reproducible results. If None, every fit is
        different; NumPy's global random state is not used.
    tol : float, default=1e-4
        An epoch is an improvement if the loss decreases (with ``early_stopping``, the validation
        score increases) by at least ``tol``. For 'lbfgs', the tolerance of the projected gradient.
    verbose : bool, default=False
        Whether to print the loss of every epoch.
    warm_start : bool, default=False
        If True, :meth:`fit` continues from the weights ``coefs_`` and ``intercepts_`` of the
        previous call. With the same stochastic solver, all other state continues too, so that two
        fits equal an uninterrupted one (set ``warm_start`` before the first of them). After early
        stopping, training continues from the best weights.
    momentum : float, default=0.9
        Momentum, between 0 and 1. Only used when ``solver='sgd'``.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum. Only used when ``solver='sgd'``.
    early_stopping : bool, default=False
        Whether to stop when the score on a validation set stops improving, and to keep the weights
        of the best epoch. The validation set is the one passed to :meth:`fit`, or
        ``validation_fraction`` of the training data, which is held out. Only used by the stochastic
        solvers.
    validation_fraction : float, default=0.1
        Fraction of the training data that early stopping holds out, in [0, 1).
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay rates of the mean gradient and of the mean squared gradient, in [0, 1). Only used when
        ``solver`` is 'adam' or 'adamw'.
    epsilon : float, default=1e-8
        Small constant for numerical stability. Only used when ``solver`` is 'adam', 'adamw' (see
        ``epsilon_hat`` of :class:`skscratch.nn.optimizers.Adam`), 'adagrad' or 'rmsprop'.
    n_iter_no_change : int or numpy.inf, default=10
        Maximum number of consecutive epochs without improvement.
    max_fun : int, default=15000
        Maximum number of evaluations of the loss. Only used when ``solver='lbfgs'``.
    decay : float, default=0.0
        Inverse-time decay: in update ``t = 0, 1, ...``, the learning rate of the schedule is
        divided by ``1 + decay * t``. Only used by the stochastic solvers.
    rho : float, default=0.9
        Decay rate of the mean squared gradient, in [0, 1). Only used when ``solver='rmsprop'``.
    weight_regularizer_l1, weight_regularizer_l2 : float or array-like, default=0.0
        Strengths of the penalties ``l1 * sum(|w|)`` and ``l2 * sum(w**2)`` on the weights, for all
        layers or one for each, the output layer included; not divided by the number of samples.
    bias_regularizer_l1, bias_regularizer_l2 : float or array-like, default=0.0
        Strengths of the same penalties on the biases.
    dropout : float or array-like of shape (n_layers - 2,), default=0.0
        Fraction of units that are dropped in training, in [0, 1), for all hidden layers or one for
        each, see :class:`skscratch.nn.layers.Dropout`. 'lbfgs' raises an error.
    input_dropout : float, default=0.0
        Fraction of inputs that are dropped in training, in [0, 1); for sparse input, of stored
        elements. 'lbfgs' raises an error.
    weight_init : {'glorot_uniform', 'he_normal', 'lecun_normal', 'scaled_normal'} or callable, \
            default='glorot_uniform'
        Distribution of the initial weights, see :mod:`skscratch.nn.initializers`. With
        'glorot_uniform' biases are random, as in MLPClassifier; with the others they are 0. A
        callable ``(n_inputs, n_neurons, random_state)`` returns weights of shape (n_inputs,
        n_neurons) and biases of shape (n_neurons,) for each layer.
    weight_decay : float, default=0.01
        Strength of the decoupled weight decay. Only used when ``solver='adamw'``.
    clip_norm : float or None, default=None
        Maximum norm of the gradient of a batch; larger gradients are scaled down, see
        :meth:`skscratch.nn.network.Network.clip_gradients`. 'lbfgs' raises an error.
    scoring : str, callable or None, default=None
        Score on the validation set, which :attr:`history_` records and early stopping compares.
        None is :meth:`score`, 'loss' is minus the loss without penalties. Other values are scorers
        as in :func:`~sklearn.metrics.check_scoring`.
    engine : {'auto', 'native', 'numpy'}, default='auto'
        Implementation that trains and predicts the same network, up to rounding. 'native' is
        written in C and faster. It raises an :class:`ImportError` if it is not installed, and a
        :class:`ValueError` if it does not support a part of the network, such as a custom
        activation. 'auto' is 'native' if possible, otherwise 'numpy'.
    delta : float, default=1.0
        Residual at which the Huber loss becomes linear, in units of ``y``. Only used when
        ``loss='huber'``.
    quantile : float, array-like of shape (n_quantiles,) or None, default=None
        Level of the quantile, in (0, 1), or several ascending levels, for which one network with an
        output for each is trained. Predicted quantiles are sorted, so that they do not cross. Only
        used when ``loss='quantile'``.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray of shape (n_inputs, n_neurons) and (n_neurons,)
        Weights and biases of each layer. Predictions and resumed training use the current arrays,
        which may be edited or assigned; see :meth:`from_weights`.
    hidden_activations_ : list of n_layers - 2 str or type
        Activation of each hidden layer: its name, or the class of a custom one.
    loss_, best_loss_ : float
        Last and lowest training loss, penalties included; ``best_loss_`` is None with
        ``early_stopping``.
    loss_curve_ : list of float
        Mean training loss of each epoch; for 'lbfgs', of each iteration.
    validation_scores_, best_validation_score_ : list of float, float
        Score on the validation set after each epoch, and the highest; None without a validation
        set.
    history_ : dict of str to ndarray of shape (n_epochs,)
        Values of each epoch, including those of resumed fits: ``loss``, its parts ``data_loss``
        and ``regularization_loss``, ``learning_rate`` (of the last batch) and, with a
        validation set, ``validation_loss`` (without penalties) and ``validation_score``. 'lbfgs'
        records ``loss`` and the last two. Columns without any value are omitted.
    n_iter_, t_ : int
        Number of epochs or iterations of the last fit, and of samples seen by the stochastic
        solvers.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Number of outputs: of values per sample, or of quantiles.
    out_activation_ : str
        'exp' with ``loss`` 'poisson' or 'gamma', otherwise 'identity'.
    quantiles_ : ndarray of shape (n_quantiles,) or None
        Levels of the columns of :meth:`predict`; None unless ``quantile`` was a list.
    n_features_in_ : int
        Number of features seen during :term:`fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`. Defined only when ``X`` has feature names that
        are all strings.

    See Also
    --------
    sklearn.neural_network.MLPRegressor : Multi-layer perceptron of scikit-learn.

    Notes
    -----
    The mean loss of the samples, summed over their values, plus the penalties is minimized. As in
    MLPRegressor, the reported squared error of several values is their mean, although gradients are
    those of the sum. Samples of weight 0 are ignored. For float32 data, all computations are in
    float32. In addition to its data, a fit with the Adam solver needs nine times the memory of the
    weights, and the activations of one batch.

    Training raises a :class:`ValueError` when the weights are no longer finite. Interrupting a fit
    (Ctrl-C) keeps the current weights and issues a warning; with ``warm_start=True``, the next fit
    trains for the remaining epochs. A fit that raises an error, and an interrupted
    :meth:`partial_fit`, leave the estimator unchanged.

    References
    ----------
    .. [1] H. Kinsley and D. Kukieła, "Neural Networks from Scratch in Python", 2020.
    .. [2] I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
       ICLR 2017, equation 5.

    Examples
    --------
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skscratch import MLPScratchRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> regressor = MLPScratchRegressor(
    ...     hidden_layer_sizes=(64,), early_stopping=True, random_state=0
    ... )
    >>> model = TransformedTargetRegressor(
    ...     make_pipeline(StandardScaler(), regressor), transformer=StandardScaler()
    ... )
    >>> model.fit(X_train, y_train).score(X_test, y_test) > 0.3
    True

    The median, and a prediction interval of 80%:

    >>> quantiles = regressor.set_params(loss="quantile", quantile=[0.1, 0.5, 0.9])
    >>> model.fit(X_train, y_train).predict(X_test).shape
    (111, 3)
    """

    quantiles_: np.ndarray | None = assigned(
        lambda self: self._targets_of_outputs(self.n_outputs_, None, False).quantiles
    )
    _parameter_constraints: dict = {
        **CONSTRAINTS,
        "loss": [StrOptions(set(VALUE_LOSSES))],
        "delta": [Interval(Real, 0, None, closed="neither")],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like", None],
    }

    def __init__(
        self,
        loss: RegressionLoss = "squared_error",
        hidden_layer_sizes: int | ArrayLike = (100,),
        activation: HiddenActivations = "relu",
        *,
        solver: Solver = "adam",
        alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: LearningRate = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int | float = 10,
        max_fun: int = 15000,
        decay: float = 0.0,
        rho: float = 0.9,
        weight_regularizer_l1: float | ArrayLike = 0.0,
        weight_regularizer_l2: float | ArrayLike = 0.0,
        bias_regularizer_l1: float | ArrayLike = 0.0,
        bias_regularizer_l2: float | ArrayLike = 0.0,
        dropout: float | ArrayLike = 0.0,
        input_dropout: float = 0.0,
        weight_init: WeightInit = "glorot_uniform",
        weight_decay: float = 0.01,
        clip_norm: float | None = None,
        scoring: Scoring | None = None,
        engine: Engine = "auto",
        delta: float = 1.0,
        quantile: float | ArrayLike | None = None,
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.decay = decay
        self.rho = rho
        self.weight_regularizer_l1 = weight_regularizer_l1
        self.weight_regularizer_l2 = weight_regularizer_l2
        self.bias_regularizer_l1 = bias_regularizer_l1
        self.bias_regularizer_l2 = bias_regularizer_l2
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.weight_init = weight_init
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.scoring = scoring
        self.engine = engine
        self.delta = delta
        self.quantile = quantile

    @stochastic
    @fitting
    def partial_fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch with the given data.

        Training continues from the previous call: with the same data, ``n`` calls train the same
        weights as ``fit`` with ``max_iter=n``, and the same errors are raised.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The values.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples' losses. Samples of weight 0 are ignored.

        Returns
        -------
        self : MLPScratchRegressor
            The fitted estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_quantiles)
            The predicted values; if ``quantile`` was a list, the sorted quantiles.
        """
        return self._outputs(X, self._fitted_targets().predict)

    def score(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination R2; for several quantiles, D2.

        See :func:`~sklearn.metrics.r2_score`, and :func:`~sklearn.metrics.d2_pinball_score`, whose
        mean over the levels is returned.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The values.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            At most 1. The score of the best constant is 0.
        """
        return value_score(y, self.predict(X), self.quantiles_, sample_weight)

    def _targets_of_outputs(self, n_outputs, classes, multilabel):
        if classes is not None or multilabel:
            raise ValueError("classes and multilabel are for classifiers, do not pass them.")
        has_levels = self.loss == "quantile" and np.ndim(self.quantile)
        y = np.empty((0, 1 if has_levels else n_outputs))
        return values_of(y, self.loss, self.delta, self.quantile)

    def _targets_of(self, y, classes, resume):
        y = ValueTargets.check(y)
        return values_of(y, self.loss, self.delta, self.quantile), y
