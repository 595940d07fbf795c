// Softmax, its logarithm, and its cross entropy, against their definitions in double.
#include <limits>

#include "call.hpp"
#include "check.hpp"

namespace {

// Rows of x as probabilities, in double.
template <class T>
std::vector<double> probabilities(Host<T>& x, int64_t row, int64_t n, bool along_first) {
    std::vector<double> p(static_cast<size_t>(n));
    double top = -std::numeric_limits<double>::infinity(), sum = 0;
    const auto value = [&](int64_t i) { return static_cast<double>(along_first ? x.at({i, row}) : x.at({row, i})); };
    for (int64_t i = 0; i < n; ++i) top = std::fmax(top, value(i));
    for (int64_t i = 0; i < n; ++i) sum += p[static_cast<size_t>(i)] = std::exp(value(i) - top);
    for (double& v : p) v /= sum;
    return p;
}

template <class T>
void check_softmax(int64_t rows, int64_t columns, int64_t axis, bool column_major, double tolerance) {
    Host<T> x({rows, columns}, column_major), y({rows, columns}), z({rows, columns}, !column_major);
    x.randomize(1);
    for (int64_t i = 0; i < rows; ++i) x.at({i, 0}) *= T(20);
    std::vector<nd_desc> out{y.desc()}, log_out{z.desc()};
    Prepared softmax("softmax", {x.desc()}, out, {axis}), log_softmax("log_softmax", {x.desc()}, log_out, {axis});
    CHECK_EQUAL(softmax.status, ND_OK);
    softmax.run({x.bytes()}, {y.bytes()});
    log_softmax.run({x.bytes()}, {z.bytes()});
    const int64_t others = axis == 0 ? columns : rows, n = axis == 0 ? rows : columns;
    for (int64_t r = 0; r < others; ++r) {
        const auto p = probabilities(x, r, n, axis == 0);
        for (int64_t i = 0; i < n; ++i) {
            const std::vector<int64_t> at = axis == 0 ? std::vector<int64_t>{i, r} : std::vector<int64_t>{r, i};
            const double want = p[static_cast<size_t>(i)];
            CHECK_NEAR(static_cast<double>(y.at(at)), want, tolerance * want);
            CHECK_NEAR(static_cast<double>(z.at(at)), std::log(want), tolerance * (1 + std::fabs(std::log(want))));
        }
    }
}

template <class T>
void check_cross_entropy(int64_t rows, int64_t columns, double clip, bool one_hot, double tolerance) {
    Host<T> labels({rows, columns}), logits({rows, columns}), loss({rows}), p({rows, columns});
    labels.randomize(1), logits.randomize(2);
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < columns; ++c) {
            if (one_hot) labels.at({r, c}) = c == r % columns;
            logits.at({r, c}) *= T(6);
        }
    }
    std::vector<nd_desc> out{loss.desc(), p.desc()};
    Prepared kernel("softmax_cross_entropy", {labels.desc(), logits.desc()}, out, {}, {clip});
    CHECK_EQUAL(kernel.status, ND_OK);
    kernel.run({labels.bytes(), logits.bytes()}, {loss.bytes(), p.bytes()});
    for (int64_t r = 0; r < rows; ++r) {
        const auto want = probabilities(logits, r, columns, false);
        double total = 0, size = 1;
        for (int64_t c = 0; c < columns; ++c) {
            const double exact = want[static_cast<size_t>(c)];
            CHECK_NEAR(static_cast<double>(p.at({r, c})), exact, tolerance * exact);
            const double seen = clip > 0 ? std::fmin(std::fmax(exact, clip), 1 - clip) : exact;
            total -= static_cast<double>(labels.at({r, c})) * std::log(seen);
            size += std::fabs(static_cast<double>(labels.at({r, c})) * std::log(seen));
        }
        CHECK_NEAR(static_cast<double>(loss.at({r})), total, tolerance * size);
    }
}

}  // namespace

TEST(softmax_along_either_axis) {
    for (const auto& [rows, columns] : std::vector<std::pair<int64_t, int64_t>>{
             {1, 1}, {4, 10}, {3, 15}, {3, 16}, {3, 17}, {5, 33}, {40, 64}, {2, 5000}, {5000, 2}}) {
        for (int64_t axis : {0, 1}) {
            for (bool column_major : {false, true}) {
                check_softmax<float>(rows, columns, axis, column_major, 4e-6);
                check_softmax<double>(rows, columns, axis, column_major, 1e-14);
            }
        }
    }
}

TEST(softmax_of_rows_with_infinities_and_nan) {
    const float infinity = std::numeric_limits<float>::infinity();
    for (int64_t n : {3, 20}) {
        Host<float> x({4, n}), y({4, n});
        x.at({0, 1}) = -infinity;
        x.at({1, 1}) = std::numeric_limits<float>::quiet_NaN();
        x.at({2, 1}) = infinity;
        for (int64_t i = 0; i < n; ++i) x.at({3, i}) = -infinity;
        std::vector<nd_desc> out{y.desc()};
        Prepared kernel("softmax", {x.desc()}, out, {1});
        kernel.run({x.bytes()}, {y.bytes()});
        CHECK_EQUAL(y.at({0, 1}), 0.0F);
        CHECK_NEAR(y.at({0, 0}), 1.0 / static_cast<double>(n - 1), 1e-7);
        for (int64_t i = 0; i < n; ++i) CHECK(std::isnan(y.at({1, i})) && std::isnan(y.at({3, i})));
        CHECK(std::isnan(y.at({2, 1})));
    }
}

TEST(softmax_cross_entropy_is_the_clipped_loss) {
    for (const auto& [rows, columns] :
         std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {8, 3}, {5, 16}, {7, 40}, {300, 100}}) {
        for (double clip : {0.0, 1e-10, 1e-3}) {
            for (bool one_hot : {false, true}) {
                check_cross_entropy<float>(rows, columns, clip, one_hot, 4e-6);
                check_cross_entropy<double>(rows, columns, clip, one_hot, 1e-13);
            }
        }
    }
}

TEST(softmax_cross_entropy_reports_nan_for_every_label) {
    for (int64_t n : {3, 40}) {
        Host<float> labels({1, n}), logits({1, n}), loss({1}), p({1, n});
        labels.at({0, 2}) = 1;
        logits.at({0, 0}) = std::numeric_limits<float>::quiet_NaN();
        std::vector<nd_desc> out{loss.desc(), p.desc()};
        Prepared kernel("softmax_cross_entropy", {labels.desc(), logits.desc()}, out, {}, {1e-10});
        kernel.run({labels.bytes(), logits.bytes()}, {loss.bytes(), p.bytes()});
        CHECK(std::isnan(loss.at({0})));
    }
}
