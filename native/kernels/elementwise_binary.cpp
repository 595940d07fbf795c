// The binary loops of float32 and float64.
#include "elementwise_float.hpp"
#include "families.hpp"
#include "scalar_loops.hpp"

namespace nd::kernels {
namespace {

#define ND_COMPARE(name, sign)        \
    struct name {                     \
        template <class T>            \
        static bool apply(T a, T b) { \
            return a sign b;          \
        }                             \
    };
namespace comparisons {
ND_COMPARE(eq, ==)
ND_COMPARE(neq, !=)
ND_COMPARE(lt, <)
ND_COMPARE(lte, <=)
ND_COMPARE(gt, >)
ND_COMPARE(gte, >=)
}  // namespace comparisons
#undef ND_COMPARE

template <class T>
void add_binary(LoopTables& tables) {
#define ND_TAKE_ND_ARITHMETIC(name) tables.binary[ND_BINARY_##name][dtype_of<T>] = binary_loop<T, float_ops::name>;
#define ND_TAKE_ND_FLOATING(name) ND_TAKE_ND_ARITHMETIC(name)
#define ND_TAKE_ND_PREDICATE(name) \
    tables.binary[ND_BINARY_##name][dtype_of<T>] = scalar_binary_loop<T, bool, comparisons::name>;
#define ND_TAKE_ND_LOGICAL(name)
#define ND_TAKE_ND_BITWISE(name)
#define ND_UNARY(name, domain)
#define ND_BINARY(name, domain) ND_TAKE_##domain(name)
#include "nd4py/elementwise.def"
#undef ND_UNARY
#undef ND_BINARY
}

}  // namespace

void add_float_binary_loops(LoopTables& tables) {
    add_binary<float>(tables);
    add_binary<double>(tables);
}

}  // namespace nd::kernels
