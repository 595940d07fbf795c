// A vector of the widest registers this build may use, and the few operations that the compiler's own vector arithmetic
// lacks. The only file that knows instruction sets: kernels are written once over Vec<T> for any lane count.
//
// Vec<T> is the compiler's vector type: + - * / & | ^ << >>, comparisons (giving Mask lanes of all or no bits) and
// `mask ? a : b` work on it directly. Contraction is off, so a * b + c rounds twice everywhere; fma() is explicit.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define ND_SIMD_AVX512 1
#define ND_SIMD_AVX2 0
#define ND_SIMD_SSE4 0
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#define ND_SIMD_AVX512 0
#define ND_SIMD_AVX2 1
#define ND_SIMD_SSE4 0
#else
#define ND_SIMD_AVX512 0
#define ND_SIMD_AVX2 0
#if defined(__SSE4_1__)
#define ND_SIMD_SSE4 1
#else
#define ND_SIMD_SSE4 0
#endif
#endif

// Vectors cross no translation unit of another instruction set, so their calling convention does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace nd::kernels {

inline constexpr int vector_bytes = ND_SIMD_AVX512 ? 64 : ND_SIMD_AVX2 ? 32 : 16;

template <class T, int Bytes>
struct VectorOf {
    typedef T type __attribute__((vector_size(Bytes)));
};

template <class T>
using Vec = typename VectorOf<T, vector_bytes>::type;
template <class T>
using HalfVec = typename VectorOf<T, vector_bytes / 2>::type;

template <class T>
inline constexpr int64_t lanes = vector_bytes / static_cast<int>(sizeof(T));

template <class V>
using Element = std::remove_cvref_t<decltype(std::declval<V&>()[0])>;

// The signed integer as wide as T: the lane type of comparisons.
template <class T>
using Bits =
    std::conditional_t<sizeof(T) == 8, int64_t,
                       std::conditional_t<sizeof(T) == 4, int32_t, std::conditional_t<sizeof(T) == 2, int16_t, int8_t>>>;
template <class T>
using Mask = Vec<Bits<T>>;

#define ND_INLINE [[gnu::always_inline]] inline

#if ND_SIMD_AVX512
// The unmasked intrinsics start from an undefined vector, of which the compiler warns.
inline constexpr uint16_t all_lanes = 0xffff;
#endif

// ------------------------------------------------------------------------------------------------------ making vectors

template <class T>
ND_INLINE Vec<T> broadcast(T value) {
    return value - Vec<T>{};  // minus +0 keeps every value, -0 too
}

template <class To, class From>
ND_INLINE To bits_as(From from) {
    static_assert(sizeof(To) == sizeof(From));
    return __builtin_bit_cast(To, from);
}

