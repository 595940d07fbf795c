// Conversion between element types. The core has its own loops, so that data can be moved without a backend; a backend's
// are faster and used when there is one.
#pragma once

#include "nd4py/kernel_abi.h"

namespace nd {

// NULL for utf8, which does not convert to numbers. Out-of-range floats become the smallest integer, a NaN too.
nd_unary_loop cast_loop(int from, int to) noexcept;

// Copies elements of `itemsize` bytes (1, 2, 4, 8 or 16) without interpreting them.
nd_unary_loop copy_loop(int64_t itemsize) noexcept;

}  // namespace nd
