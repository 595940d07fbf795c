#include "bind/csv.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "csv/parser.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace nd::bind {
namespace {

using FieldArgument = std::pair<std::string, std::optional<double>>;

csv::Kind kind_of(const std::string& name) {
    constexpr std::pair<const char*, csv::Kind> kinds[] = {
        {"skip", csv::Kind::skip},         {"int32", csv::Kind::int32},     {"int64", csv::Kind::int64},
        {"float32", csv::Kind::float32},   {"float64", csv::Kind::float64}, {"text", csv::Kind::text},
        {"category", csv::Kind::category},
    };
    for (const auto& [known, kind] : kinds)
        if (name == known) return kind;
    throw std::invalid_argument("parse_csv: no kind of field is called '" + name + "'");
}

char one_byte(const char* what, const std::string& text) {
    if (text.size() != 1) throw std::invalid_argument(std::string("parse_csv: ") + what + " must be one ASCII character");
    return text[0];
}

// The bytes of an object with a buffer, held while they are used.
class HeldBytes {
  public:
    explicit HeldBytes(nb::handle object) {
        if (PyObject_GetBuffer(object.ptr(), &buffer_, PyBUF_SIMPLE) != 0) throw nb::python_error();
    }
    HeldBytes(const HeldBytes&) = delete;
    HeldBytes& operator=(const HeldBytes&) = delete;
    ~HeldBytes() { PyBuffer_Release(&buffer_); }
    std::string_view text() const noexcept {
        return {static_cast<const char*>(buffer_.buf), static_cast<size_t>(buffer_.len)};
    }

  private:
    Py_buffer buffer_{};
};

template <class Owner, class T>
nb::object array_over(Owner owner, const T* data, size_t size) {
    auto* kept = new Owner(std::move(owner));
    const nb::capsule capsule(kept, [](void* p) noexcept { delete static_cast<Owner*>(p); });
    return nb::cast(nb::ndarray<nb::numpy, const T, nb::ndim<1>>(data, {size}, capsule));
}

template <class T>
nb::object array_over(std::vector<T> values) {
    const T* data = values.data();
    const size_t size = values.size();
    return array_over(std::move(values), data, size);
}

nb::object column_object(csv::Column& column, int64_t rows) {
    return std::visit(
        [rows](auto& values) -> nb::object {
            using Values = std::decay_t<decltype(values)>;
            if constexpr (std::is_same_v<Values, std::monostate>) {
                return nb::none();
            } else if constexpr (std::is_same_v<Values, csv::TextColumn>) {
                const nb::object codes = values.is_plain() ? nb::none() : array_over(std::move(values.codes()));
                const std::string_view characters = values.characters();
                return nb::make_tuple(codes, array_over(std::move(values.offsets())),
                                      nb::bytes(characters.data(), characters.size()));
            } else {
                const auto* data = values.memory.get();
                return array_over(std::move(values.memory), data, static_cast<size_t>(rows));
            }
        },
        column);
}

nb::tuple parse_csv(nb::handle data, const std::vector<FieldArgument>& fields, const std::string& delimiter,
                    const std::string& quote, const std::string& escape) {
    std::vector<csv::Field> parsed_fields;
    for (const auto& [kind, when_empty] : fields) parsed_fields.push_back({kind_of(kind), when_empty});
    const csv::Dialect dialect{one_byte("delimiter", delimiter), one_byte("quote", quote), one_byte("escape", escape)};
    const HeldBytes bytes(data);
    csv::Block block;
    {
        const nb::gil_scoped_release released;
        block = csv::parse(bytes.text(), parsed_fields, dialect);
    }
    nb::list columns;
    for (csv::Column& column : block.columns) columns.append(column_object(column, block.rows));
    nb::list odd;
    for (const csv::OddLine& line : block.odd) odd.append(nb::make_tuple(line.line, line.row, line.begin, line.end));
    return nb::make_tuple(block.rows, columns, block.empty, odd);
}

}  // namespace

void define_csv(nb::module_& module) {
    module.def(
        "parse_csv", parse_csv, "data"_a, "fields"_a, "delimiter"_a = ",", "quote"_a = "\"", "escape"_a = "\\",
        "Parses lines of delimited text: (rows, columns, empty fields per column, odd lines).\n\n"
        "A field is (kind, value of an empty field or None), kind one of skip, int32, int64, float32, float64, text, "
        "category.\n"
        "A column is None when skipped, an array of numbers, or for text (codes or None, offsets, UTF-8): the different "
        "texts\n"
        "and a code per row, or every row's text. Lines that are not beyond doubt are left out of the columns and listed as\n"
        "(line, rows before it, first byte, end). Runs without the GIL.");
    module.def(
        "count_lines",
        [](nb::handle data) {
            const HeldBytes bytes(data);
            const nb::gil_scoped_release released;
            return csv::count_lines(bytes.text());
        },
        "data"_a, "The number of line breaks (\\n, \\r\\n or \\r) in a text.");
}

}  // namespace nd::bind
