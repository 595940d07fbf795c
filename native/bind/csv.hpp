// Parsing of delimited text for Python.
#pragma once

#include <nanobind/nanobind.h>

namespace nd::bind {

void define_csv(nanobind::module_& module);

}  // namespace nd::bind
