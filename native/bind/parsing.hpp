// Parsing of delimited text for Python.
#pragma once

#include <nanobind/nanobind.h>

namespace nd::bind {

void define_parsing(nanobind::module_& module);

}  // namespace nd::bind
