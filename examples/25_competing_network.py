"""A network that competes: a recipe for tables, an ensemble, calibration."""

# %% Three tables. Two are real, and small; half of each is for the test. The third is synthetic:
# four classes, each of several clouds, in 20 columns, with 10,000 rows to test on.
import warnings
from pathlib import Path
from time import perf_counter

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skscratch import MLPScratchClassifier

began = perf_counter()

synthetic = make_classification(
    n_samples=13_000,
    n_features=20,
    n_informative=12,
    n_redundant=4,
    n_classes=4,
    n_clusters_per_class=4,
    flip_y=0.05,
    random_state=1,
)
tables = {
    "breast cancer": (*load_breast_cancer(return_X_y=True), 0.5),
    "digits": (*load_digits(return_X_y=True), 0.5),
    "synthetic": (*synthetic, 10_000),
}

# %% The recipe: scaled inputs, and wider and more layers than the table seems to need, with a
# smooth activation. AdamW with a strong decay of the weights, and dropout, keep them from learning
# it by heart. The learning rate begins high and falls to 0 along a cosine, so that nothing has to
# be held out to say when to stop. It was found on other synthetic tables; nothing is tuned here.
recipe = MLPScratchClassifier(
    hidden_layer_sizes=(256, 256, 256),
    activation="silu",
    solver="adamw",
    weight_decay=0.05,
    learning_rate="cosine",
    learning_rate_init=0.003,
    dropout=0.2,
    batch_size=100,
    max_iter=20,
    tol=0,
    random_state=0,
)

# %% The ensemble: the mean of three such networks with different seeds. Their errors differ, so the
# mean has a smaller error.
models = {
    "LogisticRegression": LogisticRegression(max_iter=1000),
    "HistGradientBoosting": HistGradientBoostingClassifier(random_state=0),
    "network, defaults": MLPScratchClassifier(random_state=0),
    "network, recipe": recipe,
    "three networks": BaggingClassifier(recipe, 3, bootstrap=False, random_state=0),
}

# %% Each model has one thread, except for the ensemble, whose networks are trained in two threads.
# +- is the standard error of the accuracy on that many rows: differences below twice the error may
# be due to chance.
warnings.simplefilter("ignore", ConvergenceWarning)  # the defaults stop after 200 epochs


def probabilities_of(model, X):
    """Return probabilities, as exact as the networks' numbers are."""
    with threadpool_limits(1):
        return model.predict_proba(X).astype(np.float32)


def too_sure(probabilities, y):
    """Return by how much predictions are surer than right."""
    return np.mean(probabilities.max(axis=1) - (probabilities.argmax(axis=1) == y))


results, splits, fitted, predicted = {}, {}, {}, {}
for table, (X, y, test_size) in tables.items():
    X_train, X_test, y_train, y_test = splits[table] = train_test_split(
        X.astype(np.float32), y, test_size=test_size, stratify=y, random_state=0
    )
    print(f"{table}: {len(X_train):,} rows to train on, {len(X_test):,} to test on")
    print("                          accuracy          loss   seconds")
    for name, model in models.items():
        pipeline = make_pipeline(StandardScaler(), clone(model))
        start = perf_counter()
        with threadpool_limits(1), joblib.parallel_config(backend="threading", n_jobs=2):
            pipeline.fit(X_train, y_train)
        seconds = perf_counter() - start
        probabilities = probabilities_of(pipeline, X_test)
        accuracy = np.mean(probabilities.argmax(axis=1) == y_test)
        error = np.sqrt(accuracy * (1 - accuracy) / len(y_test))
        loss = log_loss(y_test, probabilities)
        fitted[table, name], predicted[table, name] = pipeline, probabilities
        results[table, name] = accuracy, error, loss, seconds
        print(f"    {name:20}  {accuracy:.3f} +- {error:.3f}   {loss:.3f} {seconds:9.2f}")

# The synthetic table is made of clouds, and networks are at home there: trees cut along the
# columns, and clouds do not lie along them. On the real ones nobody is ahead by more than luck. One
# has to try, and logistic regression first.

# %% Are the probabilities honest? Of the predictions that are made with a probability of 0.9, nine
# out of ten should be right. Networks and boosted trees are often surer than that. A thousand rows
# that were not trained on tell by how much; CalibratedClassifierCV divides the logits by the one
# number that makes those rows most probable. It changes no decision.
_, X_test, _, y_test = splits["synthetic"]
X_tune, X_new, y_tune, y_new = X_test[:1000], X_test[1000:], y_test[:1000], y_test[1000:]
curves = {}
print("\nSynthetic                  loss   too sure by   calibrated: loss   too sure by")
for name in list(models)[1:]:
    model = fitted["synthetic", name]
    calibrated = CalibratedClassifierCV(FrozenEstimator(model), method="temperature")
    with threadpool_limits(1):
        calibrated.fit(X_tune, y_tune)
    before, after = predicted["synthetic", name][1000:], probabilities_of(calibrated, X_new)
    print(f"    {name:20} {log_loss(y_new, before):6.3f} {too_sure(before, y_new):+13.3f}", end="")
    print(f" {log_loss(y_new, after):18.3f} {too_sure(after, y_new):+13.3f}")
    for probabilities, label in ((before, name), (after, f"{name}, calibrated")):
        tenths = np.array_split(probabilities.max(axis=1).argsort(), 10)
        right = probabilities.argmax(axis=1) == y_new
        curves[label] = [
            (probabilities[rows].max(axis=1).mean(), right[rows].mean()) for rows in tenths
        ]

# %% Accuracies with their standard errors, losses, times, and probabilities against what came true.
figure, axes = plt.subplots(1, 4, figsize=(16, 4.2), layout="constrained")
positions = np.arange(len(models))
for offset, table in zip((-0.15, 0, 0.15), tables, strict=True):
    accuracies, errors, losses, seconds = np.array([results[table, name] for name in models]).T
    axes[0].errorbar(accuracies, positions + offset, xerr=2 * errors, fmt="o", label=table)
    axes[1].plot(losses, positions + offset, "o")
    axes[2].plot(seconds, positions + offset, "o")
axes[0].set(xlabel="accuracy, +- two standard errors")
axes[1].set(xlabel="log loss", xscale="log")
axes[2].set(xlabel="seconds to fit", xscale="log")
for ax in axes[:3]:
    ax.set_yticks(positions, models if ax is axes[0] else [])
    ax.invert_yaxis()
axes[0].legend(loc="lower left")
for name, color in {"network, defaults": "tab:purple", "three networks": "tab:brown"}.items():
    axes[3].plot(*np.transpose(curves[name]), "o-", color=color, label=name)
    axes[3].plot(
        *np.transpose(curves[f"{name}, calibrated"]),
        "o:",
        color=color,
        mfc="white",
        label="calibrated",
    )
axes[3].plot([0.3, 1], [0.3, 1], color="black", linewidth=0.8, label="as sure as right")
axes[3].set(xlabel="probability given to the prediction", ylabel="share that is right")
axes[3].set_title("Synthetic, tenths of the test rows", fontsize="medium")
axes[3].legend()

path = Path(__file__).parent / "figures" / "25_competing_network.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
