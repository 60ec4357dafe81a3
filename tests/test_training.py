import copy
import tracemalloc
from functools import cache, partial
from itertools import islice, pairwise

import numpy as np
import pytest
import scipy.sparse
import sklearn.utils

from skscratch.nn.activations import Identity, ReLU, Sigmoid, Tanh
from skscratch.nn.initializers import glorot_uniform
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.losses import (
    IdentitySquaredError,
    SigmoidBinaryCrossentropy,
    SoftmaxCategoricalCrossentropy,
    one_hot,
)
from skscratch.nn.network import Network
from skscratch.nn.optimizers import SGD, Adagrad, Adam, RMSprop
from skscratch.nn.training import Batches, train

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def random_states(n):
    return [np.random.RandomState(seed) for seed in range(n)]


def data(n_samples=10, n_features=3, n_classes=4, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_features)).astype(dtype)
    return X, rng.integers(n_classes, size=n_samples), rng.uniform(0.5, 2, n_samples).astype(dtype)


def loss_gradient(network, *batch):
    return sum(network.compute_gradients(*batch))


def epoch_of(batches):
    """Return the next epoch's batches, copied."""
    return [
        (inputs.copy(), targets.copy(), None if weights is None else weights.copy())
        for inputs, targets, weights in batches.epoch()
    ]


def network_of(
    units, loss_class=SoftmaxCategoricalCrossentropy, activation_class=Tanh, dtype=np.float64
):
    random_state = np.random.RandomState(0)
    layers = []
    for n_inputs, n_neurons in pairwise(units):
        layers += [
            Dense(
                n_inputs,
                n_neurons,
                initializer=glorot_uniform,
                random_state=random_state,
                dtype=dtype,
            ),
            activation_class(),
        ]
    return Network(layers[:-1], loss_class())


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(4, [4, 4, 2]), (5, [5, 5]), (9, [9, 1]), (10, [10]), (99, [10])]
)
def test_sizes_of_batches(batch_size, sizes):
    X, y, sample_weight = data()
    batches = Batches(X, y, sample_weight, batch_size=batch_size, n_outputs=4)
    assert batches.n_batches == len(sizes)
    for inputs, size in zip(epoch_of(batches), sizes, strict=True):
        assert [array.shape for array in inputs] == [(size, 3), (size, 4), (size,)]


@pytest.mark.parametrize("batch_size", [4, 10])
@pytest.mark.parametrize(
    "rows", [None, np.array([7, 2, 5, 9, 0]), np.array([[1, 2, 3], [9, 8, 1]])]
)
@pytest.mark.parametrize("shuffled", [False, True])
def test_every_row_once_an_epoch(batch_size, rows, shuffled):
    X, y, sample_weight = data()
    batches = Batches(X, y, sample_weight, rows=rows, batch_size=batch_size, n_outputs=4)
    expected = np.arange(10) if rows is None else rows
    for _ in range(3):
        if shuffled:
            batches.shuffle(random_states(1 if expected.ndim == 1 else len(expected)))
        visited = np.take_along_axis(expected, batches.order, axis=-1)
        assert np.array_equal(np.sort(visited), np.sort(expected))
        parts = zip(*epoch_of(batches), strict=True)
        for array, axis, source in zip(
            parts, (-2, -2, -1), (X, one_hot(y, 4), sample_weight), strict=True
        ):
            assert np.array_equal(np.concatenate(array, axis=axis), source[visited])


def test_unshuffled_rows_keep_their_order():
    X, y, _ = data()
    rows = np.array([7, 2, 5])
    batches = Batches(X, y, rows=rows, batch_size=2, n_outputs=4)
    assert np.array_equal(batches.order, [0, 1, 2])
    (first, _, no_weights), (second, _, _) = epoch_of(batches)
    assert np.array_equal(np.concatenate([first, second]), X[rows])
    assert no_weights is None


def test_shuffle_draws_what_scikit_learn_draws():
    X, y, _ = data()
    rows = np.stack([np.arange(9), np.arange(9)[::-1]])
    batches = Batches(X, y, rows=rows, batch_size=2, n_outputs=4)
    ours, theirs = random_states(2), random_states(2)
    orders = [np.arange(9), np.arange(9)]
    for _ in range(3):
        batches.shuffle(ours)
        orders = [
            sklearn.utils.shuffle(order, random_state=random_state)
            for order, random_state in zip(orders, theirs, strict=True)
        ]
        assert np.array_equal(batches.order, orders)


def test_one_batch_has_no_order():
    X, y, _ = data()
    batches = Batches(X, y, batch_size=10, n_outputs=4)
    batches.shuffle(random_states(1))
    assert np.array_equal(batches.order, np.arange(10))


