// Reductions over every set of axes of arrays in several memory orders, against one loop in double.
#include <limits>

#include "call.hpp"
#include "check.hpp"
#include "kernels/threads.hpp"

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

struct Reducer {
    const char* name;
    double start;
    double (*step)(double total, double x);
    double (*finish)(double total, double n);
};
double keep(double total, double) { return total; }
double root(double total, double) { return std::sqrt(total); }
double per_element(double total, double n) { return total / n; }
const Reducer reducers[] = {
    {"sum", 0, [](double t, double x) { return t + x; }, keep},
    {"mean", 0, [](double t, double x) { return t + x; }, per_element},
    {"prod", 1, [](double t, double x) { return t * x; }, keep},
    {"max", -infinity, [](double t, double x) { return std::fmax(t, x); }, keep},
    {"min", infinity, [](double t, double x) { return std::fmin(t, x); }, keep},
    {"norm1", 0, [](double t, double x) { return t + std::fabs(x); }, keep},
    {"norm2", 0, [](double t, double x) { return t + x * x; }, root},
    {"norm_max", 0, [](double t, double x) { return std::fmax(t, std::fabs(x)); }, keep},
    {"squared_norm", 0, [](double t, double x) { return t + x * x; }, keep},
    {"amax", 0, [](double t, double x) { return std::fmax(t, std::fabs(x)); }, keep},
    {"amin", infinity, [](double t, double x) { return std::fmin(t, std::fabs(x)); }, keep},
    {"asum", 0, [](double t, double x) { return t + std::fabs(x); }, keep},
    {"amean", 0, [](double t, double x) { return t + std::fabs(x); }, per_element},
};

// A view of the elements of one array: permuted axes, a step, or a repeated axis.
struct View {
    std::vector<int64_t> shape, strides;
    std::vector<double> values;  // in row-major order
    int64_t offset = 0, extent = 0;

    int64_t size() const {
        int64_t n = 1;
        for (int64_t s : shape) n *= s;
        return n;
    }
    int64_t place(int64_t flat) const {
        int64_t at = offset;
        for (size_t d = shape.size(); d-- > 0;) at += flat % shape[d] * strides[d], flat /= shape[d];
        return at;
    }
};

View make_view(std::vector<int64_t> shape, int kind) {
    View v;
    v.shape = shape;
    v.strides.resize(shape.size());
    int64_t next = kind == 2 ? 2 : 1;
    for (size_t i = 0; i < shape.size(); ++i) {
        const size_t d = kind == 1 ? i : shape.size() - 1 - i;
        v.strides[d] = next;
        next *= shape[d];
    }
    if (kind == 3 && !shape.empty()) v.strides[0] = 0;
    if (kind == 4) {
        for (size_t d = 0; d < shape.size(); ++d) {
            if (shape[d] > 0) v.offset += (shape[d] - 1) * v.strides[d];
            v.strides[d] = -v.strides[d];
        }
    }
    v.extent = next + 2;
    return v;
}

template <class T>
nd_desc describe(const View& v) {
    return {dtype_of<T>(), static_cast<int32_t>(v.shape.size()), v.shape.data(), v.strides.data(), nullptr, 0};
}

// For each output element, in row-major order, the flat positions (row-major) of the elements it is made of.
std::vector<std::vector<int64_t>> groups(const View& v, uint32_t mask) {
    int64_t outputs = 1;
    for (size_t d = 0; d < v.shape.size(); ++d) outputs *= mask >> d & 1 ? 1 : v.shape[d];
    std::vector<std::vector<int64_t>> result(static_cast<size_t>(outputs));
    for (int64_t flat = 0; flat < v.size(); ++flat) {
        int64_t rest = flat, out = 0, weight = 1;
        for (size_t d = v.shape.size(); d-- > 0;) {
            const int64_t i = rest % v.shape[d];
            rest /= v.shape[d];
            if (!(mask >> d & 1)) out += i * weight, weight *= v.shape[d];
        }
        result[static_cast<size_t>(out)].push_back(flat);
    }
    return result;
}

struct Case {
    std::vector<int64_t> ints, out_shape;
};
Case describe_case(const View& v, uint32_t mask, bool keep_dims) {
    Case c;
    for (size_t d = 0; d < v.shape.size(); ++d) {
        if (mask >> d & 1) {
            c.ints.push_back(static_cast<int64_t>(d));
            if (keep_dims) c.out_shape.push_back(1);
        } else {
            c.out_shape.push_back(v.shape[d]);
        }
    }
    c.ints.insert(c.ints.begin(), static_cast<int64_t>(c.ints.size()));
    c.ints.push_back(keep_dims);
    return c;
}

