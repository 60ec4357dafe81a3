from functools import partial

import numpy as np
import pytest

from skscratch.nn.initializers import (
    INITIALIZERS,
    glorot_uniform,
    he_normal,
    lecun_normal,
    scaled_normal,
)
from skscratch.nn.layers import Dense

every_initializer = pytest.mark.parametrize("initializer", INITIALIZERS.values())


@every_initializer
def test_shapes(initializer):
    for generator in (np.random.RandomState(0), np.random.default_rng(0)):
        weights, biases = initializer(3, 5, generator)
        assert weights.shape == (3, 5)
        assert biases.shape == (1, 5)
        assert weights.dtype == biases.dtype == np.float64


def test_names():
    assert all(function.__name__ == name for name, function in INITIALIZERS.items())


@every_initializer
def test_an_int_seeds_a_new_generator(initializer):
    expected = initializer(3, 4, np.random.default_rng(7))
    for actual, array in zip(initializer(3, 4, random_state=7), expected, strict=True):
        assert np.array_equal(actual, array)
    assert not np.array_equal(initializer(3, 4)[0], initializer(3, 4)[0])


@pytest.mark.parametrize(("n_inputs", "n_neurons", "factor"), [(3, 2000, 2.0), (40, 1000, 6.0)])
def test_bounds_and_variance_of_glorot_uniform(n_inputs, n_neurons, factor):
    bound = np.sqrt(factor / (n_inputs + n_neurons))
    for array in glorot_uniform(n_inputs, n_neurons, np.random.RandomState(0), factor):
        assert 0.99 * bound < np.abs(array).max() <= bound
        # The variance of U(-b, b), within four standard errors of its estimate.
        assert array.var() == pytest.approx(bound**2 / 3, rel=4 * np.sqrt(0.8 / array.size))


def test_default_factor_is_6():
    default = glorot_uniform(3, 5, np.random.RandomState(0))
    assert np.array_equal(default[0], glorot_uniform(3, 5, np.random.RandomState(0), 6.0)[0])


@pytest.mark.parametrize(
    ("initializer", "variance"),
    [
        (he_normal, 2 / 50),
        (lecun_normal, 1 / 50),
        (scaled_normal, 0.01**2),
        (partial(scaled_normal, scale=3.0), 9.0),
    ],
)
def test_normal_weights(initializer, variance):
    weights, biases = initializer(50, 400, np.random.RandomState(0))
    assert weights.mean() == pytest.approx(0, abs=4 * np.sqrt(variance / weights.size))
    assert weights.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / weights.size))
    assert np.array_equal(biases, np.zeros((1, 400)))


def test_glorot_uniform_draws_weights_then_biases_of_each_layer():
    random_state, expected = np.random.RandomState(0), np.random.RandomState(0)
    for n_inputs, n_neurons in [(4, 3), (3, 2)]:
        layer = Dense(n_inputs, n_neurons, initializer=glorot_uniform, random_state=random_state)
        bound = np.sqrt(6 / (n_inputs + n_neurons))
        assert np.array_equal(layer.weights, expected.uniform(-bound, bound, (n_inputs, n_neurons)))
        assert np.array_equal(layer.biases, [expected.uniform(-bound, bound, n_neurons)])
