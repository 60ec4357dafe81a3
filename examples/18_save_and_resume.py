"""A network as an object: trained, cut short, resumed, saved and loaded."""

# %% An estimator is the whole model: its settings, its weights, and how to train and to predict.
# Callbacks (of scikit-learn 1.9 or later) look on. One prints a line every so many epochs, another
# writes the whole object to a file. A third is made here: it is the power, and fails.
import tempfile
from pathlib import Path
from time import perf_counter

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skscratch import MLPScratchClassifier
from skscratch.callbacks import EpochLogger, ModelCheckpoint

began = perf_counter()


class PowerCut(EpochLogger):
    """Prints until the lights go out."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        super().on_fit_task_end(estimator, context, fitted_estimator=fitted_estimator)
        if fitted_estimator is not None and fitted_estimator.n_iter_ == 25:
            raise RuntimeError("The power is off.")


temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
settings = {"dropout": 0.2, "batch_size": 64, "max_iter": 40, "tol": 0, "random_state": 0}
clf = MLPScratchClassifier((64,), learning_rate_init=0.005, **settings)
clf.set_callbacks(PowerCut(every=10), ModelCheckpoint(folder / "checkpoint.joblib", every=10))
try:
    clf.fit(X_train, y_train)
except RuntimeError as error:
    print(error)

# %% What is left is the checkpoint of epoch 20: weights, the optimizer's moments, the states of the
# random streams. With warm_start it trains for the epochs that are missing, and becomes the network
# that it would have been.
clf = joblib.load(folder / "checkpoint.joblib")
print(f"Loaded: epoch {clf.n_iter_} of {clf.max_iter}")
clf.set_params(warm_start=True).set_callbacks(EpochLogger(every=10)).fit(X_train, y_train)
uninterrupted = MLPScratchClassifier((64,), learning_rate_init=0.005, **settings)
uninterrupted.fit(X_train, y_train)
assert all(map(np.array_equal, clf.coefs_, uninterrupted.coefs_))
print(f"The weights of a training without a cut. Test accuracy {clf.score(X_test, y_test):.3f}")

# %% Three ways to keep it. joblib writes the object, to go on with; whoever loads it needs
# skscratch, and has to trust the file. to_sklearn() makes it an MLPClassifier, for those who have
# only scikit-learn. And the arrays alone are a network too: three lines of NumPy are its forward
# pass.
joblib.dump(clf, folder / "digits.joblib")
joblib.dump(clf.to_sklearn(), folder / "digits_sklearn.joblib")
arrays = {"W0": clf.coefs_[0], "b0": clf.intercepts_[0]}
arrays |= {"W1": clf.coefs_[1], "b1": clf.intercepts_[1]}
np.savez(folder / "digits.npz", **arrays)
with np.load(folder / "digits.npz") as saved:
    hidden = np.maximum(X_test @ saved["W0"] + saved["b0"], 0)
    by_arrays = (hidden @ saved["W1"] + saved["b1"]).argmax(axis=1)
by_object = joblib.load(folder / "digits.joblib").predict(X_test)
by_sklearn = joblib.load(folder / "digits_sklearn.joblib").predict(X_test)
assert np.array_equal(by_object, by_arrays)
assert np.array_equal(by_object, by_sklearn)
print("\nThe same predictions from")
for name in ("digits.joblib", "digits_sklearn.joblib", "digits.npz"):
    print(f"    {name:22} {(folder / name).stat().st_size / 1024:5.0f} KB")

# %% The losses of the training that was cut and of the one that was not, and the files.
figure, (losses, sizes) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
epochs = np.arange(1, 41)
losses.plot(
    epochs, uninterrupted.loss_curve_, color="lightgray", linewidth=6, label="without a cut"
)
losses.plot(epochs[:20], clf.loss_curve_[:20], label="in the checkpoint")
losses.plot(epochs[19:], clf.loss_curve_[19:], label="resumed")
losses.axvline(25, color="tab:red", linestyle=":", label="the power is cut")
losses.set(xlabel="epoch", ylabel="loss", yscale="log", title="Cut short and resumed")
losses.legend(loc="lower left")
files = {
    "digits.joblib": "joblib: the object",
    "digits_sklearn.joblib": "joblib: an MLPClassifier",
    "digits.npz": "npz: weights and biases",
}
kilobytes = [(folder / name).stat().st_size / 1024 for name in files]
sizes.bar_label(sizes.barh(list(files.values()), kilobytes), fmt="%.0f KB", padding=4)
sizes.invert_yaxis()
sizes.set(xlabel="KB", xlim=(0, 1.2 * max(kilobytes)), title="Three ways to keep a network")
temporary.cleanup()

path = Path(__file__).parent / "figures" / "18_save_and_resume.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
