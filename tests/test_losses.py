from functools import partial

import numpy as np
import pytest
from sklearn.metrics import mean_gamma_deviance, mean_pinball_loss, mean_poisson_deviance

from skscratch.nn.encoding import one_hot
from skscratch.nn.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    ExponentialGammaDeviance,
    ExponentialPoissonDeviance,
    IdentityAbsoluteError,
    IdentityHuber,
    IdentityPinball,
    IdentitySquaredError,
    Interval,
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidBinaryCrossentropy,
    SoftmaxCategoricalCrossentropy,
)
from skscratch.nn.testing import check_gradient

PLAIN = [BinaryCrossentropy, CategoricalCrossentropy, MeanAbsoluteError, MeanSquaredError]
IDENTITY = [IdentityAbsoluteError, IdentityHuber, IdentityPinball, IdentitySquaredError]
FUSED = [
    *IDENTITY,
    ExponentialGammaDeviance,
    ExponentialPoissonDeviance,
    SigmoidBinaryCrossentropy,
    SoftmaxCategoricalCrossentropy,
]

every_loss = pytest.mark.parametrize("loss_class", PLAIN + FUSED)


def predictions(loss_class, shape, dtype=np.float64):
    rng = np.random.default_rng(0)
    values = rng.uniform(0.1, 0.9, shape) if loss_class in PLAIN else rng.normal(size=shape)
    return values.astype(dtype)


def soft_targets(shape, dtype=np.float64):
    rows = np.random.default_rng(1).uniform(0.1, 1, shape)
    return (rows / rows.sum(axis=1, keepdims=True) if shape[1] > 1 else rows).astype(dtype)


def weights(n_samples, dtype=np.float64):
    return np.random.default_rng(2).uniform(0.1, 3, n_samples).astype(dtype)


@pytest.mark.parametrize(
    ("loss_class", "y_pred", "y_true", "expected"),
    [
        (CategoricalCrossentropy, [[0.5, 0.25, 0.25]], [[0, 1, 0]], np.log(4)),
        (CategoricalCrossentropy, [[0.5, 0.25, 0.25]], [[0.5, 0.5, 0]], 1.5 * np.log(2)),
        (BinaryCrossentropy, [[0.75]], [[1]], np.log(4 / 3)),
        (BinaryCrossentropy, [[0.75]], [[0]], np.log(4)),
        (BinaryCrossentropy, [[0.75, 0.5]], [[0, 1]], 1.5 * np.log(2)),
        (MeanSquaredError, [[3.0, 0.0]], [[1, 1]], 2.5),
        (MeanAbsoluteError, [[3.0, 0.0]], [[1, 1]], 1.5),
        (SoftmaxCategoricalCrossentropy, [[0.0, np.log(3)]], [[1, 0]], np.log(4)),
        (SoftmaxCategoricalCrossentropy, [[0.0, np.log(3)]], [[0.5, 0.5]], np.log(4 / 3**0.5)),
        (SigmoidBinaryCrossentropy, [[np.log(3)]], [[1]], np.log(4 / 3)),
        (SigmoidBinaryCrossentropy, [[np.log(3), 0.0]], [[0, 1]], np.log(8)),
        (IdentitySquaredError, [[3.0, 0.0]], [[1, 1]], 2.5),
        (IdentitySquaredError, [[3.0, 0.0, 1.0]], [[1, 1, 1]], 2.5),
        (IdentityAbsoluteError, [[3.0, 0.0]], [[1, 1]], 3),
        (IdentityHuber, [[3.0, 0.5]], [[1, 1]], 1.5 + 0.125),
        (partial(IdentityHuber, delta=10), [[3.0, 0.5]], [[1, 1]], 2 + 0.125),
        (IdentityPinball, [[3.0, 0.0]], [[1, 1]], 1.5),
        (partial(IdentityPinball, 0.9), [[3.0, 0.0, 1.0]], [[1, 1, 1]], 0.1 * 2 + 0.9),
        (partial(IdentityPinball, [0.9, 0.2]), [[3.0, 0.0]], [[1, 1]], 0.1 * 2 + 0.2),
        (ExponentialPoissonDeviance, [[np.log(2), np.log(3)]], [[2, 0]], 3),
        (ExponentialPoissonDeviance, [[0.0]], [[np.e]], 1),
        (ExponentialGammaDeviance, [[np.log(2), 0.0]], [[2, np.e]], np.e - 2),
    ],
)
def test_forward(loss_class, y_pred, y_true, expected):
    losses = loss_class().forward(np.array(y_pred), np.array(y_true))
    np.testing.assert_allclose(losses, [expected], rtol=1e-14)


