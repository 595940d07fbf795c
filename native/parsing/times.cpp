#include "parsing/times.hpp"

#include "parsing/numbers.hpp"

namespace nd::parsing {
namespace {

// Days from 1970-01-01, counting years from March so that the leap day comes last.
int64_t days_of(int64_t year, int64_t month, int64_t day) noexcept {
    year -= month <= 2;
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const int64_t year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

int64_t days_in(int64_t year, int64_t month) noexcept {
    if (month == 2) return 28 + (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    return 30 + ((month + (month > 7)) & 1);
}

}  // namespace

bool parse_time(const char* text, const TimeLayout& layout, int64_t& milliseconds) noexcept {
    int64_t values[] = {1970, 1, 1, 0, 0, 0, 0};
    size_t at = 0;
    for (const auto& [field, start, length] : layout.digits) {
        for (; at < start; ++at)
            if (text[at] != layout.pattern[at]) return false;
        int64_t value = 0;
        for (; at < start + length; ++at) {
            if (!is_digit(text[at])) return false;
            value = value * 10 + (text[at] - '0');
        }
        if (field == TimeField::fraction)
            for (size_t digits = length; digits < 3; ++digits) value *= 10;
        values[static_cast<size_t>(field)] = value;
    }
    for (; at < layout.pattern.size(); ++at)
        if (text[at] != layout.pattern[at]) return false;
    const auto [year, month, day, hour, minute, second, fraction] = values;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return false;
    if (hour > 23 || minute > 59 || second > 59) return false;
    milliseconds = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60000 + second * 1000 + fraction;
    return true;
}

}  // namespace nd::parsing
