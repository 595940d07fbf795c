#include "core/text_equality.hpp"

#include "core/text.hpp"
#include "core/views.hpp"
#include "core/walk.hpp"

namespace nd {

Array text_equal(const Array& a, const Array& b, const Dims& shape, bool negated) {
    Array out = Array::empty(ND_BOOL, shape);
    if (out.numel == 0) return out;
    const Dims a_strides = broadcast_strides(a, shape);
    const Dims b_strides = broadcast_strides(b, shape);
    const int64_t size = item_size(ND_UTF8);
    const Walk<3> walk(shape, {out.strides.data(), a_strides.data(), b_strides.data()}, {1, size, size});
    const TextHeap& a_text = *a.storage->text;
    const TextHeap& b_text = *b.storage->text;
    const int64_t so = walk.run_stride(0), sa = walk.run_stride(1), sb = walk.run_stride(2);
    // One thread: text is guarded by Python's lock, not by one of its own.
    walk.run({out.data, a.data, b.data}, INT64_MAX, [&](const Walk<3>::Pointers& at, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
            const auto& left = *reinterpret_cast<const TextSlice*>(at[1] + i * sa);
            const auto& right = *reinterpret_cast<const TextSlice*>(at[2] + i * sb);
            at[0][i * so] = (a_text.at(left) == b_text.at(right)) != negated ? 1 : 0;
        }
    });
    return out;
}

}  // namespace nd
