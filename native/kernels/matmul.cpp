// matmul and linear: c = a·b (+ bias) for any strides, batched by broadcasting leading dimensions.
//
// The problem is first brought to a row-major c: a column-major c is the transposed problem. Small products run on our own
// tiles, large float32 ones in oneDNN, large float64 ones in OpenBLAS. Operands that no library can read in place are copied.
#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "kernels/attributes.hpp"
#include "kernels/families.hpp"
#include "kernels/onednn.hpp"
#include "kernels/openblas.hpp"
#include "kernels/small_gemm.hpp"
#include "kernels/threads.hpp"

namespace nd::kernels {
namespace {

// Multiply-adds up to which our own single-threaded tiles beat a library call (measured on two AVX-512 cores).
constexpr int64_t kSmallProduct = 160'000;

// Multiply-adds up to which oneDNN is faster on one thread than on two (64x64x64: 2.8 against 5.1 us; 64x256x128: 18 against
// 16 us), and does not depend on a second core being free.
constexpr int64_t kSingleThreadedProduct = 1'000'000;

struct Operand {
    int index;            // which kernel input or output
    int64_t row, column;  // distances in elements
    std::vector<int64_t> batch;
};

struct Problem {
    int64_t m = 0, n = 0, k = 0;
    Operand a, b, c;
    std::optional<int> bias;
    std::vector<int64_t> batch;  // sizes of the leading dimensions
    size_t itemsize = 0;

    int64_t batches() const {
        int64_t total = 1;
        for (const int64_t size : batch) total *= size;
        return total;
    }
};

Operand operand(int index, const nd_desc& d, size_t batch_dims) {
    Operand o{index, d.strides[d.ndim - 2], d.strides[d.ndim - 1], std::vector<int64_t>(batch_dims, 0)};
    // Right-aligned; missing and size-one leading dimensions are broadcast.
    for (int i = 0; i < d.ndim - 2; ++i) {
        const size_t at = batch_dims - static_cast<size_t>(d.ndim - 2) + static_cast<size_t>(i);
        o.batch[at] = d.shape[i] == 1 ? 0 : d.strides[i];
    }
    return o;
}

std::optional<Problem> describe(const nd_call* call) {
    const nd_desc &a = call->in[0], &b = call->in[1], &c = call->out[0];
    const bool same = a.dtype == b.dtype && a.dtype == c.dtype;
    if (!same || (a.dtype != ND_FLOAT32 && a.dtype != ND_FLOAT64) || a.ndim < 2 || b.ndim < 2 || c.ndim < 2) return {};
    Problem p;
    p.itemsize = a.dtype == ND_FLOAT32 ? sizeof(float) : sizeof(double);
    p.batch.assign(c.shape, c.shape + c.ndim - 2);
    p.a = operand(0, a, p.batch.size());
    p.b = operand(1, b, p.batch.size());
    p.c = operand(0, c, p.batch.size());
    p.m = c.shape[c.ndim - 2];
    p.n = c.shape[c.ndim - 1];
    p.k = a.shape[a.ndim - 1];
    if (call->n_in > 2 && call->in[2].dtype >= 0) {
        const nd_desc& bias = call->in[2];
        if (bias.ndim != 1 || bias.dtype != a.dtype || (bias.strides[0] != 1 && bias.shape[0] != 1)) return {};
        p.bias = 2;
    }
    const auto settle = [](Operand& o, int64_t rows, int64_t columns) {
        // A single row or column may carry any distance; give it the one that makes the matrix contiguous.
        if (columns == 1) o.column = 1;
        if (rows == 1) o.row = std::max<int64_t>(columns, 1) * (o.column == 0 ? 1 : o.column);
    };
    settle(p.a, p.m, p.k);
    settle(p.b, p.k, p.n);
    settle(p.c, p.m, p.n);
    if (p.c.column != 1 && p.c.row == 1 && !p.bias) {
        std::swap(p.a, p.b);
        std::swap(p.m, p.n);
        for (Operand* o : {&p.a, &p.b, &p.c}) std::swap(o->row, o->column);
    }
    if (p.c.column != 1 && p.n != 1) return {};
    return p;
}

// Element offsets of batch number `i` in one operand.
int64_t batch_offset(const Problem& p, const Operand& o, int64_t i) {
    int64_t offset = 0;
    for (size_t d = p.batch.size(); d-- > 0;) {
        offset += i % p.batch[d] * o.batch[d];
        i /= p.batch[d];
    }
    return offset;
}

template <class T>
struct SmallProduct {
    Problem p;

