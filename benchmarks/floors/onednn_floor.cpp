// What the hardware allows: the bare oneDNN primitives of a training step, and one Adam pass, with nothing in between.
// No activations, losses, bias sums or layout conversions. And the matrix products of the two vendor libraries alone. Prints "<net> <microseconds>" lines: medians over many runs.
#include <cblas.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <unordered_map>
#include <vector>

using dnnl::memory;
using Tag = memory::format_tag;
using Arguments = std::unordered_map<int, memory>;

static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
static dnnl::stream stream(engine);

static double median(const std::function<void()>& work, int runs) {
    for (int i = 0; i < 20; ++i) work();
    std::vector<double> times;
    for (int i = 0; i < runs; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    }
    std::nth_element(times.begin(), times.begin() + runs / 2, times.end());
    return times[static_cast<size_t>(runs) / 2];
}

struct Net {
    std::vector<std::pair<dnnl::primitive, Arguments>> steps;
    int64_t parameters = 0;

    memory zeros(const memory::desc& desc) {
        memory m(desc, engine);
        std::fill_n(static_cast<char*>(m.get_data_handle()), desc.get_size(), 0);
        return m;
    }
    static memory::desc any(memory::dims dims) { return {dims, memory::data_type::f32, Tag::any}; }

    void matmul(int64_t m, int64_t k, int64_t n, bool a_transposed, bool b_transposed) {
        const auto desc = [](int64_t r, int64_t c, bool t) {
            return memory::desc({r, c}, memory::data_type::f32, t ? Tag::ba : Tag::ab);
        };
        const dnnl::matmul::primitive_desc pd(engine, desc(m, k, a_transposed), desc(k, n, b_transposed), desc(m, n, false));
        steps.push_back({dnnl::matmul(pd), {{DNNL_ARG_SRC, zeros(pd.src_desc())},
                                            {DNNL_ARG_WEIGHTS, zeros(pd.weights_desc())},
                                            {DNNL_ARG_DST, zeros(pd.dst_desc())}}});
    }
    void dense(int64_t batch, int64_t in, int64_t out, bool input_gradient) {
        matmul(batch, in, out, false, true);  // 'f' order weights, as Deeplearning4j keeps them
        matmul(out, batch, in, true, false);
        if (input_gradient) matmul(batch, out, in, false, false);
        parameters += in * out + out;
    }
    // Forward, weight gradient, and input gradient; returns the format of the output for the layer that follows.
    memory::desc convolution(const memory::desc& x, int64_t out, int64_t kernel, bool input_gradient) {
        const auto xd = x.get_dims();
        const memory::dims one{1, 1}, none{0, 0};
        const int64_t h = xd[2] - kernel + 1, w = xd[3] - kernel + 1;
        const auto wd = any({out, xd[1], kernel, kernel}), bd = memory::desc({out}, memory::data_type::f32, Tag::a);
        const auto yd = any({xd[0], out, h, w});
        const auto algorithm = dnnl::algorithm::convolution_direct;
        const dnnl::convolution_forward::primitive_desc f(engine, dnnl::prop_kind::forward_training, algorithm,
                                                          any(xd), wd, bd, yd, one, none, none);
        steps.push_back({dnnl::convolution_forward(f), {{DNNL_ARG_SRC, zeros(f.src_desc())},
                                                        {DNNL_ARG_WEIGHTS, zeros(f.weights_desc())},
                                                        {DNNL_ARG_BIAS, zeros(bd)},
                                                        {DNNL_ARG_DST, zeros(f.dst_desc())}}});
        const dnnl::convolution_backward_weights::primitive_desc g(engine, algorithm, any(xd), wd, bd, yd, one, none, none, f);
        steps.push_back({dnnl::convolution_backward_weights(g), {{DNNL_ARG_SRC, zeros(g.src_desc())},
                                                                 {DNNL_ARG_DIFF_DST, zeros(g.diff_dst_desc())},
                                                                 {DNNL_ARG_DIFF_WEIGHTS, zeros(g.diff_weights_desc())},
                                                                 {DNNL_ARG_DIFF_BIAS, zeros(bd)}}});
        if (input_gradient) {
            const dnnl::convolution_backward_data::primitive_desc b(engine, algorithm, any(xd), wd, yd, one, none, none, f);
            steps.push_back({dnnl::convolution_backward_data(b), {{DNNL_ARG_DIFF_SRC, zeros(b.diff_src_desc())},
                                                                  {DNNL_ARG_WEIGHTS, zeros(b.weights_desc())},
                                                                  {DNNL_ARG_DIFF_DST, zeros(b.diff_dst_desc())}}});
        }
        parameters += out * xd[1] * kernel * kernel + out;
        return f.dst_desc();
    }
    memory::desc max_pooling(const memory::desc& x) {
        auto yd = x.get_dims();
        yd[2] /= 2, yd[3] /= 2;
        const memory::dims two{2, 2}, none{0, 0};
        const auto algorithm = dnnl::algorithm::pooling_max;
        const dnnl::pooling_forward::primitive_desc f(engine, dnnl::prop_kind::forward_training, algorithm, x, any(yd), two,
                                                      two, none, none, none);
        const auto workspace = zeros(f.workspace_desc());
        steps.push_back({dnnl::pooling_forward(f), {{DNNL_ARG_SRC, zeros(x)}, {DNNL_ARG_DST, zeros(f.dst_desc())},
                                                    {DNNL_ARG_WORKSPACE, workspace}}});
        const dnnl::pooling_backward::primitive_desc b(engine, algorithm, x, f.dst_desc(), two, two, none, none, none, f);
        steps.push_back({dnnl::pooling_backward(b), {{DNNL_ARG_DIFF_DST, zeros(b.diff_dst_desc())},
                                                     {DNNL_ARG_DIFF_SRC, zeros(b.diff_src_desc())},
                                                     {DNNL_ARG_WORKSPACE, workspace}}});
        return f.dst_desc();
    }
    void report(const char* name, int runs) {
        const auto n = static_cast<size_t>(parameters);
        std::vector<float> w(n), g(n), m(n), v(n);
        const double us = median(
            [&] {
                for (auto& [primitive, arguments] : steps) primitive.execute(stream, arguments);
                stream.wait();
                float *W = w.data(), *G = g.data(), *M = m.data(), *V = v.data();
#pragma omp parallel for simd
                for (size_t i = 0; i < n; ++i) {
                    M[i] = 0.9f * M[i] + 0.1f * G[i];
                    V[i] = 0.999f * V[i] + 0.001f * G[i] * G[i];
                    W[i] -= 0.001f * M[i] / (std::sqrt(V[i]) + 1e-8f);
                }
            },
            runs);
        std::printf("%s %.1f\n", name, us);
    }
};

