// Fused programs: random chains over random views against an interpreter that computes one element at a time.
#include "call.hpp"
#include "check.hpp"

namespace {

struct Op {
    int kind, code;
    double (*apply)(double a, double b, double c);
};
const Op ops[] = {
    {ND_FUSED_UNARY, ND_UNARY_neg, [](double a, double, double) { return -a; }},
    {ND_FUSED_UNARY, ND_UNARY_abs, [](double a, double, double) { return std::fabs(a); }},
    {ND_FUSED_UNARY, ND_UNARY_tanh, [](double a, double, double) { return std::tanh(a); }},
    {ND_FUSED_UNARY, ND_UNARY_sigmoid, [](double a, double, double) { return 1 / (1 + std::exp(-a)); }},
    {ND_FUSED_UNARY, ND_UNARY_logical_not, [](double a, double, double) { return a == 0 ? 1.0 : 0.0; }},
    {ND_FUSED_BINARY, ND_BINARY_add, [](double a, double b, double) { return a + b; }},
    {ND_FUSED_BINARY, ND_BINARY_sub, [](double a, double b, double) { return a - b; }},
    {ND_FUSED_BINARY, ND_BINARY_mul, [](double a, double b, double) { return a * b; }},
    {ND_FUSED_BINARY, ND_BINARY_maximum, [](double a, double b, double) { return a < b ? b : a; }},
    {ND_FUSED_BINARY, ND_BINARY_lt, [](double a, double b, double) { return a < b ? 1.0 : 0.0; }},
    {ND_FUSED_BINARY, ND_BINARY_logical_and, [](double a, double b, double) { return a != 0 && b != 0 ? 1.0 : 0.0; }},
    {ND_FUSED_SELECT, 0, [](double a, double b, double c) { return a != 0 ? b : c; }},
};

using Shape = std::vector<int64_t>;

int64_t product(const Shape& shape) {
    int64_t n = 1;
    for (int64_t s : shape) n *= s;
    return n;
}

// Memory of an input or output with its strides; `values` in row-major order.
struct Array {
    int32_t dtype;
    Shape shape, strides;
    std::vector<char> memory;

    Array(int32_t type, const Shape& s, bool column_major, const std::vector<bool>& repeated, int64_t step)
        : dtype(type), shape(s), strides(s.size()) {
        int64_t next = step;
        for (size_t i = 0; i < s.size(); ++i) {
            const size_t d = column_major ? i : s.size() - 1 - i;
            strides[d] = repeated[d] ? 0 : next;
            if (!repeated[d]) next *= s[d];
        }
        memory.resize(static_cast<size_t>((next + step) * nd::kernels::item_bytes(type)));
    }
    nd_desc desc() const { return {dtype, static_cast<int32_t>(shape.size()), shape.data(), strides.data(), nullptr, 0}; }
    char* at(int64_t flat) {
        int64_t offset = 0;
        for (size_t d = shape.size(); d-- > 0;) offset += flat % shape[d] * strides[d], flat /= shape[d];
        return memory.data() + offset * nd::kernels::item_bytes(dtype);
    }
    double get(int64_t flat) {
        double v = 0;
        nd::kernels::kernel_table()->cast[dtype][ND_FLOAT64](at(flat), 0, reinterpret_cast<char*>(&v), 8, 1);
        return v;
    }
    void set(int64_t flat, double v) {
        nd::kernels::kernel_table()->cast[ND_FLOAT64][dtype](reinterpret_cast<const char*>(&v), 0, at(flat), 8, 1);
    }
};

class Random {
  public:
    explicit Random(uint32_t seed) : engine_(seed) {}
    int64_t below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(engine_); }
    double real() { return std::uniform_real_distribution<double>(-2, 2)(engine_); }

  private:
    std::mt19937 engine_;
};

double rounded(double v, int32_t dtype) { return dtype == ND_FLOAT32 ? static_cast<double>(static_cast<float>(v)) : v; }

