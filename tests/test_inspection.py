import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import unfinished_fits
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import MLPScratchClassifier, MLPScratchRegressor
from skscratch.inspection import LossCurveDisplay, WeightsDisplay

pytestmark = unfinished_fits

X, y = load_iris(return_X_y=True)

HISTORY = {
    "loss": [1.5, 1.0, 0.8],
    "data_loss": [1.0, 0.7, 0.6],
    "regularization_loss": [0.5, 0.3, 0.2],
    "learning_rate": [0.1, 0.05, 0.025],
    "accuracy": [0.4, 0.6, 0.7],
    "validation_loss": [1.2, 0.9, 1.1],
    "validation_score": [0.3, 0.6, 0.5],
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def fit(estimator_class=MLPScratchClassifier, **parameters):
    network = estimator_class(hidden_layer_sizes=(5,), max_iter=7, random_state=0, **parameters)
    return network.fit(X, y)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def assert_drawn(line, values):
    assert np.array_equal(line.get_xdata(), np.arange(1, len(values) + 1))
    assert np.array_equal(line.get_ydata(), values)


def test_matplotlib_is_imported_lazily():
    command = "import sys, skscratch.inspection; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", command], check=True)


@pytest.mark.parametrize(
    ("estimator_class", "solver"),
    [
        (MLPScratchClassifier, "adam"),
        (MLPScratchClassifier, "lbfgs"),
        (MLPClassifier, "adam"),
    ],
)
def test_loss_curve_of_an_estimator(estimator_class, solver):
    clf = fit(estimator_class, solver=solver)
    display = LossCurveDisplay.from_estimator(clf)
    assert_drawn(display.lines_["loss"], clf.loss_curve_)
    assert display.ax_ is plt.gca()
    assert display.figure_ is plt.gcf()
    assert display.best_epoch_line_ is None
    assert display.metrics_ax_ is None
    assert display.ax_.get_xlabel() == {"adam": "epoch", "lbfgs": "iteration"}[solver]
    assert display.ax_.get_ylabel() == "loss"
    assert legend(display.ax_) == ["training loss"]


def test_estimator_without_recorded_losses():
    clf = fit(MLPClassifier, solver="lbfgs")
    with pytest.raises(TypeError, match=r"with 'loss_curve_', .* got a MLPClassifier"):
        LossCurveDisplay.from_estimator(clf)


def test_plot_of_a_history():
    display = LossCurveDisplay(HISTORY).plot()
    assert set(display.lines_) == {"loss", "validation_loss"}
    assert_drawn(display.lines_["validation_loss"], HISTORY["validation_loss"])
    assert legend(display.ax_) == ["training loss", "validation loss"]


@pytest.mark.parametrize("xscale", ["linear", "log"])
def test_ticks_are_integers(xscale):
    _, ax = plt.subplots()
    ax.set_xscale(xscale)
    LossCurveDisplay(HISTORY).plot(ax)
    ticks = ax.get_xticks()
    assert xscale == "log" or np.array_equal(ticks, ticks.round())


def test_history_of_an_estimator():
    clf = fit(early_stopping=True, weight_regularizer_l2=0.1, decay=0.1)
    display = LossCurveDisplay.from_estimator(clf, parts=True, metrics="learning_rate")
    assert set(display.lines_) == set(HISTORY) - {"accuracy", "validation_score"}
    for key, line in display.lines_.items():
        assert_drawn(line, clf.history_[key])
        assert line.axes is (display.metrics_ax_ if key == "learning_rate" else display.ax_)
    assert display.metrics_ax_.get_ylabel() == "learning_rate"
    assert legend(display.ax_) == [
        "training loss",
        "data loss",
        "regularization loss",
        "validation loss",
        f"best epoch, {np.argmax(clf.validation_scores_) + 1}",
        "learning_rate",
    ]


def test_validation_set_without_early_stopping_has_no_best_epoch():
    clf = MLPScratchClassifier(max_iter=3).fit(X, y, X_val=X, y_val=y)
    display = LossCurveDisplay.from_estimator(clf)
    assert_drawn(display.lines_["validation_loss"], clf.history_["validation_loss"])
    assert display.best_epoch_line_ is None


