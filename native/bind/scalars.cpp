#include "bind/scalars.hpp"

#include <nanobind/nanobind.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "bind/numpy.hpp"
#include "core/cast.hpp"
#include "core/errors.hpp"
#include "core/half.hpp"
#include "core/text.hpp"

namespace nd::bind {
namespace {

template <class T>
T read(const char* element) noexcept {
    T value;
    std::memcpy(&value, element, sizeof value);
    return value;
}

struct IntegerRange {
    int64_t low;
    uint64_t high;
};

IntegerRange range_of(int dtype) noexcept {
    const auto bits = static_cast<unsigned>(8 * item_size(dtype));
    if (kind_of(dtype) == Kind::unsigned_integer) return {0, ~uint64_t{0} >> (64 - bits)};
    const uint64_t high = (uint64_t{1} << (bits - 1)) - 1;
    return {-static_cast<int64_t>(high) - 1, high};
}

// The int's value when it fits 64 bits, and on which side it leaves the range of the dtype.
int compare_to_range(PyObject* integer, int dtype, uint64_t& bits) {
    const IntegerRange range = range_of(dtype);
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(integer, &overflow);
    if (overflow == 0) {
        bits = static_cast<uint64_t>(value);
        if (value < range.low) return -1;
        return value > 0 && static_cast<uint64_t>(value) > range.high ? 1 : 0;
    }
    if (overflow < 0) return -1;
    bits = PyLong_AsUnsignedLongLong(integer);
    if (PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        return 1;
    }
    return bits > range.high ? 1 : 0;
}

void write_integer(PyObject* integer, int dtype, char* element) {
    uint64_t bits = 0;
    if (compare_to_range(integer, dtype, bits) != 0) {
        const nanobind::object text = nanobind::steal(PyObject_Str(integer));
        if (!text.is_valid()) throw nanobind::python_error();
        throw std::overflow_error(std::string("the integer ") + PyUnicode_AsUTF8(text.ptr()) + " does not fit into " +
                                  dtype_name(dtype));
    }
    std::memcpy(element, &bits, static_cast<size_t>(item_size(dtype)));  // little-endian: the low bytes come first
}

}  // namespace

std::optional<Scalar> scalar_of(PyObject* object) {
    if (PyFloat_CheckExact(object)) return Scalar{Kind::floating, object, PyFloat_AS_DOUBLE(object), 0};
    if (PyBool_Check(object)) return Scalar{Kind::boolean, object, object == Py_True ? 1.0 : 0.0, 0};
    const bool exact = PyLong_CheckExact(object);
    if (exact || (PyLong_Check(object) && !is_numpy_scalar(object))) {
        double approximate = PyLong_AsDouble(object);
        if (approximate == -1.0 && PyErr_Occurred() != nullptr) {
            PyErr_Clear();
            approximate = std::numeric_limits<double>::infinity();
        }
        return Scalar{Kind::signed_integer, object, approximate, 0};
    }
    if (PyUnicode_CheckExact(object)) return Scalar{Kind::text, object, 0, 0};
    if (PyComplex_CheckExact(object)) {
        const Py_complex value = PyComplex_AsCComplex(object);
        return Scalar{Kind::complex, object, value.real, value.imag};
    }
    if (PyFloat_Check(object) && !is_numpy_scalar(object)) {
        return Scalar{Kind::floating, object, PyFloat_AS_DOUBLE(object), 0};
    }
    return std::nullopt;
}

int compare_to_range(const Scalar& scalar, int dtype) {
    uint64_t bits = 0;
    return compare_to_range(scalar.object, dtype, bits);
}

void write_element(const Scalar& scalar, int dtype, char* element) {
    if (scalar.kind == Kind::text || dtype == ND_UTF8) {
        throw TypeError(std::string("expected a value for ") + dtype_name(dtype) + ", received " +
                        Py_TYPE(scalar.object)->tp_name);
    }
    switch (dtype) {  // the common ones without a conversion loop
        case ND_FLOAT32:
            if (scalar.kind == Kind::complex) break;
            {
                const auto value = static_cast<float>(scalar.real);
                std::memcpy(element, &value, sizeof value);
            }
            return;
        case ND_FLOAT64:
            if (scalar.kind == Kind::complex) break;
            std::memcpy(element, &scalar.real, sizeof scalar.real);
            return;
        case ND_BOOL: *element = scalar.real != 0 || scalar.imag != 0 ? 1 : 0; return;
        case ND_COMPLEX64:
        case ND_COMPLEX128: {
            const std::complex<double> value(scalar.real, scalar.imag);
            cast_loop(ND_COMPLEX128, dtype)(reinterpret_cast<const char*>(&value), 0, element, 0, 1);
            return;
        }
        default: break;
    }
    if (scalar.kind == Kind::complex) {
        throw TypeError(std::string("a complex number does not convert to ") + dtype_name(dtype));
    }
    if (is_integer(dtype)) {
        if (scalar.kind == Kind::signed_integer || scalar.kind == Kind::boolean) {
            return write_integer(scalar.object, dtype, element);
        }
        if (std::isnan(scalar.real)) throw std::invalid_argument(std::string("NaN does not convert to ") + dtype_name(dtype));
        const nanobind::object whole = nanobind::steal(PyLong_FromDouble(scalar.real));
        if (!whole.is_valid()) throw nanobind::python_error();  // infinity
        return write_integer(whole.ptr(), dtype, element);
    }
    cast_loop(ND_FLOAT64, dtype)(reinterpret_cast<const char*>(&scalar.real), 0, element, 0, 1);
}

Array array_of_scalar(const Scalar& scalar, int dtype) {
    Array array = Array::empty(dtype, Dims());
    if (dtype == ND_UTF8 && scalar.kind == Kind::text) {
        Py_ssize_t size = 0;
        const char* characters = PyUnicode_AsUTF8AndSize(scalar.object, &size);
        if (characters == nullptr) throw nanobind::python_error();
        const TextSlice slice = array.storage->text->append({characters, static_cast<size_t>(size)});
        std::memcpy(array.data, &slice, sizeof slice);
        return array;
    }
    write_element(scalar, dtype, array.data);
    return array;
}

PyObject* element_to_python(const Array& array, const char* element) {
    switch (array.dtype) {
        case ND_BOOL: return PyBool_FromLong(*element != 0);
        case ND_INT8: return PyLong_FromLong(read<int8_t>(element));
        case ND_INT16: return PyLong_FromLong(read<int16_t>(element));
        case ND_INT32: return PyLong_FromLong(read<int32_t>(element));
        case ND_INT64: return PyLong_FromLongLong(read<int64_t>(element));
        case ND_UINT8: return PyLong_FromUnsignedLong(read<uint8_t>(element));
        case ND_UINT16: return PyLong_FromUnsignedLong(read<uint16_t>(element));
        case ND_UINT32: return PyLong_FromUnsignedLong(read<uint32_t>(element));
        case ND_UINT64: return PyLong_FromUnsignedLongLong(read<uint64_t>(element));
        case ND_BFLOAT16: return PyFloat_FromDouble(static_cast<double>(to_float(read<Bfloat16>(element))));
        case ND_FLOAT16: return PyFloat_FromDouble(static_cast<double>(to_float(read<Float16>(element))));
        case ND_FLOAT32: return PyFloat_FromDouble(static_cast<double>(read<float>(element)));
        case ND_FLOAT64: return PyFloat_FromDouble(read<double>(element));
        case ND_COMPLEX64: {
            const auto value = read<std::complex<float>>(element);
            return PyComplex_FromDoubles(static_cast<double>(value.real()), static_cast<double>(value.imag()));
        }
        case ND_COMPLEX128: {
            const auto value = read<std::complex<double>>(element);
            return PyComplex_FromDoubles(value.real(), value.imag());
        }
        default: {
            const std::string_view text = array.storage->text->at(read<TextSlice>(element));
            return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
        }
    }
}

namespace {

PyObject* nested_list(const Array& array, int axis, const char* at) {
    if (axis == array.ndim()) return element_to_python(array, at);
    PyObject* list = PyList_New(array.shape[axis]);
    if (list == nullptr) return nullptr;
    const int64_t step = array.strides[axis] * array.itemsize();
    for (int64_t i = 0; i < array.shape[axis]; ++i) {
        PyObject* item = nested_list(array, axis + 1, at + i * step);
        if (item == nullptr) {
            Py_DECREF(list);
            return nullptr;
        }
        PyList_SET_ITEM(list, i, item);
    }
    return list;
}

}  // namespace

PyObject* nested_list(const Array& array) { return nested_list(array, 0, array.data); }

}  // namespace nd::bind
