// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011). Element i depends on seed, counter and i alone, so the
// same seed gives the same numbers on every build and thread count.
#include <cmath>
#include <cstdint>
#include <memory>

#include "kernels/families.hpp"
#include "kernels/threads.hpp"

namespace nd::kernels {
namespace {

struct Block {
    uint32_t word[4];
};

Block philox(uint64_t seed, uint64_t counter) {
    constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57, kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
    auto key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
    Block b{{static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), 0, 0}};
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t{kMultiplier0} * b.word[0], p1 = uint64_t{kMultiplier1} * b.word[2];
        b = {{static_cast<uint32_t>(p1 >> 32) ^ b.word[1] ^ key0, static_cast<uint32_t>(p1),
              static_cast<uint32_t>(p0 >> 32) ^ b.word[3] ^ key1, static_cast<uint32_t>(p0)}};
        key0 += kWeyl0;
        key1 += kWeyl1;
    }
    return b;
}

// Uniform on [0, 1): four float32 or two float64 per block. `shift` moves it to (0, 1] for logarithms.
template <class T>
constexpr int kPerBlock = sizeof(T) == 4 ? 4 : 2;

template <class T>
T unit(const Block& b, int i, bool shift) {
    if constexpr (sizeof(T) == 4) {
        return static_cast<T>((b.word[i] >> 8) + (shift ? 1U : 0U)) * static_cast<T>(0x1p-24);
    } else {
        const uint64_t wide = b.word[2 * i] | uint64_t{b.word[2 * i + 1]} << 32;
        return static_cast<T>((wide >> 11) + (shift ? 1U : 0U)) * static_cast<T>(0x1p-53);
    }
}

enum class Law { kUniform, kNormal, kBernoulli };

template <class T, Law kLaw>
struct Random {
    int64_t count;
    double first, second;

    static nd_status run(const void* state, void*, char* const* in, char* const* out, char*, nd_error*) {
        const auto& self = *static_cast<const Random*>(state);
        const auto seed = static_cast<uint64_t>(*reinterpret_cast<const int64_t*>(in[0]));
        const auto counter = static_cast<uint64_t>(*reinterpret_cast<const int64_t*>(in[1]));
        T* y = reinterpret_cast<T*>(out[0]);
        constexpr int kWords = kPerBlock<T>;
        constexpr int64_t kBlocksPerPiece = 4096;
        const int64_t blocks = (self.count + kWords - 1) / kWords;
        const T a = static_cast<T>(self.first), b = static_cast<T>(self.second);
        parallel_for(blocks, kBlocksPerPiece, [&](int64_t begin, int64_t end) {
            for (int64_t k = begin; k < end; ++k) {
                const Block block = philox(seed, counter + static_cast<uint64_t>(k));
                T value[kWords];
                if constexpr (kLaw == Law::kNormal) {
                    for (int i = 0; i < kWords; i += 2) {  // Box-Muller
                        const T radius = std::sqrt(T(-2) * std::log(unit<T>(block, i, true)));
                        const T angle = T(6.283185307179586476925286766559) * unit<T>(block, i + 1, false);
                        value[i] = a + b * (radius * std::cos(angle));
                        value[i + 1] = a + b * (radius * std::sin(angle));
                    }
                } else {
                    for (int i = 0; i < kWords; ++i) {
                        const T u = unit<T>(block, i, false);
                        value[i] = kLaw == Law::kUniform ? a + (b - a) * u : (u < a ? T(1) : T(0));
                    }
                }
                for (int i = 0; i < kWords && k * kWords + i < self.count; ++i) y[k * kWords + i] = value[i];
            }
        });
        return ND_OK;
    }

    static nd_status prepare(const nd_call* call, nd_prepared* prepared) {
        const nd_desc& y = call->out[0];
        int64_t count = 1;
        for (int i = y.ndim - 1; i >= 0; --i) {
            if (y.shape[i] != 1 && y.strides[i] != count) return ND_UNSUPPORTED;
            count *= y.shape[i];
        }
        if (call->n_reals < (kLaw == Law::kBernoulli ? 1 : 2)) return ND_UNSUPPORTED;
        *prepared = nd_prepared{};
        prepared->state = new Random{count, call->reals[0], kLaw == Law::kBernoulli ? 0 : call->reals[1]};
        prepared->run = run;
        prepared->destroy = [](void* s) { delete static_cast<Random*>(s); };
        return ND_OK;
    }
};

template <Law kLaw>
nd_status prepare(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (call->in[0].dtype != ND_INT64 || call->in[1].dtype != ND_INT64) return ND_UNSUPPORTED;
    if (call->out[0].dtype == ND_FLOAT32) return Random<float, kLaw>::prepare(call, prepared);
    if (call->out[0].dtype == ND_FLOAT64) return Random<double, kLaw>::prepare(call, prepared);
    return ND_UNSUPPORTED;
}

constexpr nd_kernel kKernels[] = {
    {"random_uniform", prepare<Law::kUniform>},
    {"random_normal", prepare<Law::kNormal>},
    {"random_bernoulli", prepare<Law::kBernoulli>},
};

}  // namespace

extern const nd_kernel_list random_kernels = {kKernels, std::size(kKernels)};

}  // namespace nd::kernels
