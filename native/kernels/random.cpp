// Random numbers as a function of (seed, counter, position): Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", 2011), key = seed, block number = counter + position.
//
// Element i of float32 takes word i mod 4 of block i/4; of float64, words 2j and 2j+1 (low, high) of block i/2, j = i mod 2.
// Normal numbers pair neighbours (Box-Muller, in double with every operation rounded alone). The result depends neither on
// the number of threads nor on the instruction set.
#include "attributes.hpp"
#include "families.hpp"
#include "prepared.hpp"
#include "strided.hpp"
#include "threads.hpp"
#include "vector_loops.hpp"
#include "vector_trigonometry.hpp"

namespace nd::kernels {
namespace {

namespace vm = vector_math;

constexpr int64_t elements_per_piece = 16384;

struct Stream {
    uint64_t seed, counter;
};

constexpr int group = 16;  // blocks made together, whatever the vector width
constexpr int vectors = group / static_cast<int>(lanes<uint64_t>);

// Word w of blocks first … first+15, one word in the low half of each lane.
struct Words {
    Vec<uint64_t> word[4][vectors];
};

ND_INLINE Words philox(const Stream& stream, uint64_t first) {
    // Only the low half of a lane counts until the end: the products ignore the rest.
    Vec<uint64_t> c[4][vectors] = {};
    for (int v = 0; v < vectors; ++v) {
        for (int l = 0; l < lanes<uint64_t>; ++l) {
            c[0][v][l] = stream.counter + first + static_cast<uint64_t>(v * lanes<uint64_t> + l);
        }
        c[1][v] = c[0][v] >> 32;
        c[2][v] = c[3][v] = Vec<uint64_t>{};
    }
    auto k0 = static_cast<uint32_t>(stream.seed), k1 = static_cast<uint32_t>(stream.seed >> 32);
    const Vec<uint64_t> m0 = Vec<uint64_t>{} + 0xD2511F53u, m1 = Vec<uint64_t>{} + 0xCD9E8D57u;
    for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) {
            const Vec<uint64_t> p0 = multiply_low_words(c[0][v], m0), p1 = multiply_low_words(c[2][v], m1);
            c[0][v] = (p1 >> 32) ^ c[1][v] ^ k0;
            c[1][v] = p1;
            c[2][v] = (p0 >> 32) ^ c[3][v] ^ k1;
            c[3][v] = p0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    Words words;
    for (int w = 0; w < 4; ++w) {
        for (int v = 0; v < vectors; ++v) words.word[w][v] = c[w][v] & 0xffffffffu;
    }
    return words;
}

ND_INLINE Vec<double> as_double(Vec<uint64_t> below_2_to_53) {
    return __builtin_convertvector(bits_as<Vec<int64_t>>(below_2_to_53), Vec<double>);
}

struct Pair {
    Vec<double> first, second;
};

// Two normal numbers from one number in (0, 1] and one in [0, 1).
ND_INLINE Pair box_muller(Vec<double> distance, Vec<double> turn) {
    const auto [k, f] = vm::split_exponent(distance);
    const auto radius = sqrt(-2.0 * vm::log_of<false>(k, f));
    const auto quarters = round_to<Rounding::kNearestEven>(turn * 4.0);
    const auto angle = (turn - quarters * 0.25) * 6.28318530717958647693;
    const auto parts = vm::sine_cosine_of_remainder<false>(angle, vm::integer_bits(quarters));
    return {radius * vm::whole_cosine(parts), radius * vm::whole_sine(parts)};
}

// Two neighbouring float32 elements share a 64-bit lane.
ND_INLINE Vec<float> pack_floats(Vec<double> low, Vec<double> high) {
    using Words32 = HalfVec<uint32_t>;
    const auto a = bits_as<Words32>(__builtin_convertvector(low, HalfVec<float>));
    const auto b = bits_as<Words32>(__builtin_convertvector(high, HalfVec<float>));
    return bits_as<Vec<float>>(__builtin_convertvector(a, Vec<uint64_t>) | (__builtin_convertvector(b, Vec<uint64_t>) << 32));
}

// Words of two neighbouring elements as floats in [0, 1), side by side.
ND_INLINE Vec<float> unit_floats(Vec<uint64_t> a, Vec<uint64_t> b) {
    const auto bits = bits_as<Vec<uint32_t>>(a | (b << 32)) >> 8;
    return __builtin_convertvector(bits_as<Vec<int32_t>>(bits), Vec<float>) * 0x1p-24f;
}
ND_INLINE Vec<double> unit_doubles(Vec<uint64_t> bits) { return as_double(bits >> 11) * 0x1p-53; }

// A distribution turns the random integers of two neighbouring elements into the elements: floats() takes 32-bit words and
// gives both side by side, doubles() takes 64-bit integers and gives two vectors.
template <class T>
struct Uniform {
    T scale, low;
    explicit Uniform(AttributeReader& read) {
        const double from = read.real(), to = read.real();
        scale = static_cast<T>(to - from), low = static_cast<T>(from);
    }
    ND_INLINE Vec<float> floats(Vec<uint64_t> a, Vec<uint64_t> b) const { return unit_floats(a, b) * scale + low; }
    ND_INLINE Pair doubles(Vec<uint64_t> a, Vec<uint64_t> b) const {
        return {unit_doubles(a) * scale + low, unit_doubles(b) * scale + low};
    }
};

template <class T>
struct Bernoulli {
    T p;
    explicit Bernoulli(AttributeReader& read) : p(static_cast<T>(read.real())) {}
    ND_INLINE Vec<float> floats(Vec<uint64_t> a, Vec<uint64_t> b) const {
        return unit_floats(a, b) < p ? broadcast(1.0f) : Vec<float>{};
    }
    ND_INLINE Pair doubles(Vec<uint64_t> a, Vec<uint64_t> b) const {
        const auto one = broadcast(1.0), zero = Vec<double>{};
        return {unit_doubles(a) < p ? one : zero, unit_doubles(b) < p ? one : zero};
    }
};

template <class T>
struct Normal {
    T mean, std;
    explicit Normal(AttributeReader& read) : mean(static_cast<T>(read.real())), std(static_cast<T>(read.real())) {}
    ND_INLINE Vec<float> floats(Vec<uint64_t> a, Vec<uint64_t> b) const {
        const auto z = box_muller((as_double(a >> 8) + 1.0) * 0x1p-24, as_double(b >> 8) * 0x1p-24);
        return pack_floats(z.first, z.second) * std + mean;
    }
    ND_INLINE Pair doubles(Vec<uint64_t> a, Vec<uint64_t> b) const {
        const auto z = box_muller((as_double(a >> 11) + 1.0) * 0x1p-53, unit_doubles(b));
        return {z.first * std + mean, z.second * std + mean};
    }
};

template <class T>
constexpr int64_t elements_per_group = group * 16 / static_cast<int64_t>(sizeof(T));

template <class Distribution>
void fill_group(const Distribution& distribution, const Stream& stream, uint64_t number, float* to) {
    const Words w = philox(stream, number * group);
    for (int v = 0; v < vectors; ++v) {
        const auto a = bits_as<Vec<uint64_t>>(distribution.floats(w.word[0][v], w.word[1][v]));
        const auto b = bits_as<Vec<uint64_t>>(distribution.floats(w.word[2][v], w.word[3][v]));
        const auto z = zip(a, b);
        store(to + 2 * v * lanes<float>, bits_as<Vec<float>>(z.low));
        store(to + (2 * v + 1) * lanes<float>, bits_as<Vec<float>>(z.high));
    }
}
template <class Distribution>
void fill_group(const Distribution& distribution, const Stream& stream, uint64_t number, double* to) {
    const Words w = philox(stream, number * group);
    for (int v = 0; v < vectors; ++v) {
        const auto pair = distribution.doubles(w.word[0][v] | (w.word[1][v] << 32), w.word[2][v] | (w.word[3][v] << 32));
        const auto z = zip(pair.first, pair.second);
        store(to + 2 * v * lanes<double>, z.low);
        store(to + (2 * v + 1) * lanes<double>, z.high);
    }
}

template <class T, template <class> class Distribution>
struct Random {
    Distribution<T> distribution;
    Walk walk{1};  // of the output, in row-major order
    bool contiguous = true;

