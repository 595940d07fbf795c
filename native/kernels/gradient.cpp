// gradient_normalization: rescales or clips one flat gradient in place, after multiplying it by a factor.
//
// ints: mode (0 divide by the L2 norm, 1 clip each element to ±threshold, 2 scale down to L2 norm `threshold`);
// reals: threshold, factor. The norm is summed in double over fixed blocks: it does not depend on the number of threads.
#include <cmath>

#include "attributes.hpp"
#include "families.hpp"
#include "half_tiles.hpp"
#include "prepared.hpp"
#include "strided.hpp"
#include "threads.hpp"

namespace nd::kernels {
namespace {

enum Mode { kRenormalize = 0, kClipElements = 1, kClipNorm = 2 };

constexpr int64_t block_elements = 8192;
constexpr int64_t blocks_per_piece = 4;

template <class T>
double sum_of_squares(const T* x, int64_t n) {
    constexpr int width = 16;
    double sums[width] = {};
    int64_t i = 0;
    for (; i + width <= n; i += width) {
        for (int l = 0; l < width; ++l) sums[l] += static_cast<double>(x[i + l]) * x[i + l];
    }
    double total = 0;
    for (; i < n; ++i) total += static_cast<double>(x[i]) * x[i];
    for (double s : sums) total += s;
    return total;
}

template <class T>
struct Normalization {
    int64_t n = 0;
    Mode mode = kRenormalize;
    double threshold = 0, factor = 1;

    void run(char* const* in, char* const*, char* scratch) const {
        T* g = reinterpret_cast<T*>(in[0]);
        const int64_t blocks = (n + block_elements - 1) / block_elements;
        const auto extent = [&](int64_t b) { return std::min(block_elements, n - b * block_elements); };
        double scale = factor;
        if (mode != kClipElements) {
            double* partial = reinterpret_cast<double*>(scratch);
            parallel_for(blocks, blocks_per_piece, [&](int64_t begin, int64_t end) {
                for (int64_t b = begin; b < end; ++b) partial[b] = sum_of_squares(g + b * block_elements, extent(b));
            });
            double squares = 0;
            for (int64_t b = 0; b < blocks; ++b) squares += partial[b];
            const double norm = std::fabs(factor) * std::sqrt(squares);
            if (mode == kRenormalize) scale = factor / (norm == 0 ? 1e-5 : norm);
            if (mode == kClipNorm && norm > threshold) scale = factor * (threshold / norm);
        }
        const T by = static_cast<T>(scale), limit = static_cast<T>(threshold);
        if (mode != kClipElements && scale == 1) return;
        parallel_for(blocks, blocks_per_piece, [&](int64_t begin, int64_t end) {
            T* x = g + begin * block_elements;
            const int64_t count = std::min(n, end * block_elements) - begin * block_elements;
            if (mode == kClipElements) {
                for (int64_t i = 0; i < count; ++i) {
                    const T v = x[i] * by;
                    x[i] = v > limit ? limit : v < -limit ? -limit : v;
                }
            } else {
                for (int64_t i = 0; i < count; ++i) x[i] *= by;
            }
        });
    }
};

template <class T>
nd_status prepare_as(const nd_call* call, nd_prepared* prepared) {
    AttributeReader read(call);
    auto state = std::make_unique<Normalization<T>>();
    const int64_t mode = read.integer();
    if (mode < kRenormalize || mode > kClipNorm)
        throw std::invalid_argument("gradient_normalization: mode must be 0, 1 or 2");
    state->mode = static_cast<Mode>(mode);
    state->threshold = read.real();
    state->factor = read.real();
    state->n = count_of(call->in[0]);
    const auto blocks = static_cast<size_t>((state->n + block_elements - 1) / block_elements);
    return finish(std::move(state), prepared, blocks * sizeof(double), 1);
}

nd_status prepare(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (has_layout(call) || call->n_in < 1 || !is_contiguous(call->in[0])) return ND_UNSUPPORTED;
    switch (call->in[0].dtype) {
        case ND_FLOAT32: return prepare_as<float>(call, prepared);
        case ND_FLOAT64: return prepare_as<double>(call, prepared);
        default: return ND_UNSUPPORTED;
    }
}

constexpr nd_kernel kernels[] = {{"gradient_normalization", guarded<prepare>}};

}  // namespace

extern const nd_kernel_list gradient_kernels = {kernels, std::size(kernels)};

}  // namespace nd::kernels
