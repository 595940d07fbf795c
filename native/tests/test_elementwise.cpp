// The elementwise loops: every stride pattern, aliasing, sizes around the vector width, integers, halves, conversions.
#include <limits>
#include <vector>

#include "call.hpp"
#include "check.hpp"

namespace {

const nd_kernel_table* table() { return nd::kernels::kernel_table(); }

const int64_t lengths[] = {0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 255, 256, 257, 700};
const int64_t spacings[] = {1, 0, 2, 3};  // in elements

template <class T>
std::vector<T> numbers(int64_t n, uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<T> x(static_cast<size_t>(n));
    for (T& v : x) {
        if constexpr (std::is_floating_point_v<T>) {
            v = static_cast<T>(std::uniform_real_distribution<double>(-4, 4)(random));
        } else {
            v = static_cast<T>(std::uniform_int_distribution<int>(std::is_signed_v<T> ? -5 : 0, 5)(random));
        }
    }
    return x;
}

// The loop of `op` over all stride patterns against F applied one element at a time.
template <class T, class R, class F>
void check_binary(int op, F&& expected) {
    const auto loop = table()->binary[op][dtype_of<T>()];
    CHECK(loop != nullptr);
    for (int64_t n : lengths) {
        for (int64_t sa : spacings) {
            for (int64_t sb : spacings) {
                for (int64_t so : {1, 2}) {
                    const auto a = numbers<T>(n * 3 + 1, 1), b = numbers<T>(n * 3 + 1, 2);
                    std::vector<R> out(static_cast<size_t>(n * so + 1), R(7));
                    loop(reinterpret_cast<const char*>(a.data()), sa * int64_t{sizeof(T)},
                         reinterpret_cast<const char*>(b.data()), sb * int64_t{sizeof(T)},
                         reinterpret_cast<char*>(out.data()), so * int64_t{sizeof(R)}, n);
                    for (int64_t i = 0; i < n; ++i) {
                        const R want =
                            static_cast<R>(expected(a[static_cast<size_t>(i * sa)], b[static_cast<size_t>(i * sb)]));
                        CHECK_EQUAL(out[static_cast<size_t>(i * so)], want);
                    }
                    CHECK_EQUAL(out[static_cast<size_t>(n * so)], R(7));  // nothing past the end
                }
            }
        }
    }
}

template <class T, class R, class F>
void check_unary(int op, F&& expected) {
    const auto loop = table()->unary[op][dtype_of<T>()];
    CHECK(loop != nullptr);
    for (int64_t n : lengths) {
        for (int64_t sx : spacings) {
            for (int64_t so : {1, 2}) {
                const auto x = numbers<T>(n * 3 + 1, 3);
                std::vector<R> out(static_cast<size_t>(n * so + 1), R(7));
                loop(reinterpret_cast<const char*>(x.data()), sx * int64_t{sizeof(T)}, reinterpret_cast<char*>(out.data()),
                     so * int64_t{sizeof(R)}, n);
                for (int64_t i = 0; i < n; ++i) {
                    CHECK_EQUAL(out[static_cast<size_t>(i * so)], static_cast<R>(expected(x[static_cast<size_t>(i * sx)])));
                }
                CHECK_EQUAL(out[static_cast<size_t>(n * so)], R(7));
            }
        }
    }
}

template <class T>
T binary(int op, T a, T b) {
    T out{};
    table()->binary[op][dtype_of<T>()](reinterpret_cast<const char*>(&a), sizeof a, reinterpret_cast<const char*>(&b),
                                       sizeof b, reinterpret_cast<char*>(&out), sizeof out, 1);
    return out;
}
template <class T>
T unary(int op, T x) {
    T out{};
    table()->unary[op][dtype_of<T>()](reinterpret_cast<const char*>(&x), sizeof x, reinterpret_cast<char*>(&out), sizeof out,
                                      1);
    return out;
}

template <class From, class To>
To cast(From x) {
    To out{};
    table()->cast[dtype_of<From>()][dtype_of<To>()](reinterpret_cast<const char*>(&x), sizeof x,
                                                    reinterpret_cast<char*>(&out), sizeof out, 1);
    return out;
}

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST(float_loops_walk_every_stride) {
    check_binary<float, float>(ND_BINARY_add, [](float a, float b) { return a + b; });
    check_binary<double, double>(ND_BINARY_sub, [](double a, double b) { return a - b; });
    check_binary<float, float>(ND_BINARY_div, [](float a, float b) { return a / b; });
    check_binary<float, float>(ND_BINARY_maximum, [](float a, float b) { return a < b ? b : a; });
    check_binary<double, double>(ND_BINARY_squared_difference, [](double a, double b) { return (a - b) * (a - b); });
    check_binary<float, uint8_t>(ND_BINARY_lt, [](float a, float b) { return a < b; });
    check_binary<double, uint8_t>(ND_BINARY_gte, [](double a, double b) { return a >= b; });
    check_unary<float, float>(ND_UNARY_square, [](float x) { return x * x; });
    check_unary<double, double>(ND_UNARY_neg, [](double x) { return -x; });
    check_unary<float, float>(ND_UNARY_round, [](float x) { return std::round(x); });
    check_unary<double, double>(ND_UNARY_relu, [](double x) { return x > 0 ? x : 0; });
    check_unary<float, uint8_t>(ND_UNARY_is_finite, [](float) { return true; });
}

TEST(integer_loops_walk_every_stride) {
    check_binary<int32_t, int32_t>(ND_BINARY_mul, [](int32_t a, int32_t b) { return a * b; });
    check_binary<int8_t, int8_t>(ND_BINARY_add, [](int a, int b) { return a + b; });
    check_binary<uint16_t, uint16_t>(ND_BINARY_sub, [](int a, int b) { return a - b; });
    check_binary<int64_t, uint8_t>(ND_BINARY_eq, [](int64_t a, int64_t b) { return a == b; });
    check_binary<uint8_t, uint8_t>(ND_BINARY_bitwise_xor, [](int a, int b) { return a ^ b; });
    check_unary<int16_t, int16_t>(ND_UNARY_abs, [](int x) { return x < 0 ? -x : x; });
    check_unary<uint64_t, uint64_t>(ND_UNARY_bitwise_not, [](uint64_t x) { return ~x; });
    check_unary<int32_t, int32_t>(ND_UNARY_sign, [](int32_t x) { return (x > 0) - (x < 0); });
}

TEST(outputs_may_be_an_input) {
    for (int64_t n : lengths) {
        auto a = numbers<float>(n + 1, 1);
        const auto before = a, b = numbers<float>(n + 1, 2);
        char* place = reinterpret_cast<char*>(a.data());
        table()->binary[ND_BINARY_sub][ND_FLOAT32](reinterpret_cast<const char*>(b.data()), 4, place, 4, place, 4, n);
        for (size_t i = 0; i < static_cast<size_t>(n); ++i) CHECK_EQUAL(a[i], b[i] - before[i]);
    }
}

TEST(integers_divide_like_c_and_like_python) {
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_div, -7, 2), -3);
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_floor_div, -7, 2), -4);
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_mod, -7, 3), 2);
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_mod, 7, -3), -2);
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_fmod, -7, 3), -1);
    for (int op : {ND_BINARY_div, ND_BINARY_floor_div, ND_BINARY_mod, ND_BINARY_fmod}) {
        CHECK_EQUAL(binary<int64_t>(op, 5, 0), 0);
        CHECK_EQUAL(binary<uint8_t>(op, 5, 0), 0);
    }
    constexpr int32_t lowest = std::numeric_limits<int32_t>::min();
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_div, lowest, -1), lowest);
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_mod, lowest, -1), 0);
    CHECK_EQUAL(unary<int32_t>(ND_UNARY_abs, lowest), lowest);
    CHECK_EQUAL(unary<int32_t>(ND_UNARY_reciprocal, 0), 0);
    CHECK_EQUAL(unary<int32_t>(ND_UNARY_reciprocal, -1), -1);
}

