#include "kernels/small_gemm.hpp"

#include <cstring>

#include "kernels/simd.hpp"

namespace nd::kernels {
namespace {

// kRows x (kVectors registers) of c; `valid` columns of the last register are stored.
template <class T, int kRows, int kVectors>
void tile(int64_t k, const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, T* c, int64_t c_row,
          const T* bias, int64_t valid) {
    using Register = Vec<T>;
    constexpr int64_t kWidth = lanes<T>;
    Register sum[kRows][kVectors];
    for (int v = 0; v < kVectors; ++v) {
        Register start = {};
        if (bias != nullptr) {
            if (v + 1 < kVectors || valid == kWidth) {
                start = load(bias + v * kWidth);
            } else {
                T partial[kWidth] = {};
                std::memcpy(partial, bias + v * kWidth, static_cast<size_t>(valid) * sizeof(T));
                start = load(partial);
            }
        }
        for (int r = 0; r < kRows; ++r) sum[r][v] = start;
    }
    for (int64_t i = 0; i < k; ++i) {
        Register column[kVectors];
        for (int v = 0; v < kVectors; ++v) column[v] = load(b + i * b_row + v * kWidth);
        for (int r = 0; r < kRows; ++r) {
            const Register x = broadcast(a[r * a_row + i * a_column]);
            for (int v = 0; v < kVectors; ++v) sum[r][v] = fma(x, column[v], sum[r][v]);
        }
    }
    for (int r = 0; r < kRows; ++r) {
        for (int v = 0; v < kVectors; ++v) {
            const int64_t count = v + 1 < kVectors ? kWidth : valid;
            std::memcpy(c + r * c_row + v * kWidth, &sum[r][v], static_cast<size_t>(count) * sizeof(T));
        }
    }
}

// All rows for one panel of columns.
template <class T, int kVectors>
void panel(int64_t m, int64_t k, Matrix<const T> a, const T* b, int64_t b_row, T* c, int64_t c_row, const T* bias,
           int64_t valid) {
    constexpr int kTall = kVectors == 1 ? 8 : 6;
    int64_t i = 0;
    for (; i + kTall <= m; i += kTall) {
        tile<T, kTall, kVectors>(k, a.data + i * a.row, a.row, a.column, b, b_row, c + i * c_row, c_row, bias, valid);
    }
    const T* rest = a.data + i * a.row;
    T* out = c + i * c_row;
    switch (m - i) {
        case 7: tile<T, 7, kVectors>(k, rest, a.row, a.column, b, b_row, out, c_row, bias, valid); break;
        case 6: tile<T, 6, kVectors>(k, rest, a.row, a.column, b, b_row, out, c_row, bias, valid); break;
        case 5: tile<T, 5, kVectors>(k, rest, a.row, a.column, b, b_row, out, c_row, bias, valid); break;
        case 4: tile<T, 4, kVectors>(k, rest, a.row, a.column, b, b_row, out, c_row, bias, valid); break;
        case 3: tile<T, 3, kVectors>(k, rest, a.row, a.column, b, b_row, out, c_row, bias, valid); break;
        case 2: tile<T, 2, kVectors>(k, rest, a.row, a.column, b, b_row, out, c_row, bias, valid); break;
        case 1: tile<T, 1, kVectors>(k, rest, a.row, a.column, b, b_row, out, c_row, bias, valid); break;
        default: break;
    }
}

// One row of c by inner products: a has unit column distance, b unit row distance.
template <class T>
void row_of_dots(int64_t n, int64_t k, const T* a, const T* b, int64_t b_column, T* c, const T* bias) {
    using Register = Vec<T>;
    constexpr int64_t kWidth = lanes<T>;
    constexpr int kColumns = 4;
    for (int64_t j = 0; j < n; j += kColumns) {
        const int64_t count = n - j < kColumns ? n - j : kColumns;
        Register sum[kColumns] = {};
        const T* column[kColumns];
        for (int64_t q = 0; q < kColumns; ++q) column[q] = b + (j + (q < count ? q : 0)) * b_column;
        int64_t i = 0;
        for (; i + kWidth <= k; i += kWidth) {
            const Register x = load(a + i);
            for (int q = 0; q < kColumns; ++q) sum[q] = fma(x, load(column[q] + i), sum[q]);
        }
        for (int64_t q = 0; q < count; ++q) {
            T total = bias != nullptr ? bias[j + q] : T(0);
            for (int64_t w = 0; w < kWidth; ++w) total += sum[q][w];
            for (int64_t t = i; t < k; ++t) total += a[t] * column[q][t];
            c[j + q] = total;
        }
    }
}

constexpr int64_t kFewRows = 3;

template <class T>
int64_t padded(int64_t n) {
    constexpr int64_t kWidth = lanes<T>;
    return (n + kWidth - 1) / kWidth * kWidth;
}

bool by_rows(int64_t n, int64_t b_column) { return b_column == 1 || n == 1; }

// Inner products read both operands along k.
bool by_dots(int64_t m, int64_t k, int64_t a_column, int64_t b_row) {
    return m <= kFewRows && b_row == 1 && (a_column == 1 || k == 1);
}

}  // namespace

template <class T>
int64_t small_gemm_scratch(int64_t m, int64_t n, int64_t k, int64_t a_column, int64_t b_row, int64_t b_column) {
    if (by_dots(m, k, a_column, b_row)) return 0;
    if (by_rows(n, b_column)) return n % lanes<T> == 0 ? 0 : k * lanes<T>;
    return k * padded<T>(n);
}

template <class T>
void small_gemm(int64_t m, int64_t n, int64_t k, Matrix<const T> a, Matrix<const T> b, T* c, int64_t c_row, const T* bias,
                T* scratch) {
    constexpr int64_t kWidth = lanes<T>;
    if (by_dots(m, k, a.column, b.row)) {
        for (int64_t i = 0; i < m; ++i) row_of_dots(n, k, a.data + i * a.row, b.data, b.column, c + i * c_row, bias);
        return;
    }
    const int64_t whole = n / kWidth * kWidth, tail = n - whole;
    const T* columns = b.data;
    int64_t row = b.row;
    const T* last = scratch;  // the tail panel, padded to a full register
    int64_t last_row = kWidth;
    if (!by_rows(n, b.column)) {
        row = padded<T>(n);
        for (int64_t j = 0; j < n; ++j) {
            const T* from = b.data + j * b.column;
            for (int64_t i = 0; i < k; ++i) scratch[i * row + j] = from[i * b.row];
        }
        for (int64_t i = 0; tail != 0 && i < k; ++i) {
            std::memset(scratch + i * row + n, 0, static_cast<size_t>(row - n) * sizeof(T));
        }
        columns = scratch;
        last = scratch + whole;
        last_row = row;
    } else if (tail != 0) {
        for (int64_t i = 0; i < k; ++i) {
            std::memset(scratch + i * kWidth, 0, vector_bytes);
            std::memcpy(scratch + i * kWidth, columns + i * row + whole, static_cast<size_t>(tail) * sizeof(T));
        }
    }
    int64_t j = 0;
    for (; j + 4 * kWidth <= whole; j += 4 * kWidth) {
        panel<T, 4>(m, k, a, columns + j, row, c + j, c_row, bias != nullptr ? bias + j : nullptr, kWidth);
    }
    for (; j + 2 * kWidth <= whole; j += 2 * kWidth) {
        panel<T, 2>(m, k, a, columns + j, row, c + j, c_row, bias != nullptr ? bias + j : nullptr, kWidth);
    }
    for (; j < whole; j += kWidth) {
        panel<T, 1>(m, k, a, columns + j, row, c + j, c_row, bias != nullptr ? bias + j : nullptr, kWidth);
    }
    if (tail != 0) {
        panel<T, 1>(m, k, a, last, last_row, c + whole, c_row, bias != nullptr ? bias + whole : nullptr, tail);
    }
}

template int64_t small_gemm_scratch<float>(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
template int64_t small_gemm_scratch<double>(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
template void small_gemm<float>(int64_t, int64_t, int64_t, Matrix<const float>, Matrix<const float>, float*, int64_t,
                                const float*, float*);
template void small_gemm<double>(int64_t, int64_t, int64_t, Matrix<const double>, Matrix<const double>, double*, int64_t,
                                 const double*, double*);

}  // namespace nd::kernels
