"""ExcelRecordWriter: xlsx files."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from .._errors import DataVecError, InvalidValueError, SchemaError
from ..schema._schema import Schema
from ._columnar import AbstractColumnarFileWriter
from ._output import Destination, OutputFile
from ._partition import AbstractPartitioner

__all__ = ["ExcelRecordWriter"]

_KEY = "org.datavec.poi.excel."
_MAX_ROWS = 1 << 20
_MAX_TEXT = 32767
_EXACT = 1 << 53


class ExcelRecordWriter(AbstractColumnarFileWriter):
    """Writes xlsx files, a row per record; needs ``pip install "datavec[excel]"``.

    When a sheet is full (1 048 576 rows) the next one is begun. Missing values are empty cells,
    Time values are dates in the column's zone, not-a-number and infinities are texts.

    Answers to Deeplearning4j's ``ExcelRecordWriter``.

    Args:
        destination, schema, partitioner: see `AbstractFileRecordWriter`.
        sheet_name: of the first sheet; further ones get a number.
        header: write the column names as the first row of each sheet.

    Raises:
        InvalidValueError: a text of more than 32 767 characters, or a Long that Excel, which
            knows 64-bit floats only, could not give back.

    >>> import tempfile, pyarrow as pa
    >>> from datavec import ExcelRecordReader
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with ExcelRecordWriter(f"{folder}/ages.xlsx") as writer:
    ...         writer.write_batch(pa.table({"name": ["Ada"], "age": [36]}))
    ...     list(ExcelRecordReader(f"{folder}/ages.xlsx"))
    1
    [['Ada', 36]]
    """

    can_append = False

    def __init__(
        self,
        destination: Destination | None = None,
        *,
        schema: Schema | None = None,
        sheet_name: str = "datavec-worksheet",
        header: bool = False,
        partitioner: AbstractPartitioner | None = None,
    ) -> None:
        self._sheet_name, self._header = sheet_name, header
        self._book: Any = None
        self._sheet: Any = None
        super().__init__(destination, schema=schema, partitioner=partitioner)

    def configure(self, configuration: Mapping[str, str]) -> None:
        super().configure(configuration)
        self._sheet_name = configuration.get(_KEY + "worksheet.name", self._sheet_name)
        kind = configuration.get(_KEY + "type", "xlsx")
        if kind != "xlsx":
            raise ValueError(f"ExcelRecordWriter: writes xlsx files, received type {kind!r}")

    def _begin(self, file: OutputFile) -> None:
        try:
            import xlsxwriter
        except ImportError:
            raise DataVecError(
                'ExcelRecordWriter needs xlsxwriter; pip install "datavec[excel]"'
            ) from None
        # Rows go to a temporary file one by one, so the memory needed does not grow.
        options = {"constant_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
        self._book = xlsxwriter.Workbook(file.stream, options)
        self._date = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        self._sheets, self._row, self._sheet = 0, _MAX_ROWS, None

    def _next_sheet(self, names: list[str]) -> None:
        self._sheets += 1
        number = "" if self._sheets == 1 else f" {self._sheets}"
        self._sheet = self._book.add_worksheet(self._sheet_name[: 31 - len(number)] + number)
        self._row = 0
        if self._header:
            self._sheet.write_row(0, 0, names)
            self._row = 1

    def _put(self, file: OutputFile, chunk: pa.RecordBatch) -> None:
        names = chunk.schema.names
        columns = [self._cells(n, c) for n, c in zip(names, chunk.columns, strict=True)]
        for row in zip(*columns, strict=True):
            if self._row >= _MAX_ROWS:
                self._next_sheet(names)
            sheet = self._sheet
            for i, (method, value) in enumerate(row):
                if method == "write_datetime":
                    sheet.write_datetime(self._row, i, value, self._date)
                elif method:
                    getattr(sheet, method)(self._row, i, value)
            self._row += 1

    def _cells(self, name: str, column: pa.Array) -> list[tuple[str, Any]]:
        """What to write, and by which method of a worksheet; an empty method leaves a cell out."""
        t = column.type
        if pa.types.is_timestamp(t):
            values = column.to_pylist()
            return [
                ("", None) if v is None else ("write_datetime", v.replace(tzinfo=None))
                for v in values
            ]
        if not _has_cells(t):
            raise SchemaError(f'ExcelRecordWriter: column "{name}": a cell cannot hold {t}')
        cells: list[tuple[str, Any]] = []
        for row, value in enumerate(column.to_pylist()):
            if value is None:
                cells.append(("", None))
            elif isinstance(value, bool):
                cells.append(("write_boolean", value))
            elif isinstance(value, str):
                if len(value) > _MAX_TEXT:
                    raise InvalidValueError(
                        name, f"a text of at most {_MAX_TEXT} characters", value, [row]
                    )
                cells.append(("write_string", value))
            elif isinstance(value, float) and not math.isfinite(value):
                text = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
                cells.append(("write_string", text))
            elif isinstance(value, int) and abs(value) > _EXACT:
                raise InvalidValueError(
                    name, "a whole number of at most 53 bits, as Excel stores them", value, [row]
                )
            else:
                cells.append(("write_number", value))
        return cells

    def _end(self, file: OutputFile) -> None:
        if self._sheet is None:
            self._next_sheet([] if self._schema is None else self._schema.column_names)
        from xlsxwriter.exceptions import FileCreateError

        try:
            self._book.close()
        except FileCreateError as e:
            if isinstance(reason := e.args[0], OSError):
                raise reason from None
            raise
        self._book = None

    def _drop(self, file: OutputFile) -> None:
        from xlsxwriter.exceptions import XlsxWriterException

        # Only its close removes the temporary files with the rows.
        self._book.filename = io.BytesIO()
        with contextlib.suppress(OSError, XlsxWriterException):
            self._book.close()
        self._book = None


def _has_cells(t: pa.DataType) -> bool:
    if pa.types.is_dictionary(t):
        t = t.value_type
    return bool(
        pa.types.is_integer(t)
        or pa.types.is_floating(t)
        or pa.types.is_boolean(t)
        or pa.types.is_string(t)
        or pa.types.is_large_string(t)
        or pa.types.is_null(t)
    )
