// Copies between two strided arrays of one shape, converting the dtype where they differ.
#pragma once

#include "strided.hpp"

namespace nd::kernels {

class CopyPlan {
  public:
    // Same dtype (any but utf8), or both with a conversion loop.
    static bool supports(int32_t from, int32_t to);

    CopyPlan() = default;
    // Shapes must agree; strides of `from` may be 0.
    CopyPlan(const nd_desc& from, const nd_desc& to);

    void run(const char* from, char* to) const;

  private:
    enum class Way { kNothing, kBytes, kRuns, kTransposed };

    void run_transposed(const char* from, char* to) const;

    Walk walk_;  // operands: to, from
    Way way_ = Way::kNothing;
    int64_t from_item_ = 0, to_item_ = 0;
    nd_unary_loop loop_ = nullptr;
    void (*block_)(const char* from, int64_t from_row, char* to, int64_t to_row, int64_t rows, int64_t columns) = nullptr;
};

}  // namespace nd::kernels
