// argmax and argmin: position among the reduced elements, counted in row-major order; the first of equals. A NaN is never
// better than what came before, and nothing is better than a NaN that came first.
#include "attributes.hpp"
#include "families.hpp"
#include "prepared.hpp"
#include "reduce_axes.hpp"
#include "reduce_operations.hpp"
#include "threads.hpp"
#include "vector_loops.hpp"

namespace nd::kernels {
namespace {

using reductions::Max;
using reductions::Min;

constexpr int64_t strip_elements = 256;
constexpr int64_t elements_per_piece = 32768;

template <class Op, class T>
ND_INLINE bool better(T value, T best) {
    return std::is_same_v<Op, Max> ? value > best : value < best;
}

template <class T, class Op>
struct IndexReduction {
    ReduceAxes axes;
    bool long_index = true;  // of the output

    void write_index(char* to, int64_t index) const {
        if (long_index) {
            write<int64_t>(to, index);
        } else {
            write<int32_t>(to, static_cast<int32_t>(index));
        }
    }

    struct Best {
        T value;
        int64_t index = -1;
    };

    // Blocks that hold nothing better than the best so far are read once, without looking for the place.
    static void search(Best& best, const T* x, int64_t n, int64_t first_index) {
        for (int64_t i = 0; i < n; i += reductions::block_elements) {
            const int64_t count = std::min(reductions::block_elements, n - i);
            const T value = reductions::reduce_block<T, Op>(x + i, count);
            if (best.index >= 0 && !better<Op>(value, best.value)) continue;
            if (best.index < 0 && x[0] != x[0]) {
                best = {x[0], 0};
                return;
            }
            int64_t at = 0;
            while (at + lanes<T> <= count && !any(load(x + i + at) == value)) at += lanes<T>;
            while (at + 1 < count && x[i + at] != value) ++at;
            best = {value, first_index + i + at};
        }
    }

    int64_t row(const char* x) const {
        const Walk& reduced = axes.reduced;
        const int64_t n = reduced.inner_size(), stride = reduced.inner_stride(0);
        Best best{T{}};
        int64_t index = 0;
        reduced.for_runs(0, reduced.outer_size(), [&](const int64_t* offset) {
            const char* from = x + offset[0];
            if (stride == sizeof(T)) {
                search(best, reinterpret_cast<const T*>(from), n, index);
            } else {
                T tile[tile_elements];
                for (int64_t i = 0; i < n; i += tile_elements) {
                    const int64_t count = std::min(tile_elements, n - i);
                    gather_run(from + i * stride, stride, tile, count);
                    search(best, tile, count, index + i);
                }
            }
            index += n;
        });
        return best.index;
    }

    void strip(const char* x, char* y, int64_t n, int64_t sx, int64_t sy) const {
        T best[strip_elements], tile[strip_elements];
        Bits<T> index[strip_elements];
        Bits<T> position = 0;
        axes.reduced.for_runs(
            0, axes.reduced.total(),
            [&](const int64_t* offset) {
                const T* row = reinterpret_cast<const T*>(x + offset[0]);
                if (sx != sizeof(T)) {
                    gather_run(x + offset[0], sx, tile, n);
                    row = tile;
                }
                if (position == 0) {
                    std::copy(row, row + n, best);
                    std::fill(index, index + n, Bits<T>{0});
                } else {
#pragma GCC ivdep
                    for (int64_t j = 0; j < n; ++j) {
                        const bool take = better<Op>(row[j], best[j]);
                        best[j] = take ? row[j] : best[j];
                        index[j] = take ? position : index[j];
                    }
                }
                ++position;
            },
            0);
        for (int64_t j = 0; j < n; ++j) write_index(y + j * sy, index[j]);
    }

    void run(char* const* in, char* const* out, char*) const {
        const Walk& kept = axes.kept;
        const int64_t count = axes.reduced.total();
        if (kept.total() == 0) return;
        if (axes.inner_reduced) {
            parallel_for(kept.total(), std::max<int64_t>(1, elements_per_piece / count), [&](int64_t begin, int64_t end) {
                kept.for_runs(begin, end, [&](const int64_t* at) { write_index(out[0] + at[1], row(in[0] + at[0])); }, 0);
            });
            return;
        }
        const int64_t n = kept.inner_size(), sx = kept.inner_stride(0), sy = kept.inner_stride(1);
        parallel_for(
            kept.outer_size(), std::max<int64_t>(1, elements_per_piece / (count * n)), [&](int64_t begin, int64_t end) {
                kept.for_runs(begin, end, [&](const int64_t* at) {
                    for (int64_t j = 0; j < n; j += strip_elements) {
                        strip(in[0] + at[0] + j * sx, out[0] + at[1] + j * sy, std::min(strip_elements, n - j), sx, sy);
                    }
                });
            });
    }
};

template <class T, class Op>
nd_status prepare_as(const nd_call* call, nd_prepared* prepared) {
    auto state = std::make_unique<IndexReduction<T, Op>>();
    state->axes = ReduceAxes(call);
    ReduceAxes& axes = state->axes;
    state->long_index = call->out[0].dtype == ND_INT64;
    if (axes.reduced.total() == 0) return ND_UNSUPPORTED;  // no position to give: the caller's error is the better one
    // The reduced axes keep their order, which is that of the positions.
    axes.kept.sort_by(0);
    axes.kept.merge(), axes.reduced.merge();
    const bool near = std::abs(axes.reduced.inner_stride(0)) <= std::abs(axes.kept.inner_stride(0));
    const bool countable = axes.reduced.total() <= std::numeric_limits<Bits<T>>::max();
    axes.inner_reduced = axes.kept.axes().empty() || near || !countable;
    return finish(std::move(state), prepared);
}

template <class Op>
nd_status prepare(const nd_call* call, nd_prepared* prepared, nd_error*) {
    const int32_t out = call->out[0].dtype;
    if (has_layout(call) || (out != ND_INT64 && out != ND_INT32)) return ND_UNSUPPORTED;
    switch (call->in[0].dtype) {
        case ND_FLOAT32: return prepare_as<float, Op>(call, prepared);
        case ND_FLOAT64: return prepare_as<double, Op>(call, prepared);
        default: return ND_UNSUPPORTED;
    }
}

constexpr nd_kernel kernels[] = {{"argmax", guarded<prepare<Max>>}, {"argmin", guarded<prepare<Min>>}};

}  // namespace

extern const nd_kernel_list index_reduce_kernels = {kernels, std::size(kernels)};

}  // namespace nd::kernels
