"""The regressor: predictions with each loss, errors, and features shared with the classifier."""

import copy
import inspect
import pickle
import re
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from helpers import (
    assert_same_fit,
    assert_same_weights,
    unfinished_fits,
)
from scipy.sparse import csr_matrix
from sklearn.base import clone, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.linear_model import GammaRegressor, LinearRegression
from sklearn.metrics import (
    d2_pinball_score,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
    r2_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skscratch import MLPScratchClassifier, MLPScratchRegressor
from skscratch.nn.losses import IdentityHuber

pytestmark = unfinished_fits

X, y = load_diabetes(return_X_y=True)
X, y = scale(X), 3 + scale(y)
Y = np.column_stack([y, y**2 / 5, np.sqrt(y)])
assert y.min() > 0

LOSSES = [
    {"loss": "squared_error"},
    {"loss": "absolute_error"},
    {"loss": "huber", "delta": 0.5},
    {"loss": "quantile", "quantile": 0.8},
    {"loss": "poisson"},
    {"loss": "gamma"},
]
QUANTILES = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}
every_loss = pytest.mark.parametrize("loss", [*LOSSES, QUANTILES])


def mlp(**parameters):
    """Return a small network, to be trained for a few epochs."""
    defaults = {"hidden_layer_sizes": (6, 5), "max_iter": 5, "batch_size": 40, "random_state": 0}
    return MLPScratchRegressor(**{**defaults, **parameters})


def by_lbfgs(**parameters):
    """Return a linear model, to be trained until it has converged."""
    defaults = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0, "max_iter": 2000}
    return MLPScratchRegressor(**{**defaults, "tol": 1e-9, "random_state": 0, **parameters})


# --- Losses


def test_squared_error_without_hidden_layers_is_least_squares():
    expected = LinearRegression().fit(X, y).predict(X)
    np.testing.assert_allclose(by_lbfgs().fit(X, y).predict(X), expected, rtol=1e-4)


def test_gamma_without_hidden_layers_is_the_generalized_linear_model():
    expected = GammaRegressor(alpha=0, tol=1e-8, max_iter=1000).fit(X, y).predict(X)
    np.testing.assert_allclose(by_lbfgs(loss="gamma").fit(X, y).predict(X), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ({"loss": "squared_error"}, np.mean),
        ({"loss": "poisson"}, np.mean),
        ({"loss": "gamma"}, np.mean),
        ({"loss": "absolute_error"}, np.median),
        ({"loss": "huber", "delta": 0.1}, np.median),
        ({"loss": "huber", "delta": 100.0}, np.mean),
        ({"loss": "quantile", "quantile": 0.9}, lambda y: np.quantile(y, 0.9)),
    ],
)
def test_constant_fitted_with_each_loss(loss, expected):
    y = np.random.default_rng(0).exponential(2, size=400)
    gradient_descent = {
        "solver": "sgd",
        "momentum": 0,
        "learning_rate_init": 0.5,
        "batch_size": 400,
    }
    regressor = mlp(**loss, hidden_layer_sizes=(), max_iter=1000, tol=0, **gradient_descent)
    predicted = regressor.fit(np.zeros((400, 1)), y).predict([[0]])
    np.testing.assert_allclose(predicted, expected(y), rtol=0.02)


def test_huber_with_large_delta_equals_squared_error():
    same = [mlp(**loss).fit(X, y) for loss in ({}, {"loss": "huber", "delta": 1e9})]
    assert_same_weights(*same, rtol=1e-13)


def test_robust_losses_with_outliers():
    rng = np.random.default_rng(0)
    spoiled = y.copy()
    spoiled[rng.choice(len(y), 20, replace=False)] += 50
    errors = {
        loss: mean_absolute_error(y, mlp(loss=loss, max_iter=100, tol=0).fit(X, spoiled).predict(X))
        for loss in ("squared_error", "absolute_error", "huber")
    }
    assert max(errors["absolute_error"], errors["huber"]) < 0.6 * errors["squared_error"]


DEVIANCES = {
    "squared_error": lambda y, p: mean_squared_error(y, p) / 2,
    "absolute_error": mean_absolute_error,
    "huber": lambda y, p: IdentityHuber(0.5).calculate(p[:, np.newaxis], y),
    "quantile": lambda y, p: mean_pinball_loss(y, p, alpha=0.8),
    "poisson": lambda y, p: mean_poisson_deviance(y, p) / 2,
    "gamma": lambda y, p: mean_gamma_deviance(y, p) / 2,
}


