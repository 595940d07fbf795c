// A column of texts while it is being filled: each different text once and a code per row, as long as texts repeat; the
// texts one after another when they do not.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace nd::parsing {

class TextColumn {
  public:
    // `always_codes` keeps the codes however many different texts there are.
    explicit TextColumn(bool always_codes) : always_codes_(always_codes), offsets_(1, 0) {}

    // Room for rows up to `rows`.
    void reserve(int64_t rows) {
        if (plain_)
            offsets_.resize(static_cast<size_t>(rows) + 1);
        else
            codes_.resize(static_cast<size_t>(rows));
    }

    // Sets the text of a row; all rows before it have been set, and those from it on are forgotten. Eight bytes from the
    // text's first on must be readable.
    void set(int64_t row, std::string_view text) {
        const auto at = static_cast<size_t>(row);
        if (plain_) {
            append(at, text);
            return;
        }
        codes_[at] = code_of(text);
        if (!always_codes_ && distinct_ > 1024 && distinct_ * 4 > row) make_plain(at + 1);
    }

    bool is_plain() const noexcept { return plain_; }
    std::vector<int32_t>& codes() noexcept { return codes_; }
    std::vector<int32_t>& offsets() noexcept { return offsets_; }  // of the different texts, or of every row's
    std::string_view characters() const noexcept { return {characters_.data(), static_cast<size_t>(offsets_.back())}; }

    void finish(int64_t rows) {
        if (plain_) {
            offsets_.resize(static_cast<size_t>(rows) + 1);
        } else {
            codes_.resize(static_cast<size_t>(rows));
            offsets_.resize(static_cast<size_t>(distinct_) + 1);
        }
        slots_ = {};
    }

  private:
    // Up to eight bytes are their own key, so that equal keys and lengths mean equal texts.
    struct Slot {
        uint64_t key = 0;
        int32_t length = 0;
        int32_t code = -1;
    };

    static constexpr uint64_t factor = 0x9E3779B97F4A7C15u;

    static uint64_t key_of(std::string_view text) noexcept {
        uint64_t word;
        std::memcpy(&word, text.data(), 8);
        if (text.size() <= 8) return text.size() == 8 ? word : word & ~(~uint64_t{0} << (8 * text.size()));
        uint64_t key = 0;
        const char* p = text.data();
        size_t left = text.size();
        for (; left >= 8; left -= 8, p += 8) {
            std::memcpy(&word, p, 8);
            key = (key ^ word) * factor;
            key ^= key >> 29;
        }
        std::memcpy(&word, text.data() + text.size() - 8, 8);
        return (key ^ word) * factor;
    }

    std::string_view text_at(int32_t code) const noexcept {
        const auto at = static_cast<size_t>(code);
        return {characters_.data() + offsets_[at], static_cast<size_t>(offsets_[at + 1] - offsets_[at])};
    }

    int32_t code_of(std::string_view text) {
        if (static_cast<size_t>(distinct_) * 2 >= slots_.size()) grow();
        const uint64_t key = key_of(text);
        const auto length = static_cast<int32_t>(text.size());
        const uint64_t mask = slots_.size() - 1;
        for (uint64_t at = slot_of(key) & mask;; at = (at + 1) & mask) {
            Slot& slot = slots_[at];
            if (slot.code < 0) {
                slot = {key, length, static_cast<int32_t>(distinct_)};
                offsets_.resize(static_cast<size_t>(distinct_) + 2);
                append(static_cast<size_t>(distinct_++), text);
                return slot.code;
            }
            if (slot.key == key && slot.length == length && (length <= 8 || text_at(slot.code) == text)) return slot.code;
        }
    }

    static uint64_t slot_of(uint64_t key) noexcept { return (key * factor) >> 32; }

    void append(size_t at, std::string_view text) {
        const auto first = static_cast<size_t>(offsets_[at]);
        if (characters_.size() < first + text.size() || characters_.empty())
            characters_.resize(2 * (first + text.size()) + 256);
        std::memcpy(characters_.data() + first, text.data(), text.size());
        offsets_[at + 1] = static_cast<int32_t>(first + text.size());
    }

    void grow() {
        std::vector<Slot> slots(slots_.empty() ? 64 : slots_.size() * 2);
        const uint64_t mask = slots.size() - 1;
        for (const Slot& slot : slots_) {
            if (slot.code < 0) continue;
            uint64_t at = slot_of(slot.key) & mask;
            while (slots[at].code >= 0) at = (at + 1) & mask;
            slots[at] = slot;
        }
        slots_ = std::move(slots);
    }

    void make_plain(size_t rows) {
        TextColumn plain(false);
        plain.plain_ = true;
        plain.offsets_.resize(codes_.size() + 1);
        for (size_t row = 0; row < rows; ++row) plain.append(row, text_at(codes_[row]));
        *this = std::move(plain);
    }

    bool always_codes_;
    bool plain_ = false;
    int64_t distinct_ = 0;
    std::vector<int32_t> codes_;
    std::vector<int32_t> offsets_;
    std::vector<char> characters_;
    std::vector<Slot> slots_;  // open addressing
};

}  // namespace nd::parsing
