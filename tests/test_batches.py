import copy
import tracemalloc

import numpy as np
import pytest
import scipy.sparse
import sklearn.utils

from skscratch.nn.batches import Batches
from skscratch.nn.encoding import one_hot

# A batch size that divides the 10 samples into three batches, and one with a single batch.
every_size = pytest.mark.parametrize("batch_size", [4, 10])


def data(n_samples=10, n_features=3, n_classes=4, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_features)).astype(dtype)
    return X, rng.integers(n_classes, size=n_samples), rng.uniform(0.5, 2, n_samples).astype(dtype)


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(4, [4, 4, 2]), (5, [5, 5]), (9, [9, 1]), (10, [10]), (99, [10])]
)
def test_batch_sizes(batch_size, sizes):
    batches = Batches(*data(), batch_size=batch_size, n_outputs=4)
    assert batches.n_batches == len(sizes)
    for batch, size in zip(batches, sizes, strict=True):
        assert [array.shape for array in batch] == [(size, 3), (size, 4), (size,)]


@pytest.mark.parametrize("rows", [None, np.array([7, 2, 5, 9, 0])])
def test_each_row_once_per_epoch(rows):
    X, y, sample_weight = data()
    expected = np.arange(10) if rows is None else rows
    for batch_size in (2, 10):
        batches = Batches(X, y, sample_weight, rows=rows, batch_size=batch_size, n_outputs=4)
        for _ in range(3):
            batches.shuffle(np.random.RandomState(0))
            visited = expected[batches.order]
            assert np.array_equal(np.sort(visited), np.sort(expected))
            parts = zip(*batches, strict=True)
            for arrays, source in zip(parts, (X, one_hot(y, 4), sample_weight), strict=True):
                assert np.array_equal(np.concatenate(arrays), source[visited])


def test_order_of_rows_without_shuffling():
    X, y, _ = data()
    batches = Batches(X, y, rows=np.array([7, 2, 5]), batch_size=2, n_outputs=4)
    assert np.array_equal(batches.order, [0, 1, 2])
    (first, _, no_weights), (second, _, _) = batches
    assert np.array_equal(np.concatenate([first, second]), X[[7, 2, 5]])
    assert no_weights is None


def test_shuffle_matches_scikit_learn():
    batches = Batches(*data(), batch_size=2, n_outputs=4)
    ours, theirs = np.random.RandomState(0), np.random.RandomState(0)
    order = np.arange(10)
    for _ in range(3):
        batches.shuffle(ours)
        order = sklearn.utils.shuffle(order, random_state=theirs)
        assert np.array_equal(batches.order, order)


def test_single_batch_is_not_shuffled():
    batches = Batches(*data(), batch_size=10, n_outputs=4)
    random_state = np.random.RandomState(0)
    batches.shuffle(random_state)
    assert np.array_equal(batches.order, np.arange(10))
    assert random_state.random_sample() == np.random.RandomState(0).random_sample()


def test_single_batch_of_all_rows_is_not_copied():
    X, y, sample_weight = data()
    arrays = X, one_hot(y, 4), sample_weight
    (batch,) = Batches(*arrays, batch_size=10, n_outputs=4)
    for array, source in zip(batch, arrays, strict=True):
        assert np.shares_memory(array, source)
        assert np.array_equal(array, source)


def test_single_batch_is_gathered_once():
    batches = Batches(*data(), rows=np.array([7, 2, 5]), batch_size=10, n_outputs=4)
    (first,), (second,) = batches, batches
    assert all(a is b for a, b in zip(first, second, strict=True))


def test_full_batch():
    X, y, sample_weight = data()
    rows = np.array([7, 2, 5])
    batches = Batches(X, y, sample_weight, rows=rows, batch_size=2, n_outputs=4)
    batches.shuffle(np.random.RandomState(0))
    expected = X[rows], one_hot(y[rows], 4), sample_weight[rows]
    assert all(np.array_equal(a, b) for a, b in zip(batches.full_batch, expected, strict=True))


@every_size
def test_sparse_inputs(batch_size):
    X, y, _ = data()
    X[X < 0] = 0
    for container in (scipy.sparse.csr_array, scipy.sparse.csr_matrix):
        dense = Batches(X, y, batch_size=batch_size, n_outputs=4)
        sparse = Batches(container(X), y, batch_size=batch_size, n_outputs=4)
        for batches in (dense, sparse):
            batches.shuffle(np.random.RandomState(0))
        for expected, batch in zip(dense, sparse, strict=True):
            assert scipy.sparse.issparse(batch[0])
            assert np.array_equal(batch[0].toarray(), expected[0])
            assert np.array_equal(batch[1], expected[1])


@every_size
def test_one_hot_rows_have_the_dtype_of_the_inputs(batch_size):
    for dtype in (np.float32, np.float64):
        X, y, _ = data(dtype=dtype)
        for inputs, targets, _ in Batches(X, y, batch_size=batch_size, n_outputs=4):
            assert inputs.dtype == targets.dtype == dtype


def test_memory_with_many_classes():
    n_outputs, y = 20_000, np.array([0, 19_999, 7, 123])
    tracemalloc.start()
    try:
        batches = Batches(np.ones((4, 2)), y, batch_size=2, n_outputs=n_outputs)
        targets = [targets for _, targets, _ in batches]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.array_equal(np.concatenate(targets), one_hot(y, n_outputs))
    # An identity matrix of that size has 3.2 GB.
    assert peak < 4 * 2**20


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0.0, 1.0], r"got an array of float64. Convert whole numbers with y.astype\(int\)"),
        ([0, 4], "Expected class indices from 0 to 3, got 0 to 4"),
        ([-1, 0], "Expected class indices from 0 to 3, got -1 to 0"),
    ],
)
def test_invalid_class_indices(y, message):
    with pytest.raises(ValueError, match=message):
        Batches(np.ones((2, 3)), np.array(y), batch_size=1, n_outputs=4)


def test_copy_of_used_batches():
    batches = Batches(*data(), batch_size=4, n_outputs=4)
    batches.shuffle(np.random.RandomState(0))
    twin = copy.deepcopy(batches)
    for one in (batches, twin):
        one.shuffle(np.random.RandomState(1))
    for expected, batch in zip(batches, twin, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(expected, batch, strict=True))
