// Conversions between bool, the integers and the floats. Floats truncate towards zero; what does not fit wraps through
// the next wider integer, as NumPy's does here, and never traps.
#include "families.hpp"
#include "half_tiles.hpp"
#include "scalar_loops.hpp"

namespace nd::kernels {
namespace {

template <class From, class To>
struct Convert {
    static To apply(From x) {
        if constexpr (std::is_same_v<To, bool>) {
            return x != From(0);
        } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
            if constexpr (sizeof(To) < 4 || std::is_same_v<To, int32_t>) return static_cast<To>(static_cast<int32_t>(x));
            if constexpr (std::is_same_v<To, uint32_t>) return static_cast<To>(static_cast<int64_t>(x));
            if constexpr (std::is_same_v<To, int64_t>) return static_cast<To>(x);
            if constexpr (std::is_same_v<To, uint64_t>) {
                return x < From(0) ? static_cast<To>(static_cast<int64_t>(x)) : static_cast<To>(x);
            }
        } else {
            return static_cast<To>(x);
        }
    }
};

template <class H, int kTo>
void cast_from_half(const char* x, int64_t sx, char* out, int64_t so, int64_t n) {
    const nd_unary_loop loop = loops.cast[ND_FLOAT32][kTo];
    alignas(vector_bytes) float tile[tile_elements];
    for (int64_t i = 0; i < n; i += tile_elements) {
        const int64_t count = std::min(tile_elements, n - i);
        load_half_tile<H>(x + i * sx, sx, tile, count);
        loop(reinterpret_cast<const char*>(tile), sizeof(float), out + i * so, so, count);
    }
}

template <class H, int kFrom>
void cast_to_half(const char* x, int64_t sx, char* out, int64_t so, int64_t n) {
    const nd_unary_loop loop = loops.cast[kFrom][ND_FLOAT32];
    alignas(vector_bytes) float tile[tile_elements];
    for (int64_t i = 0; i < n; i += tile_elements) {
        const int64_t count = std::min(tile_elements, n - i);
        loop(x + i * sx, sx, reinterpret_cast<char*>(tile), sizeof(float), count);
        store_half_tile<H>(tile, out + i * so, so, count);
    }
}

template <class T>
struct Same {
    static T apply(T x) { return x; }
};

template <class H>
void add_half_casts(LoopTables& tables) {
    for_each_plain_type([&]<class T>(T) {
        tables.cast[dtype_of<H>][dtype_of<T>] = cast_from_half<H, dtype_of<T>>;
        tables.cast[dtype_of<T>][dtype_of<H>] = cast_to_half<H, dtype_of<T>>;
    });
}

}  // namespace

void add_cast_loops(LoopTables& tables) {
    for_each_plain_type([&]<class From>(From) {
        for_each_plain_type([&]<class To>(To) {
            tables.cast[dtype_of<From>][dtype_of<To>] = scalar_unary_loop<From, To, Convert<From, To>>;
        });
    });
    // A byte that is not 0 counts as true, whatever wrote it.
    for_each_plain_type([&]<class To>(To) {
        struct FromBool {
            static To apply(uint8_t x) { return static_cast<To>(x != 0); }
        };
        tables.cast[ND_BOOL][dtype_of<To>] = scalar_unary_loop<uint8_t, To, FromBool>;
    });
    add_half_casts<Float16>(tables);
    add_half_casts<BFloat16>(tables);
    tables.cast[ND_FLOAT16][ND_BFLOAT16] = cast_from_half<Float16, ND_BFLOAT16>;
    tables.cast[ND_BFLOAT16][ND_FLOAT16] = cast_from_half<BFloat16, ND_FLOAT16>;
    tables.cast[ND_FLOAT16][ND_FLOAT16] = scalar_unary_loop<uint16_t, uint16_t, Same<uint16_t>>;
    tables.cast[ND_BFLOAT16][ND_BFLOAT16] = tables.cast[ND_FLOAT16][ND_FLOAT16];
}

}  // namespace nd::kernels
