import threadpoolctl

# Small matrices on a machine that is busy with other things: a second thread only waits.
threadpoolctl.threadpool_limits(1)


def pytest_configure(config):
    """Know the marks of scikit-learn's tests, some of which are run here."""
    config.addinivalue_line("markers", "thread_unsafe: not to be run in several threads at once")
