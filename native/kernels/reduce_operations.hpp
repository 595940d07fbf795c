// What each reduction does to an element (map), to two partial results (combine) and to the total (finish).
#pragma once

#include <cmath>
#include <limits>

#include "simd.hpp"

namespace nd::kernels::reductions {

template <class X>
ND_INLINE X scalar_or_vector_abs(X x) {
    if constexpr (std::is_floating_point_v<X>) {
        return std::fabs(x);
    } else {
        return abs(x);
    }
}

struct Keep {
    template <class X>
    ND_INLINE static X map(X x) {
        return x;
    }
    template <class T>
    static T finish(T total, int64_t) {
        return total;
    }
};

struct Sum : Keep {
    template <class T>
    static constexpr T start = 0;
    template <class X>
    ND_INLINE static X combine(X a, X b) {
        return a + b;
    }
};
struct Mean : Sum {
    template <class T>
    static T finish(T total, int64_t n) {
        return total / static_cast<T>(n);
    }
};
struct Prod : Keep {
    template <class T>
    static constexpr T start = 1;
    template <class X>
    ND_INLINE static X combine(X a, X b) {
        return a * b;
    }
};
struct AbsoluteSum : Sum {
    template <class X>
    ND_INLINE static X map(X x) {
        return scalar_or_vector_abs(x);
    }
};
struct AbsoluteMean : Mean {
    template <class X>
    ND_INLINE static X map(X x) {
        return scalar_or_vector_abs(x);
    }
};
struct SquaredNorm : Sum {
    template <class X>
    ND_INLINE static X map(X x) {
        return x * x;
    }
};
struct Norm2 : SquaredNorm {
    template <class T>
    static T finish(T total, int64_t) {
        return std::sqrt(total);
    }
};
// NaN is ignored, on either side.
struct Max : Keep {
    template <class T>
    static constexpr T start = -std::numeric_limits<T>::infinity();
    template <class X>
    ND_INLINE static X combine(X a, X b) {
        return ((b > a) | (a != a)) ? b : a;
    }
};
struct Min : Keep {
    template <class T>
    static constexpr T start = std::numeric_limits<T>::infinity();
    template <class X>
    ND_INLINE static X combine(X a, X b) {
        return ((b < a) | (a != a)) ? b : a;
    }
};
struct AbsoluteMax : Max {
    template <class T>
    static constexpr T start = 0;
    template <class X>
    ND_INLINE static X map(X x) {
        return scalar_or_vector_abs(x);
    }
};
struct AbsoluteMin : Min {
    template <class X>
    ND_INLINE static X map(X x) {
        return scalar_or_vector_abs(x);
    }
};

// Adds up block results as a binary counter does, so that the error grows with the logarithm of their number.
template <class T, class Op>
class Cascade {
  public:
    void add(T value) {
        int level = 0;
        for (uint64_t n = count_++; n & 1; n >>= 1) value = Op::combine(partial_[level++], value);
        partial_[level] = value;
    }
    T total() const {
        T result = Op::template start<T>;
        int level = 0;
        for (uint64_t n = count_; n; n >>= 1, ++level) {
            if (n & 1) result = Op::combine(partial_[level], result);
        }
        return result;
    }

  private:
    T partial_[64];
    uint64_t count_ = 0;
};

inline constexpr int64_t block_elements = 2048;

// One contiguous block of at most block_elements, in four accumulators.
template <class T, class Op>
T reduce_block(const T* x, int64_t n) {
    const Vec<T> start = broadcast<T>(Op::template start<T>);
    Vec<T> a = start;
    int64_t i = 0;
    if (n >= 4 * lanes<T>) {
        Vec<T> b = start, c = start, d = start;
        for (; i + 4 * lanes<T> <= n; i += 4 * lanes<T>) {
            a = Op::combine(a, Op::map(load(x + i)));
            b = Op::combine(b, Op::map(load(x + i + lanes<T>)));
            c = Op::combine(c, Op::map(load(x + i + 2 * lanes<T>)));
            d = Op::combine(d, Op::map(load(x + i + 3 * lanes<T>)));
        }
        a = Op::combine(Op::combine(a, b), Op::combine(c, d));
    }
    for (; i + lanes<T> <= n; i += lanes<T>) a = Op::combine(a, Op::map(load(x + i)));
    T result = across(a, [](auto u, auto v) { return Op::combine(u, v); });
    for (; i < n; ++i) result = Op::combine(result, Op::map(x[i]));
    return result;
}

}  // namespace nd::kernels::reductions
