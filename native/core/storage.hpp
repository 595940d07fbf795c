// Storage: a block of memory shared by the arrays that view it, and where it goes when the last of them is gone.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace nd {

class TextHeap;

struct Storage {
    std::atomic<int64_t> references{1};
    char* data = nullptr;
    size_t bytes = 0;
    void (*release)(Storage*) noexcept = nullptr;  // gives back the memory and the Storage itself
    void* owner = nullptr;                         // what `release` needs: a table's function, a Python object
    std::shared_ptr<TextHeap> text;                // utf8 arrays only: where the characters live
};

// An intrusive pointer to a Storage. Copies may live on any thread.
class StorageRef {
  public:
    StorageRef() noexcept = default;
    static StorageRef adopt(Storage* storage) noexcept { return StorageRef(storage); }  // takes over one reference
    StorageRef(const StorageRef& other) noexcept : storage_(other.storage_) {
        if (storage_) storage_->references.fetch_add(1, std::memory_order_relaxed);
    }
    StorageRef(StorageRef&& other) noexcept : storage_(std::exchange(other.storage_, nullptr)) {}
    StorageRef& operator=(StorageRef other) noexcept {
        std::swap(storage_, other.storage_);
        return *this;
    }
    ~StorageRef() {
        // The sole owner needs no atomic read-modify-write: nobody else can take a reference any more.
        if (storage_ && (storage_->references.load(std::memory_order_acquire) == 1 ||
                         storage_->references.fetch_sub(1, std::memory_order_acq_rel) == 1)) {
            storage_->release(storage_);
        }
    }
    Storage* get() const noexcept { return storage_; }
    Storage* operator->() const noexcept { return storage_; }
    explicit operator bool() const noexcept { return storage_ != nullptr; }
    friend bool operator==(const StorageRef& a, const StorageRef& b) noexcept { return a.storage_ == b.storage_; }

  private:
    explicit StorageRef(Storage* storage) noexcept : storage_(storage) {}
    Storage* storage_ = nullptr;
};

// Uninitialised memory, aligned to ND_ALIGNMENT: from a per-thread free list when small, else from the active table (the
// C library without one). The function that gives it back is remembered with it. Throws std::bad_alloc.
StorageRef allocate_storage(size_t bytes);
// The same, all bytes zero; memory of a large block is not touched before its first use.
StorageRef allocate_zeroed_storage(size_t bytes);

// Memory that belongs to somebody else; `release` must delete the Storage.
StorageRef foreign_storage(void* data, size_t bytes, void* owner, void (*release)(Storage*) noexcept);

}  // namespace nd
