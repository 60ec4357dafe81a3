"""Callbacks for ``set_callbacks``, in scikit-learn's protocol (experimental since version 1.9).

The tasks are the epochs of a fit, or its iterations for ``solver='lbfgs'``.
"""

import os
import stat
import uuid
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import joblib

__all__ = ["EpochLogger", "ModelCheckpoint", "without_callbacks"]


class _EpochCallback:
    """Base class of callbacks that act after every few epochs."""

    def __init__(self, every: int) -> None:
        if not isinstance(every, int) or every < 1:
            raise ValueError(f"every must be an integer >= 1, got {every!r}.")
        self.every = every

    def setup(self, estimator, context) -> None:
        """Raise an error if the estimator is not a network, for example a pipeline of one."""
        if not hasattr(type(estimator), "history_"):
            raise TypeError(
                f"{self!r} expects an MLPScratchClassifier or an MLPScratchRegressor, got a "
                f"{type(estimator).__name__}. Call set_callbacks of the network in it, for example "
                f"pipeline[-1].set_callbacks({self!r})."
            )

    def teardown(self, estimator, context) -> None:
        """Do nothing after a fit."""

    def on_fit_task_begin(self, estimator, context) -> None:
        """Do nothing before an epoch."""


class EpochLogger(_EpochCallback):
    """Print a line after every few epochs, or pass it to a logger.

    A typical line, to which the loss and score on a validation set are added if there is one:
    ``epoch: 100, acc: 0.823, loss: 0.512 (data_loss: 0.498, reg_loss: 0.014), lr: 0.0498``.

    Parameters
    ----------
    every : int, default=1
        Number of epochs between two lines. There is always a line for the last epoch.
    log : callable, default=print
        Function that is called with each line, for example ``logging.getLogger("training").info``.

    Examples
    --------
    >>> from skscratch.callbacks import EpochLogger
    >>> EpochLogger(every=100)
    EpochLogger(every=100)
    """

    def __init__(self, every: int = 1, log: Callable[[str], object] = print) -> None:
        super().__init__(every)
        self.log = log

    def __repr__(self) -> str:
        return f"EpochLogger(every={self.every})"

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None) -> None:
        """Write a line if it is due."""
        history = fitted_estimator.history_
        n_epochs = len(history["loss"])
        due = n_epochs % self.every == 0
        # The end of the fit writes the line of the last epoch, if it is not written yet.
        if due == (context.task_name == "epoch"):
            last = {name: values[-1] for name, values in history.items()}
            # The columns that only earlier fits recorded are NaN.
            self.log(_line(n_epochs, {key: last[key] for key in last if last[key] == last[key]}))


def _line(n_epochs: int, last: dict[str, float]) -> str:
    parts = [f"epoch: {n_epochs}"]
    if "accuracy" in last:
        parts.append(f"acc: {last['accuracy']:.3f}")
    parts.append(f"loss: {last['loss']:.3f}")
    if "data_loss" in last:
        data, penalties = last["data_loss"], last["regularization_loss"]
        parts[-1] += f" (data_loss: {data:.3f}, reg_loss: {penalties:.3f})"
    if "learning_rate" in last:
        parts.append(f"lr: {last['learning_rate']:.6g}")
    if "validation_loss" in last:
        parts.append(f"val_loss: {last['validation_loss']:.3f}")
        parts.append(f"val_score: {last['validation_score']:.3f}")
    return ", ".join(parts)


class ModelCheckpoint(_EpochCallback):
    """Write the estimator to a file after every few epochs.

    The file is written under a temporary name and then renamed, so that a process that is killed
    leaves the previous checkpoint. A failed write issues a warning, and training continues. To
    finish the fit, with the same weights as without the interruption, use

    >>> clf = joblib.load("model.joblib")  # doctest: +SKIP
    >>> clf.set_params(warm_start=True).fit(X, y)  # doctest: +SKIP

    with the same data. It trains for the remaining epochs of ``max_iter``. (L-BFGS has no state
    except the weights: it continues from them for ``max_iter`` iterations.)

    Parameters
    ----------
    path : str or path-like
        Path of the file. In a search, all candidates write to the same file.
    every : int, default=1
        Number of epochs between two checkpoints. One is always written at the end of the fit.

    Examples
    --------
    >>> from skscratch.callbacks import ModelCheckpoint
    >>> ModelCheckpoint("model.joblib", every=10)
    ModelCheckpoint('model.joblib', every=10)
    """

    def __init__(self, path: str | os.PathLike, every: int = 1) -> None:
        super().__init__(every)
        self.path = path

    def __repr__(self) -> str:
        return f"ModelCheckpoint({os.fspath(self.path)!r}, every={self.every})"

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None) -> None:
        """Write a checkpoint if it is due."""
        if fitted_estimator.n_iter_ == 0:
            return  # interrupted in the first epoch: an older file is better
        if context.task_name == "epoch" and (context.task_id + 1) % self.every != 0:
            return
        try:
            _write(without_callbacks(fitted_estimator), Path(self.path))
        except Exception as error:  # a failed write must not lose the training
            warnings.warn(f"Cannot write the checkpoint {os.fspath(self.path)!r}: {error}")


def _write(estimator, path: Path) -> None:
    """Write an estimator to a temporary file with the mode of the old one, and rename it."""
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    opener = partial(os.open, mode=0o666 if mode is None else mode)
    try:
        with open(temporary, "xb", opener=opener) as file:
            joblib.dump(estimator, file)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)  # regardless of the umask
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def without_callbacks(estimator):
    """Return a shallow copy without callbacks, to be stored.

    A custom callback should store this copy of its ``fitted_estimator``.

    Parameters
    ----------
    estimator : MLPScratchClassifier
        An estimator that is fitted or being fitted.

    Returns
    -------
    copy : MLPScratchClassifier
        The copy, with all other attributes.
    """
    attributes = {name: value for name, value in vars(estimator).items() if "callback" not in name}
    copy = type(estimator).__new__(type(estimator))
    vars(copy).update(attributes)
    return copy
