"""Data sets: training data and held-out data of one dtype."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits, load_iris, make_friedman1
from sklearn.model_selection import train_test_split

from skscratch.datasets import make_spiral


class Data(NamedTuple):
    """Classes are numbered from 0, like the columns of probabilities.

    Targets of a regression have the dtype of the inputs.
    """

    X: Any
    y: np.ndarray
    X_held_out: Any
    y_held_out: np.ndarray


def spiral(dtype: str) -> Data:
    """Return the book's three spirals: 100 points on each, 2 features."""
    return _cast(*make_spiral(random_state=0), *make_spiral(random_state=1), dtype)


def digits(dtype: str) -> Data:
    """Return 1,347 training and 450 held-out images of 8 x 8 pixels, 10 classes."""
    X, y = load_digits(return_X_y=True)
    X_train, X_held_out, y_train, y_held_out = train_test_split(
        X / 16, y, stratify=y, random_state=0
    )
    return _cast(X_train, y_train, X_held_out, y_held_out, dtype)


def iris(dtype: str) -> Data:
    """Return the 150 irises as training data, 3 classes."""
    X, y = load_iris(return_X_y=True)
    return _cast(X, y, X[:0], y[:0], dtype)


# Only two data sets are cached, because the largest ones take hundreds of MB.
@lru_cache(maxsize=2)
def clouds(dtype: str, n_samples: int, n_features: int) -> Data:
    """Return 10 overlapping Gaussian clouds."""
    rng = np.random.default_rng(0)
    n_held_out = 1000
    y = rng.integers(10, size=n_samples + n_held_out)
    # The distances between the clouds hardly depend on the number of features.
    centers = rng.standard_normal((10, n_features)) * 3.5 / np.sqrt(n_features)
    X = rng.standard_normal((len(y), n_features), dtype=np.float32) + centers[y]
    return _cast(X[n_held_out:], y[n_held_out:], X[:n_held_out], y[:n_held_out], dtype)


def curves(dtype: str, n_samples: int, n_features: int) -> Data:
    """Return Friedman's first function of five features, scaled, with noise and other features."""
    X, y = make_friedman1(n_samples + 1000, n_features, noise=1.0, random_state=0)
    X, y = 4 * X - 2, ((y - y.mean()) / y.std()).astype(dtype)
    return _cast(X[1000:], y[1000:], X[:1000], y[:1000], dtype)


@lru_cache(maxsize=1)
def texts(dtype: str, n_documents: int = 10_000, n_words: int = 50_000) -> Data:
    """Return texts as sparse rows: word frequencies fall by Zipf's law, 0.1% are not 0, 20 topics.

    Every second word of a text is drawn from the part of the vocabulary of its topic.
    """
    rng = np.random.default_rng(0)
    n_held_out, n_topics, length = 1000, 20, n_words // 1000
    topics = rng.integers(n_topics, size=n_documents + n_held_out)
    # Ranks by inverse transform sampling; more than ``length``, because some words occur twice.
    ranks = n_words ** rng.random((len(topics), length + length // 5)) - 1
    part = n_words // n_topics
    words = ranks.astype(int)
    words[:, ::2] = topics[:, np.newaxis] * part + words[:, ::2] % part
    rows = np.repeat(np.arange(len(topics)), words.shape[1])
    X = csr_matrix((np.ones(words.size, dtype), (rows, words.ravel())), (len(topics), n_words))
    X.data = 1 + np.log(X.data)
    return Data(X[n_held_out:], topics[n_held_out:], X[:n_held_out], topics[:n_held_out])


@lru_cache(maxsize=1)
def many_digits(dtype: str, n_rows: int) -> np.ndarray:
    """Return ``n_rows`` rows of digits, drawn with replacement."""
    X = digits(dtype).X
    return X[np.random.default_rng(0).integers(len(X), size=n_rows)]


def _cast(X, y, X_held_out, y_held_out, dtype: str) -> Data:
    return Data(
        np.ascontiguousarray(X, dtype), y, np.ascontiguousarray(X_held_out, dtype), y_held_out
    )
