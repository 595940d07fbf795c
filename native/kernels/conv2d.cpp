// conv2d and its two gradients (cross-correlation, NCHW logical order), float32, by oneDNN.
// Formats are left to oneDNN: blocked layouts flow on to the next layer where the caller allows it.
#include <string>

#include "attributes.hpp"
#include "families.hpp"
#include "onednn.hpp"

namespace nd::kernels {
namespace {

using dnnl::memory;
using dnnl::prop_kind;
using onednn::Desc;
using onednn::Program;

constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;

struct Geometry {
    memory::dims stride, dilation, low, high;

    explicit Geometry(const nd_call* call) {
        AttributeReader read(call);
        stride = read.list(2);
        const auto padding = read.list(4);  // top, bottom, left, right
        dilation = read.list(2);
        low = {padding[0], padding[2]};
        high = {padding[1], padding[3]};
        for (auto& d : dilation) d -= 1;  // oneDNN counts the holes
    }
};

bool supported(const nd_desc& d) { return d.dtype == ND_FLOAT32 && d.ndim == 4; }

dnnl::convolution_forward::primitive_desc forward_desc(const Geometry& g, const Desc& x, const Desc& w, const Desc& y,
                                                       const Desc* bias, prop_kind kind) {
    if (bias != nullptr) {
        return {onednn::engine(),    kind, kAlgorithm, x, w, *bias, y, g.stride, g.dilation, g.low, g.high,
                onednn::attributes()};
    }
    return {onednn::engine(), kind, kAlgorithm, x, w, y, g.stride, g.dilation, g.low, g.high, onednn::attributes()};
}

// The formats of a convolution's input and output. Channel counts that do not fill a register waste much of a blocked
// layout (20 channels become 32), so channels-last is taken instead where oneDNN has a wide kernel for it: LeNet's second
// convolution takes two thirds of the time that way (two AVX-512 cores).
struct Formats {
    Desc x, y;

