// PlanBuilder and Plan for Python.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <cstring>

#include "bind/ndarray.hpp"
#include "bind/plan.hpp"
#include "core/errors.hpp"
#include "core/table.hpp"
#include "graph/plan.hpp"

namespace nd::bind {
namespace {

namespace nb = nanobind;
using namespace nb::literals;

constexpr size_t kMaxArguments = 64;

// The NumPy reference of an operation, called from a running plan.
struct PythonCallback final : PlanCallback {
    nb::object function;

    explicit PythonCallback(nb::object f) : function(std::move(f)) {}
    ~PythonCallback() override {
        const nb::gil_scoped_acquire gil;
        function.reset();
    }
    std::vector<Array> call(const std::vector<Array>& inputs) override {
        const nb::gil_scoped_acquire gil;
        nb::list arguments;
        for (const Array& a : inputs) arguments.append(nb::cast(a));
        const nb::object result = function(*nb::tuple(arguments));
        std::vector<Array> values;
        if (nb::isinstance<nb::tuple>(result) || nb::isinstance<nb::list>(result)) {
            for (const nb::handle item : result) values.push_back(nb::cast<Array&>(item));
        } else {
            values.push_back(nb::cast<Array&>(result));
        }
        return values;
    }
};

Dims dims(const std::vector<int64_t>& items) { return {items.data(), static_cast<int>(items.size())}; }

nb::tuple tuple_of(const Dims& d) {
    nb::list items;
    for (const int64_t extent : d) items.append(extent);
    return nb::tuple(items);
}

std::vector<int> indices(const std::vector<std::optional<int>>& items) {
    std::vector<int> out;
    for (const auto& item : items) out.push_back(item.value_or(-1));
    return out;
}

// Everything run() needs from Python, gathered with the GIL held.
struct Arguments {
    std::array<const Array*, kMaxArguments> inputs;
    std::array<int64_t, kMaxArguments> scalars;

