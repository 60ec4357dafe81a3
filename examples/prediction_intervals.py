"""Prediction intervals: quantiles by one network, how often they hold, and how to make sure."""

# %% A prediction without an error bar says little. The pinball loss asks for a quantile: of what is
# to come, a tenth shall be below the 0.1 quantile and a tenth above the 0.9 one, and what is in
# between is an interval that holds four fifths. One network learns several at once.
from pathlib import Path
from time import perf_counter
from warnings import catch_warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchRegressor

try:
    from mapie.regression import ConformalizedQuantileRegressor
except ImportError:
    ConformalizedQuantileRegressor = None

began = perf_counter()
LEVELS = [0.1, 0.5, 0.9]


def model_of(max_iter, **parameters):
    """Return a model of three quantiles that scales its inputs and its target."""
    network = MLPScratchRegressor(
        "quantile", quantile=LEVELS, max_iter=max_iter, tol=0, random_state=0, **parameters
    )
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )


# %% A curve whose noise grows, so that the right interval is known. There are samples enough, and
# on new ones the network's quantiles are what they are called. They never cross, as predictions
# are put in order; trained one by one, nothing would keep them from it.
def draw(n_samples, seed):
    """Return a sine with noise of a standard deviation from 0.1 to 0.6."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(size=n_samples)
    return x[:, np.newaxis], np.sin(6 * x) + (0.1 + x / 2) * rng.normal(size=n_samples)


X, y = draw(2000, seed=0)
X_new, y_new = draw(5000, seed=1)
curve = model_of(60, hidden_layer_sizes=(32, 32), learning_rate_init=0.003).fit(X, y)
quantiles = curve.predict(X_new)
assert (np.diff(quantiles, axis=1) >= 0).all()
print("Of 5,000 new samples, below")
for level, predicted in zip(LEVELS, quantiles.T, strict=True):
    below, pinball = np.mean(y_new <= predicted), mean_pinball_loss(y_new, predicted, alpha=level)
    print(f"    the {level} quantile   {below:.3f}  (pinball loss {pinball:.4f})")


# %% A small table is another matter. With 200 rows to learn from, intervals are too narrow for
# others, and the more so when a network has seen its own so often that it knows them by heart.
# Splits of the diabetes data, again and again, show by how much.
def coverage(low, high, y):
    """Return the share of targets that are within their intervals."""
    return np.mean((low <= y) & (y <= high))


# %% Rows that were kept apart mend it, whatever the model is (Romano, Patterson and Candes,
# "Conformalized quantile regression", 2019). How far outside of its interval each of them lies
# (less than 0 inside) has a distribution; its 0.8 quantile is added on both sides. If rows come in
# no particular order, the next one is inside with a probability of at least 0.8.
def widening(low, high, y, share=0.8):
    """Return by how much intervals have to be wider on each side."""
    outside = np.maximum(low - y, y - high)
    rank = int(np.ceil(share * (len(y) + 1)))
    return np.sort(outside)[rank - 1]


class Column(RegressorMixin, BaseEstimator):
    """One of a fitted model's quantiles, as mapie wants them."""

    def __init__(self, model, column):
        self.model, self.column = model, column

    def fit(self, X, y):
        """Do nothing: the model is fitted."""
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        """Return the column."""
        return self.model.predict(X)[:, self.column]


