"""The base of layers, losses and optimizers: settings are constructor arguments."""

import inspect
from typing import Any

import numpy as np

__all__ = ["Configurable", "as_floating"]


class Configurable:
    """An object whose settings are its constructor arguments.

    As in scikit-learn, the constructor stores each argument in an attribute of the same name. All
    other attributes are results or state.

    Examples
    --------
    >>> from skscratch.nn import Adam
    >>> optimizer = Adam(learning_rate=0.05, decay=5e-7)
    >>> optimizer
    Adam(learning_rate=0.05, decay=5e-07)
    >>> optimizer.get_settings()["beta_1"]
    0.9
    """

    def get_settings(self) -> dict[str, Any]:
        """Return the constructor arguments by name: ``type(self)(**settings)`` is a new object."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        arguments = inspect.signature(type(self)).parameters
        # Like scikit-learn's estimators, without arguments that have their default value.
        settings = ", ".join(
            f"{name}={value}"
            for name, value in self.get_settings().items()
            if repr(value) != repr(arguments[name].default)
        )
        return f"{type(self).__name__}({settings})"


def as_floating(values) -> np.ndarray:
    """Return an array of floating-point numbers; integers are converted to float64."""
    values = np.asarray(values)
    return values if values.dtype.kind == "f" else values.astype(np.float64)
