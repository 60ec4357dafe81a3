"""Callbacks with a scikit-learn that has none."""

import importlib.util
import sys

import pytest

from skscratch.estimators import observers


def test_without_callbacks_it_says_which_version_has_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    spec = importlib.util.spec_from_file_location(
        "observers_of_an_older_version", observers.__file__
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class Estimator(module.CallbackSupportMixin):
        @module.with_callbacks
        def fit(self):
            return self

    assert Estimator().fit()
    with pytest.raises(NotImplementedError, match=r"scikit-learn 1\.9 or later"):
        Estimator().set_callbacks(print)
