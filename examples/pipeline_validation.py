"""A validation set through a pipeline, scaled by the scaler that the training set was fitted to."""

# %% Thirty columns of measurements, of very different sizes: a network needs them scaled.
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn import set_config
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchClassifier

X, y = load_breast_cancer(return_X_y=True)
X_train, X_rest, y_train, y_rest = train_test_split(X, y, test_size=0.6, random_state=0)
X_val, X_test, y_val, y_test = train_test_split(X_rest, y_rest, test_size=0.5, random_state=0)

network = MLPScratchClassifier(
    (32,), early_stopping=True, scoring="loss", learning_rate_init=0.003, random_state=0
)

# %% The way that fails in silence. The pipeline hands `network__X_val` on as it is,
# and the network, which has seen scaled columns, is measured on raw ones. Nobody can tell by the
# numbers alone that they should have been scaled: there is no error.
wrong = Pipeline([("scale", StandardScaler()), ("network", clone(network))])
wrong.fit(X_train, y_train, network__X_val=X_val, network__y_val=y_val)
wrong = wrong.named_steps["network"]

# %% The way that works has three parts: routing is switched on; the network asks for both
# arguments; and the pipeline is told what is to be transformed on its way to it, as X is.
set_config(enable_metadata_routing=True)
pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("network", network.set_fit_request(X_val=True, y_val=True)),
    ],
    transform_input=["X_val"],
)
pipeline.fit(X_train, y_train, X_val=X_val, y_val=y_val)
right = pipeline.named_steps["network"]

# What early stopping watched is what the pipeline itself makes of the validation set.
probabilities = pipeline.predict_proba(X_val)[np.arange(len(y_val)), y_val]
assert np.isclose(-np.log(probabilities).mean(), -right.best_validation_score_)

for name, fitted in (("raw", wrong), ("scaled", right)):
    accuracy = fitted.score(pipeline[:-1].transform(X_test), y_test)
    print(
        f"Validated on {name} columns: loss {-fitted.best_validation_score_:.3f} after epoch "
        f"{np.argmax(fitted.validation_scores_) + 1} of {fitted.n_iter_}, "
        f"accuracy on the test set {accuracy:.3f}"
    )

# %% The figure: the loss that early stopping watched, in both ways.
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
for label, fitted in (("raw X_val", wrong), ("X_val scaled by the pipeline", right)):
    losses = fitted.history_["validation_loss"]
    axes.plot(np.arange(1, len(losses) + 1), losses, label=label)
    best = int(np.argmin(losses))
    axes.plot(best + 1, losses[best], "o", color=axes.lines[-1].get_color())
axes.plot(
    np.arange(1, len(losses) + 1), right.history_["loss"], ":", color="grey", label="training"
)
axes.set(xscale="log", yscale="log", xlabel="epoch", ylabel="cross-entropy")
axes.set_title("The same network, and the epoch whose weights are kept")
axes.legend()
figures = Path(__file__).parent / "figures"
figures.mkdir(exist_ok=True)
figure.savefig(figures / "pipeline_validation.png", dpi=120)
