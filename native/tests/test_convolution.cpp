// Convolution and pooling with their gradients against the definitions, with uneven padding, strides and holes, and with
// blocked layouts handed from one kernel to the next.
#include "call.hpp"
#include "check.hpp"
#include "kernels/layout.hpp"

namespace {

struct Shape {
    int64_t n, c, h, w, o, kh, kw, sh, sw, top, bottom, left, right, dh, dw;
    int64_t rows() const { return (h + top + bottom - ((kh - 1) * dh + 1)) / sh + 1; }
    int64_t columns() const { return (w + left + right - ((kw - 1) * dw + 1)) / sw + 1; }
    std::vector<int64_t> convolution() const { return {2, sh, sw, 4, top, bottom, left, right, 2, dh, dw}; }
    std::vector<int64_t> pooling(bool average, bool include_pad) const {
        std::vector<int64_t> ints{2, kh, kw, 2, sh, sw, 4, top, bottom, left, right, 2, dh, dw};
        if (average) ints.push_back(include_pad);
        return ints;
    }
    // Calls f(row of x, column of x, i, j) for the cells of the window at (y, x) that lie inside.
    template <class F>
    void window(int64_t y, int64_t x, F&& f) const {
        for (int64_t i = 0; i < kh; ++i) {
            for (int64_t j = 0; j < kw; ++j) {
                const int64_t r = y * sh - top + i * dh, q = x * sw - left + j * dw;
                if (r >= 0 && r < h && q >= 0 && q < w) f(r, q, i, j);
            }
        }
    }
};

const Shape kShapes[] = {
    {2, 1, 9, 8, 20, 5, 5, 1, 1, 0, 0, 0, 0, 1, 1},  {3, 20, 12, 12, 50, 5, 5, 1, 1, 0, 0, 0, 0, 1, 1},
    {2, 3, 7, 9, 4, 3, 2, 2, 1, 1, 0, 0, 1, 1, 1},   {1, 16, 8, 8, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1},
    {2, 5, 11, 10, 6, 2, 3, 1, 2, 2, 1, 1, 2, 2, 1},
};

double error_of(Host<float>& got, Host<double>& wanted, const std::vector<int64_t>& shape) {
    double worst = 0;
    std::vector<int64_t> at(shape.size(), 0);
    for (;;) {
        worst = std::max(worst, std::fabs(static_cast<double>(got.at(at)) - wanted.at(at)));
        size_t d = shape.size();
        while (d > 0 && ++at[d - 1] == shape[d - 1]) at[--d] = 0;
        if (d == 0) return worst;
    }
}

}  // namespace

