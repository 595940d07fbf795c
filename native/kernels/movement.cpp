// Kernels that only move elements: copy (any strides, dtype conversion), concat, gather, pad.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "kernels/attributes.hpp"
#include "kernels/families.hpp"
#include "kernels/strided_copy.hpp"
#include "kernels/threads.hpp"

namespace nd::kernels {
namespace {

bool any_blocked(const nd_call* call) {
    for (int i = 0; i < call->n_in; ++i) {
        if (call->in[i].layout != nullptr) return true;
    }
    return false;
}

template <class State>
nd_status hand_over(std::unique_ptr<State> state, nd_prepared* prepared) {
    *prepared = nd_prepared{};
    prepared->run = State::run;
    prepared->destroy = [](void* s) { delete static_cast<State*>(s); };
    prepared->state = state.release();
    return ND_OK;
}

// ------------------------------------------------------------------------------------------------- copy, concat and pad

// Each input goes to a place of the output, which is zeroed first where the inputs leave gaps.
struct Placement {
    std::vector<StridedCopy> copies;
    std::vector<int64_t> offsets;  // bytes into the output
    size_t clear_bytes = 0;

    static nd_status run(const void* state, void*, char* const* in, char* const* out, char*, nd_error*) {
        const auto& self = *static_cast<const Placement*>(state);
        if (self.clear_bytes > 0) std::memset(out[0], 0, self.clear_bytes);
        for (size_t i = 0; i < self.copies.size(); ++i) self.copies[i].run(in[i], out[0] + self.offsets[i]);
        return ND_OK;
    }
};

nd_status prepare_copy(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (any_blocked(call)) return ND_NEEDS_PLAIN;
    const nd_desc &x = call->in[0], &y = call->out[0];
    auto state = std::make_unique<Placement>();
    state->copies.emplace_back(y.shape, y.ndim, x.dtype, x.strides, y.dtype, y.strides);
    state->offsets.push_back(0);
    if (!state->copies[0].supported()) return ND_UNSUPPORTED;
    return hand_over(std::move(state), prepared);
}

nd_status prepare_concat(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (any_blocked(call)) return ND_NEEDS_PLAIN;
    const nd_desc& y = call->out[0];
    const auto axis = static_cast<int>(call->ints[0] < 0 ? call->ints[0] + y.ndim : call->ints[0]);
    auto state = std::make_unique<Placement>();
    int64_t at = 0;
    for (int i = 0; i < call->n_in; ++i) {
        const nd_desc& x = call->in[i];
        state->copies.emplace_back(x.shape, x.ndim, x.dtype, x.strides, y.dtype, y.strides);
        if (!state->copies.back().supported()) return ND_UNSUPPORTED;
        state->offsets.push_back(at * y.strides[axis] * element_bytes(y.dtype));
        at += x.shape[axis];
    }
    return hand_over(std::move(state), prepared);
}

bool row_major(const nd_desc& d) {
    int64_t next = 1;
    for (int i = d.ndim - 1; i >= 0; --i) {
        if (d.shape[i] != 1 && d.strides[i] != next) return false;
        next *= d.shape[i];
    }
    return true;
}

nd_status prepare_pad(const nd_call* call, nd_prepared* prepared, nd_error* error) try {
    if (any_blocked(call)) return ND_NEEDS_PLAIN;
    const nd_desc &x = call->in[0], &y = call->out[0];
    if (!row_major(y)) return ND_UNSUPPORTED;
    const auto before = AttributeReader(call).list(x.ndim);
    auto state = std::make_unique<Placement>();
    state->copies.emplace_back(x.shape, x.ndim, x.dtype, x.strides, y.dtype, y.strides);
    if (!state->copies[0].supported()) return ND_UNSUPPORTED;
    int64_t offset = 0, count = 1;
    for (int i = 0; i < x.ndim; ++i) {
        offset += before[static_cast<size_t>(i)] * y.strides[i];
        count *= y.shape[i];
    }
    state->offsets.push_back(offset * element_bytes(y.dtype));
    state->clear_bytes = static_cast<size_t>(count * element_bytes(y.dtype));
    return hand_over(std::move(state), prepared);
} catch (const std::exception& e) {
    std::snprintf(error->text, sizeof error->text, "pad: %s", e.what());
    return ND_INVALID;
}

// ---------------------------------------------------------------------------------------------------------------- gather

// y[outer, indices…, inner] = x[outer, index, inner]; row-major x, indices and y. Negative indices count from the end.
struct Gather {
    int64_t outer, rows, inner_bytes, picks;
    bool wide;

    static nd_status run(const void* state, void*, char* const* in, char* const* out, char*, nd_error* error) {
        const auto& self = *static_cast<const Gather*>(state);
        const auto index = [&](int64_t i) {
            return self.wide ? reinterpret_cast<const int64_t*>(in[1])[i]
                             : static_cast<int64_t>(reinterpret_cast<const int32_t*>(in[1])[i]);
        };
        for (int64_t i = 0; i < self.picks; ++i) {
            const int64_t at = index(i);
            if (at < -self.rows || at >= self.rows) {
                std::snprintf(error->text, sizeof error->text, "index %lld is out of bounds for an axis of size %lld",
                              static_cast<long long>(at), static_cast<long long>(self.rows));
                return ND_INVALID;
            }
        }
        constexpr int64_t kBytesPerPiece = 128 * 1024;
        const int64_t grain = std::max<int64_t>(1, kBytesPerPiece / std::max<int64_t>(1, self.inner_bytes));
        parallel_for(self.outer * self.picks, grain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                int64_t at = index(i % self.picks);
                if (at < 0) at += self.rows;
                std::memcpy(out[0] + i * self.inner_bytes, in[0] + (i / self.picks * self.rows + at) * self.inner_bytes,
                            static_cast<size_t>(self.inner_bytes));
            }
        });
        return ND_OK;
    }
};

nd_status prepare_gather(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (any_blocked(call)) return ND_NEEDS_PLAIN;
    const nd_desc &x = call->in[0], &indices = call->in[1];
    if (indices.dtype != ND_INT32 && indices.dtype != ND_INT64) return ND_UNSUPPORTED;
    if (!row_major(x) || !row_major(indices) || !row_major(call->out[0])) return ND_UNSUPPORTED;
    const auto axis = static_cast<int>(call->ints[0] < 0 ? call->ints[0] + x.ndim : call->ints[0]);
    auto state = std::make_unique<Gather>(Gather{1, x.shape[axis], element_bytes(x.dtype), 1, indices.dtype == ND_INT64});
    for (int i = 0; i < axis; ++i) state->outer *= x.shape[i];
    for (int i = axis + 1; i < x.ndim; ++i) state->inner_bytes *= x.shape[i];
    for (int i = 0; i < indices.ndim; ++i) state->picks *= indices.shape[i];
    return hand_over(std::move(state), prepared);
}

constexpr nd_kernel kKernels[] = {
    {"copy", prepare_copy},
    {"concat", prepare_concat},
    {"gather", prepare_gather},
    {"pad", prepare_pad},
};

}  // namespace

extern const nd_kernel_list movement_kernels = {kKernels, std::size(kKernels)};

}  // namespace nd::kernels
