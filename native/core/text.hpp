// Text of utf8 arrays. An element is a TextSlice: a piece of the heap that hangs on the array's storage.
//
// The heap only grows, so slices stay right when arrays share it; a copy of an array shares the heap and copies slices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nd {

struct TextSlice {
    int64_t offset;
    int64_t length;
};

class TextHeap {
  public:
    TextSlice append(std::string_view text);
    // Throws std::out_of_range for a slice that does not lie in the heap.
    std::string_view at(TextSlice slice) const;
    size_t bytes() const noexcept { return characters_.size(); }

  private:
    std::string characters_;
};

}  // namespace nd
