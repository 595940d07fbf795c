#include "kernels/onednn.hpp"

#include <cstdio>

#include "kernels/threads.hpp"

namespace nd::kernels::onednn {

using dnnl::memory;

const dnnl::engine& engine() {
    // Leaked on purpose: primitives may outlive static destruction at interpreter exit.
    static const auto* instance = new dnnl::engine(dnnl::engine::kind::cpu, 0);
    return *instance;
}

std::string version() {
    const dnnl_version_t* v = dnnl_version();
    return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

memory::data_type data_type(int32_t dtype) {
    switch (dtype) {
        case ND_FLOAT32: return memory::data_type::f32;
        case ND_UINT8: return memory::data_type::u8;
        case ND_INT8: return memory::data_type::s8;
        case ND_INT32: return memory::data_type::s32;
        default: return memory::data_type::undef;
    }
}

Desc plain(const nd_desc& array) {
    memory::dims dims(array.shape, array.shape + array.ndim), strides(array.strides, array.strides + array.ndim);
    // A dimension of one may carry any stride; oneDNN wants a consistent one.
    int64_t next = 1;
    for (int i = array.ndim - 1; i >= 0; --i) {
        const auto k = static_cast<size_t>(i);
        if (dims[k] == 1) strides[k] = next;
        next = strides[k] * dims[k];
    }
    return Desc(dims, data_type(array.dtype), strides);
}

Desc describe(const nd_desc& array) { return array.layout != nullptr ? array.layout->desc : plain(array); }

Desc any_format(const nd_desc& array) {
    return Desc(memory::dims(array.shape, array.shape + array.ndim), data_type(array.dtype), memory::format_tag::any);
}

dnnl::primitive_attr attributes() {
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attr;
}

int Program::scratch(const Desc& desc) {
    const size_t offset = scratch_bytes_;
    scratch_bytes_ += (desc.get_size() + ND_ALIGNMENT - 1) / ND_ALIGNMENT * ND_ALIGNMENT;
    return slot({desc, Place::kScratch, 0, offset});
}

int Program::converted(int from, const Desc& wanted) {
    if (desc(from) == wanted) return from;
    const int to = scratch(wanted);
    reorder(from, to);
    return to;
}

void Program::reorder(int from, int to) {
    const dnnl::reorder::primitive_desc pd(engine(), desc(from), engine(), desc(to), attributes());
    run(dnnl::reorder(pd), pd, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

void Program::run(const dnnl::primitive& primitive, const dnnl::primitive_desc_base& pd,
                  std::initializer_list<std::pair<int, int>> arguments) {
    Call call{primitive, {arguments.begin(), arguments.end()}};
    const Desc pad = pd.scratchpad_desc();
    if (pad.get_size() > 0) call.arguments.emplace_back(DNNL_ARG_SCRATCHPAD, scratch(pad));
    calls_.push_back(std::move(call));
}

struct Program::Instance {
    dnnl::stream stream;
    std::vector<memory> memories;
    std::vector<std::vector<dnnl_exec_arg_t>> arguments;  // one list per call
};

void* Program::make_instance(const void* state) {
    const auto& program = *static_cast<const Program*>(state);
    auto instance = std::make_unique<Instance>();
    instance->stream = dnnl::stream(engine());
    for (const Slot& s : program.slots_) instance->memories.push_back(memory(s.desc, engine(), DNNL_MEMORY_NONE));
    for (const Call& call : program.calls_) {
        auto& list = instance->arguments.emplace_back();
        for (const auto& [id, slot] : call.arguments) {
            list.push_back({id, instance->memories[static_cast<size_t>(slot)].get()});
        }
    }
    return instance.release();
}

void Program::free_instance(void* instance) { delete static_cast<Instance*>(instance); }

nd_status Program::execute(const void* state, void* opaque, char* const* in, char* const* out, char* scratch,
                           nd_error* error) {
    const auto& program = *static_cast<const Program*>(state);
    auto& instance = *static_cast<Instance*>(opaque);
    adopt_thread_count();
    const OneThread alone(program.single_threaded_);
    for (size_t i = 0; i < program.slots_.size(); ++i) {
        const Slot& s = program.slots_[i];
        char* at = s.place == Place::kInput ? in[s.index] : s.place == Place::kOutput ? out[s.index] : scratch + s.offset;
        dnnl_memory_set_data_handle(instance.memories[i].get(), at);
    }
    for (size_t i = 0; i < program.calls_.size(); ++i) {
        const auto& list = instance.arguments[i];
        const dnnl_status_t status = dnnl_primitive_execute(program.calls_[i].primitive.get(), instance.stream.get(),
                                                            static_cast<int>(list.size()), list.data());
        if (status != dnnl_success) {
            std::snprintf(error->text, sizeof error->text, "oneDNN: primitive %zu failed with status %d", i, status);
            return ND_FAILED;
        }
    }
    return ND_OK;
}

void Program::finish(std::unique_ptr<Program> program, nd_prepared* prepared) {
    *prepared = nd_prepared{};
    prepared->scratch_bytes = program->scratch_bytes_;
    prepared->run = &Program::execute;
    prepared->destroy = [](void* state) { delete static_cast<Program*>(state); };
    prepared->make_instance = &Program::make_instance;
    prepared->free_instance = &Program::free_instance;
    prepared->state = program.release();
}

int output_slot(Program& program, int index, nd_desc& array, const Desc& preferred) {
    const Desc strided = plain(array);
    if (preferred == strided) return program.output(index, strided);
    if ((array.flags & ND_DESC_LAYOUT_FREE) != 0) {
        auto layout = std::make_unique<nd_layout>();
        layout->desc = preferred;
        array.layout = layout.release();
        return program.output(index, preferred);
    }
    return program.scratch(preferred);
}

void finish_output(Program& program, int written, int index, const nd_desc& array) {
    if (array.layout != nullptr || program.desc(written) == plain(array)) return;
    program.reorder(written, program.output(index, plain(array)));
}

nd_status guarded(nd_error* error, const char* what, nd_status (*body)(const nd_call*, nd_prepared*, nd_error*),
                  const nd_call* call, nd_prepared* prepared) {
    const auto undo = [call](nd_status status) {
        for (int i = 0; i < call->n_out; ++i) {
            if (call->out[i].layout != nullptr && (call->out[i].flags & ND_DESC_LAYOUT_FREE) != 0) {
                delete call->out[i].layout;
                call->out[i].layout = nullptr;
            }
        }
        return status;
    };
    try {
        return body(call, prepared, error);
    } catch (const dnnl::error& e) {
        if (e.status == dnnl_unimplemented) return undo(ND_UNSUPPORTED);
        std::snprintf(error->text, sizeof error->text, "%s: oneDNN says %s", what, e.what());
        return undo(e.status == dnnl_invalid_arguments ? ND_INVALID : ND_FAILED);
    } catch (const std::exception& e) {
        std::snprintf(error->text, sizeof error->text, "%s: %s", what, e.what());
        return undo(ND_FAILED);
    }
}

}  // namespace nd::kernels::onednn
