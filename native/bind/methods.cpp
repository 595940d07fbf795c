#include "bind/methods.hpp"

#include <nanobind/nanobind.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "bind/arguments.hpp"
#include "bind/dlpack.hpp"
#include "bind/ndarray.hpp"
#include "bind/numpy.hpp"
#include "bind/operators.hpp"
#include "bind/scalars.hpp"
#include "core/copy.hpp"
#include "core/elementwise.hpp"
#include "core/errors.hpp"
#include "core/views.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace nd::bind {
namespace {

template <class Function, class... Extra>
void def(const char* name, Function&& function, const Extra&... extra) {
    const nb::handle type(reinterpret_cast<PyObject*>(ndarray_type));
    nb::cpp_function_def(std::forward<Function>(function), nb::scope(type), nb::name(name), nb::is_method(), extra...);
}

nb::object result_of(const char* name, PyObject* result, nb::handle other) {
    if (result == nullptr) throw nb::python_error();
    nb::object owned = nb::steal(result);
    if (owned.ptr() == Py_NotImplemented) {
        throw TypeError(std::string(name) + ": expected an array or a number, received " + Py_TYPE(other.ptr())->tp_name);
    }
    return owned;
}

// ----------------------------------------------------------------------------------------------------------- arithmetic

struct ArithmeticMethod {
    const char* name;
    int op;
    bool reversed, in_place;
    const char* doc;
};

constexpr ArithmeticMethod arithmetic[] = {
    {"add", ND_BINARY_add, false, false, "`self + other` (`INDArray.add`)."},
    {"sub", ND_BINARY_sub, false, false, "`self - other` (`INDArray.sub`)."},
    {"mul", ND_BINARY_mul, false, false, "`self * other`, element by element (`INDArray.mul`)."},
    {"div", ND_BINARY_div, false, false,
     "`self / other` (`INDArray.div`): integers divide as integers, rounding toward zero; the `/` operator does not."},
    {"rsub", ND_BINARY_sub, true, false, "`other - self` (`INDArray.rsub`)."},
    {"rdiv", ND_BINARY_div, true, false, "`other / self` (`INDArray.rdiv`); integers as in `div`."},
    {"fmod", ND_BINARY_fmod, false, false, "Remainder with the sign of `self` (`INDArray.fmod`)."},
    {"addi", ND_BINARY_add, false, true, "`self += other`; returns `self` (`INDArray.addi`)."},
    {"subi", ND_BINARY_sub, false, true, "`self -= other`; returns `self` (`INDArray.subi`)."},
    {"muli", ND_BINARY_mul, false, true, "`self *= other`; returns `self` (`INDArray.muli`)."},
    {"divi", ND_BINARY_div, false, true, "`self` divided by `other` in place, as `div`; returns `self` (`INDArray.divi`)."},
    {"rsubi", ND_BINARY_sub, true, true, "`self = other - self` in place; returns `self` (`INDArray.rsubi`)."},
    {"rdivi", ND_BINARY_div, true, true, "`self = other / self` in place; returns `self` (`INDArray.rdivi`)."},
    {"fmodi", ND_BINARY_fmod, false, true, "`fmod` in place; returns `self` (`INDArray.fmodi`)."},
    {"eq", ND_BINARY_eq, false, false, "`self == other` as a bool array (`INDArray.eq`)."},
    {"neq", ND_BINARY_neq, false, false, "`self != other` as a bool array (`INDArray.neq`)."},
    {"lt", ND_BINARY_lt, false, false, "`self < other` as a bool array (`INDArray.lt`)."},
    {"lte", ND_BINARY_lte, false, false, "`self <= other` as a bool array (`INDArray.lte`)."},
    {"gt", ND_BINARY_gt, false, false, "`self > other` as a bool array (`INDArray.gt`)."},
    {"gte", ND_BINARY_gte, false, false, "`self >= other` as a bool array (`INDArray.gte`)."},
};

void define_arithmetic() {
    for (const ArithmeticMethod& method : arithmetic) {
        def(
            method.name,
            [method](nb::handle self, nb::handle other) {
                PyObject* x = self.ptr();
                PyObject* y = other.ptr();
                PyObject* result = nullptr;
                if (method.in_place) {
                    result = method.reversed ? in_place_reversed(method.op, x, y) : in_place(method.op, x, y);
                } else {
                    result = method.reversed ? binary(method.op, y, x) : binary(method.op, x, y);
                }
                return result_of(method.name, result, other);
            },
            "other"_a, method.doc);
    }
    def(
        "neg", [](nb::handle self) { return result_of("neg", unary(ND_UNARY_neg, self.ptr()), self); },
        "`-self` (`INDArray.neg`).");
    def(
        "negi",
        [](nb::handle self) {
            const nb::object negated = result_of("negi", unary(ND_UNARY_neg, self.ptr()), self);
            copy_into("negi", array_of(self.ptr()), array_of(negated.ptr()));
            return nb::borrow(self);
        },
        "`self = -self` in place; returns `self` (`INDArray.negi`).");
    def(
        "mmul", [](nb::handle self, nb::handle other) { return result_of("mmul", matmul(self.ptr(), other.ptr()), other); },
        "other"_a, "Matrix product, the same as `self @ other` (`INDArray.mmul`).");
}

// --------------------------------------------------------------------------------------------------------------- shapes

void define_shapes() {
    def(
        "reshape",
        [](const Array& self, const nb::args& shape, const char* order) {
            return reshaped(self, dims_arguments("reshape", shape), order_argument("reshape", order) == 'f' ? 'f' : 'c');
        },
        "shape"_a, nb::kw_only(), "order"_a = "c",
        "The elements in another shape, read and placed in `order` ('c' or 'f'); a view where possible\n"
        "(`INDArray.reshape`). One extent may be -1.\n\nRaises:\n    ValueError: the sizes differ.");
    def(
        "ravel",
        [](const Array& self, const char* order) {
            const char wanted = order_argument("ravel", order);
            const char used = wanted == 'k' ? (self.f_contiguous && !self.c_contiguous ? 'f' : 'c') : wanted;
            return reshaped(self, Dims({-1}), used);
        },
        "order"_a = "c", "All elements in one dimension; a view where possible (`INDArray.ravel`).");
    def(
        "transpose",
        [](const Array& self, const nb::args& axes) {
            if (axes.size() == 0 || (axes.size() == 1 && axes[0].is_none())) return transposed(self);
            return permuted(self, dims_arguments("transpose", axes));
        },
        "axes"_a, "The view with its axes in the order given, or reversed (`INDArray.transpose`).");
    def(
        "permute", [](const Array& self, const nb::args& axes) { return permuted(self, dims_arguments("permute", axes)); },
        "axes"_a, "The view with its axes in the order given (`INDArray.permute`).");
    def(
        "swap_axes",
        [](const Array& self, int64_t first, int64_t second) {
            Dims axes(self.ndim());
            for (int i = 0; i < axes.size(); ++i) axes[i] = i;
            std::swap(axes[normalized_axis("swap_axes", first, self.ndim())],
                      axes[normalized_axis("swap_axes", second, self.ndim())]);
            return permuted(self, axes);
        },
        "first"_a, "second"_a, "The view with two axes exchanged (`INDArray.swapAxes`).");
    def(
        "squeeze",
        [](const Array& self, nb::handle axis) {
            uint64_t drop = 0;
            if (axis.is_none()) {
                for (int i = 0; i < self.ndim(); ++i) drop |= self.shape[i] == 1 ? uint64_t{1} << i : 0;
            } else {
                for (const int64_t item : dims_argument("squeeze", axis)) {
                    const int i = normalized_axis("squeeze", item, self.ndim());
                    if (self.shape[i] != 1) {
                        throw std::invalid_argument("squeeze: expected extent 1 on axis " + std::to_string(item) +
                                                    ", received shape " + to_text(self.shape));
                    }
                    drop |= uint64_t{1} << i;
                }
            }
            Dims shape(0), strides(0);
            for (int i = 0; i < self.ndim(); ++i) {
                if ((drop >> i & 1u) != 0) continue;
                shape.push_back(self.shape[i]);
                strides.push_back(self.strides[i]);
            }
            return self.view(std::move(shape), std::move(strides), self.data);
        },
        "axis"_a = nb::none(), "The view without axes of extent 1: all of them, or the ones given.");
    def(
        "expand_dims",
        [](const Array& self, int64_t axis) {
            if (self.ndim() >= ND_MAX_NDIM) throw std::invalid_argument("expand_dims: an array has at most 32 dimensions");
            return with_axis(self, normalized_axis("expand_dims", axis, self.ndim() + 1));
        },
        "axis"_a = 0, "The view with one more axis of extent 1.");
    def(
        "broadcast_to",
        [](const Array& self, const nb::args& shape) { return broadcast_to(self, dims_arguments("broadcast_to", shape)); },
        "shape"_a, "A read-only view that repeats extents of 1 (`INDArray.broadcast`).");
}

// ---------------------------------------------------------------------------------------------------- copies, conversion

Array view_as(const Array& self, int dtype) {
    if (self.dtype == ND_UTF8 || dtype == ND_UTF8 || item_size(dtype) != self.itemsize()) {
        throw TypeError(std::string("view_as: expected an element type of ") + std::to_string(self.itemsize()) +
                        " bytes to see " + dtype_name(self.dtype) + " as, received " + dtype_name(dtype));
    }
    Array view = self.view(self.shape, self.strides, self.data);
    view.dtype = dtype;
    return view;
}

Array bits_of(const Array& self) {
    static constexpr int unsigned_of_size[] = {-1, ND_UINT8, ND_UINT16, -1, ND_UINT32, -1, -1, -1, ND_UINT64};
    if (self.itemsize() > 8 || is_complex(self.dtype)) {
        throw TypeError(std::string("view_bits: there is no unsigned integer of the size of ") + dtype_name(self.dtype));
    }
    return view_as(self, unsigned_of_size[self.itemsize()]);
}

nb::object numpy_array(nb::handle self, nb::handle dtype, nb::handle copy) {
    nb::object array = nb::steal(to_numpy(self.ptr()));
    const bool is_copy = array_of(self.ptr()).dtype == ND_UTF8;
    if (!copy.is_none() && PyObject_IsTrue(copy.ptr()) == 0 && is_copy) {
        throw std::invalid_argument("__array__: text becomes a NumPy array only by a copy");
    }
    if (!dtype.is_none() || (!copy.is_none() && PyObject_IsTrue(copy.ptr()) == 1 && !is_copy)) {
        nb::dict options;
        options["copy"] = nb::bool_(!copy.is_none() && PyObject_IsTrue(copy.ptr()) == 1);
        return array.attr("astype")(dtype.is_none() ? nb::object(array.attr("dtype")) : nb::borrow(dtype), **options);
    }
    return array;
}

void define_copies() {
    def(
        "numpy", [](nb::handle self) { return nb::steal(to_numpy(self.ptr())); },
        "A NumPy array over the same memory; for utf8 a new object array of str.\n\n"
        "Raises:\n    TypeError: bfloat16, which NumPy lacks: use `cast_to` or `view_bits`.");
    def("__array__", numpy_array, "dtype"_a = nb::none(), "copy"_a = nb::none(), "NumPy's conversion protocol.");
    def(
        "view_as", [](const Array& self, nb::handle dtype) { return view_as(self, dtype_argument(dtype)); }, "dtype"_a,
        "The same memory seen as another element type of the same size.");
    def("view_bits", bits_of, "The same memory as unsigned integers of the same size, such as uint16 for bfloat16.");
    def(
        "cast_to",
        [](const Array& self, nb::handle dtype) {
            const int code = dtype_argument(dtype);
            const WithoutGil unlocked(self.dtype == ND_UTF8 ? 0 : self.numel);
            return converted(self, code);
        },
        "dtype"_a, "Converted to another element type; the array itself when it has it (`INDArray.castTo`).");
    def(
        "astype",
        [](const Array& self, nb::handle dtype, bool copy) {
            const int code = dtype_argument(dtype);
            const WithoutGil unlocked(self.dtype == ND_UTF8 ? 0 : self.numel);
            return copy && code == self.dtype ? copied(self, 'k') : converted(self, code);
        },
        "dtype"_a, nb::kw_only(), "copy"_a = true, "`cast_to` that copies also when the element type is the same.");
    for (const char* name : {"dup", "copy"}) {
        def(
            name, [name](const Array& self, const char* order) { return copied(self, order_argument(name, order)); },
            "order"_a = "k", "A copy in order 'c' or 'f', or like the original (`INDArray.dup`).");
    }
    def(
        "assign",
        [](nb::handle self, nb::handle value) {
            Array& target = array_of(self.ptr());
            if (const auto scalar = scalar_of(value.ptr())) {
                copy_into("assign", target, array_of_scalar(*scalar, target.dtype));
            } else {
                copy_into("assign", target, from_anything(value.ptr()));
            }
            return nb::borrow(self);
        },
        "value"_a,
        "Overwrites the elements with those of `value`, broadcast and converted; returns `self`\n"
        "(`INDArray.assign`).");
}

// ------------------------------------------------------------------------------------------------------------- elements

// One index per axis, or one flat index in row-major order as ND4J counts.
const char* element_at(const char* what, const Array& array, const Dims& index) {
    if (index.size() == array.ndim()) {
        const char* at = array.data;
        for (int i = 0; i < index.size(); ++i) {
            const int64_t position = index[i] < 0 ? index[i] + array.shape[i] : index[i];
            if (position < 0 || position >= array.shape[i]) {
                throw std::out_of_range(std::string(what) + ": index " + std::to_string(index[i]) +
                                        " is out of bounds for axis " + std::to_string(i) + " of size " +
                                        std::to_string(array.shape[i]));
            }
            at += position * array.strides[i] * array.itemsize();
        }
        return at;
    }
    if (index.size() != 1) {
        throw std::out_of_range(std::string(what) + ": expected 1 or " + std::to_string(array.ndim()) +
                                " indices for shape " + to_text(array.shape) + ", received " + std::to_string(index.size()));
    }
    int64_t rest = index[0] < 0 ? index[0] + array.numel : index[0];
    if (rest < 0 || rest >= array.numel) {
        throw std::out_of_range(std::string(what) + ": flat index " + std::to_string(index[0]) +
                                " is out of bounds for an array of " + std::to_string(array.numel) + " elements");
    }
    const char* at = array.data;
    for (int i = array.ndim() - 1; i >= 0; --i) {
        at += rest % array.shape[i] * array.strides[i] * array.itemsize();
        rest /= array.shape[i];
    }
    return at;
}

const char* sole_or_at(const char* what, const Array& array, const nb::args& index) {
    if (index.size() > 0) return element_at(what, array, dims_arguments(what, index));
    if (array.numel != 1) {
        throw std::invalid_argument(std::string(what) + ": expected one element, received shape " + to_text(array.shape) +
                                    "; give an index");
    }
    return array.data;
}

nb::object owned(PyObject* object) {
    if (object == nullptr) throw nb::python_error();
    return nb::steal(object);
}

void define_elements() {
    def(
        "item",
        [](const Array& self, const nb::args& index) {
            return owned(element_to_python(self, sole_or_at("item", self, index)));
        },
        "index"_a, "One element as a Python object: the only one, or that at the index given.");
    def("tolist", [](const Array& self) { return owned(nested_list(self)); }, "The elements in nested lists.");
    for (const char* name : {"get_double", "get_float"}) {
        def(
            name,
            [name](const Array& self, const nb::args& index) {
                const nb::object element = owned(element_to_python(self, sole_or_at(name, self, index)));
                return owned(PyNumber_Float(element.ptr()));
            },
            "index"_a, "One element as a float; one index per axis, or one flat row-major index.");
    }
    for (const char* name : {"get_int", "get_long"}) {
        def(
            name,
            [name](const Array& self, const nb::args& index) {
                const nb::object element = owned(element_to_python(self, sole_or_at(name, self, index)));
                return owned(PyNumber_Long(element.ptr()));
            },
            "index"_a, "One element as an int; one index per axis, or one flat row-major index.");
    }
    def(
        "get_string",
        [](const Array& self, const nb::args& index) {
            if (self.dtype != ND_UTF8) throw TypeError(std::string("get_string: the array holds ") + dtype_name(self.dtype));
            return owned(element_to_python(self, sole_or_at("get_string", self, index)));
        },
        "index"_a, "One element of a utf8 array as a str (`INDArray.getString`).");
    def(
        "put_scalar",
        [](nb::handle self, nb::handle index, nb::handle value) {
            Array& array = array_of(self.ptr());
            const char* at = element_at("put_scalar", array, dims_argument("put_scalar", index));
            Array element = array.view(Dims(), Dims(), const_cast<char*>(at));
            const auto scalar = scalar_of(value.ptr());
            copy_into("put_scalar", element, scalar ? array_of_scalar(*scalar, array.dtype) : from_anything(value.ptr()));
            return nb::borrow(self);
        },
        "index"_a, "value"_a,
        "Stores one element; a flat row-major index or one index per axis. Returns `self` (`INDArray.putScalar`).");
    def(
        "__complex__",
        [](const Array& self) {
            const nb::object element = owned(element_to_python(self, sole_or_at("complex()", self, nb::args())));
            return owned(PyObject_CallOneArg(reinterpret_cast<PyObject*>(&PyComplex_Type), element.ptr()));
        },
        "The only element as a complex.");
}

}  // namespace

void define_methods() {
    define_arithmetic();
    define_shapes();
    define_copies();
    define_elements();
    def("__dlpack__", to_dlpack, nb::kw_only(), "stream"_a = nb::none(), "max_version"_a = nb::none(),
        "dl_device"_a = nb::none(), "copy"_a = nb::none(), "DLPack's export protocol.");
    def("__dlpack_device__", [](const Array&) { return nb::make_tuple(1, 0); }, "DLPack's device: the CPU.");
}

}  // namespace nd::bind
