"""Read handwritten digits: a pipeline, cross-validation, a grid search and an honest test."""

# %% The data: 1,797 images of 8 x 8 pixels. A fifth is locked away until the very end.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay, classification_report
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchClassifier
from skscratch.inspection import LossCurveDisplay

began = perf_counter()

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)

# %% A pipeline, so that the scaler only ever learns from the data that the network learns from.
pipeline = make_pipeline(
    StandardScaler(),
    MLPScratchClassifier(hidden_layer_sizes=(64,), early_stopping=True, random_state=0),
)
folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
scores = cross_val_score(pipeline, X_train, y_train, cv=folds)
print(f"Accuracy in 5 folds: {scores.mean():.3f} +- {scores.std():.3f}")

# %% Which optimizer, and how strong a penalty on the weights?
search = GridSearchCV(
    pipeline,
    {
        "mlpscratchclassifier__solver": ["adam", "rmsprop"],
        "mlpscratchclassifier__learning_rate_init": [0.001, 0.003, 0.01],
        "mlpscratchclassifier__weight_regularizer_l2": [0.0, 1e-4, 1e-3],
    },
    cv=folds,
)
search.fit(X_train, y_train)
print(f"Best of {len(search.cv_results_['params'])} settings: {search.best_score_:.3f} with")
for name, value in search.best_params_.items():
    print(f"    {name.removeprefix('mlpscratchclassifier__')} = {value}")

# %% The digits that were locked away, once.
print(f"\nOn {len(y_test)} digits never seen before:\n")
print(classification_report(y_test, search.predict(X_test)))

# %% How the best network learned, and what it confuses.
figure, (curves, matrix) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
LossCurveDisplay.from_estimator(search.best_estimator_, metrics="validation_score", ax=curves)
curves.set(title="Learning digits")
curves.xaxis.get_major_locator().set_params(integer=True)
ConfusionMatrixDisplay.from_estimator(
    search, X_test, y_test, ax=matrix, colorbar=False, cmap="Blues"
)
matrix.set(title=f"{len(y_test)} test digits, {search.score(X_test, y_test):.1%} right")

path = Path(__file__).parent / "figures" / "quickstart.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=120)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
