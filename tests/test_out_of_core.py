"""Training on more data than the process may hold in memory."""

import subprocess
import sys

import numpy as np
import pytest

from skscratch import MLPScratchClassifier

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux", reason="Linux limits the memory of a process except mapped files"
    ),
]

N_SAMPLES, N_FEATURES, N_CHUNK = 120_000, 100, 3000
PARAMS = {"hidden_layer_sizes": (16,), "batch_size": 100, "dropout": 0.1, "random_state": 0}

# Pages of a memory-mapped file do not count as data, because the kernel can reclaim them.
SCRIPT = """
import resource, sys
import numpy as np
from skscratch import MLPScratchClassifier

folder, n_chunk, params = sys.argv[1], int(sys.argv[2]), eval(sys.argv[3])
# BLAS allocates permanent buffers in the first products.
warm_up = np.ones((500, 100)), np.arange(500) % 3
MLPScratchClassifier(**params).partial_fit(*warm_up, classes=[0, 1, 2])
with open("/proc/self/status") as status:
    (used,) = [int(line.split()[1]) for line in status if line.startswith("VmData")]
limit = (used << 10) + (32 << 20)
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

X = np.load(f"{folder}/X.npy", mmap_mode="r")
y = np.load(f"{folder}/y.npy", mmap_mode="r")
assert X.nbytes > 2 * (32 << 20)
try:
    np.array(X)
except MemoryError:
    print("The file does not fit.")

clf = MLPScratchClassifier(**params)
for epoch in range(2):
    for start in range(0, len(X), n_chunk):
        rows = slice(start, start + n_chunk)
        clf.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    print(f"epoch {epoch + 1}: {clf.t_} samples, loss {clf.loss_:.3f}")
np.savez(f"{folder}/weights.npz", *clf.coefs_, *clf.intercepts_)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.RandomState(0)
    y = rng.randint(0, 3, N_SAMPLES)
    # Sorted by class, so that no chunk contains all classes.
    y.sort()
    X = np.lib.format.open_memmap(
        folder / "X.npy", "w+", dtype=np.float64, shape=(N_SAMPLES, N_FEATURES)
    )
    for start in range(0, N_SAMPLES, N_CHUNK):
        rows = slice(start, start + N_CHUNK)
        X[rows] = rng.randn(N_CHUNK, N_FEATURES) + y[rows, np.newaxis]
    X.flush()
    np.save(folder / "y.npy", y)
    return folder


def test_partial_fit_on_a_file_larger_than_memory(folder):
    arguments = [str(folder), str(N_CHUNK), repr(PARAMS)]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    refused, *progress = done.stdout.splitlines()
    assert refused == "The file does not fit."
    assert [line.split(",")[0] for line in progress] == [
        f"epoch {epoch}: {epoch * N_SAMPLES} samples" for epoch in (1, 2)
    ]

    X, y = np.load(folder / "X.npy"), np.load(folder / "y.npy")
    in_memory = MLPScratchClassifier(**PARAMS)
    for start in 2 * list(range(0, N_SAMPLES, N_CHUNK)):
        rows = slice(start, start + N_CHUNK)
        in_memory.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    with np.load(folder / "weights.npz") as found:
        for name, expected in zip(
            found.files, in_memory.coefs_ + in_memory.intercepts_, strict=True
        ):
            np.testing.assert_array_equal(found[name], expected)
