// Circular functions, powers and the error function over vectors. Same conventions as vector_math.hpp.
#pragma once

#include "vector_math.hpp"

namespace nd::kernels::vector_math {

// ------------------------------------------------------------------------------------------------- sine, cosine, tangent

template <class V>
struct SineCosine {
    V sine, cosine;             // of the remainder
    Mask<Element<V>> quadrant;  // quarter turns to add; only the last two bits count
};

// The integer in a float lane, small against the size of its fraction, as bits.
template <class V>
ND_INLINE Mask<Element<V>> integer_bits(V n) {
    using T = Element<V>;
    return bits_as<Mask<T>>(n + (sizeof(T) == 4 ? T(12582912.0) : T(6755399441055744.0)));
}

// For |r| <= pi/4.
template <bool kFused = true>
ND_INLINE SineCosine<Vec<double>> sine_cosine_of_remainder(Vec<double> r, Mask<double> quadrant) {
    static constexpr double sine[] = {-0.16666666666666632,   0.00833333333332238,    -0.00019841269829777903,
                                      2.7557313680664586e-06, -2.505075623643203e-08, 1.589668078429238e-10};
    static constexpr double cosine[] = {0.0416666666666666,      -0.0013888888888874183, 2.4801587289508205e-05,
                                        -2.7557314357297305e-07, 2.0875723671157077e-09, -1.1359656553059045e-11};
    const auto z = r * r;
    const auto half = 0.5 * z, one_less = 1.0 - half;
    return {
        multiply_add<kFused>(polynomial<kFused>(z, sine) * z, r, r),
        one_less + multiply_add<kFused>(polynomial<kFused>(z, cosine), z * z, (1.0 - one_less) - half),
        quadrant,
    };
}
ND_INLINE SineCosine<Vec<float>> sine_cosine_of_remainder(Vec<float> r, Mask<float> quadrant) {
    static constexpr float sine[] = {-1.6666667e-01f, 8.333329e-03f, -1.9839297e-04f, 2.717943e-06f};
    static constexpr float cosine[] = {4.1666646e-02f, -1.3887339e-03f, 2.4434952e-05f};
    const auto z = r * r;
    return {
        fma(polynomial(z, sine) * z, r, r),
        fma(polynomial(z, cosine), z * z, fma(z, broadcast(-0.5f), broadcast(1.0f))),
        quadrant,
    };
}

template <class V>
ND_INLINE V whole_sine(const SineCosine<V>& p) {
    using T = Element<V>;
    const V r = select((p.quadrant & 1) != 0, p.cosine, p.sine);
    return bits_as<V>(bits_as<Mask<T>>(r) ^ ((p.quadrant & 2) << (sizeof(T) * 8 - 2)));
}
template <class V>
ND_INLINE V whole_cosine(const SineCosine<V>& p) {
    using T = Element<V>;
    const V r = select((p.quadrant & 1) != 0, p.sine, p.cosine);
    return bits_as<V>(bits_as<Mask<T>>(r) ^ (((p.quadrant + 1) & 2) << (sizeof(T) * 8 - 2)));
}

// Reduction to |r| <= pi/4 with pi/2 in three parts: of 33 bits or less for double, whose products are exact up to 2^20
// quarter turns; of full precision for float, which needs the fused operation.
template <class T>
inline constexpr T quarter_turn_limit = sizeof(T) == 4 ? T(1e5) : T(1.6e6);

ND_INLINE SineCosine<Vec<double>> sine_cosine(Vec<double> x) {
    const auto n = round_to<Rounding::kNearestEven>(x * 0.63661977236758134308);
    auto r = x - n * 0x1.921fb544p+0;
    r = r - n * 0x1.0b4611a6p-34;
    r = r - n * 0x1.3198a2e037073p-69;
    return sine_cosine_of_remainder(r, integer_bits(n));
}
ND_INLINE SineCosine<Vec<float>> sine_cosine(Vec<float> x) {
    const auto n = round_to<Rounding::kNearestEven>(x * 0.636619772f);
    auto r = fma(n, broadcast(-0x1.921fb6p+0f), x);
    r = fma(n, broadcast(0x1.777a5cp-25f), r);
    r = fma(n, broadcast(0x1.ee59dap-50f), r);
    return sine_cosine_of_remainder(r, integer_bits(n));
}

template <class V>
ND_INLINE V sin_reduced(V x) {
    return select(x == Element<V>(0), x, whole_sine(sine_cosine(x)));
}
template <class V>
ND_INLINE V cos_reduced(V x) {
    return whole_cosine(sine_cosine(x));
}
ND_INLINE Vec<double> tan_reduced(Vec<double> x) {
    const auto p = sine_cosine(x);
    const auto odd = (p.quadrant & 1) != 0;
    return select(x == 0.0, x, select(odd, -p.cosine, p.sine) / select(odd, p.sine, p.cosine));
}

// Large arguments need hundreds of bits of pi: the C library has them.
#define ND_PERIODIC(name)                                                      \
    ND_INLINE Vec<double> name(Vec<double> x) {                                \
        auto r = name##_reduced(x);                                            \
        const auto far = !(abs(x) < quarter_turn_limit<double>);               \
        if (any(far)) [[unlikely]]                                             \
            r = far ? each_lane(x, [](double v) { return std::name(v); }) : r; \
        return r;                                                              \
    }                                                                          \
    ND_INLINE Vec<float> name##_by_double(Vec<float> x) {                      \
        return in_double(x, [](Vec<double> v) { return name(v); });            \
    }
