#include "core/text.hpp"

#include <stdexcept>

namespace nd {

TextSlice TextHeap::append(std::string_view text) {
    const TextSlice slice{static_cast<int64_t>(characters_.size()), static_cast<int64_t>(text.size())};
    characters_.append(text);
    return slice;
}

std::string_view TextHeap::at(TextSlice slice) const {
    const auto size = static_cast<int64_t>(characters_.size());
    if (slice.offset < 0 || slice.length < 0 || slice.offset > size || slice.length > size - slice.offset) {
        throw std::out_of_range("utf8: an element points outside the text of its array");
    }
    return std::string_view(characters_).substr(static_cast<size_t>(slice.offset), static_cast<size_t>(slice.length));
}

}  // namespace nd
