"""The book's engine: layers, activations, losses and optimizers in NumPy.

A small library that does not depend on scikit-learn.

activations, initializers, penalties, layers, losses, optimizers
    The parts of a network and of its training.

network, batches, engine, prediction
    Layers in order with a loss, training data, the training of an epoch, and outputs of fitted
    networks.

testing
    Gradient checks by numerical differentiation.
"""

from skscratch.nn import prediction, testing
from skscratch.nn.activations import (
    ELU,
    Activation,
    Exponential,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from skscratch.nn.batches import Batches, Epoch
from skscratch.nn.encoding import one_hot
from skscratch.nn.engine import NumPyEngine
from skscratch.nn.initializers import glorot_uniform, he_normal, lecun_normal, scaled_normal
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    ExponentialGammaDeviance,
    ExponentialPoissonDeviance,
    IdentityAbsoluteError,
    IdentityHuber,
    IdentityPinball,
    IdentitySquaredError,
    LogitsLoss,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidBinaryCrossentropy,
    SoftmaxCategoricalCrossentropy,
)
from skscratch.nn.network import Network
from skscratch.nn.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from skscratch.nn.penalties import Penalty
from skscratch.nn.prediction import FittedNetwork

__all__ = [
    "ELU",
    "SGD",
    "Activation",
    "Adagrad",
    "Adam",
    "AdamW",
    "Batches",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Dense",
    "Dropout",
    "Epoch",
    "Exponential",
    "ExponentialGammaDeviance",
    "ExponentialPoissonDeviance",
    "FittedNetwork",
    "Identity",
    "IdentityAbsoluteError",
    "IdentityHuber",
    "IdentityPinball",
    "IdentitySquaredError",
    "LeakyReLU",
    "LogitsLoss",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Network",
    "NumPyEngine",
    "Optimizer",
    "Penalty",
    "RMSprop",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "SigmoidBinaryCrossentropy",
    "Softmax",
    "SoftmaxCategoricalCrossentropy",
    "Tanh",
    "glorot_uniform",
    "he_normal",
    "lecun_normal",
    "one_hot",
    "prediction",
    "scaled_normal",
    "testing",
]
