import copy
from functools import partial

import numpy as np
import pytest
from sklearn.metrics import mean_gamma_deviance, mean_pinball_loss, mean_poisson_deviance

from skscratch.nn.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    ExponentialGammaDeviance,
    ExponentialPoissonDeviance,
    IdentityAbsoluteError,
    IdentityHuber,
    IdentityPinball,
    IdentitySquaredError,
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidBinaryCrossentropy,
    SoftmaxCategoricalCrossentropy,
    one_hot,
)
from skscratch.nn.testing import check_gradient

PLAIN = [BinaryCrossentropy, CategoricalCrossentropy, MeanAbsoluteError, MeanSquaredError]
IDENTITY = [IdentityAbsoluteError, IdentityHuber, IdentityPinball, IdentitySquaredError]
FUSED = [
    *IDENTITY,
    ExponentialPoissonDeviance,
    SigmoidBinaryCrossentropy,
    SoftmaxCategoricalCrossentropy,
]
# networks, samples, outputs: more samples than outputs, fewer, ones, many networks, and so much
# that NumPy computes in place what it would put elsewhere if it were less
STACKS = [(3, 20, 4), (3, 4, 20), (2, 1, 9), (2, 9, 1), (12, 5, 3), (20, 200, 20)]

every_loss = pytest.mark.parametrize("loss_class", PLAIN + FUSED)
every_target = pytest.mark.parametrize("kind", ["indices", "one-hot", "soft"])
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def class_major(array):
    return np.ascontiguousarray(array.mT).mT


def targets(kind, shape, dtype=np.float64):
    *leading, n_outputs = shape
    rng = np.random.default_rng(1)
    if kind == "soft":
        rows = rng.uniform(size=shape)
        return (rows / rows.sum(axis=-1, keepdims=True) if n_outputs > 1 else rows).astype(dtype)
    indices = rng.integers(max(n_outputs, 2), size=leading)
    if kind == "indices":
        return indices
    return (one_hot(indices, n_outputs) if n_outputs > 1 else indices[..., np.newaxis]).astype(
        dtype
    )


def predictions(loss_class, shape, dtype=np.float64):
    rng = np.random.default_rng(0)
    values = rng.normal(size=shape) if loss_class in FUSED else rng.uniform(0.1, 0.9, shape)
    return values.astype(dtype)


def weights(shape, dtype=np.float64):
    return np.random.default_rng(2).uniform(0.1, 3, shape).astype(dtype)


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


@every_target
@pytest.mark.parametrize(
    ("loss_class", "shape"),
    [
        *((loss_class, shape) for loss_class in PLAIN + FUSED for shape in [(5, 4), (3, 6)]),
        (BinaryCrossentropy, (4, 1)),
        (MeanSquaredError, (4, 1)),
        (SigmoidBinaryCrossentropy, (4, 1)),
        *((loss_class, (4, 1)) for loss_class in [*IDENTITY, ExponentialPoissonDeviance]),
        (partial(IdentityHuber, 0.3), (5, 4)),
        (partial(IdentityPinball, 0.9), (5, 4)),
        (partial(IdentityPinball, [0.1, 0.5, 0.9]), (5, 3)),
    ],
)
def test_gradient(loss_class, kind, shape):
    loss, y_pred, y_true = loss_class(), predictions(loss_class, shape), targets(kind, shape)
    check_gradient(lambda: loss.calculate(y_pred, y_true), y_pred, loss.backward(y_pred, y_true))


@pytest.mark.parametrize("loss_class", FUSED)
@every_target
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_of_the_last_losses(loss_class, kind, weighted):
    shape = (5, 4)
    loss, logits, y_true = loss_class(), predictions(loss_class, shape), targets(kind, shape)
    sample_weight = weights(5) if weighted else None
    loss.forward(logits, y_true)
    dlogits = loss.gradient(sample_weight)
    assert loss.total_weight == pytest.approx(weights(5).sum() if weighted else 5)
    check_gradient(lambda: loss.calculate(logits, y_true, sample_weight), logits, dlogits)


