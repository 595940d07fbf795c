#include "kernels/openblas.hpp"

#include <cblas.h>

#include <mutex>

#include "kernels/threads.hpp"

namespace nd::kernels::openblas {
namespace {

void hold_to_one_thread() {
    static std::once_flag once;
    std::call_once(once, [] { scipy_openblas_set_num_threads(1); });
}

constexpr int64_t kRowsPerPiece = 64;

}  // namespace

void gemm(int64_t m, int64_t n, int64_t k, const double* a, int64_t lda, bool a_transposed, const double* b, int64_t ldb,
          bool b_transposed, double* c, int64_t ldc) {
    hold_to_one_thread();
    const auto rows = [&](int64_t begin, int64_t end) {
        const double* start = a + begin * (a_transposed ? 1 : lda);
        scipy_cblas_dgemm(CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans,
                          static_cast<blasint>(end - begin), static_cast<blasint>(n), static_cast<blasint>(k), 1.0, start,
                          static_cast<blasint>(lda), b, static_cast<blasint>(ldb), 0.0, c + begin * ldc,
                          static_cast<blasint>(ldc));
    };
    const auto columns = [&](int64_t begin, int64_t end) {
        const double* start = b + begin * (b_transposed ? ldb : 1);
        scipy_cblas_dgemm(CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans,
                          static_cast<blasint>(m), static_cast<blasint>(end - begin), static_cast<blasint>(k), 1.0, a,
                          static_cast<blasint>(lda), start, static_cast<blasint>(ldb), 0.0, c + begin,
                          static_cast<blasint>(ldc));
    };
    if (m >= n) {
        parallel_for(m, kRowsPerPiece, rows);
    } else {
        parallel_for(n, kRowsPerPiece, columns);
    }
}

std::string version() {
    // "OpenBLAS 0.3.34 DYNAMIC_ARCH ..."
    const std::string config = scipy_openblas_get_config();
    const size_t begin = config.find(' ') + 1;
    return config.substr(begin, config.find(' ', begin) - begin);
}

}  // namespace nd::kernels::openblas
