// The boundary between the nd4py core and a kernel backend.
//
// A backend is one shared object that exports one `nd_kernel_table`. The core is compiled once, without vector
// instructions; the kernels are compiled once per instruction set from the same sources. Nothing but this header is shared
// between the two, so everything here is plain C and every struct may only grow at its end (bump ND_ABI_VERSION otherwise).
//
// Three kinds of kernels, from cheapest to richest:
//   loops      elementwise inner loops over one strided run; the caller walks the outer dimensions;
//   prepared   everything else: prepare() once per shape, run() many times, no allocation in run();
//   services   threads, memory, layouts.
#ifndef ND4PY_KERNEL_ABI_H
#define ND4PY_KERNEL_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ND_ABI_VERSION 1
#define ND_CAPSULE_NAME "nd4py.kernel_table"
#define ND_MAX_NDIM 32
#define ND_ALIGNMENT 64

typedef enum nd_dtype {
    ND_BOOL = 0,
    ND_INT8,
    ND_INT16,
    ND_INT32,
    ND_INT64,
    ND_UINT8,
    ND_UINT16,
    ND_UINT32,
    ND_UINT64,
    ND_BFLOAT16,
    ND_FLOAT16,
    ND_FLOAT32,
    ND_FLOAT64,
    ND_COMPLEX64,
    ND_COMPLEX128,
    ND_UTF8,
    ND_DTYPE_COUNT
} nd_dtype;

typedef enum nd_status {
    ND_OK = 0,
    ND_UNSUPPORTED = 1,  // no kernel for this dtype, rank or attribute: the caller may use the reference
    ND_NEEDS_PLAIN = 2,  // prepare() wants strided inputs: the caller reorders the blocked ones and asks again
    ND_INVALID = 3,      // arguments that contradict each other; text in nd_error
    ND_FAILED = 4        // the vendor library or the allocator failed; text in nd_error
} nd_status;

typedef struct nd_error {
    char text[256];
} nd_error;

// ---------------------------------------------------------------------------------------------------------------- loops

// Elementwise operations are listed once, in elementwise.def; the enums, the loops and the names come from there.
typedef enum nd_unary_op {
#define ND_UNARY(name, domain) ND_UNARY_##name,
#define ND_BINARY(name, domain)
#include "elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
    ND_UNARY_COUNT
} nd_unary_op;

typedef enum nd_binary_op {
#define ND_UNARY(name, domain)
#define ND_BINARY(name, domain) ND_BINARY_##name,
#include "elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
    ND_BINARY_COUNT
} nd_binary_op;

// Domain of an elementwise operation: which dtypes have a loop and what comes out.
typedef enum nd_domain {
    ND_ARITHMETIC,  // every integer and floating dtype; keeps it
    ND_FLOATING,    // floating dtypes only; keeps it
    ND_PREDICATE,   // every dtype; bool comes out
    ND_LOGICAL,     // bool only (and/or/not/xor); bool comes out
    ND_BITWISE      // bool and integers; keeps it
} nd_domain;

// Strides are in bytes; n elements. Exact aliasing of an input with the output is allowed, partial overlap is not.
typedef void (*nd_unary_loop)(const char* x, int64_t sx, char* out, int64_t so, int64_t n);
typedef void (*nd_binary_loop)(const char* a, int64_t sa, const char* b, int64_t sb, char* out, int64_t so, int64_t n);
// out = cond ? a : b; cond is bool; a, b and out share one dtype, chosen by its size in bytes.
typedef void (*nd_select_loop)(const char* cond, int64_t sc, const char* a, int64_t sa, const char* b, int64_t sb, char* out,
                               int64_t so, int64_t n);

// ------------------------------------------------------------------------------------------------------------- prepared

// A memory layout that is not strided (oneDNN's blocked formats). Owned by the backend, reference counted by the services
// below; NULL means plain strided memory.
typedef struct nd_layout nd_layout;

enum {
    ND_DESC_LAYOUT_FREE = 1,  // on an output: the kernel may choose a layout (it then sets desc->layout, one reference)
    ND_DESC_CONSTANT = 2      // on an input: contents never change between runs (weights at inference): may be packed
};

