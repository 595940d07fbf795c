"""The version of this distribution; written by tools/version.py."""

__version__ = "0.1.0"