@pytest.mark.parametrize("loss_class", FUSED)
def test_probabilities_are_the_activation(loss_class):
    loss, logits, y_true = loss_class(), predictions(loss_class, (5, 4)), targets("soft", (5, 4))
    expected = loss.activation_class().forward(logits)
    for method in (loss.forward, loss.backward):
        loss.probabilities = None
        method(logits, y_true)
        np.testing.assert_allclose(loss.probabilities, expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("loss_class", "logits", "expected"),
    [
        (SoftmaxCategoricalCrossentropy, [[-1.0, 3.0, 2.0], [5.0, 0.0, 0.0]], [1, 0]),
        (SigmoidBinaryCrossentropy, [[-1.0, 3.0], [0.0, 1e-9]], [[0, 1], [0, 1]]),
        *((loss_class, [[-1.0, 3.0]], [[-1.0, 3.0]]) for loss_class in IDENTITY),
        (ExponentialPoissonDeviance, [[0.0, 1.0]], [[1.0, np.e]]),
        (ExponentialGammaDeviance, [[0.0, 1.0]], [[1.0, np.e]]),
    ],
)
@pytest.mark.parametrize("leading", [(), (2,)])
def test_predictions(loss_class, logits, expected, leading):
    logits = np.broadcast_to(logits, (*leading, *np.shape(logits)))
    actual = loss_class().predictions(logits)
    assert np.array_equal(actual, np.broadcast_to(expected, (*leading, *np.shape(expected))))


@pytest.mark.parametrize("loss_class", [*IDENTITY, *FUSED[-2:]])
@pytest.mark.parametrize("kind", ["indices", "one-hot"])
@pytest.mark.parametrize("shape", [(40, 3), (2, 40, 3)])
def test_correct(loss_class, kind, shape):
    loss, y_true = loss_class(), targets(kind, shape)
    rows = targets("one-hot", shape)
    logits = rows - 0.5 + np.random.default_rng(0).normal(scale=0.6, size=shape)
    if loss_class in IDENTITY:
        logits[..., ::2, :] = rows[..., ::2, :]
    loss.forward(logits, y_true)
    expected = loss.predictions(logits)
    if loss_class is SoftmaxCategoricalCrossentropy:
        expected = one_hot(expected, 3)
    expected = (expected == rows).all(axis=-1)
    assert 0 < expected.mean() < 1
    assert np.array_equal(loss.correct(), expected)


@pytest.mark.parametrize("loss_class", FUSED)
@pytest.mark.parametrize("logit", [np.nan, np.inf])
def test_what_is_no_number_is_not_correct(loss_class, logit):
    loss = loss_class()
    with np.errstate(invalid="ignore"):
        loss.forward(np.full((1, 2), logit), np.array([[0.0, 1.0]]))
    assert not loss.correct().any()


@every_loss
@pytest.mark.parametrize("shape", [(), (4,), (5, 1), (5, 4), (2, 5)])
def test_sample_weights_of_another_shape_are_refused(loss_class, shape):
    loss, y_pred, y_true = loss_class(), predictions(loss_class, (5, 4)), targets("soft", (5, 4))
    message = r"sample_weight must have one number for each sample, shape \(5,\); got shape"
    with pytest.raises(ValueError, match=message):
        loss.calculate(y_pred, y_true, np.ones(shape))
    if loss_class in FUSED:
        with pytest.raises(ValueError, match=message):
            loss.gradient(np.ones(shape))


@pytest.mark.parametrize("loss_class", FUSED)
def test_gradient_before_forward(loss_class):
    with pytest.raises(ValueError, match="call forward before backward"):
        loss_class().gradient()


@every_loss
def test_indices_are_one_hot_rows(loss_class):
    loss, y_pred = loss_class(), predictions(loss_class, (5, 4))
    indices, rows = targets("indices", (5, 4)), targets("one-hot", (5, 4))
    assert np.array_equal(loss.forward(y_pred, indices), loss.forward(y_pred, rows))
    assert np.array_equal(loss.backward(y_pred, indices), loss.backward(y_pred, rows))


