// Splits the axes of a reduction into kept and reduced ones.
#pragma once

#include "attributes.hpp"
#include "strided.hpp"

namespace nd::kernels {

// From ints: the reduced axes as a list (length -1: all of them), then keep_dims.
struct ReduceAxes {
    Walk kept{2};     // operands: input, output
    Walk reduced{1};  // operand: input
    bool inner_reduced = true;
    int64_t pieces = 1;  // into how many the reduced elements of one task are cut

    ReduceAxes() = default;
    explicit ReduceAxes(const nd_call* call) {
        const nd_desc &x = call->in[0], &y = call->out[0];
        AttributeReader read(call);
        bool is_reduced[ND_MAX_NDIM] = {};
        const int64_t listed = read.integer();
        for (int i = 0; i < x.ndim; ++i) is_reduced[i] = listed < 0;
        for (int64_t i = 0; i < listed; ++i) {
            const int64_t axis = read.integer();
            if (axis < 0 || axis >= x.ndim) throw std::invalid_argument("reduction: an axis is outside the array");
            is_reduced[axis] = true;
        }
        const bool keep_dims = read.integer() != 0;
        int out_axis = 0;
        for (int i = 0; i < x.ndim; ++i) {
            const int64_t stride = x.strides[i] * item_bytes(x.dtype);
            if (is_reduced[i]) {
                reduced.add_axis(x.shape[i], {stride});
                out_axis += keep_dims;
                continue;
            }
            if (out_axis >= y.ndim || y.shape[out_axis] != x.shape[i]) {
                throw std::invalid_argument("reduction: the output has another shape than the kept axes");
            }
            kept.add_axis(x.shape[i], {stride, y.strides[out_axis++] * item_bytes(y.dtype)});
        }
        if (out_axis != y.ndim) throw std::invalid_argument("reduction: the output has another rank than the kept axes");
    }

    // For reductions to which the order of elements does not matter.
    void sort_by_stride() {
        kept.sort_by(0), reduced.sort_by(0);
        kept.merge(), reduced.merge();
        const int64_t in = std::abs(reduced.inner_stride(0)), out = std::abs(kept.inner_stride(0));
        inner_reduced = kept.axes().empty() || (!reduced.axes().empty() && in <= out);
    }

    int64_t column_tasks(int64_t strip) const { return kept.outer_size() * ((kept.inner_size() + strip - 1) / strip); }
};

}  // namespace nd::kernels