TEST(convolution_and_its_gradients) {
    for (const Shape& s : kShapes) {
        const int64_t oh = s.rows(), ow = s.columns();
        Host<float> x({s.n, s.c, s.h, s.w}), w({s.o, s.c, s.kh, s.kw}), b({s.o}), y({s.n, s.o, oh, ow}),
            eps({s.n, s.o, oh, ow});
        Host<float> dx({s.n, s.c, s.h, s.w}), dw({s.o, s.c, s.kh, s.kw}), db({s.o});
        Host<double> yd({s.n, s.o, oh, ow}), dxd({s.n, s.c, s.h, s.w}), dwd({s.o, s.c, s.kh, s.kw}), dbd({s.o});
        x.randomize(1), w.randomize(2), b.randomize(3), eps.randomize(4);
        for (int64_t n = 0; n < s.n; ++n) {
            for (int64_t o = 0; o < s.o; ++o) {
                for (int64_t r = 0; r < oh; ++r) {
                    for (int64_t q = 0; q < ow; ++q) {
                        const double e = static_cast<double>(eps.at({n, o, r, q}));
                        double sum = static_cast<double>(b.at({o}));
                        dbd.at({o}) += e;
                        for (int64_t c = 0; c < s.c; ++c) {
                            s.window(r, q, [&](int64_t h, int64_t v, int64_t i, int64_t j) {
                                const double xv = static_cast<double>(x.at({n, c, h, v})),
                                             wv = static_cast<double>(w.at({o, c, i, j}));
                                sum += xv * wv;
                                dxd.at({n, c, h, v}) += e * wv;
                                dwd.at({o, c, i, j}) += e * xv;
                            });
                        }
                        yd.at({n, o, r, q}) = sum;
                    }
                }
            }
        }
        std::vector<nd_desc> out{y.desc()};
        Prepared forward("conv2d", {x.desc(), w.desc(), b.desc()}, out, s.convolution());
        CHECK_EQUAL(forward.status, ND_OK);
        forward.run({x.bytes(), w.bytes(), b.bytes()}, {y.bytes()});
        CHECK(error_of(y, yd, {s.n, s.o, oh, ow}) < 1e-4);

        out = {dx.desc()};
        Prepared to_input("conv2d_input_grad", {w.desc(), eps.desc()}, out, s.convolution());
        CHECK_EQUAL(to_input.status, ND_OK);
        to_input.run({w.bytes(), eps.bytes()}, {dx.bytes()});
        CHECK(error_of(dx, dxd, {s.n, s.c, s.h, s.w}) < 1e-4);

        out = {dw.desc(), db.desc()};
        Prepared to_weights("conv2d_weight_grad", {x.desc(), eps.desc()}, out, s.convolution());
        CHECK_EQUAL(to_weights.status, ND_OK);
        to_weights.run({x.bytes(), eps.bytes()}, {dw.bytes(), db.bytes()});
        CHECK(error_of(dw, dwd, {s.o, s.c, s.kh, s.kw}) < 1e-3);
        CHECK(error_of(db, dbd, {s.o}) < 1e-3);
    }
}

TEST(maximum_pooling_takes_the_first_of_ties_and_never_padding) {
    for (const Shape& s : kShapes) {
        const int64_t oh = s.rows(), ow = s.columns();
        Host<float> x({s.n, s.c, s.h, s.w}), y({s.n, s.c, oh, ow}), eps({s.n, s.c, oh, ow}), dx({s.n, s.c, s.h, s.w});
        Host<uint8_t> argmax({s.n, s.c, oh, ow});
        Host<double> yd({s.n, s.c, oh, ow}), dxd({s.n, s.c, s.h, s.w});
        x.randomize(1), eps.randomize(2);
        for (int64_t n = 0; n < s.n; ++n) {
            for (int64_t c = 0; c < s.c; ++c) {
                // Small whole numbers below zero: many ties, and padding would win if it counted as zero.
                for (int64_t r = 0; r < s.h; ++r) {
                    for (int64_t q = 0; q < s.w; ++q) x.at({n, c, r, q}) = std::floor(x.at({n, c, r, q}) * 2) - 4;
                }
                for (int64_t r = 0; r < oh; ++r) {
                    for (int64_t q = 0; q < ow; ++q) {
                        double best = -INFINITY;
                        int64_t row = 0, column = 0;
                        s.window(r, q, [&](int64_t h, int64_t v, int64_t, int64_t) {
                            if (static_cast<double>(x.at({n, c, h, v})) > best)
                                best = static_cast<double>(x.at({n, c, h, v})), row = h, column = v;
                        });
                        yd.at({n, c, r, q}) = best;
                        dxd.at({n, c, row, column}) += static_cast<double>(eps.at({n, c, r, q}));
                    }
                }
            }
        }
        std::vector<nd_desc> out{y.desc(), argmax.desc()};
        Prepared forward("max_pool2d", {x.desc()}, out, s.pooling(false, false));
        CHECK_EQUAL(forward.status, ND_OK);
        forward.run({x.bytes()}, {y.bytes(), argmax.bytes()});
        CHECK(error_of(y, yd, {s.n, s.c, oh, ow}) == 0);
        out = {dx.desc()};
        Prepared backward("max_pool2d_grad", {eps.desc(), argmax.desc()}, out, s.pooling(false, false));
        CHECK_EQUAL(backward.status, ND_OK);
        backward.run({eps.bytes(), argmax.bytes()}, {dx.bytes()});
        CHECK(error_of(dx, dxd, {s.n, s.c, s.h, s.w}) < 1e-5);
    }
}

