"""What is measured. Each class is a case, in the shape that asv expects of a benchmark.

``params`` and ``param_names`` say over what a case varies, the contestant last; ``setup`` prepares
what is not timed; the ``time_`` method is timed; ``track_`` methods return a number. All of them
take one argument per parameter. So one measurement can be taken by hand:

>>> from timeit import timeit
>>> from benchmarks.cases import Training
>>> work = ("digits 64-100-10, batch 32", "float32", "skscratch")
>>> case = Training()
>>> case.setup(*work)
>>> seconds = timeit(lambda: case.time_fit(*work), number=1)
>>> case.track_training_accuracy(*work) > 0.9
True
"""

import os
import subprocess
import sys
import tempfile
import tracemalloc
from functools import partial

import numpy as np
from sklearn.ensemble import BaggingClassifier
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold, learning_curve

from benchmarks import contestants, datasets
from benchmarks.contestants import (
    FITTERS,
    FLOOR,
    JAX,
    NUMBA,
    REFERENCE,
    SEARCHERS,
    SEARCHES,
    Arguments,
)

DTYPES = ["float32", "float64"]
AGAINST_FLOOR = ["skscratch", NUMBA, REFERENCE, FLOOR]
NAN = float("nan")


class _TimedFit:
    """One fit.

    Subclasses have a method ``work`` which returns the data and the arguments.
    """

    name: str
    title: str
    params: list[list]
    param_names: list[str]
    # What of the parameters is left in a quick run; all, where nothing is said.
    quick: dict[str, list] = {}
    # Less than the number of rounds asked for, where a single one takes seconds.
    max_rounds = 100

    def setup(self, *params) -> None:
        self.fit = contestants.get(params[-1])
        self.data, self.arguments = self.work(*params)
        self.model = None

    def work(self, *params) -> tuple[datasets.Data, Arguments]:
        raise NotImplementedError

    def time_fit(self, *params) -> None:
        self.model = self.fit(self.data.X, self.data.y, self.arguments)

    def fitted(self, *params):
        if self.model is None:
            self.time_fit(*params)
        return self.model


class _Fit(_TimedFit):
    """What was learned is reported beside the time, so that nobody wins by learning less."""

    def track_training_accuracy(self, *params) -> float:
        return self._accuracy(params, self.data.X, self.data.y)

    def track_held_out_accuracy(self, *params) -> float:
        return self._accuracy(params, self.data.X_held_out, self.data.y_held_out)

    def _accuracy(self, params, X, y) -> float:
        if params[-1] == FLOOR or len(y) == 0:
            return NAN
        return float(np.mean(self.fitted(*params).predict_proba(X).argmax(axis=1) == y))


# Each work's data and arguments, for fits of some tenths of a second, in which validation does not
# count. The learning rate of the spirals is the book's.
WORKS = {
    "spiral 300 x 2-64-3, full batch": (
        datasets.spiral,
        Arguments((64,), batch_size=300, epochs=2000, learning_rate=0.02),
    ),
    "spiral 300 x 2-64-3, batch 32": (
        datasets.spiral,
        Arguments((64,), batch_size=32, epochs=300, learning_rate=0.02),
    ),
    "digits 64-32-10, batch 32": (datasets.digits, Arguments((32,), batch_size=32, epochs=50)),
    "digits 64-100-10, batch 32": (datasets.digits, Arguments((100,), batch_size=32, epochs=50)),
    "digits 64-100-10, batch 200": (datasets.digits, Arguments((100,), batch_size=200, epochs=150)),
    "20,000 x 784-256-128-10, batch 200": (
        partial(datasets.clouds, n_samples=20_000, n_features=784),
        Arguments((256, 128), batch_size=200, epochs=3),
    ),
}


class Training(_Fit):
    name = "training"
    title = "One fit by Adam"
    params = [list(WORKS), DTYPES, FITTERS]
    param_names = ["work", "dtype", "contestant"]
    quick = {"work": [work for work in WORKS if work.startswith("digits")], "dtype": ["float32"]}

    def work(self, work, dtype, contestant):
        data, arguments = WORKS[work]
        return data(dtype), arguments


class Regression(_TimedFit):
    """Half the squared error of a single value. The reference is MLPRegressor."""

    name = "regression"
    title = "One regression by Adam (the reference is MLPRegressor)"
    works = {
        "2,000 x 20-100-1, batch 32": (2_000, 20, Arguments((100,), batch_size=32, epochs=20)),
        "20,000 x 50-100-50-1, batch 200": (20_000, 50, Arguments((100, 50), epochs=5)),
    }
    params = [list(works), DTYPES, ["skscratch", NUMBA, REFERENCE, JAX, "PyTorch", FLOOR]]
    param_names = ["work", "dtype", "contestant"]
    quick = {"dtype": ["float32"]}

    def work(self, work, dtype, contestant):
        n_samples, n_features, arguments = self.works[work]
        return datasets.curves(dtype, n_samples, n_features), arguments

    def track_held_out_r2(self, *params) -> float:
        if params[-1] == FLOOR:
            return NAN
        predicted = self.fitted(*params).predict(self.data.X_held_out)
        return r2_score(self.data.y_held_out, predicted)


