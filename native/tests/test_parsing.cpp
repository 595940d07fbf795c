// Parsing of delimited text: numbers against the C library, structure against a simple splitter, and any bytes at all (the
// blocks lie in memory of just their size, so that the address sanitizer sees a byte read too many).
#include <cstdlib>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "check.hpp"
#include "parsing/csv.hpp"
#include "parsing/planes.hpp"
#include "parsing/times.hpp"

using nd::parsing::Block;
using nd::parsing::Field;
using nd::parsing::Kind;
using nd::parsing::Values;

namespace {

Block parse(const std::string& text, const std::vector<Field>& fields) {
    const std::unique_ptr<char[]> exact(new char[text.size() + (text.empty() ? 1 : 0)]);
    text.copy(exact.get(), text.size());
    return nd::parsing::parse_csv({exact.get(), text.size()}, fields, {});
}

template <class T>
T value(const Block& block, size_t column, int64_t row) {
    return std::get<Values<T>>(block.columns[column]).memory[static_cast<size_t>(row)];
}

std::string text_of(Block& block, size_t column, int64_t row) {
    auto& texts = std::get<nd::parsing::TextColumn>(block.columns[column]);
    const auto at = static_cast<size_t>(texts.is_plain() ? row : texts.codes()[static_cast<size_t>(row)]);
    const auto first = static_cast<size_t>(texts.offsets()[at]), last = static_cast<size_t>(texts.offsets()[at + 1]);
    return std::string(texts.characters().substr(first, last - first));
}

}  // namespace

TEST(csv_numbers_are_those_of_the_c_library) {
    std::mt19937_64 random(1);
    std::vector<std::string> numbers = {"0",      "-0.0",   "1e22",      "1e23",      "9007199254740993",      "0.1",
                                        "1e-400", "5e-324", "12345678.", ".12345678", "123456789.123456789e-5"};
    for (int i = 0; i < 20000; ++i) {
        std::ostringstream out;
        out.precision(static_cast<int>(1 + random() % 17));
        const double scale = std::pow(10.0, static_cast<double>(random() % 30) - 15.0);
        out << (static_cast<double>(random() >> 11) / 9007199254740992.0 - 0.5) * scale;
        numbers.push_back(out.str());
    }
    std::string text;
    for (const std::string& number : numbers) text.append(number).append(",").append(number).append("\n");
    Block block = parse(text, {{Kind::float64, {}}, {Kind::float32, {}}});
    size_t odd = 0;
    for (size_t line = 0, row = 0; line < numbers.size(); ++line) {
        if (odd < block.odd.size() && block.odd[odd].line == static_cast<int64_t>(line)) {
            ++odd;
            continue;
        }
        CHECK_EQUAL(value<double>(block, 0, static_cast<int64_t>(row)), std::strtod(numbers[line].c_str(), nullptr));
        CHECK_EQUAL(value<float>(block, 1, static_cast<int64_t>(row)), std::strtof(numbers[line].c_str(), nullptr));
        ++row;
    }
    CHECK_EQUAL(odd < 10, true);  // only those out of a type's range
}

TEST(csv_integers_stay_in_their_type) {
    Block block = parse(
        "2147483647,9223372036854775807\n-2147483648,-9223372036854775808\n+7,0\n2147483648,1\n1,9223372036854775808\n1.,1\n-"
        ",1\n",
        {{Kind::int32, {}}, {Kind::int64, {}}});
    CHECK_EQUAL(block.rows, 3);
    CHECK_EQUAL(block.odd.size(), size_t{4});
    CHECK_EQUAL(value<int32_t>(block, 0, 1), INT32_MIN);
    CHECK_EQUAL(value<int64_t>(block, 1, 1), INT64_MIN);
    CHECK_EQUAL(value<int32_t>(block, 0, 2), 7);
}

TEST(csv_texts_repeat_or_not) {
    std::mt19937_64 random(2);
    std::vector<std::string> expected;
    std::string text;
    for (int i = 0; i < 30000; ++i) {
        std::string word(random() % 12, 'a');
        for (char& c : word) c = static_cast<char>('a' + random() % (i < 5000 ? 2 : 26));
        expected.push_back(word);
        text += word + ",skipped," + (i % 7 ? word : '"' + word + "\"\"\"") + "\n";
    }
    Block block = parse(text, {{Kind::text, {}}, {Kind::skip, {}}, {Kind::category, {}}});
    CHECK_EQUAL(block.rows, static_cast<int64_t>(expected.size()));
    for (int64_t row = 0; row < block.rows; ++row) {
        const std::string& word = expected[static_cast<size_t>(row)];
        CHECK(text_of(block, 0, row) == word);
        CHECK(text_of(block, 2, row) == (row % 7 ? word : word + '"'));
    }
}

