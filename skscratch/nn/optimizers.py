r"""Optimizers: updates of parameters by gradients, from the simplest to Adam.

Every optimizer has ``update(parameters, gradients)``, which changes an array of parameters in
place. In the equations, :math:`\theta` are the parameters, :math:`g` their gradient and
:math:`\eta` the current learning rate; all operations are elementwise.
"""

import copy
import math
from typing import Any

import numpy as np

from skscratch.nn.base import Configurable

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]


class Optimizer(Configurable):
    r"""Base class: settings, state, and a learning rate that decays.

    A subclass defines ``step(parameters, gradients)``, which changes ``parameters`` in place. Its
    state consists of ``iterations`` and of arrays ``self.state_array(name, parameters)`` of the
    parameters' shape and dtype, initially zeros.

    Parameters
    ----------
    learning_rate : float
        Learning rate before decay.
    decay : float, default=0.0
        The learning rate of update :math:`t = 0, 1, \ldots` is ``learning_rate / (1 + decay * t)``.

    Attributes
    ----------
    iterations, current_learning_rate : int, float
        Number of updates so far, and the learning rate of the last one.
    state_arrays : tuple of str
        Names of the arrays of the state.

    References
    ----------
    .. [1] X. Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.

    Examples
    --------
    Lion [1]_ moves every parameter by the learning rate, in the direction of a momentum:

    >>> import numpy as np
    >>> from skscratch.nn import Optimizer
    >>> class Lion(Optimizer):
    ...     def __init__(self, learning_rate=1e-4, decay=0.0, beta_1=0.9, beta_2=0.99):
    ...         super().__init__(learning_rate, decay)
    ...         self.beta_1, self.beta_2 = beta_1, beta_2
    ...
    ...     def step(self, parameters, gradients):
    ...         momentums = self.state_array("momentums", parameters)
    ...         direction = np.sign(self.beta_1 * momentums + (1 - self.beta_1) * gradients)
    ...         parameters -= self.current_learning_rate * direction
    ...         momentums[:] = self.beta_2 * momentums + (1 - self.beta_2) * gradients
    >>> optimizer = Lion(learning_rate=0.1)
    >>> parameters = np.array([1.0, 2.0])
    >>> optimizer.update(parameters, np.array([3.0, -1.0]))
    >>> parameters
    array([0.9, 2.1])
    """

    state_arrays: tuple[str, ...] = ()

    def __init__(self, learning_rate: float, decay: float = 0.0) -> None:
        self.learning_rate = learning_rate
        self.decay = decay
        self.current_learning_rate = learning_rate
        self.iterations = 0
        self._state: dict[str, Any] = {}

    def update(self, parameters: np.ndarray, gradients: np.ndarray) -> None:
        """Change the parameters in place by one step.

        Parameters
        ----------
        parameters, gradients : ndarray
            The parameters and their gradient, of the same shape in all updates; another shape than
            that of the state raises a ValueError.
        """
        self.current_learning_rate = self.learning_rate / (1 + self.decay * self.iterations)
        self.step(parameters, gradients)
        self.iterations += 1

    def step(self, parameters: np.ndarray, gradients: np.ndarray) -> None:
        """Change the parameters in place, with ``self.current_learning_rate``."""
        raise NotImplementedError

    def state_array(self, name: str, parameters: np.ndarray) -> np.ndarray:
        """Return an array of the state, which initially contains zeros."""
        if name not in self._state:
            self._state[name] = np.zeros_like(parameters)
        array = self._state[name] = self._state[name].astype(parameters.dtype, copy=False)
        if array.shape != parameters.shape:
            raise ValueError(
                f"This optimizer has updated parameters of shape {array.shape}, got "
                f"{parameters.shape}. Use one optimizer for each array."
            )
        return array

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the state, for :meth:`load_state_dict` of an optimizer of this class."""
        return {"iterations": self.iterations, **copy.deepcopy(self._state)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a copy of the state of another optimizer of this class."""
        self._state = copy.deepcopy(state)
        self.iterations = int(self._state.pop("iterations"))