@pytest.mark.parametrize("loss", LOSSES)
def test_validation_loss_matches_the_predictions(loss):
    regressor = mlp(**loss, scoring="loss").fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    expected = DEVIANCES[loss["loss"]](y[300:], regressor.predict(X[300:]))
    assert regressor.history_["validation_loss"][-1] == pytest.approx(expected)
    assert regressor.validation_scores_[-1] == pytest.approx(-expected)


@pytest.mark.parametrize(
    ("solver", "loss"),
    [
        *(("adam", loss) for loss in LOSSES),
        *(("lbfgs", loss) for loss in LOSSES),
        ("sgd", LOSSES[3]),
    ],
)
def test_every_solver_learns_with_every_loss(solver, loss):
    regressor = mlp(**loss, solver=solver, learning_rate_init=0.01, max_iter=60, tol=0)
    regressor.fit(X[:300], y[:300])
    median = np.quantile(y[:300], loss.get("quantile", 0.5))
    measure = DEVIANCES[loss["loss"]]
    guess = measure(y[300:], np.full(142, median))
    assert measure(y[300:], regressor.predict(X[300:])) < 0.85 * guess
    assert regressor.loss_curve_[-1] < regressor.loss_curve_[0]


# --- Several outputs


@pytest.mark.parametrize("loss", LOSSES)
def test_several_outputs(loss):
    regressor = mlp(**loss, max_iter=40, learning_rate_init=0.01).fit(X, Y)
    assert regressor.predict(X).shape == Y.shape
    assert regressor.n_outputs_ == 3
    assert regressor.score(X, Y) == pytest.approx(r2_score(Y, regressor.predict(X)))


def test_column_vector_is_raveled_with_a_warning():
    with pytest.warns(DataConversionWarning, match="A column-vector y"):
        column = mlp().fit(X, y[:, np.newaxis])
    assert_same_fit(column, mlp().fit(X, y))
    assert column.predict(X).shape == y.shape


@pytest.mark.parametrize("loss", LOSSES[1:])
def test_losses_of_several_outputs_are_summed(loss):
    # The learning rate is too small to change the weights, so the loss is that of the predictions.
    still = {"solver": "sgd", "learning_rate_init": 1e-300, "alpha": 0.0, "max_iter": 1}
    regressor = mlp(**loss, **still).fit(X, Y)
    each = [DEVIANCES[loss["loss"]](Y[:, k], regressor.predict(X)[:, k]) for k in range(3)]
    assert regressor.loss_ == pytest.approx(sum(each))


# --- Quantiles


@pytest.fixture(scope="module")
def heteroscedastic():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, 3000)
    return x[:, np.newaxis], np.sin(6 * x) + rng.normal(scale=0.1 + x / 2)


@pytest.fixture(scope="module")
def quantiles(heteroscedastic):
    X, y = heteroscedastic
    regressor = MLPScratchRegressor(
        hidden_layer_sizes=(32, 32), **QUANTILES, learning_rate_init=0.003, max_iter=100, tol=0
    )
    return regressor.set_params(random_state=0).fit(X[:2000], y[:2000])


def test_coverage_of_quantiles_on_held_out_data(heteroscedastic, quantiles):
    X, y = heteroscedastic
    below = (y[2000:, np.newaxis] <= quantiles.predict(X[2000:])).mean(axis=0)
    np.testing.assert_allclose(below, [0.1, 0.5, 0.9], atol=0.05)


def test_widths_of_intervals(quantiles):
    low, _, high = quantiles.predict([[0.05], [0.95]]).T
    expected = 2 * 1.2816 * (0.1 + np.array([0.05, 0.95]) / 2)
    np.testing.assert_allclose(high - low, expected, rtol=0.25)


def test_quantiles_do_not_cross():
    regressor = mlp(loss="quantile", quantile=np.linspace(0.05, 0.95, 19), max_iter=3).fit(X, y)
    logits = regressor._outputs(X, lambda logits: logits)
    assert (np.diff(logits, axis=1) < 0).any()
    assert (np.diff(regressor.predict(X), axis=1) >= 0).all()
    np.testing.assert_array_equal(regressor.quantiles_, regressor.quantile)


