#include "core/dtype.hpp"

#include <algorithm>

namespace nd {
namespace {

struct Info {
    const char* name;
    int64_t size;
    Kind kind;
};

constexpr Info info[ND_DTYPE_COUNT] = {
    {"bool", 1, Kind::boolean},
    {"int8", 1, Kind::signed_integer},
    {"int16", 2, Kind::signed_integer},
    {"int32", 4, Kind::signed_integer},
    {"int64", 8, Kind::signed_integer},
    {"uint8", 1, Kind::unsigned_integer},
    {"uint16", 2, Kind::unsigned_integer},
    {"uint32", 4, Kind::unsigned_integer},
    {"uint64", 8, Kind::unsigned_integer},
    {"bfloat16", 2, Kind::floating},
    {"float16", 2, Kind::floating},
    {"float32", 4, Kind::floating},
    {"float64", 8, Kind::floating},
    {"complex64", 8, Kind::complex},
    {"complex128", 16, Kind::complex},
    {"utf8", 16, Kind::text},
};

int signed_of_size(int64_t size) noexcept {
    return size == 1 ? ND_INT8 : size == 2 ? ND_INT16 : size == 4 ? ND_INT32 : ND_INT64;
}

int promote_integers(int a, int b) noexcept {
    const bool a_signed = info[a].kind == Kind::signed_integer;
    const bool b_signed = info[b].kind == Kind::signed_integer;
    if (a_signed == b_signed) return info[a].size >= info[b].size ? a : b;
    const int s = a_signed ? a : b;
    const int u = a_signed ? b : a;
    if (info[s].size > info[u].size) return s;
    return info[u].size == 8 ? static_cast<int>(ND_FLOAT64) : signed_of_size(info[u].size * 2);
}

// The smallest floating dtype that an integer of this size meets the given one in.
int float_with_integer(int floating, int integer) noexcept {
    const int64_t size = info[integer].size;
    const int needed = size == 1 ? floating : size == 2 ? static_cast<int>(ND_FLOAT32) : static_cast<int>(ND_FLOAT64);
    return std::max(floating, needed);  // the codes of floating dtypes ascend with their range
}

int promote_floats(int a, int b) noexcept {
    if (a == b) return a;
    const int larger = std::max(a, b);
    return larger == ND_FLOAT16 ? static_cast<int>(ND_FLOAT32) : larger;  // bfloat16 with float16
}

int real_part(int dtype) noexcept { return dtype == ND_COMPLEX64 ? ND_FLOAT32 : dtype == ND_COMPLEX128 ? ND_FLOAT64 : dtype; }

}  // namespace

int64_t item_size(int dtype) noexcept { return info[dtype].size; }
const char* dtype_name(int dtype) noexcept { return info[dtype].name; }
Kind kind_of(int dtype) noexcept { return info[dtype].kind; }

int promote(int a, int b) noexcept {
    if (a == b) return a;
    if (a == ND_UTF8 || b == ND_UTF8) return -1;
    if (a == ND_BOOL) return b;
    if (b == ND_BOOL) return a;
    if (is_complex(a) || is_complex(b)) {
        const int part = promote(real_part(a), real_part(b));
        return part == ND_FLOAT64 || info[part].size == 8 ? ND_COMPLEX128 : ND_COMPLEX64;
    }
    if (is_floating(a) && is_floating(b)) return promote_floats(a, b);
    if (is_floating(a)) return float_with_integer(a, b);
    if (is_floating(b)) return float_with_integer(b, a);
    return promote_integers(a, b);
}

int promote_weak(int array, Kind scalar) noexcept {
    if (array == ND_UTF8 || scalar == Kind::text) return array == ND_UTF8 && scalar == Kind::text ? array : -1;
    const Kind kind = info[array].kind;
    if (scalar == Kind::boolean || kind == Kind::complex) return array;
    switch (scalar) {
        case Kind::floating:
            if (kind == Kind::floating) return array;
            // Booleans are masks: beside a number they take the default floating type, as they do in ND4J.
            return kind == Kind::boolean ? ND_FLOAT32 : ND_FLOAT64;
        case Kind::complex:
            return kind == Kind::boolean || (kind == Kind::floating && array != ND_FLOAT64) ? ND_COMPLEX64 : ND_COMPLEX128;
        default: return kind == Kind::boolean ? static_cast<int>(ND_INT64) : array;
    }
}

bool can_cast_same_kind(int from, int to) noexcept {
    if (from == ND_UTF8 || to == ND_UTF8) return from == to;
    return info[from].kind <= info[to].kind || promote(from, to) == to;
}

}  // namespace nd
