"""Versions of scikit-learn without callbacks."""

import importlib.util
import sys

import pytest

from skscratch.estimators import sklearn_callbacks


def test_without_callbacks_the_error_names_the_version_that_has_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    spec = importlib.util.spec_from_file_location(
        "sklearn_callbacks_of_an_older_version", sklearn_callbacks.__file__
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    with pytest.raises(NotImplementedError, match=r"scikit-learn 1\.9 or later"):
        module.CallbackSupportMixin().set_callbacks(print)
