// Random numbers: Philox's published vectors, independence of position and threads, and bits that every build must give.
#include "call.hpp"
#include "check.hpp"
#include "kernels/threads.hpp"

namespace {

template <class T>
std::vector<T> draw(const char* name, int64_t seed, int64_t counter, int64_t n, const std::vector<double>& reals,
                    bool column_major = false, int64_t columns = 1) {
    Host<int64_t> s({}), c({});
    s.at({}) = seed, c.at({}) = counter;
    Host<T> y({n / columns, columns}, column_major);
    std::vector<nd_desc> out{y.desc()};
    Prepared kernel(name, {s.desc(), c.desc()}, out, {}, reals);
    CHECK_EQUAL(kernel.status, ND_OK);
    kernel.run({s.bytes(), c.bytes()}, {y.bytes()});
    std::vector<T> values;
    for (int64_t i = 0; i < n; ++i) values.push_back(y.at({i / columns, i % columns}));
    return values;
}

template <class T>
uint64_t fingerprint(const std::vector<T>& values) {
    uint64_t hash = 0xcbf29ce484222325;
    for (T v : values) {
        unsigned char bytes[sizeof(T)];
        std::memcpy(bytes, &v, sizeof v);
        for (unsigned char b : bytes) hash = (hash ^ b) * 0x100000001b3;
    }
    return hash;
}

}  // namespace

TEST(random_words_are_philox) {
    // Known answers of the authors (Random123, kat_vectors): counter 0, key 0.
    const uint32_t words[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    const auto u = draw<float>("random_uniform", 0, 0, 4, {0, 1});
    for (size_t i = 0; i < 4; ++i) CHECK_EQUAL(u[i], static_cast<float>(words[i] >> 8) * 0x1p-24F);
    const auto d = draw<double>("random_uniform", 0, 0, 2, {0, 1});
    for (size_t i = 0; i < 2; ++i) {
        const uint64_t both = words[2 * i] | uint64_t{words[2 * i + 1]} << 32;
        CHECK_EQUAL(d[i], static_cast<double>(both >> 11) * 0x1p-53);
    }
}

TEST(random_elements_depend_on_their_position_only) {
    const auto all = draw<float>("random_normal", 5, 9, 1000, {0, 1});
    for (int64_t n : {1, 2, 3, 63, 64, 65, 999}) {
        const auto few = draw<float>("random_normal", 5, 9, n, {0, 1});
        for (size_t i = 0; i < few.size(); ++i) CHECK_EQUAL(few[i], all[i]);
    }
    // Four float32 elements to a block.
    const auto later = draw<float>("random_normal", 5, 9 + 25, 900, {0, 1});
    for (size_t i = 0; i < later.size(); ++i) CHECK_EQUAL(later[i], all[i + 100]);
    const auto columns = draw<float>("random_normal", 5, 9, 1000, {0, 1}, true, 10);
    for (size_t i = 0; i < columns.size(); ++i) CHECK_EQUAL(columns[i], all[i]);
}

TEST(random_numbers_are_the_same_on_every_thread_count_and_build) {
    const int threads = nd::kernels::get_num_threads();
    for (int count : {1, 2, 5}) {
        nd::kernels::set_num_threads(count);
        CHECK_EQUAL(fingerprint(draw<float>("random_uniform", 42, -3, 100003, {-1, 3})), 9130072691413320058U);
        CHECK_EQUAL(fingerprint(draw<double>("random_uniform", 42, -3, 100003, {-1, 3})), 4822099945887193607U);
        CHECK_EQUAL(fingerprint(draw<float>("random_normal", 42, -3, 100003, {0.5, 2})), 16148109258328336900U);
        CHECK_EQUAL(fingerprint(draw<double>("random_normal", 42, -3, 100003, {0.5, 2})), 6354387783743169954U);
        CHECK_EQUAL(fingerprint(draw<float>("random_bernoulli", 42, -3, 100003, {0.3})), 17542044571656217848U);
    }
    nd::kernels::set_num_threads(threads);
}

TEST(random_moments) {
    double sum = 0, squares = 0, ones = 0;
    const auto z = draw<double>("random_normal", 1, 0, 200000, {0, 1});
    for (double v : z) sum += v, squares += v * v;
    CHECK_NEAR(sum / 200000, 0, 0.01);
    CHECK_NEAR(squares / 200000, 1, 0.02);
    for (double v : draw<double>("random_bernoulli", 1, 0, 200000, {0.3})) ones += v;
    CHECK_NEAR(ones / 200000, 0.3, 0.005);
    for (float v : draw<float>("random_uniform", 1, 0, 20000, {2, 3})) CHECK(v >= 2 && v <= 3);
}
