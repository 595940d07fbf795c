"""Writers of text, one record a line."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import InvalidValueError, SchemaError
from ..columns._arrow_arrays import numpy_array, text_array
from ..columns._arrow_io import frame_from_batch, frame_from_records, usual_column
from ..columns._convert import as_text, is_text, plain_text, to_type
from ..columns._frame import Frame
from ..schema._schema import Schema
from ..writables._writable import Writable
from ._file_writer import AbstractFileRecordWriter
from ._output import OutputFile
from ._partition import Array

__all__ = ["AbstractTextRecordWriter", "LineRecordWriter", "MatlabRecordWriter"]


class AbstractTextRecordWriter(AbstractFileRecordWriter):
    """Writes each record as one line of UTF-8 text."""

    keeps_text = True
    newline_at_end = True
    """Whether the last line ends with a line break, too."""
    _text_is_open = False

    @abstractmethod
    def line_of(self, record: Sequence[Any]) -> str:
        """The line of one record, without a line break."""

    @abstractmethod
    def lines_of(self, names: Sequence[str], columns: Sequence[pa.Array]) -> pa.Array:
        """The lines of many records, given by columns; the texts are those of `line_of`."""

    def header(self) -> str | None:
        """A first line for new files."""
        return None

    def _prepared(self, record: Sequence[Any]) -> Any:
        if self._schema is not None:
            return list(record)
        line = self.line_of(record)
        self._waiting_bytes += len(line)
        return line

    def _packed(self, prepared: list[Any]) -> pa.Array:
        if self._schema is None:
            try:
                return text_array(prepared)
            except UnicodeEncodeError as e:
                raise InvalidValueError(
                    "", "text that UTF-8 can hold", e.object, where=type(self).__name__
                ) from None
        return self._chunk_of_frame(frame_from_records(self._schema, prepared))

    def _chunk(self, batch: pa.RecordBatch) -> pa.Array:
        if self._schema is None:
            return self.lines_of(batch.schema.names, [usual_column(c) for c in batch.columns])
        return self._chunk_of_frame(frame_from_batch(self._schema, batch))

    def _chunk_of_frame(self, frame: Frame) -> pa.Array:
        if frame.offsets is not None:
            raise SchemaError(
                f"{type(self).__name__}: writes records, the data are sequences; "
                "convert_from_sequence() makes records of their steps"
            )
        return self._typed_lines(frame.schema, list(frame.columns))

    def _typed_lines(self, schema: Schema, columns: list[pa.Array]) -> pa.Array:
        # Text stays as it is, "007" in an Integer column too; other types become the schema's.
        for i, meta in enumerate(schema):
            if not is_text(columns[i].type):
                columns[i] = to_type(columns[i], meta.arrow_type, meta.name)
        return self.lines_of(schema.column_names, columns)

    def _sizes(self, chunk: pa.Array) -> Array:
        return numpy_array(pc.binary_length(chunk)).astype(np.int64) + 1

    def _put(self, file: OutputFile, chunk: pa.Array) -> None:
        text = _bytes_of(pc.binary_join_element_wise(chunk, "", "\n"))
        if self.newline_at_end:
            file.stream.write(text)
            return
        if self._text_is_open:
            file.stream.write(b"\n")
        file.stream.write(text[:-1])
        self._text_is_open = True

    def _begin(self, file: OutputFile) -> None:
        self._text_is_open = file.old_text_is_open
        if self.newline_at_end and file.old_text_is_open:
            file.stream.write(b"\n")
        first = self.header()
        if first is not None and not file.continues:
            self._put(file, text_array([first]))


def _bytes_of(lines: pa.Array) -> memoryview:
    """The texts of an array one after another, without copying."""
    offsets = np.frombuffer(lines.buffers()[1], np.int32)
    start, end = int(offsets[lines.offset]), int(offsets[lines.offset + len(lines)])
    return memoryview(lines.buffers()[2])[start:end]


def texts(column: pa.Array, name: str, null_text: str = "NullWritable") -> pa.Array:
    """A column as plain texts (Java's ``toString``), missing values as `null_text`."""
    out = plain_text(as_text(column, name))
    if out.type != pa.string():
        out = out.cast(pa.string())
    return pc.if_else(column.is_valid(), out, null_text) if column.null_count else out


def text_of(value: Any, null_text: str = "NullWritable") -> str:
    """A Python value or Writable as `texts` writes it."""
    if type(value) is str:
        return value
    if value is None:
        return null_text
    writable = Writable.of(value)
    if writable.kind == "NDArray":
        raise InvalidValueError("", "a value with a text form", value)
    return null_text if writable.kind == "Null" else writable.text()


class LineRecordWriter(AbstractTextRecordWriter):
    r"""Writes the first value of each record as a line; `LineRecordReader` reads it back.

    Answers to Deeplearning4j's ``LineRecordWriter``, which puts a length byte before each line.

    Raises:
        InvalidValueError: a value with a line break in it.

    >>> import io
    >>> out = io.BytesIO()
    >>> with LineRecordWriter(out) as writer:
    ...     _ = writer.write_batch([["one"], ["two"]])
    >>> out.getvalue()
    b'one\ntwo\n'
    """

    def line_of(self, record: Sequence[Any]) -> str:
        if not record:
            raise InvalidValueError("0", "a value", record, where=type(self).__name__)
        line = text_of(record[0])
        if "\n" in line or "\r" in line:
            raise InvalidValueError("0", _ONE_LINE, line, where=type(self).__name__)
        return line

    def lines_of(self, names: Sequence[str], columns: Sequence[pa.Array]) -> pa.Array:
        lines = texts(columns[0], names[0])
        refuse(lines, names[0], r"[\r\n]", _ONE_LINE, type(self).__name__)
        return lines


_ONE_LINE = "a text without line breaks"


def refuse(column: pa.Array, name: str, pattern: str, expected: str, where: str) -> None:
    """Raise InvalidValueError where a text matches `pattern`."""
    bad = pc.match_substring_regex(column, pattern)
    if pc.any(bad).as_py():
        rows = np.flatnonzero(numpy_array(bad)).tolist()
        raise InvalidValueError(name, expected, column[rows[0]].as_py(), rows, where=where)


class MatlabRecordWriter(AbstractTextRecordWriter):
    r"""Writes records as lines of values with a blank between them.

    Answers to Deeplearning4j's ``MatlabRecordWriter``.

    Raises:
        InvalidValueError: a text that is empty or has a blank in it, so that it could not be read
            back as one value.

    >>> import io
    >>> out = io.BytesIO()
    >>> with MatlabRecordWriter(out) as writer:
    ...     writer.write([1.5, 2])
    >>> out.getvalue()
    b'1.5 2\n'
    """

    def line_of(self, record: Sequence[Any]) -> str:
        words = [text_of(v) for v in record]
        for i, word in enumerate(words):
            if not word or any(c in " \t\n\r\v\f" for c in word):
                raise InvalidValueError(str(i), _ONE_WORD, word, where=type(self).__name__)
        return " ".join(words)

    def lines_of(self, names: Sequence[str], columns: Sequence[pa.Array]) -> pa.Array:
        words = []
        for name, column in zip(names, columns, strict=True):
            word = texts(column, name)
            if is_text(column.type):
                refuse(word, name, r"[ \t\n\r\v\f]|^$", _ONE_WORD, type(self).__name__)
            words.append(word)
        return words[0] if len(words) == 1 else pc.binary_join_element_wise(*words, " ")


_ONE_WORD = "a value without blanks"
