"""Validation: the conversion of the arguments of ``fit`` to training data."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import (
    _check_feature_names,
    _check_sample_weight,
    _get_feature_names,
    validate_data,
)

from skscratch.estimators.targets import Targets, check_no_dates
from skscratch.nn.batches import Batches

_UNTRANSFORMED = (
    "In a Pipeline, X_val looks untransformed: use metadata routing and transform_input=['X_val']."
)


@dataclass
class Samples:
    """Inputs, encoded targets and weights."""

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None = None  # of the losses, class weights included
    score_weight: np.ndarray | None = None  # of the scores: the sample_weight passed by the user

    def take(self, rows: np.ndarray) -> Samples:
        """Return some of the samples."""
        arrays = (self.X, self.y, self.sample_weight, self.score_weight)
        return Samples(*(None if array is None else array[rows] for array in arrays))


@dataclass(kw_only=True)
class TrainingData(Samples):
    """Samples to train with, their targets, and a validation set."""

    targets: Targets
    rows: np.ndarray | None = None  # indices of the samples to train with; None for all samples
    validation: Samples | None = None

    @property
    def n_rows(self) -> int:
        """Number of samples to train with."""
        return self.X.shape[0] if self.rows is None else len(self.rows)

    def batches(self, rows: np.ndarray | None, batch_size: int) -> Batches:
        """Return the data of some rows in batches."""
        arrays, n_outputs = (self.X, self.y, self.sample_weight), self.targets.n_outputs
        return Batches(*arrays, rows=rows, batch_size=batch_size, n_outputs=n_outputs)


def validate(
    estimator, X, y, sample_weight=None, validation=None, *, resume: bool, classes=None
) -> TrainingData:
    """Validate the arguments of ``fit`` and encode the targets."""
    dtype = estimator.coefs_[0].dtype if resume else (np.float64, np.float32)
    check_no_dates(X, "X")
    with np.errstate(over="ignore"):
        options = {"accept_sparse": "csr", "multi_output": True, "dtype": dtype, "order": "C"}
        X, y = validate_data(estimator, X, y, **options, reset=not resume)
    _check_numpy(X)
    targets, y = estimator._targets_of(y, classes, resume)
    encoded = targets.encode(y, X.dtype)
    if resume:
        _check_same_outputs(targets, estimator)

    present = slice(None)
    if sample_weight is not None:
        sample_weight = _check_weights(sample_weight, X)
        present = sample_weight > 0
    class_weights = targets.class_weights(encoded[present])

    def weights(encoded, sample_weight):
        """Return the weights of the losses and of the scores."""
        loss_weight = sample_weight
        if class_weights is not None:
            loss_weight = targets.sample_weight(encoded, class_weights)
            loss_weight = loss_weight if sample_weight is None else loss_weight * sample_weight
        return [
            None if weight is None else _as_weights(weight, X.dtype)
            for weight in (loss_weight, sample_weight)
        ]

    data = TrainingData(X, encoded, *weights(encoded, sample_weight), targets=targets)
    if data.sample_weight is not None and not data.sample_weight.all():
        data.rows = np.flatnonzero(data.sample_weight)
    if validation is not None:
        data.validation = _validation_set(estimator, data, weights, **validation)
    return data


def _validation_set(
    estimator, data: TrainingData, weights: Callable, X_val, y_val, sample_weight_val
) -> Samples | None:
    """Validate a validation set."""
    values = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
    passed = [name for name, value in values.items() if value is not None]
    if not passed:
        return None
    if X_val is None or y_val is None:
        raise ValueError(f"A validation set needs X_val and y_val, got only {passed}.")
    with naming("X_val", "X", hint=_UNTRANSFORMED), np.errstate(over="ignore"):
        check_no_dates(X_val, "X_val")
        has_names = _get_feature_names(X_val) is not None
        if has_names == hasattr(estimator, "feature_names_in_"):
            _check_feature_names(estimator, X_val, reset=False)
        else:
            only = "X_val" if has_names else "X"
            warnings.warn(f"Of X and X_val, only {only} has feature names. {_UNTRANSFORMED}")
        options = {"accept_sparse": "csr", "dtype": data.X.dtype, "order": "C"}
        X_val = check_array(X_val, **options, input_name="X_val", estimator=estimator)
        if X_val.shape[1] != data.X.shape[1]:
            raise ValueError(f"X_val has {X_val.shape[1]} features, expected {data.X.shape[1]}.")
    with naming("y_val", "y"):
        y_val = check_array(y_val, accept_sparse="csr", ensure_2d=False, dtype=None)
        y_val = data.targets.check(y_val, "y_val")
        encoded = data.targets.encode(y_val, X_val.dtype, "y_val")
    with naming("X_val, y_val", "y"):
        check_consistent_length(X_val, y_val)
    with naming("sample_weight_val", "sample_weight"):
        if sample_weight_val is not None:
            sample_weight_val = _check_weights(sample_weight_val, X_val)
        return Samples(X_val, encoded, *weights(encoded, sample_weight_val))


@contextmanager
def naming(name: str, original: str, hint: str = "") -> Iterator[None]:
    """Name an argument in errors of scikit-learn that name another argument or none.

    The hint is added to errors about columns and their values.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        message = re.sub(rf"\b{original}\b", name, str(error))
        message = message if name in message else f"{name}: {message}"
        if hint and re.search("string|features|eature names|NaN|dates", message):
            message = message.rstrip(". \n") + ". " + hint
        raise (TypeError if isinstance(error, TypeError) else ValueError)(message) from error


