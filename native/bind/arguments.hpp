// Python arguments as the core's types, and back.
#pragma once

#include <nanobind/nanobind.h>

#include <vector>

#include "core/array.hpp"

namespace nd::bind {

// The DType objects, one per code, in order; `resolve` turns names and NumPy dtypes into them.
void register_dtypes(nanobind::handle all, nanobind::handle resolve);
PyObject* dtype_object(int dtype);  // borrowed; NULL with an error before register_dtypes
int dtype_argument(nanobind::handle value);

// An int or a sequence of ints.
Dims dims_argument(const char* what, nanobind::handle value);
// Either one sequence or the ints themselves: reshape(2, 3) and reshape((2, 3)).
Dims dims_arguments(const char* what, const nanobind::args& values);
char order_argument(const char* what, const char* order);  // 'c', 'f', 'k', 'a'; accepts NumPy's capitals
int64_t integer_argument(const char* what, nanobind::handle value);

PyObject* tuple_of(const Dims& items);  // a new reference

}  // namespace nd::bind
