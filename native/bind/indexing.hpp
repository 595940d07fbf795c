// a[...] and a[...] = value with NumPy's rules.
#pragma once

#include <Python.h>

namespace nd::bind {

PyObject* get_item(PyObject* self, PyObject* index);
int set_item(PyObject* self, PyObject* index, PyObject* value);
PyObject* get_row(PyObject* self, Py_ssize_t i);  // the sequence protocol: self[i]
Py_ssize_t length(PyObject* self);
PyObject* iterate(PyObject* self);

}  // namespace nd::bind
