"""Measurement: contestants alternate, and ratios are computed within each round.

Temporary slowdowns of the machine then affect all contestants, and largely cancel in the ratios.
"""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from timeit import timeit

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

import skscratch
from benchmarks.contestants import PRODUCTS, REFERENCE, torch
from skscratch import native

DISTRIBUTIONS = "numpy", "scipy", "scikit-learn", "jax", "torch", "skorch"

# Shorter calls are repeated within a round for about this time.
SECONDS_PER_TURN = 0.1


def run(case: type, rounds: int, only: set[str], quick: bool) -> Iterator[dict]:
    """Measure a case; yield one record for each combination of its parameters.

    Parameters
    ----------
    case : type
        One of the classes of :mod:`benchmarks.cases`.

    rounds : int
        Number of measurements of each contestant.

    only : set of str
        Names of the contestants.

    quick : bool
        Whether to measure only the parameters of quick runs.

    Yields
    ------
    record : dict
        The parameters; each contestant's seconds in each round, their median, its ratios and
        tracked numbers; and the reasons why other contestants are missing.
    """
    values = dict(zip(case.param_names, case.params, strict=True))
    if quick:
        values.update(case.quick)
    contestants = [name for name in values.pop("contestant") if name in only]
    for params in product(*values.values()):
        record = _measure(case, params, contestants, min(rounds, case.max_rounds))
        yield {"params": dict(zip(values, params, strict=True)), **record}


def _measure(case: type, params: tuple, contestants: list[str], rounds: int) -> dict:
    instances, missing = {}, {}
    for name in contestants:
        instance = case()
        try:
            instance.setup(*params, name)
        except NotImplementedError as reason:
            missing[name] = str(reason)
        else:
            instances[name] = instance

    (timed,) = _methods(case, "time_")
    calls = {name: partial(getattr(instances[name], timed), *params, name) for name in instances}
    seconds = _take_turns(calls, rounds)
    results = {}
    for name, instance in instances.items():
        results[name] = {
            "median_seconds": float(np.median(seconds[name])),
            "speedup": _ratio(seconds.get(REFERENCE), seconds[name]),
            "relative_to_products": _ratio(seconds[name], seconds.get(PRODUCTS)),
            "tracked": {
                method.removeprefix("track_"): getattr(instance, method)(*params, name)
                for method in _methods(case, "track_")
            },
            "seconds": seconds[name],
        }
    return {"contestants": results, "missing": missing}


def _methods(case: type, prefix: str) -> list[str]:
    return sorted((name for name in dir(case) if name.startswith(prefix)), reverse=True)


def _take_turns(calls: dict, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of one call, for each contestant in each round."""
    numbers = {name: _calls_in_a_turn(call) for name, call in calls.items()}
    seconds = {name: [] for name in calls}
    order = list(calls)
    for _ in range(rounds):
        for name in order:
            # timeit disables garbage collection.
            seconds[name].append(timeit(calls[name], number=numbers[name]) / numbers[name])
        # Each round starts with another contestant.
        order = order[1:] + order[:1]
    return seconds


def _calls_in_a_turn(call) -> int:
    """Warm up, and return the number of calls in a round."""
    once = timeit(call, number=1)
    if once < SECONDS_PER_TURN:
        # The first call may have filled caches.
        once = timeit(call, number=1)
    return max(1, round(SECONDS_PER_TURN / once))


def _ratio(numerators, denominators) -> dict[str, float] | None:
    """Return the median and the quartiles of the rounds' ratios."""
    if numerators is None or denominators is None:
        return None
    ratios = np.divide(numerators, denominators)
    low, median, high = np.percentile(ratios, [25, 50, 75]).tolist()
    return {"median": median, "low": low, "high": high}


@contextmanager
def threads(setting: str) -> Iterator[None]:
    """Limit BLAS and PyTorch to one thread, or keep their defaults; JAX always has one."""
    if setting == "default":
        yield
        return
    torch_threads = torch.get_num_threads() if torch else None
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(torch_threads)


def machine() -> dict:
    """Describe the machine and the versions, without identifying the machine."""
    keys = ["internal_api", "version", "architecture", "threading_layer", "num_threads"]
    thread_pools = [
        {key: pool[key] for key in keys if pool.get(key) is not None} for pool in threadpool_info()
    ]
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "skscratch": skscratch.__version__,
        "native": {name: value for name, value in native.info().items() if name != "path"},
        **{name: version(name) for name in DISTRIBUTIONS},
        "thread_pools": thread_pools,
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def version(distribution: str) -> str | None:
    """Return the version of an installed distribution."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
