// Elementwise operations on arrays: which loop, in which dtype, over which memory.
#pragma once

#include "core/array.hpp"

namespace nd {

// Python's `/` on numbers of any kind: integers divide as float64. Everything else is an nd_binary_op.
inline constexpr int true_divide = ND_BINARY_COUNT;

struct Resolved {
    int op;       // an nd_unary_op or nd_binary_op: on booleans `add` is `logical_or`, as in NumPy
    int compute;  // the dtype the operands are converted to
    int out;      // the dtype of the result
};

// Throw TypeError naming the operation when these dtypes have none.
Resolved resolve_binary(int op, int a, int b);
Resolved resolve_unary(int op, int dtype);

// Loops of the active table; NULL: the reference must do it.
nd_binary_loop binary_loop(const Resolved& resolved) noexcept;
nd_unary_loop unary_loop(const Resolved& resolved) noexcept;

// out = a op b with operands that have the loop's dtype and broadcast to out. `out` may be the very memory of an operand but
// must not overlap one otherwise. `grain`: see grain_of.
void run_binary(nd_binary_loop loop, Array& out, const Array& a, const Array& b, int64_t grain);
void run_unary(nd_unary_loop loop, Array& out, const Array& x, int64_t grain);
// Elements per thread that are worth a thread: fewer for the operations that compute more.
int64_t grain_of(nd_domain domain) noexcept;

// The same with operands of any dtype and a new result.
Array apply_binary(nd_binary_loop loop, const Resolved& resolved, const Array& a, const Array& b);
Array apply_unary(nd_unary_loop loop, const Resolved& resolved, const Array& x);

// a = a op b as NumPy does it: b is copied where it overlaps a, the result is converted to a's dtype.
// Throws TypeError where that conversion is not of the same kind.
void apply_in_place(nd_binary_loop loop, const Resolved& resolved, const char* name, Array& a, const Array& b);
void check_in_place(const char* name, const Array& a, const Array& b, const Resolved& resolved);

}  // namespace nd
