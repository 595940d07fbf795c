// copy between any two memory orders and dtypes, concat, gather and pad.
#include <algorithm>

#include "call.hpp"
#include "check.hpp"

namespace {

using Shape = std::vector<int64_t>;

// Strides of one element order: axes from the innermost to the outermost.
Shape strides_for(const Shape& shape, const std::vector<size_t>& inner_first, int64_t step) {
    Shape strides(shape.size());
    int64_t next = step;
    for (size_t d : inner_first) strides[d] = next, next *= shape[d];
    return strides;
}

int64_t place(const Shape& shape, const Shape& strides, int64_t flat) {
    int64_t at = 0;
    for (size_t d = shape.size(); d-- > 0;) at += flat % shape[d] * strides[d], flat /= shape[d];
    return at;
}

template <class From, class To>
void check_copy(const Shape& shape, const Shape& from_strides, const Shape& to_strides, int64_t extent) {
    int64_t n = 1;
    for (int64_t s : shape) n *= s;
    std::vector<From> from(static_cast<size_t>(extent) + 1);
    std::vector<To> to(static_cast<size_t>(extent) + 1, To(9));
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<From>(i % 120);
    const auto dims = static_cast<int32_t>(shape.size());
    std::vector<nd_desc> out{{dtype_of<To>(), dims, shape.data(), to_strides.data(), nullptr, 0}};
    Prepared kernel("copy", {{dtype_of<From>(), dims, shape.data(), from_strides.data(), nullptr, 0}}, out);
    CHECK_EQUAL(kernel.status, ND_OK);
    kernel.run({reinterpret_cast<char*>(from.data())}, {reinterpret_cast<char*>(to.data())});
    for (int64_t i = 0; i < n; ++i) {
        const auto source = static_cast<size_t>(place(shape, from_strides, i)),
                   target = static_cast<size_t>(place(shape, to_strides, i));
        CHECK_EQUAL(to[target], static_cast<To>(from[source]));
    }
    CHECK_EQUAL(to.back(), To(9));
}

}  // namespace

TEST(copies_between_all_orders) {
    for (const Shape& shape : std::vector<Shape>{{3, 5, 4}, {40, 9, 33}, {1, 70, 70}, {100, 100, 8}}) {
        const int64_t extent = 2 * shape[0] * shape[1] * shape[2];
        std::vector<size_t> from{0, 1, 2};
        do {
            std::vector<size_t> to{0, 1, 2};
            do {
                for (int64_t step : {1, 2}) {
                    const Shape a = strides_for(shape, from, step), b = strides_for(shape, to, 3 - step);
                    check_copy<float, float>(shape, a, b, extent);
                    check_copy<uint8_t, uint8_t>(shape, a, b, extent);
                    check_copy<double, int16_t>(shape, a, b, extent);
                }
                check_copy<int16_t, int16_t>(shape, strides_for(shape, from, 1), strides_for(shape, to, 1), extent);
                check_copy<double, double>(shape, strides_for(shape, from, 1), strides_for(shape, to, 1), extent);
            } while (std::next_permutation(to.begin(), to.end()));
        } while (std::next_permutation(from.begin(), from.end()));
        const Shape one_value(3, 0);
        check_copy<float, float>(shape, one_value, strides_for(shape, {2, 1, 0}, 1), extent);
    }
}

TEST(concat_along_every_axis) {
    for (int64_t axis : {0, 1, 2}) {
        std::vector<Host<float>> parts;
        Shape whole{3, 4, 5};
        whole[static_cast<size_t>(axis)] = 0;
        for (int64_t size : {2, 1, 3}) {
            Shape shape{3, 4, 5};
            shape[static_cast<size_t>(axis)] = size;
            parts.emplace_back(shape, size == 1);
            parts.back().randomize(static_cast<uint32_t>(size));
            whole[static_cast<size_t>(axis)] += size;
        }
        Host<float> y(whole);
        std::vector<nd_desc> in, out{y.desc()};
        std::vector<char*> pointers;
        for (auto& p : parts) in.push_back(p.desc()), pointers.push_back(p.bytes());
        Prepared kernel("concat", in, out, {axis});
        CHECK_EQUAL(kernel.status, ND_OK);
        kernel.run(pointers, {y.bytes()});
        int64_t start = 0;
        for (auto& p : parts) {
            const nd_desc d = p.desc();
            for (int64_t i = 0; i < d.shape[0]; ++i) {
                for (int64_t j = 0; j < d.shape[1]; ++j) {
                    for (int64_t k = 0; k < d.shape[2]; ++k) {
                        Shape at{i, j, k};
                        at[static_cast<size_t>(axis)] += start;
                        CHECK_EQUAL(y.at(at), p.at({i, j, k}));
                    }
                }
            }
            start += d.shape[axis];
        }
    }
}

TEST(gather_rows_and_refuse_what_is_outside) {
    Host<double> x({5, 3});
    x.randomize(1);
    Host<int64_t> indices({4});
    const int64_t wanted[] = {4, 0, -1, 2};
    for (int64_t i = 0; i < 4; ++i) indices.at({i}) = wanted[i];
    Host<double> y({4, 3});
    std::vector<nd_desc> out{y.desc()};
    Prepared kernel("gather", {x.desc(), indices.desc()}, out, {0});
    CHECK_EQUAL(kernel.status, ND_OK);
    kernel.run({x.bytes(), indices.bytes()}, {y.bytes()});
    CHECK_EQUAL(kernel.status, ND_OK);
    for (int64_t i = 0; i < 4; ++i) {
        for (int64_t j = 0; j < 3; ++j) CHECK_EQUAL(y.at({i, j}), x.at({(wanted[i] + 5) % 5, j}));
    }
    for (int64_t outside : {5, -6}) {
        indices.at({2}) = outside;
        kernel.run({x.bytes(), indices.bytes()}, {y.bytes()});
        CHECK(kernel.status != ND_OK);
        CHECK(std::string(kernel.error.text).find(std::to_string(outside)) != std::string::npos);
    }
}

TEST(pad_surrounds_with_zeros) {
    Host<float> x({2, 3}), y({5, 4});
    x.randomize(1);
    for (int64_t i = 0; i < 5; ++i) {
        for (int64_t j = 0; j < 4; ++j) y.at({i, j}) = 9;
    }
    std::vector<nd_desc> out{y.desc()};
    Prepared kernel("pad", {x.desc()}, out, {2, 1, 0, 2, 2, 1});
    CHECK_EQUAL(kernel.status, ND_OK);
    kernel.run({x.bytes()}, {y.bytes()});
    for (int64_t i = 0; i < 5; ++i) {
        for (int64_t j = 0; j < 4; ++j) {
            const bool inside = i >= 1 && i < 3 && j < 3;
            CHECK_EQUAL(y.at({i, j}), inside ? x.at({i - 1, j}) : 0.0F);
        }
    }
}
