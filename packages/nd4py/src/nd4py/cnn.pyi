# Derived from the registry of operations by tools/operation_stubs.py; do not edit.
# ruff: noqa

from .ops.pool import avg_pooling2d as avg_pooling2d
from .ops.conv import convolution2d as conv2d
from .ops.pool import max_pooling2d as max_pooling2d
