"""Every example runs, plots the stored figures, and prints the stored output."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))

import gallery

EXAMPLES = sorted(gallery.EXAMPLES.glob("*.py"))
# The words of their output depend on the machine or on the version of Python.
VARIABLE = {"quickstart", "23_text"}
OPTIONAL = {"callbacks": ("mlflow", "optuna"), "18_save_and_resume": ("skops",)}
NUMBER = re.compile(r"-?(\d[\d,.]*(e[-+]?\d+)?|nan)\b")


def words(output: str) -> list[str]:
    """Return the words of the output; numbers depend on the machine."""
    return NUMBER.sub("#", output).replace("[", " ").replace("]", " ").split()


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example, tmp_path):
    if "callbacks import" in example.read_text("utf-8"):
        pytest.importorskip("sklearn.callback", reason="callbacks are new in 1.9")
    output = gallery.run(example, tmp_path)
    figures = {figure.name for figure in tmp_path.iterdir()}
    assert f"{example.stem}.png" in figures
    stored = gallery.EXAMPLES / "figures"
    assert figures <= {figure.name for figure in stored.iterdir()}
    is_complete = all(map(importlib.util.find_spec, OPTIONAL.get(example.stem, ())))
    if is_complete and example.stem not in VARIABLE:
        assert words(output) == words((stored / f"{example.stem}.txt").read_text("utf-8"))


def test_every_example_is_listed():
    listed = (gallery.EXAMPLES / "README.md").read_text("utf-8")
    for example in EXAMPLES:
        assert f"]({example.name})" in listed
        assert f"](figures/{example.stem}.png)" in listed
    links = re.findall(r"\]\((figures/\w+\.png|\w+\.py)\)", listed)
    assert all((gallery.EXAMPLES / link).exists() for link in links)
    stored = {path.name for path in (gallery.EXAMPLES / "figures").glob("*.png")}
    assert stored == {Path(link).name for link in links if link.endswith(".png")}
