#pragma once

#include <nanobind/nanobind.h>

namespace nd::bind {

void bind_plan(nanobind::module_& module);

}  // namespace nd::bind
