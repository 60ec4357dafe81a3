"""The regressor: real values, one or several, or quantiles of them."""

from __future__ import annotations

from numbers import Real
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils._param_validation import Interval, StrOptions

from skscratch.estimators.base import BaseMLPScratch, fitting, stochastic
from skscratch.estimators.targets import VALUE_LOSSES, check_values, value_score, values_of
from skscratch.estimators.types import (
    Engine,
    HiddenActivations,
    LearningRate,
    MatrixLike,
    RegressionLoss,
    Scoring,
    Solver,
    WeightInit,
)

__all__ = ["MLPScratchRegressor"]


class MLPScratchRegressor(RegressorMixin, BaseMLPScratch):
    """Multi-layer perceptron regressor, its layers, losses and optimizers written in NumPy.

    A drop-in replacement for :class:`~sklearn.neural_network.MLPRegressor`: the same arguments,
    data and ``random_state`` train the same network, to rounding. Beyond it there are robust
    losses, quantiles and amounts, dropout, more solvers, activations, schedules and penalties, a
    validation set of one's own, a history of the training, callbacks, and training that resumes
    exactly.

    Networks learn best where targets are of the order of 1: put the estimator into a
    :class:`~sklearn.compose.TransformedTargetRegressor` whose transformer is a
    :class:`~sklearn.preprocessing.StandardScaler`. With ``loss`` 'poisson' or 'gamma' targets stay
    as they are.

    Parameters
    ----------
    loss : {'squared_error', 'absolute_error', 'huber', 'quantile', 'poisson', 'gamma'}, \
            default='squared_error'
        What is minimized, a sample's target being ``y``, its prediction ``p`` and ``r = p - y``.

        - 'squared_error': ``r**2 / 2``, for the mean
        - 'absolute_error': ``|r|``, for the median, which outliers hardly move
        - 'huber': ``r**2 / 2`` where ``|r| <= delta``, else ``delta (|r| - delta / 2)``, between
          the two
        - 'quantile': ``max((1 - quantile) r, -quantile r)``, for a quantile or several
        - 'poisson': half the Poisson deviance, ``y log(y / p) - r``, for counts. The network
          predicts ``log(p)``; ``y`` is at least 0
        - 'gamma': half the gamma deviance, ``log(p / y) + y / p - 1``, for amounts. The network
          predicts ``log(p)``; ``y`` is greater than 0

    hidden_layer_sizes : array-like of shape (n_layers - 2,) or int, default=(100,)
        The number of neurons of each hidden layer. Empty is linear regression.

    activation : str, subclass of Activation or array-like of them, default='relu'
        The hidden layers' activation, or one for each of them. A subclass of
        :class:`skscratch.nn.Activation` is one of your own.

        - 'identity': ``f(z) = z``
        - 'logistic': ``f(z) = 1 / (1 + exp(-z))``
        - 'tanh': ``f(z) = tanh(z)``
        - 'relu': ``f(z) = max(0, z)``
        - 'leaky_relu': ``f(z) = max(0.01 z, z)``
        - 'elu': ``f(z) = z if z > 0 else exp(z) - 1``
        - 'silu': ``f(z) = z / (1 + exp(-z))``

    solver : {'lbfgs', 'sgd', 'adam', 'adamw', 'adagrad', 'rmsprop'} or Optimizer, default='adam'
        How the weights are found.

        - 'lbfgs': SciPy's L-BFGS, a quasi-Newton method on all of the data at once; often best
          where there are few samples
        - 'sgd': stochastic gradient descent, see :class:`skscratch.nn.optimizers.SGD`
        - 'adam': see :class:`skscratch.nn.optimizers.Adam`
        - 'adamw': Adam with decoupled ``weight_decay``, see :class:`skscratch.nn.optimizers.AdamW`
        - 'adagrad': see :class:`skscratch.nn.optimizers.Adagrad`
        - 'rmsprop': see :class:`skscratch.nn.optimizers.RMSprop`

        All but 'lbfgs' are called stochastic below. A subclass of :class:`skscratch.nn.Optimizer`
        is made with ``learning_rate_init`` and ``decay``; an object of one keeps the settings that
        it has, and is copied, never changed.

    alpha : float, default=0.0001
        Strength of an L2 penalty on the weights. ``alpha / 2 * sum(w**2)`` is divided by the
        number of samples of the batch (the sum of their weights) and added to its loss.

    batch_size : int or 'auto', default='auto'
        Number of samples in a batch of the stochastic solvers. 'auto' is
        ``min(200, n_samples)``. The last batch of an epoch is smaller if they do not divide; one
        of very few samples takes a whole, noisy step.

    learning_rate : {'constant', 'invscaling', 'adaptive', 'cosine'}, default='constant'
        The learning rate's schedule. 'invscaling' and 'adaptive' are only used when
        ``solver='sgd'``, 'cosine' by all stochastic solvers.

        - 'constant': ``learning_rate_init``
        - 'invscaling': ``learning_rate_init / (t + 1)**power_t``, ``t`` being the number of samples
          seen at the start of the epoch
        - 'adaptive': ``learning_rate_init`` as long as there is improvement; each time that
          ``n_iter_no_change`` epochs in a row did not improve by ``tol``, it is divided by 5, and
          training stops once it is at most 1e-6
        - 'cosine': ``learning_rate_init * (1 + cos(pi * epoch / max_iter)) / 2``, ``epoch`` being
          the number of epochs that the fit has trained (all calls of :meth:`partial_fit` are one
          fit), which falls to 0 over ``max_iter`` epochs [2]_

    learning_rate_init : float, default=0.001
        The initial learning rate of the stochastic solvers.

    power_t : float, default=0.5
        The exponent of ``learning_rate='invscaling'``. Only used when ``solver='sgd'``.

    max_iter : int, default=200
        Maximum number of epochs, for 'lbfgs' of iterations.

    shuffle : bool, default=True
        Whether the stochastic solvers visit the samples in a new order in every epoch. It makes no
        difference where all samples are one batch.

    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the validation set of early stopping, the order of the
        samples and what is dropped. Pass an int for reproducible results across multiple function
        calls. With ``None`` every fit is different; NumPy's global random state is not used.

    tol : float, default=1e-4
        An epoch improves if the loss falls (with ``early_stopping`` the validation score rises) by
        at least ``tol``. For 'lbfgs' the tolerance of the projected gradient.

    verbose : bool, default=False
        Whether to print the loss of every epoch.

    warm_start : bool, default=False
        Whether :meth:`fit` goes on from the last fit: from its weights and, with the same
        stochastic solver, from its optimizer's moments, learning rate, order of samples and random
        stream, as if it had not stopped. After early stopping it goes on from the last epoch's
        weights, not from the best ones, and with the same validation set.

    momentum : float, default=0.9
        Momentum, between 0 and 1. Only used when ``solver='sgd'``.

    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum. Only used when ``solver='sgd'``.

    early_stopping : bool, default=False
        Whether the stochastic solvers stop when the score on a validation set does not improve,
        and keep the weights of the best epoch. The set is that given to :meth:`fit`, or
        ``validation_fraction`` of the training data, which is then set aside.

    validation_fraction : float, default=0.1
        The share of the training data that early stopping sets aside, in [0, 1).

    beta_1 : float, default=0.9
        The share of the gradients' mean that is kept, in [0, 1). Only used when ``solver`` is
        'adam' or 'adamw'.

    beta_2 : float, default=0.999
        The share of the squared gradients' mean that is kept, in [0, 1). Only used when
        ``solver`` is 'adam' or 'adamw'.

    epsilon : float, default=1e-8
        Keeps divisions from those by 0. Only used when ``solver`` is 'adam', 'adamw',
        'adagrad' or 'rmsprop'. Adam adds it as MLPClassifier does, see ``epsilon_hat`` of
        :class:`skscratch.nn.optimizers.Adam`.

    n_iter_no_change : int or numpy.inf, default=10
        Number of epochs in a row without improvement that are tolerated.

    max_fun : int, default=15000
        Maximum number of evaluations of the loss. Only used when ``solver='lbfgs'``.

    decay : float, default=0.0
        Inverse-time decay: the learning rate of update ``t = 0, 1, ...`` is the schedule's,
        divided by ``1 + decay * t``. Only used by the stochastic solvers.

    rho : float, default=0.9
        The share of the squared gradients' mean that is kept, in [0, 1). Only used when
        ``solver='rmsprop'``.

    weight_regularizer_l1, weight_regularizer_l2 : float or array-like, default=0.0
        Strengths of the penalties ``l1 * sum(|w|)`` and ``l2 * sum(w**2)`` on the weights, for all
        layers or one for each, the output layer included. Unlike ``alpha``'s they are not divided
        by the number of samples.

    bias_regularizer_l1, bias_regularizer_l2 : float or array-like, default=0.0
        The same for the biases.

    dropout : float or array-like of shape (n_layers - 2,), default=0.0
        The share of units that are dropped in training, in [0, 1), for all hidden layers or one
        for each, see :class:`skscratch.nn.layers.Dropout`. Not for 'lbfgs'.

    input_dropout : float, default=0.0
        The share of inputs that are dropped in training, in [0, 1). Of sparse input, the share of
        stored elements. Not for 'lbfgs'.

    weight_init : {'glorot_uniform', 'he_normal', 'lecun_normal', 'scaled_normal'}, \
            default='glorot_uniform'
        How the first weights are drawn, see :mod:`skscratch.nn.initializers`. 'glorot_uniform'
        draws biases too, as MLPClassifier does; with the others they are 0.

    weight_decay : float, default=0.01
        Strength of the decoupled weight decay. Only used when ``solver='adamw'``.

    clip_norm : float or None, default=None
        The greatest norm of a batch's gradient; greater ones are scaled down to it, see
        :meth:`skscratch.nn.network.Network.clip_gradients`. Not for 'lbfgs'.

    scoring : str, callable or None, default=None
        What early stopping watches and :attr:`history_` records of a validation set: ``None`` is
        :meth:`score`, 'loss' minus the loss without penalties, everything else a scorer as in
        :func:`~sklearn.metrics.check_scoring`.

    engine : {'auto', 'native', 'numpy'}, default='auto'
        Engine that trains the network:

        - 'auto' uses the native engine, written in C, if it was built at installation and supports
          all parts of the network, and NumPy otherwise. The choice depends on the installation and
          the parameters only.
        - 'native' is the native engine. If it was not built, :meth:`fit` raises an
          :class:`ImportError` that gives the reason and a remedy; if it does not support a part of
          the network, a :class:`ValueError` that names the part. Custom classes of activations
          and optimizers are trained with NumPy only.
        - 'numpy' is the NumPy engine.

        Both engines train the same network up to rounding, and either continues training that the
        other has started. ``skscratch.native.info()`` reports whether the native engine was built.

    delta : float, default=1.0
        Where 'huber' becomes linear, in units of ``y``. Only used when ``loss='huber'``.

    quantile : float, array-like of shape (n_quantiles,) or None, default=None
        The level of the quantile that ``loss='quantile'`` predicts, in (0, 1); or several,
        ascending, for which one network is trained with an output for each. They are predicted in
        order, and so do not cross. Only used when ``loss='quantile'``.

    Attributes
    ----------
    coefs_ : list of n_layers - 1 ndarray of shape (n_inputs, n_neurons)
        Each layer's weights.

    intercepts_ : list of n_layers - 1 ndarray of shape (n_neurons,)
        Each layer's biases.

    hidden_activations_ : list of n_layers - 2 str or type
        Each hidden layer's activation: its name, or its class if it is of your own.

    loss_ : float
        The last epoch's mean training loss, penalties included.

    best_loss_ : float or None
        The least loss of all epochs; ``None`` with ``early_stopping``.

    loss_curve_ : list of float
        The loss of each epoch; for 'lbfgs', of each iteration.

    validation_scores_ : list of float or None
        The score on the validation set after each epoch; ``None`` if there is none.

    best_validation_score_ : float or None
        The greatest of them.

    history_ : dict of str to ndarray of shape (n_epochs,)
        What was recorded of each epoch, also those of earlier fits that were resumed:
        ``loss``, its parts ``data_loss`` and ``regularization_loss``, ``learning_rate`` (that of
        the last batch) and, where there is a validation set, ``validation_loss`` (without
        penalties) and ``validation_score``. 'lbfgs' records ``loss`` and the last two. What was
        never recorded is left out.

    n_iter_ : int
        Number of epochs or iterations of the last fit.

    t_ : int
        Number of samples that the stochastic solvers have seen.

    n_layers_ : int
        Number of layers, input and output included.

    n_outputs_ : int
        Number of outputs: of values per sample, or of quantiles.

    out_activation_ : str
        'exp' with ``loss`` 'poisson' or 'gamma', else 'identity'.

    quantiles_ : ndarray of shape (n_quantiles,) or None
        The levels that :meth:`predict` returns a column for; ``None`` unless ``quantile`` was a
        list.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`. Defined only when ``X`` has feature names that
        are all strings.

    See Also
    --------
    sklearn.neural_network.MLPRegressor : What this is a replacement for.

    Notes
    -----
    Samples of weight 0 count as absent. float32 data train a float32 network. Beyond its data, a
    fit by Adam needs nine times the memory of the weights, and one batch's activations.

    What is minimized is the mean loss of the samples, summed over their values, plus the
    penalties. Of several values the squared error that is reported is their mean, as MLPRegressor
    has it, though gradients are those of the sum. Training stops with a :class:`ValueError` when
    the weights are no longer finite; interrupting it (Ctrl-C) leaves a usable model. A fit that
    fails leaves the estimator as it was. One that ends worse than a constant warns of it.

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

    The median, and an interval around it for 80% of what is to come:

    >>> quantiles = regressor.set_params(loss="quantile", quantile=[0.1, 0.5, 0.9])
    >>> model.fit(X_train, y_train).predict(X_test).shape
    (111, 3)
    """

    quantiles_: np.ndarray | None

    _parameter_constraints: dict = {
        **BaseMLPScratch._parameter_constraints,
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
        """Train for one epoch over the given data, from where the last call stopped.

        With the same data every time, ``n`` calls train the same weights as
        ``fit`` with ``max_iter=n``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The values.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples' losses, at least 0. Samples of weight 0 count as absent.

        Returns
        -------
        self : MLPScratchRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument or a parameter is wrong, or if training diverges. The estimator then is
            as it was before the call.
        """
        return self._partial_fit(X, y, sample_weight, self._targets_of)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs) or (n_samples, n_quantiles)
            Of each sample the value or values; where ``quantile`` was a list, the quantiles in
            order.
        """
        return self._network_outputs(X, "predict")

    def score(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination R2; of several quantiles, D2.

        R2 is the share of the squared error of predicting the mean of ``y`` that the predictions
        do away with, see :func:`~sklearn.metrics.r2_score`; D2 is that of the pinball loss of
        predicting its quantile, see :func:`~sklearn.metrics.d2_pinball_score`, averaged over the
        levels.

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
            At most 1; 0 is that of a constant.
        """
        return value_score(y, self.predict(X), self.quantiles_, sample_weight)

    def _check_targets(self, y, name="y"):
        return check_values(y, name)

    def _targets_of(self, y, resume):
        return values_of(y, self.loss, self.delta, self.quantile)
