// Reductions of float arrays over any set of axes.
//
// Axes are ordered by the input's strides and merged. If the innermost is reduced, every output is the reduction of runs
// ("rows"); if it is kept, a strip of outputs is accumulated run by run ("columns"). Sums go through blocks that are added
// pairwise. Large reductions are cut into pieces of a fixed size, so the result does not depend on the number of threads.
#include <cstring>

#include "attributes.hpp"
#include "families.hpp"
#include "half_tiles.hpp"
#include "prepared.hpp"
#include "reduce_axes.hpp"
#include "reduce_operations.hpp"
#include "threads.hpp"

namespace nd::kernels {
namespace {

using namespace reductions;

constexpr int64_t strip_elements = 512;    // outputs accumulated together: a few KB, stays in L1
constexpr int64_t piece_elements = 65536;  // of input per piece of parallel work

template <class T, class Op>
struct Reduction {
    ReduceAxes axes;

    // Combines elements of one row, at `from` with the inner stride, into the cascade.
    void add_row(Cascade<T, Op>& sum, const char* from, int64_t n, int64_t stride) const {
        alignas(vector_bytes) T tile[tile_elements];
        if (stride == sizeof(T)) {
            const T* x = reinterpret_cast<const T*>(from);
            for (int64_t i = 0; i < n; i += block_elements)
                sum.add(reduce_block<T, Op>(x + i, std::min(block_elements, n - i)));
            return;
        }
        for (int64_t i = 0; i < n; i += tile_elements) {
            const int64_t count = std::min(tile_elements, n - i);
            gather_run(from + i * stride, stride, tile, count);
            sum.add(reduce_block<T, Op>(tile, count));
        }
    }

    // Reduced runs begin … end-1 of the output whose first element is at x.
    T rows(const char* x, int64_t begin, int64_t end) const {
        const Walk& reduced = axes.reduced;
        const int64_t n = reduced.inner_size(), stride = reduced.inner_stride(0);
        if (end - begin == 1 && stride == sizeof(T) && n <= block_elements) {
            int64_t offset = 0;
            if (begin != 0) reduced.for_runs(begin, end, [&](const int64_t* o) { offset = o[0]; });
            return reduce_block<T, Op>(reinterpret_cast<const T*>(x + offset), n);
        }
        Cascade<T, Op> sum;
        reduced.for_runs(begin, end, [&](const int64_t* offset) { add_row(sum, x + offset[0], n, stride); });
        return sum.total();
    }

    void run_rows(const char* x, char* y, char* scratch) const {
        const Walk &kept = axes.kept, &reduced = axes.reduced;
        const int64_t runs = reduced.outer_size(), count = reduced.total();
        const int64_t outputs = kept.total();
        if (axes.pieces > 1) {
            // Few outputs of many elements: pieces of each output's runs (or of its only run) side by side.
            T* partial = reinterpret_cast<T*>(scratch);
            const int64_t pieces = axes.pieces;
            kept.for_runs(
                0, outputs,
                [&](const int64_t* at) {
                    parallel_for(pieces, 1, [&](int64_t begin, int64_t end) {
                        for (int64_t p = begin; p < end; ++p) partial[p] = piece(x + at[0], p, runs);
                    });
                    Cascade<T, Op> sum;
                    for (int64_t p = 0; p < pieces; ++p) sum.add(partial[p]);
                    write<T>(y + at[1], Op::finish(sum.total(), count));
                },
                0);
            return;
        }
        const int64_t grain = std::max<int64_t>(1, piece_elements / std::max<int64_t>(1, count));
        parallel_for(outputs, grain, [&](int64_t begin, int64_t end) {
            kept.for_runs(
                begin, end,
                [&](const int64_t* at) {
                    const T total = count ? rows(x + at[0], 0, runs) : Op::template start<T>;
                    write<T>(y + at[1], Op::finish(total, count));
                },
                0);
        });
    }

    T piece(const char* x, int64_t p, int64_t runs) const {
        if (runs >= axes.pieces) return rows(x, p * runs / axes.pieces, (p + 1) * runs / axes.pieces);
        // One long run per output (more runs than that, but fewer than pieces, are cut together).
        const Walk& reduced = axes.reduced;
        const int64_t n = reduced.inner_size(), stride = reduced.inner_stride(0);
        const int64_t from = p * n / axes.pieces, to = (p + 1) * n / axes.pieces;
        Cascade<T, Op> sum;
        reduced.for_runs(0, runs, [&](const int64_t* offset) {
            if (to > from) add_row(sum, x + offset[0] + from * stride, to - from, stride);
        });
        return sum.total();
    }

