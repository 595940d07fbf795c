"""The SSE4.2 kernels of nd4py.

Install it through the extra of the same name (`nd4py[native]`); nd4py finds it by its entry point.
Importing this package opens no shared object, so it is safe on every CPU.
"""

from nd4py_native._version import __version__

__all__ = ["Backend", "__version__", "backend"]


class Backend:
    """What nd4py must know before it may open the kernels, and how to open them."""

    name = "native"
    isa = "native"
    priority = 100
    version = __version__
    # Names as in nd4py's cpu_features(); -march=x86-64-v2 lets the compiler use all of these.
    requires = (
        "sse3",
        "ssse3",
        "sse4_1",
        "sse4_2",
        "popcnt",
    )

    def load(self) -> object:
        """Open the kernels and return their table, a capsule named "nd4py.kernel_table".

        Raises:
            ImportError: the shared object, or a library it needs, cannot be opened.
        """
        from nd4py_native import _kernels

        return _kernels.table


backend = Backend()
