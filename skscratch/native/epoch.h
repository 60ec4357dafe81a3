/* Epochs of training.  They mirror skscratch/nn/engine.py and batches.py.
 *
 * A batch is computed in chunks of rows that fit into the processor's cache, whose gradients are
 * added up.  Memory, except for dropout masks, does not depend on the size of the batch, and a call
 * can return in the middle of a batch: Python handles interrupts and calls again.
 */

#define begin_batch NAME(begin_batch)
#define gather NAME(gather)
#define end_batch NAME(end_batch)

/* Return the rows of the current epoch; NULL if they are in order. */
#define order_of NAME(order_of)
INLINE const Int *order_of(const Task *task)
{
    return task->orders ? task->orders + task->epoch * task->n_rows : 0;
}

/* Prepare a batch of m rows: its total weight, dropout masks and transposed weights. */
static void begin_batch(Task *task, const Network *network, Int m)
{
    const Int *rows = order_of(task);
    const REAL *sample_weight = task->sample_weight;
    task->batch_loss = 0;
    task->total_weight = m;
    if (sample_weight) {
        task->total_weight = 0;
        for (Int i = task->batch; i < task->batch + m; i++)
            task->total_weight += sample_weight[rows ? rows[i] : i];
    }
    Int rest = m % task->chunk_size, smallest = rest ? rest : task->chunk_size; /* of the chunks */
    for (Int i = 0; i < network->n_layers; i++) {
        const Layer *layer = &network->layers[i];
        if (layer->mask && i == 0 && !task->X) {
            Int n = 0;
            for (Int j = task->batch; j < task->batch + m; j++)
                n += start_of(task, (rows ? rows[j] : j) + 1) - start_of(task, rows ? rows[j] : j);
            draw_mask(task, layer, n);
        } else if (layer->mask)
            draw_mask(task, layer, m * layer->n_in);
        if (layer->W_T && !is_large(task, smallest, layer->n_out, layer->n_in))
            transpose(layer->W_T, layer->in_row, layer->W, layer->row, layer->n_in, layer->n_out);
    }
}

/* Copy inputs, targets and weights of m rows to the chunk; return the inputs. */
static const REAL *gather(const Task *task, const Network *network, const Int *rows, Int first,
                          Int m)
{
    const REAL *X = task->X, *inputs = 0, *sample_weight = task->sample_weight;
    const Batch *batch = &network->batch;
    Int n_in = task->sizes[0], in_row = network->layers[0].in_row;
    if (network->inputs) {
        for (Int i = 0; i < m; i++) {
            const REAL *x = X + (rows ? rows[i] : first + i) * n_in;
            REAL *copied = network->inputs + i * in_row;
            if (n_in < 16) /* faster than a call of memcpy */
                for (Int j = 0; j < n_in; j++)
                    copied[j] = x[j];
            else
                memcpy(copied, x, n_in * sizeof(REAL));
        }
        inputs = network->inputs;
    } else if (X)
        inputs = X + first * n_in;

    REAL share = (REAL)(1 / task->total_weight);
    for (Int i = 0; i < m; i++)
        batch->shares[i] = share;
    if (sample_weight)
        for (Int i = 0; i < m; i++)
            batch->shares[i] = (REAL)(sample_weight[rows ? rows[i] : first + i] / task->total_weight);
    if (task->classes) {
        memset(batch->Y, 0, batch->n * batch->row * sizeof(REAL));
        for (Int i = 0; i < m; i++)
            batch->Y[task->classes[rows ? rows[i] : first + i] * batch->row + i] = 1;
    } else
        for (Int i = 0; i < m; i++) {
            const REAL *targets = (const REAL *)task->targets + (rows ? rows[i] : first + i) * batch->n;
            for (Int j = 0; j < batch->n; j++)
                batch->Y[j * batch->row + i] = targets[j];
        }
    return inputs;
}

/* Update the parameters after a batch of m rows, or write its gradients; add up its losses. */
static void end_batch(Task *task, const Network *network, Int m)
{
    double *sums = task->sums + N_SUMS * task->epoch, penalties;
    if (task->optimizer < 0) {
        REAL scale;
        penalties = penalize(task, network, &scale);
        copy(network, network->gradients, task->gradients, 1);
    } else
        penalties = update(task, network);
    sums[DATA_LOSS] += m * task->batch_loss;
    sums[PENALTY] += m * penalties;
    sums[LEARNING_RATE] = task->current_learning_rate;
    task->batch += m;
    task->row = task->element = 0;
    if (task->batch == task->n_rows) {
        task->batch = 0;
        task->epoch++;
    }
}

/* Train for one chunk or more, up to about rows_per_call rows; the task stores the progress. */
static void NAME(train)(Task *task)
{
    Network network;
    lay_out(task, &network, 1);
    copy_state(task, &network, 0);
    for (Int done = 0, m; task->epoch < task->n_epochs && done < task->rows_per_call; done += m) {
        const Int *rows = order_of(task);
        Int left = task->n_rows - task->batch;
        Int n_batch = left < task->batch_size ? left : task->batch_size;
        if (task->row == 0)
            begin_batch(task, &network, n_batch);
        Int first = task->batch + task->row;
        m = n_batch - task->row < task->chunk_size ? n_batch - task->row : task->chunk_size;
        rows = rows ? rows + first : 0;
        const REAL *inputs = gather(task, &network, rows, first, m);
        forward(task, &network, inputs, rows, first, m);
        loss_gradient(task, &network.batch, network.layers[network.n_layers - 1].H, m,
                      &task->batch_loss, &task->sums[N_SUMS * task->epoch + N_CORRECT]);
        backward(task, &network, inputs, rows, first, m);
        if (!task->X)
            for (Int i = 0; i < m; i++) {
                Int r = rows ? rows[i] : first + i;
                task->element += start_of(task, r + 1) - start_of(task, r);
            }
        task->row += m;
        if (task->row == n_batch)
            end_batch(task, &network, n_batch);
    }
    copy_state(task, &network, 1);
}

static Int NAME(workspace_size)(const Task *task)
{
    Network network;
    return lay_out(task, &network, !task->output);
}
