/* Matrix products.
 *
 * Matrices are stored by rows, whose starts are c_row, a_row or b_row numbers apart.  Wherever
 * vectors run along a row, the row is padded to whole vectors, so that no loop has a remainder.
 */

#define Product NAME(Product)
#define finished NAME(finished)
#define block NAME(block)
#define thin_block NAME(thin_block)
#define product NAME(product)
#define dot_block NAME(dot_block)
#define dot_products NAME(dot_products)
#define transpose NAME(transpose)
#define sum_rows NAME(sum_rows)
#define large_product NAME(large_product)
#define is_large NAME(is_large)

/* C = A B of m x n numbers, where n is padded and A may have any strides, for example of A.T. */
typedef struct {
    REAL *C;
    const REAL *A, *B;
    Int c_row, a_row, a_column, b_row;
    Int k;             /* columns of A, rows of B */
    const REAL *start; /* added to C: a bias, or the values of C themselves; or NULL */
    Int start_row;     /* distance between its rows, 0 for a bias */
    int is_relu;       /* whether to apply ReLU */
    const REAL *H;     /* outputs of ReLU, stored like C, whose slopes multiply C; or NULL */
    REAL scale;        /* another factor, only used with H */
} Product;

/* Return a vector of the result, after ReLU or multiplied by slopes, that starts at C + start. */
INLINE V finished(const Product *p, V c, Int start)
{
    if (p->H)
        c *= choose(load(p->H + start) > 0, splat(p->scale), splat(0));
    return p->is_relu ? (V)((M)c & ~(c < 0)) : c; /* NaN passes */
}

/* Compute rows x vectors of the result, which stay in registers, from the row i0 and the column j0
 * on.  Three rows of A share a pointer, because there are few registers for addresses. */
INLINE void block(const Product *p, const int rows, const int vectors, Int i0, Int j0)
{
    V c[6][4], b[4];
    const REAL *a[2], *B = p->B + j0;
    const Int a_row = p->a_row, a_column = p->a_column, b_row = p->b_row;
    UNROLL for (int i = 0; i < rows; i += 3)
        a[i / 3] = p->A + (i0 + i) * a_row;
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < vectors; j++)
            c[i][j] = p->start ? load(p->start + (i0 + i) * p->start_row + j0 + j * LANES) : (V){0};
    for (Int k = p->k; k > 0; k--, B += b_row) {
        UNROLL for (int j = 0; j < vectors; j++)
            b[j] = load(B + j * LANES);
        UNROLL for (int i = 0; i < rows; i++) {
            REAL x = a[i / 3][i % 3 * a_row];
            UNROLL for (int j = 0; j < vectors; j++)
                c[i][j] += x * b[j];
        }
        UNROLL for (int i = 0; i < rows; i += 3)
            a[i / 3] += a_column;
    }
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < vectors; j++)
            store(p->C + (i0 + i) * p->c_row + j0 + j * LANES, c[i][j]);
}

/* Compute all rows of few vectors of the result, where k is so small that B stays in registers. */
INLINE void thin_block(const Product *p, const int k_end, const int vectors, Int m, Int j0)
{
    V b[4][2];
    UNROLL for (int j = 0; j < vectors; j++)
        UNROLL for (int k = 0; k < k_end; k++)
            b[k][j] = load(p->B + k * p->b_row + j0 + j * LANES);
    for (Int i = 0; i < m; i++) {
        const REAL *a = p->A + i * p->a_row, *start = p->start + i * p->start_row + j0;
        UNROLL for (int j = 0; j < vectors; j++) {
            V c = p->start ? load(start + j * LANES) : (V){0};
            UNROLL for (int k = 0; k < k_end; k++)
                c += a[k * p->a_column] * b[k][j];
            Int at = i * p->c_row + j0 + j * LANES;
            store(p->C + at, finished(p, c, at));
        }
    }
}

/* Compute a product.  Rows are divided evenly among as few blocks as possible: 32 rows are two
 * blocks of six and four of five. */
static __attribute__((noinline)) void product(Int m, Int n, const Product *product)
{
    static const int max_rows[] = {0, 6, 6, 4, 3};
    const Product copied = *product, *p = &copied; /* no store changes it */
    for (Int j = 0, vectors; j < n; j += vectors * LANES) {
        Int left = (n - j) / LANES;
        if (p->k <= 4) {
            vectors = left >= 2 ? 2 : 1;
            switch (8 * vectors + p->k) {
#define CASE(k, v) case 8 * v + k: thin_block(p, k, v, m, j); break;
                CASE(1, 1) CASE(2, 1) CASE(3, 1) CASE(4, 1)
                CASE(1, 2) CASE(2, 2) CASE(3, 2) CASE(4, 2)
#undef CASE
            }
            continue;
        }
        vectors = m <= 3 && left >= 4 ? 4 : left == 3 ? 3 : left >= 2 ? 2 : 1;
        Int n_blocks = (m + max_rows[vectors] - 1) / max_rows[vectors];
        for (Int i = 0, rows; i < m; i += rows, n_blocks--) {
            rows = (m - i + n_blocks - 1) / n_blocks;
            switch (16 * vectors + rows) {
#define CASE(r, v) case 16 * v + r: block(p, r, v, i, j); break;
                CASE(1, 1) CASE(2, 1) CASE(3, 1) CASE(4, 1) CASE(5, 1) CASE(6, 1)
                CASE(1, 2) CASE(2, 2) CASE(3, 2) CASE(4, 2) CASE(5, 2) CASE(6, 2)
                CASE(1, 3) CASE(2, 3) CASE(3, 3) CASE(4, 3)
                CASE(1, 4) CASE(2, 4) CASE(3, 4)
#undef CASE
            }
        }
    }
    for (Int i = 0; i < m && p->k > 4 && (p->is_relu || p->H); i++)
        for (Int at = i * p->c_row; at < i * p->c_row + n; at += LANES)
            store(p->C + at, finished(p, load(p->C + at), at));
}

