// Elementwise loops written element by element, for integers, predicates and conversions: the compiler vectorises the
// contiguous cases. `ivdep` is right because an output is either the very memory of an input or apart from it.
#pragma once

#include "element_types.hpp"

namespace nd::kernels {

template <class X, class R, class F>
void scalar_unary_loop(const char* x, int64_t sx, char* out, int64_t so, int64_t n) {
    if (sx == sizeof(X) && so == sizeof(R)) {
        const X* from = reinterpret_cast<const X*>(x);
        R* to = reinterpret_cast<R*>(out);
#pragma GCC ivdep
        for (int64_t i = 0; i < n; ++i) to[i] = F::apply(from[i]);
        return;
    }
    for (int64_t i = 0; i < n; ++i) write<R>(out + i * so, F::apply(read<X>(x + i * sx)));
}

template <class X, class R, class F>
void scalar_binary_loop(const char* a, int64_t sa, const char* b, int64_t sb, char* out, int64_t so, int64_t n) {
    constexpr int64_t size = sizeof(X);
    if (so == sizeof(R)) {
        const X *x = reinterpret_cast<const X*>(a), *y = reinterpret_cast<const X*>(b);
        R* to = reinterpret_cast<R*>(out);
        if (sa == size && sb == size) {
#pragma GCC ivdep
            for (int64_t i = 0; i < n; ++i) to[i] = F::apply(x[i], y[i]);
            return;
        }
        if (sa == size && sb == 0) {
            const X value = *y;
#pragma GCC ivdep
            for (int64_t i = 0; i < n; ++i) to[i] = F::apply(x[i], value);
            return;
        }
        if (sa == 0 && sb == size) {
            const X value = *x;
#pragma GCC ivdep
            for (int64_t i = 0; i < n; ++i) to[i] = F::apply(value, y[i]);
            return;
        }
    }
    for (int64_t i = 0; i < n; ++i) write<R>(out + i * so, F::apply(read<X>(a + i * sa), read<X>(b + i * sb)));
}

}  // namespace nd::kernels
