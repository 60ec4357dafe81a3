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
                f"Callbacks need scikit-learn 1.9 or later, got {sklearn.__version__}. Upgrade it."
            )


class CallbackBridge:
    """Calls an estimator's callbacks; without an estimator or callbacks, it does nothing."""

    def __init__(self, estimator=None, X=None, y=None, sample_weight=None) -> None:
        # A fit with callbacks trains one epoch per call of the engine.
        self.is_active = bool(getattr(estimator, "_skl_callbacks", None))
        if estimator is None or not self.is_active:
            return
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.arguments = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self.context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self.context.call_on_fit_task_begin(**self.arguments)

    def begin_epoch(self) -> None:
        """Begin a task."""
        if self.is_active:
            self.epoch = self.context.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(**self.arguments)

    def end_epoch(self, fit) -> bool:
        """End the task; return whether a callback requests to stop."""
        # The attributes are only computed if a callback has a parameter fitted_estimator.
        return self.is_active and self.epoch.call_on_fit_task_end(
            **self.arguments,
            reconstruction_attributes=lambda: fit.fitted_attributes(finished=False),
        )

    def end_fit(self) -> None:
        """End the task of the whole fit."""
        if self.is_active:
            self.context.call_on_fit_task_end(**self.arguments, reconstruction_attributes={})