@every_loss
def test_weights_count_samples(loss_class):
    loss, y_pred, y_true = loss_class(), predictions(loss_class, (3, 4)), targets("soft", (3, 4))
    repeated = np.repeat(np.arange(3), [2, 0, 5])
    np.testing.assert_allclose(
        loss.calculate(y_pred, y_true, np.array([2.0, 0.0, 5.0])),
        loss.calculate(y_pred[repeated], y_true[repeated]),
        rtol=1e-13,
    )


@every_loss
def test_mean_of_samples(loss_class):
    loss, y_pred, y_true = loss_class(), predictions(loss_class, (5, 4)), targets("soft", (5, 4))
    losses = loss.forward(y_pred, y_true).copy()
    assert losses.shape == (5,)
    assert loss.calculate(y_pred, y_true) == pytest.approx(sum(losses) / 5, rel=1e-14)


@every_loss
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
def test_targets_of_another_shape_are_refused(loss_class, y_true):
    loss, y_pred = loss_class(), predictions(loss_class, (5, 3))
    for method in (loss.forward, loss.calculate, loss.backward):
        with pytest.raises(ValueError, match="y_true must be one class index per sample or rows"):
            method(y_pred, y_true)


@every_loss
@pytest.mark.parametrize(
    ("y_true", "got"),
    [
        ([0, 1, 3], "got 0 to 3"),
        ([0, 1, -1], "got -1 to 1"),
        ([0.0, 1.0, 2.0], r"got an array of float64: .* y.astype\(int\)"),
        (["a", "b", "c"], "got an array of <U1: .* numpy.unique"),
    ],
)
def test_what_is_no_class_index_is_refused(loss_class, y_true, got):
    loss, y_pred = loss_class(), predictions(loss_class, (3, 3))
    with pytest.raises(ValueError, match=f"Expected class indices from 0 to 2, {got}"):
        loss.calculate(y_pred, y_true)


@every_loss
@every_target
@both_dtypes
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("layout", [np.ascontiguousarray, class_major])
def test_stack_is_bit_for_bit_the_single_ones(loss_class, kind, dtype, stack, layout):
    y_pred, y_true = layout(predictions(loss_class, stack, dtype)), targets(kind, stack, dtype)
    sample_weight = weights(stack[:2], dtype)
    loss, single = loss_class(), loss_class()
    losses = loss.forward(y_pred, y_true)
    dvalues = loss.backward(y_pred, y_true)
    means = loss.calculate(y_pred, y_true), loss.calculate(y_pred, y_true, sample_weight)
    for k in range(stack[0]):
        data = layout(y_pred[k]), y_true[k]
        assert np.array_equal(losses[k], single.forward(*data))
        assert np.array_equal(dvalues[k], single.backward(*data))
        assert means[0][k] == single.calculate(*data)
        assert means[1][k] == single.calculate(*data, sample_weight[k])


@pytest.mark.parametrize("loss_class", FUSED)
@both_dtypes
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("weighted", [False, True])
def test_stack_of_gradients(loss_class, dtype, stack, weighted):
    logits = class_major(predictions(loss_class, stack, dtype))
    y_true = targets("one-hot", stack, dtype)
    sample_weight = weights(stack[:2], dtype) if weighted else [None] * stack[0]
    loss = loss_class()
    losses = loss.forward(logits, y_true)
    dlogits = loss.gradient(sample_weight if weighted else None)
    for k in range(stack[0]):
        single = loss_class()
        assert np.array_equal(losses[k], single.forward(class_major(logits[k]), y_true[k]))
        assert np.array_equal(dlogits[k], single.gradient(sample_weight[k]))
        assert np.array_equal(loss.correct()[k], single.correct())


@every_loss
@both_dtypes
@pytest.mark.parametrize("shape", [(5, 3), (5, 1)])
@pytest.mark.parametrize(
    ("kind", "target_dtype"),
    [("indices", None), ("one-hot", int), ("one-hot", np.float32), ("one-hot", np.float64)],
)
def test_dtype_is_the_predictions(loss_class, dtype, shape, kind, target_dtype):
    loss, y_pred = loss_class(), predictions(loss_class, shape, dtype)
    y_true = targets(kind, shape, target_dtype)
    assert loss.forward(y_pred, y_true).dtype == dtype
    assert loss.calculate(y_pred, y_true).dtype == dtype
    assert loss.calculate(y_pred, y_true, weights(5, dtype)).dtype == dtype
    assert loss.backward(y_pred, y_true).dtype == dtype


