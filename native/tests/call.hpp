// Calls prepared kernels by name, and arrays to call them with.
#pragma once

#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/element_types.hpp"
#include "kernels/families.hpp"

template <class T>
constexpr int dtype_of() {
    return nd::kernels::dtype_of<T>;
}

template <class T>
class Host {
  public:
    explicit Host(std::vector<int64_t> shape, bool column_major = false) : shape_(std::move(shape)), strides_(shape_.size()) {
        int64_t next = 1;
        for (size_t i = 0; i < shape_.size(); ++i) {
            const size_t d = column_major ? i : shape_.size() - 1 - i;
            strides_[d] = next;
            next *= shape_[d];
        }
        values_.resize(static_cast<size_t>(std::max<int64_t>(next, 1)));
    }
    void randomize(uint32_t seed) {
        std::mt19937 random(seed);
        std::uniform_real_distribution<double> uniform(-1, 1);
        for (T& v : values_) v = static_cast<T>(uniform(random));
    }
    T& at(const std::vector<int64_t>& index) {
        int64_t offset = 0;
        for (size_t d = 0; d < index.size(); ++d) offset += index[d] * strides_[d];
        return values_[static_cast<size_t>(offset)];
    }
    nd_desc desc() const {
        return {dtype_of<T>(), static_cast<int32_t>(shape_.size()), shape_.data(), strides_.data(), nullptr, 0};
    }
    char* bytes() { return reinterpret_cast<char*>(values_.data()); }

  private:
    std::vector<int64_t> shape_, strides_;
    std::vector<T> values_;
};

// Truth values are bytes.
inline nd_desc as_bool(const Host<uint8_t>& bytes) {
    nd_desc desc = bytes.desc();
    desc.dtype = ND_BOOL;
    return desc;
}

struct Prepared {
    nd_prepared prepared{};
    nd_status status = ND_UNSUPPORTED;
    nd_error error{};
    void* instance = nullptr;

    Prepared(const std::string& name, const std::vector<nd_desc>& in, std::vector<nd_desc>& out,
             const std::vector<int64_t>& ints = {}, const std::vector<double>& reals = {}) {
        const nd_kernel_table* table = nd::kernels::kernel_table();
        const nd_call call{in.data(),
                           out.data(),
                           ints.data(),
                           reals.data(),
                           static_cast<int32_t>(in.size()),
                           static_cast<int32_t>(out.size()),
                           static_cast<int32_t>(ints.size()),
                           static_cast<int32_t>(reals.size())};
        for (int64_t i = 0; i < table->n_kernels; ++i) {
            if (name == table->kernels[i].name) status = table->kernels[i].prepare(&call, &prepared, &error);
        }
        if (status == ND_OK && prepared.make_instance != nullptr) instance = prepared.make_instance(prepared.state);
    }
    ~Prepared() {
        if (instance != nullptr) prepared.free_instance(instance);
        if (prepared.destroy != nullptr) prepared.destroy(prepared.state);  // a failed run() changes `status`
    }
    Prepared(const Prepared&) = delete;
    Prepared& operator=(const Prepared&) = delete;

    void run(const std::vector<char*>& in, const std::vector<char*>& out) {
        const size_t bytes = (prepared.scratch_bytes / 64 + 1) * 64;
        const std::unique_ptr<char, void (*)(void*)> scratch(static_cast<char*>(std::aligned_alloc(64, bytes)), std::free);
        status = prepared.run(prepared.state, instance, in.data(), out.data(), scratch.get(), &error);
    }
};
