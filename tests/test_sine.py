"""The sine of the book's chapter on regression."""

import numpy as np
from helpers import unfinished_fits

from skscratch import MLPScratchRegressor
from skscratch.datasets import make_sine


@unfinished_fits
def test_the_sine_is_learned_as_in_the_book():
    # Chapter 17: two hidden layers of 64 units; half of the errors are below a 250th of the
    # standard deviation.
    X, y = make_sine()
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
    )
    regressor.fit(X.astype(np.float32), y)
    errors = np.abs(regressor.predict(X) - y.ravel())
    assert np.mean(errors < np.std(y) / 250) > 0.3
    assert regressor.score(X, y) > 0.999
