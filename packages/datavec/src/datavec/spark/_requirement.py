"""The package that all of this needs, and how to get it."""

from __future__ import annotations

__all__ = ["need_pyspark"]


def need_pyspark() -> None:
    """Raise ImportError, naming the extra to install, unless PySpark is there."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        raise ImportError(
            'datavec.spark needs PySpark and Java 17 or later: pip install "datavec[spark]"'
        ) from None
