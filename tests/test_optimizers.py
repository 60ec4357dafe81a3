import copy
import pickle

import numpy as np
import pytest

from skscratch.nn.optimizers import SGD, Adagrad, Adam, AdamW, RMSprop

ADAM = {"learning_rate": 0.3, "decay": 0.01, "epsilon": 1e-2, "beta_1": 0.8, "beta_2": 0.95}
# All hyper-parameters differ from their defaults.
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

every_optimizer = pytest.mark.parametrize(("optimizer_class", "settings"), SETTINGS)


def gradients_of(shape, n_updates=150, dtype=np.float64):
    rng = np.random.default_rng(0)
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
            # As in MLPClassifier: the step size is corrected, epsilon is not.
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
def test_textbook_equations(optimizer_class, settings):
    for shape in [(7,), (3, 4)]:
        parameters = np.linspace(-1, 1, np.prod(shape)).reshape(shape)
        gradients = gradients_of(shape)
        np.testing.assert_allclose(
            run(optimizer_class(**settings), parameters, gradients),
            BOOK[optimizer_class](parameters, gradients, **settings),
            rtol=1e-11,
            atol=1e-13,
        )


BETAS = {"beta_1": 0.9, "beta_2": 0.999}


@pytest.mark.parametrize(
    ("optimizer_class", "defaults"),
    [
        (SGD, {"learning_rate": 1.0, "decay": 0.0, "momentum": 0.0}),
        (Adagrad, {"learning_rate": 1.0, "decay": 0.0, "epsilon": 1e-7}),
        (RMSprop, {"learning_rate": 0.001, "decay": 0.0, "epsilon": 1e-7, "rho": 0.9}),
        (Adam, {"learning_rate": 0.001, "decay": 0.0, "epsilon": 1e-7, **BETAS}),
        (
            AdamW,
            {"learning_rate": 0.001, "decay": 0.0, "epsilon": 1e-7, **BETAS, "weight_decay": 0.01},
        ),
    ],
)
def test_defaults_and_order_of_arguments(optimizer_class, defaults):
    assert optimizer_class().get_settings().items() >= defaults.items()
    positional = optimizer_class(*defaults.values())
    assert positional.get_settings().items() >= defaults.items()


@every_optimizer
def test_dtype_is_kept(optimizer_class, settings):
    for dtype in (np.float32, np.float64):
        optimizer = optimizer_class(**settings)
        assert run(optimizer, np.ones(5, dtype), gradients_of((5,), 3, dtype)).dtype == dtype
        state = optimizer.state_dict()
        del state["iterations"]
        assert all(array.dtype == dtype for array in state.values())
        has_state = optimizer_class is not SGD or "momentum" in settings
        assert tuple(state) == (optimizer_class.state_arrays if has_state else ())


@every_optimizer
def test_settings_are_the_constructor_arguments(optimizer_class, settings):
    optimizer = optimizer_class(**settings)
    run(optimizer, np.ones(3), gradients_of((3,), 5))
    assert optimizer.get_settings().items() >= settings.items()
    again = optimizer_class(**optimizer.get_settings())
    assert again.get_settings() == optimizer.get_settings()
    assert again.iterations == 0


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
def test_no_step_without_gradient(optimizer_class, settings):
    if optimizer_class is AdamW:
        settings = {**settings, "weight_decay": 0.0}
    parameters = np.linspace(-1, 1, 5)
    optimizer = optimizer_class(**settings)
    assert np.array_equal(run(optimizer, parameters, np.zeros((3, 5))), parameters)


def test_weight_decay_without_gradient_scales_all_parameters():
    parameters = np.linspace(-1, 1, 5)
    optimizer = AdamW(learning_rate=0.1, decay=1.0, weight_decay=0.5)
    expected = parameters * (1 - 0.1 * 0.5) * (1 - 0.1 / 2 * 0.5)
    np.testing.assert_allclose(run(optimizer, parameters, np.zeros((2, 5))), expected, rtol=1e-15)


def test_epsilon_hat_reduces_first_steps_for_small_gradients():
    gradients = np.full((1, 1), 1e-8)
    plain = run(Adam(0.1, epsilon=1e-8), np.zeros(1), gradients)
    damped = run(Adam(0.1, epsilon=1e-8, epsilon_hat=True), np.zeros(1), gradients)
    # sqrt(v) is sqrt(0.001) times the gradient, and epsilon is added without correction.
    assert plain == pytest.approx([-0.05])
    assert damped == pytest.approx([-0.1 * np.sqrt(0.001) / (np.sqrt(0.001) + 1)])


@every_optimizer
def test_gradients_are_not_modified(optimizer_class, settings):
    gradients = gradients_of((5,), 3)
    run(optimizer_class(**settings), np.ones(5), gradients)
    assert np.array_equal(gradients, gradients_of((5,), 3))


@every_optimizer
def test_stored_state_resumes_exactly(optimizer_class, settings):
    parameters, gradients = np.ones((3, 4)), gradients_of((3, 4), 40)
    expected = run(optimizer_class(**settings), parameters, gradients)
    first, loaded = optimizer_class(**settings), optimizer_class(**settings)
    halfway = run(first, parameters, gradients[:20])
    loaded.load_state_dict(first.state_dict())
    assert loaded.iterations == 20
    for second in (loaded, copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
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


@pytest.mark.parametrize("optimizer", [SGD(momentum=0.9), Adagrad(), RMSprop(), Adam(), AdamW()])
def test_parameters_of_another_shape_raise(optimizer):
    optimizer.update(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=r"updated parameters of shape \(3,\), got \(2, 3\)"):
        optimizer.update(np.ones((2, 3)), np.ones((2, 3)))
    assert optimizer.iterations == 1


def test_repr():
    assert repr(Adam(0.05, decay=5e-7)) == "Adam(learning_rate=0.05, decay=5e-07)"
    assert repr(SGD(momentum=0.9, nesterov=True)) == "SGD(momentum=0.9, nesterov=True)"
