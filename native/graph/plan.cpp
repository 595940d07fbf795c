#include "graph/plan.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>

#include "core/table.hpp"

namespace nd {
namespace {

using BufferKind = PlanBuffer::Kind;

// Element by element between any strides of one dtype: for the rare paths (callbacks, inputs that are not contiguous).
void copy_strided(char* to, const Dims& to_strides, const char* from, const Dims& from_strides, const Dims& shape,
                  int64_t itemsize, int axis = 0) {
    if (axis == shape.size()) {
        std::memcpy(to, from, static_cast<size_t>(itemsize));
        return;
    }
    for (int64_t i = 0; i < shape[axis]; ++i) {
        copy_strided(to + i * to_strides[axis] * itemsize, to_strides, from + i * from_strides[axis] * itemsize, from_strides,
                     shape, itemsize, axis + 1);
    }
}

std::string text(const Dims& shape) {
    std::string s = "(";
    for (int i = 0; i < shape.size(); ++i) s += (i > 0 ? ", " : "") + std::to_string(shape[i]);
    return s + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace

// Everything one run at a time needs: the arena, the vendor library's mutable objects, and resolved pointers.
struct Plan::Context {
    struct Patch {
        size_t pointer;  // position in `pointers`
        int64_t offset;
    };

    explicit Context(const Plan& plan) : plan(plan) {}
    ~Context() {
        for (size_t s = 0; s < instances.size(); ++s) {
            if (instances[s] != nullptr) plan.steps_[s].prepared.free_instance(instances[s]);
        }
        if (arena != nullptr) plan.table_->release(arena);
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    const Plan& plan;
    char* arena = nullptr;
    std::vector<int64_t> scalars;
    std::vector<char*> pointers;                      // per step: inputs, then outputs
    std::vector<void*> instances;                     // per step
    std::vector<std::vector<Patch>> inputs, outputs;  // pointers that change with every run
};

std::unique_ptr<Plan::Context> Plan::make_context() const {
    auto context = std::make_unique<Context>(*this);
    context->arena = static_cast<char*>(table_->allocate(arena_bytes_));
    if (context->arena == nullptr) throw std::bad_alloc();
    context->scalars.resize(scalars_.size());
    context->inputs.resize(inputs_.size());
    context->outputs.resize(outputs_.size());
    const auto add = [&](const PlanRef& ref) {
        const size_t pointer = context->pointers.size();
        context->pointers.push_back(nullptr);
        if (ref.root < 0) return;
        const PlanBuffer& b = buffers_[static_cast<size_t>(ref.root)];
        const auto slot = static_cast<size_t>(b.slot);
        char* base = nullptr;
        switch (b.kind) {
            case BufferKind::kInput: context->inputs[slot].push_back({pointer, ref.offset}); return;
            case BufferKind::kScalar: base = reinterpret_cast<char*>(&context->scalars[slot]); break;
            case BufferKind::kArray: base = b.array.data; break;
            case BufferKind::kView: throw std::logic_error("a view is not a root");
            case BufferKind::kTemp:
                if (b.output) {
                    context->outputs[slot].push_back({pointer, ref.offset});
                    return;
                }
                base = context->arena + b.arena;
        }
        context->pointers[pointer] = base + ref.offset;
    };
    for (const PlanStep& step : steps_) {
        for (const PlanRef& ref : step.in) add(ref);
        for (const PlanRef& ref : step.out) add(ref);
        const auto make = step.callback ? nullptr : step.prepared.make_instance;
        context->instances.push_back(make != nullptr ? make(step.prepared.state) : nullptr);
    }
    return context;
}

std::unique_ptr<Plan::Context> Plan::take_context() const {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto context = std::move(idle_.back());
            idle_.pop_back();
            return context;
        }
    }
    return make_context();
}

Plan::Plan() = default;

Plan::~Plan() {
    idle_.clear();
    for (const PlanStep& step : steps_) {
        if (!step.callback && step.prepared.destroy != nullptr) step.prepared.destroy(step.prepared.state);
    }
    for (const PlanBuffer& b : buffers_) {
        if (b.layout != nullptr) table_->layout_release(b.layout);
    }
}

void Plan::check_inputs(std::span<const Array* const> inputs) const {
    if (inputs.size() != inputs_.size()) {
        throw std::invalid_argument("the plan takes " + std::to_string(inputs_.size()) + " inputs; received " +
                                    std::to_string(inputs.size()));
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
        const PlanBuffer& b = buffers_[static_cast<size_t>(inputs_[i])];
        if (inputs[i]->dtype != b.dtype || !(inputs[i]->shape == b.shape)) {
            throw std::invalid_argument("input " + std::to_string(i) + ": the plan was made for " + dtype_name(b.dtype) +
                                        text(b.shape) + "; received " + dtype_name(inputs[i]->dtype) +
                                        text(inputs[i]->shape));
        }
    }
}

void Plan::fail(const PlanStep& step, nd_status status, const nd_error& error) {
    const std::string where = step.kernel + (step.label.empty() ? "" : " (" + step.label + ")");
    throw std::runtime_error(where + ": " + (error.text[0] != 0 ? error.text : "status " + std::to_string(status)));
}

void Plan::check_numerics(const PlanStep& step, const Context& context, size_t pointer) const {
    for (size_t i = 0; i < step.out.size(); ++i) {
        if (step.out_buffers[i] < 0) continue;
        const PlanBuffer& b = buffers_[static_cast<size_t>(step.out_buffers[i])];
        if (b.dtype != ND_FLOAT32 && b.dtype != ND_FLOAT64) continue;
        const char* data = context.pointers[pointer + step.in.size() + i];
        int64_t count = 1;
        for (const int64_t extent : b.shape) count *= extent;
        // A blocked buffer is scanned as flat memory: its padding is zero. Strided ones are walked element by element.
        Array plain;
        if (b.layout != nullptr) {
            count = static_cast<int64_t>(table_->layout_bytes(b.layout)) / item_size(b.dtype);
        } else if (!(b.strides == contiguous_strides(b.shape))) {
            plain = Array::empty(b.dtype, b.shape);
            copy_strided(plain.data, plain.strides, data, b.strides, b.shape, item_size(b.dtype));
            data = plain.data;
        }
        for (int64_t k = 0; k < count; ++k) {
            const double value = b.dtype == ND_FLOAT32 ? static_cast<double>(reinterpret_cast<const float*>(data)[k])
                                                       : reinterpret_cast<const double*>(data)[k];
            if (std::isfinite(value)) continue;
            throw NumericsError((step.label.empty() ? "" : step.label + ": ") + "operation " + step.kernel + " produced " +
                                (std::isnan(value) ? "NaN" : "an infinite value") + " in its output " + std::to_string(i) +
                                " of shape " + text(b.shape));
        }
    }
}

void Plan::bind(Context& context, std::span<const Array* const> inputs, std::span<const int64_t> scalars,
                std::vector<Array>& copies, std::vector<Array>& results) const {
    for (size_t i = 0; i < inputs.size(); ++i) {
        const Array* array = inputs[i];
        if (!array->is_contiguous()) {
            if (copies.empty()) copies.reserve(inputs.size());
            Array& copy = copies.emplace_back(Array::empty(array->dtype, array->shape));
            copy_strided(copy.data, copy.strides, array->data, array->strides, array->shape, array->itemsize());
            array = &copy;
        }
        for (const auto& patch : context.inputs[i]) context.pointers[patch.pointer] = array->data + patch.offset;
    }
    if (!scalars.empty()) std::memcpy(context.scalars.data(), scalars.data(), scalars.size_bytes());
    results.reserve(outputs_.size());
    for (size_t i = 0; i < outputs_.size(); ++i) {
        const PlanBuffer& b = buffers_[static_cast<size_t>(outputs_[i])];
        const Array& result = results.emplace_back(Array::empty(b.dtype, b.shape));
        for (const auto& patch : context.outputs[i]) context.pointers[patch.pointer] = result.data + patch.offset;
    }
}

void Plan::call_back(const PlanStep& step, char* const* in, char* const* out) const {
    std::vector<Array> arguments;
    for (size_t i = 0; i < step.in.size(); ++i) {
        if (step.in[i].root < 0) continue;
        const PlanBuffer& b = buffers_[static_cast<size_t>(step.in_buffers[i])];
        const Array& copy = arguments.emplace_back(Array::empty(b.dtype, b.shape));
        copy_strided(copy.data, copy.strides, in[i], b.strides, b.shape, item_size(b.dtype));
    }
    const std::vector<Array> values = step.callback->call(arguments);
    for (size_t i = 0; i < step.out.size(); ++i) {
        const PlanBuffer& b = buffers_[static_cast<size_t>(step.out_buffers[i])];
        if (i >= values.size() || values[i].dtype != b.dtype || !(values[i].shape == b.shape)) {
            throw std::runtime_error(step.kernel + ": the reference returned another dtype or shape than declared");
        }
        copy_strided(out[i], b.strides, values[i].data, values[i].strides, b.shape, item_size(b.dtype));
    }
}

void Plan::run_step(size_t index, Context& context, size_t pointer) const {
    const PlanStep& step = steps_[index];
    char* const* in = context.pointers.data() + pointer;
    char* const* out = in + step.in.size();
    if (step.callback) {
        call_back(step, in, out);
    } else {
        nd_error error;
        error.text[0] = 0;
        const nd_status status = step.prepared.run(step.prepared.state, context.instances[index], in, out,
                                                   context.arena + scratch_offset_, &error);
        if (status != ND_OK) fail(step, status, error);
    }
    if (check_numerics_) check_numerics(step, context, pointer);
}

// Gives the context back whatever happens.
struct Plan::Lease {
    const Plan& plan;
    std::unique_ptr<Context> context;