class Solvers(_Fit):
    """Each solver with a learning rate at which it learns.

    L-BFGS has none, takes all samples at once, and its epochs are iterations.
    """

    name = "solvers"
    title = "One fit by each solver: digits 64-100-10, batch 32"
    learning_rates = {"adam": 0.001, "sgd": 0.1, "lbfgs": 0.001, "adagrad": 0.01, "rmsprop": 0.001}
    params = [list(learning_rates), DTYPES, AGAINST_FLOOR]
    param_names = ["solver", "dtype", "contestant"]
    quick = {"dtype": ["float32"]}

    def work(self, solver, dtype, contestant):
        if contestant == REFERENCE and solver in ("adagrad", "rmsprop"):
            raise NotImplementedError("it has neither Adagrad nor RMSprop")
        if contestant == FLOOR and solver == "lbfgs":
            raise NotImplementedError("nobody knows beforehand how many products L-BFGS needs")
        return datasets.digits(dtype), Arguments(
            (100,),
            batch_size=32,
            epochs=20,
            learning_rate=self.learning_rates[solver],
            solver=solver,
        )


class _Growth(_Fit):
    """A network of 64-100-10 on 2,000 samples in batches of 200, one of its sizes growing."""

    param_names = ["size", "contestant"]

    def growing(self, n_samples=2000, n_features=64, hidden=(100,)):
        data = datasets.clouds("float32", n_samples, n_features)
        return data, Arguments(hidden, batch_size=200, epochs=3)


class GrowthSamples(_Growth):
    name = "growth-samples"
    title = "Growth with the number of samples"
    params = [[200, 1000, 5000, 25000], AGAINST_FLOOR]
    quick = {"size": [200, 5000]}

    def work(self, size, contestant):
        return self.growing(n_samples=size)


class GrowthFeatures(_Growth):
    name = "growth-features"
    title = "Growth with the number of features"
    params = [[8, 32, 128, 512, 2048], AGAINST_FLOOR]
    quick = {"size": [8, 512]}

    def work(self, size, contestant):
        return self.growing(n_features=size)


class GrowthNeurons(_Growth):
    name = "growth-neurons"
    title = "Growth with the number of hidden neurons"
    params = [[8, 32, 128, 512, 2048], AGAINST_FLOOR]
    quick = {"size": [8, 512]}

    def work(self, size, contestant):
        return self.growing(hidden=(size,))


class GrowthLayers(_Growth):
    name = "growth-layers"
    title = "Growth with the number of hidden layers of 100 neurons"
    params = [[1, 2, 4, 8, 16], AGAINST_FLOOR]
    quick = {"size": [1, 8]}

    def work(self, size, contestant):
        return self.growing(hidden=(100,) * size)


class SmallFit(_Fit):
    """Where little is computed, what remains is what a call of ``fit`` costs."""

    name = "small-fit"
    title = "A small fit: 150 irises, 4-100-3, 5 epochs"
    params = [DTYPES, FITTERS]
    param_names = ["dtype", "contestant"]

    def work(self, dtype, contestant):
        return datasets.iris(dtype), Arguments((100,), batch_size=150, epochs=5)


class FirstFit:
    """What is compiled has to be compiled once: JAX in every process, Numba on every machine."""

    name = "first-fit"
    title = "A new Python that imports, and fits the irises for one epoch: 4-100-3, float32"
    program = """
import sys
class Others:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {others}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Others())
from benchmarks import contestants, datasets
data = datasets.iris("float32")
contestants.get({name!r})(data.X, data.y, contestants.Arguments(batch_size=150, epochs=1))
"""
    caches = ["used before", "never used before"]
    params = [caches, ["skscratch", NUMBA, REFERENCE, JAX]]
    param_names = ["machine", "contestant"]
    quick = {"machine": caches[:1]}
    max_rounds = 3

    def setup(self, machine, contestant) -> None:
        contestants.get(contestant)

    def time_process(self, machine, contestant) -> None:
        # Nobody waits for the imports of others.
        others = ["torch", "skorch", *(["jax"] if contestant != JAX else [])]
        program = self.program.format(name=contestant, others=others)
        with tempfile.TemporaryDirectory() as folder:
            environment = {} if machine == self.caches[0] else {"NUMBA_CACHE_DIR": folder}
            subprocess.run(
                [sys.executable, "-c", program], check=True, env={**os.environ, **environment}
            )


