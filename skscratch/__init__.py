"""A multi-layer perceptron for scikit-learn, with layers and optimizers written from scratch.

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
    Export of fitted networks.
skscratch.nn
    The layers, losses and optimizers, a library that depends on NumPy only.
skscratch.native
    The same training in C, and information about its installation.
"""

import importlib
from typing import TYPE_CHECKING, Any

from skscratch._version import __version__ as __version__
from skscratch.estimators.classifier import MLPScratchClassifier
from skscratch.estimators.regressor import MLPScratchRegressor

if TYPE_CHECKING:
    from skscratch import callbacks, datasets, inspection, native, nn, onnx

__all__ = [
    "MLPScratchClassifier",
    "MLPScratchRegressor",
    "callbacks",
    "datasets",
    "inspection",
    "native",
    "nn",
    "onnx",
]


def __getattr__(name: str) -> Any:
    # Imported on first use, as most users need none of them.
    if name in __all__:
        return importlib.import_module(f"skscratch.{name}")
    raise AttributeError(f"module 'skscratch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
