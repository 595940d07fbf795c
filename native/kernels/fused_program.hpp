// A fused chain of elementwise operations, made ready to run tile by tile.
#pragma once

#include <vector>

#include "nd4py/kernel_abi.h"

namespace nd::kernels::fused {

// out = cond != 0 ? a : b in the dtype of the operands; strides as for the other loops.
using SelectLoop = void (*)(const char* cond, int64_t sc, const char* a, int64_t sa, const char* b, int64_t sb, char* out,
                            int64_t n);

// The loop of an operation whose result stays in the dtype of its operands (comparisons give 1 and 0); NULL: none.
nd_unary_loop unary_loop_of(int64_t code, int32_t dtype);
nd_binary_loop binary_loop_of(int64_t code, int32_t dtype);
SelectLoop select_loop_of(int32_t dtype);

// Values are numbered: inputs, constants, then one per instruction (registers of the caller may be assigned repeatedly).
struct Instruction {
    nd_fused_kind kind;
    union {
        nd_unary_loop unary;
        nd_binary_loop binary;
        SelectLoop select;
    };
    int operand[3];  // values; unused ones repeat the first
    int result;
    bool heavy;  // a transcendental function, for the estimate of the cost
};

struct Program {
    int inputs = 0, constants = 0;
    int32_t dtype = ND_FLOAT32;  // of all arithmetic
    std::vector<double> constant_values;
    std::vector<Instruction> instructions;
    std::vector<int> outputs;  // value of each output

    int values() const { return inputs + constants + static_cast<int>(instructions.size()); }
    int first_result() const { return inputs + constants; }
};

// Reads the instructions of a call. ND_UNSUPPORTED: some operation has no loop here. Throws std::invalid_argument when the
// list contradicts itself.
nd_status read_program(const nd_call* call, int32_t dtype, Program& program);

// Which values are the same for every element, given which inputs are.
std::vector<bool> uniform_values(const Program& program, const std::vector<bool>& uniform_inputs);

// Gives each value a tile buffer (-1: none needed: it is an input, a uniform value or written straight to an output), reusing
// a buffer once its value has been read for the last time. Inputs that need conversion keep a buffer for the whole program.
struct Buffers {
    std::vector<int> of_value;
    int count = 0;
};
Buffers assign_buffers(const Program& program, const std::vector<bool>& uniform, const std::vector<bool>& converted_inputs,
                       const std::vector<bool>& direct_results);

}  // namespace nd::kernels::fused
