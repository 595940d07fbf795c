// The extension module of a backend wheel: hands the kernel table to Python as a capsule, and does nothing else.
#include <Python.h>

#include "families.hpp"

namespace {

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_kernels", "Kernel table of this backend.", -1, nullptr, nullptr, nullptr, nullptr, nullptr,
};

}  // namespace

PyMODINIT_FUNC PyInit__kernels() {
    PyObject* module = PyModule_Create(&definition);
    if (!module) return nullptr;
    PyObject* table = PyCapsule_New(const_cast<nd_kernel_table*>(nd::kernels::kernel_table()), ND_CAPSULE_NAME, nullptr);
    if (PyModule_AddObjectRef(module, "table", table) < 0) {
        Py_XDECREF(table);
        Py_DECREF(module);
        return nullptr;
    }
    Py_DECREF(table);
    return module;
}
