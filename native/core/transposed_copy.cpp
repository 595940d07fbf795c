#include "core/transposed_copy.hpp"

#include <algorithm>

#include "core/walk.hpp"

namespace nd {
namespace {

constexpr int64_t tile = 32;             // 32 lines of each side are far less than a first-level cache
constexpr int64_t worthwhile = 1 << 12;  // elements: below, everything is in cache anyway

int unit_axis(const Dims& shape, const int64_t* strides) noexcept {
    for (int i = 0; i < shape.size(); ++i) {
        if (strides[i] == 1 && shape[i] >= tile / 2) return i;
    }
    return -1;
}

}  // namespace

bool copy_transposed(nd_unary_loop loop, Array& to, const Array& from, const Dims& from_strides) {
    if (to.numel < worthwhile) return false;
    const int column = unit_axis(to.shape, to.strides.data());
    const int row = unit_axis(to.shape, from_strides.data());
    if (column < 0 || row < 0 || column == row) return false;
    const int64_t to_size = to.itemsize(), from_size = from.itemsize();
    const int64_t to_row = to.strides[row] * to_size, from_column = from_strides[column] * from_size;
    const int64_t rows = to.shape[row], columns = to.shape[column];

    const auto copy_rows = [&](char* target, const char* source, int64_t first, int64_t last) {
        for (int64_t r = first; r < last; r += tile) {
            const int64_t r_end = std::min(r + tile, last);
            for (int64_t c = 0; c < columns; c += tile) {
                const int64_t count = std::min(tile, columns - c);
                for (int64_t i = r; i < r_end; ++i) {
                    loop(source + i * from_size + c * from_column, from_column, target + i * to_row + c * to_size, to_size,
                         count);
                }
            }
        }
    };

    Dims others = to.shape;
    others[row] = others[column] = 1;
    const int64_t matrices = to.numel / (rows * columns);
    const Walk<2> walk(others, {to.strides.data(), from_strides.data()}, {to_size, from_size});
    const int64_t to_step = walk.run_stride(0), from_step = walk.run_stride(1);
    // Threads share the matrices, or the rows of a few large ones.
    const bool many = matrices >= 8;
    const int64_t matrix_grain = many ? std::max<int64_t>(1, (1 << 15) / (rows * columns)) : INT64_MAX;
    walk.run({to.data, from.data}, matrix_grain, [&](const Walk<2>::Pointers& at, int64_t n) {
        for (int64_t m = 0; m < n; ++m) {
            char* target = at[0] + m * to_step;
            const char* source = at[1] + m * from_step;
            if (many) {
                copy_rows(target, source, 0, rows);
            } else {
                parallel_for(rows, std::max<int64_t>(tile, (1 << 15) / columns),
                             [&](int64_t begin, int64_t end) { copy_rows(target, source, begin, end); });
            }
        }
    });
    return true;
}

}  // namespace nd
