// any and all: bool from elements of any plain dtype, an element counting as true when it is not zero (NaN included).
#include "attributes.hpp"
#include "families.hpp"
#include "prepared.hpp"
#include "reduce_axes.hpp"
#include "threads.hpp"

namespace nd::kernels {
namespace {

constexpr int64_t chunk_elements = 4096;  // between two looks at whether the answer is known
constexpr int64_t elements_per_piece = 65536;

// all = not any of the elements is zero.
template <class T, bool kAny>
struct LogicalReduction {
    ReduceAxes axes;

    static bool found(T x) { return (x != T(0)) == kAny; }

    static bool found_in(const char* from, int64_t n, int64_t stride) {
        if (stride != sizeof(T)) {
            for (int64_t i = 0; i < n; ++i) {
                if (found(read<T>(from + i * stride))) return true;
            }
            return false;
        }
        const T* x = reinterpret_cast<const T*>(from);
        for (int64_t i = 0; i < n; i += chunk_elements) {
            const int64_t end = std::min(n, i + chunk_elements);
            unsigned seen = 0;
            for (int64_t j = i; j < end; ++j) seen |= found(x[j]);
            if (seen) return true;
        }
        return false;
    }

    void run(char* const* in, char* const* out, char*) const {
        const Walk &kept = axes.kept, &reduced = axes.reduced;
        const int64_t count = std::max<int64_t>(1, reduced.total());
        if (kept.total() == 0) return;
        if (!axes.inner_reduced) return run_columns(in[0], out[0]);
        const int64_t n = reduced.inner_size(), stride = reduced.inner_stride(0), runs = reduced.outer_size();
        parallel_for(kept.total(), std::max<int64_t>(1, elements_per_piece / count), [&](int64_t begin, int64_t end) {
            kept.for_runs(
                begin, end,
                [&](const int64_t* at) {
                    bool seen = false;
                    reduced.for_runs(0, runs, [&](const int64_t* offset) {
                        if (!seen) seen = found_in(in[0] + at[0] + offset[0], n, stride);
                    });
                    write<bool>(out[0] + at[1], seen == kAny);
                },
                0);
        });
    }

    void run_columns(const char* x, char* y) const {
        const Walk &kept = axes.kept, &reduced = axes.reduced;
        const int64_t n = kept.inner_size(), sx = kept.inner_stride(0), sy = kept.inner_stride(1), count = reduced.total();
        parallel_for(kept.outer_size(), std::max<int64_t>(1, elements_per_piece / (n * count + 1)),
                     [&](int64_t begin, int64_t end) {
                         kept.for_runs(begin, end, [&](const int64_t* at) {
                             uint8_t seen[chunk_elements];
                             for (int64_t j = 0; j < n; j += chunk_elements) {
                                 const int64_t width = std::min(chunk_elements, n - j);
                                 std::fill(seen, seen + width, uint8_t{0});
                                 reduced.for_runs(
                                     0, count,
                                     [&](const int64_t* offset) {
                                         const char* from = x + at[0] + offset[0] + j * sx;
                                         if (sx == sizeof(T)) {
                                             const T* row = reinterpret_cast<const T*>(from);
                                             for (int64_t i = 0; i < width; ++i) seen[i] |= found(row[i]);
                                         } else {
                                             for (int64_t i = 0; i < width; ++i) seen[i] |= found(read<T>(from + i * sx));
                                         }
                                     },
                                     0);
                                 char* to = y + at[1] + j * sy;
                                 for (int64_t i = 0; i < width; ++i) write<bool>(to + i * sy, (seen[i] != 0) == kAny);
                             }
                         });
                     });
    }
};

template <bool kAny>
nd_status prepare(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (has_layout(call) || call->out[0].dtype != ND_BOOL) return ND_UNSUPPORTED;
    nd_status status = ND_UNSUPPORTED;
    const auto as = [&]<class T>(T) {
        auto state = std::make_unique<LogicalReduction<T, kAny>>();
        state->axes = ReduceAxes(call);
        state->axes.sort_by_stride();
        status = finish(std::move(state), prepared);
    };
    if (call->in[0].dtype == ND_BOOL) {
        as(uint8_t{});  // any byte but 0 is true
        return status;
    }
    for_each_plain_type([&]<class T>(T value) {
        if constexpr (!std::is_same_v<T, bool>) {
            if (call->in[0].dtype == dtype_of<T>) as(value);
        }
    });
    return status;
}

constexpr nd_kernel kernels[] = {{"any", guarded<prepare<true>>}, {"all", guarded<prepare<false>>}};

}  // namespace

extern const nd_kernel_list logical_reduce_kernels = {kernels, std::size(kernels)};

}  // namespace nd::kernels
