#include "core/storage.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

#include "core/table.hpp"
#include "core/text.hpp"

namespace nd {
namespace {

// A small block is the Storage and, on the next 64-byte line, its memory.
constexpr size_t line = ND_ALIGNMENT;
static_assert(sizeof(Storage) <= line);
constexpr size_t small_lines = 16;  // up to 1 KiB
constexpr int kept_per_size = 64;

struct FreeBlock {
    FreeBlock* next;
};

// Plain data, so that reaching it costs no initialisation guard.
struct FreeLists {
    FreeBlock* head[small_lines + 1];
    int count[small_lines + 1];
    bool armed;   // the thread's destructor is registered
    bool closed;  // the thread is ending: nothing may be kept any more
};
constinit thread_local FreeLists free_lists{};

struct FreeListsAtThreadEnd {
    ~FreeListsAtThreadEnd() {
        free_lists.closed = true;
        for (FreeBlock*& head : free_lists.head) {
            while (head != nullptr) std::free(std::exchange(head, head->next));
        }
    }
};

size_t lines_of(size_t bytes) noexcept { return bytes == 0 ? 1 : (bytes + line - 1) / line; }

void release_small(Storage* storage) noexcept {
    const size_t lines = lines_of(storage->bytes);
    storage->~Storage();
    FreeLists& lists = free_lists;
    if (lists.count[lines] >= kept_per_size || lists.closed) {
        std::free(storage);
        return;
    }
    auto* block = reinterpret_cast<FreeBlock*>(storage);
    block->next = lists.head[lines];
    lists.head[lines] = block;
    ++lists.count[lines];
}

void* new_small_block(size_t lines) {
    FreeLists& lists = free_lists;
    if (!lists.armed && !lists.closed) {
        lists.armed = true;
        thread_local FreeListsAtThreadEnd at_thread_end;
        (void)at_thread_end;
    }
    void* block = std::aligned_alloc(line, (lines + 1) * line);
    if (block == nullptr) throw std::bad_alloc();
    return block;
}

void release_plain(Storage* storage) noexcept {
    std::free(storage->data);
    delete storage;
}

void release_owner(Storage* storage) noexcept {
    std::free(storage->owner);
    delete storage;
}

void release_to_table(Storage* storage) noexcept {
    reinterpret_cast<void (*)(void*)>(storage->owner)(storage->data);
    delete storage;
}

}  // namespace

StorageRef allocate_storage(size_t bytes) {
    const size_t lines = lines_of(bytes);
    if (lines <= small_lines) {
        FreeLists& lists = free_lists;
        void* block = lists.head[lines];
        if (block != nullptr) {
            lists.head[lines] = static_cast<FreeBlock*>(block)->next;
            --lists.count[lines];
        } else {
            block = new_small_block(lines);
        }
        auto* storage = new (block) Storage;
        storage->data = static_cast<char*>(block) + line;
        storage->bytes = bytes;
        storage->release = release_small;
        return StorageRef::adopt(storage);
    }
    auto storage = std::make_unique<Storage>();
    storage->bytes = bytes;
    const nd_kernel_table* table = active_table();
    if (table != nullptr && table->allocate != nullptr) {
        storage->data = static_cast<char*>(table->allocate(bytes));
        storage->owner = reinterpret_cast<void*>(table->release);
        storage->release = release_to_table;
    } else {
        if (bytes > SIZE_MAX - line) throw std::bad_alloc();
        storage->data = static_cast<char*>(std::aligned_alloc(line, lines * line));
        storage->release = release_plain;
    }
    if (storage->data == nullptr) throw std::bad_alloc();
    return StorageRef::adopt(storage.release());
}

StorageRef allocate_zeroed_storage(size_t bytes) {
    constexpr size_t worth_asking_the_system = size_t{1} << 20;
    if (bytes < worth_asking_the_system) {
        StorageRef storage = allocate_storage(bytes);
        std::memset(storage->data, 0, bytes);
        return storage;
    }
    if (bytes > SIZE_MAX - line) throw std::bad_alloc();
    auto storage = std::make_unique<Storage>();
    storage->bytes = bytes;
    storage->owner = std::calloc(bytes + line, 1);
    if (storage->owner == nullptr) throw std::bad_alloc();
    const auto address = reinterpret_cast<uintptr_t>(storage->owner);
    storage->data = static_cast<char*>(storage->owner) + (line - address % line) % line;
    storage->release = release_owner;
    return StorageRef::adopt(storage.release());
}

StorageRef foreign_storage(void* data, size_t bytes, void* owner, void (*release)(Storage*) noexcept) {
    auto* storage = new Storage;
    storage->data = static_cast<char*>(data);
    storage->bytes = bytes;
    storage->owner = owner;
    storage->release = release;
    return StorageRef::adopt(storage);
}

}  // namespace nd
