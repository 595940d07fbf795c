#include "bind/dlpack.hpp"

#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>

#include "core/copy.hpp"
#include "core/errors.hpp"

namespace nb = nanobind;

namespace nd::bind {
namespace {

// The structures of the DLPack specification, version 1.1.
struct DLDevice {
    int32_t device_type;
    int32_t device_id;
};
struct DLDataType {
    uint8_t code;
    uint8_t bits;
    uint16_t lanes;
};
struct DLTensor {
    void* data;
    DLDevice device;
    int32_t ndim;
    DLDataType dtype;
    int64_t* shape;
    int64_t* strides;
    uint64_t byte_offset;
};
struct DLManagedTensor {
    DLTensor dl_tensor;
    void* manager_ctx;
    void (*deleter)(DLManagedTensor* self);
};
struct DLPackVersion {
    uint32_t major;
    uint32_t minor;
};
struct DLManagedTensorVersioned {
    DLPackVersion version;
    void* manager_ctx;
    void (*deleter)(DLManagedTensorVersioned* self);
    uint64_t flags;
    DLTensor dl_tensor;
};

constexpr int32_t cpu = 1;
constexpr uint64_t flag_read_only = 1;
constexpr uint64_t flag_copied = 2;
enum TypeCode : uint8_t { code_int = 0, code_uint = 1, code_float = 2, code_bfloat = 4, code_complex = 5, code_bool = 6 };

constexpr const char* legacy_name = "dltensor";
constexpr const char* versioned_name = "dltensor_versioned";

[[noreturn]] void throw_buffer_error(const std::string& message) {
    PyErr_SetString(PyExc_BufferError, message.c_str());
    throw nb::python_error();
}

TypeCode code_of(int dtype) {
    switch (kind_of(dtype)) {
        case Kind::boolean: return code_bool;
        case Kind::signed_integer: return code_int;
        case Kind::unsigned_integer: return code_uint;
        case Kind::complex: return code_complex;
        case Kind::floating: return dtype == ND_BFLOAT16 ? code_bfloat : code_float;
        default: throw_buffer_error("__dlpack__: DLPack has no text; an array of utf8 cannot be exported");
    }
}

int dtype_of(const DLDataType& type) {
    if (type.lanes == 1) {
        for (int dtype = 0; dtype < ND_UTF8; ++dtype) {
            if (code_of(dtype) == type.code && item_size(dtype) * 8 == type.bits) return dtype;
        }
    }
    throw_buffer_error("from_dlpack: nd4py has no element type for DLPack code " + std::to_string(type.code) + " with " +
                       std::to_string(type.bits) + " bits and " + std::to_string(type.lanes) + " lanes");
}

// --------------------------------------------------------------------------------------------------------------- export

// What a capsule keeps alive.
template <class Managed>
struct Export {
    Managed managed;
    Array array;
    Dims strides;  // some consumers change the array they were given
    Dims shape;
};

template <class Managed>
void delete_export(Managed* managed) {
    delete static_cast<Export<Managed>*>(managed->manager_ctx);
}

template <class Managed>
void destroy_capsule(PyObject* capsule) {
    const char* name = PyCapsule_GetName(capsule);
    const bool unused = name != nullptr && (std::strcmp(name, legacy_name) == 0 || std::strcmp(name, versioned_name) == 0);
    if (!unused) return;  // a consumer took it over and renamed the capsule
    auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, name));
    if (managed != nullptr && managed->deleter != nullptr) managed->deleter(managed);
}

template <class Managed>
nb::object export_as(const char* name, const Array& array, uint64_t flags) {
    auto exported = std::make_unique<Export<Managed>>(Export<Managed>{{}, array, array.strides, array.shape});
    Managed& managed = exported->managed;
    managed.manager_ctx = exported.get();
    managed.deleter = delete_export<Managed>;
    managed.dl_tensor = {array.data,
                         {cpu, 0},
                         array.ndim(),
                         {static_cast<uint8_t>(code_of(array.dtype)), static_cast<uint8_t>(array.itemsize() * 8), 1},
                         exported->shape.data(),
                         exported->strides.data(),
                         0};
    if constexpr (std::is_same_v<Managed, DLManagedTensorVersioned>) {
        managed.version = {1, 1};
        managed.flags = flags;
    } else {
        (void)flags;
    }
    PyObject* capsule = PyCapsule_New(&managed, name, destroy_capsule<Managed>);
    if (capsule == nullptr) throw nb::python_error();
    exported.release();
    return nb::steal(capsule);
}

// --------------------------------------------------------------------------------------------------------------- import

template <class Managed>
void release_import(Storage* storage) noexcept {
    auto* managed = static_cast<Managed*>(storage->owner);
    if (managed->deleter != nullptr && Py_IsInitialized()) {
        const PyGILState_STATE state = PyGILState_Ensure();  // a producer's deleter may touch Python objects
        managed->deleter(managed);
        PyGILState_Release(state);
    }
    delete storage;
}

