"""What README.md and the map of modules say is what was measured, and what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
MODULES = (ROOT / "docs/guide/how_it_works.md").read_text("utf-8")


def test_speeds_are_the_measured_ones():
    measured = (ROOT / "benchmarks/results/tables.one.md").read_text("utf-8").splitlines()
    rows = [line for line in README.splitlines() if re.search(r"\| float(32|64) \|", line)]
    assert len(rows) == 8
    assert set(rows) <= set(measured), "Copy the first table of tables.one.md into README.md."


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(target):
    assert (ROOT / target).exists()


def test_the_map_has_all_modules():
    package = ROOT / "skscratch"
    modules = {path.relative_to(package).as_posix() for path in package.rglob("[a-z]*.py")}
    assert set(re.findall(r"`([\w/]+\.py)`", MODULES)) == modules
