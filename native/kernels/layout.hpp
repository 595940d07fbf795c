// The layout services of the kernel table.
#pragma once

#include <cstddef>

#include "nd4py/kernel_abi.h"

namespace nd::kernels {

size_t layout_bytes(const nd_layout* layout);
int layout_equal(const nd_layout* a, const nd_layout* b);
void layout_retain(nd_layout* layout);
void layout_release(nd_layout* layout);

}  // namespace nd::kernels
