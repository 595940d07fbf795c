// Pixels of an image to one plane of numbers per channel.
#pragma once

#include <cstdint>

namespace nd::parsing {

// out[c][y][x] = tables[c][pixels[y][x][c]]; the strides of `pixels` are in bytes, its channels lie side by side.
inline void look_up_planes(const uint8_t* pixels, int64_t height, int64_t width, int64_t channels, int64_t row_stride,
                           int64_t column_stride, const float* tables, float* out) noexcept {
    for (int64_t y = 0; y < height; ++y) {
        // A row stays in the cache while each channel goes over it.
        for (int64_t c = 0; c < channels; ++c) {
            const uint8_t* p = pixels + y * row_stride + c;
            const float* const table = tables + 256 * c;
            float* const target = out + (c * height + y) * width;
            for (int64_t x = 0; x < width; ++x, p += column_stride) target[x] = table[*p];
        }
    }
}

}  // namespace nd::parsing
