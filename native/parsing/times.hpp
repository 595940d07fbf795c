// Texts of one fixed layout of digits to local times.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace nd::parsing {

enum class TimeField { year, month, day, hour, minute, second, fraction };

struct TimeDigits {
    TimeField field;
    size_t start;
    size_t length;  // up to nine
};

struct TimeLayout {
    std::string_view pattern;  // what the characters between the digits must be
    std::vector<TimeDigits> digits;
};

// The time of one text as milliseconds since 1970 on the local clock of the Gregorian calendar; fields that are missing
// count as 1970, 1 or 0. A fraction is one to three digits of a second. False for what is no such time.
bool parse_time(const char* text, const TimeLayout& layout, int64_t& milliseconds) noexcept;

}  // namespace nd::parsing
