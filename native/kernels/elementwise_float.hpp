// The elementwise operations on Vec<float> and Vec<double>, named as in elementwise.def.
#pragma once

#include "vector_loops.hpp"
#include "vector_trigonometry.hpp"

namespace nd::kernels::float_ops {

namespace vm = vector_math;

#define ND_OP1(name, expression)        \
    struct name {                       \
        template <class V>              \
        ND_INLINE static V apply(V x) { \
            using T = Element<V>;       \
            (void)sizeof(T);            \
            return expression;          \
        }                               \
    };
#define ND_OP2(name, expression)             \
    struct name {                            \
        template <class V>                   \
        ND_INLINE static V apply(V a, V b) { \
            using T = Element<V>;            \
            (void)sizeof(T);                 \
            return expression;               \
        }                                    \
    };

ND_OP1(identity, x)
ND_OP1(neg, -x)
ND_OP1(abs, nd::kernels::abs(x))
ND_OP1(sign, (x > T(0) ? broadcast<T>(1) : x < T(0) ? broadcast<T>(-1) : V{}))  // of NaN: 0
ND_OP1(square, x* x)
ND_OP1(cube, x* x* x)
ND_OP1(reciprocal, T(1) / x)
ND_OP1(ceil, round_to<Rounding::kUp>(x))
ND_OP1(floor, round_to<Rounding::kDown>(x))
ND_OP1(rint, round_to<Rounding::kNearestEven>(x))
ND_OP1(trunc, round_to<Rounding::kToZero>(x))
ND_OP1(relu, (x <= T(0) ? V{} : x))  // NaN stays NaN
ND_OP1(sqrt, nd::kernels::sqrt(x))
ND_OP1(rsqrt, T(1) / nd::kernels::sqrt(x))
ND_OP1(exp, vm::exp(x))
ND_OP1(expm1, vm::expm1(x))
ND_OP1(log, vm::log(x))
ND_OP1(log1p, vm::log1p(x))
ND_OP1(log2, vm::log2(x))
ND_OP1(sin, vm::sin(x))
ND_OP1(cos, vm::cos(x))
ND_OP1(tan, vm::tan(x))
ND_OP1(asin, vm::asin(x))
ND_OP1(acos, vm::acos(x))
ND_OP1(atan, vm::atan(x))
ND_OP1(sinh, vm::sinh(x))
ND_OP1(cosh, vm::cosh(x))
ND_OP1(tanh, vm::tanh(x))
ND_OP1(asinh, vm::asinh(x))
ND_OP1(acosh, vm::acosh(x))
ND_OP1(atanh, vm::atanh(x))
ND_OP1(erf, vm::erf(x))
ND_OP1(erfc, vm::erfc(x))
ND_OP1(sigmoid, vm::sigmoid(x))
ND_OP1(softplus, vm::softplus(x))

// Half away from zero, as C's round.
struct round {
    template <class V>
    ND_INLINE static V apply(V x) {
        using T = Element<V>;
        const V whole = round_to<Rounding::kToZero>(x);
        const V next = whole + copy_sign(broadcast<T>(1), x);
        return nd::kernels::abs(x - whole) >= T(0.5) ? next : whole;
    }
};

struct log10 {
    ND_INLINE static Vec<float> apply(Vec<float> x) { return vm::log10(x); }
    ND_INLINE static Vec<double> apply(Vec<double> x) {
        return each_lane(x, [](double v) { return std::log10(v); });
    }
};

ND_OP2(add, a + b)
ND_OP2(sub, a - b)
ND_OP2(mul, a* b)
ND_OP2(div, a / b)
ND_OP2(pow, vm::pow(a, b))
ND_OP2(fmod, vm::fmod(a, b))
ND_OP2(maximum, (((a >= b) | (a != a)) ? a : b))  // NaN wins
ND_OP2(minimum, (((a <= b) | (a != a)) ? a : b))
ND_OP2(squared_difference, (a - b) * (a - b))
ND_OP2(atan2, vm::atan2(a, b))

// Python's %: the remainder has the sign of the divisor.
struct mod {
    template <class V>
    ND_INLINE static V apply(V a, V b) {
        using T = Element<V>;
        const V r = vm::fmod(a, b);
        const V shifted = (r < T(0)) != (b < T(0)) ? r + b : r;
        return r == T(0) ? copy_sign(r, b) : shifted;
    }
};

// Python's //, consistent with mod: (a - remainder) / b, an integer but for rounding.
struct floor_div {
    template <class V>
    ND_INLINE static V apply(V a, V b) {
        using T = Element<V>;
        const V r = vm::fmod(a, b);
        const V truncated = (a - r) / b;
        const V quotient = ((r != T(0)) & ((r < T(0)) != (b < T(0)))) ? truncated - T(1) : truncated;
        const V below = round_to<Rounding::kDown>(quotient);
        const V whole = quotient - below > T(0.5) ? below + T(1) : below;
        const V signed_zero = copy_sign(V{}, a / b);
        return b == T(0) ? a / b : quotient == T(0) ? signed_zero : whole;
    }
};

#undef ND_OP1
#undef ND_OP2

}  // namespace nd::kernels::float_ops
