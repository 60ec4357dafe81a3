"""The same epoch as one compiled function, by Numba.

A step of a small network costs what its thirty calls to NumPy cost. Here a whole epoch is one call:
the same layers, losses, penalties and optimizers, in the same order and under the same names, as
loops that a compiler turns into vector instructions. The classes of this folder are the reference;
:func:`train` reads their objects and leaves them as :func:`skscratch.nn.training.train` would, so
that either may go on where the other stopped.

Nothing is compiled twice: all networks run the same code, which is told by numbers what their
layers are. It is compiled once for each dtype and then loaded from Numba's cache.

Rules hold throughout. A number is made in the dtype of its array, because one float64 makes float32
work float64. What an inner loop does not change is read before it, because the compiler cannot know
that it does not change. A number that was stored is not read back in the same loop, which takes
three times as long where the array does not begin at a multiple of 32 bytes. What is chosen by a
code is chosen outside of the loops, because a branch for each element costs more than its
arithmetic. A loop that adds up many numbers may do so in any order, because one that keeps their
order uses no vector instructions.
"""

import ctypes
import logging
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

try:
    from llvmlite import ir
    from numba import carray, njit, types
    from numba.core import event
    from numba.extending import intrinsic, overload
except ImportError as error:
    raise ImportError(
        "engine='numba' needs Numba: install it with pip install 'skscratch[numba]', or use "
        "engine='numpy'."
    ) from error

from skscratch.nn.activations import ELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh
from skscratch.nn.layers import Dense, Dropout
from skscratch.nn.losses import (
    AveragedSquaredError,
    ExponentialGammaDeviance,
    ExponentialPoissonDeviance,
    IdentityAbsoluteError,
    IdentityHuber,
    IdentityPinball,
    IdentitySquaredError,
    LogitsLoss,
    SigmoidBinaryCrossentropy,
    SoftmaxCategoricalCrossentropy,
)
from skscratch.nn.network import Network
from skscratch.nn.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from skscratch.nn.training import Batches, Epoch

__all__ = ["train"]

logger = logging.getLogger("skscratch")

OPTIONS = {"nogil": True, "error_model": "numpy"}
# What lets Python call a function takes a sixth of the time to compile: few functions need it.
INNER = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
compiled = njit(**INNER)
# A product and a sum may be one instruction, which rounds once.
contracted = njit(**INNER, fastmath={"contract"})
# A sum may be taken in any order, which is that of vector instructions.
reordered = njit(**INNER, fastmath={"reassoc"})
# Called in one place, and compiled there, not by itself too.
inlined = njit(**OPTIONS, inline="always")


def cached(function):
    """Compile what Python calls, and keep it for the next process."""
    function = njit(**OPTIONS)(function)
    try:
        function.enable_caching()
    except RuntimeError as error:
        # Neither this folder nor the user's own can be written to.
        logger.info("Compiled code is not kept: %s", error)
    return function


# Exponentials
#
# x = k log 2 + r with a whole k and |r| <= log(2) / 2, so exp(x) = 2**k exp(r), and Taylor's series
# of exp(r) needs few terms. Written without branches, so that loops over it are vector code.

FACTORIALS = [1 / math.factorial(k) for k in range(14)]
FACTORIALS_32 = tuple(np.float32(value) for value in FACTORIALS)
FACTORIALS_64 = tuple(FACTORIALS)

# Adding 1.5 * 2**(number of bits) rounds to a whole number, which then stands in the last bits.
# log(2) is a sum of two numbers: the first has few bits, its product with k is exact.
REDUCTION_64 = (1 / math.log(2), 1.5 * 2.0**52, 22713 / 2**15, 1.4286068203094172321e-06)
REDUCTION_32 = tuple(
    np.float32(value)
    for value in (1 / math.log(2), 1.5 * 2.0**23, 355 / 2**9, -2.1219444005469058e-04)
)
# Beyond these, exp is 0 and infinity.
RANGE_64 = (-746.0, 710.0)
RANGE_32 = (np.float32(-104.0), np.float32(89.0))


def constants(x):
    """Return the constants of the dtype of ``x``: those of the reduction, and exp's range."""


@overload(constants)
def _constants(x):
    values = (REDUCTION_32, RANGE_32) if x == types.float32 else (REDUCTION_64, RANGE_64)
    return lambda x: values


def series(r):
    """Return ``(exp(r) - 1 - r) / r**2`` for ``|r| <= log(2) / 2``."""


@overload(series, jit_options={"fastmath": {"contract"}})
def _series(r):
    if r == types.float32:
        c = FACTORIALS_32
        return lambda r: c[2] + r * (c[3] + r * (c[4] + r * (c[5] + r * (c[6] + r * c[7]))))
    c = FACTORIALS_64

    def series_64(r):
        last = c[8] + r * (c[9] + r * (c[10] + r * (c[11] + r * (c[12] + r * c[13]))))
        return c[2] + r * (c[3] + r * (c[4] + r * (c[5] + r * (c[6] + r * (c[7] + r * last)))))

    return series_64


@intrinsic
def power_of_2(typing_context, x):
    """Return 2**k for an x that is k plus the rounding constant of its dtype."""
    integer, n_bits, bias = (
        (types.int32, 23, 127) if x == types.float32 else (types.int64, 52, 1023)
    )

    def generate(context, builder, signature, arguments):
        integer_type = context.get_value_type(integer)
        bits = builder.bitcast(arguments[0], integer_type)
        bits = builder.shl(builder.add(bits, integer_type(bias)), integer_type(n_bits))
        return builder.bitcast(bits, context.get_value_type(x))

    return x(x), generate


@intrinsic
def select(typing_context, condition, a, b):
    """Return ``a if condition else b``, both of which have been computed: never a branch."""

    def generate(context, builder, signature, arguments):
        return builder.select(*arguments)

    return a(condition, a, b), generate


@contracted
def reduced(x):
    """Return exp(r) - 1, k and k in the form that :func:`power_of_2` takes."""
    (inverse, rounding, high, low), _ = constants(x)
    shifted = x * inverse + rounding
    k = shifted - rounding
    r = (x - k * high) - k * low
    return r + r * r * series(r), k, shifted


@contracted
def exp(x):
    """Return e to the power of ``x``."""
    (_, rounding, _, _), (lowest, highest) = constants(x)
    one, half = type(x)(1), type(x)(0.5)
    # Comparisons with NaN are false: it is let through.
    x = select(x < lowest, lowest, select(x > highest, highest, x))
    y, k, _ = reduced(x)
    # In two factors, as 2**k alone may be out of range where the result is not.
    shifted_half = k * half + rounding
    rest = k - (shifted_half - rounding)
    return (one + y) * power_of_2(shifted_half) * power_of_2(rest + rounding)


@contracted
def exp_expm1(x):
    """Return e to the power of ``x <= 0``, to absolute precision, and that less 1."""
    lowest, one = type(x)(-50), type(x)(1)
    x = select(x < lowest, lowest, x)
    y, _, shifted = reduced(x)
    scale = power_of_2(shifted)
    return scale * y + scale, scale * y + (scale - one)


