/* Vectors, and elementary functions of them.
 *
 * V is a vector of LANES numbers of type REAL, M one of integers of the same width, which
 * comparisons return (all bits set if true).  Both are types of GCC and Clang, so that the same
 * code serves both dtypes and all instruction sets.
 */

#define V NAME(vector)
#define M NAME(integers)
#define LANES ((Int)(VECTOR / sizeof(REAL)))
#define IS_DOUBLE (sizeof(REAL) == 8)
#define PADDED(n) (((n) + LANES - 1) / LANES * LANES)
#define INLINE static inline __attribute__((always_inline, unused))

typedef REAL V __attribute__((vector_size(VECTOR), aligned(sizeof(REAL)), may_alias));
typedef __typeof__(((V){0} < (V){0})[0]) NAME(integer);
typedef NAME(integer) M __attribute__((vector_size(VECTOR), aligned(sizeof(REAL)), may_alias));

#define load NAME(load)
#define store NAME(store)
#define splat NAME(splat)
#define choose NAME(choose)
#define magnitude NAME(magnitude)
#define first_lanes NAME(first_lanes)
#define total NAME(total)
#define sum NAME(sum)
#define root NAME(root)

INLINE V load(const REAL *p) { return *(const V *)p; }
INLINE void store(REAL *p, V v) { *(V *)p = v; }
INLINE V splat(REAL x) { return x - (V){0}; } /* adding 0 instead would turn -0 into 0 */
INLINE V choose(M condition, V a, V b) { return (V)((condition & (M)a) | (~condition & (M)b)); }
INLINE V magnitude(V v) { return choose(v < 0, -v, v); }

/* Return a condition that is true in the first n lanes. */
INLINE M first_lanes(Int n)
{
    M index = {0};
    UNROLL for (int i = 0; i < LANES; i++)
        index[i] = i;
    return index < (NAME(integer))n;
}

INLINE REAL total(V v)
{
    REAL sum = 0;
    UNROLL for (int i = 0; i < LANES; i++)
        sum += v[i];
    return sum;
}

/* Return the sum of n numbers. */
INLINE REAL sum(const REAL *p, Int n)
{
    V sums = {0};
    REAL rest = 0;
    Int i = 0;
    for (; i + LANES <= n; i += LANES)
        sums += load(p + i);
    for (; i < n; i++)
        rest += p[i];
    return total(sums) + rest;
}

INLINE V root(V v)
{
    V result = v;
    UNROLL for (int i = 0; i < LANES; i++)
        result[i] = IS_DOUBLE ? (REAL)sqrt(v[i]) : (REAL)sqrtf((float)v[i]);
    return result;
}

/* Shuffle the lanes of a (0, 1, ...) and b (LANES, LANES + 1, ...). */
#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (M){__VA_ARGS__})
#endif

/* Return the vector of the sums of LANES vectors, which are overwritten.
 *
 * Vectors are added in pairs: in step h, lanes of a and b whose indices differ in bit h only.
 */
#define totals NAME(totals)
#define LANE(i, h, odd) ((i) & h ? VECTOR / REAL_SIZE + (i) - h * !odd : (i) + h * odd)
#define FOUR(i, h, odd) \
    LANE(i, h, odd), LANE(i + 1, h, odd), LANE(i + 2, h, odd), LANE(i + 3, h, odd)
#if VECTOR / REAL_SIZE == 2
#define INDICES(h, odd) LANE(0, h, odd), LANE(1, h, odd)
#elif VECTOR / REAL_SIZE == 4
#define INDICES(h, odd) FOUR(0, h, odd)
#elif VECTOR / REAL_SIZE == 8
#define INDICES(h, odd) FOUR(0, h, odd), FOUR(4, h, odd)
#else
#define INDICES(h, odd) FOUR(0, h, odd), FOUR(4, h, odd), FOUR(8, h, odd), FOUR(12, h, odd)
#endif
INLINE V totals(V *v)
{
#define STEP(h) \
    UNROLL for (int i = 0; i < LANES / 2 / h; i++) \
        v[i] = SHUFFLE(v[2 * i], v[2 * i + 1], INDICES(h, 0)) + \
               SHUFFLE(v[2 * i], v[2 * i + 1], INDICES(h, 1));
    STEP(1)
#if VECTOR / REAL_SIZE >= 4
    STEP(2)
#endif
#if VECTOR / REAL_SIZE >= 8
    STEP(4)
#endif
#if VECTOR / REAL_SIZE >= 16
    STEP(8)
#endif
#undef STEP
    return v[0];
}
#undef LANE
#undef FOUR
#undef INDICES

/* Exponentials
 *
 * x = k log 2 + r with an integer k and |r| <= log(2) / 2, so exp(x) = 2**k exp(r), and exp(r) is
 * a short Taylor series.  Adding 1.5 * 2**(bits of the mantissa) rounds to an integer, which is
 * then in the last bits.  log(2) is split into two numbers: the product of k and the first, which
 * has few bits, is exact.
 */
