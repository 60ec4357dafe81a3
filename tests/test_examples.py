"""Every example runs, without a display, and writes the figures that it names."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# These need large packages, which the tests do not install.
FOR_OTHERS = {"mlflow_tracking", "optuna_pruning"}

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example, tmp_path):
    # An example writes its figures beside itself: run a copy.
    copy = shutil.copy(example, tmp_path)
    environment = {**os.environ, "MPLBACKEND": "agg"}
    run = subprocess.run(
        [sys.executable, copy], env=environment, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    if example.stem in FOR_OTHERS and run.stdout.startswith("This example needs"):
        pytest.skip(run.stdout.strip())
    figures = {figure.name for figure in (tmp_path / "figures").iterdir()}
    assert figures == set(re.findall(r'"(\w+\.png)"', example.read_text("utf-8")))
    assert f"{example.stem}.png" in figures


def test_every_example_is_in_the_list():
    listed = (EXAMPLES[0].parent / "README.md").read_text("utf-8")
    for example in EXAMPLES:
        assert f"]({example.name})" in listed
        assert f"](figures/{example.stem}.png)" in listed
