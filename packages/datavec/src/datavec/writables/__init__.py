"""Typed values, their bytes, and records to arrays and back."""
