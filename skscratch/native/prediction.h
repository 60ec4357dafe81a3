/* Outputs of a fitted network.  They mirror skscratch/nn/prediction.py. */

#define softmax NAME(softmax)

/* Overwrite the logits of LANES samples with probabilities, which are positive, so that their
 * logarithms are finite. */
INLINE void softmax(REAL *Z, Int n, Int row)
{
    const V tiny = splat((REAL)(IS_DOUBLE ? DBL_MIN : FLT_MIN));
    V top = load(Z), total_e = {0};
    for (Int j = 1; j < n; j++) {
        V z = load(Z + j * row);
        top = choose(z > top, z, top);
    }
    for (Int j = 0; j < n; j++) {
        V e = exponential(load(Z + j * row) - top);
        total_e += e;
        store(Z + j * row, e);
    }
    for (Int j = 0; j < n; j++) {
        V p = load(Z + j * row) / total_e;
        store(Z + j * row, choose(p < tiny, tiny, p));
    }
}

/* Write the logits, or their softmax, of all rows. */
static void NAME(predict)(Task *task)
{
    Network network;
    lay_out(task, &network, 0);
    copy(&network, network.parameters, task->parameters, 0);
    const Layer *last = &network.layers[network.n_layers - 1];
    REAL *output = task->output;
    for (Int first = 0, m; first < task->n_rows; first += m, output += m * last->n_out) {
        m = task->n_rows - first < task->chunk_size ? task->n_rows - first : task->chunk_size;
        const REAL *inputs = task->X ? (const REAL *)task->X + first * task->sizes[0] : 0;
        if (network.inputs) {
            for (Int i = 0; i < m; i++)
                memcpy(network.inputs + i * last->in_row, inputs + i * last->n_in,
                       last->n_in * sizeof(REAL));
            inputs = network.inputs;
        }
        forward(task, &network, inputs, 0, first, m);
        for (Int i = 0; i < m && task->probabilities; i += LANES)
            softmax(last->H + i, last->n_out, last->row);
        transpose(output, last->n_out, last->H, last->row, last->n_out, m);
    }
}
