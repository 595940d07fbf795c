// Plan: a straight line of kernel calls on a planned arena. PlanBuilder records it, build() freezes it.
//
// Buffers are inputs (bound at every run), scalars (eight bytes bound at every run), arrays (fixed memory: constants,
// parameters, updater state), temporaries (arena) and views of any of these. Steps run in the order they were added; reading a
// buffer after a step wrote it is the only rule of dependence. Kernels are prepared while the plan is recorded, so a blocked
// layout chosen by one kernel is offered to the next, and a reorder is recorded only in front of one that declines.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/array.hpp"
#include "nd4py/kernel_abi.h"

namespace nd {

// Work that is not a kernel (the Python reference of an operation). Gets copies, returns arrays to copy from.
struct PlanCallback {
    virtual ~PlanCallback() = default;
    virtual std::vector<Array> call(const std::vector<Array>& inputs) = 0;
};

// Where a step finds an array: a root buffer and an offset into it.
struct PlanRef {
    int root = -1;  // -1: absent
    int64_t offset = 0;
};

struct PlanStep {
    std::string kernel;
    std::string label;  // which layer or variable it works for; for messages
    nd_prepared prepared{};
    std::unique_ptr<PlanCallback> callback;  // instead of `prepared`
    std::vector<PlanRef> in, out;
    std::vector<int> in_buffers, out_buffers;  // what was asked for, for explain() and the numerics check
    bool blocked = false;                      // some array of it has a blocked layout
};

struct PlanBuffer {
    enum class Kind { kInput, kScalar, kArray, kTemp, kView };
    Kind kind;
    int dtype;
    Dims shape, strides;
    Array array;         // kArray
    int root = -1;       // itself, or what a view looks at
    int64_t offset = 0;  // bytes into the root
    int slot = -1;       // position among the inputs, scalars or outputs
    bool constant = false;
    bool output = false;  // kTemp: memory of a fresh array at every run
    nd_layout* layout = nullptr;
    int plain = -1;  // temporary that holds this one in plain memory
    size_t bytes = 0;
    // Filled by build():
    int first = -1, last = -1;  // steps between which a temporary lives
    int shares = -1;            // temporary whose memory it takes over in place
    size_t arena = 0;
};

class Plan {
  public:
    ~Plan();
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    size_t input_count() const { return inputs_.size(); }
    size_t scalar_count() const { return scalars_.size(); }
    size_t arena_bytes() const { return arena_bytes_; }
    const std::vector<PlanStep>& steps() const { return steps_; }
    const std::deque<PlanBuffer>& buffers() const { return buffers_; }
    const std::vector<int>& inputs() const { return inputs_; }
    const std::vector<int>& outputs() const { return outputs_; }
    bool scalar_is_integer(size_t i) const { return buffers_[static_cast<size_t>(scalars_[i])].dtype == ND_INT64; }

    // Throws std::invalid_argument when an input has another dtype or shape than the plan was made for.
    void check_inputs(std::span<const Array* const> inputs) const;

    // Runs on a context of its own; `scalars` holds eight bytes each. Results are fresh arrays. Re-entrant.
    std::vector<Array> run(std::span<const Array* const> inputs, std::span<const int64_t> scalars) const;

    // Runs it `repeats` times and gives the median microseconds of each step. State that steps write is written each time.
    std::vector<double> profile(std::span<const Array* const> inputs, std::span<const int64_t> scalars, int repeats) const;

  private:
    friend class PlanBuilder;
    struct Context;
    struct Lease;

    Plan();
    std::unique_ptr<Context> take_context() const;
    std::unique_ptr<Context> make_context() const;
    void bind(Context& context, std::span<const Array* const> inputs, std::span<const int64_t> scalars,
              std::vector<Array>& copies, std::vector<Array>& results) const;
    void run_step(size_t index, Context& context, size_t pointer) const;
    void call_back(const PlanStep& step, char* const* in, char* const* out) const;
    void check_numerics(const PlanStep& step, const Context& context, size_t pointers) const;
    [[noreturn]] static void fail(const PlanStep& step, nd_status status, const nd_error& error);

    const nd_kernel_table* table_ = nullptr;
    bool check_numerics_ = false;
    std::deque<PlanBuffer> buffers_;  // a deque: descriptors point into its elements while it grows
    std::vector<PlanStep> steps_;
    std::vector<int> inputs_, scalars_, outputs_;
    size_t arena_bytes_ = 0, scratch_offset_ = 0;

    mutable std::mutex mutex_;
    mutable std::vector<std::unique_ptr<Context>> idle_;
};

// Thrown by a plan made with check_numerics.
struct NumericsError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class PlanBuilder {
  public:
    PlanBuilder(const nd_kernel_table* table, bool check_numerics);

    int input(int dtype, const Dims& shape);
    int scalar(int dtype);  // int64 or float64
    int array(const Array& array, bool constant);
    int temp(int dtype, const Dims& shape);
    int view(int buffer, const Dims& shape, const Dims& strides, int64_t offset);  // strides and offset in elements

    void label(std::string text) { label_ = std::move(text); }

    // False when no native kernel takes these dtypes: nothing was recorded. Absent arrays are -1.
    bool step(const std::string& kernel, const std::vector<int>& in, const std::vector<int>& out,
              const std::vector<int64_t>& ints, const std::vector<double>& reals);
    void callback(std::string name, std::unique_ptr<PlanCallback> callback, const std::vector<int>& in,
                  const std::vector<int>& out);

    // run() returns this buffer, in the order of these calls.
    void output(int buffer);

    std::unique_ptr<Plan> build();

  private:
    PlanBuffer& at(int buffer);
    int add(PlanBuffer buffer);
    nd_desc describe(int buffer);
    PlanRef resolve(int buffer);  // records a reorder when the root is blocked but a view of it is wanted
    int plain(int root);          // the root itself, or a plain copy of a blocked one
    void written(int buffer, nd_layout* layout);
    void lifetimes();
    void share_in_place();
    void place();

    std::unique_ptr<Plan> plan_;
    std::string label_;
};

}  // namespace nd
