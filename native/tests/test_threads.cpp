// The pool: every element exactly once, nested and concurrent calls, life after fork.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "check.hpp"
#include "kernels/threads.hpp"

using nd::kernels::get_num_threads;
using nd::kernels::parallel_for;
using nd::kernels::set_num_threads;

TEST(pieces_cover_the_range_once) {
    const int before = get_num_threads();
    for (int threads : {1, 2, 3, 8}) {
        set_num_threads(threads);
        for (int64_t n : {0, 1, 2, 3, 7, 64, 1000, 100003}) {
            for (int64_t grain : {1, 5, 64, 50000}) {
                std::vector<std::atomic<int>> visits(static_cast<size_t>(n));
                std::atomic<bool> too_small{false};
                parallel_for(n, grain, [&](int64_t begin, int64_t end) {
                    if (end - begin < grain && end != n) too_small = true;
                    for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
                });
                bool once = true;
                for (const auto& v : visits) once = once && v == 1;
                CHECK(once);
                CHECK(!too_small);
            }
        }
    }
    set_num_threads(before);
}

TEST(a_region_inside_a_region_runs_alone) {
    const int before = get_num_threads();
    set_num_threads(2);
    std::atomic<int64_t> sum{0};
    parallel_for(8, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) parallel_for(100, 1, [&](int64_t b, int64_t e) { sum += e - b; });
    });
    CHECK_EQUAL(sum.load(), 800);
    set_num_threads(before);
}

TEST(callers_at_the_same_time_both_finish) {
    const int before = get_num_threads();
    set_num_threads(2);
    std::atomic<int64_t> sum{0};
    const auto caller = [&] {
        for (int k = 0; k < 200; ++k) parallel_for(1000, 10, [&](int64_t b, int64_t e) { sum += e - b; });
    };
    std::thread first(caller), second(caller);
    first.join(), second.join();
    CHECK_EQUAL(sum.load(), 400000);
    set_num_threads(before);
}

TEST(a_forked_child_computes) {
    const int before = get_num_threads();
    set_num_threads(2);
    std::atomic<int64_t> sum{0};
    parallel_for(1000, 1, [&](int64_t b, int64_t e) { sum += e - b; });  // the pool exists
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);  // a hang fails instead of blocking the run
        std::atomic<int64_t> own{0};
        parallel_for(1000, 1, [&](int64_t b, int64_t e) { own += e - b; });
        _exit(own == 1000 && get_num_threads() == 2 ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    set_num_threads(before);
}
