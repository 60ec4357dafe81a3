"""Tables: networks compared with linear models and boosted trees."""

# %% Four tables, two of them real. "Tumors" (30 columns) and "diabetes" (10 columns) are small, and
# their effects are almost linear. "Clouds" has four classes, each with several clusters. "Rides" is
# a number of rides by hour, temperature (which is sometimes missing), wind and district.
import warnings
from time import process_time

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, make_classification
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)
from threadpoolctl import threadpool_limits

from skscratch import MLPScratchClassifier, MLPScratchRegressor


def make_rides(n_samples, random_state):
    """Return hours, temperatures, winds and districts, and the number of rides."""
    rng = np.random.default_rng(random_state)
    hour, temperature = rng.integers(24, size=n_samples), rng.normal(15, 8, n_samples)
    wind, district = rng.gamma(2, 5, n_samples), rng.integers(10, size=n_samples)
    rush = 0.1 + np.isin(hour, [8, 17]) + 0.5 * np.isin(hour, range(9, 17))
    comfort = np.exp(-(((temperature - 20) / 12) ** 2) - wind / 40)
    y = rng.poisson(40 * (1 + district % 3) * rush * comfort)
    temperature[rng.random(n_samples) < 0.1] = np.nan
    return np.column_stack([hour, temperature, wind, district]), y


clouds = make_classification(
    6_000,
    n_features=20,
    n_informative=12,
    n_redundant=4,
    n_classes=4,
    n_clusters_per_class=4,
    flip_y=0.05,
    random_state=1,
)
# Data, the share or number of test rows, the categorical columns, and the metric.
tables = {
    "tumors": (*load_breast_cancer(return_X_y=True), 0.5, [], "log loss"),
    "clouds": (*clouds, 4_500, [], "log loss"),
    "diabetes": (*load_diabetes(return_X_y=True, scaled=False), 0.5, [1], "RMSE"),
    "rides": (*make_rides(6_000, random_state=0), 4_500, [3], "RMSE"),
}


# %% The pipeline consists of scikit-learn's transformers and meta-estimators.
#
# Numbers are encoded twice. RobustScaler and arcsinh limit the effect of outliers.
# SplineTransformer with `degree=1` replaces a number by its position between the two nearest of 12
# quantiles, the knots, so that the function can bend at each of them. Categories become dense
# one-hot columns.
#
# The networks are wider and deeper than the table seems to require. Weight decay, dropout and the
# weights of the epoch with the lowest validation loss prevent overfitting. Each network holds out a
# different fifth of the rows for this, and their predictions are averaged. The targets of a
# regression are scaled.
def tabular_network(numbers, categories, *, regression=False, n_networks=8, n_knots=12):
    """Return networks for a table, given its columns of numbers and of categories."""
    encoder = make_column_transformer(
        (
            make_pipeline(
                SimpleImputer(strategy="median"),
                make_union(
                    make_pipeline(RobustScaler(), FunctionTransformer(np.arcsinh)),
                    SplineTransformer(
                        n_knots, degree=1, knots="quantile", extrapolation="constant"
                    ),
                ),
            ),
            numbers,
        ),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype="float32"), categories),
    )
    settings = {
        "hidden_layer_sizes": (128, 128, 128),
        "activation": "silu",
        "dropout": 0.15,
        "solver": "adamw",
        "weight_decay": 0.05,
        "learning_rate": "cosine",
        "batch_size": 128,
        "max_iter": 32,
        # All epochs are trained, and the best one is kept.
        "tol": 0,
        "early_stopping": True,
        "scoring": "loss",
        "validation_fraction": 0.2,
        "n_iter_no_change": 32,
    }
    if regression:
        one = MLPScratchRegressor(**settings, learning_rate_init=0.01)
        several = BaggingRegressor(one, n_networks, bootstrap=False, random_state=0)
        model = make_pipeline(encoder, several)
        return TransformedTargetRegressor(model, transformer=StandardScaler())
    one = MLPScratchClassifier(**settings, learning_rate_init=0.003)
    several = BaggingClassifier(one, n_networks, bootstrap=False, random_state=0)
    return make_pipeline(encoder, several)


