// Comparison of utf8 arrays, which have no loops of their own.
#pragma once

#include "core/array.hpp"

namespace nd {

// A bool array of `shape`, to which both broadcast: a == b, or a != b when negated.
Array text_equal(const Array& a, const Array& b, const Dims& shape, bool negated);

}  // namespace nd
