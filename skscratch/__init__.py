"""A multi-layer perceptron for scikit-learn, its layers and optimizers written in NumPy.

MLPScratchClassifier
    The classifier, a drop-in replacement for scikit-learn's MLPClassifier.

MLPScratchRegressor
    The regressor, a drop-in replacement for scikit-learn's MLPRegressor.

skscratch.callbacks
    A logger and checkpoints, for ``set_callbacks``.

skscratch.inspection
    Displays of loss curves and weights.

skscratch.datasets
    The book's data sets.

skscratch.onnx
    Fitted networks outside of Python.

skscratch.metrics
    The book's accuracy of regression.

skscratch.nn
    What the estimator is made of, a small library of its own.
"""

import importlib
from typing import TYPE_CHECKING, Any

from skscratch.estimators.classifier import MLPScratchClassifier
from skscratch.estimators.regressor import MLPScratchRegressor

if TYPE_CHECKING:
    from skscratch import callbacks, datasets, inspection, metrics, nn, onnx

__version__ = "0.1.0"

__all__ = [
    "MLPScratchClassifier",
    "MLPScratchRegressor",
    "callbacks",
    "datasets",
    "inspection",
    "metrics",
    "nn",
    "onnx",
]


def __getattr__(name: str) -> Any:
    # Imported when they are asked for: most users never ask.
    if name in __all__:
        return importlib.import_module(f"skscratch.{name}")
    raise AttributeError(f"module 'skscratch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
