/* Layers: dense, with dense or sparse inputs, and dropout.  They mirror skscratch/nn/layers.py.
 *
 * The weights of hidden layers are stored as in NumPy, a row for each input; those of the last
 * layer are transposed, a row for each output.  Outputs of hidden layers have a row for each
 * sample, logits a row for each output, because losses compute with many samples at once.
 */

#define Layer NAME(Layer)

typedef struct {
    Int n_in, n_out, activation, is_last;
    Int n_weights;        /* with padding */
    Int in_row, row;      /* distances between rows of the inputs, and of outputs or logits */
    REAL *W, *b, *dW, *db;
    REAL *W_T;            /* transposed weights of a hidden layer after the first */
    REAL *H, *D, *slopes; /* outputs, the gradient of the loss with respect to them, f' */
    REAL rate, scale;     /* dropout of the inputs: rate, and 1 / (1 - rate) */
    unsigned char *mask;  /* of a batch of inputs: whether each is kept; NULL without dropout */
    REAL output_scale;    /* scale of the dropout of the outputs */
} Layer;

#define column_of NAME(column_of)
#define start_of NAME(start_of)
#define dense_forward NAME(dense_forward)
#define dense_backward NAME(dense_backward)
#define dense_backward_inputs NAME(dense_backward_inputs)
#define sparse_forward NAME(sparse_forward)
#define sparse_backward NAME(sparse_backward)
#define draw_mask NAME(draw_mask)
#define drop NAME(drop)

/* H = f(inputs W + b) of a hidden layer, or the logits of the last one. */
static void dense_forward(const Task *task, const Layer *layer, const REAL *inputs, Int m)
{
    Int n_in = layer->n_in, n_out = layer->n_out, row = layer->row, in_row = layer->in_row;
    int large = is_large(task, m, n_out, n_in), is_relu = layer->activation == ReLU_CODE;
    REAL *H = layer->H;
    if (layer->is_last && large) {
        for (Int j = 0; j < n_out; j++)
            for (Int i = 0; i < m; i++)
                H[j * row + i] = layer->b[j];
        large_product(task, H, row, layer->W, in_row, 0, inputs, in_row, 1, n_out, m, n_in, 1);
    } else if (layer->is_last) {
        dot_products(H, row, inputs, in_row, layer->W, in_row, m, n_out, PADDED(n_in), layer->b);
    } else if (large) {
        large_product(task, H, row, inputs, in_row, 0, layer->W, row, 0, m, n_out, n_in, 0);
        const Product sums = {.is_relu = is_relu};
        for (Int i = 0; i < m; i++)
            for (Int j = 0; j < row; j += LANES)
                store(H + i * row + j, finished(&sums, load(H + i * row + j) + load(layer->b + j), 0));
    } else
        product(m, row, &(Product){.C = H, .c_row = row, .A = inputs, .a_row = in_row,
                                   .a_column = 1, .B = layer->W, .b_row = row, .k = n_in,
                                   .start = layer->b, .is_relu = is_relu});
    if (!layer->is_last) {
        if (!is_relu)
            activate(layer->activation, H, layer->slopes, m, n_out);
        clear_padding(H, m, n_out);
    }
}

/* dW = inputs.T D and db = the sum of D over samples, or += with add. */
static void dense_backward(const Task *task, const Layer *layer, const REAL *inputs, Int m,
                           int add)
{
    Int n_in = layer->n_in, n_out = layer->n_out, row = layer->row, in_row = layer->in_row;
    const REAL *D = layer->D;
    if (layer->is_last)
        for (Int j = 0; j < n_out; j++)
            layer->db[j] = (add ? layer->db[j] : 0) + sum(D + j * row, m);
    else
        sum_rows(layer->db, D, row, m, row, add);
    if (!inputs) /* sparse_backward computes dW of a sparse layer */
        return;
    int large = is_large(task, m, n_out, n_in);
    if (layer->is_last && large)
        large_product(task, layer->dW, in_row, D, row, 0, inputs, in_row, 0, n_out, n_in, m, add);
    else if (layer->is_last)
        product(n_out, PADDED(n_in), &(Product){.C = layer->dW, .c_row = in_row, .A = D,
                                                .a_row = row, .a_column = 1, .B = inputs,
                                                .b_row = in_row, .k = m,
                                                .start = add ? layer->dW : 0,
                                                .start_row = in_row});
    else if (large)
        large_product(task, layer->dW, row, inputs, in_row, 1, D, row, 0, n_in, n_out, m, add);
    else
        product(n_in, row, &(Product){.C = layer->dW, .c_row = row, .A = inputs, .a_row = 1,
                                      .a_column = in_row, .B = D, .b_row = row, .k = m,
                                      .start = add ? layer->dW : 0, .start_row = row});
}

/* Compute the gradient with respect to the weighted sums of the layer before: D W.T, multiplied by
 * the slopes of its activation and the mask of its dropout. */
