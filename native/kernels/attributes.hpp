// Reads the attribute lists of an nd_call in declaration order (a list attribute is its length, then its items).
#pragma once

#include <stdexcept>
#include <vector>

#include "nd4py/kernel_abi.h"

namespace nd::kernels {

class AttributeReader {
  public:
    explicit AttributeReader(const nd_call* call) : call_(call) {}

    int64_t integer() {
        if (int_ >= call_->n_ints) throw std::invalid_argument("too few integer attributes");
        return call_->ints[int_++];
    }
    double real() {
        if (real_ >= call_->n_reals) throw std::invalid_argument("too few real attributes");
        return call_->reals[real_++];
    }
    // A list of exactly `length` integers.
    std::vector<int64_t> list(int64_t length) {
        if (integer() != length) throw std::invalid_argument("a list attribute has another length than expected");
        std::vector<int64_t> items;
        for (int64_t i = 0; i < length; ++i) items.push_back(integer());
        return items;
    }

  private:
    const nd_call* call_;
    int32_t int_ = 0, real_ = 0;
};

}  // namespace nd::kernels