    Arguments(const Plan& plan, const nb::tuple& given, const nb::tuple& values) {
        if (given.size() > kMaxArguments || values.size() > kMaxArguments) {
            throw std::invalid_argument("a plan takes at most 64 inputs and 64 scalars");
        }
        if (values.size() != plan.scalar_count()) {
            throw std::invalid_argument("the plan takes " + std::to_string(plan.scalar_count()) + " scalars; received " +
                                        std::to_string(values.size()));
        }
        for (size_t i = 0; i < given.size(); ++i) {
            PyObject* item = PyTuple_GET_ITEM(given.ptr(), static_cast<Py_ssize_t>(i));
            if (!is_ndarray(item)) {
                throw TypeError("input " + std::to_string(i) + ": expected an NDArray, received " + Py_TYPE(item)->tp_name);
            }
            inputs[i] = &array_of(item);
        }
        plan.check_inputs({inputs.data(), given.size()});
        for (size_t i = 0; i < values.size(); ++i) {
            PyObject* value = values[i].ptr();
            if (plan.scalar_is_integer(i)) {
                scalars[i] = PyLong_AsLongLong(value);
            } else {
                const double real = PyFloat_AsDouble(value);
                std::memcpy(&scalars[i], &real, sizeof real);
            }
            if (PyErr_Occurred() != nullptr) throw nb::python_error();
        }
    }
};

std::vector<Array> run_released(const Plan& plan, const nb::tuple& inputs, const nb::tuple& scalars) {
    const Arguments arguments(plan, inputs, scalars);
    const nb::gil_scoped_release release;
    return plan.run({arguments.inputs.data(), inputs.size()}, {arguments.scalars.data(), scalars.size()});
}

nb::tuple run(const Plan& plan, const nb::tuple& inputs, const nb::tuple& scalars) {
    std::vector<Array> results = run_released(plan, inputs, scalars);
    PyObject* out = PyTuple_New(static_cast<Py_ssize_t>(results.size()));
    if (out == nullptr) throw nb::python_error();
    for (size_t i = 0; i < results.size(); ++i) {
        PyTuple_SET_ITEM(out, static_cast<Py_ssize_t>(i), nb::cast(std::move(results[i])).release().ptr());
    }
    return nb::steal<nb::tuple>(out);
}

std::vector<double> profile(const Plan& plan, const nb::tuple& inputs, const nb::tuple& scalars, int repeats) {
    if (repeats < 1) throw std::invalid_argument("repeats must be at least 1");
    const Arguments arguments(plan, inputs, scalars);
    const nb::gil_scoped_release release;
    return plan.profile({arguments.inputs.data(), inputs.size()}, {arguments.scalars.data(), scalars.size()}, repeats);
}

nb::list explain(const Plan& plan) {
    nb::list steps;
    const auto shapes = [&](const std::vector<int>& buffers) {
        nb::list list;
        for (const int b : buffers) {
            if (b < 0) {
                list.append(nb::none());
            } else {
                list.append(tuple_of(plan.buffers()[static_cast<size_t>(b)].shape));
            }
        }
        return list;
    };
    for (const PlanStep& step : plan.steps()) {
        nb::dict entry;
        entry["kernel"] = step.kernel;
        entry["label"] = step.label;
        entry["python"] = step.callback != nullptr;
        entry["blocked"] = step.blocked;
        entry["inputs"] = shapes(step.in_buffers);
        entry["outputs"] = shapes(step.out_buffers);
        entry["scratch_bytes"] = step.callback ? 0 : step.prepared.scratch_bytes;
        steps.append(entry);
    }
    return steps;
}

// (buffer, arena offset, bytes, first step, last step, buffer whose memory it continues or None) of every temporary.
nb::list memory(const Plan& plan) {
    nb::list rows;
    for (size_t i = 0; i < plan.buffers().size(); ++i) {
        const PlanBuffer& b = plan.buffers()[i];
        if (b.kind != PlanBuffer::Kind::kTemp || b.output || b.first < 0) continue;
        const nb::object shares = b.shares >= 0 ? nb::cast(b.shares) : nb::none();
        rows.append(nb::make_tuple(i, b.arena, b.bytes, b.first, b.last, shares));
    }
    return rows;
}

// (kind, code) of an operation's instruction in a fused program, None where it has none.
nb::object elementwise_code(const char* name) {
    if (const int op = find_unary(name); op >= 0) return nb::make_tuple(static_cast<int>(ND_FUSED_UNARY), op);
    if (const int op = find_binary(name); op >= 0) return nb::make_tuple(static_cast<int>(ND_FUSED_BINARY), op);
    if (std::strcmp(name, "where") == 0) return nb::make_tuple(static_cast<int>(ND_FUSED_SELECT), 0);
    return nb::none();
}

}  // namespace

void bind_plan(nb::module_& module) {
    nb::exception<NumericsError>(module, "NumericsError", PyExc_ArithmeticError);
    module.def("elementwise_code", &elementwise_code, "name"_a,
               "(kind, code) of an operation's instruction in a fused program, or None.");
    nb::class_<Plan>(module, "Plan", "A compiled sequence of kernel calls on a planned arena. Immutable and re-entrant.")
        .def("run", &run, "inputs"_a, "scalars"_a = nb::tuple(),
             "Runs the plan with the GIL released and returns its outputs as fresh arrays.")
        .def("profile", &profile, "inputs"_a, "scalars"_a = nb::tuple(), "repeats"_a = 100,
             "Median microseconds of each step over `repeats` runs; arrays that the plan updates are updated each time.")
        .def("explain", &explain, "One dictionary per step: kernel, label, shapes, blocked layout, Python callback.")
        .def("memory", &memory, "(buffer, offset, bytes, first step, last step, continues) of every temporary.")
        .def_prop_ro("arena_bytes", &Plan::arena_bytes);

    nb::class_<PlanBuilder>(module, "PlanBuilder", "Records kernel calls and builds a Plan.")
        .def(
            "__init__",
            [](PlanBuilder* self, bool check_numerics) { new (self) PlanBuilder(active_table(), check_numerics); },
            "check_numerics"_a = false)
        .def(
            "input", [](PlanBuilder& b, int dtype, const std::vector<int64_t>& shape) { return b.input(dtype, dims(shape)); },
            "dtype"_a, "shape"_a)
        .def("scalar", &PlanBuilder::scalar, "dtype"_a)
        .def("array", &PlanBuilder::array, "array"_a, "constant"_a = false)
        .def(
            "temp", [](PlanBuilder& b, int dtype, const std::vector<int64_t>& shape) { return b.temp(dtype, dims(shape)); },
            "dtype"_a, "shape"_a)
        .def(
            "view",
            [](PlanBuilder& b, int buffer, const std::vector<int64_t>& shape, const std::vector<int64_t>& strides,
               int64_t offset) { return b.view(buffer, dims(shape), dims(strides), offset); },
            "buffer"_a, "shape"_a, "strides"_a, "offset"_a = 0)
        .def("label", &PlanBuilder::label, "text"_a)
        .def(
            "step",
            [](PlanBuilder& b, const std::string& kernel, const std::vector<std::optional<int>>& in,
               const std::vector<std::optional<int>>& out, const std::vector<int64_t>& ints,
               const std::vector<double>& reals) { return b.step(kernel, indices(in), indices(out), ints, reals); },
            "kernel"_a, "inputs"_a, "outputs"_a, "ints"_a = std::vector<int64_t>(), "reals"_a = std::vector<double>())
        .def(
            "python_step",
            [](PlanBuilder& b, const std::string& name, nb::object function, const std::vector<std::optional<int>>& in,
               const std::vector<int>& out) {
                b.callback(name, std::make_unique<PythonCallback>(std::move(function)), indices(in), out);
            },
            "name"_a, "function"_a, "inputs"_a, "outputs"_a)
        .def("output", &PlanBuilder::output, "buffer"_a)
        .def("build", &PlanBuilder::build);
}

}  // namespace nd::bind
