"""The book's accuracy of regression."""

import numpy as np
import pytest
from helpers import unfinished_fits
from sklearn.metrics import make_scorer

from skscratch import MLPScratchRegressor
from skscratch.datasets import make_sine
from skscratch.metrics import precision_accuracy_score


@pytest.mark.parametrize(
    ("y_pred", "options", "expected"),
    [
        ([0, 1, 2, 3], {}, 1),
        ([0.0044, 1, 2, 3], {}, 1),  # the deviation is 1.118, a 250th of which is 0.0045
        ([0.0045, 1, 2, 3], {}, 0.75),
        ([-0.0045, 1, 2, 2], {}, 0.5),
        ([0.1, 1.1, 2.1, 3.2], {"precision": 0.1}, 0.75),
        ([0, 1, 2, 9], {"sample_weight": [1, 1, 1, 3]}, 0.5),
    ],
)
def test_share_of_what_is_about_right(y_pred, options, expected):
    assert precision_accuracy_score([0, 1, 2, 3], y_pred, **options) == pytest.approx(expected)


def test_several_outputs_are_averaged():
    y_true = np.array([[0.0, 1], [2, 3]])
    assert precision_accuracy_score(y_true, y_true + [[0, 0], [0, 1]]) == 0.75


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"of the shape of y_true, \(2,\); got \(2, 1\)"):
        precision_accuracy_score([0, 1], [[0], [1]])


@unfinished_fits
def test_the_sine_is_learned_as_in_the_book():
    # Chapter 17: two hidden layers of 64 units, half of all values right to a 250th.
    X, y = make_sine()
    scorer = make_scorer(precision_accuracy_score)
    regressor = MLPScratchRegressor(
        hidden_layer_sizes=(64, 64),
        batch_size=1000,
        learning_rate_init=0.005,
        decay=1e-3,
        alpha=0,
        max_iter=1500,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=0,
        scoring=scorer,
    )
    regressor.fit(X.astype(np.float32), y)
    assert scorer(regressor, X, y) > 0.3
    assert regressor.score(X, y) > 0.999
