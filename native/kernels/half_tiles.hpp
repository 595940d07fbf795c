// float16 and bfloat16 in tiles of float.
#pragma once

#include "vector_loops.hpp"

namespace nd::kernels {

inline float widen(BFloat16 x) {
    const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
inline BFloat16 narrow_bfloat16(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    // Half to even; a NaN keeps its sign and stays one.
    const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const uint32_t nan = (bits >> 16) | 0x40u;
    return {static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded)};
}

inline void widen_run(const BFloat16* from, float* to, int64_t n) {
    for (int64_t i = 0; i < n; ++i) to[i] = widen(from[i]);
}
inline void narrow_run(const float* from, BFloat16* to, int64_t n) {
    for (int64_t i = 0; i < n; ++i) to[i] = narrow_bfloat16(from[i]);
}
inline void widen_run(const Float16* from, float* to, int64_t n) {
    const auto* bits = reinterpret_cast<const uint16_t*>(from);
    int64_t i = 0;
    for (; i + lanes<float> <= n; i += lanes<float>) store(to + i, load_float16(bits + i));
    if (i == n) return;
    uint16_t rest[lanes<float>] = {};
    std::memcpy(rest, bits + i, static_cast<size_t>(n - i) * sizeof(uint16_t));
    store_partial(to + i, load_float16(rest), n - i);
}
inline void narrow_run(const float* from, Float16* to, int64_t n) {
    auto* bits = reinterpret_cast<uint16_t*>(to);
    int64_t i = 0;
    for (; i + lanes<float> <= n; i += lanes<float>) store_float16(bits + i, load(from + i));
    if (i == n) return;
    uint16_t rest[lanes<float>];
    store_float16(rest, load_partial(from + i, n - i));
    std::memcpy(bits + i, rest, static_cast<size_t>(n - i) * sizeof(uint16_t));
}

// At most tile_elements elements.
template <class H>
void load_half_tile(const char* from, int64_t stride, float* to, int64_t n) {
    H halves[tile_elements];
    const H* source = reinterpret_cast<const H*>(from);
    if (stride != sizeof(H)) {
        gather_run(from, stride, halves, n);
        source = halves;
    }
    widen_run(source, to, n);
}
template <class H>
void store_half_tile(const float* from, char* to, int64_t stride, int64_t n) {
    if (stride == sizeof(H)) return narrow_run(from, reinterpret_cast<H*>(to), n);
    H halves[tile_elements];
    narrow_run(from, halves, n);
    scatter_run(halves, to, stride, n);
}

}  // namespace nd::kernels
