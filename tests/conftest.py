"""Configuration of pytest: one BLAS thread per process, the examples first."""

import os
import re
import signal

# Matrices are small and all cores are used, so more BLAS threads would be slower. The first line
# is for subprocesses, the call below for this process.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import pytest
import threadpoolctl

threadpoolctl.threadpool_limits(1)

# Checked by mypy, not executed: it contains errors on purpose.
collect_ignore = ["typed_script.py"]


def pytest_xdist_auto_num_workers(config):
    """Return 0 if test modules are given, so that they can print, otherwise the default."""
    return 0 if all(".py" in argument for argument in config.args) else None


def pytest_collection_modifyitems(items):
    """Run the examples first, because they take longest."""
    items.sort(key=lambda item: item.path.stem != "test_examples")


def pytest_make_parametrize_id(val):
    """Return a readable id for settings. Addresses would differ between processes."""
    if not isinstance(val, dict):
        return None
    text = ",".join(f"{name}={value}" for name, value in val.items())
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)[:80] or "defaults"


@pytest.fixture
def sigint():
    """Let SIGINT raise KeyboardInterrupt; a shell's background processes ignore it."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)
