// Decimal numbers in text, given by their first and their last byte; eight bytes from the first on must be readable.
//
// The parsers take the plain forms and return false for all others, which callers hand to code that knows every rule.
#pragma once

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

namespace nd::parsing {

inline bool is_digit(char c) noexcept { return static_cast<unsigned char>(c - '0') < 10; }

// Eight digits at once, the first in the lowest byte, each as its value from 0 to 9.
inline uint64_t value_of_eight(uint64_t digits) noexcept {
    digits = digits * 10 + (digits >> 8);  // pairs in every second byte
    constexpr uint64_t pairs = 0x000000FF000000FFu;
    constexpr uint64_t high = 0x000F424000000064u;  // 100 + (1000000 << 32)
    constexpr uint64_t low = 0x0000271000000001u;   // 1 + (10000 << 32)
    return (((digits & pairs) * high) + (((digits >> 16) & pairs) * low)) >> 32;
}

inline bool all_digits(uint64_t values) noexcept {
    return (((values + 0x7676767676767676u) | values) & 0x8080808080808080u) == 0;
}

inline uint64_t load_eight(const char* p) noexcept {
    uint64_t word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

// Up to eight characters of digits with at most one point among them: their digits as a number, and how many follow the point.
inline bool parse_short(const char* p, int64_t length, uint64_t& mantissa, int64_t& decimals) noexcept {
    static_assert(std::endian::native == std::endian::little);
    constexpr uint64_t ones = 0x0101010101010101u;
    if (length < 1 || length > 8) return false;
    uint64_t word = load_eight(p);
    const uint64_t beyond = length == 8 ? 0 : ~uint64_t{0} << (8 * length);
    uint64_t values = word ^ (ones * '0');
    // The point, '.' ^ '0', is the byte 0x1E: found as the lowest byte that becomes zero.
    const uint64_t differs = values ^ (ones * ('.' ^ '0'));
    const uint64_t zero = (differs - ones) & ~differs & (ones << 7) & ~beyond;
    values &= ~beyond;
    int64_t digits = length;
    decimals = 0;
    if (zero != 0) {
        const int at = std::countr_zero(zero) & ~7;
        const uint64_t before = (uint64_t{1} << at) - 1;
        values = (values & before) | ((values >> 8) & ~before);
        digits = length - 1;
        decimals = digits - at / 8;
        if (digits == 0) return false;
    }
    values <<= 8 * (8 - digits);
    if (!all_digits(values)) return false;
    mantissa = value_of_eight(values);
    return true;
}

// [+-]digits that fit the type.
template <class Int>
bool parse_integer(const char* p, const char* end, Int& out) noexcept {
    const bool negative = *p == '-';
    p += negative || *p == '+';
    uint64_t value = 0;
    int64_t decimals = 0;
    if (!parse_short(p, end - p, value, decimals) || decimals != 0 || end[-1] == '.') {
        // Nineteen digits cannot wrap 64 bits around.
        if (end - p < 1 || end - p > 19) return false;
        value = 0;
        for (; p != end; ++p) {
            if (!is_digit(*p)) return false;
            value = value * 10 + static_cast<uint64_t>(*p - '0');
        }
    }
    constexpr auto limit = static_cast<uint64_t>(std::numeric_limits<Int>::max());
    if (value > limit + negative) return false;
    out = static_cast<Int>(negative ? 0 - value : value);
    return true;
}

// The powers of ten that a double holds exactly; the first eleven are those that a float does.
inline constexpr double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                           1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

template <class Float>
inline constexpr int exact_power = std::is_same_v<Float, double> ? 22 : 10;
template <class Float>
inline constexpr uint64_t exact_integer = uint64_t{1} << std::numeric_limits<Float>::digits;

// digits[.digits][e[+-]digits], without sign; NaN and Infinity.
template <class Float>
bool parse_long_floating(const char* const start, const char* const end, Float& out) noexcept {
    const std::string_view text(start, static_cast<size_t>(end - start));
    const char* p = start;
    uint64_t mantissa = 0;
    int64_t digits = 0, exponent = 0;
    for (; p != end && is_digit(*p); ++p, ++digits) mantissa = mantissa * 10 + static_cast<uint64_t>(*p - '0');
    if (p != end && *p == '.') {
        for (++p; p != end && is_digit(*p); ++p, ++digits, --exponent)
            mantissa = mantissa * 10 + static_cast<uint64_t>(*p - '0');
    }
    if (digits == 0) {
        if (text == "NaN")
            out = std::numeric_limits<Float>::quiet_NaN();
        else if (text == "Infinity")
            out = std::numeric_limits<Float>::infinity();
        else
            return false;
        return true;
    }
    if (p != end && (*p | 0x20) == 'e') {
        ++p;
        const bool down = p != end && *p == '-';
        p += down || (p != end && *p == '+');
        if (p == end) return false;
        int64_t power = 0;
        for (; p != end && is_digit(*p); ++p) power = power < 100000 ? power * 10 + (*p - '0') : power;
        exponent += down ? -power : power;
    }
    if (p != end) return false;
    // With an exact mantissa and an exact power the one rounding of the product is the right one.
    if (digits <= 19 && mantissa <= exact_integer<Float> && std::abs(exponent) <= exact_power<Float>) {
        const auto exact = static_cast<Float>(mantissa);
        const auto power = static_cast<Float>(powers_of_ten[std::abs(exponent)]);
        out = exponent < 0 ? exact / power : exact * power;
        return true;
    }
    const auto [stop, error] = std::from_chars(start, end, out);
    return error == std::errc() && stop == end;
}

// [+-]digits[.digits][e[+-]digits] with a finite value, correctly rounded, or NaN, or [+-]Infinity.
template <class Float>
bool parse_floating(const char* p, const char* end, Float& out) noexcept {
    const bool negative = *p == '-';
    p += negative || *p == '+';
    uint64_t mantissa;
    int64_t decimals;
    Float value;
    if (parse_short(p, end - p, mantissa, decimals) && mantissa <= exact_integer<Float>) {
        value = static_cast<Float>(mantissa) / static_cast<Float>(powers_of_ten[decimals]);
    } else if (!parse_long_floating(p, end, value)) {
        return false;
    }
    out = negative ? -value : value;
    return true;
}

}  // namespace nd::parsing
