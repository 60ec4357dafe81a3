"""Callbacks for ``set_callbacks``, in scikit-learn's protocol: experimental, new in version 1.9.

Tasks are epochs (for ``solver='lbfgs'``, iterations) of a fit of
:class:`~skscratch.MLPScratchClassifier`.
"""

import contextlib
import logging
import os
import re
import uuid
from pathlib import Path

import joblib

try:
    import fcntl
except ImportError:
    # Windows has other locks: there, what killed processes leave stays.
    fcntl = None

__all__ = ["EpochLogger", "ModelCheckpoint", "without_callbacks"]

logger = logging.getLogger("skscratch")


class _EpochCallback:
    """What is done after every so many epochs; nothing is done before and after a fit."""

    def __init__(self, every: int) -> None:
        if not isinstance(every, int) or every < 1:
            raise ValueError(f"every must be an integer >= 1, got {every!r}.")
        self.every = every

    def setup(self, estimator, context) -> None:
        """Do nothing: there is nothing to prepare."""

    def teardown(self, estimator, context) -> None:
        """Do nothing: there is nothing to clear away."""

    def on_fit_task_begin(self, estimator, context) -> None:
        """Do nothing: what there is to do is done when epochs end."""


class EpochLogger(_EpochCallback):
    """Log the book's line after every so many epochs.

    ``epoch: 100, acc: 0.823, loss: 0.512 (data_loss: 0.498, reg_loss: 0.014), lr: 0.0498``, and
    what is recorded of a validation set, at level INFO of the logger ``skscratch``.

    Parameters
    ----------
    every : int, default=1
        After how many epochs a line is logged. The last epoch always has one.

    Examples
    --------
    >>> from skscratch.callbacks import EpochLogger
    >>> EpochLogger(every=100)
    EpochLogger(every=100)
    """

    def __init__(self, every: int = 1) -> None:
        super().__init__(every)

    def __repr__(self) -> str:
        return f"EpochLogger(every={self.every})"

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None) -> None:
        """Log a line, if it is time.

        Parameters
        ----------
        estimator : MLPScratchClassifier
            The estimator that is fitted.

        context : CallbackContext
            The epoch's, or the whole fit's.

        fitted_estimator : MLPScratchClassifier
            The estimator as it would be if training stopped now.
        """
        history = getattr(fitted_estimator, "history_", None)
        if history is None:
            return
        n_epochs = len(history["loss"])
        due = n_epochs % self.every == 0
        # The fit's own end has a line only if its last epoch has had none.
        if due if context.task_name == "epoch" else not due:
            last = {name: values[-1] for name, values in history.items()}
            # What only earlier fits recorded is not a number.
            recorded = {name: value for name, value in last.items() if value == value}
            logger.info(_line(n_epochs, recorded))


def _line(n_epochs: int, last: dict[str, float]) -> str:
    parts = [f"epoch: {n_epochs}"]
    if "accuracy" in last:
        parts.append(f"acc: {last['accuracy']:.3f}")
    loss = f"loss: {last['loss']:.3f}"
    if "data_loss" in last:
        regularization = last["regularization_loss"]
        loss += f" (data_loss: {last['data_loss']:.3f}, reg_loss: {regularization:.3f})"
    parts.append(loss)
    if "learning_rate" in last:
        parts.append(f"lr: {last['learning_rate']:.6g}")
    if "validation_loss" in last:
        parts.append(f"val_loss: {last['validation_loss']:.3f}")
        parts.append(f"val_score: {last['validation_score']:.3f}")
    return ", ".join(parts)


class ModelCheckpoint(_EpochCallback):
    """Write the estimator to a file after every so many epochs, as if training had stopped there.

    The file is written beside the target, flushed to disk and renamed over it, so that a process
    that is killed at any moment leaves the last whole checkpoint; what else it may leave is removed
    when the next fit with such a checkpoint begins. A fit that was cut short is
    finished, to the same weights, by

    >>> clf = joblib.load("model.joblib")  # doctest: +SKIP
    >>> clf.set_params(warm_start=True).fit(X, y)  # doctest: +SKIP

    with the same data: it trains for the epochs that are left of ``max_iter``. So is one that was
    interrupted (Ctrl-C): what is written then is the end of one of its last epochs. (L-BFGS has no
    state that could be written: it goes on from the weights, for ``max_iter`` iterations.)

    Parameters
    ----------
    path : str or path-like
        The file. In a search, all candidates write to it.

    every : int, default=1
        After how many epochs it is written. At the end of the fit it always is.

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

    def setup(self, estimator, context) -> None:
        """Remove what processes that were killed in the middle of a write have left.

        Parameters
        ----------
        estimator : MLPScratchClassifier
            The estimator that is fitted.

        context : CallbackContext
            The fit's.
        """
        if fcntl is None:
            return
        target = Path(self.path)
        left = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{32}}")
        for file in target.parent.iterdir():
            if left.fullmatch(file.name):
                # Gone already: another process removes too, or has renamed it.
                with contextlib.suppress(FileNotFoundError), open(file, "rb") as opened:
                    if _lock(opened):
                        file.unlink()

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None) -> None:
        """Write the checkpoint, if it is time.

        Parameters
        ----------
        estimator : MLPScratchClassifier
            The estimator that is fitted.

        context : CallbackContext
            The epoch's, or the whole fit's.

        fitted_estimator : MLPScratchClassifier
            The estimator as it would be if training stopped now.
        """
        if fitted_estimator is None or fitted_estimator.n_iter_ == 0:
            # Interrupted in its first epoch, a fit has nothing that an older file has not.
            return
        if context.task_name == "epoch" and (context.task_id + 1) % self.every != 0:
            return
        self._write(without_callbacks(fitted_estimator))

    def _write(self, estimator) -> None:
        target = Path(self.path)
        # Of a name that no other process has, and with the permissions of any new file.
        beside = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            with open(beside, "xb") as file:
                _lock(file)
                joblib.dump(estimator, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, target)
        except FileNotFoundError:
            if not target.parent.is_dir():
                raise
            # In a moment without a lock, another process has taken it for a dead one's.
            self._write(estimator)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def _lock(file) -> bool:
    """Lock a file until it is closed, or its process dies; return False if another one has."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Or it is on a disk that has no locks.
        return False
    return True


def without_callbacks(estimator):
    """Return a copy to store, without what scikit-learn has noted of the fit and its callbacks.

    A callback that stores the ``fitted_estimator`` that it is given stores this copy of it.

    Parameters
    ----------
    estimator : MLPScratchClassifier
        An estimator that is fitted or being fitted.

    Returns
    -------
    copy : MLPScratchClassifier
        With the same attributes.
    """
    attributes = {name: value for name, value in vars(estimator).items() if "callback" not in name}
    copy = type(estimator).__new__(type(estimator))
    vars(copy).update(attributes)
    return copy
