#include "core/array.hpp"

#include <cstring>
#include <limits>
#include <memory>

#include "core/errors.hpp"
#include "core/text.hpp"

namespace nd {
namespace {

void set_contiguity(Array& array) noexcept {
    array.c_contiguous = array.f_contiguous = true;
    if (array.numel <= 1) return;
    int64_t expected = 1;
    for (int i = array.ndim() - 1; i >= 0; --i) {
        if (array.shape[i] != 1 && array.strides[i] != expected) array.c_contiguous = false;
        expected *= array.shape[i];
    }
    expected = 1;
    for (int i = 0; i < array.ndim(); ++i) {
        if (array.shape[i] != 1 && array.strides[i] != expected) array.f_contiguous = false;
        expected *= array.shape[i];
    }
}

Array described(int dtype, const Dims& shape, char order) {
    Array array;
    array.dtype = dtype;
    array.shape = shape;
    array.order = order;
    const int ndim = shape.size();
    if (ndim == 1) {  // most arrays of small programs
        if (shape[0] < 0 || shape[0] > std::numeric_limits<int64_t>::max() / 16) checked_numel(shape, 16);
        array.numel = shape[0];
        array.strides = Dims(1, 1);
        return array;
    }
    array.numel = checked_numel(shape, item_size(dtype));
    array.strides = contiguous_strides(shape, order);
    set_contiguity(array);
    return array;
}

}  // namespace

std::string to_text(const Dims& shape) {
    std::string text = "(";
    for (int i = 0; i < shape.size(); ++i) {
        if (i > 0) text += ", ";
        text += std::to_string(shape[i]);
    }
    return text + (shape.size() == 1 ? ",)" : ")");
}

int64_t checked_numel(const Dims& shape, int64_t itemsize) {
    if (shape.size() > ND_MAX_NDIM) {
        throw std::invalid_argument("shape: an array has at most " + std::to_string(ND_MAX_NDIM) + " dimensions, received " +
                                    std::to_string(shape.size()));
    }
    // Zero extents do not excuse the others: strides are products of all of them.
    int64_t nonzero = itemsize;
    int64_t numel = 1;
    for (const int64_t extent : shape) {
        if (extent < 0) throw std::invalid_argument("shape: extents must not be negative, received " + to_text(shape));
        if (extent != 0 && __builtin_mul_overflow(nonzero, extent, &nonzero)) {
            throw std::length_error("shape: an array of shape " + to_text(shape) + " is larger than any memory");
        }
        numel *= extent;  // at most `nonzero`
    }
    return numel;
}

Dims contiguous_strides(const Dims& shape, char order) {
    Dims strides(shape.size());
    int64_t stride = 1;
    for (int k = 0; k < shape.size(); ++k) {
        const int i = order == 'f' ? k : shape.size() - 1 - k;
        strides[i] = stride;
        stride *= shape[i] == 0 ? 1 : shape[i];
    }
    return strides;
}

Array Array::empty(int dtype, const Dims& shape, char order) {
    if (dtype == ND_UTF8) return zeros(dtype, shape, order);  // any bytes would not do: elements point into text
    Array array = described(dtype, shape, order);
    array.storage = allocate_storage(static_cast<size_t>(array.nbytes()));
    array.data = array.storage->data;
    return array;
}

Array Array::zeros(int dtype, const Dims& shape, char order) {
    Array array = described(dtype, shape, order);
    array.storage = allocate_zeroed_storage(static_cast<size_t>(array.nbytes()));
    array.data = array.storage->data;
    if (dtype == ND_UTF8) array.storage->text = std::make_shared<TextHeap>();
    return array;
}

Array Array::over(StorageRef storage, char* first, int dtype, Dims shape, Dims strides, bool readonly) {
    Array array;
    array.numel = checked_numel(shape, item_size(dtype));
    array.storage = std::move(storage);
    array.data = first;
    array.dtype = dtype;
    array.readonly = readonly;
    array.shape = std::move(shape);
    array.strides = std::move(strides);
    set_contiguity(array);
    array.order = array.f_contiguous && !array.c_contiguous ? 'f' : 'c';
    return array;
}

Array Array::view(Dims new_shape, Dims new_strides, char* first) const {
    Array array;
    array.storage = storage;
    array.data = first;
    array.dtype = dtype;
    array.order = order;
    array.readonly = readonly;
    array.is_view = true;
    array.numel = 1;
    for (const int64_t extent : new_shape) array.numel *= extent;
    array.shape = std::move(new_shape);
    array.strides = std::move(new_strides);
    set_contiguity(array);
    return array;
}

}  // namespace nd
