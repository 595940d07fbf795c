// Accuracy of the floating-point loops, in units in the last place of the result, against long double.
#include <functional>
#include <random>
#include <vector>

#include "check.hpp"
#include "kernels/families.hpp"

namespace {

using Real = long double;

// Distance of a result from the exact value, in ulp of the exact value's place.
template <class T>
double ulps(T got, Real exact) {
    if (std::isnan(got) && std::isnan(exact)) return 0;
    const T rounded = static_cast<T>(exact);
    if (got == rounded && std::signbit(got) == std::signbit(rounded)) return 0;
    if (std::isnan(got) || std::isnan(exact) || std::isinf(rounded)) return 1e9;
    if (got == 0 && rounded == 0) return 1e9;  // the sign of zero is wrong
    int exponent;
    std::frexp(rounded, &exponent);
    constexpr int digits = std::numeric_limits<T>::digits, lowest = std::numeric_limits<T>::min_exponent;
    const Real unit = std::ldexp(Real{1}, std::max(exponent, lowest) - digits);
    return static_cast<double>(std::fabs(static_cast<Real>(got) - exact) / unit);
}

template <class T>
std::vector<T> samples(Real low, Real high, uint32_t seed) {
    std::mt19937_64 random(seed);
    std::vector<T> x;
    const Real bounds[] = {low, high};
    const auto inside = [&](Real v) { return v >= bounds[0] && v <= bounds[1]; };
    const auto add = [&](T v) {
        if (inside(v) || std::isnan(v)) x.push_back(v);
    };
    constexpr T infinity = std::numeric_limits<T>::infinity();
    for (T v : {T(0), T(1), T(2), T(0.5), T(10), T(1000), std::numeric_limits<T>::min(), std::numeric_limits<T>::denorm_min(),
                std::numeric_limits<T>::max(), infinity}) {
        add(v), add(-v);
    }
    add(std::numeric_limits<T>::quiet_NaN());
    std::uniform_real_distribution<double> uniform(0, 1);
    // Even over the interval (bounded), over all exponents, and close to 1.
    const Real a = std::max<Real>(low, -200), b = std::min<Real>(high, 200);
    for (int i = 0; i < 60000; ++i) {
        add(static_cast<T>(a + (b - a) * uniform(random)));
        const int spread = std::numeric_limits<T>::max_exponent;
        const T size = static_cast<T>(std::ldexp(1 + uniform(random), static_cast<int>((2 * uniform(random) - 1) * spread)));
        add(size), add(-size);
        const T small = static_cast<T>(std::ldexp(1 + uniform(random), static_cast<int>((4 - 24 * uniform(random)))));
        add(small), add(-small), add(1 + small), add(1 - small);
    }
    return x;
}

struct Case {
    const char* name;
    int op;
    Real (*exact)(Real);
    Real low, high;
    double float_ulps, double_ulps;
};

constexpr Real everything = std::numeric_limits<Real>::infinity();

Real sigmoid(Real x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
Real softplus(Real x) { return std::fmax(x, Real{0}) + std::log1p(std::exp(-std::fabs(x))) + (std::isnan(x) ? x : 0); }
Real reciprocal(Real x) { return 1 / x; }
Real rsqrt(Real x) { return 1 / std::sqrt(x); }
Real sign(Real x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

#define UNARY(name) #name, ND_UNARY_##name
const Case cases[] = {
    {UNARY(exp), [](Real x) { return std::exp(x); }, -everything, everything, 1.5, 1.5},
    {UNARY(expm1), [](Real x) { return std::expm1(x); }, -everything, everything, 2, 2},
    {UNARY(log), [](Real x) { return std::log(x); }, -everything, everything, 1.5, 1.5},
    {UNARY(log1p), [](Real x) { return std::log1p(x); }, -everything, everything, 2, 2},
    {UNARY(log2), [](Real x) { return std::log2(x); }, -everything, everything, 2, 2},
    {UNARY(log10), [](Real x) { return std::log10(x); }, -everything, everything, 0.6, 2},
    {UNARY(tanh), [](Real x) { return std::tanh(x); }, -everything, everything, 2.5, 2.5},
    {UNARY(sigmoid), sigmoid, -everything, everything, 2.5, 2.5},
    {UNARY(softplus), softplus, -everything, everything, 2, 2},
    {UNARY(sin), [](Real x) { return std::sin(x); }, -1e8, 1e8, 1.5, 1.5},
    {UNARY(cos), [](Real x) { return std::cos(x); }, -1e8, 1e8, 1.75, 1.5},
    {UNARY(tan), [](Real x) { return std::tan(x); }, -1e8, 1e8, 0.6, 3},
    {UNARY(asin), [](Real x) { return std::asin(x); }, -everything, everything, 0.6, 2.5},
    {UNARY(acos), [](Real x) { return std::acos(x); }, -everything, everything, 0.6, 2},
    {UNARY(atan), [](Real x) { return std::atan(x); }, -everything, everything, 0.6, 2},
    {UNARY(sinh), [](Real x) { return std::sinh(x); }, -everything, everything, 3, 3},
    {UNARY(cosh), [](Real x) { return std::cosh(x); }, -everything, everything, 3, 3},
    {UNARY(asinh), [](Real x) { return std::asinh(x); }, -everything, everything, 3, 3},
    {UNARY(acosh), [](Real x) { return std::acosh(x); }, -everything, everything, 3, 3},
    {UNARY(atanh), [](Real x) { return std::atanh(x); }, -everything, everything, 3, 3},
    {UNARY(erf), [](Real x) { return std::erf(x); }, -everything, everything, 2, 1.5},
    {UNARY(erfc), [](Real x) { return std::erfc(x); }, -everything, everything, 1, 6},
    {UNARY(sqrt), [](Real x) { return std::sqrt(x); }, -everything, everything, 0.501, 0.501},
    {UNARY(rsqrt), rsqrt, -everything, everything, 1.6, 1.6},
    {UNARY(reciprocal), reciprocal, -everything, everything, 0.501, 0.501},
    {UNARY(square), [](Real x) { return x * x; }, -everything, everything, 0.501, 0.501},
    {UNARY(neg), [](Real x) { return -x; }, -everything, everything, 0, 0},
    {UNARY(abs), [](Real x) { return std::fabs(x); }, -everything, everything, 0, 0},
    {UNARY(sign), sign, -everything, everything, 0, 0},
    {UNARY(ceil), [](Real x) { return std::ceil(x); }, -everything, everything, 0, 0},
    {UNARY(floor), [](Real x) { return std::floor(x); }, -everything, everything, 0, 0},
    {UNARY(trunc), [](Real x) { return std::trunc(x); }, -everything, everything, 0, 0},
    {UNARY(round), [](Real x) { return std::round(x); }, -everything, everything, 0, 0},
    {UNARY(rint), [](Real x) { return std::nearbyint(x); }, -everything, everything, 0, 0},
};

template <class T>
void accuracy(const Case& c, int dtype, double allowed) {
    const auto x = samples<T>(c.low, c.high, 7);
    std::vector<T> y(x.size());
    const auto loop = nd::kernels::kernel_table()->unary[c.op][dtype];
    loop(reinterpret_cast<const char*>(x.data()), sizeof(T), reinterpret_cast<char*>(y.data()), sizeof(T),
         static_cast<int64_t>(x.size()));
    double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < x.size(); ++i) {
        const double error = ulps(y[i], c.exact(x[i]));
        if (error > worst) worst = error, at = i;
    }
    std::ostringstream text;
    text.precision(17);
    text << c.name << (sizeof(T) == 4 ? " float" : " double") << " is off by " << worst << " ulp at " << x[at] << ": "
         << y[at] << ", exactly " << static_cast<double>(c.exact(x[at]));
    CHECK_WITH(worst <= allowed, text.str());
}

}  // namespace

TEST(unary_functions_are_accurate) {
    for (const Case& c : cases) {
        accuracy<float>(c, ND_FLOAT32, c.float_ulps);
        accuracy<double>(c, ND_FLOAT64, c.double_ulps);
    }
}