TEST(integer_powers_and_shifts) {
    CHECK_EQUAL(binary<int64_t>(ND_BINARY_pow, -3, 5), -243);
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_pow, 2, -1), 0);
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_pow, -1, -3), -1);
    CHECK_EQUAL(binary<uint8_t>(ND_BINARY_pow, 3, 6), static_cast<uint8_t>(729));
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_left_shift, 3, 4), 48);
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_left_shift, 3, 32), 0);
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_right_shift, -8, 1), -4);
    CHECK_EQUAL(binary<int32_t>(ND_BINARY_right_shift, -8, 40), -1);
    CHECK_EQUAL(binary<int16_t>(ND_BINARY_right_shift, -8, -1), -1);
}

TEST(float_special_values) {
    CHECK(std::isnan(binary<double>(ND_BINARY_maximum, not_a_number, 1)));
    CHECK(std::isnan(binary<double>(ND_BINARY_maximum, 1, not_a_number)));
    CHECK(std::isnan(binary<float>(ND_BINARY_minimum, static_cast<float>(not_a_number), 1)));
    CHECK(std::isnan(unary<double>(ND_UNARY_relu, not_a_number)));
    CHECK_EQUAL(unary<double>(ND_UNARY_sign, not_a_number), 0.0);
    CHECK_EQUAL(unary<double>(ND_UNARY_round, -2.5), -3.0);
    CHECK_EQUAL(unary<double>(ND_UNARY_rint, -2.5), -2.0);
    CHECK_EQUAL(binary<double>(ND_BINARY_mod, -1, 3), 2.0);
    CHECK_EQUAL(binary<float>(ND_BINARY_mod, -1, 3), 2.0F);
    CHECK_EQUAL(binary<double>(ND_BINARY_fmod, -7.5, 2), -1.5);
    CHECK_EQUAL(binary<float>(ND_BINARY_fmod, 5, static_cast<float>(infinity)), 5.0F);
    CHECK_EQUAL(binary<double>(ND_BINARY_floor_div, -7, 2), -4.0);
    CHECK_EQUAL(binary<float>(ND_BINARY_floor_div, 7, -2), -4.0F);
    CHECK_EQUAL(binary<double>(ND_BINARY_floor_div, 1, 0), infinity);
    CHECK(std::isnan(binary<double>(ND_BINARY_mod, 1, 0)));
}