template <class T>
ND_INLINE Vec<T> load(const T* from) {
    Vec<T> v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

template <class T>
ND_INLINE void store(T* to, Vec<T> v) {
    std::memcpy(to, &v, sizeof v);
}

#if ND_SIMD_AVX512
template <class T>
ND_INLINE auto lane_mask(int64_t count) {
    return _bzhi_u64(~0ull, static_cast<unsigned>(count));
}
// The first `count` lanes (0 … lanes - 1); the others are zero.
template <class T>
ND_INLINE Vec<T> load_partial(const T* from, int64_t count) {
    const auto mask = lane_mask<T>(count);
    if constexpr (sizeof(T) == 1) return bits_as<Vec<T>>(_mm512_maskz_loadu_epi8(mask, from));
    if constexpr (sizeof(T) == 2) return bits_as<Vec<T>>(_mm512_maskz_loadu_epi16(static_cast<__mmask32>(mask), from));
    if constexpr (sizeof(T) == 4) return bits_as<Vec<T>>(_mm512_maskz_loadu_epi32(static_cast<__mmask16>(mask), from));
    if constexpr (sizeof(T) == 8) return bits_as<Vec<T>>(_mm512_maskz_loadu_epi64(static_cast<__mmask8>(mask), from));
}
template <class T>
ND_INLINE void store_partial(T* to, Vec<T> v, int64_t count) {
    const auto mask = lane_mask<T>(count);
    const auto bits = bits_as<__m512i>(v);
    if constexpr (sizeof(T) == 1) _mm512_mask_storeu_epi8(to, mask, bits);
    if constexpr (sizeof(T) == 2) _mm512_mask_storeu_epi16(to, static_cast<__mmask32>(mask), bits);
    if constexpr (sizeof(T) == 4) _mm512_mask_storeu_epi32(to, static_cast<__mmask16>(mask), bits);
    if constexpr (sizeof(T) == 8) _mm512_mask_storeu_epi64(to, static_cast<__mmask8>(mask), bits);
}
#elif ND_SIMD_AVX2
template <class T>
ND_INLINE __m256i lane_mask(int64_t count) {
    if constexpr (sizeof(T) == 4) {
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    } else {
        return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
    }
}
template <class T>
ND_INLINE Vec<T> load_partial(const T* from, int64_t count) {
    if constexpr (sizeof(T) == 4) {
        return bits_as<Vec<T>>(_mm256_maskload_epi32(reinterpret_cast<const int*>(from), lane_mask<T>(count)));
    } else if constexpr (sizeof(T) == 8) {
        return bits_as<Vec<T>>(_mm256_maskload_epi64(reinterpret_cast<const long long*>(from), lane_mask<T>(count)));
    } else {
        Vec<T> v{};
        std::memcpy(&v, from, static_cast<size_t>(count) * sizeof(T));
        return v;
    }
}
template <class T>
ND_INLINE void store_partial(T* to, Vec<T> v, int64_t count) {
    if constexpr (sizeof(T) == 4) {
        _mm256_maskstore_epi32(reinterpret_cast<int*>(to), lane_mask<T>(count), bits_as<__m256i>(v));
    } else if constexpr (sizeof(T) == 8) {
        _mm256_maskstore_epi64(reinterpret_cast<long long*>(to), lane_mask<T>(count), bits_as<__m256i>(v));
    } else {
        std::memcpy(to, &v, static_cast<size_t>(count) * sizeof(T));
    }
}
#else
template <class T>
ND_INLINE Vec<T> load_partial(const T* from, int64_t count) {
    Vec<T> v{};
    if constexpr (sizeof(T) >= 4) {
        for (int64_t i = 0; i < count; ++i) v[i] = from[i];
    } else {
        std::memcpy(&v, from, static_cast<size_t>(count) * sizeof(T));
    }
    return v;
}
template <class T>
ND_INLINE void store_partial(T* to, Vec<T> v, int64_t count) {
    if constexpr (sizeof(T) >= 4) {
        for (int64_t i = 0; i < count; ++i) to[i] = v[i];
    } else {
        std::memcpy(to, &v, static_cast<size_t>(count) * sizeof(T));
    }
}
#endif

// --------------------------------------------------------------------------------------------------- lane by lane

template <class V, class F>
ND_INLINE V each_lane(V x, F&& f) {
    V r{};
    for (int i = 0; i < static_cast<int>(sizeof(V) / sizeof(x[0])); ++i) r[i] = f(x[i]);
    return r;
}
template <class V, class F>
ND_INLINE V each_lane(V a, V b, F&& f) {
    V r{};
    for (int i = 0; i < static_cast<int>(sizeof(V) / sizeof(a[0])); ++i) r[i] = f(a[i], b[i]);
    return r;
}

// a * b + c, rounded once where the instruction set has it.
template <class V>
ND_INLINE V fma(V a, V b, V c) {
#if ND_SIMD_AVX512
    if constexpr (sizeof(Element<V>) == 4) return _mm512_fmadd_ps(a, b, c);
    if constexpr (sizeof(Element<V>) == 8) return _mm512_fmadd_pd(a, b, c);
#elif ND_SIMD_AVX2
    if constexpr (sizeof(Element<V>) == 4) return _mm256_fmadd_ps(a, b, c);
    if constexpr (sizeof(Element<V>) == 8) return _mm256_fmadd_pd(a, b, c);
#else
    return a * b + c;
#endif
}
inline constexpr bool fma_is_fused = ND_SIMD_AVX512 || ND_SIMD_AVX2;

template <class V>
ND_INLINE V sqrt(V x) {
#if ND_SIMD_AVX512
    if constexpr (sizeof(Element<V>) == 4) return _mm512_mask_sqrt_ps(x, all_lanes, x);
    if constexpr (sizeof(Element<V>) == 8) return _mm512_mask_sqrt_pd(x, 0xff, x);
#elif ND_SIMD_AVX2
    if constexpr (sizeof(Element<V>) == 4) return _mm256_sqrt_ps(x);
    if constexpr (sizeof(Element<V>) == 8) return _mm256_sqrt_pd(x);
#elif defined(__x86_64__)
    if constexpr (sizeof(Element<V>) == 4) return _mm_sqrt_ps(x);
    if constexpr (sizeof(Element<V>) == 8) return _mm_sqrt_pd(x);
#else
    return each_lane(x, [](auto v) { return std::sqrt(v); });
#endif
}

enum class Rounding { kNearestEven, kDown, kUp, kToZero };

template <Rounding R, class V>
ND_INLINE V round_to(V x) {
#if ND_SIMD_AVX512 || ND_SIMD_AVX2 || ND_SIMD_SSE4
    constexpr int mode = (R == Rounding::kNearestEven ? _MM_FROUND_TO_NEAREST_INT
                          : R == Rounding::kDown      ? _MM_FROUND_TO_NEG_INF
                          : R == Rounding::kUp        ? _MM_FROUND_TO_POS_INF
                                                      : _MM_FROUND_TO_ZERO) |
                         _MM_FROUND_NO_EXC;
#endif
#if ND_SIMD_AVX512
    if constexpr (sizeof(Element<V>) == 4) return _mm512_mask_roundscale_ps(x, all_lanes, x, mode);
    if constexpr (sizeof(Element<V>) == 8) return _mm512_mask_roundscale_pd(x, 0xff, x, mode);
#elif ND_SIMD_AVX2
    if constexpr (sizeof(Element<V>) == 4) return _mm256_round_ps(x, mode);
    if constexpr (sizeof(Element<V>) == 8) return _mm256_round_pd(x, mode);
#elif ND_SIMD_SSE4
    if constexpr (sizeof(Element<V>) == 4) return _mm_round_ps(x, mode);
    if constexpr (sizeof(Element<V>) == 8) return _mm_round_pd(x, mode);
#else
    return each_lane(x, [](auto v) {
        if constexpr (R == Rounding::kNearestEven) return std::nearbyint(v);
        if constexpr (R == Rounding::kDown) return std::floor(v);
        if constexpr (R == Rounding::kUp) return std::ceil(v);
        if constexpr (R == Rounding::kToZero) return std::trunc(v);
    });
#endif
}

template <class T>
ND_INLINE Vec<T> sign_bit() {
    return broadcast(static_cast<T>(-0.0));
}
template <class V>
ND_INLINE V abs(V x) {
    using T = Element<V>;
    return bits_as<V>(bits_as<Mask<T>>(x) & ~bits_as<Mask<T>>(sign_bit<T>()));
}
template <class V>
ND_INLINE V copy_sign(V magnitude, V sign) {
    using T = Element<V>;
    const auto mask = bits_as<Mask<T>>(sign_bit<T>());
    return bits_as<V>((bits_as<Mask<T>>(magnitude) & ~mask) | (bits_as<Mask<T>>(sign) & mask));
}

// m * 2^n for integral n in a float lane; right for subnormal results and overflow when |n| < 2 * (largest exponent).
template <class V>
ND_INLINE V scale_by_power_of_two(V m, V n) {
#if ND_SIMD_AVX512
    if constexpr (sizeof(Element<V>) == 4) return _mm512_mask_scalef_ps(m, all_lanes, m, n);
    if constexpr (sizeof(Element<V>) == 8) return _mm512_mask_scalef_pd(m, 0xff, m, n);
#else
    // 1.5 * 2^23 (2^52) leaves the integer in the low bits. Two factors, as 2^n alone may not be representable.
    using T = Element<V>;
    constexpr int fraction = sizeof(T) == 4 ? 23 : 52;
    constexpr T magic = sizeof(T) == 4 ? T(12582912.0) : T(6755399441055744.0);
    constexpr Bits<T> bias = sizeof(T) == 4 ? 127 : 1023;
    const V half = round_to<Rounding::kDown>(n * T(0.5));
    const auto power = [&](V k) { return bits_as<V>((bits_as<Mask<T>>(k + magic) + bias) << fraction); };
    return m * power(half) * power(n - half);
#endif
}

// ------------------------------------------------------------------------------------------------------- conversions

// The lower and upper half of float lanes as doubles, and back.
ND_INLINE Vec<double> lower_as_double(Vec<float> x) {
    HalfVec<float> h;
    std::memcpy(&h, &x, sizeof h);
    return __builtin_convertvector(h, Vec<double>);
}
ND_INLINE Vec<double> upper_as_double(Vec<float> x) {
    HalfVec<float> h;
    std::memcpy(&h, reinterpret_cast<const char*>(&x) + sizeof h, sizeof h);
    return __builtin_convertvector(h, Vec<double>);
}
ND_INLINE Vec<float> as_float(Vec<double> lower, Vec<double> upper) {
    const auto l = __builtin_convertvector(lower, HalfVec<float>), u = __builtin_convertvector(upper, HalfVec<float>);
    Vec<float> r;
    std::memcpy(&r, &l, sizeof l);
    std::memcpy(reinterpret_cast<char*>(&r) + sizeof l, &u, sizeof u);
    return r;
}

// float16 and float32, `lanes<float>` at a time. The portable forms give the same bits as the instructions.
ND_INLINE Vec<float> load_float16(const uint16_t* from);
ND_INLINE void store_float16(uint16_t* to, Vec<float> v);

namespace detail {
ND_INLINE float widen_float16(uint16_t half) {
    // Shifted into float's fields the value is 2^-112 too small; the multiplication also normalises subnormals.
    const uint32_t magnitude = static_cast<uint32_t>(half & 0x7fff) << 13;
    uint32_t bits;
    float value;
    std::memcpy(&value, &magnitude, sizeof value);
    value *= 0x1p112f;
    std::memcpy(&bits, &value, sizeof bits);
    if ((half & 0x7c00) == 0x7c00) bits = magnitude | 0x7f800000u | ((half & 0x3ff) ? 0x400000u : 0u);  // NaNs come out quiet
    bits |= static_cast<uint32_t>(half & 0x8000) << 16;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
ND_INLINE uint16_t narrow_float16(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = (bits >> 16) & 0x8000u;
    bits &= 0x7fffffffu;
    uint32_t half;
    if (bits > 0x7f800000u) {
        half = 0x7e00u | ((bits >> 13) & 0x3ffu);
    } else if (bits >= 0x477ff000u) {  // 65520 and more round to infinity
        half = 0x7c00u;
    } else if (bits < 0x38800000u) {  // subnormal: adding 0.5 rounds at the place of the last bit kept
        float shifted;
        std::memcpy(&shifted, &bits, sizeof shifted);
        shifted += 0.5f;
        std::memcpy(&half, &shifted, sizeof half);
        half -= 0x3f000000u;
    } else {
        half = (bits - 0x38000000u + 0xfffu + ((bits >> 13) & 1u)) >> 13;
    }
    return static_cast<uint16_t>(sign | half);
}
}  // namespace detail

ND_INLINE Vec<float> load_float16(const uint16_t* from) {
#if ND_SIMD_AVX512
    return _mm512_maskz_cvtph_ps(all_lanes, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#elif ND_SIMD_AVX2
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#else
    Vec<float> r;
    for (int i = 0; i < lanes<float>; ++i) r[i] = detail::widen_float16(from[i]);
    return r;
#endif
}
ND_INLINE void store_float16(uint16_t* to, Vec<float> v) {
#if ND_SIMD_AVX512
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                        _mm512_maskz_cvtps_ph(all_lanes, v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
#elif ND_SIMD_AVX2
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
#else
    for (int i = 0; i < lanes<float>; ++i) to[i] = detail::narrow_float16(v[i]);
#endif
}

// The products of the low 32 bits of each 64-bit lane, in full; what the upper bits hold does not matter.
ND_INLINE Vec<uint64_t> multiply_low_words(Vec<uint64_t> a, Vec<uint64_t> b) {
#if ND_SIMD_AVX512
    return bits_as<Vec<uint64_t>>(_mm512_maskz_mul_epu32(0xff, bits_as<__m512i>(a), bits_as<__m512i>(b)));
#elif ND_SIMD_AVX2
    return bits_as<Vec<uint64_t>>(_mm256_mul_epu32(bits_as<__m256i>(a), bits_as<__m256i>(b)));
#elif defined(__x86_64__)
    return bits_as<Vec<uint64_t>>(_mm_mul_epu32(bits_as<__m128i>(a), bits_as<__m128i>(b)));
#else
    return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

// a0 b0 a1 b1 … in two vectors.
template <class V>
struct Zipped {
    V low, high;
};
template <class V, int... kLane>
ND_INLINE Zipped<V> zip(V a, V b, std::integer_sequence<int, kLane...>) {
    constexpr int count = sizeof...(kLane), half = count / 2;
    return {__builtin_shufflevector(a, b, (kLane / 2 + kLane % 2 * count)...),
            __builtin_shufflevector(a, b, (half + kLane / 2 + kLane % 2 * count)...)};
}
template <class V>
ND_INLINE Zipped<V> zip(V a, V b) {
    return zip(a, b, std::make_integer_sequence<int, static_cast<int>(lanes<Element<V>>)>{});
}

// ------------------------------------------------------------------------------------------------------- across lanes

// Combines all lanes in a fixed tree.
template <class V, class F>
ND_INLINE Element<V> across(V v, F&& f) {
    using T = Element<V>;
    constexpr int half = static_cast<int>(sizeof(V) / sizeof(T)) / 2;
    if constexpr (half == 1) {
        return f(v[0], v[1]);
    } else {
        typedef typename VectorOf<T, static_cast<int>(sizeof(V)) / 2>::type H;
        H low, high;
        std::memcpy(&low, &v, sizeof low);
        std::memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof low, sizeof high);
        return across(f(low, high), f);
    }
}
template <class M>
ND_INLINE bool any(M mask) {
    return across(mask, [](auto a, auto b) { return a | b; }) != 0;
}
template <class V>
ND_INLINE Element<V> sum_across(V v) {
    return across(v, [](auto a, auto b) { return a + b; });
}

}  // namespace nd::kernels
