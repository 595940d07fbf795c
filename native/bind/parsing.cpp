#include "bind/parsing.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "parsing/csv.hpp"
#include "parsing/planes.hpp"
#include "parsing/times.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace nd::bind {
namespace {

using FieldArgument = std::pair<std::string, std::optional<double>>;

parsing::Kind kind_of(const std::string& name) {
    constexpr std::pair<const char*, parsing::Kind> kinds[] = {
        {"skip", parsing::Kind::skip},         {"int32", parsing::Kind::int32},     {"int64", parsing::Kind::int64},
        {"float32", parsing::Kind::float32},   {"float64", parsing::Kind::float64}, {"text", parsing::Kind::text},
        {"category", parsing::Kind::category},
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

nb::object column_object(parsing::Column& column, int64_t rows) {
    return std::visit(
        [rows](auto& values) -> nb::object {
            using Values = std::decay_t<decltype(values)>;
            if constexpr (std::is_same_v<Values, std::monostate>) {
                return nb::none();
            } else if constexpr (std::is_same_v<Values, parsing::TextColumn>) {
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
    std::vector<parsing::Field> parsed_fields;
    for (const auto& [kind, when_empty] : fields) parsed_fields.push_back({kind_of(kind), when_empty});
    const parsing::Dialect dialect{one_byte("delimiter", delimiter), one_byte("quote", quote), one_byte("escape", escape)};
    const HeldBytes bytes(data);
    parsing::Block block;
    {
        const nb::gil_scoped_release released;
        block = parsing::parse_csv(bytes.text(), parsed_fields, dialect);
    }
    nb::list columns;
    for (parsing::Column& column : block.columns) columns.append(column_object(column, block.rows));
    nb::list odd;
    for (const parsing::OddLine& line : block.odd) odd.append(nb::make_tuple(line.line, line.row, line.begin, line.end));
    return nb::make_tuple(block.rows, columns, block.empty, odd);
}

using DigitsArgument = std::tuple<std::string, size_t, size_t>;

parsing::TimeField time_field_of(const std::string& name) {
    using parsing::TimeField;
    constexpr std::pair<const char*, TimeField> fields[] = {
        {"year", TimeField::year},         {"month", TimeField::month},   {"day", TimeField::day},
        {"hour", TimeField::hour},         {"minute", TimeField::minute}, {"second", TimeField::second},
        {"fraction", TimeField::fraction},
    };
    for (const auto& [known, field] : fields)
        if (name == known) return field;
    throw std::invalid_argument("parse_times: no field is called '" + name + "'");
}

nb::tuple parse_times(nb::handle data, const std::string& pattern, const std::vector<DigitsArgument>& digits) {
    parsing::TimeLayout layout{pattern, {}};
    size_t behind = 0;
    for (const auto& [name, start, length] : digits) {
        if (start < behind || length < 1 || length > 9 || start + length > pattern.size())
            throw std::invalid_argument("parse_times: expected one to nine digits each, in order, within the pattern");
        layout.digits.push_back({time_field_of(name), start, length});
        behind = start + length;
    }
    const HeldBytes bytes(data);
    const std::string_view text = bytes.text();
    if (pattern.empty() || text.size() % pattern.size() != 0)
        throw std::invalid_argument("parse_times: expected texts of the pattern's length");
    const size_t count = text.size() / pattern.size();
    std::vector<int64_t> times(count);
    std::vector<uint8_t> bad(count);
    {
        const nb::gil_scoped_release released;
        for (size_t i = 0; i < count; ++i) bad[i] = !parsing::parse_time(text.data() + i * pattern.size(), layout, times[i]);
    }
    return nb::make_tuple(array_over(std::move(times)), array_over(std::move(bad)));
}

using Pixels = nb::ndarray<const uint8_t, nb::ndim<3>, nb::device::cpu>;
using Tables = nb::ndarray<const float, nb::shape<-1, 256>, nb::c_contig, nb::device::cpu>;
using Planes = nb::ndarray<float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

void look_up_planes(const Pixels& pixels, const Tables& tables, const Planes& out) {
    const size_t height = pixels.shape(0), width = pixels.shape(1), channels = pixels.shape(2);
    if (tables.shape(0) != channels || out.shape(0) != channels || out.shape(1) != height || out.shape(2) != width)
        throw std::invalid_argument(
            "look_up_planes: expected a table of 256 and a plane of the image's size for each channel");
    if (channels > 1 && pixels.stride(2) != 1)
        throw std::invalid_argument("look_up_planes: expected the channels of a pixel side by side");
    const nb::gil_scoped_release released;
    parsing::look_up_planes(pixels.data(), static_cast<int64_t>(height), static_cast<int64_t>(width),
                            static_cast<int64_t>(channels), pixels.stride(0), pixels.stride(1), tables.data(), out.data());
}

}  // namespace

void define_parsing(nb::module_& module) {
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
        "parse_times", parse_times, "data"_a, "pattern"_a, "digits"_a,
        "Reads texts of one fixed length, one after another, as local times: (milliseconds since 1970, which are none).\n\n"
        "`digits` says which field stands where: (name, start, length), name one of year, month, day, hour, minute, second,\n"
        "fraction; elsewhere the characters are those of `pattern`. Runs without the GIL.");
    module.def(
        "look_up_planes", look_up_planes, "pixels"_a, "tables"_a, "out"_a,
        "out[c, y, x] = tables[c, pixels[y, x, c]] for uint8 pixels and float32 tables and planes. Runs without the GIL.");
    module.def(
        "count_lines",
        [](nb::handle data) {
            const HeldBytes bytes(data);
            const nb::gil_scoped_release released;
            return parsing::count_lines(bytes.text());
        },
        "data"_a, "The number of line breaks (\\n, \\r\\n or \\r) in a text.");
}

}  // namespace nd::bind
