"""Raw records in whatever form a caller has them, brought to the columns a process was built for.

Tables and files with a header are matched by name, so the order of their columns does not matter, and
columns that only the training data had may be missing. Records without names are matched by position.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa

from .._errors import DataVecError, InvalidValueError, SchemaError, shown
from .._policy import ErrorExample, ErrorPolicy, ErrorReport
from ..columns._arrow_io import column_from_values, frame_from_batch
from ..columns._frame import Array, Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema

__all__ = ["RawColumns", "RawSource", "RecordMatcher", "filled"]

_CHUNK = 4096
_RAISE = ErrorPolicy("raise")


@dataclass(frozen=True)
class RawColumns:
    """What raw records must and may have.

    Args:
        schema: the columns of the training data.
        required: those that must have values.
        absent: those that records at serving time do not have, because only the label needs them.
        strict: refuse columns that the training data did not have, instead of ignoring them.
    """

    schema: Schema
    required: frozenset[str]
    absent: frozenset[str]
    strict: bool = False

    def check(self, names: Sequence[str], place: str) -> None:
        """Compare the columns of named data with those of the training data.

        Raises:
            SchemaError: required columns are missing, a name occurs twice, or (when strict) the
                training data did not have a column.
        """
        have = set(names)
        if len(have) != len(names):
            twice = sorted({n for n in names if list(names).count(n) > 1})
            raise SchemaError(
                f"{place}: columns occur more than once: {', '.join(map(repr, twice))}"
            )
        missing = [n for n in self.schema.column_names if n in self.required - have]
        unknown = [n for n in names if n not in self.schema]
        if missing:
            raise SchemaError(
                f"{place}: no column {_listed(missing)}, which the training data had"
                + (f"; instead there {_are(unknown)}" if unknown else "")
                + f"; needed are {_listed(self.needed)}"
            )
        if self.strict and unknown:
            raise SchemaError(
                f"{place}: unknown column {_listed(unknown)}; the training data had "
                f"{_listed(self.schema.column_names)}"
            )

    @property
    def needed(self) -> list[str]:
        """The required columns in order."""
        return [n for n in self.schema.column_names if n in self.required]

    def by_position(self, width: int, place: str) -> list[str]:
        """The columns that `width` values without names stand for.

        Raises:
            SchemaError: another number of values than any that makes sense.
        """
        all_names = self.schema.column_names
        for names in (all_names, [n for n in all_names if n not in self.absent], self.needed):
            if len(names) == width:
                return names
        without = [n for n in all_names if n not in self.absent]
        also = f", or {len(without)} without {_listed(sorted(self.absent))}" if self.absent else ""
        raise SchemaError(
            f"{place}: expected {len(all_names)} values ({', '.join(all_names)}){also}; "
            f"received {width}"
        )


def _listed(names: Sequence[str]) -> str:
    shown_names = [repr(n) for n in names[:20]]
    return ", ".join(shown_names) + (" and more" if len(names) > 20 else "")


def _are(names: Sequence[str]) -> str:
    return f"{'is' if len(names) == 1 else 'are'} {_listed(names)}"


class RawSource:
    """Data that a process can be run on: it has ``frame_tasks``, as readers do.

    Args:
        data: a path or a binary stream, an Arrow stream (pandas, polars, DuckDB, pyarrow), a dict of
            columns, an iterable of records (dicts, or lists of values) or a record reader.
        columns: what the records are matched with.
        policy: what happens to records that lack a column, and to lines of the wrong width.
        options: how CSV is written; see `file_reader`.
    """

    def __init__(
        self, data: Any, columns: RawColumns, policy: ErrorPolicy = _RAISE, **options: Any
    ) -> None:
        # What has a replacement may be missing: the steps then find nothing there, and it is replaced.
        given = frozenset(policy.replacements)
        self._columns = replace(columns, required=columns.required - given)
        self._policy = policy
        self._reader: Any = None
        self._tasks = self._choose(data, options)

    def __repr__(self) -> str:
        return "<RawSource>" if self._reader is None else repr(self._reader)

    @property
    def errors(self) -> ErrorReport:
        """What the reader below left out or replaced in the current or last pass."""
        errors = getattr(self._reader, "errors", None)
        return errors if isinstance(errors, ErrorReport) else ErrorReport()

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        """Callables that give the data as frames of `schema`, columns that are missing empty."""
        return self._tasks(plan)

    def _choose(
        self, data: Any, options: dict[str, Any]
    ) -> Callable[[ReadPlan], Iterator[Callable[[], Frame]]]:
        if hasattr(data, "frame_tasks"):
            self._reader = data
            return self._read
        if isinstance(data, (str, os.PathLike)) or hasattr(data, "readinto"):
            from ._raw_files import JsonLines, file_reader

            found = file_reader(data, self._columns, self._policy, **options)
            self._reader = found
            return self._lines if isinstance(found, JsonLines) else self._read
        if options:
            raise TypeError(f"{', '.join(options)}: only for files; received {type(data).__name__}")
        if isinstance(data, (pa.Table, pa.RecordBatch, pa.RecordBatchReader)):
            return lambda plan: self._batches(data)
        if hasattr(data, "__arrow_c_stream__"):
            return lambda plan: self._batches(pa.RecordBatchReader.from_stream(data))
        if isinstance(data, Mapping):
            if all(isinstance(v, (list, tuple)) or hasattr(v, "__array__") for v in data.values()):
                table = _table(data)
                return lambda plan: self._batches(table)
            return lambda plan: self._records([data])
        if isinstance(data, Iterable) and not isinstance(data, (bytes, bytearray)):
            return lambda plan: self._records(data)
        raise TypeError(
            "expected a path, a table, a dict of columns, records or a record reader; received "
            f"{shown(data)} ({type(data).__name__})"
        )

    # --- kinds of sources -----------------------------------------------------------------------

    def _read(self, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        reader = self._reader
        own = reader.schema if isinstance(getattr(reader, "schema", None), Schema) else None
        if own is None:
            own = self._columns.schema
        else:
            self._columns.check(own.column_names, repr(reader))
        for task in reader.frame_tasks(own, _within(plan, own)):
            yield _ReadTask(task, self._columns.schema)

    def _batches(self, data: Any) -> Iterator[Callable[[], Frame]]:
        self._columns.check(data.schema.names, "the table")
        batches = (
            data.to_batches(max_chunksize=1 << 17)
            if isinstance(data, pa.Table)
            else [data]
            if isinstance(data, pa.RecordBatch)
            else data
        )
        base = 0
        for batch in batches:
            yield _BatchTask(self._columns.schema, batch, base)
            base += batch.num_rows

    def _records(self, records: Iterable[Any]) -> Iterator[Callable[[], Frame]]:
        pass_over = iter(records)
        base = 0
        while chunk := list(islice(pass_over, _CHUNK)):
            yield _RecordTask(self._columns, chunk, base)
            base += len(chunk)

    def _lines(self, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        base = 0
        for chunk in self._reader.chunks():
            yield _RecordTask(self._columns, chunk, base)
            base += len(chunk)


def _table(columns: Mapping[Any, Any]) -> pa.Table:
    try:
        return pa.table(dict(columns))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as e:
        raise DataVecError(f"the dict of columns is no table: {e}") from None


def _within(plan: ReadPlan, schema: Schema) -> ReadPlan:
    names = set(schema.column_names)
    return replace(plan, needed=plan.needed & names, as_text=plan.as_text & names)


class AbstractTask(ABC):
    """Gives one part of the data as a frame.

    Attributes:
        count: records in this part, those that are left out included; known once it has run.
    """

    count: int

    @abstractmethod
    def __call__(self) -> Frame:
        """The frame."""

    @abstractmethod
    def locate(self, error: InvalidValueError) -> InvalidValueError:
        """Say where in the data an error is."""

    def rows(self, positions: Array) -> Array:
        """Positions in this part of the data of records, given by their positions in the frame."""
        return positions


class _ReadTask(AbstractTask):
    """A reader's task whose frames are brought to other columns, by name."""

    def __init__(self, task: Any, schema: Schema) -> None:
        self._task, self._schema = task, schema
        self.count = 0

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        locate = getattr(self._task, "locate", None)
        return error if locate is None else locate(error)

    def rows(self, positions: Array) -> Array:
        lines = self._lines()
        return positions if lines is None else np.asarray(lines[positions])

    def _lines(self) -> Any:
        """The line of each record, where the reader has left some out."""
        return getattr(getattr(self._task, "parsed", None), "lines", None)

    def __call__(self) -> Frame:
        return self._brought(self._task())

    def frame(self, policy: ErrorPolicy, report: ErrorReport) -> Frame:
        """The frame under an error policy, where the reader's task knows about such."""
        read = getattr(self._task, "frame", None)
        return self() if read is None else self._brought(read(policy, report))

    def _brought(self, frame: Frame) -> Frame:
        self.count = (
            frame.num_records if self._lines() is None else self._task.block.data.count(b"\n")
        )
        return filled(frame, self._schema)