void check_program(const Shape& shape, int32_t dtype, Random& random) {
    const int64_t n = product(shape);
    const int32_t input_types[] = {dtype, dtype, dtype, ND_BOOL, ND_INT32, ND_FLOAT16};
    std::vector<Array> inputs;
    const int64_t count = 1 + random.below(4);
    for (int64_t i = 0; i < count; ++i) {
        std::vector<bool> repeated;
        const int64_t pattern = random.below(5);  // 0: one value; 1: some axes repeated
        for (size_t d = 0; d < shape.size(); ++d) repeated.push_back(pattern == 0 || (pattern == 1 && random.below(2) == 0));
        Array a(input_types[random.below(6)], shape, random.below(4) == 0, repeated, 1 + random.below(5) / 4);
        for (int64_t k = 0; k < n; ++k) a.set(k, random.real());
        inputs.push_back(std::move(a));
    }
    std::vector<double> constants;
    for (int64_t i = random.below(3); i > 0; --i) constants.push_back(rounded(random.real(), dtype));
    std::vector<std::vector<double>> values;  // per register
    for (Array& a : inputs) {
        values.emplace_back();
        for (int64_t k = 0; k < n; ++k) values.back().push_back(a.get(k));
    }
    for (double c : constants) values.emplace_back(static_cast<size_t>(n), c);
    const size_t first_temporary = values.size();
    std::vector<int64_t> ints{1 + random.below(7)};
    for (int64_t i = 0; i < ints[0]; ++i) {
        const Op& op = ops[random.below(std::size(ops))];
        const auto registers = static_cast<int64_t>(values.size());
        const int64_t a = random.below(registers), b = random.below(registers), c = random.below(registers);
        // A temporary may be assigned again.
        const bool again = values.size() > first_temporary && random.below(4) == 0;
        const int64_t dst =
            again ? static_cast<int64_t>(first_temporary) + random.below(registers - static_cast<int64_t>(first_temporary))
                  : registers;
        std::vector<double> result;
        for (size_t k = 0; k < static_cast<size_t>(n); ++k) {
            const auto value = [&](int64_t r) { return values[static_cast<size_t>(r)][k]; };
            result.push_back(rounded(op.apply(value(a), value(b), value(c)), dtype));
        }
        if (again) {
            values[static_cast<size_t>(dst)] = std::move(result);
        } else {
            values.push_back(std::move(result));
        }
        ints.insert(ints.end(), {op.kind, op.code, dst, a, b, c});
    }
    const int32_t output_types[] = {dtype, dtype, ND_BOOL, ND_FLOAT64, ND_FLOAT16};
    std::vector<Array> outputs;
    std::vector<int64_t> sources;
    for (int64_t o = random.below(3); o >= 0; --o) {
        const int32_t type = outputs.empty() ? dtype : output_types[random.below(5)];
        outputs.emplace_back(type, shape, random.below(5) == 0, std::vector<bool>(shape.size(), false),
                             1 + random.below(6) / 5);
        const int64_t last = static_cast<int64_t>(values.size()) - 1;
        sources.push_back(random.below(3) ? last : random.below(last + 1));
    }
    ints.insert(ints.end(), sources.begin(), sources.end());
    std::vector<nd_desc> in, out;
    std::vector<char*> in_bytes, out_bytes;
    for (Array& a : inputs) in.push_back(a.desc()), in_bytes.push_back(a.memory.data());
    for (Array& a : outputs) out.push_back(a.desc()), out_bytes.push_back(a.memory.data());
    Prepared kernel("fused_elementwise", in, out, ints, constants);
    CHECK_EQUAL(kernel.status, ND_OK);
    kernel.run(in_bytes, out_bytes);
    int64_t wrong = 0;
    for (size_t o = 0; o < outputs.size(); ++o) {
        for (int64_t k = 0; k < n; ++k) {
            const double value = values[static_cast<size_t>(sources[o])][static_cast<size_t>(k)];
            const double want = outputs[o].dtype == ND_BOOL ? value != 0 : value, got = outputs[o].get(k);
            const double tolerance = outputs[o].dtype == ND_FLOAT16 ? 2e-3 : dtype == ND_FLOAT32 ? 3e-5 : 1e-12;
            wrong += !(std::fabs(got - want) <= tolerance * (1 + std::fabs(want)));
        }
    }
    // A value next to a threshold may fall on its other side.
    CHECK_WITH(wrong <= n / 50, std::to_string(wrong) + " of " + std::to_string(n));
}

}  // namespace

