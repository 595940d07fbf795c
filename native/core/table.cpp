#include "core/table.hpp"

#include <atomic>
#include <cstring>
#include <stdexcept>
#include <string>

namespace nd {
namespace {

std::atomic<const nd_kernel_table*> active{nullptr};

struct Elementwise {
    const char* name;
    nd_domain domain;
};

constexpr Elementwise unary[] = {
#define ND_UNARY(name, domain) {#name, domain},
#define ND_BINARY(name, domain)
#include "nd4py/elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
};

constexpr Elementwise binary[] = {
#define ND_UNARY(name, domain)
#define ND_BINARY(name, domain) {#name, domain},
#include "nd4py/elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
};

template <size_t N>
int find(const Elementwise (&list)[N], const char* name) noexcept {
    for (size_t i = 0; i < N; ++i) {
        if (std::strcmp(list[i].name, name) == 0) return static_cast<int>(i);
    }
    return -1;
}

}  // namespace

const nd_kernel_table* active_table() noexcept { return active.load(std::memory_order_acquire); }

void set_active_table(const nd_kernel_table* table) {
    if (table != nullptr && table->abi_version != ND_ABI_VERSION) {
        throw std::invalid_argument("set_table: this nd4py needs a kernel backend with ABI " +
                                    std::to_string(ND_ABI_VERSION) + ", the one given has ABI " +
                                    std::to_string(table->abi_version) + "; install backend and nd4py of the same version");
    }
    if (table != nullptr && table->struct_bytes < sizeof(nd_kernel_table)) {
        throw std::invalid_argument("set_table: the kernel table is shorter than its ABI number promises");
    }
    active.store(table, std::memory_order_release);
}

const nd_kernel* find_kernel(const nd_kernel_table* table, const char* name) noexcept {
    if (table == nullptr) return nullptr;
    for (int64_t i = 0; i < table->n_kernels; ++i) {
        if (std::strcmp(table->kernels[i].name, name) == 0) return &table->kernels[i];
    }
    return nullptr;
}

const char* unary_name(int op) noexcept { return unary[op].name; }
const char* binary_name(int op) noexcept { return binary[op].name; }
nd_domain unary_domain(int op) noexcept { return unary[op].domain; }
nd_domain binary_domain(int op) noexcept { return binary[op].domain; }
int find_unary(const char* name) noexcept { return find(unary, name); }
int find_binary(const char* name) noexcept { return find(binary, name); }

}  // namespace nd