class _BatchTask(AbstractTask):
    def __init__(self, schema: Schema, batch: pa.RecordBatch, base: int) -> None:
        self._schema, self._batch, self._base = schema, batch, base
        self.count = batch.num_rows

    def __call__(self) -> Frame:
        have = set(self._batch.schema.names)
        own = self._schema.with_columns(m for m in self._schema if m.name in have)
        return filled(frame_from_batch(own, self._batch), self._schema)

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        return error.located(row=None if error.row is None else error.row + self._base)


class _RecordTask(AbstractTask):
    def __init__(self, columns: RawColumns, records: list[Any], base: int) -> None:
        self._columns, self._records, self._base = columns, records, base
        self.count = len(records)

    def __call__(self) -> Frame:
        return self.frame(_RAISE, ErrorReport())

    def frame(self, policy: ErrorPolicy, report: ErrorReport) -> Frame:
        """The records as a frame; those that lack a column obey the policy."""
        match = RecordMatcher(self._columns)
        is_sequence = self._columns.schema.is_sequence
        rows: list[Any] = []
        kept: list[int] = []
        for i, record in enumerate(self._records):
            place = f"record {self._base + i}"
            if isinstance(record, DataVecError):  # a line that was none, which the policy skips
                report.add("skipped", None, str(record))
                continue
            try:
                rows.append(
                    [match(s, place) for s in record] if is_sequence else match(record, place)
                )
                kept.append(i)
            except (SchemaError, TypeError) as e:
                if not policy.skips:
                    raise
                reason = str(e).removeprefix(f"{place}: ")
                report.add("skipped", None, reason, examples=[ErrorExample(record, place)])
        frame = self._made(rows)
        all_kept = len(kept) == len(self._records)
        return frame if all_kept else replace(frame, origin=np.array(kept, np.int64))

    def _made(self, rows: list[Any]) -> Frame:
        schema = self._columns.schema
        offsets = None
        if schema.is_sequence:
            offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
            rows = [step for steps in rows for step in steps]
        columns = zip(*rows, strict=True) if rows else [()] * len(schema)
        arrays = [column_from_values(c, m) for c, m in zip(columns, schema, strict=True)]
        return Frame(schema, tuple(arrays), len(rows), offsets)

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        return error.located(row=None if error.row is None else error.row + self._base)