def test_shuffle_wants_a_random_state_for_each_network():
    X, y, _ = data()
    batches = Batches(X, y, rows=np.zeros((3, 4), int), batch_size=2, n_outputs=4)
    with pytest.raises(ValueError, match="shorter"):
        batches.shuffle(random_states(2))


def test_one_batch_of_all_rows_is_the_data_itself():
    X, _, sample_weight = data()
    y = one_hot(data()[1], 4)
    batches = Batches(X, y, sample_weight, batch_size=10, n_outputs=4)
    (batch,) = batches.epoch()
    for array, source in zip(batch, (X, y, sample_weight), strict=True):
        assert np.shares_memory(array, source)
        assert np.array_equal(array, source)


@pytest.mark.parametrize("rows", [np.array([7, 2, 5]), np.array([[1, 2], [9, 8]])])
def test_one_batch_is_gathered_once(rows):
    batches = Batches(*data(), rows=rows, batch_size=10, n_outputs=4)
    (first,), (second,) = batches.epoch(), batches.epoch()
    assert all(a is b for a, b in zip(first, second, strict=True))


def test_batches_are_filled_again():
    batches = Batches(*data(), batch_size=4, n_outputs=4)
    epochs = [list(batches.epoch()) for _ in range(2)]
    (one, two, last), (*_, last_again) = epochs
    assert one[0] is two[0]
    assert np.shares_memory(one[1], two[1])
    assert last[0] is last_again[0]


@pytest.mark.parametrize("batch_size", [4, 10])
@pytest.mark.parametrize("rows", [None, np.array([7, 2, 5, 9, 0, 1])])
@pytest.mark.parametrize("container", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_sparse_inputs(batch_size, rows, container):
    X, y, _ = data()
    X[X < 0] = 0
    dense = Batches(X, y, rows=rows, batch_size=batch_size, n_outputs=4)
    sparse = Batches(container(X), y, rows=rows, batch_size=batch_size, n_outputs=4)
    for batches in (dense, sparse):
        batches.shuffle(random_states(1))
    for expected, batch in zip(dense.epoch(), sparse.epoch(), strict=True):
        assert scipy.sparse.issparse(batch[0])
        assert np.array_equal(batch[0].toarray(), expected[0])
        assert np.array_equal(batch[1], expected[1])


@both_dtypes
@pytest.mark.parametrize("batch_size", [4, 10])
@pytest.mark.parametrize("as_rows", [False, True])
def test_dtype_is_kept(dtype, batch_size, as_rows):
    X, y, _ = data(dtype=dtype)
    y = one_hot(y, 4, dtype) if as_rows else y
    for inputs, targets, _ in Batches(X, y, batch_size=batch_size, n_outputs=4).epoch():
        assert inputs.dtype == targets.dtype == dtype


@pytest.mark.parametrize("batch_size", [4, 10])
@pytest.mark.parametrize("target_dtype", [bool, int, np.float32, np.float64])
def test_rows_of_targets_of_any_dtype(batch_size, target_dtype):
    X, y, _ = data()
    rows = one_hot(y, 4, target_dtype)
    targets = [
        targets for _, targets, _ in epoch_of(Batches(X, rows, batch_size=batch_size, n_outputs=4))
    ]
    assert np.array_equal(np.concatenate(targets), rows)


def test_batches_of_many_classes_are_cheap():
    n_outputs, y = 20_000, np.array([0, 19_999, 7, 123])
    tracemalloc.start()
    try:
        batches = Batches(np.ones((4, 2)), y, batch_size=2, n_outputs=n_outputs)
        targets = [targets.copy() for _, targets, _ in batches.epoch()]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.array_equal(np.concatenate(targets), one_hot(y, n_outputs))
    # An identity matrix of theirs would have 3.2 GB.
    assert peak < 4 * 2**20


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0.0, 1.0], r"got an array of float64: convert whole numbers by y.astype\(int\)"),
        ([0, 4], "Expected class indices from 0 to 3, got 0 to 4"),
        ([-1, 0], "Expected class indices from 0 to 3, got -1 to 0"),
    ],
)
def test_what_is_no_class_index_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        Batches(np.ones((2, 3)), np.array(y), batch_size=1, n_outputs=4)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True),
        ({"n_samples": 11}, False),
        ({"n_features": 5}, False),
        ({"dtype": np.float32}, False),
        ({"batch_size": 3}, False),
        ({"n_outputs": 5}, False),
        ({"weighted": False}, False),
        ({"as_rows": True}, False),
    ],
)
def test_stack_key(other, same):
    def key(batch_size=4, n_outputs=4, weighted=True, as_rows=False, **kind):
        X, y, sample_weight = data(**kind)
        y = one_hot(y, n_outputs) if as_rows else y
        weights = sample_weight if weighted else None
        return Batches(X, y, weights, batch_size=batch_size, n_outputs=n_outputs).stack_key

    assert (key() == key(**other)) == same
    assert isinstance(hash(key()), int)


