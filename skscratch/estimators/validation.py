"""Validation: what a network is measured by on samples that it is not trained on."""

import copy
import inspect
from collections.abc import Callable
from typing import Any

from skscratch.estimators.architecture import activation_names
from skscratch.estimators.data import Samples
from skscratch.estimators.targets import Targets
from skscratch.nn.prediction import FittedNetwork


class Validator:
    """The loss without penalties, and a score.

    Parameters
    ----------
    samples : Samples
        The validation set.

    targets : Targets
        The kind of its targets.

    score : callable or str
        What :func:`score_of` returned.
    """

    def __init__(self, samples: Samples, targets: Targets, score: Callable | str) -> None:
        self.samples, self.targets, self.score = samples, targets, score
        self.loss = targets.new_loss()
        if samples.score_weight is not None and isinstance(score, _Score):
            score.check_weights()

    def measure(self, network: FittedNetwork) -> tuple[float, float]:
        """Return the loss and the score of a network."""
        samples = self.samples
        logits = network.forward(samples.X)
        loss = float(self.loss.calculate(logits, samples.y, samples.sample_weight))
        if self.score == "loss":
            return loss, -loss
        if self.score == "default":
            return loss, self.targets.score(logits, samples.y, samples.score_weight)
        return loss, self.score(network, samples, self.targets)


def score_of(estimator) -> Callable | str:
    """Return what ``scoring`` asks for: 'default', 'loss', or a function of a network."""
    if estimator.scoring is None:
        return "default"
    if estimator.scoring == "loss":
        return "loss"
    # Here, because importing the package would take longer by a twentieth.
    from sklearn.metrics import check_scoring

    return _Score(estimator, check_scoring(estimator, scoring=estimator.scoring))


class _Score:
    """scikit-learn's scorer, which takes an estimator, of a network."""

    def __init__(self, estimator, scorer: Callable) -> None:
        self.estimator, self.scorer = copy.copy(estimator), scorer
        # The rows of X have lost the names that those of a data frame had, and labels are dense.
        for name in ("feature_names_in_", "_sparse_labels"):
            vars(self.estimator).pop(name, None)

    def check_weights(self) -> None:
        """Raise an error if the scorer takes no weights."""
        function = getattr(self.scorer, "_score_func", self.scorer)
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            # Not every function written in C says what it takes.
            return
        if not any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters):
            raise ValueError(
                f"scoring={self.estimator.scoring!r} takes no sample_weight, but the validation "
                f"set has weights (sample_weight_val; of a part that is held out, sample_weight). "
                f"Let it take sample_weight, or pass no weights."
            )

    def __call__(self, network: FittedNetwork, samples: Samples, targets: Targets) -> float:
        fitted = copy.copy(self.estimator)
        vars(fitted).update(network_attributes(network, targets))
        weight = samples.score_weight
        weight = {} if weight is None else {"sample_weight": weight}
        return float(self.scorer(fitted, samples.X, targets.labels(samples.y), **weight))


def network_attributes(network: FittedNetwork, targets: Targets) -> dict[str, Any]:
    """Return the fitted attributes that predictions are made from."""
    return {
        "coefs_": list(network.weights),
        "intercepts_": list(network.biases),
        "hidden_activations_": activation_names(network.activations),
        "n_features_in_": network.weights[0].shape[0],
        "n_layers_": len(network.weights) + 1,
        **targets.attributes,
    }