static void dense_backward_inputs(const Task *task, const Layer *layer, const Layer *before, Int m)
{
    Int n_in = layer->n_in, n_out = layer->n_out, row = layer->row, in_row = layer->in_row;
    int last = layer->is_last, is_relu = before->activation == ReLU_CODE;
    REAL *D = before->D;
    if (is_large(task, m, n_out, n_in)) {
        large_product(task, D, in_row, layer->D, row, last, layer->W, last ? in_row : row, !last, m,
                      n_in, n_out, 0);
        for (Int i = 0; is_relu && i < m * in_row; i += LANES)
            store(D + i, load(D + i) * choose(load(before->H + i) > 0,
                                              splat(before->output_scale), splat(0)));
    } else /* dropped outputs of ReLU are 0, like those with slope 0 */
        product(m, in_row, &(Product){.C = D, .c_row = in_row, .A = layer->D,
                                      .a_row = last ? 1 : row, .a_column = last ? row : 1,
                                      .B = last ? layer->W : layer->W_T, .b_row = in_row,
                                      .k = n_out, .H = is_relu ? before->H : 0,
                                      .scale = before->output_scale});
    for (Int i = 0; !is_relu && i < m * in_row; i += LANES)
        store(D + i, load(D + i) * load(before->slopes + i));
}

/* Return the start of a row, or the column of an element, of the CSR matrix. */
static inline Int start_of(const Task *task, Int row)
{
    return task->wide_indices ? ((const int64_t *)task->starts)[row]
                              : ((const int32_t *)task->starts)[row];
}

static inline Int column_of(const Task *task, Int element)
{
    return task->wide_indices ? ((const int64_t *)task->columns)[element]
                              : ((const int32_t *)task->columns)[element];
}

/* Compute the outputs of the first layer for rows of a CSR matrix.  The mask, if any, has an entry
 * for each stored element of the batch; position is that of the first element of these rows. */
static void sparse_forward(const Task *task, const Layer *layer, const Int *rows, Int first, Int m,
                           Int position)
{
    const REAL *elements = task->elements;
    Int row = layer->row;
    for (Int i = 0; i < m; i++) {
        Int r = rows ? rows[i] : first + i, start = start_of(task, r), end = start_of(task, r + 1);
        if (!layer->is_last)
            memcpy(layer->H + i * row, layer->b, row * sizeof(REAL));
        else
            for (Int j = 0; j < layer->n_out; j++)
                layer->H[j * row + i] = layer->b[j];
        for (Int e = start; e < end; e++, position++) {
            REAL x = elements[e];
            if (layer->mask)
                x *= layer->mask[position] ? layer->scale : 0;
            Int column = column_of(task, e);
            if (!layer->is_last) {
                const REAL *w = layer->W + column * row;
                REAL *h = layer->H + i * row;
                for (Int j = 0; j < row; j += LANES)
                    store(h + j, load(h + j) + x * load(w + j));
            } else
                for (Int j = 0; j < layer->n_out; j++)
                    layer->H[j * row + i] += x * layer->W[j * layer->in_row + column];
        }
    }
    if (!layer->is_last) {
        activate(layer->activation, layer->H, layer->slopes, m, layer->n_out);
        clear_padding(layer->H, m, layer->n_out);
    }
}

/* dW += inputs.T D of the same rows. */
static void sparse_backward(const Task *task, const Layer *layer, const Int *rows, Int first,
                            Int m, Int position)
{
    const REAL *elements = task->elements;
    Int row = layer->row;
    for (Int i = 0; i < m; i++) {
        Int r = rows ? rows[i] : first + i, end = start_of(task, r + 1);
        for (Int e = start_of(task, r); e < end; e++, position++) {
            REAL x = elements[e];
            if (layer->mask)
                x *= layer->mask[position] ? layer->scale : 0;
            Int column = column_of(task, e);
            if (!layer->is_last) {
                REAL *dw = layer->dW + column * row;
                const REAL *d = layer->D + i * row;
                for (Int j = 0; j < row; j += LANES)
                    store(dw + j, load(dw + j) + x * load(d + j));
            } else
                for (Int j = 0; j < layer->n_out; j++)
                    layer->dW[j * layer->in_row + column] += x * layer->D[j * row + i];
        }
    }
}

/* Draw whether each of n inputs is kept, as NumPy's Generator.random does. */
static void draw_mask(const Task *task, const Layer *layer, Int n)
{
    for (Int i = 0; i < n; i++)
        layer->mask[i] = IS_DOUBLE
            ? task->next_double(task->random_state) >= (double)layer->rate
            : (REAL)((float)(task->next_uint32(task->random_state) >> 8) * (1.0f / 16777216.0f)) >=
                  layer->rate;
}

/* Multiply m rows of inputs, and of the slopes of the layer before, by rows of the mask. */
static void drop(const Layer *layer, REAL *inputs, REAL *slopes, Int first, Int m)
{
    const unsigned char *mask = layer->mask + first * layer->n_in;
    for (Int i = 0; i < m; i++, mask += layer->n_in, inputs += layer->in_row) {
        for (Int j = 0; j < layer->n_in; j++)
            inputs[j] *= mask[j] ? layer->scale : 0;
        if (slopes) {
            for (Int j = 0; j < layer->n_in; j++)
                slopes[j] *= mask[j] ? layer->scale : 0;
            slopes += layer->in_row;
        }
    }
}
