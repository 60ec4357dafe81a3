"""learning_rate, decay, clip_norm and weight_decay, compared with their equations."""

from functools import partial

import helpers
import numpy as np
import pytest
from helpers import adagrad, adam, rmsprop, sgd, textbook_gradients, unfinished_fits
from sklearn.datasets import load_iris

pytestmark = unfinished_fits

N_EPOCHS = 30
RULES = {
    "sgd": (sgd, {"momentum": 0.7}),
    "adagrad": (adagrad, {"epsilon": 1e-3}),
    "rmsprop": (rmsprop, {"epsilon": 1e-3, "rho": 0.8}),
    "adam": (adam, {"epsilon": 1e-3, "beta_1": 0.8, "beta_2": 0.95}),
    "adamw": (adam, {"epsilon": 1e-3, "beta_1": 0.8, "beta_2": 0.95}),
}
# The learning rate in epoch t of 150 samples each.
SCHEDULES = {
    "constant": lambda t: 0.02,
    "cosine": lambda t: 0.02 * (1 + np.cos(np.pi * t / N_EPOCHS)) / 2,
    "invscaling": lambda t: 0.02 / (150 * t + 1) ** 0.2,
}
NO_PENALTIES = [[0, 0, 0]] * 4

X, y = load_iris(return_X_y=True)

# Full batches of iris.
mlp = partial(
    helpers.mlp,
    (8, 5),
    learning_rate_init=0.02,
    power_t=0.2,
    nesterovs_momentum=False,
    batch_size=150,
    max_iter=N_EPOCHS,
    tol=0.0,
)


def first_weights():
    clf = mlp(solver="sgd", learning_rate_init=1e-300, max_iter=1).fit(X, y)
    return clf.coefs_ + clf.intercepts_


def by_hand(solver, rates, *, clip_norm=np.inf, weight_decay=0.0, alpha=1e-4, **arguments):
    """Return the weights and biases after an epoch at each of the learning rates."""
    rule, defaults = RULES[solver]
    parameters = first_weights()
    states = [{} for _ in parameters]
    for rate in rates:
        gradients = textbook_gradients(
            X, np.eye(3)[y], parameters[:3], parameters[3:], alpha, NO_PENALTIES
        )
        norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
        parameters = [
            (1 - rate * weight_decay) * parameter
            + rule(rate, state, gradient * min(1, clip_norm / norm), **{**defaults, **arguments})
            for parameter, state, gradient in zip(parameters, states, gradients, strict=True)
        ]
    return parameters


def assert_trained(clf, parameters):
    for expected, actual in zip(parameters, clf.coefs_ + clf.intercepts_, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(
    ("solver", "schedule", "decay"),
    [
        ("sgd", "constant", 0.0),
        ("sgd", "cosine", 0.03),
        ("sgd", "invscaling", 0.0),
        ("sgd", "invscaling", 0.03),
        ("adagrad", "cosine", 0.0),
        ("rmsprop", "constant", 0.03),
        ("adam", "invscaling", 0.03),
        ("adamw", "cosine", 0.03),
    ],
)
def test_schedules(solver, schedule, decay):
    formula = SCHEDULES[schedule]
    if schedule == "invscaling" and solver != "sgd":
        formula = SCHEDULES["constant"]
    rates = [formula(t) / (1 + decay * t) for t in range(N_EPOCHS)]
    arguments = {**RULES[solver][1], "learning_rate": schedule, "decay": decay}
    clf = mlp(solver=solver, weight_decay=0.0, **arguments).fit(X, y)
    np.testing.assert_allclose(clf.history_["learning_rate"], rates, rtol=1e-12)
    assert_trained(clf, by_hand(solver, rates))


def test_cosine_in_partial_fit():
    clf = mlp(learning_rate="cosine", max_iter=6)
    once = mlp(learning_rate="cosine", max_iter=6).fit(X, y)
    for _ in range(6):
        clf.partial_fit(X, y, classes=[0, 1, 2])
    np.testing.assert_array_equal(clf.history_["learning_rate"], once.history_["learning_rate"])
    for expected, actual in zip(once.coefs_, clf.coefs_, strict=True):
        np.testing.assert_array_equal(actual, expected)
    # The learning rate has reached 0.
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=r"fallen to 0 after max_iter=6 epochs. Raise max_iter"):
        clf.partial_fit(X, y)
    assert vars(clf) == before
    clf.set_params(max_iter=12).partial_fit(X, y)
    assert clf.history_["learning_rate"][6] == pytest.approx(0.01)


def test_cosine_restarts_with_a_warm_start():
    clf = mlp(learning_rate="cosine", max_iter=4, warm_start=True).fit(X, y).fit(X, y)
    rates = [0.02 * (1 + np.cos(np.pi * epoch / 4)) / 2 for epoch in range(4)] * 2
    np.testing.assert_allclose(clf.history_["learning_rate"], rates)