static void square_products(int64_t n) {
    const memory::desc desc({n, n}, memory::data_type::f32, Tag::ab);
    const dnnl::matmul matmul(dnnl::matmul::primitive_desc(engine, desc, desc, desc));
    const memory a(desc, engine), b(desc, engine), c(desc, engine);
    for (const memory& m : {a, b}) std::fill_n(static_cast<float*>(m.get_data_handle()), n * n, 0.5f);
    std::printf("matmul_%d_f32 %.1f\n", static_cast<int>(n), median(
        [&] {
            matmul.execute(stream, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
            stream.wait();
        },
        40));
    const auto size = static_cast<size_t>(n * n);
    const std::vector<double> x(size, 0.5), y(size, 0.5);
    std::vector<double> z(size);
    const auto m = static_cast<blasint>(n);
    std::printf("matmul_%d_f64 %.1f\n", static_cast<int>(n), median(
        [&] {
            scipy_cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, m, m, 1, x.data(), m, y.data(), m, 0, z.data(), m);
        },
        40));
}

int main() {
    square_products(1024);
    Net mlp;
    const int64_t sizes[] = {784, 256, 128, 10};
    for (int i = 0; i < 3; ++i) mlp.dense(64, sizes[i], sizes[i + 1], i > 0);
    mlp.report("mlp_784_256_128_10_b64", 400);

    Net lenet;
    auto x = memory::desc({64, 1, 28, 28}, memory::data_type::f32, Tag::nchw);
    x = lenet.max_pooling(lenet.convolution(x, 20, 5, false));
    x = lenet.max_pooling(lenet.convolution(x, 50, 5, true));
    lenet.dense(64, 800, 500, true);
    lenet.dense(64, 500, 10, true);
    lenet.report("lenet_b64", 60);
}
