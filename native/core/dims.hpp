// Dims: the extents (or strides) of an array: a value type without heap memory up to six dimensions.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>

namespace nd {

class Dims {
  public:
    static constexpr int inline_capacity = 6;

    Dims() noexcept : size_(0) {}
    explicit Dims(int size, int64_t value = 0) : size_(size) {
        reserve_new();
        for (int i = 0; i < size; ++i) data()[i] = value;
    }
    Dims(std::initializer_list<int64_t> items) : Dims(items.begin(), static_cast<int>(items.size())) {}
    Dims(const int64_t* items, int size) : size_(size) {
        reserve_new();
        int64_t* target = data();
        for (int i = 0; i < size; ++i) target[i] = items[i];
    }
    Dims(const Dims& other) : size_(other.size_) {
        if (size_ <= inline_capacity) {
            std::memcpy(inline_, other.inline_, sizeof inline_);  // a fixed size copies without a branch
        } else {
            reserve_new();
            std::memcpy(heap_, other.heap_, sizeof(int64_t) * static_cast<size_t>(size_));
        }
    }
    Dims(Dims&& other) noexcept : size_(other.size_) {
        std::memcpy(inline_, other.inline_, sizeof inline_);
        other.size_ = 0;
    }
    Dims& operator=(const Dims& other) {
        if (this != &other) *this = Dims(other);
        return *this;
    }
    Dims& operator=(Dims&& other) noexcept {
        if (this != &other) {
            free_heap();
            size_ = other.size_;
            std::memcpy(inline_, other.inline_, sizeof inline_);
            other.size_ = 0;
        }
        return *this;
    }
    ~Dims() { free_heap(); }

    int size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    int64_t* data() noexcept { return size_ <= inline_capacity ? inline_ : heap_; }
    const int64_t* data() const noexcept { return size_ <= inline_capacity ? inline_ : heap_; }
    int64_t& operator[](int i) noexcept { return data()[i]; }
    int64_t operator[](int i) const noexcept { return data()[i]; }
    int64_t* begin() noexcept { return data(); }
    int64_t* end() noexcept { return data() + size_; }
    const int64_t* begin() const noexcept { return data(); }
    const int64_t* end() const noexcept { return data() + size_; }
    operator std::span<const int64_t>() const noexcept { return {data(), static_cast<size_t>(size_)}; }

    // Appends; for building shapes item by item.
    void push_back(int64_t value) {
        Dims grown;
        grown.size_ = size_ + 1;
        grown.reserve_new();
        int64_t* items = grown.data();
        if (size_ > 0) std::memcpy(items, data(), sizeof(int64_t) * static_cast<size_t>(size_));
        items[size_] = value;
        *this = std::move(grown);
    }

    friend bool operator==(const Dims& a, const Dims& b) noexcept {
        return a.size_ == b.size_ &&
               (a.size_ == 0 || std::memcmp(a.data(), b.data(), sizeof(int64_t) * static_cast<size_t>(a.size_)) == 0);
    }

  private:
    void reserve_new() {
        if (size_ > inline_capacity) heap_ = new int64_t[static_cast<size_t>(size_)];
    }
    void free_heap() noexcept {
        if (size_ > inline_capacity) delete[] heap_;
    }

    int size_;
    union {
        int64_t inline_[inline_capacity] = {};
        int64_t* heap_;
    };
};

}  // namespace nd
