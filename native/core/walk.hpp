// Walk: the order in which N strided operands of one shape are visited.
//
// Dimensions of extent 1 are dropped, the rest sorted by the strides of operand 0 and merged where every operand allows it;
// the last one that remains is the run given to an inner loop.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "core/dims.hpp"
#include "core/table.hpp"
#include "nd4py/kernel_abi.h"

namespace nd {

template <int N>
class Walk {
  public:
    using Pointers = std::array<char*, N>;

    // Strides in elements, one per operand, each of shape.size() items; `sizes` are bytes per element.
    Walk(const Dims& shape, const std::array<const int64_t*, N>& strides, const std::array<int64_t, N>& sizes) {
        for (int i = 0; i < shape.size(); ++i) {
            if (shape[i] == 1) continue;
            Axis axis{shape[i], {}};
            for (int k = 0; k < N; ++k) axis.strides[k] = strides[k][i] * sizes[k];
            // Insertion keeps row-major order among equals.
            int at = ndim_++;
            for (; at > 0 && inside(axes_[at - 1], axis); --at) axes_[at] = axes_[at - 1];
            axes_[at] = axis;
        }
        merge();
        if (ndim_ == 0) axes_[ndim_++] = {1, {}};
        // A run too short to pay for its call changes places with a much longer dimension.
        if (ndim_ > 1 && axes_[ndim_ - 1].extent < 16) {
            int longest = 0;
            for (int i = 1; i < ndim_; ++i) {
                if (axes_[i].extent > axes_[longest].extent) longest = i;
            }
            if (axes_[longest].extent >= 4 * axes_[ndim_ - 1].extent) std::swap(axes_[longest], axes_[ndim_ - 1]);
        }
    }

    int64_t run_stride(int operand) const noexcept { return axes_[ndim_ - 1].strides[operand]; }
    int64_t run_length() const noexcept { return axes_[ndim_ - 1].extent; }

    // Inner(pointers, n) for every run, in parallel pieces of about `grain` elements.
    template <class Inner>
    void run(const Pointers& first, int64_t grain, Inner&& inner) const {
        const Axis& last = axes_[ndim_ - 1];
        if (ndim_ == 1) {
            parallel_for(last.extent, grain, [&](int64_t begin, int64_t end) {
                Pointers at = first;
                for (int k = 0; k < N; ++k) at[k] += begin * last.strides[k];
                inner(at, end - begin);
            });
            return;
        }
        int64_t runs = 1;
        for (int i = 0; i < ndim_ - 1; ++i) runs *= axes_[i].extent;
        if (runs == 0 || last.extent == 0) return;
        parallel_for(runs, std::max<int64_t>(1, grain / last.extent), [&](int64_t begin, int64_t end) {
            int64_t index[ND_MAX_NDIM];
            Pointers at = first;
            int64_t rest = begin;
            for (int i = ndim_ - 2; i >= 0; --i) {
                index[i] = rest % axes_[i].extent;
                rest /= axes_[i].extent;
                for (int k = 0; k < N; ++k) at[k] += index[i] * axes_[i].strides[k];
            }
            for (int64_t r = begin; r < end; ++r) {
                inner(at, last.extent);
                for (int i = ndim_ - 2; i >= 0; --i) {
                    const Axis& axis = axes_[i];
                    for (int k = 0; k < N; ++k) at[k] += axis.strides[k];
                    if (++index[i] < axis.extent) break;
                    index[i] = 0;
                    for (int k = 0; k < N; ++k) at[k] -= axis.extent * axis.strides[k];
                }
            }
        });
    }

  private:
    struct Axis {
        int64_t extent;
        std::array<int64_t, N> strides;
    };

    // Whether `outer` belongs inside `inner` because operand 0 (then the others) moves less along it.
    static bool inside(const Axis& outer, const Axis& inner) noexcept {
        for (int k = 0; k < N; ++k) {
            const int64_t a = std::abs(outer.strides[k]);
            const int64_t b = std::abs(inner.strides[k]);
            if (a != b && a != 0 && b != 0) return a < b;
        }
        return false;
    }

    void merge() noexcept {
        int kept = 0;
        for (int i = 1; i < ndim_; ++i) {
            Axis& outer = axes_[kept];
            const Axis& inner = axes_[i];
            bool adjacent = true;
            for (int k = 0; k < N; ++k) adjacent &= outer.strides[k] == inner.strides[k] * inner.extent;
            if (adjacent) {
                outer.extent *= inner.extent;
                outer.strides = inner.strides;
            } else {
                axes_[++kept] = inner;
            }
        }
        if (ndim_ > 0) ndim_ = kept + 1;
    }

    int ndim_ = 0;
    Axis axes_[ND_MAX_NDIM];
};

}  // namespace nd