def test_score_of_several_quantiles_is_the_mean_d2(quantiles, heteroscedastic):
    X, y = heteroscedastic
    weight = np.linspace(0.5, 2, len(y))
    each = [
        d2_pinball_score(y, column, alpha=level, sample_weight=weight)
        for level, column in zip([0.1, 0.5, 0.9], quantiles.predict(X).T, strict=True)
    ]
    assert quantiles.score(X, y, weight) == pytest.approx(np.mean(each))
    assert quantiles.score(X, y) > 0.3


def test_shape_of_predicted_quantiles():
    vector = mlp(loss="quantile", quantile=0.3).fit(X, y)
    column = mlp(loss="quantile", quantile=[0.3]).fit(X, y)
    assert vector.quantiles_ is None
    np.testing.assert_array_equal(column.predict(X), vector.predict(X)[:, np.newaxis])


def test_changed_parameters_do_not_affect_predictions():
    regressor = mlp(**QUANTILES).fit(X, y)
    before = regressor.predict(X)
    regressor.set_params(loss="squared_error", quantile=None)
    np.testing.assert_array_equal(regressor.predict(X), before)


def test_quantiles_of_a_scaled_target():
    model = TransformedTargetRegressor(mlp(**QUANTILES, max_iter=50), transformer=StandardScaler())
    predicted = model.fit(X, 1000 * y).predict(X)
    assert predicted.shape == (442, 3)
    assert 0.7 < np.mean((predicted[:, 0] <= 1000 * y) & (1000 * y <= predicted[:, 2])) < 0.9


# --- Features shared with the classifier


@every_loss
def test_warm_start_resumes_exactly(loss):
    whole = mlp(**loss, dropout=0.1, max_iter=6).fit(X, y)
    halves = mlp(**loss, dropout=0.1, max_iter=3, warm_start=True).fit(X, y).fit(X, y)
    assert_same_fit(whole, halves)


@every_loss
def test_partial_fits_equal_the_epochs_of_a_fit(loss):
    whole = mlp(**loss).fit(X, y)
    parts = mlp(**loss)
    for _ in range(5):
        parts.partial_fit(X, y)
    assert_same_fit(whole, parts)


def test_warm_start_with_another_loss():
    first = mlp().fit(X, y)
    gone_on = copy.deepcopy(first).set_params(loss="huber", warm_start=True).fit(X, y)
    assert len(gone_on.loss_curve_) == 10
    assert gone_on.score(X, y) > first.score(X, y)


@pytest.mark.parametrize(
    ("first", "second"), [(y, Y), (Y, y), (Y, Y[:, :2])], ids=["1-3", "3-1", "3-2"]
)
def test_warm_start_with_another_number_of_outputs_raises(first, second):
    regressor = mlp(warm_start=True).fit(X, first)
    with pytest.raises(ValueError, match=r"The fitted network has . identity outputs, `y` needs"):
        regressor.fit(X, second)
    with pytest.raises(ValueError, match=r"The fitted network has . identity outputs, `y` needs"):
        regressor.partial_fit(X, second)


def test_warm_start_with_another_link_raises():
    with pytest.raises(ValueError, match="1 identity outputs, `y` needs 1 exp ones"):
        mlp(warm_start=True).fit(X, y).set_params(loss="poisson").fit(X, y)


FEATURES = {
    "activations by layer": {"activation": ["tanh", "silu"]},
    "l1": {"weight_regularizer_l1": 0.01},
    "l2": {"bias_regularizer_l2": [0.01, 0.0, 0.1]},
    "dropout": {"dropout": [0.2, 0.0]},
    "input dropout": {"input_dropout": 0.1},
    "schedule": {"learning_rate": "cosine"},
    "decay": {"decay": 0.01},
    "clipping": {"clip_norm": 0.05},
    "initialization": {"weight_init": "he_normal"},
    "weight decay": {"solver": "adamw", "weight_decay": 0.1},
}


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_changes_the_fit_and_learns(feature):
    plain = mlp(max_iter=30).fit(X, y)
    regressor = mlp(max_iter=30, **FEATURES[feature]).fit(X, y)
    assert not np.array_equal(regressor.coefs_[0], plain.coefs_[0])
    assert regressor.loss_curve_[-1] < 0.5 * regressor.loss_curve_[0]


