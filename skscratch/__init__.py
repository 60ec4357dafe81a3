"""A multi-layer perceptron for scikit-learn, its layers and optimizers written in NumPy.

MLPScratchClassifier
    The classifier, a drop-in replacement for scikit-learn's MLPClassifier.

MLPScratchRegressor
    The regressor, a drop-in replacement for scikit-learn's MLPRegressor.

skscratch.model_selection
    Searches and cross-validation that train many networks at once.

skscratch.callbacks
    A logger and checkpoints, for ``set_callbacks``.

skscratch.inspection
    Displays of loss curves and weights.

skscratch.datasets
    The book's data sets.

skscratch.nn
    What the estimator is made of, a small library of its own.
"""

import importlib

from skscratch.estimators.classifier import MLPScratchClassifier
from skscratch.estimators.regressor import MLPScratchRegressor

__version__ = "0.1.0"

_MODULES = ["callbacks", "datasets", "inspection", "model_selection", "nn"]

__all__ = ["MLPScratchClassifier", "MLPScratchRegressor", *_MODULES]


def __getattr__(name: str):
    # Imported when they are asked for: most users never ask.
    if name in _MODULES:
        return importlib.import_module(f"skscratch.{name}")
    raise AttributeError(f"module 'skscratch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
