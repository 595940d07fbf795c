"""Dropping the records, or replacing the values, that a step of a process cannot work with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._errors import DataVecError, InvalidValueError, SchemaError, shown
from .._policy import ErrorExample, ErrorPolicy, ErrorReport
from ..columns._arrow_arrays import arrow_array, constant, numpy_array
from ..columns._arrow_io import frame_from_records
from ..columns._convert import is_text, plain_text
from ..columns._frame import Array, Frame
from ..schema._metadata import AbstractColumnMetaData, CategoricalMetaData
from ..schema._schema import Schema
from ..writables._writable import Writable

__all__ = ["Mender", "drop_records", "original_row", "policy_for"]

_EXAMPLES = 3
Locate = Callable[[InvalidValueError], InvalidValueError]


def original_row(frame: Frame, error: InvalidValueError) -> int | None:
    """Position, in the batch the frame came from, of the first record an error is about."""
    return frame.origin_of(int(error.rows[0])) if len(error.rows) else error.row


def drop_records(frame: Frame, error: InvalidValueError) -> tuple[Frame, int]:
    """Remove the records an error is about; re-raises when it names none."""
    if not len(error.rows):
        raise error
    keep = _others(frame, error)
    return frame.filtered(keep), int(np.count_nonzero(~keep))


def _others(frame: Frame, error: InvalidValueError) -> Array:
    """A mask that is false for the records an error is about."""
    keep = np.ones(frame.num_records, bool)
    rows = np.asarray(error.rows)
    if frame.offsets is not None:
        rows = np.searchsorted(frame.offsets, rows, side="right") - 1
    keep[rows] = False
    return keep


class Mender:
    """Brings a batch through its process by a policy, and counts.

    Args:
        policy: what to do.
        report: where it is counted.
        locate: adds file and line to an error.
    """

    def __init__(
        self, policy: ErrorPolicy, report: ErrorReport, locate: Locate | None = None
    ) -> None:
        self._policy, self._report = policy, report
        self._locate = locate or (lambda error: error)

    @staticmethod
    def check(policy: ErrorPolicy, schemas: Sequence[Schema]) -> None:
        """Raise SchemaError for a replacement that no column of a process could ever take."""
        for name, value in policy.replacements.items():
            metas = [s.metadata(name) for s in schemas if name in s]
            if not metas:
                raise SchemaError(
                    f"replacements: no column {name!r} at any step; the columns at first are "
                    f"{', '.join(map(repr, schemas[0].column_names))}"
                )
            if not any(_fits(value, meta) for meta in metas):
                kinds = " or ".join(sorted({m.column_type.value for m in metas}))
                raise SchemaError(
                    f'replacements: {shown(value)} is no value for column "{name}" of type {kinds}'
                )

    def frame(
        self,
        schema: Schema,
        records: Sequence[Sequence[Any]],
        place: Callable[[int], str] = "record {}".format,
    ) -> Frame:
        """A frame of records; those of the wrong width, or with values of no column, obey the policy.

        Raises:
            SchemaError: a record of the wrong width, where the policy is not to skip.
            InvalidValueError: a value that no column can hold.
        """
        kept, width = list(range(len(records))), len(schema)
        if self._policy.skips:
            for i in [i for i in kept if len(records[i]) != width]:
                example = ErrorExample(records[i], place(i))
                self._report.add("skipped", None, f"expected {width} values", examples=[example])
            kept = [i for i in kept if len(records[i]) == width]
        rows = [records[i] for i in kept]
        while True:
            try:
                frame = frame_from_records(schema, rows)
                break
            except InvalidValueError as e:
                bad, error = set(map(int, e.rows)), e
            value = self._policy.replacement(error.column)
            column = schema.index_of(error.column)
            examples = [ErrorExample(rows[i][column], place(kept[i])) for i in sorted(bad)]
            if value is not None and all(rows[i][column] is not value for i in bad):
                self._report.add_error("replaced", error, examples=examples)
                rows = [
                    [*r[:column], value, *r[column + 1 :]] if i in bad else r
                    for i, r in enumerate(rows)
                ]
            elif self._policy.skips and bad:
                self._report.add_error("skipped", error, examples=examples)
                rows = [r for i, r in enumerate(rows) if i not in bad]
                kept = [k for i, k in enumerate(kept) if i not in bad]
            else:
                raise error
        if len(kept) == len(records):
            return frame
        return replace(frame, origin=np.array(kept, np.int64))

    def through(self, run: Callable[[Frame], Any], frame: Frame) -> tuple[Any, Frame]:
        """Call `run` until it no longer raises; its result, and the frame that it worked with.

        Raises:
            InvalidValueError: where the policy says so.
            DataVecError: a replacement cannot be used either.
        """
        done: dict[str, Array] = {}
        while True:
            try:
                return run(frame), frame
            except InvalidValueError as e:
                error = e
            value = self._policy.replacement(error.column)
            if value is not None and error.column in frame.schema and len(error.rows):
                where = np.zeros(frame.num_rows, bool)
                where[np.asarray(error.rows)] = True
                if (done.get(error.column, ~where) & where).any():
                    raise DataVecError(
                        f'the replacement {shown(value)} for column "{error.column}" cannot be '
                        f"used either: {error}"
                    ) from None
                frame = self._replaced(frame, error, where, value)
                done[error.column] = done.get(error.column, np.zeros(len(where), bool)) | where
            elif self._policy.skips and len(error.rows):
                frame, kept = self._dropped(frame, error)
                done = {name: rows[kept] for name, rows in done.items()}
            else:
                raise error

    def filled(self, frame: Frame, where: str) -> Frame:
        """Replace missing values and unseen categories in the columns that have a replacement."""
        for name, value in self._policy.replacements.items():
            if name not in frame.schema:
                continue
            meta, column = frame.schema.metadata(name), frame.column(name)
            missing = ~numpy_array(column.is_valid())
            cases: list[tuple[Array, str, Any]] = [(missing, "a value", None)]
            if isinstance(meta, CategoricalMetaData) and is_text(column.type):
                unseen = ~meta.valid_mask(column) & ~missing
                expected = f"one of {', '.join(map(repr, meta.state_names[:20]))}"
                cases.append((unseen, expected, ""))
            for bad, expected, sample in cases:
                if bad.any():
                    rows = np.flatnonzero(bad)
                    error = InvalidValueError(name, expected, sample, rows.tolist(), where=where)
                    frame = self._replaced(frame, error, bad, value)
        return frame

    # --- one error --------------------------------------------------------------------------------

    def _replaced(self, frame: Frame, error: InvalidValueError, where: Array, value: Any) -> Frame:
        self._count("replaced", frame, error, int(np.count_nonzero(where)))
        name = error.column
        meta, column = frame.schema.metadata(name), plain_text(frame.column(name))
        replacement = Writable.of(value, meta.column_type.value)
        if pa.types.is_null(column.type):
            column = pa.nulls(len(column), meta.arrow_type)
        try:
            if is_text(column.type):
                new = constant(replacement.text(), column.type)
            else:
                new = replacement.scalar().cast(column.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise DataVecError(
                f'replacements: {shown(value)} is no value for column "{name}" of type '
                f"{meta.column_type.value}, where {error}"
            ) from None
        return frame.replaced(frame.schema, name, pc.if_else(arrow_array(where), new, column))

    def _dropped(self, frame: Frame, error: InvalidValueError) -> tuple[Frame, Array]:
        """Without the records an error is about; and a mask of the rows that are left."""
        keep = _others(frame, error)
        self._count("skipped", frame, error, int(np.count_nonzero(~keep)))
        kept = keep if frame.offsets is None else np.repeat(keep, frame.lengths)
        return frame.filtered(keep), kept

    def _count(self, action: str, frame: Frame, error: InvalidValueError, count: int) -> None:
        known = error.column in frame.schema
        examples = []
        for row in error.rows[:_EXAMPLES]:
            value = _shown(frame.column(error.column)[int(row)]) if known else error.value
            at = self._locate(error.located(row=frame.origin_of(int(row))))
            examples.append(ErrorExample(value, at.place))
        self._report.add_error(action, error, count=count, examples=examples)


def policy_for(policy: ErrorPolicy, schema: Schema) -> ErrorPolicy:
    """A policy for data of this schema: replacements that are meant for later steps are left out."""
    fitting = {
        name: value
        for name, value in policy.replacements.items()
        if name in schema and _fits(value, schema.metadata(name))
    }
    if policy.action == "replace" and not fitting:
        return ErrorPolicy()
    return ErrorPolicy(policy.action, fitting)


def _fits(value: Any, meta: AbstractColumnMetaData) -> bool:
    try:
        replacement = Writable.of(value, meta.column_type.value)
        if isinstance(value, float) and replacement.value != value and value == value:
            return False  # a fraction for a column of integers
        if is_text(meta.arrow_type):
            replacement.text()
        else:
            replacement.scalar().cast(meta.arrow_type)
    except (ValueError, TypeError, NotImplementedError, OverflowError):
        return False
    return True


def _shown(value: pa.Scalar) -> Any:
    # Times in milliseconds: most of those that are refused are no dates for Python either.
    return value.value if isinstance(value, pa.TimestampScalar) else value.as_py()
