import nnfs.datasets
import numpy as np
import pytest

from skscratch.datasets import make_sine, make_spiral, make_vertical

GENERATORS = [make_spiral, make_vertical, make_sine]


@pytest.mark.parametrize(
    ("make", "reference", "n_samples", "n_classes"),
    [
        (make_spiral, nnfs.datasets.spiral_data, 100, 3),
        (make_spiral, nnfs.datasets.spiral_data, 1, 1),
        (make_vertical, nnfs.datasets.vertical_data, 1001, 2),
        (make_vertical, nnfs.datasets.vertical_data, 7, 5),
    ],
)
def test_classification_data_match_nnfs(make, reference, n_samples, n_classes):
    np.random.seed(n_samples)
    random_state = np.random.RandomState(n_samples)
    for _ in range(2):  # the second draw continues the random stream
        X_reference, y_reference = reference(n_samples, n_classes)
        X, y = make(n_samples, n_classes, random_state=random_state)
        assert np.array_equal(X, X_reference)
        assert np.array_equal(y, y_reference)
        assert X.dtype == np.float64
        assert y.dtype == int
        assert X.flags.c_contiguous


@pytest.mark.parametrize("n_samples", [1, 10, 1000])
def test_sine_matches_nnfs(n_samples):
    X, y = make_sine(n_samples)
    X_reference, y_reference = nnfs.datasets.sine_data(n_samples)
    assert np.array_equal(X, X_reference)
    assert np.array_equal(y, y_reference.ravel())


def test_noise():
    X, y = make_spiral(50, 2, noise=0)
    # Without noise, the radius is proportional to the angle.
    angle = np.unwrap(np.arctan2(X[:50, 0], X[:50, 1]))
    np.testing.assert_allclose(np.hypot(*X[:50].T), angle / angle[-1], atol=1e-12)
    X, y = make_vertical(50, 2, noise=0)
    assert np.array_equal(X, np.stack([y / 3, np.full(100, 0.5)], axis=1))
    X, y = make_sine(10_000, noise=0.5, random_state=0)
    assert np.std(y - np.sin(2 * np.pi * X[:, 0])) == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize("make", GENERATORS)
def test_random_state(make):
    one = make(noise=0.1, random_state=1)
    same = make(noise=0.1, random_state=np.random.RandomState(1))
    assert all(map(np.array_equal, one, same))
    other, another = make(noise=0.1), make(noise=0.1)
    assert not all(map(np.array_equal, other, another))


@pytest.mark.parametrize("make", GENERATORS)
def test_global_random_state_is_not_used(make):
    before = np.random.get_state()
    for random_state in (0, None, np.random.RandomState(0)):
        make(random_state=random_state)
    np.testing.assert_equal(np.random.get_state(), before)


@pytest.mark.parametrize(
    ("argument", "value"),
    [("n_samples", 0), ("n_samples", 1.5), ("noise", -0.1), ("noise", None), ("random_state", "x")],
)
def test_validation(argument, value):
    for make in GENERATORS:
        message = f"The '{argument}' parameter of {make.__name__} must be .* Got {value!r} instead"
        with pytest.raises(ValueError, match=message):
            make(**{argument: value})


@pytest.mark.parametrize("make", [make_spiral, make_vertical])
def test_number_of_classes_is_validated(make):
    with pytest.raises(ValueError, match=r"The 'n_classes' parameter .* Got 0 instead"):
        make(n_classes=0)
