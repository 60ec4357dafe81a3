"""Five folds to choose by, all training data to train on, one test: the workflow of the book."""

# %% 1,797 digits. A fifth is the test set, which nothing looks at until everything is decided.
from pathlib import Path
from time import perf_counter

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skscratch import MLPScratchClassifier

began = perf_counter()

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)

# %% A setting is trained five times, each time without one of five folds, and validated on that
# fold. The scaler is part of the pipeline, so that it never sees the fold that is validated on.
pipeline = make_pipeline(
    MinMaxScaler(),
    MLPScratchClassifier(
        hidden_layer_sizes=(64,), batch_size=32, max_iter=20, tol=0, random_state=0
    ),
)
grid = {
    "mlpscratchclassifier__learning_rate_init": [0.0003, 0.001, 0.003, 0.01],
    "mlpscratchclassifier__weight_regularizer_l2": [0, 1e-4, 1e-3],
    "mlpscratchclassifier__dropout": [0, 0.2],
}
folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)

# %% The mean of the five validation scores decides. Two fits run at a time, in threads; the search
# then trains the best setting again, on all training data.
with joblib.parallel_config(backend="threading", n_jobs=2):
    search = GridSearchCV(pipeline, grid, cv=folds).fit(X_train, y_train)
results = search.cv_results_
order = np.argsort(-results["mean_test_score"], kind="stable")
scores = np.array([results[f"split{fold}_test_score"] for fold in range(5)]).T[order]


def describe(params):
    """Return a setting in few words."""
    rate, l2, dropout = (params[name] for name in grid)
    return f"{rate:g}, {l2:g}, {dropout:g}"


print(f"{len(order)} settings, {scores.size} networks. Mean accuracy of the five folds:")
for rank in (0, 1, 2, len(order) - 1):
    params = results["params"][order[rank]]
    print(f"{rank + 1:>5}. {scores[rank].mean():.4f}  rate, L2, dropout = {describe(params)}")

# %% The book's last step: the test set, once. It is the only score that nothing was chosen by.
accuracy = search.score(X_test, y_test)
print(f"Test accuracy {accuracy:.4f}, of the network trained on all {len(y_train)} digits")

# %% Every fold of every setting. The folds of one setting differ by more than the settings do among
# the best: what is best in one fold is luck, what is best in the mean is less so.
figure, ax = plt.subplots(figsize=(9, 6.5), layout="constrained")
height = -np.arange(len(order))
ax.plot(scores, np.tile(height[:, np.newaxis], 5), "o", color="tab:blue", alpha=0.35, markersize=5)
ax.plot(scores.mean(axis=1), height, "|", color="black", markersize=13, markeredgewidth=2)
ax.axvline(accuracy, color="tab:orange", label=f"test accuracy of the best, {accuracy:.3f}")
ax.plot([], [], "o", color="tab:blue", alpha=0.35, label="validation accuracy in a fold")
ax.plot([], [], "|", color="black", markersize=13, markeredgewidth=2, label="mean of the folds")
ax.set_yticks(height, [describe(results["params"][index]) for index in order])
ax.set(
    xlabel="accuracy", ylabel="learning rate, L2, dropout", title="Choose by the mean, test once"
)
ax.legend(loc="upper left")

path = Path(__file__).parent / "figures" / "kfold_workflow.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
