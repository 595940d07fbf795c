// Runs every test, or those whose name contains the first argument.
#include "check.hpp"

int main(int count, char** arguments) {
    int run = 0;
    for (const check::Test* test = check::tests(); test; test = test->next) {
        if (count > 1 && !std::strstr(test->name, arguments[1])) continue;
        const int before = check::failures;
        test->body();
        ++run;
        std::printf("%s %s\n", check::failures == before ? "ok  " : "FAIL", test->name);
    }
    std::printf("%d tests, %lld checks, %d failures\n", run, static_cast<long long>(check::checks), check::failures);
    return check::failures == 0 && run > 0 ? 0 : 1;
}
