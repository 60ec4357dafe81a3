import numpy as np
import pytest

from skscratch.nn.encoding import as_rows, check_indices, one_hot


@pytest.mark.parametrize(
    ("indices", "n_outputs", "expected"),
    [([1, 0], 3, [[0, 1, 0], [1, 0, 0]]), ([True, False], 2, [[0, 1], [1, 0]]), ([0], 1, [[1]])],
)
def test_one_hot(indices, n_outputs, expected):
    for dtype in (np.float32, np.float64):
        rows = one_hot(indices, n_outputs, dtype)
        assert rows.dtype == dtype
        assert np.array_equal(rows, expected)


@pytest.mark.parametrize(
    ("indices", "got"),
    [([0, 3], "got 0 to 3"), ([-1, 0], "got -1 to 0"), ([0.0, 1.0], "got an array of float64")],
)
def test_invalid_class_indices(indices, got):
    with pytest.raises(ValueError, match=f"Expected class indices from 0 to 2, {got}"):
        check_indices(np.array(indices), 3)


def test_empty_class_indices():
    check_indices(np.array([], int), 3)


@pytest.mark.parametrize(
    ("y_true", "n_outputs", "expected"),
    [
        ([1, 0], 2, [[0, 1], [1, 0]]),
        ([0.5, 2.0], 1, [[0.5], [2.0]]),
        ([[1, 2], [3, 4]], 2, [[1, 2], [3, 4]]),
    ],
)
def test_targets_as_rows(y_true, n_outputs, expected):
    rows = as_rows(y_true, np.zeros((2, n_outputs), np.float32))
    assert rows.dtype == np.float32
    assert np.array_equal(rows, expected)


def test_rows_of_the_right_dtype_are_not_copied():
    rows = np.ones((2, 3))
    assert as_rows(rows, np.zeros((2, 3))) is rows
