// The shortest way through an operator, for what small programs do most: contiguous operands of one dtype and shape, or an
// array and a number, and too few elements to share among threads. Everything else is operators.cpp's.
#pragma once

#include <Python.h>

#include "bind/ndarray.hpp"
#include "bind/scalars.hpp"
#include "core/elementwise.hpp"
#include "core/table.hpp"
#include "core/views.hpp"

namespace nd::bind {

// The loop for two operands whose dtype decides it alone, with the dtype of what comes out.
template <int op>
nd_binary_loop plain_loop(const nd_kernel_table* table, int dtype, int& out) noexcept {
    constexpr int kernel = op == true_divide ? static_cast<int>(ND_BINARY_div) : op;
    // Integers divide as floats, and their exponents must be looked at.
    if ((op == true_divide || op == ND_BINARY_pow) && !is_floating(dtype)) return nullptr;
    out = binary_domain(kernel) == ND_PREDICATE ? static_cast<int>(ND_BOOL) : dtype;
    return table->binary[kernel][dtype];
}

// A result with the memory order of `like`, filled by `fill`.
template <class Fill>
PyObject* small_result(const Array& like, int dtype, Fill&& fill) {
    Array out;
    out.storage = allocate_storage(static_cast<size_t>(like.numel * item_size(dtype)));
    out.data = out.storage->data;
    out.numel = like.numel;
    out.dtype = dtype;
    out.f_contiguous = like.f_contiguous;
    out.shape = like.shape;
    out.strides = like.strides;
    fill(out.data);
    return wrap(std::move(out));
}

inline bool is_small(const Array& array) noexcept { return array.c_contiguous && array.numel <= WithoutGil::worthwhile / 4; }

// NULL without an error: not such a case.
template <int op>
PyObject* quick(PyObject* x, PyObject* y) {
    const nd_kernel_table* table = active_table();
    if (table == nullptr) return nullptr;
    int out = 0;
    if (is_ndarray(x)) {
        const Array& a = array_of(x);
        if (!is_small(a)) return nullptr;
        const int64_t size = item_size(a.dtype);
        if (is_ndarray(y)) {
            const Array& b = array_of(y);
            if (a.dtype != b.dtype || !b.c_contiguous || !(a.shape == b.shape)) return nullptr;
            const nd_binary_loop loop = plain_loop<op>(table, a.dtype, out);
            if (loop == nullptr) return nullptr;
            return small_result(a, out,
                                [&](char* target) { loop(a.data, size, b.data, size, target, item_size(out), a.numel); });
        }
        if (!is_floating(a.dtype) || !(PyFloat_CheckExact(y) || PyLong_CheckExact(y))) return nullptr;
        const nd_binary_loop loop = plain_loop<op>(table, a.dtype, out);
        if (loop == nullptr) return nullptr;
        alignas(16) char element[16];
        write_element(*scalar_of(y), a.dtype, element);
        return small_result(a, out, [&](char* target) { loop(a.data, size, element, 0, target, item_size(out), a.numel); });
    }
    const Array& b = array_of(y);
    if (!is_small(b) || !is_floating(b.dtype) || !(PyFloat_CheckExact(x) || PyLong_CheckExact(x))) return nullptr;
    const nd_binary_loop loop = plain_loop<op>(table, b.dtype, out);
    if (loop == nullptr) return nullptr;
    alignas(16) char element[16];
    write_element(*scalar_of(x), b.dtype, element);
    const int64_t size = item_size(b.dtype);
    return small_result(b, out, [&](char* target) { loop(element, 0, b.data, size, target, item_size(out), b.numel); });
}

// The same in place: both contiguous, of one dtype and shape, and apart from each other or the very same.
template <int op>
bool quick_in_place(PyObject* x, PyObject* y) {
    const nd_kernel_table* table = active_table();
    if (table == nullptr) return false;
    Array& a = array_of(x);
    if (!is_small(a) || a.readonly) return false;
    int out = 0;
    const nd_binary_loop loop = plain_loop<op>(table, a.dtype, out);
    if (loop == nullptr || out != a.dtype) return false;
    const int64_t size = item_size(a.dtype);
    if (is_ndarray(y)) {
        const Array& b = array_of(y);
        if (a.dtype != b.dtype || !b.c_contiguous || !(a.shape == b.shape)) return false;
        if (a.data != b.data && may_overlap(a, b)) return false;
        loop(a.data, size, b.data, size, a.data, size, a.numel);
        return true;
    }
    if (!is_floating(a.dtype) || !(PyFloat_CheckExact(y) || PyLong_CheckExact(y))) return false;
    alignas(16) char element[16];
    write_element(*scalar_of(y), a.dtype, element);
    loop(a.data, size, element, 0, a.data, size, a.numel);
    return true;
}

}  // namespace nd::bind
