"""Run the benchmarks: ``python -m benchmarks --help``."""

import argparse
import sys
import time
from pathlib import Path

from benchmarks import measure, plots, report, tables
from benchmarks.cases import CASES, Training
from benchmarks.contestants import NAMES, REFERENCE

HERE = Path(__file__).parent


def main() -> None:
    args = parse_arguments()
    if args.list:
        for case in CASES:
            print(f"{case.name:16} {case.title}")
        print(f"\nContestants: {'; '.join(NAMES)}")
        print("\ntables           Real tables, see --tables")
        print(f"\nContestants: {'; '.join(tables.CONTESTANTS)}")
        return
    if "tables" in map(str.lower, args.only):
        run_tables(args)
        return

    cases, contestants = choose(args.only)
    # A partial measurement must not replace a complete one.
    trial = args.quick or contestants != set(NAMES)
    results, pictures = HERE / "results", HERE / "figures"
    if trial:
        results, pictures = results / "trial", pictures / "trial"

    for threads in ["one"] if args.threads == "one" else ["one", "default"]:
        with measure.threads(threads):
            for case in cases:
                result = run(case, threads, args, contestants)
                report.write(results, result)
        everything = report.read(results, threads)
        everything = {case.name: everything[case.name] for case in CASES if case.name in everything}
        texts = [report.table(result).markdown() for result in everything.values()]
        if "training" in everything:
            texts.insert(0, report.summary(everything["training"]))
        conditions = dict.fromkeys(map(report.conditions, everything.values()))
        (results / f"tables.{threads}.md").write_text("\n".join([*conditions, *texts]))
        plots.draw(everything, pictures, threads)


def run_tables(args: argparse.Namespace) -> None:
    """Measure real tables; contestants named besides ``tables`` replace their stored results."""
    if args.tables is None:
        sys.exit("The case tables reads a folder of tables: pass --tables FOLDER.")
    names = {name.lower(): name for name in tables.CONTESTANTS}
    named = [name.lower() for name in args.only if name.lower() != "tables"]
    unknown = set(named) - set(names)
    if unknown:
        sys.exit(f"{min(unknown)} is not a contestant of the case tables, see --list.")
    # RealMLP takes longer than all others together.
    contestants = [names[name] for name in named] or [n for n in names.values() if n != "RealMLP"]
    tables.run(
        args.tables, contestants, HERE / "results" / ("trial" if args.quick else ""), args.quick
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compare skscratch with MLPClassifier, JAX, PyTorch and others.",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="cases (or prefixes of their names) and contestants; see --list. "
        f"{REFERENCE} is always included",
    )
    parser.add_argument("--rounds", type=int, default=7, help="number of rounds")
    parser.add_argument("--quick", action="store_true", help="fewer parameters and rounds")
    parser.add_argument(
        "--tables",
        type=Path,
        metavar="FOLDER",
        help="folder of CSV files for --only tables",
    )
    parser.add_argument("--list", action="store_true", help="list cases and contestants")
    parser.add_argument(
        "--threads",
        choices=["one", "default"],
        default="one",
        help="limit BLAS and PyTorch to one thread; 'default' also measures without this limit",
    )
    return parser.parse_args()


def choose(names: list[str]) -> tuple[list[type], set[str]]:
    """Return the cases and contestants with these names; all of them if none is named."""
    contestants, cases = set(), []
    for name in map(str.lower, names):
        same_name = {contestant for contestant in NAMES if contestant.lower() == name}
        chosen = [case for case in CASES if case.name == name]
        chosen = chosen or [case for case in CASES if case.name.startswith(name)]
        if not same_name and not chosen:
            sys.exit(f"{name} is neither a case nor a contestant, see --list.")
        contestants |= same_name
        cases += chosen
    return cases or CASES, contestants | {REFERENCE} if contestants else set(NAMES)


def run(case: type, threads: str, args: argparse.Namespace, contestants: set[str]) -> dict:
    """Measure a case and print its table."""
    start = time.perf_counter()
    records = []
    for record in measure.run(case, 2 if args.quick else args.rounds, contestants, args.quick):
        records.append(record)
        progress = ", ".join([case.name, *map(str, record["params"].values())])
        print(f"{time.perf_counter() - start:6.1f} s  {progress}", file=sys.stderr)
    result = {
        "case": case.name,
        "title": case.title,
        "threads": threads,
        "machine": measure.machine(),
        "records": records,
    }
    print(report.table(result).text())
    if case is Training:
        print(report.summary(result))
    return result


if __name__ == "__main__":
    main()
