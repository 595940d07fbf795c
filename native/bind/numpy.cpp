#include "bind/numpy.hpp"

#include <nanobind/nanobind.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_1_25_API_VERSION
#include <numpy/arrayobject.h>

#include <cstring>
#include <string>

#include "bind/ndarray.hpp"
#include "core/copy.hpp"
#include "core/errors.hpp"
#include "core/text.hpp"
#include "core/views.hpp"

namespace nb = nanobind;

namespace nd::bind {
namespace {

constexpr int npy_type_of[ND_DTYPE_COUNT] = {
    NPY_BOOL,   NPY_INT8, NPY_INT16,   NPY_INT32,   NPY_INT64,   NPY_UINT8,     NPY_UINT16,     NPY_UINT32,
    NPY_UINT64, -1,       NPY_FLOAT16, NPY_FLOAT32, NPY_FLOAT64, NPY_COMPLEX64, NPY_COMPLEX128, -1,
};

// By kind and size, since NumPy has several numbers for one C type (long and long long).
int dtype_of(const PyArray_Descr* descr) noexcept {
    const auto size = PyDataType_ELSIZE(descr);
    switch (descr->kind) {
        case 'b': return ND_BOOL;
        case 'i': return size == 1 ? ND_INT8 : size == 2 ? ND_INT16 : size == 4 ? ND_INT32 : ND_INT64;
        case 'u': return size == 1 ? ND_UINT8 : size == 2 ? ND_UINT16 : size == 4 ? ND_UINT32 : ND_UINT64;
        case 'f': return size == 2 ? ND_FLOAT16 : size == 4 ? ND_FLOAT32 : size == 8 ? ND_FLOAT64 : -1;
        case 'c': return size == 8 ? ND_COMPLEX64 : size == 16 ? ND_COMPLEX128 : -1;
        default: return -1;
    }
}

void release_python_owner(Storage* storage) noexcept {
    // After the interpreter is gone the object is too; nothing is left to give back.
    if (Py_IsInitialized()) {
        const PyGILState_STATE state = PyGILState_Ensure();
        Py_DECREF(static_cast<PyObject*>(storage->owner));
        PyGILState_Release(state);
    }
    delete storage;
}

nb::object checked(PyObject* result) {
    if (result == nullptr) throw nb::python_error();
    return nb::steal(result);
}

Array over_memory_of(PyObject* object, int dtype) {
    auto* source = reinterpret_cast<PyArrayObject*>(object);
    const int ndim = PyArray_NDIM(source);
    if (ndim > ND_MAX_NDIM) {
        throw std::invalid_argument("from_numpy: an NDArray has at most " + std::to_string(ND_MAX_NDIM) +
                                    " dimensions, received " + std::to_string(ndim));
    }
    Dims shape(ndim), strides(ndim);
    const int64_t itemsize = item_size(dtype);
    for (int i = 0; i < ndim; ++i) {
        shape[i] = PyArray_DIM(source, i);
        strides[i] = PyArray_STRIDE(source, i) / itemsize;
    }
    Py_INCREF(object);
    StorageRef storage =
        foreign_storage(PyArray_BYTES(source), static_cast<size_t>(PyArray_NBYTES(source)), object, release_python_owner);
    return Array::over(std::move(storage), PyArray_BYTES(source), dtype, std::move(shape), std::move(strides),
                       !PyArray_ISWRITEABLE(source));
}

bool describable(PyArrayObject* source, int64_t itemsize) noexcept {
    if (!PyArray_ISALIGNED(source) || !PyArray_ISNOTSWAPPED(source)) return false;
    for (int i = 0; i < PyArray_NDIM(source); ++i) {
        if (PyArray_STRIDE(source, i) % itemsize != 0) return false;
    }
    return true;
}

std::string type_text(PyArrayObject* source) {
    const nb::object text = checked(PyObject_Str(reinterpret_cast<PyObject*>(PyArray_DESCR(source))));
    const char* characters = PyUnicode_AsUTF8(text.ptr());
    if (characters == nullptr) throw nb::python_error();
    return characters;
}

Array text_from_numpy(PyObject* object) {
    auto* source = reinterpret_cast<PyArrayObject*>(object);
    const Dims shape(reinterpret_cast<const int64_t*>(PyArray_DIMS(source)), PyArray_NDIM(source));
    Array array = Array::zeros(ND_UTF8, shape);
    const nb::object flat = checked(PyArray_Ravel(source, NPY_CORDER));
    const nb::object items = checked(PyObject_CallMethod(flat.ptr(), "tolist", nullptr));
    auto* slices = reinterpret_cast<TextSlice*>(array.data);
    for (int64_t i = 0; i < array.numel; ++i) {
        PyObject* item = PyList_GET_ITEM(items.ptr(), i);
        Py_ssize_t size = 0;
        if (!PyUnicode_Check(item)) {
            throw TypeError(std::string("from_numpy: expected str in an object array, received ") + Py_TYPE(item)->tp_name +
                            " at flat index " + std::to_string(i));
        }
        const char* characters = PyUnicode_AsUTF8AndSize(item, &size);
        if (characters == nullptr) throw nb::python_error();
        slices[i] = array.storage->text->append({characters, static_cast<size_t>(size)});
    }
    return array;
}

// Shape and strides in bytes, as NumPy wants them.
PyObject* view_as(PyObject* owner, const Array& array, PyArray_Descr* descr) {
    npy_intp shape[ND_MAX_NDIM], strides[ND_MAX_NDIM];
    const int64_t itemsize = array.itemsize();
    for (int i = 0; i < array.ndim(); ++i) {
        shape[i] = array.shape[i];
        strides[i] = array.strides[i] * itemsize;
    }
    PyObject* view = PyArray_NewFromDescr(&PyArray_Type, descr, array.ndim(), shape, strides, array.data,
                                          array.readonly ? 0 : NPY_ARRAY_WRITEABLE, nullptr);
    if (view == nullptr) throw nb::python_error();
    Py_INCREF(owner);
    if (PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(view), owner) < 0) {
        Py_DECREF(view);
        throw nb::python_error();
    }
    return view;
}

PyObject* text_to_numpy(const Array& array) {
    npy_intp shape[ND_MAX_NDIM];
    for (int i = 0; i < array.ndim(); ++i) shape[i] = array.shape[i];
    nb::object result = checked(PyArray_SimpleNew(array.ndim(), shape, NPY_OBJECT));
    auto** items = static_cast<PyObject**>(PyArray_DATA(reinterpret_cast<PyArrayObject*>(result.ptr())));
    const Array flat = copied(array, 'c');
    for (int64_t i = 0; i < flat.numel; ++i) {
        const std::string_view text = flat.storage->text->at(reinterpret_cast<const TextSlice*>(flat.data)[i]);
        PyObject* item = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
        if (item == nullptr) throw nb::python_error();
        Py_XSETREF(items[i], item);
    }
    return result.release().ptr();
}

}  // namespace

