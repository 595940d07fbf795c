#include "core/copy.hpp"

#include <memory>
#include <stdexcept>
#include <string>

#include "core/cast.hpp"
#include "core/errors.hpp"
#include "core/text.hpp"
#include "core/transposed_copy.hpp"
#include "core/views.hpp"
#include "core/walk.hpp"

namespace nd {
namespace {

// Text moves between heaps one string at a time.
void copy_text(Array& to, const Array& from, const Walk<2>& walk) {
    TextHeap& target = *to.storage->text;
    const TextHeap& source = *from.storage->text;
    const int64_t to_step = walk.run_stride(0), from_step = walk.run_stride(1);
    walk.run({to.data, from.data}, INT64_MAX, [&](const Walk<2>::Pointers& at, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
            const auto* slice = reinterpret_cast<const TextSlice*>(at[1] + i * from_step);
            *reinterpret_cast<TextSlice*>(at[0] + i * to_step) = target.append(source.at(*slice));
        }
    });
}

}  // namespace

void copy_into(const char* op, Array& to, const Array& from) {
    if (to.readonly) throw std::invalid_argument(std::string(op) + ": the target array is read-only");
    if (!broadcasts_to(from.shape, to.shape)) {
        // NumPy drops leading extents of 1 that the target lacks.
        int extra = from.ndim() - to.ndim();
        for (int i = 0; i < extra; ++i) {
            if (from.shape[i] != 1) extra = -1;
        }
        if (extra > 0) {
            const Array trimmed = from.view(Dims(from.shape.data() + extra, to.ndim()),
                                            Dims(from.strides.data() + extra, to.ndim()), from.data);
            if (broadcasts_to(trimmed.shape, to.shape)) return copy_into(op, to, trimmed);
        }
        throw std::invalid_argument(std::string(op) + ": an array of shape " + to_text(from.shape) +
                                    " does not broadcast to the target's shape " + to_text(to.shape));
    }
    const nd_unary_loop loop = cast_loop(from.dtype, to.dtype);
    if (loop == nullptr) {
        throw TypeError(std::string(op) + ": " + dtype_name(from.dtype) + " does not convert to " + dtype_name(to.dtype));
    }
    if (to.numel == 0) return;
    if (may_overlap(to, from)) {
        if (same_memory(to, from)) return;
        return copy_into(op, to, copied(from, 'k'));
    }
    const Dims from_strides = broadcast_strides(from, to.shape);
    const bool text = to.dtype == ND_UTF8 && to.storage->text != from.storage->text;
    if (!text && copy_transposed(loop, to, from, from_strides)) return;
    const Walk<2> walk(to.shape, {to.strides.data(), from_strides.data()}, {to.itemsize(), from.itemsize()});
    if (text) return copy_text(to, from, walk);
    const int64_t to_step = walk.run_stride(0), from_step = walk.run_stride(1);
    walk.run({to.data, from.data}, memory_grain,
             [&](const Walk<2>::Pointers& at, int64_t n) { loop(at[1], from_step, at[0], to_step, n); });
}

Array copied(const Array& array, char order) {
    if (order == 'k' || order == 'a') order = array.f_contiguous && !array.c_contiguous ? 'f' : 'c';
    Array copy = Array::empty(array.dtype, array.shape, order);
    if (array.dtype == ND_UTF8) copy.storage->text = array.storage->text;
    copy_into("copy", copy, array);
    return copy;
}

Array converted(const Array& array, int dtype) {
    if (array.dtype == dtype) return array;
    Array result = Array::empty(dtype, array.shape, array.f_contiguous && !array.c_contiguous ? 'f' : 'c');
    copy_into("cast", result, array);
    return result;
}

Array reshaped(const Array& array, const Dims& shape, char order) {
    const Dims complete = complete_shape(shape, array.numel);
    if (auto view = reshaped_view(array, complete, order)) return *std::move(view);
    Array copy = copied(array, order);
    Array result = *reshaped_view(copy, complete, order);
    result.is_view = false;
    return result;
}

}  // namespace nd
