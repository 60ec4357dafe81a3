"""scikit-learn's checks of an estimator, none expected to fail."""

import pytest
from helpers import ENGINES, SOLVERS, unfinished_fits
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skscratch import MLPScratchClassifier, MLPScratchRegressor

# Some checks fit twice and want the same predictions. A warm-started fit goes on training, so
# that is true only of fits that have converged: give them the epochs to do so, and RMSprop, whose
# steps never become smaller by themselves, a decay. Predicted values, unlike labels, would have to
# have converged to their last digits: the regressor is checked without warm starts.
CONVERGING = {"warm_start": True, "max_iter": 2000, "tol": 1e-3}
DECAY = {"rmsprop": 0.01}

pytestmark = [
    unfinished_fits,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
]


@parametrize_with_checks(
    [MLPScratchClassifier(engine=engine) for engine in ENGINES]
    + [MLPScratchClassifier(solver=solver) for solver in SOLVERS]
    + [
        MLPScratchClassifier(solver=solver, decay=DECAY.get(solver, 0.0), **CONVERGING)
        for solver in SOLVERS
    ]
    + [MLPScratchRegressor(solver=solver) for solver in SOLVERS]
    + [MLPScratchRegressor("absolute_error"), MLPScratchRegressor("quantile", quantile=0.5)]
)
def test_check_estimator(estimator, check):
    check(estimator)


def test_class_weights_are_checked():
    checks = estimator_checks_generator(MLPScratchClassifier())
    assert "check_class_weight_classifiers" in {check.func.__name__ for _, check in checks}
