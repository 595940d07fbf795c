"""DataSet and MultiDataSet files: big-endian, without magic; arrays in ND4J's binary form."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from .._arrays import to_numpy
from ..formats._java_objects import read_java_list, write_java_strings
from ..formats._nd4j import read_nd4j, write_nd4j
from ..formats._stored import StoredArray
from ..formats._streams import BoundedReader, Source, Target, open_source, open_target
from ._dataset import DataSet
from ._multi_dataset import MultiDataSet

__all__ = ["load_data_set", "load_multi_data_set", "save_data_set", "save_multi_data_set"]

FEATURES, LABELS, LABELS_ARE_FEATURES, FEATURES_MASK, LABELS_MASK, METADATA, NAMES = (
    1 << i for i in range(7)
)
_MAX_ARRAYS = 1 << 16


def save_data_set(target: Target, data: DataSet) -> None:
    """Write one DataSet; label names go in, metadata does not."""
    same = data.labels is not None and data.labels is data.features
    stored = (
        (FEATURES, data.features),
        (LABELS, None if same else data.labels),
        (FEATURES_MASK, data.features_mask),
        (LABELS_MASK, data.labels_mask),
    )
    flags = sum(bit for bit, array in stored if array is not None)
    flags |= (LABELS_ARE_FEATURES if same else 0) | (NAMES if data.label_names else 0)
    arrays = [StoredArray.of(array) for _, array in stored if array is not None]
    with open_target(target) as stream:
        stream.write(bytes([flags]))
        for array in arrays:
            write_nd4j(stream, array)
        if data.label_names:
            write_java_strings(stream, data.label_names)


def load_data_set(source: Source, max_bytes: int) -> DataSet:
    """Read one DataSet; raises FormatError."""
    with open_source(source, max_bytes) as reader:
        flags = reader.u8("flags of a DataSet file")
        if flags >= 128 or (flags & LABELS and flags & LABELS_ARE_FEATURES):
            raise reader.error(f"not a DataSet file: its flags are {flags:#x}")
        data = DataSet()
        data.features = _read(reader) if flags & FEATURES else None
        if flags & LABELS:
            data.labels = _read(reader)
        elif flags & LABELS_ARE_FEATURES:
            data.labels = data.features
        data.features_mask = _read(reader) if flags & FEATURES_MASK else None
        data.labels_mask = _read(reader) if flags & LABELS_MASK else None
        data.metadata = read_java_list(reader) if flags & METADATA else None
        data.label_names = [str(n) for n in read_java_list(reader)] if flags & NAMES else None
        return data


def save_multi_data_set(target: Target, data: MultiDataSet) -> None:
    """Write one MultiDataSet; an absent mask becomes the array ``[-1]``."""
    lists: list[list[StoredArray]] = []
    for name in ("features", "labels", "features_mask", "labels_mask"):
        arrays = getattr(data, name) or []
        if not name.endswith("_mask") and any(a is None for a in arrays):
            raise ValueError(f"MultiDataSet: {name} holds None, only masks may be absent")
        lists.append([_PLACEHOLDER if a is None else StoredArray.of(a) for a in arrays])
    with open_target(target) as stream:
        stream.write(struct.pack(">4i", *(len(arrays) for arrays in lists)))
        for array in (a for arrays in lists for a in arrays):
            write_nd4j(stream, array)


def load_multi_data_set(source: Source, max_bytes: int) -> MultiDataSet:
    """Read one MultiDataSet; raises FormatError."""
    with open_source(source, max_bytes) as reader:
        counts = struct.unpack(">4i", reader.exact(16, "array counts of a MultiDataSet file"))
        if any(not 0 <= n <= _MAX_ARRAYS for n in counts):
            raise reader.error(f"not a MultiDataSet file: its array counts are {list(counts)}")
        data = MultiDataSet()
        data.features = [_read(reader) for _ in range(counts[0])] or None
        data.labels = [_read(reader) for _ in range(counts[1])] or None
        data.features_mask = [_mask(reader) for _ in range(counts[2])] or None
        data.labels_mask = [_mask(reader) for _ in range(counts[3])] or None
        if reader.optional(4) == b"\0\0\0\1":
            data.metadata = read_java_list(reader)
        return data


def _read(reader: BoundedReader) -> Any:
    return read_nd4j(reader).to_ndarray()


def _mask(reader: BoundedReader) -> Any:
    mask = _read(reader)
    return None if tuple(mask.shape) == (1,) and to_numpy(mask)[0] == -1 else mask


_PLACEHOLDER = StoredArray.of(np.array([-1], np.float32))
