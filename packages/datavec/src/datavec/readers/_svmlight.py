"""SVMLight / LibSVM text: labels, then ``index:value`` of the features that are not zero."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import RecordFormatError, SchemaError
from .._policy import ErrorPolicy
from ..columns._frame import Array, Frame
from ..process._process import ReadPlan
from ..schema._schema import Schema
from ..text._java_text import parse_double, parse_texts
from ._line_blocks import AbstractLineBlockReader
from ._lines import Block
from ._splits import as_split
from ._tokens import Words, words_of

__all__ = ["LibSvmRecordReader", "SVMLightRecordReader"]

_PREFIX = "org.datavec.api.records.reader.impl.misc.SVMLightRecordReader."
_APPEND_LABEL = "org.datavec.api.records.reader.RecordReader.appendlabel"
_MATRIX_BYTES = 64 << 20  # of the dense matrix that one block becomes
_BLANK, _COLON, _BREAK = 1, 2, 3
_COMMENT = re.compile(rb"[ \t]*#[^\n]*")
_INT = re.compile(r"[+-]?[0-9]{1,10}\Z")


class SVMLightRecordReader(AbstractLineBlockReader):
    """Sparse text to dense records: `num_features` numbers, then the labels.

    A line is ``labels index:value index:value … # comment``. Labels are separated by commas; whole
    numbers are read as such. ``qid:…`` is ignored, and so are lines that begin with ``#``. Blocks of
    lines are parsed to typed columns with vector operations, and only the columns that are wanted
    are made.

    Answers to Deeplearning4j's ``SVMLightRecordReader`` and ``LibSvmRecordReader``.

    Args:
        source: a path or URL, several of them, or an input split; may be given later by
            `initialize`.
        num_features: number of features; also by `initialize`.
        append_label: put the labels behind the features.
        multilabel: labels are class indices; the record gets `num_labels` numbers 0 or 1.
        num_labels: number of labels; without it, of every line as many as the first has.
        zero_based_indexing: the first feature has index 0, not 1.
        zero_based_label_indexing: the first class of a multilabel file is 0, not 1.
        schema: of the records, for a TransformProcess or an iterator.
        encoding: of the files.
        on_invalid: ``raise``, or ``skip`` a line that cannot be read and count it in `skipped`.
        block_size: bytes parsed at a time.

    Raises:
        ValueError: a number of features or labels that is needed but not given.
        RecordFormatError: an index out of range, a word that is no number, or another number of
            labels; names file and line.

    >>> from datavec import StringSplit, SVMLightRecordReader
    >>> SVMLightRecordReader(StringSplit("1 0:1.5 2:-2 # comment"), num_features=3).next()
    [1.5, 0.0, -2.0, 1]
    """

    def __init__(
        self,
        source: Any = None,
        *,
        num_features: int | None = None,
        append_label: bool = True,
        multilabel: bool = False,
        num_labels: int | None = None,
        zero_based_indexing: bool = True,
        zero_based_label_indexing: bool = False,
        schema: Schema | None = None,
        encoding: str = "utf-8",
        on_invalid: str | ErrorPolicy = "raise",
        block_size: int = 4 << 20,
    ) -> None:
        super().__init__(
            source,
            schema=schema,
            skip_lines=0,
            encoding=encoding,
            on_invalid=on_invalid,
            block_size=block_size,
        )
        self.num_features = num_features
        self.append_label = append_label
        self.multilabel = multilabel
        self.num_labels = num_labels
        self.zero_based_indexing = zero_based_indexing
        self.zero_based_label_indexing = zero_based_label_indexing
        self._labels_expected = num_labels
        if source is not None:
            self._check()

    def initialize(self, source: Any, configuration: Mapping[str, str] | None = None) -> Self:
        """Set the files, and the options from a configuration with Deeplearning4j's keys."""
        conf = dict(configuration or {})

        def number(name: str, value: int | None) -> int | None:
            text = conf.get(_PREFIX + name)
            if text is None:
                return value
            if not _INT.match(text):
                raise ValueError(f"{_PREFIX}{name}: expected a number, received {text!r}")
            return int(text) if int(text) >= 0 else None

        def flag(key: str, value: bool) -> bool:
            return {"true": True, "false": False}.get(conf.get(key, "").strip().lower(), value)

        self.num_features = number("numfeatures", number("numattributes", self.num_features))
        self.num_labels = number("numLabels", self.num_labels)
        self.append_label = flag(_APPEND_LABEL, self.append_label)
        self.multilabel = flag(_PREFIX + "multilabel", self.multilabel)
        self.zero_based_indexing = flag(_PREFIX + "zeroBasedIndexing", self.zero_based_indexing)
        self.zero_based_label_indexing = flag(
            _PREFIX + "zeroBasedLabelIndexing", self.zero_based_label_indexing
        )
        self._check()
        self._source, self._split = source, as_split(source)
        self.reset()
        return self

    def _check(self) -> None:
        name = type(self).__name__
        if self.num_features is None or self.num_features < 0:
            raise ValueError(
                f"{name}: num_features must be given, received {self.num_features} "
                f"(configuration key {_PREFIX}numfeatures)"
            )
        if self.multilabel and (self.num_labels is None or self.num_labels < 0):
            raise ValueError(
                f"{name}: multilabel needs num_labels, received {self.num_labels} "
                f"(configuration key {_PREFIX}numLabels)"
            )

    @property
    def _features(self) -> int:
        self._check()
        return self.num_features or 0

    # --- line by line ----------------------------------------------------------------------------

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        self._labels_expected = self.num_labels
        yield from super().records()

    def parse_line(self, line: str) -> list[Any] | None:
        if line.startswith("#"):
            return None
        # A line that begins with a blank has no label.
        label, *words = re.split(r"[ \t]", re.sub(r"[ \t]*#.*$", "", line))
        record: list[Any] = [0.0] * self._features
        for word in filter(None, words):
            index, colon, text = word.partition(":")
            if index.startswith("qid"):
                continue
            value = parse_double(text) if colon else None
            if value is None or "x" in text.lower():
                raise RecordFormatError(f"expected index:value, received {word[:100]!r}")
            record[self._index(index)] = value
        if self.append_label:
            record += self._classes(label) if self.multilabel else self._labels(label)
        return record

    def _index(self, text: str) -> int:
        first = 0 if self.zero_based_indexing else 1
        index = int(text) if _INT.match(text) else -1
        if not first <= index < first + self._features:
            hint = ""
            if index == 0:
                hint = "; set zero_based_indexing if the file counts from 0"
            elif index == self._features:
                hint = "; clear zero_based_indexing if the file counts from 1"
            raise RecordFormatError(
                f"expected a feature index from {first} to {first + self._features - 1}, "
                f"received {text[:100]!r}{hint}"
            )
        return index - first

    def _labels(self, text: str) -> list[Any]:
        words = _java_words(text)
        if self._labels_expected is None:
            self._labels_expected = len(words)
        if len(words) != self._labels_expected:
            raise RecordFormatError(
                f"expected {self._labels_expected} labels, received {len(words)}: {text[:100]!r}"
            )
        labels: list[Any] = []
        for word in words:
            if _INT.match(word) and -(1 << 31) <= int(word) < 1 << 31:
                labels.append(int(word))
                continue
            number = None if "x" in word.lower() else parse_double(word)
            if number is None:
                raise RecordFormatError(f"expected a number as label, received {word[:100]!r}")
            labels.append(number)
        return labels

    def _classes(self, text: str) -> list[Any]:
        labels = [0] * (self.num_labels or 0)
        first = 0 if self.zero_based_label_indexing else 1
        for word in _java_words(text):
            index = int(word) - first if _INT.match(word) else -1
            if not 0 <= index < len(labels):
                raise RecordFormatError(
                    f"expected a class from {first} to {first + len(labels) - 1}, "
                    f"received {word[:100]!r}"
                )
            labels[index] = 1
        return labels

    # --- a block at a time -----------------------------------------------------------------------

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Any:
        labels = len(schema) - self._features
        if labels < 0 or (labels and not self.append_label):
            raise SchemaError(
                f"{type(self).__name__}: the schema has {len(schema)} columns for "
                f"{self._features} features and {'their' if self.append_label else 'no'} labels"
            )
        self._labels_expected = labels
        return super().frame_tasks(schema, plan)

    def parts(self, block: Block, schema: Schema, plan: ReadPlan) -> Iterator[Block]:
        most = max(1, _MATRIX_BYTES // (8 * max(1, len(_wanted(schema, plan, self._features)))))
        breaks = np.flatnonzero(np.frombuffer(block.data, np.uint8) == 10)
        if len(breaks) < most:
            yield block
            return
        start = 0
        for line in range(0, len(breaks) + 1, most):
            last = line + most > len(breaks)
            end = len(block.data) if last else int(breaks[line + most - 1]) + 1
            if end > start:
                yield Block(block.data[start:end], block.file, block.first_line + line)
            start = end

    def parse_block(
        self, block: Block, schema: Schema, plan: ReadPlan
    ) -> tuple[Frame, Array | None] | None:
        data = bytes(block.data)
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        if not data.isascii() or b"x" in data or b"X" in data or b"\r" in data:
            return None
        if not data.endswith(b"\n"):
            data += b"\n"
        comment = None
        if b"#" in data:
            heads = words_of(data)
            comment = heads.data[heads.line_starts] == ord("#")
            data = _COMMENT.sub(b"", data)
        words = words_of(data, b" \t", b":")
        starts = words.line_starts
        lines = len(starts)
        keep = np.ones(lines, bool) if comment is None else ~comment
        bounds = np.append(np.searchsorted(words.starts, starts), len(words.starts))
        counts = np.diff(bounds)
        labelled = counts > 0
        labelled[labelled] = words.starts[bounds[:-1][labelled]] == starts[labelled]
        sparse = _pairs(words, bounds[:-1][labelled])
        if sparse is None:
            return None
        index, values, paired = sparse
        if not self.zero_based_indexing:
            index = index - 1
        if len(index) and not 0 <= index.min() <= index.max() < self._features:
            return None
        rows = int(np.count_nonzero(keep))
        wanted = _wanted(schema, plan, self._features)
        # Comment lines have no words left, so only kept lines have pairs.
        row = np.repeat(np.cumsum(keep) - 1, (counts - labelled) // 2)[paired]
        columns = _dense(index, row, values, rows, wanted, self._features)
        if self.append_label:
            labels = self._label_columns(words, bounds[:-1], labelled, keep, rows)
            if labels is None:
                return None
            columns += labels
        if len(columns) != len(schema):
            return None
        return Frame(schema, tuple(columns), rows), None if rows == lines else np.flatnonzero(keep)

    def _label_columns(
        self, words: Words, first: Array, labelled: Array, keep: Array, rows: int
    ) -> list[pa.Array] | None:
        """Columns of text, to be parsed for the type that the schema says; or of 0 and 1."""
        expected = (self.num_labels if self.multilabel else self._labels_expected) or 0
        kept = labelled[keep]
        texts = words.texts(first[labelled])
        if self.multilabel:
            return _one_hot(
                texts, np.flatnonzero(kept), rows, expected, self.zero_based_label_indexing
            )
        if expected == 0:
            return None if kept.any() else []
        if not kept.all() or pc.any(pc.ends_with(texts, ",")).as_py():
            return None
        if expected == 1:
            parts = texts
            if pc.any(pc.match_substring(texts, ",")).as_py():
                return None
        else:
            lists = pc.split_pattern(texts, ",")
            if not pc.all(pc.equal(pc.list_value_length(lists), expected)).as_py():
                return None
            parts = lists.values
        if parse_texts(parts, pa.float64())[1].any():
            return None
        return [parts.take(pa.array(np.arange(i, len(parts), expected))) for i in range(expected)]


class LibSvmRecordReader(SVMLightRecordReader):
    """The same format under its other name. Answers to ``LibSvmRecordReader``.

    >>> from datavec import LibSvmRecordReader, StringSplit
    >>> reader = LibSvmRecordReader(
    ...     StringSplit("-1 2:0.5"), num_features=2, zero_based_indexing=False)
    >>> reader.next()
    [0.0, 0.5, -1]
    """


def _java_words(text: str) -> list[str]:
    words = text.split(",")
    while words and words[-1] == "":  # as Java's split
        words.pop()
    return words


def _wanted(schema: Schema, plan: ReadPlan, features: int) -> list[int]:
    names = schema.column_names[:features]
    return [i for i, name in enumerate(names) if name in plan.needed]


def _pairs(words: Words, labels: Array) -> tuple[Array, Array, Array] | None:
    """Indices and values of all features, and which pairs they are of all (without ``qid``)."""
    after = words.classes[words.ends]
    feature = np.ones(len(words.starts), bool)
    feature[labels] = False
    which = np.flatnonzero(feature)
    if len(which) % 2 or (after[labels] == _COLON).any():
        return None
    index, value = which[0::2], which[1::2]
    if (
        (after[index] != _COLON).any()
        or (after[value] == _COLON).any()
        or (words.starts[value] != words.ends[index] + 1).any()
        or np.count_nonzero(words.classes == _COLON) != len(index)
    ):
        return None
    paired = np.ones(len(index), bool)
    letters = words.data[words.starts[index]]
    if (letters == ord("q")).any():
        names = words.texts(index)
        query = pc.starts_with(names, "qid").to_numpy(zero_copy_only=False)
        paired = ~query
        index, value = index[paired], value[paired]
    try:
        numbers = pc.cast(words.texts(index), pa.int32())
    except pa.ArrowInvalid:
        return None
    values, bad = parse_texts(words.texts(value), pa.float64())
    if bad.any():
        return None
    return numbers.to_numpy(), values.to_numpy(), paired


def _dense(
    index: Array, row: Array, values: Array, rows: int, wanted: list[int], features: int
) -> list[pa.Array]:
    """One column per feature; those that are not wanted are placeholders without memory."""
    place = np.full(features, -1, np.int64)
    place[wanted] = np.arange(len(wanted))
    at = place[index]
    if len(wanted) < features:
        used = at >= 0
        at, row, values = at[used], row[used], values[used]
    matrix = np.zeros((len(wanted), rows))
    matrix[at, row] = values  # of an index given twice the last value counts
    return [pa.array(matrix[j]) if j >= 0 else pa.nulls(rows) for j in place.tolist()]


def _one_hot(
    texts: pa.Array, row: Array, rows: int, classes: int, zero_based: bool
) -> list[pa.Array] | None:
    lists = pc.split_pattern(texts, ",")
    try:
        index = pc.cast(lists.values, pa.int32()).to_numpy() - (0 if zero_based else 1)
    except pa.ArrowInvalid:
        return None
    if len(index) and not 0 <= index.min() <= index.max() < classes:
        return None
    matrix = np.zeros((classes, rows), np.int32)
    matrix[index, row[pc.list_parent_indices(lists).to_numpy()]] = 1
    return [pa.array(column) for column in matrix]