def test_copy_of_used_batches():
    batches = Batches(*data(), batch_size=4, n_outputs=4)
    epoch_of(batches)
    twin = copy.deepcopy(batches)
    for one in (batches, twin):
        one.shuffle(random_states(1))
    for expected, batch in zip(epoch_of(batches), epoch_of(twin), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(expected, batch, strict=True))


@both_dtypes
def test_epoch_loss_is_the_mean_over_samples(dtype):
    X, y, _ = data(dtype=dtype)
    network = network_of((3, 5, 4), dtype=dtype)
    expected = loss_gradient(network, X, y)
    batches = Batches(X, y, batch_size=4, n_outputs=4)
    (epoch,) = next(train(network, SGD(0.0), batches, random_states(1)))
    assert epoch.loss.dtype == np.float64
    assert epoch.loss == pytest.approx(float(expected), rel=1e-6 if dtype == np.float32 else 1e-13)
    assert epoch.data_loss == epoch.loss
    right = network.forward(X).argmax(axis=1) == y
    assert epoch.accuracy == right.mean()


@pytest.mark.parametrize("shuffled", [False, True])
def test_train_updates_after_every_batch(shuffled):
    X, y, sample_weight = data()
    network, expected = network_of((3, 5, 4)), network_of((3, 5, 4))
    batches = Batches(X, y, sample_weight, batch_size=4, n_outputs=4)
    epochs = train(network, SGD(0.1), batches, random_states(1) if shuffled else None)
    order, (random_state,) = np.arange(10), random_states(1)
    for (epoch,) in islice(epochs, 3):
        if shuffled:
            order = sklearn.utils.shuffle(order, random_state=random_state)
        losses = []
        for rows in (order[:4], order[4:8], order[8:]):
            losses.append(loss_gradient(expected, X[rows], y[rows], sample_weight[rows]))
            expected.parameters -= 0.1 * expected.gradients
        np.testing.assert_allclose(network.parameters, expected.parameters, rtol=1e-12)
        assert epoch.loss == pytest.approx(np.dot(losses, [0.4, 0.4, 0.2]), rel=1e-13)


def test_train_learns():
    X, y, _ = data()
    batches = Batches(X, y, batch_size=4, n_outputs=4)
    network = network_of((3, 20, 4))
    *_, (epoch,) = islice(train(network, Adam(0.05), batches, random_states(1)), 100)
    assert epoch.loss < 0.01
    assert epoch.accuracy == 1
    assert np.array_equal(network.forward(X).argmax(axis=1), y)


CATEGORICAL, BINARY = SoftmaxCategoricalCrossentropy, SigmoidBinaryCrossentropy
NESTEROV, BETAS = partial(SGD, nesterov=True), ["beta_1", "beta_2"]

# Samples, units, batch size, activation, loss, whether targets are rows, optimizer and what each
# network has its own of, beside learning rate, decay, alpha, regularizers and dropout's rate.
TRAININGS = {
    "more samples than units": (23, (4, 6, 3), 10, ReLU, CATEGORICAL, False, SGD, ["momentum"]),
    "more units than samples": (23, (4, 30, 20, 9), 7, Tanh, CATEGORICAL, False, Adam, BETAS),
    "one batch": (25, (4, 6, 3), 99, Sigmoid, CATEGORICAL, True, Adam, ["epsilon"]),
    "batches of two": (9, (30, 20, 12), 2, ReLU, BINARY, True, RMSprop, ["rho", "epsilon"]),
    "batches of one": (60, (3, 40, 1), 1, Tanh, BINARY, True, Adam, BETAS),
    "many batches": (259, (5, 8, 10), 16, ReLU, CATEGORICAL, False, Adam, ["epsilon"]),
    "no hidden layer": (31, (7, 1), 5, Identity, BINARY, True, Adagrad, ["epsilon"]),
    "one hidden unit": (23, (1, 1, 2), 4, Tanh, IdentitySquaredError, True, NESTEROV, ["momentum"]),
}
N_NETWORKS = 6
every_training = pytest.mark.parametrize("training", TRAININGS)


