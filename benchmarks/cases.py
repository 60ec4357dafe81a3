"""Cases: classes with the interface of asv's benchmarks.

``params`` and ``param_names`` are the parameters of a case, the contestant last. ``setup`` is not
timed, the ``time_`` method is, and ``track_`` methods return a number. All of them have one
argument per parameter. A single measurement:

>>> from timeit import timeit
>>> from benchmarks.cases import Training
>>> work = ("digits 64-100-10, batch 32", "float32", "skscratch")
>>> case = Training()
>>> case.setup(*work)
>>> seconds = timeit(lambda: case.time_fit(*work), number=1)
>>> case.track_training_accuracy(*work) > 0.9
True
"""

import subprocess
import sys
import tracemalloc
from functools import partial

import numpy as np
from sklearn.metrics import r2_score

from benchmarks import contestants, datasets
from benchmarks.contestants import (
    CONTESTANTS,
    DEFAULT,
    JAX,
    NUMPY,
    PRODUCTS,
    REFERENCE,
    SEARCHERS,
    Arguments,
)

DTYPES = ["float64", "float32"]
ENGINES = [DEFAULT, NUMPY, REFERENCE, PRODUCTS]
NAN = float("nan")


class _TimedFit:
    """One fit.

    Subclasses have a method ``work`` which returns the data and the arguments.
    """

    name: str
    title: str
    params: list[list]
    param_names: list[str]
    # Parameters of a quick run, if fewer.
    quick: dict[str, list] = {}
    # Limit on the number of rounds, for cases that take seconds.
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
    """A fit whose accuracies are reported with its time."""

    def track_training_accuracy(self, *params) -> float:
        return self._accuracy(params, self.data.X, self.data.y)

    def track_held_out_accuracy(self, *params) -> float:
        return self._accuracy(params, self.data.X_held_out, self.data.y_held_out)

    def _accuracy(self, params, X, y) -> float:
        if params[-1] == PRODUCTS or len(y) == 0:
            return NAN
        return float(np.mean(self.fitted(*params).predict_proba(X).argmax(axis=1) == y))


# Data and arguments of each work. Fits take tenths of a second, so that the time of validation is
# negligible. The learning rate of the spirals is the book's.
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
    title = "One fit with the Adam solver"
    params = [list(WORKS), DTYPES, list(CONTESTANTS)]
    param_names = ["work", "dtype", "contestant"]
    quick = {"work": [work for work in WORKS if work.startswith("digits")], "dtype": ["float32"]}

    def work(self, work, dtype, contestant):
        data, arguments = WORKS[work]
        return data(dtype), arguments


class Regression(_TimedFit):
    """Half the squared error of a single value. The reference is MLPRegressor."""

    name = "regression"
    title = "One regression with the Adam solver (the reference is MLPRegressor)"
    works = {
        "2,000 x 20-100-1, batch 32": (2_000, 20, Arguments((100,), batch_size=32, epochs=20)),
        "20,000 x 50-100-50-1, batch 200": (20_000, 50, Arguments((100, 50), epochs=5)),
    }
    params = [list(works), DTYPES, [DEFAULT, NUMPY, REFERENCE, JAX, "PyTorch", PRODUCTS]]
    param_names = ["work", "dtype", "contestant"]
    quick = {"dtype": ["float32"]}

    def work(self, work, dtype, contestant):
        n_samples, n_features, arguments = self.works[work]
        return datasets.curves(dtype, n_samples, n_features), arguments

    def track_held_out_r2(self, *params) -> float:
        if params[-1] == PRODUCTS:
            return NAN
        predicted = self.fitted(*params).predict(self.data.X_held_out)
        return r2_score(self.data.y_held_out, predicted)


