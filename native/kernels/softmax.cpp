// softmax and log_softmax along one axis, and softmax with cross entropy over the rows of a matrix.
//
// Per row: the maximum, then exp(x - maximum) with its sum, then one division; the row stays in L1 between the passes.
// Rows that are not contiguous are copied to the stack, or when long to scratch, and then run on one thread.
#include "attributes.hpp"
#include "families.hpp"
#include "prepared.hpp"
#include "strided.hpp"
#include "threads.hpp"
#include "vector_loops.hpp"
#include "vector_math.hpp"

namespace nd::kernels {
namespace {

namespace vm = vector_math;

constexpr int64_t elements_per_piece = 8192;
constexpr int64_t stack_row_bytes = 16384;
constexpr int64_t sum_block = 64;  // vectors

template <class T>
ND_INLINE Vec<T> lane_numbers() {
    Vec<T> v;
    for (int i = 0; i < lanes<T>; ++i) v[i] = static_cast<T>(i);
    return v;
}
template <class T>
ND_INLINE Vec<T> load_padded(const T* from, int64_t count, T padding) {
    return lane_numbers<T>() < static_cast<T>(count) ? load_partial(from, count) : broadcast(padding);
}

// Which NaN it keeps does not matter: every NaN of a row comes back through its exponential.
constexpr auto larger = [](auto a, auto b) { return a > b ? a : b; };

template <class T>
struct Row {
    T maximum, sum;  // of the row, and of exp(x - maximum)
};

// Writes exp(x - maximum) to y (which may be x) when kWrite.
template <class T, bool kWrite>
ND_INLINE Row<T> exponentials(const T* x, T* y, int64_t n) {
    constexpr T lowest = -vm::infinity<T>;
    const int64_t whole = n / lanes<T> * lanes<T>, rest = n - whole;
    Vec<T> top = broadcast(lowest), other = top;
    int64_t j = 0;
    for (; j + 2 * lanes<T> <= whole; j += 2 * lanes<T>) {
        top = larger(top, load(x + j));
        other = larger(other, load(x + j + lanes<T>));
    }
    top = larger(top, other);
    if (j < whole) top = larger(top, load(x + j));
    if (rest) top = larger(top, load_padded(x + whole, rest, lowest));
    const T maximum = across(top, larger);
    // A row of -inf alone: 0/0 is NaN, as everywhere.
    // Blocks, so that a long row's small terms are not added one by one to a large sum.
    Vec<T> total{};
    for (int64_t i = 0; i < whole;) {
        const int64_t end = std::min(whole, i + sum_block * lanes<T>);
        Vec<T> sum{}, more{};
        for (; i + 2 * lanes<T> <= end; i += 2 * lanes<T>) {
            const Vec<T> e = vm::exp(load(x + i) - maximum), f = vm::exp(load(x + i + lanes<T>) - maximum);
            if (kWrite) store(y + i, e), store(y + i + lanes<T>, f);
            sum += e, more += f;
        }
        if (i < end) {
            const Vec<T> e = vm::exp(load(x + i) - maximum);
            if (kWrite) store(y + i, e);
            sum += e;
            i += lanes<T>;
        }
        total += sum + more;
    }
    if (rest) {
        const Vec<T> e = vm::exp(load_padded(x + whole, rest, lowest) - maximum);
        if (kWrite) store_partial(y + whole, e, rest);
        total += lane_numbers<T>() < static_cast<T>(rest) ? e : Vec<T>{};  // a NaN maximum makes the padding NaN too
    }
    return {maximum, sum_across(total)};
}

template <class T, class F>
ND_INLINE void map_row(const T* from, T* to, int64_t n, F&& f) {
    int64_t i = 0;
    for (; i + lanes<T> <= n; i += lanes<T>) store(to + i, f(load(from + i)));
    if (i < n) store_partial(to + i, f(load_partial(from + i, n - i)), n - i);
}

// The probabilities of a row that fits one vector, without a way through memory; lanes past n are 0.
template <class T>
ND_INLINE Vec<T> short_row(const T* x, int64_t n) {
    const Vec<T> v = load_padded(x, n, -vm::infinity<T>);
    Vec<T> e = vm::exp(v - across(v, larger));
    e = lane_numbers<T>() < static_cast<T>(n) ? e : Vec<T>{};
    return e / sum_across(e);
}

struct Probabilities {
    template <class T>
    static void row(const T* x, T* y, int64_t n) {
        if (n < lanes<T>) return store_partial(y, short_row(x, n), n);
        const T sum = exponentials<T, true>(x, y, n).sum;
        map_row(y, y, n, [sum](Vec<T> e) { return e / sum; });
    }
};
struct LogProbabilities {
    template <class T>
    static void row(const T* x, T* y, int64_t n) {
        const auto [maximum, sum] = exponentials<T, false>(x, y, n);
        const T log_sum = std::log(sum);
        map_row(x, y, n, [maximum = maximum, log_sum](Vec<T> v) { return (v - maximum) - log_sum; });
    }
};

template <class T, class Kind>
struct Softmax {
    Walk rows{2};  // operands x, y; the axis itself apart
    int64_t n = 0, sx = 0, sy = 0;

