"""README and the documentation: output of the code, speedups, links, paths and version."""

import contextlib
import doctest
import io
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import sklearn

import skscratch

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
# The pages train for few epochs.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "docs" / "guide").glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.M | re.S)
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d*)?(?:e-?\d+)?")
SECONDS = re.compile(r"\d+\.\d+ s\b")


class Nearly(doctest.OutputChecker):
    """Allow differences of 5%, because rounding depends on processors and versions."""

    def check_output(self, want, got, optionflags):
        if super().check_output(want, got, optionflags):
            return True
        want, got = SECONDS.sub("s", want), SECONDS.sub("s", got)
        numbers = [[float(number) for number in NUMBER.findall(text)] for text in (want, got)]
        words = [" ".join(NUMBER.sub("#", text).split()) for text in (want, got)]
        return words[0] == words[1] and np.allclose(*numbers, rtol=0.05, atol=0.03)


@pytest.fixture
def unchanged_settings(tmp_path, monkeypatch):
    """Restore the global settings, and use a temporary folder for files."""
    monkeypatch.chdir(tmp_path)
    with sklearn.config_context():
        yield
    plt.close("all")


@pytest.mark.slow
@pytest.mark.usefixtures("unchanged_settings")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_prints_the_shown_output(page):
    text = page.read_text("utf-8")
    if "set_callbacks" in text:
        pytest.importorskip("sklearn.callback", reason="callbacks are new in 1.9")
    names = {"__name__": "__main__"}
    runner = doctest.DocTestRunner(Nearly(), optionflags=doctest.NORMALIZE_WHITESPACE)
    said = []
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        if ">>>" not in block[1]:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile("\n" * line + block[1], str(page), "exec"), names)
            if block[2] is not None:
                assert Nearly().check_output(block[2], printed.getvalue(), 0), printed.getvalue()
            continue
        test = doctest.DocTestParser().get_doctest(block[1], names, page.stem, str(page), line)
        runner.run(test, out=said.append, clear_globs=False)
        names.update(test.globs)
    assert not runner.failures, "".join(said)


def test_speedups_match_the_measurements():
    measured = (ROOT / "benchmarks/results/tables.one.md").read_text("utf-8")
    rows = [line.split(" | ") for line in measured.splitlines()]
    for dtype in ("float64", "float32"):
        # The first table has a row for each work and dtype, and skscratch's speedup after them.
        speedups = [float(row[2]) for row in rows if len(row) == 9 and row[1] == dtype]
        assert len(speedups) == 6
        words = " ".join(README.split())
        assert f"{min(speedups):.1f} to {max(speedups):.0f} in {dtype}" in words
        # The fifth work has the default sizes.
        assert f"{speedups[4]:.1f} in {dtype}" in words


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", README + CONTRIBUTING))
def test_links(target):
    assert (ROOT / target).exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/]+\.py)`", CONTRIBUTING))))
def test_paths_in_contributing(path):
    assert (ROOT / path).exists()


def test_cited_version():
    assert f"\nversion: {skscratch.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


def test_map_of_modules():
    package = ROOT / "skscratch"
    text = (ROOT / "docs/guide/how_it_works.md").read_text("utf-8")
    modules = {path.relative_to(package).as_posix() for path in package.rglob("[a-z]*.py")}
    assert set(re.findall(r"`([\w/]+\.py)`", text)) == modules
