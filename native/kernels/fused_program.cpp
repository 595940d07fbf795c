#include "fused_program.hpp"

#include <algorithm>
#include <stdexcept>

#include "attributes.hpp"

namespace nd::kernels::fused {
namespace {

constexpr bool is_heavy(nd_domain domain) { return domain == ND_FLOATING; }

nd_domain domain_of(nd_fused_kind kind, int64_t code) {
    static constexpr nd_domain unary[] = {
#define ND_UNARY(name, domain) domain,
#define ND_BINARY(name, domain)
#include "nd4py/elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
    };
    static constexpr nd_domain binary[] = {
#define ND_UNARY(name, domain)
#define ND_BINARY(name, domain) domain,
#include "nd4py/elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
    };
    return kind == ND_FUSED_UNARY ? unary[code] : kind == ND_FUSED_BINARY ? binary[code] : ND_ARITHMETIC;
}

}  // namespace

nd_status read_program(const nd_call* call, int32_t dtype, Program& program) {
    AttributeReader read(call);
    program.inputs = call->n_in;
    program.constants = call->n_reals;
    program.dtype = dtype;
    program.constant_values.assign(call->reals, call->reals + call->n_reals);
    std::vector<int> value_of(static_cast<size_t>(program.first_result()));
    for (size_t i = 0; i < value_of.size(); ++i) value_of[i] = static_cast<int>(i);

    const auto value = [&](int64_t reg) {
        if (reg < 0 || reg >= static_cast<int64_t>(value_of.size()) || value_of[static_cast<size_t>(reg)] < 0) {
            throw std::invalid_argument("fused_elementwise: a register is read before it is written");
        }
        return value_of[static_cast<size_t>(reg)];
    };
    const int64_t count = read.integer();
    for (int64_t i = 0; i < count; ++i) {
        const int64_t kind = read.integer(), code = read.integer(), dst = read.integer();
        const int64_t registers[3] = {read.integer(), read.integer(), read.integer()};
        Instruction instruction{};
        instruction.kind = static_cast<nd_fused_kind>(kind);
        const int arity = kind == ND_FUSED_UNARY ? 1 : kind == ND_FUSED_BINARY ? 2 : 3;
        for (int k = 0; k < 3; ++k) instruction.operand[k] = value(registers[k < arity ? k : 0]);
        switch (kind) {
            case ND_FUSED_UNARY:
                if (code < 0 || code >= ND_UNARY_COUNT) throw std::invalid_argument("fused_elementwise: unknown unary code");
                instruction.unary = unary_loop_of(code, dtype);
                if (!instruction.unary) return ND_UNSUPPORTED;
                break;
            case ND_FUSED_BINARY:
                if (code < 0 || code >= ND_BINARY_COUNT)
                    throw std::invalid_argument("fused_elementwise: unknown binary code");
                instruction.binary = binary_loop_of(code, dtype);
                if (!instruction.binary) return ND_UNSUPPORTED;
                break;
            case ND_FUSED_SELECT: instruction.select = select_loop_of(dtype); break;
            default: throw std::invalid_argument("fused_elementwise: unknown kind of instruction");
        }
        instruction.heavy = is_heavy(domain_of(instruction.kind, code)) || code == ND_BINARY_pow;
        instruction.result = program.values();
        if (dst < program.first_result() || dst > 1 << 20) {
            throw std::invalid_argument("fused_elementwise: an instruction writes an input or a constant");
        }
        if (dst >= static_cast<int64_t>(value_of.size())) value_of.resize(static_cast<size_t>(dst) + 1, -1);
        value_of[static_cast<size_t>(dst)] = instruction.result;
        program.instructions.push_back(instruction);
    }
    for (int i = 0; i < call->n_out; ++i) program.outputs.push_back(value(read.integer()));
    return ND_OK;
}

std::vector<bool> uniform_values(const Program& program, const std::vector<bool>& uniform_inputs) {
    std::vector<bool> uniform(uniform_inputs);
    uniform.resize(static_cast<size_t>(program.first_result()), true);
    for (const Instruction& i : program.instructions) {
        uniform.push_back(
            std::all_of(std::begin(i.operand), std::end(i.operand), [&](int v) { return uniform[static_cast<size_t>(v)]; }));
    }
    return uniform;
}

Buffers assign_buffers(const Program& program, const std::vector<bool>& uniform, const std::vector<bool>& converted_inputs,
                       const std::vector<bool>& direct_results) {
    Buffers buffers;
    const size_t values = static_cast<size_t>(program.values());
    buffers.of_value.assign(values, -1);
    for (size_t i = 0; i < static_cast<size_t>(program.inputs); ++i) {
        if (converted_inputs[i] && !uniform[i]) buffers.of_value[i] = buffers.count++;
    }
    const size_t never = program.instructions.size();
    std::vector<size_t> last_read(values, 0);
    for (size_t i = 0; i < never; ++i) {
        for (int v : program.instructions[i].operand) last_read[static_cast<size_t>(v)] = i;
    }
    for (int v : program.outputs) last_read[static_cast<size_t>(v)] = never;
    std::vector<int> free;
    for (size_t i = 0; i < never; ++i) {
        const Instruction& instruction = program.instructions[i];
        for (size_t k = 0; k < 3; ++k) {
            const auto v = static_cast<size_t>(instruction.operand[k]);
            const bool repeated =
                std::find(instruction.operand, instruction.operand + k, instruction.operand[k]) != instruction.operand + k;
            const bool temporary = v >= static_cast<size_t>(program.first_result());
            // The loops allow a result in the very place of an operand.
            if (!repeated && temporary && last_read[v] == i && buffers.of_value[v] >= 0) free.push_back(buffers.of_value[v]);
        }
        const auto result = static_cast<size_t>(instruction.result);
        if (uniform[result] || direct_results[result]) continue;
        if (free.empty()) free.push_back(buffers.count++);
        buffers.of_value[result] = free.back();
        free.pop_back();
        if (last_read[result] == 0 && result != 0) free.push_back(buffers.of_value[result]);  // never read
    }
    return buffers;
}

}  // namespace nd::kernels::fused