ND_PERIODIC(sin)
ND_PERIODIC(cos)
ND_PERIODIC(tan)
#undef ND_PERIODIC

ND_INLINE Vec<float> sin(Vec<float> x) {
    if constexpr (!fma_is_fused) return sin_by_double(x);
    if (any(!(abs(x) < quarter_turn_limit<float>))) [[unlikely]]
        return sin_by_double(x);
    return sin_reduced(x);
}
ND_INLINE Vec<float> cos(Vec<float> x) {
    if constexpr (!fma_is_fused) return cos_by_double(x);
    if (any(!(abs(x) < quarter_turn_limit<float>))) [[unlikely]]
        return cos_by_double(x);
    return cos_reduced(x);
}
ND_INLINE Vec<float> tan(Vec<float> x) { return tan_by_double(x); }

// ----------------------------------------------------------------------------------------------------- inverse functions

// For 0 <= x <= 1.
ND_INLINE Vec<double> atan_unit(Vec<double> x) {
    // (atan(t)/t - 1) / t^2 as a polynomial in t^2, |t| <= tan(pi/8).
    static constexpr double c[] = {-0.33333333333333326, 0.19999999999997717,  -0.1428571428539274,  0.11111111088421088,
                                   -0.09090908152016755, 0.07692282906516637,  -0.06666228697450761, 0.05877038907107728,
                                   -0.05218504635426307, 0.045039236714959165, -0.03348251340947208, 0.01520276446036114};
    const auto upper = x > 0.41421356237309504880;
    const auto t = select(upper, (x - 1.0) / (x + 1.0), x);
    const auto z = t * t;
    const auto p = polynomial(z, c) * z;
    // pi/4 in two parts.
    return select(upper, 0.78539816339744830962 + (fma(p, t, broadcast(3.061616997868383e-17)) + t), fma(p, t, t));
}

ND_INLINE Vec<double> atan(Vec<double> x) {
    const auto a = abs(x);
    const auto inverted = a > 1.0;
    const auto r = atan_unit(select(inverted, 1.0 / a, a));
    return copy_sign(select(inverted, 1.57079632679489661923 - (r - 6.123233995736766e-17), r), x);
}

ND_INLINE Vec<double> atan2(Vec<double> y, Vec<double> x) {
    const auto a = abs(y), b = abs(x);
    const auto steep = a > b;
    auto ratio = select(steep, b, a) / select(steep, a, b);
    ratio = select(a == b, select(a == 0.0, Vec<double>{}, broadcast(1.0)), ratio);
    auto r = atan_unit(ratio);
    r = select(steep, 1.57079632679489661923 - (r - 6.123233995736766e-17), r);
    const auto left = bits_as<Mask<double>>(x) < 0;
    r = select(left, 3.14159265358979323846 - (r - 1.2246467991473532e-16), r);
    return select((x != x) | (y != y), x + y, copy_sign(r, y));
}

