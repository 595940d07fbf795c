"""What all record readers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Self

from .._errors import DataVecError, InvalidValueError, SchemaError
from .._policy import ErrorPolicy, ErrorReport
from ..columns._frame import Frame
from ..process._mending import Mender
from ..process._process import ReadPlan, TransformProcess
from ..schema._schema import Schema
from ._listeners import AbstractListenedTo

__all__ = ["AbstractRecordReader"]

_CHUNK = 4096


class AbstractRecordReader(AbstractListenedTo, ABC):
    """Records one after another, from the start again after `reset`.

    ``for record in reader`` starts from the beginning each time; `next`, `has_next` and `reset`
    serve code that steps by itself. A record is a list of Python values.

    Answers to Deeplearning4j's ``RecordReader``.
    """

    def __init__(self) -> None:
        self._running: Iterator[tuple[list[Any], Any]] | None = None
        self._ahead: list[tuple[list[Any], Any]] = []

    @abstractmethod
    def records(self) -> Iterator[tuple[list[Any], Any]]:
        """One pass over the records, each with its metadata."""

    @abstractmethod
    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        """Read single records again, in the order asked for."""

    @property
    def schema(self) -> Schema | None:
        """Schema of the records, where the reader knows it."""
        return None

    def reset(self) -> None:
        """Start again at the first record."""
        self._running, self._ahead = None, []

    def has_next(self) -> bool:
        """Whether `next` has another record."""
        if not self._ahead:
            if self._running is None:
                self._running = self.records()
            self._ahead = list(islice(self._running, 1))
        return bool(self._ahead)

    def next(self) -> list[Any]:
        """The next record; raises StopIteration at the end."""
        return self.next_record()[0]

    def next_record(self) -> tuple[list[Any], Any]:
        """The next record and its metadata; raises StopIteration at the end."""
        if not self.has_next():
            raise StopIteration("no more records; call reset() to start again")
        found = self._ahead.pop()
        if self.listeners:
            self.announce(found[0])
        return found

    def next_batch(self, count: int) -> list[list[Any]]:
        """Up to `count` records."""
        out: list[list[Any]] = []
        while len(out) < count and self.has_next():
            out.append(self.next())
        return out

    def __iter__(self) -> Self:
        self.reset()
        return self

    def __next__(self) -> list[Any]:
        return self.next()

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        """Callables that give the records as frames of `schema`, some thousand at a time."""
        pass_over = self.records()
        while chunk := list(islice(pass_over, _CHUNK)):
            yield RecordTask(schema, chunk)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """One pass as an Arrow stream, so that pandas, polars, DuckDB and others read it.

        Raises:
            SchemaError: the reader has no schema.
        """
        if self.schema is None:
            raise SchemaError(
                f"{type(self).__name__}: an Arrow stream needs a schema; pass schema=..., or read "
                "through TransformProcess.execute"
            )
        process = TransformProcess(self.schema, ())
        return process.execute(self).__arrow_c_stream__(requested_schema)


class RecordTask:
    """Turns some records into a frame; knows where each of its rows came from."""

    def __init__(self, schema: Schema, chunk: Sequence[tuple[list[Any], Any]]) -> None:
        self.schema, self.chunk = schema, chunk

    def load(self) -> None:
        """Fill `chunk`, for readers that do so where the task runs."""

    def __call__(self) -> Frame:
        return self.frame(ErrorPolicy(), ErrorReport())

    def frame(self, policy: ErrorPolicy, report: ErrorReport) -> Frame:
        """The frame; records of the wrong width are an error, or left out and counted.

        Raises:
            DataVecError: naming the record.
        """
        self.load()
        width = len(self.schema)
        if not policy.skips:
            for i, (record, _) in enumerate(self.chunk):
                if len(record) != width:
                    raise DataVecError(
                        f"{self._place(i)}: expected {width} values, received {len(record)}"
                    )
        mender = Mender(policy, report, self.locate)
        return mender.frame(self.schema, [r for r, _ in self.chunk], self._place)

    def _place(self, i: int) -> str:
        return str(getattr(self.chunk[i][1], "location", f"record {i}"))

    def metadata(self, frame: Frame) -> list[Any]:
        """Metadata of the records of a frame that came from this task."""
        rows = range(frame.num_records) if frame.origin is None else frame.origin.tolist()
        return [self.chunk[i][1] for i in rows]

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        """Say in which line or record."""
        if error.row is None:
            return error
        metadata = self.chunk[error.row][1]
        line = getattr(metadata, "line", None)
        return error.located(
            file=getattr(metadata, "uri", None), line=None if line is None else line + 1
        )
