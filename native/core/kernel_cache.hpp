// Eager calls of prepared kernels: prepare() runs once per shape, dtype and attribute list, and is remembered.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/array.hpp"

namespace nd {

struct OutputSpec {
    int dtype;
    Dims shape;
};

// Runs kernel `name` of the active table; an input may be NULL (absent). Nothing: there is no such kernel or it does not
// support this call. Throws std::invalid_argument (ND_INVALID), std::runtime_error (ND_FAILED) with the kernel's words.
std::optional<std::vector<Array>> run_kernel(std::string_view name, std::span<const Array* const> inputs,
                                             std::span<const OutputSpec> outputs, std::span<const int64_t> ints,
                                             std::span<const double> reals);

// Writes into arrays that exist, of any strides; false as above.
bool run_kernel_into(std::string_view name, std::span<const Array* const> inputs, std::span<Array* const> outputs,
                     std::span<const int64_t> ints, std::span<const double> reals);

}  // namespace nd
