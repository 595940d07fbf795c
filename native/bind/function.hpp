// nd4py._core.Function: a callable that runs an elementwise operation natively where it can.
#pragma once

#include <nanobind/nanobind.h>

namespace nd::bind {

void define_function(nanobind::module_& module);

}  // namespace nd::bind