TEST(csv_empty_fields_take_a_value_and_are_counted) {
    Block block = parse("1,\n,2.5\n\"\",3\n", {{Kind::int32, -1.0}, {Kind::float64, 0.5}});
    CHECK_EQUAL(block.rows, 3);
    CHECK_EQUAL(value<int32_t>(block, 0, 1), -1);
    CHECK_EQUAL(value<double>(block, 1, 0), 0.5);
    CHECK_EQUAL(block.empty[0], 2);
    CHECK_EQUAL(block.empty[1], 1);
}

TEST(csv_any_bytes) {
    std::mt19937_64 random(3);
    const std::string common = "0123456789.,,,\"\\\n\r\n-e ax\xc3\xa9\xff";
    const std::vector<Field> fields = {{Kind::float64, {}}, {Kind::text, {}}, {Kind::int32, 0.0}, {Kind::skip, {}}};
    for (int i = 0; i < 4000; ++i) {
        std::string text(random() % 400, ' ');
        for (char& c : text) c = common[random() % common.size()];
        if (i % 10 == 0) text.insert(0, 70000, '1');  // lines longer than a window
        const Block block = parse(text, fields);
        const int64_t last = !text.empty() && text.back() != '\n' && text.back() != '\r';
        CHECK_EQUAL(block.lines, nd::parsing::count_lines(text) + last);
        CHECK_EQUAL(block.rows + static_cast<int64_t>(block.odd.size()), block.lines);
    }
}

TEST(times_of_a_fixed_layout) {
    using nd::parsing::TimeField;
    const nd::parsing::TimeLayout layout{"0000-00-00T00:00.00",
                                         {{TimeField::year, 0, 4},
                                          {TimeField::month, 5, 2},
                                          {TimeField::day, 8, 2},
                                          {TimeField::hour, 11, 2},
                                          {TimeField::minute, 14, 2},
                                          {TimeField::fraction, 17, 2}}};
    int64_t time = 0;
    CHECK_EQUAL(nd::parsing::parse_time("1970-01-01T00:00.00", layout, time), true);
    CHECK_EQUAL(time, 0);
    CHECK_EQUAL(nd::parsing::parse_time("2000-02-29T23:59.07", layout, time), true);
    CHECK_EQUAL(time, 951868740070);
    CHECK_EQUAL(nd::parsing::parse_time("0001-01-01T00:00.00", layout, time), true);
    CHECK_EQUAL(time, -62135596800000);
    for (const char* bad : {"1900-02-29T00:00.00", "2001-13-01T00:00.00", "2001-00-01T00:00.00", "2001-01-32T00:00.00",
                            "2001-01-01T24:00.00", "2001-01-01T00:60.00", "2001-01-01 00:00.00", "2001-01-01T00:00.0x"})
        CHECK_EQUAL(nd::parsing::parse_time(bad, layout, time), false);
}

TEST(planes_of_an_image_with_strides) {
    const int64_t height = 5, width = 7, channels = 3;
    std::vector<uint8_t> pixels(static_cast<size_t>(2 * height * 32));
    for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 37);
    std::vector<float> tables(256 * channels), out(static_cast<size_t>(channels * height * width));
    for (size_t i = 0; i < tables.size(); ++i) tables[i] = static_cast<float>(i) / 2;
    nd::parsing::look_up_planes(pixels.data(), height, width, channels, 64, 4, tables.data(), out.data());
    for (int64_t c = 0; c < channels; ++c)
        for (int64_t y = 0; y < height; ++y)
            for (int64_t x = 0; x < width; ++x) {
                const uint8_t pixel = pixels[static_cast<size_t>(y * 64 + x * 4 + c)];
                CHECK_EQUAL(out[static_cast<size_t>((c * height + y) * width + x)],
                            tables[static_cast<size_t>(256 * c) + pixel]);
            }
}
