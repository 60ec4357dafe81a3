"""A user's script, which is checked by ``mypy --strict`` and not executed.

scikit-learn and SciPy have no types, so their objects are ``Any``. The types of this package are
checked.
"""

from typing import assert_type

import numpy as np
from scipy.sparse import csr_array  # type: ignore[import-untyped]
from sklearn.datasets import load_iris  # type: ignore[import-untyped]
from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

from skscratch import MLPScratchClassifier, MLPScratchRegressor
from skscratch.callbacks import EpochLogger, ModelCheckpoint
from skscratch.datasets import make_spiral
from skscratch.nn import Adam, ReLU, he_normal

X, y = load_iris(return_X_y=True)
clf = MLPScratchClassifier(
    (32, 16),
    activation=["silu", ReLU],
    solver="adamw",
    learning_rate="cosine",
    weight_regularizer_l2=[1e-4, 0.0, 0.0],
    class_weight={0: 2.0, 1: 1.0},
    scoring="f1_macro",
    random_state=np.random.RandomState(0),
)
clf.set_callbacks(EpochLogger(every=10), ModelCheckpoint("iris.joblib"))
assert_type(clf.fit(X, y, X_val=X, y_val=y), MLPScratchClassifier)
assert_type(clf.partial_fit(X, y, classes=[0, 1, 2]), MLPScratchClassifier)
assert_type(clf.n_iter_, int)
assert_type(clf.loss_curve_, list[float])
best: float | None = clf.best_validation_score_
first: np.ndarray = clf.coefs_[0] @ clf.coefs_[1]
losses: np.ndarray = clf.history_["validation_loss"]
labels: np.ndarray = clf.predict(csr_array(X))
probabilities: np.ndarray = clf.predict_proba(X.tolist()) + clf.predict_log_proba(X)

pipeline = make_pipeline(StandardScaler(), MLPScratchClassifier(solver=Adam(0.01), engine="numpy"))
accuracy: float = pipeline.fit(X, y).score(X, y)

points, arms = make_spiral(n_samples=100, n_classes=3, random_state=0)
assert_type(MLPScratchClassifier.from_sklearn(clf.to_sklearn()).fit(points, arms).t_, int)
quartiles = MLPScratchRegressor("quantile", quantile=[0.25, 0.75]).fit(points, points[:, 0])
assert_type(quartiles, MLPScratchRegressor)
levels: np.ndarray | None = quartiles.quantiles_
share: float = quartiles.score(points, points[:, 0])

hidden: np.ndarray = clf.hidden_outputs(X, layer=0)
loss, coef_gradients, intercept_gradients = clf.loss_gradient(X, y)
norms: list[float] = [float(np.linalg.norm(gradient)) for gradient in coef_gradients]
given = MLPScratchClassifier.from_weights(clf.coefs_, [[0.0]], weight_init=he_normal)
assert_type(given, MLPScratchClassifier)
given.coefs_, given.loss_curve_, given.n_outputs_ = [X, hidden], [loss], 2

# Errors are found before the script runs.
MLPScratchClassifier(solver="adan")  # type: ignore[arg-type]
MLPScratchClassifier(engine="cuda")  # type: ignore[arg-type]
clf.fit(X, y, X_valid=X)  # type: ignore[call-arg]
