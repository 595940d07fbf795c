// The elementwise loops of bool and the integers. Signed arithmetic wraps; nothing traps.
#include <limits>

#include "families.hpp"
#include "scalar_loops.hpp"

namespace nd::kernels {
namespace {

namespace integer_ops {

// Overflow of a signed type, or of the int that small types promote to, is undefined: compute in an unsigned type at
// least as wide as int.
template <class T>
using Wrapping = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;
template <class T>
constexpr Wrapping<T> wide(T x) {
    return static_cast<Wrapping<T>>(x);
}

#define ND_OP1(name, expression)               \
    struct name {                              \
        template <class T>                     \
        static T apply(T x) {                  \
            return static_cast<T>(expression); \
        }                                      \
    };
#define ND_OP2(name, expression)               \
    struct name {                              \
        template <class T>                     \
        static T apply(T a, T b) {             \
            return static_cast<T>(expression); \
        }                                      \
    };

template <class T>
T divide(T a, T b) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
        if (b == -1) return static_cast<T>(Wrapping<T>{0} - wide(a));  // the smallest number has no negative
    }
    return static_cast<T>(a / b);
}
template <class T>
T remainder(T a, T b) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
        if (b == -1) return 0;
    }
    return static_cast<T>(a % b);
}
template <class T>
T power(T base, T exponent) {
    if constexpr (std::is_signed_v<T>) {
        // 1 / base^-exponent, truncated.
        if (exponent < 0) return base == 1 ? T(1) : base == -1 ? (exponent & 1 ? T(-1) : T(1)) : T(0);
    }
    Wrapping<T> result = 1, factor = wide(base);
    for (auto rest = static_cast<std::make_unsigned_t<T>>(exponent); rest; rest = static_cast<decltype(rest)>(rest >> 1)) {
        if (rest & 1) result *= factor;
        factor *= factor;
    }
    return static_cast<T>(result);
}
template <class T>
bool inside_width(T shift) {
    return static_cast<std::make_unsigned_t<T>>(shift) < sizeof(T) * 8;  // a negative shift is a large one
}

ND_OP1(identity, x)
ND_OP1(neg, Wrapping<T>{0} - wide(x))
ND_OP1(abs, x < T(0) ? Wrapping<T>{0} - wide(x) : wide(x))
ND_OP1(sign, (x > T(0)) - (x < T(0)))
ND_OP1(square, wide(x) * wide(x))
ND_OP1(cube, wide(x) * wide(x) * wide(x))
ND_OP1(reciprocal, divide<T>(T(1), x))
ND_OP1(ceil, x)
ND_OP1(floor, x)
ND_OP1(round, x)
ND_OP1(rint, x)
ND_OP1(trunc, x)
ND_OP1(relu, x < T(0) ? T(0) : x)
ND_OP1(bitwise_not, ~wide(x))

ND_OP2(add, wide(a) + wide(b))
ND_OP2(sub, wide(a) - wide(b))
ND_OP2(mul, wide(a) * wide(b))
ND_OP2(div, divide<T>(a, b))
ND_OP2(fmod, remainder<T>(a, b))
ND_OP2(pow, power<T>(a, b))
ND_OP2(maximum, a < b ? b : a)
ND_OP2(minimum, b < a ? b : a)
ND_OP2(squared_difference, (wide(a) - wide(b)) * (wide(a) - wide(b)))
ND_OP2(bitwise_and, a& b)
ND_OP2(bitwise_or, a | b)
ND_OP2(bitwise_xor, a ^ b)
ND_OP2(left_shift, inside_width(b) ? wide(a) << b : 0)
ND_OP2(right_shift, inside_width(b) ? a >> b : (a < T(0) ? -1 : 0))

