// Single elements as Python objects, and Python numbers as elements.
#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>

#include "core/array.hpp"

namespace nd::bind {

// A Python bool, int, float, complex or str: weak in promotion. NumPy's scalars are not among them, they have a dtype.
struct Scalar {
    Kind kind = Kind::boolean;
    PyObject* object = nullptr;  // borrowed
    double real = 0;             // not for text; approximate for an int, which is read from `object`
    double imag = 0;
};
std::optional<Scalar> scalar_of(PyObject* object);  // nothing: not such an object

// Writes the scalar as one element. Throws std::overflow_error (an int that the dtype cannot hold), TypeError (complex into
// real, text into numbers), std::invalid_argument (NaN into an integer).
void write_element(const Scalar& scalar, int dtype, char* element);
// A 0-d array of it, text included.
Array array_of_scalar(const Scalar& scalar, int dtype);
// -1, 0 or 1: how the int lies to the range of an integer dtype.
int compare_to_range(const Scalar& scalar, int dtype);

// A new reference. `array` gives the dtype and, for text, the heap.
PyObject* element_to_python(const Array& array, const char* element);
PyObject* nested_list(const Array& array);

}  // namespace nd::bind
