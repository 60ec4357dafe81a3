"""scikit-learn's callbacks (experimental since version 1.9), in which an epoch is a task."""

import sklearn

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:
        """Replacement in versions of scikit-learn without callbacks."""

        def set_callbacks(self, *callbacks):
            """Raise a NotImplementedError that names the required version."""
            raise NotImplementedError(
                f"Callbacks need scikit-learn 1.9 or later, this is {sklearn.__version__}."
            )


class CallbackBridge:
    """Called at the begin and at the end of each epoch; here, there are no callbacks."""

    needs_state = False
    """Whether :meth:`end_epoch` reads the fit, which then trains one epoch per call."""

    def begin_epoch(self) -> None:
        """Begin a task."""

    def end_epoch(self, fit) -> bool:
        """End the task; return whether a callback requests to stop."""
        return False

    def end_fit(self) -> None:
        """End the task of the whole fit."""


class ActiveBridge(CallbackBridge):
    """Calls an estimator's callbacks."""

    needs_state = True

    def __init__(self, estimator, X, y, sample_weight) -> None:
        self.arguments = {
            "estimator": estimator,
            "X": X,
            "y": y,
            "metadata": None if sample_weight is None else {"sample_weight": sample_weight},
        }
        self.context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self.context.call_on_fit_task_begin(**self.arguments)

    def begin_epoch(self) -> None:
        """Begin a task."""
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(**self.arguments)

    def end_epoch(self, fit) -> bool:
        """End the task; return whether a callback requests to stop."""
        # Called only if a callback has a parameter fitted_estimator.
        return self.epoch.call_on_fit_task_end(
            **self.arguments,
            reconstruction_attributes=lambda: fit.fitted_attributes(finished=False),
        )

    def end_fit(self) -> None:
        """End the task of the whole fit."""
        self.context.call_on_fit_task_end(**self.arguments, reconstruction_attributes={})


def callback_bridge(estimator, X, y, sample_weight) -> CallbackBridge:
    """Return the bridge to an estimator's callbacks."""
    if getattr(estimator, "_skl_callbacks", None):
        return ActiveBridge(estimator, X, y, sample_weight)
    return CallbackBridge()
