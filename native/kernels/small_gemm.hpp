// Matrix products too small for a vendor library: a call of oneDNN costs microseconds, a 32x4x16 product a fraction of one.
#pragma once

#include <cstdint>

namespace nd::kernels {

// A matrix as a pointer and the distance of rows and columns in elements.
template <class T>
struct Matrix {
    T* data;
    int64_t row, column;
};

// Scratch elements that small_gemm needs for these sizes and strides.
template <class T>
int64_t small_gemm_scratch(int64_t m, int64_t n, int64_t k, int64_t a_column, int64_t b_row, int64_t b_column);

// c[m,n] = a[m,k]·b[k,n] (+ bias[n] when not null). c has unit column distance; a and b have any distances.
// Single-threaded. Outer-product register tiles over the columns of b; b is first laid out by rows when it is not.
// One to three rows with column-wise b (inference on 'f'-order weights) use inner products instead and read b in place.
template <class T>
void small_gemm(int64_t m, int64_t n, int64_t k, Matrix<const T> a, Matrix<const T> b, T* c, int64_t c_row, const T* bias,
                T* scratch);

}  // namespace nd::kernels
