"""Real tables: scores and CPU time of linear models, networks and boosted trees.

The tables are CSV files in a folder, which is an argument: columns ``num_*`` contain numbers, empty
if missing, ``cat_*`` categories, and ``target`` the values to predict. Each row is tested once, in
one of three splits; at most 5,000 of the other rows are used for training.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    LabelEncoder,
    OneHotEncoder,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)
from threadpoolctl import threadpool_limits

from benchmarks import measure, report
from skscratch import MLPScratchClassifier, MLPScratchRegressor

CLASSIFICATION = ["adult", "german", "phoneme", "telco"]
REGRESSION = ["california", "abalone", "bike", "ames"]
N_SPLITS, N_TRAIN = 3, 5000


@dataclass
class Table:
    """Features with numbers as float32 and categories as pandas' dtype, and targets."""

    name: str
    X: pd.DataFrame
    y: np.ndarray
    has_classes: bool

    def splits(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield indices of training and test rows."""
        folds = (StratifiedKFold if self.has_classes else KFold)(
            N_SPLITS, shuffle=True, random_state=0
        )
        for train, test in folds.split(self.X, self.y):
            yield np.random.default_rng(0).permutation(train)[:N_TRAIN], test


def read(folder: Path, name: str) -> Table:
    """Read a table; missing categories are a category."""
    X = pd.read_csv(folder / f"{name}.csv")
    y = X.pop("target").to_numpy()
    for column in X:
        if column.startswith("cat_"):
            X[column] = X[column].astype("string").fillna("missing").astype("category")
    X = X.astype(dict.fromkeys(numbers(X), "float32"))
    has_classes = name in CLASSIFICATION
    return Table(name, X, LabelEncoder().fit_transform(y) if has_classes else y, has_classes)


numbers = make_column_selector(pattern="^num_")
categories = make_column_selector(pattern="^cat_")


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


def one_network(has_classes: bool):
    return tabular_network(numbers, categories, regression=not has_classes, n_networks=1)


def eight_networks(has_classes: bool):
    return tabular_network(numbers, categories, regression=not has_classes)


def linear_model(has_classes: bool):
    """Logistic regression, or ridge regression with an inner choice of the penalty."""
    if has_classes:
        return _scaled(LogisticRegression(max_iter=1000))
    return _scaled(RidgeCV(np.logspace(-2, 4, 13)))


def mlp(has_classes: bool):
    """MLPClassifier or MLPRegressor with defaults; targets of a regression are scaled."""
    if has_classes:
        return _scaled(MLPClassifier(random_state=0))
    model = _scaled(MLPRegressor(random_state=0))
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def _scaled(estimator):
    numeric = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype="float32")
    columns = make_column_transformer((numeric, numbers), (encoder, categories))
    return make_pipeline(columns, estimator)


def hist_gradient_boosting(has_classes: bool):
    boosting = HistGradientBoostingClassifier if has_classes else HistGradientBoostingRegressor
    return boosting(categorical_features="from_dtype", random_state=0)


def lightgbm(has_classes: bool):
    from lightgbm import LGBMClassifier, LGBMRegressor

    boosting = LGBMClassifier if has_classes else LGBMRegressor
    return boosting(random_state=0, n_jobs=1, verbosity=-1)


class _CatBoost:
    """CatBoost, which takes the names of categorical columns when it is fitted."""

    def __init__(self, boosting) -> None:
        self.boosting = boosting

    def fit(self, X, y):
        return self.boosting.fit(X, y, cat_features=categories(X))


def catboost(has_classes: bool):
    from catboost import CatBoostClassifier, CatBoostRegressor

    boosting = CatBoostClassifier if has_classes else CatBoostRegressor
    return _CatBoost(
        boosting(random_seed=0, thread_count=1, verbose=False, allow_writing_files=False)
    )


class _RealMLP:
    """RealMLP, with the median in place of missing numbers."""

    def __init__(self, model) -> None:
        self.model = model

    def fit(self, X, y):
        self.medians = X[numbers(X)].median()
        self.model.fit(X.fillna(self.medians), y)
        return self

    def predict(self, X):
        return np.ravel(self.model.predict(X.fillna(self.medians)))

    def predict_proba(self, X):
        return self.model.predict_proba(X.fillna(self.medians))


def realmlp(has_classes: bool):
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    model = RealMLP_TD_Classifier if has_classes else RealMLP_TD_Regressor
    return _RealMLP(
        model(device="cpu", random_state=0, n_cv=1, n_refit=0, n_threads=1, verbosity=0)
    )


LINEAR, REFERENCE, BOOSTING = "linear model", "MLPClassifier", "HistGradientBoosting"
CONTESTANTS: dict[str, Callable] = {
    LINEAR: linear_model,
    REFERENCE: mlp,
    BOOSTING: hist_gradient_boosting,
    "LightGBM": lightgbm,
    "CatBoost": catboost,
    "one network": one_network,
    "eight networks": eight_networks,
    "RealMLP": realmlp,
}
DISTRIBUTIONS = {"LightGBM": "lightgbm", "CatBoost": "catboost", "RealMLP": "pytabkit"}


def evaluate(model, table: Table, train, test) -> tuple[dict, np.ndarray]:
    """Fit a model; return its scores, and the loss of each test row."""
    start = time.process_time()
    model = model.fit(table.X.iloc[train], table.y[train])
    seconds = time.process_time() - start
    X, y = table.X.iloc[test], table.y[test]
    if not table.has_classes:
        losses = (model.predict(X) - y) ** 2
        return {"rmse": np.sqrt(losses.mean()), "seconds": seconds}, losses
    probabilities = np.asarray(model.predict_proba(X), dtype=float)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    losses = -np.log(probabilities[np.arange(len(y)), y].clip(np.finfo(float).eps))
    error = np.mean(probabilities.argmax(axis=1) != y)
    return {"log_loss": losses.mean(), "error": error, "seconds": seconds}, losses


def measure_table(table: Table, contestants: list[str], n_splits: int) -> dict:
    """Return each contestant's scores in each split, and its differences from the baselines.

    A difference is in units of its standard error over the test rows of all splits.
    """
    scores = {name: [] for name in contestants}
    losses = {name: [] for name in contestants}
    for _, (train, test) in zip(range(n_splits), table.splits(), strict=False):
        for name in contestants:
            model = CONTESTANTS[name](table.has_classes)
            split, of_rows = evaluate(model, table, train, test)
            scores[name].append({key: float(value) for key, value in split.items()})
            losses[name].append(of_rows)
    losses = {name: np.concatenate(of_splits) for name, of_splits in losses.items()}
    return {
        name: {
            "splits": scores[name],
            "standard_errors_above": {
                other: _standard_errors(losses[name] - losses[other])
                for other in (LINEAR, REFERENCE, BOOSTING)
                if other in losses and other != name
            },
        }
        for name in contestants
    }


def _standard_errors(differences: np.ndarray) -> float:
    return float(differences.mean() / differences.std() * np.sqrt(len(differences)))


def run(folder: Path, contestants: list[str], results: Path, quick: bool) -> None:
    """Measure the contestants, keep the stored results of others, and write all of them.

    Parameters
    ----------
    folder : Path
        Contains the tables.

    contestants : list of str
        Names of :data:`CONTESTANTS`. Those whose packages are not installed are skipped.

    results : Path
        Folder of ``real-tables.json`` and ``real-tables.md``.

    quick : bool
        Whether to measure one small table and one split only.
    """
    contestants = [name for name in contestants if _installed(name)]
    names = ["german"] if quick else [*CLASSIFICATION, *REGRESSION]
    missing = [name for name in names if not (folder / f"{name}.csv").is_file()]
    if missing:
        sys.exit(f"Expected {missing[0]}.csv in {folder}. Pass the folder of the tables.")
    results.mkdir(parents=True, exist_ok=True)
    path = results / "real-tables.json"
    stored = json.loads(path.read_text()) if path.exists() else {"versions": {}, "tables": {}}
    start = time.perf_counter()
    for name in names:
        with threadpool_limits(1), warnings.catch_warnings():
            # MLPClassifier does not converge on all tables.
            warnings.simplefilter("ignore", ConvergenceWarning)
            measured = measure_table(read(folder, name), contestants, 1 if quick else N_SPLITS)
        stored["tables"].setdefault(name, {}).update(measured)
        stored["versions"].update({contestant: _versions(contestant) for contestant in measured})
        path.write_text(json.dumps(stored, indent=1) + "\n")
        print(f"{time.perf_counter() - start:6.1f} s  tables, {name}", file=sys.stderr)
    text = markdown(stored)
    (results / "real-tables.md").write_text(text)
    print(text)


def _versions(contestant: str) -> dict:
    machine = measure.machine()
    names = ["cpu", "python", "skscratch", "numpy", "scikit-learn"]
    if contestant == "RealMLP":
        names.append("torch")
    if contestant not in DISTRIBUTIONS:
        return {name: machine[name] for name in names}
    distribution = DISTRIBUTIONS[contestant]
    return {name: machine[name] for name in names} | {distribution: measure.version(distribution)}


def _installed(contestant: str) -> bool:
    if contestant not in DISTRIBUTIONS or measure.version(DISTRIBUTIONS[contestant]):
        return True
    print(f"{contestant} is skipped: {DISTRIBUTIONS[contestant]} is not installed", file=sys.stderr)
    return False


METRICS = {
    "log_loss": "Log loss",
    "error": "Share of wrong classes",
    "rmse": "Root mean squared error",
    "seconds": "CPU seconds of a fit",
}


def markdown(stored: dict) -> str:
    """Return a Markdown table for each metric, and the ratios and differences below."""
    names = [name for name in CONTESTANTS if name in stored["versions"]]
    versions: dict[str, list[str]] = {}
    for name in names:
        line = ", ".join(f"{key} {value}" for key, value in stored["versions"][name].items())
        versions.setdefault(line.removeprefix("cpu "), []).append(name)
    parts = [f"{', '.join(models)}: {line}.\n" for line, models in versions.items()]
    numbers_of_splits = {
        len(result["splits"])
        for results in stored["tables"].values()
        for result in results.values()
    }
    n_splits = " or ".join(map(str, sorted(numbers_of_splits)))
    parts.append(f"Number of splits: {n_splits}.\n")
    for metric, title in METRICS.items():
        means = {
            table: {
                name: np.mean([split[metric] for split in result["splits"]])
                for name, result in results.items()
            }
            for table, results in stored["tables"].items()
            if metric in next(iter(results.values()))["splits"][0]
        }
        rows = {
            table: [_rounded(scores.get(name)) for name in names] for table, scores in means.items()
        }
        parts.append(_markdown_table(title, "table", names, rows))
    if BOOSTING in names:
        parts.append(_ratios(stored["tables"], names))
    others = LINEAR, REFERENCE, BOOSTING
    for name in "one network", "eight networks":
        rows = {
            table: [_signed(results[name]["standard_errors_above"].get(other)) for other in others]
            for table, results in stored["tables"].items()
            if name in results
        }
        title = f"Loss of {name} minus that of others, in standard errors (negative: better)"
        parts.append(_markdown_table(title, "table", others, rows))
    return "\n".join(parts)


def _ratios(tables: dict, names: list[str]) -> str:
    """Return the ratios of log losses and RMSE to those of boosting, and their geometric mean.

    A contestant with fewer splits is compared in these.
    """
    ratios: dict[str, list[float]] = {}
    for table, results in tables.items():
        metric = "log_loss" if table in CLASSIFICATION else "rmse"
        scores = {
            name: np.array([split[metric] for split in result["splits"]])
            for name, result in results.items()
        }
        boosting = scores[BOOSTING]
        ratios[table] = [
            scores[name].mean() / boosting[: len(scores[name])].mean() if name in scores else np.nan
            for name in names
        ]
    rows = {table: [_rounded(ratio) for ratio in row] for table, row in ratios.items()}
    means = np.exp(np.mean(np.log(list(ratios.values())), axis=0))
    rows["geometric mean"] = [_rounded(mean) for mean in means]
    return _markdown_table(f"Log loss or RMSE relative to {BOOSTING}", "table", names, rows)


def _markdown_table(title: str, corner: str, names, rows: dict[str, list[str]]) -> str:
    return report.Table(
        title, [corner, *names], [[k, *row] for k, row in rows.items()], []
    ).markdown()


def _rounded(number: float | None) -> str:
    if number is None or np.isnan(number):
        return "-"
    return (
        f"{number:,.0f}" if number >= 100 else f"{number:.3g}" if number >= 1 else f"{number:.3f}"
    )


def _signed(number: float | None) -> str:
    return "-" if number is None else f"{number:+.1f}"