def _check_same_outputs(targets: Targets, estimator) -> None:
    """Raise an error if a fitted network does not have the outputs of the targets."""
    n_outputs, activation = estimator.n_outputs_, estimator.out_activation_
    if (targets.n_outputs, targets.out_activation) != (n_outputs, activation):
        raise ValueError(
            f"The fitted network has {n_outputs} {activation} outputs, `y` needs "
            f"{targets.n_outputs} {targets.out_activation} ones. Fit a new estimator, or set "
            f"warm_start=False."
        )


def _check_weights(sample_weight, X) -> np.ndarray:
    check_no_dates(sample_weight, "sample_weight")
    sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    _as_weights(sample_weight, sample_weight.dtype)
    return sample_weight


def _as_weights(sample_weight: np.ndarray, dtype) -> np.ndarray:
    """Return weights in the network's dtype, in which their sum is checked."""
    with np.errstate(over="ignore"):
        sample_weight = sample_weight.astype(dtype, copy=False)
        total = np.sum(sample_weight, dtype=np.float64)
    if not np.finfo(dtype).tiny <= total < np.inf:
        # Subnormal sums have few significant digits, and penalties divided by them overflow.
        raise ValueError(
            f"The sum of sample_weight, class weights included, is {total}, which is not a "
            f"positive normal number in {dtype}. Divide the weights by their mean."
        )
    return sample_weight


def validate_input(estimator, X, dtype):
    """Validate the argument of ``predict``."""
    with np.errstate(over="ignore", invalid="ignore"):
        if not _is_valid(estimator, X, dtype):
            check_no_dates(X, "X")
            X = validate_data(estimator, X, accept_sparse="csr", dtype=dtype, reset=False)
            _check_numpy(X)
    return X


def _is_valid(estimator, X, dtype) -> bool:
    """Return whether X is valid without conversion, as validate_data is slow for one row."""
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.shape[0] > 0
        and X.shape[1] == estimator.n_features_in_
        and X.dtype.kind == "f"
        and X.dtype <= dtype
        and "feature_names_in_" not in vars(estimator)
        and math.isfinite(np.add.reduce(X, axis=None))
    )


def _check_numpy(X) -> None:
    """Raise an error for an array of another library, which scikit-learn may accept."""
    if not isinstance(X, np.ndarray) and not issparse(X):
        kind = f"{type(X).__module__}.{type(X).__qualname__}"
        raise ValueError(
            f"Expected a NumPy array, got {kind}. Convert the input, or set "
            f"array_api_dispatch=False to convert CPU tensors automatically."
        )
