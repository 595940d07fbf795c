// Lines of delimited text to typed columns, for fields whose meaning is beyond doubt.
//
// A line that has the wrong number of fields, quotes or escapes in unusual places, bytes that are not UTF-8, or a field that is
// no plain number of its column's type is odd: it is left out of the columns and listed, for code that knows every rule (and
// can say what is wrong).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "parsing/stops.hpp"
#include "parsing/text_column.hpp"

namespace nd::parsing {

enum class Kind { skip, int32, int64, float32, float64, text, category };

struct Field {
    Kind kind = Kind::skip;
    std::optional<double> when_empty;  // value of an empty field, for numbers; without one such a line is odd
};

struct OddLine {
    int64_t line;   // from 0, in the block
    int64_t row;    // how many rows come before it
    int64_t begin;  // its bytes, without the line break
    int64_t end;
};

// Values of a number column. The memory is larger than the number of rows asks for, and starts out unset.
template <class T>
struct Values {
    std::unique_ptr<T[]> memory;
    int64_t capacity = 0;
};

using Column = std::variant<std::monostate, Values<int32_t>, Values<int64_t>, Values<float>, Values<double>, TextColumn>;

struct Block {
    int64_t rows = 0;
    int64_t lines = 0;
    std::vector<Column> columns;  // one per field; nothing for skipped ones
    std::vector<int64_t> empty;   // per field: how many empty ones took its `when_empty`
    std::vector<OddLine> odd;
};

// Throws std::invalid_argument when the dialect leaves the meaning of a byte open, and for blocks of 2 GiB and more.
Block parse_csv(std::string_view text, const std::vector<Field>& fields, const Dialect& dialect);

// Line breaks (\n, \r\n, or \r) in a text.
int64_t count_lines(std::string_view text) noexcept;

}  // namespace nd::parsing
