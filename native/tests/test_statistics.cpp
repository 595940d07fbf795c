// Statistics of an array, and the normalization of gradients.
#include <limits>

#include "call.hpp"
#include "check.hpp"

namespace {

template <class T>
std::vector<double> statistics(Host<T>& x, int64_t bins) {
    Host<double> y({6 + bins});
    std::vector<nd_desc> out{y.desc()};
    Prepared kernel("statistics", {x.desc()}, out, {bins});
    CHECK_EQUAL(kernel.status, ND_OK);
    kernel.run({x.bytes()}, {y.bytes()});
    std::vector<double> result;
    for (int64_t i = 0; i < 6 + bins; ++i) result.push_back(y.at({i}));
    return result;
}

template <class T>
void check_normalization(int64_t mode, double threshold, double factor, int64_t n) {
    Host<T> g({n});
    g.randomize(3);
    double squares = 0;
    std::vector<double> before;
    for (int64_t i = 0; i < n; ++i)
        before.push_back(static_cast<double>(g.at({i})) * factor), squares += before.back() * before.back();
    const double norm = std::sqrt(squares);
    std::vector<nd_desc> out{g.desc()};
    Prepared kernel("gradient_normalization", {g.desc()}, out, {mode}, {threshold, factor});
    CHECK_EQUAL(kernel.status, ND_OK);
    kernel.run({g.bytes()}, {g.bytes()});
    for (int64_t i = 0; i < n; ++i) {
        const double v = before[static_cast<size_t>(i)];
        const double want = mode == 0          ? v / norm
                            : mode == 1        ? std::fmin(std::fmax(v, -threshold), threshold)
                            : norm > threshold ? v * threshold / norm
                                               : v;
        CHECK_NEAR(static_cast<double>(g.at({i})), want, (sizeof(T) == 4 ? 1e-6 : 1e-14) * (1 + std::fabs(want)));
    }
}

}  // namespace

TEST(statistics_of_both_orders) {
    for (bool column_major : {false, true}) {
        for (int64_t n : {1, 7, 300}) {
            Host<float> x({n, 200}, column_major);
            x.randomize(1);
            double sum = 0, size = 0, low = 2, high = -2, squares = 0;
            const auto count = static_cast<double>(n * 200);
            const auto each = [&](auto&& f) {
                for (int64_t i = 0; i < n; ++i) {
                    for (int64_t j = 0; j < 200; ++j) f(static_cast<double>(x.at({i, j})));
                }
            };
            each([&](double v) { sum += v, size += std::fabs(v), low = std::fmin(low, v), high = std::fmax(high, v); });
            each([&](double v) { squares += (v - sum / count) * (v - sum / count); });
            const auto s = statistics(x, 10);
            CHECK_NEAR(s[0], sum / count, 1e-12);
            CHECK_NEAR(s[1], std::sqrt(squares / (count - 1)), 1e-12);
            CHECK_NEAR(s[2], size / count, 1e-12);
            CHECK_EQUAL(s[3], count);
            CHECK_EQUAL(s[4], low);
            CHECK_EQUAL(s[5], high);
            std::vector<double> counts(10);
            each([&](double v) {
                const auto bin = static_cast<size_t>((v - low) / (high - low) * 10);
                ++counts[std::min<size_t>(bin, 9)];
            });
            double difference = 0, total = 0;
            for (size_t b = 0; b < 10; ++b) difference += std::fabs(counts[b] - s[6 + b]), total += s[6 + b];
            CHECK_EQUAL(total, count);
            CHECK(difference <= 4);  // elements on a boundary may fall on either side
        }
    }
}

TEST(statistics_of_special_arrays) {
    Host<double> same({5});
    for (int64_t i = 0; i < 5; ++i) same.at({i}) = 3;
    const auto s = statistics(same, 4);
    CHECK_EQUAL(s[1], 0.0);
    CHECK_EQUAL(s[6], 5.0);
    Host<double> none({0});
    for (double v : statistics(none, 2)) CHECK_EQUAL(v, 0.0);
    Host<double> broken({3});
    broken.at({0}) = std::numeric_limits<double>::quiet_NaN(), broken.at({2}) = 1;
    const auto b = statistics(broken, 2);
    CHECK(std::isnan(b[0]));
    CHECK_EQUAL(b[6] + b[7], 2.0);
    broken.at({0}) = std::numeric_limits<double>::infinity();
    CHECK_EQUAL(statistics(broken, 2)[6], 0.0);
}

TEST(gradient_normalization_modes) {
    for (int64_t n : {1, 5, 1000, 100000}) {
        for (double factor : {1.0, 0.125}) {
            for (double threshold : {0.3, 1000.0}) {
                for (int64_t mode : {0, 1, 2}) {
                    check_normalization<float>(mode, threshold, factor, n);
                    check_normalization<double>(mode, threshold, factor, n);
                }
            }
        }
    }
    Host<float> zero({3});
    std::vector<nd_desc> out{zero.desc()};
    Prepared kernel("gradient_normalization", {zero.desc()}, out, {0}, {1, 1});
    kernel.run({zero.bytes()}, {zero.bytes()});
    CHECK_EQUAL(zero.at({1}), 0.0F);
    Prepared wrong("gradient_normalization", {zero.desc()}, out, {3}, {1, 1});
    CHECK_EQUAL(wrong.status, ND_INVALID);
    CHECK(std::string(wrong.error.text).find("mode") != std::string::npos);
}