@pytest.mark.parametrize("estimator_class", [MLPScratchClassifier, MLPClassifier])
def test_best_epoch(estimator_class):
    clf = fit(estimator_class, early_stopping=True, learning_rate_init=0.05)
    display = LossCurveDisplay.from_estimator(clf)
    best = int(np.argmax(clf.validation_scores_)) + 1
    assert 1 < best < clf.n_iter_
    assert display.best_epoch_line_.get_xdata() == [best]
    curve = display.lines_.get("validation_loss", display.lines_["loss"])
    assert display.best_epoch_line_.get_ydata() == [curve.get_ydata()[best - 1]]
    assert legend(display.ax_)[-1] == f"best epoch, {best}"


def test_best_epoch_is_marked_on_the_validation_loss():
    display = LossCurveDisplay(HISTORY, best_epoch=2).plot()
    assert display.best_epoch_line_.get_ydata() == [0.9]


def test_best_epoch_is_marked_on_the_validation_score():
    display = LossCurveDisplay(HISTORY, best_epoch=2).plot(metrics="validation_score")
    assert display.best_epoch_line_.get_ydata() == [0.6]
    assert display.best_epoch_line_.axes is display.metrics_ax_


def test_metrics_of_an_estimator():
    clf = fit(early_stopping=True)
    display = LossCurveDisplay.from_estimator(clf, metrics=["accuracy", "validation_score"])
    for key in ("accuracy", "validation_score"):
        assert_drawn(display.lines_[key], clf.history_[key])
        assert display.lines_[key].axes is display.metrics_ax_
    assert display.lines_["loss"].axes is display.ax_
    assert display.metrics_ax_.get_ylabel() == "accuracy"
    assert legend(display.ax_) == [
        "training loss",
        "validation loss",
        "training accuracy",
        "validation accuracy",
        f"best epoch, {np.argmax(clf.validation_scores_) + 1}",
    ]


@pytest.mark.parametrize(
    ("estimator_class", "score"), [(MLPClassifier, "accuracy"), (MLPRegressor, "R²")]
)
def test_validation_scores_of_scikit_learns_networks(estimator_class, score):
    mlp = fit(estimator_class, early_stopping=True)
    display = LossCurveDisplay.from_estimator(mlp, metrics="validation_score")
    assert_drawn(display.lines_["validation_score"], mlp.validation_scores_)
    assert display.metrics_ax_.get_ylabel() == score


@pytest.mark.parametrize(
    ("scoring", "ylabel"),
    [
        ("f1_macro", "f1_macro"),
        ("loss", "negative loss"),
        (make_scorer(f1_score, average="macro"), "score"),
    ],
)
def test_scores_are_named_after_their_scoring(scoring, ylabel):
    clf = fit(early_stopping=True, scoring=scoring)
    display = LossCurveDisplay.from_estimator(clf, metrics="validation_score")
    assert display.metrics_ax_.get_ylabel() == ylabel
    assert f"validation {ylabel}" in legend(display.ax_)
    _, ax = plt.subplots()
    display.plot(ax, metrics=["accuracy", "validation_score"])
    assert display.metrics_ax_.get_ylabel() == f"accuracy, {ylabel}"


@pytest.mark.parametrize(
    ("parameters", "score"), [({}, "R²"), ({"loss": "quantile", "quantile": [0.1, 0.9]}, "D²")]
)
def test_scores_of_a_regressor(parameters, score):
    regressor = fit(MLPScratchRegressor, early_stopping=True, **parameters)
    display = LossCurveDisplay.from_estimator(regressor, metrics="validation_score")
    assert_drawn(display.lines_["validation_score"], regressor.history_["validation_score"])
    assert display.metrics_ax_.get_ylabel() == score


def test_any_key_of_a_history_is_a_metric():
    display = LossCurveDisplay({"loss": [1.0, 0.5], "recall": [0.2, 0.7]}).plot(metrics=["recall"])
    assert_drawn(display.lines_["recall"], [0.2, 0.7])
    assert display.metrics_ax_.get_ylabel() == "recall"
    assert legend(display.ax_) == ["training loss", "recall"]