// asin for 0 <= x <= 1/2, given x and x^2.
ND_INLINE Vec<double> asin_half(Vec<double> x, Vec<double> z) {
    static constexpr double c[] = {0.1666666666666676,   0.07499999999970774,   0.04464285717472064,  0.030381942700083375,
                                   0.022372215250603844, 0.017351606723243977,  0.013980888754784255, 0.011398326093332618,
                                   0.010783651797853388, 0.0036932580236394355, 0.021739991949089595, -0.021045670985786906,
                                   0.032658010943931046};
    return fma(polynomial(z, c) * z, x, x);
}

ND_INLINE Vec<double> asin(Vec<double> x) {
    const auto a = abs(x);
    const auto outer = a > 0.5;
    const auto z = select(outer, (1.0 - a) * 0.5, a * a);
    const auto r = asin_half(select(outer, sqrt(z), a), z);
    return copy_sign(select(outer, 1.57079632679489661923 - (2.0 * r - 6.123233995736766e-17), r), x);
}

ND_INLINE Vec<double> acos(Vec<double> x) {
    const auto a = abs(x);
    const auto outer = a > 0.5;
    const auto z = select(outer, (1.0 - a) * 0.5, a * a);
    const auto r = asin_half(select(outer, sqrt(z), a), z);
    const auto inner = 1.57079632679489661923 - (copy_sign(r, x) - 6.123233995736766e-17);
    return select(outer, select(x < 0.0, 3.14159265358979323846 - (2.0 * r - 1.2246467991473532e-16), 2.0 * r), inner);
}

#define ND_BY_DOUBLE(name)                                          \
    ND_INLINE Vec<float> name(Vec<float> x) {                       \
        return in_double(x, [](Vec<double> v) { return name(v); }); \
    }
ND_BY_DOUBLE(atan)
ND_BY_DOUBLE(asin)
ND_BY_DOUBLE(acos)
ND_BY_DOUBLE(log10)
#undef ND_BY_DOUBLE

ND_INLINE Vec<float> atan2(Vec<float> y, Vec<float> x) {
    return in_double(y, x, [](Vec<double> a, Vec<double> b) { return atan2(a, b); });
}

// ----------------------------------------------------------------------------------------------------------------- power

// a^b for the values of positive finite floats a: short polynomials, since only the float result counts.
ND_INLINE Vec<double> positive_power(Vec<double> a, Vec<double> b) {
    // As Constants<double>::log and Constants<float>::expm1, with relative errors of 1e-11 and 5e-11.
    static constexpr double log_terms[] = {0.6666666566125392, 0.4000033271455558, 0.2853742410279248, 0.23580503431185396};
    static constexpr double exp_terms[] = {0.5000000076791639,   0.16666666861537033,   0.041666271711184845,
                                           0.008333264046420005, 0.0013946024553145057, 0.00019918593794694784};
    const auto [k, f] = split_exponent<false>(a);
    const auto s = f / (f + 2.0), z = s * s, square = 0.5 * f * f;
    const auto log1p_f = f - (square - s * fma(polynomial(z, log_terms), z, square));
    auto t = b * fma(k, broadcast(0.69314718055994530942), log1p_f);
    // Beyond these the float result is infinite or 0; NaN passes both comparisons.
    t = select(t > 100.0, broadcast(100.0), t);
    t = select(t < -150.0, broadcast(-150.0), t);
    const auto n = round_to<Rounding::kNearestEven>(t * 1.44269504088896340736);
    const auto e = fma(n, broadcast(-0.69314718055994530942), t);
    return scale_by_power_of_two(fma(e * e, polynomial(e, exp_terms), e) + 1.0, n);
}

// As C's pow.
ND_INLINE Vec<float> pow(Vec<float> a, Vec<float> b) {
    const auto one = broadcast(1.0f), none = Vec<float>{}, huge = broadcast(infinity<float>);
    const auto size = abs(a);
    auto r = in_double(size, b, [](Vec<double> x, Vec<double> y) { return positive_power(x, y); });
    r = select(size == 0.0f, select(b < 0.0f, huge, none), r);
    r = select(size == infinity<float>, select(b < 0.0f, none, huge), r);
    const auto whole = round_to<Rounding::kDown>(b) == b;
    const auto half = b * 0.5f;
    const auto odd = whole & (round_to<Rounding::kDown>(half) != half);
    r = select(odd, copy_sign(r, a), r);
    // A negative number has no power but whole ones; what is not a number stays so.
    r = select((a < 0.0f) & (size < infinity<float>)&~whole, broadcast(std::numeric_limits<float>::quiet_NaN()), r);
    r = select((a != a) | (b != b), a + b, r);
    return select((b == 0.0f) | (a == 1.0f) | ((a == -1.0f) & (abs(b) == infinity<float>)), one, r);
}
ND_INLINE Vec<double> pow(Vec<double> a, Vec<double> b) {
    return each_lane(a, b, [](double x, double y) { return std::pow(x, y); });
}