class RecordMatcher:
    """Brings single records to the order of the columns.

    Args:
        columns: what the records are matched with.
        spare: what stands in columns that a record lacks and need not have.
    """

    def __init__(self, columns: RawColumns, spare: Any = None) -> None:
        self._columns, self._spare = columns, spare
        names = columns.schema.column_names
        self._full = len(names)
        self._all = itemgetter(*names) if len(names) > 1 else lambda r: (r[names[0]],)
        self._places: dict[int, list[int | None]] = {}

    def __call__(self, record: Any, place: str = "record") -> Sequence[Any]:
        """The values in the order of the schema, `spare` for columns that need not be there.

        Raises:
            SchemaError: a required column is missing, or the number of values is wrong.
            TypeError: it is no record.
        """
        if isinstance(record, dict):
            if not self._columns.strict:
                try:
                    values: tuple[Any, ...] = self._all(record)
                    return values
                except KeyError:
                    pass
            return self._named(record, place)
        if isinstance(record, (list, tuple)):
            return record if len(record) == self._full else self._positioned(record, place)
        if isinstance(record, Mapping):
            return self._named(record, place)
        if isinstance(record, Sequence) and not isinstance(record, (str, bytes)):
            return self._positioned(record, place)
        if hasattr(record, "tolist"):
            return self(record.tolist(), place)
        raise TypeError(
            f"{place}: expected a dict or a list of values; received {shown(record)} "
            f"({type(record).__name__})"
        )

    def _named(self, record: Mapping[Any, Any], place: str) -> list[Any]:
        self._columns.check(list(record), place)
        return [record.get(n, self._spare) for n in self._columns.schema.column_names]

    def _positioned(self, record: Sequence[Any], place: str) -> list[Any]:
        places = self._places.get(len(record))
        if places is None:
            names = self._columns.by_position(len(record), place)
            places = [
                names.index(n) if n in names else None for n in self._columns.schema.column_names
            ]
            self._places[len(record)] = places
        return [self._spare if i is None else record[i] for i in places]


def filled(frame: Frame, output: Schema) -> Frame:
    """The columns of a schema by name, empty where the frame lacks them."""
    have, rows = frame.schema, frame.num_rows
    columns = [frame.column(n) if n in have else pa.nulls(rows) for n in output.column_names]
    return frame.with_columns(output, columns)
