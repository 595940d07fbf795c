#include "bind/operators.hpp"

#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>

#include "bind/ndarray.hpp"
#include "bind/numpy.hpp"
#include "bind/quick_operators.hpp"
#include "bind/scalars.hpp"
#include "core/copy.hpp"
#include "core/elementwise.hpp"
#include "core/errors.hpp"
#include "core/matmul.hpp"
#include "core/table.hpp"
#include "core/text_equality.hpp"
#include "core/views.hpp"

namespace nb = nanobind;

namespace nd::bind {
namespace {

PyObject* reference = nullptr;

PyObject* not_implemented() { return Py_NewRef(Py_NotImplemented); }
PyObject* not_native() { return nullptr; }

// -------------------------------------------------------------------------------------------------------------- operands

// An NDArray is borrowed from its Python object, everything else becomes an array of its own.
struct Operand {
    const Array* borrowed = nullptr;
    Array owned;
    std::optional<Scalar> scalar;

    const Array& array() const noexcept { return borrowed != nullptr ? *borrowed : owned; }
};

std::optional<Operand> operand_of(PyObject* object) {
    Operand operand;
    if (is_ndarray(object)) {
        operand.borrowed = &array_of(object);
        return operand;
    }
    operand.scalar = scalar_of(object);
    if (operand.scalar) return operand;
    if (!is_numpy_array(object) && !is_numpy_scalar(object)) return std::nullopt;
    operand.owned = from_anything(object);
    return operand;
}

bool compares(int op) noexcept { return op != true_divide && binary_domain(op) == ND_PREDICATE; }

// What `array op integer` is for an integer beyond the array's range, on side -1 or 1: the same everywhere.
bool beyond_range(int op, int side) noexcept {
    switch (op) {
        case ND_BINARY_eq: return false;
        case ND_BINARY_neq: return true;
        case ND_BINARY_lt:
        case ND_BINARY_lte: return side > 0;
        default: return side < 0;
    }
}

int mirrored(int op) noexcept {
    switch (op) {
        case ND_BINARY_lt: return ND_BINARY_gt;
        case ND_BINARY_lte: return ND_BINARY_gte;
        case ND_BINARY_gt: return ND_BINARY_lt;
        case ND_BINARY_gte: return ND_BINARY_lte;
        default: return op;
    }
}

Array filled_bool(const Dims& shape, bool value) {
    Array array = Array::empty(ND_BOOL, shape);
    std::memset(array.data, value ? 1 : 0, static_cast<size_t>(array.numel));
    return array;
}

// Gives a weak scalar its array. Returns a finished comparison where the scalar lies beyond the other's range.
std::optional<Array> settle(int op, Operand& scalar, const Operand& other, bool scalar_is_left) {
    const int dtype = promote_weak(other.array().dtype, scalar.scalar->kind);
    if (dtype < 0) {  // text with numbers: promotion is what complains
        scalar.owned = array_of_scalar(*scalar.scalar, scalar.scalar->kind == Kind::text ? ND_UTF8 : ND_FLOAT64);
        return std::nullopt;
    }
    if (scalar.scalar->kind == Kind::signed_integer && is_integer(dtype)) {
        const int side = compare_to_range(*scalar.scalar, dtype);
        if (side != 0 && compares(op)) {
            return filled_bool(other.array().shape, beyond_range(scalar_is_left ? mirrored(op) : op, side));
        }
        if (side != 0 && op == true_divide) {
            scalar.owned = array_of_scalar(*scalar.scalar, ND_FLOAT64);
            return std::nullopt;
        }
    }
    scalar.owned = array_of_scalar(*scalar.scalar, dtype);
    return std::nullopt;
}

// As in NumPy: an integer array has no room for the fractions that negative powers give.
void check_power(const Resolved& resolved, const Array& exponent) {
    if (resolved.op != ND_BINARY_pow || kind_of(resolved.compute) != Kind::signed_integer) return;
    if (kind_of(exponent.dtype) != Kind::signed_integer) return;
    const Array values = converted(exponent, ND_INT64);
    const Array plain = values.c_contiguous ? values : copied(values, 'c');
    const auto* items = reinterpret_cast<const int64_t*>(plain.data);
    for (int64_t i = 0; i < plain.numel; ++i) {
        if (items[i] < 0) {
            throw std::invalid_argument("pow: integers to negative integer powers are not defined; cast_to a floating dtype");
        }
    }
}

// ------------------------------------------------------------------------------------------------------------- reference

Array call_reference(const char* op, std::initializer_list<Array> operands) {
    if (reference == nullptr) {
        throw std::runtime_error(std::string(op) + ": no backend is active and no reference is set (import nd4py sets one)");
    }
    const nb::object name = nb::steal(PyUnicode_InternFromString(op));
    PyObject* arguments[4] = {nullptr, name.ptr(), nullptr, nullptr};
    nb::object holders[2];
    size_t count = 1;
    for (const Array& operand : operands) {
        // NumPy computes bfloat16 in float32.
        Array plain = operand.dtype == ND_BFLOAT16 ? converted(operand, ND_FLOAT32) : operand;
        holders[count - 1] = nb::steal(wrap(std::move(plain)));
        arguments[count + 1] = holders[count - 1].ptr();
        ++count;
    }
    const nb::object result =
        nb::steal(PyObject_Vectorcall(reference, arguments + 1, count | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
    if (!result.is_valid()) throw nb::python_error();
    return from_anything(result.ptr());
}

Array reference_binary(const Resolved& resolved, const Array& a, const Array& b) {
    // NumPy compares int64 with uint64 exactly; no dtype holds both.
    const bool exact = binary_domain(resolved.op) == ND_PREDICATE && is_integer(a.dtype) && is_integer(b.dtype);
    const Array result =
        exact ? call_reference(binary_name(resolved.op), {a, b})
              : call_reference(binary_name(resolved.op), {converted(a, resolved.compute), converted(b, resolved.compute)});
    return converted(result, resolved.out);
}

bool needs_exact_integers(const Resolved& resolved, const Array& a, const Array& b) noexcept {
    return resolved.compute == ND_FLOAT64 && is_integer(a.dtype) && is_integer(b.dtype) &&
           binary_domain(resolved.op) == ND_PREDICATE;
}

Array compute_binary(int op, const Array& a, const Array& b) {
    if (compares(op) && (a.dtype == ND_UTF8 || b.dtype == ND_UTF8) && (op == ND_BINARY_eq || op == ND_BINARY_neq)) {
        const Dims shape = broadcast_shapes(binary_name(op), a.shape, b.shape);
        if (a.dtype != b.dtype) return filled_bool(shape, op == ND_BINARY_neq);
        return text_equal(a, b, shape, op == ND_BINARY_neq);
    }
    const Resolved resolved = resolve_binary(op, a.dtype, b.dtype);
    check_power(resolved, b);
    const nd_binary_loop loop = needs_exact_integers(resolved, a, b) ? nullptr : binary_loop(resolved);
    if (loop == nullptr) {
        broadcast_shapes(binary_name(resolved.op), a.shape, b.shape);
        return reference_binary(resolved, a, b);
    }
    const WithoutGil unlocked(a.numel > b.numel ? a.numel : b.numel);
    return apply_binary(loop, resolved, a, b);
}

// Both operands as arrays, or what the operation is already known to give.
struct Operands {
    Operand a, b;
    std::optional<Array> finished;
};

std::optional<Operands> operands_of(int op, PyObject* x, PyObject* y) {
    auto a = operand_of(x);
    if (!a) return std::nullopt;
    auto b = operand_of(y);
    if (!b) return std::nullopt;
    Operands both{*std::move(a), *std::move(b), std::nullopt};
    if (both.a.scalar && both.b.scalar) return std::nullopt;
    if (both.a.scalar) both.finished = settle(op, both.a, both.b, true);
    if (both.b.scalar) both.finished = settle(op, both.b, both.a, false);
    return both;
}

template <int op>
PyObject* binary_slot(PyObject* a, PyObject* b) {
    return guarded([&]() -> PyObject* {
        PyObject* result = quick<op>(a, b);
        return result != nullptr ? result : binary(op, a, b);
    });
}

template <int op>
PyObject* in_place_slot(PyObject* a, PyObject* b) {
    return guarded([&] { return quick_in_place<op>(a, b) ? Py_NewRef(a) : in_place(op, a, b); });
}

template <int op>
PyObject* unary_slot(PyObject* x) {
    return unary(op, x);
}

PyObject* power_slot(PyObject* a, PyObject* b, PyObject* modulus) {
    if (modulus != Py_None) {
        PyErr_SetString(PyExc_TypeError, "pow: an array takes no third argument");
        return nullptr;
    }
    return binary_slot<ND_BINARY_pow>(a, b);
}

PyObject* in_place_power_slot(PyObject* a, PyObject* b, PyObject*) { return in_place(ND_BINARY_pow, a, b); }

PyObject* divmod_slot(PyObject* a, PyObject* b) {
    return guarded([&]() -> PyObject* {
        const nb::object quotient = nb::steal(binary(ND_BINARY_floor_div, a, b));
        if (!quotient.is_valid() || quotient.ptr() == Py_NotImplemented) return quotient.inc_ref().ptr();
        const nb::object remainder = nb::steal(binary(ND_BINARY_mod, a, b));
        if (!remainder.is_valid()) return nullptr;
        return PyTuple_Pack(2, quotient.ptr(), remainder.ptr());
    });
}

PyObject* positive_slot(PyObject* x) {
    return guarded([&] {
        const Array& array = array_of(x);
        if (array.dtype == ND_BOOL || array.dtype == ND_UTF8) {
            throw TypeError(std::string("positive: not defined for ") + dtype_name(array.dtype));
        }
        return wrap(copied(array, 'k'));
    });
}

PyObject* in_place_matmul_slot(PyObject* a, PyObject* b) {
    return guarded([&]() -> PyObject* {
        const nb::object product = nb::steal(matmul(a, b));
        if (!product.is_valid() || product.ptr() == Py_NotImplemented) return product.inc_ref().ptr();
        Array& target = array_of(a);
        const Array& result = array_of(product.ptr());
        if (!(target.shape == result.shape) || !can_cast_same_kind(result.dtype, target.dtype)) {
            throw std::invalid_argument("matmul: the result " + to_text(result.shape) + " of " + dtype_name(result.dtype) +
                                        " does not fit in place into " + to_text(target.shape) + " of " +
                                        dtype_name(target.dtype));
        }
        copy_into("matmul", target, result);
        return Py_NewRef(a);
    });
}

}  // namespace

void set_reference(PyObject* callable) { Py_XSETREF(reference, callable == Py_None ? nullptr : Py_NewRef(callable)); }

PyObject* binary(int op, PyObject* x, PyObject* y) {
    return guarded([&]() -> PyObject* {
        auto operands = operands_of(op, x, y);
        if (!operands) return not_implemented();
        if (operands->finished) return wrap(*std::move(operands->finished));
        return wrap(compute_binary(op, operands->a.array(), operands->b.array()));
    });
}

PyObject* native_binary(int op, PyObject* x, PyObject* y) {
    return guarded([&]() -> PyObject* {
        if (active_table() == nullptr || !(is_ndarray(x) || is_ndarray(y))) return not_native();
        auto operands = operands_of(op, x, y);
        if (!operands) return not_native();
        if (operands->finished) return wrap(*std::move(operands->finished));
        const Array& a = operands->a.array();
        const Array& b = operands->b.array();
        const int common = promote(a.dtype, b.dtype);
        // Only what needs no rule but promotion; the rest is the declaration's business.
        if (common < 0 || active_table()->binary[op][common] == nullptr) return not_native();
        const Resolved resolved = resolve_binary(op, a.dtype, b.dtype);
        if (resolved.compute != common || needs_exact_integers(resolved, a, b)) return not_native();
        check_power(resolved, b);
        return wrap(compute_binary(op, a, b));
    });
}

PyObject* in_place(int op, PyObject* x, PyObject* y) {
    return guarded([&]() -> PyObject* {
        auto operands = operands_of(op, x, y);
        if (!operands) return not_implemented();
        Array& a = array_of(x);
        const Array& b = operands->b.array();
        const Resolved resolved = resolve_binary(op, a.dtype, b.dtype);
        const char* name = binary_name(resolved.op);
        check_in_place(name, a, b, resolved);
        check_power(resolved, b);
        if (const nd_binary_loop loop = binary_loop(resolved)) {
            const WithoutGil unlocked(a.numel);
            apply_in_place(loop, resolved, name, a, b);
        } else {
            copy_into(name, a, reference_binary(resolved, a, b));
        }
        return Py_NewRef(x);
    });
}

PyObject* in_place_reversed(int op, PyObject* x, PyObject* y) {
    return guarded([&]() -> PyObject* {
        auto operands = operands_of(op, y, x);
        if (!operands) return not_implemented();
        Array& target = array_of(x);
        const Array& other = operands->a.array();
        const Resolved resolved = resolve_binary(op, other.dtype, target.dtype);
        check_in_place(binary_name(resolved.op), target, other, resolved);
        copy_into(binary_name(resolved.op), target, compute_binary(op, other, target));
        return Py_NewRef(x);
    });
}

PyObject* native_unary(int op, PyObject* x) {
    return guarded([&]() -> PyObject* {
        const nd_kernel_table* table = active_table();
        const Array& array = array_of(x);
        if (table == nullptr) return not_native();
        const nd_unary_loop loop = table->unary[op][array.dtype];
        if (loop == nullptr) return not_native();
        const int out = unary_domain(op) == ND_PREDICATE ? static_cast<int>(ND_BOOL) : array.dtype;
        if (is_small(array)) {
            return small_result(array, out, [&](char* target) {
                loop(array.data, item_size(array.dtype), target, item_size(out), array.numel);
            });
        }
        Array result;
        {
            const WithoutGil unlocked(array.numel);
            result = apply_unary(loop, {op, array.dtype, out}, array);
        }
        return wrap(std::move(result));
    });
}

PyObject* unary(int op, PyObject* x) {
    return guarded([&]() -> PyObject* {
        const Array& array = array_of(x);
        const Resolved resolved = resolve_unary(op, array.dtype);
        if (resolved.op == ND_UNARY_identity) return wrap(copied(array, 'k'));
        if (PyObject* result = native_unary(resolved.op, x); result != nullptr || PyErr_Occurred() != nullptr) return result;
        Array result = call_reference(unary_name(resolved.op), {array});
        return wrap(array.dtype == ND_BFLOAT16 ? converted(result, resolved.out) : std::move(result));
    });
}

PyObject* matmul(PyObject* x, PyObject* y) {
    return guarded([&]() -> PyObject* {
        auto first = operand_of(x);
        auto second = operand_of(y);
        if (!first || !second) return not_implemented();
        if (first->scalar || second->scalar) {
            throw std::invalid_argument("matmul: expected arrays, received a number; use * to multiply by it");
        }
        const int dtype = promote(first->array().dtype, second->array().dtype);
        if (dtype < 0 || dtype == ND_UTF8) {
            throw TypeError(std::string("matmul: not defined for ") + dtype_name(first->array().dtype) + " and " +
                            dtype_name(second->array().dtype));
        }
        const Array a = converted(first->array(), dtype);
        const Array b = converted(second->array(), dtype);
        std::optional<Array> product;
        {
            const WithoutGil unlocked(a.numel > b.numel ? a.numel : b.numel);
            product = nd::matmul(a, b);
        }
        if (!product) product = converted(call_reference("matmul", {a, b}), dtype);
        return wrap(*std::move(product));
    });
}

PyObject* rich_compare(PyObject* a, PyObject* b, int comparison) {
    switch (comparison) {
        case Py_LT: return binary_slot<ND_BINARY_lt>(a, b);
        case Py_LE: return binary_slot<ND_BINARY_lte>(a, b);
        case Py_EQ: return binary_slot<ND_BINARY_eq>(a, b);
        case Py_NE: return binary_slot<ND_BINARY_neq>(a, b);
        case Py_GT: return binary_slot<ND_BINARY_gt>(a, b);
        default: return binary_slot<ND_BINARY_gte>(a, b);
    }
}

// Both rows of a slot table: the operation and its in-place form.
#define ND_SLOTS(slot, op)                                               \
    {Py_nb_##slot, reinterpret_cast<void*>(binary_slot<op>)}, {          \
        Py_nb_inplace_##slot, reinterpret_cast<void*>(in_place_slot<op>) \
    }

const PyType_Slot number_slots[] = {
    ND_SLOTS(add, ND_BINARY_add),
    ND_SLOTS(subtract, ND_BINARY_sub),
    ND_SLOTS(multiply, ND_BINARY_mul),
    ND_SLOTS(true_divide, true_divide),
    ND_SLOTS(floor_divide, ND_BINARY_floor_div),
    ND_SLOTS(remainder, ND_BINARY_mod),
    ND_SLOTS(and, ND_BINARY_bitwise_and),
    ND_SLOTS(or, ND_BINARY_bitwise_or),
    ND_SLOTS(xor, ND_BINARY_bitwise_xor),
    ND_SLOTS(lshift, ND_BINARY_left_shift),
    ND_SLOTS(rshift, ND_BINARY_right_shift),
    {Py_nb_power, reinterpret_cast<void*>(power_slot)},
    {Py_nb_inplace_power, reinterpret_cast<void*>(in_place_power_slot)},
    {Py_nb_matrix_multiply, reinterpret_cast<void*>(matmul)},
    {Py_nb_inplace_matrix_multiply, reinterpret_cast<void*>(in_place_matmul_slot)},
    {Py_nb_divmod, reinterpret_cast<void*>(divmod_slot)},
    {Py_nb_negative, reinterpret_cast<void*>(unary_slot<ND_UNARY_neg>)},
    {Py_nb_absolute, reinterpret_cast<void*>(unary_slot<ND_UNARY_abs>)},
    {Py_nb_invert, reinterpret_cast<void*>(unary_slot<ND_UNARY_bitwise_not>)},
    {Py_nb_positive, reinterpret_cast<void*>(positive_slot)},
};
const int number_slot_count = static_cast<int>(sizeof number_slots / sizeof number_slots[0]);

}  // namespace nd::bind
