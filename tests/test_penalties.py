import numpy as np
import pytest

from skscratch.nn.penalties import Penalty
from skscratch.nn.testing import check_gradient

PENALTIES = [Penalty(), Penalty(l1=0.3), Penalty(l2=0.2), Penalty(0.3, 0.2)]

every_penalty = pytest.mark.parametrize("penalty", PENALTIES)


def normal(*shape, dtype=np.float64):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


@every_penalty
def test_gradient(penalty):
    values = normal(3, 4)
    assert np.abs(values).min() > 1e-4
    check_gradient(lambda: penalty.loss(values), values, penalty.gradient(values))


def test_loss():
    # The sum of absolute values is 6, the sum of squares 14.
    assert Penalty(100.0, 1.0).loss(np.array([[1.0, -2.0], [3.0, 0.0]])) == 614


def test_gradient_of_the_absolute_value_at_0_is_0():
    assert np.array_equal(Penalty(l1=1.0).gradient(np.zeros(3)), np.zeros(3))


@every_penalty
def test_float32_is_kept(penalty):
    assert penalty.gradient(normal(3, 4, dtype=np.float32)).dtype == np.float32


def test_penalty_of_zero_is_falsy():
    assert [bool(penalty) for penalty in PENALTIES] == [False, True, True, True]
    assert bool(Penalty(np.float64(0.1))) is True