    Formats(const Geometry& g, const nd_desc& xd, const nd_desc& wd, const nd_desc& yd)
        : x(onednn::any_format(xd)), y(onednn::any_format(yd)) {
        constexpr int64_t kLanes = 16, kFewChannels = 3;
        const int64_t in = xd.shape[1], out = yd.shape[1];
        if (out % kLanes == 0 && (in % kLanes == 0 || in <= kFewChannels)) return;
        const auto last = [](const nd_desc& d) {
            return Desc(memory::dims(d.shape, d.shape + d.ndim), memory::data_type::f32, memory::format_tag::nhwc);
        };
        try {
            const auto pd = forward_desc(g, last(xd), onednn::any_format(wd), last(yd), nullptr, prop_kind::forward_training);
            const std::string implementation = pd.impl_info_str();
            if (implementation.starts_with("brg") || implementation.find("avx512") != std::string::npos) {
                x = last(xd);
                y = last(yd);
            }
        } catch (const dnnl::error&) {
            // No such implementation on this machine: oneDNN's own choice stands.
        }
    }
};

nd_status forward(const nd_call* call, nd_prepared* prepared, nd_error*) {
    const nd_desc &x = call->in[0], &w = call->in[1];
    nd_desc& y = call->out[0];
    const bool has_bias = call->n_in > 2 && call->in[2].dtype >= 0;
    if (!supported(x) || !supported(w) || !supported(y)) return ND_UNSUPPORTED;
    const Geometry geometry(call);
    Desc bias;
    if (has_bias) bias = onednn::any_format(call->in[2]);
    const Formats formats(geometry, x, w, y);
    const auto pd = forward_desc(geometry, formats.x, onednn::any_format(w), formats.y, has_bias ? &bias : nullptr,
                                 prop_kind::forward_training);
    auto program = std::make_unique<Program>();
    const int xs = program->converted(program->input(0, onednn::describe(x)), pd.src_desc());
    const int ws = program->converted(program->input(1, onednn::describe(w)), pd.weights_desc());
    const int ys = onednn::output_slot(*program, 0, y, pd.dst_desc());
    const dnnl::convolution_forward primitive(pd);
    if (has_bias) {
        // oneDNN takes dense biases only and does not say so.
        const int bs = program->converted(program->input(2, onednn::plain(call->in[2])), pd.bias_desc());
        program->run(primitive, pd, {{DNNL_ARG_SRC, xs}, {DNNL_ARG_WEIGHTS, ws}, {DNNL_ARG_BIAS, bs}, {DNNL_ARG_DST, ys}});
    } else {
        program->run(primitive, pd, {{DNNL_ARG_SRC, xs}, {DNNL_ARG_WEIGHTS, ws}, {DNNL_ARG_DST, ys}});
    }
    onednn::finish_output(*program, ys, 0, y);
    Program::finish(std::move(program), prepared);
    return ND_OK;
}

nd_status input_gradient(const nd_call* call, nd_prepared* prepared, nd_error*) {
    const nd_desc &w = call->in[0], &eps = call->in[1];
    nd_desc& dx = call->out[0];
    if (!supported(w) || !supported(eps) || !supported(dx)) return ND_UNSUPPORTED;
    const Geometry g(call);
    const Formats formats(g, dx, w, eps);
    const Desc wa = onednn::any_format(w);
    const auto hint = forward_desc(g, formats.x, wa, formats.y, nullptr, prop_kind::forward_training);
    const dnnl::convolution_backward_data::primitive_desc pd(onednn::engine(), kAlgorithm, formats.x, wa, formats.y, g.stride,
                                                             g.dilation, g.low, g.high, hint, onednn::attributes());
    auto program = std::make_unique<Program>();
    const int ws = program->converted(program->input(0, onednn::describe(w)), pd.weights_desc());
    const int es = program->converted(program->input(1, onednn::describe(eps)), pd.diff_dst_desc());
    const int ds = onednn::output_slot(*program, 0, dx, pd.diff_src_desc());
    program->run(dnnl::convolution_backward_data(pd), pd,
                 {{DNNL_ARG_WEIGHTS, ws}, {DNNL_ARG_DIFF_DST, es}, {DNNL_ARG_DIFF_SRC, ds}});
    onednn::finish_output(*program, ds, 0, dx);
    Program::finish(std::move(program), prepared);
    return ND_OK;
}

nd_status weight_gradient(const nd_call* call, nd_prepared* prepared, nd_error*) {
    const nd_desc &x = call->in[0], &eps = call->in[1];
    nd_desc& dw = call->out[0];
    const bool has_bias = call->n_out > 1 && call->out[1].dtype >= 0;
    if (!supported(x) || !supported(eps) || !supported(dw)) return ND_UNSUPPORTED;
    const Geometry g(call);
    Desc bias;
    if (has_bias) bias = onednn::plain(call->out[1]);
    const Formats formats(g, x, dw, eps);
    const Desc &xa = formats.x, &ea = formats.y, wa = onednn::any_format(dw);
    const auto hint = forward_desc(g, xa, wa, ea, has_bias ? &bias : nullptr, prop_kind::forward_training);
    using PrimitiveDesc = dnnl::convolution_backward_weights::primitive_desc;
    const PrimitiveDesc pd = has_bias ? PrimitiveDesc(onednn::engine(), kAlgorithm, xa, wa, bias, ea, g.stride, g.dilation,
                                                      g.low, g.high, hint, onednn::attributes())
                                      : PrimitiveDesc(onednn::engine(), kAlgorithm, xa, wa, ea, g.stride, g.dilation, g.low,
                                                      g.high, hint, onednn::attributes());
    auto program = std::make_unique<Program>();
    const int xs = program->converted(program->input(0, onednn::describe(x)), pd.src_desc());
    const int es = program->converted(program->input(1, onednn::describe(eps)), pd.diff_dst_desc());
    const int ws = onednn::output_slot(*program, 0, dw, pd.diff_weights_desc());
    const dnnl::convolution_backward_weights primitive(pd);
    if (has_bias) {
        const int bs = program->output(1, bias);
        program->run(primitive, pd,
                     {{DNNL_ARG_SRC, xs}, {DNNL_ARG_DIFF_DST, es}, {DNNL_ARG_DIFF_WEIGHTS, ws}, {DNNL_ARG_DIFF_BIAS, bs}});
    } else {
        program->run(primitive, pd, {{DNNL_ARG_SRC, xs}, {DNNL_ARG_DIFF_DST, es}, {DNNL_ARG_DIFF_WEIGHTS, ws}});
    }
    onednn::finish_output(*program, ws, 0, dw);
    Program::finish(std::move(program), prepared);
    return ND_OK;
}

nd_status prepare_conv2d(const nd_call* call, nd_prepared* prepared, nd_error* error) {
    return onednn::guarded(error, "conv2d", forward, call, prepared);
}
nd_status prepare_input_grad(const nd_call* call, nd_prepared* prepared, nd_error* error) {
    return onednn::guarded(error, "conv2d_input_grad", input_gradient, call, prepared);
}
nd_status prepare_weight_grad(const nd_call* call, nd_prepared* prepared, nd_error* error) {
    return onednn::guarded(error, "conv2d_weight_grad", weight_gradient, call, prepared);
}

constexpr nd_kernel kKernels[] = {
    {"conv2d", prepare_conv2d},
    {"conv2d_input_grad", prepare_input_grad},
    {"conv2d_weight_grad", prepare_weight_grad},
};

}  // namespace

extern const nd_kernel_list conv2d_kernels = {kKernels, std::size(kKernels)};

}  // namespace nd::kernels