class Sparse(_Fit):
    name = "sparse"
    title = "Sparse texts: 10,000 x 50,000-100-20, 0.1% filled, batch 200, one epoch"
    params = [["float32"], ["skscratch", NUMBA, REFERENCE]]
    param_names = ["dtype", "contestant"]
    max_rounds = 3

    def work(self, dtype, contestant):
        return datasets.texts(dtype), Arguments((100,), batch_size=200, epochs=1)


class _Predict:
    """Probabilities by a network 64-100-10 that has learned a little."""

    quick: dict[str, list] = {}
    max_rounds = 100

    def setup(self, *params) -> None:
        *_, n_rows, dtype, contestant = params
        digits = datasets.digits(dtype)
        self.model = contestants.get(contestant)(digits.X, digits.y, Arguments((100,), epochs=3))
        self.X = datasets.many_digits(dtype, n_rows)

    def time_predict_proba(self, *params) -> None:
        self.model.predict_proba(self.X)


class Predict(_Predict):
    name = "predict"
    title = "predict_proba of 64-100-10"
    params = [[1_000_000], DTYPES, ["skscratch", REFERENCE, "PyTorch", "skorch", "book"]]
    param_names = ["rows", "dtype", "contestant"]
    max_rounds = 5
    quick = {"rows": [100_000], "dtype": ["float32"]}

    def setup(self, *params) -> None:
        if params[-1] == "skorch":
            raise NotImplementedError("it takes its rows one by one, too long for a short run")
        super().setup(*params)

    def track_megabytes_beyond_output(self, *params) -> float:
        """Return the peak of what is allocated during a call, less what it returns.

        Python's tracer sees NumPy's arrays but not PyTorch's tensors.
        """
        if params[-1] == "PyTorch":
            return NAN
        tracemalloc.start()
        output = self.model.predict_proba(self.X)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return (peak - output.nbytes) / 1e6


class PredictOneRow(_Predict):
    """The estimators and skorch validate what they are given, PyTorch and the book do not."""

    name = "one-row"
    title = "predict_proba of one row by 64-100-10"
    params = [[1], DTYPES, ["skscratch", REFERENCE, "PyTorch", "skorch", "book"]]
    param_names = ["rows", "dtype", "contestant"]


class Import:
    """A new Python that imports the package and ends."""

    name = "import"
    title = "Importing the package in a new Python"
    modules = {
        "skscratch": "skscratch",
        REFERENCE: "sklearn.neural_network",
        "PyTorch": "torch",
        "skorch": "skorch",
    }
    params = [list(modules)]
    param_names = ["contestant"]
    quick = {"contestant": ["skscratch", REFERENCE]}
    max_rounds = 5

    def setup(self, contestant) -> None:
        contestants.get(contestant)

    def time_import(self, contestant) -> None:
        subprocess.run([sys.executable, "-c", f"import {self.modules[contestant]}"], check=True)


class _Search:
    """A grid of learning rates, and of what else a work says, by 5 folds with two jobs.

    The workers have been started and have imported everything when the clock runs.
    """

    quick: dict[str, list] = {}
    max_rounds = 3

    def setup(self, *params) -> None:
        self.contestant = params[-1]
        contestants.get(self.contestant)
        self.data, self.arguments, self.grid = self.work(*params)
        self.found = None

    def work(self, *params) -> tuple[datasets.Data, Arguments, dict]:
        raise NotImplementedError

    def time_search(self, *params) -> None:
        X, y = self.data.X, self.data.y
        self.found = contestants.search(self.contestant, X, y, self.arguments, self.grid, n_jobs=2)

    def track_best_mean_accuracy(self, *params) -> float:
        if self.found is None:
            self.time_search(*params)
        return float(self.found)


def learning_rates(number: int) -> dict:
    return {"learning_rate_init": np.logspace(-3.5, -1.5, number).tolist()}


SHAPES = {"hidden_layer_sizes": [(32,), (64,), (100,)]}

# Each search's data, arguments and what it tries beside eight learning rates. They last as long as
# searches do: MLPClassifier takes some ten seconds. Four of five folds of the spiral have 240 rows.
SEARCH_WORKS = {
    "digits 64-100-10, batch 32": (datasets.digits, Arguments((100,), 32, epochs=50), {}),
    "digits 64-32-10, batch 32": (datasets.digits, Arguments((32,), 32, epochs=50), {}),
    "digits 64-100-10, batch 200": (datasets.digits, Arguments((100,), 200, epochs=150), {}),
    "spiral 2-64-3, batch 32": (datasets.spiral, Arguments((64,), 32, epochs=300), {}),
    "spiral 2-64-3, full batch": (datasets.spiral, Arguments((64,), 240, epochs=2000), {}),
    "digits, 3 shapes, batch 32": (datasets.digits, Arguments((100,), 32, epochs=20), SHAPES),
}


