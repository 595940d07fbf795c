"""Numbers as Java prints them (``Double.toString``, ``Float.toString``)."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["java_double", "java_fixed", "java_float", "java_scientific", "shortest_digits"]


def shortest_digits(value: float | np.floating[Any]) -> tuple[str, int]:
    """Shortest decimal digits that give ``value`` back, and the exponent: ``d.ddd * 10**exponent``.

    The type decides what "back" means: a ``np.float32`` needs fewer digits than a float.
    """
    text = np.format_float_scientific(value, unique=True, trim="-").lstrip("-")
    if "." not in text:
        # Java prints two digits at least, and takes the closest two: 4.9E-324 where 5E-324 would do.
        text = f"{abs(float(value)):.1e}"
    mantissa, exponent = text.split("e")
    return mantissa.replace(".", "").rstrip("0") or "0", int(exponent)


def java_double(value: float) -> str:
    """The text of Java's ``Double.toString``.

    >>> java_double(1e7), java_double(0.001), java_double(123.25)
    ('1.0E7', '0.001', '123.25')
    """
    return _java_number(np.float64(value))


def java_float(value: float | np.float32) -> str:
    """The text of Java's ``Float.toString`` of the value rounded to float32.

    >>> java_float(0.1), java_float(1e10)
    ('0.1', '1.0E10')
    """
    return _java_number(np.float32(value))


def _java_number(value: np.float64 | np.float32) -> str:
    if np.isnan(value):
        return "NaN"
    sign = "-" if np.signbit(value) else ""
    if np.isinf(value):
        return sign + "Infinity"
    if value == 0:
        return sign + "0.0"
    digits, exponent = shortest_digits(value)
    if not -3 <= exponent < 7:
        return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{sign}{whole}.{digits[exponent + 1 :] or '0'}"


def java_fixed(value: float, decimals: int) -> str:
    """The text of Java's ``String.format("%.<decimals>f")``: ties of the shortest digits round up.

    >>> java_fixed(0.90625, 4), java_fixed(float("nan"), 2)
    ('0.9063', 'NaN')
    """
    if not np.isfinite(value):
        return _java_number(np.float64(value))
    from decimal import ROUND_HALF_UP, Decimal

    step = Decimal(1).scaleb(-decimals)
    return str(Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_UP))


def java_scientific(value: float, decimals: int) -> str:
    """The text of Java's ``String.format("%.<decimals>e")``.

    >>> java_scientific(0.000123455, 4), java_scientific(float("inf"), 3)
    ('1.2346e-04', 'Infinity')
    """
    if not np.isfinite(value):
        return _java_number(np.float64(value))
    from decimal import ROUND_HALF_UP, Decimal

    if value == 0:
        sign = "-" if np.signbit(value) else ""
        return f"{sign}{0:.{decimals}f}e+00"
    digits, exponent = shortest_digits(np.float64(value))
    mantissa = Decimal(f"{digits[0]}.{digits[1:] or '0'}")
    rounded = mantissa.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    if rounded >= 10:
        rounded, exponent = (rounded / 10).quantize(Decimal(1).scaleb(-decimals)), exponent + 1
    return f"{'-' if value < 0 else ''}{rounded}e{exponent:+03d}"
