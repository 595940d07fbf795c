#include "core/elementwise.hpp"

#include <stdexcept>
#include <string>

#include "core/copy.hpp"
#include "core/errors.hpp"
#include "core/views.hpp"
#include "core/walk.hpp"

namespace nd {
namespace {

[[noreturn]] void throw_no_operation(const char* name, const std::string& received, const char* instead) {
    throw TypeError(std::string(name) + ": not defined for " + received + "; " + instead);
}

std::string both(int a, int b) { return std::string(dtype_name(a)) + " and " + dtype_name(b); }

Resolved resolve_boolean_arithmetic(int op) {
    switch (op) {
        case ND_BINARY_add:
        case ND_BINARY_maximum: return {ND_BINARY_logical_or, ND_BOOL, ND_BOOL};
        case ND_BINARY_mul:
        case ND_BINARY_minimum: return {ND_BINARY_logical_and, ND_BOOL, ND_BOOL};
        case ND_BINARY_sub:
        case ND_BINARY_squared_difference:
            throw_no_operation(binary_name(op), "bool and bool", "use logical_xor (^) or cast_to a number");
        default: return {op, ND_INT8, ND_INT8};
    }
}

// Results keep the column-major order of operands that all have it.
char order_for(const Array& a, const Dims& shape) noexcept {
    return shape.size() > 1 && a.f_contiguous && !a.c_contiguous && a.shape == shape ? 'f' : 'c';
}

char order_for(const Array& a, const Array& b, const Dims& shape) noexcept {
    if (order_for(a, shape) == 'f') return order_for(b, shape) == 'f' || b.numel == 1 ? 'f' : 'c';
    return a.numel == 1 ? order_for(b, shape) : 'c';
}

// The array itself where it has the dtype, without taking a reference.
struct Converted {
    Converted(const Array& given, int dtype)
        : owned(given.dtype == dtype ? Array() : converted(given, dtype)), array(given.dtype == dtype ? given : owned) {}
    Converted(const Converted&) = delete;
    Converted& operator=(const Converted&) = delete;