@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_adaptive(decay):
    arguments = {"solver": "sgd", "tol": 0.02, "n_iter_no_change": 2, "max_iter": 200}
    clf = mlp(learning_rate="adaptive", decay=decay, momentum=0.7, **arguments).fit(X, y)
    rate, best, stuck, rates = 0.02, np.inf, 0, []
    for t, loss in enumerate(clf.loss_curve_):
        rates.append(rate / (1 + decay * t))
        stuck = stuck + 1 if loss > best - 0.02 else 0
        best = min(best, loss)
        if stuck > 2:
            rate, stuck = rate / 5, 0
    np.testing.assert_allclose(clf.history_["learning_rate"], rates)
    # Training stops instead of reducing a learning rate of at most 1e-6.
    assert 5 * rate <= 1e-6 < 25 * rate
    assert_trained(clf, by_hand("sgd", rates))


@pytest.mark.parametrize("batch_size", [150, 40])
def test_learning_rate_of_the_last_update_is_recorded(batch_size):
    clf = mlp(decay=0.1, batch_size=batch_size, max_iter=5).fit(X, y)
    updates = -(-150 // batch_size) * np.arange(1, 6)
    np.testing.assert_allclose(clf.history_["learning_rate"], 0.02 / (1 + 0.1 * (updates - 1)))


@pytest.mark.parametrize(
    ("solver", "clip_norm"),
    [("sgd", 0.02), ("adagrad", 0.1), ("rmsprop", 0.02), ("adam", 0.1), ("adamw", 1e9)],
)
def test_clip_norm(solver, clip_norm):
    clf = mlp(solver=solver, clip_norm=clip_norm, weight_decay=0.0, **RULES[solver][1])
    expected = by_hand(solver, [0.02] * N_EPOCHS, clip_norm=clip_norm)
    assert_trained(clf.fit(X, y), expected)
    unclipped = mlp(solver=solver, weight_decay=0.0, **RULES[solver][1]).fit(X, y)
    same = np.array_equal(unclipped.coefs_[0], clf.coefs_[0])
    assert same == (clip_norm == 1e9)


def test_clip_norm_includes_the_penalties():
    clf = mlp(solver="sgd", momentum=0.7, alpha=50.0, clip_norm=0.3).fit(X, y)
    expected = by_hand("sgd", [0.02] * N_EPOCHS, clip_norm=0.3, alpha=50.0)
    assert_trained(clf, expected)


def test_clip_norm_keeps_float32():
    clf = mlp(clip_norm=np.float64(0.1)).fit(X.astype(np.float32), y)
    assert {array.dtype for array in clf.coefs_ + clf.intercepts_} == {np.dtype(np.float32)}


def test_clip_norm_prevents_divergence():
    clf = mlp(solver="sgd", activation="identity", learning_rate_init=0.5, max_iter=300)
    # With decay, the last steps are small, so the score does not depend on the last one.
    clf.set_params(n_iter_no_change=np.inf, decay=0.05)
    with pytest.raises(ValueError, match="diverged"):
        clf.fit(100 * X, y)
    clf.set_params(clip_norm=0.1).fit(100 * X, y)
    assert clf.score(100 * X, y) > 0.8


def test_lbfgs_with_clip_norm_raises():
    clf = mlp(solver="lbfgs", clip_norm=1.0)
    before = vars(clf).copy()
    with pytest.raises(ValueError, match="clip_norm are not supported with solver='lbfgs'"):
        clf.fit(X, y)
    assert vars(clf) == before


@pytest.mark.parametrize(
    ("weight_decay", "schedule"), [(0.0, "cosine"), (0.01, "constant"), (2.0, "cosine")]
)
def test_weight_decay(weight_decay, schedule):
    rates = [SCHEDULES[schedule](t) / (1 + 0.03 * t) for t in range(N_EPOCHS)]
    arguments = {**RULES["adamw"][1], "learning_rate": schedule, "decay": 0.03}
    clf = mlp(solver="adamw", weight_decay=weight_decay, **arguments).fit(X, y)
    assert_trained(clf, by_hand("adamw", rates, weight_decay=weight_decay))


def test_default_of_weight_decay():
    given = mlp(solver="adamw", weight_decay=0.01).fit(X, y)
    np.testing.assert_array_equal(mlp(solver="adamw").fit(X, y).coefs_[0], given.coefs_[0])


@pytest.mark.parametrize("solver", ["sgd", "adam", "adagrad", "rmsprop", "lbfgs"])
def test_weight_decay_is_only_used_by_adamw(solver):
    plain, decayed = mlp(solver=solver), mlp(solver=solver, weight_decay=0.5)
    np.testing.assert_array_equal(plain.fit(X, y).coefs_[0], decayed.fit(X, y).coefs_[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clip_norm": 0.0}, "clip_norm"),
        ({"clip_norm": -1.0}, "clip_norm"),
        ({"weight_decay": -0.1}, "weight_decay"),
        ({"learning_rate": "exponential"}, "learning_rate"),
    ],
)
def test_invalid_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        mlp(**arguments).fit(X, y)
