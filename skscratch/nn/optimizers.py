"""Optimizers: from gradients to better parameters.

Each is an ``update(parameters, gradients)`` of one array, of any shape, in place. What an
optimizer remembers from update to update are arrays of that shape, its own.

Hyper-parameters are numbers, or arrays that broadcast against the parameters: shape ``(K, 1)``
gives each of ``K`` networks, whose parameters are the rows of a ``(K, P)`` array, its own. An
update of ``K`` networks at once is, to the last bit, ``K`` updates of one; that is why running sums
stand here where textbooks have powers, whose last digit depends on how many are taken at once.
"""

import copy
import math
from collections.abc import Hashable, Sequence
from numbers import Real
from typing import Any, Self

import numpy as np

from skscratch.nn._buffers import hashable, side_by_side

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]


class Optimizer:
    r"""What optimizers have in common: a decaying learning rate, state, and the count of updates.

    A subclass writes ``_step(parameters, gradients, scratch)``, which changes ``parameters`` in
    place and may overwrite ``scratch``, an array like them. What goes on from update to update are
    arrays ``self._array(name, parameters)``, at first zeros, and numbers in ``self._state``: they
    are what :meth:`state_dict` returns. Settings are attributes; in a stack of networks, those that
    are numbers become arrays of shape ``(K, 1)`` where they differ, and others have to be equal. In
    the dtype of the parameters, both give the same to the last bit.

    Parameters
    ----------
    learning_rate : float or ndarray of shape (K, 1)
        The step size :math:`\eta` before decay.

    decay : float or ndarray of shape (K, 1), default=0.0
        The learning rate of update :math:`t = 0, 1, \ldots` is ``learning_rate / (1 + decay * t)``.

    Attributes
    ----------
    iterations : int
        Number of updates so far.

    current_learning_rate : float or ndarray of shape (K, 1)
        ``learning_rate / (1 + decay * iterations)``, set before each update.

    Examples
    --------
    Lion takes steps of one size, in the direction of the sign of a momentum:

    >>> import numpy as np
    >>> from skscratch.nn import Optimizer
    >>> class Lion(Optimizer):
    ...     def __init__(self, learning_rate=1e-4, decay=0.0, beta_1=0.9, beta_2=0.99):
    ...         super().__init__(learning_rate, decay)
    ...         self.beta_1, self.beta_2 = beta_1, beta_2
    ...
    ...     def _step(self, parameters, gradients, scratch):
    ...         settings = self.current_learning_rate, self.beta_1, self.beta_2
    ...         rate, beta_1, beta_2 = (np.asarray(x, parameters.dtype) for x in settings)
    ...         momentums = self._array("momentums", parameters)
    ...         parameters -= rate * np.sign(beta_1 * momentums + (1 - beta_1) * gradients)
    ...         momentums[:] = beta_2 * momentums + (1 - beta_2) * gradients
    >>> optimizer = Lion(learning_rate=0.1)
    >>> parameters = np.array([1.0, 2.0])
    >>> optimizer.update(parameters, np.array([3.0, -1.0]))
    >>> parameters
    array([0.9, 2.1])
    """

    def __init__(self, learning_rate, decay=0.0) -> None:
        self.learning_rate = learning_rate
        self.decay = decay
        self.iterations = 0
        self.current_learning_rate = learning_rate
        self._state: dict[str, Any] = {}
        self._scratch = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(learning_rate={self.learning_rate}, decay={self.decay})"

    def update(self, parameters: np.ndarray, gradients: np.ndarray) -> None:
        """Change ``parameters`` in place by one step against ``gradients``.

        Parameters
        ----------
        parameters : ndarray of any shape
            What is optimized; the same array, or one of its shape, at every update.

        gradients : ndarray of the same shape
            The gradient of the loss with respect to the parameters.

        Raises
        ------
        ValueError
            If the parameters are not of the shape that the first update saw, or there are no
            gradients.
        """
        if gradients is None:
            raise ValueError("There are no gradients yet: call backward before update.")
        if self._scratch is None:
            self._scratch = np.empty_like(parameters)
        elif self._scratch.shape != parameters.shape:
            raise ValueError(
                f"This optimizer has updated parameters of shape {self._scratch.shape}, got "
                f"{parameters.shape}; use one optimizer for each array."
            )
        self.current_learning_rate = self.learning_rate / (1 + self.decay * self.iterations)
        self._step(parameters, gradients, self._scratch)
        self.iterations += 1

    def _step(self, parameters, gradients, scratch) -> None:
        raise NotImplementedError

    def _array(self, name: str, parameters: np.ndarray) -> np.ndarray:
        """Return the array of that name that goes on from update to update, at first zeros."""
        if name not in self._state:
            self._state[name] = np.zeros(parameters.shape, parameters.dtype)
        return self._state[name]

    def state_dict(self, copied: bool = True) -> dict[str, Any]:
        """Return what the optimizer remembers, as arrays and numbers.

        Parameters
        ----------
        copied : bool, default=True
            Whether to return copies of the arrays, which further updates leave alone.

        Returns
        -------
        state : dict
            For :meth:`load_state_dict` of an optimizer of the same class.
        """
        state = copy.deepcopy(self._state) if copied else self._state
        return {"iterations": self.iterations, **state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where another optimizer of this class was.

        Parameters
        ----------
        state : dict
            What its :meth:`state_dict` returned.
        """
        self._state = copy.deepcopy(state)
        self.iterations = self._state.pop("iterations")
        self._scratch = None

    @property
    def stack_key(self) -> Hashable:
        """What has to be equal in optimizers that are stacked.

        The class, the number of iterations, what is remembered, and all settings but numbers.
        """
        settings = sorted(self._settings().items())
        own = [(name, None if _is_number(value) else hashable(value)) for name, value in settings]
        return type(self), self.iterations, tuple(sorted(self._state)), *own

    @classmethod
    def stack(cls, optimizers: "Sequence[Optimizer]") -> Self:
        """Return one optimizer for ``K`` networks, which goes on from where each one's was.

        Parameters
        ----------
        optimizers : sequence of Optimizer
            One of each network, all with the same :attr:`stack_key`.

        Returns
        -------
        optimizer : Optimizer
            With settings of shape ``(K, 1)`` where numbers differ.

        Raises
        ------
        ValueError
            If their keys differ.
        """
        first = optimizers[0]
        for optimizer in optimizers:
            if optimizer.stack_key != first.stack_key:
                raise ValueError(
                    f"Optimizers that are stacked may differ in numbers only, got {first!r} and "
                    f"{optimizer!r}, with keys {first.stack_key} and {optimizer.stack_key}."
                )
        stacked = copy.copy(first)
        for name, value in first._settings().items():
            if _is_number(value):
                setattr(stacked, name, side_by_side([vars(each)[name] for each in optimizers]))
        stacked._scratch = None
        stacked._state = {}
        for name, value in first._state.items():
            values = [each._state[name] for each in optimizers]
            is_array = isinstance(value, np.ndarray)
            stacked._state[name] = np.stack(values) if is_array else side_by_side(values)
        return stacked

    def state_dict_of(self, k: int) -> dict[str, Any]:
        """Return a copy of what the optimizer of a stack remembers of one network.

        Parameters
        ----------
        k : int
            The network's index.

        Returns
        -------
        state : dict
            For :meth:`load_state_dict` of an optimizer of that network alone.
        """
        state = {"iterations": self.iterations}
        for name, value in self._state.items():
            if isinstance(value, np.ndarray):
                # A row of numbers like the parameters, or one number of a column.
                value = value[k].copy() if value.shape == self._scratch.shape else value[k].item()
            state[name] = value
        return state

    def _settings(self) -> dict[str, Any]:
        left_out = ("iterations", "_state", "_scratch")
        return {name: value for name, value in vars(self).items() if name not in left_out}


def _is_number(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _sqrt(value):
    """Return the root; of a number, ten times as fast as NumPy does."""
    return np.sqrt(value) if isinstance(value, np.ndarray) else math.sqrt(value)


class SGD(Optimizer):
    r"""Stochastic gradient descent, with momentum if asked for.

    Without momentum :math:`\theta \leftarrow \theta - \eta g`. With momentum :math:`\mu`

    .. math::
        v \leftarrow \mu v - \eta g, \qquad \theta \leftarrow \theta + v

    and with Nesterov's [1]_, in the form that needs no gradient elsewhere,
    :math:`\theta \leftarrow \theta + \mu v - \eta g` with the new :math:`v`.
    The first parameters are those of :class:`Optimizer`.

    Parameters
    ----------
    momentum : float or ndarray of shape (K, 1), default=0.0
        The share :math:`\mu` of the last step that is taken again.

    nesterov : bool, default=False
        Whether to use Nesterov's momentum.

    References
    ----------
    .. [1] I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of initialization
       and momentum in deep learning", ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.optimizers import SGD
    >>> optimizer = SGD(learning_rate=0.5)
    >>> parameters = np.array([1.0, 2.0])
    >>> optimizer.update(parameters, np.array([1.0, -1.0]))
    >>> parameters
    array([0.5, 2.5])
    """

    def __init__(self, learning_rate=1.0, decay=0.0, momentum=0.0, *, nesterov=False) -> None:
        super().__init__(learning_rate, decay)
        self.momentum = momentum
        self.nesterov = nesterov

    @property
    def stack_key(self) -> Hashable:
        """What has to be equal in optimizers that are stacked; one without momentum keeps none."""
        return *super().stack_key, self._has_momentum()

    def _has_momentum(self) -> bool:
        return isinstance(self.momentum, np.ndarray) or self.momentum != 0

    def _step(self, parameters, gradients, scratch) -> None:
        step = np.multiply(
            gradients, np.asarray(self.current_learning_rate, parameters.dtype), out=scratch
        )
        if not self._has_momentum():
            np.subtract(parameters, step, out=parameters)
            return
        momentum = np.asarray(self.momentum, parameters.dtype)
        velocity = self._array("momentums", parameters)
        np.multiply(velocity, momentum, out=velocity)
        np.subtract(velocity, step, out=velocity)
        if self.nesterov:
            np.subtract(parameters, step, out=parameters)
            np.add(parameters, np.multiply(velocity, momentum, out=scratch), out=parameters)
        else:
            np.add(parameters, velocity, out=parameters)


class Adagrad(Optimizer):
    r"""Adagrad [1]_: every parameter's step is divided by the root of its squared gradients so far.

    .. math::
        c \leftarrow c + g^2, \qquad \theta \leftarrow \theta - \eta \frac{g}{\sqrt{c} + \epsilon}

    The first parameters are those of :class:`Optimizer`.

    Parameters
    ----------
    epsilon : float or ndarray of shape (K, 1), default=1e-7
        Keeps the division from that by 0.

    References
    ----------
    .. [1] J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
       stochastic optimization", JMLR 12, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.optimizers import Adagrad
    >>> optimizer = Adagrad(learning_rate=0.5)
    >>> parameters = np.array([1.0, 2.0])
    >>> optimizer.update(parameters, np.array([3.0, -1.0]))
    >>> parameters.round(6)
    array([0.5, 2.5])
    """

    def __init__(self, learning_rate=1.0, decay=0.0, epsilon=1e-7) -> None:
        super().__init__(learning_rate, decay)
        self.epsilon = epsilon

    def _step(self, parameters, gradients, scratch) -> None:
        cache = self._array("cache", parameters)
        np.add(cache, np.square(gradients, out=scratch), out=cache)

        np.sqrt(cache, out=scratch)
        np.add(scratch, np.asarray(self.epsilon, parameters.dtype), out=scratch)
        np.divide(gradients, scratch, out=scratch)
        np.multiply(scratch, np.asarray(self.current_learning_rate, parameters.dtype), out=scratch)
        np.subtract(parameters, scratch, out=parameters)


class RMSprop(Optimizer):
    r"""RMSprop [1]_: Adagrad that forgets.

    .. math::
        c \leftarrow \rho c + (1 - \rho) g^2, \qquad
        \theta \leftarrow \theta - \eta \frac{g}{\sqrt{c} + \epsilon}

    The first parameters are those of :class:`Optimizer`.

    Parameters
    ----------
    epsilon : float or ndarray of shape (K, 1), default=1e-7
        Keeps the division from that by 0.

    rho : float or ndarray of shape (K, 1), default=0.9
        The share of the squared gradients' average that is kept.

    References
    ----------
    .. [1] T. Tieleman and G. Hinton, "Lecture 6.5: rmsprop", Coursera: Neural Networks for
       Machine Learning, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.optimizers import RMSprop
    >>> optimizer = RMSprop(learning_rate=0.1, rho=0.75)
    >>> parameters = np.array([1.0, 2.0])
    >>> optimizer.update(parameters, np.array([3.0, -1.0]))
    >>> parameters.round(6)
    array([0.8, 2.2])
    """

    def __init__(self, learning_rate=0.001, decay=0.0, epsilon=1e-7, rho=0.9) -> None:
        super().__init__(learning_rate, decay)
        self.epsilon = epsilon
        self.rho = rho

    def _step(self, parameters, gradients, scratch) -> None:
        cache = self._array("cache", parameters)
        np.square(gradients, out=scratch)
        np.multiply(scratch, np.asarray(1 - self.rho, parameters.dtype), out=scratch)
        np.multiply(cache, np.asarray(self.rho, parameters.dtype), out=cache)
        np.add(cache, scratch, out=cache)

        np.sqrt(cache, out=scratch)
        np.add(scratch, np.asarray(self.epsilon, parameters.dtype), out=scratch)
        np.divide(gradients, scratch, out=scratch)
        np.multiply(scratch, np.asarray(self.current_learning_rate, parameters.dtype), out=scratch)
        np.subtract(parameters, scratch, out=parameters)


class Adam(Optimizer):
    r"""Adam [1]_: momentum, and steps divided by the root of the mean squared gradient.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \qquad
        \hat m = m / (1 - \beta_1^t) \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2, \qquad
        \hat v = v / (1 - \beta_2^t) \\
        \theta &\leftarrow \theta - \eta \frac{\hat m}{\sqrt{\hat v} + \epsilon}

    :math:`\hat m` and :math:`\hat v` are weighted means of the gradients and of their squares. So
    they are kept as what a weighted mean is, a sum and its weight, which follow one recursion:
    :math:`M \leftarrow \beta_1 M + g` and :math:`w \leftarrow \beta_1 w + 1` give
    :math:`\hat m = M / w`. That saves two passes over the parameters, and the powers.
    The first parameters are those of :class:`Optimizer`.

    Parameters
    ----------
    epsilon : float or ndarray of shape (K, 1), default=1e-7
        Keeps the division from that by 0; it is added to the root of the corrected
        :math:`\hat v`, as in the paper's algorithm 1.

    beta_1 : float or ndarray of shape (K, 1), default=0.9
        The share of the gradients' mean that is kept.

    beta_2 : float or ndarray of shape (K, 1), default=0.999
        The share of the squared gradients' mean that is kept.

    epsilon_hat : bool, default=False
        Whether ``epsilon`` is added to :math:`\sqrt v` instead of :math:`\sqrt{\hat v}`, the
        form at the end of the paper's section 2 and that of
        :class:`~sklearn.neural_network.MLPClassifier`. It damps the first steps of parameters whose
        gradients are tiny.

    References
    ----------
    .. [1] D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.optimizers import Adam
    >>> optimizer = Adam(learning_rate=0.1)
    >>> parameters = np.array([1.0, 2.0])
    >>> optimizer.update(parameters, np.array([3.0, -1.0]))
    >>> parameters.round(6)
    array([0.9, 2.1])
    """

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

    def _step(self, parameters, gradients, scratch) -> None:
        momentums = self._array("momentums", parameters)
        np.multiply(momentums, np.asarray(self.beta_1, parameters.dtype), out=momentums)
        np.add(momentums, gradients, out=momentums)
        momentums_weight = self.beta_1 * self._state.get("momentums_weight", 0.0) + 1.0
        self._state["momentums_weight"] = momentums_weight

        cache = self._array("cache", parameters)
        np.multiply(cache, np.asarray(self.beta_2, parameters.dtype), out=cache)
        np.add(cache, np.square(gradients, out=scratch), out=cache)
        cache_weight = self.beta_2 * self._state.get("cache_weight", 0.0) + 1.0
        self._state["cache_weight"] = cache_weight

        # parameters -= rate * (momentums / w_1) / (sqrt(cache / w_2) + epsilon), with the two
        # weights moved out of the arrays into the step size and epsilon
        root = _sqrt(cache_weight)
        step_size = self.current_learning_rate * root / momentums_weight
        epsilon_scale = 1 / _sqrt(1 - self.beta_2) if self.epsilon_hat else root
        np.sqrt(cache, out=scratch)
        np.add(scratch, np.asarray(self.epsilon * epsilon_scale, parameters.dtype), out=scratch)
        np.divide(momentums, scratch, out=scratch)
        np.multiply(scratch, np.asarray(step_size, parameters.dtype), out=scratch)
        np.subtract(parameters, scratch, out=parameters)


class AdamW(Adam):
    r"""Adam with decoupled weight decay [1]_.

    Before Adam's step, :math:`\theta \leftarrow \theta - \eta \lambda \theta`. Unlike the gradient
    of an L2 penalty, the decay is not divided by the root of the mean squared gradient. The other
    parameters are those of :class:`Adam`.

    Parameters
    ----------
    weight_decay : float or ndarray of shape (K, 1), default=0.01
        The decay's strength :math:`\lambda`, on all parameters.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.nn.optimizers import AdamW
    >>> optimizer = AdamW(learning_rate=0.1, weight_decay=0.5)
    >>> parameters = np.array([1.0, 2.0])
    >>> optimizer.update(parameters, np.array([3.0, -1.0]))
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

    def _step(self, parameters, gradients, scratch) -> None:
        kept = 1 - self.current_learning_rate * self.weight_decay
        np.multiply(parameters, np.asarray(kept, parameters.dtype), out=parameters)
        super()._step(parameters, gradients, scratch)