TEST(floats_remainder_is_exact) {
    const auto a = numbers<float>(4000, 5), b = numbers<float>(4000, 6);
    for (size_t i = 0; i < a.size(); ++i) {
        const float x = a[i] * std::ldexp(1.0F, static_cast<int>(i % 40)), y = b[i];
        if (y != 0) CHECK_EQUAL(binary<float>(ND_BINARY_fmod, x, y), std::fmod(x, y));
    }
}

TEST(float_powers_follow_c) {
    const float values[] = {0.0F,
                            -0.0F,
                            1,
                            -1,
                            2,
                            -2,
                            0.5F,
                            -0.5F,
                            3,
                            -3,
                            2.5F,
                            1e-40F,
                            1e30F,
                            static_cast<float>(infinity),
                            -static_cast<float>(infinity),
                            static_cast<float>(not_a_number)};
    for (float a : values) {
        for (float b : values) {
            const float got = binary<float>(ND_BINARY_pow, a, b), want = std::pow(a, b);
            CHECK_NEAR(got, want, 1e-7 * std::fabs(want));
            CHECK_EQUAL(std::signbit(got) && !std::isnan(got), std::signbit(want) && !std::isnan(want));
        }
    }
}

TEST(float_powers_are_accurate) {
    const auto a = numbers<float>(20000, 8), b = numbers<float>(20000, 9);
    for (size_t i = 0; i < a.size(); ++i) {
        const float x = std::fabs(a[i]) * std::ldexp(1.0F, static_cast<int>(i % 60) - 30), y = b[i] * 3;
        const double want = std::pow(static_cast<double>(x), static_cast<double>(y));
        CHECK_NEAR(binary<float>(ND_BINARY_pow, x, y), static_cast<double>(static_cast<float>(want)), 1.3e-7 * want);
    }
}

TEST(circular_functions_of_two_arguments_and_of_large_ones) {
    const double values[] = {0.0, -0.0, 1, -1, 1e-300, 2.5, -3, infinity, -infinity, not_a_number};
    for (double y : values) {
        for (double x : values) {
            CHECK_NEAR(binary<double>(ND_BINARY_atan2, y, x), std::atan2(y, x), 1e-15);
            CHECK_NEAR(binary<float>(ND_BINARY_atan2, static_cast<float>(y), static_cast<float>(x)),
                       std::atan2(static_cast<float>(y), static_cast<float>(x)), 3e-7);
        }
    }
    for (double x : {1e7, -3e15, 1e300}) {
        CHECK_NEAR(unary<double>(ND_UNARY_sin, x), std::sin(x), 1e-15);
        CHECK_NEAR(unary<double>(ND_UNARY_cos, x), std::cos(x), 1e-15);
    }
}

