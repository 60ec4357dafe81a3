"""The native engine: the epochs of :mod:`skscratch.nn` in C.

The library is built when the package is installed and loaded with :mod:`ctypes`. Without a
compiler, the package is installed without the library and uses the NumPy engine.

engine
    :class:`NativeEngine`, with the interface of :class:`~skscratch.nn.engine.NumPyEngine`, and
    :class:`NativeFittedNetwork`, with that of :class:`~skscratch.nn.prediction.FittedNetwork`.

library
    The shared library. Its sources are named like the modules of :mod:`skscratch.nn`.
"""

from skscratch.native.engine import NativeEngine, NativeFittedNetwork
from skscratch.native.library import info, is_available, unavailable_reason

__all__ = [
    "NativeEngine",
    "NativeFittedNetwork",
    "info",
    "is_available",
    "unavailable_reason",
]
