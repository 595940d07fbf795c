// Fills the floating-point unary loops of one dtype; included by one source file per dtype, which compile side by side.
#pragma once

#include "elementwise_float.hpp"
#include "families.hpp"
#include "scalar_loops.hpp"

namespace nd::kernels {

namespace float_predicates {
// By their bits: the compiler may fold comparisons with NaN.
struct is_nan {
    template <class T>
    static bool apply(T x) {
        return x != x;
    }
};
struct is_infinite {
    template <class T>
    static bool apply(T x) {
        return std::fabs(x) == std::numeric_limits<T>::infinity();
    }
};
struct is_finite {
    template <class T>
    static bool apply(T x) {
        return std::fabs(x) < std::numeric_limits<T>::infinity();
    }
};
}  // namespace float_predicates

template <class T>
void add_float_unary_loops(LoopTables& tables) {
    // One branch per domain: what a name means for floats, if anything.
#define ND_TAKE_ND_ARITHMETIC(name) tables.unary[ND_UNARY_##name][dtype_of<T>] = unary_loop<T, float_ops::name>;
#define ND_TAKE_ND_FLOATING(name) ND_TAKE_ND_ARITHMETIC(name)
#define ND_TAKE_ND_PREDICATE(name) \
    tables.unary[ND_UNARY_##name][dtype_of<T>] = scalar_unary_loop<T, bool, float_predicates::name>;
#define ND_TAKE_ND_LOGICAL(name)
#define ND_TAKE_ND_BITWISE(name)
#define ND_UNARY(name, domain) ND_TAKE_##domain(name)
#define ND_BINARY(name, domain)
#include "nd4py/elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
#undef ND_TAKE_ND_ARITHMETIC
#undef ND_TAKE_ND_FLOATING
#undef ND_TAKE_ND_PREDICATE
#undef ND_TAKE_ND_LOGICAL
#undef ND_TAKE_ND_BITWISE
}

}  // namespace nd::kernels
