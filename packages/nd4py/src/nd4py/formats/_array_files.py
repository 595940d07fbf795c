"""Reading and writing arrays in every form that Deeplearning4j or NumPy knows."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Literal, get_args

from .._arrays import from_numpy
from .._element_types import BY_NAME, ElementType
from ._flatbuffers import read_flatbuffers, write_flatbuffers
from ._json import read_json, write_json
from ._nd4j import MODES, read_nd4j, write_nd4j
from ._npy import read_members, read_npy, write_members, write_npy
from ._serde import read_serde, write_serde
from ._stored import StoredArray
from ._streams import DEFAULT_MAX_BYTES, BoundedReader, Source, Target, open_source, open_target
from ._text import read_rows, read_txt, write_txt

__all__ = [
    "Form",
    "array_to_bytes",
    "read_array",
    "read_npz",
    "read_text_rows",
    "write_array",
    "write_npz",
]

Form = Literal["nd4j", "npy", "flatbuffers", "serde", "txt", "json"]
"""Forms of a file with one array: ND4J binary, NumPy, FlatArray, BinarySerde, ``writeTxt``, configuration JSON."""

_READERS: dict[str, Callable[[BoundedReader], StoredArray]] = {
    "nd4j": read_nd4j,
    "npy": read_npy,
    "flatbuffers": read_flatbuffers,
    "serde": read_serde,
    "json": read_json,
}
_WRITERS: dict[str, Callable[[BinaryIO, StoredArray], None]] = {
    "nd4j": write_nd4j,
    "npy": write_npy,
    "flatbuffers": write_flatbuffers,
    "serde": write_serde,
    "txt": write_txt,
    "json": write_json,
}
_HEAD = 64


def read_array(
    source: Source,
    form: Form | None = None,
    *,
    dtype: Any = None,
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> Any:
    """Read one array from a path, bytes, or a binary stream.

    ``form`` None recognises the form of a path or of bytes by content; a stream is then read as ``"nd4j"`` and left
    just after the array, so that several may follow each other.  ``dtype`` is for ``"txt"`` files, which do not name
    theirs (default: float32, as in the original).  ``max_bytes`` bounds the memory of the array.

    Answers to ``Nd4j.read``, ``readBinary``, ``createFromNpyFile``, ``BinarySerde.readFromDisk``, ``readTxt``.

    Raises FormatError when the source is damaged, truncated, too large, or of another form.

    >>> import numpy as np
    >>> data = array_to_bytes(np.arange(6, dtype=np.float32).reshape(2, 3))
    >>> np.asarray(read_array(data)).tolist()
    [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    """
    return read_stored(source, form, dtype=dtype, max_bytes=max_bytes).to_ndarray()


def read_stored(
    source: Source,
    form: str | None = None,
    *,
    dtype: Any = None,
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> StoredArray:
    """As ``read_array``, with the element type and order of the file."""
    with open_source(source, max_bytes) as reader:
        chosen = form
        if chosen is None:
            named = isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview))
            chosen = _recognise(reader) if named else "nd4j"
        if chosen == "txt":
            return read_txt(reader, _element(dtype))
        return _READERS[_known(chosen)](reader)


def write_array(
    target: Target, array: Any, form: Form = "nd4j", *, order: Literal["c", "f"] | None = None
) -> None:
    """Write one array to a path (atomically) or to a binary stream.

    ``array`` is anything array-like; it is stored dense in ``order``, or in its own order.  Answers to ``Nd4j.write``,
    ``saveBinary``, ``writeAsNumpy``, ``BinarySerde.writeArrayToDisk``, ``writeTxt``.

    Raises TypeError when the form cannot hold the element type, ValueError when it cannot hold the shape.
    """
    stored = StoredArray.of(array, order)
    writer = _WRITERS[_known(form)]
    with open_target(target) as stream:
        writer(stream, stored)


def array_to_bytes(
    array: Any, form: Form = "nd4j", *, order: Literal["c", "f"] | None = None
) -> bytes:
    """The bytes that ``write_array`` writes (``Nd4j.toByteArray``, ``toNpyByteArray``)."""
    stream = io.BytesIO()
    write_array(stream, array, form, order=order)
    return stream.getvalue()


def read_npz(source: Source, *, max_bytes: int = DEFAULT_MAX_BYTES) -> dict[str, Any]:
    """All arrays of an ``.npz`` archive by name (``Nd4j.createFromNpzFile``), stored or deflated, either order.

    ``max_bytes`` bounds the memory of all arrays together.  Raises FormatError as ``read_array`` does.
    """
    with open_source(source, max_bytes) as reader:
        return {name: stored.to_ndarray() for name, stored in read_members(reader).items()}


def write_npz(target: Target, arrays: Mapping[str, Any], *, compress: bool = False) -> None:
    """Write arrays to an ``.npz`` archive; keep ``compress`` False where Deeplearning4j shall read it."""
    stored = {name: StoredArray.of(array) for name, array in arrays.items()}
    with open_target(target) as stream:
        write_members(stream, stored, compress)


def read_text_rows(
    source: Source, separator: str = " ", *, max_bytes: int = DEFAULT_MAX_BYTES
) -> Any:
    r"""Rows of numbers, one a line, as a float32 matrix (``Nd4j.readNumpy``).

    ``separator`` is a regular expression.  An empty source gives an empty array of shape (0,).  Raises FormatError
    with the line number where a value is no number or a row has another width.

    >>> import numpy as np
    >>> np.asarray(read_text_rows(b"1 2.5\n3 -inf\n")).tolist()
    [[1.0, 2.5], [3.0, -inf]]
    """
    with open_source(source, max_bytes) as reader:
        return from_numpy(read_rows(reader, separator))


def _known(form: str) -> str:
    if form not in _WRITERS:
        raise ValueError(f"form must be one of {', '.join(get_args(Form))}, received {form!r}")
    return form


def _element(dtype: Any) -> ElementType | None:
    if dtype is None:
        return None
    name = getattr(dtype, "dl4j_name", None) or (
        dtype if isinstance(dtype, str) and dtype in BY_NAME else None
    )
    if name is not None:
        return BY_NAME[name]
    import numpy as np

    from .._arrays import element_of

    return element_of(np.empty(0, dtype))


def _recognise(reader: BoundedReader) -> str:
    """The form of a seekable source by its first bytes."""
    head = reader.optional(_HEAD)
    reader.stream.seek(0)
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith(b"PK"):
        raise reader.error("this is a zip archive; read .npz files with read_npz")
    if any(head.startswith(len(mode).to_bytes(2, "big") + mode.encode()) for mode in MODES):
        return "nd4j"
    text = head.lstrip()
    if text[:1] in (b"{", b"["):
        return "txt" if b'"filefrom"' in head else "json"
    rank = int.from_bytes(head[:4], "little")
    if rank <= 32 and head[8:16] == rank.to_bytes(8, "little"):
        return "serde"
    if len(head) >= 16:
        return "flatbuffers"
    raise reader.error(
        "no array file: its first bytes are of none of the forms " + ", ".join(get_args(Form))
    )
