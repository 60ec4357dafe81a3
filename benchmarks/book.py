"""The training loop of "Neural Networks from Scratch in Python".

This implementation follows the book's equations and style: a new array for every result, the
optimizer's state on the layers, each formula for weights and again for biases. Two things differ,
to train the same networks as the other contestants: the data are split into mini-batches, and the
initial weights have MLPClassifier's range.
"""

from itertools import pairwise

import numpy as np


class Dense:
    def __init__(self, n_inputs: int, n_neurons: int, l2: float, rng, dtype) -> None:
        bound = np.sqrt(6 / (n_inputs + n_neurons))
        self.weights = rng.uniform(-bound, bound, (n_inputs, n_neurons)).astype(dtype)
        self.biases = rng.uniform(-bound, bound, (1, n_neurons)).astype(dtype)
        self.weight_regularizer_l2 = l2

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dweights += 2 * self.weight_regularizer_l2 * self.weights
        self.dinputs = np.dot(dvalues, self.weights.T)


class ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class SoftmaxCategoricalCrossentropy:
    def forward(self, inputs, y_true=None):
        exponentials = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exponentials / np.sum(exponentials, axis=1, keepdims=True)
        if y_true is None:
            return None
        clipped = np.clip(self.output, 1e-7, 1 - 1e-7)
        return np.mean(-np.log(clipped[range(len(y_true)), y_true]))

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        self.dinputs = dvalues.copy()
        self.dinputs[range(samples), y_true] -= 1
        self.dinputs = self.dinputs / samples


class Adam:
    def __init__(self, learning_rate, epsilon=1e-7, beta_1=0.9, beta_2=0.999) -> None:
        self.learning_rate = learning_rate
        self.epsilon = epsilon
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.iterations = 0

    def update(self, layer):
        if not hasattr(layer, "weight_cache"):
            layer.weight_momentums = np.zeros_like(layer.weights)
            layer.weight_cache = np.zeros_like(layer.weights)
            layer.bias_momentums = np.zeros_like(layer.biases)
            layer.bias_cache = np.zeros_like(layer.biases)

        layer.weight_momentums = (
            self.beta_1 * layer.weight_momentums + (1 - self.beta_1) * layer.dweights
        )
        layer.bias_momentums = (
            self.beta_1 * layer.bias_momentums + (1 - self.beta_1) * layer.dbiases
        )
        correction = 1 - self.beta_1 ** (self.iterations + 1)
        weight_momentums_corrected = layer.weight_momentums / correction
        bias_momentums_corrected = layer.bias_momentums / correction

        layer.weight_cache = (
            self.beta_2 * layer.weight_cache + (1 - self.beta_2) * layer.dweights**2
        )
        layer.bias_cache = self.beta_2 * layer.bias_cache + (1 - self.beta_2) * layer.dbiases**2
        correction = 1 - self.beta_2 ** (self.iterations + 1)
        weight_cache_corrected = layer.weight_cache / correction
        bias_cache_corrected = layer.bias_cache / correction

        layer.weights += (
            -self.learning_rate
            * weight_momentums_corrected
            / (np.sqrt(weight_cache_corrected) + self.epsilon)
        )
        layer.biases += (
            -self.learning_rate
            * bias_momentums_corrected
            / (np.sqrt(bias_cache_corrected) + self.epsilon)
        )


class Model:
    def __init__(self, units: list[int], l2: float, seed: int, dtype) -> None:
        self.rng = np.random.default_rng(seed)
        self.layers = []
        for n_inputs, n_neurons in pairwise(units):
            self.layers += [Dense(n_inputs, n_neurons, l2, self.rng, dtype), ReLU()]
        self.layers.pop()
        self.loss_activation = SoftmaxCategoricalCrossentropy()

    def train(self, X, y, *, epochs: int, batch_size: int, learning_rate: float):
        optimizer = Adam(learning_rate)
        for _ in range(epochs):
            # The book does not shuffle full batches.
            order = self.rng.permutation(len(X)) if batch_size < len(X) else slice(None)
            X_epoch, y_epoch = X[order], y[order]
            for start in range(0, len(X), batch_size):
                batch_X = X_epoch[start : start + batch_size]
                batch_y = y_epoch[start : start + batch_size]

                self.loss = self.loss_activation.forward(self.forward(batch_X), batch_y)

                self.loss_activation.backward(self.loss_activation.output, batch_y)
                dvalues = self.loss_activation.dinputs
                for layer in reversed(self.layers):
                    layer.backward(dvalues)
                    dvalues = layer.dinputs

                for layer in self.layers:
                    if hasattr(layer, "weights"):
                        optimizer.update(layer)
                optimizer.iterations += 1
        return self

    def forward(self, X):
        for layer in self.layers:
            layer.forward(X)
            X = layer.output
        return X

    def predict_proba(self, X):
        self.loss_activation.forward(self.forward(X))
        return self.loss_activation.output
