"""Records one at a time: a process as one straight-line Python function over single values.

Arrow needs some hundred microseconds for a frame of one row. So a process is also traced once over
*slots*, symbols for the values of one record: every step says what it does to its slots
(`AbstractAction.record_step`), which appends lines to one function. Moving columns about costs
nothing then, as only the names of slots change places.

The function is right whenever it returns. Whatever is out of the ordinary raises in it, and the
path over columns decides: so no rule about bad values is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .._errors import SchemaError, shown
from .._policy import ErrorReport
from ..schema._metadata import AbstractColumnMetaData, ColumnType
from ..schema._schema import Schema
from ._record_values import CONVERT, ENTER, PARSE, Kind, Unusual, kind_of

__all__ = ["NoScalarForm", "RecordExecutor", "RecordTrace", "Slot", "value_test"]

RecordFunction = Callable[[Sequence[Any]], "list[Any] | None"]
_MOST_SLOTS = 10_000
_DIGIT = re.compile("[0-9]")


class NoScalarForm(Exception):
    """A step, or one of its options, has no form for single values."""


@dataclass(frozen=True)
class Slot:
    """One value of the record at one point of the process."""

    variable: str
    kind: Kind
    raw: bool = False
    """Whether it may also be text that nobody has parsed yet."""


class _Program:
    """The lines of the function, and the objects they name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"str": str, "float": float, "int": int, "bool": bool}
        self.slots = 0
        self.known: dict[tuple[str, Kind], Slot] = {}
        self.looked_at: set[str] = set()
        """Variables whose values matter; the others may be missing."""

    def variable(self) -> str:
        self.slots += 1
        if self.slots > _MOST_SLOTS:
            raise NoScalarForm
        return f"v{self.slots}"

    def name(self, value: Any) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name


@dataclass(frozen=True)
class RecordTrace:
    """The columns of one record as slots; answers to `Frame` for a single row.

    Attributes:
        schema: columns at this point of the process.
        columns: a slot for each.
    """

    schema: Schema
    columns: tuple[Slot, ...]
    _program: _Program

    # --- reading --------------------------------------------------------------------------------

    def column(self, name: str) -> Slot:
        """The slot of a column."""
        return self.columns[self.schema.index_of(name)]

    def read(self, name: str, kind: Kind) -> Slot:
        """A column's value as `kind`, parsed or converted by the rules for columns."""
        return self.converted(self.column(name), kind)

    def converted(self, slot: Slot, kind: Kind) -> Slot:
        """A slot's value as `kind`."""
        self._program.looked_at.add(slot.variable)
        return self._converted(slot, kind)

    def _converted(self, slot: Slot, kind: Kind) -> Slot:
        if slot.kind is kind and not slot.raw:
            return slot
        program = self._program
        found = program.known.get((slot.variable, kind))
        if found is None:
            found = Slot(program.variable(), kind)
            program.lines.append(f"{found.variable} = {self._conversion(slot, kind)}")
            program.known[slot.variable, kind] = found
        return found

    def _conversion(self, slot: Slot, kind: Kind) -> str:
        v, name = slot.variable, self._program.name
        typed = v
        if slot.kind is not kind and slot.kind is not Kind.TEXT:
            function = CONVERT.get((slot.kind, kind))
            if function is None:
                raise NoScalarForm
            typed = f"{name(function)}({v})"
        if slot.kind is not Kind.TEXT and not slot.raw:
            return typed
        if kind is Kind.TEXT:
            return f"{v} if {v}.__class__ is str else {typed}"
        if kind not in PARSE:
            raise NoScalarForm
        parsed = f"{name(PARSE[kind])}({v})"
        return (
            parsed if slot.kind is Kind.TEXT else f"{parsed} if {v}.__class__ is str else {typed}"
        )

    # --- computing ------------------------------------------------------------------------------

    def constant(self, kind: Kind, value: Any) -> Slot:
        """A value that is the same for every record."""
        return Slot(self._program.name(value), kind)

    def call(
        self, kind: Kind, function: Callable[..., Any], *arguments: Slot, raw: bool = False
    ) -> Slot:
        """The result of a function of some slots."""
        (slot,) = self.calls((kind,), function, *arguments, raw=raw, several=False)
        return slot

    def calls(
        self,
        kinds: Sequence[Kind],
        function: Callable[..., Any],
        *arguments: Slot,
        raw: bool = False,
        several: bool = True,
    ) -> list[Slot]:
        """The results of a function that returns one value per kind."""
        self._program.looked_at.update(s.variable for s in arguments)
        made = [Slot(self._program.variable(), kind, raw) for kind in kinds]
        left = ", ".join(s.variable for s in made) + ("," if several and len(made) == 1 else "")
        right = ", ".join(s.variable for s in arguments)
        self._program.lines.append(f"{left} = {self._program.name(function)}({right})")
        return made

    def choose(self, test: Slot, yes: Slot, no: Slot) -> Slot:
        """`yes` where the test holds, else `no`; both must be of one kind."""
        if yes.kind is not no.kind:
            raise NoScalarForm
        self._program.looked_at.update((test.variable, yes.variable, no.variable))
        made = Slot(self._program.variable(), yes.kind, yes.raw or no.raw)
        self._program.lines.append(
            f"{made.variable} = {yes.variable} if {test.variable} else {no.variable}"
        )
        return made

    def dropped_where(self, test: Slot) -> RecordTrace:
        """The record ends here when the test holds."""
        self._program.lines.append(f"if {test.variable}: return None")
        return self

    # --- deriving, as `Frame` does ----------------------------------------------------------------

    def with_columns(self, schema: Schema, columns: Sequence[Slot]) -> RecordTrace:
        """Other columns."""
        return RecordTrace(schema, tuple(columns), self._program)

    def replaced(self, schema: Schema, name: str, *new: Slot) -> RecordTrace:
        """One column gives way to the `new` ones at its place."""
        i = self.schema.index_of(name)
        return self.with_columns(schema, self.columns[:i] + new + self.columns[i + 1 :])

    def appended(self, schema: Schema, *new: Slot) -> RecordTrace:
        """Columns added at the end."""
        return self.with_columns(schema, self.columns + new)

    def mapped(
        self,
        schema: Schema,
        name: str,
        kind: Kind,
        function: Callable[[Any], Any],
        result: Kind | None = None,
    ) -> RecordTrace:
        """A column, read as `kind`, gives way to a function of it."""
        return self.replaced(
            schema, name, self.call(result or kind, function, self.read(name, kind))
        )


