"""TransformProcess: an initial schema and a list of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ._action import AbstractAction, AbstractTransform, describe_options
from ._arrow_io import (
    frame_from_records,
    frame_from_sequences,
    frame_to_records,
    frame_to_sequences,
)
from ._errors import DataVecError, InvalidValueError, SchemaError, SerializationError
from ._filter import AbstractFilter
from ._frame import Frame
from ._schema import Schema
from ._serde import decode, dump_json, encode, load_json

if TYPE_CHECKING:
    from ._process_builder import TransformProcessBuilder
    from ._stream import BatchStream

__all__ = ["ReadPlan", "TransformProcess", "drop_records", "original_row"]


def _decoded_as() -> dict[str, type]:
    """The class that each key of an action is decoded as."""
    from . import transforms

    return {
        "transform": AbstractTransform,
        "filter": AbstractFilter,
        "convertToSequence": transforms.ConvertToSequence,
        "convertFromSequence": transforms.ConvertFromSequence,
        "sequenceSplit": transforms.AbstractSequenceSplit,
        "calculateSortedRank": transforms.CalculateSortedRank,
        "reducer": transforms.Reducer,
    }


@dataclass(frozen=True)
class ReadPlan:
    """What a reader must deliver for a process."""

    needed: frozenset[str]
    """Columns whose values are used; others may be left out."""
    as_text: frozenset[str]
    """Columns that must stay unparsed text."""


@dataclass(frozen=True)
class TransformProcess:
    """Steps that turn records of one schema into records of another.

    Answers to Deeplearning4j's ``org.datavec.api.transform.TransformProcess``; reads and writes
    its JSON. The schema after every step is computed, and checked, when the process is built.

    Args:
        initial_schema: schema of the input.
        actions: the steps in order.

    Raises:
        SchemaError: a step does not fit the schema it would get; the message names the step.

    >>> from datavec import Schema, TransformProcess
    >>> schema = Schema.builder().add_column_double("x").add_column_categorical(
    ...     "label", ["no", "yes"]).build()
    >>> tp = TransformProcess.builder(schema).categorical_to_integer("label").build()
    >>> tp.execute_record([1.5, "yes"])
    [1.5, 1]
    """

    initial_schema: Schema
    actions: tuple[AbstractAction, ...]
    _schemas: tuple[Schema, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "actions", tuple(self.actions))
        schemas = [self.initial_schema]
        for i, action in enumerate(self.actions):
            try:
                schemas.append(action.output_schema(schemas[-1]))
            except SchemaError as e:
                raise SchemaError(f"step {i} {type(action).__name__}: {e}") from None
        object.__setattr__(self, "_schemas", tuple(schemas))

    @staticmethod
    def builder(schema: Schema) -> TransformProcessBuilder:
        """Start a process: ``TransformProcess.builder(schema).remove_columns("id").build()``."""
        from ._process_builder import TransformProcessBuilder

        return TransformProcessBuilder(schema)

    # --- schemas --------------------------------------------------------------------------------

    @property
    def final_schema(self) -> Schema:
        """Schema of the output."""
        return self._schemas[-1]

    def schema_after(self, step: int) -> Schema:
        """Schema after step `step` (from 0)."""
        if not 0 <= step < len(self.actions):
            raise IndexError(f"step {step}: the process has steps 0 to {len(self.actions) - 1}")
        return self._schemas[step + 1]

    def read_plan(self) -> ReadPlan:
        """Which columns a reader must deliver, and which of them unparsed."""
        wanted = set(self.final_schema.column_names)
        as_text: set[str] = set()
        for action, schema in zip(self.actions[::-1], self._schemas[-2::-1], strict=True):
            # A column that only later steps judge as text keeps its name or is judged renamed;
            # following it back through `needed` one column at a time covers both.
            back: set[str] = set()
            for name in as_text:
                back |= action.needed(schema, {name}) - action.reads(schema) or (
                    {name} & set(schema.column_names)
                )
            as_text = back | (action.wants_text(schema) & set(schema.column_names))
            wanted = action.needed(schema, wanted)
        return ReadPlan(frozenset(wanted), frozenset(as_text & wanted))

    # --- running --------------------------------------------------------------------------------

    def run(self, frame: Frame, *, first: int = 0, last: int | None = None) -> Frame:
        """Run steps `first` up to `last` on one frame; raises InvalidValueError naming the step."""
        for i in range(first, len(self.actions) if last is None else last):
            frame = self._step(i, frame)
        return frame

    def run_skipping(
        self, frame: Frame, *, first: int = 0, last: int | None = None
    ) -> tuple[Frame, int]:
        """As `run`, but records with unusable values are dropped; returns their number too."""
        dropped = 0
        for i in range(first, len(self.actions) if last is None else last):
            while True:
                try:
                    frame = self._step(i, frame)
                    break
                except InvalidValueError as e:
                    frame, n = drop_records(frame, e)
                    dropped += n
        return frame, dropped

    def _step(self, i: int, frame: Frame) -> Frame:
        action = self.actions[i]
        try:
            return action.apply(frame, self._schemas[i + 1])
        except InvalidValueError as e:
            raise e.located(
                where=f"step {i} {type(action).__name__}", row=original_row(frame, e)
            ) from None
        except DataVecError as e:
            raise type(e)(f"step {i} {type(action).__name__}: {e}") from None

    def execute(self, source: Any, *, on_error: str = "raise", threads: int = 0) -> BatchStream:
        """Transform data, lazily, batch by batch.

        Args:
            source: a pyarrow Table, RecordBatch or RecordBatchReader, anything with
                ``__arrow_c_stream__`` (pandas, polars, DuckDB), an iterable of RecordBatches, or
                a record reader of this package.
            on_error: ``raise``, or ``skip`` records that a step cannot work with and count them
                in the stream's ``skipped``.
            threads: worker threads; 0 works in the caller's thread.

        Returns:
            An iterator of RecordBatches with ``schema``, ``skipped`` and ``read_all()``.
        """
        from ._stream import BatchStream

        return BatchStream(self, source, on_error=on_error, threads=threads)

    def execute_record(self, record: Sequence[Any]) -> list[Any] | None:
        """Transform one record; None when a filter removes it.

        Raises:
            InvalidValueError: a step cannot work with a value.
            SchemaError: the record has the wrong width, or the process makes or reads sequences.
        """
        if self.initial_schema.is_sequence or self.final_schema.is_sequence:
            raise SchemaError(
                "execute_record: the process works on sequences; use execute_sequences"
            )
        rows = self.execute_records([record])
        return rows[0] if rows else None

    def execute_records(
        self, records: Sequence[Sequence[Any]], *, on_error: str = "raise"
    ) -> list[list[Any]]:
        """Transform records of Python values together; filtered ones are missing in the result."""
        result = self._collect(frame_from_records(self.initial_schema, records), on_error)
        if result.offsets is not None:
            raise SchemaError(
                "execute_records: the process makes sequences; use execute_to_sequences"
            )
        return frame_to_records(result)

    def execute_to_sequences(
        self, records: Sequence[Sequence[Any]], *, on_error: str = "raise"
    ) -> list[list[list[Any]]]:
        """Transform records by a process that makes sequences."""
        result = self._collect(frame_from_records(self.initial_schema, records), on_error)
        return frame_to_sequences(result)

    def execute_sequences(
        self, sequences: Sequence[Sequence[Sequence[Any]]], *, on_error: str = "raise"
    ) -> list[Any]:
        """Transform sequences; gives sequences, or records when the process ends with records."""
        result = self._collect(frame_from_sequences(self.initial_schema, sequences), on_error)
        return frame_to_records(result) if result.offsets is None else frame_to_sequences(result)

    def _collect(self, frame: Frame, on_error: str) -> Frame:
        return self.run_skipping(frame)[0] if on_error == "skip" else self.run(frame)

    # --- files ----------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Deeplearning4j's JSON text."""
        actions = [{a.action_key: encode(a)} for a in self.actions]
        return dump_json({"actionList": actions, "initialSchema": encode(self.initial_schema)})

    @staticmethod
    def from_json(text: str) -> TransformProcess:
        """Read Deeplearning4j's JSON (also the older form with wrapper objects).

        Raises:
            SerializationError: the text is no transform process.
            UnsupportedTransformError: it names a class that is not supported.
            SchemaError: a step does not fit its schema.
        """
        body = load_json(text)
        if not isinstance(body, dict) or "initialSchema" not in body:
            raise SerializationError('$: expected an object with "initialSchema" and "actionList"')
        schema = decode(Schema, body["initialSchema"], "initialSchema")
        raw = body.get("actionList", [])
        if not isinstance(raw, list):
            raise SerializationError("actionList: expected a list")
        return TransformProcess(
            schema, tuple(_action(a, f"actionList[{i}]") for i, a in enumerate(raw))
        )

    def to_yaml(self) -> str:
        """The JSON text, which is YAML too, and what Deeplearning4j writes here."""
        return self.to_json()

    @staticmethod
    def from_yaml(text: str) -> TransformProcess:
        """Read what `to_yaml` wrote."""
        return TransformProcess.from_json(text)

    # --- text -----------------------------------------------------------------------------------

    def __str__(self) -> str:
        count = len(self.actions)
        lines = [f"TransformProcess: {count} step{'' if count == 1 else 's'}"]
        lines += _schema_lines("input", self.initial_schema)
        for i, action in enumerate(self.actions):
            lines.append(f"{i:>3}  {type(action).__name__}({describe_options(action)})")
            before, after = self._schemas[i], self._schemas[i + 1]
            if before.columns != after.columns or before.is_sequence != after.is_sequence:
                lines += _change_lines(before, after)
        lines += _schema_lines("output", self.final_schema)
        return "\n".join(lines) + "\n"


