// What each family of kernels offers; table.cpp puts it together.
#pragma once

#include <cstdint>

#include "nd4py/kernel_abi.h"

namespace nd::kernels {

struct nd_kernel_list {
    const nd_kernel* items;
    int64_t count;
};

extern const nd_kernel_list fused_kernels;
extern const nd_kernel_list reduce_kernels;
extern const nd_kernel_list index_reduce_kernels;
extern const nd_kernel_list logical_reduce_kernels;
extern const nd_kernel_list softmax_kernels;
extern const nd_kernel_list updater_kernels;
extern const nd_kernel_list gradient_kernels;
extern const nd_kernel_list random_kernels;
extern const nd_kernel_list movement_kernels;
extern const nd_kernel_list statistics_kernels;
extern const nd_kernel_list matmul_kernels;
extern const nd_kernel_list conv2d_kernels;
extern const nd_kernel_list pool2d_kernels;
extern const nd_kernel_list layout_kernels;

// The elementwise loops, filled once by the functions below; each adds what its dtypes have.
struct LoopTables {
    nd_unary_loop unary[ND_UNARY_COUNT][ND_DTYPE_COUNT];
    nd_binary_loop binary[ND_BINARY_COUNT][ND_DTYPE_COUNT];
    nd_unary_loop cast[ND_DTYPE_COUNT][ND_DTYPE_COUNT];
    nd_select_loop select[ND_DTYPE_COUNT];
};
extern LoopTables loops;

void add_float32_unary_loops(LoopTables& tables);
void add_float64_unary_loops(LoopTables& tables);
void add_float_binary_loops(LoopTables& tables);
void add_integer_loops(LoopTables& tables);
void add_half_loops(LoopTables& tables);
void add_cast_loops(LoopTables& tables);
void add_select_loops(LoopTables& tables);

const nd_kernel_table* kernel_table();

}  // namespace nd::kernels
