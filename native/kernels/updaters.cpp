// update_<name>: one training step of an updater over a flat vector of parameters, in place.
//
//   g = gradient * scale;  g += l2 * w + l1 * sign(w);  u = rule(g);  u += weight_decay * (lr or 1) * w;  w -= u
//
// One pass: every parameter, gradient and state element is read and written once.
#include "attributes.hpp"
#include "families.hpp"
#include "half_tiles.hpp"
#include "prepared.hpp"
#include "strided.hpp"
#include "threads.hpp"
#include "update_rules.hpp"

namespace nd::kernels {
namespace {

using update_rules::Step;

// Smallest piece worth a thread: below it the fork costs more than the division and square root of the whole.
constexpr int64_t grain = 16384;

template <class T>
struct Penalties {
    T scale, l1, l2, decay;
    bool regularized, decayed, store_update;
};

template <class T, class Rule>
void update_run(const Rule& rule, const Penalties<T>& p, T* w, T* g, T* const* states, int64_t n) {
    constexpr int count = Rule::states;
    const auto advance = [&](auto load_from, auto store_to, int64_t i) {
        const Vec<T> weight = load_from(w + i);
        Vec<T> gradient = load_from(g + i) * p.scale, state[count + 1];
        if (p.regularized) {
            const Vec<T> sign = weight > 0 ? broadcast<T>(1) : weight < 0 ? broadcast<T>(-1) : Vec<T>{};
            gradient += p.l2 * weight + p.l1 * sign;
        }
        for (int k = 0; k < count; ++k) state[k] = load_from(states[k] + i);
        Vec<T> update = rule.step(gradient, state);
        for (int k = 0; k < count; ++k) store_to(states[k] + i, state[k]);
        if (p.decayed) update += p.decay * weight;
        store_to(w + i, weight - update);
        if (p.store_update) store_to(g + i, update);
    };
    int64_t i = 0;
    for (; i + lanes<T> <= n; i += lanes<T>) {
        advance([](const T* from) { return load(from); }, [](T* to, Vec<T> v) { store(to, v); }, i);
    }
    if (const int64_t rest = n - i) {
        advance([rest](const T* from) { return load_partial(from, rest); },
                [rest](T* to, Vec<T> v) { store_partial(to, v, rest); }, i);
    }
}

// 16-bit floats: tiles of float, rounded when stored.
template <class H, class Rule>
void update_half_run(const Rule& rule, const Penalties<float>& p, H* w, H* g, H* const* states, int64_t n) {
    constexpr int count = Rule::states;
    alignas(vector_bytes) float weight[tile_elements], gradient[tile_elements], state[count + 1][tile_elements];
    float* rows[count + 1] = {};
    for (int k = 0; k < count; ++k) rows[k] = state[k];
    for (int64_t i = 0; i < n; i += tile_elements) {
        const int64_t size = std::min(tile_elements, n - i);
        widen_run(w + i, weight, size);
        widen_run(g + i, gradient, size);
        for (int k = 0; k < count; ++k) widen_run(states[k] + i, state[k], size);
        update_run<float>(rule, p, weight, gradient, rows, size);
        narrow_run(weight, w + i, size);
        if (p.store_update) narrow_run(gradient, g + i, size);
        for (int k = 0; k < count; ++k) narrow_run(state[k], states[k] + i, size);
    }
}

double scalar_value(const char* from, int32_t dtype) {
    switch (dtype) {
        case ND_FLOAT32: return read<float>(from);
        case ND_INT64: return static_cast<double>(read<int64_t>(from));
        case ND_INT32: return read<int32_t>(from);
        default: return read<double>(from);
    }
}
bool is_scalar(const nd_desc& d) {
    const bool known = d.dtype == ND_FLOAT64 || d.dtype == ND_FLOAT32 || d.dtype == ND_INT64 || d.dtype == ND_INT32;
    return known && count_of(d) == 1;
}

enum Scalar { kLearningRate, kIteration, kGradientScale, kL1, kL2, kWeightDecay, kMomentum, kScalars };

// T: element type in memory; the arithmetic runs in float for the 16-bit floats.
template <class T, template <class> class RuleOf>
struct Update {
    using Arithmetic = std::conditional_t<std::is_floating_point_v<T>, T, float>;
    using Rule = RuleOf<Arithmetic>;

    int64_t n = 0;
    int scalars = 0;
    int32_t scalar_dtypes[kScalars] = {};
    bool decay_by_learning_rate = false, store_update = false;
    double hyper[Rule::hyper + 1] = {};

