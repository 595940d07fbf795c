// matmul and linear against the definition in double: every transposition, odd sizes, both sides of the size limits.
#include <memory>
#include <random>
#include <vector>

#include "call.hpp"
#include "check.hpp"

namespace {

template <class T>
void product(int64_t m, int64_t k, int64_t n, bool a_f, bool b_f, bool c_f, bool with_bias) {
    Host<T> a({m, k}, a_f), b({k, n}, b_f), bias({n}), c({m, n}, c_f);
    a.randomize(1), b.randomize(2), bias.randomize(3);
    const auto inputs =
        with_bias ? std::vector<nd_desc>{a.desc(), b.desc(), bias.desc()} : std::vector<nd_desc>{a.desc(), b.desc()};
    std::vector<nd_desc> outputs{c.desc()};
    Prepared kernel(with_bias ? "linear" : "matmul", inputs, outputs);
    CHECK_EQUAL(kernel.status, ND_OK);
    if (kernel.status != ND_OK) return;
    kernel.run({a.bytes(), b.bytes(), bias.bytes()}, {c.bytes()});
    double worst = 0;
    for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
            double sum = with_bias ? static_cast<double>(bias.at({j})) : 0;
            for (int64_t l = 0; l < k; ++l) sum += static_cast<double>(a.at({i, l})) * static_cast<double>(b.at({l, j}));
            worst = std::max(worst, std::fabs(sum - static_cast<double>(c.at({i, j}))));
        }
    }
    CHECK(worst < (sizeof(T) == 4 ? 1e-6 : 1e-15) * static_cast<double>(k + 4));
}

}  // namespace

TEST(products_of_every_order_and_size) {
    const int64_t sizes[][3] = {{1, 1, 1},   {1, 7, 5}, {2, 32, 64},  {3, 17, 33},  {32, 4, 16},   {32, 16, 3},
                                {4, 32, 16}, {5, 1, 9}, {64, 64, 64}, {70, 65, 67}, {129, 64, 10}, {61, 129, 131}};
    for (const auto& s : sizes) {
        for (int orders = 0; orders < 8; ++orders) {
            const bool a = orders & 1, b = orders & 2, c = orders & 4;
            product<float>(s[0], s[1], s[2], a, b, c, false);
            product<double>(s[0], s[1], s[2], a, b, c, false);
            if (!c) {
                product<float>(s[0], s[1], s[2], a, b, c, true);
                product<double>(s[0], s[1], s[2], a, b, c, true);
            }
        }
    }
}

TEST(products_with_an_empty_dimension) {
    product<float>(0, 3, 2, false, false, false, false);
    product<float>(3, 0, 2, false, true, false, true);
    product<double>(3, 2, 0, false, false, false, false);
}

TEST(product_of_a_batch_with_a_repeated_operand) {
    const int64_t batch = 3;
    for (const int64_t m : {4, 90}) {
        Host<float> a({batch, m, 60}), b({60, 50}), c({batch, m, 50});
        a.randomize(1), b.randomize(2);
        nd_desc repeated = b.desc();
        const int64_t shape[] = {batch, 60, 50}, strides[] = {0, 50, 1};
        repeated.ndim = 3, repeated.shape = shape, repeated.strides = strides;
        std::vector<nd_desc> outputs{c.desc()};
        Prepared kernel("matmul", {a.desc(), repeated}, outputs);
        CHECK_EQUAL(kernel.status, ND_OK);
        kernel.run({a.bytes(), b.bytes()}, {c.bytes()});
        double worst = 0;
        for (int64_t q = 0; q < batch; ++q) {
            for (int64_t i = 0; i < m; ++i) {
                for (int64_t j = 0; j < 50; ++j) {
                    double sum = 0;
                    for (int64_t l = 0; l < 60; ++l)
                        sum += static_cast<double>(a.at({q, i, l})) * static_cast<double>(b.at({l, j}));
                    worst = std::max(worst, std::fabs(sum - static_cast<double>(c.at({q, i, j}))));
                }
            }
        }
        CHECK(worst < 1e-4);
    }
}
