// Kernels that only move elements: copy (any strides, dtype conversion), concat, gather, pad.
#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/attributes.hpp"
#include "kernels/copy_plan.hpp"
#include "kernels/families.hpp"
#include "kernels/prepared.hpp"
#include "kernels/threads.hpp"

namespace nd::kernels {
namespace {

// ------------------------------------------------------------------------------------------------- copy, concat and pad

// Each input goes to a place of the output, which is zeroed first where the inputs leave gaps.
struct Placement {
    std::vector<CopyPlan> copies;
    std::vector<int64_t> offsets;  // bytes into the output
    size_t clear_bytes = 0;

    // The part of `y` that `x` fills, `offset` elements from its start.
    bool add(const nd_desc& x, const nd_desc& y, int64_t offset) {
        if (!CopyPlan::supports(x.dtype, y.dtype)) return false;
        nd_desc part = y;
        part.shape = x.shape;
        copies.emplace_back(x, part);
        offsets.push_back(offset * item_bytes(y.dtype));
        return true;
    }
    void run(char* const* in, char* const* out, char*) const {
        if (clear_bytes > 0) std::memset(out[0], 0, clear_bytes);
        for (size_t i = 0; i < copies.size(); ++i) copies[i].run(in[i], out[0] + offsets[i]);
    }
};

nd_status prepare_copy(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (has_layout(call)) return ND_NEEDS_PLAIN;
    auto state = std::make_unique<Placement>();
    if (!state->add(call->in[0], call->out[0], 0)) return ND_UNSUPPORTED;
    return finish(std::move(state), prepared);
}

int axis_of(const nd_call* call, const nd_desc& array) {
    const int64_t axis = AttributeReader(call).integer();
    return static_cast<int>(axis < 0 ? axis + array.ndim : axis);
}

nd_status prepare_concat(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (has_layout(call)) return ND_NEEDS_PLAIN;
    const nd_desc& y = call->out[0];
    const int axis = axis_of(call, y);
    auto state = std::make_unique<Placement>();
    int64_t at = 0;
    for (int i = 0; i < call->n_in; ++i) {
        if (!state->add(call->in[i], y, at * y.strides[axis])) return ND_UNSUPPORTED;
        at += call->in[i].shape[axis];
    }
    return finish(std::move(state), prepared);
}

nd_status prepare_pad(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (has_layout(call)) return ND_NEEDS_PLAIN;
    const nd_desc &x = call->in[0], &y = call->out[0];
    if (!is_contiguous(y)) return ND_UNSUPPORTED;
    const auto before = AttributeReader(call).list(x.ndim);
    int64_t offset = 0;
    for (int i = 0; i < x.ndim; ++i) offset += before[static_cast<size_t>(i)] * y.strides[i];
    auto state = std::make_unique<Placement>();
    if (!state->add(x, y, offset)) return ND_UNSUPPORTED;
    state->clear_bytes = static_cast<size_t>(count_of(y) * item_bytes(y.dtype));
    return finish(std::move(state), prepared);
}

// ---------------------------------------------------------------------------------------------------------------- gather

// y[outer, indices…, inner] = x[outer, index, inner]; row-major x, indices and y. Negative indices count from the end.
struct Gather {
    int64_t outer, rows, inner_bytes, picks;
    bool wide;

    nd_status run(char* const* in, char* const* out, char*, nd_error* error) const {
        const auto index = [&](int64_t i) {
            return wide ? reinterpret_cast<const int64_t*>(in[1])[i]
                        : static_cast<int64_t>(reinterpret_cast<const int32_t*>(in[1])[i]);
        };
        for (int64_t i = 0; i < picks; ++i) {
            const int64_t at = index(i);
            if (at < -rows || at >= rows) {
                std::snprintf(error->text, sizeof error->text, "index %lld is out of bounds for an axis of size %lld",
                              static_cast<long long>(at), static_cast<long long>(rows));
                return ND_INVALID;
            }
        }
        constexpr int64_t kBytesPerPiece = 128 * 1024;
        const int64_t grain = std::max<int64_t>(1, kBytesPerPiece / std::max<int64_t>(1, inner_bytes));
        parallel_for(outer * picks, grain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                int64_t at = index(i % picks);
                if (at < 0) at += rows;
                std::memcpy(out[0] + i * inner_bytes, in[0] + (i / picks * rows + at) * inner_bytes,
                            static_cast<size_t>(inner_bytes));
            }
        });
        return ND_OK;
    }
};

nd_status prepare_gather(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (has_layout(call)) return ND_NEEDS_PLAIN;
    const nd_desc &x = call->in[0], &indices = call->in[1];
    if (indices.dtype != ND_INT32 && indices.dtype != ND_INT64) return ND_UNSUPPORTED;
    if (!is_contiguous(x) || !is_contiguous(indices) || !is_contiguous(call->out[0])) return ND_UNSUPPORTED;
    const int axis = axis_of(call, x);
    auto state = std::make_unique<Gather>(Gather{1, x.shape[axis], item_bytes(x.dtype), 1, indices.dtype == ND_INT64});
    for (int i = 0; i < axis; ++i) state->outer *= x.shape[i];
    for (int i = axis + 1; i < x.ndim; ++i) state->inner_bytes *= x.shape[i];
    for (int i = 0; i < indices.ndim; ++i) state->picks *= indices.shape[i];
    return finish(std::move(state), prepared);
}

constexpr nd_kernel kKernels[] = {
    {"copy", guarded<prepare_copy>},
    {"concat", guarded<prepare_concat>},
    {"gather", guarded<prepare_gather>},
    {"pad", guarded<prepare_pad>},
};

}  // namespace

extern const nd_kernel_list movement_kernels = {kKernels, std::size(kKernels)};

}  // namespace nd::kernels
