"""Estimators in skops files: the estimator's type is the only one that must be trusted."""

import copy

import joblib
import numpy as np
import pytest
from helpers import X_digits, assert_same_fit, assert_same_weights, mlp, unfinished_fits, y_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch.callbacks import ModelCheckpoint, without_callbacks

skops_io = pytest.importorskip("skops.io")

pytestmark = [unfinished_fits, pytest.mark.no_cover]

ESTIMATOR = "skscratch.estimators.classifier.MLPScratchClassifier"
X, y = X_digits[:200], y_digits[:200]
Y = (y[:, np.newaxis] >> np.arange(4)) & 1


def fitted(**parameters):
    return mlp(**parameters).fit(X, y)


def by_epochs():
    clf = mlp()
    for _ in range(3):
        clf.partial_fit(X, y, classes=np.arange(10))
    return clf


class Interrupt:
    """A scorer whose third call raises KeyboardInterrupt."""

    calls = 0

    def __call__(self, estimator, X, y):
        self.calls += 1
        if self.calls == 3:
            raise KeyboardInterrupt
        return estimator.score(X, y)


def interrupted():
    clf = mlp(scoring=Interrupt())
    with pytest.warns(UserWarning, match="interrupted"):
        clf.fit(X, y, X_val=X, y_val=y)
    assert clf.n_iter_ < clf.max_iter
    return clf.set_params(scoring=None)


def checkpointed(tmp_path, **parameters):
    """Return the checkpoint of a fit that was killed in its fourth epoch."""
    pytest.importorskip("sklearn.callback")  # since 1.9
    clf = mlp(max_iter=6, **parameters)
    path = tmp_path / "clf.joblib"

    class Killed(ModelCheckpoint):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            super().on_fit_task_end(estimator, context, fitted_estimator=fitted_estimator)
            if context.task_name == "epoch" and context.task_id == 3:
                raise MemoryError

    with pytest.raises(MemoryError):
        clf.set_callbacks(Killed(path)).fit(X, y)
    return joblib.load(path)


STATES = {
    "fitted": lambda _: fitted(),
    "lbfgs": lambda _: fitted(solver="lbfgs"),
    "sgd": lambda _: fitted(solver="sgd"),
    "float32": lambda _: mlp().fit(X.astype(np.float32), y),
    "strings": lambda _: mlp().fit(X, np.array(list("zyxwvutsrq"))[y]),
    "several labels": lambda _: mlp().fit(X, Y),
    "dropout": lambda _: fitted(dropout=0.2, input_dropout=0.1),
    "penalties": lambda _: fitted(weight_regularizer_l1=[1e-3, 0.0, 0.0], clip_norm=1.0),
    "class weights": lambda _: fitted(class_weight={0: 2.0, 3: 0.5}),
    "random state": lambda _: fitted(random_state=np.random.RandomState(3)),
    "early-stopped": lambda _: fitted(early_stopping=True, n_iter_no_change=2, max_iter=50),
    "early stopping, not yet stopped": lambda _: fitted(early_stopping=True),
    "adaptive": lambda _: fitted(
        solver="sgd", learning_rate="adaptive", tol=1.0, n_iter_no_change=1
    ),
    "partial_fit": lambda _: by_epochs(),
    "warm-started": lambda _: fitted(warm_start=True).fit(X, y),
    "interrupted": lambda _: interrupted(),
    "checkpointed": checkpointed,
    "checkpointed with early stopping": lambda path: checkpointed(path, early_stopping=True),
}


@pytest.fixture(scope="module", params=STATES)
def clf(request, tmp_path_factory):
    return STATES[request.param](tmp_path_factory.mktemp("checkpoint"))


def test_estimator_type_is_the_only_untrusted_type(clf):
    data = skops_io.dumps(clf)
    assert skops_io.get_untrusted_types(data=data) == [ESTIMATOR]
    loaded = skops_io.loads(data, trusted=[ESTIMATOR])
    np.testing.assert_array_equal(loaded.predict(X), clf.predict(X))
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))


def test_loaded_estimator_resumes_exactly(clf):
    loaded = skops_io.loads(skops_io.dumps(clf), trusted=[ESTIMATOR])
    further = copy.deepcopy(clf)
    labels = Y if len(clf.classes_) == 4 else clf.classes_[y]
    for estimator in (further, loaded):
        estimator.set_params(warm_start=True, max_iter=8).fit(X, labels)
    assert_same_fit(loaded, further)


def test_fitted_estimators_of_a_callback():
    class Store(ModelCheckpoint):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            files.append(skops_io.dumps(without_callbacks(fitted_estimator)))

    pytest.importorskip("sklearn.callback")
    files, clf = [], mlp(max_iter=3)
    clf.set_callbacks(Store("nowhere")).fit(X, y)
    loaded = [skops_io.loads(data, trusted=[ESTIMATOR]) for data in files]
    assert [epoch.n_iter_ for epoch in loaded] == [1, 2, 3, 3]
    assert_same_weights(loaded[-1], clf)


def test_pipeline():
    data = skops_io.dumps(make_pipeline(StandardScaler(), fitted()))
    assert skops_io.get_untrusted_types(data=data) == [ESTIMATOR]
