# Derived from the registry of operations by tools/operation_stubs.py; do not edit.
# ruff: noqa

from .ops.comparison import bitwise_and as bitwise_and
from .ops.comparison import bitwise_not as bitwise_not
from .ops.comparison import bitwise_or as bitwise_or
from .ops.comparison import bitwise_xor as bitwise_xor
from .ops.comparison import left_shift as left_shift
from .ops.comparison import right_shift as right_shift
