#include "copy_plan.hpp"

#include "families.hpp"
#include "scalar_loops.hpp"
#include "threads.hpp"

namespace nd::kernels {
namespace {

constexpr int64_t bytes_per_piece = 131072;
constexpr int64_t block = 32;  // rows and columns of a transposed block: both sides stay in L1

struct Pair {
    uint64_t low, high;
};

template <class T>
struct Same {
    static T apply(T x) { return x; }
};

// to[r][c] = from[c][r]; rows of `to` and columns of `from` are contiguous.
template <class T>
void transpose_block(const char* from, int64_t from_row, char* to, int64_t to_row, int64_t rows, int64_t columns) {
    for (int64_t r = 0; r < rows; ++r) {
        T* target = reinterpret_cast<T*>(to + r * to_row);
        const char* source = from + r * static_cast<int64_t>(sizeof(T));
        for (int64_t c = 0; c < columns; ++c) target[c] = read<T>(source + c * from_row);
    }
}

template <class F>
void with_item_type(int64_t bytes, F&& f) {
    switch (bytes) {
        case 1: f(uint8_t{}); break;
        case 2: f(uint16_t{}); break;
        case 4: f(uint32_t{}); break;
        case 8: f(uint64_t{}); break;
        default: f(Pair{}); break;
    }
}

}  // namespace

bool CopyPlan::supports(int32_t from, int32_t to) {
    if (from < 0 || to < 0 || from >= ND_DTYPE_COUNT || to >= ND_DTYPE_COUNT || from == ND_UTF8) return false;
    return from == to || loops.cast[from][to] != nullptr;
}

CopyPlan::CopyPlan(const nd_desc& from, const nd_desc& to)
    : walk_(Walk::over({&to, &from})), from_item_(item_bytes(from.dtype)), to_item_(item_bytes(to.dtype)) {
    walk_.sort_by(0);
    walk_.merge();
    if (walk_.total() == 0) return;
    const bool same = from.dtype == to.dtype;
    const int64_t inner_to = walk_.inner_stride(0), inner_from = walk_.inner_stride(1);
    with_item_type(to_item_, [&]<class T>(T) {
        loop_ = same ? scalar_unary_loop<T, T, Same<T>> : loops.cast[from.dtype][to.dtype];
        block_ = transpose_block<T>;
    });
    if (same && (walk_.axes().empty() || (inner_to == to_item_ && inner_from == from_item_))) {
        way_ = Way::kBytes;
        return;
    }
    way_ = Way::kRuns;
    if (!same || inner_to != to_item_ || walk_.axes().size() < 2) return;
    // Another axis is contiguous in the source: move it next to the last, and transpose blocks of the two.
    auto& axes = walk_.axes();
    for (size_t i = 0; i + 1 < axes.size(); ++i) {
        if (axes[i].strides[1] == from_item_ && axes[i].size >= 8 && axes.back().size >= 8) {
            std::rotate(axes.begin() + static_cast<int64_t>(i), axes.begin() + static_cast<int64_t>(i) + 1, axes.end() - 1);
            way_ = Way::kTransposed;
            return;
        }
    }
}

void CopyPlan::run(const char* from, char* to) const {
    switch (way_) {
        case Way::kNothing: return;
        case Way::kTransposed: return run_transposed(from, to);
        case Way::kBytes: {
            const int64_t bytes = walk_.inner_size() * to_item_, outer = walk_.outer_size();
            if (outer == 1) {
                parallel_for(bytes, bytes_per_piece, [&](int64_t begin, int64_t end) {
                    std::memmove(to + begin, from + begin, static_cast<size_t>(end - begin));
                });
                return;
            }
            parallel_for(outer, std::max<int64_t>(1, bytes_per_piece / bytes), [&](int64_t begin, int64_t end) {
                walk_.for_runs(begin, end, [&](const int64_t* at) {
                    std::memmove(to + at[0], from + at[1], static_cast<size_t>(bytes));
                });
            });
            return;
        }
        case Way::kRuns: {
            const int64_t n = walk_.inner_size(), st = walk_.inner_stride(0), sf = walk_.inner_stride(1);
            const int64_t outer = walk_.outer_size();
            if (outer == 1) {
                parallel_for(n, bytes_per_piece / to_item_, [&](int64_t begin, int64_t end) {
                    loop_(from + begin * sf, sf, to + begin * st, st, end - begin);
                });
                return;
            }
            parallel_for(outer, std::max<int64_t>(1, bytes_per_piece / (n * to_item_)), [&](int64_t begin, int64_t end) {
                walk_.for_runs(begin, end, [&](const int64_t* at) { loop_(from + at[1], sf, to + at[0], st, n); });
            });
            return;
        }
    }
}

void CopyPlan::run_transposed(const char* from, char* to) const {
    const auto& axes = walk_.axes();
    const auto &rows = axes[axes.size() - 2], &columns = axes.back();
    const int64_t strips = (rows.size + block - 1) / block;
    const int64_t planes = walk_.total() / (rows.size * columns.size);
    const int64_t grain = std::max<int64_t>(1, bytes_per_piece / (block * columns.size * to_item_));
    parallel_for(planes * strips, grain, [&](int64_t begin, int64_t end) {
        int64_t strip = begin % strips, left = end - begin;
        walk_.for_runs(
            begin / strips, (end + strips - 1) / strips,
            [&](const int64_t* at) {
                for (; strip < strips && left > 0; ++strip, --left) {
                    const int64_t r = strip * block, height = std::min(block, rows.size - r);
                    for (int64_t c = 0; c < columns.size; c += block) {
                        block_(from + at[1] + r * rows.strides[1] + c * columns.strides[1], columns.strides[1],
                               to + at[0] + r * rows.strides[0] + c * columns.strides[0], rows.strides[0], height,
                               std::min(block, columns.size - c));
                    }
                }
                strip = 0;
            },
            2);
    });
}

}  // namespace nd::kernels
