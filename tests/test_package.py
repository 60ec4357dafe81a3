"""The package as a whole: its names, and Python's options."""

import subprocess
import sys

import skscratch

SCRIPT = """
import skscratch.callbacks, skscratch.datasets, skscratch.inspection, skscratch.onnx
from sklearn.datasets import load_iris

X, y = load_iris(return_X_y=True)
for engine in ("auto", "numpy"):
    for estimator in (skscratch.MLPScratchClassifier, skscratch.MLPScratchRegressor):
        fitted = estimator(early_stopping=True, max_iter=3, tol=0, engine=engine).fit(X, y)
        print(fitted.predict(X).shape)
"""


def test_import_and_fit_with_warnings_as_errors_and_without_docstrings_and_assertions():
    command = [sys.executable, "-W", "error", "-OO", "-c", SCRIPT]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "(150,)\n" * 4


def test_names():
    assert dir(skscratch) == skscratch.__all__
    assert {"nn", "datasets", "callbacks", "inspection"} < set(dir(skscratch))
    assert not any(name.startswith("_") for name in dir(skscratch))
    assert all(getattr(skscratch, name) is not None for name in dir(skscratch))