class SGD(Optimizer):
    r"""Stochastic gradient descent, optionally with momentum :math:`\mu`.

    .. math:: v \leftarrow \mu v - \eta g, \qquad \theta \leftarrow \theta + v

    and with Nesterov's momentum [1]_ :math:`\theta \leftarrow \theta + \mu v - \eta g`, with the
    new :math:`v`.

    Parameters
    ----------
    learning_rate, decay : float, default=1.0, 0.0
        Learning rate and its decay, see :class:`Optimizer`.
    momentum : float, default=0.0
        Share :math:`\mu` of the previous step.
    nesterov : bool, default=False
        Whether to use Nesterov's momentum.

    References
    ----------
    .. [1] I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of initialization
       and momentum in deep learning", ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import SGD
    >>> parameters = np.array([1.0, 2.0])
    >>> SGD(learning_rate=0.5).update(parameters, np.array([1.0, -1.0]))
    >>> parameters
    array([0.5, 2.5])
    """

    state_arrays = ("momentums",)

    def __init__(self, learning_rate=1.0, decay=0.0, momentum=0.0, *, nesterov=False) -> None:
        super().__init__(learning_rate, decay)
        self.momentum = momentum
        self.nesterov = nesterov

    def step(self, parameters, gradients):
        step = self.current_learning_rate * gradients
        if self.momentum == 0:
            parameters -= step
            return
        momentums = self.state_array("momentums", parameters)
        momentums *= self.momentum
        momentums -= step
        if self.nesterov:
            parameters += self.momentum * momentums - step
        else:
            parameters += momentums


class Adagrad(Optimizer):
    r"""Adagrad: steps divided by the root of the sum of squared gradients.

    .. math::
        c \leftarrow c + g^2, \qquad \theta \leftarrow \theta - \eta \frac{g}{\sqrt{c} + \epsilon}

    Parameters
    ----------
    learning_rate, decay : float, default=1.0, 0.0
        Learning rate and its decay, see :class:`Optimizer`.
    epsilon : float, default=1e-7
        Small constant for numerical stability.

    References
    ----------
    .. [1] J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
       stochastic optimization", JMLR 12, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import Adagrad
    >>> parameters = np.array([1.0, 2.0])
    >>> Adagrad(learning_rate=0.5).update(parameters, np.array([3.0, -1.0]))
    >>> parameters.round(6)
    array([0.5, 2.5])
    """

    state_arrays = ("cache",)

    def __init__(self, learning_rate=1.0, decay=0.0, epsilon=1e-7) -> None:
        super().__init__(learning_rate, decay)
        self.epsilon = epsilon

    def step(self, parameters, gradients):
        cache = self.state_array("cache", parameters)
        self._accumulate(cache, gradients)
        parameters -= self.current_learning_rate * gradients / (np.sqrt(cache) + self.epsilon)

    def _accumulate(self, cache: np.ndarray, gradients: np.ndarray) -> None:
        cache += gradients**2


class RMSprop(Adagrad):
    r"""RMSprop: Adagrad with a moving average instead of the sum.

    .. math::
        c \leftarrow \rho c + (1 - \rho) g^2, \qquad
        \theta \leftarrow \theta - \eta \frac{g}{\sqrt{c} + \epsilon}

    Parameters
    ----------
    learning_rate, decay : float, default=0.001, 0.0
        Learning rate and its decay, see :class:`Optimizer`.
    epsilon : float, default=1e-7
        Small constant for numerical stability.
    rho : float, default=0.9
        Decay of the moving average of squared gradients.

    References
    ----------
    .. [1] T. Tieleman and G. Hinton, "Lecture 6.5: rmsprop", Coursera: Neural Networks for
       Machine Learning, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import RMSprop
    >>> parameters = np.array([1.0, 2.0])
    >>> RMSprop(learning_rate=0.1, rho=0.75).update(parameters, np.array([3.0, -1.0]))
    >>> parameters.round(6)
    array([0.8, 2.2])
    """

    def __init__(self, learning_rate=0.001, decay=0.0, epsilon=1e-7, rho=0.9) -> None:
        super().__init__(learning_rate, decay, epsilon)
        self.rho = rho

    def _accumulate(self, cache, gradients):
        cache *= self.rho
        cache += (1 - self.rho) * gradients**2


