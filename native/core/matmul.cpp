#include "core/matmul.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "core/errors.hpp"
#include "core/kernel_cache.hpp"
#include "core/views.hpp"

namespace nd {
namespace {

// Leading extents repeated to `batch`, then the matrix.
Array with_batch(const Array& matrix, const Dims& batch) {
    Dims shape = batch;
    shape.push_back(matrix.shape[matrix.ndim() - 2]);
    shape.push_back(matrix.shape[matrix.ndim() - 1]);
    return matrix.shape == shape ? matrix : broadcast_to(matrix, shape);
}

}  // namespace

std::optional<Array> matmul(const Array& a, const Array& b) {
    if (a.ndim() == 0 || b.ndim() == 0)
        throw std::invalid_argument("matmul: expected at least 1 dimension, received a scalar");
    const Array left = a.ndim() == 1 ? with_axis(a, 0) : a;
    const Array right = b.ndim() == 1 ? with_axis(b, 1) : b;
    const int64_t rows = left.shape[left.ndim() - 2], inner = left.shape[left.ndim() - 1];
    const int64_t columns = right.shape[right.ndim() - 1];
    if (right.shape[right.ndim() - 2] != inner) {
        throw std::invalid_argument(
            "matmul: the last extent of the first shape must equal the second's last but one (the "
            "only one of a vector), received " +
            to_text(a.shape) + " and " + to_text(b.shape));
    }
    const Dims batch =
        broadcast_shapes("matmul", Dims(left.shape.data(), left.ndim() - 2), Dims(right.shape.data(), right.ndim() - 2));
    Dims shape = batch;
    shape.push_back(rows);
    shape.push_back(columns);
    const bool empty_sum = inner == 0;
    Array product = empty_sum ? Array::zeros(a.dtype, shape) : Array::empty(a.dtype, shape);
    if (product.numel > 0 && !empty_sum) {
        const Array left_batch = with_batch(left, batch);
        const Array right_batch = with_batch(right, batch);
        const Array* const inputs[] = {&left_batch, &right_batch};
        Array* const outputs[] = {&product};
        if (!run_kernel_into("matmul", inputs, outputs, {}, {})) return std::nullopt;
    }
    if (a.ndim() > 1 && b.ndim() > 1) return product;
    Dims final_shape = batch;
    if (a.ndim() > 1) final_shape.push_back(rows);
    if (b.ndim() > 1) final_shape.push_back(columns);
    Array squeezed = *reshaped_view(product, final_shape, 'c');
    squeezed.is_view = false;
    return squeezed;
}

}  // namespace nd