def value_test(meta: AbstractColumnMetaData, kind: Kind) -> Callable[[Any], bool]:
    """Whether a value of a column held as `kind`, or text not parsed yet, is valid."""
    if kind is not kind_of(meta.column_type) or kind is Kind.ARRAY:
        raise NoScalarForm
    test = meta.value_test()
    if test is None:
        return lambda value: True
    if kind is Kind.TEXT:
        return test
    parse = PARSE[kind]
    floats = kind in (Kind.DOUBLE, Kind.FLOAT)

    def judged(value: Any) -> bool:
        if value.__class__ is str:
            # Without digits it is no number in any notation; names of NaN and Infinity have an n.
            if not _DIGIT.search(value) and not (floats and "n" in value.lower()):
                return False
            value = parse(value)
        return test(value)

    return judged


def _entered(schema: Schema, program: _Program) -> RecordTrace:
    """The record as it comes: a slot for each of its values."""
    columns = []
    for meta in schema:
        kind = kind_of(meta.column_type)
        columns.append(Slot(program.variable(), kind, raw=kind not in _NEVER_RAW))
    return RecordTrace(schema, tuple(columns), program)


_NEVER_RAW = (Kind.TEXT, Kind.BYTES, Kind.ARRAY)


def _taken_apart(columns: Sequence[Slot], program: _Program) -> list[str]:
    """Lines that take the record apart, and bring values of other classes than usual into form."""
    lines = [", ".join(s.variable for s in columns) + ", = record"]
    for slot in columns:
        v = slot.variable
        usual, bring = ENTER[slot.kind]
        missing = "" if v in program.looked_at else f"{v} is None or "
        bring_name = program.name(bring)
        lines.append(f"if not ({missing}{usual.format(v=v)}): {v} = {bring_name}({v})")
    return lines


def _final(trace: RecordTrace, meta: AbstractColumnMetaData) -> Slot:
    kind, slot = kind_of(meta.column_type), trace.column(meta.name)
    if kind is Kind.ARRAY:
        raise NoScalarForm
    # A missing value that nothing has looked at stays missing.
    return trace._converted(slot, kind) if slot.kind is kind else trace.converted(slot, kind)


def _watch(trace: RecordTrace, names: frozenset[str]) -> None:
    """Leave records with a missing value or an unseen category in some columns to the columns."""
    for meta, slot in zip(trace.schema, trace.columns, strict=True):
        if meta.name in names:
            trace._program.looked_at.add(slot.variable)
            test = meta.value_test()
            if meta.column_type is ColumnType.CATEGORICAL and test is not None:
                trace.call(Kind.BOOLEAN, _refusing(test), slot)