@pytest.mark.parametrize(
    ("loss_class", "shape"),
    [
        *((loss_class, (5, 4)) for loss_class in PLAIN + FUSED),
        *((loss_class, (4, 1)) for loss_class in PLAIN[:1] + PLAIN[2:] + FUSED[:-1]),
        (partial(IdentityHuber, 0.3), (5, 4)),
        (partial(IdentityPinball, 0.9), (5, 4)),
        (partial(IdentityPinball, [0.1, 0.5, 0.9]), (5, 3)),
    ],
)
def test_gradient(loss_class, shape):
    loss, y_pred, y_true = loss_class(), predictions(loss_class, shape), soft_targets(shape)
    for sample_weight in (None, weights(shape[0])):
        check_gradient(
            lambda w=sample_weight: loss.calculate(y_pred, y_true, w),
            y_pred,
            loss.backward(y_pred, y_true, sample_weight),
        )


@pytest.mark.parametrize("loss_class", [loss for loss in PLAIN + FUSED if "Gamma" not in str(loss)])
def test_gradient_of_class_indices(loss_class):
    loss, y_pred, indices = loss_class(), predictions(loss_class, (5, 4)), np.array([3, 0, 1, 1, 2])
    dvalues = loss.backward(y_pred, indices)
    check_gradient(lambda: loss.calculate(y_pred, indices), y_pred, dvalues)
    rows = one_hot(indices, 4)
    assert np.array_equal(loss.forward(y_pred, indices), loss.forward(y_pred, rows))
    assert np.array_equal(dvalues, loss.backward(y_pred, rows))


@every_loss
def test_loss_gradient_matches_calculate_and_backward(loss_class):
    loss, y_pred, y_true = loss_class(), predictions(loss_class, (5, 4)), soft_targets((5, 4))
    value, gradient = loss.loss_gradient(y_pred, y_true, weights(5))
    assert value == loss.calculate(y_pred, y_true, weights(5))
    assert np.array_equal(gradient, loss.backward(y_pred, y_true, weights(5)))
    losses, derivatives = loss.loss_and_derivative(y_pred, y_true)
    assert np.array_equal(losses, loss.loss(y_pred, y_true))
    np.testing.assert_allclose(derivatives, loss.derivative(y_pred, y_true), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    ("loss_class", "logits", "expected"),
    [
        (SoftmaxCategoricalCrossentropy, [[-1.0, 3.0, 2.0], [5.0, 0.0, 5.0]], [1, 0]),
        (SigmoidBinaryCrossentropy, [[-1.0, 3.0], [0.0, 1e-9]], [[0, 1], [0, 1]]),
        *((loss_class, [[-1.0, 3.0]], [[-1.0, 3.0]]) for loss_class in IDENTITY),
        (ExponentialPoissonDeviance, [[0.0, 1.0]], [[1.0, np.e]]),
        (ExponentialGammaDeviance, [[0.0, 1.0]], [[1.0, np.e]]),
    ],
)
def test_predictions(loss_class, logits, expected):
    assert np.array_equal(loss_class().predictions(np.array(logits)), expected)


