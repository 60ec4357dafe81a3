"""The code of the documentation and of README runs, page by page, and prints what they show."""

import contextlib
import doctest
import io
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import sklearn

ROOT = Path(__file__).parents[1]
# Fits are short here, so that they are fast.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "docs" / "guide").glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.M | re.S)
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d*)?(?:e-?\d+)?")
SECONDS = re.compile(r"\d+\.\d+ s\b")


class Nearly(doctest.OutputChecker):
    """Numbers may differ by a twentieth: processors and versions round differently."""

    def check_output(self, want, got, optionflags):
        if super().check_output(want, got, optionflags):
            return True
        want, got = SECONDS.sub("s", want), SECONDS.sub("s", got)
        numbers = [[float(number) for number in NUMBER.findall(text)] for text in (want, got)]
        words = [" ".join(NUMBER.sub("#", text).split()) for text in (want, got)]
        return words[0] == words[1] and np.allclose(*numbers, rtol=0.05, atol=0.03)


@pytest.fixture(autouse=True)
def unchanged_settings(tmp_path, monkeypatch):
    """Let pages write files, draw figures, and set what is set for the whole program."""
    monkeypatch.chdir(tmp_path)
    with sklearn.config_context():
        yield
    plt.close("all")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_runs_and_prints_what_is_shown(page):
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
