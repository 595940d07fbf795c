// Array: a strided view of typed memory. Everything about its meaning is here; Python sees it as nd4py.NDArray.
//
// An Array is a value: copying one gives another view of the same storage. `shape`, `strides` and `data` never change
// after construction, so an Array that is kept alive may be read without a lock.
#pragma once

#include <cstdint>

#include "core/dims.hpp"
#include "core/dtype.hpp"
#include "core/storage.hpp"
#include "nd4py/kernel_abi.h"

namespace nd {

struct Array {
    StorageRef storage;
    char* data = nullptr;  // the first element (index 0 everywhere), also with negative strides
    int64_t numel = 0;     // product of `shape`
    int32_t dtype = ND_FLOAT32;
    char order = 'c';  // how ND4J would call its order: as created; a transpose flips it, a slice keeps it
    bool readonly = false;
    bool is_view = false;  // made from another array rather than allocated
    bool c_contiguous = true;
    bool f_contiguous = true;
    Dims shape;
    Dims strides;  // in elements; may be 0 or negative

    // A new array with uninitialised memory. Throws std::invalid_argument (rank), std::bad_alloc, std::length_error (size).
    static Array empty(int dtype, const Dims& shape, char order = 'c');
    // A new array of zeros (empty strings for utf8).
    static Array zeros(int dtype, const Dims& shape, char order = 'c');

    int ndim() const noexcept { return shape.size(); }
    int64_t itemsize() const noexcept { return item_size(dtype); }
    int64_t nbytes() const noexcept { return numel * itemsize(); }
    // Elements are adjacent, in row-major ('c') or column-major ('f') order.
    bool is_contiguous(char wanted = 'c') const noexcept { return wanted == 'f' ? f_contiguous : c_contiguous; }

    // Another view of the same storage; the caller answers for the bounds.
    Array view(Dims new_shape, Dims new_strides, char* first) const;
    // A view of memory that `storage` keeps alive; the caller answers for the bounds.
    static Array over(StorageRef storage, char* first, int dtype, Dims shape, Dims strides, bool readonly);

    nd_desc describe() const noexcept {  // valid while this Array is neither moved nor destroyed
        return {dtype, ndim(), shape.data(), strides.data(), nullptr, 0};
    }
};

// Product of the extents; throws std::length_error when `itemsize * product` does not fit.
int64_t checked_numel(const Dims& shape, int64_t itemsize);
Dims contiguous_strides(const Dims& shape, char order = 'c');

}  // namespace nd
