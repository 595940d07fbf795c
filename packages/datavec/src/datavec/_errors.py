"""Exceptions of the package; each names the place, what was expected and what was received."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = [
    "CsvError",
    "DataVecError",
    "InvalidValueError",
    "RecordFormatError",
    "SchemaError",
    "SerializationError",
    "SourceError",
    "UnsupportedTransformError",
]


class DataVecError(ValueError):
    """Base class of the errors raised by this package.

    They travel between processes: pickling keeps class, message and attributes.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are pickled as a call with their message; sub-classes take other arguments.
        return _restored, (type(self), self.args), self.__dict__


def _restored(cls: type[DataVecError], args: tuple[Any, ...]) -> DataVecError:
    error = cls.__new__(cls, *args)
    error.args = args
    return error


class SchemaError(DataVecError):
    """A column name, a column type or an option does not fit the schema of a step."""


class SerializationError(DataVecError):
    """A JSON or YAML text is not a valid schema or transform."""


class SourceError(DataVecError):
    """A file or address that is there but cannot be read: no access, damaged, too large."""


class UnsupportedTransformError(DataVecError):
    """A class or an option of Deeplearning4j that this package does not implement (yet)."""


class CsvError(DataVecError):
    """A text line cannot be split into fields.

    Args:
        message: what is wrong.
        file: the file, where known.
        line: the line number, counted from 1 as editors do.
        reason: the same for every such line, to count them by; the message by default.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        reason: str | None = None,
    ) -> None:
        self.file = file
        self.line = line
        self.reason = message if reason is None else reason
        place = f"{file or 'input'}, line {line}: " if line is not None else ""
        super().__init__(place + message)


class RecordFormatError(DataVecError):
    """A file, or a record in it, is not of the format that its reader reads.

    Args:
        message: what is wrong, what was expected and what was received.
        file: the file, where known.
        line: the line number, counted from 1 as editors do.
    """

    def __init__(self, message: str, *, file: str | None = None, line: int | None = None) -> None:
        self.message = message
        self.file = file
        self.line = line
        place = "" if line is None else f"line {line}"
        if file is not None:
            place = f"{file}, {place}" if place else file
        super().__init__(f"{place}: {message}" if place else message)

    @property
    def place(self) -> str:
        """File and line, as far as known."""
        return str(self).removesuffix(self.message).removesuffix(": ")

    def located(self, *, file: str | None, line: int | None = None) -> RecordFormatError:
        """Return the same error with more known about its place."""
        return RecordFormatError(
            self.message,
            file=file if self.file is None else self.file,
            line=line if self.line is None else self.line,
        )


class InvalidValueError(DataVecError):
    """Values that a step cannot work with.

    Args:
        column: name of the column.
        expected: what a good value is.
        value: the first offending value.
        rows: positions of all offending rows in the batch being worked on.
        where: the step or reader, for instance ``step 3 CategoricalToIntegerTransform``.
        file: the file, where known.
        line: line number in the file, counted from 1.
    """

    def __init__(
        self,
        column: str,
        expected: str,
        value: Any,
        rows: Sequence[int] = (),
        *,
        where: str = "",
        file: str | None = None,
        line: int | None = None,
        row: int | None = None,
    ) -> None:
        self.column = column
        self.expected = expected
        self.value = value
        self.rows = rows
        self.where = where
        self.file = file
        self.line = line
        self.row = row if row is not None else (int(rows[0]) if len(rows) else None)
        super().__init__(self._text())

    @property
    def place(self) -> str:
        """File and line, or row, as far as known."""
        if self.line is not None:
            return f"{self.file or 'input'}, line {self.line}"
        return "" if self.row is None else f"row {self.row}"

    def _text(self) -> str:
        head = ", ".join(p for p in (self.where, self.place, f'column "{self.column}"') if p)
        return f"{head}: expected {self.expected}, received {shown(self.value)}{self._hint()}"

    def _hint(self) -> str:
        """What to do about a first line that is no data."""
        if self.line != 1 or not isinstance(self.value, str):
            return ""
        if self.value.startswith("\ufeff"):
            return '; the file begins with a byte order mark: read it with encoding="utf-8-sig"'
        if self.value.strip().casefold() == self.column.casefold():
            return "; if the line holds the names of the columns, leave it out by skip_lines=1"
        return ""

    def located(
        self,
        *,
        where: str | None = None,
        file: str | None = None,
        line: int | None = None,
        row: int | None = None,
    ) -> InvalidValueError:
        """Return the same error with more known about its place."""
        return InvalidValueError(
            self.column,
            self.expected,
            self.value,
            self.rows,
            where=where if where is not None else self.where,
            file=file if file is not None else self.file,
            line=line if line is not None else self.line,
            row=row if row is not None else self.row,
        )


def shown(value: Any) -> str:
    """Show a value in a message, cut to a length that a terminal bears."""
    if value is None:
        return "a missing value (null)"
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


@contextmanager
def naming_file(name: str) -> Iterator[None]:
    """Say in the system's errors (a full disk) which file was being written."""
    try:
        yield
    except OSError as e:
        if e.errno is None or e.filename is not None:
            raise
        reason = f"{os.strerror(e.errno)}; what was written is given up"
        raise OSError(e.errno, reason, name) from None


for _error in (DataVecError, *DataVecError.__subclasses__()):
    _error.__module__ = "datavec"  # tracebacks show the name to catch it by
