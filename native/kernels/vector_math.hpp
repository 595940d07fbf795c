// Elementary functions over Vec<float> and Vec<double>, right at zeros, infinities, NaN and subnormals.
//
// Errors (measured by the tests against long double): float at most 2 ulp, double at most 3 ulp, for the rounded result.
// Polynomials are minimax fits of our own (Remez exchange at 50 digits, then rounded), on the intervals noted beside them.
// Rarely used float functions run in double lanes (in_double) and round once; a few double ones call the C library.
#pragma once

#include <cmath>
#include <limits>

#include "simd.hpp"

namespace nd::kernels::vector_math {

template <class T>
inline constexpr T infinity = std::numeric_limits<T>::infinity();

// a * b + c; not kFused: rounded twice on every instruction set, for results that must not depend on it.
template <bool kFused, class V>
ND_INLINE V multiply_add(V a, V b, V c) {
    if constexpr (kFused) {
        return fma(a, b, c);
    } else {
        return a * b + c;
    }
}

template <bool kFused = true, size_t I = 0, class V, class T, size_t N>
ND_INLINE V polynomial(V x, const T (&c)[N]) {
    if constexpr (I == N - 1) {
        return broadcast<T>(c[I]);
    } else {
        return multiply_add<kFused>(polynomial<kFused, I + 1>(x, c), x, broadcast<T>(c[I]));
    }
}

template <class M, class V>
ND_INLINE V select(M mask, V a, V b) {
    return mask ? a : b;
}

// A float function computed in double lanes.
template <class F>
ND_INLINE Vec<float> in_double(Vec<float> x, F&& f) {
    return as_float(f(lower_as_double(x)), f(upper_as_double(x)));
}
template <class F>
ND_INLINE Vec<float> in_double(Vec<float> a, Vec<float> b, F&& f) {
    return as_float(f(lower_as_double(a), lower_as_double(b)), f(upper_as_double(a), upper_as_double(b)));
}

template <class T>
struct Constants;

template <>
struct Constants<float> {
    // (expm1(r) - r) / r^2 on |r| <= ln(2)/2.
    static constexpr float expm1[] = {0.5f, 1.6666667e-01f, 4.166635e-02f, 8.333272e-03f, 1.3941168e-03f, 1.9914388e-04f};
    // ln 2 in two parts; the product of the first with an exponent is exact.
    static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    // (log(1 + f) - f + f^2/2) / f^3 on sqrt(1/2) <= 1 + f <= sqrt(2).
    static constexpr float log[] = {3.333331e-01f,   -2.4999987e-01f, 2.0002218e-01f,   -1.6669248e-01f, 1.4218807e-01f,
                                    -1.2384463e-01f, 1.1872096e-01f,  -1.17888995e-01f, 6.916147e-02f};
    static constexpr float exp_overflow = 88.8f, exp_underflow = -104.0f, expm1_floor = -18.0f;
    static constexpr float tanh_one = 10.0f;
    static constexpr float tiny = 1e-12f;  // below it expm1, log1p, sinh, asinh and atanh are the identity
    static constexpr int fraction_bits = 23;
    static constexpr int bias = 127;
    static constexpr float normalise = 0x1p24f, normalise_exponent = 24.0f;
};

template <>
struct Constants<double> {
    static constexpr double expm1[] = {0.5,
                                       0.16666666666666677,
                                       0.0416666666666667,
                                       0.008333333333321471,
                                       0.0013888888888866561,
                                       0.00019841269886592712,
                                       2.4801587361136994e-05,
                                       2.755724368449793e-06,
                                       2.7557242237198015e-07,
                                       2.5109237211009178e-08,
                                       2.0924611777286277e-09};
    static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
    // (log((1 + s) / (1 - s)) / s - 2) / s^2 as a polynomial in s^2, same interval as for float.
    static constexpr double log[] = {0.6666666666666731,  0.3999999999943343,  0.28571428739022925, 0.22222198861533676,
                                     0.18183551557592414, 0.15314332270120984, 0.14793501919695853};
    static constexpr double exp_overflow = 710.0, exp_underflow = -746.0, expm1_floor = -40.0;
    static constexpr double tanh_one = 22.0;
    static constexpr double tiny = 1e-100;
    static constexpr int fraction_bits = 52;
    static constexpr int bias = 1023;
    static constexpr double normalise = 0x1p54, normalise_exponent = 54.0;
};

// ------------------------------------------------------------------------------------------------------ exponentials

template <class V>
struct Reduced {
    V n;  // x = n ln 2 + r
    V r;
    V p;  // expm1(r)
};

template <class V>
ND_INLINE Reduced<V> reduce_exp(V x) {
    using T = Element<V>;
    using C = Constants<T>;
    const V n = round_to<Rounding::kNearestEven>(x * T(1.44269504088896340736));
    const V r = fma(n, broadcast<T>(-C::ln2_low), fma(n, broadcast<T>(-C::ln2_high), x));
    return {n, r, fma(r * r, polynomial(r, C::expm1), r)};
}

template <class V>
ND_INLINE V exp(V x) {
    using T = Element<V>;
    using C = Constants<T>;
    // Written so that NaN passes both comparisons unchanged.
    x = select(x > C::exp_overflow, broadcast<T>(C::exp_overflow), x);
    x = select(x < C::exp_underflow, broadcast<T>(C::exp_underflow), x);
    const auto [n, r, p] = reduce_exp(x);
    return scale_by_power_of_two(p + T(1), n);
}

// 2^n for integral n within the normal exponents.
template <class V>
ND_INLINE V power_of_two(V n) {
    using T = Element<V>;
    return scale_by_power_of_two(broadcast<T>(T(1)), n);
}

template <class V>
ND_INLINE V expm1(V x) {
    using T = Element<V>;
    using C = Constants<T>;
    V y = select(x > C::exp_overflow, broadcast<T>(C::exp_overflow), x);
    y = select(y < C::expm1_floor, broadcast<T>(C::expm1_floor), y);
    const auto [n, r, p] = reduce_exp(y);
    const V half = power_of_two(n - T(1));  // 2^n itself overflows before the result does
    const V result = fma(half, p, half - T(0.5)) * T(2);
    return select(abs(x) < C::tiny, x, result);
}

// tanh |x| = e / (e + 2) with e = expm1(2 |x|): no cancellation, one division.
template <class V>
ND_INLINE V tanh(V x) {
    using T = Element<V>;
    using C = Constants<T>;
    V a = abs(x);
    a = select(a > C::tanh_one, broadcast<T>(C::tanh_one), a);
    const auto [n, r, p] = reduce_exp(a + a);
    const V scale = power_of_two(n);
    const V e = fma(scale, p, scale - T(1));
    return copy_sign(e / (e + T(2)), x);
}

template <class V>
ND_INLINE V sigmoid(V x) {
    using T = Element<V>;
    const V e = exp(-abs(x));
    const V one = broadcast<T>(T(1));
    return select(x < T(0), e, one) / (one + e);
}

template <class V>
ND_INLINE V sinh(V x) {
    using T = Element<V>;
    const V a = abs(x), e = expm1(a);
    // Where expm1 overflows the result may not: exp(a/2) * exp(a/2) / 2.
    const V h = exp(a * T(0.5));
    const V r = select(a > T(80), (h * T(0.5)) * h, T(0.5) * (e + e / (e + T(1))));
    return copy_sign(select(a < Constants<T>::tiny, a, r), x);
}

template <class V>
ND_INLINE V cosh(V x) {
    using T = Element<V>;
    const V h = exp(abs(x) * T(0.5)), e = h * h;
    return select(abs(x) > T(80), (h * T(0.5)) * h, T(0.5) * (e + T(1) / e));
}

// -------------------------------------------------------------------------------------------------------- logarithms

template <class V>
struct Split {
    V k;  // x = 2^k (1 + f)
    V f;
};

// For finite x > 0; the fraction lies in [sqrt(1/2), sqrt(2)). kSubnormals: x may be subnormal.
template <bool kSubnormals = true, class V>
ND_INLINE Split<V> split_exponent(V x) {
    using T = Element<V>;
    using C = Constants<T>;
    using I = Bits<T>;
    const auto subnormal = x < std::numeric_limits<T>::min();
    const V y = kSubnormals ? select(subnormal, x * C::normalise, x) : x;
    // Subtracting the bits of sqrt(1/2) makes the exponent field count from there.
    constexpr I root_half = sizeof(T) == 4 ? I(0x3f3504f3) : I(0x3fe6a09e667f3bcd);
    const auto bits = bits_as<Mask<T>>(y) - root_half;
    const auto mantissa = (bits & ((I(1) << C::fraction_bits) - 1)) + root_half;
    // The exponent is small: it becomes a float by placing it in the fraction of a large power of two.
    constexpr T magic = sizeof(T) == 4 ? T(12582912.0) : T(6755399441055744.0);
    const auto exponent = (bits >> C::fraction_bits) + bits_as<I>(magic);
    const V k = bits_as<V>(exponent) - magic;
    return {kSubnormals ? select(subnormal, k - C::normalise_exponent, k) : k, bits_as<V>(mantissa) - T(1)};
}

// log(1 + f) for the fractions of split_exponent, plus k ln 2.
ND_INLINE Vec<float> log_of(Vec<float> k, Vec<float> f) {
    using C = Constants<float>;
    const auto square = f * f;
    auto r = fma(polynomial(f, C::log), f * square, k * C::ln2_low);
    r = fma(square, broadcast(-0.5f), r);
    return fma(k, broadcast(C::ln2_high), r + f);
}
template <bool kFused = true>
ND_INLINE Vec<double> log_of(Vec<double> k, Vec<double> f) {
    using C = Constants<double>;
    const auto s = f / (f + 2.0), z = s * s;
    const auto half_square = 0.5 * f * f;
    const auto r = s * multiply_add<kFused>(polynomial<kFused>(z, C::log), z, half_square);
    return k * C::ln2_high - ((half_square - (r + k * C::ln2_low)) - f);
}

// What log, log2 and log10 share: values outside (0, inf).
template <class V>
ND_INLINE V log_special(V x, V result) {
    using T = Element<V>;
    result = select(x == infinity<T>, x, result);
    result = select(x == T(0), broadcast<T>(-infinity<T>), result);
    return select(x >= T(0), result, broadcast<T>(std::numeric_limits<T>::quiet_NaN()));
}

template <class V>
ND_INLINE V log(V x) {
    const auto [k, f] = split_exponent(x);
    return log_special(x, log_of(k, f));
}

template <class V>
ND_INLINE V log2(V x) {
    using T = Element<V>;
    const auto [k, f] = split_exponent(x);
    return log_special(x, fma(log_of(V{}, f), broadcast<T>(T(1.44269504088896340736)), k));
}

// For the float result only: in double this is a few ulp off.
ND_INLINE Vec<double> log10(Vec<double> x) { return log(x) * 0.43429448190325182765; }

template <class V>
ND_INLINE V log1p(V x) {
    using T = Element<V>;
    const V u = x + T(1);
    // What the rounding of 1 + x lost.
    const V lost = select(x < T(1), x - (u - T(1)), T(1) - (u - x));
    const V r = log(u) + lost / u;
    const auto plain = (x == infinity<T>) | (abs(x) < Constants<T>::tiny);
    return select(plain, x, select(x == T(-1), broadcast<T>(-infinity<T>), r));
}

template <class V>
ND_INLINE V softplus(V x) {
    using T = Element<V>;
    return select(x > T(0), x, select(x != x, x, V{})) + log1p(exp(-abs(x)));
}

template <class V>
ND_INLINE V asinh(V x) {
    using T = Element<V>;
    const V a = abs(x), s = a * a;
    const V small = log1p(a + s / (T(1) + sqrt(s + T(1))));
    const V large = log(a) + T(0.69314718055994530942);
    const V r = select(a > T(sizeof(T) == 4 ? 1e18 : 1e150), large, small);
    return copy_sign(select(a < Constants<T>::tiny, a, r), x);
}

template <class V>
ND_INLINE V acosh(V x) {
    using T = Element<V>;
    const V t = x - T(1);
    const V small = log1p(t + sqrt(t * T(2) + t * t));
    const V r = select(x > T(sizeof(T) == 4 ? 1e18 : 1e150), log(x) + T(0.69314718055994530942), small);
    return select(x >= T(1), r, broadcast<T>(std::numeric_limits<T>::quiet_NaN()));
}

template <class V>
ND_INLINE V atanh(V x) {
    using T = Element<V>;
    const V a = abs(x);
    const V r = T(0.5) * log1p((a + a) / (T(1) - a));
    return copy_sign(select(a < Constants<T>::tiny, a, r), x);
}

}  // namespace nd::kernels::vector_math
