"""Track a training with MLflow: parameters, curves and the model, by a callback of ten lines."""

# %% Here everything goes to a folder that is thrown away; set_tracking_uri names your own server.
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skscratch import MLPScratchClassifier
from skscratch.callbacks import without_callbacks

began = perf_counter()

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
try:
    import mlflow
except ImportError:
    print("This example needs mlflow: pip install mlflow")
    sys.exit()


# %% mlflow.sklearn.autolog() logs scikit-learn's own estimators and whatever is inside of its
# pipelines and searches, once, after the fit. A callback logs any estimator, while it is fitted.
class MLflowLogger:
    def setup(self, estimator, context):
        mlflow.log_params(estimator.get_params())

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            last = {name: values[-1] for name, values in fitted_estimator.history_.items()}
            mlflow.log_metrics(last, step=context.task_id)
        else:
            model = without_callbacks(fitted_estimator)
            mlflow.sklearn.log_model(model, name="model", skops_trusted_types=TYPES)

    def teardown(self, estimator, context):
        pass


TYPES = ["skscratch.estimators.classifier.MLPScratchClassifier"]

# %% Two runs, with a validation set whose loss and score are recorded too.
X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X / 16, y, stratify=y, random_state=0)
curves = {}
with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.create_experiment("digits", artifact_location=Path(folder).as_uri())
    mlflow.set_experiment("digits")
    for dropout in (0.0, 0.3):
        clf = MLPScratchClassifier((64,), dropout=dropout, max_iter=60, tol=0, random_state=0)
        with mlflow.start_run() as run:
            clf.set_callbacks(MLflowLogger()).fit(X_train, y_train, X_val=X_val, y_val=y_val)

        # What MLflow knows of it now.
        stored = mlflow.get_run(run.info.run_id)
        model = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
        print(
            f"dropout={stored.data.params['dropout']}: {len(stored.data.params)} parameters, "
            f"{len(stored.data.metrics)} curves, a model with accuracy "
            f"{model.score(X_val, y_val):.3f}"
        )
        for name in ("data_loss", "validation_loss"):
            history = mlflow.MlflowClient().get_metric_history(run.info.run_id, name)
            curves[dropout, name] = [metric.value for metric in history]

# %% The curves, as they came back.
figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for ax, dropout in zip(axes, (0.0, 0.3), strict=True):
    for name in ("data_loss", "validation_loss"):
        ax.plot(curves[dropout, name], label=name)
    ax.set(xlabel="epoch", title=f"dropout={dropout}", yscale="log")
axes[0].set_ylabel("loss")
axes[0].legend()

path = Path(__file__).parent / "figures" / "mlflow_tracking.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