@every_loss
def test_dtype_is_that_of_the_last_predictions(loss_class):
    loss = loss_class()
    for dtype in (np.float32, np.float64, np.float32):
        y_pred, y_true = predictions(loss_class, (5, 3), dtype), targets("soft", (5, 3), dtype)
        assert loss.forward(y_pred, y_true).dtype == dtype
        assert loss.backward(y_pred, y_true).dtype == dtype


@pytest.mark.parametrize(
    ("fused_class", "plain_class", "factor"),
    [
        (SoftmaxCategoricalCrossentropy, CategoricalCrossentropy, 1),
        # the fused ones add up outputs, the plain ones average them; here are 4
        (SigmoidBinaryCrossentropy, BinaryCrossentropy, 4),
        (IdentitySquaredError, MeanSquaredError, 4 / 2),
        (IdentityAbsoluteError, MeanAbsoluteError, 4),
        (IdentityPinball, MeanAbsoluteError, 4 / 2),
    ],
)
def test_fused_is_activation_and_plain(fused_class, plain_class, factor):
    fused, plain = fused_class(), plain_class()
    activation = fused.activation_class()
    logits, y_true = predictions(fused_class, (5, 4)), targets("soft", (5, 4))
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
def test_fused_is_exact_where_a_probability_is_0(fused_class, plain_class, logits):
    fused = fused_class()
    y_pred = fused.activation_class().forward(np.array(logits))
    assert plain_class().calculate(y_pred, [0]) == -np.log(np.finfo(float).tiny)
    assert fused.calculate(np.array(logits), [0]) == 900


@both_dtypes
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
def test_extreme_logits(loss_class, y_true, losses, dlogits, dtype):
    loss, logits = loss_class(), np.array([[1000, -1000], [1000, -1000]], dtype)
    y_true = np.array(y_true, dtype)
    assert np.array_equal(loss.forward(logits, y_true), losses)
    assert np.array_equal(loss.backward(logits, y_true), np.array(dlogits) / 2)


# --- the deviances of positive targets


@pytest.mark.parametrize("shape", [(5, 4), (4, 1)])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_of_the_gamma_deviance(shape, weighted):
    loss, logits = ExponentialGammaDeviance(), predictions(ExponentialGammaDeviance, shape)
    y_true = np.random.default_rng(1).gamma(2, size=shape)
    sample_weight = weights(shape[0]) if weighted else None
    loss.forward(logits, y_true)
    check_gradient(
        lambda: loss.calculate(logits, y_true, sample_weight), logits, loss.gradient(sample_weight)
    )


@both_dtypes
@pytest.mark.parametrize("stack", STACKS)
def test_stack_of_gamma_deviances(dtype, stack):
    logits = class_major(predictions(ExponentialGammaDeviance, stack, dtype))
    y_true = np.random.default_rng(1).gamma(2, size=stack).astype(dtype)
    loss, single = ExponentialGammaDeviance(), ExponentialGammaDeviance()
    losses, dlogits = loss.forward(logits, y_true), loss.gradient()
    assert losses.dtype == dlogits.dtype == dtype
    for k in range(stack[0]):
        assert np.array_equal(losses[k], single.forward(class_major(logits[k]), y_true[k]))
        assert np.array_equal(dlogits[k], single.gradient())


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
def test_the_pinball_loss_is_scikit_learns(quantile):
    y_true, logits = weights((20, 1)), predictions(IdentityPinball, (20, 1))
    expected = mean_pinball_loss(y_true[:, 0], logits[:, 0], alpha=quantile)
    assert IdentityPinball(quantile).calculate(logits, y_true) == pytest.approx(expected)


