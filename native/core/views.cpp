#include "core/views.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "core/errors.hpp"

namespace nd {

Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b) {
    const Dims& longer = a.size() >= b.size() ? a : b;
    const Dims& shorter = a.size() >= b.size() ? b : a;
    Dims shape = longer;
    const int offset = longer.size() - shorter.size();
    for (int i = 0; i < shorter.size(); ++i) {
        int64_t& extent = shape[offset + i];
        if (extent == 1) {
            extent = shorter[i];
        } else if (shorter[i] != 1 && shorter[i] != extent) {
            throw std::invalid_argument(std::string(op) + ": expected shapes that broadcast together, received " +
                                        to_text(a) + " and " + to_text(b));
        }
    }
    return shape;
}

Dims broadcast_strides(const Array& array, const Dims& shape) {
    Dims strides(shape.size());
    const int offset = shape.size() - array.ndim();
    for (int i = 0; i < array.ndim(); ++i) strides[offset + i] = array.shape[i] == 1 ? 0 : array.strides[i];
    return strides;
}

bool broadcasts_to(const Dims& from, const Dims& to) noexcept {
    const int offset = to.size() - from.size();
    if (offset < 0) return false;
    for (int i = 0; i < from.size(); ++i) {
        if (from[i] != 1 && from[i] != to[offset + i]) return false;
    }
    return true;
}

Array broadcast_to(const Array& array, const Dims& shape) {
    checked_numel(shape, array.itemsize());
    if (!broadcasts_to(array.shape, shape)) {
        throw std::invalid_argument("broadcast: an array of shape " + to_text(array.shape) + " does not broadcast to " +
                                    to_text(shape));
    }
    Array view = array.view(shape, broadcast_strides(array, shape), array.data);
    view.readonly |= view.numel > array.numel;  // several positions are one element
    return view;
}

Dims complete_shape(const Dims& wanted, int64_t numel) {
    Dims shape = wanted;
    int unknown = -1;
    for (int i = 0; i < shape.size(); ++i) {
        if (shape[i] != -1) continue;
        if (unknown >= 0) throw std::invalid_argument("reshape: expected at most one -1, received " + to_text(wanted));
        unknown = i;
        shape[i] = 1;
    }
    const int64_t known = checked_numel(shape, 1);
    if (unknown >= 0 && known != 0 && numel % known == 0) {
        shape[unknown] = numel / known;
    } else if (unknown >= 0 || known != numel) {
        throw std::invalid_argument("reshape: an array of " + std::to_string(numel) + " elements has no shape " +
                                    to_text(wanted));
    }
    return shape;
}

std::optional<Array> reshaped_view(const Array& array, const Dims& shape, char order) {
    if (array.numel == 0 || array.is_contiguous(order)) {
        Array view = array.view(shape, contiguous_strides(shape, order), array.data);
        view.order = order;
        return view;
    }
    // Work in the direction in which `order` runs fastest last, without extents of 1.
    const int old_count = array.ndim();
    Dims extents(0), strides(0);
    for (int k = 0; k < old_count; ++k) {
        const int i = order == 'f' ? old_count - 1 - k : k;
        if (array.shape[i] == 1) continue;
        extents.push_back(array.shape[i]);
        strides.push_back(array.strides[i]);
    }
    const int ndim = shape.size();
    const auto new_axis = [&](int k) { return order == 'f' ? ndim - 1 - k : k; };
    Dims new_strides(ndim);
    int old_begin = 0, new_begin = 0;
    while (old_begin < extents.size()) {
        // The smallest groups of old and new axes that hold the same number of elements.
        int old_end = old_begin + 1, new_end = new_begin;
        int64_t old_size = extents[old_begin];
        int64_t new_size = 1;
        while (old_size != new_size || new_end == new_begin) {
            if (new_size < old_size || new_end == new_begin) {
                new_size *= shape[new_axis(new_end++)];
            } else {
                old_size *= extents[old_end++];
            }
        }
        for (int i = old_begin; i + 1 < old_end; ++i) {
            if (strides[i] != strides[i + 1] * extents[i + 1]) return std::nullopt;
        }
        int64_t stride = strides[old_end - 1];
        for (int k = new_end - 1; k >= new_begin; --k) {
            new_strides[new_axis(k)] = stride;
            stride *= shape[new_axis(k)];
        }
        old_begin = old_end;
        new_begin = new_end;
    }
    for (int k = new_begin; k < ndim; ++k) new_strides[new_axis(k)] = 1;  // only extents of 1 are left
    Array view = array.view(shape, std::move(new_strides), array.data);
    view.order = order;
    return view;
}

