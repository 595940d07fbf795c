// out = cond ? a : b on raw elements of 1, 2, 4, 8 and 16 bytes.
#include "element_types.hpp"
#include "families.hpp"

namespace nd::kernels {
namespace {

struct Pair {
    uint64_t low, high;
};

// A stride of 0 or sizeof(T) per operand, fixed at compile time, lets the compiler blend vectors.
template <class T, bool kScalarA, bool kScalarB>
void select_run(const uint8_t* cond, const T* a, const T* b, T* out, int64_t n) {
    const T first = *a, second = *b;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) out[i] = cond[i] ? (kScalarA ? first : a[i]) : (kScalarB ? second : b[i]);
}

template <class T>
void select_loop(const char* cond, int64_t sc, const char* a, int64_t sa, const char* b, int64_t sb, char* out, int64_t so,
                 int64_t n) {
    constexpr int64_t size = sizeof(T);
    if (n <= 0) return;
    if (sc == 1 && so == size && (sa == size || sa == 0) && (sb == size || sb == 0)) {
        const auto run = sa ? (sb ? select_run<T, false, false> : select_run<T, false, true>)
                            : (sb ? select_run<T, true, false> : select_run<T, true, true>);
        return run(reinterpret_cast<const uint8_t*>(cond), reinterpret_cast<const T*>(a), reinterpret_cast<const T*>(b),
                   reinterpret_cast<T*>(out), n);
    }
    for (int64_t i = 0; i < n; ++i) {
        std::memmove(out + i * so, cond[i * sc] ? a + i * sa : b + i * sb, sizeof(T));
    }
}

}  // namespace

void add_select_loops(LoopTables& tables) {
    for (int dtype = 0; dtype < ND_DTYPE_COUNT; ++dtype) {
        switch (dtype == ND_UTF8 ? 0 : item_bytes(dtype)) {  // strings own memory: not ours to copy
            case 1: tables.select[dtype] = select_loop<uint8_t>; break;
            case 2: tables.select[dtype] = select_loop<uint16_t>; break;
            case 4: tables.select[dtype] = select_loop<uint32_t>; break;
            case 8: tables.select[dtype] = select_loop<uint64_t>; break;
            case 16: tables.select[dtype] = select_loop<Pair>; break;
            default: break;
        }
    }
}

}  // namespace nd::kernels
