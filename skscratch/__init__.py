"""A multi-layer perceptron for scikit-learn, its layers and optimizers written in NumPy."""

from skscratch._mlp import MLPScratchClassifier

__all__ = ["MLPScratchClassifier"]
__version__ = "0.1.0"