/* Compute dot products of LANES rows of A with a few rows of B: one vector for each row of B. */
INLINE void dot_block(const int rows, REAL *C, Int c_row, const REAL *A, Int a_row, const REAL *B,
                      Int b_row, Int k_end, const REAL *bias)
{
    V c[LANES * DOT_ROWS];
    UNROLL for (int i = 0; i < LANES * rows; i++)
        c[i] = (V){0};
    for (Int k = 0; k < k_end; k += LANES) {
        V b[DOT_ROWS];
        UNROLL for (int j = 0; j < rows; j++)
            b[j] = load(B + j * b_row + k);
        UNROLL for (int i = 0; i < LANES; i++) {
            V a = load(A + i * a_row + k);
            UNROLL for (int j = 0; j < rows; j++)
                c[j * LANES + i] += a * b[j];
        }
    }
    UNROLL for (int j = 0; j < rows; j++)
        store(C + j * c_row, totals(c + j * LANES) + bias[j]);
}

/* C = B A.T + bias, of n x m numbers: dot products along the padded rows of both factors.
 *
 * For few rows of B, this needs less padding than product().  C has a column for each row of A;
 * PADDED(m) columns are computed, of which only the first m have a meaning.
 */
static __attribute__((noinline)) void dot_products(REAL *C, Int c_row, const REAL *A, Int a_row,
                                                   const REAL *B, Int b_row, Int m, Int n,
                                                   Int k_end, const REAL *bias)
{
    for (Int i = 0; i < m; i += LANES) {
        Int j = 0;
        for (; j + DOT_ROWS <= n; j += DOT_ROWS)
            dot_block(DOT_ROWS, C + j * c_row + i, c_row, A + i * a_row, a_row, B + j * b_row,
                      b_row, k_end, bias + j);
        for (; j < n; j++)
            dot_block(1, C + j * c_row + i, c_row, A + i * a_row, a_row, B + j * b_row, b_row,
                      k_end, bias + j);
    }
}

/* B = A.T of m x n numbers, in squares that stay in the cache. */
static void transpose(REAL *restrict B, Int b_row, const REAL *restrict A, Int a_row, Int m, Int n)
{
    enum { SIDE = 16 };
    for (Int i = 0; i < m; i += SIDE)
        for (Int j = 0; j < n; j += SIDE)
            for (Int jj = j; jj < n && jj < j + SIDE; jj++)
                for (Int ii = i; ii < m && ii < i + SIDE; ii++)
                    B[jj * b_row + ii] = A[ii * a_row + jj];
}

/* sums = the sum of m rows of n numbers, or sums += that; n is padded. */
static void sum_rows(REAL *sums, const REAL *A, Int a_row, Int m, Int n, int add)
{
    for (Int j = 0; j < n; j += LANES) {
        V sum[4] = {add ? load(sums + j) : (V){0}, {0}, {0}, {0}};
        Int i = 0;
        for (; i + 4 <= m; i += 4)
            UNROLL for (int u = 0; u < 4; u++)
                sum[u] += load(A + (i + u) * a_row + j);
        for (; i < m; i++)
            sum[0] += load(A + i * a_row + j);
        store(sums + j, (sum[0] + sum[1]) + (sum[2] + sum[3]));
    }
}

/* Return whether BLAS is faster for this product: its overhead only pays for large ones. */
static int is_large(const Task *task, Int m, Int n, Int k)
{
    return task->gemm && m >= 48 && n >= 48 && k >= 48 && m * n * k >= LARGE_PRODUCT;
}

/* C = A B, or C += A B, with BLAS, whose matrices are stored by columns: C.T = B.T A.T. */
static void large_product(const Task *task, REAL *C, Int c_row, const REAL *A, Int a_row,
                          int a_transposed, const REAL *B, Int b_row, int b_transposed, Int m,
                          Int n, Int k, int add)
{
    int sizes[] = {(int)n, (int)m, (int)k, (int)b_row, (int)a_row, (int)c_row};
    REAL one = 1, beta = add;
    task->gemm(b_transposed ? "T" : "N", a_transposed ? "T" : "N", sizes, sizes + 1, sizes + 2,
               &one, (void *)B, sizes + 3, (void *)A, sizes + 4, &beta, C, sizes + 5);
}
