"""Jackson readers: fields of JSON, YAML and XML documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from nd4py.data import JavaRandom

from .._errors import DataVecError, InvalidValueError, RecordFormatError
from .._policy import ErrorPolicy
from ..columns._frame import Array, Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema
from ._documents import FORMATS, parse_document
from ._field_selection import FieldSelection
from ._files import read_limited
from ._json_block import parse_json_block
from ._line_blocks import AbstractLineBlockReader
from ._lines import Block, lines_of
from ._metadata import RecordMetaDataURI
from ._path_labels import AbstractPathLabelGenerator
from ._reader import AbstractRecordReader, RecordTask
from ._sequence_reader import AbstractSequenceRecordReader, Steps
from ._splits import InputPart, as_split
from ._tolerant import AbstractTolerant

__all__ = ["JacksonLineRecordReader", "JacksonLineSequenceRecordReader", "JacksonRecordReader"]

Fields = FieldSelection | Iterable[str | Sequence[str]]

_FILES_AT_A_TIME = 256


def _format(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, received {name!r}")
    return name


class JacksonRecordReader(AbstractTolerant, AbstractRecordReader):
    """One document per file, JSON, YAML or XML; its selected fields, as text, are the record.

    Only text and numbers can be selected (numbers become text as Java prints them); a field that is
    missing gives its value for missing fields. Of XML, child elements and attributes are fields.

    Answers to Deeplearning4j's ``JacksonRecordReader``. That one refuses a FileSplit; this one reads
    the files of a folder.

    Args:
        source: a path or URL, several of them, or an input split.
        fields: a `FieldSelection`, or names and paths of fields.
        format: ``json``, ``yaml`` (``pip install "datavec[yaml]"``) or ``xml``.
        shuffle: read the files in random order, another one in each pass.
        seed: of the ``java.util.Random`` that shuffles; the default is the time.
        label_generator: adds a label made from each file's path.
        label_position: where the label goes; −1 puts it last.
        encoding: of the files.
        schema: of the records, for a TransformProcess or an iterator.
        on_invalid: ``raise``; ``skip`` a file that cannot be read and count it in `skipped`; or
            ``replace`` a field that is no text or number.
        replacements: for ``replace``, by field name (dots between the parts of a path).

    Raises:
        RecordFormatError: a file that holds no document of the format; names file and line.
        InvalidValueError: a field that is neither text nor a number.

    >>> from datavec import StringSplit, JacksonRecordReader
    >>> JacksonRecordReader(StringSplit('{"a": 1, "b": {"c": "x"}}'), ["a", ("b", "c")]).next()
    ['1', 'x']
    """

    def __init__(
        self,
        source: Any,
        fields: Fields,
        *,
        format: str = "json",
        shuffle: bool = False,
        seed: int | None = None,
        label_generator: AbstractPathLabelGenerator | None = None,
        label_position: int = -1,
        encoding: str = "utf-8",
        schema: Schema | None = None,
        on_invalid: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.set_policy(on_invalid, replacements)
        self.split = as_split(source)
        self.fields = FieldSelection.of(fields)
        self.format = _format(format)
        self.label_generator = label_generator
        self.label_position = label_position
        self.encoding = encoding
        self._schema = schema
        self._random: JavaRandom | None = None
        if shuffle:
            self._random = JavaRandom(time.time_ns() if seed is None else seed)
        self._order: list[int] = []

    @property
    def schema(self) -> Schema | None:
        return self._schema

    def _parts(self) -> list[InputPart]:
        parts = list(self.split.parts())
        if self._random is None:
            return parts
        if len(self._order) != len(parts):
            self._order = list(range(len(parts)))
        self._random.shuffle(self._order)  # of the last pass's order, as the original does
        return [parts[i] for i in self._order]

    def _read(self, part: InputPart) -> list[Any]:
        with part.open() as f:
            data = read_limited(f, part.name)
        try:
            text = data.decode(self.encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as e:
            raise RecordFormatError(
                f"not {self.encoding} at byte {e.start} ({e.reason}); set encoding if the file has "
                "another one",
                file=part.name,
            ) from None
        try:
            record = self.fields.values(parse_document(text, self.format), self.policy, self.errors)
        except RecordFormatError as e:
            raise e.located(file=part.name) from None
        except InvalidValueError as e:
            raise e.located(where=f"{type(self).__name__}, {part.name or 'input'}") from None
        if self.label_generator is not None:
            if part.name is None:
                raise DataVecError("JacksonRecordReader: a label needs data that have a path")
            label = self.label_generator.label_for_path(part.name)
            last = not 0 <= self.label_position < len(record)
            record.insert(len(record) if last else self.label_position, label)
        return record

    def read_parts(self, parts: Iterable[InputPart]) -> Iterator[tuple[list[Any], Any]]:
        """The records of some files, each with its metadata."""
        for part in parts:
            try:
                record = self._read(part)
            except (RecordFormatError, InvalidValueError) as e:
                self.leave_out(e)
                continue
            yield record, RecordMetaDataURI(part.name or "")

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        self.begin_pass()
        yield from self.read_parts(self._parts())

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        wanted = [m.uri or None for m in metadata]
        parts = {part.name: part for part in self.split.parts_named(wanted)}
        missing = [name for name in wanted if name not in parts]
        if missing:
            raise DataVecError(f"JacksonRecordReader: {missing[0]} is not among the files read")
        return [self._read(parts[name]) for name in wanted]

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        self.begin_pass()
        parts = iter(self._parts())
        while chunk := list(islice(parts, _FILES_AT_A_TIME)):
            yield _DocumentTask(self, schema, chunk)


class _DocumentTask(RecordTask):
    """Reads and parses some files where it is called, in a thread."""

    def __init__(self, reader: JacksonRecordReader, schema: Schema, parts: list[InputPart]) -> None:
        super().__init__(schema, ())
        self.reader, self.parts = reader, parts

    def load(self) -> None:
        self.chunk = list(self.reader.read_parts(self.parts))


class JacksonLineRecordReader(AbstractLineBlockReader):
    r"""One document per line; its selected fields, as text, are the record.

    A TransformProcess or an iterator that reads from it gets whole blocks of JSON lines parsed in
    native code, where the values are of the types that the schema says.

    Answers to Deeplearning4j's ``JacksonLineRecordReader``, whose ``loadFromMetaData`` returns the
    raw line; this one's returns the record.

    Args:
        source: a path or URL, several of them, or an input split.
        fields: a `FieldSelection`, or names and paths of fields.
        format: ``json``, ``yaml`` or ``xml``.
        schema: of the records, for a TransformProcess or an iterator.
        skip_lines: lines to skip at the start of each file.
        encoding: of the files.
        on_invalid: ``raise``; ``skip`` a line that cannot be read and count it in `skipped`; or
            ``replace`` a field that is no text or number.
        replacements: for ``replace``, by field name (dots between the parts of a path).
        block_size: bytes parsed at a time.

    Raises:
        RecordFormatError: a line that holds no document; names file and line.
        InvalidValueError: a field that is neither text nor a number.

    >>> from datavec import StringSplit, JacksonLineRecordReader
    >>> list(JacksonLineRecordReader(StringSplit('{"a": 1}\n{"a": -2.50}'), ["a"]))
    [['1'], ['-2.5']]
    """

    def __init__(
        self,
        source: Any,
        fields: Fields,
        *,
        format: str = "json",
        schema: Schema | None = None,
        skip_lines: int = 0,
        encoding: str = "utf-8",
        on_invalid: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
        block_size: int = 4 << 20,
    ) -> None:
        super().__init__(
            source,
            schema=schema,
            skip_lines=skip_lines,
            encoding=encoding,
            on_invalid=on_invalid,
            replacements=replacements,
            block_size=block_size,
        )
        self.fields = FieldSelection.of(fields)
        self.format = _format(format)

    def parse_line(self, line: str) -> list[Any]:
        return self.fields.values(parse_document(line, self.format), self.policy, self.errors)

    def parse_block(
        self, block: Block, schema: Schema, plan: ReadPlan
    ) -> tuple[Frame, Array | None] | None:
        if self.format != "json" or len(self.fields.paths) != len(schema):
            return None
        frame = parse_json_block(block.data, self.fields, schema, plan)
        return None if frame is None else (frame, None)


class JacksonLineSequenceRecordReader(AbstractTolerant, AbstractSequenceRecordReader):
    r"""One file is a sequence, each of its lines, a document, a step.

    Answers to Deeplearning4j's ``JacksonLineSequenceRecordReader``, which finds nothing when loading
    from metadata.

    Args:
        source, fields, format, skip_lines, encoding, on_invalid, replacements: as in
            `JacksonLineRecordReader`; with ``skip`` the sequence goes on without the line.

    >>> from datavec import StringSplit, JacksonLineSequenceRecordReader
    >>> JacksonLineSequenceRecordReader(StringSplit('{"a": 1}\n{"a": 2}'), ["a"]).next()
    [['1'], ['2']]
    """

    def __init__(
        self,
        source: Any,
        fields: Fields,
        *,
        format: str = "json",
        skip_lines: int = 0,
        encoding: str = "utf-8",
        on_invalid: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.set_policy(on_invalid, replacements)
        self.split = as_split(source)
        self.fields = FieldSelection.of(fields)
        self.format = _format(format)
        self.skip_lines = skip_lines
        self.encoding = encoding

    def _steps(self, part: InputPart) -> Steps:
        steps: Steps = []
        lines = lines_of(part, skip_lines=self.skip_lines, encoding=self.encoding)
        for line, number, file in lines:
            try:
                document = parse_document(line, self.format)
                steps.append(self.fields.values(document, self.policy, self.errors))
            except (RecordFormatError, InvalidValueError) as e:
                self.leave_out(e.located(file=file, line=number + 1))
        return steps

    def sequences(self) -> Iterator[tuple[Steps, Any]]:
        self.begin_pass()
        for part in self.split.parts():
            yield self._steps(part), RecordMetaDataURI(part.name or "")

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[Steps]:
        wanted = [m.uri or None for m in metadata]
        parts = {part.name: part for part in self.split.parts_named(wanted)}
        missing = [name for name in wanted if name not in parts]
        if missing:
            raise DataVecError(f"{type(self).__name__}: {missing[0]} is not among the files read")
        return [self._steps(parts[name]) for name in wanted]
