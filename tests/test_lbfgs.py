"""The solver L-BFGS."""

import numpy as np
import pytest
from helpers import (
    X_digits,
    unfinished_fits,
    y_digits,
)
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from skscratch import MLPScratchClassifier
from skscratch.nn.network import Network

pytestmark = unfinished_fits

X_iris, y_iris = load_iris(return_X_y=True)


def test_interrupt_in_the_first_iteration(monkeypatch):
    def interrupted(self, *args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Network, "compute_gradients", interrupted)
    clf = MLPScratchClassifier(solver="lbfgs", random_state=0, engine="numpy")
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        clf.fit(X_digits, y_digits)
    assert clf.n_iter_ == len(clf.loss_curve_) == 0
    assert clf.predict(X_digits).shape == y_digits.shape


def test_warm_start_without_iterations_records_the_new_loss():
    clf = MLPScratchClassifier(solver="lbfgs", max_iter=500, tol=1e-3, random_state=0)
    clf.fit(X_iris, y_iris, X_val=X_iris, y_val=y_iris)
    n_iter = len(clf.loss_curve_)
    y_other = y_iris[np.r_[:149, 0]]
    clf.set_params(warm_start=True, alpha=0.5, tol=10.0).fit(
        X_iris, y_iris, X_val=X_iris, y_val=y_other
    )
    theirs = clf.to_sklearn().set_params(warm_start=True).fit(X_iris, y_iris)
    assert clf.loss_ == clf.loss_curve_[-1] == pytest.approx(theirs.loss_)
    assert len(clf.loss_curve_) == n_iter + 1
    assert clf.validation_scores_[-1] == clf.score(X_iris, y_other)


def test_warning_if_max_iter_is_reached():
    message = r"lbfgs failed to converge after 3 iteration\(s\).*Raise max_iter"
    with pytest.warns(ConvergenceWarning, match=message):
        MLPScratchClassifier(solver="lbfgs", max_iter=3).fit(X_iris, y_iris)
