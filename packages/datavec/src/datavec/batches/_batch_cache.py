"""Decoded examples kept from one pass to the next, in memory or in an Arrow file."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Generic

import numpy as np
import pyarrow as pa

from .._errors import DataVecError, naming_file
from .._policy import ErrorReport
from ..columns._arrow_arrays import arrow_array, numpy_array
from ..columns._frame import Array
from ._examples import Part, Rows, closing_source

__all__ = ["AbstractBatchCache", "FileCache", "MemoryCache", "make_cache"]

_FORMAT = "datavec examples 1"
# What reading a damaged file, or one that is no cache, ends in. Nothing but its head is read here:
# the numbers stay on disk until a batch is used.
_DAMAGED = (ValueError, KeyError, TypeError, IndexError, AttributeError, OSError, pa.ArrowException)


class AbstractBatchCache(ABC, Generic[Part]):
    """Examples of a whole pass under an identity; with another identity there are none."""

    @abstractmethod
    def kept(self, identity: str) -> tuple[Iterator[Part], ErrorReport] | None:
        """The examples and the account of what was left out; None when there are none."""

    @abstractmethod
    def keeping(
        self, parts: Iterable[Part], identity: str, errors: Callable[[], ErrorReport]
    ) -> Iterator[Part]:
        """Pass examples through and keep them once the pass is complete."""


class MemoryCache(AbstractBatchCache[Part]):
    """Keeps examples as long as it lives; a copy, also in another process, begins empty."""

    def __init__(self) -> None:
        self._identity: str | None = None
        self._parts: list[Part] = []
        self._errors = ErrorReport()

    def __reduce__(self) -> tuple[Any, ...]:
        return MemoryCache, ()

    def kept(self, identity: str) -> tuple[Iterator[Part], ErrorReport] | None:
        return (iter(self._parts), self._errors) if identity == self._identity else None

    def keeping(
        self, parts: Iterable[Part], identity: str, errors: Callable[[], ErrorReport]
    ) -> Iterator[Part]:
        made: list[Part] = []
        with closing_source(parts):
            for part in parts:
                part.freeze()  # the next pass must find it unchanged
                made.append(part)
                yield part
        self._parts, self._errors, self._identity = made, errors(), identity


class FileCache(AbstractBatchCache[Rows]):
    """Keeps examples in an Arrow file, which is written aside and renamed when it is complete.

    Each record batch holds a run of examples as columns of fixed-size lists; reading maps the file
    into memory, so that several processes share it. The last batch is empty and carries the
    account of what was left out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def kept(self, identity: str) -> tuple[Iterator[Rows], ErrorReport] | None:
        try:
            reader = pa.ipc.open_file(pa.memory_map(str(self.path)))
            head = json.loads((reader.schema.metadata or {})[b"datavec"])
            if head["format"] != _FORMAT or head["identity"] != identity:
                return None
            last = reader.num_record_batches - 1
            _, closing = reader.get_batch_with_custom_metadata(last)
            rows = [_rows(reader.get_batch(i), head["shapes"]) for i in range(last)]
            return iter(rows), _report(json.loads(closing[b"errors"]))
        except (FileNotFoundError, *_DAMAGED):
            return None  # it is written anew

    def keeping(
        self, parts: Iterable[Rows], identity: str, errors: Callable[[], ErrorReport]
    ) -> Iterator[Rows]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=f".{self.path.name}-", dir=self.path.parent)
        writer: Any = None
        schema: pa.Schema | None = None
        try:
            with os.fdopen(handle, "wb") as f, closing_source(parts):
                for part in parts:
                    if schema is None:
                        schema = _schema(part, identity)
                        writer = pa.ipc.new_file(f, schema)
                    with naming_file(str(self.path)):
                        writer.write_batch(_batch(part, schema))
                    yield part
                if writer is None or schema is None:
                    return
                empty = pa.RecordBatch.from_arrays(
                    [pa.nulls(0, field.type) for field in schema], schema=schema
                )
                totals = json.dumps(_totals(errors()))
                with naming_file(str(self.path)):
                    writer.write_batch(empty, custom_metadata={"errors": totals})
                    writer.close()
                    f.flush()
            os.replace(aside, self.path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(aside)


def make_cache(
    cache: str | os.PathLike[str] | None, *, collect_metadata: bool
) -> AbstractBatchCache[Rows] | None:
    """A cache from the argument `cache` of an iterator: None, ``"memory"``, or the path of a file."""
    if cache is None:
        return None
    if cache == "memory":
        return MemoryCache()
    if collect_metadata:
        raise DataVecError(
            "collect_metadata: a cache in a file does not hold where examples came from; "
            'use cache="memory", or none'
        )
    return FileCache(Path(cache))


def _schema(rows: Rows, identity: str) -> pa.Schema:
    arrays = {"features": rows.features, "labels": rows.labels}
    shapes = {n: list(a.shape[1:]) for n, a in arrays.items() if a is not None}
    head = {"format": _FORMAT, "identity": identity, "shapes": shapes}
    fields = [
        pa.field(n, pa.list_(pa.from_numpy_dtype(a.dtype), int(np.prod(a.shape[1:]))))
        for n, a in arrays.items()
        if a is not None
    ]
    return pa.schema(fields, metadata={"datavec": json.dumps(head)})


def _batch(rows: Rows, schema: pa.Schema) -> pa.RecordBatch:
    columns = []
    for field in schema:
        values = getattr(rows, field.name)
        flat = arrow_array(np.ascontiguousarray(values).reshape(-1))
        columns.append(pa.FixedSizeListArray.from_arrays(flat, field.type.list_size))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _totals(report: ErrorReport) -> list[list[Any]]:
    return [[t.action, t.column, t.reason, t.where, t.count] for t in report]


def _report(totals: list[list[Any]]) -> ErrorReport:
    report = ErrorReport()
    for action, column, reason, where, count in totals:
        report.add(action, column, reason, where=where, count=count)
    return report


def _rows(batch: Any, shapes: dict[str, list[int]]) -> Rows:
    batch.validate()
    arrays: dict[str, Array] = {
        name: numpy_array(batch.column(name).flatten()).reshape(batch.num_rows, *shape)
        for name, shape in shapes.items()
    }
    return Rows(arrays["features"], arrays.get("labels"))