    void one(const char* x, char* y, T* copy) const {
        const bool from_place = sx == sizeof(T), to_place = sy == sizeof(T);
        if (!from_place) gather_run(x, sx, copy, n);
        T* to = to_place ? reinterpret_cast<T*>(y) : copy;
        Kind::row(from_place ? reinterpret_cast<const T*>(x) : copy, to, n);
        if (!to_place) scatter_run(to, y, sy, n);
    }

    void run(char* const* in, char* const* out, char* scratch) const {
        const bool strided = sx != sizeof(T) || sy != sizeof(T);
        const bool on_stack = n * static_cast<int64_t>(sizeof(T)) <= stack_row_bytes;
        const int64_t count = rows.total();
        const int64_t grain =
            strided && !on_stack ? count : std::max<int64_t>(1, elements_per_piece / std::max<int64_t>(1, n));
        parallel_for(count, grain, [&](int64_t begin, int64_t end) {
            alignas(vector_bytes) T stack[stack_row_bytes / sizeof(T)];
            T* copy = on_stack ? stack : reinterpret_cast<T*>(scratch);
            rows.for_runs(begin, end, [&](const int64_t* at) { one(in[0] + at[0], out[0] + at[1], copy); }, 0);
        });
    }
};

template <class T, class Kind>
nd_status prepare_along_axis(const nd_call* call, nd_prepared* prepared) {
    const nd_desc &x = call->in[0], &y = call->out[0];
    const int64_t axis = AttributeReader(call).integer();
    if (axis < 0 || axis >= x.ndim || !same_shape(x, y))
        throw std::invalid_argument("softmax: axis or output shape is wrong");
    auto state = std::make_unique<Softmax<T, Kind>>();
    for (int i = 0; i < x.ndim; ++i) {
        if (i != axis)
            state->rows.add_axis(x.shape[i], {x.strides[i] * item_bytes(x.dtype), y.strides[i] * item_bytes(y.dtype)});
    }
    state->rows.merge();
    state->n = x.shape[axis];
    // The stride of an axis of one element says nothing.
    state->sx = state->n == 1 ? static_cast<int64_t>(sizeof(T)) : x.strides[axis] * item_bytes(x.dtype);
    state->sy = state->n == 1 ? static_cast<int64_t>(sizeof(T)) : y.strides[axis] * item_bytes(y.dtype);
    const bool strided = state->sx != sizeof(T) || state->sy != sizeof(T);
    const size_t scratch = strided ? static_cast<size_t>(state->n) * sizeof(T) : 0;
    return finish(std::move(state), prepared, scratch, 1);
}

template <class Kind>
nd_status prepare(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (has_layout(call) || call->in[0].dtype != call->out[0].dtype) return ND_UNSUPPORTED;
    switch (call->in[0].dtype) {
        case ND_FLOAT32: return prepare_along_axis<float, Kind>(call, prepared);
        case ND_FLOAT64: return prepare_along_axis<double, Kind>(call, prepared);
        default: return ND_UNSUPPORTED;
    }
}

// ------------------------------------------------------------------------------------------------- with cross entropy

// Row strides in bytes; the columns of all three matrices are contiguous.
template <class T>
struct CrossEntropy {
    int64_t n = 0, columns = 0, labels_stride = 0, logits_stride = 0, loss_stride = 0, p_stride = 0;
    T clip = 0;

