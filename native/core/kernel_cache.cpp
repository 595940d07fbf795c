#include "core/kernel_cache.hpp"

#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/table.hpp"

namespace nd {
namespace {

constexpr size_t kept_kernels = 512;

// A prepared kernel and the mutable objects that its concurrent runs borrow.
class Prepared {
  public:
    explicit Prepared(nd_prepared prepared) noexcept : prepared_(prepared) {}
    Prepared(const Prepared&) = delete;
    Prepared& operator=(const Prepared&) = delete;
    ~Prepared() {
        for (void* instance : idle_) prepared_.free_instance(instance);
        if (prepared_.destroy != nullptr) prepared_.destroy(prepared_.state);
    }

    void run(std::string_view name, char* const* in, char* const* out) {
        nd_error error{};
        const StorageRef scratch = prepared_.scratch_bytes > 0 ? allocate_storage(prepared_.scratch_bytes) : StorageRef();
        void* instance = borrow();
        const nd_status status = prepared_.run(prepared_.state, instance, in, out, scratch ? scratch->data : nullptr, &error);
        give_back(instance);
        if (status != ND_OK) throw std::runtime_error(std::string(name) + ": " + error.text);
    }

  private:
    void* borrow() {
        if (prepared_.make_instance == nullptr) return nullptr;
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                void* instance = idle_.back();
                idle_.pop_back();
                return instance;
            }
        }
        return prepared_.make_instance(prepared_.state);
    }
    void give_back(void* instance) {
        if (prepared_.make_instance == nullptr) return;
        const std::lock_guard lock(mutex_);
        idle_.push_back(instance);
    }

    nd_prepared prepared_;
    std::mutex mutex_;
    std::vector<void*> idle_;
};

// Least recently used goes first. Keys are the bytes that describe a call.
class Cache {
  public:
    // NULL inside: the table was asked before and does not support the call.
    std::optional<std::shared_ptr<Prepared>> find(const std::string& key) {
        const std::lock_guard lock(mutex_);
        const auto found = index_.find(key);
        if (found == index_.end()) return std::nullopt;
        order_.splice(order_.begin(), order_, found->second);
        return found->second->second;
    }
    void insert(const std::string& key, std::shared_ptr<Prepared> kernel) {
        const std::lock_guard lock(mutex_);
        if (index_.contains(key)) return;  // another thread prepared the same
        order_.emplace_front(key, std::move(kernel));
        index_.emplace(key, order_.begin());
        if (order_.size() > kept_kernels) {
            index_.erase(order_.back().first);
            order_.pop_back();
        }
    }

  private:
    using Entry = std::pair<std::string, std::shared_ptr<Prepared>>;
    std::mutex mutex_;
    std::list<Entry> order_;
    std::unordered_map<std::string, std::list<Entry>::iterator> index_;
};

Cache& cache() {
    // Never destroyed: threads may still run kernels while the process ends.
    static Cache& instance = *new Cache;
    return instance;
}

template <class T>
void append(std::string& key, const T* items, size_t count) {
    key.append(reinterpret_cast<const char*>(items), count * sizeof(T));
}

void append(std::string& key, const nd_desc& desc) {
    append(key, &desc.dtype, 1);
    append(key, &desc.ndim, 1);
    append(key, desc.shape, static_cast<size_t>(desc.ndim));
    append(key, desc.strides, static_cast<size_t>(desc.ndim));
}

// The key is built in memory that the thread keeps.
const std::string& key_of(const nd_kernel_table* table, std::string_view name, const nd_call& call) {
    thread_local std::string key;
    key.clear();
    append(key, &table, 1);
    key.append(name);
    const int32_t counts[] = {call.n_in, call.n_out, call.n_ints, call.n_reals};
    append(key, counts, 4);
    for (int i = 0; i < call.n_in; ++i) append(key, call.in[i]);
    for (int i = 0; i < call.n_out; ++i) append(key, call.out[i]);
    append(key, call.ints, static_cast<size_t>(call.n_ints));
    append(key, call.reals, static_cast<size_t>(call.n_reals));
    return key;
}

std::shared_ptr<Prepared> prepared(const nd_kernel_table* table, std::string_view name, const nd_call& call) {
    const std::string& key = key_of(table, name, call);
    if (auto found = cache().find(key)) return *std::move(found);
    const nd_kernel* kernel = find_kernel(table, std::string(name).c_str());
    nd_prepared made{};
    nd_error error{};
    switch (kernel == nullptr ? ND_UNSUPPORTED : kernel->prepare(&call, &made, &error)) {
        case ND_OK: break;
        case ND_INVALID: throw std::invalid_argument(std::string(name) + ": " + error.text);
        case ND_FAILED: throw std::runtime_error(std::string(name) + ": " + error.text);
        default: cache().insert(key, nullptr); return nullptr;
    }
    auto kept = std::make_shared<Prepared>(made);
    cache().insert(key, kept);
    return kept;
}

}  // namespace

bool run_kernel_into(std::string_view name, std::span<const Array* const> inputs, std::span<Array* const> outputs,
                     std::span<const int64_t> ints, std::span<const double> reals) {
    const nd_kernel_table* table = active_table();
    if (table == nullptr) return false;
    std::vector<nd_desc> descs;
    std::vector<char*> pointers;
    descs.reserve(inputs.size() + outputs.size());
    pointers.reserve(inputs.size() + outputs.size());
    for (const Array* input : inputs) {
        descs.push_back(input != nullptr ? input->describe() : nd_desc{-1, 0, nullptr, nullptr, nullptr, 0});
        pointers.push_back(input != nullptr ? input->data : nullptr);
    }
    for (const Array* output : outputs) {
        descs.push_back(output->describe());
        pointers.push_back(output->data);
    }
    const nd_call call{descs.data(),
                       descs.data() + inputs.size(),
                       ints.data(),
                       reals.data(),
                       static_cast<int32_t>(inputs.size()),
                       static_cast<int32_t>(outputs.size()),
                       static_cast<int32_t>(ints.size()),
                       static_cast<int32_t>(reals.size())};
    const std::shared_ptr<Prepared> kernel = prepared(table, name, call);
    if (kernel == nullptr) return false;
    kernel->run(name, pointers.data(), pointers.data() + inputs.size());
    return true;
}

std::optional<std::vector<Array>> run_kernel(std::string_view name, std::span<const Array* const> inputs,
                                             std::span<const OutputSpec> outputs, std::span<const int64_t> ints,
                                             std::span<const double> reals) {
    if (active_table() == nullptr) return std::nullopt;
    std::vector<Array> results;
    std::vector<Array*> targets;
    results.reserve(outputs.size());
    for (const OutputSpec& spec : outputs) results.push_back(Array::empty(spec.dtype, spec.shape));
    for (Array& result : results) targets.push_back(&result);
    if (!run_kernel_into(name, inputs, targets, ints, reals)) return std::nullopt;
    return results;
}

}  // namespace nd