@contracted
def tanh(x):
    """Return the hyperbolic tangent of ``x``."""
    dtype = type(x)
    one, two, small = dtype(1), dtype(2), dtype(0.55)
    magnitude = select(x < 0, -x, x)
    e, _ = exp_expm1(-two * magnitude)
    # Near 0, x less what Lambert's continued fraction x / (1 + x**2 / (3 + x**2 / (5 + ...))) says
    # after nine terms; farther away, 1 less a small quotient. Either is a quotient: one division.
    z = x * x
    difference = (
        x * z * (dtype(11486475) + z * (dtype(810810) + z * (dtype(12870) + z * dtype(44))))
    )
    denominator = dtype(34459425) + z * (
        dtype(16216200) + z * (dtype(945945) + z * (dtype(13860) + z * dtype(45)))
    )
    is_small = magnitude < small
    numerator = select(is_small, difference, two * e)
    quotient = numerator / select(is_small, denominator, one + e)
    far = one - quotient
    return select(is_small, x - quotient, select(x < 0, -far, far))


# Activations: forward overwrites the weighted sums by the outputs, backward the gradient with
# respect to the outputs by that with respect to the sums.


@compiled
def relu_forward(values):
    """``f(z) = max(0, z)``."""
    zero = values.dtype.type(0)
    for i in range(values.size):
        # In this order, NaN is let through.
        values[i] = zero if values[i] < zero else values[i]


@compiled
def relu_backward(dvalues, output):
    """``f'(z) = 1 if z > 0 else 0``."""
    zero = dvalues.dtype.type(0)
    for i in range(dvalues.size):
        dvalues[i] = dvalues[i] if output[i] > zero else dvalues[i] * zero


@compiled
def leaky_relu_forward(values):
    """``f(z) = max(0.01 z, z)``."""
    zero, slope = values.dtype.type(0), values.dtype.type(NEGATIVE_SLOPE)
    for i in range(values.size):
        values[i] = values[i] if values[i] > zero else slope * values[i]


@compiled
def leaky_relu_backward(dvalues, output):
    """``f'(z) = 1 if z > 0 else 0.01``."""
    zero, slope = dvalues.dtype.type(0), dvalues.dtype.type(NEGATIVE_SLOPE)
    for i in range(dvalues.size):
        dvalues[i] = dvalues[i] if output[i] > zero else slope * dvalues[i]


@compiled
def elu_forward(values):
    """``f(z) = z if z > 0 else exp(z) - 1``."""
    zero = values.dtype.type(0)
    for i in range(values.size):
        z = values[i]
        _, negative = exp_expm1(zero if z > zero else z)
        values[i] = z if z > zero else negative


@compiled
def elu_backward(dvalues, output):
    """``f' = min(f, 0) + 1``."""
    zero, one = dvalues.dtype.type(0), dvalues.dtype.type(1)
    for i in range(dvalues.size):
        dvalues[i] *= one + (zero if output[i] > zero else output[i])


@compiled
def sigmoid_forward(values):
    """``f(z) = 1 / (1 + exp(-z))``."""
    one = values.dtype.type(1)
    for i in range(values.size):
        values[i] = one / (one + exp(-values[i]))


@compiled
def sigmoid_backward(dvalues, output):
    """``f' = f (1 - f)``."""
    one = dvalues.dtype.type(1)
    for i in range(dvalues.size):
        dvalues[i] *= output[i] * (one - output[i])


@compiled
def silu_forward(values, sigmoid):
    """``f(z) = z s(z)``; fills ``sigmoid`` with ``s(z)``."""
    one = values.dtype.type(1)
    for i in range(values.size):
        s = one / (one + exp(-values[i]))
        sigmoid[i] = s
        values[i] *= s


@compiled
def silu_backward(dvalues, output, sigmoid):
    """``f' = s + f (1 - s)``."""
    one = dvalues.dtype.type(1)
    for i in range(dvalues.size):
        dvalues[i] *= sigmoid[i] + output[i] * (one - sigmoid[i])


@compiled
def tanh_forward(values):
    """``f(z) = tanh(z)``."""
    for i in range(values.size):
        values[i] = tanh(values[i])


@compiled
def tanh_backward(dvalues, output):
    """``f' = 1 - f**2``."""
    one = dvalues.dtype.type(1)
    for i in range(dvalues.size):
        dvalues[i] *= one - output[i] * output[i]


NEGATIVE_SLOPE = LeakyReLU.negative_slope
IDENTITY, RELU, LEAKY_RELU, ELU_, SIGMOID, SILU, TANH = range(7)
ACTIVATIONS = {
    Identity: IDENTITY,
    ReLU: RELU,
    LeakyReLU: LEAKY_RELU,
    ELU: ELU_,
    Sigmoid: SIGMOID,
    SiLU: SILU,
    Tanh: TANH,
}


@inlined
def activation_forward(activation, values, sigmoid):
    """Overwrite weighted sums by an activation's outputs; only SiLU fills ``sigmoid``."""
    if activation == RELU:
        relu_forward(values)
    elif activation == LEAKY_RELU:
        leaky_relu_forward(values)
    elif activation == ELU_:
        elu_forward(values)
    elif activation == SIGMOID:
        sigmoid_forward(values)
    elif activation == SILU:
        silu_forward(values, sigmoid)
    elif activation == TANH:
        tanh_forward(values)


@inlined
def activation_backward(activation, dvalues, output, sigmoid):
    """Multiply the gradient by the slope at the outputs of the last forward."""
    if activation == RELU:
        relu_backward(dvalues, output)
    elif activation == LEAKY_RELU:
        leaky_relu_backward(dvalues, output)
    elif activation == ELU_:
        elu_backward(dvalues, output)
    elif activation == SIGMOID:
        sigmoid_backward(dvalues, output)
    elif activation == SILU:
        silu_backward(dvalues, output, sigmoid)
    elif activation == TANH:
        tanh_backward(dvalues, output)


# Layers


@compiled
def dense_forward(inputs, weights, biases, output):
    """``output = inputs @ weights + biases``."""
    np.dot(inputs, weights, output)
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            output[i, j] += biases[j]


@compiled
def dense_backward(inputs, dvalues, dweights, dbiases):
    """``dweights = inputs.T @ dvalues`` and ``dbiases = sum over samples of dvalues``."""
    np.dot(inputs.T, dvalues, dweights)
    add_up(dvalues, dbiases)


@compiled
def add_up(dvalues, dbiases):
    """Add up each column, four rows at once."""
    dbiases[:] = 0
    n_rows, n_columns = dvalues.shape
    n_fours = n_rows - n_rows % 4
    for i in range(0, n_fours, 4):
        for j in range(n_columns):
            dbiases[j] += (dvalues[i, j] + dvalues[i + 1, j]) + (
                dvalues[i + 2, j] + dvalues[i + 3, j]
            )
    for i in range(n_fours, n_rows):
        for j in range(n_columns):
            dbiases[j] += dvalues[i, j]