int normalized_axis(const char* op, int64_t axis, int ndim) {
    if (axis < -ndim || axis >= ndim) {
        throw std::out_of_range(std::string(op) + ": axis " + std::to_string(axis) + " is out of bounds for an array of " +
                                std::to_string(ndim) + " dimensions");
    }
    return static_cast<int>(axis < 0 ? axis + ndim : axis);
}

Array permuted(const Array& array, std::span<const int64_t> axes) {
    const int ndim = array.ndim();
    if (static_cast<int>(axes.size()) != ndim) {
        throw std::invalid_argument("permute: expected " + std::to_string(ndim) + " axes for shape " + to_text(array.shape) +
                                    ", received " + std::to_string(axes.size()));
    }
    Dims shape(ndim), strides(ndim);
    uint64_t seen = 0;
    for (int i = 0; i < ndim; ++i) {
        const int axis = normalized_axis("permute", axes[static_cast<size_t>(i)], ndim);
        if (seen >> axis & 1u) throw std::invalid_argument("permute: axis " + std::to_string(axis) + " is given twice");
        seen |= uint64_t{1} << axis;
        shape[i] = array.shape[axis];
        strides[i] = array.strides[axis];
    }
    Array view = array.view(std::move(shape), std::move(strides), array.data);
    if (view.c_contiguous != view.f_contiguous) view.order = view.f_contiguous ? 'f' : 'c';
    return view;
}

Array transposed(const Array& array) {
    Dims shape = array.shape, strides = array.strides;
    std::reverse(shape.begin(), shape.end());
    std::reverse(strides.begin(), strides.end());
    Array view = array.view(std::move(shape), std::move(strides), array.data);
    if (array.ndim() > 1) view.order = array.order == 'c' ? 'f' : 'c';
    return view;
}

Array with_axis(const Array& array, int axis) {
    Dims shape(0), strides(0);
    for (int i = 0; i <= array.ndim(); ++i) {
        if (i == axis) {
            shape.push_back(1);
            strides.push_back(0);
        }
        if (i < array.ndim()) {
            shape.push_back(array.shape[i]);
            strides.push_back(array.strides[i]);
        }
    }
    return array.view(std::move(shape), std::move(strides), array.data);
}

namespace {

[[noreturn]] void throw_too_many(const Array& array, int used) {
    throw std::out_of_range("index: an array of shape " + to_text(array.shape) + " takes at most " +
                            std::to_string(array.ndim()) + " indices, received " + std::to_string(used));
}

// Python's rules for a slice over an axis of `extent`; returns the number of elements.
int64_t resolve_slice(const IndexItem& item, int64_t extent, int64_t& start) {
    const int64_t step = item.step;
    if (step == 0) throw std::invalid_argument("index: a slice step must not be zero");
    const int64_t low = step < 0 ? -1 : 0;
    const int64_t high = step < 0 ? extent - 1 : extent;
    const auto bound = [&](int64_t at) { return std::clamp(at < 0 ? at + extent : at, low, high); };
    start = item.has_start ? bound(item.start) : (step < 0 ? high : low);
    const int64_t stop = item.has_stop ? bound(item.stop) : (step < 0 ? low : high);
    if (step > 0) return start < stop ? (stop - start - 1) / step + 1 : 0;
    // -(step + 1) cannot overflow where -step does, for the most negative step.
    return start > stop
               ? static_cast<int64_t>(static_cast<uint64_t>(start - stop - 1) / (static_cast<uint64_t>(-(step + 1)) + 1)) + 1
               : 0;
}

}  // namespace