class Solvers(_Fit):
    """Each solver, with a suitable learning rate.

    L-BFGS has none and processes all samples at once; its epochs are iterations.
    """

    name = "solvers"
    title = "One fit with each solver: digits 64-100-10, batch 32"
    learning_rates = {"adam": 0.001, "sgd": 0.1, "lbfgs": 0.001, "adagrad": 0.01, "rmsprop": 0.001}
    params = [list(learning_rates), DTYPES, ENGINES]
    param_names = ["solver", "dtype", "contestant"]
    quick = {"dtype": ["float32"]}

    def work(self, solver, dtype, contestant):
        if contestant == REFERENCE and solver in ("adagrad", "rmsprop"):
            raise NotImplementedError("it does not support Adagrad and RMSprop")
        if contestant == PRODUCTS and solver == "lbfgs":
            raise NotImplementedError("the number of products of L-BFGS is not known in advance")
        return datasets.digits(dtype), Arguments(
            (100,),
            batch_size=32,
            epochs=20,
            learning_rate=self.learning_rates[solver],
            solver=solver,
        )


class _Growth(_Fit):
    """A network 64-100-10 on 2,000 samples in batches of 200, with one size varied."""

    param_names = ["size", "contestant"]

    def growing(self, n_samples=2000, n_features=64, hidden=(100,)):
        data = datasets.clouds("float32", n_samples, n_features)
        return data, Arguments(hidden, batch_size=200, epochs=3)


class GrowthSamples(_Growth):
    name = "growth-samples"
    title = "Growth with the number of samples"
    params = [[200, 1000, 5000, 25000], ENGINES]
    quick = {"size": [200, 5000]}

    def work(self, size, contestant):
        return self.growing(n_samples=size)


class GrowthFeatures(_Growth):
    name = "growth-features"
    title = "Growth with the number of features"
    params = [[8, 32, 128, 512, 2048], ENGINES]
    quick = {"size": [8, 512]}

    def work(self, size, contestant):
        return self.growing(n_features=size)


class GrowthNeurons(_Growth):
    name = "growth-neurons"
    title = "Growth with the number of hidden neurons"
    params = [[8, 32, 128, 512, 2048], ENGINES]
    quick = {"size": [8, 512]}

    def work(self, size, contestant):
        return self.growing(hidden=(size,))


class GrowthLayers(_Growth):
    name = "growth-layers"
    title = "Growth with the number of hidden layers of 100 neurons"
    params = [[1, 2, 4, 8, 16], ENGINES]
    quick = {"size": [1, 8]}

    def work(self, size, contestant):
        return self.growing(hidden=(100,) * size)


class SmallFit(_Fit):
    """A fit with little computation: the overhead of a call of ``fit``."""

    name = "small-fit"
    title = "A small fit: 150 irises, 4-100-3, 5 epochs"
    params = [DTYPES, list(CONTESTANTS)]
    param_names = ["dtype", "contestant"]

    def work(self, dtype, contestant):
        return datasets.iris(dtype), Arguments((100,), batch_size=150, epochs=5)


class FirstFit:
    """JAX compiles in every process; the other contestants compile nothing."""

    name = "first-fit"
    title = "First fit of a fresh process, imports included: irises, 4-100-3, one epoch, float32"
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
    params = [[DEFAULT, NUMPY, REFERENCE, JAX]]
    param_names = ["contestant"]
    quick: dict[str, list] = {}
    max_rounds = 5

    def setup(self, contestant) -> None:
        contestants.require(contestant)

    def time_process(self, contestant) -> None:
        # The imports of other contestants are not timed.
        others = ["torch", "skorch", *(["jax"] if contestant != JAX else [])]
        program = self.program.format(name=contestant, others=others)
        subprocess.run([sys.executable, "-c", program], check=True)


class Sparse(_Fit):
    name = "sparse"
    title = "Sparse texts: 10,000 x 50,000-100-20, 0.1% filled, batch 200, one epoch"
    params = [["float32"], [DEFAULT, NUMPY, REFERENCE]]
    param_names = ["dtype", "contestant"]
    max_rounds = 3

    def work(self, dtype, contestant):
        return datasets.texts(dtype), Arguments((100,), batch_size=200, epochs=1)