@compiled
def sparse_forward(matrix, kept, rows, weights, biases, output):
    """:func:`dense_forward` of rows of a CSR matrix; ``kept`` are what dropout made of them."""
    elements, columns, starts = matrix
    position = 0
    for i in range(rows.size):
        for j in range(biases.size):
            output[i, j] = biases[j]
        for element in range(starts[rows[i]], starts[rows[i] + 1]):
            value = kept[position] if kept.size else elements[element]
            column = columns[element]
            position += 1
            for j in range(biases.size):
                output[i, j] += value * weights[column, j]


@compiled
def sparse_backward(matrix, kept, rows, dvalues, dweights, dbiases):
    """:func:`dense_backward` of the inputs of :func:`sparse_forward`."""
    elements, columns, starts = matrix
    dweights[:] = 0
    position = 0
    for i in range(rows.size):
        for element in range(starts[rows[i]], starts[rows[i] + 1]):
            value = kept[position] if kept.size else elements[element]
            column = columns[element]
            position += 1
            for j in range(dbiases.size):
                dweights[column, j] += value * dvalues[i, j]
    add_up(dvalues, dbiases)


@compiled
def dropout_forward(inputs, uniform, rate, mask, output):
    """``output = inputs * mask``; ``mask`` is 0 where a uniform number is less than ``rate``."""
    dtype = mask.dtype.type
    zero, rate = dtype(0), dtype(rate)
    scale = dtype(1) / (dtype(1) - rate)
    n_rows, n_columns = mask.shape
    if n_rows > n_columns:
        # The NumPy engine's arrays have their longer axis contiguous, see _buffers.zeros, and
        # random numbers fill them in that order.
        for j in range(n_columns):
            for i in range(n_rows):
                mask[i, j] = zero if uniform[j * n_rows + i] < rate else scale
    else:
        for i in range(n_rows):
            for j in range(n_columns):
                mask[i, j] = zero if uniform[i * n_columns + j] < rate else scale
    for i in range(n_rows):
        for j in range(n_columns):
            output[i, j] = inputs[i, j] * mask[i, j]


@compiled
def sparse_dropout_forward(matrix, rows, rate, uniform):
    """Overwrite uniform numbers by the stored elements of rows of a CSR matrix times the mask."""
    elements, _, starts = matrix
    dtype = elements.dtype.type
    zero, rate = dtype(0), dtype(rate)
    scale = dtype(1) / (dtype(1) - rate)
    position = 0
    for i in range(rows.size):
        for element in range(starts[rows[i]], starts[rows[i] + 1]):
            mask = zero if uniform[position] < rate else scale
            uniform[position] = elements[element] * mask
            position += 1


@compiled
def dropout_backward(dvalues, mask):
    """Multiply the gradient by the last mask."""
    for i in range(dvalues.size):
        dvalues[i] *= mask[i]


# Losses: they overwrite logits by the gradient of the batch's loss, and return that loss and how
# many samples were predicted right. Logits and targets are stored output by output, so that what is
# done to the few logits of each of many samples are loops over samples. A sample's share is its
# weight divided by the batch's total weight. The rows of work have a number for each sample.


@compiled
def softmax_crossentropy(logits, targets, shares, work):
    """``log sum_c exp(z_c) - sum_c y_c z_c``."""
    n_outputs, n_samples = logits.shape
    greatest, total, chosen = work[0], work[1], work[2]
    for i in range(n_samples):
        greatest[i] = logits[0, i]
        total[i] = 0
        chosen[i] = 0
    for j in range(1, n_outputs):
        for i in range(n_samples):
            greatest[i] = greatest[i] if greatest[i] > logits[j, i] else logits[j, i]
    for j in range(n_outputs):
        for i in range(n_samples):
            logits[j, i] -= greatest[i]
        for i in range(n_samples):
            chosen[i] += targets[j, i] * logits[j, i]
        for i in range(n_samples):
            logits[j, i] = exp(logits[j, i])
        for i in range(n_samples):
            total[i] += logits[j, i]
    scale = greatest
    for i in range(n_samples):
        scale[i] = shares[i] / total[i]
    for j in range(n_outputs):
        for i in range(n_samples):
            logits[j, i] = logits[j, i] * scale[i] - targets[j, i] * shares[i]
    loss, n_right = 0.0, 0
    for i in range(n_samples):
        loss += shares[i] * (np.log(total[i]) - chosen[i])
        n_right += chosen[i] == 0
    return loss, n_right


# The other losses are sums over the outputs. Of one output, each adds the samples' losses to losses
# and how many predictions were wrong to n_wrong, and overwrites the logits by the derivative.


@compiled
def sigmoid_crossentropy(logits, targets, losses, n_wrong, _):
    """``log(1 + exp(z)) - y z``."""
    dtype = logits.dtype.type
    zero, one = dtype(0), dtype(1)
    for i in range(logits.size):
        z, y = logits[i], targets[i]
        exponential = exp(z if z < zero else -z)
        losses[i] += (z if z > zero else zero) + np.log1p(exponential) - y * z
        n_wrong[i] += one if (one if z > zero else zero) != y else zero
        # exp(z) / (1 + exp(z)), or both divided by exp(z)
        logits[i] = (exponential if z < zero else one) / (one + exponential) - y


@compiled
def squared_error(logits, targets, losses, n_wrong, scale):
    """``(z - y)**2 / 2``, times a scale that the derivative does not have."""
    dtype = logits.dtype.type
    zero, half, one = dtype(0), dtype(0.5 * scale), dtype(1)
    for i in range(logits.size):
        error = logits[i] - targets[i]
        losses[i] += half * error * error
        n_wrong[i] += zero if error == zero else one
        logits[i] = error


@compiled
def absolute_error(logits, targets, losses, n_wrong, _):
    """``|z - y|``."""
    dtype = logits.dtype.type
    zero, one = dtype(0), dtype(1)
    for i in range(logits.size):
        error = logits[i] - targets[i]
        losses[i] += abs(error)
        n_wrong[i] += zero if error == zero else one
        logits[i] = one if error > zero else (-one if error < zero else error)


@compiled
def huber(logits, targets, losses, n_wrong, delta):
    """``r**2 / 2`` of ``r = z - y`` where ``|r| <= delta``, else ``delta (|r| - delta / 2)``."""
    dtype = logits.dtype.type
    zero, half, one, delta = dtype(0), dtype(0.5), dtype(1), dtype(delta)
    for i in range(logits.size):
        error = logits[i] - targets[i]
        clipped = delta if error > delta else (-delta if error < -delta else error)
        losses[i] += clipped * (error - half * clipped)
        n_wrong[i] += zero if error == zero else one
        logits[i] = clipped


@compiled
def pinball(logits, targets, losses, n_wrong, quantile):
    """``q (y - z)`` where ``z < y``, else ``(1 - q) (z - y)``."""
    dtype = logits.dtype.type
    zero, one, quantile = dtype(0), dtype(1), dtype(quantile)
    for i in range(logits.size):
        error = logits[i] - targets[i]
        slope = (one if error > zero else zero) - quantile
        losses[i] += slope * error
        n_wrong[i] += zero if error == zero else one
        logits[i] = error if error == zero else slope