    // acc[j] = acc[j] with the elements of `rows` runs, `step` bytes apart, each `n` long.
    static void add_runs(T* acc, const char* const* runs, int64_t count, int64_t n) {
        int64_t r = 0;
        for (; r + 4 <= count; r += 4) {
            const T *a = row(runs[r]), *b = row(runs[r + 1]), *c = row(runs[r + 2]), *d = row(runs[r + 3]);
            const auto four = [](auto p, auto q, auto u, auto v) {
                return Op::combine(Op::combine(Op::map(p), Op::map(q)), Op::combine(Op::map(u), Op::map(v)));
            };
            int64_t i = 0;
            for (; i + lanes<T> <= n; i += lanes<T>) {
                store(acc + i, Op::combine(load(acc + i), four(load(a + i), load(b + i), load(c + i), load(d + i))));
            }
            // acc is a whole strip: its lanes past n may be written.
            if (const int64_t rest = n - i) {
                const auto part = [&](const T* x) { return load_partial(x + i, rest); };
                store(acc + i, Op::combine(load(acc + i), four(part(a), part(b), part(c), part(d))));
            }
        }
        for (; r < count; ++r) {
            const T* a = row(runs[r]);
            int64_t i = 0;
            for (; i + lanes<T> <= n; i += lanes<T>) store(acc + i, Op::combine(load(acc + i), Op::map(load(a + i))));
            for (; i < n; ++i) acc[i] = Op::combine(acc[i], Op::map(a[i]));
        }
    }
    static const T* row(const char* at) { return reinterpret_cast<const T*>(at); }

    // Accumulates runs begin … end-1 of a strip of n outputs into acc.
    void add_strip(const char* x, T* acc, int64_t n, int64_t stride, int64_t begin, int64_t end) const {
        constexpr int64_t together = 64;  // then the sum of these moves up: fewer roundings in a row
        alignas(vector_bytes) T part[strip_elements];
        T tile[4][strip_elements];
        const char* runs[together];
        int64_t filled = 0;
        const auto flush = [&] {
            std::fill(part, part + n, Op::template start<T>);
            if (stride == sizeof(T)) {
                add_runs(part, runs, filled, n);
            } else {
                for (int64_t r = 0; r < filled; r += 4) {
                    const char* gathered[4];
                    const int64_t four = std::min<int64_t>(4, filled - r);
                    for (int64_t k = 0; k < four; ++k) {
                        gather_run(runs[r + k], stride, tile[k], n);
                        gathered[k] = reinterpret_cast<const char*>(tile[k]);
                    }
                    add_runs(part, gathered, four, n);
                }
            }
            int64_t i = 0;
            for (; i + lanes<T> <= n; i += lanes<T>) store(acc + i, Op::combine(load(acc + i), load(part + i)));
            for (; i < n; ++i) acc[i] = Op::combine(acc[i], part[i]);
            filled = 0;
        };
        axes.reduced.for_runs(
            begin, end,
            [&](const int64_t* offset) {
                runs[filled++] = x + offset[0];
                if (filled == together) flush();
            },
            0);
        if (filled) flush();
    }

