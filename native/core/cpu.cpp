#include "core/cpu.hpp"

#include <cstdint>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#define ND_X86 1
#else
#define ND_X86 0
#endif

namespace nd {

#if ND_X86
namespace {

enum Register { eax, ebx, ecx, edx };
enum State : uint64_t { none = 0, avx_state = 0x6, avx512_state = 0xe6 };  // bits of XCR0 that must be set

struct Feature {
    const char* name;
    uint32_t leaf, subleaf;
    Register reg;
    int bit;
    uint64_t state;
};

constexpr Feature features[] = {
    {"pni", 1, 0, ecx, 0, none},
    {"sse3", 1, 0, ecx, 0, none},  // GCC's name of it
    {"ssse3", 1, 0, ecx, 9, none},
    {"fma", 1, 0, ecx, 12, avx_state},
    {"cx16", 1, 0, ecx, 13, none},
    {"sse4_1", 1, 0, ecx, 19, none},
    {"sse4_2", 1, 0, ecx, 20, none},
    {"movbe", 1, 0, ecx, 22, none},
    {"popcnt", 1, 0, ecx, 23, none},
    {"avx", 1, 0, ecx, 28, avx_state},
    {"f16c", 1, 0, ecx, 29, avx_state},
    {"sse2", 1, 0, edx, 26, none},
    {"bmi1", 7, 0, ebx, 3, none},
    {"avx2", 7, 0, ebx, 5, avx_state},
    {"bmi2", 7, 0, ebx, 8, none},
    {"avx512f", 7, 0, ebx, 16, avx512_state},
    {"avx512dq", 7, 0, ebx, 17, avx512_state},
    {"avx512cd", 7, 0, ebx, 28, avx512_state},
    {"avx512bw", 7, 0, ebx, 30, avx512_state},
    {"avx512vl", 7, 0, ebx, 31, avx512_state},
    {"avx512_vnni", 7, 0, ecx, 11, avx512_state},
    {"avx512_bf16", 7, 1, eax, 5, avx512_state},
    {"avx512_fp16", 7, 0, edx, 23, avx512_state},
    {"lahf_lm", 0x80000001u, 0, ecx, 0, none},
    {"abm", 0x80000001u, 0, ecx, 5, none},
    {"lzcnt", 0x80000001u, 0, ecx, 5, none},  // GCC's name of it
};

bool query(uint32_t leaf, uint32_t subleaf, uint32_t (&registers)[4]) {
    return __get_cpuid_count(leaf, subleaf, &registers[eax], &registers[ebx], &registers[ecx], &registers[edx]) != 0;
}

// XGETBV exists only where OSXSAVE is set.
uint64_t enabled_state() {
    uint32_t registers[4] = {};
    if (!query(1, 0, registers) || (registers[ecx] >> 27 & 1u) == 0) return 0;
    uint32_t low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return uint64_t{high} << 32 | low;
}

}  // namespace

std::vector<const char*> cpu_features() {
    std::vector<const char*> found;
    const uint64_t enabled = enabled_state();
    for (const Feature& feature : features) {
        uint32_t registers[4] = {};
        if (!query(feature.leaf, feature.subleaf, registers)) continue;
        if ((registers[feature.reg] >> feature.bit & 1u) == 0) continue;
        if ((enabled & feature.state) == feature.state) found.push_back(feature.name);
    }
    return found;
}
#else
std::vector<const char*> cpu_features() { return {}; }
#endif

}  // namespace nd