Array indexed_view(const Array& array, std::span<const IndexItem> items) {
    int used = 0;
    bool has_ellipsis = false;
    for (const IndexItem& item : items) {
        if (item.kind == IndexItem::Kind::ellipsis) {
            if (has_ellipsis) throw std::out_of_range("index: expected at most one Ellipsis (...)");
            has_ellipsis = true;
        } else if (item.kind != IndexItem::Kind::new_axis) {
            ++used;
        }
    }
    if (used > array.ndim()) throw_too_many(array, used);
    int64_t shape[2 * ND_MAX_NDIM + 1];
    int64_t strides[2 * ND_MAX_NDIM + 1];
    int ndim = 0, axis = 0;
    char* first = array.data;
    const int64_t itemsize = array.itemsize();
    const auto keep_axis = [&] {
        shape[ndim] = array.shape[axis];
        strides[ndim++] = array.strides[axis++];
    };
    for (const IndexItem& item : items) {
        switch (item.kind) {
            case IndexItem::Kind::integer: {
                const int64_t extent = array.shape[axis];
                const int64_t at = item.start < 0 ? item.start + extent : item.start;
                if (at < 0 || at >= extent) {
                    throw std::out_of_range("index " + std::to_string(item.start) + " is out of bounds for axis " +
                                            std::to_string(axis) + " of size " + std::to_string(extent));
                }
                first += at * array.strides[axis++] * itemsize;
                break;
            }
            case IndexItem::Kind::slice: {
                int64_t start = 0;
                const int64_t count = resolve_slice(item, array.shape[axis], start);
                if (count > 0) first += start * array.strides[axis] * itemsize;
                shape[ndim] = count;
                // One element or none is reached without the step, whose product might overflow.
                strides[ndim++] = count > 1 ? array.strides[axis] * item.step : array.strides[axis];
                ++axis;
                break;
            }
            case IndexItem::Kind::new_axis:
                if (ndim >= ND_MAX_NDIM) throw std::out_of_range("index: the result would have more than 32 dimensions");
                shape[ndim] = 1;
                strides[ndim++] = 0;
                break;
            case IndexItem::Kind::ellipsis:
                for (int k = array.ndim() - used; k > 0; --k) keep_axis();
                break;
        }
    }
    while (axis < array.ndim()) keep_axis();
    if (ndim > ND_MAX_NDIM) throw std::out_of_range("index: the result would have more than 32 dimensions");
    return array.view(Dims(shape, ndim), Dims(strides, ndim), first);
}

namespace {

// The half-open range of bytes an array reaches.
std::pair<uintptr_t, uintptr_t> extent_of(const Array& array) noexcept {
    int64_t low = 0, high = 0;
    for (int i = 0; i < array.ndim(); ++i) {
        const int64_t reach = (array.shape[i] - 1) * array.strides[i];
        (reach < 0 ? low : high) += reach;
    }
    const auto base = reinterpret_cast<uintptr_t>(array.data);
    const int64_t size = array.itemsize();
    return {base + static_cast<uintptr_t>(low * size), base + static_cast<uintptr_t>((high + 1) * size)};
}

}  // namespace

bool may_overlap(const Array& a, const Array& b) noexcept {
    if (a.numel == 0 || b.numel == 0) return false;
    const auto [a_low, a_high] = extent_of(a);
    const auto [b_low, b_high] = extent_of(b);
    return a_low < b_high && b_low < a_high;
}

bool same_memory(const Array& a, const Array& b) noexcept {
    return a.data == b.data && a.dtype == b.dtype && a.shape == b.shape && a.strides == b.strides;
}

}  // namespace nd
