"""Text forms: the JSON-like file of ``Nd4j.writeTxt`` and plain rows of numbers (``Nd4j.readNumpy``)."""

from __future__ import annotations

import re
from typing import BinaryIO

import numpy as np

from .._element_types import BY_NAME, ElementType
from ._java_text import shortest_digits
from ._shape_info import is_sound_shape
from ._stored import StoredArray
from ._streams import BoundedReader

__all__ = ["read_rows", "read_txt", "write_txt"]

_FIELD = 25
_DECIMALS = 18
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[^\s,\[\]]+|[\[\],]')


def write_txt(stream: BinaryIO, array: StoredArray) -> None:
    """Write the file of ``Nd4j.writeTxt``: values in C order whatever the stated order."""
    dims = ", ".join(str(n) for n in array.values.shape)
    order = array.order if _strictly_strided(array) else "c"
    lines = [
        '{\n"filefrom": "dl4j",\n',
        f'"ordering": "{order}",\n"shape":\t[{dims}],\n"data":\n',
        _format(array.values, array.element, array.values.ndim),
        "\n}\n",
    ]
    stream.write("".join(lines).encode("utf-8"))


def _strictly_strided(array: StoredArray) -> bool:
    """Whether the original keeps the order: strides strictly monotonic, as without an inner side of 1."""
    shape = array.values.shape
    if len(shape) <= 1 or array.values.size == 0 or (len(shape) == 2 and 1 in shape):
        return True
    inner = shape[1:] if array.order == "c" else shape[:-1]
    return 1 not in inner


def _format(values: np.ndarray, element: ElementType, rank: int) -> str:
    if values.size == 0:
        return "[]"
    if values.ndim == 0:
        return _number(values[()], element)
    if values.ndim == 1:
        pad = 0 if element.name == "UTF8" or values.size == 1 else _FIELD
        return "[" + ",".join(_number(v, element).rjust(pad) for v in values) + "]"
    gap = ", \n" + "\n" * max(0, values.ndim - 2) + " " * (rank - values.ndim + 1)
    return "[" + gap.join(_format(row, element, rank) for row in values) + "]"


def _number(value: object, element: ElementType) -> str:
    if element.name == "UTF8":
        return f'"{value}"'
    if element.name == "BOOL":
        return "true" if value else "false"
    if element.name == "BFLOAT16":
        value = (np.asarray(value, np.uint32) << 16).view(np.float32)[()]
    elif element.numpy.kind != "f":
        return str(int(value))  # type: ignore[call-overload]
    number = np.float64(value)  # type: ignore[arg-type]
    if not np.isfinite(number):
        return "NaN" if np.isnan(number) else ("\u221e" if number > 0 else "-\u221e")
    if number == 0:
        return "0"
    digits, exponent = shortest_digits(number)
    sign = "-" if number < 0 else ""
    return f"{sign}{digits[0]}.{digits[1:].ljust(_DECIMALS, '0')}E{exponent}"


def read_txt(reader: BoundedReader, element: ElementType | None) -> StoredArray:
    """Read the file of ``Nd4j.writeTxt``.

    The file does not name its type: ``element`` says it, otherwise text and booleans are recognised and numbers are
    FLOAT, as in the original.
    """
    try:
        text = reader.rest("text file").decode("utf-8")
    except UnicodeDecodeError as error:
        raise reader.error(f"text file is not UTF-8: {error}") from None
    head = re.match(
        r'\s*\{\s*"filefrom":\s*"dl4j",\s*"ordering":\s*"([cf])",\s*"shape":\s*\[([\d,\s]*)\],\s*"data":\s*',
        text,
    )
    if head is None:
        raise reader.error(
            'not a file of Nd4j.writeTxt: expected "filefrom": "dl4j", "ordering", "shape", "data"'
        )
    lengths = head[2].split(",") if head[2].strip() else []
    digits = [n.strip() for n in lengths]
    shape = tuple(int(n) for n in digits if n.isascii() and n.isdigit() and len(n) < 20)
    if len(shape) != len(lengths) or not is_sound_shape(shape):
        raise reader.error(f"text file has the impossible shape [{head[2][:60]}]")
    body = text[head.end() : text.rstrip().rfind("}")]
    tokens = [m for m in _TOKEN.finditer(body) if m[0] not in "[],"]
    if not tokens and body.strip() == "[]":
        shape = shape if 0 in shape else (0,)
    count = 1
    for n in shape:
        count *= n
    if count != len(tokens):
        raise reader.error(
            f"text file of shape {list(shape)} needs {count} values, it has {len(tokens)}"
        )
    try:
        chosen, values = _parse(tokens, element)
    except (ValueError, OverflowError) as error:
        raise reader.error(f"text file has a value that cannot be read: {error}") from None
    return StoredArray(chosen, values.reshape(shape, order="C"), head[1])


def _parse(
    tokens: list[re.Match[str]], element: ElementType | None
) -> tuple[ElementType, np.ndarray]:
    texts = [m[0] if m[1] is None else m[1] for m in tokens]
    if element is None:
        quoted = any(m[1] is not None for m in tokens)
        boolean = bool(texts) and all(t in ("true", "false") for t in texts)
        element = BY_NAME["UTF8" if quoted else "BOOL" if boolean else "FLOAT"]
    if element.name == "UTF8":
        return element, np.array(texts, object)
    if element.name == "BOOL":
        unknown = next((t for t in texts if t not in ("true", "false")), None)
        if unknown is not None:
            raise ValueError(f"{unknown[:40]!r} is neither true nor false")
        return element, np.array([t == "true" for t in texts], bool)
    if element.name == "UINT64":  # the original prints them as signed numbers
        return element, np.array([int(t) % (1 << 64) for t in texts], np.uint64)
    if element.numpy.kind in "iu" and element.name != "BFLOAT16":
        return element, np.array([int(t) for t in texts], element.numpy)
    named = {"\ufffd": "nan", "\u221e": "inf", "-\u221e": "-inf"}
    floats = np.array([float(named.get(t, t)) for t in texts], np.float64)
    if element.name == "BFLOAT16":
        return element, (floats.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    with np.errstate(over="ignore"):
        return element, floats.astype(element.numpy)


def read_rows(reader: BoundedReader, separator: str) -> np.ndarray:
    """Rows of numbers, one a line, parsed as float32 (``Nd4j.readNumpy``); ``separator`` is a regular expression."""
    try:
        text = reader.rest("text file").decode("utf-8")
    except UnicodeDecodeError as error:
        raise reader.error(f"text file is not UTF-8: {error}") from None
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = [float(token) for token in re.split(separator, line.strip())]
        except ValueError as error:
            raise reader.error(f"line {number}: {error}") from None
        if rows and len(row) != len(rows[0]):
            raise reader.error(
                f"line {number} has {len(row)} values, the lines before have {len(rows[0])}"
            )
        rows.append(row)
    with np.errstate(over="ignore"):
        return np.array(rows, np.float64).astype(np.float32) if rows else np.empty(0, np.float32)