class Search(_Search):
    name = "search"
    title = "A search: 8 learning rates x 5 folds, two jobs, float32"
    params = [list(SEARCH_WORKS), SEARCHERS]
    param_names = ["work", "contestant"]
    quick = {"work": ["digits 64-32-10, batch 32"]}

    def work(self, work, contestant):
        data, arguments, grid = SEARCH_WORKS[work]
        data = data("float32")
        # Folds are cut in the order of the samples, in which the spirals are wound up.
        order = np.random.default_rng(0).permutation(len(data.y))
        data = data._replace(X=data.X[order], y=data.y[order])
        return data, arguments, {**learning_rates(8), **grid}


class GrowthCandidates(_Search):
    name = "growth-candidates"
    title = "Growth of a search with the number of candidates: digits 64-32-10, batch 32, 20 epochs"
    params = [[1, 2, 4, 8, 16, 32], SEARCHERS]
    param_names = ["size", "contestant"]
    quick = {"size": [1, 8]}

    def work(self, size, contestant):
        return datasets.digits("float32"), Arguments((32,), 32, epochs=20), learning_rates(size)


class Tools:
    """What else fits many networks: an ensemble and a curve, with two jobs."""

    name = "tools"
    title = "Other tools: digits 64-32-10, batch 32, 20 epochs, two jobs, float32"
    tools = {
        "bagging of 20, with replacement": lambda X, y: (
            lambda estimator: BaggingClassifier(estimator, 20, random_state=0).fit(X, y)
        ),
        "bagging of 20 features": lambda X, y: (
            lambda estimator: BaggingClassifier(
                estimator, 20, max_features=0.3, bootstrap=False, random_state=0
            ).fit(X, y)
        ),
        "learning curve, 5 sizes x 5 folds": lambda X, y: (
            lambda estimator: learning_curve(estimator, X, y)
        ),
    }
    params = [list(tools), list(SEARCHES)]
    param_names = ["tool", "contestant"]
    quick: dict[str, list] = {}
    max_rounds = 3

    def setup(self, tool, contestant) -> None:
        contestants.get(contestant)
        self.data = datasets.digits("float32")
        # Bagging gives weights of zero, and MLPClassifier fails where a small last batch has no
        # other: every batch is whole.
        rows = slice(len(self.data.y) // 32 * 32)
        self.data = self.data._replace(X=self.data.X[rows], y=self.data.y[rows])
        self.tool = self.tools[tool](self.data.X, self.data.y)
        self.arguments = Arguments((32,), 32, epochs=20)

    def time_tool(self, tool, contestant) -> None:
        contestants.use(contestant, self.tool, self.data.X, self.arguments, n_jobs=2)


class SearchMemory:
    """The peak of a search in this process, which must not grow with what is searched."""

    name = "search-memory"
    title = "Memory of a search: 200 rows, 200-64-10, one epoch, one job, float32"
    sizes = {
        "10 candidates x 5 folds": (10, 5),
        "40 candidates x 5 folds": (40, 5),
        "120 candidates x 5 folds": (120, 5),
        "2 candidates x 5 folds": (2, 5),
        "2 candidates x 10 folds": (2, 10),
        "2 candidates x 50 folds": (2, 50),
        "2 candidates, leave one out": (2, 200),
    }
    params = [list(sizes), ["skscratch", REFERENCE]]
    param_names = ["size", "contestant"]
    quick = {"size": ["10 candidates x 5 folds", "2 candidates x 5 folds"]}
    max_rounds = 1

    def setup(self, size, contestant) -> None:
        n_candidates, n_folds = self.sizes[size]
        self.data = datasets.clouds("float32", 200, 200)
        self.arguments = Arguments((64,), batch_size=50, epochs=1)
        grid, folds = learning_rates(n_candidates), KFold(n_folds)
        self.tool = lambda estimator: GridSearchCV(estimator, grid, cv=folds, refit=False).fit(
            self.data.X, self.data.y
        )

    def time_search(self, size, contestant) -> None:
        contestants.use(contestant, self.tool, self.data.X, self.arguments, n_jobs=1)

    def track_megabytes(self, size, contestant) -> float:
        """Return the peak of what is allocated during a search."""
        tracemalloc.start()
        self.time_search(size, contestant)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak / 1e6


CASES = [
    Training,
    Regression,
    Solvers,
    GrowthSamples,
    GrowthFeatures,
    GrowthNeurons,
    GrowthLayers,
    Sparse,
    Predict,
    PredictOneRow,
    SmallFit,
    FirstFit,
    Search,
    GrowthCandidates,
    Tools,
    SearchMemory,
    Import,
]