def _refusing(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def refuse(value: Any) -> bool:
        if not test(value):
            raise Unusual
        return True

    return refuse


def compile_function(
    schemas: Sequence[Schema], actions: Sequence[Any], watched: frozenset[str] = frozenset()
) -> RecordFunction:
    """The function for records.

    Args:
        schemas: before the first action, and after each.
        actions: the steps.
        watched: columns in which also a value that no step looks at may be out of the ordinary.

    Raises:
        NoScalarForm: a step works on whole columns only.
    """
    program = _Program()
    at = "the input"
    try:
        trace = entered = _entered(schemas[0], program)
        _watch(trace, watched)
        for i, (action, output) in enumerate(zip(actions, schemas[1:], strict=True)):
            at = f"step {i} {type(action).__name__}"
            trace = action.record_step(trace, output)
        at = "the result"
        _watch(trace, watched)
        results = [_final(trace, meta) for meta in schemas[-1]]
    except (NoScalarForm, ArithmeticError, ValueError, TypeError, NotImplementedError) as e:
        raise NoScalarForm(f"{at} has no form for single values{f': {e}' if str(e) else ''}") from e
    lines = [
        *_taken_apart(entered.columns, program),
        *program.lines,
        f"return [{', '.join(s.variable for s in results)}]",
    ]
    source = "def run(record):\n" + "".join(f"    {line}\n" for line in lines)
    # Only names made here stand in the source; every value of the process is an object of `names`.
    scope: dict[str, Any] = {"__builtins__": {}, **program.names}
    exec(compile(source, "<record function of a TransformProcess>", "exec"), scope)
    function: RecordFunction = scope["run"]
    return function


class RecordExecutor:
    """A process for records that come one at a time, as in a server.

    Safe to call from several threads at once. Records are lists of values, or dicts by column name.

    Attributes:
        errors: what was skipped (the result is None then) or replaced, with a policy that does so.
        whole_columns_only: why records run as frames of one row, which takes some hundred
            microseconds more; None where every step has a form for single values.

    >>> from datavec import Schema, TransformProcess
    >>> schema = Schema.builder().add_columns_double("a", "b").build()
    >>> tp = TransformProcess.builder(schema).double_math_op("a", "Multiply", 2.0).build()
    >>> execute = tp.record_executor()
    >>> execute([1.5, "3"]), execute({"b": 1, "a": 2})
    ([3.0, 3.0], [4.0, 1.0])
    >>> execute.whole_columns_only is None
    True
    """

    def __init__(
        self,
        schemas: Sequence[Schema],
        actions: Sequence[Any],
        otherwise: Callable[[Sequence[Sequence[Any]]], list[list[Any]]],
        watched: frozenset[str] = frozenset(),
        errors: ErrorReport | None = None,
    ) -> None:
        if schemas[0].is_sequence or schemas[-1].is_sequence:
            raise SchemaError(
                "execute_record: the process works on sequences; use execute_sequences"
            )
        self._names = schemas[0].column_names
        self._otherwise = otherwise
        self.errors = ErrorReport() if errors is None else errors
        self.whole_columns_only: str | None = None
        try:
            self._function = compile_function(schemas, actions, watched)
        except NoScalarForm as e:
            self.whole_columns_only = str(e)

    def __call__(self, record: Sequence[Any] | Mapping[str, Any]) -> list[Any] | None:
        """Transform one record; None when a filter removes it.

        Raises:
            InvalidValueError: a step cannot work with a value.
            SchemaError: the record has the wrong width, or other names than the columns.
        """
        if record.__class__ is not list and record.__class__ is not tuple:
            record = self.values_of(record)
        if self.whole_columns_only is None:
            try:
                return self._function(record)
            except Exception:
                pass
        rows = self._otherwise([record])
        return rows[0] if rows else None

    def try_all(self, records: Sequence[Any]) -> list[list[Any]] | None:
        """The results of a few records; None where one of them is out of the ordinary."""
        if self.whole_columns_only is not None:
            return None
        function = self._function
        try:
            results = [function(record) for record in records]
        except Exception:  # as above
            return None
        return [r for r in results if r is not None]

    def values_of(self, record: Any) -> list[Any]:
        """The values of a record in the order of the columns; raises SchemaError."""
        if isinstance(record, Mapping):
            names = self._names
            if len(record) == len(names):
                with suppress(KeyError):
                    return [record[name] for name in names]
            missing = [n for n in names if n not in record]
            extra = [n for n in record if n not in set(names)]
            parts = [
                f"{what} {', '.join(map(repr, found))}"
                for what, found in (("has no", missing), ("has also", extra))
                if found
            ]
            raise SchemaError(
                f"the record {' and '.join(parts)}; the columns are {', '.join(map(repr, names))}"
            )
        if isinstance(record, (str, bytes)) or not isinstance(record, Iterable):
            raise SchemaError(
                f"a record is a list of values or a dict by column name, received {shown(record)}"
            )
        return list(record)
