"""The backends that nd4py publishes: which extra installs them and what their instructions need.

A backend says itself what it requires; this table is for advice about those that are not installed.
"""

from __future__ import annotations

from collections.abc import Set

__all__ = ["DISTRIBUTIONS", "best_extra", "install_command"]

_X86_64_V2 = frozenset({"sse3", "ssse3", "sse4_1", "sse4_2", "popcnt"})
_X86_64_V3 = _X86_64_V2 | {"avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "lzcnt", "movbe"}
_X86_64_V4 = _X86_64_V3 | {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}

_NEEDS = {"avx512": _X86_64_V4, "avx2": _X86_64_V3, "native": _X86_64_V2}  # best first

DISTRIBUTIONS = {
    "native": "nd4py-native",
    "avx2": "nd4py-native-avx2",
    "avx512": "nd4py-native-avx512",
    "cuda": "nd4py-cuda",
}


def best_extra(features: Set[str]) -> str | None:
    """The extra with the best kernels for a CPU with these features; None where there is none."""
    return next((name for name, needs in _NEEDS.items() if needs <= features), None)


def install_command(features: Set[str]) -> str:
    """What to type to get kernels that fit this CPU."""
    extra = best_extra(features)
    if extra is None:
        return (
            "no kernel wheel fits this CPU; the NumPy reference (backend 'numpy') runs everywhere"
        )
    return f"install the kernels that fit this CPU: pip install 'nd4py[{extra}]'"
