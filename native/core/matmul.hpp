// Matrix products of arrays of any rank, as numpy.matmul defines them.
#pragma once

#include <optional>

#include "core/array.hpp"

namespace nd {

// Operands of one dtype. Nothing: the active table has no kernel for it.
// Throws std::invalid_argument when the shapes do not fit.
std::optional<Array> matmul(const Array& a, const Array& b);

}  // namespace nd
