#include "bind/arguments.hpp"

#include <stdexcept>
#include <string>

#include "core/errors.hpp"

namespace nb = nanobind;

namespace nd::bind {
namespace {

PyObject* dtype_objects[ND_DTYPE_COUNT] = {};  // immortal: they live as long as the process
PyObject* resolve_dtype = nullptr;

int code_of(PyObject* object) noexcept {
    for (int code = 0; code < ND_DTYPE_COUNT; ++code) {
        if (dtype_objects[code] == object) return code;
    }
    return -1;
}

}  // namespace

void register_dtypes(nb::handle all, nb::handle resolve) {
    const nb::object items = nb::steal(PySequence_Tuple(all.ptr()));
    if (!items.is_valid()) throw nb::python_error();
    if (PyTuple_GET_SIZE(items.ptr()) != ND_DTYPE_COUNT) {
        throw std::invalid_argument("register_dtypes: expected " + std::to_string(ND_DTYPE_COUNT) + " element types");
    }
    for (int code = 0; code < ND_DTYPE_COUNT; ++code) {
        const nb::handle item = PyTuple_GET_ITEM(items.ptr(), code);
        if (nb::cast<int>(item.attr("code")) != code || nb::cast<int64_t>(item.attr("itemsize")) != item_size(code)) {
            throw std::invalid_argument(std::string("register_dtypes: entry ") + std::to_string(code) + " is not " +
                                        dtype_name(code));
        }
        Py_XSETREF(dtype_objects[code], Py_NewRef(item.ptr()));
    }
    Py_XSETREF(resolve_dtype, Py_NewRef(resolve.ptr()));
}

PyObject* dtype_object(int dtype) {
    PyObject* object = dtype_objects[dtype];
    if (object == nullptr) PyErr_SetString(PyExc_RuntimeError, "nd4py._core: register_dtypes has not been called");
    return object;
}

int dtype_argument(nb::handle value) {
    int code = code_of(value.ptr());
    if (code >= 0) return code;
    if (resolve_dtype == nullptr) throw std::runtime_error("nd4py._core: register_dtypes has not been called");
    const nb::object resolved = nb::borrow(resolve_dtype)(value);
    code = code_of(resolved.ptr());
    if (code < 0) throw TypeError("dtype: expected an nd4py dtype");
    return code;
}

int64_t integer_argument(const char* what, nb::handle value) {
    if (PyLong_CheckExact(value.ptr())) {
        const long long result = PyLong_AsLongLong(value.ptr());
        if (result == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
        return result;
    }
    const nb::object integer = nb::steal(PyNumber_Index(value.ptr()));
    if (!integer.is_valid()) {
        PyErr_Clear();
        throw TypeError(std::string(what) + ": expected an integer, received " + Py_TYPE(value.ptr())->tp_name);
    }
    const long long result = PyLong_AsLongLong(integer.ptr());
    if (result == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
    return result;
}

Dims dims_argument(const char* what, nb::handle value) {
    if (PyLong_Check(value.ptr()) || !PySequence_Check(value.ptr())) return {integer_argument(what, value)};
    const nb::object items = nb::steal(PySequence_Tuple(value.ptr()));
    if (!items.is_valid()) throw nb::python_error();
    const Py_ssize_t count = PyTuple_GET_SIZE(items.ptr());
    if (count > ND_MAX_NDIM) {
        throw std::invalid_argument(std::string(what) + ": expected at most " + std::to_string(ND_MAX_NDIM) +
                                    " dimensions, received " + std::to_string(count));
    }
    Dims dims(static_cast<int>(count));
    for (int i = 0; i < dims.size(); ++i) dims[i] = integer_argument(what, PyTuple_GET_ITEM(items.ptr(), i));
    return dims;
}

Dims dims_arguments(const char* what, const nb::args& values) {
    if (values.size() == 1) return dims_argument(what, values[0]);
    return dims_argument(what, values);
}

char order_argument(const char* what, const char* order) {
    if (order[0] != '\0' && order[1] == '\0') {
        switch (order[0]) {
            case 'c':
            case 'C': return 'c';
            case 'f':
            case 'F': return 'f';
            case 'k':
            case 'K':
            case 'a':
            case 'A': return 'k';
            default: break;
        }
    }
    throw std::invalid_argument(std::string(what) + ": expected order 'c', 'f' or 'k', received '" + order + "'");
}

PyObject* tuple_of(const Dims& items) {
    PyObject* tuple = PyTuple_New(items.size());
    if (tuple == nullptr) return nullptr;
    for (int i = 0; i < items.size(); ++i) {
        PyObject* item = PyLong_FromLongLong(items[i]);
        if (item == nullptr) {
            Py_DECREF(tuple);
            return nullptr;
        }
        PyTuple_SET_ITEM(tuple, i, item);
    }
    return tuple;
}

}  // namespace nd::bind