@pytest.mark.parametrize(
    ("loss_class", "logits", "y_true", "expected"),
    [
        (SoftmaxCategoricalCrossentropy, [[-1.0, 3.0], [5.0, 0.0]], [1, 1], [True, False]),
        # The first of equal logits is predicted.
        (SoftmaxCategoricalCrossentropy, [[2.0, 2.0], [2.0, 2.0]], [0, 1], [True, False]),
        (SoftmaxCategoricalCrossentropy, [[0.0, 1.0]], [[0.1, 0.9]], [False]),
        (SigmoidBinaryCrossentropy, [[0.1], [0.0], [-0.1]], [1, 1, 0], [True, False, True]),
        (SigmoidBinaryCrossentropy, [[1.0, -1.0], [1.0, 1.0]], [[1, 0], [1, 0]], [True, False]),
        (SigmoidBinaryCrossentropy, [[0.0]], [[0]], [True]),
        *((each, [[1.5, 2.0], [1.5, 2.1]], [[1.5, 2.0]] * 2, [True, False]) for each in IDENTITY),
        (ExponentialPoissonDeviance, [[0.0], [0.1]], [[1], [1]], [True, False]),
        (ExponentialGammaDeviance, [[0.0], [0.1]], [[1], [1]], [True, False]),
        (IdentitySquaredError, [[np.nan]], [[0.0]], [False]),
    ],
)
def test_correct(loss_class, logits, y_true, expected):
    correct = loss_class().correct(np.array(logits), np.array(y_true))
    assert correct.dtype == bool
    assert correct.tolist() == expected


@every_loss
def test_sample_weights_equal_repetitions(loss_class):
    loss, y_pred, y_true = loss_class(), predictions(loss_class, (3, 4)), soft_targets((3, 4))
    repeated = np.repeat(np.arange(3), [2, 0, 5])
    np.testing.assert_allclose(
        loss.calculate(y_pred, y_true, np.array([2.0, 0.0, 5.0])),
        loss.calculate(y_pred[repeated], y_true[repeated]),
        rtol=1e-13,
    )


@every_loss
def test_mean_of_samples(loss_class):
    loss, y_pred, y_true = loss_class(), predictions(loss_class, (5, 4)), soft_targets((5, 4))
    losses = loss.forward(y_pred, y_true)
    assert losses.shape == (5,)
    assert loss.calculate(y_pred, y_true) == pytest.approx(sum(losses) / 5, rel=1e-14)


def test_large_float32_weights():
    loss, y_pred = MeanSquaredError(), np.array([[1.0], [3.0]], np.float32)
    sample_weight = np.full(2, 3e38, np.float32)
    assert loss.calculate(y_pred, np.zeros((2, 1)), sample_weight) == 5


@pytest.mark.parametrize("shape", [(), (4,), (5, 1), (5, 4), (2, 5)])
def test_sample_weights_of_another_shape_raise(shape):
    loss, y_pred = MeanSquaredError(), np.ones((5, 4))
    message = r"sample_weight must have one number for each sample, shape \(5,\); got shape"
    for method in (loss.calculate, loss.backward):
        with pytest.raises(ValueError, match=message):
            method(y_pred, y_pred, np.ones(shape))


@pytest.mark.parametrize(
    "y_true",
    [
        [0, 1, 2, 0],
        [0],
        0,
        np.ones((4, 3)),
        np.ones((5, 2)),
        np.ones((1, 3)),
        np.ones((5, 1)),
        np.zeros((5, 5), int),
    ],
    ids=lambda y_true: str(np.shape(y_true)),
)
def test_targets_of_another_shape_raise(y_true):
    loss, y_pred = SoftmaxCategoricalCrossentropy(), np.ones((5, 3))
    for method in (loss.forward, loss.calculate, loss.backward):
        with pytest.raises(ValueError, match="y_true must be one class index per sample or rows"):
            method(y_pred, y_true)


@pytest.mark.parametrize(
    ("y_true", "got"),
    [
        ([0, 1, 3], "got 0 to 3"),
        ([0, 1, -1], "got -1 to 1"),
        ([0.0, 1.0, 2.0], r"got an array of float64. .* y.astype\(int\)"),
        (["a", "b", "c"], "got an array of <U1. .* numpy.unique"),
    ],
)
def test_invalid_class_indices(y_true, got):
    with pytest.raises(ValueError, match=f"Expected class indices from 0 to 2, {got}"):
        CategoricalCrossentropy().calculate(np.ones((3, 3)), y_true)


@every_loss
def test_dtype_follows_the_predictions(loss_class):
    loss = loss_class()
    for dtype in (np.float32, np.float64):
        y_pred = predictions(loss_class, (5, 3), dtype)
        for y_true in (np.ones((5, 3), int), soft_targets((5, 3)), soft_targets((5, 3), dtype)):
            assert loss.forward(y_pred, y_true).dtype == dtype
            for sample_weight in (None, weights(5), weights(5, dtype)):
                assert loss.calculate(y_pred, y_true, sample_weight).dtype == dtype
                assert loss.backward(y_pred, y_true, sample_weight).dtype == dtype


