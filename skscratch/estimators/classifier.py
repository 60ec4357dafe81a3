"""The classifier."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, issparse
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import unique_labels

from skscratch.estimators.architecture import WeightInit
from skscratch.estimators.base import BaseMLPScratch
from skscratch.estimators.parameters import (
    CONSTRAINTS,
    ClassWeight,
    Engine,
    HiddenActivations,
    MatrixLike,
    Scoring,
    Solver,
    fitting,
    stochastic,
)
from skscratch.estimators.solvers import LearningRate
from skscratch.estimators.targets import ClassTargets, class_targets
from skscratch.estimators.validation import naming

__all__ = ["MLPScratchClassifier"]


class MLPScratchClassifier(ClassifierMixin, BaseMLPScratch):
    """Multi-layer perceptron classifier with layers, losses and optimizers written from scratch.

    A drop-in replacement for :class:`~sklearn.neural_network.MLPClassifier`: the same arguments,
    data and ``random_state`` train the same network, up to rounding. Additional features are class
    weights, dropout, more solvers, activations, schedules and penalties, user-provided validation
    sets, a history of the training, callbacks, and exact resumption.

    Parameters
    ----------
    hidden_layer_sizes : array-like of shape (n_layers - 2,) or int, default=(100,)
        Number of neurons of each hidden layer. Without a hidden layer, the model is multinomial
        logistic regression.
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
        ``validation_fraction`` of the training data, which is held out (stratified in binary
        problems). Only used by the stochastic solvers.
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
    class_weight : dict, list of dict, 'balanced' or None, default=None
        Weights of the classes, ``{class: weight}``, which multiply the sample weights; omitted
        classes have weight 1. 'balanced' is ``n_samples / (n_classes * count)`` for each class. In
        multilabel problems, a list with a dict for each label ('balanced' treats each label
        separately), whose weights are multiplied. The loss on a validation set is weighted too, its
        score is not.
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
        None is the accuracy, 'loss' is minus the cross-entropy without penalties. Other values are
        scorers as in :func:`~sklearn.metrics.check_scoring`.
    engine : {'auto', 'native', 'numpy'}, default='auto'
        Implementation that trains and predicts the same network, up to rounding. 'native' is
        written in C and faster. It raises an :class:`ImportError` if it is not installed, and a
        :class:`ValueError` if it does not support a part of the network, such as a custom
        activation. 'auto' is 'native' if possible, otherwise 'numpy'.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels; in multilabel problems, the indices of the labels.
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
        and ``regularization_loss``, ``learning_rate`` (of the last batch), ``accuracy`` (on the
        training data, each sample before the update by its batch) and, with a validation set,
        ``validation_loss`` (without penalties) and ``validation_score``. 'lbfgs' records ``loss``
        and the last two. Columns without any value are omitted.
    n_iter_, t_ : int
        Number of epochs or iterations of the last fit, and of samples seen by the stochastic
        solvers.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Number of outputs; 1 for two classes.
    out_activation_ : str
        'logistic' for binary and multilabel problems, otherwise 'softmax'.
    n_features_in_ : int
        Number of features seen during :term:`fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`. Defined only when ``X`` has feature names that
        are all strings.

    See Also
    --------
    sklearn.neural_network.MLPClassifier : Multi-layer perceptron of scikit-learn.

    Notes
    -----
    The mean cross-entropy of the samples (summed over the labels of a multilabel problem) plus the
    penalties is minimized. Samples of weight 0 are ignored. For float32 data, all computations are
    in float32. In addition to its data, a fit with the Adam solver needs nine times the memory of
    the weights, and the activations of one batch.

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
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from skscratch import MLPScratchClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
    >>> clf = MLPScratchClassifier(hidden_layer_sizes=(64,), early_stopping=True, random_state=0)
    >>> clf.fit(X_train, y_train).score(X_test, y_test) > 0.9
    True
    """

    classes_: np.ndarray

    _parameter_constraints: dict = {
        **CONSTRAINTS,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
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
        class_weight: ClassWeight | None = None,
        dropout: float | ArrayLike = 0.0,
        input_dropout: float = 0.0,
        weight_init: WeightInit = "glorot_uniform",
        weight_decay: float = 0.01,
        clip_norm: float | None = None,
        scoring: Scoring | None = None,
        engine: Engine = "auto",
    ) -> None:
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
        self.class_weight = class_weight
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.weight_init = weight_init
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.scoring = scoring
        self.engine = engine

    _sparse_labels = False  # set by fits

    @stochastic
    @fitting
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch with the given data.

        Training continues from the previous call: with the same data, ``n`` calls train the same
        weights as ``fit`` with ``max_iter=n``, and the same errors are raised.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The class labels. Not all classes need to occur.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples' losses. Samples of weight 0 are ignored.
        classes : array-like of shape (n_classes,), default=None
            The classes of all calls. Required in the first call, optional in the others.

        Returns
        -------
        self : MLPScratchClassifier
            The fitted estimator.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, as it depends on all of "
                "y. Pass a dict, for example of compute_class_weight('balanced', classes=classes, "
                "y=y)."
            )
        if classes is None:
            if not hasattr(self, "coefs_"):
                raise ValueError("classes must be passed on the first call to partial_fit.")
            classes = self.classes_
        elif not np.size(classes):
            raise ValueError("classes must not be empty.")
        else:
            with naming("classes", "y"):
                classes = unique_labels(classes)
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray or sparse matrix of shape (n_samples,) or (n_samples, n_labels)
            The most probable class of each sample, or an indicator matrix of the labels with a
            probability above 0.5, which is sparse if ``y`` was sparse in training.
        """
        labels = self._outputs(X, self._fitted_targets().predict)
        return csr_matrix(labels) if self._sparse_labels else labels

    def predict_proba(self, X: MatrixLike) -> np.ndarray:
        """Predict class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            The probability of each class, in the order of ``classes_`` and in the dtype of the
            weights; in multilabel problems, of each label separately. All are at least the
            smallest normal number. As in MLPClassifier, there are two columns for a single class.
        """
        return self._outputs(X, self._fitted_targets().probabilities)

    def predict_log_proba(self, X: MatrixLike) -> np.ndarray:
        """Predict the logarithms of class probabilities, all finite.

        The parameters and the shape of the result are those of :func:`predict_proba`.
        """
        probabilities = self.predict_proba(X)
        return np.log(probabilities, out=probabilities)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _targets_of_outputs(self, n_outputs, classes, multilabel):
        if classes is None:
            classes = np.arange(max(n_outputs, 2))
        ndim = 1 + (multilabel and n_outputs > 1)
        targets = class_targets(ndim, classes, self.class_weight)
        is_sorted = np.array_equal(unique_labels(classes), targets.classes)
        if targets.n_outputs != n_outputs or not is_sorted:
            raise ValueError(
                f"Expected sorted classes, with one output for two of them and otherwise an output "
                f"for each, got classes={targets.classes} and {n_outputs} outputs. If two outputs "
                f"are logits of a softmax, pass their difference: coefs[-1][:, 1:] - "
                f"coefs[-1][:, :1], and the same for intercepts[-1]."
            )
        return targets

    def _targets_of(self, y, classes, resume):
        is_sparse = issparse(y)
        y = ClassTargets.check(y)
        if not resume:
            self._sparse_labels = is_sparse and y.ndim == 2
        is_fit = classes is None
        if is_fit:
            classes = np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y)
        if resume and not np.array_equal(classes, self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
                if is_fit
                else f"classes={classes} are not those of the last call, {self.classes_}. Omit "
                f"classes, or fit a new estimator with all of them."
            )
        return class_targets(y.ndim, classes, self.class_weight), y
