// The arithmetic of the updaters: one step of each rule on a vector of elements.
//
// A rule is built once per step from the hyper-parameters and the scalars of the step, all rounded to the element type
// first, as the original does. `step(g, state)` gives what is subtracted from the parameters and advances the state.
#pragma once

#include <cmath>

#include "simd.hpp"

namespace nd::kernels::update_rules {

// One optimisation step's scalars.
struct Step {
    double learning_rate = 0, iteration = 0, momentum = 0;
};

// NaN and infinity make no step length: epsilon stands in, as in the original. That takes it for 0 as well, so that its
// parameters move at learning rate 0; ours stay.
template <class T>
T usable(double length, T epsilon) {
    const T rounded = static_cast<T>(length);
    return std::isfinite(rounded) ? rounded : epsilon;
}

// 1 - beta^(t+1)
template <class T>
double bias_correction(T beta, double iteration) {
    return 1.0 - std::pow(beta, static_cast<T>(iteration + 1));
}

template <class T>
struct Moments {
    T beta1, beta2, epsilon, rest1, rest2;

    explicit Moments(const double* hyper)
        : beta1(static_cast<T>(hyper[0])),
          beta2(static_cast<T>(hyper[1])),
          epsilon(static_cast<T>(hyper[2])),
          rest1(1 - beta1),
          rest2(1 - beta2) {}

    T adam_length(const Step& s) const {
        const T root = std::sqrt(static_cast<T>(bias_correction(beta2, s.iteration)));
        return usable<T>(static_cast<T>(s.learning_rate) * root / bias_correction(beta1, s.iteration), epsilon);
    }
    template <class V>
    ND_INLINE V first(V m, V g) const {
        return beta1 * m + rest1 * g;
    }
    template <class V>
    ND_INLINE V second(V v, V g) const {
        return beta2 * v + rest2 * (g * g);
    }
};

template <class T>
struct Sgd {
    static constexpr int states = 0, hyper = 0;
    T lr;
    Sgd(const double*, const Step& s) : lr(static_cast<T>(s.learning_rate)) {}
    template <class V>
    ND_INLINE V step(V g, V*) const {
        return lr * g;
    }
};

template <class T>
struct NoOp {
    static constexpr int states = 0, hyper = 0;
    NoOp(const double*, const Step&) {}
    template <class V>
    ND_INLINE V step(V g, V*) const {
        return g;
    }
};

template <class T>
struct Nesterovs {
    static constexpr int states = 1, hyper = 0;
    T lr, momentum;
    Nesterovs(const double*, const Step& s) : lr(static_cast<T>(s.learning_rate)), momentum(static_cast<T>(s.momentum)) {}
    template <class V>
    ND_INLINE V step(V g, V* v) const {
        const V carried = momentum * v[0];
        v[0] = carried - lr * g;
        return carried - (momentum + 1) * v[0];
    }
};

template <class T>
struct AdaGrad {
    static constexpr int states = 1, hyper = 1;
    T lr, epsilon;
    AdaGrad(const double* h, const Step& s) : lr(static_cast<T>(s.learning_rate)), epsilon(static_cast<T>(h[0])) {}
    template <class V>
    ND_INLINE V step(V g, V* h) const {
        h[0] = h[0] + g * g;
        return lr * g / (sqrt(h[0]) + epsilon);
    }
};

template <class T>
struct AdaDelta {
    static constexpr int states = 2, hyper = 2;
    T rho, epsilon, rest;
    AdaDelta(const double* h, const Step&) : rho(static_cast<T>(h[0])), epsilon(static_cast<T>(h[1])), rest(1 - rho) {}
    template <class V>
    ND_INLINE V step(V g, V* s) const {
        s[0] = rho * s[0] + rest * (g * g);
        const V u = g * (sqrt(s[1] + epsilon) / sqrt(s[0] + epsilon));
        s[1] = rho * s[1] + rest * (u * u);
        return u;
    }
};

template <class T>
struct RmsProp {
    static constexpr int states = 1, hyper = 2;
    T lr, decay, epsilon, rest;
    RmsProp(const double* h, const Step& s)
        : lr(static_cast<T>(s.learning_rate)), decay(static_cast<T>(h[0])), epsilon(static_cast<T>(h[1])), rest(1 - decay) {}
    template <class V>
    ND_INLINE V step(V g, V* s) const {
        s[0] = decay * s[0] + rest * (g * g);
        return lr * g / (sqrt(s[0]) + epsilon);
    }
};

template <class T>
struct Adam : Moments<T> {
    static constexpr int states = 2, hyper = 3;
    T length;
    Adam(const double* h, const Step& s) : Moments<T>(h), length(this->adam_length(s)) {}
    template <class V>
    ND_INLINE V step(V g, V* s) const {
        s[0] = this->first(s[0], g);
        s[1] = this->second(s[1], g);
        return length * s[0] / (sqrt(s[1]) + this->epsilon);
    }
};

template <class T>
struct AdaMax : Moments<T> {
    static constexpr int states = 2, hyper = 3;
    T length;
    AdaMax(const double* h, const Step& s)
        : Moments<T>(h),
          length(usable<T>(static_cast<T>(s.learning_rate) / bias_correction(this->beta1, s.iteration), this->epsilon)) {}
    template <class V>
    ND_INLINE V step(V g, V* s) const {
        s[0] = this->first(s[0], g);
        const V decayed = this->beta2 * s[1], size = abs(g);
        s[1] = (decayed < size ? size : decayed) + static_cast<T>(1e-32);
        return length * s[0] / s[1];
    }
};

template <class T>
struct AmsGrad : Moments<T> {
    static constexpr int states = 3, hyper = 3;
    T length;
    AmsGrad(const double* h, const Step& s) : Moments<T>(h), length(this->adam_length(s)) {}
    template <class V>
    ND_INLINE V step(V g, V* s) const {
        s[0] = this->first(s[0], g);
        s[1] = this->second(s[1], g);
        s[2] = s[2] < s[1] ? s[1] : s[2];
        return length * s[0] / (sqrt(s[2]) + this->epsilon);
    }
};

template <class T>
struct Nadam : Moments<T> {
    static constexpr int states = 2, hyper = 3;
    T lr, correction;
    Nadam(const double* h, const Step& s)
        : Moments<T>(h),
          lr(static_cast<T>(s.learning_rate)),
          correction(static_cast<T>(bias_correction(this->beta1, s.iteration))) {}
    template <class V>
    ND_INLINE V step(V g, V* s) const {
        s[0] = this->first(s[0], g);
        s[1] = this->second(s[1], g);
        return lr * (this->first(s[0], g) / correction) / (sqrt(s[1]) + this->epsilon);
    }
};

template <class T>
struct AdaBelief : Moments<T> {
    static constexpr int states = 2, hyper = 3;
    T length;
    AdaBelief(const double* h, const Step& s) : Moments<T>(h), length(this->adam_length(s)) {}
    template <class V>
    ND_INLINE V step(V g, V* s) const {
        s[0] = this->first(s[0], g);
        s[1] = this->second(s[1], g - s[0]) + this->epsilon;
        return length * s[0] / (sqrt(s[1]) + this->epsilon);
    }
};

}  // namespace nd::kernels::update_rules
