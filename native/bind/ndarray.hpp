// The Python type nd4py.NDArray: an nd::Array inside a Python object, made by hand rather than by nanobind so that creating
// one costs an allocation and nothing else. Functions bound by nanobind take and return nd::Array through the caster below.
#pragma once

#include <nanobind/nanobind.h>

#include <utility>

#include "core/array.hpp"

namespace nd::bind {

struct NDArrayObject {
    PyObject_HEAD PyObject* weak_references;
    Array array;
};

extern PyTypeObject* ndarray_type;

inline bool is_ndarray(PyObject* object) noexcept { return Py_TYPE(object) == ndarray_type; }  // the type is final
inline Array& array_of(PyObject* object) noexcept { return reinterpret_cast<NDArrayObject*>(object)->array; }

// A new NDArray around the array. Throws std::bad_alloc.
PyObject* wrap(Array&& array);

// Adds the type to the module; called once.
void define_ndarray(nanobind::module_& module);

// Sets the Python error that stands for the exception being handled.
void set_error_from_exception() noexcept;

// For slots: exceptions become Python errors and `failure` is returned.
template <class Result, class Function>
Result guarded(Result failure, Function&& function) noexcept {
    try {
        return function();
    } catch (...) {
        set_error_from_exception();
        return failure;
    }
}
template <class Function>
PyObject* guarded(Function&& function) noexcept {
    return guarded<PyObject*>(nullptr, std::forward<Function>(function));
}

// Lets other Python threads run while a large computation does not need Python.
class WithoutGil {
  public:
    // Below this many elements the switch would cost more than it gives.
    static constexpr int64_t worthwhile = int64_t{1} << 15;
    explicit WithoutGil(int64_t elements) : state_(elements >= worthwhile ? PyEval_SaveThread() : nullptr) {}
    WithoutGil(const WithoutGil&) = delete;
    WithoutGil& operator=(const WithoutGil&) = delete;
    ~WithoutGil() {
        if (state_ != nullptr) PyEval_RestoreThread(state_);
    }

  private:
    PyThreadState* state_;
};

}  // namespace nd::bind

namespace nanobind::detail {

// As for a class that nanobind made: references point into the Python object.
template <>
struct type_caster<nd::Array> : type_caster_base_tag {
    using Value = nd::Array;
    static constexpr auto Name = const_name("nd4py._core.NDArray");
    template <typename T>
    using Cast = precise_cast_t<T>;
    template <typename T>
    bool can_cast() const noexcept {
        return value != nullptr;
    }

    bool from_python(handle source, uint32_t, cleanup_list*) noexcept {
        if (!nd::bind::is_ndarray(source.ptr())) return false;
        value = &nd::bind::array_of(source.ptr());
        return true;
    }
    static handle from_cpp(nd::Array&& array, rv_policy, cleanup_list*) noexcept {
        return nd::bind::guarded([&] { return nd::bind::wrap(std::move(array)); });
    }
    static handle from_cpp(const nd::Array& array, rv_policy policy, cleanup_list* cleanup) noexcept {
        return from_cpp(nd::Array(array), policy, cleanup);
    }

    explicit operator Value*() { return value; }
    explicit operator Value&() { return *value; }
    explicit operator Value&&() { return std::move(*value); }
    Value* value = nullptr;
};

}  // namespace nanobind::detail
