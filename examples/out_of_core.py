"""Train on a file that does not fit into memory: windows of it, one after the other."""

# %% A million samples of forty features, in two entangled classes, are written to a file piece by
# piece. They are in random order, as samples should be that are visited in the order of a file.

import tempfile
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

from skscratch import MLPScratchClassifier

began = perf_counter()

MEGABYTE = 2**20
N_SAMPLES, N_FEATURES, N_WINDOW = 1_000_000, 40, 2_000
random = np.random.RandomState(0)
mixing = random.randn(2, N_FEATURES).astype(np.float32)


def draw(n_samples):
    """Draw two spirals, spread over all features."""
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
    X[start : start + N_WINDOW], y[start : start + N_WINDOW] = draw(N_WINDOW)
size = inputs.stat().st_size / MEGABYTE
X_test, y_test = draw(20_000)
del X, y


# %% From here on the process may have 64 MB more than it has, a fraction of the file. The limit is
# on what a process allocates; pages of a mapped file do not count, the kernel takes them back when
# it likes. (A limit on addresses, RLIMIT_AS, would count all of the file as soon as it is mapped.)
def allocated():
    """Return megabytes of memory that the process has allocated; Linux alone tells."""
    status = Path("/proc/self/status")
    if not status.exists():
        return np.nan
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmData")]
    return int(line.split()[1]) / 1024


allowance = 64
at_first = allocated()
if not np.isnan(at_first):
    import resource

    limit = int((at_first + allowance) * MEGABYTE)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
print(f"A file of {size:.0f} MB, and {allowance} MB of memory to train on it")

# %% Mapped, the file is an array; a slice of it is read when it is used. partial_fit trains for one
# epoch on each window, in batches of 200. The first call needs the list of all classes: a window
# need not contain them.
X, y = np.load(inputs, mmap_mode="r"), np.load(targets, mmap_mode="r")
if not np.isnan(at_first):
    try:
        np.array(X)
    except MemoryError:
        print("To load it at once is refused: MemoryError")

clf = MLPScratchClassifier((32, 32), learning_rate_init=0.001, random_state=0)
losses, used, scores = [], [], [(0, 0.5)]
start_time = perf_counter()
n_windows, n_epochs = N_SAMPLES // N_WINDOW, 2
for epoch in range(n_epochs):
    for window in range(n_windows):
        rows = slice(window * N_WINDOW, (window + 1) * N_WINDOW)
        clf.partial_fit(X[rows], y[rows], classes=[0, 1])
        losses.append(clf.loss_)
        used.append(allocated() - at_first)
        if (window + 1) % (n_windows // 4) == 0:
            scores.append((len(losses), clf.score(X_test, y_test)))
            print(
                f"epoch {epoch + 1} of {n_epochs}, {(window + 1) / n_windows:4.0%}: "
                f"{clf.t_:>9,} samples, loss {clf.loss_:.3f}, test accuracy {scores[-1][1]:.3f}, "
                f"{used[-1]:.0f} MB"
            )
seconds = perf_counter() - start_time
print(f"{clf.t_ / seconds:,.0f} samples a second, never more than {max(used):.0f} MB")

# %% What was learned, and what it took.
figure, (learning, memory) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
megabytes = size / n_windows * np.arange(1, len(losses) + 1)
learning.plot(megabytes, losses, color="tab:blue", linewidth=1)
learning.set(xlabel="megabytes read", title="Learning, window by window", ylim=(0, None))
learning.set_ylabel("loss of a window", color="tab:blue")
accuracy = learning.twinx()
windows, values = np.transpose(scores)
accuracy.plot(windows * size / n_windows, values, "o-", color="tab:orange", markersize=4)
accuracy.set(ylim=(0.45, 1))
accuracy.set_ylabel("test accuracy", color="tab:orange")
memory.plot(megabytes, used, label="allocated for training")
memory.axhline(allowance, color="tab:red", linestyle="--", label="allowed")
memory.axhline(size, color="gray", linestyle=":", label="the file")
memory.set(xlabel="megabytes read", ylabel="megabytes", title="Memory", ylim=(0, 1.15 * size))
memory.legend(loc="center right")

path = Path(__file__).parent / "figures" / "out_of_core.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
folder.cleanup()
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
