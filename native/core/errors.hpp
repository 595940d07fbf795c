// Exceptions of the core beyond those of <stdexcept>. The binding maps invalid_argument and length_error to ValueError,
// out_of_range to IndexError, overflow_error to OverflowError, bad_alloc to MemoryError.
#pragma once

#include <stdexcept>
#include <string>

#include "core/dims.hpp"

namespace nd {

struct TypeError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::string to_text(const Dims& shape);  // "(2, 3)", as Python writes a tuple

}  // namespace nd
