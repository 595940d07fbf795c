// The one adapter to oneDNN: descriptors, layouts, and short programs of primitives.
//
// A kernel describes its work once as a `Program`: slots (kernel inputs, outputs and scratch areas, each with a oneDNN memory
// descriptor) and primitives that run on them in order. Primitives are made with user scratchpads, so a program is immutable
// and shared; the memory objects that oneDNN wants live in an instance, one per execution context.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <atomic>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nd4py/kernel_abi.h"

// A blocked memory layout is a oneDNN memory descriptor with a reference count.
struct nd_layout {
    std::atomic<int> references{1};
    dnnl::memory::desc desc;
};

namespace nd::kernels::onednn {

using Desc = dnnl::memory::desc;

const dnnl::engine& engine();
std::string version();

// Undefined data type when oneDNN has none for it.
dnnl::memory::data_type data_type(int32_t dtype);

// The descriptor of an array: its layout when blocked, else its strides. `dims` reshapes plain arrays (empty: as they are).
Desc describe(const nd_desc& array);
Desc plain(const nd_desc& array);

// Same dimensions and type, format left to oneDNN.
Desc any_format(const nd_desc& array);

dnnl::primitive_attr attributes();

class Program {
  public:
    // Work that waking another thread would cost more than it gains. Must hold while its primitives are made, too.
    explicit Program(bool single_threaded = false) : single_threaded_(single_threaded) {}

    int input(int index, const Desc& desc) { return slot({desc, Place::kInput, index, 0}); }
    int output(int index, const Desc& desc) { return slot({desc, Place::kOutput, index, 0}); }
    int scratch(const Desc& desc);

    // The slot itself when it already has the wanted format, else a scratch slot filled from it.
    int converted(int from, const Desc& wanted);
    void reorder(int from, int to);

    // Adds a primitive; its scratchpad is allotted here.
    void run(const dnnl::primitive& primitive, const dnnl::primitive_desc_base& desc,
             std::initializer_list<std::pair<int, int>> arguments);

    const Desc& desc(int slot) const { return slots_[static_cast<size_t>(slot)].desc; }

    // Hands the program over to the caller of prepare().
    static void finish(std::unique_ptr<Program> program, nd_prepared* prepared);

  private:
    enum class Place { kInput, kOutput, kScratch };
    struct Slot {
        Desc desc;
        Place place;
        int index;
        size_t offset;
    };
    struct Call {
        dnnl::primitive primitive;
        std::vector<std::pair<int, int>> arguments;  // (oneDNN argument, slot)
    };
    struct Instance;

    int slot(const Slot& s) {
        slots_.push_back(s);
        return static_cast<int>(slots_.size()) - 1;
    }
    static nd_status execute(const void* state, void* instance, char* const* in, char* const* out, char* scratch,
                             nd_error* error);
    static void* make_instance(const void* state);
    static void free_instance(void* instance);

    std::vector<Slot> slots_;
    std::vector<Call> calls_;
    size_t scratch_bytes_ = 0;
    bool single_threaded_;
};

// Settles the format of an output: the one oneDNN prefers when the caller leaves it free, else the caller's strides.
// Returns the slot to write; `finish_output` appends the reorder to plain memory where the two differ.
int output_slot(Program& program, int index, nd_desc& array, const Desc& preferred);
void finish_output(Program& program, int written, int index, const nd_desc& array);

// Runs `body`, turning oneDNN's exceptions into a status.
nd_status guarded(nd_error* error, const char* what, nd_status (*body)(const nd_call*, nd_prepared*, nd_error*),
                  const nd_call* call, nd_prepared* prepared);

}  // namespace nd::kernels::onednn
