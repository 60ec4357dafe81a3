"""scikit-learn's callbacks where it has them (experimental since 1.9), nothing where it has not."""

import sklearn

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:
        """Stands for scikit-learn's mixin in versions that have no callbacks."""

        def set_callbacks(self, *callbacks):
            """Raise an error that says what is needed."""
            raise NotImplementedError(
                f"Callbacks need scikit-learn 1.9 or later, this is {sklearn.__version__}."
            )

    def with_callbacks(method):
        """Return the method, in versions that have no callbacks."""
        return method


class Observer:
    """Is told of every epoch, and does nothing."""

    reads_fit = False
    """Whether it looks at the fit: at what the network and the optimizer have come to.

    Who does not may be told of several epochs as if they were one.
    """

    def begin_fit(self) -> None:
        """Take notice that the fit begins."""

    def begin_epoch(self) -> None:
        """Take notice that an epoch begins."""

    def end_epoch(self, trainer) -> bool:
        """Take notice that an epoch has ended; return whether the fit is to stop."""
        return False

    def end_fit(self) -> None:
        """Take notice that the fit has ended and the estimator has its fitted attributes."""


class CallbackObserver(Observer):
    """Passes on to callbacks what it is told: an epoch is a sub-task of the fit.

    Parameters
    ----------
    estimator : MLPScratchClassifier
        The estimator that is fitted; its callbacks are set up.

    max_subtasks : int
        The greatest possible number of epochs.

    X, y, sample_weight : array-like
        What was given to ``fit``.
    """

    reads_fit = True

    def __init__(self, estimator, max_subtasks: int, X, y, sample_weight) -> None:
        self.arguments = {
            "estimator": estimator,
            "X": X,
            "y": y,
            "metadata": None if sample_weight is None else {"sample_weight": sample_weight},
        }
        self.context = estimator._init_callback_context(max_subtasks=max_subtasks)
        self.context.call_on_fit_task_begin(**self.arguments)

    def begin_epoch(self) -> None:
        """Tell of a new sub-task."""
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(**self.arguments)

    def end_epoch(self, trainer) -> bool:
        """Tell of its end; return whether a callback asks to stop."""
        # The copies are only made if a callback asks for the fitted estimator.
        return self.epoch.call_on_fit_task_end(
            **self.arguments,
            reconstruction_attributes=lambda: trainer.fitted_attributes(finished=False),
        )

    def end_fit(self) -> None:
        """Tell of the end of the whole task."""
        self.context.call_on_fit_task_end(**self.arguments, reconstruction_attributes={})


def observer_of(estimator, max_subtasks: int, X, y, sample_weight) -> Observer:
    """Return who is to be told of a fit's epochs: the estimator's callbacks, or nobody."""
    # Without callbacks there is nobody to tell, also where the fit is part of a search.
    if getattr(estimator, "_skl_callbacks", None):
        return CallbackObserver(estimator, max_subtasks, X, y, sample_weight)
    return Observer()
