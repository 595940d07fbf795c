// The extension module nd4py._core.
#include <nanobind/nanobind.h>

#include <cstring>
#include <stdexcept>

#include "bind/arguments.hpp"
#include "bind/dlpack.hpp"
#include "bind/function.hpp"
#include "bind/kernels.hpp"
#include "bind/methods.hpp"
#include "bind/ndarray.hpp"
#include "bind/numpy.hpp"
#include "bind/operators.hpp"
#include "bind/parsing.hpp"
#include "bind/plan.hpp"
#include "bind/scalars.hpp"
#include "core/copy.hpp"
#include "core/errors.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace nd::bind {
namespace {

char creation_order(const char* what, const char* order) { return order_argument(what, order) == 'f' ? 'f' : 'c'; }

Array full(nb::handle shape, nb::handle value, nb::handle dtype, const char* order) {
    const int code = dtype_argument(dtype);
    Array array = Array::empty(code, dims_argument("full", shape), creation_order("full", order));
    const auto scalar = scalar_of(value.ptr());
    copy_into("full", array, scalar ? array_of_scalar(*scalar, code) : from_anything(value.ptr()));
    return array;
}

// Element types, arrays and Python scalars to the element type they meet in.
nb::object result_type(const nb::args& operands) {
    int common = -1;
    for (const nb::handle operand : operands) {
        if (scalar_of(operand.ptr())) continue;
        const int dtype = is_ndarray(operand.ptr()) ? array_of(operand.ptr()).dtype
                          : is_numpy_array(operand.ptr()) || is_numpy_scalar(operand.ptr())
                              ? from_anything(operand.ptr()).dtype
                              : dtype_argument(operand);
        const int next = common < 0 ? dtype : promote(common, dtype);
        if (next < 0)
            throw TypeError(std::string("result_type: ") + dtype_name(common) + " and " + dtype_name(dtype) +
                            " have no common element type");
        common = next;
    }
    for (const nb::handle operand : operands) {
        const auto scalar = scalar_of(operand.ptr());
        if (!scalar) continue;
        if (common < 0) throw std::invalid_argument("result_type: expected at least one array or element type");
        const int next = promote_weak(common, scalar->kind);
        if (next < 0)
            throw TypeError(std::string("result_type: ") + dtype_name(common) + " does not combine with " +
                            Py_TYPE(operand.ptr())->tp_name);
        common = next;
    }
    if (common < 0) throw std::invalid_argument("result_type: expected at least one array or element type");
    PyObject* object = dtype_object(common);
    if (object == nullptr) throw nb::python_error();
    return nb::borrow(object);
}

void translate_type_error(const std::exception_ptr& exception, void*) {
    try {
        std::rethrow_exception(exception);
    } catch (const TypeError& error) {
        PyErr_SetString(PyExc_TypeError, error.what());
    }
}

void define_creation(nb::module_& module) {
    module.def("register_dtypes", register_dtypes, "all"_a, "resolve"_a,
               "Tells the core the DType objects, in the order of their codes, and what turns a name into one.");
    module.def(
        "set_reference", [](nb::handle callable) { set_reference(callable.ptr()); }, "callable"_a.none(),
        "callable(op_name, *arrays) -> array: what runs where the active table has no kernel.");
    module.def(
        "empty",
        [](nb::handle shape, nb::handle dtype, const char* order) {
            return Array::empty(dtype_argument(dtype), dims_argument("empty", shape), creation_order("empty", order));
        },
        "shape"_a, "dtype"_a, "order"_a = "c", "An array whose elements have no particular value.");
    module.def(
        "zeros",
        [](nb::handle shape, nb::handle dtype, const char* order) {
            return Array::zeros(dtype_argument(dtype), dims_argument("zeros", shape), creation_order("zeros", order));
        },
        "shape"_a, "dtype"_a, "order"_a = "c", "An array of zeros; of empty strings for utf8.");
    module.def("full", full, "shape"_a, "value"_a, "dtype"_a, "order"_a = "c", "An array of one value.");
    module.def(
        "from_numpy", [](nb::handle array, bool copy) { return from_numpy(array.ptr(), copy); }, "array"_a, "copy"_a = false,
        "An NDArray over the memory of a NumPy array, which it keeps alive; a copy on request, and for text or memory\n"
        "that no NDArray can describe. Raises TypeError for an element type that nd4py lacks.");
    module.def("from_dlpack", from_dlpack, "source"_a, "copy"_a = nb::none(),
               "An NDArray over the memory that `source.__dlpack__()` exports. Raises BufferError when it cannot be shared.");
    module.def(
        "as_ndarray", [](nb::handle value) { return from_anything(value.ptr()); }, "value"_a,
        "The NDArray itself, or one over what numpy.asarray makes of the value.");
    module.def("result_type", result_type, "operands"_a,
               "The element type that arrays, element types and (weak) Python scalars are computed in.");
}

}  // namespace
}  // namespace nd::bind

NB_MODULE(_core, module) {
    nb::set_leak_warnings(false);  // arrays in module globals outlive the interpreter; that is no leak
    module.attr("__version__") = ND4PY_VERSION;
    nd::bind::import_numpy();
    nb::register_exception_translator(nd::bind::translate_type_error);
    nd::bind::define_ndarray(module);
    nd::bind::define_methods();
    nd::bind::define_function(module);
    nd::bind::define_creation(module);
    nd::bind::define_kernels(module);
    nd::bind::bind_plan(module);
    nd::bind::define_parsing(module);
}
