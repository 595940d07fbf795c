#include "parsing/csv.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "parsing/numbers.hpp"
#include "parsing/utf8.hpp"

namespace nd::parsing {
namespace {

constexpr size_t padding = 64;      // bytes that may be read behind the text being parsed
constexpr size_t window = 1 << 16;  // bytes that are parsed at a time, to stay in the cache

template <class T>
bool parse_number(std::string_view text, const Field& field, T& value, int64_t& empty) {
    const char* first = text.data();
    const char* last = first + text.size();
    if (first == last) {
        if (field.when_empty) value = static_cast<T>(*field.when_empty);
        ++empty;
        return field.when_empty.has_value();
    }
    if constexpr (std::is_floating_point_v<T>) {
        while (*first == ' ' && first + 1 != last) ++first;
        while (last[-1] == ' ' && first + 1 != last) --last;
        return parse_floating(first, last, value);
    } else {
        return parse_integer(first, last, value);
    }
}

class Parser {
  public:
    Parser(std::string_view text, const std::vector<Field>& fields, const Dialect& dialect)
        : text_(text), fields_(fields), dialect_(dialect) {
        for (const Field& field : fields) block_.columns.push_back(column_of(field.kind));
        block_.empty.resize(fields.size());
    }

    Block run() {
        // The last bytes are parsed in a copy with room behind it, so that nothing reads past the end of the block.
        size_t body = 0;
        while (text_.size() > body + padding) {
            const size_t most = std::min(window, text_.size() - padding - body);
            size_t stop = text_.substr(body, most).rfind('\n');
            stop = stop == std::string_view::npos ? text_.find('\n', body + most) : body + stop;  // a long line
            if (stop == std::string_view::npos || stop + padding >= text_.size()) break;
            lines(text_.substr(body, stop + 1 - body), body);
            body = stop + 1;
        }
        std::string tail(text_.substr(body));
        if (!tail.empty()) {
            if (tail.back() != '\n' && tail.back() != '\r') tail.push_back('\n');
            const size_t size = tail.size();
            tail.append(padding, ' ');
            lines(std::string_view(tail).substr(0, size), body);
        }
        for (Column& column : block_.columns)
            if (auto* texts = std::get_if<TextColumn>(&column)) texts->finish(block_.rows);
        return std::move(block_);
    }

  private:
    static Column column_of(Kind kind) {
        switch (kind) {
            case Kind::int32: return Values<int32_t>();
            case Kind::int64: return Values<int64_t>();
            case Kind::float32: return Values<float>();
            case Kind::float64: return Values<double>();
            case Kind::text: return TextColumn(false);
            case Kind::category: return TextColumn(true);
            case Kind::skip: break;
        }
        return std::monostate();
    }

    // Room for `more` rows behind those there are; how many the block will have is guessed from the part that was read.
    void reserve(int64_t more, size_t read) {
        const int64_t need = block_.rows + more;
        if (need <= capacity_) return;
        const double share = static_cast<double>(text_.size()) / static_cast<double>(std::max<size_t>(read, 1));
        capacity_ = std::max(need, static_cast<int64_t>(1.03 * share * static_cast<double>(need))) + 16;
        for (Column& column : block_.columns) {
            std::visit(
                [this](auto& values) {
                    using Type = std::decay_t<decltype(values)>;
                    if constexpr (std::is_same_v<Type, TextColumn>)
                        values.reserve(capacity_);
                    else if constexpr (!std::is_same_v<Type, std::monostate>)
                        enlarge(values);
                },
                column);
        }
    }

    template <class T>
    void enlarge(Values<T>& values) {
        auto larger = std::make_unique_for_overwrite<T[]>(static_cast<size_t>(capacity_));
        std::copy_n(values.memory.get(), std::min(block_.rows, values.capacity), larger.get());
        values = {std::move(larger), capacity_};
    }

    // Whole lines, `base` bytes into the block.
    void lines(std::string_view text, size_t base) {
        find_stops(text, dialect_, stops_);
        begin_ = text.data();
        const auto breaks = count_breaks(text);
        reserve(stops_.rare ? static_cast<int64_t>(stops_.positions.size()) : breaks, base + text.size());
        if (!stops_.rare && regular(breaks) && column_by_column(breaks)) {
            block_.rows += breaks;
            block_.lines += breaks;
        } else {
            line_by_line(base);
        }
    }

    // --- the common case: each line has its fields, and no quotes or escapes ---

    bool regular(int64_t rows) const noexcept {
        const size_t width = fields_.size();
        if (stops_.positions.size() != static_cast<size_t>(rows) * width) return false;
        for (size_t at = width - 1; at < stops_.positions.size(); at += width)
            if (begin_[stops_.positions[at]] != '\n') return false;
        return true;
    }

    // False when a field is not beyond doubt; then nothing has happened.
    bool column_by_column(int64_t rows) {
        empty_.assign(fields_.size(), 0);
        for (size_t i = 0; i < fields_.size(); ++i) {
            const bool fits = std::visit(
                [&](auto& column) {
                    using Type = std::decay_t<decltype(column)>;
                    if constexpr (std::is_same_v<Type, std::monostate>)
                        return true;
                    else
                        return fill(column, i, rows);
                },
                block_.columns[i]);
            if (!fits) return false;
        }
        count_empty();
        return true;
    }

    void count_empty() {
        for (size_t i = 0; i < empty_.size(); ++i) block_.empty[i] += empty_[i];
    }

    // Calls function(row, text) for field `i` of every row while it returns true.
    template <class Function>
    bool every(size_t i, int64_t rows, Function function) const {
        const uint32_t* stop = stops_.positions.data() + i;
        const size_t width = fields_.size();
        for (int64_t row = 0; row < rows; ++row, stop += width) {
            const size_t first = row == 0 && i == 0 ? 0 : size_t{stop[-1]} + 1;
            if (!function(block_.rows + row, std::string_view(begin_ + first, *stop - first))) return false;
        }
        return true;
    }

