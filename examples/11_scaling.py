"""Scaling: a scaler is part of the model."""

# %% Chemical analyses of 178 wines from three growers. The 13 features have different units, and
# their magnitudes differ by a factor of a thousand.
import pickle

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from skscratch import MLPScratchClassifier
from skscratch.inspection import LossCurveDisplay

wine = load_wine()
X, y = wine.data, wine.target
for feature in ("proline", "hue", "nonflavanoid_phenols"):
    values = X[:, wine.feature_names.index(feature)]
    print(f"{feature:20} from {values.min():g} to {values.max():g}")

# %% The initial weights assume inputs of a magnitude of about 1. `MaxAbsScaler` divides each
# feature by its largest absolute value; `StandardScaler` also removes the mean. Without a scaler,
# the loss starts at a high value, and the accuracy is lower.
network = MLPScratchClassifier(
    hidden_layer_sizes=(32,), learning_rate_init=0.01, max_iter=100, tol=0, random_state=0
)
folds = StratifiedKFold(n_splits=10, shuffle=True, random_state=0)
models = {
    "no scaler": make_pipeline(network),
    "MaxAbsScaler": make_pipeline(MaxAbsScaler(), network),
    "StandardScaler": make_pipeline(StandardScaler(), network),
}
print("\nCross-validation with ten folds")
for name, model in models.items():
    scores = cross_val_score(model, X, y, cv=folds)
    print(f"    {name:15} accuracy {scores.mean():.3f} +- {scores.std():.3f}")

# %% The scaler is fitted to the training data. New values may exceed 1.
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
model = models["MaxAbsScaler"].fit(X_train, y_train)
print("\nLargest scaled value")
print(f"    training data  {model[0].transform(X_train).max():.2f}")
print(f"    test data      {model[0].transform(X_test).max():.2f}")

# %% Save the pipeline, not only the network, so that the loaded model accepts unscaled data. (Load
# only pickles that you trust.)
saved = pickle.dumps(model)
loaded = pickle.loads(saved)
assert np.array_equal(loaded.predict_proba(X_test), model.predict_proba(X_test))
print(f"\nSaved and loaded: {len(saved) / 1024:.0f} KB, identical probabilities")

# %% Scaling new data with a scaler of their own is wrong, because the result depends on the other
# samples of the batch. Here, each batch contains the wines of one grower.
predicted_in_batches = np.empty(len(y_test))
for grower in range(3):
    batch = X_test[y_test == grower]
    predicted_in_batches[y_test == grower] = loaded[-1].predict(MaxAbsScaler().fit_transform(batch))
accuracies = {
    "training data": loaded.score(X_test, y_test),
    "each batch": np.mean(predicted_in_batches == y_test),
    "no scaler": loaded[-1].score(X_test, y_test),
}
print("\nTest accuracy by the data of the scaler used for prediction")
for name, accuracy in accuracies.items():
    print(f"    {name:15} {accuracy:.3f}")

# %% The figure shows the ranges of the features, training with and without a scaler, and the test
# accuracies by the scaler used for prediction.
figure, (features, losses, predictions) = plt.subplots(
    1, 3, figsize=(12.5, 4), width_ratios=[1.3, 1, 1], layout="constrained"
)
order = X.max(axis=0).argsort()
rows = np.arange(len(order))
for values, label, offset in (
    (X, "original", 0.17),
    (X / X.max(axis=0), "scaled by MaxAbsScaler", -0.17),
):
    least, greatest = values[:, order].min(axis=0), values[:, order].max(axis=0)
    features.barh(rows + offset, greatest - least, left=least, height=0.3, label=label)
features.set_yticks(rows, np.array(wine.feature_names)[order])
features.set(title="Ranges of features", xlabel="value", xscale="log")
features.set_xlim(0.04, 4000)
features.legend()
for name, model in models.items():
    LossCurveDisplay.from_estimator(model.fit(X_train, y_train)[-1], name=name, ax=losses)
losses.set(title="Training", yscale="log")
bars = predictions.bar(accuracies.keys(), accuracies.values(), width=0.5, color="tab:orange")
predictions.bar_label(bars, fmt="%.2f")
predictions.set(title="Trained with MaxAbsScaler", ylim=(0, 1.1))
predictions.set(xlabel="data of the scaler for prediction", ylabel="test accuracy")

plt.show()