    ~Lease() {
        const std::lock_guard lock(plan.mutex_);
        plan.idle_.push_back(std::move(context));
    }
};

std::vector<Array> Plan::run(std::span<const Array* const> inputs, std::span<const int64_t> scalars) const {
    const Lease lease{*this, take_context()};
    std::vector<Array> copies, results;
    bind(*lease.context, inputs, scalars, copies, results);
    size_t pointer = 0;
    for (size_t s = 0; s < steps_.size(); ++s) {
        run_step(s, *lease.context, pointer);
        pointer += steps_[s].in.size() + steps_[s].out.size();
    }
    return results;
}

std::vector<double> Plan::profile(std::span<const Array* const> inputs, std::span<const int64_t> scalars, int repeats) const {
    using Clock = std::chrono::steady_clock;
    const Lease lease{*this, take_context()};
    std::vector<Array> copies, results;
    bind(*lease.context, inputs, scalars, copies, results);
    std::vector<std::vector<double>> times(steps_.size());
    for (int r = 0; r < repeats; ++r) {
        size_t pointer = 0;
        for (size_t s = 0; s < steps_.size(); ++s) {
            const auto start = Clock::now();
            run_step(s, *lease.context, pointer);
            times[s].push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
            pointer += steps_[s].in.size() + steps_[s].out.size();
        }
    }
    std::vector<double> medians;
    for (auto& t : times) {
        const auto middle = t.begin() + static_cast<std::ptrdiff_t>(t.size() / 2);
        std::nth_element(t.begin(), middle, t.end());
        medians.push_back(*middle);
    }
    return medians;
}

}  // namespace nd