@compiled
def poisson_deviance(logits, targets, losses, n_wrong, _):
    """``y log(y / p) - y + p`` with ``p = exp(z)``."""
    dtype = logits.dtype.type
    zero, one = dtype(0), dtype(1)
    for i in range(logits.size):
        z, y = logits[i], targets[i]
        p = exp(z)
        losses[i] += y * (np.log(y if y > zero else one) - z - one) + p
        n_wrong[i] += zero if p == y else one
        logits[i] = p - y


@compiled
def gamma_deviance(logits, targets, losses, n_wrong, _):
    """``log(p / y) + y / p - 1`` with ``p = exp(z)``."""
    dtype = logits.dtype.type
    zero, one = dtype(0), dtype(1)
    for i in range(logits.size):
        z, y = logits[i], targets[i]
        ratio = y * exp(-z)
        losses[i] += z - np.log(y) + ratio - one
        n_wrong[i] += zero if exp(z) == y else one
        logits[i] = one - ratio


(
    SOFTMAX_CROSSENTROPY,
    SIGMOID_CROSSENTROPY,
    SQUARED_ERROR,
    ABSOLUTE_ERROR,
    HUBER,
    PINBALL,
    POISSON_DEVIANCE,
    GAMMA_DEVIANCE,
) = range(8)
LOSSES = {
    SoftmaxCategoricalCrossentropy: SOFTMAX_CROSSENTROPY,
    SigmoidBinaryCrossentropy: SIGMOID_CROSSENTROPY,
    IdentitySquaredError: SQUARED_ERROR,
    AveragedSquaredError: SQUARED_ERROR,
    IdentityAbsoluteError: ABSOLUTE_ERROR,
    IdentityHuber: HUBER,
    IdentityPinball: PINBALL,
    ExponentialPoissonDeviance: POISSON_DEVIANCE,
    ExponentialGammaDeviance: GAMMA_DEVIANCE,
}
# Which number a loss is told, or which numbers, one for each output
LOSS_SETTINGS = {IdentityHuber: "delta", IdentityPinball: "quantile"}


@inlined
def loss_of_outputs(loss, loss_settings, logits, targets, shares, work):
    """Add up the losses of all outputs."""
    n_outputs, n_samples = logits.shape
    losses, n_wrong = work[0], work[1]
    losses[:] = 0
    n_wrong[:] = 0
    for j in range(n_outputs):
        z, y, setting = logits[j], targets[j], loss_settings[j]
        if loss == SIGMOID_CROSSENTROPY:
            sigmoid_crossentropy(z, y, losses, n_wrong, setting)
        elif loss == SQUARED_ERROR:
            squared_error(z, y, losses, n_wrong, setting)
        elif loss == ABSOLUTE_ERROR:
            absolute_error(z, y, losses, n_wrong, setting)
        elif loss == HUBER:
            huber(z, y, losses, n_wrong, setting)
        elif loss == PINBALL:
            pinball(z, y, losses, n_wrong, setting)
        elif loss == POISSON_DEVIANCE:
            poisson_deviance(z, y, losses, n_wrong, setting)
        elif loss == GAMMA_DEVIANCE:
            gamma_deviance(z, y, losses, n_wrong, setting)
        for i in range(n_samples):
            z[i] *= shares[i]
    data_loss, n_right = 0.0, 0
    for i in range(n_samples):
        data_loss += shares[i] * losses[i]
        n_right += n_wrong[i] == 0
    return data_loss, n_right


@inlined
def loss_gradient(loss, loss_settings, logits, targets, shares, work):
    """Overwrite logits by their gradient; return the loss and the number of right samples.

    Here logits are stored sample by sample; ``work`` has a row for each output besides its own.
    """
    n_samples, n_outputs = logits.shape
    by_output, work = work[:n_outputs], work[n_outputs:]
    for j in range(n_outputs):
        for i in range(n_samples):
            by_output[j, i] = logits[i, j]
    if loss == SOFTMAX_CROSSENTROPY:
        data_loss, n_right = softmax_crossentropy(by_output, targets, shares, work)
    else:
        data_loss, n_right = loss_of_outputs(loss, loss_settings, by_output, targets, shares, work)
    for i in range(n_samples):
        for j in range(n_outputs):
            logits[i, j] = by_output[j, i]
    return data_loss, n_right


# Penalties: each adds its gradient and returns its loss.


@reordered
def l1_penalty(strength, parameters, gradients):
    """``strength * sum(|w|)``."""
    dtype = parameters.dtype.type
    zero, strength, total = dtype(0), dtype(strength), dtype(0)
    for i in range(parameters.size):
        value = parameters[i]
        total += abs(value)
        gradients[i] += strength if value > zero else (-strength if value < zero else value)
    return strength * total


@reordered
def l2_penalty(strength, parameters, gradients):
    """``strength * sum(w**2)``."""
    dtype = parameters.dtype.type
    double, total = dtype(2 * strength), dtype(0)
    for i in range(parameters.size):
        value = parameters[i]
        total += value * value
        gradients[i] += double * value
    return dtype(strength) * total


# Optimizers


@compiled
def sgd_step(parameters, gradients, momentums, rate, momentum, nesterov):
    """:class:`~skscratch.nn.optimizers.SGD`."""
    dtype = parameters.dtype.type
    rate, momentum = dtype(rate), dtype(momentum)
    if momentum == 0:
        for i in range(parameters.size):
            parameters[i] -= rate * gradients[i]
    elif nesterov:
        for i in range(parameters.size):
            step = rate * gradients[i]
            change = momentum * momentums[i] - step
            momentums[i] = change
            parameters[i] += momentum * change - step
    else:
        for i in range(parameters.size):
            change = momentum * momentums[i] - rate * gradients[i]
            momentums[i] = change
            parameters[i] += change


@compiled
def adagrad_step(parameters, gradients, cache, rate, epsilon):
    """:class:`~skscratch.nn.optimizers.Adagrad`."""
    dtype = parameters.dtype.type
    rate, epsilon = dtype(rate), dtype(epsilon)
    for i in range(parameters.size):
        square = cache[i] + gradients[i] * gradients[i]
        cache[i] = square
        parameters[i] -= rate * (gradients[i] / (np.sqrt(square) + epsilon))


@compiled
def rmsprop_step(parameters, gradients, cache, rate, epsilon, rho):
    """:class:`~skscratch.nn.optimizers.RMSprop`."""
    dtype = parameters.dtype.type
    rate, epsilon, kept, new = dtype(rate), dtype(epsilon), dtype(rho), dtype(1 - rho)
    for i in range(parameters.size):
        square = kept * cache[i] + new * (gradients[i] * gradients[i])
        cache[i] = square
        parameters[i] -= rate * (gradients[i] / (np.sqrt(square) + epsilon))


