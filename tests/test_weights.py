"""Weights that are assigned, and the methods that give access to a fitted network."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import ENGINES, assert_same_weights, mlp, unfinished_fits
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer

from skscratch import MLPScratchClassifier, MLPScratchRegressor
from skscratch.nn.activations import Tanh
from skscratch.nn.testing import check_gradient

pytestmark = unfinished_fits
every_engine = pytest.mark.parametrize("engine", ENGINES)

X, y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
labels = np.column_stack([y == 0, y > 0, X[:, 0] > 0]).astype(int)
rng = np.random.RandomState(0)
COEFS = [rng.normal(size=shape) for shape in [(4, 5), (5, 3)]]
INTERCEPTS = [rng.normal(size=n) for n in (5, 3)]
HIDDEN = np.tanh(X @ COEFS[0] + INTERCEPTS[0])
LOGITS = HIDDEN @ COEFS[1] + INTERCEPTS[1]
frozen = {"solver": "sgd", "learning_rate_init": 1e-300, "alpha": 0.0}


def fitted(**parameters):
    return mlp((5,), activation="tanh", max_iter=1, **parameters).fit(X, y)


def from_weights(coefs=COEFS, intercepts=INTERCEPTS, **parameters):
    return MLPScratchClassifier.from_weights(coefs, intercepts, activation="tanh", **parameters)


def assert_predicts(clf, rtol=1e-12):
    np.testing.assert_allclose(clf.predict_proba(X), softmax(LOGITS, axis=1), rtol=rtol)


# --- Assigned weights (odd dtypes: test_properties.py)


@every_engine
def test_edits_in_place_affect_predictions(engine):
    clf = fitted(engine=engine)
    for new, old in zip(COEFS + INTERCEPTS, clf.coefs_ + clf.intercepts_, strict=True):
        old[:] = new
    assert_predicts(clf)
    clf.coefs_[1] = COEFS[1].tolist()
    assert_predicts(clf)


@every_engine
@pytest.mark.parametrize("method", ["partial_fit", "fit"])
@pytest.mark.parametrize("convert", [np.array, sp.csr_matrix, np.ndarray.tolist])
def test_training_continues_from_assigned_weights(engine, method, convert):
    clf = fitted(engine=engine, warm_start=True, **frozen)
    clf.coefs_, clf.intercepts_ = [convert(one) for one in COEFS], INTERCEPTS
    getattr(clf, method)(X, y)
    assert_same_weights(clf, from_weights())
    assert clf.loss_curve_[1] == pytest.approx(clf.loss_gradient(X, y)[0])


def test_assigned_weights_of_another_architecture():
    clf = fitted()
    clf.coefs_, clf.intercepts_ = [one[:, :3] for one in COEFS], INTERCEPTS
    clf.coefs_[1], clf.intercepts_ = COEFS[1][:3], [INTERCEPTS[0][:3], INTERCEPTS[1]]
    expected = HIDDEN[:, :3] @ COEFS[1][:3] + INTERCEPTS[1]
    np.testing.assert_array_equal(clf.predict(X), expected.argmax(axis=1))
    with pytest.raises(ValueError, match=r"Set hidden_layer_sizes=\(3,\)"):
        clf.partial_fit(X, y)
    from_weights(clf.coefs_, clf.intercepts_).partial_fit(X, y)


@every_engine
def test_training_continues_in_the_dtype_of_the_weights(engine):
    # The optimizer's state is converted, too: the native engine reads it by its address.
    clf, expected = (fitted(engine=engine) for _ in range(2))
    clf.coefs_ = [one.astype(np.float32) for one in clf.coefs_]
    clf.intercepts_ = [one.astype(np.float32) for one in clf.intercepts_]
    assert clf.partial_fit(X, y).coefs_[0].dtype == np.float32
    for one, other in zip(clf.coefs_, expected.partial_fit(X, y).coefs_, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"coefs_": [COEFS[0].T, COEFS[1]]}, r"shapes \[\(4, 5\), .*, got \[\(5, 4\)"),
        ({"coefs_": COEFS[:1]}, "Expected coefs_ and intercepts_"),
        ({"coefs_": [], "intercepts_": []}, "Expected coefs_ and intercepts_"),
        ({"intercepts_": [INTERCEPTS[0], 1.0]}, r"\(3,\)\], .*, got .* \(1,\)\]"),
        ({"n_outputs_": 4}, "n_outputs_=4"),
        ({"hidden_activations_": ["tanh", "tanh"]}, r"hidden_activations_=\['tanh', 'tanh'\]"),
        ({"hidden_activations_": ["tan"]}, "activation must be one of"),
        ({"coefs_": [one.astype(complex) for one in COEFS]}, "real numbers.*complex128"),
    ],
)
def test_invalid_weights(attributes, message):
    clf = fitted()
    vars(clf).update(attributes)
    for method in (clf.predict, clf.hidden_outputs, lambda X: clf.partial_fit(X, y)):
        with pytest.raises(ValueError, match=message):
            method(X)


def test_history_can_be_assigned():
    clf = mlp(max_iter=3, early_stopping=True).fit(X, y)
    clf.loss_curve_ = np.array([3, 2])
    assert clf.loss_curve_ == [3, 2] == clf.history_["loss"].tolist()
    assert len(clf.history_["learning_rate"]) == len(clf.validation_scores_) == 2
    clf.validation_scores_ = [0.5, 0.75, 0.25]
    assert (clf.validation_scores_, clf.best_validation_score_) == ([0.5, 0.75, 0.25], 0.75)
    np.testing.assert_array_equal(clf.loss_curve_, [3, 2, np.nan])
    clf.validation_scores_ = None
    assert clf.validation_scores_ is clf.best_validation_score_ is None
    assert len(clf.set_params(early_stopping=False).partial_fit(X, y).loss_curve_) == 4


# --- Estimators assembled by hand, as for MLPClassifier

OUTPUTS = {
    "binary": (slice(1), "logistic", np.array(["a", "b"])[y % 2]),
    "multiclass": (slice(3), "softmax", y),
    "multilabel": (slice(3), "logistic", labels),
    "values": (slice(3), "identity", X[:, :3]),
    "value": (slice(1), "identity", X[:, 0]),
}


@every_engine
@pytest.mark.parametrize("kind", OUTPUTS)
def test_assembled_by_hand(kind, engine):
    columns, activation, targets = OUTPUTS[kind]
    is_regressor = kind.startswith("value")
    theirs, ours = (
        (MLPRegressor, MLPScratchRegressor)
        if is_regressor
        else (MLPClassifier, MLPScratchClassifier)
    )
    theirs, ours = (
        one(hidden_layer_sizes=(5,), activation="tanh", random_state=0) for one in (theirs, ours)
    )
    for each in (theirs, ours):
        each.coefs_ = [COEFS[0].copy(), COEFS[1][:, columns].copy()]
        each.intercepts_ = [INTERCEPTS[0].copy(), INTERCEPTS[1][columns].copy()]
        each.n_layers_, each.n_outputs_, each.out_activation_ = (
            3,
            len(each.intercepts_[1]),
            activation,
        )
        if not is_regressor:
            each.classes_ = np.unique(targets) if kind != "multilabel" else np.arange(3)
    ours.set_params(engine=engine)
    if not is_regressor:
        theirs._label_binarizer = LabelBinarizer().fit(targets)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))
        ours.classes_ = list(ours.classes_)
    expected = ours.predict(X)
    predict = np.testing.assert_array_equal if not is_regressor else np.testing.assert_allclose
    predict(expected, theirs.predict(X))
    for copy in (pickle.loads(pickle.dumps(ours)), ours.to_sklearn()):
        predict(copy.predict(X), expected)
    assert (ours.loss_curve_, ours.n_features_in_) == ([], 4)
    given = type(ours).from_weights(
        ours.coefs_,
        ours.intercepts_,
        **({} if is_regressor else {"classes": ours.classes_, "multilabel": kind == "multilabel"}),
        **ours.get_params(),
    )
    predict(given.predict(X), expected)
    predict(given.to_sklearn().predict(X), expected)
    losses = []
    for each in (ours, given):
        each.partial_fit(X, targets)
        assert (each.t_, each.hidden_activations_) == (150, ["tanh"])
        losses.append(each.set_params(warm_start=True, max_iter=2).fit(X, targets).loss_curve_)
    assert losses[0] == losses[1]
    assert len(losses[0]) == 3
    assert_same_weights(ours, given)
    with pytest.raises(NotFittedError):
        clone(ours).predict(X)


# --- from_weights


def test_from_weights_copies_and_checks():
    clf = from_weights(classes=["a", "b", "c"], max_iter=7)
    assert (clf.hidden_layer_sizes, clf.max_iter) == ((5,), 7)
    assert not any(map(np.shares_memory, clf.coefs_ + clf.intercepts_, COEFS + INTERCEPTS))
    np.testing.assert_array_equal(clf.predict(X), np.array(["a", "b", "c"])[LOGITS.argmax(axis=1)])
    assert from_weights([one.astype(np.float32) for one in COEFS]).coefs_[0].dtype == np.float64
    single = [[one.astype(np.float32) for one in arrays] for arrays in (COEFS, INTERCEPTS)]
    assert from_weights(*single).predict_proba(X).dtype == np.float32
    quantiles = MLPScratchRegressor.from_weights(
        COEFS, INTERCEPTS, activation="tanh", loss="quantile", quantile=[0.1, 0.5, 0.9]
    )
    np.testing.assert_allclose(quantiles.predict(X), np.sort(LOGITS, axis=1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": ["c", "b", "a"]}, "sorted classes"),
        ({"classes": [0, 1]}, r"classes=\[0 1\] and 3 outputs"),
        ({"coefs": [COEFS[0], COEFS[1][:, :2]], "intercepts": [np.ones(5), np.ones(2)]}, "softmax"),
        ({"coefs": [], "intercepts": []}, r"a matrix of weights for each layer, got shapes \[\]"),
        ({"coefs": COEFS[::-1]}, "Expected coefs_ and intercepts_ of shapes"),
        ({"intercepts": [np.full(5, np.nan), np.ones(3)]}, "finite"),
        ({"hidden_layer_sizes": (4,)}, r"hidden_layer_sizes=\(5,\), got \(4,\)"),
        ({"alpha": -1}, "alpha"),
    ],
)
def test_from_weights_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        from_weights(**arguments)
    with pytest.raises(ValueError, match="are for classifiers"):
        MLPScratchRegressor.from_weights(COEFS, INTERCEPTS, classes=[0, 1, 2])


def test_weights_of_pytorch():
    torch = pytest.importorskip("torch")
    layers = torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3)
    model = torch.nn.Sequential(*layers).double()
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    coefs = [array.T for name, array in state.items() if "weight" in name]
    clf = from_weights(coefs, [array for name, array in state.items() if "bias" in name])
    expected = softmax(model(torch.from_numpy(X)).detach().numpy(), axis=1)
    np.testing.assert_allclose(clf.predict_proba(X), expected)


# --- hidden_outputs


@every_engine
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_hidden_outputs(engine, dtype):
    data = (X * (X > 0)).astype(dtype)
    clf = mlp((7, 2), activation=["relu", Tanh], engine=engine).fit(data, y)
    hidden = [np.maximum(data @ clf.coefs_[0] + clf.intercepts_[0], 0)]
    hidden.append(np.tanh(hidden[0] @ clf.coefs_[1] + clf.intercepts_[1]))
    for layer in (0, 1, -1, np.int64(-2)):
        for inputs in (data, sp.csr_array(data), sp.csc_matrix(data), data[:1], data.tolist()):
            outputs = clf.hidden_outputs(inputs, layer)
            assert outputs.dtype == dtype
            np.testing.assert_allclose(outputs, hidden[layer][: len(outputs)], rtol=2e-5, atol=1e-6)
    np.testing.assert_array_equal(clf.hidden_outputs(data), clf.hidden_outputs(data, layer=1))
    regressor = MLPScratchRegressor.from_weights(COEFS, INTERCEPTS, activation="tanh")
    np.testing.assert_allclose(regressor.set_params(engine=engine).hidden_outputs(X), HIDDEN)


def test_hidden_outputs_errors():
    clf = mlp((7, 2)).fit(X, y)
    for layer in (2, -3, 0.5, "relu", None):
        with pytest.raises(ValueError, match="which this network has 2; got"):
            clf.hidden_outputs(X, layer)
    with pytest.raises(ValueError, match="this network has 0"):
        mlp(()).fit(X, y).hidden_outputs(X)
    with pytest.raises(ValueError, match="3 features"):
        clf.hidden_outputs(X[:, :3])
    with pytest.raises(NotFittedError):
        mlp().hidden_outputs(X)


# --- weight_init


def constant(n_inputs, n_neurons, random_state):
    return random_state.uniform(size=(n_inputs, n_neurons)), np.arange(n_neurons)


@every_engine
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_weight_init_as_a_function(engine, solver):
    parameters = {**frozen, "solver": solver, "tol": 1e300, "weight_init": constant}
    clf = pickle.loads(pickle.dumps(clone(mlp((5,), engine=engine, **parameters))))
    random_state = np.random.RandomState(0)
    data = X.astype(np.float32)
    clf.fit(data, y)
    for n, weights, biases in zip((5, 3), clf.coefs_, clf.intercepts_, strict=True):
        expected = constant(len(weights), n, random_state)
        np.testing.assert_array_equal(weights, expected[0].astype(np.float32))
        np.testing.assert_array_equal(biases, expected[1])


@pytest.mark.parametrize(
    "result",
    [
        lambda n, m: None,
        lambda n, m: np.ones((n, m)),
        lambda n, m: (np.ones((m, n)), np.zeros(m)),
        lambda n, m: (np.ones((n, m)), 0.0),
        lambda n, m: (np.ones((n, m)), np.zeros((m, 1))),
        lambda n, m: (np.full((n, m), np.nan), np.zeros(m)),
        lambda n, m: (np.full((n, m), 1e300), np.zeros(m)),
    ],
)
def test_weight_init_errors(result):
    clf = mlp((5,), weight_init=lambda n, m, random_state: result(n, m))
    with pytest.raises(ValueError, match=r"weights and biases of shapes \[\(4, 5\), \(5,\)\], got"):
        clf.fit(X.astype(np.float32), y)


# --- loss_gradient

OBJECTIVES = {
    "multiclass": (MLPScratchClassifier, {}, y),
    "binary": (MLPScratchClassifier, {"class_weight": {"a": 2.0}}, OUTPUTS["binary"][2]),
    "multilabel": (MLPScratchClassifier, {"class_weight": "balanced"}, labels),
    "values": (MLPScratchRegressor, {}, X[:, :2] + 1),
    "huber": (MLPScratchRegressor, {"loss": "huber"}, X[:, 0]),
    "quantiles": (MLPScratchRegressor, {"loss": "quantile", "quantile": [0.2, 0.7]}, X[:, 0]),
    "gamma": (MLPScratchRegressor, {"loss": "gamma"}, np.exp(X[:, 0])),
}


@pytest.mark.no_cover
@every_engine
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_loss_gradient_matches_central_differences(objective, engine):
    kind, parameters, targets = OBJECTIVES[objective]
    model = kind(
        hidden_layer_sizes=(4, 3),
        activation="tanh",
        alpha=0.5,
        weight_regularizer_l1=0.01,
        bias_regularizer_l2=[0.1, 0.2, 0.3],
        dropout=0.5,
        input_dropout=0.5,
        max_iter=2,
        random_state=0,
        engine=engine,
        **parameters,
    ).fit(X, targets)
    weight = np.random.RandomState(1).randint(0, 4, 150)
    before = pickle.dumps(model)
    loss, *gradients = model.loss_gradient(X, targets, weight)
    assert pickle.dumps(model) == before
    model.set_params(activation="relu", hidden_layer_sizes=9)  # parameters of a later fit
    for arrays, each in zip((model.coefs_, model.intercepts_), gradients, strict=True):
        for array, gradient in zip(arrays, each, strict=True):
            assert gradient.shape == array.shape
            check_gradient(lambda: model.loss_gradient(X, targets, weight)[0], array, gradient)
    repeated = np.repeat(np.arange(150), weight)
    if parameters.get("class_weight") != "balanced":
        again = model.loss_gradient(sp.csr_array(X[repeated]), targets[repeated])[0]
        assert again == pytest.approx(loss)


def test_loss_gradient_in_float32_and_without_all_classes():
    clf = mlp((5,)).fit(X.astype(np.float32), y)
    loss, coef_gradients, _ = clf.loss_gradient(X[:50], y[:50])
    assert coef_gradients[0].dtype == np.float32
    probabilities = clf.predict_proba(X[:50])[:, 0]
    squares = sum(np.sum(one**2) for one in clf.coefs_)
    assert loss == pytest.approx(-np.log(probabilities).mean() + 1e-4 / 2 * squares / 50, rel=1e-5)
    with pytest.raises(ValueError, match="classes"):
        clf.loss_gradient(X, y + 1)
    with pytest.raises(NotFittedError):
        mlp().loss_gradient(X, y)
