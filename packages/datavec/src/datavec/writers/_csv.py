"""CSVRecordWriter: comma-separated text, as records or as columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .._errors import InvalidValueError, SchemaError
from ..columns._convert import is_text
from ..readers._csv_parser import CsvLineParser
from ..schema._schema import Schema
from ._output import Destination
from ._partition import AbstractPartitioner
from ._text import AbstractTextRecordWriter, refuse, text_of, texts

__all__ = ["CSVRecordWriter"]

_QUOTING = ("minimal", "all", "rfc4180", "none")
_ESCAPE = "\\"
_IN_NUMBERS = "0123456789.+-EINafinitytruefalse"


class CSVRecordWriter(AbstractTextRecordWriter):
    r"""Writes CSV files; line breaks stand between records, none at the end.

    Numbers are written as Java writes them (``1.0``, ``1.0E-4``, ``NaN``), Time values as epoch
    milliseconds.

    Answers to Deeplearning4j's ``CSVRecordWriter``, which never quotes: a text with a comma in it
    comes back as two fields. Therefore ``minimal`` is the default here.

    Args:
        destination, schema, partitioner, append: see `AbstractFileRecordWriter`.
        delimiter: one character.
        quote: one character.
        quoting: ``minimal`` quotes where `CSVRecordReader` needs it to read the same texts
            back, and doubles backslashes, which that reader takes for escapes; ``all`` quotes
            every field in this way; ``rfc4180`` quotes by that standard, for other programs:
            line breaks may stand inside quotes and backslashes stay; ``none`` writes the bare
            texts, as Deeplearning4j does.
        header: write the column names as the first line; needs a schema.
        null_text: what stands for a missing value; with ``none`` it is ``NullWritable``.

    Raises:
        InvalidValueError: a text with a line break, which `CSVRecordReader` could not read back
            (except with ``rfc4180`` and ``none``).

    >>> import io
    >>> out = io.BytesIO()
    >>> with CSVRecordWriter(out) as writer:
    ...     _ = writer.write_batch([[1, 2.5, "a,b"], [2, 1e-5, 'it"s']])
    >>> print(out.getvalue().decode())
    1,2.5,"a,b"
    2,1.0E-5,"it""s"
    """

    newline_at_end = False

    def __init__(
        self,
        destination: Destination | None = None,
        *,
        schema: Schema | None = None,
        delimiter: str = ",",
        quote: str = '"',
        quoting: str = "minimal",
        header: bool = False,
        null_text: str | None = None,
        partitioner: AbstractPartitioner | None = None,
        append: bool = False,
    ) -> None:
        if quoting not in _QUOTING:
            raise ValueError(f"quoting must be one of {', '.join(_QUOTING)}; received {quoting!r}")
        if header and schema is None:
            raise SchemaError("CSVRecordWriter: header=True needs a schema, for the names")
        CsvLineParser(delimiter, quote)  # the same checks as the reader's
        self._delimiter, self._quote, self._quoting = delimiter, quote, quoting
        self._header = header
        if null_text is None:
            null_text = "NullWritable" if quoting == "none" else ""
        self._null_text = null_text
        special = re.escape(delimiter) + re.escape(quote) + r"\r\n"
        self._pattern = f"[{special}{'' if quoting == 'rfc4180' else _ESCAPE * 2}]"
        self._search = re.compile(self._pattern).search
        self._numbers_are_plain = not set(delimiter + quote) & set(_IN_NUMBERS)
        super().__init__(destination, schema=schema, partitioner=partitioner, append=append)

    # --- one record -----------------------------------------------------------------------------

    def line_of(self, record: Sequence[Any]) -> str:
        fields = []
        for i, value in enumerate(record):
            text = text_of(value, self._null_text)
            if type(value) is not int and type(value) is not float:
                if self._breaks_are_refused and ("\n" in text or "\r" in text):
                    raise InvalidValueError(str(i), _ONE_LINE, text, where=type(self).__name__)
                text = self._field(text, alone=len(record) == 1)
            elif self._quoting == "all" or self._search(text):
                text = self._field(text, alone=False)
            fields.append(text)
        return self._delimiter.join(fields)

    def _field(self, text: str, *, alone: bool) -> str:
        quoting, quote = self._quoting, self._quote
        if quoting == "none":
            return text
        # An empty line would be skipped by most programs, and lost at the end of a file.
        needed = quoting == "all" or self._search(text) is not None or (alone and not text)
        if not needed:
            return text
        if quoting != "rfc4180":
            text = text.replace(_ESCAPE, _ESCAPE * 2)
        return f"{quote}{text.replace(quote, quote * 2)}{quote}"

    @property
    def _breaks_are_refused(self) -> bool:
        return self._quoting in ("minimal", "all")

    # --- columns --------------------------------------------------------------------------------

    def lines_of(self, names: Sequence[str], columns: Sequence[pa.Array]) -> pa.Array:
        alone = len(columns) == 1
        fields = [self._fields(n, c, alone) for n, c in zip(names, columns, strict=True)]
        return fields[0] if alone else pc.binary_join_element_wise(*fields, self._delimiter)

    def _fields(self, name: str, column: pa.Array, alone: bool) -> pa.Array:
        if pa.types.is_dictionary(column.type) and not column.null_count:
            # The work is done once per category.
            fields = self._fields(name, column.dictionary, alone)
            return fields.take(column.indices)
        out = texts(column, name, self._null_text)
        if self._quoting == "none":
            return out
        if not is_text(column.type) and self._numbers_are_plain and not column.null_count:
            return self._quoted(out) if self._quoting == "all" else out
        special = pc.match_substring_regex(out, self._pattern + ("|^$" if alone else ""))
        if self._quoting == "all":
            special = pa.scalar(True)
        elif not pc.any(special).as_py():
            return out
        if self._breaks_are_refused:
            refuse(out, name, r"[\r\n]", _ONE_LINE, type(self).__name__)
        return pc.if_else(special, self._quoted(out), out)

    def _quoted(self, out: pa.Array) -> pa.Array:
        quote = self._quote
        if self._quoting != "rfc4180":
            out = pc.replace_substring(out, _ESCAPE, _ESCAPE * 2)
        out = pc.replace_substring(out, quote, quote * 2)
        return pc.binary_join_element_wise(quote, out, quote, "")

    def header(self) -> str | None:
        if not self._header or self._schema is None:
            return None
        return self.line_of(self._schema.column_names)


_ONE_LINE = (
    'a text without line breaks (CSVRecordReader reads line by line; quoting="rfc4180" writes '
    "them for other programs)"
)
