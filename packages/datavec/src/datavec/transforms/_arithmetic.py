"""The arithmetic that numeric transforms share: Java's operators on NumPy arrays."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._choice import Choice
from .._errors import DataVecError, SchemaError
from ..columns._frame import Array
from ..process._record_program import RecordTrace, Slot
from ..process._record_values import Kind, Unusual, round32, wrap32, wrap64

__all__ = [
    "COLUMN_OPS",
    "MathFunction",
    "MathOp",
    "ZeroDivision",
    "math_function",
    "math_op",
    "record_math_function",
    "record_math_op",
]


class MathOp(Choice):
    """Operators of the math transforms."""

    ADD = "Add"
    SUBTRACT = "Subtract"
    MULTIPLY = "Multiply"
    DIVIDE = "Divide"
    MODULUS = "Modulus"
    REVERSE_SUBTRACT = "ReverseSubtract"
    REVERSE_DIVIDE = "ReverseDivide"
    SCALAR_MIN = "ScalarMin"
    SCALAR_MAX = "ScalarMax"


COLUMN_OPS = (MathOp.ADD, MathOp.SUBTRACT, MathOp.MULTIPLY, MathOp.DIVIDE, MathOp.MODULUS)


class MathFunction(Choice):
    """Functions of one number."""

    ABS = "ABS"
    ACOS = "ACOS"
    ASIN = "ASIN"
    ATAN = "ATAN"
    CEIL = "CEIL"
    COS = "COS"
    COSH = "COSH"
    EXP = "EXP"
    FLOOR = "FLOOR"
    LOG = "LOG"
    LOG10 = "LOG10"
    SIGNUM = "SIGNUM"
    SIN = "SIN"
    SINH = "SINH"
    SQRT = "SQRT"
    TAN = "TAN"
    TANH = "TANH"


_LARGEST = sys.float_info.max
_TINY = 5e-324

# function, and the numbers between which it raises no floating-point flag
_FUNCTIONS: dict[MathFunction, tuple[Callable[[Any], Any], float, float]] = {
    MathFunction.ABS: (np.abs, -_LARGEST, _LARGEST),
    MathFunction.ACOS: (np.arccos, -1, 1),
    MathFunction.ASIN: (np.arcsin, -1, 1),
    MathFunction.ATAN: (np.arctan, -_LARGEST, _LARGEST),
    MathFunction.CEIL: (np.ceil, -_LARGEST, _LARGEST),
    MathFunction.COS: (np.cos, -_LARGEST, _LARGEST),
    MathFunction.COSH: (np.cosh, -700, 700),
    MathFunction.EXP: (np.exp, -700, 700),
    MathFunction.FLOOR: (np.floor, -_LARGEST, _LARGEST),
    MathFunction.LOG: (np.log, _TINY, _LARGEST),
    MathFunction.LOG10: (np.log10, _TINY, _LARGEST),
    MathFunction.SIGNUM: (np.sign, -_LARGEST, _LARGEST),
    MathFunction.SIN: (np.sin, -_LARGEST, _LARGEST),
    MathFunction.SINH: (np.sinh, -700, 700),
    MathFunction.SQRT: (np.sqrt, 0, _LARGEST),
    MathFunction.TAN: (np.tan, -_LARGEST, _LARGEST),
    MathFunction.TANH: (np.tanh, -_LARGEST, _LARGEST),
}


class ZeroDivision(DataVecError):
    """Integer division by zero; carries the positions."""

    def __init__(self, rows: Sequence[int]) -> None:
        self.rows = rows
        super().__init__("integer division by zero")


def math_function(function: MathFunction, values: Array) -> Array:
    """Apply a function; values outside its domain give NaN or infinities, as in Java."""
    with np.errstate(all="ignore"):
        return np.asarray(_FUNCTIONS[function][0](values))


def math_op(op: MathOp, a: Any, b: Any) -> Any:
    """``a op b``: integers wrap and divide toward zero, floats follow IEEE 754.

    Raises:
        ZeroDivision: integers divided by zero.
    """
    rule = _OPERATORS[op]
    with np.errstate(all="ignore"):
        return rule.arrays(b, a) if rule.reversed else rule.arrays(a, b)


def _quotient(a: Any, b: Any) -> Any:
    if np.asarray(a).dtype.kind == "f":
        return a / b
    _refuse_zero(a, b)
    # NumPy rounds integer quotients down, Java toward zero.
    down = np.floor_divide(a, b)
    remainder = a - down * b
    return down + ((remainder != 0) & ((np.asarray(a) < 0) != (np.asarray(b) < 0)))


def _remainder(a: Any, b: Any) -> Any:
    if np.asarray(a).dtype.kind != "f":
        _refuse_zero(a, b)
    return np.fmod(a, b)


def _refuse_zero(a: Any, b: Any) -> None:
    zero = np.broadcast_to(np.asarray(b) == 0, np.broadcast_shapes(np.shape(a), np.shape(b)))
    if zero.any():
        raise ZeroDivision(np.flatnonzero(zero).tolist())


# --- single numbers -----------------------------------------------------------------------------


def record_math_function(function: MathFunction) -> Callable[[float], float]:
    """`math_function` of one number; raises `Unusual` outside the function's domain.

    NumPy's function and not `math`'s, because their last bits differ.
    """
    apply, low, high = _FUNCTIONS[function]

    def of_number(value: float) -> float:
        if low <= value <= high:
            return float(apply(value))
        raise Unusual

    return of_number


def record_math_op(row: RecordTrace, op: MathOp, a: Slot, b: Slot) -> Slot:
    """`math_op` of the values of one record; both slots are of one kind of number."""
    rule, kind = _OPERATORS[op], a.kind
    function = rule.floats if kind in (Kind.DOUBLE, Kind.FLOAT) else rule.integers
    result = row.call(kind, function, b, a) if rule.reversed else row.call(kind, function, a, b)
    fit = _FIT.get(kind)
    return result if fit is None else row.call(kind, fit, result)


# A 32-bit result is that of 64 bits rounded once more: exact for these operators.
_FIT: dict[Kind, Callable[[Any], Any]] = {
    Kind.INT: wrap32,
    Kind.LONG: wrap64,
    Kind.FLOAT: round32,
}


def _integer_quotient(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _integer_remainder(a: int, b: int) -> int:
    remainder = abs(a) % abs(b)
    return -remainder if a < 0 else remainder


def _smaller(a: Any, b: Any) -> Any:
    return a if a < b else b if b < a else _equal(a, b)


def _larger(a: Any, b: Any) -> Any:
    return a if a > b else b if b > a else _equal(a, b)


def _equal(a: Any, b: Any) -> Any:
    # NaN, and zeros of different signs, are NumPy's to choose between.
    if a == b and math.copysign(1, a) == math.copysign(1, b):
        return a
    raise Unusual


@dataclass(frozen=True)
class _Operator:
    """One operator: on arrays, on two Python floats, on two Python integers."""

    arrays: Callable[[Any, Any], Any]
    floats: Callable[[Any, Any], Any]
    integers: Callable[[Any, Any], Any]
    reversed: bool = False


_DIVIDE = (_quotient, operator.truediv, _integer_quotient)
_OPERATORS = {
    MathOp.ADD: _Operator(operator.add, operator.add, operator.add),
    MathOp.SUBTRACT: _Operator(operator.sub, operator.sub, operator.sub),
    MathOp.MULTIPLY: _Operator(operator.mul, operator.mul, operator.mul),
    MathOp.DIVIDE: _Operator(*_DIVIDE),
    MathOp.MODULUS: _Operator(_remainder, math.fmod, _integer_remainder),
    MathOp.REVERSE_SUBTRACT: _Operator(operator.sub, operator.sub, operator.sub, reversed=True),
    MathOp.REVERSE_DIVIDE: _Operator(*_DIVIDE, reversed=True),
    MathOp.SCALAR_MIN: _Operator(np.minimum, _smaller, _smaller),
    MathOp.SCALAR_MAX: _Operator(np.maximum, _larger, _larger),
}


def check_column_op(step: object, op: MathOp, columns: tuple[str, ...]) -> None:
    """Raise SchemaError when an operator cannot combine that many columns."""
    name = type(step).__name__
    if op not in COLUMN_OPS:
        raise SchemaError(f"{name}: {op.value} cannot combine columns")
    if op in (MathOp.ADD, MathOp.MULTIPLY):
        if len(columns) < 2:
            raise SchemaError(f"{name}: {op.value} needs at least two columns")
    elif len(columns) != 2:
        raise SchemaError(f"{name}: {op.value} needs exactly two columns, received {len(columns)}")
