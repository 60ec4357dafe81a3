"""ONNX: run a pipeline in onnxruntime, without scikit-learn."""

# %% A pipeline for handwritten digits, trained in single precision.
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skscratch import MLPScratchClassifier
from skscratch.onnx import register

try:
    from onnxruntime import InferenceSession
    from skl2onnx import to_onnx
except ImportError:
    print("This example needs skl2onnx and onnxruntime: pip install skl2onnx onnxruntime")
    sys.exit()

X, y = load_digits(return_X_y=True)
X = X.astype(np.float32)
X_train, y_train, X_test, y_test = X[:1200], y[:1200], X[1200:], y[1200:]
pipeline = make_pipeline(MinMaxScaler(), MLPScratchClassifier((64,), tol=1e-3, random_state=0))
pipeline.fit(X_train, y_train)

# %% The graph uses the dtype of the inputs given here. With `zipmap=False`, probabilities are an
# array instead of a list of dicts.
register()
model = to_onnx(pipeline, X_train[:1], options={"zipmap": False})
print(" -> ".join(node.op_type for node in model.graph.node))

# %% The file is evaluated in a process that does not import skscratch or scikit-learn.
SCRIPT = """
import sys
import numpy as np
from onnxruntime import InferenceSession
labels, probabilities = InferenceSession("digits.onnx").run(None, {"X": np.load("images.npy")})
np.save("labels.npy", labels)
print("scikit-learn was imported:", "sklearn" in sys.modules)
"""
with TemporaryDirectory() as folder:
    file = Path(folder) / "digits.onnx"
    file.write_bytes(model.SerializeToString())
    np.save(Path(folder) / "images.npy", X_test)
    print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")
    print(subprocess.check_output([sys.executable, "-c", SCRIPT], cwd=folder, text=True), end="")
    labels = np.load(Path(folder) / "labels.npy")
print(f"Identical labels: {np.array_equal(labels, pipeline.predict(X_test))}", end=", ")
print(f"accuracy {np.mean(labels == y_test):.3f}")

# %% The differences of the probabilities, and the time of a call.
session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
_, probabilities = session.run(None, {"X": X_test})
differences = np.abs(probabilities - pipeline.predict_proba(X_test)).max(axis=1)
print(f"Largest difference of the probabilities: {differences.max():.1g}")


def microseconds(predict, rows):
    """Return the shortest time of 30 calls."""
    times = []
    for _ in range(30):
        start = perf_counter()
        predict(rows)
        times.append(perf_counter() - start)
    return min(times) * 1e6


sizes = [1, 10, 100, 1000, 10_000]
batches = [np.resize(X_test, (size, X_test.shape[1])) for size in sizes]
times = {
    "pipeline.predict_proba": [microseconds(pipeline.predict_proba, batch) for batch in batches],
    "onnxruntime": [
        microseconds(lambda rows: session.run(None, {"X": rows}), batch) for batch in batches
    ],
}

figure, (accuracy, speed) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
accuracy.hist(np.maximum(differences, 1e-9), bins=np.logspace(-9, -5, 41))
accuracy.axvline(
    np.finfo(np.float32).eps, color="tab:red", linestyle="--", label="epsilon of float32"
)
accuracy.set(xscale="log", xlabel="largest difference", ylabel="number of test digits")
accuracy.set_title("onnxruntime and scikit-learn: probabilities")
accuracy.legend()
for name, values in times.items():
    speed.loglog(sizes, values, "o-", label=name)
speed.set(xlabel="rows", ylabel="microseconds", title="Time of a prediction")
speed.legend()

plt.show()
