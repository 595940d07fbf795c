// Moving elements between arrays.
#pragma once

#include "core/array.hpp"

namespace nd {

// Elements that one thread should have at least before a plain pass over memory is worth sharing.
inline constexpr int64_t memory_grain = int64_t{1} << 15;

// Converts `from`, broadcast to the shape of `to`, into `to`; the two may overlap. Throws TypeError (text with numbers),
// std::invalid_argument (shapes, read-only target), both naming `op`.
void copy_into(const char* op, Array& to, const Array& from);

// A contiguous copy. The order 'k' keeps column-major arrays column-major, 'a' too.
Array copied(const Array& array, char order);
// The array itself when it has the dtype already, else a converted copy in its order.
Array converted(const Array& array, int dtype);
// The elements in another shape, read and placed in `order`: a view where possible.
Array reshaped(const Array& array, const Dims& shape, char order);

}  // namespace nd
