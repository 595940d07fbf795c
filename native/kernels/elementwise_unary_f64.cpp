#include "elementwise_unary.hpp"

namespace nd::kernels {

void add_float64_unary_loops(LoopTables& tables) { add_float_unary_loops<double>(tables); }

}  // namespace nd::kernels