    static nd_status run(const void* state, void*, char* const* in, char* const* out, char* scratch, nd_error*) {
        const Problem& p = static_cast<const SmallProduct*>(state)->p;
        const T* bias = p.bias ? reinterpret_cast<const T*>(in[*p.bias]) : nullptr;
        const auto* a = reinterpret_cast<const T*>(in[p.a.index]);
        const auto* b = reinterpret_cast<const T*>(in[p.b.index]);
        auto* c = reinterpret_cast<T*>(out[0]);
        const int64_t batches = p.batches();
        for (int64_t i = 0; i < batches; ++i) {
            small_gemm<T>(p.m, p.n, p.k, {a + batch_offset(p, p.a, i), p.a.row, p.a.column},
                          {b + batch_offset(p, p.b, i), p.b.row, p.b.column}, c + batch_offset(p, p.c, i), p.c.row, bias,
                          reinterpret_cast<T*>(scratch));
        }
        return ND_OK;
    }

    static nd_status prepare(const Problem& p, nd_prepared* prepared) {
        *prepared = nd_prepared{};
        prepared->state = new SmallProduct{p};
        prepared->run = run;
        prepared->destroy = [](void* state) { delete static_cast<SmallProduct*>(state); };
        prepared->scratch_bytes =
            static_cast<size_t>(small_gemm_scratch<T>(p.m, p.n, p.k, p.a.column, p.b.row, p.b.column)) * sizeof(T);
        return ND_OK;
    }
};

// One side must have unit distance and the other must not overlap itself for a library to read the matrix.
bool readable(const Operand& o, int64_t rows, int64_t columns) {
    return (o.column == 1 && o.row >= columns) || (o.row == 1 && o.column >= rows);
}

// ------------------------------------------------------------------------------------------------------------- float64

struct Float64Product {
    Problem p;
    bool copy_a, copy_b;

    static const double* contiguous(const double* from, const Operand& o, int64_t rows, int64_t columns, double* to) {
        for (int64_t i = 0; i < rows; ++i) {
            for (int64_t j = 0; j < columns; ++j) to[i * columns + j] = from[i * o.row + j * o.column];
        }
        return to;
    }

    static nd_status run(const void* state, void*, char* const* in, char* const* out, char* scratch, nd_error*) {
        const auto& self = *static_cast<const Float64Product*>(state);
        const Problem& p = self.p;
        auto* spare = reinterpret_cast<double*>(scratch);
        const int64_t batches = p.batches();
        for (int64_t i = 0; i < batches; ++i) {
            const auto* a = reinterpret_cast<const double*>(in[p.a.index]) + batch_offset(p, p.a, i);
            const auto* b = reinterpret_cast<const double*>(in[p.b.index]) + batch_offset(p, p.b, i);
            auto* c = reinterpret_cast<double*>(out[0]) + batch_offset(p, p.c, i);
            Operand ao = p.a, bo = p.b;
            if (self.copy_a) {
                a = contiguous(a, ao, p.m, p.k, spare);
                ao.row = p.k, ao.column = 1;
            }
            if (self.copy_b) {
                b = contiguous(b, bo, p.k, p.n, spare + (self.copy_a ? p.m * p.k : 0));
                bo.row = p.n, bo.column = 1;
            }
            const bool at = ao.column != 1, bt = bo.column != 1;
            openblas::gemm(p.m, p.n, p.k, a, at ? ao.column : ao.row, at, b, bt ? bo.column : bo.row, bt, c, p.c.row);
            if (p.bias) {
                const auto* bias = reinterpret_cast<const double*>(in[*p.bias]);
                for (int64_t r = 0; r < p.m; ++r) {
                    for (int64_t j = 0; j < p.n; ++j) c[r * p.c.row + j] += bias[j];
                }
            }
        }
        return ND_OK;
    }