    void one(const T* y, const T* x, T* p, T* loss) const {
        const T low = clip, high = 1 - clip;
        Vec<T> total{};
        const auto term = [&](Vec<T> probability, Vec<T> label) {
            if (clip > 0) {
                probability = probability < low ? broadcast(low) : probability;
                probability = probability > high ? broadcast(high) : probability;
            }
            return label * vm::log(probability);
        };
        // The missing lanes have no label, but their logarithm may be infinite.
        const auto known = [](Vec<T> terms, int64_t count) {
            return lane_numbers<T>() < static_cast<T>(count) ? terms : Vec<T>{};
        };
        if (columns < lanes<T>) {
            const Vec<T> probability = short_row(x, columns);
            store_partial(p, probability, columns);
            *loss = -sum_across(known(term(probability, load_partial(y, columns)), columns));
            return;
        }
        const T sum = exponentials<T, true>(x, p, columns).sum;
        int64_t i = 0;
        for (; i + lanes<T> <= columns; i += lanes<T>) {
            const Vec<T> probability = load(p + i) / sum, label = load(y + i);
            store(p + i, probability);
            // Mostly one label of a row is not 0; a clipped logarithm times 0 adds nothing.
            if (clip > 0 && !any(label != 0)) continue;
            total += term(probability, label);
        }
        if (const int64_t rest = columns - i) {
            const Vec<T> probability = load_partial(p + i, rest) / sum;
            store_partial(p + i, probability, rest);
            total += known(term(probability, load_partial(y + i, rest)), rest);
        }
        *loss = sum == sum ? -sum_across(total) : sum;
    }

    void run(char* const* in, char* const* out, char*) const {
        const int64_t grain = std::max<int64_t>(1, elements_per_piece / std::max<int64_t>(1, columns));
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; ++r) {
                one(reinterpret_cast<const T*>(in[0] + r * labels_stride),
                    reinterpret_cast<const T*>(in[1] + r * logits_stride), reinterpret_cast<T*>(out[1] + r * p_stride),
                    reinterpret_cast<T*>(out[0] + r * loss_stride));
            }
        });
    }
};

bool has_contiguous_columns(const nd_desc& d) { return d.shape[1] <= 1 || d.strides[1] == 1; }

template <class T>
nd_status prepare_cross_entropy_as(const nd_call* call, nd_prepared* prepared) {
    const nd_desc &labels = call->in[0], &logits = call->in[1], &loss = call->out[0], &p = call->out[1];
    for (const nd_desc* d : {&labels, &logits, &p}) {
        if (d->dtype != logits.dtype || d->ndim != 2 || !has_contiguous_columns(*d)) return ND_UNSUPPORTED;
        if (!same_shape(*d, logits))
            throw std::invalid_argument("softmax_cross_entropy: labels, logits and p differ in shape");
    }
    if (loss.dtype != logits.dtype || loss.ndim != 1 || loss.shape[0] != logits.shape[0]) return ND_UNSUPPORTED;
    constexpr int64_t size = sizeof(T);
    auto state = std::make_unique<CrossEntropy<T>>();
    state->n = logits.shape[0];
    state->columns = logits.shape[1];
    state->labels_stride = labels.strides[0] * size;
    state->logits_stride = logits.strides[0] * size;
    state->p_stride = p.strides[0] * size;
    state->loss_stride = loss.strides[0] * size;
    state->clip = static_cast<T>(AttributeReader(call).real());
    return finish(std::move(state), prepared);
}

nd_status prepare_cross_entropy(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (has_layout(call) || call->n_in != 2 || call->n_out != 2) return ND_UNSUPPORTED;
    switch (call->in[1].dtype) {
        case ND_FLOAT32: return prepare_cross_entropy_as<float>(call, prepared);
        case ND_FLOAT64: return prepare_cross_entropy_as<double>(call, prepared);
        default: return ND_UNSUPPORTED;
    }
}

constexpr nd_kernel kernels[] = {
    {"softmax", guarded<prepare<Probabilities>>},
    {"log_softmax", guarded<prepare<LogProbabilities>>},
    {"softmax_cross_entropy", guarded<prepare_cross_entropy>},
};

}  // namespace

extern const nd_kernel_list softmax_kernels = {kernels, std::size(kernels)};

}  // namespace nd::kernels
