"""Small tables: a network against logistic regression, a random forest and MLPClassifier."""

# %% Two real tables: tumors, benign or malignant, in 30 numbers each, and wines of three growers in
# 13. Nothing is tuned: everybody gets scaled data, and the defaults for the rest.
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchClassifier

began = perf_counter()

tables = {"breast cancer": load_breast_cancer(), "wine": load_wine()}
models = {
    "LogisticRegression": LogisticRegression(),
    "RandomForestClassifier": RandomForestClassifier(random_state=0),
    "MLPClassifier": MLPClassifier(max_iter=500, random_state=0),
    "MLPScratchClassifier": MLPScratchClassifier(max_iter=500, random_state=0),
}

# %% Four folds, the same for everybody. The loss is the cross-entropy: it tells who is sure where
# he is wrong. Times are those of one fit on three folds.
folds = StratifiedKFold(4, shuffle=True, random_state=1)
results = {}
for table, data in tables.items():
    print(f"{table}: {data.data.shape[0]} samples")
    print("                             accuracy              loss        milliseconds a fit")
    for name, model in models.items():
        scores = cross_validate(
            make_pipeline(StandardScaler(), model),
            data.data,
            data.target,
            cv=folds,
            scoring=["accuracy", "neg_log_loss"],
        )
        accuracy, loss = scores["test_accuracy"], -scores["test_neg_log_loss"]
        milliseconds = 1000 * scores["fit_time"]
        results[table, name] = accuracy, loss, milliseconds
        print(
            f"    {name:22} {accuracy.mean():.3f} +- {accuracy.std():.3f}   "
            f"{loss.mean():.3f} +- {loss.std():.3f} {np.median(milliseconds):14.0f}"
        )

# The leads in accuracy are no larger than the differences between folds. With tables like these,
# begin with logistic regression, by far the fastest, and ask a network to do better before you keep
# it. MLPClassifier and MLPScratchClassifier train the same networks, one of them faster.

# %% Dots are means over the folds, bars a standard deviation to both sides.
figure, axes = plt.subplots(1, 3, figsize=(14, 3.6), sharey=True, layout="constrained")
for offset, table in zip((-0.1, 0.1), tables, strict=True):
    positions = np.arange(len(models)) + offset
    for ax, measure in zip(axes, range(3), strict=True):
        values = [results[table, name][measure] for name in models]
        means, deviations = np.mean(values, axis=1), np.std(values, axis=1)
        ax.errorbar(means, positions, xerr=deviations, fmt="o", capsize=3, label=table)
axes[0].set_yticks(range(len(models)), models)
axes[0].invert_yaxis()
axes[1].locator_params("x", nbins=6)
axes[2].legend(loc="upper right")
figure.suptitle("Mean and standard deviation over four folds", fontsize="medium")
for ax, label in zip(axes, ("accuracy", "loss", "milliseconds for a fit"), strict=True):
    ax.set_xlabel(label)
axes[2].set_xscale("log")

path = Path(__file__).parent / "figures" / "24_tabular.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
