"""Numbers as text, by the rules of Java (`toString`, `parseInt`, `parseDouble`).

DataVec carries CSV fields as text and parses them when a step needs a number, so these rules
decide which fields are valid. Parsing is vectorised: Arrow's cast first, Java's exact rules only
for what Arrow refuses or where Arrow is more lenient.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..columns._arrow_arrays import arrow_array, constant, numpy_array

__all__ = [
    "double_text",
    "dropped_digits",
    "float_text",
    "parse_double",
    "parse_int",
    "parse_texts",
    "utf16_length",
]

_INT = re.compile(r"[+-]?[0-9]+\Z")
_HEX = re.compile(r"0x([0-9a-fA-F]+)\Z")
_DOUBLE = re.compile(
    r"[+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?)\Z"
)
_BLANKS = "".join(map(chr, range(0x21)))


def parse_int(text: str, bits: int = 32) -> int | None:
    """Parse as Java's ``Integer``/``Long`` does (or ``0x`` hex); None when it is no such number."""
    if _INT.match(text):
        value = int(text)
    elif m := _HEX.match(text):
        value = int(m[1], 16)
    else:
        return None
    return value if -(1 << (bits - 1)) <= value < (1 << (bits - 1)) else None


def parse_double(text: str, hex_bits: int = 64) -> float | None:
    """Parse as ``Double.parseDouble`` does (or ``0x`` hex); None when it is no such number.

    Hexadecimal digits are read as an integer of `hex_bits`, as DataVec does: 32 for floats.

    >>> parse_double(" 1e3d "), parse_double("nan"), parse_double("0x1F")
    (1000.0, None, 31.0)
    """
    if _HEX.match(text):
        whole = parse_int(text, hex_bits)
        return None if whole is None else float(whole)
    body = text.strip(_BLANKS)
    if not _DOUBLE.match(body):
        return None
    if body.endswith(("NaN", "Infinity")):
        return float(body.replace("Infinity", "inf"))
    return float(body.rstrip("fFdD"))


def double_text(value: float) -> str:
    """Write a double as Java's ``Double.toString``.

    >>> double_text(1e300), double_text(0.001), double_text(1e7), double_text(5e-324)
    ('1.0E300', '0.001', '1.0E7', '4.9E-324')
    """
    value = float(value)
    return _number_text(value, 53, lambda a: repr(a), lambda a: f"{a:.1e}")


def float_text(value: float) -> str:
    """Write a 32-bit float as Java's ``Float.toString``.

    >>> float_text(0.1), float_text(16777216.0)
    ('0.1', '1.6777216E7')
    """
    single = np.float32(value)
    return _number_text(
        float(single),
        24,
        lambda a: np.format_float_scientific(np.float32(a), unique=True, trim="-"),
        lambda a: f"{a:.1e}",
    )


def dropped_digits(length: Any, bits: int) -> Any:
    """How many digits Java, up to version 18, drops of whole numbers of more bits than a float has.

    Args:
        length: bits of the numbers, one or an array.
        bits: bits of the float type.

    >>> dropped_digits(np.array([25, 30, 63]), 24).tolist()
    [0, 1, 11]
    """
    return np.maximum(length - bits - 2, 0) * 30103 // 100_000  # log10 of 2


def _whole_digits(magnitude: float, bits: int) -> tuple[str, int]:
    """Digits and exponent of a whole number from 2**bits to 2**63."""
    number = int(magnitude)
    drop = int(dropped_digits(number.bit_length(), bits))
    kept = (number + 10**drop // 2) // 10**drop
    return str(kept).rstrip("0"), len(str(kept)) - 1 + drop


def _number_text(
    value: float,
    bits: int,
    shortest: Callable[[float], str],
    two_digits: Callable[[float], str],
) -> str:
    if value != value:
        return "NaN"
    sign = "-" if np.signbit(value) else ""
    magnitude = abs(value)
    if magnitude == float("inf"):
        return sign + "Infinity"
    if magnitude == 0.0:
        return sign + "0.0"
    if 2.0**bits <= magnitude < 2.0**63:
        digits, exponent = _whole_digits(magnitude, bits)
    else:
        digits, exponent = _digits(shortest(magnitude))
    if len(digits) == 1:
        # Java never writes a single digit: it then takes the nearest of the two-digit forms.
        digits, exponent = _digits(two_digits(magnitude))
    if 1e-3 <= magnitude < 1e7:
        if exponent >= 0:
            digits = digits.ljust(exponent + 1, "0")
            whole, rest = digits[: exponent + 1], digits[exponent + 1 :]
        else:
            whole, rest = "0", "0" * (-exponent - 1) + digits
        return f"{sign}{whole}.{rest or '0'}"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def _digits(text: str) -> tuple[str, int]:
    """Split a decimal text into its significant digits and the exponent of the first one."""
    mantissa, _, exp = text.lower().partition("e")
    whole, _, rest = mantissa.partition(".")
    all_digits = whole + rest
    stripped = all_digits.lstrip("0")
    exponent = int(exp or 0) + len(whole) - 1 - (len(all_digits) - len(stripped))
    return stripped.rstrip("0") or "0", exponent


def utf16_length(text: str) -> int:
    """Length in UTF-16 units, which is what Java's ``String.length`` counts."""
    return len(text) + sum(1 for c in text if ord(c) > 0xFFFF)


def parse_texts(texts: pa.Array, arrow_type: pa.DataType) -> tuple[pa.Array, np.ndarray[Any, Any]]:
    """Parse an Arrow string array (no dictionary) as numbers of `arrow_type`.

    Returns:
        The numbers, null where the text is null or no number by Java's rules, and a boolean array
        that is true at texts which are no numbers.
    """
    bad = np.zeros(len(texts), bool)
    try:
        numbers = pc.cast(texts, arrow_type)
    except pa.ArrowInvalid:
        return _parse_slowly(texts, arrow_type)
    if pc.any(pc.match_substring(texts, "x", ignore_case=True)).as_py():
        return _parse_slowly(texts, arrow_type)  # Arrow reads hexadecimal digits as bit patterns
    if pa.types.is_floating(arrow_type):
        # Arrow also takes "nan", "inf"; Java only takes its own spelling.
        values = numpy_array(numbers)
        odd = np.flatnonzero(~np.isfinite(values))
        for i in odd.tolist():
            text = texts[i].as_py()
            if text is not None and parse_double(text) is None:
                bad[i] = True
        if bad.any():
            numbers = pc.if_else(arrow_array(bad), constant(None, arrow_type), numbers)
    return numbers, bad


def _parse_slowly(
    texts: pa.Array, arrow_type: pa.DataType
) -> tuple[pa.Array, np.ndarray[Any, Any]]:
    encoded = texts.dictionary_encode()
    unique = encoded.dictionary.to_pylist()
    parsed: list[Any]
    if pa.types.is_integer(arrow_type):
        parsed = [parse_int(t, arrow_type.bit_width) for t in unique]
    else:
        parsed = [parse_double(t, arrow_type.bit_width) for t in unique]
        if arrow_type == pa.float32():
            with np.errstate(over="ignore"):
                parsed = [None if v is None else float(np.float32(v)) for v in parsed]
    failed = pa.array([v is None for v in parsed], pa.bool_())
    numbers = pa.array(parsed, arrow_type).take(encoded.indices)
    bad = failed.take(encoded.indices).fill_null(constant(False))
    return numbers, numpy_array(bad)