template <class T>
void check_view(const std::vector<int64_t>& shape, int kind, double tolerance) {
    const View v = make_view(shape, kind);
    std::vector<T> memory(static_cast<size_t>(v.extent) * 2 + 8);
    std::mt19937 random(3);
    for (T& m : memory) m = static_cast<T>(std::uniform_real_distribution<double>(-1.5, 1.5)(random));
    const auto value = [&](int64_t flat) { return static_cast<double>(memory[static_cast<size_t>(v.place(flat))]); };
    char* first = reinterpret_cast<char*>(memory.data() + v.offset);
    for (uint32_t mask = 0; mask < 1U << shape.size(); ++mask) {
        const auto members = groups(v, mask);
        const Case c = describe_case(v, mask, mask % 2 == 0);
        for (const Reducer& r : reducers) {
            if (std::string("prod") == r.name && v.size() > 500) continue;
            Host<T> y(c.out_shape, kind == 1);
            std::vector<nd_desc> out{y.desc()};
            Prepared kernel(r.name, {describe<T>(v)}, out, c.ints);
            CHECK_EQUAL(kernel.status, ND_OK);
            kernel.run({first}, {y.bytes()});
            for (size_t o = 0; o < members.size(); ++o) {
                double total = r.start;
                for (int64_t flat : members[o]) total = r.step(total, value(flat));
                const double want = r.finish(total, static_cast<double>(members[o].size()));
                std::vector<int64_t> index(c.out_shape.size());
                auto rest = static_cast<int64_t>(o);
                for (size_t d = index.size(); d-- > 0;) index[d] = rest % c.out_shape[d], rest /= c.out_shape[d];
                const double scale = 1 + static_cast<double>(members[o].size()) * 0.02 + std::fabs(want);
                check::near(__FILE__, __LINE__, r.name, static_cast<double>(y.at(index)), want, tolerance * scale);
            }
        }
    }
}

template <class T>
int64_t position(const char* name, std::vector<T> x) {
    Host<int64_t> y({});
    std::vector<nd_desc> out{y.desc()};
    const int64_t shape[] = {static_cast<int64_t>(x.size())}, strides[] = {1};
    Prepared kernel(name, {{dtype_of<T>(), 1, shape, strides, nullptr, 0}}, out, {-1, 0});
    CHECK_EQUAL(kernel.status, ND_OK);
    kernel.run({reinterpret_cast<char*>(x.data())}, {y.bytes()});
    return y.at({});
}

template <class T>
T reduce_all(const char* name, std::vector<T> x) {
    Host<T> y({});
    std::vector<nd_desc> out{y.desc()};
    const int64_t shape[] = {static_cast<int64_t>(x.size())}, strides[] = {1};
    Prepared kernel(name, {{dtype_of<T>(), 1, shape, strides, nullptr, 0}}, out, {-1, 0});
    CHECK_EQUAL(kernel.status, ND_OK);
    kernel.run({reinterpret_cast<char*>(x.data())}, {y.bytes()});
    return y.at({});
}

}  // namespace

TEST(reductions_over_every_set_of_axes_and_order) {
    for (int kind = 0; kind < 5; ++kind) {
        for (const auto& shape : std::vector<std::vector<int64_t>>{{},
                                                                   {1},
                                                                   {7},
                                                                   {33},
                                                                   {5, 3},
                                                                   {3, 5, 4},
                                                                   {2, 3, 4, 5},
                                                                   {1, 6, 1, 3},
                                                                   {17, 70},
                                                                   {130, 40},
                                                                   {40, 130},
                                                                   {3, 700}}) {
            check_view<float>(shape, kind, 1e-6);
            check_view<double>(shape, kind, 2e-14);
        }
    }
}

TEST(large_reductions_do_not_depend_on_threads) {
    const int threads = nd::kernels::get_num_threads();
    std::vector<float> results[2];
    for (int count : {1, 3}) {
        nd::kernels::set_num_threads(count);
        for (const auto& [shape, axis] : std::vector<std::pair<std::vector<int64_t>, int64_t>>{
                 {{700, 900}, 0}, {{700, 900}, 1}, {{300000, 2}, 0}, {{2, 300000}, 1}, {{500000}, 0}}) {
            Host<float> x(shape),
                y(shape.size() == 1 ? std::vector<int64_t>{} : std::vector<int64_t>{shape[static_cast<size_t>(1 - axis)]});
            x.randomize(4);
            std::vector<nd_desc> out{y.desc()};
            Prepared kernel("sum", {x.desc()}, out, {1, axis, 0});
            kernel.run({x.bytes()}, {y.bytes()});
            const int64_t n = shape.size() == 1 ? 1 : shape[static_cast<size_t>(1 - axis)];
            const float* values = reinterpret_cast<const float*>(y.bytes());
            results[count > 1].insert(results[count > 1].end(), values, values + n);
        }
    }
    nd::kernels::set_num_threads(threads);
    CHECK(results[0] == results[1]);
}

