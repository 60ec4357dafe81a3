/* Training and prediction of dense networks, for Python's ctypes.
 *
 * The functions at the end are the interface.  They allocate nothing, keep no state and do not call
 * Python: any number of threads may train at once.  The headers are included once for each real
 * type and instruction set that the compiler can generate; Python chooses one at load time.
 */

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#ifdef __SANITIZE_ADDRESS__ /* poisoned bytes separate the arrays of the workspace */
#include <sanitizer/asan_interface.h>
enum { GUARD = 64 };
#define POISON ASAN_POISON_MEMORY_REGION
#else
enum { GUARD = 0 };
#define POISON(address, size) (void)(address)
#endif

/* For loops over arrays that have to be kept in registers */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

#include "task.h"

#if defined(__x86_64__) && !defined(BASELINE_ONLY) /* which takes a third of the compile time */
#define HAS_LEVELS
#endif

enum { MAX_LAYERS = 64, LARGE_PRODUCT = 3000000 };

#define JOIN(a, b, c) a##_##b##_##c
#define JOIN_(a, b, c) JOIN(a, b, c)
#define NAME(x) JOIN_(x, REAL, LEVEL)

#define LEVEL baseline
#define VECTOR 16
#define REGISTERS 16
#include "dtypes.h"

#ifdef HAS_LEVELS

#define LEVEL avx2
#define VECTOR 32
#define REGISTERS 16
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "dtypes.h"
#pragma clang attribute pop
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#include "dtypes.h"
#pragma GCC pop_options
#endif

#define LEVEL avx512
#define VECTOR 64
#define REGISTERS 32
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))), \
                             apply_to = function)
#include "dtypes.h"
#pragma clang attribute pop
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx2,fma")
#include "dtypes.h"
#pragma GCC pop_options
#endif

#endif

typedef struct {
    const char *name;
    struct {
        void (*train)(Task *);
        void (*predict)(Task *);
        Int (*workspace_size)(const Task *);
    } of[2]; /* float, double */
} Level;

#define KERNELS(level, real) {train_##real##_##level, predict_##real##_##level, \
                              workspace_size_##real##_##level}
static const Level levels[] = {
    {"baseline", {KERNELS(baseline, float), KERNELS(baseline, double)}},
#ifdef HAS_LEVELS
    {"AVX2", {KERNELS(avx2, float), KERNELS(avx2, double)}},
    {"AVX-512", {KERNELS(avx512, float), KERNELS(avx512, double)}},
#endif
};

/* The best instruction set of this processor, an index of levels. */
EXPORT int best_level(void)
{
#ifdef HAS_LEVELS
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return 1;
#endif
    return 0;
}

EXPORT const char *level_name(int level) { return levels[level].name; }

/* Subnormal numbers are flushed to 0 in training: moments of weights that no longer change decay to
 * such numbers, and arithmetic with them is a hundred times slower. */
EXPORT void train(Task *task, int level)
{
#if defined(__x86_64__)
    unsigned int mode = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mode | 0x8040);
#endif
    levels[level].of[task->is_double].train(task);
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr(mode);
#endif
}

EXPORT void predict(Task *task, int level) { levels[level].of[task->is_double].predict(task); }

EXPORT Int workspace_size(const Task *task, int level)
{
    return levels[level].of[task->is_double].workspace_size(task);
}

/* The members of Task, their number, and the size of Task. */
typedef struct { const char *kind, *name; Int offset; } Member;
static const Member members[] = {
#define FIELD(kind, type, name) {#kind, #name, offsetof(Task, name)},
    FIELDS(FIELD)
#undef FIELD
};
EXPORT const Member *task_members(void) { return members; }
EXPORT Int n_task_members(void) { return sizeof members / sizeof *members; }
EXPORT Int task_size(void) { return sizeof(Task); }

/* Names of the classes in skscratch.nn by code; NULL follows the last. */
#define CLASS(class, function) #class,
static const char *const classes[][16] = {
    {ACTIVATIONS(CLASS) 0},
    {LOSSES(CLASS) "SoftmaxCategoricalCrossentropy", 0},
    {OPTIMIZERS(CLASS) 0},
};
EXPORT const char *class_name(int table, int code) { return classes[table][code]; }

EXPORT const char *compiler(void) { return __VERSION__; }

