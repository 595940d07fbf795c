"""Readers of sequences from text files, where lines are steps or columns."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar

from .._choice import Choice
from .._errors import CsvError, SourceError
from ..text._java_regex import compile_java, java_split
from ._csv_parser import CsvLineParser
from ._files import MAX_FILE_BYTES
from ._lines import lines_of
from ._metadata import (
    RecordMetaDataInterval,
    RecordMetaDataLine,
    RecordMetaDataLineInterval,
    RecordMetaDataURI,
)
from ._sequence_reader import AbstractSequenceRecordReader, Steps, sequences_at
from ._splits import InputPart, as_split

__all__ = [
    "CSVLineSequenceRecordReader",
    "CSVMultiSequenceRecordReader",
    "CSVNLinesSequenceRecordReader",
    "CSVSequenceRecordReader",
    "CSVVariableSlidingWindowRecordReader",
    "LineErrorHandling",
    "MultiSequenceMode",
    "RegexSequenceRecordReader",
]


Lines = Iterator[tuple[str, int]]


class AbstractTextSequenceReader(AbstractSequenceRecordReader):
    """Sequences from the lines of files.

    Args:
        source: a path or URL, several of them, or an input split.
        skip_lines: lines to skip at the start of each file.
        encoding: of the files.
    """

    whole_files: ClassVar[bool] = False
    """A sequence is a whole file, which then may have `MAX_FILE_BYTES` at most."""

    def __init__(self, source: Any, *, skip_lines: int = 0, encoding: str = "utf-8") -> None:
        super().__init__()
        if skip_lines < 0:
            raise ValueError(f"skip_lines must not be negative, received {skip_lines}")
        self.split = as_split(source)
        self.skip_lines = skip_lines
        self.encoding = encoding

    def file_lines(self, part: InputPart) -> Lines:
        """The lines of one file with their numbers (from 0)."""
        size = 0
        for line, number, name in lines_of(
            part, skip_lines=self.skip_lines, encoding=self.encoding
        ):
            size += len(line) + 1
            if self.whole_files and size > MAX_FILE_BYTES:
                raise SourceError(
                    f"{name or 'input'}: more than {MAX_FILE_BYTES} bytes for one sequence; cut it"
                )
            yield line, number

    def sequences(self) -> Iterator[tuple[Steps, Any]]:
        return self._sequences_of(self.split.parts())

    def _sequences_of(self, parts: Iterable[InputPart]) -> Iterator[tuple[Steps, Any]]:
        for part in parts:
            yield from self.file_sequences(part.name, self.file_lines(part))

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[Steps]:
        wanted = list(metadata)
        parts = self.split.parts_named(m.uri or None for m in wanted)
        return sequences_at(wanted, self._sequences_of(parts))

    @abstractmethod
    def file_sequences(self, name: str | None, lines: Lines) -> Iterator[tuple[Steps, Any]]:
        """The sequences of one file."""


class CSVSequenceRecordReader(AbstractTextSequenceReader):
    """One file is a sequence, one line a step.

    As in Deeplearning4j, lines are split at the delimiter (a Java regular expression) without regard
    to quotes, and trailing empty fields are lost.
    """

    whole_files = True

    def __init__(
        self, source: Any, *, skip_lines: int = 0, delimiter: str = ",", encoding: str = "utf-8"
    ) -> None:
        super().__init__(source, skip_lines=skip_lines, encoding=encoding)
        compile_java(delimiter)
        self.delimiter = delimiter

    def step(self, line: str) -> list[Any]:
        """The values of a line."""
        return list(java_split(line, self.delimiter))

    def file_sequences(self, name: str | None, lines: Lines) -> Iterator[tuple[Steps, Any]]:
        yield [self.step(line) for line, _ in lines], RecordMetaDataURI(name or "")


class AbstractQuotedLinesReader(AbstractTextSequenceReader):
    """Lines with quotes and escapes as in `CSVRecordReader`."""

    def __init__(
        self,
        source: Any,
        *,
        skip_lines: int = 0,
        delimiter: str = ",",
        quote: str = '"',
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(source, skip_lines=skip_lines, encoding=encoding)
        self._parser = CsvLineParser(delimiter, quote)

    def fields(self, line: str, number: int, name: str | None) -> list[Any]:
        """The values of a line; `number` and `name` are for errors."""
        try:
            return list(self._parser.parse(line))
        except CsvError as e:
            raise CsvError(str(e), file=name, line=number + 1) from None


class CSVNLinesSequenceRecordReader(AbstractQuotedLinesReader):
    """Every `lines_per_sequence` lines of a file are a sequence; the last may be shorter.

    Fields are quoted as in `CSVRecordReader`.
    """

    def __init__(self, source: Any, *, lines_per_sequence: int = 10, **options: Any) -> None:
        super().__init__(source, **options)
        if lines_per_sequence < 1:
            raise ValueError(f"lines_per_sequence must be positive, received {lines_per_sequence}")
        self.lines_per_sequence = lines_per_sequence

    def file_sequences(self, name: str | None, lines: Lines) -> Iterator[tuple[Steps, Any]]:
        while block := list(islice(lines, self.lines_per_sequence)):
            metadata = RecordMetaDataLineInterval(block[0][1], block[-1][1], name)
            yield [self.fields(line, number, name) for line, number in block], metadata


class CSVVariableSlidingWindowRecordReader(AbstractQuotedLinesReader):
    """A window over the lines of a file, newest line first; fields as in `CSVRecordReader`.

    It grows at the start, moves by `stride` lines, and drains at the end. (With a stride above 1, or
    a window of one line, Deeplearning4j ends with an empty sequence or an error; here it just ends.)
    """

    def __init__(
        self, source: Any, *, max_lines_per_sequence: int = 10, stride: int = 1, **options: Any
    ) -> None:
        super().__init__(source, **options)
        if stride < 1 or max_lines_per_sequence < 1:
            raise ValueError("stride and max_lines_per_sequence must be positive")
        self.max_lines_per_sequence = max_lines_per_sequence
        self.stride = stride

    def file_sequences(self, name: str | None, lines: Lines) -> Iterator[tuple[Steps, Any]]:
        window: deque[list[Any]] = deque(maxlen=self.max_lines_per_sequence)
        ahead = next(lines, None)
        at = 0
        while True:
            start = at
            for _ in range(self.stride):
                if ahead is not None:
                    window.appendleft(self.fields(*ahead, name))
                    ahead = next(lines, None)
                    at += 1
                elif window:
                    window.pop()
            if not window:
                return
            # These numbers follow the original; the last window ends with the file's last line.
            last = ahead is None and len(window) <= self.stride
            end = at - 1 if last else at + len(window) - 1
            yield (
                list(window),
                RecordMetaDataLineInterval(self.skip_lines + start, self.skip_lines + end, name),
            )


class CSVLineSequenceRecordReader(AbstractQuotedLinesReader):
    """One line is a sequence of single values; quotes as in `CSVRecordReader`."""

    def file_sequences(self, name: str | None, lines: Lines) -> Iterator[tuple[Steps, Any]]:
        for line, number in lines:
            steps = [[field] for field in self.fields(line, number, name)]
            yield steps, RecordMetaDataLine(number, name)


class MultiSequenceMode(Choice):
    """How `CSVMultiSequenceRecordReader` makes a sequence of several lines."""

    CONCAT = "CONCAT"
    EQUAL_LENGTH = "EQUAL_LENGTH"
    PAD = "PAD"


class CSVMultiSequenceRecordReader(AbstractQuotedLinesReader):
    """Several sequences in a file, separated by lines that match a regular expression.

    Args:
        source: a path, paths or an input split.
        separator_regex: Java regular expression of separating lines; ``^$`` is a blank line.
        mode: ``CONCAT`` joins the lines to one sequence of single values; in ``EQUAL_LENGTH`` and
            ``PAD`` each line is a column, padded at the end with `pad_value` in the latter.
        pad_value: for ``PAD``.
    """

    def __init__(
        self,
        source: Any,
        separator_regex: str,
        mode: str | MultiSequenceMode,
        *,
        pad_value: Any = None,
        skip_lines: int = 0,
        delimiter: str = ",",
        quote: str = '"',
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(
            source, skip_lines=skip_lines, delimiter=delimiter, quote=quote, encoding=encoding
        )
        self._separates = compile_java(separator_regex).fullmatch
        self.mode = MultiSequenceMode(mode)
        self.pad_value = pad_value
        if self.mode is MultiSequenceMode.PAD and pad_value is None:
            raise ValueError("CSVMultiSequenceRecordReader: PAD needs a pad_value")

    def file_sequences(self, name: str | None, lines: Lines) -> Iterator[tuple[Steps, Any]]:
        block: list[list[Any]] = []
        first: int | None = None
        for line, number in lines:
            first = number if first is None else first
            if self._separates(line) is None:
                block.append(self.fields(line, number, name))
                continue
            yield self._steps(block, name, first), RecordMetaDataInterval(first, number + 1, name)
            block, first = [], number + 1
        if block and first is not None:
            yield self._steps(block, name, first), RecordMetaDataInterval(first, first, name)

    def _steps(self, block: list[list[Any]], name: str | None, first: int) -> Steps:
        if self.mode is MultiSequenceMode.CONCAT:
            return [[field] for line in block for field in line]
        lengths = [len(line) for line in block]
        longest = max(lengths, default=0)
        if self.mode is MultiSequenceMode.EQUAL_LENGTH and any(n != longest for n in lengths):
            raise CsvError(
                f"all lines of a sequence must have the same number of fields, received {lengths}",
                file=name,
                line=first + 1,
            )
        padded = [line + [self.pad_value] * (longest - len(line)) for line in block]
        return [list(step) for step in zip(*padded, strict=True)]


class LineErrorHandling(Choice):
    """What `RegexSequenceRecordReader` does with a line that does not match."""

    FAIL_ON_INVALID = "FailOnInvalid"
    SKIP_INVALID = "SkipInvalid"
    SKIP_INVALID_WITH_WARNING = "SkipInvalidWithWarning"


class RegexSequenceRecordReader(AbstractTextSequenceReader):
    """One file is a sequence; the capture groups of each line are a step.

    Args:
        source: a path, paths or an input split.
        regex: Java regular expression that a whole line must match.
        error_handling: what to do with other lines; skipped ones are counted in `skipped`.
    """

    whole_files = True

    def __init__(
        self,
        source: Any,
        regex: str,
        *,
        skip_lines: int = 0,
        error_handling: str | LineErrorHandling = LineErrorHandling.FAIL_ON_INVALID,
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(source, skip_lines=skip_lines, encoding=encoding)
        self.regex = regex
        self._match = compile_java(regex).fullmatch
        self.error_handling = LineErrorHandling(error_handling)
        self.skipped = 0

    def file_sequences(self, name: str | None, lines: Lines) -> Iterator[tuple[Steps, Any]]:
        steps: Steps = []
        for line, number in _without_blank_end(lines):
            m = self._match(line)
            if m is not None:
                steps.append(list(m.groups()))
                continue
            message = f"the line does not match {self.regex!r}: {line[:200]!r}"
            if self.error_handling is LineErrorHandling.FAIL_ON_INVALID:
                raise CsvError(message, file=name, line=number + 1)
            self.skipped += 1
            if self.error_handling is LineErrorHandling.SKIP_INVALID_WITH_WARNING:
                import warnings

                warnings.warn(f"{name}, line {number + 1}: {message}", stacklevel=2)
        yield steps, RecordMetaDataURI(name or "")


def _without_blank_end(lines: Lines) -> Lines:
    """The lines but for empty ones at the end of the file, which DataVec leaves out."""
    empty: list[tuple[str, int]] = []
    for entry in lines:
        if entry[0]:
            yield from empty
            yield entry
            empty.clear()
        else:
            empty.append(entry)
