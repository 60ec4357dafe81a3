import numpy as np
import pytest
from helpers import named

from skscratch.nn.layers import Dense
from skscratch.nn.optimizers import SGD, Adagrad, Adam, AdamW, RMSprop

ADAM = {"learning_rate": 0.3, "decay": 0.01, "epsilon": 1e-2, "beta_1": 0.8, "beta_2": 0.95}
# Of every optimizer, hyper-parameters that are all different from the default.
SETTINGS = [
    (SGD, {"learning_rate": 0.3, "decay": 0.01}),
    (SGD, {"learning_rate": 0.3, "decay": 0.01, "momentum": 0.8}),
    (SGD, {"learning_rate": 0.3, "decay": 0.01, "momentum": 0.8, "nesterov": True}),
    (Adagrad, {"learning_rate": 0.3, "decay": 0.01, "epsilon": 1e-2}),
    (RMSprop, {"learning_rate": 0.3, "decay": 0.01, "epsilon": 1e-2, "rho": 0.8}),
    (Adam, ADAM),
    (Adam, {**ADAM, "epsilon_hat": True}),
    (AdamW, {**ADAM, "weight_decay": 0.2}),
    (AdamW, {**ADAM, "weight_decay": 0.2, "epsilon_hat": True}),
]
# What each of three networks has of its own.
OWN = {
    "learning_rate": [0.5, 0.01, 0.1],
    "decay": [0.0, 0.1, 0.001],
    "momentum": [0.9, 0.0, 0.5],
    "epsilon": [1e-7, 1e-3, 0.1],
    "rho": [0.9, 0.99, 0.5],
    "beta_1": [0.9, 0.0, 0.5],
    "beta_2": [0.999, 0.9, 0.5],
    "weight_decay": [0.0, 0.01, 0.5],
}
STACKS = [
    (optimizer_class, settings, names)
    for optimizer_class, settings in SETTINGS
    for names in [*([name] for name in settings), list(settings)]
    if names not in (["nesterov"], ["epsilon_hat"])
]

every_optimizer = pytest.mark.parametrize(("optimizer_class", "settings"), SETTINGS)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def gradients_of(shape, n_updates=150, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n_updates, *shape)) * rng.uniform(0, 3, shape)).astype(dtype)


def run(optimizer, parameters, gradients):
    parameters = parameters.copy()
    for gradient in gradients:
        optimizer.update(parameters, gradient)
    return parameters


def book_sgd(theta, gradients, learning_rate, decay, momentum=0.0, nesterov=False):
    v = np.zeros_like(theta)
    for t, g in enumerate(gradients):
        rate = learning_rate / (1 + decay * t)
        v = momentum * v - rate * g
        theta = theta + (momentum * v - rate * g if nesterov else v)
    return theta


def book_adagrad(theta, gradients, learning_rate, decay, epsilon):
    for t, g in enumerate(gradients):
        cache = np.sum(gradients[: t + 1] ** 2, axis=0)
        theta = theta - learning_rate / (1 + decay * t) * g / (np.sqrt(cache) + epsilon)
    return theta


def book_rmsprop(theta, gradients, learning_rate, decay, epsilon, rho):
    cache = np.zeros_like(theta)
    for t, g in enumerate(gradients):
        cache = rho * cache + (1 - rho) * g**2
        theta = theta - learning_rate / (1 + decay * t) * g / (np.sqrt(cache) + epsilon)
    return theta


def book_adam(
    theta,
    gradients,
    learning_rate,
    decay,
    epsilon,
    beta_1,
    beta_2,
    weight_decay=0.0,
    epsilon_hat=False,
):
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        corrected_m = m / (1 - beta_1 ** (t + 1))
        corrected_v = v / (1 - beta_2 ** (t + 1))
        rate = learning_rate / (1 + decay * t)
        theta = theta - rate * weight_decay * theta
        if epsilon_hat:
            # MLPClassifier's: the corrections are in the step size, and epsilon is not corrected
            rate *= np.sqrt(1 - beta_2 ** (t + 1)) / (1 - beta_1 ** (t + 1))
            theta = theta - rate * m / (np.sqrt(v) + epsilon)
        else:
            theta = theta - rate * corrected_m / (np.sqrt(corrected_v) + epsilon)
    return theta


BOOK = {
    SGD: book_sgd,
    Adagrad: book_adagrad,
    RMSprop: book_rmsprop,
    Adam: book_adam,
    AdamW: book_adam,
}


@every_optimizer
@pytest.mark.parametrize("shape", [(7,), (3, 4)])
def test_textbook_equations(optimizer_class, settings, shape):
    parameters, gradients = np.linspace(-1, 1, np.prod(shape)).reshape(shape), gradients_of(shape)
    np.testing.assert_allclose(
        run(optimizer_class(**settings), parameters, gradients),
        BOOK[optimizer_class](parameters, gradients, **settings),
        rtol=1e-11,
        atol=1e-13,
    )


