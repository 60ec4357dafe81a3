"""scikit-learn's own tests of its searches, from the installed package, run in the context."""

import importlib

import pytest

from skscratch import train_together

LEFT_OUT = {
    # Parametrized by a generator, which pytest will not have, for libraries that are not here.
    "test_array_api_search_cv_classifier",
    # It looks for the search's fit among the callers of its scorer, which runs in a thread.
    "test_multi_metric_search_forwards_metadata",
}


def load_their_tests():
    """Import their test module; return its tests and fixtures."""
    module = importlib.import_module("sklearn.model_selection.tests.test_search")
    return {
        name: function
        for name, function in vars(module).items()
        if (name.startswith("test_") and name not in LEFT_OUT)
        or hasattr(function, "_fixture_function")
    }


globals().update(load_their_tests())

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def in_the_context():
    with train_together():
        yield
