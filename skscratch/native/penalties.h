/* Penalties: l1 sum(|p|) + l2 sum(p**2).  They mirror skscratch/nn/penalties.py. */

#define Penalty NAME(Penalty)
#define penalty_gradient NAME(penalty_gradient)
#define penalty_loss NAME(penalty_loss)

typedef struct {
    V l1, l2;        /* strengths */
    V size, squares; /* sums of |p| and of p**2 so far */
} Penalty;

/* Return g + l1 sign(p) + 2 l2 p. */
INLINE V penalty_gradient(Penalty *penalty, V p, V g, const int has_l1)
{
    penalty->squares += p * p;
    g += 2 * penalty->l2 * p;
    if (has_l1) {
        penalty->size += magnitude(p);
        g += choose(p > 0, penalty->l1, choose(p < 0, -penalty->l1, p));
    }
    return g;
}

INLINE double penalty_loss(const Penalty *penalty)
{
    return (double)penalty->l1[0] * total(penalty->size) +
           (double)penalty->l2[0] * total(penalty->squares);
}
