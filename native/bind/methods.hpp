// Methods of NDArray that need the core; the rest is Python (nd4py/_ndarray_methods.py).
#pragma once

namespace nd::bind {

void define_methods();

}  // namespace nd::bind