def test_legend_is_above_all_curves():
    display = LossCurveDisplay(HISTORY).plot(metrics="accuracy")
    first, second = display.ax_, display.metrics_ax_
    assert first.get_zorder() > second.get_zorder()
    # The legend's axes have no background, so the curves below are visible.
    assert [ax.patch.get_visible() for ax in (first, second)] == [False, True]


def test_curves_of_one_estimator_have_different_colors():
    display = LossCurveDisplay(HISTORY).plot(
        parts=True, metrics=["accuracy", "validation_score", "learning_rate"]
    )
    assert len({line.get_color() for line in display.lines_.values()}) == 7


def test_several_estimators_in_one_axes():
    _, (ax, _) = plt.subplots(1, 2, sharex=True)
    displays = [
        LossCurveDisplay(HISTORY, estimator_name=name).plot(ax, metrics="learning_rate")
        for name in ("a", "b")
    ]
    assert legend(ax) == [
        f"{name}: {curve}"
        for curves in (["training loss", "validation loss"], ["learning_rate"])
        for name in ("a", "b")
        for curve in curves
    ]
    colors = [{line.get_color() for line in display.lines_.values()} for display in displays]
    assert [len(color) for color in colors] == [1, 1]
    assert colors[0] != colors[1]
    assert all(display.ax_ is ax for display in displays)
    assert displays[0].metrics_ax_ is displays[1].metrics_ax_
    assert len(ax.figure.axes) == 3


def test_different_axes_have_different_metrics_axes():
    _, axes = plt.subplots(1, 2, sharex=True)
    displays = [LossCurveDisplay(HISTORY).plot(ax, metrics="accuracy") for ax in axes]
    assert displays[0].metrics_ax_ is not displays[1].metrics_ax_


def test_plot_can_be_called_again():
    display = LossCurveDisplay(HISTORY, estimator_name="a").plot()
    _, ax = plt.subplots()
    assert display.plot(ax, name="b", color="red") is display
    assert display.ax_ is ax
    assert display.lines_["validation_loss"].get_color() == "red"
    assert legend(ax) == ["b: training loss", "b: validation loss"]


def test_style():
    display = LossCurveDisplay(HISTORY).plot(parts=True, c="red", lw=3)
    for line in display.lines_.values():
        assert line.get_color() == "red"
        assert line.get_linewidth() == 3


def test_legend_of_training_losses_is_the_name():
    display = LossCurveDisplay({"loss": [1.0]}, estimator_name="a").plot()
    assert legend(display.ax_) == ["a"]


@pytest.mark.parametrize(
    ("missing", "what"),
    [
        ("data_loss", {"parts": True}),
        ("accuracy", {"metrics": "accuracy"}),
    ],
)
def test_missing_metrics_raise(missing, what):
    with pytest.raises(ValueError, match=rf"no '{missing}' to plot, it has \['loss'\]"):
        LossCurveDisplay({"loss": [1.0]}).plot(**what)
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("estimator_class", "layer", "index"),
    [(MLPScratchClassifier, 0, 0), (MLPClassifier, 1, 1), (MLPScratchClassifier, -1, 1)],
)
def test_heatmap(estimator_class, layer, index):
    clf = fit(estimator_class)
    display = WeightsDisplay.from_estimator(clf, layer)
    assert np.array_equal(display.image_.get_array(), clf.coefs_[index])
    # Zero is the center of the color map.
    assert display.image_.norm.vmin == -display.image_.norm.vmax
    assert display.ax_.get_xlabel() == "neuron"
    assert display.ax_.get_ylabel() == "input"
    assert display.colorbar_.ax.get_ylabel() == "weight"
    assert display.figure_ is plt.gcf()
    assert display.histogram_ is None


def test_weights_of_zero():
    assert WeightsDisplay(np.zeros((2, 2))).plot().image_.norm.vmax == 1