@pytest.mark.parametrize(
    ("optimizer_class", "defaults"),
    [
        (SGD, {"learning_rate": 1.0, "decay": 0.0, "momentum": 0.0}),
        (Adagrad, {"learning_rate": 1.0, "decay": 0.0, "epsilon": 1e-7}),
        (RMSprop, {"learning_rate": 0.001, "decay": 0.0, "epsilon": 1e-7, "rho": 0.9}),
        (
            Adam,
            {
                "learning_rate": 0.001,
                "decay": 0.0,
                "epsilon": 1e-7,
                "beta_1": 0.9,
                "beta_2": 0.999,
            },
        ),
        (
            AdamW,
            {
                "learning_rate": 0.001,
                "decay": 0.0,
                "epsilon": 1e-7,
                "beta_1": 0.9,
                "beta_2": 0.999,
                "weight_decay": 0.01,
            },
        ),
    ],
)
def test_defaults_and_order_of_arguments(optimizer_class, defaults):
    parameters, gradients = np.ones(3), gradients_of((3,), 10)
    expected = run(optimizer_class(**defaults), parameters, gradients)
    assert np.array_equal(run(optimizer_class(), parameters, gradients), expected)
    positional = optimizer_class(*defaults.values())
    assert np.array_equal(run(positional, parameters, gradients), expected)


@pytest.mark.parametrize(("optimizer_class", "settings", "names"), STACKS)
@both_dtypes
def test_stack_is_bit_for_bit_the_single_ones(optimizer_class, settings, names, dtype):
    own = {name: np.array(OWN[name])[:, np.newaxis] for name in names if name in OWN}
    parameters = np.random.default_rng(1).normal(size=(3, 33)).astype(dtype)
    gradients = gradients_of((3, 33), 40, dtype)
    stack = run(optimizer_class(**{**settings, **own}), parameters, gradients)
    for k in range(3):
        mine = {**settings, **{name: float(values[k, 0]) for name, values in own.items()}}
        single = run(optimizer_class(**mine), parameters[k], gradients[:, k])
        assert np.array_equal(stack[k], single)


@every_optimizer
@both_dtypes
@pytest.mark.parametrize("kind", [float, np.float64, lambda value: np.full((2, 1), value)])
def test_dtype_is_kept(optimizer_class, settings, dtype, kind):
    settings = {k: v if isinstance(v, bool) else kind(v) for k, v in settings.items()}
    optimizer = optimizer_class(**settings)
    assert run(optimizer, np.ones((2, 3), dtype), gradients_of((2, 3), 3, dtype)).dtype == dtype
    arrays = [value for value in optimizer.state_dict().values() if np.shape(value) == (2, 3)]
    assert all(array.dtype == dtype for array in arrays)
    expected = {SGD: "momentum" in settings, Adam: 2, AdamW: 2}
    assert len(arrays) == expected.get(optimizer_class, 1)


@every_optimizer
@both_dtypes
def test_numpy_numbers_are_numbers(optimizer_class, settings, dtype):
    numpy = {k: v if isinstance(v, bool) else np.float64(v) for k, v in settings.items()}
    parameters, gradients = np.ones(9, dtype), gradients_of((9,), 20, dtype)
    assert np.array_equal(
        run(optimizer_class(**numpy), parameters, gradients),
        run(optimizer_class(**settings), parameters, gradients),
    )


@pytest.mark.parametrize(
    ("optimizer", "n_updates", "expected"),
    [
        (SGD(1.0, decay=1e-3), 1, 1.0),
        (SGD(1.0, decay=1e-3), 100, 0.9099181073703367),
        (SGD(1.0, decay=1e-3), 10000, 0.09091735612328393),
        (Adam(0.05, decay=5e-7), 10000, 0.04975126853296942),
    ],
)
def test_current_learning_rate(optimizer, n_updates, expected):
    run(optimizer, np.zeros(1), np.zeros((n_updates, 1)))
    assert optimizer.iterations == n_updates
    assert optimizer.current_learning_rate == pytest.approx(expected, rel=1e-12)


@every_optimizer
def test_no_gradient_no_step(optimizer_class, settings):
    settings = {name: value for name, value in settings.items() if name != "weight_decay"}
    if optimizer_class is AdamW:
        settings["weight_decay"] = 0.0
    parameters = np.linspace(-1, 1, 5)
    assert np.array_equal(
        run(optimizer_class(**settings), parameters, np.zeros((3, 5))), parameters
    )


def test_weight_decay_shrinks_all_parameters_alike_without_a_gradient():
    parameters = np.linspace(-1, 1, 5)
    optimizer = AdamW(learning_rate=0.1, decay=1.0, weight_decay=0.5)
    expected = parameters * (1 - 0.1 * 0.5) * (1 - 0.1 / 2 * 0.5)
    np.testing.assert_allclose(run(optimizer, parameters, np.zeros((2, 5))), expected, rtol=1e-15)


def test_epsilon_hat_damps_first_steps_of_tiny_gradients():
    gradients = np.full((1, 1), 1e-8)
    plain = run(Adam(0.1, epsilon=1e-8), np.zeros(1), gradients)
    damped = run(Adam(0.1, epsilon=1e-8, epsilon_hat=True), np.zeros(1), gradients)
    # sqrt(v) is sqrt(0.001) of the gradient, to which epsilon is added as it is
    assert plain == pytest.approx([-0.05])
    assert damped == pytest.approx([-0.1 * np.sqrt(0.001) / (np.sqrt(0.001) + 1)])