# %% The other models: a linear model and a network with default settings, both with scaled columns,
# and boosted trees.
def scaled(numbers, categories, estimator):
    """Return a pipeline with scaled numbers and one-hot categories."""
    numeric = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_pipeline(
        make_column_transformer((numeric, numbers), (one_hot, categories)), estimator
    )


def models_of(numbers, categories, regression):
    """Return the models of a table by name."""
    columns = numbers, categories
    if regression:
        linear = scaled(*columns, RidgeCV(np.logspace(-2, 4, 13)))
        boosting = HistGradientBoostingRegressor
        default = TransformedTargetRegressor(
            scaled(*columns, MLPScratchRegressor(random_state=0)), transformer=StandardScaler()
        )
    else:
        linear = scaled(*columns, LogisticRegression(max_iter=1000))
        boosting = HistGradientBoostingClassifier
        default = scaled(*columns, MLPScratchClassifier(random_state=0))
    return {
        "linear model": linear,
        "boosted trees": boosting(categorical_features=categories, random_state=0),
        "network, defaults": default,
        "two networks": tabular_network(*columns, regression=regression, n_networks=2),
        "two, 2 knots": tabular_network(*columns, regression=regression, n_networks=2, n_knots=2),
    }


# %% Fit each model and evaluate it on the test rows. The standard error reflects the limited number
# of test rows. Networks of an ensemble are trained in two threads.
def evaluate(model, X, y, metric):
    """Return the log loss or RMSE of a fitted model and its standard error."""
    if metric == "log loss":
        losses = -np.log(model.predict_proba(X)[np.arange(len(y)), y])
        return losses.mean(), losses.std() / len(y) ** 0.5
    losses = (model.predict(X) - y) ** 2
    rmse = losses.mean() ** 0.5
    return rmse, losses.std() / len(y) ** 0.5 / (2 * rmse)


warnings.simplefilter("ignore", ConvergenceWarning)  # of the default network
results = {}
for table, (X, y, test_size, categories, metric) in tables.items():
    regression = metric == "RMSE"
    X_train, X_test, y_train, y_test = train_test_split(
        X.astype(np.float32),
        y,
        test_size=test_size,
        stratify=None if regression else y,
        random_state=0,
    )
    numbers = [column for column in range(X.shape[1]) if column not in categories]
    print(f"{table}: {len(X_train)} rows to train on, {len(X_test)} to test on")
    print(f"                            {metric:>8}         CPU seconds")
    for name, model in models_of(numbers, categories, regression).items():
        start = process_time()
        with threadpool_limits(1), joblib.parallel_config("threading", n_jobs=2):
            model.fit(X_train, y_train)
            seconds = process_time() - start
            score, error = evaluate(model, X_test, y_test, metric)
        results[table, name] = score, error, seconds
        print(f"    {name:20} {score:8.3f} +- {error:.3f} {seconds:12.2f}")

# %% On the two real tables, all intervals overlap, and the linear model takes a fraction of the
# time: try it first. "Rides" depends on the hour in steps; boosted trees and networks with 12 knots
# are far ahead. "Clouds" has smooth boundaries and few rows for its number of columns: 12 knots
# overfit, and 2 knots are best. Choose `n_knots` by cross-validation.

# %% Scores with two standard errors, and times, one row for each table.
figure, axes = plt.subplots(4, 2, figsize=(9, 9), sharey=True, layout="constrained")
for (left, right), (table, (*_, metric)) in zip(axes, tables.items(), strict=True):
    names = [name for of_table, name in results if of_table == table]
    for position, name in enumerate(names):
        score, error, seconds = results[table, name]
        left.errorbar(score, position, xerr=2 * error, fmt="o", capsize=3, color=f"C{position}")
        right.plot(seconds, position, "o", color=f"C{position}")
    left.set(title=f"{table.capitalize()}: {metric} (lower is better)")
    right.set(title=f"{table.capitalize()}: CPU seconds of training", xscale="log", xlim=(0.01, 10))
    for ax in (left, right):
        ax.grid(axis="y", alpha=0.3)
axes[0, 0].set_yticks(range(len(names)), names)
axes[0, 0].invert_yaxis()
figure.suptitle("Scores with two standard errors over the test rows", fontsize="medium")

plt.show()