TEST(fused_programs_equal_the_plain_operations) {
    Random random(1);
    for (const Shape& shape :
         std::vector<Shape>{{}, {1}, {5}, {3, 4}, {17, 33}, {60, 10}, {4, 3, 5, 7}, {3, 600}, {2000}, {0, 4}}) {
        for (int i = 0; i < 150; ++i) check_program(shape, i % 2 ? ND_FLOAT64 : ND_FLOAT32, random);
    }
    for (const Shape& shape : std::vector<Shape>{{40000}, {3000, 10}, {2, 20000}, {200, 150}}) {
        for (int i = 0; i < 12; ++i) check_program(shape, i % 2 ? ND_FLOAT64 : ND_FLOAT32, random);
    }
}

TEST(fused_truth_values_come_out_as_bool) {
    Host<float> a({300}), b({300});
    Host<uint8_t> less({300});
    a.randomize(1), b.randomize(2);
    std::vector<nd_desc> out{as_bool(less)};
    Prepared kernel("fused_elementwise", {a.desc(), b.desc()}, out, {1, ND_FUSED_BINARY, ND_BINARY_lt, 2, 0, 1, 0, 2});
    CHECK_EQUAL(kernel.status, ND_OK);
    kernel.run({a.bytes(), b.bytes()}, {less.bytes()});
    for (int64_t i = 0; i < 300; ++i) CHECK_EQUAL(less.bytes()[i] != 0, a.at({i}) < b.at({i}));
}

TEST(fused_output_may_replace_an_input_that_is_not_read_later) {
    Host<float> x({1000}), y({1000});
    x.randomize(1), y.randomize(2);
    // t = x * x; t = t + y: x is gone when t is first written to memory, y is not.
    std::vector<nd_desc> out{x.desc()};
    Prepared kernel("fused_elementwise", {x.desc(), y.desc()}, out,
                    {2, ND_FUSED_BINARY, ND_BINARY_mul, 2, 0, 0, 0, ND_FUSED_BINARY, ND_BINARY_add, 3, 2, 1, 0, 3});
    CHECK_EQUAL(kernel.prepared.inplace, 3U);
    const std::vector<float> before(reinterpret_cast<float*>(x.bytes()), reinterpret_cast<float*>(x.bytes()) + 1000);
    kernel.run({x.bytes(), y.bytes()}, {x.bytes()});
    for (int64_t i = 0; i < 1000; ++i) {
        const float b = before[static_cast<size_t>(i)];
        CHECK_NEAR(x.at({i}), b * b + y.at({i}), 1e-6);
    }
    // The first output is written before x is read again for the second.
    Host<float> other({1000});
    std::vector<nd_desc> two{x.desc(), other.desc()};
    Prepared early("fused_elementwise", {x.desc()}, two,
                   {2, ND_FUSED_UNARY, ND_UNARY_neg, 1, 0, 0, 0, ND_FUSED_UNARY, ND_UNARY_tanh, 2, 0, 0, 0, 1, 2});
    CHECK_EQUAL(early.prepared.inplace, 0U);
}

TEST(fused_programs_that_contradict_themselves_are_refused) {
    Host<float> x({4}), y({4});
    std::vector<nd_desc> out{y.desc()};
    for (const auto& ints : std::vector<std::vector<int64_t>>{
             {1, ND_FUSED_UNARY, ND_UNARY_neg, 1, 5, 0, 0, 1},    // reads a register nobody wrote
             {1, ND_FUSED_UNARY, ND_UNARY_neg, 0, 0, 0, 0, 0},    // writes an input
             {1, ND_FUSED_UNARY, ND_UNARY_COUNT, 1, 0, 0, 0, 1},  // no such operation
             {1, 7, 0, 1, 0, 0, 0, 1},                            // no such kind
             {2, ND_FUSED_UNARY, ND_UNARY_neg, 1, 0, 0, 0, 1},    // too short
         }) {
        Prepared kernel("fused_elementwise", {x.desc()}, out, ints);
        CHECK_EQUAL(kernel.status, ND_INVALID);
    }
    Prepared bitwise("fused_elementwise", {x.desc()}, out, {1, ND_FUSED_UNARY, ND_UNARY_bitwise_not, 1, 0, 0, 0, 1});
    CHECK_EQUAL(bitwise.status, ND_UNSUPPORTED);
}
