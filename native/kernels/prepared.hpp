// Turns a C++ object with a run() method into the prepared kernel of the ABI.
#pragma once

#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>

#include "nd4py/kernel_abi.h"

namespace nd::kernels {

// `State` has `void run(char* const* in, char* const* out, char* scratch) const`; one that can fail at run time takes an
// nd_error* as well and returns an nd_status.
template <class State>
nd_status finish(std::unique_ptr<State> state, nd_prepared* prepared, size_t scratch_bytes = 0, uint32_t inplace = 0) {
    *prepared = {};
    prepared->run = [](const void* s, void*, char* const* in, char* const* out, char* scratch,
                       [[maybe_unused]] nd_error* error) {
        const auto* self = static_cast<const State*>(s);
        if constexpr (requires { self->run(in, out, scratch, error); }) {
            return self->run(in, out, scratch, error);
        } else {
            self->run(in, out, scratch);
            return ND_OK;
        }
    };
    prepared->destroy = [](void* s) { delete static_cast<State*>(s); };
    prepared->scratch_bytes = scratch_bytes;
    prepared->inplace = inplace;
    prepared->state = state.release();
    return ND_OK;
}

using Prepare = nd_status (*)(const nd_call*, nd_prepared*, nd_error*);

// A prepare function whose exceptions become a status: nothing may be thrown through the C boundary.
template <Prepare kBody>
nd_status guarded(const nd_call* call, nd_prepared* prepared, nd_error* error) {
    try {
        return kBody(call, prepared, error);
    } catch (const std::invalid_argument& wrong) {
        if (error) std::snprintf(error->text, sizeof error->text, "%s", wrong.what());
        return ND_INVALID;
    } catch (const std::exception& failed) {
        if (error) std::snprintf(error->text, sizeof error->text, "%s", failed.what());
        return ND_FAILED;
    }
}

}  // namespace nd::kernels