def greatest_error(estimator, X, y):
    return -abs(y - estimator.predict(X)).max()


@pytest.mark.parametrize(
    ("scoring", "measure", "target"),
    [
        (None, r2_score, Y),
        ("r2", r2_score, y),
        ("neg_mean_absolute_error", lambda y, predicted: -mean_absolute_error(y, predicted), Y),
        (greatest_error, lambda y, predicted: -abs(y - predicted).max(), y),
    ],
    ids=["None", "r2", "absolute", "callable"],
)
def test_early_stopping_keeps_the_epoch_with_the_best_score(scoring, measure, target):
    regressor = mlp(
        scoring=scoring, early_stopping=True, max_iter=80, learning_rate_init=0.05, tol=0
    )
    regressor.fit(X[:300], target[:300], X_val=X[300:], y_val=target[300:])
    score = measure(target[300:], regressor.predict(X[300:]))
    assert score == pytest.approx(regressor.best_validation_score_)
    assert regressor.best_validation_score_ > regressor.validation_scores_[-1]


def test_history_has_no_accuracy():
    assert set(mlp().fit(X, y).history_) == {
        "loss",
        "data_loss",
        "regularization_loss",
        "learning_rate",
    }


def test_sample_weights_equal_repetitions():
    counts = np.random.default_rng(0).integers(0, 3, len(y))
    full = {"batch_size": len(y) * 3, "alpha": 0.5}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Got `batch_size`")
        weighted = mlp(**full).fit(X, y, sample_weight=counts)
        repeated = mlp(**full).fit(X.repeat(counts, axis=0), y.repeat(counts))
    assert_same_weights(weighted, repeated, rtol=1e-9)


def test_sparse_inputs():
    sparse = X * (np.abs(X) > 1)
    first, second = mlp().fit(sparse, Y), mlp().fit(csr_matrix(sparse), Y)
    assert_same_weights(first, second, rtol=1e-9)
    np.testing.assert_allclose(second.predict(csr_matrix(sparse)), first.predict(sparse))


@every_loss
def test_prediction_is_thread_safe(loss):
    many = np.tile(X, (25, 1))
    regressor = mlp(**loss).fit(X, y)
    expected = np.tile(regressor.predict(X).T, 25).T
    with ThreadPoolExecutor(8) as pool:
        for predicted in pool.map(regressor.predict, [many] * 16):
            np.testing.assert_allclose(predicted, expected, rtol=1e-12)


@every_loss
def test_pickled_estimator_predicts_and_resumes(loss):
    regressor = mlp(**loss, warm_start=True).fit(X, y)
    copied = pickle.loads(pickle.dumps(regressor))
    np.testing.assert_array_equal(copied.predict(X), regressor.predict(X))
    assert_same_fit(copied.fit(X, y), regressor.fit(X, y))


@every_loss
def test_dtypes(loss):
    for dtype in (np.float32, np.float64):
        regressor = mlp(**loss).fit(X.astype(dtype), y)
        dtypes = {array.dtype for array in [*regressor.coefs_, regressor.predict(X)]}
        assert dtypes == {np.dtype(dtype)}


def test_tags():
    assert is_regressor(mlp())
    tags = mlp().__sklearn_tags__()
    assert tags.target_tags.required
    assert tags.input_tags.sparse


def test_feature_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X).add_prefix("x")
    regressor = make_pipeline(StandardScaler().set_output(transform="pandas"), mlp()).fit(frame, y)
    assert list(regressor[-1].feature_names_in_) == list(frame)


@every_loss
def test_resume_from_checkpoint_is_exact(loss, tmp_path):
    callbacks = pytest.importorskip("skscratch.callbacks", exc_type=ImportError)
    pytest.importorskip("sklearn.callback", reason="callbacks are new in 1.9")
    path, kept = tmp_path / "model.joblib", tmp_path / "kept.joblib"

    class KeepTheSecond(callbacks.ModelCheckpoint):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            super().on_fit_task_end(estimator, context, fitted_estimator=fitted_estimator)
            if len(fitted_estimator.loss_curve_) == 2:
                shutil.copy(path, kept)

    whole = mlp(**loss, warm_start=True).set_callbacks(KeepTheSecond(path)).fit(X, y)
    halfway = joblib.load(kept)
    assert len(halfway.loss_curve_) == 2
    assert_same_fit(halfway.fit(X, y), whole)


