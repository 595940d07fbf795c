// The C++ type of each dtype, and back.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "nd4py/kernel_abi.h"

namespace nd::kernels {

// Raw bits of the two 16-bit floats; arithmetic happens in float.
struct Float16 {
    uint16_t bits;
};
struct BFloat16 {
    uint16_t bits;
};

template <class T>
inline constexpr int dtype_of = std::is_same_v<T, bool>       ? ND_BOOL
                                : std::is_same_v<T, int8_t>   ? ND_INT8
                                : std::is_same_v<T, int16_t>  ? ND_INT16
                                : std::is_same_v<T, int32_t>  ? ND_INT32
                                : std::is_same_v<T, int64_t>  ? ND_INT64
                                : std::is_same_v<T, uint8_t>  ? ND_UINT8
                                : std::is_same_v<T, uint16_t> ? ND_UINT16
                                : std::is_same_v<T, uint32_t> ? ND_UINT32
                                : std::is_same_v<T, uint64_t> ? ND_UINT64
                                : std::is_same_v<T, BFloat16> ? ND_BFLOAT16
                                : std::is_same_v<T, Float16>  ? ND_FLOAT16
                                : std::is_same_v<T, float>    ? ND_FLOAT32
                                : std::is_same_v<T, double>   ? ND_FLOAT64
                                                              : -1;

inline int64_t item_bytes(int32_t dtype) {
    static constexpr int64_t bytes[ND_DTYPE_COUNT] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8, 8, 16, 16};
    return dtype >= 0 && dtype < ND_DTYPE_COUNT ? bytes[dtype] : 0;
}

// Calls f with a value of each C++ type whose dtype the templates below cover.
template <class F>
void for_each_integer(F&& f) {
    f(int8_t{}), f(int16_t{}), f(int32_t{}), f(int64_t{}), f(uint8_t{}), f(uint16_t{}), f(uint32_t{}), f(uint64_t{});
}
template <class F>
void for_each_plain_type(F&& f) {
    f(bool{}), for_each_integer(f), f(float{}), f(double{});
}

// Element access at a byte offset; arrays need not be aligned to their element.
template <class T>
inline T read(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}
template <class T>
inline void write(char* to, T value) {
    std::memcpy(to, &value, sizeof value);
}
template <>
inline bool read<bool>(const char* from) {
    return *from != 0;
}

}  // namespace nd::kernels