    void run(char* const* in, char* const*, char*) const {
        double s[kScalars] = {};
        for (int i = 0; i < scalars; ++i) s[i] = scalar_value(in[2 + Rule::states + i], scalar_dtypes[i]);
        const Rule rule(hyper, Step{s[kLearningRate], s[kIteration], s[kMomentum]});
        const auto rounded = [](double v) { return static_cast<Arithmetic>(v); };
        const double decay = s[kWeightDecay] * (decay_by_learning_rate ? s[kLearningRate] : 1.0);
        const Penalties<Arithmetic> penalties{
            rounded(s[kGradientScale]), rounded(s[kL1]),      rounded(s[kL2]), rounded(decay),
            s[kL1] != 0 || s[kL2] != 0, s[kWeightDecay] != 0, store_update};
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
            T* states[Rule::states + 1] = {};
            for (int k = 0; k < Rule::states; ++k) states[k] = reinterpret_cast<T*>(in[2 + k]) + begin;
            T *w = reinterpret_cast<T*>(in[0]) + begin, *g = reinterpret_cast<T*>(in[1]) + begin;
            if constexpr (std::is_floating_point_v<T>) {
                update_run<T>(rule, penalties, w, g, states, end - begin);
            } else {
                update_half_run<T>(rule, penalties, w, g, states, end - begin);
            }
        });
    }
};

template <class T, template <class> class RuleOf>
nd_status prepare_as(const nd_call* call, nd_prepared* prepared) {
    using State = Update<T, RuleOf>;
    constexpr int states = State::Rule::states;
    AttributeReader read(call);
    auto state = std::make_unique<State>();
    state->decay_by_learning_rate = read.integer() != 0;
    state->store_update = read.integer() != 0;
    for (int i = 0; i < State::Rule::hyper; ++i) state->hyper[i] = read.real();
    state->scalars = call->n_in - 2 - states;
    if (state->scalars != kMomentum && state->scalars != kScalars) {
        throw std::invalid_argument("updater: expected parameters, gradient, states, then 6 or 7 scalars");
    }
    state->n = count_of(call->in[0]);
    for (int i = 0; i < 2 + states; ++i) {
        const nd_desc& array = call->in[i];
        if (array.dtype != call->in[0].dtype || count_of(array) != state->n) {
            throw std::invalid_argument("updater: parameters, gradient and states must share dtype and length");
        }
        if (!is_contiguous(array)) return ND_UNSUPPORTED;
    }
    for (int i = 0; i < state->scalars; ++i) {
        const nd_desc& scalar = call->in[2 + states + i];
        if (!is_scalar(scalar)) throw std::invalid_argument("updater: expected scalars after the states");
        state->scalar_dtypes[i] = scalar.dtype;
    }
    return finish(std::move(state), prepared, 0, 1);
}

template <template <class> class RuleOf>
nd_status prepare(const nd_call* call, nd_prepared* prepared, nd_error*) {
    if (has_layout(call) || call->n_in < 2) return ND_UNSUPPORTED;
    switch (call->in[0].dtype) {
        case ND_FLOAT32: return prepare_as<float, RuleOf>(call, prepared);
        case ND_FLOAT64: return prepare_as<double, RuleOf>(call, prepared);
        case ND_FLOAT16: return prepare_as<Float16, RuleOf>(call, prepared);
        case ND_BFLOAT16: return prepare_as<BFloat16, RuleOf>(call, prepared);
        default: return ND_UNSUPPORTED;
    }
}

constexpr nd_kernel kernels[] = {
    {"update_sgd", guarded<prepare<update_rules::Sgd>>},
    {"update_nesterovs", guarded<prepare<update_rules::Nesterovs>>},
    {"update_ada_grad", guarded<prepare<update_rules::AdaGrad>>},
    {"update_ada_delta", guarded<prepare<update_rules::AdaDelta>>},
    {"update_rms_prop", guarded<prepare<update_rules::RmsProp>>},
    {"update_adam", guarded<prepare<update_rules::Adam>>},
    {"update_ada_max", guarded<prepare<update_rules::AdaMax>>},
    {"update_ams_grad", guarded<prepare<update_rules::AmsGrad>>},
    {"update_nadam", guarded<prepare<update_rules::Nadam>>},
    {"update_ada_belief", guarded<prepare<update_rules::AdaBelief>>},
    {"update_no_op", guarded<prepare<update_rules::NoOp>>},
};

}  // namespace

extern const nd_kernel_list updater_kernels = {kernels, std::size(kernels)};

}  // namespace nd::kernels
