"""The arithmetic that numeric transforms share: Java's operators on NumPy arrays."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._errors import DataVecError, SchemaError
from .._frame import Array

__all__ = ["COLUMN_OPS", "MathFunction", "MathOp", "ZeroDivision", "math_function", "math_op"]


class MathOp(enum.Enum):
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

    @classmethod
    def _missing_(cls, value: object) -> MathOp | None:
        wanted = str(value).lower().replace("_", "")
        return next((op for op in cls if op.value.lower() == wanted), None)


COLUMN_OPS = (MathOp.ADD, MathOp.SUBTRACT, MathOp.MULTIPLY, MathOp.DIVIDE, MathOp.MODULUS)


class MathFunction(enum.Enum):
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

    @classmethod
    def _missing_(cls, value: object) -> MathFunction | None:
        return cls.__members__.get(str(value).upper())


_FUNCTIONS: dict[MathFunction, Callable[[Any], Any]] = {
    MathFunction.ABS: np.abs,
    MathFunction.ACOS: np.arccos,
    MathFunction.ASIN: np.arcsin,
    MathFunction.ATAN: np.arctan,
    MathFunction.CEIL: np.ceil,
    MathFunction.COS: np.cos,
    MathFunction.COSH: np.cosh,
    MathFunction.EXP: np.exp,
    MathFunction.FLOOR: np.floor,
    MathFunction.LOG: np.log,
    MathFunction.LOG10: np.log10,
    MathFunction.SIGNUM: np.sign,
    MathFunction.SIN: np.sin,
    MathFunction.SINH: np.sinh,
    MathFunction.SQRT: np.sqrt,
    MathFunction.TAN: np.tan,
    MathFunction.TANH: np.tanh,
}


class ZeroDivision(DataVecError):
    """Integer division by zero; carries the positions."""

    def __init__(self, rows: Sequence[int]) -> None:
        self.rows = rows
        super().__init__("integer division by zero")


def math_function(function: MathFunction, values: Array) -> Array:
    """Apply a function; values outside its domain give NaN or infinities, as in Java."""
    with np.errstate(all="ignore"):
        return np.asarray(_FUNCTIONS[function](values))


def math_op(op: MathOp, a: Any, b: Any) -> Any:
    """``a op b``: integers wrap and divide toward zero, floats follow IEEE 754.

    Raises:
        ZeroDivision: integers divided by zero.
    """
    with np.errstate(all="ignore"):
        if op is MathOp.ADD:
            return a + b
        if op is MathOp.SUBTRACT:
            return a - b
        if op is MathOp.MULTIPLY:
            return a * b
        if op is MathOp.REVERSE_SUBTRACT:
            return b - a
        if op is MathOp.SCALAR_MIN:
            return np.minimum(a, b)
        if op is MathOp.SCALAR_MAX:
            return np.maximum(a, b)
        if op is MathOp.REVERSE_DIVIDE:
            a, b = b, a
        return _remainder(a, b) if op is MathOp.MODULUS else _quotient(a, b)


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
