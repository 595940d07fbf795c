// fused_elementwise: a program of elementwise operations run tile by tile, so that intermediate values stay in L1.
// Here: from the call to the prepared program; the loop over tiles is in fused_execution.hpp.
#include <algorithm>

#include "families.hpp"
#include "fused_execution.hpp"
#include "layout.hpp"
#include "prepared.hpp"

namespace nd::kernels {
namespace {

using fused::Fused;
using fused::Input;
using fused::Instruction;
using fused::Output;
using fused::Shape;

bool is_half(int32_t dtype) { return dtype == ND_FLOAT16 || dtype == ND_BFLOAT16; }

// The dtype of the arithmetic; -1: none here.
int32_t arithmetic_dtype(const nd_call* call) {
    const int32_t out = call->out[0].dtype;
    if (out == ND_FLOAT32 || out == ND_FLOAT64) return out;
    if (is_half(out)) return ND_FLOAT32;
    if (out != ND_BOOL) return -1;
    // A truth value is computed in the inputs' own precision.
    int32_t widest = ND_FLOAT32;
    for (int i = 0; i < call->n_in; ++i) {
        const int32_t in = call->in[i].dtype;
        if (in == ND_FLOAT64) widest = ND_FLOAT64;
        if (in != ND_FLOAT64 && in != ND_FLOAT32 && in != ND_BOOL && !is_half(in)) return -1;
    }
    return widest;
}

bool all_strides_zero(const nd_desc& array, const Walk& walk, int operand) {
    if (array.layout) return false;
    const auto& axes = walk.axes();
    return std::all_of(axes.begin(), axes.end(), [&](const auto& a) { return a.strides[static_cast<size_t>(operand)] == 0; });
}
bool outer_strides_zero(const Walk& walk, int operand) {
    const auto& axes = walk.axes();
    return std::all_of(axes.begin(), axes.empty() ? axes.end() : axes.end() - 1,
                       [&](const auto& a) { return a.strides[static_cast<size_t>(operand)] == 0; });
}
bool follows_walk(const Walk& walk, int operand, int64_t item) {
    int64_t expected = item;
    for (auto axis = walk.axes().rbegin(); axis != walk.axes().rend(); ++axis) {
        if (axis->strides[static_cast<size_t>(operand)] != expected) return false;
        expected *= axis->size;
    }
    return true;
}

// The layout that all blocked inputs share; ND_NEEDS_PLAIN when the arrays cannot be taken as flat memory of that layout.
nd_status common_layout(const nd_call* call, int32_t dtype, nd_layout*& layout) {
    layout = nullptr;
    for (int i = 0; i < call->n_in; ++i) {
        if (!call->in[i].layout) continue;
        if (layout && !layout_equal(layout, call->in[i].layout)) return ND_NEEDS_PLAIN;
        layout = call->in[i].layout;
    }
    if (!layout) return ND_OK;
    for (int i = 0; i < call->n_in; ++i) {
        const nd_desc& in = call->in[i];
        if (in.layout ? in.dtype != dtype || !same_shape(in, call->out[0]) : count_of(in) != 1) {
            const bool one_value =
                !in.layout && std::all_of(in.strides, in.strides + in.ndim, [](int64_t s) { return s == 0; });
            if (!one_value) return ND_NEEDS_PLAIN;
        }
    }
    for (int o = 0; o < call->n_out; ++o) {
        if (!(call->out[o].flags & ND_DESC_LAYOUT_FREE) || call->out[o].dtype != dtype) return ND_NEEDS_PLAIN;
    }
    return ND_OK;
}

// Blocked formats pad with zeros that later primitives rely on: the program must keep them zero.
bool keeps_zero(const Fused& state) {
    const bool knows_all = std::none_of(state.inputs.begin(), state.inputs.end(), [](const Input& i) { return i.uniform; });
    if (!knows_all) return false;
    std::vector<double> zeros(state.inputs.size(), 0.0), results(state.outputs.size(), 1.0);
    std::vector<char*> in, out;
    for (double& z : zeros) in.push_back(reinterpret_cast<char*>(&z));
    for (double& r : results) out.push_back(reinterpret_cast<char*>(&r));
    Fused::Frame frame;
    state.open(frame, in.data());
    state.run_flat(in.data(), out.data(), frame, 0, 1);
    return std::all_of(results.begin(), results.end(), [&](const double& r) {
        static constexpr char zero[8] = {};
        return std::equal(zero, zero + state.item, reinterpret_cast<const char*>(&r));
    });
}

int64_t parallel_grain(const Fused& state) {
    // Estimated picoseconds per element: reading and writing, then cheap and transcendental operations.
    int64_t cost = 60 * static_cast<int64_t>(state.inputs.size() + state.outputs.size());
    for (const Instruction& i : state.each) cost += i.heavy ? 300 : 40;
    return std::max<int64_t>(1024, 8'000'000 / cost);
}

void describe_arrays(const nd_call* call, Fused& state, const std::vector<bool>& blocked) {
    const int32_t dtype = state.program.dtype;
    for (int i = 0; i < call->n_in; ++i) {
        Input input;
        input.item = item_bytes(call->in[i].dtype);
        input.plain = call->in[i].dtype == dtype;
        input.load = loops.cast[call->in[i].dtype][dtype];
        input.flat = blocked[static_cast<size_t>(i)] || follows_walk(state.walk, i, input.item);
        input.uniform = state.walk.total() > 1 && all_strides_zero(call->in[i], state.walk, i);
        input.periodic = outer_strides_zero(state.walk, i);
        state.inputs.push_back(input);
    }
    for (int o = 0; o < call->n_out; ++o) {
        Output output;
        output.item = item_bytes(call->out[o].dtype);
        output.store = loops.cast[dtype][call->out[o].dtype];
        output.value = state.program.outputs[static_cast<size_t>(o)];
        output.flat = follows_walk(state.walk, call->n_in + o, output.item);
        state.outputs.push_back(output);
    }
}

void choose_shape(Fused& state) {
    const bool flat =
        std::all_of(state.inputs.begin(), state.inputs.end(), [](const Input& i) { return i.flat || i.uniform; }) &&
        std::all_of(state.outputs.begin(), state.outputs.end(), [](const Output& o) { return o.flat; });
    const int64_t long_run = fused::largest_tile_bytes / 4 / state.item;
    state.shape = flat ? Shape::kFlat : state.walk.inner_size() >= long_run ? Shape::kRuns : Shape::kPacked;
    for (size_t i = 0; i < state.inputs.size(); ++i) {
        Input& input = state.inputs[i];
        const int64_t stride = state.walk.inner_stride(static_cast<int>(i));
        const bool in_place = state.shape == Shape::kRuns ? stride == state.item || stride == 0 : input.flat;
        input.converted = !input.uniform && !(input.plain && in_place);
    }
}

nd_status plan_values(const nd_call* call, Fused& state) {
    std::vector<bool> uniform_inputs, converted;
    for (const Input& i : state.inputs) uniform_inputs.push_back(i.uniform), converted.push_back(i.converted);
    const auto uniform = fused::uniform_values(state.program, uniform_inputs);
    std::vector<bool> direct(static_cast<size_t>(state.program.values()), false);
    for (size_t o = 0; o < state.outputs.size(); ++o) {
        Output& output = state.outputs[o];
        const auto v = static_cast<size_t>(output.value);
        const int64_t stride = state.walk.inner_stride(static_cast<int>(state.inputs.size() + o));
        const bool contiguous = state.shape == Shape::kRuns ? stride == state.item : output.flat;
        const bool computed = output.value >= state.program.first_result() && !uniform[v];
        output.direct = computed && contiguous && call->out[o].dtype == state.program.dtype && !direct[v];
        if (output.direct) direct[v] = true;
    }
    const fused::Buffers buffers = fused::assign_buffers(state.program, uniform, converted, direct);
    state.buffer_of = buffers.of_value;
    const int64_t bytes = fused::buffer_bytes / std::max(1, buffers.count) / ND_ALIGNMENT * ND_ALIGNMENT;
    if (bytes < fused::smallest_tile_bytes || state.program.values() > fused::max_values) return ND_UNSUPPORTED;
    state.tile = std::min(fused::largest_tile_bytes, bytes) / state.item;
    if (state.shape == Shape::kPacked && state.walk.inner_size() > state.tile) state.shape = Shape::kRuns;
    for (const Instruction& i : state.program.instructions) {
        (uniform[static_cast<size_t>(i.result)] ? state.once : state.each).push_back(i);
    }
    state.constants.resize(state.program.constant_values.size() * static_cast<size_t>(state.item));
    loops.cast[ND_FLOAT64][state.program.dtype](reinterpret_cast<const char*>(state.program.constant_values.data()),
                                                sizeof(double), state.constants.data(), state.item,
                                                static_cast<int64_t>(state.program.constant_values.size()));
    return ND_OK;
}

// out[0] may overwrite an input that no instruction reads after the one that writes out[0].
uint32_t inplace_inputs(const nd_call* call, const Fused& state) {
    const nd_desc& out = call->out[0];
    const Output& first = state.outputs[0];
    uint32_t bits = 0;
    for (int i = 0; i < std::min(call->n_in, 32); ++i) {
        const nd_desc& in = call->in[i];
        const bool same = in.dtype == out.dtype && same_shape(in, out) && !in.layout == !out.layout &&
                          (in.layout || std::equal(in.strides, in.strides + in.ndim, out.strides));
        bool late = false;
        for (const Instruction& instruction : state.program.instructions) {
            const bool reads =
                std::find(std::begin(instruction.operand), std::end(instruction.operand), i) != std::end(instruction.operand);
            if (first.direct && instruction.result > first.value && reads) late = true;
        }
        // An output that is the input itself is stored after out[0] may have been.
        for (size_t o = 1; o < state.outputs.size(); ++o) late = late || state.outputs[o].value == i;
        if (same && !late) bits |= 1u << i;
    }
    return bits;
}

nd_status prepare(const nd_call* call, nd_prepared* prepared, nd_error*) {
    const int32_t dtype = call->n_out > 0 ? arithmetic_dtype(call) : -1;
    if (dtype < 0) return ND_UNSUPPORTED;
    for (int i = 0; i < call->n_in; ++i) {
        const nd_desc& in = call->in[i];
        if (in.dtype < 0 || in.dtype >= ND_DTYPE_COUNT || !loops.cast[in.dtype][dtype]) return ND_UNSUPPORTED;
        if (!in.layout && !same_shape(in, call->out[0]))
            throw std::invalid_argument("fused_elementwise: an input is not expanded");
    }
    for (int o = 0; o < call->n_out; ++o) {
        if (!loops.cast[dtype][call->out[o].dtype]) return ND_UNSUPPORTED;
        if (!same_shape(call->out[o], call->out[0]))
            throw std::invalid_argument("fused_elementwise: outputs differ in shape");
    }
    auto state = std::make_unique<Fused>();
    if (const nd_status status = fused::read_program(call, dtype, state->program); status != ND_OK) return status;
    state->item = item_bytes(dtype);
    nd_layout* layout = nullptr;
    if (const nd_status status = common_layout(call, dtype, layout); status != ND_OK) return status;
    std::vector<bool> blocked(static_cast<size_t>(call->n_in), false);
    if (layout) {
        Walk walk(call->n_in + call->n_out);
        std::vector<int64_t> strides;
        for (int i = 0; i < call->n_in; ++i) {
            blocked[static_cast<size_t>(i)] = call->in[i].layout != nullptr;
            strides.push_back(call->in[i].layout ? state->item : 0);
        }
        strides.resize(static_cast<size_t>(call->n_in) + static_cast<size_t>(call->n_out), state->item);
        walk.add_axis(static_cast<int64_t>(layout_bytes(layout)) / state->item, strides);
        state->walk = std::move(walk);
    } else {
        std::vector<const nd_desc*> arrays;
        for (int i = 0; i < call->n_in; ++i) arrays.push_back(&call->in[i]);
        for (int o = 0; o < call->n_out; ++o) arrays.push_back(&call->out[o]);
        state->walk = Walk::over(arrays);
        state->walk.sort_by(call->n_in);
        state->walk.merge();
    }
    describe_arrays(call, *state, blocked);
    choose_shape(*state);
    if (const nd_status status = plan_values(call, *state); status != ND_OK) return status;
    state->grain = parallel_grain(*state);
    if (layout) {
        const bool padded = static_cast<int64_t>(layout_bytes(layout)) != count_of(call->out[0]) * state->item;
        if (padded && !keeps_zero(*state)) return ND_NEEDS_PLAIN;
        for (int o = 0; o < call->n_out; ++o) {
            layout_retain(layout);
            call->out[o].layout = layout;
        }
    }
    const uint32_t inplace = inplace_inputs(call, *state);
    return finish(std::move(state), prepared, 0, inplace);
}

constexpr nd_kernel kernels[] = {{"fused_elementwise", guarded<prepare>}};

}  // namespace

extern const nd_kernel_list fused_kernels = {kernels, std::size(kernels)};

}  // namespace nd::kernels
