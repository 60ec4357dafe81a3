"""Displays of loss curves and weights.

As in scikit-learn, ``from_estimator`` creates a display from a fitted estimator and plots it, and
:meth:`plot` plots it again. matplotlib is imported on the first plot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from skscratch.estimators.solvers import is_stochastic

__all__ = ["LossCurveDisplay", "WeightsDisplay"]

# Label and style of each curve.
_CURVES: dict[str, tuple[str, dict]] = {
    "loss": ("training loss", {"linestyle": "-"}),
    "validation_loss": ("validation loss", {"linestyle": "--"}),
    "data_loss": ("data loss", {"linestyle": "-.", "linewidth": 1}),
    "regularization_loss": ("regularization loss", {"linestyle": ":"}),
    "accuracy": ("training accuracy", {"linestyle": "-", "linewidth": 1}),
    "validation_score": ("validation {score}", {"linestyle": "--", "linewidth": 1}),
}


class LossCurveDisplay:
    """Loss curves of a network.

    Parameters
    ----------
    history : dict of str to array-like of shape (n_epochs,)
        The value of each epoch by name: ``'loss'``, and optionally ``'validation_loss'``,
        ``'data_loss'``, ``'regularization_loss'`` and metrics, such as ``'learning_rate'``.
    best_epoch : int, default=None
        The epoch whose weights early stopping kept, counted from 1.
    step, estimator_name, score_name : str, default='epoch', None, 'score'
        Label of the x-axis, name of the estimator in the legend, and name of the metric
        ``'validation_score'``.

    Attributes
    ----------
    ax_, metrics_ax_, figure_ : matplotlib Axes and Figure
        Axes with the losses and with the metrics, None if there are no metrics; their figure.
    lines_, best_epoch_line_ : dict of str to matplotlib Line2D, Line2D or None
        The curves by their names in ``history``, and the marker of the best epoch.

    Examples
    --------
    >>> from skscratch.inspection import LossCurveDisplay
    >>> display = LossCurveDisplay({"loss": [1.1, 0.6, 0.4]}).plot()
    >>> display.lines_["loss"].get_ydata()
    array([1.1, 0.6, 0.4])
    """

    def __init__(
        self,
        history: dict[str, Any],
        *,
        best_epoch: int | None = None,
        step: str = "epoch",
        estimator_name: str | None = None,
        score_name: str = "score",
    ) -> None:
        self.history, self.best_epoch, self.step = history, best_epoch, step
        self.estimator_name, self.score_name = estimator_name, score_name

    @classmethod
    def from_estimator(cls, estimator, *, name: str | None = None, ax=None, **kwargs) -> Self:
        """Plot the loss curves of a fitted estimator, or of the last step of a pipeline.

        Any estimator with a ``loss_curve_`` is accepted, for example an
        :class:`~sklearn.neural_network.MLPClassifier`; others raise a TypeError. All curves of an
        estimator with a name have the same color. The result and the parameters are
        those of :func:`plot`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skscratch import MLPScratchClassifier
        >>> from skscratch.inspection import LossCurveDisplay
        >>> clf = MLPScratchClassifier(early_stopping=True).fit(*load_iris(return_X_y=True))
        >>> display = LossCurveDisplay.from_estimator(clf, metrics="validation_score")
        """
        estimator = _network_in(estimator, "loss_curve_")
        scores = getattr(estimator, "validation_scores_", None)
        history = getattr(estimator, "history_", None) or {
            "loss": estimator.loss_curve_,
            **({"validation_score": scores} if scores else {}),
        }
        has_epochs = is_stochastic(estimator.solver)
        has_best = scores and has_epochs and estimator.early_stopping
        display = cls(
            history,
            best_epoch=int(np.nanargmax(scores)) + 1 if has_best else None,
            step="epoch" if has_epochs else "iteration",
            estimator_name=name,
            score_name=_score_name(estimator),
        )
        return display.plot(ax, **kwargs)

    def plot(
        self,
        ax=None,
        *,
        parts: bool = False,
        metrics: str | Sequence[str] = (),
        name: str | None = None,
        **kwargs,
    ) -> Self:
        """Plot the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot in. If None, a new figure is created.
        parts : bool, default=False
            Whether to plot the data loss and the regularization loss.
        metrics : str or sequence of str, default=()
            Other names in ``history`` to plot on a second axis, such as ``'accuracy'``,
            ``'validation_score'`` or ``'learning_rate'``. A missing one raises a ValueError.
        name : str, default=None
            Name of the estimator in the legend. If None, ``estimator_name`` is used.
        **kwargs : dict
            Passed to matplotlib's ``plot`` for every curve.

        Returns
        -------
        display : LossCurveDisplay
            The display.
        """
        check_matplotlib_support("LossCurveDisplay.plot")
        import matplotlib.pyplot as plt
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D
        from matplotlib.ticker import MaxNLocator

        losses = ["loss", *["data_loss", "regularization_loss"] * parts]
        metrics = [metrics] if isinstance(metrics, str) else list(metrics)
        for key in [*losses, *metrics]:
            if key not in self.history:
                raise ValueError(f"history has no {key!r} to plot, it has {sorted(self.history)}.")
        losses += [key for key in ["validation_loss"] if key in self.history]

        self.ax_ = plt.subplots()[1] if ax is None else ax
        self.ax_.set(xlabel=self.step, ylabel="loss")
        locator = self.ax_.xaxis.get_major_locator()
        if isinstance(locator, MaxNLocator):  # not on a logarithmic axis
            locator.set_params(integer=True)
        self.figure_ = self.ax_.figure
        score_names = {"validation_score": self.score_name}
        ylabel = ", ".join(dict.fromkeys(score_names.get(key, key) for key in metrics))
        self.metrics_ax_ = _second_axis(self.ax_, ylabel) if metrics else None

        name = self.estimator_name if name is None else name
        axes = {self.ax_: losses, self.metrics_ax_: metrics}
        self._draw(axes, name, normalize_kwargs(kwargs, Line2D))
        handles = [
            line for ax in axes if ax is not None for line in ax.get_legend_handles_labels()[0]
        ]
        # Losses end at the bottom, scores at the top.
        self.ax_.legend(handles=handles, loc="center right" if metrics else "best")
        return self

    def _draw(self, axes: dict, name: str | None, kwargs: dict) -> None:
        prefix = "" if name is None else f"{name}: "
        self.lines_: dict[str, Any] = {}
        for ax, keys in axes.items():
            for key in keys:
                label, style = _CURVES.get(key, (key, {}))
                label = prefix + label.replace("{score}", self.score_name)
                if name is not None and "loss" in self.lines_:
                    style = {**style, "color": self.lines_["loss"].get_color()}
                elif ax is self.metrics_ax_:
                    # The color cycle of a second axis starts with the color of the loss.
                    style = {**style, "color": f"C{len(self.lines_)}"}
                values, style = np.asarray(self.history[key]), {**style, **kwargs}
                epochs = np.arange(1, len(values) + 1)
                (self.lines_[key],) = ax.plot(epochs, values, label=label, **style)
        if name is not None and len(axes[self.ax_]) == 1:
            self.lines_["loss"].set_label(name)

        self.best_epoch_line_ = None
        if self.best_epoch is not None:
            best_by = ("validation_score", "validation_loss", "loss")
            line = next(self.lines_[key] for key in best_by if key in self.lines_)
            value, style = line.get_ydata()[self.best_epoch - 1], {"color": line.get_color()}
            label = f"{prefix}best {self.step}, {self.best_epoch}"
            (self.best_epoch_line_,) = line.axes.plot(
                self.best_epoch, value, "o", label=label, **style
            )


def _second_axis(ax, label: str):
    """Return the twin of ``ax`` with this label of the y-axis, creating it if necessary."""
    for other in ax.get_shared_x_axes().get_siblings(ax):
        if other.bbox.bounds == ax.bbox.bounds and other.get_ylabel() == label:
            return other
    second = ax.twinx()
    second.set_ylabel(label)
    # The first axes are drawn last, so that their legend covers all curves.
    second.set_zorder(ax.get_zorder() - 1)
    second.set_facecolor(ax.get_facecolor())
    ax.patch.set_visible(False)
    second.patch.set_visible(True)
    return second


class WeightsDisplay:
    """The weights of a layer, as a heat map, a histogram, or an image for each neuron.

    Parameters
    ----------
    weights : array-like of shape (n_inputs, n_neurons)
        The weights of the layer.
    image_shape : tuple of int, (height, width), default=None
        The shape of the inputs as an image, row by row. Required by ``kind='images'``.
    estimator_name : str, default=None
        Name of the histogram in the legend.

    Attributes
    ----------
    ax_, figure_, image_, colorbar_, histogram_ : matplotlib objects or None
        The axes, the figure, and the plotted parts.

    Examples
    --------
    >>> from skscratch.inspection import WeightsDisplay
    >>> display = WeightsDisplay([[1.0, -2.0], [0.5, 0.0]]).plot()
    >>> display.image_.get_array().data
    array([[ 1. , -2. ],
           [ 0.5,  0. ]])
    """

    def __init__(
        self,
        weights: ArrayLike,
        *,
        image_shape: tuple[int, int] | None = None,
        estimator_name: str | None = None,
    ) -> None:
        self.weights, self.image_shape = weights, image_shape
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        layer: int = 0,
        *,
        image_shape: tuple[int, int] | None = None,
        name: str | None = None,
        ax=None,
        **kwargs,
    ) -> Self:
        """Plot the weights ``coefs_[layer]`` of a fitted estimator, or of a pipeline's last step.

        The result and the other parameters are those of :func:`plot`. An estimator without
        ``coefs_`` raises a TypeError, and a wrong layer a ValueError.
        """
        estimator = _network_in(estimator, "coefs_")
        n_layers = len(estimator.coefs_)
        if not -n_layers <= layer < n_layers:
            raise ValueError(
                f"There is no layer {layer}: this network has {n_layers} layers of weights, "
                f"0 to {n_layers - 1}."
            )
        display = cls(estimator.coefs_[layer], image_shape=image_shape, estimator_name=name)
        return display.plot(ax, **kwargs)

    def plot(
        self,
        ax=None,
        *,
        kind: str = "heatmap",
        colorbar: bool = True,
        bins: int | ArrayLike = 50,
        **kwargs,
    ) -> Self:
        """Plot the weights.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot in. If None, a new figure is created.
        kind : {'heatmap', 'histogram', 'images'}, default='heatmap'
            A row for each input and a column for each neuron, the distribution of the weights, or
            an image of shape ``image_shape`` for each neuron.
        colorbar : bool, default=True
            Whether to add a color bar to a heat map or to images.
        bins : int or array-like, default=50
            Number of bins of the histogram, or their edges.
        **kwargs : dict
            Passed to matplotlib's ``imshow``, for a histogram to ``stairs``.

        Returns
        -------
        display : WeightsDisplay
            The display.
        """
        check_matplotlib_support("WeightsDisplay.plot")
        import matplotlib.pyplot as plt

        if kind not in ("heatmap", "histogram", "images"):
            raise ValueError(f"kind must be 'heatmap', 'histogram' or 'images', got {kind!r}.")
        weights = np.asarray(self.weights)
        if kind == "images":
            weights = _mosaic(weights, self.image_shape)
        self.ax_ = plt.subplots()[1] if ax is None else ax
        self.figure_ = self.ax_.figure
        self.image_ = self.colorbar_ = self.histogram_ = None
        if kind == "histogram":
            counts, edges = np.histogram(weights, bins)
            self.histogram_ = self.ax_.stairs(counts, edges, label=self.estimator_name, **kwargs)
            self.ax_.set(xlabel="weight", ylabel="number of weights")
            if self.estimator_name is not None:
                self.ax_.legend()
            return self
        if kind == "heatmap":
            kwargs = {"aspect": "auto", **kwargs}
            self.ax_.set(xlabel="neuron", ylabel="input")
        else:
            self.ax_.set(xticks=[], yticks=[], facecolor="lightgray")
        limit = np.nanmax(np.abs(weights)) or 1.0
        style = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit, "interpolation": "nearest"}
        self.image_ = self.ax_.imshow(weights, **{**style, **kwargs})
        if colorbar:
            self.colorbar_ = self.figure_.colorbar(self.image_, ax=self.ax_, label="weight")
        return self


def _mosaic(weights: np.ndarray, image_shape: tuple[int, int] | None) -> np.ndarray:
    """Return each column as an image, in rows, separated by NaN."""
    n_inputs, n_neurons = weights.shape
    if image_shape is None or np.shape(image_shape) != (2,) or np.prod(image_shape) != n_inputs:
        raise ValueError(
            f"kind='images' needs image_shape=(height, width) with height * width = {n_inputs}, "
            f"the layer's number of inputs; got image_shape={image_shape}."
        )
    height, width = image_shape
    n_columns = int(np.ceil(np.sqrt(n_neurons * height / width)))
    n_rows = -(-n_neurons // n_columns)
    tiles = np.full((n_rows * n_columns, height + 1, width + 1), np.nan)
    tiles[:n_neurons, :-1, :-1] = weights.T.reshape(n_neurons, height, width)
    tiles = tiles.reshape(n_rows, n_columns, height + 1, width + 1)
    mosaic = tiles.swapaxes(1, 2).reshape(n_rows * (height + 1), n_columns * (width + 1))
    return mosaic[:-1, :-1]


def _network_in(estimator, attribute: str):
    """Return the fitted network, which may be the last step of a pipeline."""
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    check_is_fitted(estimator)
    if not hasattr(estimator, attribute):
        raise TypeError(
            f"Expected a fitted network with {attribute!r}, or a pipeline that ends in one, got a "
            f"{type(estimator).__name__}. For a search, pass its best_estimator_."
        )
    return estimator


def _score_name(estimator) -> str:
    """Return the name of an estimator's validation score."""
    scoring = getattr(estimator, "scoring", None)
    if scoring is None and is_classifier(estimator):
        return "accuracy"
    if scoring is None:
        return "R²" if getattr(estimator, "quantiles_", None) is None else "D²"
    return {"loss": "negative loss"}.get(scoring, scoring) if isinstance(scoring, str) else "score"
