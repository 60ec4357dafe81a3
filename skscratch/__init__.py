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
    Conversion of fitted networks to ONNX.

skscratch.metrics
    The book's accuracy for regression.

skscratch.nn
    The layers, losses and optimizers of the NumPy engine, usable on their own.
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
    # Imported on first access, which keeps `import skscratch` fast.
    if name in __all__:
        return importlib.import_module(f"skscratch.{name}")
    raise AttributeError(f"module 'skscratch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
