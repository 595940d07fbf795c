// Elementwise loops over Vec<T>: contiguous runs and runs against one scalar go straight through registers, other strides
// through a tile on the stack.
//
// An operation is a type with `template <class V> static V apply(V…)`.
#pragma once

#include <algorithm>

#include "element_types.hpp"
#include "simd.hpp"

namespace nd::kernels {

inline constexpr int64_t tile_elements = 256;

template <class T>
void gather_run(const char* from, int64_t stride, T* to, int64_t n) {
    for (int64_t i = 0; i < n; ++i) to[i] = read<T>(from + i * stride);
}
template <class T>
void scatter_run(const T* from, char* to, int64_t stride, int64_t n) {
    for (int64_t i = 0; i < n; ++i) write(to + i * stride, from[i]);
}

template <class T>
void fill_run(T value, char* to, int64_t stride, int64_t n) {
    if (stride == sizeof(T)) {
        std::fill_n(reinterpret_cast<T*>(to), n, value);
    } else {
        for (int64_t i = 0; i < n; ++i) write(to + i * stride, value);
    }
}

template <class T, class Op>
ND_INLINE void unary_run(const T* x, T* out, int64_t n) {
    int64_t i = 0;
    for (; i + lanes<T> <= n; i += lanes<T>) store(out + i, Op::apply(load(x + i)));
    if (i < n) store_partial(out + i, Op::apply(load_partial(x + i, n - i)), n - i);
}

template <class T, class Op>
void unary_loop(const char* x, int64_t sx, char* out, int64_t so, int64_t n) {
    constexpr int64_t size = sizeof(T);
    if (sx == size && so == size) [[likely]] {
        unary_run<T, Op>(reinterpret_cast<const T*>(x), reinterpret_cast<T*>(out), n);
        return;
    }
    if (sx == 0 && n > 1) {
        T value = read<T>(x);
        unary_run<T, Op>(&value, &value, 1);
        fill_run(value, out, so, n);
        return;
    }
    alignas(vector_bytes) T tile[tile_elements];
    for (int64_t i = 0; i < n; i += tile_elements) {
        const int64_t count = std::min(tile_elements, n - i);
        const T* source = reinterpret_cast<const T*>(x + i * sx);
        if (sx != size) {
            gather_run(x + i * sx, sx, tile, count);
            source = tile;
        }
        unary_run<T, Op>(source, tile, count);
        scatter_run(tile, out + i * so, so, count);
    }
}

// kScalarA and kScalarB: that operand is one value for the whole run.
template <class T, class Op, bool kScalarA, bool kScalarB>
ND_INLINE void binary_run(const T* a, const T* b, T* out, int64_t n) {
    const Vec<T> first = kScalarA ? broadcast(*a) : Vec<T>{}, second = kScalarB ? broadcast(*b) : Vec<T>{};
    int64_t i = 0;
    for (; i + lanes<T> <= n; i += lanes<T>) {
        store(out + i, Op::apply(kScalarA ? first : load(a + i), kScalarB ? second : load(b + i)));
    }
    if (i < n) {
        const int64_t rest = n - i;
        store_partial(out + i,
                      Op::apply(kScalarA ? first : load_partial(a + i, rest), kScalarB ? second : load_partial(b + i, rest)),
                      rest);
    }
}

template <class T, class Op>
void binary_loop(const char* a, int64_t sa, const char* b, int64_t sb, char* out, int64_t so, int64_t n) {
    constexpr int64_t size = sizeof(T);
    const T *x = reinterpret_cast<const T*>(a), *y = reinterpret_cast<const T*>(b);
    if (so == size) [[likely]] {
        T* to = reinterpret_cast<T*>(out);
        if (sa == size && sb == size) return binary_run<T, Op, false, false>(x, y, to, n);
        if (sa == size && sb == 0) return binary_run<T, Op, false, true>(x, y, to, n);
        if (sa == 0 && sb == size) return binary_run<T, Op, true, false>(x, y, to, n);
    }
    if (sa == 0 && sb == 0 && n > 1) {
        T value = read<T>(a), other = read<T>(b);
        binary_run<T, Op, false, false>(&value, &other, &value, 1);
        fill_run(value, out, so, n);
        return;
    }
    alignas(vector_bytes) T first[tile_elements], second[tile_elements];
    for (int64_t i = 0; i < n; i += tile_elements) {
        const int64_t count = std::min(tile_elements, n - i);
        if (sa != size) gather_run(a + i * sa, sa, first, count);
        if (sb != size) gather_run(b + i * sb, sb, second, count);
        binary_run<T, Op, false, false>(sa == size ? x + i : first, sb == size ? y + i : second, first, count);
        scatter_run(first, out + i * so, so, count);
    }
}

}  // namespace nd::kernels
