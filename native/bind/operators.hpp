// Arithmetic of NDArrays: the type's number slots, and the same operations for methods and Function.
#pragma once

#include <Python.h>

namespace nd::bind {

// Add the slots of NDArray's number protocol to a list of PyType_Slot.
extern const PyType_Slot number_slots[];
extern const int number_slot_count;
PyObject* rich_compare(PyObject* a, PyObject* b, int comparison);

// `op` is an nd_binary_op or nd::true_divide; operands are NDArrays, NumPy arrays and scalars, Python scalars.
// New references; Py_NotImplemented for other operands; NULL with an error.
PyObject* binary(int op, PyObject* a, PyObject* b);
PyObject* in_place(int op, PyObject* a, PyObject* b);           // returns `a`
PyObject* in_place_reversed(int op, PyObject* a, PyObject* b);  // a = b op a, returns `a`
PyObject* unary(int op, PyObject* x);
PyObject* matmul(PyObject* a, PyObject* b);

// Only with a loop of the active table; NULL without an error where there is none.
PyObject* native_binary(int op, PyObject* a, PyObject* b);
PyObject* native_unary(int op, PyObject* x);

// callable(op_name, *arrays) -> array, used where the active table has nothing.
void set_reference(PyObject* callable);

}  // namespace nd::bind
