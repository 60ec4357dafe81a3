"""Scaling: inputs between -1 and 1, by a scaler that is part of the model."""

# %% Chemical analyses of 178 wines of three growers. Each of the 13 features has a unit of its own,
# and their values lie orders of magnitude apart.
import pickle
import warnings
from pathlib import Path
from textwrap import fill
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from skscratch import MLPScratchClassifier
from skscratch.inspection import LossCurveDisplay

began = perf_counter()

wine = load_wine()
X, y = wine.data, wine.target
for feature in ("proline", "hue", "nonflavanoid_phenols"):
    values = X[:, wine.feature_names.index(feature)]
    print(f"{feature:20} from {values.min():g} to {values.max():g}")

# %% A network's first weights are drawn as if all inputs were about 1. Dividing each feature by its
# greatest absolute value brings it into [-1, 1]; StandardScaler takes off its mean as well. Without
# a scaler the loss can become so bad that the network warns of it.
network = MLPScratchClassifier(
    hidden_layer_sizes=(32,), learning_rate_init=0.01, max_iter=100, tol=0, random_state=0
)
folds = StratifiedKFold(n_splits=10, shuffle=True, random_state=0)
models = {
    "no scaler": make_pipeline(network),
    "MaxAbsScaler": make_pipeline(MaxAbsScaler(), network),
    "StandardScaler": make_pipeline(StandardScaler(), network),
}
print("\nTen folds")
for name, model in models.items():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scores = cross_val_score(model, X, y, cv=folds)
    print(f"    {name:15} accuracy {scores.mean():.3f} +- {scores.std():.3f}")
    for warning in caught[:1]:
        print(fill(str(warning.message), 96, initial_indent=" " * 8, subsequent_indent=" " * 8))

# %% The scale is learned from the training data, as the weights are. New data may well lie beyond
# [-1, 1]; they are no less right for that.
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
model = models["MaxAbsScaler"].fit(X_train, y_train)
print("\nThe greatest scaled value")
print(f"    in the training data  {model[0].transform(X_train).max():.2f}")
print(f"    in the test data      {model[0].transform(X_test).max():.2f}")

# %% And it has to be saved, as the weights have: save the pipeline, not the network. What is loaded
# takes wines as they come from the laboratory. (Load only pickles of your own.)
saved = pickle.dumps(model)
loaded = pickle.loads(saved)
assert np.array_equal(loaded.predict_proba(X_test), model.predict_proba(X_test))
print(f"Saved in {len(saved) / 1024:.0f} KB and loaded: the same probabilities")

# %% To scale new data by themselves is another function than the one the network was trained on:
# what comes out depends on what else is in the batch. Here, one grower's wines are in each.
own = np.empty(len(y_test))
for grower in range(3):
    batch = X_test[y_test == grower]
    own[y_test == grower] = loaded[-1].predict(MaxAbsScaler().fit_transform(batch))
accuracies = {
    "training's": loaded.score(X_test, y_test),
    "each batch's": np.mean(own == y_test),
    "none": loaded[-1].score(X_test, y_test),
}
print("\nThe scaler at prediction")
for name, accuracy in accuracies.items():
    print(f"    {name:15} accuracy {accuracy:.3f}")

# %% The features before and after, training with and without a scaler, and the three predictions.
figure, (features, losses, predictions) = plt.subplots(
    1, 3, figsize=(15, 4.5), width_ratios=[1.3, 1, 1], layout="constrained"
)
order = X.max(axis=0).argsort()
rows = np.arange(len(order))
for values, label, offset in (
    (X, "as measured", 0.17),
    (X / X.max(axis=0), "divided by the greatest", -0.17),
):
    least, greatest = values[:, order].min(axis=0), values[:, order].max(axis=0)
    features.barh(rows + offset, greatest - least, left=least, height=0.3, label=label)
features.set_yticks(rows, np.array(wine.feature_names)[order])
features.set(title="From the least value to the greatest", xlabel="value", xscale="log")
features.set_xlim(0.04, 4000)
features.legend()
for name, model in models.items():
    LossCurveDisplay.from_estimator(model.fit(X_train, y_train)[-1], name=name, ax=losses)
losses.set(title="Training", yscale="log")
bars = predictions.bar(accuracies.keys(), accuracies.values(), width=0.5, color="tab:orange")
predictions.bar_label(bars, fmt="%.2f")
predictions.set(title="The network trained with MaxAbsScaler", ylim=(0, 1.1))
predictions.set(xlabel="scaler at prediction", ylabel="test accuracy")

path = Path(__file__).parent / "figures" / "11_scaling.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
