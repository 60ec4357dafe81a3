"""End what is not worth its epochs: Optuna prunes trials by a callback."""

# %% Forty settings of a network for handwritten digits are tried; most are seen to be bad early.
import sys
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skscratch import MLPScratchClassifier

began = perf_counter()

try:
    import optuna
except ImportError:
    print("This example needs optuna: pip install optuna")
    sys.exit()

X, y = load_digits(return_X_y=True)
X_train, X_rest, y_train, y_rest = train_test_split(X / 16, y, test_size=0.4, random_state=0)
X_val, X_test, y_val, y_test = train_test_split(X_rest, y_rest, test_size=0.5, random_state=0)


# %% After every epoch the callback reports the loss on the validation set. The pruner compares it
# with those of earlier trials in the same epoch; an exception ends the fit.
class Pruning:
    def __init__(self, trial):
        self.trial = trial

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            loss = fitted_estimator.history_["validation_loss"][-1]
            self.trial.report(loss, step=context.task_id)
            if self.trial.should_prune():
                raise optuna.TrialPruned

    def teardown(self, estimator, context):
        pass


def network(parameters):
    return MLPScratchClassifier((64,), max_iter=50, tol=0, random_state=0, **parameters)


def objective(trial):
    clf = network(
        {
            "learning_rate_init": trial.suggest_float("learning_rate_init", 1e-4, 1e-1, log=True),
            "batch_size": trial.suggest_int("batch_size", 16, 256, log=True),
            "dropout": trial.suggest_float("dropout", 0, 0.6),
            "activation": trial.suggest_categorical("activation", ["relu", "silu", "tanh"]),
        }
    )
    clf.set_callbacks(Pruning(trial))
    clf.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    return clf.history_["validation_loss"][-1]


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=3),
)
study.optimize(objective, n_trials=40)

curves = [list(trial.intermediate_values.values()) for trial in study.trials]
pruned = [trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials]
n_epochs = sum(map(len, curves))
print(f"{len(curves)} trials, {sum(pruned)} of them pruned: {n_epochs} epochs", end=" ")
print(f"instead of {50 * len(curves)}")
best = network(study.best_params).fit(X_train, y_train)
print(f"Best: {study.best_params}")
print(f"On {len(y_test)} digits that no trial has seen: {best.score(X_test, y_test):.3f}")

# %% What was trained to its end, and what was not.
figure, (losses, epochs) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for curve, was_pruned in zip(curves, pruned, strict=True):
    losses.plot(
        range(1, len(curve) + 1),
        curve,
        color="tab:red" if was_pruned else "tab:blue",
        alpha=0.6,
        linewidth=1,
    )
losses.plot([], [], color="tab:red", label="pruned")
losses.plot([], [], color="tab:blue", label="trained to the end")
losses.set(xlabel="epoch", ylabel="validation loss", yscale="log", title="Forty trials")
losses.legend()
epochs.bar(
    range(1, len(curves) + 1),
    [len(curve) for curve in curves],
    color=["tab:red" if was_pruned else "tab:blue" for was_pruned in pruned],
)
epochs.set(xlabel="trial", ylabel="epochs", title=f"{n_epochs} epochs of {50 * len(curves)}")

path = Path(__file__).parent / "figures" / "optuna_pruning.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
