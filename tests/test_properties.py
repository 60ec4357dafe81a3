"""Properties of every configuration, data set and sequence of calls, drawn at random.

The default profile ``ci`` draws the same examples in each run. ``HYPOTHESIS_PROFILE=thorough``
draws different ones, a hundred times as many.
"""

import copy
import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import ENGINES, STOCHASTIC, assert_same_fit, assert_same_weights
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skscratch import MLPScratchClassifier, MLPScratchRegressor
from skscratch.estimators.stochastic import StochasticFit

COMMON = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("ci", max_examples=15, derandomize=True, **COMMON)
settings.register_profile("thorough", max_examples=2000, print_blob=True, **COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.no_cover]

SEEDS = st.integers(0, 2**32 - 1)


# --- Strategies

KINDS = [
    "binary",
    "multiclass",
    "multilabel",
    "one class",
    "regression",
    "regression of several",
]


@st.composite
def data(draw, kinds=tuple(KINDS)):
    """Draw a data set, as keyword arguments of fit."""
    kind, seed = draw(st.sampled_from(kinds)), draw(SEEDS)
    n_samples, n_features = draw(st.integers(12, 60)), draw(st.integers(1, 5))
    rng = np.random.RandomState(seed)
    X = rng.randn(n_samples, n_features)
    score = X @ rng.randn(n_features, 4) + 0.5 * rng.randn(n_samples, 4)
    y = {
        "binary": (score[:, 0] > 0).astype(int),
        "multiclass": score[:, :3].argmax(axis=1),
        "multilabel": (score > 0).astype(int),
        "one class": np.ones(n_samples, int),
        "regression": score[:, 0],
        "regression of several": score,
    }[kind]
    if kind in ("binary", "multiclass"):
        # Stratified splits need at least two samples of each class.
        y[:6] = np.arange(6) % (2 if kind == "binary" else 3)
    arguments = {"X": X, "y": y}
    if draw(st.booleans()):
        arguments["sample_weight"] = rng.uniform(0.1, 3, n_samples)
    if draw(st.booleans()):
        arguments["X"] = sp.csr_matrix(X * (rng.uniform(size=X.shape) < 0.7))
    return kind, arguments


ADDITIONAL = {
    "weight_init": st.sampled_from(["glorot_uniform", "he_normal"]),
    "weight_regularizer_l1": st.sampled_from([0.0, 1e-3]),
    "bias_regularizer_l2": st.sampled_from([0.0, 1e-2]),
    "decay": st.sampled_from([0.0, 0.1]),
    "dropout": st.sampled_from([0.0, 0.3]),
    "input_dropout": st.sampled_from([0.0, 0.2]),
    "clip_norm": st.sampled_from([None, 0.5]),
    "weight_decay": st.sampled_from([0.0, 0.1]),
}


def networks(solvers, shared=False, **others):
    """Draw parameters; if ``shared``, only those that scikit-learn has, too."""
    return st.fixed_dictionaries(
        {
            "hidden_layer_sizes": st.lists(st.integers(1, 9), max_size=3).map(tuple),
            "activation": st.sampled_from(
                ["identity", "logistic", "tanh", "relu"]
                + ([] if shared else ["leaky_relu", "elu", "silu"])
            ),
            "solver": st.sampled_from(solvers),
            "alpha": st.sampled_from([0.0, 1e-4, 0.1, 3.0]),
            "batch_size": st.sampled_from(["auto", 1, 4, 7, 10, 1000]),
            "learning_rate": st.sampled_from(["constant", "invscaling", "adaptive"]),
            "learning_rate_init": st.sampled_from([1e-4, 1e-3, 0.01, 0.05]),
            "power_t": st.sampled_from([0.5, 0.2]),
            "shuffle": st.booleans(),
            "momentum": st.sampled_from([0.0, 0.5, 0.9]),
            "nesterovs_momentum": st.booleans(),
            "beta_1": st.sampled_from([0.0, 0.5, 0.9]),
            "beta_2": st.sampled_from([0.9, 0.999]),
            "epsilon": st.sampled_from([1e-8, 1e-3]),
            "validation_fraction": st.sampled_from([0.2, 0.4]),
            **({} if shared else ADDITIONAL),
            **others,
        }
    )


def trained(estimator, arguments, method="fit", **others):
    return getattr(estimator, method)(**arguments, **others)