TEST(sums_of_many_floats_stay_accurate) {
    std::vector<float> x(3'000'000);
    std::mt19937 random(1);
    double exact = 0;
    for (float& v : x) exact += v = std::uniform_real_distribution<float>(0, 1)(random);
    CHECK_NEAR(reduce_all<float>("sum", x) / exact, 1, 2e-7);
}

TEST(extremes_ignore_nan_and_empty_arrays_give_the_start) {
    CHECK_EQUAL(reduce_all<double>("max", {not_a_number, 1, not_a_number, 3}), 3.0);
    CHECK_EQUAL(reduce_all<float>("min", {2, static_cast<float>(not_a_number), 1}), 1.0F);
    CHECK_EQUAL(reduce_all<double>("max", {not_a_number, not_a_number}), -infinity);
    CHECK(std::isnan(reduce_all<double>("sum", {1, not_a_number})));
    CHECK_EQUAL(reduce_all<double>("sum", {}), 0.0);
    CHECK_EQUAL(reduce_all<double>("prod", {}), 1.0);
    CHECK_EQUAL(reduce_all<double>("min", {}), infinity);
    CHECK(std::isnan(reduce_all<double>("mean", {})));
}

TEST(positions_of_extremes) {
    CHECK_EQUAL(position<float>("argmax", {1, 3, 2, 3}), 1);
    CHECK_EQUAL(position<double>("argmin", {1, -3, 2, -3}), 1);
    CHECK_EQUAL(position<double>("argmax", {not_a_number, 3}), 0);
    CHECK_EQUAL(position<double>("argmax", {2, not_a_number, 3}), 2);
    std::vector<float> x(10000, 0.5F);
    x[7321] = 2, x[9000] = 2;
    CHECK_EQUAL(position<float>("argmax", x), 7321);
    // Row-major positions within two reduced axes of a column-major array; then along either axis of a matrix.
    Host<float> a({3, 4}, true);
    a.randomize(1);
    a.at({1, 2}) = 5;
    Host<int64_t> y({});
    std::vector<nd_desc> out{y.desc()};
    Prepared all("argmax", {a.desc()}, out, {2, 0, 1, 0});
    all.run({a.bytes()}, {y.bytes()});
    CHECK_EQUAL(y.at({}), 6);
    for (int64_t axis : {0, 1}) {
        Host<double> m({40, 300});
        m.randomize(2);
        Host<int32_t> at({axis == 0 ? 300 : 40});
        std::vector<nd_desc> positions{at.desc()};
        Prepared along("argmin", {m.desc()}, positions, {1, axis, 0});
        CHECK_EQUAL(along.status, ND_OK);
        along.run({m.bytes()}, {at.bytes()});
        for (int64_t i = 0; i < (axis == 0 ? 300 : 40); ++i) {
            int32_t best = 0;
            const auto value = [&](int64_t k) { return axis == 0 ? m.at({k, i}) : m.at({i, k}); };
            for (int32_t k = 0; k < (axis == 0 ? 40 : 300); ++k) {
                if (value(k) < value(best)) best = k;
            }
            CHECK_EQUAL(at.at({i}), best);
        }
    }
}

TEST(any_and_all) {
    for (int64_t axis : {0, 1}) {
        Host<int32_t> x({50, 9000});
        for (int64_t i = 0; i < 50; ++i) {
            for (int64_t j = 0; j < 9000; ++j) x.at({i, j}) = i == 20 || j == 4097;
        }
        const int64_t n = axis == 0 ? 9000 : 50;
        Host<uint8_t> some({n}), every({n});
        std::vector<nd_desc> a{as_bool(some)}, b{as_bool(every)};
        Prepared any("any", {x.desc()}, a, {1, axis, 0}), all("all", {x.desc()}, b, {1, axis, 0});
        any.run({x.bytes()}, {some.bytes()});
        all.run({x.bytes()}, {every.bytes()});
        for (int64_t i = 0; i < n; ++i) {
            CHECK_EQUAL(some.bytes()[i] != 0, true);
            CHECK_EQUAL(every.bytes()[i] != 0, axis == 0 ? i == 4097 : i == 20);
        }
    }
}
