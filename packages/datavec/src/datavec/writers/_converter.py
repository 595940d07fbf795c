"""From a reader to a writer."""

from __future__ import annotations

from typing import Any

from ._writer import AbstractRecordWriter

__all__ = ["RecordReaderConverter"]


class RecordReaderConverter:
    r"""Copies what a reader reads to a writer.

    Answers to Deeplearning4j's ``RecordReaderConverter``.

    >>> import io
    >>> from datavec import CSVRecordReader, StringSplit, SVMLightRecordWriter
    >>> out = io.BytesIO()
    >>> reader = CSVRecordReader(StringSplit("0,1.5,2"))
    >>> RecordReaderConverter.convert(reader, SVMLightRecordWriter(out))
    1
    >>> out.getvalue()
    b'2 2:1.5\n'
    """

    @staticmethod
    def convert(reader: Any, writer: AbstractRecordWriter, *, close: bool = True) -> int:
        """Write all records; returns their number.

        Args:
            reader: a record reader, or anything that `AbstractRecordWriter.write_batch` takes.
                With a schema (the reader's or the writer's) the work is done column by column.
            writer: open.
            close: finish the writer's files at the end. If anything fails they are removed, in
                either case.
        """
        try:
            count = writer.write_batch(reader)
            if close:
                writer.close()
        except BaseException:
            writer.discard()
            raise
        return count
