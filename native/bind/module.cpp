// The extension module nd4py._core.
#include <nanobind/nanobind.h>

NB_MODULE(_core, module) { module.attr("__version__") = ND4PY_VERSION; }
