/* The network: its memory, forward and backward pass, and the update of its parameters.
 *
 * It mirrors skscratch/nn/network.py.  All parameters are one vector, weights of all layers first,
 * then biases; here with padded rows.  Everything is in one workspace, initially zeros.  Padding
 * stays zero or is never read.
 */

#define Network NAME(Network)
#define take NAME(take)
#define describe NAME(describe)
#define lay_out NAME(lay_out)
#define copy NAME(copy)
#define copy_state NAME(copy_state)
#define forward NAME(forward)
#define backward NAME(backward)
#define penalty_of NAME(penalty_of)
#define penalize NAME(penalize)
#define update NAME(update)

typedef struct {
    Int n_layers, n_weights, size; /* of padded weights, and of padded parameters */
    REAL *parameters, *gradients, *momentums, *cache, *inputs;
    Batch batch;
    Layer layers[MAX_LAYERS];
} Network;

/* Return the next n bytes of the workspace, which start at a cache line. */
static void *take(const Task *task, uintptr_t *next, Int n)
{
    void *bytes = (void *)*next;
    *next += (n + 63) / 64 * 64 + GUARD;
    if (task->workspace)
        POISON((char *)bytes + n, *next - (uintptr_t)bytes - n);
    return bytes;
}

/* Set the sizes of the network and of its layers. */
static void describe(const Task *task, Network *network, int training)
{
    Int n_layers = task->n_layers;
    memset(network, 0, sizeof *network);
    network->n_layers = n_layers;
    for (Int i = 0; i < n_layers; i++) {
        Layer *layer = &network->layers[i];
        layer->n_in = task->sizes[i];
        layer->n_out = task->sizes[i + 1];
        layer->is_last = i == n_layers - 1;
        layer->activation = task->activations[i];
        /* Inputs that are not copied have no padding. */
        layer->in_row = i == 0 && !task->orders && n_layers > 1 ? layer->n_in : PADDED(layer->n_in);
        layer->row = PADDED(layer->is_last ? task->chunk_size : layer->n_out);
        layer->output_scale = 1;
        if (training && task->dropout[i] > 0) {
            layer->rate = (REAL)task->dropout[i];
            layer->scale = 1 / (1 - layer->rate);
            if (i > 0)
                network->layers[i - 1].output_scale = layer->scale;
        }
        layer->n_weights = layer->is_last ? layer->n_out * PADDED(layer->n_in)
                                          : layer->n_in * layer->row;
        network->n_weights += layer->n_weights;
        network->size += PADDED(layer->n_out);
    }
    network->size += network->n_weights;
}

/* Divide the workspace; return its size in bytes. */
static Int lay_out(const Task *task, Network *network, int training)
{
    describe(task, network, training);
    uintptr_t start = ((uintptr_t)task->workspace + 63) & ~(uintptr_t)63, next = start;
    Int n_layers = task->n_layers, n_outputs = task->sizes[n_layers];
    Int samples = PADDED(task->chunk_size), bytes = network->size * sizeof(REAL);
    network->parameters = take(task, &next, bytes);
    if (training) {
        network->gradients = take(task, &next, bytes);
        network->momentums = take(task, &next, bytes);
        network->cache = take(task, &next, bytes);
        network->batch.n = n_outputs;
        network->batch.row = samples;
        network->batch.Y = take(task, &next, n_outputs * samples * sizeof(REAL));
        network->batch.shares = take(task, &next, samples * sizeof(REAL));
    }
    if (task->X && (task->orders || n_layers == 1))
        network->inputs = take(task, &next, samples * network->layers[0].in_row * sizeof(REAL));
    Int weights = 0, biases = network->n_weights;
    for (Int i = 0; i < n_layers; i++) {
        Layer *layer = &network->layers[i];
        Int n_values = layer->is_last ? n_outputs * samples : samples * layer->row;
        layer->W = network->parameters + weights;
        layer->b = network->parameters + biases;
        layer->H = take(task, &next, n_values * sizeof(REAL));
        layer->slopes = layer->is_last ? 0 : take(task, &next, n_values * sizeof(REAL));
        if (training) {
            layer->dW = network->gradients + weights;
            layer->db = network->gradients + biases;
            layer->D = layer->is_last ? layer->H : take(task, &next, n_values * sizeof(REAL));
            if (i > 0 && !layer->is_last)
                layer->W_T = take(task, &next, layer->n_out * layer->in_row * sizeof(REAL));
            if (layer->rate > 0)
                layer->mask = take(task, &next, i == 0 && !task->X ? task->max_elements
                                                                   : task->batch_size * layer->n_in);
        }
        weights += layer->n_weights;
        biases += PADDED(layer->n_out);
    }
    return (Int)(next - start) + 64;
}

