"""The book's engine: layers, activations, losses and optimizers in NumPy.

A small library that does not depend on scikit-learn.

activations, initializers, penalties, layers, losses, optimizers
    The parts of a network and of its training.
network, batches, engine, prediction, testing
    Layers in order with a loss, training data, the training of an epoch, outputs of fitted
    networks, and gradient checks.
"""

from skscratch.nn import prediction as prediction
from skscratch.nn import testing as testing
from skscratch.nn.activations import *
from skscratch.nn.batches import *
from skscratch.nn.encoding import one_hot as one_hot
from skscratch.nn.engine import *
from skscratch.nn.initializers import *
from skscratch.nn.layers import *
from skscratch.nn.losses import *
from skscratch.nn.network import *
from skscratch.nn.optimizers import *
from skscratch.nn.penalties import *
from skscratch.nn.prediction import FittedNetwork as FittedNetwork
