// Element types: what they are called and how they combine.
#pragma once

#include <cstdint>

#include "nd4py/kernel_abi.h"

namespace nd {

enum class Kind : uint8_t { boolean, unsigned_integer, signed_integer, floating, complex, text };

int64_t item_size(int dtype) noexcept;
const char* dtype_name(int dtype) noexcept;
Kind kind_of(int dtype) noexcept;
inline bool is_integer(int dtype) noexcept { return dtype >= ND_INT8 && dtype <= ND_UINT64; }
inline bool is_floating(int dtype) noexcept { return dtype >= ND_BFLOAT16 && dtype <= ND_FLOAT64; }
inline bool is_complex(int dtype) noexcept { return dtype == ND_COMPLEX64 || dtype == ND_COMPLEX128; }

// The dtype two arrays meet in, as in NumPy; bfloat16 behaves as float16 does there, and the two meet in float32. -1: none
// (text with anything else).
int promote(int a, int b) noexcept;

// A Python scalar is weak: it takes the array's dtype unless its kind is richer. `scalar` is its kind.
int promote_weak(int array, Kind scalar) noexcept;

// NumPy's casting="same_kind": what an operation may store in place.
bool can_cast_same_kind(int from, int to) noexcept;

}  // namespace nd
