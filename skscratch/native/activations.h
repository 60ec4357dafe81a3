/* Activations: functions of the weighted sums z that also return their derivative, the slope.
 *
 * They mirror skscratch/nn/activations.py.
 */

#define sigmoid NAME(sigmoid)
#define activate NAME(activate)
#define clear_padding NAME(clear_padding)

/* f(z) = z, f'(z) = 1 */
#define identity NAME(identity)
INLINE V identity(V z, V *slope) { *slope = splat(1); return z; }

/* f(z) = max(0, z), f'(z) = 1 if z > 0 else 0.  NaN passes. */
#define relu NAME(relu)
INLINE V relu(V z, V *slope)
{
    *slope = choose(z > 0, splat(1), splat(0));
    return (V)((M)z & ~(z < 0));
}

/* f(z) = max(0.01 z, z), f'(z) = 1 if z > 0 else 0.01 */
#define leaky_relu NAME(leaky_relu)
INLINE V leaky_relu(V z, V *slope)
{
    *slope = choose(z > 0, splat(1), splat((REAL)0.01));
    return z * *slope;
}

/* f(z) = z if z > 0 else exp(z) - 1, f'(z) = 1 if z > 0 else exp(z) */
#define elu NAME(elu)
INLINE V elu(V z, V *slope)
{
    V e, y = exponential_less_1(choose(z > 0, splat(0), z), &e);
    *slope = choose(z > 0, splat(1), y + 1);
    return choose(z > 0, z, y);
}

/* The sigmoid s(z) = 1 / (1 + exp(-z)) */
INLINE V sigmoid(V z) { return 1 / (1 + exponential(-z)); }

/* f(z) = s(z), f'(z) = s (1 - s) */
#define logistic NAME(logistic)
INLINE V logistic(V z, V *slope)
{
    V s = sigmoid(z);
    *slope = s * (1 - s);
    return s;
}

/* f(z) = z s(z), f'(z) = s + f(z) (1 - s) */
#define silu NAME(silu)
INLINE V silu(V z, V *slope)
{
    V s = sigmoid(z);
    *slope = s + z * s * (1 - s);
    return z * s;
}

/* f(z) = tanh(z), f'(z) = 1 - tanh(z)**2 */
#define hyperbolic_tangent NAME(hyperbolic_tangent)
INLINE V hyperbolic_tangent(V z, V *slope)
{
    V t = tangent(z);
    *slope = 1 - t * t;
    return t;
}

/* Z = f(Z) of m padded rows with n numbers each, and slopes = f'(Z). */
static void activate(Int activation, REAL *Z, REAL *slopes, Int m, Int n)
{
    V slope;
    switch (activation) {
#define CASE(class, function) \
    case class##_CODE: \
        for (Int i = 0; i < m * PADDED(n); i += LANES) { \
            store(Z + i, function(load(Z + i), &slope)); \
            store(slopes + i, slope); \
        } \
        break;
        ACTIVATIONS(CASE)
#undef CASE
    }
}

/* Set the padding of m rows to 0.  It may be f(0), or NaN where other sums are infinite. */
static void clear_padding(REAL *Z, Int m, Int n)
{
    Int row = PADDED(n);
    M last = first_lanes(n - (row - LANES));
    for (Int i = row - LANES; row != n && i < m * row; i += row)
        store(Z + i, (V)((M)load(Z + i) & last));
}
