"""User-defined activations and optimizers, as in the guide."""

import copy
import pickle
from functools import partial

import numpy as np
import pytest
from helpers import assert_same_weights
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from skscratch import MLPScratchClassifier
from skscratch.nn import SGD, Activation, Adam, AdamW, Optimizer, SiLU

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)


class Swish(Activation):
    """The built-in SiLU as a user-defined class."""

    def function(self, z):
        return z / (1 + np.exp(-z))

    def derivative(self, z, output):
        sigmoid = 1 / (1 + np.exp(-z))
        return sigmoid + output * (1 - sigmoid)


class Lion(Optimizer):
    """X. Chen et al., "Symbolic discovery of optimization algorithms", 2023."""

    def __init__(self, learning_rate=1e-3, decay=0.0, beta_1=0.9, beta_2=0.99):
        super().__init__(learning_rate, decay)
        self.beta_1, self.beta_2 = beta_1, beta_2

    def step(self, parameters, gradients):
        momentums = self.state_array("momentums", parameters)
        direction = np.sign(self.beta_1 * momentums + (1 - self.beta_1) * gradients)
        parameters -= self.current_learning_rate * direction
        momentums *= self.beta_2
        momentums += (1 - self.beta_2) * gradients


mlp = partial(
    MLPScratchClassifier, (8, 6), batch_size=32, max_iter=12, tol=0, random_state=0, alpha=0.01
)


@pytest.mark.parametrize("hidden", [Swish, [Swish, "silu"], ["silu", Swish]])
def test_user_defined_activation_equals_the_built_in_one(hidden):
    own = mlp(activation=hidden).fit(X, y)
    built_in = mlp(activation="silu").fit(X, y)
    assert_same_weights(own, built_in, rtol=1e-9)
    np.testing.assert_allclose(own.predict_proba(X), built_in.predict_proba(X), rtol=1e-6)
    each = hidden if isinstance(hidden, list) else [hidden] * 2
    assert own.hidden_activations_ == each


@pytest.mark.no_cover
@pytest.mark.parametrize("options", [{"activation": Swish}, {"solver": Lion}, {"solver": Lion()}])
def test_user_defined_classes_pickle_clone_and_resume(options):
    whole = mlp(**options).fit(X, y)
    again = pickle.loads(pickle.dumps(whole))
    np.testing.assert_array_equal(again.predict_proba(X), whole.predict_proba(X))
    assert_same_weights(clone(whole).fit(X, y), whole)

    half = mlp(**options, warm_start=True).set_params(max_iter=6).fit(X, y)
    assert_same_weights(pickle.loads(pickle.dumps(half)).fit(X, y), whole)

    by_epochs = mlp(**options)
    for _ in range(12):
        by_epochs = copy.deepcopy(by_epochs).partial_fit(X, y, classes=[0, 1, 2])
    assert_same_weights(by_epochs, whole)


def test_optimizer_class_uses_learning_rate_init_and_decay():
    own = mlp(solver=SGD, learning_rate_init=0.1, decay=0.01).fit(X, y)
    named = mlp(solver="sgd", momentum=0.0, learning_rate_init=0.1, decay=0.01).fit(X, y)
    assert_same_weights(own, named)


def test_optimizer_object_keeps_its_settings_and_is_not_changed():
    optimizer = AdamW(0.02, decay=0.001, epsilon=1e-8, weight_decay=0.1, epsilon_hat=True)
    before = pickle.dumps(optimizer)
    own = mlp(solver=optimizer, learning_rate_init=99).fit(X, y)
    assert pickle.dumps(optimizer) == before
    named = mlp(solver="adamw", learning_rate_init=0.02, decay=0.001, weight_decay=0.1)
    assert_same_weights(own, named.fit(X, y))


def test_state_of_an_optimizer_object_is_ignored():
    optimizer = Adam(0.01)
    optimizer.update(np.ones(3), np.ones(3))
    assert_same_weights(mlp(solver=optimizer).fit(X, y), mlp(solver=Adam(0.01)).fit(X, y))


@pytest.mark.parametrize("schedule", ["adaptive", "invscaling", "cosine"])
def test_schedules_match_the_named_solver(schedule):
    options = {"learning_rate": schedule, "tol": 0.1, "n_iter_no_change": 1, "max_iter": 30}
    own = mlp(solver=SGD(0.1, momentum=0.9, nesterov=True), **options).fit(X, y)
    named = mlp(solver="sgd", learning_rate_init=0.1, **options).fit(X, y)
    assert_same_weights(own, named)
    np.testing.assert_array_equal(own.history_["learning_rate"], named.history_["learning_rate"])


def test_grid_search():
    grid = {"activation": ["relu", Swish], "solver": ["adam", Lion, Lion(1e-2)]}
    search = GridSearchCV(mlp(), grid, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 6
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    "activation", [SiLU(), [Swish(), Swish()], np.tanh, dict, ["relu", dict], [Swish], "swish"]
)
def test_invalid_activation(activation):
    with pytest.raises(ValueError, match="activation"):
        mlp(activation=activation).fit(X, y)


@pytest.mark.parametrize("solver", [np.sign, dict, "lion"])
def test_invalid_solver(solver):
    with pytest.raises(ValueError, match="solver"):
        mlp(solver=solver).fit(X, y)