def _schema_lines(title: str, schema: Schema) -> list[str]:
    kind = "sequences of " if schema.is_sequence else ""
    width = max(len(n) for n in schema.column_names)
    head = [f"{title} ({kind}{len(schema)} columns)"]
    return head + [f"     {m.name:<{width}}  {m.column_type.value}" for m in schema]


def _change_lines(before: Schema, after: Schema) -> list[str]:
    lines = []
    gone = [n for n in before.column_names if n not in after]
    new = [f"{m.name}: {m.column_type.value}" for m in after if m.name not in before]
    changed = [
        f"{m.name}: {before.type_of(m.name).value} → {m.column_type.value}"
        for m in after
        if m.name in before and before.type_of(m.name) is not m.column_type
    ]
    for sign, names in (("-", gone), ("+", new), ("~", changed)):
        if names:
            shown = names if len(names) <= 8 else [*names[:7], f"… {len(names) - 7} more"]
            lines.append(f"       {sign} {', '.join(shown)}")
    return lines


def _action(raw: Any, path: str) -> AbstractAction:
    if not isinstance(raw, dict):
        raise SerializationError(f"{path}: expected an object")
    present = [k for k, v in raw.items() if v is not None]
    known = _decoded_as()
    if len(present) != 1:
        raise SerializationError(
            f"{path}: expected exactly one of {', '.join(sorted(known))}; found {present}"
        )
    (key,) = present
    if key not in known:
        from ._errors import UnsupportedTransformError

        raise UnsupportedTransformError(f"{path}: steps of kind {key!r} are not supported")
    result: AbstractAction = decode(known[key], raw[key], f"{path}.{key}")
    return result


def original_row(frame: Frame, error: InvalidValueError) -> int | None:
    """Position, in the batch the frame came from, of the first record an error is about."""
    if not len(error.rows):
        return error.row
    row = int(error.rows[0])
    if frame.offsets is not None:
        row = int(np.searchsorted(frame.offsets, row, side="right")) - 1
    return row if frame.origin is None else int(frame.origin[row])


def drop_records(frame: Frame, error: InvalidValueError) -> tuple[Frame, int]:
    """Remove the records an error is about; re-raises when it names none."""
    if not len(error.rows):
        raise error
    keep = np.ones(frame.num_records, bool)
    rows = np.asarray(error.rows)
    if frame.offsets is not None:
        rows = np.searchsorted(frame.offsets, rows, side="right") - 1
    keep[rows] = False
    return frame.filtered(keep), int(np.count_nonzero(~keep))
