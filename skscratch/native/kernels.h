/* All parts of the engine, each built on those before it. */

/* Rows of the smaller factor in a block of dot products: accumulators take 3/4 of the registers. */
#undef DOT_ROWS
#define DOT_ROWS (REGISTERS * 3 / 4 * REAL_SIZE / VECTOR > 0 ? REGISTERS * 3 / 4 * REAL_SIZE / VECTOR : 1)

#include "vectors.h"
#include "products.h"
#include "activations.h"
#include "layers.h"
#include "losses.h"
#include "penalties.h"
#include "optimizers.h"
#include "network.h"
#include "epoch.h"
#include "prediction.h"