    template <class T>
    bool fill(Values<T>& values, size_t i, int64_t rows) {
        T* const memory = values.memory.get();
        const Field& field = fields_[i];
        return every(i, rows,
                     [&](int64_t row, std::string_view text) { return parse_number(text, field, memory[row], empty_[i]); });
    }

    bool fill(TextColumn& column, size_t i, int64_t rows) const {
        return every(i, rows, [&](int64_t row, std::string_view text) {
            if (!stops_.ascii && !is_utf8(text)) return false;
            column.set(row, text);
            return true;
        });
    }

    // --- any lines ---

    void line_by_line(size_t base) {
        next_ = stops_.positions.data();
        const uint32_t* const end = next_ + stops_.positions.size();
        const char* p = begin_;
        while (next_ != end) {
            const uint32_t* const first = next_;
            empty_.assign(fields_.size(), 0);
            if (line(p)) {
                ++block_.rows;
                count_empty();
            } else {
                next_ = first;
                while (!ends_line(*stop())) ++next_;
                const auto at = static_cast<int64_t>(base);
                block_.odd.push_back({block_.lines, block_.rows, at + (p - begin_), at + (stop() - begin_)});
            }
            if (*stop() == '\r' && next_ + 1 != end && stop()[1] == '\n') ++next_;
            p = stop() + 1;
            ++next_;
            ++block_.lines;
        }
    }

    const char* stop() const noexcept { return begin_ + *next_; }
    bool ends_field(char c) const noexcept { return c == dialect_.delimiter || ends_line(c); }
    static bool ends_line(char c) noexcept { return c == '\n' || c == '\r'; }

    // Leaves next_ at the line break; false when the line is odd.
    bool line(const char* p) {
        const size_t count = fields_.size();
        for (size_t i = 0; i < count; ++i) {
            if (!field(p, i)) return false;
            if (i + 1 == count) break;
            if (*stop() != dialect_.delimiter) return false;
            p = stop() + 1;
            ++next_;
        }
        return ends_line(*stop());
    }

    // Leaves next_ behind the field.
    bool field(const char* p, size_t i) {
        if (*p == dialect_.quote) return quoted_field(i);
        if (fields_[i].kind == Kind::skip)
            while (*stop() == dialect_.escape) ++next_;
        if (!ends_field(*stop())) return false;
        return store({p, static_cast<size_t>(stop() - p)}, i);
    }

    // A field in quotes; a doubled quote stands for one.
    bool quoted_field(size_t i) {
        unquoted_.clear();
        for (const char* from = stop() + 1;; from = stop()) {
            ++next_;
            while (*stop() == dialect_.delimiter) ++next_;
            if (*stop() != dialect_.quote) return false;  // a line break or an escape inside quotes
            const char* const quote = stop();
            unquoted_.append(from, quote);
            ++next_;
            if (stop() != quote + 1) return false;
            if (*stop() != dialect_.quote) break;
        }
        if (!ends_field(*stop())) return false;
        const size_t size = unquoted_.size();
        unquoted_.append(8, ' ');
        return store(std::string_view(unquoted_).substr(0, size), i);
    }

    bool store(std::string_view text, size_t i) {
        return std::visit(
            [&](auto& values) {
                using Type = std::decay_t<decltype(values)>;
                if constexpr (std::is_same_v<Type, TextColumn>) {
                    if (!stops_.ascii && !is_utf8(text)) return false;
                    values.set(block_.rows, text);
                    return true;
                } else if constexpr (std::is_same_v<Type, std::monostate>) {
                    return true;
                } else {
                    return parse_number(text, fields_[i], values.memory[static_cast<size_t>(block_.rows)], empty_[i]);
                }
            },
            block_.columns[i]);
    }

    std::string_view text_;
    const std::vector<Field>& fields_;
    Dialect dialect_;
    int64_t capacity_ = 0;
    const char* begin_ = nullptr;  // of the lines being parsed
    Stops stops_;                  // in them
    const uint32_t* next_ = nullptr;
    std::vector<int64_t> empty_;  // empty number fields, per column, not yet counted in the block
    std::string unquoted_;
    Block block_;
};

}  // namespace

int64_t count_lines(std::string_view text) noexcept {
    int64_t count = count_breaks(text);
    // A \r that no \n follows ends a line too.
    for (size_t at = text.find('\r'); at != std::string_view::npos; at = text.find('\r', at + 1))
        count += at + 1 == text.size() || text[at + 1] != '\n';
    return count;
}

Block parse_csv(std::string_view text, const std::vector<Field>& fields, const Dialect& dialect) {
    const char special[] = {dialect.delimiter, dialect.quote, dialect.escape, '\n', '\r'};
    for (size_t i = 0; i < sizeof special; ++i)
        for (size_t j = 0; j < i; ++j)
            if (special[i] == special[j])
                throw std::invalid_argument("parse_csv: delimiter, quote, escape and line breaks must differ");
    for (const char c : {dialect.delimiter, dialect.quote})
        if (is_digit(c) || std::strchr("+-.eENaInfity", c) != nullptr)
            throw std::invalid_argument("parse_csv: a byte of numbers cannot be the delimiter or the quote");
    if (fields.empty()) throw std::invalid_argument("parse_csv: expected at least one field");
    if (text.size() >= size_t{1} << 31) throw std::invalid_argument("parse_csv: expected a block of less than 2 GiB");
    return Parser(text, fields, dialect).run();
}

}  // namespace nd::parsing
