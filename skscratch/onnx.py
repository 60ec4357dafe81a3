"""Export of fitted networks to ONNX.

After :func:`register`, ``skl2onnx.to_onnx`` converts the package's estimators, alone or inside
scikit-learn's pipelines and ensembles. It requires skl2onnx.
"""

from collections.abc import Callable

import numpy as np

from skscratch.estimators.architecture import fitted_parts
from skscratch.estimators.classifier import MLPScratchClassifier
from skscratch.estimators.regressor import MLPScratchRegressor
from skscratch.estimators.targets import MultilabelTargets, fitted_targets
from skscratch.nn import activations

__all__ = ["register"]


def register() -> None:
    """Register the estimators with skl2onnx.

    A network computes in the precision of the inputs that are passed to ``to_onnx``. The options
    are those of :class:`~sklearn.neural_network.MLPClassifier`: ``zipmap`` (a dict for each sample,
    in single precision only; set it to ``False`` or ``'columns'`` for float64 inputs), ``nocl`` and
    ``output_class_labels``. Networks with custom activations raise a ValueError.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Examples
    --------
    >>> from onnxruntime import InferenceSession
    >>> from skl2onnx import to_onnx
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import MLPScratchClassifier
    >>> from skscratch.onnx import register
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPScratchClassifier(tol=0.01, random_state=0).fit(X, y)
    >>> register()
    >>> model = to_onnx(clf, X, options={"zipmap": False})
    >>> labels, probabilities = InferenceSession(model.SerializeToString()).run(None, {"X": X})
    >>> bool((labels == clf.predict(X)).all())
    True
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise ImportError(
            "Expected skl2onnx to be installed. Install it with pip install skl2onnx."
        ) from error
    update_registered_converter(
        MLPScratchClassifier,
        "SkscratchMLPScratchClassifier",
        _classifier_shapes,
        _convert_classifier,
        options={
            "zipmap": [True, False, "columns"],
            "nocl": [True, False],
            "output_class_labels": [False, True],
        },
    )
    update_registered_converter(
        MLPScratchRegressor, "SkscratchMLPScratchRegressor", _regressor_shapes, _convert_regressor
    )


class _Graph:
    """A graph under construction. Results and constants are represented by their names."""

    def __init__(self, scope, container, operator) -> None:
        from skl2onnx.common.data_types import DoubleTensorType

        self._scope, self._container = scope, container
        (inputs,) = operator.inputs
        is_double = isinstance(inputs.type, DoubleTensorType)
        self.dtype = np.dtype(np.float64 if is_double else np.float32)
        self.inputs = self.add("Cast", inputs.full_name, to=_element_type(self.dtype))

    def add(self, kind: str, *inputs: str, to_output="", n_results=1, **attributes) -> str:
        """Add an operator and return the name of its first result."""
        result = to_output or self._scope.get_unique_variable_name(kind.lower())
        others = [self._scope.get_unique_variable_name(kind.lower()) for _ in range(n_results - 1)]
        name = self._scope.get_unique_operator_name(kind)
        self._container.add_node(kind, list(inputs), [result, *others], name=name, **attributes)
        return result

    def constant(self, value, dtype=None) -> str:
        """Add an array, by default in the dtype of the network, and return its name."""
        array = np.asarray(value, dtype or self.dtype)
        name = self._scope.get_unique_variable_name("constant")
        content = array.ravel()
        if array.dtype.kind == "O":
            content = [text.encode() for text in content]
        self._container.add_initializer(name, _element_type(array.dtype), array.shape, content)
        return name


def _element_type(dtype) -> int:
    from onnx.helper import np_dtype_to_tensor_dtype

    return np_dtype_to_tensor_dtype(dtype)


def _operator(kind: str, **attributes) -> Callable[[_Graph, str], str]:
    return lambda graph, z: graph.add(kind, z, **attributes)


def _identity(graph: _Graph, z: str) -> str:
    return z


def _leaky_relu(graph: _Graph, z: str) -> str:
    # onnxruntime does not support LeakyRelu and Elu in double precision.
    slope = graph.constant(activations.LeakyReLU.negative_slope)
    return graph.add("Max", z, graph.add("Mul", z, slope))


def _elu(graph: _Graph, z: str) -> str:
    exponential = graph.add("Exp", graph.add("Min", z, graph.constant(0)))
    negative = graph.add("Sub", exponential, graph.constant(1))
    return graph.add("Add", graph.add("Relu", z), negative)


def _silu(graph: _Graph, z: str) -> str:
    # Older versions of onnxruntime fuse z * sigmoid(z) into an operator without double precision.
    exponential = graph.add("Exp", graph.add("Neg", z))
    return graph.add("Div", z, graph.add("Add", exponential, graph.constant(1)))


ACTIVATIONS = {
    activations.Identity: _identity,
    activations.Exponential: _operator("Exp"),
    activations.Sigmoid: _operator("Sigmoid"),
    activations.Tanh: _operator("Tanh"),
    activations.Softmax: _operator("Softmax", axis=1),
    activations.ReLU: _operator("Relu"),
    activations.LeakyReLU: _leaky_relu,
    activations.ELU: _elu,
    activations.SiLU: _silu,
}


def _logits(graph: _Graph, estimator) -> str:
    """Add the layers and return the name of the logits."""
    coefs, intercepts, classes = fitted_parts(estimator)
    own = [one.__name__ for one in classes if one not in ACTIVATIONS]
    if own:
        known = sorted(one.__name__ for one in ACTIVATIONS)
        raise ValueError(
            f"The ONNX operators of {', '.join(own)} are not known. Supported activations are "
            f"{known}; subclasses of them are not supported."
        )
    values = graph.inputs
    steps = [ACTIVATIONS[one] for one in classes] + [_identity]
    for weights, biases, activation in zip(coefs, intercepts, steps, strict=True):
        products = graph.add("MatMul", values, graph.constant(weights))
        values = activation(graph, graph.add("Add", products, graph.constant(biases)))
    return values


def _convert_classifier(scope, operator, container) -> None:
    from skl2onnx.common.utils_classifier import get_label_classes

    estimator = operator.raw_operator
    label, probabilities = (output.full_name for output in operator.outputs)
    graph = _Graph(scope, container, operator)
    logits = _logits(graph, estimator)
    limits = np.finfo(graph.dtype)
    if _is_multilabel(estimator):
        sigmoid = graph.add("Sigmoid", logits)
        positive = graph.add("Max", sigmoid, graph.constant(limits.tiny))
        graph.add("Min", positive, graph.constant(1 - limits.epsneg), to_output=probabilities)
        likely = graph.add("Greater", logits, graph.constant(0))
        graph.add("Cast", likely, to=_element_type(np.dtype(np.int64)), to_output=label)
        return
    scores = logits
    if estimator.out_activation_ == "logistic":
        # The sigmoid is a softmax: 1 / (1 + exp(-z)) = exp(z / 2) / (exp(-z / 2) + exp(z / 2)).
        scores = graph.add("Mul", logits, graph.constant([[-0.5, 0.5]]))
    softmax = graph.add("Softmax", scores, axis=1)
    graph.add("Max", softmax, graph.constant(limits.tiny), to_output=probabilities)
    classes = get_label_classes(scope, estimator)  # their indices with the option nocl
    dtype = object if classes.dtype.kind in "OU" else np.int64
    # A single class is always predicted.
    scores = scores if len(classes) > 1 else logits
    best = graph.add("ArgMax", scores, axis=1, keepdims=0)
    graph.add("Gather", graph.constant(classes, dtype), best, to_output=label)


def _classifier_shapes(operator) -> None:
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

    calculate_linear_classifier_output_shapes(operator)
    if _is_multilabel(operator.raw_operator):
        labels, probabilities = operator.outputs
        labels.type.shape = probabilities.type.shape


def _convert_regressor(scope, operator, container) -> None:
    estimator = operator.raw_operator
    graph = _Graph(scope, container, operator)
    values = _logits(graph, estimator)
    if estimator.out_activation_ == "exp":
        values = graph.add("Exp", values)
    if estimator.quantiles_ is not None:
        # Sorted, so that they do not cross.
        count = graph.constant([estimator.n_outputs_], np.int64)
        values = graph.add("TopK", values, count, n_results=2, axis=1, largest=0)
    graph.add("Identity", values, to_output=operator.outputs[0].full_name)


def _regressor_shapes(operator) -> None:
    from skl2onnx.common.shape_calculator import calculate_linear_regressor_output_shapes

    calculate_linear_regressor_output_shapes(operator)
    n_samples, _ = operator.outputs[0].type.shape
    operator.outputs[0].type.shape = [n_samples, operator.raw_operator.n_outputs_]


def _is_multilabel(estimator) -> bool:
    return isinstance(fitted_targets(estimator), MultilabelTargets)
