// Updaters against their formulas written out in double, over several steps.
#include <limits>

#include "call.hpp"
#include "check.hpp"

namespace {

struct Settings {
    double lr = 0.1, scale = 1, l1 = 0, l2 = 0, decay = 0, momentum = 0.9;
    bool decay_by_lr = true, store = true;
};

// One element: what is subtracted, given the gradient; advances its states.
using Rule = double (*)(double g, double* s, double lr, double t, double momentum);

constexpr double beta1 = 0.9, beta2 = 0.99, epsilon = 1e-3, rho = 0.8;

double usable(double length) { return std::isfinite(length) ? length : epsilon; }
double adam_length(double lr, double t) {
    return usable(lr * std::sqrt(1 - std::pow(beta2, t + 1)) / (1 - std::pow(beta1, t + 1)));
}
void moments(double g, double* s) {
    s[0] = beta1 * s[0] + (1 - beta1) * g;
    s[1] = beta2 * s[1] + (1 - beta2) * g * g;
}

struct Updater {
    const char* name;
    int states;
    std::vector<double> hyper;
    Rule rule;
};
const Updater updaters[] = {
    {"update_sgd", 0, {}, [](double g, double*, double lr, double, double) { return lr * g; }},
    {"update_no_op", 0, {}, [](double g, double*, double, double, double) { return g; }},
    {"update_nesterovs",
     1,
     {},
     [](double g, double* s, double lr, double, double mu) {
         const double before = s[0];
         s[0] = mu * before - lr * g;
         return mu * before - (1 + mu) * s[0];
     }},
    {"update_ada_grad",
     1,
     {epsilon},
     [](double g, double* s, double lr, double, double) {
         s[0] += g * g;
         return lr * g / (std::sqrt(s[0]) + epsilon);
     }},
    {"update_ada_delta",
     2,
     {rho, epsilon},
     [](double g, double* s, double, double, double) {
         s[0] = rho * s[0] + (1 - rho) * g * g;
         const double u = g * std::sqrt(s[1] + epsilon) / std::sqrt(s[0] + epsilon);
         s[1] = rho * s[1] + (1 - rho) * u * u;
         return u;
     }},
    {"update_rms_prop",
     1,
     {rho, epsilon},
     [](double g, double* s, double lr, double, double) {
         s[0] = rho * s[0] + (1 - rho) * g * g;
         return lr * g / (std::sqrt(s[0]) + epsilon);
     }},
    {"update_adam",
     2,
     {beta1, beta2, epsilon},
     [](double g, double* s, double lr, double t, double) {
         moments(g, s);
         return adam_length(lr, t) * s[0] / (std::sqrt(s[1]) + epsilon);
     }},
    {"update_ada_max",
     2,
     {beta1, beta2, epsilon},
     [](double g, double* s, double lr, double t, double) {
         s[0] = beta1 * s[0] + (1 - beta1) * g;
         s[1] = std::fmax(beta2 * s[1], std::fabs(g)) + 1e-32;
         return usable(lr / (1 - std::pow(beta1, t + 1))) * s[0] / s[1];
     }},
    {"update_ams_grad",
     3,
     {beta1, beta2, epsilon},
     [](double g, double* s, double lr, double t, double) {
         moments(g, s);
         s[2] = std::fmax(s[2], s[1]);
         return adam_length(lr, t) * s[0] / (std::sqrt(s[2]) + epsilon);
     }},
    {"update_nadam",
     2,
     {beta1, beta2, epsilon},
     [](double g, double* s, double lr, double t, double) {
         moments(g, s);
         return lr * ((beta1 * s[0] + (1 - beta1) * g) / (1 - std::pow(beta1, t + 1))) / (std::sqrt(s[1]) + epsilon);
     }},
    {"update_ada_belief",
     2,
     {beta1, beta2, epsilon},
     [](double g, double* s, double lr, double t, double) {
         s[0] = beta1 * s[0] + (1 - beta1) * g;
         s[1] = beta2 * s[1] + (1 - beta2) * (g - s[0]) * (g - s[0]) + epsilon;
         return adam_length(lr, t) * s[0] / (std::sqrt(s[1]) + epsilon);
     }},
};

template <class T>
void check_updater(const Updater& u, const Settings& settings, int64_t n, double tolerance) {
    Host<T> w({n}), g({n});
    std::vector<Host<T>> states(static_cast<size_t>(u.states), Host<T>({n}));
    w.randomize(1);
    w.at({0}) = 0;
    std::vector<double> exact_w, exact_s(static_cast<size_t>(n * std::max(1, u.states)));
    for (int64_t i = 0; i < n; ++i) exact_w.push_back(static_cast<double>(w.at({i})));
    for (int t = 0; t < 4; ++t) {
        g.randomize(static_cast<uint32_t>(10 + t));
        g.at({n - 1}) = 0;
        std::vector<double> scalars{settings.lr, static_cast<double>(t), settings.scale, settings.l1,
                                    settings.l2, settings.decay};
        if (std::string("update_nesterovs") == u.name) scalars.push_back(settings.momentum);
        std::vector<nd_desc> in{w.desc(), g.desc()}, out{w.desc()};
        std::vector<char*> pointers{w.bytes(), g.bytes()};
        for (auto& s : states) in.push_back(s.desc()), pointers.push_back(s.bytes());
        for (double& s : scalars)
            in.push_back({ND_FLOAT64, 0, nullptr, nullptr, nullptr, 0}), pointers.push_back(reinterpret_cast<char*>(&s));
        std::vector<double> gradient;
        for (int64_t i = 0; i < n; ++i) gradient.push_back(static_cast<double>(g.at({i})));
        Prepared kernel(u.name, in, out, {settings.decay_by_lr, settings.store}, u.hyper);
        CHECK_EQUAL(kernel.status, ND_OK);
        kernel.run(pointers, {w.bytes()});
        for (int64_t i = 0; i < n; ++i) {
            double& weight = exact_w[static_cast<size_t>(i)];
            const double sign = weight > 0 ? 1 : weight < 0 ? -1 : 0;
            const double before = gradient[static_cast<size_t>(i)];
            const double step = before * settings.scale + settings.l2 * weight + settings.l1 * sign;
            double* s = &exact_s[static_cast<size_t>(i * std::max(1, u.states))];
            const double decay = settings.decay * (settings.decay_by_lr ? settings.lr : 1);
            const double update =
                u.rule(step, s, settings.lr, t, settings.momentum) + (settings.decay == 0 ? 0 : decay * weight);
            weight -= update;
            CHECK_NEAR(static_cast<double>(g.at({i})), settings.store ? update : before, tolerance * (1 + std::fabs(update)));
            CHECK_NEAR(static_cast<double>(w.at({i})), weight, tolerance * (1 + std::fabs(weight)));
            for (int k = 0; k < u.states; ++k) {
                CHECK_NEAR(static_cast<double>(states[static_cast<size_t>(k)].at({i})), s[k],
                           tolerance * (1 + std::fabs(s[k])));
            }
        }
    }
}

}  // namespace

