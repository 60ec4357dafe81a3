"""The warning at the end of a fit, if any."""

import warnings

import numpy as np
import pytest
from helpers import ENGINES, STOCHASTIC
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from skscratch import MLPScratchClassifier

X, y = load_iris(return_X_y=True)


def warnings_of(clf, **fit_arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clf.fit(X, y, **fit_arguments)
    return [(warning.category, str(warning.message)) for warning in caught]


@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.parametrize(
    "arguments",
    [{}, {"n_iter_no_change": np.inf}, {"early_stopping": True}, {"learning_rate": "cosine"}],
)
def test_one_warning_where_max_iter_is_reached(solver, arguments):
    clf = MLPScratchClassifier(solver=solver, max_iter=5, random_state=0, **arguments)
    ((category, message),) = warnings_of(clf)
    assert category is ConvergenceWarning
    assert "Maximum iterations (5) reached" in message
    assert "Raise max_iter, or set tol=0 to train for exactly 5 epochs" in message
    # and one for every further fit
    assert len(warnings_of(clf.set_params(warm_start=True))) == 1


@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_none_where_tol_is_0(solver, early_stopping):
    clf = MLPScratchClassifier(solver=solver, max_iter=5, tol=0, early_stopping=early_stopping)
    assert warnings_of(clf) == []
    assert clf.n_iter_ == 5


@pytest.mark.parametrize("early_stopping", [False, True])
def test_none_where_it_stops_by_itself(early_stopping):
    arguments = {"learning_rate_init": 0.05, "n_iter_no_change": 3, "random_state": 0}
    clf = MLPScratchClassifier(early_stopping=early_stopping, **arguments)
    assert warnings_of(clf) == []
    assert clf.n_iter_ < 200
    # not even if it was the last epoch that it could have had
    last = clf.n_iter_
    assert warnings_of(clf.set_params(max_iter=last)) == []
    assert clf.n_iter_ == last
    assert len(warnings_of(clf.set_params(max_iter=last - 1))) == 1


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_none_from_partial_fit(solver):
    clf = MLPScratchClassifier(solver=solver, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            clf.partial_fit(X, y, classes=[0, 1, 2])


def test_lbfgs_names_max_iter():
    ((category, message),) = warnings_of(MLPScratchClassifier(solver="lbfgs", max_iter=3))
    assert category is ConvergenceWarning
    assert "lbfgs failed to converge after 3 iteration(s)" in message
    assert "Raise max_iter" in message


@pytest.mark.parametrize("max_iter", [20, 200])
def test_a_loss_that_rose_is_the_only_warning(max_iter):
    clf = MLPScratchClassifier(solver="sgd", learning_rate_init=1e3, max_iter=max_iter)
    ((category, message),) = warnings_of(clf.set_params(random_state=0))
    assert category is ConvergenceWarning
    first, last = clf.loss_curve_[0], clf.loss_curve_[-1]
    assert f"rose from {first:.3g} in the first epoch to {last:.3g} in the last one" in message
    assert "Lower learning_rate_init (now 1000.0)" in message
    # A warm start continues from there: its own loss does not say how it began.
    assert not any("rose" in text for _, text in warnings_of(clf.set_params(warm_start=True)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("weights", [None, np.linspace(0.1, 5, 150)], ids=["", "weighted"])
def test_the_losses_of_the_warning_are_those_of_the_networks(engine, weights):
    # An epoch of one batch records the loss of the weights before its update.
    arguments = {"batch_size": 150, "alpha": 0, "tol": 0, "random_state": 0, "engine": engine}
    clf = MLPScratchClassifier((5,), solver="sgd", learning_rate_init=50.0, **arguments)
    ((_, message),) = warnings_of(clf.set_params(max_iter=4), sample_weight=weights)
    before = clone(clf).set_params(learning_rate_init=1e-300, max_iter=1, solver="adagrad")
    last = clone(clf).set_params(max_iter=3)
    losses = []
    for network in (before, last):
        warnings_of(network, sample_weight=weights)
        each = -network.predict_log_proba(X)[np.arange(150), y]
        losses.append(np.average(each, weights=weights))
    assert f"rose from {losses[0]:.3g} in the first epoch to {losses[1]:.3g} in the last" in message