    void run_columns(const char* x, char* y, char* scratch) const {
        const Walk &kept = axes.kept, &reduced = axes.reduced;
        const int64_t n = kept.inner_size(), sx = kept.inner_stride(0), sy = kept.inner_stride(1), count = reduced.total();
        const int64_t strips = (n + strip_elements - 1) / strip_elements;
        const auto strip = [&](const int64_t* at, int64_t s, int64_t piece_begin, int64_t piece_end, T* acc) {
            const int64_t first = s * strip_elements, width = std::min(strip_elements, n - first);
            std::fill(acc, acc + width, Op::template start<T>);
            add_strip(x + at[0] + first * sx, acc, width, sx, piece_begin, piece_end);
            return width;
        };
        const auto write_strip = [&](const int64_t* at, int64_t s, const T* acc, int64_t width) {
            char* to = y + at[1] + s * strip_elements * sy;
            for (int64_t i = 0; i < width; ++i) write<T>(to + i * sy, Op::finish(acc[i], count));
        };
        if (axes.pieces > 1) {
            T* partial = reinterpret_cast<T*>(scratch);
            const int64_t pieces = axes.pieces;
            kept.for_runs(0, kept.outer_size(), [&](const int64_t* at) {
                for (int64_t s = 0; s < strips; ++s) {
                    parallel_for(pieces, 1, [&](int64_t begin, int64_t end) {
                        for (int64_t p = begin; p < end; ++p) {
                            strip(at, s, p * count / pieces, (p + 1) * count / pieces, partial + p * strip_elements);
                        }
                    });
                    const int64_t width = std::min(strip_elements, n - s * strip_elements);
                    for (int64_t i = 0; i < width; ++i) {
                        Cascade<T, Op> sum;
                        for (int64_t p = 0; p < pieces; ++p) sum.add(partial[p * strip_elements + i]);
                        partial[i] = sum.total();
                    }
                    write_strip(at, s, partial, width);
                }
            });
            return;
        }
        const int64_t grain =
            std::max<int64_t>(1, piece_elements / std::max<int64_t>(1, count * std::min(n, strip_elements)));
        parallel_for(kept.outer_size() * strips, grain, [&](int64_t begin, int64_t end) {
            alignas(vector_bytes) T acc[strip_elements];
            for (int64_t task = begin; task < end;) {
                const int64_t outer = task / strips, stop = std::min(end, (outer + 1) * strips);
                kept.for_runs(outer, outer + 1, [&](const int64_t* at) {
                    for (; task < stop; ++task) {
                        const int64_t s = task % strips;
                        write_strip(at, s, acc, strip(at, s, 0, count, acc));
                    }
                });
            }
        });
    }

    void run(char* const* in, char* const* out, char* scratch) const {
        if (axes.kept.total() == 0) return;
        if (axes.inner_reduced) {
            run_rows(in[0], out[0], scratch);
        } else {
            run_columns(in[0], out[0], scratch);
        }
    }
};

template <class T, class Op>
nd_status prepare_as(const nd_call* call, nd_prepared* prepared) {
    auto state = std::make_unique<Reduction<T, Op>>();
    state->axes = ReduceAxes(call);
    ReduceAxes& axes = state->axes;
    axes.sort_by_stride();
    const int64_t count = axes.reduced.total(),
                  tasks = axes.inner_reduced ? axes.kept.total() : axes.column_tasks(strip_elements);
    const int64_t width = axes.inner_reduced ? 1 : std::min(axes.kept.inner_size(), strip_elements);
    if (tasks > 0 && tasks < 4) axes.pieces = std::min<int64_t>(64, std::max<int64_t>(1, count * width / piece_elements));
    const size_t scratch =
        axes.pieces > 1 ? static_cast<size_t>(axes.pieces * (axes.inner_reduced ? 1 : strip_elements)) * sizeof(T) : 0;
    return finish(std::move(state), prepared, scratch);
}

template <class Op>
nd_status prepare(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (has_layout(call) || call->in[0].dtype != call->out[0].dtype) return ND_UNSUPPORTED;
    switch (call->in[0].dtype) {
        case ND_FLOAT32: return prepare_as<float, Op>(call, prepared);
        case ND_FLOAT64: return prepare_as<double, Op>(call, prepared);
        default: return ND_UNSUPPORTED;
    }
}

constexpr nd_kernel kernels[] = {
    {"sum", guarded<prepare<Sum>>},
    {"mean", guarded<prepare<Mean>>},
    {"prod", guarded<prepare<Prod>>},
    {"max", guarded<prepare<Max>>},
    {"min", guarded<prepare<Min>>},
    {"norm1", guarded<prepare<AbsoluteSum>>},
    {"norm2", guarded<prepare<Norm2>>},
    {"norm_max", guarded<prepare<AbsoluteMax>>},
    {"squared_norm", guarded<prepare<SquaredNorm>>},
    {"asum", guarded<prepare<AbsoluteSum>>},
    {"amean", guarded<prepare<AbsoluteMean>>},
    {"amax", guarded<prepare<AbsoluteMax>>},
    {"amin", guarded<prepare<AbsoluteMin>>},
};

}  // namespace

extern const nd_kernel_list reduce_kernels = {kernels, std::size(kernels)};

}  // namespace nd::kernels