TEST(updaters_follow_their_formulas) {
    for (const Updater& u : updaters) {
        for (int64_t n : {1, 3, 8, 17, 131}) {
            check_updater<float>(u, {}, n, 1e-5);
            check_updater<double>(u, {}, n, 1e-13);
        }
        check_updater<float>(u, {}, 40000, 1e-5);
    }
}

TEST(updaters_regularize_before_and_decay_after) {
    for (const Updater& u : updaters) {
        check_updater<double>(u, {.scale = 0.25, .l1 = 0.01, .l2 = 0.02, .decay = 0.03}, 37, 1e-13);
        check_updater<double>(u, {.l1 = 0.1, .store = false}, 37, 1e-13);
        check_updater<float>(u, {.decay = 0.3, .decay_by_lr = false}, 37, 1e-5);
    }
}

TEST(updaters_stay_at_learning_rate_zero_and_survive_a_broken_one) {
    for (const Updater& u : updaters) {
        check_updater<double>(u, {.lr = 0}, 9, 1e-13);
        // Only the rules with a step length of their own have a substitute for it.
        const bool substitutes = u.states >= 2 && u.hyper.size() == 3 && std::string("update_nadam") != u.name;
        if (substitutes) check_updater<double>(u, {.lr = std::numeric_limits<double>::infinity()}, 9, 1e-13);
    }
}

TEST(updaters_of_16_bit_parameters_compute_in_float) {
    using nd::kernels::Float16;
    const int64_t n = 300;
    Host<Float16> w({n}), g({n});
    for (int64_t i = 0; i < n; ++i) w.at({i}).bits = 0x3c00, g.at({i}).bits = 0x3800;  // 1 and 0.5
    double scalars[] = {0.25, 0, 1, 0, 0, 0};
    std::vector<nd_desc> in{w.desc(), g.desc()}, out{w.desc()};
    std::vector<char*> pointers{w.bytes(), g.bytes()};
    for (double& s : scalars)
        in.push_back({ND_FLOAT64, 0, nullptr, nullptr, nullptr, 0}), pointers.push_back(reinterpret_cast<char*>(&s));
    Prepared kernel("update_sgd", in, out, {1, 1});
    kernel.run(pointers, {w.bytes()});
    for (int64_t i = 0; i < n; ++i) {
        CHECK_EQUAL(w.at({i}).bits, 0x3b00);  // 0.875
        CHECK_EQUAL(g.at({i}).bits, 0x3000);  // 0.125
    }
}

TEST(updaters_refuse_arrays_that_do_not_match) {
    Host<float> w({4}), g({5});
    std::vector<nd_desc> in{w.desc(), g.desc()}, out{w.desc()};
    for (int i = 0; i < 6; ++i) in.push_back({ND_FLOAT64, 0, nullptr, nullptr, nullptr, 0});
    Prepared kernel("update_sgd", in, out, {1, 1});
    CHECK_EQUAL(kernel.status, ND_INVALID);
    CHECK(std::string(kernel.error.text).find("length") != std::string::npos);
}