def estimator_of(kind, parameters):
    is_regression = kind.startswith("regression")
    return (MLPScratchRegressor if is_regression else MLPScratchClassifier)(**parameters)


# --- The same network as scikit-learn's


@given(
    data(),
    networks(
        ["sgd", "adam"],
        shared=True,
        max_iter=st.integers(1, 6),
        tol=st.sampled_from([0.0, 1e-4, 0.05]),
        n_iter_no_change=st.integers(1, 4),
        early_stopping=st.booleans(),
    ),
    st.sampled_from(ENGINES),
    SEEDS,
    st.booleans(),
)
def test_it_is_scikit_learn_s_network(drawn, parameters, engine, seed, as_instance):
    kind, arguments = drawn
    parameters = {
        **parameters,
        "random_state": np.random.RandomState(seed) if as_instance else seed,
    }
    theirs = (MLPRegressor if kind.startswith("regression") else MLPClassifier)(
        **copy.deepcopy(parameters)
    )
    ours = estimator_of(kind, {**copy.deepcopy(parameters), "engine": engine})
    try:
        trained(theirs, arguments)
    except ValueError as error:
        # Calls that raise a ValueError in scikit-learn have to raise one here, too.
        with pytest.raises(ValueError):
            trained(ours, arguments)
        assume("class" not in str(error))
        return
    trained(ours, arguments)
    for name in ("coefs_", "intercepts_"):
        for expected, actual in zip(getattr(theirs, name), getattr(ours, name), strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-7)
    for name in ("n_iter_", "t_", "n_outputs_", "out_activation_", "n_layers_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-5)
    if parameters["early_stopping"]:
        np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_)
    if as_instance:
        assert ours.random_state.randint(1 << 30) == theirs.random_state.randint(1 << 30)


# --- Copies, calls and changes of the engine between epochs

COPIES = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@given(
    data(["binary", "multiclass", "multilabel", "regression"]),
    networks(
        STOCHASTIC,
        early_stopping=st.just(False),
    ),
    st.lists(
        st.one_of(
            st.integers(1, 3),
            st.sampled_from(["partial_fit", *COPIES, *ENGINES]),
        ),
        min_size=1,
        max_size=8,
    ),
    SEEDS,
    st.booleans(),
)
def test_any_course_of_events_trains_the_same_weights(drawn, parameters, events, seed, instance):
    kind, arguments = drawn
    # Without a stopping criterion.
    parameters = {**parameters, "engine": "numpy", "tol": 0.0, "n_iter_no_change": np.inf}
    parameters["learning_rate"] = parameters["learning_rate"].replace("adaptive", "constant")
    random_state = np.random.RandomState(seed) if instance else seed
    once = estimator_of(kind, {**parameters, "random_state": copy.deepcopy(random_state)})
    clf = estimator_of(kind, {**parameters, "random_state": random_state, "warm_start": True})
    classes = (
        {}
        if kind == "regression"
        else {"classes": np.arange(4)[: 2 + (kind != "binary") + (kind == "multilabel")]}
    )
    n_epochs, engines, left_behind = 0, {"numpy"}, []
    for event in events:
        if event in COPIES:
            if n_epochs:
                left_behind.append((clf, pickle.loads(pickle.dumps(clf))))
            clf = COPIES[event](clf)
        elif event in ENGINES:
            clf.set_params(engine=event)
        elif event == "partial_fit":
            trained(clf, arguments, "partial_fit", **classes)
            n_epochs += 1
            engines.add(clf.engine)
        else:
            trained(clf.set_params(max_iter=event), arguments)
            n_epochs += event
            engines.add(clf.engine)
    assume(n_epochs)
    trained(once.set_params(max_iter=n_epochs), arguments)
    rtol = 1e-6 if "native" in engines else 0
    assert_same_weights(clf, once, rtol)
    assert clf.t_ == once.t_
    for original, as_it_was in left_behind:
        assert_same_fit(original, as_it_was)
    np.testing.assert_allclose(clf.loss_curve_, once.loss_curve_, rtol=rtol)
    for name, values in once.history_.items():
        np.testing.assert_allclose(clf.history_[name], values, rtol=rtol, atol=rtol)


# --- NumPy's numbers, and the recorded accuracy


