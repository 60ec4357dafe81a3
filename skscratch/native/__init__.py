"""The native engine, which is not built yet."""

from __future__ import annotations

from typing import Any

NativeEngine: Any = None


def is_available() -> bool:
    """Return whether the native engine is installed.

    Returns
    -------
    available : bool
        False.
    """
    return False


def unavailable_reason() -> str:
    """Return the reason why the native engine is not installed.

    Returns
    -------
    reason : str
        The reason, and what to do.
    """
    return "The native engine is not part of this installation. Set engine='auto' or 'numpy'."


def prediction_unsupported(activations) -> str | None:
    """Return the reason why the native engine cannot predict, None if it can.

    Parameters
    ----------
    activations : sequence of type
        The class of each hidden layer's activation.

    Returns
    -------
    reason : str or None
        The reason.
    """
    return unavailable_reason()


forward: Any = None
