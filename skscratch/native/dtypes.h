/* The engine for one instruction set: once for each real type. */

#define REAL float
#define REAL_SIZE 4
#include "kernels.h"
#undef REAL
#undef REAL_SIZE

#define REAL double
#define REAL_SIZE 8
#include "kernels.h"
#undef REAL
#undef REAL_SIZE

#undef LEVEL
#undef VECTOR
#undef REGISTERS
