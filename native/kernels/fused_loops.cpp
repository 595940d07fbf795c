// The loops of fused programs that differ from the eager ones: comparisons and logic that give 1 and 0 in the dtype of
// their operands, and the choice between two values.
#include "families.hpp"
#include "fused_program.hpp"
#include "vector_loops.hpp"

namespace nd::kernels::fused {
namespace {

namespace truth {

template <class V, class M>
ND_INLINE V from_mask(M mask) {
    return mask ? broadcast<Element<V>>(1) : V{};
}

#define ND_TRUTH1(name, expression)          \
    struct name {                            \
        template <class V>                   \
        ND_INLINE static V apply(V x) {      \
            using T = Element<V>;            \
            (void)sizeof(T);                 \
            return from_mask<V>(expression); \
        }                                    \
    };
#define ND_TRUTH2(name, expression)          \
    struct name {                            \
        template <class V>                   \
        ND_INLINE static V apply(V a, V b) { \
            using T = Element<V>;            \
            (void)sizeof(T);                 \
            return from_mask<V>(expression); \
        }                                    \
    };
ND_TRUTH1(is_nan, x != x)
ND_TRUTH1(is_infinite, abs(x) == std::numeric_limits<T>::infinity())
ND_TRUTH1(is_finite, abs(x) < std::numeric_limits<T>::infinity())
ND_TRUTH1(logical_not, x == T(0))
ND_TRUTH2(eq, a == b)
ND_TRUTH2(neq, a != b)
ND_TRUTH2(lt, a < b)
ND_TRUTH2(lte, a <= b)
ND_TRUTH2(gt, a > b)
ND_TRUTH2(gte, a >= b)
ND_TRUTH2(logical_and, (a != T(0)) & (b != T(0)))
ND_TRUTH2(logical_or, (a != T(0)) | (b != T(0)))
ND_TRUTH2(logical_xor, (a != T(0)) ^ (b != T(0)))
#undef ND_TRUTH1
#undef ND_TRUTH2

}  // namespace truth

struct Tables {
    nd_unary_loop unary[ND_UNARY_COUNT][2] = {};
    nd_binary_loop binary[ND_BINARY_COUNT][2] = {};
};

template <class T>
void fill(Tables& tables, int column) {
#define ND_TAKE_ND_ARITHMETIC(kind, KIND, name) \
    tables.kind[ND_##KIND##_##name][column] = loops.kind[ND_##KIND##_##name][dtype_of<T>];
#define ND_TAKE_ND_FLOATING(kind, KIND, name) ND_TAKE_ND_ARITHMETIC(kind, KIND, name)
#define ND_TAKE_ND_PREDICATE(kind, KIND, name) tables.kind[ND_##KIND##_##name][column] = kind##_loop<T, truth::name>;
#define ND_TAKE_ND_LOGICAL(kind, KIND, name) ND_TAKE_ND_PREDICATE(kind, KIND, name)
#define ND_TAKE_ND_BITWISE(kind, KIND, name)
#define ND_UNARY(name, domain) ND_TAKE_##domain(unary, UNARY, name)
#define ND_BINARY(name, domain) ND_TAKE_##domain(binary, BINARY, name)
#include "nd4py/elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
}

const Tables& tables() {
    static const Tables filled = [] {
        Tables t;
        fill<float>(t, 0);
        fill<double>(t, 1);
        return t;
    }();
    return filled;
}

int column_of(int32_t dtype) { return dtype == ND_FLOAT64; }

template <class T, bool kScalarA, bool kScalarB>
void choose(const T* cond, const T* a, const T* b, T* out, int64_t n) {
    const Vec<T> first = broadcast(*a), second = broadcast(*b);
    int64_t i = 0;
    for (; i + lanes<T> <= n; i += lanes<T>) {
        const Vec<T> x = kScalarA ? first : load(a + i), y = kScalarB ? second : load(b + i);
        store(out + i, load(cond + i) != T(0) ? x : y);
    }
    if (const int64_t rest = n - i) {
        const Vec<T> x = kScalarA ? first : load_partial(a + i, rest), y = kScalarB ? second : load_partial(b + i, rest);
        store_partial(out + i, load_partial(cond + i, rest) != T(0) ? x : y, rest);
    }
}

template <class T>
void select_loop(const char* cond, int64_t sc, const char* a, int64_t sa, const char* b, int64_t sb, char* out, int64_t n) {
    const T *c = reinterpret_cast<const T*>(cond), *x = reinterpret_cast<const T*>(a), *y = reinterpret_cast<const T*>(b);
    if (sc == 0) {
        const nd_unary_loop copy = loops.unary[ND_UNARY_identity][dtype_of<T>];
        return *c != T(0) ? copy(a, sa, out, sizeof(T), n) : copy(b, sb, out, sizeof(T), n);
    }
    const auto run =
        sa ? (sb ? choose<T, false, false> : choose<T, false, true>) : (sb ? choose<T, true, false> : choose<T, true, true>);
    run(c, x, y, reinterpret_cast<T*>(out), n);
}

}  // namespace

nd_unary_loop unary_loop_of(int64_t code, int32_t dtype) { return tables().unary[code][column_of(dtype)]; }
nd_binary_loop binary_loop_of(int64_t code, int32_t dtype) { return tables().binary[code][column_of(dtype)]; }
SelectLoop select_loop_of(int32_t dtype) { return dtype == ND_FLOAT64 ? select_loop<double> : select_loop<float>; }

}  // namespace nd::kernels::fused
