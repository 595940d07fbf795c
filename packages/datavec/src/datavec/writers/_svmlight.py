"""SVMLight and LIBSVM files: labels, then the features that are not zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import InvalidValueError, SchemaError
from ..columns._arrow_arrays import arrow_array, text_array
from ..columns._convert import as_double, texts_of
from ..columns._ndarray_column import is_ndarray, to_arrays
from ..schema._schema import Schema
from ..text._java_text import double_text, parse_double, parse_int
from ..text._number_texts import java_float_texts
from ..writables._writable import Writable
from ._file_writer import flag
from ._output import Destination
from ._partition import AbstractPartitioner
from ._text import AbstractTextRecordWriter, text_of, texts

__all__ = ["LibSvmRecordWriter", "SVMLightRecordWriter"]

_KEY = "org.datavec.api.records.writer.impl.misc.SVMLightRecordWriter."


class SVMLightRecordWriter(AbstractTextRecordWriter):
    r"""Writes ``label index:value index:value …`` lines, leaving out features that are zero.

    Answers to Deeplearning4j's ``SVMLightRecordWriter``.

    Args:
        destination, schema, partitioner, append: see `AbstractFileRecordWriter`.
        feature_start_column, feature_end_column: first and last feature column; an end of -1 is
            the column before the labels, or the last one.
        label_start_column, label_end_column: first and last label column; -1 is the column behind
            the features, and the last one.
        has_label: whether lines begin with labels.
        multilabel: the label columns hold 0 or 1 (or -1), and the numbers of those with 1 are
            written; otherwise the labels themselves, joined by commas.
        zero_based_indexing: count features from 0 instead of 1. As in Deeplearning4j the writer
            counts from 1 by default, but `SVMLightRecordReader` from 0.
        zero_based_label_indexing: count labels from 0 instead of 1.

    Raises:
        InvalidValueError: a feature or label that is no number, or another value than 0, 1 and -1
            in a multilabel column.
        SchemaError: columns that the records do not have.

    >>> import io
    >>> out = io.BytesIO()
    >>> with SVMLightRecordWriter(out) as writer:
    ...     writer.write([0.0, 1.5, -2.0, 1])
    >>> out.getvalue()
    b'1 2:1.5 3:-2.0\n'
    """

    def __init__(
        self,
        destination: Destination | None = None,
        *,
        schema: Schema | None = None,
        feature_start_column: int = 0,
        feature_end_column: int = -1,
        label_start_column: int = -1,
        label_end_column: int = -1,
        has_label: bool = True,
        multilabel: bool = False,
        zero_based_indexing: bool = False,
        zero_based_label_indexing: bool = False,
        partitioner: AbstractPartitioner | None = None,
        append: bool = False,
    ) -> None:
        self.feature_start_column, self.feature_end_column = (
            feature_start_column,
            feature_end_column,
        )
        self.label_start_column, self.label_end_column = label_start_column, label_end_column
        self.has_label, self.multilabel = has_label, multilabel
        self.zero_based_indexing, self.zero_based_label_indexing = (
            zero_based_indexing,
            zero_based_label_indexing,
        )
        super().__init__(destination, schema=schema, partitioner=partitioner, append=append)

    def configure(self, configuration: Mapping[str, str]) -> None:
        super().configure(configuration)
        for key, name in _COLUMNS.items():
            if _KEY + key in configuration:
                setattr(self, name, int(configuration[_KEY + key]))
        for key, name in _FLAGS.items():
            if _KEY + key in configuration:
                setattr(self, name, flag(configuration[_KEY + key]))

    def _ranges(self, width: int) -> tuple[range, range]:
        """Label and feature columns of records of this width."""
        labels = range(0)
        start, end = self.label_start_column, self.label_end_column
        if self.has_label:
            end = width - 1 if end < 0 else end
            if start < 0:
                start = self.feature_end_column + 1 if self.feature_end_column > 0 else width - 1
            labels = range(start, end + 1)
        last = self.feature_end_column
        if last < 0:
            last = start - 1 if start > 0 else width - 1
        features = range(self.feature_start_column, last + 1)
        if max([*labels[-1:], *features[-1:], 0]) >= width or (self.has_label and not labels):
            raise SchemaError(
                f"{type(self).__name__}: labels in columns {start}..{end} and features in "
                f"{self.feature_start_column}..{last} do not fit a record of {width} values"
            )
        return labels, features

    def line_of(self, record: Sequence[Any]) -> str:
        labels, features = self._ranges(len(record))
        line = ",".join(self._labels(record, labels)) if self.has_label else ""
        index = 0 if self.zero_based_indexing else 1
        for column in features:
            for value in self._numbers(record[column], column):
                if value != 0:
                    line += f" {index}:{text_of(value)}"
                index += 1
        return line

    def _labels(self, record: Sequence[Any], columns: range) -> list[str]:
        if not self.multilabel:
            out = []
            for column in columns:
                label = Writable.of(record[column])
                if label.kind == "NDArray":
                    out += [text_of(float(v)) for v in np.ravel(label.value)]
                else:
                    out.append(self._label(text_of(label), column))
            return out
        found, number = [], 0 if self.zero_based_label_indexing else 1
        for column in columns:
            for value in self._numbers(record[column], column):
                if value == 1:
                    found.append(str(number))
                elif value not in (0, -1):
                    raise InvalidValueError(str(column), _ZERO_OR_ONE, value, where=self._name)
                number += 1
        return found

    def _label(self, text: str, column: int) -> str:
        label = label_text(text)
        if label is None:
            raise InvalidValueError(str(column), _LABEL, text, where=self._name)
        return label

    def _numbers(self, value: Any, column: int) -> list[float]:
        writable = Writable.of(value)
        if writable.kind == "NDArray":
            return np.asarray(writable.value, np.float64).ravel().tolist()
        if writable.kind == "Null":
            raise InvalidValueError(str(column), "a number", None, where=self._name)
        array = pa.array([writable.scalar().as_py()], writable.arrow_type)
        try:
            return [float(as_double(array, str(column))[0])]
        except InvalidValueError as e:
            raise e.located(where=self._name) from None

    @property
    def _name(self) -> str:
        return type(self).__name__

    # --- columns --------------------------------------------------------------------------------

    def lines_of(self, names: Sequence[str], columns: Sequence[pa.Array]) -> pa.Array:
        if any(is_ndarray(c.type) for c in columns):
            lists = [to_arrays(c) if is_ndarray(c.type) else c.to_pylist() for c in columns]
            return text_array([self.line_of(record) for record in zip(*lists, strict=True)])
        labels, features = self._ranges(len(columns))
        parts = [self._label_texts(names, columns, labels)] if self.has_label else []
        for index, column in enumerate(features, 0 if self.zero_based_indexing else 1):
            values = as_double(columns[column], names[column])
            kept = arrow_array(values != 0)
            if not pc.any(kept).as_py():
                continue
            numbers = java_float_texts(arrow_array(values).filter(kept))
            texts_kept = pc.binary_join_element_wise(f" {index}:", numbers, "")
            blank = pa.repeat(pa.scalar(""), len(values))
            parts.append(pc.replace_with_mask(blank, kept, texts_kept))
        if not parts:
            return pa.repeat(pa.scalar(""), len(columns[0]))
        return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "")

    def _label_texts(
        self, names: Sequence[str], columns: Sequence[pa.Array], labels: range
    ) -> pa.Array:
        if not self.multilabel:
            out = [self._checked_labels(columns[i], names[i]) for i in labels]
            return out[0] if len(out) == 1 else pc.binary_join_element_wise(*out, ",")
        found = []
        for number, i in enumerate(labels, 0 if self.zero_based_label_indexing else 1):
            values = as_double(columns[i], names[i])
            bad_rows = np.flatnonzero(~np.isin(values, (0.0, 1.0, -1.0))).tolist()
            if bad_rows:
                value = values[bad_rows[0]]
                raise InvalidValueError(names[i], _ZERO_OR_ONE, value, bad_rows, where=self._name)
            found.append(pc.if_else(arrow_array(values == 1), f",{number}", ""))
        joined = found[0] if len(found) == 1 else pc.binary_join_element_wise(*found, "")
        return pc.utf8_slice_codeunits(joined, 1)

    def _checked_labels(self, column: pa.Array, name: str) -> pa.Array:
        t = column.type
        is_number = pa.types.is_floating(t) or (pa.types.is_integer(t) and t.bit_width <= 32)
        if is_number and not column.null_count:
            return texts(column, name)
        unique, codes = texts_of(column, name)
        made = [label_text(t) for t in unique]
        bad = np.flatnonzero(np.array([m is None for m in made], bool)[codes])
        if len(bad):
            value = unique[codes[bad[0]]]
            raise InvalidValueError(name, _LABEL, value, bad.tolist(), where=self._name)
        return text_array(made).take(arrow_array(codes))


def label_text(text: str) -> str | None:
    """A label as it is written: a whole number of 32 bits, or a double as Java writes it."""
    if text in ("true", "false"):
        return "1" if text == "true" else "0"
    whole = parse_int(text)
    if whole is not None:
        return str(whole)
    number = parse_double(text)
    return None if number is None else double_text(number)


class LibSvmRecordWriter(SVMLightRecordWriter):
    """The same format under its other name.

    Answers to Deeplearning4j's ``LibSvmRecordWriter``.
    """


_ZERO_OR_ONE = "0, 1 or -1 in a column of multiple labels"
_LABEL = "a number as label"
_COLUMNS = {
    "featureStartColumn": "feature_start_column",
    "featureEndColumn": "feature_end_column",
    "labelStartColumn": "label_start_column",
    "labelEndColumn": "label_end_column",
}
_FLAGS = {
    "hasLabel": "has_label",
    "multilabel": "multilabel",
    "zeroBasedIndexing": "zero_based_indexing",
    "zeroBasedLabelIndexing": "zero_based_label_indexing",
}
