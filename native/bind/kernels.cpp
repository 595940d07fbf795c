#include "bind/kernels.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include "bind/arguments.hpp"
#include "bind/ndarray.hpp"
#include "core/cpu.hpp"
#include "core/errors.hpp"
#include "core/kernel_cache.hpp"
#include "core/table.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace nd::bind {
namespace {

void set_table(nb::handle capsule) {
    if (capsule.is_none()) return set_active_table(nullptr);
    const auto* table = static_cast<const nd_kernel_table*>(PyCapsule_GetPointer(capsule.ptr(), ND_CAPSULE_NAME));
    if (table == nullptr) throw nb::python_error();
    set_active_table(table);
}

nb::dict table_info() {
    nb::dict info;
    const nd_kernel_table* table = active_table();
    if (table == nullptr) return info;
    info["isa"] = table->isa;
    info["libraries"] = table->libraries;
    nb::list kernels;
    for (int64_t i = 0; i < table->n_kernels; ++i) kernels.append(table->kernels[i].name);
    info["kernels"] = nb::tuple(kernels);
    nb::list loops;
    for (int op = 0; op < ND_UNARY_COUNT; ++op) loops.append(unary_name(op));
    for (int op = 0; op < ND_BINARY_COUNT; ++op) loops.append(binary_name(op));
    info["loops"] = nb::tuple(loops);
    info["threads"] = table->get_num_threads();
    return info;
}

// A list or tuple without a copy.
nb::object items_of(nb::handle sequence, const char* what) {
    const nb::object items = nb::steal(PySequence_Fast(sequence.ptr(), what));
    if (!items.is_valid()) throw nb::python_error();
    return items;
}

struct Arrays {
    std::vector<Array*> items;
    int64_t elements = 0;
};

Arrays arrays_of(const char* name, nb::handle sequence, bool optional) {
    Arrays arrays;
    const nb::object held = items_of(sequence, "run_kernel: expected a sequence of arrays");
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(held.ptr()); ++i) {
        PyObject* item = PySequence_Fast_GET_ITEM(held.ptr(), i);
        if (is_ndarray(item)) {
            arrays.items.push_back(&array_of(item));
            arrays.elements += array_of(item).numel;
        } else if (optional && item == Py_None) {
            arrays.items.push_back(nullptr);
        } else {
            throw TypeError(std::string(name) + ": expected NDArray" + (optional ? " or None" : "") + " at position " +
                            std::to_string(i) + ", received " + Py_TYPE(item)->tp_name);
        }
    }
    return arrays;
}

std::vector<OutputSpec> specs_of(nb::handle sequence) {
    std::vector<OutputSpec> specs;
    const nb::object held = items_of(sequence, "run_kernel: expected a sequence of (dtype, shape)");
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(held.ptr()); ++i) {
        const nb::object spec = items_of(PySequence_Fast_GET_ITEM(held.ptr(), i), "run_kernel: expected (dtype, shape)");
        if (PySequence_Fast_GET_SIZE(spec.ptr()) != 2) throw TypeError("run_kernel: expected (dtype, shape)");
        PyObject* dtype = PySequence_Fast_GET_ITEM(spec.ptr(), 0);
        const int64_t code = PyLong_Check(dtype) ? integer_argument("dtype", dtype) : dtype_argument(dtype);
        if (code < 0 || code >= ND_DTYPE_COUNT) throw std::invalid_argument("run_kernel: unknown dtype code");
        specs.push_back({static_cast<int>(code), dims_argument("shape", PySequence_Fast_GET_ITEM(spec.ptr(), 1))});
    }
    return specs;
}

struct Attributes {
    std::vector<int64_t> ints;
    std::vector<double> reals;
};

Attributes attributes_of(const char* name, nb::handle ints, nb::handle reals) {
    Attributes attributes;
    const nb::object int_items = items_of(ints, "run_kernel: expected a sequence of integers");
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(int_items.ptr()); ++i) {
        attributes.ints.push_back(integer_argument(name, PySequence_Fast_GET_ITEM(int_items.ptr(), i)));
    }
    const nb::object real_items = items_of(reals, "run_kernel: expected a sequence of numbers");
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(real_items.ptr()); ++i) {
        const double value = PyFloat_AsDouble(PySequence_Fast_GET_ITEM(real_items.ptr(), i));
        if (value == -1.0 && PyErr_Occurred() != nullptr) throw nb::python_error();
        attributes.reals.push_back(value);
    }
    return attributes;
}

nb::object run(const char* name, nb::handle inputs, nb::handle out_specs, nb::handle ints, nb::handle reals) {
    if (active_table() == nullptr) return nb::none();
    const Arrays given = arrays_of(name, inputs, true);
    const std::vector<OutputSpec> specs = specs_of(out_specs);
    const Attributes attributes = attributes_of(name, ints, reals);
    std::optional<std::vector<Array>> results;
    {
        const WithoutGil unlocked(given.elements);
        results = run_kernel(name, given.items, specs, attributes.ints, attributes.reals);
    }
    if (!results) return nb::none();
    nb::list list;
    for (Array& result : *results) list.append(std::move(result));
    return list;
}

bool run_into(const char* name, nb::handle inputs, nb::handle outputs, nb::handle ints, nb::handle reals) {
    if (active_table() == nullptr) return false;
    const Arrays given = arrays_of(name, inputs, true);
    const Arrays targets = arrays_of(name, outputs, false);
    for (const Array* target : targets.items) {
        if (target->readonly) throw std::invalid_argument(std::string(name) + ": an output array is read-only");
    }
    const Attributes attributes = attributes_of(name, ints, reals);
    const WithoutGil unlocked(given.elements);
    return run_kernel_into(name, given.items, targets.items, attributes.ints, attributes.reals);
}

nb::frozenset features() {
    nb::list names;
    for (const char* name : cpu_features()) names.append(name);
    return nb::frozenset(names);
}

}  // namespace

void define_kernels(nb::module_& module) {
    module.attr("ABI_VERSION") = ND_ABI_VERSION;
    module.def("set_table", set_table, "capsule"_a.none(),
               "Makes a backend's kernel table the active one; None leaves only the reference.");
    module.def("table_info", table_info,
               "What the active table is: isa, libraries, kernels, loops, threads; empty without one.");
    module.def("cpu_features", features,
               "Instruction sets that the CPU has and the system supports, named as in /proc/cpuinfo.");
    module.def(
        "set_num_threads",
        [](int count) {
            if (count < 1)
                throw std::invalid_argument("set_num_threads: expected at least 1, received " + std::to_string(count));
            if (const nd_kernel_table* table = active_table()) table->set_num_threads(count);
        },
        "count"_a, "Threads that kernels of the active table use.");
    module.def(
        "get_num_threads",
        [] {
            const nd_kernel_table* table = active_table();
            return table != nullptr ? table->get_num_threads() : 1;
        },
        "Threads that kernels of the active table use; 1 without one.");
    module.def("run_kernel", run, "name"_a, "inputs"_a, "out_specs"_a, "ints"_a, "reals"_a,
               "Runs a prepared kernel on arrays; None when the active table cannot. Kernels are kept prepared per shape.");
    module.def("run_kernel_into", run_into, "name"_a, "inputs"_a, "outputs"_a, "ints"_a, "reals"_a,
               "The same, writing into arrays that exist: for kernels that work in place. False when the table cannot.");
}

}  // namespace nd::bind
