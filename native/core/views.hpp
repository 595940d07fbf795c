// Other views of an array's memory: reshape, permute, broadcast, slices. Nothing here copies elements.
#pragma once

#include <optional>
#include <span>

#include "core/array.hpp"

namespace nd {

// The shape both broadcast to. Throws std::invalid_argument naming `op`.
Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b);
// Strides that read `array` as if it had `shape`; the caller knows that it broadcasts.
Dims broadcast_strides(const Array& array, const Dims& shape);
bool broadcasts_to(const Dims& from, const Dims& to) noexcept;
// A read-only view. Throws std::invalid_argument.
Array broadcast_to(const Array& array, const Dims& shape);

// Replaces one -1 by what `numel` leaves for it. Throws std::invalid_argument when the sizes do not match.
Dims complete_shape(const Dims& wanted, int64_t numel);
// The elements, read in `order` ('c' or 'f'), seen in another shape; nothing when that needs a copy.
std::optional<Array> reshaped_view(const Array& array, const Dims& shape, char order);

int normalized_axis(const char* op, int64_t axis, int ndim);  // throws std::out_of_range
Array permuted(const Array& array, std::span<const int64_t> axes);
Array transposed(const Array& array);           // all axes reversed
Array with_axis(const Array& array, int axis);  // one more axis of extent 1

// One position of a basic index. Trivial, so that a long row of them costs nothing until used.
struct IndexItem {
    enum class Kind { integer, slice, new_axis, ellipsis } kind;
    bool has_start, has_stop;  // slice: whether the bound is given
    int64_t start;             // integer: the index itself; negative counts from the end
    int64_t stop, step;

    static IndexItem integer(int64_t at) noexcept { return {Kind::integer, true, false, at, 0, 1}; }
    static IndexItem slice() noexcept { return {Kind::slice, false, false, 0, 0, 1}; }
    static IndexItem new_axis() noexcept { return {Kind::new_axis, false, false, 0, 0, 1}; }
    static IndexItem ellipsis() noexcept { return {Kind::ellipsis, false, false, 0, 0, 1}; }
};
// Throws std::out_of_range (an index outside its axis, too many of them), std::invalid_argument (step 0).
Array indexed_view(const Array& array, std::span<const IndexItem> items);

// Whether the two may share a byte; false only when they certainly do not.
bool may_overlap(const Array& a, const Array& b) noexcept;
bool same_memory(const Array& a, const Array& b) noexcept;  // the very same elements in the same places

}  // namespace nd
