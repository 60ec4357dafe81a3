"""What is written: tables for people, JSON for programs. No number here is typed by hand."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants import CONTESTANTS, FLOOR, NUMBA, REFERENCE
from benchmarks.measure import DISTRIBUTIONS


@dataclass
class Table:
    """A title, column headings, rows of strings, and notes below."""

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str]

    def text(self) -> str:
        """Return the table for a terminal; what the row above says already is left blank."""
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
    has_floor = any(FLOOR in record["contestants"] for record in records)
    header = [
        *records[0]["params"],
        "contestant",
        "median time",
        f"times as fast as {REFERENCE}",
        *(["times the floor"] if has_floor else []),
        *(name.replace("_", " ") for name in tracked),
    ]
    rows, notes = [], []
    for record in records:
        params = [_value(value) for value in record["params"].values()]
        for name in CONTESTANTS:
            if name in record["not_there"]:
                rows.append([*params, name, "not there", *["-"] * (len(header) - len(params) - 2)])
                notes.append(f"{name} is not there: {record['not_there'][name]}.")
            if name not in record["contestants"]:
                continue
            contestant = record["contestants"][name]
            rows.append(
                [
                    *params,
                    name,
                    _duration(contestant["median_seconds"]),
                    _ratio(contestant["times_as_fast"]),
                    *([_ratio(contestant["times_the_floor"])] if has_floor else []),
                    *(_number(number) for number in contestant["tracked"].values()),
                ]
            )
    return Table(result["title"], header, rows, list(dict.fromkeys(notes)))


def summary(result: dict) -> str:
    """Return in Markdown how many times as fast as MLPClassifier each contestant trains."""
    everybody = {name for record in result["records"] for name in _names(record)}
    others = [name for name in CONTESTANTS if name in everybody - {REFERENCE, FLOOR}]
    ours = [name for name in ("skscratch", NUMBA) if name in everybody]
    header = ["work", "dtype", *others, *(f"{name}: times the floor" for name in ours)]
    rows = []
    for record in result["records"]:
        contestants = record["contestants"]
        ratios = [
            _ratio(contestants[name]["times_as_fast"], quartiles=False)
            if name in contestants
            else "not there"
            for name in others
        ]
        floors = [
            _ratio(contestants.get(name, {}).get("times_the_floor"), quartiles=False)
            for name in ours
        ]
        rows.append([*record["params"].values(), *ratios, *floors])
    return Table(f"Times as fast as {REFERENCE}", header, rows, []).markdown()


def conditions(result: dict) -> str:
    """Return in a line under what conditions a case was measured."""
    machine = result["machine"]
    names = ["python", "skscratch", *DISTRIBUTIONS]
    versions = [f"{name} {machine[name]}" for name in names if machine.get(name)]
    pools = {
        " ".join(pool[key] for key in ("internal_api", "version", "architecture") if key in pool)
        + f" with {pool['num_threads']} thread{'s' if pool['num_threads'] > 1 else ''}"
        for pool in machine["thread_pools"]
    }
    where = f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"
    return f"{where}; {', '.join(versions)}; {', '.join(sorted(pools))}.\n"


def _names(record: dict) -> set[str]:
    return {*record["contestants"], *record["not_there"]}


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
    """Return what has been measured with this setting of threads, by case."""
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
    """Return the value with ``None`` for what is not a number, of which JSON knows nothing."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.6g}")
    return value