    static nd_status prepare(const Problem& p, nd_prepared* prepared) {
        auto self = std::make_unique<Float64Product>(Float64Product{p, !readable(p.a, p.m, p.k), !readable(p.b, p.k, p.n)});
        const int64_t elements = (self->copy_a ? p.m * p.k : 0) + (self->copy_b ? p.k * p.n : 0);
        *prepared = nd_prepared{};
        prepared->scratch_bytes = static_cast<size_t>(elements) * sizeof(double);
        prepared->run = run;
        prepared->destroy = [](void* state) { delete static_cast<Float64Product*>(state); };
        prepared->state = self.release();
        return ND_OK;
    }
};

// ------------------------------------------------------------------------------------------------------------- float32

onednn::Desc strided(const Problem& p, const Operand& o, int64_t rows, int64_t columns) {
    dnnl::memory::dims dims, strides;
    for (size_t d = 0; d < p.batch.size(); ++d) {
        const bool repeated = o.batch[d] == 0;
        dims.push_back(repeated ? 1 : p.batch[d]);
        strides.push_back(repeated ? rows * columns : o.batch[d]);
    }
    dims.insert(dims.end(), {rows, columns});
    strides.insert(strides.end(), {o.row, o.column});
    return onednn::Desc(dims, dnnl::memory::data_type::f32, strides);
}

onednn::Desc row_major(const onednn::Desc& like) {
    const auto dims = like.get_dims();
    dnnl::memory::dims strides(dims.size());
    int64_t next = 1;
    for (size_t d = dims.size(); d-- > 0;) {
        strides[d] = next;
        next *= dims[d];
    }
    return onednn::Desc(dims, dnnl::memory::data_type::f32, strides);
}

nd_status prepare_float32(const Problem& p, nd_prepared* prepared) {
    const bool alone = p.m * p.n * p.k * p.batches() <= kSingleThreadedProduct;
    const OneThread scope(alone);
    auto program = std::make_unique<onednn::Program>(alone);
    const auto as_operand = [&](const Operand& o, int64_t rows, int64_t columns) {
        const onednn::Desc desc = strided(p, o, rows, columns);
        const int slot = program->input(o.index, desc);
        return readable(o, rows, columns) ? slot : program->converted(slot, row_major(desc));
    };
    const int a = as_operand(p.a, p.m, p.k), b = as_operand(p.b, p.k, p.n);
    const onednn::Desc cd = strided(p, p.c, p.m, p.n);
    const int c = program->output(0, cd);
    if (p.bias) {
        dnnl::memory::dims dims(p.batch.size() + 2, 1), strides(p.batch.size() + 2, p.n);
        dims.back() = p.n;
        strides.back() = 1;
        const onednn::Desc bd(dims, dnnl::memory::data_type::f32, strides);
        const dnnl::matmul::primitive_desc pd(onednn::engine(), program->desc(a), program->desc(b), bd, cd,
                                              onednn::attributes());
        program->run(
            dnnl::matmul(pd), pd,
            {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_BIAS, program->input(*p.bias, bd)}, {DNNL_ARG_DST, c}});
    } else {
        const dnnl::matmul::primitive_desc pd(onednn::engine(), program->desc(a), program->desc(b), cd, onednn::attributes());
        program->run(dnnl::matmul(pd), pd, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
    }
    onednn::Program::finish(std::move(program), prepared);
    return ND_OK;
}

nd_status prepare_product(const nd_call* call, nd_prepared* prepared, nd_error*) {
    for (int i = 0; i < call->n_in; ++i) {
        if (call->in[i].layout != nullptr) return ND_NEEDS_PLAIN;
    }
    const std::optional<Problem> p = describe(call);
    if (!p) return ND_UNSUPPORTED;
    const bool single = p->itemsize == sizeof(float);
    if (p->m * p->n * p->k <= kSmallProduct || p->m * p->n * p->k * p->batches() == 0) {
        return single ? SmallProduct<float>::prepare(*p, prepared) : SmallProduct<double>::prepare(*p, prepared);
    }
    return single ? prepare_float32(*p, prepared) : Float64Product::prepare(*p, prepared);
}

nd_status prepare_matmul(const nd_call* call, nd_prepared* prepared, nd_error* error) {
    return onednn::guarded(error, "matmul", prepare_product, call, prepared);
}
nd_status prepare_linear(const nd_call* call, nd_prepared* prepared, nd_error* error) {
    return onednn::guarded(error, "linear", prepare_product, call, prepared);
}

constexpr nd_kernel kKernels[] = {{"matmul", prepare_matmul}, {"linear", prepare_linear}};

}  // namespace

extern const nd_kernel_list matmul_kernels = {kKernels, std::size(kKernels)};

}  // namespace nd::kernels
