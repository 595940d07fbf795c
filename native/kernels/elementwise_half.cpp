// float16 and bfloat16: every loop converts tiles to float, runs the float32 loop, and rounds once.
#include "families.hpp"
#include "half_tiles.hpp"

namespace nd::kernels {
namespace {

// Predicates give one byte per element, the others a half.
template <class H, int kOp, bool kPredicate>
void half_unary(const char* x, int64_t sx, char* out, int64_t so, int64_t n) {
    const nd_unary_loop loop = loops.unary[kOp][ND_FLOAT32];
    alignas(vector_bytes) float tile[tile_elements];
    char* const bytes = reinterpret_cast<char*>(tile);
    for (int64_t i = 0; i < n; i += tile_elements) {
        const int64_t count = std::min(tile_elements, n - i);
        load_half_tile<H>(x + i * sx, sx, tile, count);
        if constexpr (kPredicate) {
            loop(bytes, sizeof(float), out + i * so, so, count);
        } else {
            loop(bytes, sizeof(float), bytes, sizeof(float), count);
            store_half_tile<H>(tile, out + i * so, so, count);
        }
    }
}

template <class H, int kOp, bool kPredicate>
void half_binary(const char* a, int64_t sa, const char* b, int64_t sb, char* out, int64_t so, int64_t n) {
    const nd_binary_loop loop = loops.binary[kOp][ND_FLOAT32];
    alignas(vector_bytes) float first[tile_elements], second[tile_elements];
    char *const x = reinterpret_cast<char*>(first), *const y = reinterpret_cast<char*>(second);
    for (int64_t i = 0; i < n; i += tile_elements) {
        const int64_t count = std::min(tile_elements, n - i);
        load_half_tile<H>(a + i * sa, sa, first, count);
        load_half_tile<H>(b + i * sb, sb, second, count);
        if constexpr (kPredicate) {
            loop(x, sizeof(float), y, sizeof(float), out + i * so, so, count);
        } else {
            loop(x, sizeof(float), y, sizeof(float), x, sizeof(float), count);
            store_half_tile<H>(first, out + i * so, so, count);
        }
    }
}

template <class H>
void add_half(LoopTables& tables) {
    constexpr int dtype = dtype_of<H>;
#define ND_UNARY(name, domain)                                                                \
    if constexpr (domain == ND_ARITHMETIC || domain == ND_FLOATING || domain == ND_PREDICATE) \
        tables.unary[ND_UNARY_##name][dtype] = half_unary < H, ND_UNARY_##name, domain == ND_PREDICATE > ;
#define ND_BINARY(name, domain)                                                               \
    if constexpr (domain == ND_ARITHMETIC || domain == ND_FLOATING || domain == ND_PREDICATE) \
        tables.binary[ND_BINARY_##name][dtype] = half_binary < H, ND_BINARY_##name, domain == ND_PREDICATE > ;
#include "nd4py/elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
}

}  // namespace

void add_half_loops(LoopTables& tables) {
    add_half<Float16>(tables);
    add_half<BFloat16>(tables);
}

}  // namespace nd::kernels
