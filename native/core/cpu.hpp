// What the CPU and the operating system allow, asked without executing anything that either might lack.
#pragma once

#include <vector>

namespace nd {

// Names as in /proc/cpuinfo. Vector extensions appear only when the operating system saves their registers. Asks CPUID, as
// /proc/cpuinfo shows the host under an emulator. Empty on other processors.
std::vector<const char*> cpu_features();

}  // namespace nd
