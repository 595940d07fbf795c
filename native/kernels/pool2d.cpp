// Maximum and average pooling with their gradients (NCHW logical order), float32, by oneDNN.
// Ties and padding follow Deeplearning4j: the first maximum of a window wins, padded cells never do.
#include "attributes.hpp"
#include "families.hpp"
#include "onednn.hpp"

namespace nd::kernels {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using onednn::Desc;
using onednn::Program;

struct Window {
    memory::dims kernel, stride, dilation, low, high;
    bool include_pad = false;

    Window(const nd_call* call, bool average) {
        AttributeReader read(call);
        kernel = read.list(2);
        stride = read.list(2);
        const auto padding = read.list(4);  // top, bottom, left, right
        dilation = read.list(2);
        low = {padding[0], padding[2]};
        high = {padding[1], padding[3]};
        for (auto& d : dilation) d -= 1;  // oneDNN counts the holes
        if (average) include_pad = read.integer() != 0;
    }
};

bool supported(const nd_desc& d) { return d.dtype == ND_FLOAT32 && d.ndim == 4; }

dnnl::pooling_forward::primitive_desc forward_desc(const Window& w, algorithm kind, const Desc& x, const Desc& y) {
    return {onednn::engine(), prop_kind::forward_training, kind, x, y, w.stride, w.kernel, w.dilation, w.low,
            w.high,           onednn::attributes()};
}

algorithm average_kind(const Window& w) {
    return w.include_pad ? algorithm::pooling_avg_include_padding : algorithm::pooling_avg_exclude_padding;
}

nd_status max_forward(const nd_call* call, nd_prepared* prepared, nd_error*) {
    const nd_desc& x = call->in[0];
    nd_desc &y = call->out[0], &argmax = call->out[1];
    if (!supported(x) || !supported(y)) return ND_UNSUPPORTED;
    const Window w(call, false);
    const auto pd = forward_desc(w, algorithm::pooling_max, onednn::describe(x), onednn::any_format(y));
    const Desc workspace = pd.workspace_desc();
    if (workspace.get_data_type() != onednn::data_type(argmax.dtype)) return ND_UNSUPPORTED;
    auto program = std::make_unique<Program>();
    const int xs = program->input(0, onednn::describe(x));
    const int ys = onednn::output_slot(*program, 0, y, pd.dst_desc());
    const int as = onednn::output_slot(*program, 1, argmax, workspace);
    program->run(dnnl::pooling_forward(pd), pd, {{DNNL_ARG_SRC, xs}, {DNNL_ARG_DST, ys}, {DNNL_ARG_WORKSPACE, as}});
    onednn::finish_output(*program, ys, 0, y);
    onednn::finish_output(*program, as, 1, argmax);
    Program::finish(std::move(program), prepared);
    return ND_OK;
}

// The format of `array` that corresponds to the one `guide` has: pooling wants its arrays alike.
Desc like(const nd_desc& array, const nd_desc& guide) {
    const Desc format = onednn::describe(guide);
    const auto blocks = format.get_inner_blks();
    auto tag = memory::format_tag::nchw;
    if (blocks.empty()) {
        if (guide.shape[1] > 1 && format.get_strides()[1] == 1) tag = memory::format_tag::nhwc;
    } else if (blocks.size() == 1 && format.get_inner_idxs()[0] == 1) {
        tag = blocks[0] == 16  ? memory::format_tag::nChw16c
              : blocks[0] == 8 ? memory::format_tag::nChw8c
                               : memory::format_tag::nChw4c;
    }
    return Desc(memory::dims(array.shape, array.shape + array.ndim), onednn::data_type(array.dtype), tag);
}

nd_status gradient(const Window& w, algorithm kind, const nd_call* call, int workspace_input, nd_prepared* prepared) {
    const nd_desc& eps = call->in[0];
    nd_desc& dx = call->out[0];
    if (!supported(eps) || !supported(dx)) return ND_UNSUPPORTED;
    // With a workspace, its own layout decides, since it was written by the forward pass.
    const nd_desc& guide = workspace_input > 0 ? call->in[workspace_input] : eps;
    const Desc x = like(dx, guide), y = like(eps, guide);
    const auto hint = forward_desc(w, kind, x, y);
    const dnnl::pooling_backward::primitive_desc pd(onednn::engine(), kind, x, y, w.stride, w.kernel, w.dilation, w.low,
                                                    w.high, hint, onednn::attributes());
    auto program = std::make_unique<Program>();
    const int es = program->converted(program->input(0, onednn::describe(eps)), pd.diff_dst_desc());
    const int ds = onednn::output_slot(*program, 0, dx, pd.diff_src_desc());
    const dnnl::pooling_backward primitive(pd);
    if (workspace_input > 0) {
        const Desc workspace = pd.workspace_desc();
        if (workspace.get_data_type() != onednn::data_type(guide.dtype)) return ND_UNSUPPORTED;
        const int as = program->converted(program->input(workspace_input, onednn::describe(guide)), workspace);
        program->run(primitive, pd, {{DNNL_ARG_DIFF_DST, es}, {DNNL_ARG_WORKSPACE, as}, {DNNL_ARG_DIFF_SRC, ds}});
    } else {
        program->run(primitive, pd, {{DNNL_ARG_DIFF_DST, es}, {DNNL_ARG_DIFF_SRC, ds}});
    }
    onednn::finish_output(*program, ds, 0, dx);
    Program::finish(std::move(program), prepared);
    return ND_OK;
}

nd_status max_gradient(const nd_call* call, nd_prepared* prepared, nd_error*) {
    return gradient(Window(call, false), algorithm::pooling_max, call, 1, prepared);
}

nd_status average_forward(const nd_call* call, nd_prepared* prepared, nd_error*) {
    const nd_desc& x = call->in[0];
    nd_desc& y = call->out[0];
    if (!supported(x) || !supported(y)) return ND_UNSUPPORTED;
    const Window w(call, true);
    const auto pd = forward_desc(w, average_kind(w), onednn::describe(x), onednn::any_format(y));
    auto program = std::make_unique<Program>();
    const int xs = program->input(0, onednn::describe(x));
    const int ys = onednn::output_slot(*program, 0, y, pd.dst_desc());
    program->run(dnnl::pooling_forward(pd), pd, {{DNNL_ARG_SRC, xs}, {DNNL_ARG_DST, ys}});
    onednn::finish_output(*program, ys, 0, y);
    Program::finish(std::move(program), prepared);
    return ND_OK;
}

nd_status average_gradient(const nd_call* call, nd_prepared* prepared, nd_error*) {
    const Window w(call, true);
    return gradient(w, average_kind(w), call, 0, prepared);
}

nd_status prepare_max(const nd_call* call, nd_prepared* prepared, nd_error* error) {
    return onednn::guarded(error, "max_pool2d", max_forward, call, prepared);
}
nd_status prepare_max_grad(const nd_call* call, nd_prepared* prepared, nd_error* error) {
    return onednn::guarded(error, "max_pool2d_grad", max_gradient, call, prepared);
}
nd_status prepare_average(const nd_call* call, nd_prepared* prepared, nd_error* error) {
    return onednn::guarded(error, "avg_pool2d", average_forward, call, prepared);
}
nd_status prepare_average_grad(const nd_call* call, nd_prepared* prepared, nd_error* error) {
    return onednn::guarded(error, "avg_pool2d_grad", average_gradient, call, prepared);
}

constexpr nd_kernel kKernels[] = {
    {"max_pool2d", prepare_max},
    {"max_pool2d_grad", prepare_max_grad},
    {"avg_pool2d", prepare_average},
    {"avg_pool2d_grad", prepare_average_grad},
};

}  // namespace

extern const nd_kernel_list pool2d_kernels = {kKernels, std::size(kKernels)};

}  // namespace nd::kernels
