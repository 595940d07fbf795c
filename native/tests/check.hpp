// A small test runner: TEST(name) { CHECK(...); }. A failed check reports its place and values and lets the test go on.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>

namespace check {

struct Test {
    const char* name;
    void (*body)();
    Test* next;
};

inline Test*& tests() {
    static Test* first = nullptr;
    return first;
}
inline int failures = 0;
inline int64_t checks = 0;

struct Registration {
    Test test;
    Registration(const char* name, void (*body)()) : test{name, body, tests()} { tests() = &test; }
};

// Printing stops early: one wrong loop would print thousands.
inline void fail(const char* file, int line, const std::string& text) {
    if (++failures <= 40) std::printf("%s:%d: %s\n", file, line, text.c_str());
}

template <class A, class B>
void equal(const char* file, int line, const char* what, const A& a, const B& b) {
    ++checks;
    if (a == b) return;
    std::ostringstream text;
    text.precision(17);
    text << what << ": " << +a << " != " << +b;
    fail(file, line, text.str());
}

inline void is_true(const char* file, int line, const char* what, bool value, const std::string& detail = "") {
    ++checks;
    if (!value) fail(file, line, std::string(what) + " " + detail);
}

// |a - b| <= tolerance, NaN equal to NaN, infinities equal to themselves.
inline void near(const char* file, int line, const char* what, double a, double b, double tolerance) {
    ++checks;
    if (a == b || (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= tolerance) return;
    std::ostringstream text;
    text.precision(17);
    text << what << ": " << a << " and " << b << " differ by more than " << tolerance;
    fail(file, line, text.str());
}

}  // namespace check

#define CHECK_JOIN2(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN2(a, b)
#define TEST(name)                                                                              \
    static void CHECK_JOIN(test_, name)();                                                      \
    static check::Registration CHECK_JOIN(registration_, name)(#name, CHECK_JOIN(test_, name)); \
    static void CHECK_JOIN(test_, name)()
#define CHECK(condition) check::is_true(__FILE__, __LINE__, #condition, static_cast<bool>(condition))
#define CHECK_WITH(condition, detail) check::is_true(__FILE__, __LINE__, #condition, static_cast<bool>(condition), detail)
#define CHECK_EQUAL(a, b) check::equal(__FILE__, __LINE__, #a " == " #b, a, b)
#define CHECK_NEAR(a, b, tolerance) check::near(__FILE__, __LINE__, #a " ~ " #b, a, b, tolerance)