class Adam(Optimizer):
    r"""Adam: momentum, and steps divided by the root of the mean squared gradient.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \qquad
        \hat m = m / (1 - \beta_1^t) \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2, \qquad
        \hat v = v / (1 - \beta_2^t) \\
        \theta &\leftarrow \theta - \eta \frac{\hat m}{\sqrt{\hat v} + \epsilon}

    for the updates :math:`t = 1, 2, \ldots` [1]_.

    Parameters
    ----------
    learning_rate, decay : float, default=0.001, 0.0
        Learning rate and its decay, see :class:`Optimizer`.
    epsilon : float, default=1e-7
        Small constant for numerical stability.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of the moving averages of gradients and of squared gradients.
    epsilon_hat : bool, default=False
        Whether to add ``epsilon`` to :math:`\sqrt v` before the bias correction, as at the end of
        section 2 of the paper and in :class:`~sklearn.neural_network.MLPClassifier`.

    References
    ----------
    .. [1] D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import Adam
    >>> parameters = np.array([1.0, 2.0])
    >>> Adam(learning_rate=0.1).update(parameters, np.array([3.0, -1.0]))
    >>> parameters.round(6)
    array([0.9, 2.1])
    """

    state_arrays = ("momentums", "cache")

    def __init__(
        self,
        learning_rate=0.001,
        decay=0.0,
        epsilon=1e-7,
        beta_1=0.9,
        beta_2=0.999,
        *,
        epsilon_hat=False,
    ) -> None:
        super().__init__(learning_rate, decay)
        self.epsilon = epsilon
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon_hat = epsilon_hat

    def step(self, parameters, gradients):
        momentums = self.state_array("momentums", parameters)
        momentums *= self.beta_1
        momentums += (1 - self.beta_1) * gradients
        cache = self.state_array("cache", parameters)
        cache *= self.beta_2
        cache += (1 - self.beta_2) * gradients**2

        t = self.iterations + 1
        momentum_correction = 1 - self.beta_1**t
        root_correction = math.sqrt(1 - self.beta_2**t)
        # The corrections are applied to numbers instead of arrays: the step below is
        # rate * (m / momentum_correction) / (sqrt(v) / root_correction + epsilon).
        rate = self.current_learning_rate * root_correction / momentum_correction
        epsilon = self.epsilon if self.epsilon_hat else self.epsilon * root_correction
        parameters -= rate * momentums / (np.sqrt(cache) + epsilon)


class AdamW(Adam):
    r"""Adam with decoupled weight decay.

    Before the step of Adam, :math:`\theta \leftarrow \theta - \eta \lambda \theta` [1]_. Unlike
    the gradient of an L2 penalty, the decay is not divided by :math:`\sqrt{\hat v}`.

    Parameters
    ----------
    learning_rate, decay : float, default=0.001, 0.0
        Learning rate and its decay, see :class:`Optimizer`.
    epsilon : float, default=1e-7
        Small constant for numerical stability.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of the moving averages of gradients and of squared gradients.
    weight_decay : float, default=0.01
        Strength :math:`\lambda` of the weight decay, for all parameters.
    epsilon_hat : bool, default=False
        Whether to add ``epsilon`` before the bias correction, see :class:`Adam`.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn import AdamW
    >>> parameters = np.array([1.0, 2.0])
    >>> AdamW(learning_rate=0.1, weight_decay=0.5).update(parameters, np.array([3.0, -1.0]))
    >>> parameters.round(6)
    array([0.85, 2.  ])
    """

    def __init__(
        self,
        learning_rate=0.001,
        decay=0.0,
        epsilon=1e-7,
        beta_1=0.9,
        beta_2=0.999,
        weight_decay=0.01,
        *,
        epsilon_hat=False,
    ) -> None:
        super().__init__(learning_rate, decay, epsilon, beta_1, beta_2, epsilon_hat=epsilon_hat)
        self.weight_decay = weight_decay

    def step(self, parameters, gradients):
        parameters *= 1 - self.current_learning_rate * self.weight_decay
        super().step(parameters, gradients)
