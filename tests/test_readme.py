"""What README.md and the map of modules say is what was measured, and what is there."""

import re
from pathlib import Path

import pytest

import skscratch

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
MODULES = (ROOT / "docs/guide/how_it_works.md").read_text("utf-8")


def test_speedups_are_the_measured_ones():
    measured = (ROOT / "benchmarks/results/tables.one.md").read_text("utf-8")
    rows = [line.split(" | ") for line in measured.splitlines()]
    for dtype in ("float64", "float32"):
        # The first table has a row for each work and dtype, and skscratch's speedup after them.
        speedups = [float(row[2]) for row in rows if len(row) == 9 and row[1] == dtype]
        assert len(speedups) == 6
        assert f"{min(speedups):.1f} to {max(speedups):.0f} in {dtype}" in " ".join(README.split())


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", README + CONTRIBUTING))
def test_links_lead_somewhere(target):
    assert (ROOT / target).exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/]+\.py)`", CONTRIBUTING))))
def test_what_contributors_are_sent_to_is_there(path):
    assert (ROOT / path).exists()


def test_the_version_that_is_cited_is_this_one():
    assert f"\nversion: {skscratch.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_the_map_has_all_modules():
    package = ROOT / "skscratch"
    modules = {path.relative_to(package).as_posix() for path in package.rglob("[a-z]*.py")}
    assert set(re.findall(r"`([\w/]+\.py)`", MODULES)) == modules