// -------------------------------------------------------------------------------------------------------- error function

ND_INLINE Vec<float> erf(Vec<float> x) {
    // erf(x)/x - 1 in x^2 on [0, 1], and -log(erfc(x)) on [1, 4]; from 4 on erf is 1 in float.
    static constexpr float small[] = {1.2837917e-01f, -3.7612626e-01f, 1.12836e-01f, -2.6854444e-02f,
                                      5.1895333e-03f, -8.0208236e-04f, 7.889061e-05f};
    static constexpr float large[] = {-1.8803515e-04f, 1.1295784e+00f, 6.3321996e-01f,  1.0841853e-01f,
                                      -2.5208231e-02f, 4.204553e-03f,  -4.4133468e-04f, 2.1686712e-05f};
    const auto a = abs(x), z = x * x;
    const auto inner = fma(polynomial(z, small), x, x);
    const auto t = select(a > 4.0f, broadcast(4.0f), a);
    const auto outer = copy_sign(1.0f - exp(-polynomial(t, large)), x);
    return select(a < 1.0f, inner, outer);
}

// exp(x^2) erfc(x) = t exp(p(t)) with t = 1 / (1 + x/2), for the float result only.
ND_INLINE Vec<double> erfc_in_double(Vec<double> x) {
    static constexpr double c[] = {-1.2655059968769755, 0.9997776822244423,  0.3785800321957557, 0.04949261176570318,
                                   0.12322937099392657, -1.0338627111131526, 2.5763707152725064, -5.613820237161359,
                                   8.380050442980489,   -7.756784168669382,  4.333598872387563,  -1.3544408765407927,
                                   0.18331426269699128};
    const auto a = abs(x);
    const auto b = select(a > 12.0, broadcast(12.0), a);
    const auto t = 1.0 / fma(b, broadcast(0.5), broadcast(1.0));
    const auto r = t * exp(polynomial(t, c) - b * b);
    return select(x < 0.0, 2.0 - r, r);
}
ND_INLINE Vec<float> erfc(Vec<float> x) {
    return in_double(x, [](Vec<double> v) { return erfc_in_double(v); });
}

#define ND_BY_LIBRARY(name)                                         \
    ND_INLINE Vec<double> name(Vec<double> x) {                     \
        return each_lane(x, [](double v) { return std::name(v); }); \
    }
ND_BY_LIBRARY(erf)
ND_BY_LIBRARY(erfc)
#undef ND_BY_LIBRARY

// ----------------------------------------------------------------------------------------------------------- remainders

// As C's fmod: the remainder has the sign of a.
ND_INLINE Vec<double> fmod(Vec<double> a, Vec<double> b) {
    return each_lane(a, b, [](double x, double y) { return std::fmod(x, y); });
}
ND_INLINE Vec<double> fmod_of_floats(Vec<double> a, Vec<double> b) {
    // Operands have 24 bits: quotients below 2^28 make an exact product, and a quotient rounded up to an integer shows.
    const auto q = round_to<Rounding::kToZero>(a / b);
    auto r = a - q * b;
    const auto size = abs(b);
    r = select((r != 0.0) & ((r < 0.0) != (a < 0.0)), copy_sign(size - abs(r), a), r);
    r = copy_sign(r, a);
    const auto hard = (abs(q) >= 0x1p28) | (q != q) | (size == infinity<double>);
    if (any(hard)) [[unlikely]]
        r = hard ? fmod(a, b) : r;
    return r;
}
ND_INLINE Vec<float> fmod(Vec<float> a, Vec<float> b) {
    return in_double(a, b, [](Vec<double> x, Vec<double> y) { return fmod_of_floats(x, y); });
}

}  // namespace nd::kernels::vector_math
