"""Grid search: nested cross-validation, and the uncertainty of the best score."""

# %% The grid is a dict of parameter names, prefixed with the name of the pipeline's step, and their
# values. Each combination is trained once for each fold.
import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skscratch import MLPScratchClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, stratify=y, random_state=0)
pipeline = make_pipeline(
    MinMaxScaler(),
    MLPScratchClassifier(alpha=0, batch_size=64, max_iter=20, tol=0, random_state=0),
)
neurons, rates, penalties = [16, 64], [0.001, 0.003, 0.01, 0.03], [0, 1e-3, 1e-2]
grid = {
    "mlpscratchclassifier__hidden_layer_sizes": [(n,) for n in neurons],
    "mlpscratchclassifier__learning_rate_init": rates,
    "mlpscratchclassifier__weight_regularizer_l2": penalties,
}
folds = StratifiedKFold(n_splits=3, shuffle=True, random_state=0)
search = GridSearchCV(pipeline, grid, cv=folds)

# %% Two fits run at a time, in threads of this process, which start faster than processes. The
# scores do not depend on the backend.
with joblib.parallel_config(backend="threading", n_jobs=2):
    search.fit(X_train, y_train)

# %% `cv_results_` contains the scores of each combination. The standard error of a mean score is
# estimated from the folds. All combinations within one standard error of the best are practically
# equivalent.
results = search.cv_results_
means = results["mean_test_score"]
errors = results["std_test_score"] / np.sqrt(folds.get_n_splits())
order = means.argsort()[::-1]
n_equivalent = np.sum(means >= means[order[0]] - errors[order[0]])
print(f"{len(means)} combinations, {n_equivalent} within one standard error of the best")
for index in order[:5]:
    values = [str(value) for value in results["params"][index].values()]
    print(f"    {means[index]:.3f} +- {errors[index]:.3f}  {', '.join(values)}")

# %% The best score is optimistically biased, because the combination was selected by it. Nested
# cross-validation estimates the score of the whole procedure: it runs a search in each training set
# of an outer cross-validation.
with joblib.parallel_config(backend="threading", n_jobs=2):
    nested = cross_val_score(search, X_train, y_train, cv=folds)
print(f"\nBest score of the search      {search.best_score_:.3f}")
print(f"Nested cross-validation       {nested.mean():.3f}")

# %% The search has trained the best combination on all training data. It is evaluated on the test
# data.
print(f"Test accuracy                 {search.score(X_test, y_test):.3f}")

# %% The figure shows the scores as heat maps, and all combinations in order with their standard
# errors.
figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), width_ratios=[1, 1, 1.4], layout="constrained")
figure.get_layout_engine().set(wspace=0.04)
colors = plt.get_cmap("YlGn").with_extremes(under="lightgray")
maps = means.reshape(len(neurons), len(rates), len(penalties))
for ax, n, accuracies in zip(axes, neurons, maps, strict=False):
    image = ax.imshow(accuracies, cmap=colors, vmin=0.9, vmax=0.97)
    for (row, column), accuracy in np.ndenumerate(accuracies):
        color = "white" if accuracy > 0.945 else "black"
        ax.text(column, row, f"{accuracy:.3f}", ha="center", va="center", color=color)
    ax.set_xticks(range(len(penalties)), penalties)
    ax.set_yticks(range(len(rates)), rates)
    ax.set(xlabel="weight_regularizer_l2", title=f"{n} neurons")
axes[0].set_ylabel("learning_rate_init", labelpad=10)
figure.colorbar(
    image, ax=axes[:2], label="mean accuracy (gray: below 0.90)", extend="min", shrink=0.9
)
axes[2].errorbar(range(1, len(means) + 1), means[order], errors[order], fmt="o", capsize=2)
axes[2].axhline(nested.mean(), color="black", linestyle=":", label="nested cross-validation")
axes[2].set(xlabel="rank", ylabel="mean accuracy and standard error")
axes[2].set_title("All combinations")
axes[2].legend()

plt.show()
