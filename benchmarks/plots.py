"""Figures of the results."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from benchmarks.contestants import CONTESTANTS, DEFAULT, JAX, NUMPY, PRODUCTS, REFERENCE

COLORS = {
    DEFAULT: "#d9480f",
    NUMPY: "#f0a184",
    "skscratch, threads": "#d9480f",
    "skscratch, loky": "#9c2706",
    "skscratch, one job": "#f0a184",
    REFERENCE: "#1971c2",
    JAX: "#2f9e44",
    "PyTorch": "#5f7483",
    "skorch": "#b4c0c9",
    "book": "#e0a458",
    PRODUCTS: "#212529",
}
# The matrix products, behind the bars.
BAND = "#e6ebef"
LABELS = {"book": "the book's loop"}
SEARCH_LABELS = {REFERENCE: f"{REFERENCE}, loky", JAX: "JAX, vmap"}

STYLE = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e9ecef",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    # Twice the displayed resolution, for sharp text on high-density screens.
    "savefig.dpi": 200,
}


def draw(results: dict[str, dict], folder: Path, threads: str) -> None:
    """Draw all figures whose cases have been measured.

    Parameters
    ----------
    results : dict
        The results of the cases, see :func:`benchmarks.report.read`.

    folder : Path
        Folder of the figures.

    threads : str
        Setting of the threads. Figures for one thread have no suffix.
    """
    folder.mkdir(parents=True, exist_ok=True)
    suffix = "" if threads == "one" else f".{threads}"
    pictures = {
        "ratios": (ratios, ["training"]),
        "growth": (growth, [f"growth-{size}" for size in GROWTH]),
        "predict": (predict, ["predict"]),
        "search": (search, ["search", "growth-candidates"]),
    }
    for name, (picture, cases) in pictures.items():
        if all(case in results for case in cases):
            with plt.rc_context(STYLE):
                figure = picture(*(results[case] for case in cases))
                figure.savefig(folder / f"{name}{suffix}.png")
                plt.close(figure)


def ratios(training: dict) -> plt.Figure:
    """Draw speedups over MLPClassifier as bars that start at 1."""
    dtypes = list(dict.fromkeys(record["params"]["dtype"] for record in training["records"]))
    works = list(dict.fromkeys(record["params"]["work"] for record in training["records"]))
    names = [name for name in CONTESTANTS if name not in (REFERENCE, PRODUCTS)]

    figure, axes = plt.subplots(
        1, len(dtypes), figsize=(9, 8), sharex=True, sharey=True, squeeze=False
    )
    for axis, dtype in zip(axes[0], dtypes, strict=True):
        axis.set_title(dtype)
        for record in training["records"]:
            if record["params"]["dtype"] != dtype:
                continue
            middle = works.index(record["params"]["work"])
            speeds = _speeds(record)
            for name, y, height in _slots(middle, names):
                if name in speeds:
                    _bar_from_one(axis, y, speeds[name], height, name)
            if PRODUCTS in speeds:
                axis.barh(middle, speeds[PRODUCTS] - 1, 0.9, left=1, color=BAND, zorder=0.6)
        axis.axvline(1, color=COLORS[REFERENCE], lw=1.5)
        axis.grid(axis="x")

    axis.set_xscale("log")
    low, high = axis.get_xlim()
    # Space for the numbers next to the longest bars.
    axis.set_xlim(low / 1.5, high * 1.3)
    _plain_ticks(axis.xaxis, [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50])
    axis.set_yticks(range(len(works)), [work.replace(", ", "\n") for work in works])
    axis.invert_yaxis()
    for axis in axes[0]:
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        axis.set_xlabel(f"speedup over {REFERENCE}")
    _legend(
        figure,
        names,
        {
            REFERENCE: plt.Line2D([], [], color=COLORS[REFERENCE], lw=1.5),
            PRODUCTS: plt.Rectangle((0, 0), 1, 1, color=BAND),
        },
    )
    _caption(figure, training, "One fit with the Adam solver, the same batches and epochs for all")
    return figure


def _slots(middle: float, names: list[str]):
    """Yield the position and the height of each contestant's bar in a group."""
    pitch = 0.8 / len(names)
    for i, name in enumerate(names):
        yield name, middle + (i - (len(names) - 1) / 2) * pitch, 0.88 * pitch


def _legend(figure, names: list[str], others: dict) -> None:
    bars = {name: plt.Rectangle((0, 0), 1, 1, color=COLORS[name]) for name in names}
    handles = bars | others
    labels = [LABELS.get(name, name) for name in handles]
    figure.legend(handles.values(), labels, loc="outside upper center", ncols=4, fontsize=9)


def _caption(figure, result: dict, text: str) -> None:
    one = "one thread" if result["threads"] == "one" else "the default number of threads"
    figure.supxlabel(f"{text}; {one}.", fontsize=9, color="#5f6b76")


def _bar_from_one(axis, y: float, speed: float, height: float, name: str) -> None:
    axis.barh(y, speed - 1, height, left=1, color=COLORS[name])
    _number_beside(axis, y, speed, _times(speed), name, rightwards=speed >= 1)


def _times(speed: float) -> str:
    return f"{speed:.1f}x" if speed >= 1 else f"{speed:.2f}x"


def _number_beside(axis, y: float, x: float, text: str, name: str, rightwards: bool = True) -> None:
    axis.annotate(
        text,
        (x, y),
        xytext=(3 if rightwards else -3, 0),
        textcoords="offset points",
        ha="left" if rightwards else "right",
        va="center",
        fontsize=8.5,
        fontweight="bold" if name == DEFAULT else "normal",
    )