// Python's // and %: towards minus infinity, the remainder has the sign of the divisor.
struct floor_div {
    template <class T>
    static T apply(T a, T b) {
        const T quotient = divide<T>(a, b), rest = remainder<T>(a, b);
        return static_cast<T>(quotient - (rest != 0 && (rest < 0) != (b < 0)));
    }
};
struct mod {
    template <class T>
    static T apply(T a, T b) {
        const T rest = remainder<T>(a, b);
        return static_cast<T>(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
    }
};
#undef ND_OP1
#undef ND_OP2

#define ND_OP1(name, expression) \
    struct name {                \
        template <class T>       \
        static bool apply(T x) { \
            (void)x;             \
            return expression;   \
        }                        \
    };
#define ND_OP2(name, expression)      \
    struct name {                     \
        template <class T>            \
        static bool apply(T a, T b) { \
            return expression;        \
        }                             \
    };
ND_OP1(is_nan, false)
ND_OP1(is_infinite, false)
ND_OP1(is_finite, true)
ND_OP1(logical_not, x == T(0))
ND_OP2(eq, a == b)
ND_OP2(neq, a != b)
ND_OP2(lt, a < b)
ND_OP2(lte, a <= b)
ND_OP2(gt, a > b)
ND_OP2(gte, a >= b)
ND_OP2(logical_and, (a != T(0)) & (b != T(0)))
ND_OP2(logical_or, (a != T(0)) | (b != T(0)))
ND_OP2(logical_xor, (a != T(0)) != (b != T(0)))
#undef ND_OP1
#undef ND_OP2

}  // namespace integer_ops

template <class T>
void add_integers(LoopTables& tables) {
#define ND_TAKE_ND_ARITHMETIC(kind, KIND, name) \
    tables.kind[ND_##KIND##_##name][dtype_of<T>] = scalar_##kind##_loop<T, T, integer_ops::name>;
#define ND_TAKE_ND_FLOATING(kind, KIND, name)
#define ND_TAKE_ND_PREDICATE(kind, KIND, name) \
    tables.kind[ND_##KIND##_##name][dtype_of<T>] = scalar_##kind##_loop<T, bool, integer_ops::name>;
#define ND_TAKE_ND_LOGICAL(kind, KIND, name)
#define ND_TAKE_ND_BITWISE(kind, KIND, name) ND_TAKE_ND_ARITHMETIC(kind, KIND, name)
#define ND_UNARY(name, domain) ND_TAKE_##domain(unary, UNARY, name)
#define ND_BINARY(name, domain) ND_TAKE_##domain(binary, BINARY, name)
#include "nd4py/elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
#undef ND_TAKE_ND_ARITHMETIC
#undef ND_TAKE_ND_LOGICAL
#undef ND_TAKE_ND_BITWISE
}

// bool: bytes are read as they are, so that any non-zero byte of foreign memory counts as true where it matters.
void add_bool(LoopTables& tables) {
#define ND_TAKE_ND_ARITHMETIC(kind, KIND, name)
#define ND_TAKE_ND_LOGICAL(kind, KIND, name) \
    tables.kind[ND_##KIND##_##name][ND_BOOL] = scalar_##kind##_loop<uint8_t, bool, integer_ops::name>;
#define ND_TAKE_ND_BITWISE(kind, KIND, name)
#undef ND_TAKE_ND_PREDICATE
#define ND_TAKE_ND_PREDICATE(kind, KIND, name) ND_TAKE_ND_LOGICAL(kind, KIND, name)
#define ND_UNARY(name, domain) ND_TAKE_##domain(unary, UNARY, name)
#define ND_BINARY(name, domain) ND_TAKE_##domain(binary, BINARY, name)
#include "nd4py/elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
    // On one bit the bitwise operations are the logical ones; shifts have no meaning.
    tables.unary[ND_UNARY_bitwise_not][ND_BOOL] = scalar_unary_loop<uint8_t, bool, integer_ops::logical_not>;
    tables.binary[ND_BINARY_bitwise_and][ND_BOOL] = scalar_binary_loop<uint8_t, bool, integer_ops::logical_and>;
    tables.binary[ND_BINARY_bitwise_or][ND_BOOL] = scalar_binary_loop<uint8_t, bool, integer_ops::logical_or>;
    tables.binary[ND_BINARY_bitwise_xor][ND_BOOL] = scalar_binary_loop<uint8_t, bool, integer_ops::logical_xor>;
}

}  // namespace

void add_integer_loops(LoopTables& tables) {
    for_each_integer([&]<class T>(T) { add_integers<T>(tables); });
    add_bool(tables);
}

}  // namespace nd::kernels
