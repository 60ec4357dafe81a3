"""The joblib backend whose tasks meet, and the context in which it is the active one."""

import warnings
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import joblib
from joblib.parallel import ParallelBackendBase, get_active_backend

from skscratch.together.meeting import Call, Meeting, Task
from skscratch.together.notes import Notes
from skscratch.together.rounds import Workers


@contextmanager
def train_together(n_jobs: int | None = None, *, resume: bool = False) -> Iterator[None]:
    """Train together what scikit-learn fits in this context.

    Searches, cross-validation, curves and ensembles run unchanged, and give what they give
    without, to the last bit. They run their fits through joblib; here each of joblib's tasks is a
    thread, and the fits of :class:`~skscratch.MLPScratchClassifier` and
    :class:`~skscratch.MLPScratchRegressor` in it wait for each other. When no task can go on any
    more, those of one shape are trained as one stack of networks: of the same sizes of layers,
    activations, solver, batch size and number of training rows; bags that are drawn with
    replacement seldom have the same number. L-BFGS, sparse inputs and networks so large that a
    stack would not be faster are trained alone, other estimators in the threads.

    Inside, ``n_jobs`` of the tools themselves means nothing, and neither does another such
    context. A fit that no tool runs is a plain fit. ``joblib.parallel_config`` with
    ``backend="skscratch"`` and these parameters does the same.

    Parameters
    ----------
    n_jobs : int or None, default=None
        How many stacks are trained at once, in processes of whatever joblib backend is active
        outside: by default loky's; with ``joblib.parallel_config(backend="dask")`` around the
        context, the workers of a cluster. ``None`` is what is usual there, 1 trains in this
        process, -1 uses all processors. Fits with ``engine="numba"`` are trained in as many threads
        of this process, if the workers are not on a cluster.

    resume : bool, default=False
        Whether a fit that differs from an earlier one in ``max_iter`` alone, on equal data, goes
        on from where that one ended, to the same weights as if it had been trained in one go.
        :class:`~sklearn.model_selection.HalvingGridSearchCV` by ``max_iter`` then trains every
        epoch once. Not so with cosine annealing, L-BFGS and callbacks.

    Notes
    -----
    As many fits wait at once as hold half a gigabyte, with the data that they are trained on, at
    least ``n_jobs`` and at most enough for some stacks; so the memory that is needed does not grow
    with the number of candidates and folds. What is kept for ``resume`` holds as much at most, and
    is forgotten at the end.

    What the fits of a search warn of is said once, with their number. The time of a fit, such as
    ``mean_fit_time``, is what scikit-learn measures: how long it waited until it had been trained
    along with the others.

    An exception in a fit is that fit's alone. If a worker process dies, all fits that were being
    trained fail; dask trains them once more.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skscratch import MLPScratchClassifier, train_together
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPScratchClassifier(max_iter=100, tol=0, random_state=0)
    >>> grid = {"learning_rate_init": [0.0001, 0.001, 0.01]}
    >>> with train_together():
    ...     search = GridSearchCV(clf, grid).fit(X, y)
    >>> search.best_params_
    {'learning_rate_init': 0.01}
    """
    with joblib.parallel_config(backend=TogetherBackend(resume=resume), n_jobs=n_jobs):
        yield


class TogetherBackend(ParallelBackendBase):
    """Runs each task in a thread that meets the others; their fits are trained together.

    Parameters
    ----------
    resume : bool, default=False
        Whether fits that differ from earlier ones in ``max_iter`` alone go on from those.

    meeting : Meeting, default=None
        Where the tasks meet: that of the surrounding call, or, by default, one of their own.

    **params : dict
        joblib's own.
    """

    uses_threads = True
    supports_sharedmem = True
    supports_retrieve_callback = True

    def __init__(self, *, resume: bool = False, meeting: Meeting | None = None, **params) -> None:
        super().__init__(**params)
        if meeting is None:
            outside, _ = get_active_backend()
            # One context within another is the same context.
            nested = isinstance(outside, TogetherBackend)
            meeting = outside.meeting if nested else Meeting(Workers(), resume)
        self.meeting = meeting
        self.default_n_jobs = meeting.workers.default_n_jobs
        self.calls: list[Call] = []
        self.filters: list[warnings.catch_warnings] = []

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Return how many tasks joblib may hand in at once: many, so that many meet."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        return self.meeting.max_window

    def configure(self, n_jobs: int = 1, parallel=None, **params) -> int:
        """Get ready for a call."""
        n_tasks = self.effective_n_jobs(n_jobs)
        if self.meeting.is_idle:
            # What counts is what the context says. Tools pass on what they have been told that
            # there is, which is room for many tasks, not as many workers.
            active, of_context = get_active_backend()
            if active is self:
                n_jobs = self.default_n_jobs if of_context is None else of_context
            self.meeting.workers.hire(n_jobs)
        self.parallel = parallel
        return n_tasks

    def get_nested_backend(self) -> tuple[ParallelBackendBase, None]:
        """Return a backend whose tasks meet those of this one."""
        level = (self.nesting_level or 0) + 1
        return TogetherBackend(meeting=self.meeting, nesting_level=level), None

    def start_call(self) -> None:
        """Begin a call of Parallel."""
        call = Call(getattr(Task.current, "task", None))
        if call.caller is None:
            # scikit-learn sets the warning filters in every task, and threads undo that in any
            # order: what was there before is put back at the end.
            self.filters.append(warnings.catch_warnings())
            self.filters[-1].__enter__()
        self.calls.append(call)
        self.meeting.begin(call)

    def submit(self, func, callback=None) -> Future:
        """Take a task."""
        task = Task(self.calls[-1], func, callback)
        self.meeting.add(task)
        return task.future

    apply_async = submit

    def retrieve_result_callback(self, out: Future):
        """Return what a task has returned, or raise what it has raised."""
        return out.result()

    @contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Let tasks run while the call waits for them."""
        call = self.calls[-1]
        self.meeting.await_results(call)
        yield
        self.meeting.go_on(call)

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """End all tasks of the call."""
        if self.calls:
            self.meeting.abort(self.calls[-1])

    def stop_call(self) -> None:
        """End a call of Parallel."""
        call = self.calls.pop()
        self.meeting.end(call)
        if call.caller is None:
            self.filters.pop().__exit__(None, None, None)
            if call.aborted:
                self.meeting.notes = Notes()

    def terminate(self) -> None:
        """Say what the fits have warned of."""
        if self.meeting.is_idle:
            notes, self.meeting.notes = self.meeting.notes, Notes()
            notes.tell()