    const Array owned;
    const Array& array;
};

bool lie_alike(const Array& a, const Array& b) noexcept {
    return a.shape == b.shape && ((a.c_contiguous && b.c_contiguous) || (a.f_contiguous && b.f_contiguous));
}

}  // namespace

Resolved resolve_binary(int op, int a, int b) {
    const int common = promote(a, b);
    if (op == true_divide) {
        if (common >= 0 && common != ND_UTF8) {
            const int compute = is_integer(common) || common == ND_BOOL ? static_cast<int>(ND_FLOAT64) : common;
            return {ND_BINARY_div, compute, compute};
        }
        op = ND_BINARY_div;
    }
    const char* name = binary_name(op);
    const nd_domain domain = binary_domain(op);
    if (common == ND_UTF8 && op != ND_BINARY_eq && op != ND_BINARY_neq) {
        throw_no_operation(name, both(a, b), "text only compares for equality");
    }
    if (common < 0) throw_no_operation(name, both(a, b), "cast_to one dtype first");
    switch (domain) {
        case ND_ARITHMETIC:
            if (common == ND_BOOL) return resolve_boolean_arithmetic(op);
            return {op, common, common};
        case ND_FLOATING:
            if (!is_floating(common) && !is_complex(common)) {
                throw_no_operation(name, both(a, b), "cast_to a floating dtype first");
            }
            return {op, common, common};
        case ND_PREDICATE: return {op, common, ND_BOOL};
        case ND_LOGICAL: return {op, ND_BOOL, ND_BOOL};
        case ND_BITWISE:
            if (common == ND_BOOL && (op == ND_BINARY_left_shift || op == ND_BINARY_right_shift)) {
                return {op, ND_INT8, ND_INT8};
            }
            if (common != ND_BOOL && !is_integer(common)) throw_no_operation(name, both(a, b), "it takes bool and integers");
            return {op, common, common};
    }
    return {op, common, common};
}

Resolved resolve_unary(int op, int dtype) {
    const char* name = unary_name(op);
    if (dtype == ND_UTF8) throw_no_operation(name, dtype_name(dtype), "text has no arithmetic");
    switch (unary_domain(op)) {
        case ND_ARITHMETIC:
            if (dtype == ND_BOOL && op == ND_UNARY_neg) {
                throw_no_operation(name, "bool", "use logical_not (~) or cast_to a number");
            }
            if (dtype == ND_BOOL && (op == ND_UNARY_abs || op == ND_UNARY_identity)) return {ND_UNARY_identity, dtype, dtype};
            return {op, dtype, dtype};
        case ND_FLOATING:
            if (!is_floating(dtype) && !is_complex(dtype)) {
                throw_no_operation(name, dtype_name(dtype), "cast_to a floating dtype first");
            }
            return {op, dtype, dtype};
        case ND_PREDICATE: return {op, dtype, ND_BOOL};
        case ND_LOGICAL: return {op, ND_BOOL, ND_BOOL};
        case ND_BITWISE:
            if (dtype != ND_BOOL && !is_integer(dtype)) {
                throw_no_operation(name, dtype_name(dtype), "it takes bool and integers");
            }
            return {op, dtype, dtype};
    }
    return {op, dtype, dtype};
}

nd_binary_loop binary_loop(const Resolved& resolved) noexcept {
    const nd_kernel_table* table = active_table();
    return table == nullptr ? nullptr : table->binary[resolved.op][resolved.compute];
}

nd_unary_loop unary_loop(const Resolved& resolved) noexcept {
    const nd_kernel_table* table = active_table();
    return table == nullptr ? nullptr : table->unary[resolved.op][resolved.compute];
}

int64_t grain_of(nd_domain domain) noexcept { return domain == ND_FLOATING ? memory_grain / 4 : memory_grain; }

void run_binary(nd_binary_loop loop, Array& out, const Array& a, const Array& b, int64_t grain) {
    const int64_t size = a.itemsize(), out_size = out.itemsize();
    if (lie_alike(a, b) && lie_alike(a, out)) {
        parallel_for(out.numel, grain, [&](int64_t begin, int64_t end) {
            loop(a.data + begin * size, size, b.data + begin * size, size, out.data + begin * out_size, out_size,
                 end - begin);
        });
        return;
    }
    if (out.numel == 0) return;
    const Dims a_strides = broadcast_strides(a, out.shape);
    const Dims b_strides = broadcast_strides(b, out.shape);
    const Walk<3> walk(out.shape, {out.strides.data(), a_strides.data(), b_strides.data()}, {out_size, size, size});
    const int64_t so = walk.run_stride(0), sa = walk.run_stride(1), sb = walk.run_stride(2);
    walk.run({out.data, a.data, b.data}, grain,
             [&](const Walk<3>::Pointers& at, int64_t n) { loop(at[1], sa, at[2], sb, at[0], so, n); });
}

void run_unary(nd_unary_loop loop, Array& out, const Array& x, int64_t grain) {
    const int64_t size = x.itemsize(), out_size = out.itemsize();
    if (lie_alike(x, out)) {
        parallel_for(out.numel, grain, [&](int64_t begin, int64_t end) {
            loop(x.data + begin * size, size, out.data + begin * out_size, out_size, end - begin);
        });
        return;
    }
    if (out.numel == 0) return;
    const Dims strides = broadcast_strides(x, out.shape);
    const Walk<2> walk(out.shape, {out.strides.data(), strides.data()}, {out_size, size});
    const int64_t so = walk.run_stride(0), sx = walk.run_stride(1);
    walk.run({out.data, x.data}, grain, [&](const Walk<2>::Pointers& at, int64_t n) { loop(at[1], sx, at[0], so, n); });
}

Array apply_binary(nd_binary_loop loop, const Resolved& resolved, const Array& a, const Array& b) {
    const Dims shape = broadcast_shapes(binary_name(resolved.op), a.shape, b.shape);
    Array out = Array::empty(resolved.out, shape, order_for(a, b, shape));
    const Converted x(a, resolved.compute), y(b, resolved.compute);
    run_binary(loop, out, x.array, y.array, grain_of(binary_domain(resolved.op)));
    return out;
}

Array apply_unary(nd_unary_loop loop, const Resolved& resolved, const Array& x) {
    Array out = Array::empty(resolved.out, x.shape, order_for(x, x.shape));
    run_unary(loop, out, Converted(x, resolved.compute).array, grain_of(unary_domain(resolved.op)));
    return out;
}

void check_in_place(const char* name, const Array& a, const Array& b, const Resolved& resolved) {
    if (a.readonly) throw std::invalid_argument(std::string(name) + ": the target array is read-only");
    if (!can_cast_same_kind(resolved.out, a.dtype)) {
        throw TypeError(std::string(name) + ": the result is " + dtype_name(resolved.out) + ", which an array of " +
                        dtype_name(a.dtype) + " cannot take in place; cast_to first, or do not work in place");
    }
    if (!broadcasts_to(b.shape, a.shape)) {
        throw std::invalid_argument(std::string(name) + ": expected an operand that broadcasts to the target's shape " +
                                    to_text(a.shape) + ", received shape " + to_text(b.shape));
    }
}

void apply_in_place(nd_binary_loop loop, const Resolved& resolved, const char* name, Array& a, const Array& b) {
    check_in_place(name, a, b, resolved);
    const int64_t grain = grain_of(binary_domain(resolved.op));
    const Array operand = converted(b, resolved.compute);
    if (resolved.compute == a.dtype && resolved.out == a.dtype) {
        const bool disturbed = may_overlap(a, operand) && !same_memory(a, operand);
        run_binary(loop, a, a, disturbed ? copied(operand, 'k') : operand, grain);
        return;
    }
    Array result = Array::empty(resolved.out, a.shape);
    run_binary(loop, result, converted(a, resolved.compute), operand, grain);
    copy_into(name, a, result);
}

}  // namespace nd
