"""The backends that arrays are tested on: the NumPy reference, and every one built for this CPU."""

from __future__ import annotations

import nd4py as nd


def _usable() -> list[str]:
    found = ["numpy"]
    for name in ("native", "avx2", "avx512"):
        try:
            with nd.use_backend(name):
                found.append(name)
        except nd.BackendUnavailableError:
            continue
    return found


TABLES = _usable()
table = nd.use_backend