@every_optimizer
def test_gradients_are_only_read(optimizer_class, settings):
    gradients = gradients_of((5,), 3)
    run(optimizer_class(**settings), np.ones(5), gradients)
    assert np.array_equal(gradients, gradients_of((5,), 3))


@every_optimizer
@pytest.mark.parametrize("own", [False, True])
def test_state_continues_exactly(optimizer_class, settings, own):
    if own:
        settings = {k: np.array(OWN[k])[:, None] if k in OWN else v for k, v in settings.items()}
    parameters, gradients = np.ones((3, 4)), gradients_of((3, 4), 40)
    expected = run(optimizer_class(**settings), parameters, gradients)
    first, second = optimizer_class(**settings), optimizer_class(**settings)
    halfway = run(first, parameters, gradients[:20])
    second.load_state_dict(first.state_dict())
    assert second.iterations == 20
    assert np.array_equal(run(second, halfway, gradients[20:]), expected)


@every_optimizer
def test_state_is_a_copy(optimizer_class, settings):
    parameters, gradients = np.ones(4), gradients_of((4,), 40)
    expected = run(optimizer_class(**settings), parameters, gradients)
    first, second = optimizer_class(**settings), optimizer_class(**settings)
    halfway = run(first, parameters, gradients[:20])
    state = first.state_dict()
    second.load_state_dict(state)
    for name, value in state.items():
        if isinstance(value, np.ndarray):
            value.fill(np.nan)
        state[name] = None
    assert np.array_equal(run(first, halfway, gradients[20:]), expected)
    assert np.array_equal(run(second, halfway, gradients[20:]), expected)


@every_optimizer
def test_parameters_of_another_shape_are_refused(optimizer_class, settings):
    optimizer = optimizer_class(**settings)
    optimizer.update(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=r"updated parameters of shape \(3,\), got \(2, 3\)"):
        optimizer.update(np.ones((2, 3)), np.ones((2, 3)))
    assert optimizer.iterations == 1


@every_optimizer
def test_update_before_there_are_gradients(optimizer_class, settings):
    dense, optimizer = Dense(3, 2), optimizer_class(**settings)
    with pytest.raises(ValueError, match="no gradients yet: call backward before update"):
        optimizer.update(dense.weights, dense.dweights)
    assert optimizer.iterations == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (SGD(0.1), SGD(0.2, decay=0.1), True),
        (SGD(momentum=0.5), SGD(momentum=0.9), True),
        (SGD(momentum=0.0), SGD(momentum=0.9), False),
        (SGD(momentum=0.9), SGD(momentum=0.9, nesterov=True), False),
        (Adam(epsilon=1e-3), Adam(beta_1=0.5), True),
        (Adam(), Adam(epsilon_hat=True), False),
        (Adam(), AdamW(), False),
        (AdamW(), AdamW(weight_decay=0.5), True),
    ],
    ids=named,
)
def test_stack_key(one, other, same):
    assert (one.stack_key == other.stack_key) == same
    if same:
        assert isinstance(type(one).stack([one, other]), type(one))
    else:
        with pytest.raises(ValueError, match="may differ in numbers only"):
            type(one).stack([one, other])


def test_only_optimizers_of_as_many_updates_are_stacked():
    optimizers = [Adam(), Adam()]
    optimizers[0].update(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="may differ in numbers only"):
        Adam.stack(optimizers)


def test_repr():
    assert repr(Adam(0.05, decay=5e-7)) == "Adam(learning_rate=0.05, decay=5e-07)"


@pytest.mark.parametrize(("optimizer_class", "settings", "names"), STACKS)
@both_dtypes
def test_stacks_go_on_and_are_taken_apart_again(optimizer_class, settings, names, dtype):
    parameters = np.random.default_rng(1).normal(size=(3, 33)).astype(dtype)
    gradients = gradients_of((3, 33), 30, dtype)

    # One without momentum has none to go on with, and is never stacked with others.
    own = {**OWN, "momentum": [0.9, 0.2, 0.5]}

    def single(k):
        mine = {name: own[name][k] for name in names if name in own}
        return optimizer_class(**{**settings, **mine})

    # Ten updates apart, ten together, ten apart again: as if they had always been apart.
    singles = [single(k) for k in range(3)]
    mixed = parameters.copy()
    for t in range(30):
        if t == 10:
            stack = optimizer_class.stack(singles)
        if t == 20:
            for k, optimizer in enumerate(singles):
                optimizer.load_state_dict(stack.state_dict_of(k))
        if 10 <= t < 20:
            stack.update(mixed, gradients[t].copy())
        else:
            for k, optimizer in enumerate(singles):
                optimizer.update(mixed[k], gradients[t, k].copy())
    for k in range(3):
        assert np.array_equal(mixed[k], run(single(k), parameters[k], gradients[:, k]))
        assert singles[k].iterations == 30
