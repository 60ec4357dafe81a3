/* Optimizers: each returns the new value of a parameter p with gradient g, and updates its momentum
 * m and cache c.  They mirror skscratch/nn/optimizers.py. */

#define Settings NAME(Settings)
#define settings_of NAME(settings_of)
#define step NAME(step)

typedef struct {
    V rate, epsilon, kept;               /* kept: 1 - learning rate * weight decay */
    V momentum, of_change, of_gradient;  /* of SGD: weights of its two terms */
    V beta_1, new_1, beta_2, new_2, rho; /* new: 1 - beta */
} Settings;

/* v = momentum v - rate g, p = p + v; Nesterov: p = p + momentum v - rate g */
#define sgd NAME(sgd)
INLINE V sgd(const Settings *s, V p, V g, V *m, V *c)
{
    *m = s->momentum * *m - s->rate * g;
    return p + (s->of_change * *m - s->of_gradient * g);
}

/* c = c + g**2, p = p - rate g / (sqrt(c) + epsilon) */
#define adagrad NAME(adagrad)
INLINE V adagrad(const Settings *s, V p, V g, V *m, V *c)
{
    *c += g * g;
    return p - s->rate * (g / (root(*c) + s->epsilon));
}

/* c = rho c + (1 - rho) g**2, p = p - rate g / (sqrt(c) + epsilon) */
#define rmsprop NAME(rmsprop)
INLINE V rmsprop(const Settings *s, V p, V g, V *m, V *c)
{
    *c = s->rho * *c + (1 - s->rho) * (g * g);
    return p - s->rate * (g / (root(*c) + s->epsilon));
}

/* m = beta_1 m + (1 - beta_1) g, c = beta_2 c + (1 - beta_2) g**2,
 * p = p - rate m / (sqrt(c) + epsilon); rate and epsilon include the corrections of m and c */
#define adam NAME(adam)
INLINE V adam(const Settings *s, V p, V g, V *m, V *c)
{
    *m = s->beta_1 * *m + s->new_1 * g;
    *c = s->beta_2 * *c + s->new_2 * (g * g);
    return p - s->rate * (*m / (root(*c) + s->epsilon));
}

/* Adam after p = (1 - learning rate * weight decay) p */
#define adamw NAME(adamw)
INLINE V adamw(const Settings *s, V p, V g, V *m, V *c) { return adam(s, s->kept * p, g, m, c); }

/* Count an update; return its settings. */
static Settings settings_of(Task *task)
{
    double rate = task->learning_rates[task->epoch] / (1 + task->decay * task->iterations);
    double epsilon = task->epsilon, step_size = rate;
    task->current_learning_rate = rate;
    task->iterations += 1;
    if (task->optimizer == Adam_CODE || task->optimizer == AdamW_CODE) {
        double correction = sqrt(1 - pow(task->beta_2, task->iterations));
        step_size *= correction / (1 - pow(task->beta_1, task->iterations));
        epsilon *= task->epsilon_hat ? 1 : correction;
    }
    return (Settings){
        .rate = splat((REAL)step_size),
        .epsilon = splat((REAL)epsilon),
        .kept = splat((REAL)(1 - rate * task->weight_decay)),
        .momentum = splat((REAL)task->momentum),
        .of_change = splat(task->nesterov ? (REAL)task->momentum : 1),
        .of_gradient = splat(task->nesterov ? (REAL)rate : 0),
        .beta_1 = splat((REAL)task->beta_1),
        .new_1 = splat((REAL)(1 - task->beta_1)),
        .beta_2 = splat((REAL)task->beta_2),
        .new_2 = splat((REAL)(1 - task->beta_2)),
        .rho = splat((REAL)task->rho),
    };
}

/* Update n parameters, whose gradients are multiplied by a scale after the penalty is added. */
INLINE void step(const int optimizer, const int has_l1, const Settings *settings, Penalty *penalty,
                 V scale, REAL *restrict p, const REAL *restrict g, REAL *restrict m,
                 REAL *restrict c, Int n)
{
    for (Int i = 0; i < n; i += LANES) {
        V old = load(p + i), momentum = load(m + i), cache = load(c + i), new = old;
        V gradient = scale * penalty_gradient(penalty, old, load(g + i), has_l1);
        switch (optimizer) {
#define CASE(class, function) \
    case class##_CODE: \
        new = function(settings, old, gradient, &momentum, &cache); \
        break;
            OPTIMIZERS(CASE)
#undef CASE
        }
        store(p + i, new);
        store(m + i, momentum);
        store(c + i, cache);
    }
}
