// DLPack, legacy and versioned: memory shared with other array libraries.
#pragma once

#include <nanobind/nanobind.h>

#include "core/array.hpp"

namespace nd::bind {

// From an object with __dlpack__ (and __dlpack_device__), or a capsule. `copy`: None, True or False.
Array from_dlpack(nanobind::handle source, nanobind::handle copy);
// A capsule; versioned when max_version allows.
nanobind::object to_dlpack(const Array& array, nanobind::handle stream, nanobind::handle max_version,
                           nanobind::handle dl_device, nanobind::handle copy);

}  // namespace nd::bind