TEST(halves_round_once) {
    using nd::kernels::BFloat16;
    using nd::kernels::Float16;
    // Every float16 becomes the float of the same value, and comes back with the same bits.
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
        const Float16 half{static_cast<uint16_t>(bits)};
        const float value = cast<Float16, float>(half);
        const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
        const double size = exponent == 31 ? (fraction ? not_a_number : infinity)
                            : exponent     ? std::ldexp(1024 + fraction, exponent - 25)
                                           : std::ldexp(fraction, -24);
        const double want = bits & 0x8000 ? -size : size;
        CHECK(std::isnan(want) ? std::isnan(value) : value == want);
        if (!std::isnan(want)) CHECK_EQUAL((cast<float, Float16>(value).bits), half.bits);
    }
    // Ties go to even: 1 + 2^-11 lies between 1 and 1 + 2^-10; 65520 is the first to become infinite.
    CHECK_EQUAL((cast<float, Float16>(1.0F + 0x1p-11F).bits), 0x3c00);
    CHECK_EQUAL((cast<float, Float16>(1.0F + 0x1.8p-10F).bits), 0x3c02);
    CHECK_EQUAL((cast<float, Float16>(65519.0F).bits), 0x7bff);
    CHECK_EQUAL((cast<float, Float16>(65520.0F).bits), 0x7c00);
    CHECK_EQUAL((cast<float, Float16>(0x1p-25F).bits), 0);
    CHECK_EQUAL((cast<float, Float16>(0x1.8p-25F).bits), 1);
    CHECK_EQUAL((cast<float, BFloat16>(1.0F + 0x1p-8F).bits), 0x3f80);
    CHECK_EQUAL((cast<float, BFloat16>(1.0F + 0x1.8p-7F).bits), 0x3f82);
    CHECK(std::isnan((cast<BFloat16, float>(cast<float, BFloat16>(static_cast<float>(not_a_number))))));
    CHECK_EQUAL((binary<Float16>(ND_BINARY_add, {0x3c00}, {0x4000}).bits), 0x4200);  // 1 + 2 = 3
    CHECK_EQUAL((unary<BFloat16>(ND_UNARY_neg, {0x3f80}).bits), 0xbf80);
}

TEST(casts_truncate_and_test_for_zero) {
    CHECK_EQUAL((cast<float, int32_t>(-2.9F)), -2);
    CHECK_EQUAL((cast<double, uint8_t>(200.7)), 200);
    CHECK_EQUAL((cast<double, uint64_t>(1.5e19)), 15000000000000000000U);
    CHECK_EQUAL((cast<float, bool>(0.25F)), true);
    CHECK_EQUAL((cast<double, bool>(not_a_number)), true);
    CHECK_EQUAL((cast<int64_t, int8_t>(300)), 44);
    CHECK_EQUAL((cast<bool, double>(true)), 1.0);
    CHECK_EQUAL((cast<uint64_t, float>(std::numeric_limits<uint64_t>::max())), 0x1p64F);
}

TEST(select_picks_by_any_nonzero_byte) {
    const auto loop = table()->select[ND_FLOAT32];
    for (int64_t n : lengths) {
        for (int64_t sa : {1, 0, 2}) {
            for (int64_t sb : {1, 0, 2}) {
                const auto a = numbers<float>(2 * n + 1, 1), b = numbers<float>(2 * n + 1, 2);
                std::vector<uint8_t> cond(static_cast<size_t>(n) + 1);
                for (size_t i = 0; i < cond.size(); ++i) cond[i] = i % 3 == 0 ? 0 : static_cast<uint8_t>(i);
                std::vector<float> out(static_cast<size_t>(n) + 1, 9);
                loop(reinterpret_cast<const char*>(cond.data()), 1, reinterpret_cast<const char*>(a.data()), sa * 4,
                     reinterpret_cast<const char*>(b.data()), sb * 4, reinterpret_cast<char*>(out.data()), 4, n);
                for (int64_t i = 0; i < n; ++i) {
                    const auto at = static_cast<size_t>(i);
                    CHECK_EQUAL(out[at], cond[at] ? a[static_cast<size_t>(i * sa)] : b[static_cast<size_t>(i * sb)]);
                }
                CHECK_EQUAL(out[static_cast<size_t>(n)], 9.0F);
            }
        }
    }
}
