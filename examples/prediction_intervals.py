"""Prediction intervals: quantile regression and conformal calibration."""

# %% The pinball loss trains a network to predict quantiles. The interval between the 0.1 and the
# 0.9 quantile should contain 80% of new targets. One network predicts several quantiles.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchRegressor

LEVELS = [0.1, 0.5, 0.9]


def make_model(max_iter, **parameters):
    """Return a model of three quantiles with scaled inputs and targets."""
    network = MLPScratchRegressor(
        "quantile", quantile=LEVELS, max_iter=max_iter, tol=0, random_state=0, **parameters
    )
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )


# %% A function with increasing noise, for which the true interval is known. With 2,000 samples, the
# coverage on new data is correct. Predicted quantiles do not cross, because they are sorted.
def make_data(n_samples, seed):
    """Return samples of a sine, with noise whose standard deviation is 0.1 to 0.6."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(size=n_samples)
    return x[:, np.newaxis], np.sin(6 * x) + (0.1 + x / 2) * rng.normal(size=n_samples)


X, y = make_data(2000, seed=0)
X_new, y_new = make_data(5000, seed=1)
model = make_model(60, hidden_layer_sizes=(32, 32), learning_rate_init=0.003).fit(X, y)
quantiles = model.predict(X_new)
assert (np.diff(quantiles, axis=1) >= 0).all()
x = np.linspace(0, 1, 200)
intervals_of_x = model.predict(x[:, np.newaxis])
print("Proportion of 5,000 new targets below the predicted quantile")
for level, predicted in zip(LEVELS, quantiles.T, strict=True):
    below, pinball = np.mean(y_new <= predicted), mean_pinball_loss(y_new, predicted, alpha=level)
    print(f"    {level}   {below:.3f}  (pinball loss {pinball:.4f})")


# %% With 200 training samples, the intervals are too narrow for new data, in particular if the
# network is trained for many epochs and overfits. Random splits of the diabetes data show the size
# of the effect.
def coverage(low, high, y):
    """Return the proportion of targets inside their intervals."""
    return np.mean((low <= y) & (y <= high))


# %% Held-out samples correct the coverage of any model (Romano, Patterson and Candes,
# "Conformalized quantile regression", 2019). The distance of each target to its interval, negative
# inside, has a distribution; its 0.8 quantile is added on both sides. If the samples are
# exchangeable, the next target is inside with a probability of at least 0.8. The package
# mapie implements this and similar methods.
def conformal_margin(low, high, y, confidence=0.8):
    """Return the width to add on each side of the intervals."""
    distances = np.maximum(low - y, y - high)
    rank = int(np.ceil(confidence * (len(y) + 1)))
    return np.sort(distances)[rank - 1]


X, y = load_diabetes(return_X_y=True)
EPOCHS, N_SPLITS = [15, 60, 240], 10
plain, calibrated, widths = (np.empty((len(EPOCHS), N_SPLITS)) for _ in range(3))
for split in range(N_SPLITS):
    X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=142, random_state=split)
    X_train, X_cal, y_train, y_cal = train_test_split(
        X_rest, y_rest, test_size=99, random_state=split
    )
    for k, max_iter in enumerate(EPOCHS):
        model = make_model(max_iter, hidden_layer_sizes=(50,), batch_size=32, alpha=0.1)
        model.fit(X_train, y_train)
        low, _, high = model.predict(X_test).T
        low_cal, _, high_cal = model.predict(X_cal).T
        margin = conformal_margin(low_cal, high_cal, y_cal)
        plain[k, split] = coverage(low, high, y_test)
        calibrated[k, split] = coverage(low - margin, high + margin, y_test)
        widths[k, split] = np.mean(high - low) + 2 * margin

print(f"\nDiabetes, {N_SPLITS} splits: coverage of 142 new samples (nominal 0.8)")
for k, max_iter in enumerate(EPOCHS):
    print(
        f"    {max_iter:3} epochs   {plain[k].mean():.3f}, calibrated {calibrated[k].mean():.3f} "
        f"(mean width {widths[k].mean():.0f})"
    )

# %% The coverage is guaranteed on average over all samples, not for every subset, and for intervals
# of any width. To compare models, compare the widths of intervals with equal coverage. The figure
# shows the intervals of the function, and the coverage before and after the calibration.
figure, axes = plt.subplots(1, 2, figsize=(11, 4.3), layout="constrained")
low_x, median_x, high_x = intervals_of_x.T
axes[0].scatter(X_new[:600], y_new[:600], s=4, color="tab:gray")
axes[0].fill_between(x, low_x, high_x, alpha=0.3, label="predicted 0.1 to 0.9 quantile")
for sign in (-1, 1):
    true = np.sin(6 * x) + sign * 1.2816 * (0.1 + x / 2)
    axes[0].plot(
        x, true, color="black", linestyle=":", label="true quantiles" if sign > 0 else None
    )
axes[0].plot(x, median_x, color="tab:blue", label="predicted median")
axes[0].set(title=f"New samples, coverage {coverage(*quantiles.T[[0, 2]], y_new):.0%}", xlabel="x")
axes[0].legend(fontsize="small")
positions = np.arange(len(EPOCHS))
for shift, shares, label in ((-0.17, plain, "predicted"), (0.17, calibrated, "calibrated")):
    boxes = axes[1].boxplot(
        list(shares), positions=positions + shift, widths=0.3, patch_artist=True, label=label
    )
    for box in boxes["boxes"]:
        box.set_facecolor("tab:blue" if shift > 0 else "lightgray")
axes[1].axhline(0.8, color="black", linestyle=":")
axes[1].set_xticks(positions, [f"{max_iter} epochs" for max_iter in EPOCHS])
axes[1].set(title=f"Diabetes, {N_SPLITS} splits", ylabel="coverage of new samples")
axes[1].legend(loc="lower left", fontsize="small")

plt.show()