TEST(average_pooling_with_and_without_padding_in_the_divisor) {
    for (const Shape& s : kShapes) {
        for (const bool include : {false, true}) {
            const int64_t oh = s.rows(), ow = s.columns();
            Host<float> x({s.n, s.c, s.h, s.w}), y({s.n, s.c, oh, ow}), eps({s.n, s.c, oh, ow}), dx({s.n, s.c, s.h, s.w});
            Host<double> yd({s.n, s.c, oh, ow}), dxd({s.n, s.c, s.h, s.w});
            x.randomize(1), eps.randomize(2);
            for (int64_t n = 0; n < s.n; ++n) {
                for (int64_t c = 0; c < s.c; ++c) {
                    for (int64_t r = 0; r < oh; ++r) {
                        for (int64_t q = 0; q < ow; ++q) {
                            double sum = 0, inside = 0;
                            s.window(r, q, [&](int64_t h, int64_t v, int64_t, int64_t) {
                                sum += static_cast<double>(x.at({n, c, h, v}));
                                ++inside;
                            });
                            const double divisor = include ? static_cast<double>(s.kh * s.kw) : inside;
                            yd.at({n, c, r, q}) = sum / divisor;
                            s.window(r, q, [&](int64_t h, int64_t v, int64_t, int64_t) {
                                dxd.at({n, c, h, v}) += static_cast<double>(eps.at({n, c, r, q})) / divisor;
                            });
                        }
                    }
                }
            }
            std::vector<nd_desc> out{y.desc()};
            Prepared forward("avg_pool2d", {x.desc()}, out, s.pooling(true, include));
            CHECK_EQUAL(forward.status, ND_OK);
            forward.run({x.bytes()}, {y.bytes()});
            CHECK(error_of(y, yd, {s.n, s.c, oh, ow}) < 1e-5);
            out = {dx.desc()};
            Prepared backward("avg_pool2d_grad", {eps.desc()}, out, s.pooling(true, include));
            CHECK_EQUAL(backward.status, ND_OK);
            backward.run({eps.bytes()}, {dx.bytes()});
            CHECK(error_of(dx, dxd, {s.n, s.c, s.h, s.w}) < 1e-5);
        }
    }
}

TEST(a_blocked_output_feeds_the_next_kernel_and_comes_back_plain) {
    const Shape s{2, 16, 10, 10, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    Host<float> x({2, 16, 10, 10}), w({32, 16, 3, 3}), direct({2, 32, 10, 10}), back({2, 32, 10, 10});
    x.randomize(1), w.randomize(2);
    std::vector<nd_desc> out{direct.desc()};
    Prepared plain("conv2d", {x.desc(), w.desc()}, out, s.convolution());
    plain.run({x.bytes(), w.bytes()}, {direct.bytes()});

    out[0].flags = ND_DESC_LAYOUT_FREE;
    Prepared blocked("conv2d", {x.desc(), w.desc()}, out, s.convolution());
    CHECK_EQUAL(blocked.status, ND_OK);
    nd_desc y = out[0];
    if (y.layout == nullptr) return;  // this machine's kernel prefers plain memory
    std::vector<char> memory(nd::kernels::layout_bytes(y.layout) + 64);
    char* aligned = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
    blocked.run({x.bytes(), w.bytes()}, {aligned});
    y.flags = 0;
    std::vector<nd_desc> target{back.desc()};
    Prepared reorder("reorder", {y}, target);
    CHECK_EQUAL(reorder.status, ND_OK);
    reorder.run({aligned}, {back.bytes()});
    double worst = 0;
    for (int64_t o = 0; o < 32; ++o)
        worst = std::max(worst, std::fabs(static_cast<double>(direct.at({1, o, 4, 5}) - back.at({1, o, 4, 5}))));
    CHECK(worst < 1e-5);
    nd::kernels::layout_release(y.layout);
}
