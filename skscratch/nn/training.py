"""Temporary: the former interface of the epoch loop, until the trainers use the engine."""

from skscratch.nn import batches
from skscratch.nn.batches import Epoch
from skscratch.nn.engine import NumPyEngine

__all__ = ["Batches", "Epoch", "train"]


class Batches(batches.Batches):
    """See :class:`skscratch.nn.batches.Batches`."""

    epoch = batches.Batches.__iter__


def train(network, optimizer, batches, random_states, clip_norm, engine, learning_rates):
    """See :class:`skscratch.nn.engine.NumPyEngine`."""
    random_state = None if random_states is None else random_states[0]
    numpy_engine = NumPyEngine(network, optimizer, batches, random_state, clip_norm)
    while True:
        yield numpy_engine.train(learning_rates(1))