@given(
    data(),
    networks(STOCHASTIC, max_iter=st.just(2), early_stopping=st.just(False)),
    st.sampled_from("bhilBHIL"),
    st.sampled_from("efdg"),
    st.sampled_from(ENGINES),
)
def test_numbers_of_numpy_train_the_same_network(drawn, parameters, integer, real, engine):
    kind, arguments = drawn
    parameters = {**parameters, "max_iter": 2, "random_state": 3, "engine": engine}
    codes = {bool: "?", int: integer, float: real}
    given, python = dict(parameters), dict(parameters)
    for name, value in parameters.items():
        # 1000 is too large for a byte, and 1e-8 is 0 in float16.
        if type(value) in codes and value not in (1000, 1e-8):
            given[name] = np.dtype(codes[type(value)]).type(value)
            python[name] = type(value)(given[name])
    clf, expected = (estimator_of(kind, each) for each in (given, python))
    assert_same_fit(trained(clf, arguments), trained(expected, arguments))
    assert all(clf.get_params()[name] is value for name, value in given.items())


@given(
    data(["binary", "multiclass", "multilabel", "one class"]),
    networks(["sgd"], max_iter=st.just(1), early_stopping=st.just(False)),
    st.sampled_from(ENGINES),
    st.booleans(),
)
def test_the_accuracy_is_that_of_predict(drawn, parameters, engine, ties):
    kind, arguments = drawn
    # Steps this small change only parameters that are zero. They are reset to zero below, so the
    # score is computed with the network that predicted all batches.
    parameters |= {"learning_rate_init": 1e-300, "engine": engine, "random_state": 1}
    parameters |= {"dropout": 0.0, "input_dropout": 0.0}  # not applied in predictions
    if ties:  # all logits are zero, until the update by the only batch
        arguments = {**arguments, "X": arguments["X"] * 0}
        parameters |= {"weight_init": "he_normal", "batch_size": 1000}
    clf = trained(estimator_of(kind, parameters), arguments)
    for name in ("coefs_", "intercepts_"):
        setattr(clf, name, [np.where(np.abs(p) < 1e-290, 0, p) for p in getattr(clf, name)])
    score = clf.score(arguments["X"], arguments["y"])
    assert clf.history_["accuracy"][0] == pytest.approx(score)


# --- Predictions in threads


@given(
    data(["binary", "multiclass", "multilabel", "one class", "regression of several"]),
    networks(["adam"], max_iter=st.just(2), early_stopping=st.just(False)),
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 60)), min_size=8, max_size=8),
    SEEDS,
)
def test_eight_threads_predict_what_one_does(drawn, parameters, slices, seed):
    kind, arguments = drawn
    clf = trained(estimator_of(kind, {**parameters, "random_state": seed}), arguments)
    X = sp.csr_matrix(arguments["X"]).toarray()
    parts = [np.tile(X, (9, 1))[start : start + 8 * length] for start, length in slices]
    before = pickle.dumps(clf)
    methods = ["predict"] if kind.startswith("regression") else ["predict", "predict_proba"]
    for method in map(clf.__getattribute__, methods):
        alone = [method(part) for part in parts]
        with ThreadPoolExecutor(8) as threads:
            together = list(threads.map(method, parts))
        for expected, actual in zip(alone, together, strict=True):
            np.testing.assert_array_equal(actual, expected)
    assert pickle.dumps(clf) == before


# --- Failing calls


def diverging(clf, arguments):
    clf.set_params(solver="sgd", learning_rate_init=1e300, max_iter=20, early_stopping=False)
    clf.set_params(hidden_layer_sizes=(3,), activation="identity", warm_start=False)
    return clf.fit, {**arguments, "X": arguments["X"] * 1e100}


def failing_scorer(*arguments, **others):
    raise RuntimeError("the scorer fails")


