"""Whole columns of floats as Java's texts (`Double.toString`, `Float.toString`).

Arrow writes the same shortest digits, in another layout; so its cast does the work, and only
values outside ``[1e-3, 1e7)`` are laid out anew, one vectorised replacement per exponent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..columns._arrow_arrays import arrow_array, numpy_array, text_array
from ._java_text import double_text, dropped_digits, float_text

__all__ = ["java_float_texts"]

Array = np.ndarray[Any, Any]


def java_float_texts(column: pa.Array) -> pa.Array:
    """Texts of a float32 or float64 column; missing values stay missing.

    >>> java_float_texts(pa.array([1.0, 2.5e7, 0.0001, float("inf")])).to_pylist()
    ['1.0', '2.5E7', '1.0E-4', 'Infinity']
    """
    values = numpy_array(column)
    magnitude = np.abs(values)
    with np.errstate(invalid="ignore"):
        plain = (magnitude >= 1e-3) & (magnitude < 1e7) | (magnitude == 0)
    # Java gives the last few subnormal numbers two digits where one would do.
    tiny = (magnitude < np.finfo(values.dtype).tiny) & (magnitude > 0)
    single = tiny | (~np.isfinite(values) & _present(column))
    shortest = column.cast(pa.string())
    texts = _with_fraction(shortest)
    bits = np.finfo(values.dtype).nmant + 1
    whole = (magnitude >= 2.0**bits) & (magnitude < 2.0**63) & _present(column)
    scaled = ~plain & ~single & ~whole & _present(column)
    if scaled.any():
        texts = _placed(texts, scaled, _scientific(shortest.filter(arrow_array(scaled))))
    if whole.any():
        texts = _placed(texts, whole, _whole(values[whole], bits))
    if single.any():
        write = float_text if values.dtype == np.float32 else double_text
        new = text_array([write(v) for v in values[single].tolist()])
        texts = _placed(texts, single, new)
    return texts


def _whole(values: Array, bits: int) -> pa.Array:
    """Texts of whole numbers of more bits than the type has, as `_java_text` writes single ones."""
    numbers = np.abs(values).astype(np.int64)
    length = np.frexp(np.abs(values))[1].astype(np.int64)
    drop = dropped_digits(length, bits)
    power = 10**drop
    kept = numbers // power + (numbers % power >= (power + 1) // 2) * (drop > 0)
    digits = arrow_array(kept).cast(pa.string())
    exponent = numpy_array(pc.binary_length(digits)) - 1 + drop
    digits = pc.utf8_rtrim(digits, "0")
    rest = pc.utf8_slice_codeunits(digits, 1)
    rest = pc.if_else(pc.equal(rest, ""), "0", rest)
    sign = pc.if_else(arrow_array(values < 0), "-", "")
    first = pc.utf8_slice_codeunits(digits, 0, 1)
    place = arrow_array(exponent.astype(np.int64)).cast(pa.string())
    head = pc.binary_join_element_wise(sign, first, "")
    return pc.binary_join_element_wise(pc.binary_join_element_wise(head, rest, "."), place, "E")


def _present(column: pa.Array) -> Array:
    if not column.null_count:
        return np.ones(len(column), bool)
    return numpy_array(column.is_valid())


def _placed(texts: pa.Array, where: Array, new: pa.Array) -> pa.Array:
    return pc.replace_with_mask(texts, arrow_array(where), new)


def _with_fraction(texts: pa.Array) -> pa.Array:
    fractional = pc.match_substring(texts, ".")
    if pc.all(fractional).as_py():
        return texts
    return pc.if_else(fractional, texts, pc.binary_join_element_wise(texts, "", ".0"))


def _scientific(texts: pa.Array) -> pa.Array:
    """Lay out ``12345678.9``, ``0.00012`` and ``1e+20`` as ``d.dE±x``."""
    if len(texts) == 0:
        return texts
    exponential = numpy_array(pc.match_substring(texts, "e"))
    texts = pc.if_else(arrow_array(exponential), texts, _with_fraction(texts))
    signed = numpy_array(pc.starts_with(texts, "-"))
    point = numpy_array(pc.find_substring(texts, ".")) - signed
    small = numpy_array(pc.match_substring_regex(texts, r"^-?0\."))
    out = pc.replace_substring_regex(texts, r"e\+?", "E")
    for width in np.unique(point[~exponential & ~small]).tolist():
        where = ~exponential & ~small & (point == width)
        pattern = rf"^(-?)(\d)(\d{{{width - 1}}})\.(\d+)$"
        out = _replaced(out, where, pattern, rf"\1\2.\3\4E{width - 1}")
    if small.any():
        digits = pc.replace_substring_regex(texts.filter(arrow_array(small)), r"^-?0\.0*", "")
        zeros = np.zeros(len(texts), np.int64)
        lengths = numpy_array(pc.binary_length(texts)) - signed - 2
        zeros[small] = lengths[small] - numpy_array(pc.binary_length(digits))
        for count in np.unique(zeros[small]).tolist():
            pattern = r"^(-?)0\.0*([1-9])(\d*)$"
            out = _replaced(out, small & (zeros == count), pattern, rf"\1\2.\3E-{count + 1}")
    out = pc.replace_substring_regex(out, r"^(-?\d)E", r"\1.E")  # 1E20
    out = pc.replace_substring_regex(out, r"0+E", "E")  # 1.2000E7
    return pc.replace_substring(out, ".E", ".0E")


def _replaced(texts: pa.Array, where: Array, pattern: str, replacement: str) -> pa.Array:
    part = pc.replace_substring_regex(texts.filter(arrow_array(where)), pattern, replacement)
    return _placed(texts, where, part)