@compiled
def adam_step(parameters, gradients, momentums, cache, rate, epsilon, beta_1, beta_2):
    """:class:`~skscratch.nn.optimizers.Adam`, the sums' weights being in rate and epsilon."""
    dtype = parameters.dtype.type
    rate, epsilon, beta_1, beta_2 = dtype(rate), dtype(epsilon), dtype(beta_1), dtype(beta_2)
    for i in range(parameters.size):
        mean = beta_1 * momentums[i] + gradients[i]
        square = beta_2 * cache[i] + gradients[i] * gradients[i]
        momentums[i], cache[i] = mean, square
        parameters[i] -= rate * (mean / (np.sqrt(square) + epsilon))


SGD_, ADAGRAD, RMSPROP, ADAM, ADAMW = range(5)
OPTIMIZERS = {SGD: SGD_, Adagrad: ADAGRAD, RMSprop: RMSPROP, Adam: ADAM, AdamW: ADAMW}


# Their settings, and the arrays that go on from update to update
SETTINGS = {
    SGD: ("learning_rate", "decay", "momentum", "nesterov"),
    Adagrad: ("learning_rate", "decay", "epsilon"),
    RMSprop: ("learning_rate", "decay", "epsilon", "rho"),
    Adam: ("learning_rate", "decay", "epsilon", "beta_1", "beta_2", "epsilon_hat"),
}
SETTINGS[AdamW] = (*SETTINGS[Adam], "weight_decay")
STATE = {
    SGD: ("momentums",),
    Adagrad: ("cache",),
    RMSprop: ("cache",),
    Adam: ("momentums", "cache"),
    AdamW: ("momentums", "cache"),
}


@inlined
def update(optimizer, settings, counters, parameters, gradients, momentums, cache):
    """Change the parameters by one step."""
    rate = settings[0] / (1 + settings[1] * counters[0])
    counters[1] = rate
    counters[0] += 1
    if optimizer == SGD_:
        sgd_step(parameters, gradients, momentums, rate, settings[2], settings[3])
    elif optimizer == ADAGRAD:
        adagrad_step(parameters, gradients, cache, rate, settings[2])
    elif optimizer == RMSPROP:
        rmsprop_step(parameters, gradients, cache, rate, settings[2], settings[3])
    else:
        epsilon, beta_1, beta_2 = settings[2], settings[3], settings[4]
        epsilon_hat, weight_decay = settings[5], settings[6]
        if optimizer == ADAMW:
            kept = parameters.dtype.type(1 - rate * weight_decay)
            for i in range(parameters.size):
                parameters[i] *= kept
        counters[2] = beta_1 * counters[2] + 1
        counters[3] = beta_2 * counters[3] + 1
        root = math.sqrt(counters[3])
        step = rate * root / counters[2]
        epsilon *= 1 / math.sqrt(1 - beta_2) if epsilon_hat else root
        adam_step(parameters, gradients, momentums, cache, step, epsilon, beta_1, beta_2)


# The network: its layers are rows of numbers, all that they fill are parts of one array.

STARTS = 3  # of the data
TARGETS, SHARES, WORK, DVALUES = range(4)  # of the places
N_WORK = 3
(
    N_INPUTS,
    N_NEURONS,
    ACTIVATION,
    # Where in the parameters they start
    WEIGHTS,
    BIASES,
    # Where in the buffers: what the layer is given (after dropout), what its activation returns,
    # SiLU's sigmoid, the mask of the dropout before the layer, and which generator draws it (-1 if
    # there is none)
    INPUTS,
    OUTPUT,
    SIGMOIDS,
    MASK,
    GENERATOR,
    N_FIELDS,
) = range(11)
# And each layer's real numbers
DROPOUT, WEIGHT_L1, WEIGHT_L2, BIAS_L1, BIAS_L2, N_STRENGTHS = range(6)


@intrinsic
def pointer_to(typing_context, array, start):
    """Return a pointer to an element of a vector."""
    vector, position = array, start

    def generate(context, builder, signature, arguments):
        data = context.make_array(vector)(context, builder, arguments[0]).data
        return builder.gep(data, [arguments[1]])

    return types.CPointer(vector.dtype)(vector, position), generate


@compiled
def matrix_at(buffer, start, n_rows, n_columns):
    """Return part of a vector as a matrix; unlike a slice, it is not counted as a reference."""
    return carray(pointer_to(buffer, start), (n_rows, n_columns))


@compiled
def vector_at(buffer, start, size):
    """Return part of a vector; unlike a slice, it is not counted as a reference."""
    return carray(pointer_to(buffer, start), (size,))


@inlined
def forward(rows, sparse, kept, layers, strengths, parameters, buffers, uniforms, cursors):
    """Fill the logits of a batch, whose inputs have been gathered."""
    n_samples = rows.size
    for i in range(len(layers)):
        n_inputs, n_neurons = layers[i, N_INPUTS], layers[i, N_NEURONS]
        weights = matrix_at(parameters, layers[i, WEIGHTS], n_inputs, n_neurons)
        biases = vector_at(parameters, layers[i, BIASES], n_neurons)
        output = matrix_at(buffers, layers[i, OUTPUT], n_samples, n_neurons)
        if i == 0 and sparse[2].size:
            sparse_forward(sparse, kept, rows, weights, biases, output)
        else:
            inputs = matrix_at(buffers, layers[i, INPUTS], n_samples, n_inputs)
            generator = layers[i, GENERATOR]
            if generator >= 0:
                before = inputs
                if i > 0:
                    before = matrix_at(buffers, layers[i - 1, OUTPUT], n_samples, n_inputs)
                mask = matrix_at(buffers, layers[i, MASK], n_samples, n_inputs)
                uniform = vector_at(uniforms, cursors[generator], mask.size)
                cursors[generator] += mask.size
                dropout_forward(before, uniform, strengths[i, DROPOUT], mask, inputs)
            dense_forward(inputs, weights, biases, output)
        values = vector_at(buffers, layers[i, OUTPUT], output.size)
        sigmoids = vector_at(buffers, layers[i, SIGMOIDS], output.size)
        activation_forward(layers[i, ACTIVATION], values, sigmoids)


@inlined
def backward(rows, sparse, kept, layers, parameters, gradients, buffers, dvalues_at):
    """Fill the gradients, from those of the logits."""
    n_samples, last = rows.size, len(layers) - 1
    dvalues = matrix_at(buffers, layers[last, OUTPUT], n_samples, layers[last, N_NEURONS])
    for i in range(last, -1, -1):
        n_inputs, n_neurons = layers[i, N_INPUTS], layers[i, N_NEURONS]
        dweights = matrix_at(gradients, layers[i, WEIGHTS], n_inputs, n_neurons)
        dbiases = vector_at(gradients, layers[i, BIASES], n_neurons)
        if i == 0 and sparse[2].size:
            sparse_backward(sparse, kept, rows, dvalues, dweights, dbiases)
        else:
            inputs = matrix_at(buffers, layers[i, INPUTS], n_samples, n_inputs)
            dense_backward(inputs, dvalues, dweights, dbiases)
        if i == 0:
            break
        weights = matrix_at(parameters, layers[i, WEIGHTS], n_inputs, n_neurons)
        dinputs = matrix_at(buffers, dvalues_at[i % 2], n_samples, n_inputs)
        np.dot(dvalues, weights.T, dinputs)
        flat = vector_at(buffers, dvalues_at[i % 2], dinputs.size)
        if layers[i, GENERATOR] >= 0:
            dropout_backward(flat, vector_at(buffers, layers[i, MASK], flat.size))
        output = vector_at(buffers, layers[i - 1, OUTPUT], flat.size)
        sigmoids = vector_at(buffers, layers[i - 1, SIGMOIDS], flat.size)
        activation_backward(layers[i - 1, ACTIVATION], flat, output, sigmoids)
        dvalues = dinputs


