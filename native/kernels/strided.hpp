// Walks several strided arrays of one shape together, as few and long inner runs as their strides allow.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "element_types.hpp"

namespace nd::kernels {

inline int64_t count_of(const nd_desc& array) {
    int64_t n = 1;
    for (int i = 0; i < array.ndim; ++i) n *= array.shape[i];
    return n;
}

// Row-major without gaps; axes of one element may have any stride.
inline bool is_contiguous(const nd_desc& array) {
    int64_t expected = 1;
    for (int i = array.ndim - 1; i >= 0; --i) {
        if (array.shape[i] == 1) continue;
        if (array.shape[i] == 0) return true;
        if (array.strides[i] != expected) return false;
        expected *= array.shape[i];
    }
    return true;
}

inline bool same_shape(const nd_desc& a, const nd_desc& b) {
    return a.ndim == b.ndim && std::equal(a.shape, a.shape + a.ndim, b.shape);
}

// Some array has a blocked layout: strides say nothing about its memory.
inline bool has_layout(const nd_call* call) {
    for (int i = 0; i < call->n_in; ++i) {
        if (call->in[i].layout) return true;
    }
    return false;
}

class Walk {
  public:
    struct Axis {
        int64_t size;
        std::vector<int64_t> strides;  // bytes, one per operand
    };

    Walk() = default;
    explicit Walk(int operands) : operands_(operands) {}

    void add_axis(int64_t size, std::vector<int64_t> byte_strides) {
        total_ *= size;
        if (size != 1) axes_.push_back({size, std::move(byte_strides)});
    }

    // All arrays have the shape of the first.
    static Walk over(std::initializer_list<const nd_desc*> arrays) { return over(std::vector<const nd_desc*>(arrays)); }
    static Walk over(const std::vector<const nd_desc*>& arrays) {
        Walk walk(static_cast<int>(arrays.size()));
        for (int i = 0; i < arrays[0]->ndim; ++i) {
            std::vector<int64_t> strides;
            for (const nd_desc* a : arrays) strides.push_back(a->strides[i] * item_bytes(a->dtype));
            walk.add_axis(arrays[0]->shape[i], std::move(strides));
        }
        return walk;
    }

    // Puts the axes with the largest strides of `operand` outside; order of elements does not matter to the caller.
    void sort_by(int operand) {
        const auto reach = [&](const Axis& a) { return std::abs(a.strides[static_cast<size_t>(operand)]); };
        std::stable_sort(axes_.begin(), axes_.end(), [&](const Axis& a, const Axis& b) { return reach(a) > reach(b); });
    }

    // Joins neighbouring axes that every operand walks with one stride.
    void merge() {
        std::vector<Axis> merged;
        for (Axis& axis : axes_) {
            if (!merged.empty() && continues(merged.back(), axis)) {
                merged.back().size *= axis.size;
                merged.back().strides = std::move(axis.strides);
            } else {
                merged.push_back(std::move(axis));
            }
        }
        axes_ = std::move(merged);
    }

    int64_t total() const { return total_; }
    const std::vector<Axis>& axes() const { return axes_; }
    std::vector<Axis>& axes() { return axes_; }
    int64_t inner_size() const { return axes_.empty() ? total_ : axes_.back().size; }
    int64_t inner_stride(int operand) const { return axes_.empty() ? 0 : axes_.back().strides[static_cast<size_t>(operand)]; }
    int64_t outer_size() const { return inner_size() == 0 ? 0 : total_ / inner_size(); }

    // body(offsets) for the runs begin … end-1 over all axes but the last `kept`; offsets in bytes, one per operand.
    template <class Body>
    void for_runs(int64_t begin, int64_t end, Body&& body, size_t kept = 1) const {
        if (begin >= end) return;
        int64_t index[ND_MAX_NDIM];
        constexpr size_t on_stack = 16;
        int64_t few[on_stack];
        std::vector<int64_t> many(static_cast<size_t>(operands_) > on_stack ? static_cast<size_t>(operands_) : 0);
        int64_t* offsets = many.empty() ? few : many.data();
        std::fill(offsets, offsets + operands_, 0);
        const int outer = std::max(0, static_cast<int>(axes_.size()) - static_cast<int>(kept));
        int64_t rest = begin;
        for (int d = outer - 1; d >= 0; --d) {
            const Axis& axis = axes_[static_cast<size_t>(d)];
            index[d] = rest % axis.size;
            rest /= axis.size;
            for (int k = 0; k < operands_; ++k) offsets[k] += index[d] * axis.strides[static_cast<size_t>(k)];
        }
        for (int64_t run = begin; run < end; ++run) {
            body(static_cast<const int64_t*>(offsets));
            for (int d = outer - 1; d >= 0; --d) {
                const Axis& axis = axes_[static_cast<size_t>(d)];
                const int64_t back = ++index[d] < axis.size ? 0 : axis.size;
                for (int k = 0; k < operands_; ++k) offsets[k] += (1 - back) * axis.strides[static_cast<size_t>(k)];
                if (!back) break;
                index[d] = 0;
            }
        }
    }

  private:
    bool continues(const Axis& outer, const Axis& inner) const {
        for (size_t k = 0; k < static_cast<size_t>(operands_); ++k) {
            if (outer.strides[k] != inner.strides[k] * inner.size) return false;
        }
        return true;
    }

    std::vector<Axis> axes_;
    int64_t total_ = 1;
    int operands_ = 0;
};

}  // namespace nd::kernels
