// Blocked layouts as the core sees them: reference counts, sizes, and the reorder to and from plain memory.
#include "kernels/layout.hpp"

#include "kernels/families.hpp"
#include "kernels/onednn.hpp"

namespace nd::kernels {

size_t layout_bytes(const nd_layout* layout) { return layout->desc.get_size(); }
int layout_equal(const nd_layout* a, const nd_layout* b) { return a == b || a->desc == b->desc ? 1 : 0; }
void layout_retain(nd_layout* layout) { layout->references.fetch_add(1, std::memory_order_relaxed); }
void layout_release(nd_layout* layout) {
    if (layout->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete layout;
}

namespace {

nd_status reorder(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (onednn::data_type(call->in[0].dtype) == dnnl::memory::data_type::undef) return ND_UNSUPPORTED;
    auto program = std::make_unique<onednn::Program>();
    program->reorder(program->input(0, onednn::describe(call->in[0])), program->output(0, onednn::describe(call->out[0])));
    onednn::Program::finish(std::move(program), prepared);
    return ND_OK;
}

nd_status prepare_reorder(const nd_call* call, nd_prepared* prepared, nd_error* error) {
    return onednn::guarded(error, "reorder", reorder, call, prepared);
}

constexpr nd_kernel kKernels[] = {{"reorder", prepare_reorder}};

}  // namespace

extern const nd_kernel_list layout_kernels = {kKernels, std::size(kKernels)};

}  // namespace nd::kernels
