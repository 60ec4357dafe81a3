"""Callbacks: progress bars, custom callbacks, tracking with MLflow, and pruning with Optuna."""

# %% Callbacks of scikit-learn (1.9 or later, experimental) are called before and after each epoch.
# MLflow and Optuna are optional: `pip install mlflow optuna`.
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
from sklearn.callback import ProgressBar
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from skscratch import MLPScratchClassifier
from skscratch.callbacks import without_callbacks

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
try:
    import mlflow
except ImportError:
    mlflow = None
try:
    import optuna
except ImportError:
    optuna = None

X, y = load_digits(return_X_y=True)
X_train, X_rest, y_train, y_rest = train_test_split(X / 16, y, test_size=0.4, random_state=0)
X_val, X_test, y_val, y_test = train_test_split(X_rest, y_rest, test_size=0.5, random_state=0)


# %% `ProgressBar` of scikit-learn displays the progress of a fit, with one step for each epoch. It
# requires rich, and in notebooks also ipywidgets.
clf = MLPScratchClassifier((64,), max_iter=60, tol=0, random_state=0)
clf.set_callbacks(ProgressBar()).fit(X_train, y_train)

# %% In a search, it displays the progress of the search and, by default, of the fits.
# `max_propagation_depth=0` displays the search only.
search = GridSearchCV(
    MLPScratchClassifier((64,), max_iter=20, tol=0, random_state=0),
    {"learning_rate_init": [0.001, 0.003, 0.01], "dropout": [0, 0.2]},
    cv=3,
)
search.set_callbacks(ProgressBar(max_propagation_depth=0)).fit(X_train, y_train)
print(f"Best parameters: {search.best_params_}")


# %% A custom callback is a class with four methods. `fitted_estimator` is the estimator after the
# epoch, with its attributes such as `coefs_` and `history_`. `WeightNorms` records the norm of the
# weights of each layer.
class Callback:
    """Base class with the methods that scikit-learn calls."""

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        pass

    def teardown(self, estimator, context):
        pass


class WeightNorms(Callback):
    def __init__(self):
        self.norms = []

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            self.norms.append([np.linalg.norm(weights) for weights in fitted_estimator.coefs_])


norms = {}
for penalty in (0, 0.003):
    callback = WeightNorms()
    clf = MLPScratchClassifier(
        (64,), weight_regularizer_l2=penalty, max_iter=60, tol=0, random_state=0
    )
    clf.set_callbacks(callback).fit(X_train, y_train)
    norms[penalty] = np.array(callback.norms)
    print(f"L2 penalty {penalty}: norms of the layers {norms[penalty][-1].round(1)}")


# %% MLflow. `mlflow.sklearn.autolog` logs estimators of scikit-learn after the fit. A callback logs
# any estimator during the fit: its parameters, the history of each epoch, and the fitted model.
class MLflowLogger(Callback):
    def setup(self, estimator, context):
        mlflow.log_params(estimator.get_params())

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            last = {name: values[-1] for name, values in fitted_estimator.history_.items()}
            mlflow.log_metrics(last, step=context.task_id)
        else:
            model = without_callbacks(fitted_estimator)
            types = ["skscratch.estimators.classifier.MLPScratchClassifier"]
            mlflow.sklearn.log_model(model, name="model", skops_trusted_types=types)


if mlflow is None:
    print("MLflow is not installed: pip install mlflow")
else:
    # A temporary folder instead of a server.
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.create_experiment("digits", artifact_location=Path(folder).as_uri())
        mlflow.set_experiment("digits")
        clf = MLPScratchClassifier((64,), dropout=0.3, max_iter=40, tol=0, random_state=0)
        with mlflow.start_run() as run:
            clf.set_callbacks(MLflowLogger()).fit(X_train, y_train, X_val=X_val, y_val=y_val)
        stored = mlflow.get_run(run.info.run_id)
        model = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
        print(f"MLflow: {len(stored.data.params)} parameters, {len(stored.data.metrics)} curves")
        print(f"    validation accuracy of the stored model {model.score(X_val, y_val):.3f}")


# %% Optuna. The callback reports the validation loss of each epoch. The pruner compares it with the
# losses of earlier trials in the same epoch, and an exception stops the fit.
class Pruning(Callback):
    def __init__(self, trial):
        self.trial = trial

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            loss = fitted_estimator.history_["validation_loss"][-1]
            self.trial.report(loss, step=context.task_id)
            if self.trial.should_prune():
                raise optuna.TrialPruned


def make_network(parameters):
    return MLPScratchClassifier(
        (64,), max_iter=30, tol=0, n_iter_no_change=30, random_state=0, **parameters
    )


def objective(trial):
    clf = make_network(
        {
            "learning_rate_init": trial.suggest_float("learning_rate_init", 1e-4, 1e-1, log=True),
            "batch_size": trial.suggest_int("batch_size", 32, 256, log=True),
            "dropout": trial.suggest_float("dropout", 0, 0.6),
        }
    )
    clf.set_callbacks(Pruning(trial)).fit(X_train, y_train, X_val=X_val, y_val=y_val)
    return clf.history_["validation_loss"][-1]


trials = []
if optuna is None:
    print("Optuna is not installed: pip install optuna")
else:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=3),
    )
    study.optimize(objective, n_trials=25)
    for trial in study.trials:
        is_pruned = trial.state == optuna.trial.TrialState.PRUNED
        trials.append((list(trial.intermediate_values.values()), is_pruned))
    n_epochs = sum(len(losses) for losses, _ in trials)
    n_pruned = sum(is_pruned for _, is_pruned in trials)
    print(
        f"Optuna: {n_pruned} of {len(trials)} trials pruned, {n_epochs} epochs instead of", end=" "
    )
    print(30 * len(trials))
    best = make_network(study.best_params).fit(X_train, y_train)
    print(f"    test accuracy with the best parameters {best.score(X_test, y_test):.3f}")

# %% The figure shows the norms of the weights and, with Optuna, the losses of the trials.
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for (penalty, values), style in zip(norms.items(), ("-", "--"), strict=True):
    for layer, color in enumerate(("tab:blue", "tab:orange")):
        label = f"layer {layer}, L2 penalty {penalty}"
        left.plot(range(1, 61), values[:, layer], style, color=color, label=label)
left.set(xlabel="epoch", ylabel="norm of the weights", title="Recorded by a custom callback")
left.set_ylim(3, 14)
left.legend()
for losses, is_pruned in trials:
    color = "tab:red" if is_pruned else "tab:blue"
    right.plot(range(1, len(losses) + 1), losses, color=color, alpha=0.6, linewidth=1)
right.plot([], [], color="tab:red", label="pruned")
right.plot([], [], color="tab:blue", label="complete")
right.set(xlabel="epoch", ylabel="validation loss", title="Trials of Optuna")
right.set_yscale("log")
right.legend()

plt.show()
