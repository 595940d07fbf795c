"""The error of every reader in this package."""

from __future__ import annotations

__all__ = ["FormatError"]


class FormatError(ValueError):
    """A file is damaged, truncated, hostile, or of another form than asked for."""
