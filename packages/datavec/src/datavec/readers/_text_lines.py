"""Readers that take a file line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .._errors import CsvError
from ..text._java_regex import compile_java
from ._csv import CSVRecordReader
from ._lines import lines_of
from ._metadata import RecordMetaDataLine
from ._reader import AbstractRecordReader
from ._splits import AbstractInputSplit, as_split

__all__ = ["CSVRegexRecordReader", "LineRecordReader", "RegexLineRecordReader"]


class LineRecordReader(AbstractRecordReader):
    """One text value per line, over all files.

    Args:
        source: a path, paths or an input split.
        skip_lines: lines to skip at the start of each file.
        encoding: of the files.
    """

    def __init__(self, source: Any, *, skip_lines: int = 0, encoding: str = "utf-8") -> None:
        super().__init__()
        self.split: AbstractInputSplit = as_split(source)
        self.skip_lines = skip_lines
        self.encoding = encoding

    def parse_line(self, line: str, number: int, file: str | None) -> list[Any]:
        """The record of a line; raises CsvError."""
        return [line]

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        lines = lines_of(self.split, skip_lines=self.skip_lines, encoding=self.encoding)
        for line, number, file in lines:
            yield self.parse_line(line, number, file), RecordMetaDataLine(number, file)

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        wanted = list(metadata)
        keys = {(m.uri, m.line) for m in wanted}
        found = {
            (file, number): self.parse_line(line, number, file)
            for part in self.split.parts_named(m.uri for m in wanted)
            for line, number, file in lines_of(
                part, skip_lines=self.skip_lines, encoding=self.encoding
            )
            if (file, number) in keys
        }
        missing = [m for m in wanted if (m.uri, m.line) not in found]
        if missing:
            raise CsvError(f"no record at {missing[0].location}")
        return [found[m.uri, m.line] for m in wanted]


class RegexLineRecordReader(LineRecordReader):
    r"""The capture groups of a Java regular expression that every line must match.

    Raises:
        CsvError: a line that does not match, naming file and line.

    >>> from datavec import StringSplit
    >>> RegexLineRecordReader(StringSplit("a=1\nb=2"), r"(\w+)=(\d+)").next()
    ['a', '1']
    """

    def __init__(
        self, source: Any, regex: str, *, skip_lines: int = 0, encoding: str = "utf-8"
    ) -> None:
        super().__init__(source, skip_lines=skip_lines, encoding=encoding)
        self.regex = regex
        self._match = compile_java(regex).fullmatch

    def parse_line(self, line: str, number: int, file: str | None) -> list[Any]:
        m = self._match(line)
        if m is None:
            raise CsvError(
                f"the line does not match {self.regex!r}: {line[:200]!r}",
                file=file,
                line=number + 1,
            )
        return list(m.groups())


class CSVRegexRecordReader(CSVRecordReader):
    """CSV fields, some of them taken apart by the capture groups of a regular expression.

    Args:
        regexes: one per column; None leaves the field as it is.
        others: as in `CSVRecordReader`.
    """

    def __init__(
        self, source: Any = None, *, regexes: Sequence[str | None], **options: Any
    ) -> None:
        super().__init__(source, **options)
        self.regexes = tuple(regexes)
        self._matches = [None if r is None else compile_java(r).fullmatch for r in self.regexes]

    def parse_line(self, line: str) -> list[str]:
        fields = super().parse_line(line)
        if len(fields) != len(self._matches):
            raise CsvError(f"expected {len(self._matches)} fields, received {len(fields)}")
        out: list[str] = []
        for field, match, regex in zip(fields, self._matches, self.regexes, strict=True):
            if match is None:
                out.append(field)
                continue
            m = match(field)
            if m is None:
                raise CsvError(f"the field {field[:200]!r} does not match {regex!r}")
            out.extend(m.groups())
        return out

    # Fields and columns differ in number, so typed reading goes through the records.
    frame_tasks = AbstractRecordReader.frame_tasks
