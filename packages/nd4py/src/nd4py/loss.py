"""Losses per element or row, weighted and reduced (``SDLoss``).

Each function runs on arrays and records itself on graph values.
"""

from __future__ import annotations

from ._namespaces import namespace

_functions = namespace("loss")
__all__ = sorted(_functions)  # pyright: ignore[reportUnsupportedDunderAll]
globals().update(_functions)