/* Copy a vector like the parameters to its padded form, or back. */
static void copy(const Network *network, REAL *padded, REAL *plain, int back)
{
    for (Int i = 0; i < network->n_layers; i++) {
        const Layer *layer = &network->layers[i];
        Int n_in = layer->n_in, n_out = layer->n_out, row = layer->is_last ? PADDED(n_in) : layer->row;
        if (layer->is_last && back)
            transpose(plain, n_out, padded, row, n_out, n_in);
        else if (layer->is_last)
            transpose(padded, row, plain, n_out, n_in, n_out);
        else
            for (Int j = 0; j < n_in; j++)
                memcpy(back ? plain + j * n_out : padded + j * row,
                       back ? padded + j * row : plain + j * n_out, n_out * sizeof(REAL));
        plain += n_in * n_out;
        padded += layer->n_weights;
    }
    for (Int i = 0; i < network->n_layers; i++) {
        Int n_out = network->layers[i].n_out;
        memcpy(back ? plain : padded, back ? padded : plain, n_out * sizeof(REAL));
        plain += n_out;
        padded += PADDED(n_out);
    }
}

/* Copy parameters and state of the optimizer from Python's arrays to the workspace, or back. */
static void copy_state(const Task *task, const Network *network, int back)
{
    copy(network, network->parameters, task->parameters, back);
    if (task->momentums)
        copy(network, network->momentums, task->momentums, back);
    if (task->cache)
        copy(network, network->cache, task->cache, back);
}

/* Compute outputs and logits of m rows of the data: the given ones, or if NULL, from first on. */
static void forward(const Task *task, const Network *network, const REAL *inputs, const Int *rows,
                    Int first, Int m)
{
    for (Int i = 0; i < network->n_layers; i++) {
        const Layer *layer = &network->layers[i];
        if (i == 0 && !task->X)
            sparse_forward(task, layer, rows, first, m, task->element);
        else {
            if (layer->mask)
                drop(layer, (REAL *)inputs,
                     i && layer[-1].activation != ReLU_CODE ? layer[-1].slopes : 0,
                     task->row, m);
            dense_forward(task, layer, inputs, m);
        }
        inputs = layer->H;
    }
}

/* Compute the gradients of all parameters from the gradient with respect to the logits, or add
 * them to those of the previous chunks of the batch. */
static void backward(const Task *task, const Network *network, const REAL *inputs, const Int *rows,
                     Int first, Int m)
{
    int add = task->row > 0;
    for (Int i = network->n_layers - 1; i >= 0; i--) {
        const Layer *layer = &network->layers[i];
        if (i == 0 && !task->X) {
            if (!add)
                memset(layer->dW, 0, layer->n_weights * sizeof(REAL));
            dense_backward(task, layer, 0, m, add);
            sparse_backward(task, layer, rows, first, m, task->element);
        } else
            dense_backward(task, layer, i ? layer[-1].H : inputs, m, add);
        if (i > 0)
            dense_backward_inputs(task, layer, layer - 1, m);
    }
}

/* Return the penalty of the k-th vector of parameters: weights of each layer, then biases. */
INLINE Penalty penalty_of(const Task *task, Int k, Int n_layers)
{
    const double *regularizers = task->regularizers + (k < n_layers ? 4 * k : 4 * (k - n_layers) + 2);
    double alpha = k < n_layers ? task->alpha / 2 / task->total_weight : 0;
    return (Penalty){.l1 = splat((REAL)regularizers[0]), .l2 = splat((REAL)(regularizers[1] + alpha))};
}

/* Add the gradients of all penalties; return the penalties and the scale that clips gradients. */
static double penalize(const Task *task, const Network *network, REAL *scale)
{
    double loss = 0;
    V squares = {0};
    Int n_layers = network->n_layers, start = 0;
    for (Int k = 0; k < 2 * n_layers; k++) {
        const Layer *layer = &network->layers[k % n_layers];
        Int end = start + (k < n_layers ? layer->n_weights : PADDED(layer->n_out));
        Penalty penalty = penalty_of(task, k, n_layers);
        for (; start < end; start += LANES) {
            V g = penalty_gradient(&penalty, load(network->parameters + start),
                                   load(network->gradients + start), 1);
            store(network->gradients + start, g);
            squares += g * g;
        }
        loss += penalty_loss(&penalty);
    }
    REAL norm = (REAL)sqrt(total(squares)), clip_norm = (REAL)task->clip_norm;
    *scale = norm > clip_norm ? clip_norm / norm : 1;
    return loss;
}

/* Update the parameters by one step; return the penalties. */
static double update(Task *task, const Network *network)
{
    Settings settings = settings_of(task);
    REAL scale = 1;
    int is_clipped = task->clip_norm < INFINITY;
    double loss = is_clipped ? penalize(task, network, &scale) : 0;
    Int n_layers = network->n_layers, start = 0;
    for (Int k = 0, n; k < 2 * n_layers; k++, start += n) {
        const Layer *layer = &network->layers[k % n_layers];
        n = k < n_layers ? layer->n_weights : PADDED(layer->n_out);
        Penalty penalty = {0};
        if (!is_clipped)
            penalty = penalty_of(task, k, n_layers);
        REAL *p = network->parameters + start, *g = network->gradients + start;
        REAL *m = network->momentums + start, *c = network->cache + start;
        switch (task->optimizer) {
#define CASE(class, function) \
    case class##_CODE: \
        if (penalty.l1[0] == 0) \
            step(class##_CODE, 0, &settings, &penalty, splat(scale), p, g, m, c, n); \
        else \
            step(class##_CODE, 1, &settings, &penalty, splat(scale), p, g, m, c, n); \
        break;
            OPTIMIZERS(CASE)
#undef CASE
        }
        loss += penalty_loss(&penalty);
    }
    return loss;
}
