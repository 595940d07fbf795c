"""TransformProcess: an initial schema and a list of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from .._errors import DataVecError, InvalidValueError, SchemaError, SerializationError
from .._policy import ErrorPolicy, ErrorReport
from .._serde import decode, dump_json, encode, is_user_defined, load_json
from .._showing import AbstractShown
from .._user_code import Allowed, allowing
from ..columns._arrow_io import (
    frame_from_records,
    frame_from_sequences,
    frame_to_records,
    frame_to_sequences,
)
from ..columns._frame import Frame
from ..schema._schema import Schema
from ._action import AbstractAction, AbstractTransform, check_result
from ._filter import AbstractFilter
from ._mending import Mender, drop_records, original_row, policy_for
from ._record_program import RecordExecutor

if TYPE_CHECKING:
    from ._process_builder import TransformProcessBuilder
    from ._stream import BatchStream

__all__ = ["ReadPlan", "TransformProcess", "drop_records", "original_row"]

_FEW = 64  # up to so many records, single values are faster than columns


# What each key of an action is decoded as: a class, or the name of one among the transforms, which
# is imported when a process has such a step.
_DECODED_AS: dict[str, type | str] = {
    "transform": AbstractTransform,
    "filter": AbstractFilter,
    "convertToSequence": "ConvertToSequence",
    "convertFromSequence": "ConvertFromSequence",
    "sequenceSplit": "AbstractSequenceSplit",
    "calculateSortedRank": "CalculateSortedRank",
    "reducer": "Reducer",
}


@dataclass(frozen=True)
class ReadPlan:
    """What a reader must deliver for a process."""

    needed: frozenset[str]
    """Columns whose values are used; others may be left out."""
    as_text: frozenset[str]
    """Columns that must stay unparsed text."""
    policy: ErrorPolicy = field(default_factory=ErrorPolicy)
    """What happens to records that cannot be read, for a reader without a policy of its own."""


@dataclass(frozen=True)
class TransformProcess(AbstractShown):
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
    _executor: RecordExecutor | None = field(init=False, repr=False, compare=False, default=None)

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

    @property
    def schemas(self) -> tuple[Schema, ...]:
        """The schema before the first step, and after each."""
        return self._schemas

    def schema_after(self, step: int) -> Schema:
        """Schema after step `step` (from 0)."""
        if not 0 <= step < len(self.actions):
            raise IndexError(f"step {step}: the process has steps 0 to {len(self.actions) - 1}")
        return self._schemas[step + 1]

    def read_plan(self, policy: ErrorPolicy | None = None) -> ReadPlan:
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
        own = ErrorPolicy() if policy is None else policy_for(policy, self.initial_schema)
        return ReadPlan(frozenset(wanted), frozenset(as_text & wanted), own)

    # --- running --------------------------------------------------------------------------------

    def run(self, frame: Frame, *, first: int = 0, last: int | None = None) -> Frame:
        """Run steps `first` up to `last` on one frame; raises InvalidValueError naming the step."""
        for i in range(first, len(self.actions) if last is None else last):
            frame = self._step(i, frame)
        return frame

    def run_mending(
        self, frame: Frame, mender: Mender, *, first: int = 0, last: int | None = None
    ) -> Frame:
        """As `run`, but bad values are dealt with by a policy."""
        if first == 0:
            frame = mender.filled(frame, "input")
        for i in range(first, len(self.actions) if last is None else last):
            frame, _ = mender.through(partial(self._step, i), frame)
        return frame

    def run_skipping(self, frame: Frame) -> tuple[Frame, int]:
        """As `run`, but records with unusable values are dropped; returns their number too."""
        report = ErrorReport()
        frame = self.run_mending(frame, Mender(ErrorPolicy("skip"), report))
        return frame, report.skipped

    def _step(self, i: int, frame: Frame) -> Frame:
        action = self.actions[i]
        try:
            result = action.apply(frame, self._schemas[i + 1])
            if is_user_defined(type(action)):
                check_result(result, self._schemas[i + 1])
            return result
        except InvalidValueError as e:
            raise e.located(
                where=f"step {i} {type(action).__name__}", row=original_row(frame, e)
            ) from None
        except DataVecError as e:
            raise type(e)(f"step {i} {type(action).__name__}: {e}") from None
        except Exception as e:
            if is_user_defined(type(action)):
                e.add_note(f"in step {i} {type(action).__name__} of a TransformProcess")
            raise

    def execute(
        self,
        source: Any,
        *,
        on_error: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
        threads: int = 0,
    ) -> BatchStream:
        """Transform data, lazily, batch by batch.

        Args:
            source: a pyarrow Table, RecordBatch or RecordBatchReader, anything with
                ``__arrow_c_stream__`` (pandas, polars, DuckDB), an iterable of RecordBatches, or
                a record reader of this package.
            on_error: ``raise``; ``skip`` records that a step cannot work with; or ``replace``
                their values. Everything is counted in the stream's ``errors``, and logged once at
                the end of the pass.
            replacements: value per column for those that are missing, no number, or an unseen
                category, for instance ``{"age": 0.0}``.
            threads: worker threads; 0 works in the caller's thread.

        Returns:
            An iterator of RecordBatches with ``schema``, ``errors`` and ``read_all()``.
        """
        from ._stream import BatchStream

        policy = ErrorPolicy.of(on_error, replacements)
        return BatchStream(self, source, on_error=policy, threads=threads)

    def record_executor(
        self,
        *,
        on_error: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
    ) -> RecordExecutor:
        """The process as a function of single records, prepared once; arguments as in `execute`."""
        policy = ErrorPolicy.of(on_error, replacements)
        if policy.raises:
            executor = self._executor
            if executor is None:
                executor = RecordExecutor(self._schemas, self.actions, self._together)
                object.__setattr__(self, "_executor", executor)
            return executor
        Mender.check(policy, self._schemas)
        report = ErrorReport()

        def together(records: Sequence[Sequence[Any]]) -> list[list[Any]]:
            mender = Mender(policy, report)
            frame = mender.frame(self.initial_schema, records)
            return self._mended(frame, mender, frame_to_records)

        watched = frozenset(policy.replacements)
        return RecordExecutor(self._schemas, self.actions, together, watched, report)

    def execute_record(self, record: Sequence[Any] | Mapping[str, Any]) -> list[Any] | None:
        """Transform one record, a list of values or a dict by column name.

        Takes some microseconds where every step has a form for single values (see
        `record_executor`). Safe to call from several threads.

        Returns:
            The values; None when a filter removes the record.

        Raises:
            InvalidValueError: a step cannot work with a value.
            SchemaError: the record has the wrong width, lacks a name or has an unknown one, or the
                process makes or reads sequences.
        """
        return (self._executor or self.record_executor())(record)

    def _together(self, records: Sequence[Sequence[Any]]) -> list[list[Any]]:
        return frame_to_records(self.run(frame_from_records(self.initial_schema, records)))

    def execute_records(
        self,
        records: Sequence[Sequence[Any] | Mapping[str, Any]],
        *,
        on_error: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
        errors: ErrorReport | None = None,
    ) -> list[list[Any]]:
        """Transform records of Python values together; filtered ones are missing in the result.

        Args:
            records: lists of values, or dicts by column name.
            on_error: as in `execute`.
            replacements: as in `execute`.
            errors: gets the counts of what was skipped and replaced.
        """
        policy = ErrorPolicy.of(on_error, replacements)
        if self.initial_schema.is_sequence or self.final_schema.is_sequence:
            rows: Sequence[Any] = records
        else:
            executor = self._executor or self.record_executor()
            if isinstance(records, (str, bytes)) or not isinstance(records, Iterable):
                raise TypeError(f"execute_records: expected records, received {records!r:.80}")
            rows = [r if isinstance(r, (list, tuple)) else executor.values_of(r) for r in records]
            # With replacements an unseen category counts even where no step looks at it.
            few = len(rows) <= _FEW and not policy.replacements
            if few and (results := executor.try_all(rows)) is not None:
                return results
        result = self._collect(policy, errors, "execute_records", frame_to_records, rows)
        if self.final_schema.is_sequence:
            raise SchemaError(
                "execute_records: the process makes sequences; use execute_to_sequences"
            )
        return result

    def execute_to_sequences(
        self,
        records: Sequence[Sequence[Any]],
        *,
        on_error: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
        errors: ErrorReport | None = None,
    ) -> list[list[list[Any]]]:
        """Transform records by a process that makes sequences; arguments as `execute_records`."""
        policy = ErrorPolicy.of(on_error, replacements)
        return self._collect(policy, errors, "execute_to_sequences", frame_to_sequences, records)

    def execute_sequences(
        self,
        sequences: Sequence[Sequence[Sequence[Any]]],
        *,
        on_error: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
        errors: ErrorReport | None = None,
    ) -> list[Any]:
        """Transform sequences; gives sequences, or records when the process ends with records."""
        policy = ErrorPolicy.of(on_error, replacements)
        frame = frame_from_sequences(self.initial_schema, sequences)
        finish = frame_to_sequences if self.final_schema.is_sequence else frame_to_records
        return self._collect(policy, errors, "execute_sequences", finish, frame)

    def _collect(
        self,
        policy: ErrorPolicy,
        errors: ErrorReport | None,
        what: str,
        finish: Callable[[Frame], list[Any]],
        data: Frame | Sequence[Sequence[Any]],
    ) -> list[Any]:
        Mender.check(policy, self._schemas)
        report = ErrorReport()
        mender = Mender(policy, report)
        frame = data if isinstance(data, Frame) else mender.frame(self.initial_schema, data)
        rows = self._mended(frame, mender, finish)
        if errors is not None:
            errors.merge(report)
        report.log(what)
        return rows

    def _mended(
        self, frame: Frame, mender: Mender, finish: Callable[[Frame], list[Any]]
    ) -> list[Any]:
        frame = mender.filled(self.run_mending(frame, mender), "result")
        rows: list[Any] = mender.through(finish, frame)[0]
        return rows

    def __reduce__(self) -> tuple[Any, ...]:
        # What is derived from the two, compiled functions among it, is made again.
        return type(self), (self.initial_schema, self.actions)

    # --- files ----------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Deeplearning4j's JSON text."""
        actions = [{a.action_key: encode(a)} for a in self.actions]
        return dump_json({"actionList": actions, "initialSchema": encode(self.initial_schema)})

    @staticmethod
    def from_json(text: str, *, allow_user_defined: Allowed = False) -> TransformProcess:
        """Read Deeplearning4j's JSON (also the older form with wrapper objects).

        Args:
            text: the JSON.
            allow_user_defined: steps and conditions of users, which the JSON names by import path,
                are code that is imported and run. True allows any; a list of packages, modules or
                classes allows those; otherwise such a name is an error and nothing is imported.

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
        with allowing(allow_user_defined):
            actions = tuple(_action(a, f"actionList[{i}]") for i, a in enumerate(raw))
        return TransformProcess(schema, actions)

    def to_yaml(self) -> str:
        """The JSON text, which is YAML too, and what Deeplearning4j writes here."""
        return self.to_json()

    @staticmethod
    def from_yaml(text: str, *, allow_user_defined: Allowed = False) -> TransformProcess:
        """Read what `to_yaml` wrote."""
        return TransformProcess.from_json(text, allow_user_defined=allow_user_defined)

    # --- text -----------------------------------------------------------------------------------

    def __str__(self) -> str:
        from ._process_text import process_text

        return process_text(self._schemas, self.actions)


def _action(raw: Any, path: str) -> AbstractAction:
    if not isinstance(raw, dict):
        raise SerializationError(f"{path}: expected an object")
    present = [k for k, v in raw.items() if v is not None]
    if len(present) != 1:
        raise SerializationError(
            f"{path}: expected exactly one of {', '.join(sorted(_DECODED_AS))}; found {present}"
        )
    (key,) = present
    base = _DECODED_AS.get(key)
    if base is None:
        from .._errors import UnsupportedTransformError

        raise UnsupportedTransformError(f"{path}: steps of kind {key!r} are not supported")
    if isinstance(base, str):
        from .. import transforms

        base = getattr(transforms, base)
    result: AbstractAction = decode(base, raw[key], f"{path}.{key}")
    return result
