// statistics: what a training monitor shows of one array, as float64:
//   [mean, sample standard deviation, mean magnitude, number of elements, minimum, maximum, counts of `bins` equal bins]
//
// Bins divide [minimum, maximum]; the last one holds the maximum. NaN counts in no bin and makes the moments NaN; infinities
// leave the bins empty. Without elements everything is 0. ints: bins (0: none).
#include <cmath>
#include <limits>

#include "attributes.hpp"
#include "families.hpp"
#include "prepared.hpp"
#include "strided.hpp"
#include "threads.hpp"
#include "vector_loops.hpp"

namespace nd::kernels {
namespace {

constexpr int64_t summary_fields = 6;
constexpr int64_t block_elements = 16384;  // unit of parallel work and of partial sums
constexpr int64_t blocks_per_piece = 2;

struct Partial {
    double sum = 0, magnitude = 0, low = std::numeric_limits<double>::infinity(), high = -low;
};

template <class T>
struct Statistics {
    Walk walk{1};
    int64_t bins = 0;

    // f(elements, count) over the array in tiles; runs of block b of `blocks` only.
    template <class F>
    void for_tiles(const char* x, int64_t block, int64_t blocks, F&& f) const {
        const int64_t n = walk.inner_size(), stride = walk.inner_stride(0), outer = walk.outer_size();
        const auto run = [&](const char* from, int64_t count) {
            if (stride == sizeof(T)) return f(reinterpret_cast<const T*>(from), count);
            T tile[tile_elements];
            for (int64_t i = 0; i < count; i += tile_elements) {
                const int64_t part = std::min(tile_elements, count - i);
                gather_run(from + i * stride, stride, tile, part);
                f(tile, part);
            }
        };
        if (outer == 1) {
            const int64_t begin = block * n / blocks, end = (block + 1) * n / blocks;
            return run(x + begin * stride, end - begin);
        }
        walk.for_runs(block * outer / blocks, (block + 1) * outer / blocks, [&](const int64_t* at) { run(x + at[0], n); });
    }

    static void add(Partial& p, const T* x, int64_t n) {
        constexpr int width = 8;
        double sum[width] = {}, magnitude[width] = {};
        T low[width], high[width];
        std::fill_n(low, width, std::numeric_limits<T>::infinity());
        std::fill_n(high, width, -std::numeric_limits<T>::infinity());
        const auto take = [&](int l, T v) {
            sum[l] += v;
            magnitude[l] += std::fabs(v);
            low[l] = v < low[l] ? v : low[l];
            high[l] = v > high[l] ? v : high[l];
        };
        int64_t i = 0;
        for (; i + width <= n; i += width) {
            for (int l = 0; l < width; ++l) take(l, x[i + l]);
        }
        for (int l = 0; i < n; ++i, ++l) take(l, x[i]);
        for (int l = 0; l < width; ++l) {
            p.sum += sum[l], p.magnitude += magnitude[l];
            p.low = std::min<double>(p.low, low[l]), p.high = std::max<double>(p.high, high[l]);
        }
    }

    static double squared_deviation(double mean, const T* x, int64_t n) {
        constexpr int width = 8;
        double sums[width] = {}, total = 0;
        int64_t i = 0;
        for (; i + width <= n; i += width) {
            for (int l = 0; l < width; ++l) sums[l] += (x[i + l] - mean) * (x[i + l] - mean);
        }
        for (; i < n; ++i) total += (x[i] - mean) * (x[i] - mean);
        for (double s : sums) total += s;
        return total;
    }

    void count(const char* x, double low, double high, double* counts) const {
        if (!std::isfinite(low) || !std::isfinite(high)) return;
        const double per_unit = high > low ? static_cast<double>(bins) / (high - low) : 0;
        for_tiles(x, 0, 1, [&](const T* values, int64_t n) {
            for (int64_t i = 0; i < n; ++i) {
                const double v = values[i];
                if (v != v) continue;
                const auto bin = static_cast<int64_t>((v - low) * per_unit);
                counts[bin < bins ? bin : bins - 1] += 1;
            }
        });
    }

    void run(char* const* in, char* const* out, char* scratch) const {
        double* result = reinterpret_cast<double*>(out[0]);
        std::fill_n(result, summary_fields + bins, 0.0);
        const int64_t total = walk.total();
        if (total == 0) return;
        const int64_t blocks = block_count(total);
        auto* partial = reinterpret_cast<Partial*>(scratch);
        const auto each_block = [&](auto&& body) {
            parallel_for(blocks, blocks_per_piece, [&](int64_t begin, int64_t end) {
                for (int64_t b = begin; b < end; ++b) body(b);
            });
        };
        each_block([&](int64_t b) {
            partial[b] = Partial{};
            for_tiles(in[0], b, blocks, [&](const T* x, int64_t n) { add(partial[b], x, n); });
        });
        Partial all;
        for (int64_t b = 0; b < blocks; ++b) {
            all.sum += partial[b].sum, all.magnitude += partial[b].magnitude;
            all.low = std::min(all.low, partial[b].low), all.high = std::max(all.high, partial[b].high);
        }
        const auto n = static_cast<double>(total);
        const double mean = all.sum / n;
        each_block([&](int64_t b) {
            partial[b].sum = 0;
            for_tiles(in[0], b, blocks, [&](const T* x, int64_t k) { partial[b].sum += squared_deviation(mean, x, k); });
        });
        double squares = 0;
        for (int64_t b = 0; b < blocks; ++b) squares += partial[b].sum;
        const double summary[summary_fields] = {
            mean, total > 1 ? std::sqrt(squares / (n - 1)) : 0, all.magnitude / n, n, all.low, all.high};
        std::copy(summary, summary + summary_fields, result);
        if (bins > 0) count(in[0], all.low, all.high, result + summary_fields);
    }

    static int64_t block_count(int64_t total) { return (total + block_elements - 1) / block_elements; }
};

template <class T>
nd_status prepare_as(const nd_call* call, nd_prepared* prepared) {
    auto state = std::make_unique<Statistics<T>>();
    state->bins = AttributeReader(call).integer();
    const nd_desc& out = call->out[0];
    if (state->bins < 0 || count_of(out) != summary_fields + state->bins || !is_contiguous(out)) {
        throw std::invalid_argument("statistics: the output must be a contiguous array of 6 + bins elements");
    }
    state->walk = Walk::over({&call->in[0]});
    state->walk.sort_by(0);
    state->walk.merge();
    const auto blocks = static_cast<size_t>(Statistics<T>::block_count(state->walk.total()));
    return finish(std::move(state), prepared, blocks * sizeof(Partial));
}

nd_status prepare(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (has_layout(call)) return ND_NEEDS_PLAIN;
    if (call->out[0].dtype != ND_FLOAT64) return ND_UNSUPPORTED;
    switch (call->in[0].dtype) {
        case ND_FLOAT32: return prepare_as<float>(call, prepared);
        case ND_FLOAT64: return prepare_as<double>(call, prepared);
        default: return ND_UNSUPPORTED;
    }
}

constexpr nd_kernel kernels[] = {{"statistics", guarded<prepare>}};

}  // namespace

extern const nd_kernel_list statistics_kernels = {kernels, std::size(kernels)};

}  // namespace nd::kernels