@inlined
def penalize(alpha, total_weight, layers, strengths, parameters, gradients):
    """Add the gradients of all penalties; return their loss."""
    loss = 0.0
    n_weights = layers[0, BIASES]
    if alpha != 0:
        strength = 0.5 * alpha / total_weight
        loss += l2_penalty(strength, parameters[:n_weights], gradients[:n_weights])
    for i in range(len(layers)):
        n_neurons = layers[i, N_NEURONS]
        for start, size, l1, l2 in (
            (layers[i, WEIGHTS], layers[i, N_INPUTS] * n_neurons, WEIGHT_L1, WEIGHT_L2),
            (layers[i, BIASES], n_neurons, BIAS_L1, BIAS_L2),
        ):
            part = slice(start, start + size)
            if strengths[i, l1] != 0:
                loss += l1_penalty(strengths[i, l1], parameters[part], gradients[part])
            if strengths[i, l2] != 0:
                loss += l2_penalty(strengths[i, l2], parameters[part], gradients[part])
    return loss


@compiled
def clip_gradients(clip_norm, gradients):
    """Scale the gradients down if their norm is greater than ``clip_norm``."""
    dtype = gradients.dtype.type
    norm = np.sqrt(np.dot(gradients, gradients))
    if norm > dtype(clip_norm):
        scale = dtype(clip_norm) / norm
        for i in range(gradients.size):
            gradients[i] *= scale


# The epoch


@intrinsic
def next_uint32(typing_context, function, state):
    """Return the next number of a generator, of which the addresses are given."""

    def generate(context, builder, signature, arguments):
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.IntType(32), [pointer]).as_pointer()
        function = builder.inttoptr(arguments[0], kind)
        return builder.call(function, [builder.inttoptr(arguments[1], pointer)])

    return types.uint32(types.uintp, types.uintp), generate


@cached
def shuffle(order, rows, orders, function, state):
    """Shuffle again and again, as :meth:`numpy.random.RandomState.shuffle` does it.

    Parameters
    ----------
    order : ndarray of int, shape (n_rows,)
        What is shuffled.

    rows, orders : ndarray of int, shapes (n_rows,) and (n_epochs, n_rows)
        Rows of the data, and what is filled with them: in the order after each shuffle.

    function, state : int
        Addresses of a bit generator's ``next_uint32`` and of its state.
    """
    for epoch in range(len(orders)):
        for last in range(order.size - 1, 0, -1):
            mask = np.uint64(last)
            for n_bits in (1, 2, 4, 8, 16):
                mask |= mask >> np.uint64(n_bits)
            other = np.int64(next_uint32(function, state) & mask)
            while other > last:
                other = np.int64(next_uint32(function, state) & mask)
            order[last], order[other] = order[other], order[last]
        for i in range(order.size):
            orders[epoch, i] = rows[order[i]]


@compiled
def fill_targets(classes, rows_of_targets, rows, targets):
    """Fill the targets of a batch, class by class."""
    if classes.size:
        targets[:] = 0
        for i in range(rows.size):
            targets[classes[rows[i]], i] = 1
    else:
        for i in range(rows.size):
            row = rows[i]
            for j in range(targets.shape[0]):
                targets[j, i] = rows_of_targets[row, j]


@compiled
def fill_shares(sample_weight, rows, shares):
    """Fill each sample's share of the batch; return the batch's total weight."""
    if not sample_weight.size:
        shares[:] = 1 / rows.size
        return float(rows.size)
    total = 0.0
    for i in range(rows.size):
        total += sample_weight[rows[i]]
    for i in range(rows.size):
        shares[i] = sample_weight[rows[i]] / total
    return total


