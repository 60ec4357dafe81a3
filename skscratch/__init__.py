"""A multi-layer perceptron for scikit-learn, its layers and optimizers written in NumPy.

MLPScratchClassifier
    The estimator, a drop-in replacement for scikit-learn's MLPClassifier.

skscratch.model_selection
    Searches and cross-validation that train many networks at once.

skscratch.callbacks
    A logger and checkpoints, for ``set_callbacks``.

skscratch.inspection
    Displays of loss curves and weights.

skscratch.datasets
    The book's data sets.

skscratch.activations, layers, losses, optimizers, initializers, network, training, prediction
    What the estimator is made of, and can be used by itself.

skscratch.testing
    Gradient checks by numerical differentiation.
"""

from skscratch._mlp import MLPScratchClassifier

__all__ = ["MLPScratchClassifier"]
__version__ = "0.1.0"
