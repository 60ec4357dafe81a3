"""Displays: how a network learned, and what its weights look like.

They follow scikit-learn's convention: ``from_estimator`` makes a display of a fitted estimator and
draws it, :meth:`plot` draws it again elsewhere, and what was drawn are attributes that end in an
underscore. matplotlib is imported when the first one is drawn.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

__all__ = ["LossCurveDisplay", "WeightsDisplay"]

# What each curve is called, and how it is drawn.
_CURVES = {
    "loss": ("training loss", {"linestyle": "-"}),
    "validation_loss": ("validation loss", {"linestyle": "--"}),
    "data_loss": ("data loss", {"linestyle": "-.", "linewidth": 1}),
    "regularization_loss": ("regularization loss", {"linestyle": ":"}),
    "accuracy": ("training accuracy", {"linestyle": "-", "linewidth": 1}),
    "validation_score": ("validation {score}", {"linestyle": "--", "linewidth": 1}),
}


class LossCurveDisplay:
    """Loss curves of a network.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as attributes.

    Parameters
    ----------
    history : dict of str to array-like of shape (n_epochs,)
        One value for each epoch: ``'loss'``, and where there are such ``'validation_loss'``,
        ``'data_loss'``, ``'regularization_loss'`` and ``'learning_rate'``. Other keys, such as
        ``'accuracy'`` and ``'validation_score'``, are drawn if they are asked for as ``metrics``.

    best_epoch : int, default=None
        The epoch whose weights were put back in the end, counted from 1.

    step : str, default='epoch'
        What there is one value for; L-BFGS has iterations.

    estimator_name : str, default=None
        The estimator's name in the legend.

    score_name : str, default='score'
        What ``'validation_score'`` is a score of, such as ``'accuracy'``.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the losses.

    metrics_ax_ : matplotlib Axes or None
        Axes with the metrics, if any were asked for.

    learning_rate_ax_ : matplotlib Axes or None
        Axes with the learning rate, if it was asked for.

    figure_ : matplotlib Figure
        Figure with the curves.

    lines_ : dict of str to matplotlib Line2D
        The curve of each key of ``history`` that was drawn.

    best_epoch_line_ : matplotlib Line2D or None
        The mark of the best epoch.

    See Also
    --------
    LossCurveDisplay.from_estimator : Draw the loss curves of a fitted estimator.

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
        self.history = history
        self.best_epoch = best_epoch
        self.step = step
        self.estimator_name = estimator_name
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        parts: bool = False,
        metrics: str | Sequence[str] = (),
        learning_rate: bool = False,
        name: str | None = None,
        ax=None,
        **kwargs,
    ) -> Self:
        """Draw the loss curves of a fitted estimator.

        Parameters
        ----------
        estimator : MLPScratchClassifier, MLPScratchRegressor or Pipeline
            A fitted estimator, or a fitted pipeline that ends in one. One that has only a
            ``loss_curve_``, such as scikit-learn's
            :class:`~sklearn.neural_network.MLPClassifier`, will do: it has a training loss, and
            with early stopping validation scores and a best epoch.

        parts : bool, default=False
            Whether to draw the loss of the data and that of the regularization too.

        metrics : str or sequence of str, default=()
            What else of the history to draw, on a second axis: ``'accuracy'`` is that on the
            training data, ``'validation_score'`` is what early stopping watches.

        learning_rate : bool, default=False
            Whether to draw the learning rate on an axis of its own.

        name : str, default=None
            The estimator's name in the legend. All of its curves are then of one color, to tell
            several estimators in one axes apart.

        ax : matplotlib Axes, default=None
            Axes to draw in. ``None`` makes a new figure.

        **kwargs : dict
            Passed to matplotlib's ``plot`` for every curve.

        Returns
        -------
        display : LossCurveDisplay
            The display.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.

        TypeError
            If it has no loss curve.

        ValueError
            If it did not record what is to be drawn.

        Examples
        --------
        Two estimators in one axes:

        >>> import matplotlib.pyplot as plt
        >>> from sklearn.datasets import load_iris
        >>> from skscratch import MLPScratchClassifier
        >>> from skscratch.inspection import LossCurveDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> _, ax = plt.subplots()
        >>> for solver in ["sgd", "adam"]:
        ...     clf = MLPScratchClassifier(solver=solver, early_stopping=True, random_state=0)
        ...     display = LossCurveDisplay.from_estimator(clf.fit(X, y), name=solver, ax=ax)
        """
        estimator = _network_in(estimator, "loss_curve_")
        scores = getattr(estimator, "validation_scores_", None)
        history = getattr(estimator, "history_", None)
        if not history:
            history = {"loss": estimator.loss_curve_}
            if scores:
                history["validation_score"] = scores
        step = "iteration" if getattr(estimator, "solver", None) == "lbfgs" else "epoch"
        best_epoch = None
        if scores and step == "epoch" and estimator.early_stopping:
            best_epoch = int(np.nanargmax(scores)) + 1
        display = cls(
            history,
            best_epoch=best_epoch,
            step=step,
            estimator_name=name,
            score_name=_score_name(estimator),
        )
        return display.plot(ax, parts=parts, metrics=metrics, learning_rate=learning_rate, **kwargs)

    def plot(
        self,
        ax=None,
        *,
        parts: bool = False,
        metrics: str | Sequence[str] = (),
        learning_rate: bool = False,
        name: str | None = None,
        **kwargs,
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in. ``None`` makes a new figure.

        parts : bool, default=False
            Whether to draw the loss of the data and that of the regularization too.

        metrics : str or sequence of str, default=()
            What else of the history to draw, on a second axis: ``'accuracy'`` is that on the
            training data, ``'validation_score'`` is what early stopping watches.

        learning_rate : bool, default=False
            Whether to draw the learning rate on an axis of its own, which displays in one axes
            share.

        name : str, default=None
            The estimator's name in the legend; ``None`` is ``estimator_name``.

        **kwargs : dict
            Passed to matplotlib's ``plot`` for every curve.

        Returns
        -------
        display : LossCurveDisplay
            The display.

        Raises
        ------
        ValueError
            If ``history`` lacks what is to be drawn.
        """
        check_matplotlib_support("LossCurveDisplay.plot")
        import matplotlib.pyplot as plt
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D

        wanted = ["loss", *["data_loss", "regularization_loss"] * parts]
        metrics = [metrics] if isinstance(metrics, str) else list(metrics)
        for key in [*wanted, *metrics, *["learning_rate"] * learning_rate]:
            if key not in self.history:
                raise ValueError(
                    f"There is no {key!r} to draw: this history has {sorted(self.history)}."
                )
        if "validation_loss" in self.history:
            wanted.append("validation_loss")

        self.ax_ = plt.subplots()[1] if ax is None else ax
        self.figure_ = self.ax_.figure
        kwargs = normalize_kwargs(kwargs, Line2D)
        name = self.estimator_name if name is None else name
        prefix = "" if name is None else f"{name}: "
        self.lines_: dict[str, Any] = {}
        for key in wanted:
            label, style = _CURVES[key]
            # Where there are only training losses, the estimators' names will do.
            label = prefix + label if name is None or len(wanted) > 1 else name
            self._draw(self.ax_, key, label, {**style, **self._color(name), **kwargs})
        self.ax_.set(xlabel=self.step, ylabel="loss")

        self.metrics_ax_ = self.learning_rate_ax_ = None
        if metrics:
            names = {"accuracy": "accuracy", "validation_score": self.score_name}
            ylabel = ", ".join(dict.fromkeys(names.get(key, key) for key in metrics))
            self.metrics_ax_ = _second_axis(self.ax_, ylabel)
            for key in metrics:
                label, style = _CURVES.get(key, (key, {}))
                label = prefix + label.replace("{score}", self.score_name)
                # The axes' own cycle would begin again with the color of the training loss.
                color = {"color": f"C{len(self.lines_)}", **self._color(name)}
                self._draw(self.metrics_ax_, key, label, {**style, **color, **kwargs})
        if learning_rate:
            self.learning_rate_ax_ = _second_axis(self.ax_, "learning rate")
            style = {"linewidth": 1, "alpha": 0.5, "color": "black", **self._color(name), **kwargs}
            self._draw(self.learning_rate_ax_, "learning_rate", prefix + "learning rate", style)
        self._mark_best_epoch(prefix)
        axes = [ax for ax in (self.ax_, self.metrics_ax_, self.learning_rate_ax_) if ax is not None]
        self.ax_.legend(
            handles=[line for ax in axes for line in ax.get_legend_handles_labels()[0]],
            # Losses end at the bottom, scores at the top.
            loc="center right" if metrics else "best",
        )
        return self

    def _color(self, name: str | None) -> dict[str, Any]:
        """Return the color of all curves of an estimator with a name, once there is one."""
        if name is None or "loss" not in self.lines_:
            return {}
        return {"color": self.lines_["loss"].get_color()}

    def _draw(self, ax, key: str, label: str, style: dict) -> None:
        values = np.asarray(self.history[key])
        epochs = np.arange(1, len(values) + 1)
        (self.lines_[key],) = ax.plot(epochs, values, label=label, **style)

    def _mark_best_epoch(self, prefix: str) -> None:
        self.best_epoch_line_ = None
        if self.best_epoch is not None:
            keys = ("validation_score", "validation_loss", "loss")
            line = next(self.lines_[key] for key in keys if key in self.lines_)
            (self.best_epoch_line_,) = line.axes.plot(
                self.best_epoch,
                line.get_ydata()[self.best_epoch - 1],
                "o",
                color=line.get_color(),
                label=f"{prefix}best {self.step}, {self.best_epoch}",
            )


def _second_axis(ax, label: str):
    """Return the axes over ``ax`` whose y-axis is labelled so, at first a new one."""
    siblings = ax.get_shared_x_axes().get_siblings(ax)
    others = [other for other in siblings if other.bbox.bounds == ax.bbox.bounds]
    for other in others:
        if other.get_ylabel() == label:
            return other
    second = ax.twinx()
    second.set_ylabel(label)
    # Beside the axis of another one.
    second.spines.right.set_position(("outward", 50 * (len(others) - 1)))
    # The first axes are drawn last, so that their legend lies over all curves.
    second.set_zorder(ax.get_zorder() - 1)
    second.set_facecolor(ax.get_facecolor())
    second.patch.set_visible(ax.patch.get_visible())
    ax.patch.set_visible(False)
    return second


class WeightsDisplay:
    """One layer's weights: a heat map, a histogram, or an image for each neuron.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as attributes.

    Parameters
    ----------
    weights : array-like of shape (n_inputs, n_neurons)
        The layer's weights.

    image_shape : tuple of int, (height, width), default=None
        The shape of the inputs, if they are the pixels of an image, row by row.

    estimator_name : str, default=None
        The histogram's name in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the weights.

    figure_ : matplotlib Figure
        Figure with the weights.

    image_ : matplotlib AxesImage or None
        The heat map or the images.

    colorbar_ : matplotlib Colorbar or None
        The image's color bar.

    histogram_ : matplotlib StepPatch or None
        The histogram.

    See Also
    --------
    WeightsDisplay.from_estimator : Draw the weights of a fitted estimator.

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
        self.weights = weights
        self.image_shape = image_shape
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        layer: int = 0,
        *,
        kind: str = "heatmap",
        image_shape: tuple[int, int] | None = None,
        name: str | None = None,
        ax=None,
        colorbar: bool = True,
        bins: int | ArrayLike = 50,
        **kwargs,
    ) -> Self:
        """Draw the weights of one layer of a fitted estimator.

        Parameters
        ----------
        estimator : MLPScratchClassifier, MLPScratchRegressor or Pipeline
            A fitted estimator, any that has ``coefs_``, as
            :class:`~sklearn.neural_network.MLPClassifier` has; or a fitted pipeline that ends in
            one.

        layer : int, default=0
            Which layer's: 0 is the first hidden layer, -1 the output layer.

        kind : {'heatmap', 'histogram', 'images'}, default='heatmap'
            What to draw.

            - 'heatmap': a row for each input, a column for each neuron
            - 'histogram': how many weights there are of each size
            - 'images': for each neuron an image of its weights, of shape ``image_shape``

        image_shape : tuple of int, (height, width), default=None
            The shape of the layer's inputs as an image. Required by ``kind='images'``.

        name : str, default=None
            The histogram's name in the legend, to tell several estimators in one axes apart.

        ax : matplotlib Axes, default=None
            Axes to draw in. ``None`` makes a new figure.

        colorbar : bool, default=True
            Whether a heat map or images get a color bar.

        bins : int or array-like, default=50
            The histogram's number of bins, or their edges.

        **kwargs : dict
            Passed to matplotlib's ``imshow``, for a histogram to ``stairs``.

        Returns
        -------
        display : WeightsDisplay
            The display.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.

        TypeError
            If it has no layers of weights.

        ValueError
            If there is no such layer or kind, or the weights of a neuron are no image of that
            shape.

        Examples
        --------
        What each of 16 neurons looks for in an image of a digit:

        >>> from sklearn.datasets import load_digits
        >>> from skscratch import MLPScratchClassifier
        >>> from skscratch.inspection import WeightsDisplay
        >>> X, y = load_digits(return_X_y=True)
        >>> clf = MLPScratchClassifier((16,), early_stopping=True, random_state=0).fit(X / 16, y)
        >>> display = WeightsDisplay.from_estimator(clf, kind="images", image_shape=(8, 8))
        """
        estimator = _network_in(estimator, "coefs_")
        n_layers = len(estimator.coefs_)
        if not -n_layers <= layer < n_layers:
            raise ValueError(
                f"There is no layer {layer}: this network has {n_layers} layers of weights, "
                f"0 to {n_layers - 1}."
            )
        display = cls(estimator.coefs_[layer], image_shape=image_shape, estimator_name=name)
        return display.plot(ax, kind=kind, colorbar=colorbar, bins=bins, **kwargs)

    def plot(
        self,
        ax=None,
        *,
        kind: str = "heatmap",
        name: str | None = None,
        colorbar: bool = True,
        bins: int | ArrayLike = 50,
        **kwargs,
    ) -> Self:
        """Draw the weights.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in. ``None`` makes a new figure.

        kind : {'heatmap', 'histogram', 'images'}, default='heatmap'
            What to draw, see :meth:`from_estimator`.

        name : str, default=None
            The histogram's name in the legend; ``None`` is ``estimator_name``.

        colorbar : bool, default=True
            Whether a heat map or images get a color bar.

        bins : int or array-like, default=50
            The histogram's number of bins, or their edges.

        **kwargs : dict
            Passed to matplotlib's ``imshow``, for a histogram to ``stairs``.

        Returns
        -------
        display : WeightsDisplay
            The display.

        Raises
        ------
        ValueError
            If there is no such kind, or the weights of a neuron are no image of that shape.
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
            self._draw_histogram(weights, bins, name, kwargs)
        else:
            self._draw_image(weights, kind, colorbar, kwargs)
        return self

    def _draw_histogram(self, weights: np.ndarray, bins, name: str | None, kwargs: dict) -> None:
        name = self.estimator_name if name is None else name
        counts, edges = np.histogram(weights, bins)
        self.histogram_ = self.ax_.stairs(counts, edges, label=name, **kwargs)
        self.ax_.set(xlabel="weight", ylabel="number of weights")
        if name is not None:
            self.ax_.legend()

    def _draw_image(self, weights: np.ndarray, kind: str, colorbar: bool, kwargs: dict) -> None:
        limit = np.nanmax(np.abs(weights)) or 1.0
        style = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit, "interpolation": "nearest"}
        if kind == "heatmap":
            style["aspect"] = "auto"
        self.image_ = self.ax_.imshow(weights, **{**style, **kwargs})
        if kind == "heatmap":
            self.ax_.set(xlabel="neuron", ylabel="input")
        else:
            self.ax_.set(xticks=[], yticks=[], facecolor="lightgray")
        if colorbar:
            self.colorbar_ = self.figure_.colorbar(self.image_, ax=self.ax_, label="weight")


def _mosaic(weights: np.ndarray, image_shape: tuple[int, int] | None) -> np.ndarray:
    """Return each column as an image, side by side in rows, with gaps of NaN between them."""
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
    """Return the fitted network, which a pipeline has as its last step."""
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    check_is_fitted(estimator)
    if not hasattr(estimator, attribute):
        raise TypeError(
            f"Expected a fitted network, or a pipeline that ends in one, that has {attribute!r}, "
            f"got a {type(estimator).__name__}. Of a search, pass the best_estimator_."
        )
    return estimator


def _score_name(estimator) -> str:
    """Return what a network's validation scores are scores of."""
    scoring = getattr(estimator, "scoring", None)
    if scoring is None and is_classifier(estimator):
        return "accuracy"
    if scoring is None:
        return "R²" if getattr(estimator, "quantiles_", None) is None else "D²"
    if scoring == "loss":
        return "negative loss"
    return scoring if isinstance(scoring, str) else "score"