@cache
def trained(training, dtype, weighted, dropout, k=None):
    """Train three epochs; return parameters, order and losses of all networks or of the k-th."""
    n_samples, units, batch_size, *classes, optimizer_class, names = TRAININGS[training]
    activation_class, loss_class, has_rows = classes
    networks = range(N_NETWORKS) if k is None else [k]
    rng = np.random.default_rng(0)

    def own(low, high, *axes):
        values = rng.uniform(low, high, (N_NETWORKS, *axes))
        return values if k is None else float(values[k].item())

    X = rng.normal(size=(n_samples, units[0])).astype(dtype)
    y = rng.integers(units[-1], size=n_samples)
    if has_rows:
        y = rng.uniform(size=(n_samples, units[-1])).round().astype(dtype)
    sample_weight = rng.uniform(0.5, 2, n_samples).astype(dtype) if weighted else None
    rows = np.stack([rng.permutation(n_samples)[1:] for _ in range(N_NETWORKS)])

    layers = []
    for n_inputs, n_neurons in pairwise(units):
        weights = rng.normal(size=(N_NETWORKS, n_inputs, n_neurons)) / np.sqrt(n_inputs)
        biases = rng.normal(size=(N_NETWORKS, 1, n_neurons))
        arrays = [a.astype(dtype) if k is None else a[k].astype(dtype) for a in (weights, biases)]
        layers.append(Dense.from_arrays(*arrays, *(own(0, 0.01, 1, 1) for _ in range(4))))
        layers.append(activation_class())
        if dropout:
            rates, generators = own(0, 0.5, 1, 1), [np.random.default_rng(i) for i in networks]
            layers.append(Dropout(rates, generators if k is None else generators[0]))
    del layers[-2 if dropout else -1 :]
    network = Network(layers, loss_class(), own(0, 1, 1))

    momentum = np.array([[0.9], [0.0], [0.5], [0.0], [0.8], [0.3]])
    settings = {
        "momentum": momentum if k is None else float(momentum[k, 0]),
        "epsilon": own(1e-8, 1e-3, 1),
        "rho": own(0.8, 0.99, 1),
        "beta_1": own(0.5, 0.95, 1),
        "beta_2": own(0.9, 0.999, 1),
    }
    optimizer = optimizer_class(
        own(0.001, 0.05, 1), own(0, 0.1, 1), **{name: settings[name] for name in names}
    )
    batches = Batches(
        X,
        y,
        sample_weight,
        rows=rows if k is None else rows[k],
        batch_size=batch_size,
        n_outputs=units[-1],
    )
    states = [np.random.RandomState(i) for i in networks]
    epochs = islice(train(network, optimizer, batches, states), 3)
    losses = np.array([epoch[:3] for (epoch,) in epochs])
    assert np.isfinite(losses).all()
    return network.parameters, batches.order, losses


@every_training
@both_dtypes
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dropout", [False, True])
def test_stack_trains_bit_for_bit_as_the_single_ones(training, dtype, weighted, dropout):
    parameters, order, _ = trained(training, dtype, weighted, dropout)
    assert parameters.dtype == dtype
    for k in range(N_NETWORKS):
        single = trained(training, dtype, weighted, dropout, k)
        assert np.array_equal(parameters[k], single[0])
        assert np.array_equal(order[k], single[1])


@every_training
@both_dtypes
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dropout", [False, True])
def test_stack_reports_bit_for_bit_the_single_losses(training, dtype, weighted, dropout):
    *_, losses = trained(training, dtype, weighted, dropout)
    for k in range(N_NETWORKS):
        assert np.array_equal(losses[..., k], trained(training, dtype, weighted, dropout, k)[2])


@pytest.mark.parametrize("activation_class", [ReLU, Tanh])
@pytest.mark.parametrize("optimizer_class", [SGD, Adam])
@pytest.mark.parametrize("n_samples", [512, 2 * 512 + 100])
def test_training_allocates_next_to_nothing(activation_class, optimizer_class, n_samples):
    X, y, sample_weight = data(n_samples, 64, 10, np.float32)
    network = network_of((64, 256, 10), activation_class=activation_class, dtype=np.float32)
    batches = Batches(X, y, sample_weight, batch_size=512, n_outputs=10)
    epochs = train(network, optimizer_class(0.001), batches, random_states(1))
    tracemalloc.start()
    try:
        next(epochs)
        buffers, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        list(islice(epochs, 3))
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The hidden layer's outputs alone are 512 KB. What comes and goes are NumPy's own buffers of
    # 8,192 numbers, whatever the size of a batch, and arrays as long as the outputs.
    assert buffers > 1024 * 1024
    assert kept - buffers < 8 * 1024
    assert peak - buffers < 128 * 1024
