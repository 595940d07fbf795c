// The one pool of worker threads: OpenMP's, which the vendor libraries share.
//
// Work is cut into equal contiguous pieces, so which elements meet in one piece depends on the number of threads: a kernel
// whose result must not depend on it (random numbers, reductions) works by position or cuts its own fixed blocks.
#pragma once

#include <cstdint>
#include <type_traits>

#include "nd4py/kernel_abi.h"

namespace nd::kernels {

void set_num_threads(int count);
int get_num_threads();

// Makes OpenMP regions opened by a vendor library on this thread use get_num_threads(): OpenMP keeps that number per
// calling thread. Call it before creating or running a vendor primitive; costs one comparison when nothing changed.
void adopt_thread_count();

// While it lives, OpenMP regions that a vendor library opens on this thread run on this thread alone.
class OneThread {
  public:
    explicit OneThread(bool wanted);
    ~OneThread();
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;

  private:
    bool wanted_;
};

// Calls body(context, begin, end) over [0, n) in pieces of at least `grain`. Runs on the calling thread alone when there
// are fewer than two such pieces, inside another parallel region, or while another caller holds the workers.
void parallel_range(int64_t n, int64_t grain, nd_range_body body, void* context);

template <class Body>
void parallel_for(int64_t n, int64_t grain, Body&& body) {
    if (n < 2 * grain) {
        if (n > 0) body(int64_t{0}, n);
        return;
    }
    using Function = std::remove_reference_t<Body>;
    parallel_range(
        n, grain, [](void* context, int64_t begin, int64_t end) { (*static_cast<Function*>(context))(begin, end); },
        const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace nd::kernels