def test_float32_with_numpy_scalars_as_settings():
    y_pred = np.ones((5, 3), np.float32)
    for loss in (IdentityHuber(np.float64(0.3)), IdentityPinball(np.float64(0.3))):
        assert loss.forward(y_pred, 2 * y_pred).dtype == np.float32
        assert loss.backward(y_pred, 2 * y_pred).dtype == np.float32


@pytest.mark.parametrize(
    ("fused_class", "plain_class", "factor"),
    [
        (SoftmaxCategoricalCrossentropy, CategoricalCrossentropy, 1),
        # The fused losses are sums over the outputs, the plain ones means over 4 outputs.
        (SigmoidBinaryCrossentropy, BinaryCrossentropy, 4),
        (IdentitySquaredError, MeanSquaredError, 4 / 2),
        (IdentityAbsoluteError, MeanAbsoluteError, 4),
        (IdentityPinball, MeanAbsoluteError, 4 / 2),
    ],
)
def test_fused_equals_activation_and_plain_loss(fused_class, plain_class, factor):
    fused, plain = fused_class(), plain_class()
    activation = fused.activation_class()
    logits, y_true = predictions(fused_class, (5, 4)), soft_targets((5, 4))
    y_pred = activation.forward(logits)
    np.testing.assert_allclose(
        fused.forward(logits, y_true), factor * plain.forward(y_pred, y_true), rtol=1e-13
    )
    np.testing.assert_allclose(
        fused.backward(logits, y_true),
        factor * activation.backward(plain.backward(y_pred, y_true)),
        rtol=1e-12,
    )


@pytest.mark.parametrize(
    ("fused_class", "plain_class", "logits"),
    [
        (SoftmaxCategoricalCrossentropy, CategoricalCrossentropy, [[0.0, 900.0]]),
        (SigmoidBinaryCrossentropy, BinaryCrossentropy, [[900.0]]),
    ],
)
def test_fused_is_exact_for_probabilities_of_0(fused_class, plain_class, logits):
    fused = fused_class()
    y_pred = fused.activation_class().forward(np.array(logits))
    assert plain_class().calculate(y_pred, [0]) == -np.log(np.finfo(float).tiny)
    assert fused.calculate(np.array(logits), [0]) == 900


@pytest.mark.parametrize(
    ("loss_class", "y_true", "losses", "dlogits"),
    [
        (SoftmaxCategoricalCrossentropy, [[1, 0], [0, 1]], [0, 2000], [[0, 0], [1, -1]]),
        (SigmoidBinaryCrossentropy, [[1, 0], [0, 1]], [0, 2000], [[0, 0], [1, -1]]),
        (IdentitySquaredError, [[1000, 0], [0, 0]], [500000, 1000000], [[0, -1e3], [1e3, -1e3]]),
        (IdentityAbsoluteError, [[1000, 0], [0, 0]], [1000, 2000], [[0, -1], [1, -1]]),
        (IdentityHuber, [[1000, 0], [0, 0]], [999.5, 1999], [[0, -1], [1, -1]]),
        (IdentityPinball, [[1000, 0], [0, 0]], [500, 1000], [[0, -0.5], [0.5, -0.5]]),
    ],
)
def test_extreme_logits(loss_class, y_true, losses, dlogits):
    for dtype in (np.float32, np.float64):
        loss, logits = loss_class(), np.array([[1000, -1000], [1000, -1000]], dtype)
        assert np.array_equal(loss.forward(logits, np.array(y_true)), losses)
        assert np.array_equal(loss.backward(logits, np.array(y_true)), np.array(dlogits) / 2)


@pytest.mark.parametrize("loss_class", PLAIN)
def test_probabilities_of_0_and_1(loss_class):
    for dtype in (np.float32, np.float64):
        loss, y_pred = loss_class(), np.array([[0, 1], [1, 0]], dtype)
        assert np.array_equal(loss.forward(y_pred, [1, 0]), [0, 0])
        assert np.isfinite(loss.forward(y_pred, [0, 1])).all()
        assert np.isfinite(loss.backward(y_pred, [0, 1])).all()


