"""The book's main example: what it prints, over a few seeds."""

import nnfs.datasets
import numpy as np
from helpers import unfinished_fits
from sklearn.metrics import log_loss

from skscratch import MLPScratchClassifier

SEEDS = range(3)

pytestmark = unfinished_fits


def spirals(seed):
    """Draw the spirals to train on and those to test on."""
    np.random.seed(seed)
    return [nnfs.datasets.spiral_data(100, 3) for _ in range(2)]


def fit(X, y, seed, **penalties):
    clf = MLPScratchClassifier(
        (64,),
        solver="adam",
        learning_rate_init=0.05,
        decay=5e-7,
        epsilon=1e-7,
        alpha=0,
        batch_size=300,
        max_iter=10_001,
        n_iter_no_change=np.inf,
        random_state=seed,
        **penalties,
    )
    return clf.fit(X.astype(np.float32), y)


def measure(seed):
    (X, y), (X_test, y_test) = spirals(seed)
    plain = fit(X, y, seed)
    penalized = fit(X, y, seed, weight_regularizer_l2=[5e-4, 0], bias_regularizer_l2=[5e-4, 0])
    return {
        "loss": plain.loss_,
        "accuracy": plain.score(X, y),
        "test accuracy": plain.score(X_test, y_test),
        "test loss": log_loss(y_test, plain.predict_proba(X_test)),
        "penalized test accuracy": penalized.score(X_test, y_test),
        "penalized test loss": log_loss(y_test, penalized.predict_proba(X_test)),
    }


# One test, because its fits take long, and another process would have to repeat them.
def test_what_the_book_prints():
    rows = [measure(seed) for seed in SEEDS]
    results = {name: np.mean([row[name] for row in rows]) for name in rows[0]}
    # The training data are learned,
    assert 0.95 < results["accuracy"] < 1
    assert 0.03 < results["loss"] < 0.15
    # a second draw is not,
    assert 0.7 < results["test accuracy"] < 0.9
    assert results["test loss"] > 5 * results["loss"]
    # and L2 makes its loss fall.
    assert results["penalized test loss"] < 0.85 * results["test loss"]
    assert results["penalized test accuracy"] > results["test accuracy"] - 0.02
