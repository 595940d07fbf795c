// The kernel table of this backend, put together from what the families offer.
#include <cstdlib>
#include <string>
#include <vector>

#include "families.hpp"
#include "layout.hpp"
#include "onednn.hpp"
#include "openblas.hpp"
#include "threads.hpp"

namespace nd::kernels {

LoopTables loops;

namespace {

void* allocate(size_t bytes) {
    const size_t rounded = (bytes + ND_ALIGNMENT - 1) / ND_ALIGNMENT * ND_ALIGNMENT;
    return rounded < bytes ? nullptr : std::aligned_alloc(ND_ALIGNMENT, rounded ? rounded : ND_ALIGNMENT);
}

struct Assembled {
    std::vector<nd_kernel> kernels;
    std::string libraries = std::string("oneDNN=") + onednn::version() + ";OpenBLAS=" + openblas::version();
    nd_kernel_table table;

    Assembled() {
        add_float32_unary_loops(loops);
        add_float64_unary_loops(loops);
        add_float_binary_loops(loops);
        add_integer_loops(loops);
        add_cast_loops(loops);
        add_half_loops(loops);
        add_select_loops(loops);
        for (const nd_kernel_list* list : kernel_lists) kernels.insert(kernels.end(), list->items, list->items + list->count);
        table = {
            .abi_version = ND_ABI_VERSION,
            .struct_bytes = sizeof(nd_kernel_table),
            .isa = ND4PY_ISA,
            .libraries = libraries.c_str(),
            .unary = loops.unary,
            .binary = loops.binary,
            .cast = loops.cast,
            .select = loops.select,
            .kernels = kernels.data(),
            .n_kernels = static_cast<int64_t>(kernels.size()),
            .allocate = allocate,
            .release = std::free,
            .set_num_threads = set_num_threads,
            .get_num_threads = get_num_threads,
            .parallel_for = parallel_range,
            .layout_bytes = layout_bytes,
            .layout_equal = layout_equal,
            .layout_retain = layout_retain,
            .layout_release = layout_release,
        };
    }

    static constexpr const nd_kernel_list* kernel_lists[] = {
        &fused_kernels,   &reduce_kernels,   &index_reduce_kernels, &logical_reduce_kernels, &softmax_kernels,
        &updater_kernels, &gradient_kernels, &random_kernels,       &movement_kernels,       &statistics_kernels,
        &matmul_kernels,  &conv2d_kernels,   &pool2d_kernels,       &layout_kernels,
    };
};

}  // namespace

const nd_kernel_table* kernel_table() {
    static const Assembled assembled;
    return &assembled.table;
}

}  // namespace nd::kernels
