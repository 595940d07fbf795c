"""NumPy's ``.npy`` and ``.npz`` files."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

import numpy as np

from .._element_types import BY_NAME, BY_NUMPY
from ._errors import FormatError
from ._shape_info import is_sound_shape
from ._stored import StoredArray
from ._streams import BoundedReader

__all__ = ["read_members", "read_npy", "write_members", "write_npy"]

_MAX_HEADER = 1 << 16
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same arrays give the same archive


def write_npy(stream: BinaryIO, array: StoredArray) -> None:
    """Write one array, always in C order: the original ignores ``fortran_order`` when it reads."""
    if array.element.name in ("BFLOAT16", "UTF8"):
        raise TypeError(
            f"the npy form cannot hold {array.element.name} arrays; cast them or use form='flatbuffers'"
        )
    values = np.ascontiguousarray(array.values).reshape(array.values.shape)
    header = np.lib.format.header_data_from_array_1_0(values)
    np.lib.format.write_array_header_1_0(stream, header)
    # Not NumPy's write_array: it asks files for their position, which pipes do not have.
    stream.write(values.data if values.size else b"")


def read_npy(reader: BoundedReader) -> StoredArray:
    """Read one array of version 1, 2 or 3 in either order and byte order; objects and pickles are refused."""
    magic = reader.exact(8, "npy magic")
    if magic[:6] != b"\x93NUMPY" or magic[6] not in (1, 2, 3):
        raise reader.error("not an npy file of version 1, 2 or 3")
    wide = magic[6] > 1
    (length,) = struct.unpack(
        "<I" if wide else "<H", reader.exact(4 if wide else 2, "npy header length")
    )
    if length > _MAX_HEADER:
        raise reader.error(f"npy header of {length} bytes, expected at most {_MAX_HEADER}")
    shape, fortran, dtype = _parse_header(reader, reader.exact(length, "npy header"), magic[6])
    element = BY_NUMPY.get(dtype.newbyteorder("="))
    if element is None:
        raise reader.error(
            f"npy file has dtype {dtype}, which no NDArray has; expected bool, integers or floats"
        )
    count = 1
    for n in shape:
        count *= n
    data = reader.exact(count * element.width, f"{count} elements of {dtype}")
    flat = np.frombuffer(data, dtype)
    if element.name == "BOOL":
        flat = np.frombuffer(data, np.uint8) != 0
    values = flat.astype(element.numpy).reshape(shape, order="F" if fortran else "C")
    return StoredArray(BY_NAME[element.name], values, "f" if fortran else "c")


def _parse_header(
    reader: BoundedReader, header: bytes, version: int
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    import ast

    try:
        found = ast.literal_eval(header.decode("utf-8" if version == 3 else "latin-1").strip())
        shape, fortran, descr = found["shape"], found["fortran_order"], found["descr"]
        dtype = np.dtype(descr) if isinstance(descr, str) else None
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise reader.error(f"npy header cannot be read: {error}") from None
    sound = isinstance(shape, tuple) and is_sound_shape(shape)
    if not sound or type(fortran) is not bool or dtype is None:
        raise reader.error(
            f"npy header has shape {str(shape)[:60]}, fortran_order {fortran!r}, descr {descr!r}"
        )
    return shape, fortran, dtype


def read_members(reader: BoundedReader) -> dict[str, StoredArray]:
    """All arrays of an ``.npz`` archive by name, stored or deflated."""
    import zipfile

    try:
        with zipfile.ZipFile(reader.stream) as archive:
            infos = [i for i in archive.infolist() if i.filename.endswith(".npy")]
            total = sum(i.file_size for i in infos)
            if total > reader.max_bytes:
                raise reader.error(
                    f"npz members take {total} bytes, more than the limit of {reader.max_bytes}"
                )
            found = {}
            for info in infos:
                with archive.open(info) as member:
                    where = f"{reader.where} ({info.filename})"
                    found[info.filename[:-4]] = read_npy(
                        BoundedReader(cast(BinaryIO, member), where, reader.max_bytes)
                    )
            return found
    except FormatError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
    ) as error:
        raise reader.error(f"not a readable npz archive: {error}") from None


def write_members(stream: BinaryIO, arrays: Mapping[str, StoredArray], compress: bool) -> None:
    """Write an ``.npz`` archive; Deeplearning4j reads only stored members."""
    import zipfile

    with zipfile.ZipFile(
        stream, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    ) as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.compress_type = archive.compression
            with archive.open(info, "w", force_zip64=array.values.nbytes >= 1 << 31) as member:
                write_npy(cast(BinaryIO, member), array)
