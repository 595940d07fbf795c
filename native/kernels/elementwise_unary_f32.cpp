#include "elementwise_unary.hpp"

namespace nd::kernels {

void add_float32_unary_loops(LoopTables& tables) { add_float_unary_loops<float>(tables); }

}  // namespace nd::kernels