#define BITS (IS_DOUBLE ? 52 : 23)
#define BIAS (IS_DOUBLE ? 1023 : 127)
#define ROUNDING ((REAL)(IS_DOUBLE ? 6755399441055744.0 : 12582912.0))
#define LOG2_HIGH ((REAL)(IS_DOUBLE ? 22713 / 32768.0 : 355 / 512.0))
#define LOG2_LOW ((REAL)(IS_DOUBLE ? 1.4286068203094172321e-06 : -2.1219444005469058e-04))

#define power_of_2 NAME(power_of_2)
#define reduced NAME(reduced)
#define exponential NAME(exponential)
#define exponential_less_1 NAME(exponential_less_1)
#define tangent NAME(tangent)
#define logarithm NAME(logarithm)
#define logarithm_1_plus NAME(logarithm_1_plus)

/* Return 2**k, given k + ROUNDING. */
INLINE V power_of_2(V shifted) { return (V)(((M)shifted + BIAS) << BITS); }

/* Return exp(r) - 1, and k + ROUNDING. */
INLINE V reduced(V x, V *shifted)
{
    static const double factorials[] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800,
                                        39916800, 479001600, 6227020800};
    *shifted = x * (REAL)1.4426950408889634 + ROUNDING;
    V k = *shifted - ROUNDING;
    V r = (x - k * LOG2_HIGH) - k * LOG2_LOW;
    V y = splat((REAL)(1 / factorials[IS_DOUBLE ? 13 : 7]));
    UNROLL for (int i = IS_DOUBLE ? 12 : 6; i >= 2; i--)
        y = y * r + (REAL)(1 / factorials[i]);
    return r + r * r * y;
}

/* Return exp(x).  2**k is a product of two factors, because it may be out of range where the
 * result is not.  NaN passes, because comparisons with it are false. */
INLINE V exponential(V x)
{
    const V low = splat(IS_DOUBLE ? -746 : -104), high = splat(IS_DOUBLE ? 710 : 89);
    x = choose(x < low, low, choose(x > high, high, x));
    V shifted, y = 1 + reduced(x, &shifted), k = shifted - ROUNDING;
    V half = k * (REAL)0.5 + ROUNDING, rest = (k - (half - ROUNDING)) + ROUNDING;
    return y * power_of_2(half) * power_of_2(rest);
}

/* Return exp(x) - 1 for x <= 0, and exp(x) with an absolute error of at most 1e-22. */
INLINE V exponential_less_1(V x, V *e)
{
    V shifted, y = reduced(choose(x < -50, splat(-50), x), &shifted), scale = power_of_2(shifted);
    *e = scale * y + scale;
    return scale * y + (scale - 1);
}

/* Return tanh(x): near 0 from Lambert's continued fraction, elsewhere from the exponential. */
INLINE V tangent(V x)
{
    V size = magnitude(x), z = x * x, e;
    exponential_less_1(size * -2, &e);
    M is_small = size < (REAL)0.55;
    V difference = x * z * (11486475 + z * (810810 + z * (12870 + z * 44)));
    V denominator = (REAL)34459425 + z * (16216200 + z * (945945 + z * (13860 + z * 45)));
    V quotient = choose(is_small, difference, 2 * e) / choose(is_small, denominator, 1 + e);
    V far = 1 - quotient;
    return choose(is_small, x - quotient, choose(x < 0, -far, far));
}

/* Return log(x) for x > 0.  x = 2**k m with m between 0.7 and 1.4, and log(m) = 2 artanh(f) with
 * f = (m - 1) / (m + 1), a short series. */
INLINE V logarithm(V x)
{
    const REAL tiny = (REAL)(IS_DOUBLE ? DBL_MIN : FLT_MIN);
    M is_subnormal = x < tiny;
    V normal = choose(is_subnormal, x * (REAL)(IS_DOUBLE ? 18014398509481984.0 : 33554432.0), x);
    M bits = (M)normal, exponent = (bits - (M)splat((REAL)0.70710678118654752)) >> BITS;
    V m = (V)(bits - (exponent << BITS)), k = (V)((M)splat(ROUNDING) + exponent) - ROUNDING;
    k -= choose(is_subnormal, splat(IS_DOUBLE ? 54 : 25), splat(0));
    V f = (m - 1) / (m + 1), z = f * f, y = splat((REAL)(IS_DOUBLE ? 1 / 21.0 : 1 / 11.0));
    UNROLL for (int i = IS_DOUBLE ? 19 : 9; i >= 3; i -= 2)
        y = y * z + (REAL)(1.0 / i);
    V result = k * LOG2_HIGH + (2 * f + (2 * f * z * y + k * LOG2_LOW));
    result = choose(x > 0, result, choose(x == 0, splat((REAL)-INFINITY), splat((REAL)NAN)));
    return choose(x == (REAL)INFINITY, x, result);
}

/* Return log(1 + x) for x >= 0: rounding 1 + x to u loses x - (u - 1). */
INLINE V logarithm_1_plus(V x)
{
    V u = 1 + x;
    return logarithm(u) + (x - (u - 1)) / u;
}
