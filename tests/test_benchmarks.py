"""The benchmark on real tables runs, with the pipeline of the example."""

import inspect
from pathlib import Path

import numpy as np
import pytest

pd = pytest.importorskip("pandas")


def test_tables(tmp_path):
    from benchmarks import tables

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"num_a": rng.normal(size=400), "cat_b": rng.choice(["x", "y"], 400)})
    frame["target"] = np.where(frame["num_a"] > 0, "yes", "no")
    frame.loc[:5, ["num_a", "cat_b"]] = np.nan
    frame.to_csv(tmp_path / "german.csv", index=False)
    names = [tables.LINEAR, tables.BOOSTING, "one network"]
    tables.run(tmp_path, names, tmp_path / "results", quick=True)
    text = (tmp_path / "results" / "real-tables.md").read_text("utf-8")
    assert "| german |" in text

    example = Path(__file__).parents[1] / "examples" / "24_tabular.py"
    assert inspect.getsource(tables.tabular_network) in example.read_text("utf-8")
