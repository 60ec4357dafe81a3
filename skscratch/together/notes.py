"""What many fits warn of, said once."""

import re
import warnings
from collections import defaultdict
from collections.abc import Sequence

from sklearn.exceptions import ConvergenceWarning


class Notes:
    """What the fits of a search, a curve or an ensemble warn of."""

    def __init__(self) -> None:
        self.n_fits = 0
        self.by_kind: dict[tuple, list[str]] = defaultdict(list)

    def add(self, warnings: Sequence[tuple[str, type[Warning]]]) -> None:
        """Take what a fit warns of."""
        self.n_fits += 1
        for message, category in warnings:
            # Of one kind are those that differ in numbers: no two fits have the same loss.
            self.by_kind[category, re.sub(r"[\d.]+(e[-+]?\d+)?", "", message)].append(message)

    def tell(self) -> None:
        """Warn once of everything of one kind, and say how many fits it concerns."""
        for (category, _), messages in self.by_kind.items():
            message = messages[0]
            if issubclass(category, ConvergenceWarning) and self.n_fits > 1:
                message = self._counted(messages)
            warnings.warn(message, category)

    def _counted(self, messages: list[str]) -> str:
        who = f"{len(messages)} of {self.n_fits} fits"
        reached = {re.search(r"Maximum iterations \((\d+)\)", text) for text in messages}
        if None in reached:
            return f"{who}: {messages[0]}"
        max_iter = " or ".join(sorted({found[1] for found in reached}, key=int))
        return (
            f"{who} reached max_iter={max_iter} before converging. Raise max_iter, or set tol=0 "
            f"if {max_iter} epochs are what you want."
        )
