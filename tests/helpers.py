"""What several test modules share."""

import re


def named(value) -> str:
    """Return a test's id: the text of a parameter, without addresses, which differ by process."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", str(value))
