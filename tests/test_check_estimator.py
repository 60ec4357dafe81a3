"""scikit-learn's checks of estimators, without exceptions."""

import pytest
from helpers import unfinished_fits
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skscratch import MLPScratchClassifier, MLPScratchRegressor

# Some checks fit twice and compare the predictions. A warm start continues the training, so both
# fits have to converge to the same labels. The regressor is checked without warm starts, because
# its values would have to be equal to the last digits.
CONVERGING = {"warm_start": True, "max_iter": 2000, "tol": 1e-3}

pytestmark = [
    unfinished_fits,
    pytest.mark.no_cover,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
]


@parametrize_with_checks(
    [
        MLPScratchClassifier(),
        MLPScratchClassifier(solver="lbfgs"),
        MLPScratchClassifier(**CONVERGING),
        MLPScratchRegressor(),
    ]
)
def test_check_estimator(estimator, check):
    check(estimator)


def test_class_weights_are_checked():
    checks = estimator_checks_generator(MLPScratchClassifier())
    assert "check_class_weight_classifiers" in {check.func.__name__ for _, check in checks}
