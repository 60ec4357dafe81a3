"""Cross-validation: model selection, the uncertainty of scores, and the final test."""

# %% A fifth of the digits is the test set. It is used once, after all decisions. All decisions are
# made with the remaining digits.
import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import (
    GridSearchCV,
    LearningCurveDisplay,
    ShuffleSplit,
    StratifiedKFold,
    ValidationCurveDisplay,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skscratch import MLPScratchClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
print(f"{len(X_train)} digits for training and validation, {len(X_test)} for the test")

network = make_pipeline(
    MinMaxScaler(),
    MLPScratchClassifier(
        hidden_layer_sizes=(32,),
        learning_rate_init=0.005,
        batch_size=64,
        max_iter=20,
        tol=0,
        random_state=0,
    ),
)

# %% The score on a single validation set depends on the split. Here, the same network is validated
# on twenty random tenths of the data:
splits = ShuffleSplit(n_splits=20, test_size=0.1, random_state=0)
single_scores = cross_val_score(network, X_train, y_train, cv=splits)
print("\nRange of accuracies")
print(f"    20 single splits               {single_scores.min():.3f} to {single_scores.max():.3f}")

# %% k-fold cross-validation divides the data into k parts and validates on each in turn, so that
# every sample is used for validation once. The mean depends less on the split. Here are the means
# for six divisions into five folds:
fold_means = []
for seed in range(6):
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=seed)
    fold_means.append(cross_val_score(network, X_train, y_train, cv=folds).mean())
print(f"    6 means of five folds          {min(fold_means):.3f} to {max(fold_means):.3f}")

# %% The score of a selected model is optimistically biased. These twenty networks differ only in
# their initial weights, and the one with the best validation score is selected. On new data, its
# lead over the mean of all networks is smaller.
X_fit, X_rest, y_fit, y_rest = train_test_split(X_train, y_train, test_size=0.4, random_state=0)
X_val, X_new, y_val, y_new = train_test_split(X_rest, y_rest, test_size=0.5, random_state=0)
scores = []
for seed in range(20):
    candidate = clone(network).set_params(mlpscratchclassifier__random_state=seed)
    candidate.fit(X_fit, y_fit)
    scores.append((candidate.score(X_val, y_val), candidate.score(X_new, y_new)))
lead_val, lead_new = max(scores) - np.mean(scores, axis=0)
print(f"\nLead of the best of {len(scores)} initializations over their mean")
print(f"    on the validation set          {lead_val:.3f}")
print(f"    on new data                    {lead_new:.3f}")

# %% A grid search trains each setting once for each fold. The scaler is part of the pipeline, so it
# is fitted to the training folds only. The mean of the validation scores selects the setting, and
# the search then trains it on all training data. For the best settings, the scores of the folds
# differ more than the means of the settings.
grid = {
    "mlpscratchclassifier__learning_rate_init": [0.001, 0.003, 0.01],
    "mlpscratchclassifier__dropout": [0, 0.2],
    "mlpscratchclassifier__hidden_layer_sizes": [(16,), (64,)],
}
folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
with joblib.parallel_config(backend="threading", n_jobs=2):
    search = GridSearchCV(network, grid, cv=folds).fit(X_train, y_train)
results = search.cv_results_
order = np.argsort(-results["mean_test_score"], kind="stable")
fold_scores = np.array([results[f"split{fold}_test_score"] for fold in range(5)]).T[order]


def describe(params):
    """Return the values of a setting as text."""
    rate, dropout, (n_neurons,) = (params[name] for name in grid)
    return f"{rate:g}, {dropout:g}, {n_neurons}"


print(f"\n{len(order)} settings: mean accuracy; learning rate, dropout, neurons")
for rank in (0, 1, 2, len(order) - 1):
    params = results["params"][order[rank]]
    print(f"    rank {rank + 1:2}  {fold_scores[rank].mean():.3f};  {describe(params)}")

# %% The validation curve of the L2 penalty. The differences between weak penalties are smaller than
# the standard error of the mean. A common rule is to select the strongest penalty whose score is
# within one standard error of the best.
figure, axes = plt.subplots(2, 2, figsize=(11, 8.5), layout="constrained")
(repeated, settings), (penalty, size) = axes
curve = ValidationCurveDisplay.from_estimator(
    network,
    X_train,
    y_train,
    param_name="mlpscratchclassifier__weight_regularizer_l2",
    param_range=np.logspace(-6, -1.5, 6),
    cv=folds,
    ax=penalty,
)
mean = curve.test_scores.mean(axis=1)
error = curve.test_scores.std(axis=1) / np.sqrt(folds.get_n_splits())
best = mean.argmax()
selected = np.flatnonzero(mean >= mean[best] - error[best])[-1]
print("\nL2 penalty")
for name, index in {"best": best, "selected": selected}.items():
    print(f"    {name:8} {curve.param_range[index]:.0e}, accuracy {mean[index]:.3f}", end=" ")
    print(f"+- {error[index]:.3f}")

# %% The learning curve. More data are likely to help if the validation score still increases with
# the number of samples and is lower than the training score.
LearningCurveDisplay.from_estimator(
    network, X_train, y_train, train_sizes=np.linspace(0.1, 1, 5), cv=folds, ax=size
)

# %% After all decisions, the selected network is tested once. No decision was based on this score.
accuracy = search.score(X_test, y_test)
print(f"\nTest accuracy of the selected network: {accuracy:.3f}")

# %% The figure shows repeated validation, the folds of all settings, and both curves.
rng = np.random.default_rng(0)
for row, values in enumerate((single_scores, fold_means)):
    repeated.plot(values, row + rng.uniform(-0.15, 0.15, len(values)), "o", alpha=0.6)
repeated.set_yticks([0, 1], ["single split", "mean of\nfive folds"])
repeated.set(xlabel="accuracy", title="Repeated validation of one network", ylim=(-0.6, 1.6))
rows = -np.arange(len(order))
settings.plot(fold_scores, np.tile(rows[:, np.newaxis], 5), "o", color="tab:blue", alpha=0.35)
settings.plot(fold_scores.mean(axis=1), rows, "k|", markersize=12, markeredgewidth=2)
settings.axvline(accuracy, color="tab:orange", label="test accuracy of the best")
settings.plot([], [], "o", color="tab:blue", alpha=0.35, label="validation accuracy of a fold")
settings.plot([], [], "k|", markersize=12, markeredgewidth=2, label="mean of five folds")
settings.set_yticks(rows, [describe(results["params"][index]) for index in order])
settings.set(xlabel="accuracy", ylabel="learning rate, dropout, neurons", title="Grid search")
settings.legend(loc="upper left", fontsize="small")
penalty.axvline(curve.param_range[selected], color="black", linestyle=":", zorder=0)
penalty.set(xlabel="weight_regularizer_l2", title="Validation curve (dotted: selected)")
size.set(xlabel="number of training samples", title="Learning curve")
for ax in (penalty, size):
    ax.set_ylabel("accuracy, mean and standard deviation")
    ax.legend(ax.lines[:2], ["training folds", "validation fold"])

plt.show()
