import numpy as np
import pytest
from helpers import named

from skscratch.nn.penalties import Penalty
from skscratch.nn.testing import check_gradient

PENALTIES = [Penalty(), Penalty(l1=0.3), Penalty(l2=0.2), Penalty(0.3, 0.2)]

every_penalty = pytest.mark.parametrize("penalty", PENALTIES, ids=named)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def normal(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@every_penalty
@pytest.mark.parametrize("divisor", [1, 7])
def test_formula(penalty, divisor):
    values = np.array([[1.0, -2.0], [3.0, 0.0]])
    expected = (penalty.l1 * 6 + penalty.l2 * 14) / divisor
    assert penalty.loss(values, divisor) == pytest.approx(expected, rel=1e-15)


@every_penalty
@pytest.mark.parametrize("divisor", [1, 7])
@pytest.mark.parametrize("with_scratch", [False, True])
def test_gradient_is_added(penalty, divisor, with_scratch):
    values, before = normal(3, 4), normal(3, 4, seed=1)
    assert np.abs(values).min() > 1e-4
    gradients, scratch = before.copy(), np.full((3, 4), np.nan) if with_scratch else None
    penalty.add_gradient(values, gradients, scratch, divisor)
    check_gradient(lambda: penalty.loss(values, divisor), values, gradients - before, rtol=1e-5)


def test_l1_has_no_slope_at_0():
    gradients = np.zeros((1, 2))
    Penalty(l1=1.0).add_gradient(np.zeros((1, 2)), gradients)
    assert np.array_equal(gradients, np.zeros((1, 2)))


@both_dtypes
@pytest.mark.parametrize("divisor", [1, np.array([[[2.0]], [[3.0]], [[7.0]]])])
def test_stack_is_bit_for_bit_the_single_ones(dtype, divisor):
    singles = [Penalty(0.1, 0.0), Penalty(0.0, 0.3), Penalty(0.2, 0.7)]
    stack, values = Penalty.stack(singles), normal(3, 5, 4, dtype=dtype)
    assert stack.l1.shape == stack.l2.shape == (3, 1, 1)
    gradients = np.zeros_like(values)
    stack.add_gradient(values, gradients, divisor=divisor)
    losses = stack.loss(values, divisor)
    assert losses.dtype == gradients.dtype == dtype
    for k, single in enumerate(singles):
        of_one = float(np.ravel(divisor)[k]) if np.ndim(divisor) else divisor
        expected = np.zeros_like(values[k])
        single.add_gradient(values[k], expected, divisor=of_one)
        assert np.array_equal(gradients[k], expected)
        assert losses[k] == single.loss(values[k], of_one)


def test_equal_strengths_stay_numbers():
    assert Penalty.stack([Penalty(0.1, 0.2)] * 3) == Penalty(0.1, 0.2)


@both_dtypes
@pytest.mark.parametrize("kind", [float, np.float64, lambda value: np.full((1, 1), value)])
def test_dtype_is_kept(dtype, kind):
    values = normal(3, 4, dtype=dtype)
    gradients = np.zeros_like(values)
    penalty = Penalty(kind(0.1), kind(0.2))
    penalty.add_gradient(values, gradients)
    assert gradients.dtype == penalty.loss(values).dtype == dtype


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (Penalty(), False),
        (Penalty(0.1), True),
        (Penalty(0, 0.1), True),
    ],
)
def test_a_penalty_of_strength_0_is_false(penalty, expected):
    assert bool(penalty) is expected
