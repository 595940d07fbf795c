"""Files and streams of raw records: CSV, JSON lines, Parquet, Arrow."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import IO, Any, cast

from .._errors import DataVecError, SourceError, shown
from .._policy import ErrorPolicy, ErrorReport
from ..schema._metadata import StringMetaData
from ..schema._schema import Schema
from ._raw_records import RawColumns

__all__ = ["JsonLines", "file_reader"]

_LONGEST_LINE = 1 << 24
_BLOCK = 1 << 18
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zstd")


def file_reader(source: Any, columns: RawColumns, policy: ErrorPolicy, **options: Any) -> Any:
    """What reads a file by its suffix (compressed ones by the one before), or a binary stream.

    A stream is JSON lines when it begins with a brace, else CSV.

    Args:
        source: a path or URL, or a binary stream, which is read once from where it stands.
        columns: what its columns are matched with.
        policy: what happens to lines of the wrong width, or that are no JSON.
        options: of CSV: `delimiter`, `quote`, `header` (whether the first line names the columns; None
            looks: it does when half of its fields or more are names of columns), `skip_lines` before
            that, `encoding`.

    Raises:
        FileNotFoundError: there is no such file.
        SchemaError: its columns are not those of the training data.
    """
    if hasattr(source, "readinto"):
        stream = _PutBack(source)
        if stream.peek(1) == b"{":
            return JsonLines(stream, policy)
        return _csv_reader(stream, columns, policy, **options)
    from ..readers import ArrowRecordReader, ParquetRecordReader

    suffixes = [s.lower() for s in PurePath(os.fspath(source)).suffixes]
    if suffixes[-1:] and suffixes[-1] in _PACKED:
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    if suffix == ".parquet":
        return ParquetRecordReader(source)
    if suffix in (".arrow", ".feather", ".ipc"):
        return ArrowRecordReader(source)
    if suffix in (".jsonl", ".ndjson"):
        return JsonLines(source, policy)
    return _csv_reader(source, columns, policy, **options)


class JsonLines:
    """One JSON object a line, read as far as the data have come.

    Attributes:
        errors: stays empty: what is no JSON is counted with the records.
    """

    def __init__(self, source: Any, policy: ErrorPolicy) -> None:
        self._source, self._policy = source, policy
        self.errors = ErrorReport()

    def __repr__(self) -> str:
        return f"<JsonLines: {self._name:.80}>"

    @property
    def _name(self) -> str:
        return self._source.name if isinstance(self._source, _PutBack) else str(self._source)

    def chunks(self) -> Iterator[list[Any]]:
        """Records, some at a time; in place of a line that is no record stands its error.

        Raises:
            DataVecError: such a line, unless the policy skips it; a line that is too long.
        """
        number = 0
        for lines in self._lines():
            chunk: list[Any] = []
            for line in lines:
                number += 1
                if not line.strip():
                    continue
                record = self._record(line, number)
                if isinstance(record, DataVecError) and not self._policy.skips:
                    raise record
                chunk.append(record)
            if chunk:
                yield chunk

    def _record(self, line: bytes, number: int) -> Any:
        try:
            return json.loads(line)
        except (ValueError, RecursionError) as e:
            text = line[:60].decode("utf-8", "replace").strip()
            return DataVecError(
                f"{self._name}, line {number}: expected a JSON object, received {shown(text)}: {e}"
            )

    def _lines(self) -> Iterator[list[bytes]]:
        from ..readers._splits import as_split

        if isinstance(self._source, _PutBack):
            yield from _whole_lines(self._source, self._name)
            return
        split = as_split(self._source)
        for location in split.locations():
            with split.open(location) as stream:
                yield from _whole_lines(stream, str(location))


def _whole_lines(stream: Any, name: str) -> Iterator[list[bytes]]:
    rest = b""
    buffer = bytearray(_BLOCK)
    while count := stream.readinto(buffer):
        *lines, rest = (rest + buffer[:count]).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise SourceError(f"{name}: a line of more than {_LONGEST_LINE} bytes")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _csv_reader(
    source: Any,
    columns: RawColumns,
    policy: ErrorPolicy,
    *,
    delimiter: str = ",",
    quote: str = '"',
    header: bool | None = None,
    skip_lines: int = 0,
    encoding: str = "utf-8",
) -> Any:
    """A reader of CSV text under the schema that its header, or its width, gives it."""
    from ..readers import CSVRecordReader, InputStreamInputSplit
    from ..readers._csv_parser import CsvLineParser
    from ..readers._splits import as_split

    split: Any
    if isinstance(source, _PutBack):
        place = source.name
        head = source.peek_lines(skip_lines + 1).decode(encoding, "replace")
        split = InputStreamInputSplit(cast(IO[bytes], source), place)
    else:
        split = as_split(source)
        (location, *_) = split.locations() or [source]
        place = str(location)
        with split.open(location) as stream:
            text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
            head = "".join(text.readline(_LONGEST_LINE) for _ in range(skip_lines + 1))
    line = head.splitlines()[skip_lines:]
    first = line[0].lstrip("\ufeff") if line else ""
    names = [f.strip() for f in CsvLineParser(delimiter, quote).parse(first)] if first else []
    if header is None:
        known = sum(n in columns.schema for n in names)
        header = known > 0 and 2 * known >= min(len(names), len(columns.schema))
    if header:
        columns.check(names, place)
    elif names:
        names = columns.by_position(len(names), f"{place}, line {skip_lines + 1}")
    else:
        names = columns.schema.column_names  # nothing to read
    own = columns.schema.with_columns(
        columns.schema.metadata(n) if n in columns.schema else StringMetaData(n) for n in names
    )
    return CSVRecordReader(
        split,
        skip_lines=skip_lines + int(header),
        delimiter=delimiter,
        quote=quote,
        schema=own,
        encoding=encoding,
        on_invalid=_for_columns(policy, own),
    )


def _for_columns(policy: ErrorPolicy, schema: Schema) -> ErrorPolicy:
    """A policy with the replacements for the columns of a file alone."""
    known = {n: v for n, v in policy.replacements.items() if n in schema}
    if policy.action == "replace" and not known:
        return ErrorPolicy("raise")
    return replace(policy, replacements=known)


class _PutBack(io.RawIOBase):
    """A binary stream whose beginning can be looked at, and which gives what has come at once."""

    def __init__(self, stream: Any) -> None:
        name = getattr(stream, "name", None)  # an int for a descriptor
        self.name = name if isinstance(name, str) else "the stream"
        self._head = b""
        # A buffered stream's `read` waits until it has all; what comes through a pipe is wanted now.
        self._read = getattr(stream, "read1", stream.read)

    def peek(self, count: int) -> bytes:
        """The next bytes, fewer only at the end."""
        while len(self._head) < count and (data := self._read(_BLOCK)):
            self._head += data
        return self._head[:count]

    def peek_lines(self, count: int) -> bytes:
        """The next lines, fewer only at the end, and within bounds."""
        while self._head.count(b"\n") < count and len(self._head) < _LONGEST_LINE:
            data = self._read(_BLOCK)
            if not data:
                break
            self._head += data
        return b"".join(self._head.splitlines(keepends=True)[:count])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._head[: len(buffer)] or self._read(len(buffer)) or b""
        self._head = self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)
