#include "kernels/threads.hpp"

#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>

namespace nd::kernels {
namespace {

std::atomic<int> thread_count{0};

// One parallel region at a time: two callers at once would each wake a full set of workers and share the cores anyway.
std::atomic_flag region_open = ATOMIC_FLAG_INIT;

// A forked child has none of the workers its parent had, and OpenMP would wait for them for ever: in our own regions, and
// in those of vendor primitives made before, which keep their number of threads. So the forking thread ends its workers
// first; parent and child each make new ones at their next region.
bool workers_ended = false;

void end_workers_before_fork() { workers_ended = omp_pause_resource_all(omp_pause_hard) == 0; }

void begin_child() {
    region_open.clear();  // another thread of the parent may have been inside
    if (workers_ended) return;
    thread_count.store(1, std::memory_order_relaxed);
    omp_set_num_threads(1);
}

int first_thread_count() {
    pthread_atfork(end_workers_before_fork, nullptr, begin_child);
    return std::max(1, omp_get_max_threads());
}

}  // namespace

void set_num_threads(int count) {
    get_num_threads();  // installs the fork handler
    thread_count.store(std::max(1, count), std::memory_order_relaxed);
    adopt_thread_count();
}

int get_num_threads() {
    int count = thread_count.load(std::memory_order_relaxed);
    if (count == 0) {
        static const int first = first_thread_count();
        int none = 0;
        thread_count.compare_exchange_strong(none, first, std::memory_order_relaxed);
        count = thread_count.load(std::memory_order_relaxed);
    }
    return count;
}

void adopt_thread_count() {
    static thread_local int adopted = 0;
    const int wanted = get_num_threads();
    if (adopted == wanted) return;
    omp_set_num_threads(wanted);
    adopted = wanted;
}

OneThread::OneThread(bool wanted) : wanted_(wanted && get_num_threads() > 1) {
    if (wanted_) omp_set_num_threads(1);
}

OneThread::~OneThread() {
    if (wanted_) omp_set_num_threads(get_num_threads());
}

void parallel_range(int64_t n, int64_t grain, nd_range_body body, void* context) {
    if (n <= 0) return;
    const int64_t pieces = std::min<int64_t>(get_num_threads(), n / std::max<int64_t>(1, grain));
    if (pieces < 2 || omp_in_parallel() || region_open.test_and_set(std::memory_order_acquire)) {
        body(context, 0, n);
        return;
    }
    // Large pieces begin on a multiple of 64 elements, so that two threads do not write one cache line.
    const int64_t whole = (n + pieces - 1) / pieces;
    const int64_t step = whole >= 1024 ? (whole + 63) / 64 * 64 : whole;
#pragma omp parallel num_threads(static_cast<int>(pieces))
    {
        // OpenMP may give fewer threads than asked for.
        for (int64_t begin = omp_get_thread_num() * step; begin < n; begin += omp_get_num_threads() * step) {
            body(context, begin, std::min(n, begin + step));
        }
    }
    region_open.clear(std::memory_order_release);
}

}  // namespace nd::kernels