template <class Managed>
Array import_from(PyObject* capsule, const char* name, const char* used_name) {
    auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, name));
    if (managed == nullptr) throw nb::python_error();
    bool readonly = false;
    if constexpr (std::is_same_v<Managed, DLManagedTensorVersioned>) {
        if (managed->version.major != 1) {
            throw_buffer_error("from_dlpack: expected DLPack version 1.x, received " +
                               std::to_string(managed->version.major) + "." + std::to_string(managed->version.minor));
        }
        readonly = (managed->flags & flag_read_only) != 0;
    }
    const DLTensor& tensor = managed->dl_tensor;
    if (tensor.device.device_type != cpu) throw_buffer_error("from_dlpack: the memory is not on the CPU");
    if (tensor.ndim < 0 || tensor.ndim > ND_MAX_NDIM) throw_buffer_error("from_dlpack: expected at most 32 dimensions");
    const int dtype = dtype_of(tensor.dtype);
    Dims shape(tensor.shape, tensor.ndim);
    const int64_t numel = checked_numel(shape, item_size(dtype));
    Dims strides = tensor.strides != nullptr ? Dims(tensor.strides, tensor.ndim) : contiguous_strides(shape);
    char* data = static_cast<char*>(tensor.data) + tensor.byte_offset;
    if (numel > 0 &&
        reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(std::min<int64_t>(item_size(dtype), 8)) != 0) {
        throw_buffer_error("from_dlpack: the memory is not aligned to its element type");
    }
    if (PyCapsule_SetName(capsule, used_name) < 0) throw nb::python_error();
    StorageRef storage =
        foreign_storage(data, static_cast<size_t>(numel * item_size(dtype)), managed, release_import<Managed>);
    return Array::over(std::move(storage), data, dtype, std::move(shape), std::move(strides), readonly);
}

nb::object ask_for_capsule(nb::handle source, nb::handle copy) {
    const nb::object device = source.attr("__dlpack_device__")();
    if (nb::cast<int>(device[0]) != cpu) {
        throw_buffer_error("from_dlpack: expected memory on the CPU; move the array to the CPU first");
    }
    nb::dict options;
    options["max_version"] = nb::make_tuple(1, 1);
    if (!copy.is_none()) options["copy"] = copy;
    try {
        return source.attr("__dlpack__")(**options);
    } catch (nb::python_error& error) {
        if (!error.matches(PyExc_TypeError)) throw;  // a producer that knows neither keyword
    }
    return source.attr("__dlpack__")();
}

}  // namespace

Array from_dlpack(nb::handle source, nb::handle copy) {
    const bool is_capsule = PyCapsule_CheckExact(source.ptr()) != 0;
    if (!is_capsule && !nb::hasattr(source, "__dlpack__")) {
        throw TypeError(std::string("from_dlpack: expected an object with __dlpack__, received ") +
                        Py_TYPE(source.ptr())->tp_name);
    }
    const nb::object capsule = is_capsule ? nb::borrow(source) : ask_for_capsule(source, copy);
    const char* name = PyCapsule_CheckExact(capsule.ptr()) ? PyCapsule_GetName(capsule.ptr()) : nullptr;
    Array array;
    if (name != nullptr && std::strcmp(name, versioned_name) == 0) {
        array = import_from<DLManagedTensorVersioned>(capsule.ptr(), versioned_name, "used_dltensor_versioned");
    } else if (name != nullptr && std::strcmp(name, legacy_name) == 0) {
        array = import_from<DLManagedTensor>(capsule.ptr(), legacy_name, "used_dltensor");
    } else {
        PyErr_Clear();
        throw_buffer_error("from_dlpack: expected an unused DLPack capsule");
    }
    const bool copy_wanted = !copy.is_none() && PyObject_IsTrue(copy.ptr()) == 1;
    return copy_wanted ? copied(array, 'k') : array;
}

nb::object to_dlpack(const Array& array, nb::handle stream, nb::handle max_version, nb::handle dl_device, nb::handle copy) {
    if (!stream.is_none()) throw_buffer_error("__dlpack__: an array on the CPU has no stream; pass None");
    if (!dl_device.is_none() && nb::cast<int>(dl_device[0]) != cpu) {
        throw_buffer_error("__dlpack__: the array is on the CPU and cannot be exported to another device");
    }
    (void)code_of(array.dtype);
    const bool must_copy = !copy.is_none() && PyObject_IsTrue(copy.ptr()) == 1;
    const Array exported = must_copy ? copied(array, 'k') : array;
    const bool versioned = !max_version.is_none() && nb::cast<int>(max_version[0]) >= 1;
    if (versioned) {
        const uint64_t flags = (exported.readonly ? flag_read_only : 0) | (must_copy ? flag_copied : 0);
        return export_as<DLManagedTensorVersioned>(versioned_name, exported, flags);
    }
    if (exported.readonly) {
        throw_buffer_error("__dlpack__: a read-only array needs a consumer of DLPack 1.0 or newer (max_version)");
    }
    return export_as<DLManagedTensor>(legacy_name, exported, 0);
}

}  // namespace nd::bind
