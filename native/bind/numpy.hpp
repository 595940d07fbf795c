// Arrays to and from NumPy without copies. The only place that knows NumPy's C API.
#pragma once

#include <Python.h>

#include "core/array.hpp"

namespace nd::bind {

void import_numpy();  // throws nanobind::python_error

bool is_numpy_array(PyObject* object) noexcept;
bool is_numpy_scalar(PyObject* object) noexcept;  // numpy.generic

// The memory of a NumPy array, which stays alive; a copy where asked for, or where no NDArray can describe it (other byte
// order, odd strides, text). Throws TypeError for dtypes that nd4py lacks.
Array from_numpy(PyObject* array, bool copy);
// Any object: NumPy arrays and scalars, sequences, whatever numpy.asarray takes.
Array from_anything(PyObject* object);

// A new reference to a NumPy array over the memory of the NDArray `owner`, which it keeps alive; an object array of str for
// utf8. Throws TypeError for bfloat16.
PyObject* to_numpy(PyObject* owner);
// The same for every dtype: bfloat16 as uint16 bits, utf8 as opaque 16-byte slices. For moving elements, not for users.
PyObject* to_numpy_raw(PyObject* owner, const Array& array);
// Back from to_numpy_raw, as elements of the dtype (and text) that `like` has.
Array from_numpy_raw(PyObject* array, const Array& like);

}  // namespace nd::bind
