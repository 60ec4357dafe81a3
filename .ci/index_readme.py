"""README.md for a package index, where nothing lies beside it.

A link to a file of the repository becomes its text, and a picture is left out. When the repository
has a public address, links can lead there instead.
"""

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = r"!\[[^\]]*\]\((?!https?://)[^)]+\)\n*"
LINK = r"\[([^\]]*)\]\((?!https?://)[^)]+\)"


class IndexReadme(MetadataHookInterface):
    """Sets the metadata's long description when a distribution is built."""

    def update(self, metadata: dict) -> None:
        """Add README.md as a package index can show it.

        Parameters
        ----------
        metadata : dict
            The ``project`` table of ``pyproject.toml``.
        """
        text = Path(self.root, "README.md").read_text("utf-8")
        text = re.sub(LINK, r"\1", re.sub(PICTURE, "", text))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
