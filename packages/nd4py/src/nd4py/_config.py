"""Settings of nd4py from the environment, read when they are needed."""

from __future__ import annotations

import os

__all__ = ["backend_name", "backend_priority", "num_threads"]


def backend_name() -> str | None:
    """``ND4PY_BACKEND``: the backend to use, such as ``avx2`` or ``numpy``; None where it is unset."""
    return os.environ.get("ND4PY_BACKEND", "").strip().lower() or None


def backend_priority() -> tuple[str, ...]:
    """``ND4PY_BACKEND_PRIORITY``: names that come first, in this order; others follow by their own priority."""
    text = os.environ.get("ND4PY_BACKEND_PRIORITY", "")
    return tuple(name for part in text.split(",") if (name := part.strip().lower()))


def num_threads() -> int | None:
    """``ND4PY_NUM_THREADS``: threads of the kernels; None where it is unset.

    Raises:
        ValueError: it is not a number of at least 1.
    """
    text = os.environ.get("ND4PY_NUM_THREADS", "").strip()
    if not text:
        return None
    if not text.isdigit() or int(text) < 1:
        raise ValueError(
            f"environment variable ND4PY_NUM_THREADS: expected an integer of at least 1, received {text!r}"
        )
    return int(text)