typedef struct nd_desc {
    int32_t dtype;
    int32_t ndim;
    const int64_t* shape;
    const int64_t* strides;  // in elements; may be 0 (broadcast) or negative
    nd_layout* layout;
    uint32_t flags;
} nd_desc;

// One call of an operation: shapes and dtypes of everything (kernels never infer), and the attributes in declaration order:
// integers, booleans and enumerations in `ints`, real numbers in `reals`; a list attribute is its length, then its items.
// An absent optional input has dtype -1 and a NULL pointer at run time.
typedef struct nd_call {
    const nd_desc* in;
    nd_desc* out;
    const int64_t* ints;
    const double* reals;
    int32_t n_in, n_out, n_ints, n_reals;
} nd_call;

typedef struct nd_prepared {
    void* state;  // immutable after prepare(): shared by concurrent runs
    // `instance` is what make_instance() returned for the calling context (NULL without one); `scratch` has scratch_bytes,
    // 64-byte aligned, contents undefined. in/out point at the first element of each array.
    nd_status (*run)(const void* state, void* instance, char* const* in, char* const* out, char* scratch, nd_error* error);
    void (*destroy)(void* state);
    void* (*make_instance)(const void* state);  // may be NULL: mutable per-context objects of the vendor library
    void (*free_instance)(void* instance);
    size_t scratch_bytes;
    uint32_t inplace;  // bit i set: out[0] may be the very memory of in[i] (same dtype, shape and strides)
} nd_prepared;

typedef struct nd_kernel {
    const char* name;  // the name of the declared operation
    nd_status (*prepare)(const nd_call* call, nd_prepared* prepared, nd_error* error);
} nd_kernel;

// ------------------------------------------------------------------------------------------------------------- services

// Calls body(context, begin, end) over [0, n) in pieces of at least `grain`, on the pool; on the caller's thread when small.
typedef void (*nd_range_body)(void* context, int64_t begin, int64_t end);

typedef struct nd_kernel_table {
    uint32_t abi_version;
    uint32_t struct_bytes;
    const char* isa;        // "native", "avx2", "avx512"
    const char* libraries;  // "name=version;name=version", for backend_info()

    const nd_unary_loop (*unary)[ND_DTYPE_COUNT];    // [ND_UNARY_COUNT][dtype of x]; NULL where there is none
    const nd_binary_loop (*binary)[ND_DTYPE_COUNT];  // [ND_BINARY_COUNT][dtype of a and b]
    const nd_unary_loop (*cast)[ND_DTYPE_COUNT];     // [from][to]; utf8 has none
    const nd_select_loop* select;                    // [ND_DTYPE_COUNT]

    const nd_kernel* kernels;
    int64_t n_kernels;

    void* (*allocate)(size_t bytes);  // 64-byte aligned; NULL when out of memory; 0 bytes give a valid pointer
    void (*release)(void* memory);
    void (*set_num_threads)(int n);
    int (*get_num_threads)(void);
    void (*parallel_for)(int64_t n, int64_t grain, nd_range_body body, void* context);

    size_t (*layout_bytes)(const nd_layout*);
    int (*layout_equal)(const nd_layout*, const nd_layout*);
    void (*layout_retain)(nd_layout*);
    void (*layout_release)(nd_layout*);
} nd_kernel_table;

// ------------------------------------------------------------------------------------------------------ fused programs

// Kernel "fused_elementwise" runs a chain of elementwise operations tile by tile, all in the dtype of out[0] (comparisons and
// logic give 1 and 0 in it; a bool output stores value != 0). Inputs are converted on load. ints = n_instructions, then per
// instruction (kind, code, dst, a, b, c) and then n_out register numbers, one per output; reals = the constants.
// Registers 0 … n_in-1 are the inputs, n_in … n_in+n_reals-1 the constants, then temporaries.
// Inputs broadcast to the shape of out[0] by zero strides (the caller expands shapes); all outputs share that shape.
typedef enum nd_fused_kind { ND_FUSED_UNARY = 0, ND_FUSED_BINARY = 1, ND_FUSED_SELECT = 2 } nd_fused_kind;

#ifdef __cplusplus
}
#endif
#endif
