// The kernel table in use. There is at most one at a time; arrays and prepared kernels of earlier ones stay valid, because a
// backend's shared object is never unloaded.
#pragma once

#include <cstdint>
#include <type_traits>

#include "nd4py/kernel_abi.h"

namespace nd {

// NULL: no native backend, everything runs on the reference.
const nd_kernel_table* active_table() noexcept;
// Throws std::invalid_argument on another ABI number. NULL removes the table.
void set_active_table(const nd_kernel_table* table);

// The kernel of that name, or NULL.
const nd_kernel* find_kernel(const nd_kernel_table* table, const char* name) noexcept;

const char* unary_name(int op) noexcept;
const char* binary_name(int op) noexcept;
nd_domain unary_domain(int op) noexcept;
nd_domain binary_domain(int op) noexcept;
int find_unary(const char* name) noexcept;  // -1: no such operation
int find_binary(const char* name) noexcept;

// Body(begin, end) over [0, n): on the table's pool when there is one and the work is worth it, else right here.
template <class Body>
void parallel_for(int64_t n, int64_t grain, Body&& body) {
    const nd_kernel_table* table = active_table();
    if (n <= grain || table == nullptr || table->parallel_for == nullptr) {
        body(int64_t{0}, n);
        return;
    }
    using Plain = std::remove_reference_t<Body>;
    table->parallel_for(
        n, grain, [](void* context, int64_t begin, int64_t end) { (*static_cast<Plain*>(context))(begin, end); }, &body);
}

}  // namespace nd