@pytest.mark.parametrize(
    ("loss_class", "deviance"),
    [
        (ExponentialPoissonDeviance, mean_poisson_deviance),
        (ExponentialGammaDeviance, mean_gamma_deviance),
    ],
)
def test_deviances_are_half_those_of_scikit_learn(loss_class, deviance):
    y_true = np.random.default_rng(1).poisson(3, size=(20, 1)) + (deviance is mean_gamma_deviance)
    logits = predictions(loss_class, (20, 1))
    expected = deviance(y_true[:, 0], np.exp(logits[:, 0])) / 2
    assert loss_class().calculate(logits, y_true) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_pinball_loss_matches_scikit_learn(quantile):
    y_true, logits = soft_targets((20, 1)), predictions(IdentityPinball, (20, 1))
    expected = mean_pinball_loss(y_true[:, 0], logits[:, 0], alpha=quantile)
    assert IdentityPinball(quantile).calculate(logits, y_true) == pytest.approx(expected)


@pytest.mark.parametrize(
    "loss", [IdentityAbsoluteError(), IdentityPinball(0.9), MeanAbsoluteError()]
)
def test_derivative_at_the_target_is_0(loss):
    values = np.array([[1.5], [-2.0]])
    assert np.array_equal(loss.backward(values, values), [[0], [0]])


@every_loss
def test_arguments_are_not_modified(loss_class):
    loss, y_pred, y_true = loss_class(), predictions(loss_class, (5, 4)), soft_targets((5, 4))
    before = y_pred.copy(), y_true.copy()
    loss.loss_gradient(y_pred, y_true, weights(5))
    assert np.array_equal(y_pred, before[0])
    assert np.array_equal(y_true, before[1])


@every_loss
def test_lists_are_converted(loss_class):
    expected = loss_class().forward(np.array([[1.0, 0.0]]), np.array([[0.5, 1.0]]))
    assert np.array_equal(loss_class().forward([[1, 0]], [[0.5, 1]]), expected)


@pytest.mark.parametrize(
    ("loss_class", "valid", "invalid", "message"),
    [
        (SoftmaxCategoricalCrossentropy, [0, 0.5, 1], [-0.1, 1.1], r"Expected y in \[0, 1\] for"),
        (SigmoidBinaryCrossentropy, [0, 0.5, 1], [-0.1, 2, np.nan], r"Expected y in \[0, 1\] for"),
        (IdentitySquaredError, [-1e300, 0, 1], [np.inf, np.nan], "Expected y finite for"),
        (ExponentialPoissonDeviance, [0, 1, 1e300], [-1e-9, np.inf], "Expected y >= 0 for"),
        (ExponentialGammaDeviance, [1e-300, 1], [0, -1, np.inf], "Expected y > 0 for"),
    ],
)
def test_valid_targets(loss_class, valid, invalid, message):
    loss = loss_class()
    loss.check_targets(np.array([valid]).T)
    for value in invalid:
        with pytest.raises(ValueError, match=f"{message} {loss_class.__name__}, got {value}"):
            loss.check_targets(np.array([[*valid, value]], float).T)


def test_targets_rounded_to_0():
    y = np.array([[1.0], [1e-50]])
    loss = ExponentialGammaDeviance()
    loss.check_targets(y)
    with pytest.raises(ValueError, match=r"Expected y_val > 0 for .*, got 0.0 \(float32\)"):
        loss.check_targets(y.astype(np.float32), "y_val")


def test_interval():
    assert Interval(0, 1).includes(np.array([-0.1, 0, 1, 1.1])).tolist() == [0, 1, 1, 0]
    assert Interval(0, is_open=True).includes(np.array([0, 0.1])).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (IdentityHuber(), "IdentityHuber()"),
        (IdentityHuber(2.0), "IdentityHuber(delta=2.0)"),
        (IdentityPinball((0.1, 0.9)), "IdentityPinball(quantile=(0.1, 0.9))"),
        (MeanSquaredError(), "MeanSquaredError()"),
    ],
)
def test_repr(loss, expected):
    assert repr(loss) == expected
