/* The interface between Python and C: one struct of addresses and numbers, defined once.
 *
 * FIELD(kind, type, name) lists its members in order, kind being i for integers, d for doubles and
 * p for addresses.  Python reads the names, kinds and offsets from the library, see library.py.
 * Real arrays (void *) have the dtype of the network, and rows of matrices are contiguous.
 */

typedef int64_t Int;
typedef void Gemm(char *, char *, int *, int *, int *, void *, void *, int *, void *, int *,
                  void *, void *, int *);

#define FIELDS(FIELD) \
    /* The network */ \
    FIELD(i, Int, is_double) \
    FIELD(i, Int, n_layers) \
    FIELD(p, const Int *, sizes)            /* n_layers + 1: features, neurons of each layer */ \
    FIELD(p, const Int *, activations)      /* n_layers: codes */ \
    FIELD(p, const double *, dropout)       /* n_layers: rates for the inputs of each layer */ \
    FIELD(p, const double *, regularizers)  /* n_layers x 4: L1, L2 of weights, L1, L2 of biases */ \
    FIELD(d, double, alpha) \
    FIELD(i, Int, loss)                     /* code */ \
    FIELD(p, const double *, loss_settings) /* a number for each output, such as its quantile */ \
    FIELD(p, void *, parameters)            /* weights of all layers, then biases of all layers */ \
    FIELD(p, void *, gradients)             /* likewise; only written if optimizer < 0 */ \
    /* The data: a dense matrix, or elements, column indices and row pointers of a CSR matrix */ \
    FIELD(p, const void *, X) \
    FIELD(p, const void *, elements) \
    FIELD(p, const void *, columns) \
    FIELD(p, const void *, starts) \
    FIELD(i, Int, wide_indices)             /* whether those have 64 bits, not 32 */ \
    FIELD(i, Int, max_elements)             /* stored elements of any batch, at most */ \
    FIELD(p, const Int *, classes)          /* class of each row of X; or, if NULL: */ \
    FIELD(p, const void *, targets)         /* targets, a row for each row of X */ \
    FIELD(p, const void *, sample_weight)   /* weight of each row of X; or NULL */ \
    FIELD(p, const Int *, orders)           /* n_epochs x n_rows: rows of X; NULL: in order */ \
    FIELD(i, Int, n_rows) \
    FIELD(i, Int, n_epochs) \
    FIELD(i, Int, batch_size) \
    FIELD(i, Int, chunk_size)               /* rows of a batch that are computed at once */ \
    FIELD(i, Int, rows_per_call)            /* at least one chunk is computed before returning */ \
    /* The optimizer; the names of its settings are those of the Python classes */ \
    FIELD(i, Int, optimizer)                /* code; negative: compute gradients only */ \
    FIELD(p, void *, momentums)             /* like the parameters; NULL if there are none */ \
    FIELD(p, void *, cache) \
    FIELD(p, const double *, learning_rates) /* n_epochs */ \
    FIELD(d, double, decay) \
    FIELD(d, double, momentum) \
    FIELD(d, double, nesterov) \
    FIELD(d, double, epsilon) \
    FIELD(d, double, rho) \
    FIELD(d, double, beta_1) \
    FIELD(d, double, beta_2) \
    FIELD(d, double, epsilon_hat) \
    FIELD(d, double, weight_decay) \
    FIELD(d, double, clip_norm)             /* infinite if gradients are not clipped */ \
    FIELD(d, double, iterations)            /* state, updated after every batch */ \
    FIELD(d, double, current_learning_rate) \
    /* Uniform numbers for dropout: functions of a NumPy bit generator */ \
    FIELD(p, void *, random_state) \
    FIELD(p, uint32_t (*)(void *), next_uint32) \
    FIELD(p, double (*)(void *), next_double) \
    /* Progress: the position at which a call begins, and then the one at which it ended */ \
    FIELD(i, Int, epoch) \
    FIELD(i, Int, batch)                    /* first row of the current batch */ \
    FIELD(i, Int, row)                      /* rows of that batch that are done */ \
    FIELD(i, Int, element)                  /* stored elements of those rows */ \
    FIELD(d, double, total_weight)          /* of the batch */ \
    FIELD(d, double, batch_loss) \
    /* Results */ \
    FIELD(p, double *, sums)                /* n_epochs x N_SUMS */ \
    FIELD(p, void *, output)                /* of prediction: n_rows x n_outputs */ \
    FIELD(i, Int, probabilities)            /* whether that is the softmax of the logits */ \
    /* Memory of workspace_size bytes, initially zeros; BLAS or NULL */ \
    FIELD(p, void *, workspace) \
    FIELD(p, Gemm *, gemm)

typedef struct {
#define FIELD(kind, type, name) __typeof__(type) name;
    FIELDS(FIELD)
#undef FIELD
} Task;

/* Sums over the rows of an epoch; the learning rate is that of the last batch. */
enum { DATA_LOSS, PENALTY, N_CORRECT, LEARNING_RATE, N_SUMS };

/* Codes of the classes in skscratch.nn, and the functions in activations.h, losses.h and
 * optimizers.h that mirror them. */
#define ACTIVATIONS(CASE) \
    CASE(Identity, identity) \
    CASE(ReLU, relu) \
    CASE(LeakyReLU, leaky_relu) \
    CASE(ELU, elu) \
    CASE(Sigmoid, logistic) \
    CASE(SiLU, silu) \
    CASE(Tanh, hyperbolic_tangent)
#define LOSSES(CASE) \
    CASE(SigmoidBinaryCrossentropy, sigmoid_binary_crossentropy) \
    CASE(IdentitySquaredError, squared_error) \
    CASE(IdentityAbsoluteError, absolute_error) \
    CASE(IdentityHuber, huber) \
    CASE(IdentityPinball, pinball) \
    CASE(ExponentialPoissonDeviance, poisson_deviance) \
    CASE(ExponentialGammaDeviance, gamma_deviance)
#define OPTIMIZERS(CASE) \
    CASE(SGD, sgd) \
    CASE(Adagrad, adagrad) \
    CASE(RMSprop, rmsprop) \
    CASE(Adam, adam) \
    CASE(AdamW, adamw)

#define CODE(class, function) class##_CODE,
enum { ACTIVATIONS(CODE) };
enum { LOSSES(CODE) SoftmaxCategoricalCrossentropy_CODE };
enum { OPTIMIZERS(CODE) };
#undef CODE