def test_epoch_logger_prints_no_accuracy(capsys):
    pytest.importorskip("sklearn.callback", reason="callbacks are new in 1.9")
    from skscratch.callbacks import EpochLogger

    mlp(max_iter=3).set_callbacks(EpochLogger(every=2)).fit(X, y, X_val=X, y_val=y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch: 2", "epoch: 3"]
    assert all("acc:" not in line and "val_score: " in line for line in lines)


@pytest.mark.parametrize("loss", [{}, QUANTILES])
def test_displays(loss):
    pytest.importorskip("matplotlib").use("agg")
    from skscratch.inspection import LossCurveDisplay, WeightsDisplay

    regressor = mlp(**loss, early_stopping=True).fit(X, y)
    display = LossCurveDisplay.from_estimator(regressor, metrics="validation_score")
    assert set(display.lines_) == {"loss", "validation_loss", "validation_score"}
    assert display.score_name == ("D²" if loss else "R²")
    WeightsDisplay.from_estimator(regressor)


# --- Errors


def spoiled(value):
    changed = y.copy()
    changed[7] = value
    return changed


BAD_CALLS = {
    "nan in y": ({}, X, spoiled(np.nan), "Input y contains NaN"),
    "inf in y": ({}, X, spoiled(np.inf), "Input y contains infinity"),
    "inf in y of objects": ({}, X, spoiled(np.inf).astype(object), "y must be finite"),
    "nan in X": ({}, np.where(X > 3, np.nan, X), y, "Input X contains NaN"),
    "too few y": ({}, X, y[:-1], "inconsistent numbers of samples"),
    "three axes": ({}, X, Y[:, :, np.newaxis], "Found array with dim 3"),
    "words": ({}, X, np.array(["a", "b"] * 221), "y must be numbers, got an array of <U1"),
    "too large": ({}, X.astype(np.float32), spoiled(1e39), "too large for float32, the dtype of X"),
    "negative counts": ({"loss": "poisson"}, X, spoiled(-1), r"Expected y >= 0 .* got -1.0"),
    "no amount": ({"loss": "gamma"}, X, spoiled(0), r"Expected y > 0 .* got 0.0"),
    "negative amount": ({"loss": "gamma"}, X, spoiled(-2), r"Expected y > 0 .* got -2.0"),
    "no level": ({"loss": "quantile"}, X, y, "needs quantile, a level in .* got None"),
    "level 1": ({"loss": "quantile", "quantile": 1.0}, X, y, "The 'quantile' parameter"),
    "level 0": ({"loss": "quantile", "quantile": [0, 0.5]}, X, y, "needs quantile, a level in"),
    "no levels": ({"loss": "quantile", "quantile": []}, X, y, "needs quantile, a level in"),
    "levels of levels": ({"loss": "quantile", "quantile": [[0.5]]}, X, y, "needs quantile"),
    "levels that descend": ({"loss": "quantile", "quantile": [0.9, 0.1]}, X, y, "ascending order"),
    "levels of several": (QUANTILES, X, Y, "need one value per sample, y has 3"),
    "delta": ({"loss": "huber", "delta": 0.0}, X, y, "The 'delta' parameter"),
    "loss": ({"loss": "hinge"}, X, y, "The 'loss' parameter"),
}


@pytest.mark.parametrize("call", BAD_CALLS)
def test_invalid_calls_do_not_change_the_estimator(call):
    parameters, X_bad, y_bad, message = BAD_CALLS[call]
    regressor = mlp().fit(X, y).set_params(**parameters)
    before = {name: copy.deepcopy(value) for name, value in vars(regressor).items()}
    methods = [regressor.fit, regressor.partial_fit]
    if call in ("too large", "level 1", "delta", "loss"):
        # partial_fit keeps the dtype of the network, and checks parameters in the first call only.
        methods = methods[:1]
    for fit in methods:
        with pytest.raises(ValueError, match=message):
            fit(X_bad, y_bad)
    after = vars(regressor)
    assert after.keys() == before.keys()
    for name, value in before.items():
        assert pickle.dumps(after[name]) == pickle.dumps(value), name


def test_invalid_targets_of_a_validation_set():
    with pytest.raises(ValueError, match=r"Expected y_val >= 0 .* got -1"):
        mlp(loss="poisson").fit(X, y, X_val=X, y_val=spoiled(-1))
    with pytest.raises(ValueError, match="y_val must have 1 value"):
        mlp().fit(X, y, X_val=X, y_val=Y)
    with pytest.raises(ValueError, match="y_val must be numbers"):
        mlp().fit(X, y, X_val=X[:2], y_val=["a", "b"])


def test_predictions_that_overflow_have_no_score():
    with pytest.raises(ValueError, match="the validation score is not a number"):
        mlp(loss="poisson", early_stopping=True).fit(X, y, X_val=1e9 * X, y_val=y)


@pytest.mark.parametrize("method", ["predict", "score", "to_sklearn"])
def test_unfitted(method):
    arguments = {"predict": (X,), "score": (X, y), "to_sklearn": ()}[method]
    with pytest.raises(NotFittedError, match="MLPScratchRegressor instance is not fitted"):
        getattr(mlp(), method)(*arguments)


def test_no_partial_fit_with_lbfgs():
    assert not hasattr(mlp(solver="lbfgs"), "partial_fit")


def test_integer_and_boolean_targets():
    expected = mlp().fit(X, (y > 3).astype(float))
    for kind in (int, bool, object):
        assert_same_fit(mlp().fit(X, (y > 3).astype(kind)), expected)


# --- Failing fits


def test_target_that_is_0_in_float32_raises():
    amounts = np.where(np.arange(442) == 3, 1e-60, y)
    with pytest.raises(ValueError, match=r"Expected y > 0 .* got 0.0 \(float32\)"):
        mlp(loss="gamma").fit(X.astype(np.float32), amounts)
    mlp(loss="gamma", max_iter=1).fit(X, amounts)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_divergence(early_stopping):
    regressor = mlp(
        activation="identity", solver="sgd", learning_rate_init=0.15, batch_size=390
    ).set_params(max_iter=50, n_iter_no_change=50, early_stopping=early_stopping, warm_start=True)
    if not early_stopping:
        with pytest.raises(ValueError, match=r"diverged in epoch .* TransformedTargetRegressor"):
            regressor.fit(X, y)
        return
    with pytest.warns(ConvergenceWarning, match=r"diverged in epoch .* best epoch are kept"):
        regressor.fit(X, y)
    assert np.isnan(regressor.validation_scores_[-1])
    assert np.isfinite(regressor.predict(X)).all()
    finite = np.array(regressor.validation_scores_)[:-1]
    assert regressor.best_validation_score_ == np.nanmax(finite)
    # A warm start continues from the best weights with a suitable learning rate.
    regressor.set_params(learning_rate_init=0.001, max_iter=200).fit(X, y)
    assert regressor.score(X, y) > 0.3


# --- Documentation and parameters


def described_parameters(kind):
    """Return the text of each of a class's parameters."""
    parameters = (
        inspect.getdoc(kind).split("Parameters\n----------\n")[1].split("Attributes\n---")[0]
    )
    entries = re.split(r"^(?=\S)", parameters, flags=re.MULTILINE)
    return {entry.split(" : ")[0]: entry.strip() for entry in entries if entry}


def test_shared_parameters_have_the_same_descriptions():
    # Both docstrings are complete, for help() and editors. This test keeps them equal.
    ours, theirs = map(described_parameters, (MLPScratchRegressor, MLPScratchClassifier))
    assert ours.keys() - theirs.keys() == {"loss", "delta", "quantile"}
    assert theirs.keys() - ours.keys() == {"class_weight"}
    differing = {name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]}
    assert differing == {"hidden_layer_sizes", "early_stopping", "scoring"}


def test_shared_parameters_have_the_same_defaults():
    ours, theirs = MLPScratchRegressor().get_params(), MLPScratchClassifier().get_params()
    assert all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())


def test_clone():
    assert clone(mlp(**QUANTILES)).get_params() == mlp(**QUANTILES).get_params()
