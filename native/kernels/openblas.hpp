// The one adapter to OpenBLAS, which is held to one thread: parallel work is split above it, on the one pool.
#pragma once

#include <cstdint>
#include <string>

namespace nd::kernels::openblas {

// c = a·b for row-major c; `transposed` operands are stored column-major. Leading distances in elements.
void gemm(int64_t m, int64_t n, int64_t k, const double* a, int64_t lda, bool a_transposed, const double* b, int64_t ldb,
          bool b_transposed, double* c, int64_t ldc);

std::string version();

}  // namespace nd::kernels::openblas