def test_plot_without_colorbar():
    _, ax = plt.subplots()
    display = WeightsDisplay.from_estimator(fit(), ax=ax, colorbar=False, cmap="gray")
    assert display.colorbar_ is None
    assert display.image_.get_cmap().name == "gray"
    assert display.ax_ is ax
    assert len(ax.figure.axes) == 1


def test_histogram():
    clf = fit()
    display = WeightsDisplay.from_estimator(clf, kind="histogram", name="iris")
    counts, edges, _ = display.histogram_.get_data()
    assert counts.sum() == clf.coefs_[0].size
    assert edges[0] == clf.coefs_[0].min()
    assert edges[-1] == clf.coefs_[0].max()
    assert display.ax_.get_xlabel() == "weight"
    assert legend(display.ax_) == ["iris"]
    assert display.image_ is None


def test_bins():
    display = WeightsDisplay([[0.5, 1.5], [1.6, 9.0]]).plot(kind="histogram", bins=[0, 1, 2])
    counts, edges, _ = display.histogram_.get_data()
    assert counts.tolist() == [1, 2]
    assert edges.tolist() == [0, 1, 2]
    assert display.ax_.get_legend() is None


def test_images():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(6, 5))
    display = WeightsDisplay(weights, image_shape=(2, 3)).plot(kind="images")
    mosaic = display.image_.get_array()
    # Five images of 2 x 3 pixels, in three rows of two, with one pixel between them.
    assert mosaic.shape == (3 * 3 - 1, 2 * 4 - 1)
    for neuron, image in enumerate(weights.T.reshape(5, 2, 3)):
        top, left = 3 * (neuron // 2), 4 * (neuron % 2)
        assert np.array_equal(mosaic[top : top + 2, left : left + 3], image)
    assert mosaic.mask[2].all()
    assert mosaic.mask[6:, 4:].all()
    assert mosaic.count() == weights.size


@pytest.mark.parametrize("image_shape", [None, (8, 8), (2, 3), 4, (4,), (1, 2, 2)])
def test_invalid_image_shape(image_shape):
    with pytest.raises(ValueError, match=r"height \* width = 4, the layer's number of inputs; got"):
        WeightsDisplay.from_estimator(fit(), kind="images", image_shape=image_shape)


@pytest.mark.parametrize("layer", [2, -3])
def test_invalid_layer(layer):
    with pytest.raises(ValueError, match=f"There is no layer {layer}: this network has 2 layers"):
        WeightsDisplay.from_estimator(fit(), layer)


def test_invalid_kind():
    with pytest.raises(ValueError, match="kind must be 'heatmap', 'histogram' or 'images', got"):
        WeightsDisplay.from_estimator(fit(), kind="pie")


@pytest.mark.parametrize(
    ("display_class", "estimator_class"),
    [(LossCurveDisplay, MLPScratchClassifier), (WeightsDisplay, MLPClassifier)],
)
def test_unfitted_estimator(display_class, estimator_class):
    with pytest.raises(NotFittedError):
        display_class.from_estimator(estimator_class())


@pytest.mark.parametrize("estimator_class", [MLPScratchClassifier, MLPClassifier])
def test_pipelines(estimator_class):
    network = estimator_class((5,), max_iter=3, random_state=0)
    pipeline = make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), network)).fit(X, y)
    losses = LossCurveDisplay.from_estimator(pipeline)
    assert_drawn(losses.lines_["loss"], network.loss_curve_)
    weights = WeightsDisplay.from_estimator(pipeline, -1)
    assert np.array_equal(weights.image_.get_array(), network.coefs_[-1])


@pytest.mark.parametrize("display_class", [LossCurveDisplay, WeightsDisplay])
def test_other_estimators(display_class):
    message = r"Expected a fitted network .* got a LogisticRegression"
    for make in (lambda model: model, lambda model: make_pipeline(StandardScaler(), model)):
        with pytest.raises(TypeError, match=message):
            display_class.from_estimator(make(LogisticRegression()).fit(X, y))
        with pytest.raises(NotFittedError):
            display_class.from_estimator(make(MLPScratchClassifier()))
