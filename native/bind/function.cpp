#include "bind/function.hpp"

#include <structmember.h>

#include <cstddef>

#include "bind/ndarray.hpp"
#include "bind/operators.hpp"
#include "core/table.hpp"

namespace nb = nanobind;

namespace nd::bind {
namespace {

struct FunctionObject {
    PyObject_HEAD vectorcallfunc vectorcall;
    PyObject* generic;
    PyObject* dict;
    PyObject* weak_references;
    int unary;   // nd_unary_op, -1
    int binary;  // nd_binary_op, -1
};

FunctionObject* self_of(PyObject* object) noexcept { return reinterpret_cast<FunctionObject*>(object); }

// One native try, then the declared way: attributes, graph values, dtypes without a loop.
PyObject* call(PyObject* object, PyObject* const* arguments, size_t flags, PyObject* names) {
    FunctionObject* self = self_of(object);
    if (names == nullptr) {
        const Py_ssize_t count = PyVectorcall_NARGS(flags);
        PyObject* result = nullptr;
        if (count == 1 && self->unary >= 0 && is_ndarray(arguments[0])) {
            result = native_unary(self->unary, arguments[0]);
        } else if (count == 2 && self->binary >= 0 && (is_ndarray(arguments[0]) || is_ndarray(arguments[1]))) {
            result = native_binary(self->binary, arguments[0], arguments[1]);
        } else {
            return PyObject_Vectorcall(self->generic, arguments, flags, names);
        }
        if (result != nullptr || PyErr_Occurred() != nullptr) return result;
    }
    return PyObject_Vectorcall(self->generic, arguments, flags, names);
}

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
    static const char* const names[] = {"name", "generic", nullptr};
    const char* name = nullptr;
    PyObject* generic = nullptr;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "sO:Function", const_cast<char**>(names), &name, &generic)) {
        return nullptr;
    }
    if (!PyCallable_Check(generic)) {
        PyErr_SetString(PyExc_TypeError, "Function: expected a callable as its general form");
        return nullptr;
    }
    PyObject* object = type->tp_alloc(type, 0);
    if (object == nullptr) return nullptr;
    FunctionObject* self = self_of(object);
    self->vectorcall = call;
    self->generic = Py_NewRef(generic);
    self->dict = PyDict_New();
    self->unary = find_unary(name);
    self->binary = find_binary(name);
    // What functools.wraps would copy, so that help, doctest and pickle see the function that was declared.
    for (const char* attribute : {"__module__", "__name__", "__qualname__", "__doc__", "__annotations__"}) {
        const nb::object value = nb::steal(PyObject_GetAttrString(generic, attribute));
        if (!value.is_valid()) {
            PyErr_Clear();
        } else if (PyDict_SetItemString(self->dict, attribute, value.ptr()) < 0) {
            Py_DECREF(object);
            return nullptr;
        }
    }
    if (PyDict_SetItemString(self->dict, "__wrapped__", generic) < 0) {
        Py_DECREF(object);
        return nullptr;
    }
    return object;
}

int traverse(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(self_of(object)->generic);
    Py_VISIT(self_of(object)->dict);
    Py_VISIT(Py_TYPE(object));
    return 0;
}

int clear(PyObject* object) {
    Py_CLEAR(self_of(object)->generic);
    Py_CLEAR(self_of(object)->dict);
    return 0;
}

void destroy(PyObject* object) {
    PyObject_GC_UnTrack(object);
    if (self_of(object)->weak_references != nullptr) PyObject_ClearWeakRefs(object);
    clear(object);
    PyTypeObject* type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

// As a function, it becomes a method where a class holds it.
PyObject* bind_to(PyObject* object, PyObject* instance, PyObject*) {
    return instance == nullptr || instance == Py_None ? Py_NewRef(object) : PyMethod_New(object, instance);
}

PyObject* represent(PyObject* object) {
    PyObject* name = PyDict_GetItemString(self_of(object)->dict, "__qualname__");
    return name != nullptr ? PyUnicode_FromFormat("<function %U>", name) : PyUnicode_FromString("<function>");
}

// By name, as functions are pickled.
PyObject* reduce(PyObject* object, PyObject*) { return PyObject_GetAttrString(object, "__qualname__"); }

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(FunctionObject, vectorcall), READONLY, nullptr},
    {"__dictoffset__", T_PYSSIZET, offsetof(FunctionObject, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(FunctionObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyMethodDef methods[] = {
    {"__reduce__", reduce, METH_NOARGS, "Pickles by qualified name."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef attributes[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(create)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(clear)},
    {Py_tp_descr_get, reinterpret_cast<void*>(bind_to)},
    {Py_tp_repr, reinterpret_cast<void*>(represent)},
    {Py_tp_members, members},
    {Py_tp_methods, methods},
    {Py_tp_getset, attributes},
    {0, nullptr},
};

PyType_Spec spec = {"nd4py._core.Function", static_cast<int>(sizeof(FunctionObject)), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
                    slots};

}  // namespace

void define_function(nb::module_& module) {
    const nb::object type = nb::steal(PyType_FromSpec(&spec));
    if (!type.is_valid()) throw nb::python_error();
    module.attr("Function") = type;
}

}  // namespace nd::bind
