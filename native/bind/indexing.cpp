// Integers, slices, None and Ellipsis give views and are resolved here. An index with arrays or lists selects copies; that
// is NumPy's, run on the memory of the array.
#include "bind/indexing.hpp"

#include <cstring>
#include <optional>
#include <stdexcept>

#include "bind/ndarray.hpp"
#include "bind/numpy.hpp"
#include "bind/scalars.hpp"
#include "core/copy.hpp"
#include "core/errors.hpp"
#include "core/views.hpp"

namespace nb = nanobind;

namespace nd::bind {
namespace {

constexpr int max_items = 2 * ND_MAX_NDIM + 1;

// nd4py.indexing objects say by this attribute which int or slice they stand for.
PyObject* plain_index_name() {
    static PyObject* name = PyUnicode_InternFromString("_plain_index");
    return name;
}

int64_t clipped(PyObject* integer) {
    const Py_ssize_t value = PyNumber_AsSsize_t(integer, nullptr);  // beyond 64 bits: the nearest, as slices want
    if (value == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
    return value;
}

IndexItem slice_item(PyObject* object) {
    auto* slice = reinterpret_cast<PySliceObject*>(object);
    IndexItem item = IndexItem::slice();
    if (slice->start != Py_None) item.has_start = true, item.start = clipped(slice->start);
    if (slice->stop != Py_None) item.has_stop = true, item.stop = clipped(slice->stop);
    if (slice->step != Py_None) item.step = clipped(slice->step);
    return item;
}

IndexItem integer_item(PyObject* object) {
    const Py_ssize_t value = PyNumber_AsSsize_t(object, PyExc_IndexError);
    if (value == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
    return IndexItem::integer(value);
}

// Nothing: the object selects elements (an array, a list, a bool).
std::optional<IndexItem> basic_item(PyObject* object) {
    if (PyLong_CheckExact(object)) return integer_item(object);
    if (PySlice_Check(object)) return slice_item(object);
    if (object == Py_None) return IndexItem::new_axis();
    if (object == Py_Ellipsis) return IndexItem::ellipsis();
    if (PyBool_Check(object) || is_numpy_array(object) || PyList_Check(object)) return std::nullopt;
    if (is_ndarray(object)) {
        const Array& array = array_of(object);
        if (array.ndim() == 0 && is_integer(array.dtype)) return integer_item(object);
        return std::nullopt;
    }
    if (PyIndex_Check(object)) return integer_item(object);
    const nb::object plain = nb::steal(PyObject_GetAttr(object, plain_index_name()));
    if (!plain.is_valid()) {
        PyErr_Clear();
        return std::nullopt;
    }
    return basic_item(plain.ptr());
}

struct BasicIndex {
    IndexItem items[max_items];
    int count = 0;
    std::span<const IndexItem> span() const { return {items, static_cast<size_t>(count)}; }
};

bool parse(PyObject* index, BasicIndex& parsed) {
    if (!PyTuple_Check(index)) {
        const auto item = basic_item(index);
        if (item) parsed.items[parsed.count++] = *item;
        return item.has_value();
    }
    const Py_ssize_t count = PyTuple_GET_SIZE(index);
    if (count > max_items) throw std::out_of_range("index: too many indices");
    for (Py_ssize_t i = 0; i < count; ++i) {
        const auto item = basic_item(PyTuple_GET_ITEM(index, i));
        if (!item) return false;
        parsed.items[parsed.count++] = *item;
    }
    return true;
}

nb::object checked(PyObject* object) {
    if (object == nullptr) throw nb::python_error();
    return nb::steal(object);
}

// The index as NumPy understands it.
nb::object numpy_index(PyObject* index) {
    if (PyTuple_Check(index)) {
        nb::object items = checked(PyTuple_New(PyTuple_GET_SIZE(index)));
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(index); ++i) {
            PyTuple_SET_ITEM(items.ptr(), i, numpy_index(PyTuple_GET_ITEM(index, i)).release().ptr());
        }
        return items;
    }
    if (is_ndarray(index)) return checked(to_numpy(index));
    if (Py_TYPE(index)->tp_dict != nullptr && !PyLong_Check(index) && PyObject_HasAttr(index, plain_index_name()) != 0) {
        return checked(PyObject_GetAttr(index, plain_index_name()));
    }
    return nb::borrow(index);
}

Array selected(PyObject* self, PyObject* index) {
    const Array& array = array_of(self);
    const nb::object raw = checked(to_numpy_raw(self, array));
    const nb::object found = checked(PyObject_GetItem(raw.ptr(), numpy_index(index).ptr()));
    return from_numpy_raw(found.ptr(), array);
}

// `value` with the dtype of `target`, ready to be stored in it.
Array value_for(const Array& target, PyObject* value) {
    if (is_ndarray(value)) return array_of(value);
    if (const auto scalar = scalar_of(value)) return array_of_scalar(*scalar, target.dtype);
    return from_anything(value);
}

void store(Array& target, PyObject* value) { copy_into("setitem", target, value_for(target, value)); }

void store_selected(PyObject* self, PyObject* index, PyObject* value) {
    const Array& array = array_of(self);
    if (array.readonly) throw std::invalid_argument("setitem: the target array is read-only");
    const Array given = value_for(array, value);
    Array stored = Array::empty(array.dtype, given.shape);
    if (array.dtype == ND_UTF8) stored.storage->text = array.storage->text;
    copy_into("setitem", stored, given);
    const nb::object holder = nb::steal(wrap(Array(stored)));
    const nb::object raw_value = checked(to_numpy_raw(holder.ptr(), stored));
    const nb::object raw = checked(to_numpy_raw(self, array));
    if (PyObject_SetItem(raw.ptr(), numpy_index(index).ptr(), raw_value.ptr()) < 0) throw nb::python_error();
}

}  // namespace

PyObject* get_item(PyObject* self, PyObject* index) {
    return guarded([&] {
        const Array& array = array_of(self);
        BasicIndex basic;
        if (parse(index, basic)) return wrap(indexed_view(array, basic.span()));
        return wrap(selected(self, index));
    });
}

int set_item(PyObject* self, PyObject* index, PyObject* value) {
    return guarded(-1, [&] {
        if (value == nullptr) throw TypeError("elements of an NDArray cannot be deleted");
        BasicIndex basic;
        if (parse(index, basic)) {
            Array target = indexed_view(array_of(self), basic.span());
            store(target, value);
        } else {
            store_selected(self, index, value);
        }
        return 0;
    });
}

PyObject* get_row(PyObject* self, Py_ssize_t i) {
    return guarded([&] {
        // A negative position was counted from the end by the caller already.
        const IndexItem item = IndexItem::integer(i < 0 ? PY_SSIZE_T_MAX : i);
        return wrap(indexed_view(array_of(self), {&item, 1}));
    });
}

Py_ssize_t length(PyObject* self) {
    const Array& array = array_of(self);
    if (array.ndim() > 0) return array.shape[0];
    PyErr_SetString(PyExc_TypeError, "len() of an array without dimensions");
    return -1;
}

PyObject* iterate(PyObject* self) {
    if (array_of(self).ndim() > 0) return PySeqIter_New(self);
    PyErr_SetString(PyExc_TypeError, "iteration over an array without dimensions");
    return nullptr;
}

}  // namespace nd::bind
