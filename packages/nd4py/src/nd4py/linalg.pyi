# Derived from the registry of operations by tools/operation_stubs.py; do not edit.
# ruff: noqa

from .ops.linear import matmul as matmul
from .ops.linear import mmul as mmul
