// The type object of NDArray: life and death of its objects, attributes, conversions, the buffer protocol. Arithmetic is in
// operators.cpp, indexing in indexing.cpp, methods in methods.cpp.
#include "bind/ndarray.hpp"

#include <structmember.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#include "bind/arguments.hpp"
#include "bind/indexing.hpp"
#include "bind/operators.hpp"
#include "bind/scalars.hpp"
#include "core/errors.hpp"
#include "core/views.hpp"

namespace nb = nanobind;

namespace nd::bind {

PyTypeObject* ndarray_type = nullptr;

PyObject* wrap(Array&& array) {
    auto* object = PyObject_New(NDArrayObject, ndarray_type);
    if (object == nullptr) {
        PyErr_Clear();
        throw std::bad_alloc();
    }
    object->weak_references = nullptr;
    new (&object->array) Array(std::move(array));
    return reinterpret_cast<PyObject*>(object);
}

void set_error_from_exception() noexcept {
    try {
        throw;
    } catch (nb::python_error& error) {
        error.restore();
    } catch (const TypeError& error) {
        PyErr_SetString(PyExc_TypeError, error.what());
    } catch (const std::out_of_range& error) {
        PyErr_SetString(PyExc_IndexError, error.what());
    } catch (const std::overflow_error& error) {
        PyErr_SetString(PyExc_OverflowError, error.what());
    } catch (const std::logic_error& error) {  // invalid_argument, length_error
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    } catch (...) {
        PyErr_SetString(PyExc_SystemError, "nd4py._core: unknown C++ exception");
    }
}

namespace {

void destroy(PyObject* self) {
    auto* object = reinterpret_cast<NDArrayObject*>(self);
    if (object->weak_references != nullptr) PyObject_ClearWeakRefs(self);
    object->array.~Array();
    PyTypeObject* type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

// --------------------------------------------------------------------------------------------------------- attributes

PyObject* get_shape(PyObject* self, void*) { return tuple_of(array_of(self).shape); }
PyObject* get_strides(PyObject* self, void*) { return tuple_of(array_of(self).strides); }
PyObject* get_ndim(PyObject* self, void*) { return PyLong_FromLong(array_of(self).ndim()); }
PyObject* get_size(PyObject* self, void*) { return PyLong_FromLongLong(array_of(self).numel); }
PyObject* get_dtype(PyObject* self, void*) { return Py_XNewRef(dtype_object(array_of(self).dtype)); }
PyObject* get_itemsize(PyObject* self, void*) { return PyLong_FromLongLong(array_of(self).itemsize()); }
PyObject* get_nbytes(PyObject* self, void*) { return PyLong_FromLongLong(array_of(self).nbytes()); }
PyObject* get_order(PyObject* self, void*) { return PyUnicode_FromStringAndSize(&array_of(self).order, 1); }
PyObject* get_transpose(PyObject* self, void*) {
    return guarded([&] { return wrap(transposed(array_of(self))); });
}
PyObject* get_matrix_transpose(PyObject* self, void*) {
    return guarded([&] {
        const Array& array = array_of(self);
        if (array.ndim() < 2)
            throw std::invalid_argument("mT: expected at least 2 dimensions, received " + to_text(array.shape));
        Dims axes(array.ndim());
        for (int i = 0; i < axes.size(); ++i) axes[i] = i;
        std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
        return wrap(permuted(array, axes));
    });
}
PyObject* get_is_view(PyObject* self, void*) { return PyBool_FromLong(array_of(self).is_view); }
PyObject* get_writeable(PyObject* self, void*) { return PyBool_FromLong(!array_of(self).readonly); }
PyObject* get_c_contiguous(PyObject* self, void*) { return PyBool_FromLong(array_of(self).c_contiguous); }
PyObject* get_f_contiguous(PyObject* self, void*) { return PyBool_FromLong(array_of(self).f_contiguous); }
PyObject* get_device(PyObject*, void*) { return PyUnicode_InternFromString("cpu"); }
PyObject* get_data_pointer(PyObject* self, void*) { return PyLong_FromVoidPtr(array_of(self).data); }

const char* format_of(int dtype) noexcept {
    static constexpr const char* formats[ND_DTYPE_COUNT] = {"?", "b",     "h", "i", "q", "B",  "H",  "I",
                                                            "Q", nullptr, "e", "f", "d", "Zf", "Zd", nullptr};
    return formats[dtype];
}

PyObject* get_array_interface(PyObject* self, void*) {
    const Array& array = array_of(self);
    if (format_of(array.dtype) == nullptr) {
        PyErr_Format(PyExc_AttributeError, "__array_interface__: NumPy has no %s", dtype_name(array.dtype));
        return nullptr;
    }
    static constexpr const char* kinds = "buif c";
    const Kind kind = kind_of(array.dtype);
    const char letter = kind == Kind::complex ? 'c' : kinds[static_cast<int>(kind)];
    PyObject* type =
        PyUnicode_FromFormat("%c%c%d", array.itemsize() == 1 ? '|' : '<', letter, static_cast<int>(array.itemsize()));
    Dims strides = array.strides;
    for (int64_t& stride : strides) stride *= array.itemsize();
    return Py_BuildValue("{s:i,s:N,s:N,s:N,s:(NO)}", "version", 3, "typestr", type, "shape", tuple_of(array.shape), "strides",
                         tuple_of(strides), "data", PyLong_FromVoidPtr(array.data), array.readonly ? Py_True : Py_False);
}

PyGetSetDef attributes[] = {
    {"shape", get_shape, nullptr, "Extents, a tuple of int.", nullptr},
    {"strides", get_strides, nullptr, "Steps between neighbours along each axis, in elements (not bytes).", nullptr},
    {"ndim", get_ndim, nullptr, "Number of dimensions (`INDArray.rank`).", nullptr},
    {"size", get_size, nullptr, "Number of elements (`INDArray.length`).", nullptr},
    {"dtype", get_dtype, nullptr, "Element type, an `nd4py.dtypes.DType`.", nullptr},
    {"itemsize", get_itemsize, nullptr, "Bytes per element.", nullptr},
    {"nbytes", get_nbytes, nullptr, "Bytes of all elements.", nullptr},
    {"order", get_order, nullptr, "'c' or 'f', as `INDArray.ordering` tells it.", nullptr},
    {"T", get_transpose, nullptr, "The view with all axes reversed.", nullptr},
    {"mT", get_matrix_transpose, nullptr, "The view with the last two axes swapped.", nullptr},
    {"is_view", get_is_view, nullptr, "Whether the array was made as a view of another.", nullptr},
    {"writeable", get_writeable, nullptr, "False for broadcast views and for memory that its owner protects.", nullptr},
    {"is_c_contiguous", get_c_contiguous, nullptr, "Whether elements are adjacent in row-major order.", nullptr},
    {"is_f_contiguous", get_f_contiguous, nullptr, "Whether elements are adjacent in column-major order.", nullptr},
    {"device", get_device, nullptr, "Where the memory is: 'cpu'.", nullptr},
    {"data_pointer", get_data_pointer, nullptr, "Address of the first element.", nullptr},
    {"__array_interface__", get_array_interface, nullptr, "NumPy's array interface, version 3.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

// -------------------------------------------------------------------------------------------------------- conversions

const char* sole_element(const Array& array, const char* what) {
    if (array.numel != 1) {
        throw std::invalid_argument(std::string(what) + ": expected an array of one element, received shape " +
                                    to_text(array.shape));
    }
    return array.data;
}

int to_bool(PyObject* self) {
    return guarded(-1, [&] {
        const Array& array = array_of(self);
        if (array.numel != 1) {
            throw std::invalid_argument("the truth value of an array of shape " + to_text(array.shape) +
                                        " is ambiguous; use any() or all()");
        }
        const nb::object element = nb::steal(element_to_python(array, array.data));
        return element.is_valid() ? PyObject_IsTrue(element.ptr()) : -1;
    });
}

PyObject* number_through(PyObject* self, const char* what, PyObject* (*convert)(PyObject*)) {
    return guarded([&]() -> PyObject* {
        const Array& array = array_of(self);
        const nb::object element = nb::steal(element_to_python(array, sole_element(array, what)));
        return element.is_valid() ? convert(element.ptr()) : nullptr;
    });
}

PyObject* to_int(PyObject* self) { return number_through(self, "int()", PyNumber_Long); }
PyObject* to_float(PyObject* self) { return number_through(self, "float()", PyNumber_Float); }

PyObject* to_index(PyObject* self) {
    const Array& array = array_of(self);
    if (array.ndim() == 0 && is_integer(array.dtype)) return element_to_python(array, array.data);
    PyErr_SetString(PyExc_TypeError, "only an integer array without dimensions converts to an index");
    return nullptr;
}

Py_hash_t no_hash(PyObject*) {
    PyErr_SetString(PyExc_TypeError, "unhashable type: 'NDArray' (its elements can change)");
    return -1;
}

// ------------------------------------------------------------------------------------------------------ buffer protocol

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
    const Array& array = array_of(self);
    view->obj = nullptr;
    const char* format = format_of(array.dtype);
    const char* problem = nullptr;
    if (format == nullptr) {
        problem = "has no buffer format; use cast_to or view_bits()";
    } else if ((flags & PyBUF_WRITABLE) != 0 && array.readonly) {
        problem = "is read-only";
    } else if ((flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS && !array.c_contiguous) {
        problem = "is not C-contiguous";
    } else if ((flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS && !array.f_contiguous) {
        problem = "is not Fortran-contiguous";
    } else if ((flags & PyBUF_ANY_CONTIGUOUS) == PyBUF_ANY_CONTIGUOUS && !array.c_contiguous && !array.f_contiguous) {
        problem = "is not contiguous";
    } else if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES && !array.c_contiguous) {
        problem = "is not C-contiguous, and strides were not asked for";
    }
    if (problem != nullptr) {
        PyErr_Format(PyExc_BufferError, "NDArray of %s %s", dtype_name(array.dtype), problem);
        return -1;
    }
    const auto ndim = static_cast<size_t>(array.ndim());
    auto* layout = static_cast<Py_ssize_t*>(PyMem_Malloc(sizeof(Py_ssize_t) * (2 * ndim + 1)));
    if (layout == nullptr) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < ndim; ++i) {
        layout[i] = array.shape[static_cast<int>(i)];
        layout[ndim + i] = array.strides[static_cast<int>(i)] * array.itemsize();
    }
    view->obj = Py_NewRef(self);
    view->buf = array.data;
    view->len = array.nbytes();
    view->itemsize = array.itemsize();
    view->readonly = array.readonly ? 1 : 0;
    view->ndim = array.ndim();
    view->format = (flags & PyBUF_FORMAT) != 0 ? const_cast<char*>(format) : nullptr;
    view->shape = (flags & PyBUF_ND) == PyBUF_ND ? layout : nullptr;
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? layout + ndim : nullptr;
    view->suboffsets = nullptr;
    view->internal = layout;
    return 0;
}

void release_buffer(PyObject*, Py_buffer* view) { PyMem_Free(view->internal); }

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(NDArrayObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

constexpr const char* documentation =
    "An n-dimensional array of one element type (Deeplearning4j's `INDArray`).\n\n"
    "Made by `nd4py.array`, `nd4py.zeros` and the other creation functions. Operators, broadcasting, promotion and indexing\n"
    "follow NumPy; views share memory. Its methods carry ND4J's names, those ending in `i` work in place.";

}  // namespace

void define_ndarray(nb::module_& module) {
    std::vector<PyType_Slot> slots = {
        {Py_tp_doc, const_cast<char*>(documentation)},
        {Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
        {Py_tp_getset, attributes},
        {Py_tp_members, members},
        {Py_tp_hash, reinterpret_cast<void*>(no_hash)},
        {Py_tp_richcompare, reinterpret_cast<void*>(rich_compare)},
        {Py_tp_iter, reinterpret_cast<void*>(iterate)},
        {Py_mp_length, reinterpret_cast<void*>(length)},
        {Py_mp_subscript, reinterpret_cast<void*>(get_item)},
        {Py_mp_ass_subscript, reinterpret_cast<void*>(set_item)},
        {Py_sq_length, reinterpret_cast<void*>(length)},
        {Py_sq_item, reinterpret_cast<void*>(get_row)},
        {Py_nb_bool, reinterpret_cast<void*>(to_bool)},
        {Py_nb_int, reinterpret_cast<void*>(to_int)},
        {Py_nb_float, reinterpret_cast<void*>(to_float)},
        {Py_nb_index, reinterpret_cast<void*>(to_index)},
        {Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
        {Py_bf_releasebuffer, reinterpret_cast<void*>(release_buffer)},
    };
    slots.insert(slots.end(), number_slots, number_slots + number_slot_count);
    slots.push_back({0, nullptr});
    PyType_Spec spec{"nd4py.NDArray", static_cast<int>(sizeof(NDArrayObject)), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots.data()};
    PyObject* type = PyType_FromSpec(&spec);
    if (type == nullptr) throw nb::python_error();
    ndarray_type = reinterpret_cast<PyTypeObject*>(type);
    // Sequence patterns match arrays as they match lists.
    ndarray_type->tp_flags |= Py_TPFLAGS_SEQUENCE;
    module.attr("NDArray") = nb::borrow(type);
}

}  // namespace nd::bind
