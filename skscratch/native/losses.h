/* Losses of logits z and targets y, with the derivative with respect to z and the prediction.
 *
 * They mirror skscratch/nn/losses.py.  Vectors run along the samples: logits have a row for each
 * output.
 */

#define Batch NAME(Batch)
#define softmax_categorical_crossentropy NAME(softmax_categorical_crossentropy)
#define pointwise NAME(pointwise)
#define loss_gradient NAME(loss_gradient)

typedef struct {
    REAL *Y;      /* targets, a row for each output */
    REAL *shares; /* weight of each sample, divided by the total weight of its batch */
    Int n, row;   /* number of outputs, distance between rows */
} Batch;

/* log(1 + exp(z)) - y z, p - y with p = 1 / (1 + exp(-z)); predicts 1 if z > 0 */
#define sigmoid_binary_crossentropy NAME(sigmoid_binary_crossentropy)
INLINE V sigmoid_binary_crossentropy(V z, V y, V setting, V *derivative, V *prediction)
{
    V e = exponential(choose(z < 0, z, -z)), positive = choose(z > 0, z, splat(0));
    *derivative = choose(z < 0, e, splat(1)) / (1 + e) - y;
    *prediction = choose(z > 0, splat(1), splat(0));
    return positive + logarithm_1_plus(e) - y * z;
}

/* (z - y)**2 / 2, z - y */
#define squared_error NAME(squared_error)
INLINE V squared_error(V z, V y, V setting, V *derivative, V *prediction)
{
    *prediction = z;
    *derivative = z - y;
    return *derivative * *derivative * (REAL)0.5;
}

/* |z - y|, sign(z - y) */
#define absolute_error NAME(absolute_error)
INLINE V absolute_error(V z, V y, V setting, V *derivative, V *prediction)
{
    V error = z - y;
    *prediction = z;
    *derivative = choose(error > 0, splat(1), choose(error < 0, splat(-1), error));
    return magnitude(error);
}

/* r**2 / 2 if |r| <= delta, else delta (|r| - delta / 2), of r = z - y; r clipped at delta */
#define huber NAME(huber)
INLINE V huber(V z, V y, V delta, V *derivative, V *prediction)
{
    V error = z - y;
    *prediction = z;
    *derivative = choose(error > delta, delta, choose(error < -delta, -delta, error));
    return *derivative * (error - *derivative * (REAL)0.5);
}

/* q (y - z) if z < y, else (1 - q) (z - y); -q, 1 - q or 0 */
#define pinball NAME(pinball)
INLINE V pinball(V z, V y, V q, V *derivative, V *prediction)
{
    V error = z - y, slope = choose(error > 0, 1 - q, -q);
    *prediction = z;
    *derivative = choose(error == 0, splat(0), slope);
    return slope * error;
}

/* y log(y / p) - y + p with p = exp(z), p - y */
#define poisson_deviance NAME(poisson_deviance)
INLINE V poisson_deviance(V z, V y, V setting, V *derivative, V *prediction)
{
    V p = exponential(z);
    *prediction = p;
    *derivative = p - y;
    return y * (logarithm(choose(y > 0, y, splat(1))) - z - 1) + p;
}

/* log(p / y) + y / p - 1 with p = exp(z), 1 - y / p */
#define gamma_deviance NAME(gamma_deviance)
INLINE V gamma_deviance(V z, V y, V setting, V *derivative, V *prediction)
{
    V ratio = y * exponential(-z);
    *prediction = exponential(z);
    *derivative = 1 - ratio;
    return z - logarithm(y) + ratio - 1;
}

/* log sum_c exp(z_c) - sum_c y_c z_c of LANES samples; the logits become (p - y) share.
 *
 * A prediction is the first of the largest logits.  It is correct if its target is 1. */
INLINE V softmax_categorical_crossentropy(REAL *Z, const REAL *Y, V share, Int n, Int row,
                                          M *is_correct)
{
    V top = load(Z), target = load(Y), total_e = {0}, chosen = {0};
    for (Int j = 1; j < n; j++) {
        V z = load(Z + j * row);
        M is_top = z > top;
        top = choose(is_top, z, top);
        target = choose(is_top, load(Y + j * row), target);
    }
    for (Int j = 0; j < n; j++) {
        V z = load(Z + j * row) - top, e = exponential(z);
        chosen += load(Y + j * row) * z;
        total_e += e;
        store(Z + j * row, e);
    }
    V scale = share / total_e;
    for (Int j = 0; j < n; j++)
        store(Z + j * row, load(Z + j * row) * scale - load(Y + j * row) * share);
    *is_correct = target == 1;
    return logarithm(total_e) - chosen;
}

/* Return the sum over the outputs of any other loss; the logits become derivatives times share. */
INLINE V pointwise(const Task *task, const int loss, REAL *Z, const REAL *Y, V share, Int n,
                   Int row, M *is_correct)
{
    V losses = {0}, derivative, prediction;
    *is_correct = losses == 0;
    for (Int j = 0; j < n; j++) {
        V z = load(Z + j * row), y = load(Y + j * row);
        V setting = splat((REAL)task->loss_settings[j]);
        switch (loss) {
#define CASE(class, function) \
    case class##_CODE: \
        losses += function(z, y, setting, &derivative, &prediction); \
        break;
            LOSSES(CASE)
#undef CASE
        }
        *is_correct &= prediction == y;
        store(Z + j * row, derivative * share);
    }
    return losses;
}

/* Overwrite the logits of m samples with the gradient of the batch's loss.  Add the losses of the
 * samples, times their shares, and the number of correct predictions. */
static void loss_gradient(const Task *task, const Batch *batch, REAL *Z, Int m, double *loss,
                          double *n_correct)
{
    V sum_of_losses = {0}, correct = {0};
    for (Int i = 0; i < m; i += LANES) {
        V share = load(batch->shares + i), losses = {0};
        M is_correct = losses != 0, is_sample = first_lanes(m - i);
        const REAL *Y = batch->Y + i;
        switch (task->loss) {
        case SoftmaxCategoricalCrossentropy_CODE:
            losses = softmax_categorical_crossentropy(Z + i, Y, share, batch->n, batch->row,
                                                      &is_correct);
            break;
#define CASE(class, function) \
    case class##_CODE: \
        losses = pointwise(task, class##_CODE, Z + i, Y, share, batch->n, batch->row, \
                           &is_correct); \
        break;
            LOSSES(CASE)
#undef CASE
        }
        sum_of_losses += choose(is_sample, losses * share, splat(0));
        correct += choose(is_sample & is_correct, splat(1), splat(0));
    }
    *loss += total(sum_of_losses);
    *n_correct += total(correct);
}