class _Predict:
    """Probabilities of a network 64-100-10 after a few epochs."""

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
    params = [[1_000_000], DTYPES, [DEFAULT, REFERENCE, "PyTorch", "skorch", "book"]]
    param_names = ["rows", "dtype", "contestant"]
    max_rounds = 5
    quick = {"rows": [100_000], "dtype": ["float32"]}

    def setup(self, *params) -> None:
        if params[-1] == "skorch":
            raise NotImplementedError("it processes rows one by one, too slow for this case")
        super().setup(*params)

    def track_megabytes_beyond_output(self, *params) -> float:
        """Return the peak of the memory allocated during a call, without the returned array.

        tracemalloc traces NumPy's arrays but not PyTorch's tensors.
        """
        if params[-1] == "PyTorch":
            return NAN
        tracemalloc.start()
        output = self.model.predict_proba(self.X)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return (peak - output.nbytes) / 1e6


class PredictOneRow(_Predict):
    """The estimators and skorch validate their input, PyTorch and the book's loop do not."""

    name = "one-row"
    title = "predict_proba of one row with 64-100-10"
    params = [[1], DTYPES, [DEFAULT, REFERENCE, "PyTorch", "skorch", "book"]]
    param_names = ["rows", "dtype", "contestant"]


class Import:
    """A fresh process that imports the package and exits."""

    name = "import"
    title = "Importing the package in a fresh process"
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
        contestants.require(contestant)

    def time_import(self, contestant) -> None:
        subprocess.run([sys.executable, "-c", f"import {self.modules[contestant]}"], check=True)


class _Search:
    """A grid of learning rates, with 5 folds.

    Worker processes are started, and import their modules, before they are timed.
    """

    quick: dict[str, list] = {}
    max_rounds = 3

    def setup(self, *params) -> None:
        self.contestant = params[-1]
        contestants.require(self.contestant)
        self.data, self.arguments, self.grid = self.work(*params)
        self.found = None

    def work(self, *params) -> tuple[datasets.Data, Arguments, dict]:
        raise NotImplementedError

    def time_search(self, *params) -> None:
        X, y = self.data.X, self.data.y
        self.found = contestants.search(self.contestant, X, y, self.arguments, self.grid)

    def track_best_mean_accuracy(self, *params) -> float:
        if self.found is None:
            self.time_search(*params)
        return float(self.found)


def learning_rates(number: int) -> dict:
    return {"learning_rate_init": np.logspace(-3.5, -1.5, number).tolist()}


# Data and arguments of each search. MLPClassifier takes about ten seconds. Four of five folds of
# the spiral have 240 rows.
SEARCH_WORKS = {
    "digits 64-100-10, batch 32": (datasets.digits, Arguments((100,), 32, epochs=25)),
    "digits 64-32-10, batch 32": (datasets.digits, Arguments((32,), 32, epochs=25)),
    "digits 64-100-10, batch 200": (datasets.digits, Arguments((100,), 200, epochs=75)),
    "spiral 2-64-3, batch 32": (datasets.spiral, Arguments((64,), 32, epochs=150)),
    "spiral 2-64-3, full batch": (datasets.spiral, Arguments((64,), 240, epochs=1000)),
}


class Search(_Search):
    name = "search"
    title = "A search: 8 learning rates x 5 folds, two jobs unless stated, float32"
    params = [list(SEARCH_WORKS), list(SEARCHERS)]
    param_names = ["work", "contestant"]
    quick = {"work": ["digits 64-32-10, batch 32"]}

    def work(self, work, contestant):
        data, arguments = SEARCH_WORKS[work]
        data = data("float32")
        # The spirals are sorted, and folds are split in the order of the samples.
        order = np.random.default_rng(0).permutation(len(data.y))
        data = data._replace(X=data.X[order], y=data.y[order])
        return data, arguments, learning_rates(8)


class GrowthCandidates(_Search):
    name = "growth-candidates"
    title = "Growth of a search with the number of candidates: digits 64-32-10, batch 32, 20 epochs"
    params = [[1, 2, 4, 8, 16], list(SEARCHERS)]
    param_names = ["size", "contestant"]
    quick = {"size": [1, 8]}

    def work(self, size, contestant):
        return datasets.digits("float32"), Arguments((32,), 32, epochs=20), learning_rates(size)


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
    Import,
]
