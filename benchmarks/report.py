"""Results as tables and as JSON."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants import PRODUCTS, REFERENCE
from benchmarks.measure import DISTRIBUTIONS


@dataclass
class Table:
    """A title, column headings, rows of strings, and notes below."""

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str]

    def text(self) -> str:
        """Return the table for a terminal, without parameters repeated from the row above."""
        widths = [max(map(len, column)) for column in zip(self.header, *self.rows, strict=True)]

        def line(cells) -> str:
            return "  ".join(map(str.ljust, cells, widths)).rstrip()

        rule = "  ".join("-" * width for width in widths)
        lines = [self.title, "", line(self.header), rule]
        lines += [line(row) for row in self._without_repetitions()]
        return "\n".join(lines + [f"({note})" for note in self.notes]) + "\n"

    def markdown(self) -> str:
        """Return the table in Markdown."""
        lines = [self.header, ["---"] * len(self.header), *self.rows]
        lines = ["| " + " | ".join(cells) + " |" for cells in lines]
        notes = [f"\n({note})" for note in self.notes]
        return "\n".join([f"## {self.title}", "", *lines, *notes]) + "\n"

    def _without_repetitions(self) -> list[list[str]]:
        rows, above = [], [None] * len(self.header)
        for row in self.rows:
            # The leading cells are parameters, up to the contestant.
            n_same = 0
            while n_same < self.header.index("contestant") and row[n_same] == above[n_same]:
                n_same += 1
            rows.append([""] * n_same + row[n_same:])
            above = row
        return rows


def table(result: dict) -> Table:
    """Return a case's records, one row for each contestant."""
    records = result["records"]
    tracked = list(next(iter(records[0]["contestants"].values()))["tracked"])
    has_products = any(PRODUCTS in record["contestants"] for record in records)
    header = [
        *records[0]["params"],
        "contestant",
        "median time",
        f"speedup over {REFERENCE}",
        *(["time relative to matrix products"] if has_products else []),
        *(name.replace("held_out", "held-out").replace("_", " ") for name in tracked),
    ]
    rows, notes = [], []
    for record in records:
        params = [_value(value) for value in record["params"].values()]
        for name, reason in record["missing"].items():
            rows.append([*params, name, "missing", *["-"] * (len(header) - len(params) - 2)])
            notes.append(f"{name} is missing: {reason}.")
        for name, contestant in record["contestants"].items():
            rows.append(
                [
                    *params,
                    name,
                    _duration(contestant["median_seconds"]),
                    _ratio(contestant["speedup"]),
                    *([_ratio(contestant["relative_to_products"])] if has_products else []),
                    *(_number(number) for number in contestant["tracked"].values()),
                ]
            )
    return Table(result["title"], header, rows, list(dict.fromkeys(notes)))


def summary(result: dict) -> str:
    """Return the speedups of all contestants in Markdown."""
    records = result["records"]
    names = dict.fromkeys(name for record in records for name in record["contestants"])
    names = [name for name in names if name != REFERENCE]
    rows = [
        [
            *record["params"].values(),
            *(
                _ratio(record["contestants"].get(name, {}).get("speedup"), quartiles=False)
                for name in names
            ),
        ]
        for record in records
    ]
    header = [*records[0]["params"], *names]
    return Table(f"Speedup over {REFERENCE}", header, rows, []).markdown()


def conditions(result: dict) -> str:
    """Return the machine and the versions of a case in one line."""
    machine = result["machine"]
    names = ["python", "skscratch", *DISTRIBUTIONS]
    versions = [f"{name} {machine[name]}" for name in names if machine.get(name)]
    pools = {
        " ".join(pool[key] for key in ("internal_api", "version", "architecture") if key in pool)
        + f" with {pool['num_threads']} thread{'s' if pool['num_threads'] > 1 else ''}"
        for pool in machine["thread_pools"]
    }
    engine = machine["native"].get("instruction_set", "not built")
    where = (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}; native engine {engine}"
    )
    return f"{where}; {', '.join(versions)}; {', '.join(sorted(pools))}.\n"


def _value(value) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _duration(seconds: float) -> str:
    for unit, factor in ("s", 1), ("ms", 1e3):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def _ratio(ratio: dict | None, quartiles: bool = True) -> str:
    if ratio is None:
        return "-"
    if ratio["low"] == ratio["high"] == 1:
        return "1"
    median = f"{ratio['median']:.2f}"
    return f"{median} ({ratio['low']:.2f} to {ratio['high']:.2f})" if quartiles else median


def _number(number: float | None) -> str:
    if number is None or math.isnan(number):
        return "-"
    return f"{number:.3f}" if number <= 1 else f"{number:,.1f}"


def read(folder: Path, threads: str) -> dict[str, dict]:
    """Return the results measured with this setting of threads, by case."""
    results = {}
    for path in folder.glob(f"*.{threads}.json"):
        result = json.loads(path.read_text())
        results[result["case"]] = result
    return results


def write(folder: Path, result: dict) -> None:
    """Write a case's result, for :func:`read`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result['case']}.{result['threads']}.json"
    path.write_text(json.dumps(_without_nan(result), indent=1, allow_nan=False) + "\n")


def _without_nan(value):
    """Return the value with ``None`` in place of NaN, which JSON does not support."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.6g}")
    return value