X, y = load_diabetes(return_X_y=True)
EPOCHS, N_SPLITS = [15, 60, 240], 20
plain, mended, widths = (np.empty((len(EPOCHS), N_SPLITS)) for _ in range(3))
by_mapie = np.full(N_SPLITS, np.nan)
for split in range(N_SPLITS):
    X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=142, random_state=split)
    X_train, X_apart, y_train, y_apart = train_test_split(
        X_rest, y_rest, test_size=99, random_state=split
    )
    for k, max_iter in enumerate(EPOCHS):
        model = model_of(max_iter, hidden_layer_sizes=(50,), batch_size=32, alpha=0.1)
        model.fit(X_train, y_train)
        low, _, high = model.predict(X_test).T
        low_apart, _, high_apart = model.predict(X_apart).T
        wider = widening(low_apart, high_apart, y_apart)
        plain[k, split] = coverage(low, high, y_test)
        mended[k, split] = coverage(low - wider, high + wider, y_test)
        widths[k, split] = np.mean(high - low) + 2 * wider
        if ConformalizedQuantileRegressor is not None and max_iter == 60:
            columns = [Column(model, column) for column in (0, 2, 1)]
            conformal = ConformalizedQuantileRegressor(columns, confidence_level=0.8, prefit=True)
            with catch_warnings(action="ignore"):
                conformal.conformalize(X_apart, y_apart)
                _, intervals = conformal.predict_interval(X_test, symmetric_correction=True)
            by_mapie[split] = coverage(*intervals[:, :, 0].T, y_test)

print(f"\nDiabetes, {N_SPLITS} splits: share of 142 new rows in the interval, which is to be 0.8")
for k, max_iter in enumerate(EPOCHS):
    print(
        f"    {max_iter:3} epochs   {plain[k].mean():.3f}, widened {mended[k].mean():.3f}, "
        f"then {widths[k].mean():.0f} wide"
    )
if ConformalizedQuantileRegressor is None:
    print("    (with `pip install mapie`, mapie's intervals are compared too)")
else:
    print(f"    widened by mapie, 60 epochs: {by_mapie.mean():.3f}")

# %% What is promised is a share of all rows, not of every kind of row; and it is promised at any
# width. The width is what models are compared by: of intervals that hold as much, take the
# narrower ones.
low, median, high = model.predict(X_test).T

# %% The curve with its intervals; coverage before and after; diabetes, by what was predicted.
figure, axes = plt.subplots(1, 3, figsize=(15, 4.3), layout="constrained")
x = np.linspace(0, 1, 200)
low_x, median_x, high_x = curve.predict(x[:, np.newaxis]).T
axes[0].scatter(X_new[:600], y_new[:600], s=4, color="tab:gray")
axes[0].fill_between(x, low_x, high_x, alpha=0.3, label="the network's 0.1 to 0.9 quantile")
for sign in (-1, 1):
    true = np.sin(6 * x) + sign * 1.2816 * (0.1 + x / 2)
    axes[0].plot(
        x, true, color="black", linestyle=":", label="the right ones" if sign > 0 else None
    )
axes[0].plot(x, median_x, color="tab:blue", label="its median")
axes[0].set(title=f"New samples, {coverage(*quantiles.T[[0, 2]], y_new):.0%} inside", xlabel="x")
axes[0].legend(fontsize="small")
positions = np.arange(len(EPOCHS))
for shift, shares, label in ((-0.17, plain, "quantiles"), (0.17, mended, "widened by rows apart")):
    boxes = axes[1].boxplot(
        list(shares), positions=positions + shift, widths=0.3, patch_artist=True, label=label
    )
    for box in boxes["boxes"]:
        box.set_facecolor("tab:blue" if shift > 0 else "lightgray")
axes[1].axhline(0.8, color="black", linestyle=":")
axes[1].set_xticks(positions, [f"{max_iter} epochs" for max_iter in EPOCHS])
axes[1].set(title="Diabetes, 20 splits", ylabel="share of new rows in the interval")
axes[1].legend(loc="lower left", fontsize="small")
order = median.argsort()
ranks = np.arange(len(order))
axes[2].fill_between(
    ranks, (low - wider)[order], (high + wider)[order], alpha=0.25, label="widened"
)
axes[2].fill_between(ranks, low[order], high[order], alpha=0.5, label="quantiles")
axes[2].scatter(ranks, y_test[order], s=8, color="black", label="what came", zorder=3)
axes[2].set(title=f"Diabetes, {EPOCHS[-1]} epochs", xlabel="new rows by their median")
axes[2].legend(fontsize="small")

path = Path(__file__).parent / "figures" / "prediction_intervals.png"
path.parent.mkdir(exist_ok=True)
figure.savefig(path, dpi=100)
print(f"Figure: {path}, after {perf_counter() - began:.0f} seconds")