    // Elements begin … end-1 into consecutive places.
    void generate(const Stream& stream, int64_t begin, int64_t end, T* to) const {
        constexpr int64_t size = elements_per_group<T>;
        alignas(vector_bytes) T tile[size];
        for (int64_t g = begin / size; g * size < end; ++g) {
            const int64_t first = std::max(begin, g * size), last = std::min(end, (g + 1) * size);
            T* place = last - first == size ? to + (first - begin) : tile;
            fill_group(distribution, stream, static_cast<uint64_t>(g), place);
            if (place == tile) std::copy(tile + (first - g * size), tile + (last - g * size), to + (first - begin));
        }
    }

    void run(char* const* in, char* const* out, char*) const {
        const Stream stream{read<uint64_t>(in[0]), read<uint64_t>(in[1])};
        const int64_t total = walk.total(), n = walk.inner_size(), stride = walk.inner_stride(0);
        if (contiguous) {
            parallel_for(total, elements_per_piece, [&](int64_t begin, int64_t end) {
                generate(stream, begin, end, reinterpret_cast<T*>(out[0]) + begin);
            });
            return;
        }
        if (total == 0) return;
        parallel_for(walk.outer_size(), std::max<int64_t>(1, elements_per_piece / n), [&](int64_t begin, int64_t end) {
            int64_t element = begin * n;
            walk.for_runs(begin, end, [&](const int64_t* at) {
                T tile[tile_elements];
                for (int64_t i = 0; i < n; i += tile_elements) {
                    const int64_t count = std::min(tile_elements, n - i);
                    generate(stream, element + i, element + i + count, tile);
                    scatter_run(tile, out[0] + at[0] + i * stride, stride, count);
                }
                element += n;
            });
        });
    }
};

template <class T, template <class> class Distribution>
nd_status prepare_as(const nd_call* call, nd_prepared* prepared) {
    AttributeReader read(call);
    auto state = std::make_unique<Random<T, Distribution>>(Random<T, Distribution>{Distribution<T>(read)});
    state->walk = Walk::over({&call->out[0]});
    state->walk.merge();
    state->contiguous = is_contiguous(call->out[0]);
    return finish(std::move(state), prepared);
}

template <template <class> class Distribution>
nd_status prepare(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (call->n_in != 2 || call->n_out != 1) return ND_UNSUPPORTED;
    for (int i = 0; i < 2; ++i) {
        const nd_desc& scalar = call->in[i];
        if ((scalar.dtype != ND_INT64 && scalar.dtype != ND_UINT64) || count_of(scalar) != 1) return ND_UNSUPPORTED;
    }
    switch (call->out[0].dtype) {
        case ND_FLOAT32: return prepare_as<float, Distribution>(call, prepared);
        case ND_FLOAT64: return prepare_as<double, Distribution>(call, prepared);
        default: return ND_UNSUPPORTED;
    }
}

constexpr nd_kernel kernels[] = {
    {"random_uniform", guarded<prepare<Uniform>>},
    {"random_normal", guarded<prepare<Normal>>},
    {"random_bernoulli", guarded<prepare<Bernoulli>>},
};

}  // namespace

extern const nd_kernel_list random_kernels = {kernels, std::size(kernels)};

}  // namespace nd::kernels
