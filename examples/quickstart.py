"""Quickstart: a pipeline, cross-validation, a grid search, and a final test."""

# %% The data: 1,797 images of 8 x 8 pixels. A fifth is held out for the final test.
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

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)

# %% In a pipeline, the scaler is fitted to the same data as the network.
pipeline = make_pipeline(
    StandardScaler(),
    MLPScratchClassifier(hidden_layer_sizes=(64,), early_stopping=True, random_state=0),
)
folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
scores = cross_val_score(pipeline, X_train, y_train, cv=folds)
print(f"Accuracy in 5 folds: {scores.mean():.3f} +- {scores.std():.3f}")

# %% A search over the optimizer and the learning rate.
search = GridSearchCV(
    pipeline,
    {
        "mlpscratchclassifier__solver": ["adam", "rmsprop"],
        "mlpscratchclassifier__learning_rate_init": [0.001, 0.003, 0.01],
    },
    cv=folds,
)
search.fit(X_train, y_train)
print(f"Best of {len(search.cv_results_['params'])} settings: {search.best_score_:.3f} with")
for name, value in search.best_params_.items():
    print(f"    {name.removeprefix('mlpscratchclassifier__')} = {value}")

# %% The final test on the held-out digits.
print(f"\n{len(y_test)} test digits:\n")
print(classification_report(y_test, search.predict(X_test)))

# %% The figure shows the loss curve of the best network and its confusion matrix.
figure, (curves, matrix) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
LossCurveDisplay.from_estimator(search.best_estimator_, metrics="validation_score", ax=curves)
curves.set(title="Training of the best network")
ConfusionMatrixDisplay.from_estimator(
    search, X_test, y_test, ax=matrix, colorbar=False, cmap="Blues"
)
matrix.set(title=f"{len(y_test)} test digits, accuracy {search.score(X_test, y_test):.1%}")

plt.show()