void import_numpy() {
    if (PyArray_ImportNumPyAPI() < 0) throw nb::python_error();
}

bool is_numpy_array(PyObject* object) noexcept { return PyArray_Check(object); }
bool is_numpy_scalar(PyObject* object) noexcept { return PyArray_IsScalar(object, Generic); }

Array from_numpy(PyObject* object, bool copy) {
    if (!is_numpy_array(object)) {
        throw TypeError(std::string("from_numpy: expected a numpy.ndarray, received ") + Py_TYPE(object)->tp_name);
    }
    auto* source = reinterpret_cast<PyArrayObject*>(object);
    const int dtype = dtype_of(PyArray_DESCR(source));
    if (dtype < 0) {
        const char kind = PyArray_DESCR(source)->kind;
        if (kind == 'U' || kind == 'O' || kind == 'T') return text_from_numpy(object);
        throw TypeError("from_numpy: nd4py has no element type for NumPy's " + type_text(source));
    }
    if (!describable(source, item_size(dtype))) {
        const nb::object plain = checked(PyArray_FromArray(source, PyArray_DescrFromType(npy_type_of[dtype]),
                                                           NPY_ARRAY_ALIGNED | NPY_ARRAY_NOTSWAPPED | NPY_ARRAY_ENSURECOPY));
        return over_memory_of(plain.ptr(), dtype);
    }
    Array array = over_memory_of(object, dtype);
    return copy ? copied(array, 'k') : array;
}

Array from_anything(PyObject* object) {
    if (is_ndarray(object)) return array_of(object);
    if (is_numpy_array(object)) return from_numpy(object, false);
    const nb::object array = checked(PyArray_FromAny(object, nullptr, 0, 0, 0, nullptr));
    return from_numpy(array.ptr(), false);
}

PyObject* to_numpy(PyObject* owner) {
    const Array& array = array_of(owner);
    if (array.dtype == ND_UTF8) return text_to_numpy(array);
    if (array.dtype == ND_BFLOAT16) {
        throw TypeError("numpy: NumPy has no bfloat16; use cast_to(nd.float32).numpy() for values or view_bits() for bits");
    }
    return view_as(owner, array, PyArray_DescrFromType(npy_type_of[array.dtype]));
}

PyObject* to_numpy_raw(PyObject* owner, const Array& array) {
    if (array.dtype != ND_UTF8) {
        return view_as(owner, array,
                       PyArray_DescrFromType(array.dtype == ND_BFLOAT16 ? NPY_UINT16 : npy_type_of[array.dtype]));
    }
    PyArray_Descr* descr = PyArray_DescrNewFromType(NPY_VOID);
    if (descr == nullptr) throw nb::python_error();
    PyDataType_SET_ELSIZE(descr, array.itemsize());
    return view_as(owner, array, descr);
}

Array from_numpy_raw(PyObject* object, const Array& like) {
    const nb::object plain =
        checked(PyArray_FromAny(object, nullptr, 0, 0, NPY_ARRAY_ALIGNED | NPY_ARRAY_NOTSWAPPED, nullptr));
    Array array = over_memory_of(plain.ptr(), like.dtype);
    if (like.dtype == ND_UTF8) array.storage->text = like.storage->text;
    return array;
}

}  // namespace nd::bind
