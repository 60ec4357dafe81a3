"""Save and resume: checkpoints, file formats, and a model card."""

# %% Callbacks of scikit-learn (1.9 or later) are called after each epoch. `EpochLogger` prints a
# line after every few epochs, and `ModelCheckpoint` writes the estimator to a file. The third
# callback simulates an interruption.
import tempfile
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from skscratch import MLPScratchClassifier
from skscratch.callbacks import EpochLogger, ModelCheckpoint, without_callbacks

try:
    import skops.io
    from skops.card import Card
except ImportError:
    skops = None


class Interruption(EpochLogger):
    """Print epochs, and raise an error in epoch 25."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        super().on_fit_task_end(estimator, context, fitted_estimator=fitted_estimator)
        if fitted_estimator is not None and fitted_estimator.n_iter_ == 25:
            raise RuntimeError("Interrupted in epoch 25.")


temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
settings = {"dropout": 0.2, "batch_size": 64, "max_iter": 40, "tol": 0, "random_state": 0}
clf = MLPScratchClassifier((64,), learning_rate_init=0.005, **settings)
clf.set_callbacks(Interruption(every=10), ModelCheckpoint(folder / "checkpoint.joblib", every=10))
try:
    clf.fit(X_train, y_train)
except RuntimeError as error:
    print(error)

# %% The checkpoint of epoch 20 contains the weights, the state of the optimizer, and the states of
# the random number generators. With `warm_start=True`, `fit` trains for the remaining epochs. The
# result is bit-for-bit identical to uninterrupted training.
clf = joblib.load(folder / "checkpoint.joblib")
print(f"Checkpoint: epoch {clf.n_iter_} of {clf.max_iter}")
clf.set_params(warm_start=True).set_callbacks(EpochLogger(every=10)).fit(X_train, y_train)
uninterrupted = MLPScratchClassifier((64,), learning_rate_init=0.005, **settings)
uninterrupted.fit(X_train, y_train)
assert all(map(np.array_equal, clf.coefs_, uninterrupted.coefs_))
print(f"Weights identical to uninterrupted training, test accuracy {clf.score(X_test, y_test):.3f}")

# %% There are several file formats. `joblib` saves the estimator, whose training can be resumed;
# loading executes code stored in the file and requires skscratch. `to_sklearn` converts it to an
# `MLPClassifier`, which requires scikit-learn only. The arrays alone are sufficient for predictions
# with NumPy.
joblib.dump(clf, folder / "digits.joblib")
joblib.dump(clf.to_sklearn(), folder / "digits_sklearn.joblib")
arrays = {"W0": clf.coefs_[0], "b0": clf.intercepts_[0]}
arrays |= {"W1": clf.coefs_[1], "b1": clf.intercepts_[1]}
np.savez(folder / "digits.npz", **arrays)
with np.load(folder / "digits.npz") as saved:
    hidden = np.maximum(X_test @ saved["W0"] + saved["b0"], 0)
    labels = (hidden @ saved["W1"] + saved["b1"]).argmax(axis=1)
predicted = joblib.load(folder / "digits.joblib").predict(X_test)
assert np.array_equal(predicted, labels)
assert np.array_equal(predicted, joblib.load(folder / "digits_sklearn.joblib").predict(X_test))
print("\nIdentical predictions from")
for name in ("digits.joblib", "digits_sklearn.joblib", "digits.npz"):
    print(f"    {name:22} {(folder / name).stat().st_size / 1024:5.0f} KB")

# %% To share a model, use skops (`pip install skops`). Its files contain arrays, values and names
# of types, and loading executes no code. The types outside scikit-learn and NumPy are listed before
# loading and have to be trusted explicitly; for a network it is the estimator only.
if skops is None:
    print("\nskops is not installed: pip install skops")
else:
    file = folder / "digits.skops"
    skops.io.dump(without_callbacks(clf), file)
    types = skops.io.get_untrusted_types(file=file)
    print(f"\n{file.name}: {file.stat().st_size / 1024:.0f} KB, types to trust: {types}")
    loaded = skops.io.load(file, trusted=types)
    assert np.array_equal(loaded.predict(X_test), predicted)

    # A model card is a Markdown file that describes the model. skops writes the parameters; you add
    # the intended use, the limitations and the metrics.
    card = Card(loaded)
    limits = (
        "Digits of 8 x 8 pixels from `load_digits`, divided by 16. Other images are not detected."
    )
    card.add(**{"Model description/Intended uses & limitations": limits})
    card.add_metrics(
        **{
            "accuracy": f"{accuracy_score(y_test, predicted):.3f}",
            "log loss": f"{log_loss(y_test, loaded.predict_proba(X_test)):.3f}",
        }
    )
    card.save(folder / "README.md")
    lines = (folder / "README.md").read_text("utf-8").splitlines()
    print("Sections of the model card:")
    print(*(f"    {line}" for line in lines if line.startswith("#")), sep="\n")

# %% The figure shows the losses of the interrupted and of the uninterrupted training.
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
epochs = np.arange(1, 41)
ax.plot(epochs, uninterrupted.loss_curve_, color="lightgray", linewidth=6, label="uninterrupted")
ax.plot(epochs[:20], clf.loss_curve_[:20], label="until the checkpoint")
ax.plot(epochs[19:], clf.loss_curve_[19:], label="resumed")
ax.axvline(25, color="tab:red", linestyle=":", label="interruption")
ax.set(xlabel="epoch", ylabel="loss", yscale="log", title="Resumed training")
ax.legend(loc="lower left")

plt.show()
temporary.cleanup()
