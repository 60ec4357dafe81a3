"""A validation set in a pipeline, with metadata routing."""

# %% Thirty features with different units, which have to be scaled.
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

# %% Without routing, the pipeline passes `network__X_val` to the network unscaled. The network is
# trained on scaled features and evaluated on unscaled ones. This cannot be detected, so no error is
# raised.
wrong = Pipeline([("scale", StandardScaler()), ("network", clone(network))])
wrong.fit(X_train, y_train, network__X_val=X_val, network__y_val=y_val)
wrong = wrong.named_steps["network"]

# %% With routing, the validation set is scaled. Enable metadata routing, request `X_val` and
# `y_val` for the network, and list `X_val` in `transform_input`, so that it is transformed like
# `X`.
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

# The validation loss used for early stopping is the loss of the pipeline on the validation set.
probabilities = pipeline.predict_proba(X_val)[np.arange(len(y_val)), y_val]
assert np.isclose(-np.log(probabilities).mean(), -right.best_validation_score_)

for name, fitted in (("unscaled", wrong), ("scaled", right)):
    accuracy = fitted.score(pipeline[:-1].transform(X_test), y_test)
    print(
        f"{name:8} X_val: loss {-fitted.best_validation_score_:.3f} after epoch "
        f"{np.argmax(fitted.validation_scores_) + 1} of {fitted.n_iter_}, "
        f"test accuracy {accuracy:.3f}"
    )

# %% The figure shows the validation loss in both cases.
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
for label, fitted in (("unscaled X_val", wrong), ("X_val scaled by the pipeline", right)):
    losses = fitted.history_["validation_loss"]
    axes.plot(np.arange(1, len(losses) + 1), losses, label=label)
    best = int(np.argmin(losses))
    axes.plot(best + 1, losses[best], "o", color=axes.lines[-1].get_color())
axes.plot(
    np.arange(1, len(losses) + 1), right.history_["loss"], ":", color="grey", label="training loss"
)
axes.set(xscale="log", yscale="log", xlabel="epoch", ylabel="validation loss")
axes.set_title("Validation loss and best epoch (dot)")
axes.legend()
plt.show()