GROWTH = {
    "samples": "samples",
    "features": "features",
    "neurons": "hidden neurons",
    "layers": "hidden layers",
}


def growth(*results: dict) -> plt.Figure:
    """Draw the time of a fit over each size, with logarithmic axes."""
    figure, axes = plt.subplots(2, 2, figsize=(9, 6.6), sharey=True)
    for axis, result, label in zip(axes.flat, results, GROWTH.values(), strict=True):
        records = result["records"]
        for name in records[0]["contestants"]:
            axis.plot(
                [record["params"]["size"] for record in records],
                [1e3 * record["contestants"][name]["median_seconds"] for record in records],
                color=COLORS[name],
                label=LABELS.get(name, name),
                marker="o",
                markersize=4.5,
                lw=2,
                ls="--" if name == PRODUCTS else "-",
            )
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_title(f"number of {label}")
        _plain_ticks(axis.xaxis, [record["params"]["size"] for record in records])
        axis.grid()
    _plain_ticks(axis.yaxis, [0.1, 1, 10, 100, 1000])
    for axis in axes[:, 0]:
        axis.set_ylabel("one fit, ms")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    _caption(
        figure,
        results[0],
        "3 epochs, Adam, batches of 200, float32; the other sizes: 2,000 samples, 64 features, "
        "100 neurons, 1 layer",
    )
    return figure


def predict(result: dict) -> plt.Figure:
    """Draw speed and memory of predictions."""
    records = result["records"]
    names = list(records[0]["contestants"])
    figure, (speed_axis, memory_axis) = plt.subplots(1, 2, figsize=(9, 3.3), sharey=True)
    for middle, record in enumerate(records):
        speeds = _speeds(record)
        for name, y, height in _slots(middle, names):
            speed_axis.barh(y, speeds[name], height, color=COLORS[name])
            _number_beside(speed_axis, y, speeds[name], _times(speeds[name]), name)

            memory = record["contestants"][name]["tracked"]["megabytes_beyond_output"]
            memory_axis.barh(y, memory or 0, height, color=COLORS[name])
            text = "not traced" if memory is None else f"{memory:,.0f}"
            _number_beside(memory_axis, y, memory or 0, text, name)
    speed_axis.set_title(f"speedup over {REFERENCE}")
    memory_axis.set_title("peak memory beyond the output, MB")
    speed_axis.set_yticks(range(len(records)), [record["params"]["dtype"] for record in records])
    speed_axis.invert_yaxis()
    for axis in speed_axis, memory_axis:
        axis.margins(x=0.15)
        axis.tick_params(axis="y", length=0)
        axis.grid(axis="x")
        axis.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,g}"))
    _legend(figure, names, {})
    _caption(
        figure, result, f"predict_proba of {records[0]['params']['rows']:,} rows with 64-100-10"
    )
    return figure


def search(searches: dict, growing: dict) -> plt.Figure:
    """Draw the speedups of searches, and their times over the number of candidates."""
    records = searches["records"]
    searchers = list(records[0]["contestants"])
    names = [name for name in searchers if name != REFERENCE]
    figure, (speed_axis, time_axis) = plt.subplots(
        1, 2, figsize=(9, 6), width_ratios=[1.15, 1], layout="constrained"
    )
    for middle, record in enumerate(records):
        speeds = _speeds(record)
        for name, y, height in _slots(middle, names):
            speed_axis.barh(y, speeds[name], height, color=COLORS[name])
            _number_beside(speed_axis, y, speeds[name], _times(speeds[name]), name)
    speed_axis.axvline(1, color=COLORS[REFERENCE], lw=1.5)
    speed_axis.set_title(f"speedup over {SEARCH_LABELS[REFERENCE]}")
    works = [record["params"]["work"] for record in records]
    speed_axis.set_yticks(range(len(works)), [work.replace(", ", "\n") for work in works])
    speed_axis.tick_params(axis="y", length=0)
    speed_axis.invert_yaxis()
    speed_axis.margins(x=0.12)
    speed_axis.grid(axis="x")

    records = growing["records"]
    sizes = [record["params"]["size"] for record in records]
    for name in searchers:
        seconds = [record["contestants"][name]["median_seconds"] for record in records]
        time_axis.plot(sizes, seconds, "o-", color=COLORS[name], markersize=4.5, lw=2)
    time_axis.set_xscale("log")
    time_axis.set_yscale("log")
    time_axis.set_title("seconds, digits 64-32-10")
    time_axis.set_xlabel("candidates, 5 folds each")
    _plain_ticks(time_axis.xaxis, sizes)
    _plain_ticks(time_axis.yaxis, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20])
    time_axis.grid()
    handles = [plt.Line2D([], [], color=COLORS[name], lw=4) for name in searchers]
    labels = [SEARCH_LABELS.get(name, name) for name in searchers]
    figure.legend(handles, labels, loc="outside upper center", ncols=3, fontsize=9)
    figure.supxlabel(
        "8 learning rates x 5 folds, Adam solver, float32; two jobs unless stated.",
        fontsize=9,
        color="#5f6b76",
    )
    return figure


def _speeds(record: dict) -> dict[str, float]:
    return {
        name: contestant["speedup"]["median"] for name, contestant in record["contestants"].items()
    }


def _plain_ticks(axis, ticks: list[float]) -> None:
    """Label a logarithmic axis with plain numbers, at the ticks within its limits."""
    limits = axis.get_view_interval()
    axis.set_ticks([tick for tick in ticks if min(limits) <= tick <= max(limits)])
    axis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,g}"))
    axis.set_minor_locator(NullLocator())