@inlined
def train_epoch(data, order, batch_size, plan, settings, memory, random, sums):
    """Train on the rows in ``order``, batch by batch; see :func:`train_epochs`."""
    X, elements, columns, starts, classes, rows_of_targets, sample_weight = data
    layers, strengths, places, gathered, loss, loss_settings, optimizer, alpha, clip_norm = plan
    counters, parameters, gradients, momentums, cache, buffers = memory
    uniforms, cursors = random
    sparse = elements, columns, starts
    last = len(layers) - 1
    n_outputs = layers[last, N_NEURONS]
    for start in range(0, order.size, batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.size
        kept = uniforms[:0]
        if starts.size:
            if layers[0, GENERATOR] >= 0:
                n_elements = 0
                for row in rows:
                    n_elements += starts[row + 1] - starts[row]
                cursor = cursors[layers[0, GENERATOR]]
                cursors[layers[0, GENERATOR]] += n_elements
                kept = uniforms[cursor : cursor + n_elements]
                sparse_dropout_forward(sparse, rows, strengths[0, DROPOUT], kept)
        elif not gathered:
            inputs = matrix_at(buffers, layers[0, INPUTS], n_samples, X.shape[1])
            for i in range(n_samples):
                # Not inputs[i] = X[row]: its checks take seconds to compile.
                row = rows[i]
                for j in range(X.shape[1]):
                    inputs[i, j] = X[row, j]
        forward(rows, sparse, kept, layers, strengths, parameters, buffers, uniforms, cursors)

        targets = matrix_at(buffers, places[TARGETS], n_outputs, n_samples)
        fill_targets(classes, rows_of_targets, rows, targets)
        shares = vector_at(buffers, places[SHARES], n_samples)
        total_weight = fill_shares(sample_weight, rows, shares)
        logits = matrix_at(buffers, layers[last, OUTPUT], n_samples, n_outputs)
        work = matrix_at(buffers, places[WORK], N_WORK + n_outputs, n_samples)
        data_loss, n_right = loss_gradient(loss, loss_settings, logits, targets, shares, work)

        backward(rows, sparse, kept, layers, parameters, gradients, buffers, places[DVALUES:])
        penalty = penalize(alpha, total_weight, layers, strengths, parameters, gradients)
        if clip_norm < np.inf:
            clip_gradients(clip_norm, gradients)
        update(optimizer, settings, counters, parameters, gradients, momentums, cache)
        sums[0] += data_loss * n_samples
        sums[1] += penalty * n_samples
        sums[2] += n_right


@cached
def train_epochs(data, orders, learning_rates, batch_size, plan, settings, memory, random, sums):
    """Train for some epochs, in each of which the rows are visited in an order of its own.

    Parameters
    ----------
    data : tuple
        The inputs as an array, or as elements, columns and starts of a CSR matrix; classes or rows
        of targets; weights of the samples. What there is not is an array of size 0.

    orders : ndarray of int, shape (n_epochs, n_rows)
        Rows of the data.

    learning_rates : ndarray of shape (n_epochs,)
        Those of the epochs, before the optimizer's decay.

    batch_size : int
        Rows in a batch.

    plan : tuple
        What does not change from epoch to epoch: layers, their strengths, where in the buffers
        targets, shares, work, ones and the gradients with respect to outputs are, whether the
        inputs are there already, the loss and what it is told, the optimizer, alpha and the norm
        that gradients are clipped to.

    settings : ndarray
        The optimizer's :class:`Settings`.

    memory : tuple
        What is written to: counters, parameters, gradients, momentums, cache, buffers.

    random : tuple
        Uniform numbers for dropout and where each generator's begin.

    sums : ndarray of shape (n_epochs, 4)
        To it are added the losses of all samples, their penalties and how many were predicted
        right; the last is the learning rate of the last step.
    """
    for i in range(len(orders)):
        settings[0] = learning_rates[i]
        train_epoch(data, orders[i], batch_size, plan, settings, memory, random, sums[i])
        sums[i, 3] = memory[0][1]


class _Announcer(event.Listener):
    """Says that a compilation has begun."""

    def on_start(self, event) -> None:
        if event.data["dispatcher"] is train_epochs:
            logger.info("Compiling the epoch, which takes some seconds, once for each dtype.")

    def on_end(self, event) -> None:
        pass


event.register("numba:compile", _Announcer())


# From objects to arrays and back

# An epoch is run in chunks of batches, between which Python looks for Ctrl-C: of so many
# multiplications that they take less than a second.
MAX_WORK = 1e9
# Several epochs are a chunk if nobody looks at the network in between: of at most so many rows.
MAX_ROWS = 1 << 17
# Bytes of a line of the processor's cache, at which what a batch fills begins.
LINE = 64
# Uniform numbers are drawn for a few batches at once, as many as stay in the processor's cache.
MAX_UNIFORMS = 1 << 17


def train(
    network: Network,
    optimizer: Optimizer,
    batches: Batches,
    random_states: Sequence[np.random.RandomState] | None,
    clip_norm: float | None = None,
    learning_rates: Callable[[int], Sequence[float]] | None = None,
) -> Iterator[list[Epoch]]:
    """Train a network epoch by epoch, for as long as the caller asks for epochs.

    Parameters
    ----------
    network : Network
        One network. Its parameters are changed in place.

    optimizer : Optimizer
        Updates them after every batch.

    batches : Batches
        The training data.

    random_states : sequence of RandomState or None
        What the rows are shuffled by before every epoch; ``None`` visits them in order.

    clip_norm : float, default=None
        The greatest norm of a gradient, see :meth:`Network.clip_gradients`.

    learning_rates : callable, default=None
        Returns those of the next epochs, see :func:`skscratch.nn.training.train`.

    Yields
    ------
    epochs : list of Epoch
        Those that were trained at once.

    Raises
    ------
    ValueError
        If the network or the optimizer has parts that are not built in.
    """
    dtype = network.parameters.dtype
    if network.parameters.ndim > 1 or dtype not in (np.float32, np.float64):
        raise ValueError(
            f"engine='numba' trains one network of float32 or float64, got parameters of shape "
            f"{network.parameters.shape} and dtype {dtype}; use engine='numpy'."
        )
    loss, optimizer_code = _code(LOSSES, network.loss), _code(OPTIMIZERS, optimizer)
    loss_settings = _settings_of(network.loss, batches.n_outputs)
    data = _data_of(batches, dtype)
    layers, strengths, generators = _layers_of(network)
    buffers, places = _buffers_for(layers, batches.batch_size, data[STARTS].size > 0, dtype)
    gathered = batches.n_batches == 1 and not data[STARTS].size and layers[0, GENERATOR] < 0
    if gathered:
        inputs = data[0] if batches.rows is None else data[0][batches.rows]
        buffers[: inputs.size] = inputs.reshape(-1)
    plan = (
        layers,
        strengths,
        places,
        gathered,
        loss,
        loss_settings,
        optimizer_code,
        float(network.alpha),
        np.inf if clip_norm is None else float(clip_norm),
    )
    settings, counters, momentums, cache = _state_of(optimizer, network.parameters)
    memory = (counters, network.parameters, network.gradients, momentums, cache, buffers)
    random = np.empty(0, dtype), np.zeros(1, np.int64)
    chunk_size = _chunk_size(layers, data, batches.batch_size)
    max_epochs = max(1, min(MAX_ROWS, chunk_size) // batches.n_rows)
    everything = np.arange(batches.n_rows) if batches.rows is None else batches.rows
    everything = _read_only(everything, np.int64)
    while True:
        rates = learning_rates(max_epochs) if learning_rates else [optimizer.learning_rate]
        if batches.n_batches == 1:
            orders = np.tile(everything, (len(rates), 1))
        elif random_states is None:
            orders = np.tile(everything[batches.order], (len(rates), 1))
        else:
            orders = np.empty((len(rates), batches.n_rows), np.int64)
            generator = random_states[0]._bit_generator
            function = ctypes.cast(generator.ctypes.next_uint32, ctypes.c_void_p).value
            with generator.lock:
                shuffle(batches.order, everything, orders, function, generator.ctypes.state_address)
        rates, sums = np.array(rates, np.float64), np.zeros((len(rates), 4))
        for start in range(0, batches.n_rows, chunk_size):
            # There are several chunks only of a single epoch, or there is a single chunk.
            rows = orders[:, start : start + chunk_size]
            if generators:
                random = _uniforms(layers, generators, data, rows.reshape(-1), dtype)
            train_epochs(
                data, rows, rates, batches.batch_size, plan, settings, memory, random, sums
            )
            _remember(optimizer, counters)
        optimizer.learning_rate = float(rates[-1])
        sums[:, :3] /= batches.n_rows
        yield [
            Epoch(data_loss + penalty, data_loss, n_right, learning_rate)
            for data_loss, penalty, n_right, learning_rate in sums.tolist()
        ]


def _code(codes: dict, part) -> int:
    """Return the code of a network's part; raise an error if it is not built in."""
    if type(part) not in codes:
        names = ", ".join(each.__name__ for each in codes)
        raise ValueError(
            f"engine='numba' trains the built-in {names}, got {part!r}; use engine='numpy'."
        )
    return codes[type(part)]


def _settings_of(loss: LogitsLoss, n_outputs: int) -> np.ndarray:
    """Return what the loss of each output is told."""
    settings = np.ones(n_outputs)
    if type(loss) is AveragedSquaredError:
        settings /= n_outputs
    elif type(loss) in LOSS_SETTINGS:
        settings[:] = getattr(loss, LOSS_SETTINGS[type(loss)])
    return settings


def _data_of(batches: Batches, dtype) -> tuple[np.ndarray, ...]:
    """Return the first argument of :func:`train_epochs`."""
    X, y, sample_weight = batches.X, batches.y, batches.sample_weight
    nothing = np.empty(0), np.empty((0, 0))
    inputs = (
        (X, *nothing[:1] * 3)
        if isinstance(X, np.ndarray)
        else (nothing[1], X.data, X.indices, X.indptr)
    )
    targets = (y, nothing[1]) if y.ndim == 1 else (nothing[0], y)
    weights = nothing[0] if sample_weight is None else sample_weight
    dtypes = dtype, dtype, np.int32, np.int64, np.int64, dtype, np.float64
    return tuple(map(_read_only, (*inputs, *targets, weights), dtypes))


def _read_only(array: np.ndarray, dtype) -> np.ndarray:
    """Return a contiguous array of a dtype that cannot be written to, a copy only if need be.

    A user's array may be one, and for Numba that is another type: all would be compiled again.
    """
    array = np.ascontiguousarray(array, dtype).view(np.ndarray)
    array.flags.writeable = False
    return array


def _layers_of(network: Network) -> tuple[np.ndarray, np.ndarray, list[np.random.Generator]]:
    """Return the layers as rows of whole numbers and of real ones, and dropout's generators."""
    codes, strengths, generators = [], [], []
    rate, generator, previous = 0.0, -1, None
    for layer in network.layers:
        kind = type(layer)
        if kind is Dropout and previous is not Dropout:
            known = [each is layer.random_state for each in generators]
            if not any(known):
                generators.append(layer.random_state)
            rate = layer.rate
            generator = known.index(True) if any(known) else len(generators) - 1
        elif kind is Dense:
            fields = np.zeros(N_FIELDS, np.int64)
            fields[[N_INPUTS, N_NEURONS]] = layer.weights.shape
            fields[GENERATOR] = generator
            codes.append(fields)
            strengths.append([rate, *layer.weight_penalty, *layer.bias_penalty])
            rate, generator = 0.0, -1
        elif previous is Dense:
            codes[-1][ACTIVATION] = _code(ACTIVATIONS, layer)
        else:
            raise ValueError(
                "engine='numba' trains dense layers, each with at most one activation and one "
                f"dropout after it, in this order; got {network.layers}; use engine='numpy'."
            )
        previous = kind
    layers = np.array(codes)
    n_weights = layers[:, N_INPUTS] * layers[:, N_NEURONS]
    layers[:, WEIGHTS] = np.cumsum(n_weights) - n_weights
    layers[:, BIASES] = n_weights.sum() + np.cumsum(layers[:, N_NEURONS]) - layers[:, N_NEURONS]
    return layers, np.array(strengths, np.float64), generators


def _buffers_for(layers, batch_size: int, is_sparse: bool, dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return an array for all that a batch fills, and where each of its :data:`PLACES` begins.

    Where the layers' parts begin is filled in.
    """
    size, line = 0, LINE // np.dtype(dtype).itemsize

    def place(n_columns: int) -> int:
        nonlocal size
        start = size
        size += -(-n_columns * batch_size // line) * line
        return start

    for i, layer in enumerate(layers):
        has_dropout = layer[GENERATOR] >= 0 and not (i == 0 and is_sparse)
        if i == 0:
            layer[INPUTS] = place(0 if is_sparse else layer[N_INPUTS])
        else:
            layer[INPUTS] = place(layer[N_INPUTS]) if has_dropout else layers[i - 1, OUTPUT]
        layer[MASK] = place(layer[N_INPUTS] if has_dropout else 0)
        layer[OUTPUT] = place(layer[N_NEURONS])
        layer[SIGMOIDS] = place(layer[N_NEURONS] if layer[ACTIVATION] == SILU else 0)
    n_outputs, widest = layers[-1, N_NEURONS], layers[1:, N_INPUTS].max(initial=0)
    columns = n_outputs, 1, N_WORK + n_outputs, widest, widest
    places = np.array([place(n_columns) for n_columns in columns])
    memory = np.zeros(size + line, dtype)
    start = -memory.ctypes.data % LINE // memory.itemsize
    return memory[start : start + size], places


def _chunk_size(layers, data, batch_size: int) -> int:
    """Return how many rows, whole batches, are trained on in one call."""
    starts, widths = data[STARTS], layers[:, N_INPUTS].copy()
    if starts.size:
        # Stored elements in a row
        widths[0] = 1 + starts[-1] // (starts.size - 1)
    n_parameters = layers[-1, BIASES] + layers[-1, N_NEURONS]
    work = batch_size * 6 * (widths * layers[:, N_NEURONS]).sum() + 20 * n_parameters
    n_batches = MAX_WORK / work
    n_uniforms = batch_size * widths[layers[:, GENERATOR] >= 0].sum()
    if n_uniforms:
        n_batches = min(n_batches, MAX_UNIFORMS / n_uniforms)
    return batch_size * max(1, int(n_batches))


def _uniforms(layers, generators, data, rows, dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return what dropout draws for some rows, and where each generator's numbers begin.

    A generator gives the same numbers in one call as in many.
    """
    starts, widths = data[STARTS], layers[:, N_INPUTS]
    counts = [0]
    for i in range(len(generators)):
        drawn = layers[:, GENERATOR] == i
        count = rows.size * widths[drawn].sum()
        if drawn[0] and starts.size:
            count += (starts[rows + 1] - starts[rows]).sum() - rows.size * widths[0]
        counts.append(count)
    ends = np.cumsum(counts)
    uniforms = np.empty(ends[-1], dtype)
    for generator, start, end in zip(generators, ends, ends[1:], strict=False):
        generator.random(out=uniforms[start:end], dtype=dtype)
    return uniforms, ends


def _state_of(optimizer: Optimizer, parameters: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the settings, and the numbers and arrays that go on from step to step."""
    settings = np.zeros(7)
    for i, name in enumerate(SETTINGS[type(optimizer)]):
        settings[i] = getattr(optimizer, name)
    state, names = optimizer._state, STATE[type(optimizer)]
    if isinstance(optimizer, SGD) and optimizer.momentum == 0:
        names = ()
    arrays = [
        optimizer._array(name, parameters) if name in names else np.empty(0, parameters.dtype)
        for name in ("momentums", "cache")
    ]
    numbers = [state.get(name, 0.0) for name in ("momentums_weight", "cache_weight")]
    counters = np.array([optimizer.iterations, 0.0, *numbers])
    return settings, counters, *arrays


def _remember(optimizer: Optimizer, counters: np.ndarray) -> None:
    """Write back what has changed."""
    iterations, learning_rate, momentums_weight, cache_weight = counters.tolist()
    optimizer.iterations, optimizer.current_learning_rate = int(iterations), learning_rate
    if isinstance(optimizer, Adam):
        optimizer._state["momentums_weight"] = momentums_weight
        optimizer._state["cache_weight"] = cache_weight
