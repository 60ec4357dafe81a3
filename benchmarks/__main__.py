"""Run the benchmarks: ``python -m benchmarks --help``."""

import argparse
import sys
import time
from pathlib import Path

from benchmarks import measure, plots, report
from benchmarks.cases import CASES, Training
from benchmarks.contestants import CONTESTANTS, REFERENCE

HERE = Path(__file__).parent


def main() -> None:
    args = parse_arguments()
    if args.list:
        for case in CASES:
            print(f"{case.name:16} {case.title}")
        print(f"\nContestants: {', '.join(CONTESTANTS)}")
        return

    cases, contestants = choose(args.only)
    # What is not a whole measurement must not replace one.
    trial = args.quick or contestants != set(CONTESTANTS)
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
        tables = [report.table(result).markdown() for result in everything.values()]
        if "training" in everything:
            tables.insert(0, report.summary(everything["training"]))
        conditions = dict.fromkeys(map(report.conditions, everything.values()))
        (results / f"tables.{threads}.md").write_text("\n".join([*conditions, *tables]))
        plots.draw(everything, pictures, threads)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure skscratch beside MLPClassifier, PyTorch and others.",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="cases (or how several of their names begin) and contestants; see --list. "
        f"{REFERENCE} always takes part",
    )
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contestant")
    parser.add_argument("--quick", action="store_true", help="fewer parameters and rounds")
    parser.add_argument("--list", action="store_true", help="list cases and contestants")
    parser.add_argument(
        "--threads",
        choices=["one", "default"],
        default="one",
        help="pin BLAS and PyTorch to one thread; with 'default', run once more without that",
    )
    return parser.parse_args()


def choose(names: list[str]) -> tuple[list[type], set[str]]:
    """Return the cases and the contestants of these names; all of them, where none is named."""
    contestants, cases = set(), []
    for name in map(str.lower, names):
        same_name = {contestant for contestant in CONTESTANTS if contestant.lower() == name}
        chosen = [case for case in CASES if case.name == name]
        chosen = chosen or [case for case in CASES if case.name.startswith(name)]
        if not same_name and not chosen:
            sys.exit(f"{name} is neither a case nor a contestant, see --list.")
        contestants |= same_name
        cases += chosen
    return cases or CASES, contestants | {REFERENCE} if contestants else set(CONTESTANTS)


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
