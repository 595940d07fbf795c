// The active kernel table and eager kernel calls, as Python sees them.
#pragma once

#include <nanobind/nanobind.h>

namespace nd::bind {

void define_kernels(nanobind::module_& module);

}  // namespace nd::bind
