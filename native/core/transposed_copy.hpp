// Copies between arrays whose neighbours lie along different axes, such as a matrix and its transpose.
#pragma once

#include "core/array.hpp"

namespace nd {

// Copies tile by tile, so that the lines of both sides stay in cache, and returns true; false where a plain walk is as good.
// `from_strides` (in elements) read the source in the shape of `to`; `loop` converts.
bool copy_transposed(nd_unary_loop loop, Array& to, const Array& from, const Dims& from_strides);

}  // namespace nd
