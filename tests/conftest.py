"""How the suite runs: on all cores, the examples first, with one BLAS thread in each process."""

import os

# Small matrices, on a machine whose cores are all at work: a second thread only waits. The first
# line is for the processes that tests start, the call below for this one.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import joblib
import threadpoolctl

threadpoolctl.threadpool_limits(1)

# Read by type checkers, not run: it says wrong things on purpose.
collect_ignore = ["typed_script.py"]


def pytest_xdist_auto_num_workers(config):
    """Return the number of workers, 0 for test modules by name: these print as they run."""
    by_name = all(".py" in argument for argument in config.args)
    return 0 if by_name else min(joblib.cpu_count(), 8)


def pytest_collection_modifyitems(items):
    """Begin with the examples, so that no core waits for a long one in the end."""
    items.sort(key=lambda item: item.path.stem != "test_examples")
