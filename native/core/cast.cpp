#include "core/cast.hpp"

#include <array>
#include <complex>
#include <cstdint>
#include <cstring>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

#include "core/dtype.hpp"
#include "core/half.hpp"
#include "core/table.hpp"

namespace nd {
namespace {

using Types = std::tuple<bool, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, Bfloat16, Float16,
                         float, double, std::complex<float>, std::complex<double>>;
constexpr int numeric_types = std::tuple_size_v<Types>;
static_assert(numeric_types == ND_UTF8);

template <class T>
constexpr bool is_half = std::is_same_v<T, Bfloat16> || std::is_same_v<T, Float16>;
template <class T>
constexpr bool is_complex_type = false;
template <class T>
constexpr bool is_complex_type<std::complex<T>> = true;

// A plain static_cast would be undefined for a float that the integer cannot hold.
template <class To>
To to_integer(double x) noexcept {
    constexpr double limit = 0x1p63;
    if constexpr (std::is_same_v<To, uint64_t>) {
        if (x >= limit && x < 2 * limit) return static_cast<uint64_t>(x - limit) + (uint64_t{1} << 63);
    }
    const int64_t whole = x >= -limit && x < limit ? static_cast<int64_t>(x) : std::numeric_limits<int64_t>::min();
    return static_cast<To>(whole);
}

template <class From, class To>
To convert(From x) noexcept {
    if constexpr (is_half<From>) {
        return convert<float, To>(to_float(x));
    } else if constexpr (is_complex_type<From>) {
        if constexpr (is_complex_type<To>) {
            return To(static_cast<typename To::value_type>(x.real()), static_cast<typename To::value_type>(x.imag()));
        } else if constexpr (std::is_same_v<To, bool>) {
            return x.real() != 0 || x.imag() != 0;
        } else {
            return convert<typename From::value_type, To>(x.real());
        }
    } else if constexpr (is_complex_type<To>) {
        return To(static_cast<typename To::value_type>(x), 0);
    } else if constexpr (std::is_same_v<From, double> && is_half<To>) {
        return convert<float, To>(round_to_odd(x));
    } else if constexpr (std::is_same_v<To, Bfloat16>) {
        return to_bfloat16(static_cast<float>(x));
    } else if constexpr (std::is_same_v<To, Float16>) {
        return to_float16(static_cast<float>(x));
    } else if constexpr (std::is_same_v<To, bool>) {
        return x != 0;
    } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
        return to_integer<To>(static_cast<double>(x));
    } else {
        return static_cast<To>(x);
    }
}

template <class From, class To>
void cast(const char* x, int64_t sx, char* out, int64_t so, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        From from;  // memcpy: foreign memory may be unaligned, and a bool byte may hold any value
        if constexpr (std::is_same_v<From, bool>) {
            from = x[i * sx] != 0;
        } else {
            std::memcpy(&from, x + i * sx, sizeof from);
        }
        const To to = convert<From, To>(from);
        std::memcpy(out + i * so, &to, sizeof to);
    }
}

template <int From, size_t... To>
constexpr std::array<nd_unary_loop, numeric_types> row(std::index_sequence<To...>) {
    return {cast<std::tuple_element_t<From, Types>, std::tuple_element_t<To, Types>>...};
}

template <size_t... From>
constexpr std::array<std::array<nd_unary_loop, numeric_types>, numeric_types> all(std::index_sequence<From...>) {
    return {row<From>(std::make_index_sequence<numeric_types>())...};
}

constexpr auto own_loops = all(std::make_index_sequence<numeric_types>());

template <size_t Size>
void copy(const char* x, int64_t sx, char* out, int64_t so, int64_t n) {
    constexpr auto size = static_cast<int64_t>(Size);
    if (sx == size && so == size) {
        std::memcpy(out, x, static_cast<size_t>(n) * Size);
        return;
    }
    if (sx == 0 && so == size) {  // a fill: the element stays in a register
        char element[Size];
        std::memcpy(element, x, Size);
        for (int64_t i = 0; i < n; ++i) std::memcpy(out + i * size, element, Size);
        return;
    }
    for (int64_t i = 0; i < n; ++i) std::memcpy(out + i * so, x + i * sx, Size);
}

}  // namespace

nd_unary_loop cast_loop(int from, int to) noexcept {
    if (from == to) return copy_loop(item_size(from));
    if (from == ND_UTF8 || to == ND_UTF8) return nullptr;
    const nd_kernel_table* table = active_table();
    if (table != nullptr && table->cast != nullptr && table->cast[from][to] != nullptr) return table->cast[from][to];
    return own_loops[static_cast<size_t>(from)][static_cast<size_t>(to)];
}

nd_unary_loop copy_loop(int64_t itemsize) noexcept {
    switch (itemsize) {
        case 1: return copy<1>;
        case 2: return copy<2>;
        case 4: return copy<4>;
        case 8: return copy<8>;
        default: return copy<16>;
    }
}

}  // namespace nd
