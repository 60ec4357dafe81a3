"""Out of core: train on a file that is larger than the memory limit."""

# %% A file with 600,000 samples of forty features, written in parts. The samples are in random
# order, which is necessary because they are processed in this order.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skscratch import MLPScratchClassifier

MEGABYTE = 2**20
N_SAMPLES, N_FEATURES, N_WINDOW = 600_000, 40, 2_000
random = np.random.RandomState(0)
mixing = random.randn(2, N_FEATURES).astype(np.float32)


def make_samples(n_samples):
    """Return samples of two spirals, mixed into all features and with noise."""
    y = random.randint(0, 2, n_samples)
    radius = np.sqrt(random.rand(n_samples))
    angle = 12 * radius + np.pi * y
    plane = radius[:, np.newaxis] * np.column_stack([np.sin(angle), np.cos(angle)])
    return (plane @ mixing + 0.5 * random.randn(n_samples, N_FEATURES)).astype(np.float32), y


folder = tempfile.TemporaryDirectory()
inputs, targets = Path(folder.name, "X.npy"), Path(folder.name, "y.npy")
X = np.lib.format.open_memmap(inputs, "w+", np.float32, (N_SAMPLES, N_FEATURES))
y = np.lib.format.open_memmap(targets, "w+", np.int64, (N_SAMPLES,))
for start in range(0, N_SAMPLES, N_WINDOW):
    X[start : start + N_WINDOW], y[start : start + N_WINDOW] = make_samples(N_WINDOW)
size = inputs.stat().st_size / MEGABYTE
X_test, y_test = make_samples(20_000)
del X, y


# %% The process may allocate 64 MB in addition to its current memory. Pages of a memory-mapped file
# are not included, because the kernel can release them. (RLIMIT_AS would include the whole file.)
def allocated():
    """Return the allocated memory of the process in megabytes, or NaN except on Linux."""
    status = Path("/proc/self/status")
    if not status.exists():
        return np.nan
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmData")]
    return int(line.split()[1]) / 1024


allowance = 64
initial = allocated()
if not np.isnan(initial):
    import resource

    limit = int((initial + allowance) * MEGABYTE)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
print(f"Size of the file: {size:.0f} MB, memory limit: {allowance} MB")

# %% A memory-mapped file is used like an array; slices are read from the disk when they are
# accessed. `partial_fit` trains for one epoch on each window, in batches of 200. The first call
# needs the list of all classes, because a window may not contain all of them.
X, y = np.load(inputs, mmap_mode="r"), np.load(targets, mmap_mode="r")
if not np.isnan(initial):
    try:
        np.array(X)
    except MemoryError:
        print("Loading the whole file raises a MemoryError")

clf = MLPScratchClassifier((32, 32), learning_rate_init=0.001, random_state=0)
losses, used, scores = [], [], [(0, 0.5)]
n_windows, n_epochs = N_SAMPLES // N_WINDOW, 2
for epoch in range(n_epochs):
    for window in range(n_windows):
        rows = slice(window * N_WINDOW, (window + 1) * N_WINDOW)
        clf.partial_fit(X[rows], y[rows], classes=[0, 1])
        losses.append(clf.loss_)
        used.append(allocated() - initial)
        if (window + 1) % (n_windows // 4) == 0:
            scores.append((len(losses), clf.score(X_test, y_test)))
            print(
                f"epoch {epoch + 1}, {(window + 1) / n_windows:4.0%}: "
                f"{clf.t_:>9,} samples, loss {clf.loss_:.3f}, test accuracy {scores[-1][1]:.3f}, "
                f"{used[-1]:.0f} MB"
            )
print(f"Largest memory for training: {max(used):.0f} MB")

# %% The figure shows the loss and the accuracy during training, and the allocated memory.
figure, (learning, memory) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
megabytes = size / n_windows * np.arange(1, len(losses) + 1)
learning.plot(megabytes, losses, color="tab:blue", linewidth=1)
learning.set(xlabel="megabytes read", title="Training", ylim=(0, None))
learning.set_ylabel("training loss of a window", color="tab:blue")
accuracy = learning.twinx()
windows, values = np.transpose(scores)
accuracy.plot(windows * size / n_windows, values, "o-", color="tab:orange", markersize=4)
accuracy.set(ylim=(0.45, 1))
accuracy.set_ylabel("test accuracy", color="tab:orange")
memory.plot(megabytes, used, label="allocated for training")
memory.axhline(allowance, color="tab:red", linestyle="--", label="limit")
memory.axhline(size, color="gray", linestyle=":", label="size of the file")
memory.set(xlabel="megabytes read", ylabel="megabytes", title="Memory", ylim=(0, 1.15 * size))
memory.legend(loc="center right")

plt.show()
folder.cleanup()
