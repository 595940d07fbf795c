// Where the bytes of a text stand that end or change fields.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace nd::parsing {

struct Dialect {
    char delimiter = ',';
    char quote = '"';
    char escape = '\\';
};

struct Stops {
    std::vector<uint32_t> positions;
    bool rare = false;   // whether a quote, an escape or a \r is among them
    bool ascii = false;  // whether the whole text is ASCII
};

// Finds delimiters, line breaks, quotes and escapes, in order. Up to 63 bytes behind the text are read.
inline void find_stops(std::string_view text, const Dialect& dialect, Stops& stops) {
    auto& positions = stops.positions;
    positions.clear();
    const size_t size = text.size();
#if defined(__SSE2__)
    const __m128i delimiter = _mm_set1_epi8(dialect.delimiter), line = _mm_set1_epi8('\n'), back = _mm_set1_epi8('\r');
    const __m128i quote = _mm_set1_epi8(dialect.quote), escape = _mm_set1_epi8(dialect.escape);
    __m128i seen_rare = _mm_setzero_si128(), seen = seen_rare;
    size_t count = 0;
    for (size_t at = 0; at < size; at += 64) {
        uint64_t hits = 0;
        const size_t left = size - at;
        for (size_t part = 0; part < 64 && part < left; part += 16) {
            __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at + part));
            if (left - part < 16) {  // what lies behind the text does not count
                alignas(16) char bytes[16] = {};
                std::memcpy(bytes, text.data() + at + part, left - part);
                chunk = _mm_load_si128(reinterpret_cast<const __m128i*>(bytes));
            }
            const __m128i common = _mm_or_si128(_mm_cmpeq_epi8(chunk, delimiter), _mm_cmpeq_epi8(chunk, line));
            const __m128i rare = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(chunk, quote), _mm_cmpeq_epi8(chunk, escape)),
                                              _mm_cmpeq_epi8(chunk, back));
            seen_rare = _mm_or_si128(seen_rare, rare);
            seen = _mm_or_si128(seen, chunk);
            hits |= static_cast<uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(common, rare)))) << part;
        }
        if (positions.size() < count + 64) positions.resize(positions.size() * 2 + 1024);
        uint32_t* next = positions.data() + count;
        for (; hits != 0; hits &= hits - 1) *next++ = static_cast<uint32_t>(at + static_cast<size_t>(std::countr_zero(hits)));
        count = static_cast<size_t>(next - positions.data());
    }
    positions.resize(count);
    stops.rare = _mm_movemask_epi8(seen_rare) != 0;
    stops.ascii = _mm_movemask_epi8(seen) == 0;
#else
    stops.rare = false;
    unsigned char seen = 0;
    for (size_t at = 0; at < size; ++at) {
        const char c = text[at];
        const bool rare = c == dialect.quote || c == dialect.escape || c == '\r';
        if (rare || c == dialect.delimiter || c == '\n') positions.push_back(static_cast<uint32_t>(at));
        stops.rare |= rare;
        seen |= static_cast<unsigned char>(c);
    }
    stops.ascii = seen < 0x80;
#endif
}

inline int64_t count_breaks(std::string_view text) noexcept {
    const char* p = text.data();
    size_t left = text.size();
    int64_t count = 0;
#if defined(__SSE2__)
    const __m128i line = _mm_set1_epi8('\n'), zero = _mm_setzero_si128();
    while (left >= 16) {
        // Every byte of `found` counts down by one per hit, and may do so 255 times.
        __m128i found = zero;
        for (int turn = 0; turn < 255 && left >= 16; ++turn, left -= 16, p += 16)
            found = _mm_add_epi8(found, _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), line));
        const __m128i sums = _mm_sad_epu8(_mm_sub_epi8(zero, found), zero);
        count += _mm_cvtsi128_si64(sums) + _mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums));
    }
#endif
    for (; left > 0; --left) count += *p++ == '\n';
    return count;
}

}  // namespace nd::parsing