@pytest.mark.parametrize(
    "loss", [IdentityAbsoluteError(), IdentityPinball(0.9), MeanAbsoluteError()]
)
def test_what_is_met_exactly_pulls_nowhere(loss):
    values = np.array([[1.5], [-2.0]])
    assert np.array_equal(loss.backward(values, values), [[0], [0]])


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        (IdentityHuber(2.0), IdentityHuber(2.0), True),
        (IdentityHuber(2.0), IdentityHuber(1.0), False),
        (IdentityPinball([0.1, 0.9]), IdentityPinball([0.1, 0.9]), True),
        (IdentityPinball([0.1, 0.9]), IdentityPinball([0.2, 0.9]), False),
    ],
)
def test_losses_of_equal_settings_are_stacked(first, second, equal):
    first.backward(np.zeros((4, 2)), np.ones((4, 2)))
    assert (first.stack_key == second.stack_key) is equal
    if equal:
        stack = IdentityHuber.stack([first, second])
        assert vars(stack).items() >= {k: vars(second)[k] for k in vars(second)}.items()


@both_dtypes
@pytest.mark.parametrize("loss_class", PLAIN)
def test_probabilities_of_0_and_1(loss_class, dtype):
    loss, y_pred = loss_class(), np.array([[0, 1], [1, 0]], dtype)
    assert np.array_equal(loss.forward(y_pred, [1, 0]), [0, 0])
    assert np.isfinite(loss.forward(y_pred, [0, 1])).all()
    assert np.isfinite(loss.backward(y_pred, [0, 1])).all()


@every_loss
def test_a_loss_by_itself_returns_arrays_of_their_own(loss_class):
    loss, y_pred, y_true = loss_class(), predictions(loss_class, (5, 4)), targets("soft", (5, 4))
    before = [method(y_pred, y_true) for method in (loss.forward, loss.backward)]
    if loss_class in FUSED:
        before += [loss.gradient(), loss.probabilities]
    copies = [array.copy() for array in before]
    loss.backward(1 - y_pred, y_true)
    if loss_class in FUSED:
        loss.gradient(weights(5))
    assert all(np.array_equal(a, b) for a, b in zip(before, copies, strict=True))


@pytest.mark.parametrize("loss_class", FUSED)
def test_a_networks_loss_fills_its_gradient_again(loss_class):
    loss, logits, y_true = loss_class(), predictions(loss_class, (5, 4)), targets("soft", (5, 4))
    loss.reuses_buffers = True
    dlogits = loss.backward(logits, y_true)
    loss.backward(logits[:2], y_true[:2])
    assert loss.backward(-logits, y_true) is dlogits
    assert np.array_equal(dlogits, loss_class().backward(-logits, y_true))


@every_loss
def test_lists_are_arrays(loss_class):
    expected = loss_class().forward(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    assert np.array_equal(loss_class().forward([[1, 0]], [[0, 1]]), expected)


@every_loss
def test_copy_of_a_used_loss(loss_class):
    loss, y_pred, y_true = loss_class(), predictions(loss_class, (5, 4)), targets("soft", (5, 4))
    loss.forward(y_pred, y_true)
    expected = loss_class().forward(y_pred[::-1].copy(), y_true)
    assert np.array_equal(copy.deepcopy(loss).forward(y_pred[::-1].copy(), y_true), expected)


@pytest.mark.parametrize(
    ("indices", "n_outputs", "expected"),
    [
        ([1, 0], 3, [[0, 1, 0], [1, 0, 0]]),
        ([[1], [0]], 2, [[[0, 1]], [[1, 0]]]),
        ([True, False], 2, [[0, 1], [1, 0]]),
    ],
)
@both_dtypes
def test_one_hot(indices, n_outputs, expected, dtype):
    rows = one_hot(indices, n_outputs, dtype)
    assert rows.dtype == dtype
    assert np.array_equal(rows, expected)


@every_loss
def test_repr(loss_class):
    settings = {IdentityHuber: "delta=1.0", IdentityPinball: "quantile=0.5"}
    assert repr(loss_class()) == f"{loss_class.__name__}({settings.get(loss_class, '')})"