FAILURES = {
    "nan": lambda clf, a: (clf.fit, {**a, "X": a["X"] * np.nan}),
    "lengths": lambda clf, a: (clf.fit, {**a, "y": a["y"][:-1]}),
    "no weights": lambda clf, a: (clf.fit, {**a, "sample_weight": np.zeros(len(a["y"]))}),
    "negative weights": lambda clf, a: (clf.fit, {**a, "sample_weight": -np.ones(len(a["y"]))}),
    "parameter": lambda clf, a: (clf.set_params(alpha=-1).fit, a),
    "activation": lambda clf, a: (clf.set_params(activation=["relu"] * 9).fit, a),
    "half a validation set": lambda clf, a: (clf.fit, {**a, "X_val": a["X"]}),
    "features": lambda clf, a: (
        clf.fit,
        {**a, "X_val": np.ones((len(a["y"]), 9)), "y_val": a["y"]},
    ),
    "scorer": lambda clf, a: (
        clf.set_params(scoring=failing_scorer).fit,
        {**a, "X_val": a["X"], "y_val": a["y"]},
    ),
    "no scorer": lambda clf, a: (clf.set_params(scoring="none of them").fit, a),
    "diverging": diverging,
    "memory": lambda clf, a: (clf.fit, a),
    "partial_fit": lambda clf, a: (
        clf.set_params(solver="adam", early_stopping=False).partial_fit,
        {**a, "X": np.ones((len(a["y"]), 9))},
    ),
}


@given(
    data(["binary", "multiclass", "multilabel", "regression"]),
    networks(STOCHASTIC, max_iter=st.just(2), early_stopping=st.booleans()),
    st.sampled_from(list(FAILURES)),
    st.sampled_from(["new", "fitted", "warm"]),
    SEEDS,
)
def test_a_call_that_fails_changes_nothing(drawn, parameters, failure, state, seed):
    kind, arguments = drawn
    random_state = np.random.RandomState(seed)
    clf = estimator_of(kind, {**parameters, "tol": 0.0, "random_state": random_state})
    if state != "new":
        trained(clf, arguments)
    assume(failure != "partial_fit" or state != "new")
    clf.set_params(warm_start=state == "warm")
    call, arguments = FAILURES[failure](clf, arguments)
    attributes, before = vars(clf).copy(), pickle.dumps(vars(clf))
    end_epoch = StochasticFit.end_epoch

    def out_of_memory(trainer, *arguments):
        end_epoch(trainer, *arguments)
        raise MemoryError

    if failure == "memory":
        StochasticFit.end_epoch = out_of_memory
    try:
        with pytest.raises((ValueError, RuntimeError, MemoryError, TypeError)):
            call(**arguments)
    finally:
        StochasticFit.end_epoch = end_epoch
    assert vars(clf) == attributes
    assert pickle.dumps(vars(clf)) == before


# --- Assigned weights

CONVERSIONS = [
    np.ndarray.tolist,
    np.asfortranarray,
    lambda array: array.astype(np.float32),
    lambda array: array.astype(np.float16),
    lambda array: array.astype(">f8"),
    lambda array: array.round().astype(np.int8),
    lambda array: array > 0,
    lambda array: np.ma.masked_array(array),
    sp.csr_matrix,
    sp.coo_array,
]
FUNCTIONS = {
    "identity": lambda z: z,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.maximum(z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(z)),
    "silu": lambda z: z / (1 + np.exp(-z)),
}


@given(
    data(["regression of several"]),
    networks(["adam"], max_iter=st.just(1), early_stopping=st.just(False)),
    st.lists(st.sampled_from(CONVERSIONS), min_size=8, max_size=8),
    st.sampled_from(ENGINES),
    SEEDS,
)
def test_assigned_weights_predict_like_the_formula(drawn, parameters, conversions, engine, seed):
    _, arguments = drawn
    model = trained(MLPScratchRegressor(**parameters, engine=engine), arguments)
    rng = np.random.RandomState(seed)
    arrays = [rng.normal(size=one.shape) for one in model.coefs_ + model.intercepts_]
    values = sp.csr_array(arguments["X"]).toarray()
    arrays = [convert(one) for convert, one in zip(conversions, arrays, strict=False)]
    n_layers = len(model.coefs_)
    model.coefs_[:], model.intercepts_ = arrays[:n_layers], tuple(arrays[n_layers:])
    dense = [np.array(one.todense() if sp.issparse(one) else one, float) for one in arrays]
    for i, (weights, biases) in enumerate(zip(dense[:n_layers], dense[n_layers:], strict=True)):
        values = FUNCTIONS[parameters["activation"]](values) if i else values
        values = values @ weights + biases.ravel()
    predicted = model.predict(arguments["X"])
    tol = 1e-4 if predicted.dtype == np.float32 else 1e-9
    np.testing.assert_allclose(predicted, values, rtol=tol, atol=tol)
