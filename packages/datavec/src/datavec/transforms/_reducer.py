"""Reducer: records of equal keys become one record."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from .._errors import InvalidValueError, SchemaError, SerializationError, UnsupportedTransformError
from .._serde import decode, encode, java_type
from ..columns._convert import as_text, plain_text
from ..columns._frame import Array, Frame
from ..columns._groups import group_rows
from ..process._action import AbstractAction
from ..process._condition import AbstractCondition
from ..schema._metadata import AbstractColumnMetaData, StringMetaData
from ..schema._schema import Schema
from ..text._java_text import double_text, parse_double
from ._reductions import ReduceOp, reduce_segments, reduced_metadata

__all__ = [
    "AbstractCustomReduction",
    "ConditionalReduction",
    "GeographicMidpointReduction",
    "ReduceOp",
    "Reducer",
]


@dataclass(frozen=True)
class ConditionalReduction:
    """Reductions of a column over the records that satisfy a condition."""

    column_name: str
    output_names: tuple[str, ...]
    reductions: tuple[ReduceOp, ...]
    condition: AbstractCondition

    def __post_init__(self) -> None:
        object.__setattr__(self, "output_names", tuple(self.output_names))
        object.__setattr__(self, "reductions", tuple(map(ReduceOp, self.reductions)))
        if len(self.output_names) != len(self.reductions):
            raise SchemaError(
                f'ConditionalReduction of "{self.column_name}": {len(self.reductions)} reductions '
                f"but {len(self.output_names)} names"
            )


class AbstractCustomReduction(ABC):
    """A reduction of one column that is none of `ReduceOp`."""

    user_definable: ClassVar[bool] = True

    @abstractmethod
    def metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        """Metadata of the result."""

    @abstractmethod
    def reduce(self, column: pa.Array, name: str, offsets: Array) -> pa.Array:
        """One value for each segment ``offsets[i]:offsets[i+1]``."""


@dataclass(frozen=True)
class GeographicMidpointReduction(AbstractCustomReduction):
    """The midpoint on a sphere of "latitude<delim>longitude" texts in degrees."""

    delim: str
    new_column_name: str | None = None

    def metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        return StringMetaData(self.new_column_name or f"midpoint({meta.name})")

    def reduce(self, column: pa.Array, name: str, offsets: Array) -> pa.Array:
        texts = plain_text(as_text(column, name)).to_pylist()
        points = np.empty((len(texts), 3))
        for i, text in enumerate(texts):
            numbers = [parse_double(p) for p in text.split(self.delim)]
            if len(numbers) != 2 or None in numbers:
                expected = f'latitude and longitude separated by "{self.delim}"'
                raise InvalidValueError(name, expected, text, [i])
            lat, long = (math.radians(n or 0.0) for n in numbers)
            points[i] = (
                math.cos(lat) * math.cos(long),
                math.cos(lat) * math.sin(long),
                math.sin(lat),
            )
        cut = offsets.tolist()
        out = [self._text(points[a:b]) if b > a else None for a, b in pairwise(cut)]
        return pa.array(out, pa.string())

    def _text(self, points: Array) -> str:
        x, y, z = points.mean(axis=0)
        lat, long = math.atan2(z, math.hypot(x, y)), math.atan2(y, x)
        return f"{double_text(math.degrees(lat))}{self.delim}{double_text(math.degrees(long))}"


@java_type("org.datavec.api.transform.reduce.Reducer")
@dataclass(frozen=True)
class Reducer(AbstractAction):
    """Group records by key columns and reduce every other column.

    Output columns stand in schema order: key columns under their names, others as ``op(column)``.
    Keys are compared by value, column by column.

    Args:
        default_op: for columns without an entry in `ops`.
        key_columns: the grouping key; none reduces everything to one record.
        ops: column → one or several operations.
        conditional: column → `ConditionalReduction`.
        custom: column → custom reduction.
        ignore_invalid_in: columns whose invalid values are left out.

    >>> Reducer("TakeFirst", key_columns=["id"], ops={"x": ["Sum", "Mean"]}).default_op.value
    'TakeFirst'
    """

    action_key = "reducer"
    whole_data = True
    default_op: ReduceOp
    key_columns: tuple[str, ...] | None = None
    ops: Mapping[str, tuple[ReduceOp, ...]] = field(default_factory=dict)
    conditional: Mapping[str, ConditionalReduction] = field(default_factory=dict)
    custom: Mapping[str, AbstractCustomReduction] = field(default_factory=dict)
    ignore_invalid_in: tuple[str, ...] = ()

    if TYPE_CHECKING:  # what is given; the fields above are what is kept of it

        def __init__(
            self,
            default_op: ReduceOp | str,
            key_columns: Sequence[str] | None = None,
            ops: Mapping[str, ReduceOp | str | Sequence[ReduceOp | str]] = ...,
            conditional: Mapping[str, ConditionalReduction] = ...,
            custom: Mapping[str, AbstractCustomReduction] = ...,
            ignore_invalid_in: Sequence[str] = (),
        ) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "default_op", ReduceOp(self.default_op))
        if self.key_columns is not None:
            object.__setattr__(self, "key_columns", tuple(self.key_columns))
        ops = {
            name: tuple(ReduceOp(o) for o in ([v] if isinstance(v, (str, ReduceOp)) else v))
            for name, v in self.ops.items()
        }
        object.__setattr__(self, "ops", ops)
        object.__setattr__(self, "ignore_invalid_in", tuple(self.ignore_invalid_in))

    def output_schema(self, schema: Schema) -> Schema:
        if schema.is_sequence:
            raise SchemaError("Reducer: works on records; use ReduceSequenceTransform on sequences")
        return self.reduced_schema(schema)

    def reduced_schema(self, schema: Schema) -> Schema:
        """Schema of the reduced columns, of the same kind as `schema`."""
        named = {*(self.key_columns or ()), *self.ops, *self.conditional, *self.custom}
        for name in (*named, *self.ignore_invalid_in):
            schema.index_of(name)
        columns: list[AbstractColumnMetaData] = []
        for meta in schema:
            name = meta.name
            if name in (self.key_columns or ()):
                columns.append(meta)
            elif (conditional := self.conditional.get(name)) is not None:
                conditional.condition.check(schema)
                pairs = zip(conditional.reductions, conditional.output_names, strict=True)
                columns += [reduced_metadata(op, meta, new) for op, new in pairs]
            elif (custom := self.custom.get(name)) is not None:
                columns.append(custom.metadata(meta))
            else:
                columns += [
                    reduced_metadata(op, meta, f"{op.value.lower()}({name})")
                    for op in self.ops.get(name, (self.default_op,))
                ]
        return schema.with_columns(columns)

    def apply(self, frame: Frame, output: Schema) -> Frame:
        groups, count = group_rows(frame, self.key_columns or ())
        order = np.argsort(groups, kind="stable")
        lengths = np.bincount(groups, minlength=count).astype(np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        try:
            columns = self.reduce(frame.take_rows(order), offsets)
        except InvalidValueError as e:  # rows were counted in group order
            raise InvalidValueError(
                e.column, e.expected, e.value, order[np.asarray(e.rows, int)].tolist()
            ) from None
        # A row stands for its group's first record.
        origin = frame.origins[order[offsets[:-1]]] if count else None
        return Frame(output, tuple(columns), count, origin=origin)

    def reduce(self, frame: Frame, offsets: Array) -> list[pa.Array]:
        """The output columns for the segments ``offsets[i]:offsets[i+1]`` of a frame's rows."""
        columns: list[pa.Array] = []
        for meta in frame.schema:
            name = meta.name
            if name in (self.key_columns or ()):
                columns.append(reduce_first(frame.column(name), offsets))
                continue
            own = self.considered(frame, name, offsets)
            with own.original_rows():
                if name in self.custom:
                    columns.append(self.custom[name].reduce(own.column, name, own.offsets))
                else:
                    columns += [
                        reduce_segments(op, own.column, meta, own.offsets)
                        for op in self.operations(name)
                    ]
        return columns

    def operations(self, name: str) -> tuple[ReduceOp, ...]:
        """The operations on a column that is neither a key nor has a custom reduction."""
        conditional = self.conditional.get(name)
        if conditional is not None:
            return conditional.reductions
        return self.ops.get(name, (self.default_op,))

    def considered(self, frame: Frame, name: str, offsets: Array) -> Considered:
        """The values of a column that count: valid ones and where a condition holds, if asked for."""
        column = frame.column(name)
        keep = None
        if name in self.ignore_invalid_in:
            keep = frame.schema.metadata(name).valid_mask(column)
        if name in self.conditional:
            holds = self.conditional[name].condition.mask(frame)
            keep = holds if keep is None else keep & holds
        if keep is None:
            return Considered(column, offsets)
        kept = np.concatenate([np.zeros(1, np.int64), np.cumsum(keep)])
        return Considered(column.filter(pa.array(keep)), kept[offsets], np.flatnonzero(keep))

    # --- JSON: a wrapper object of its own form --------------------------------------------------

    def to_json_object(self) -> dict[str, Any]:
        """Deeplearning4j's form."""
        body: dict[str, Any] = {
            "conditionalReductions": encode(self.conditional),
            "customReductions": encode(self.custom),
            "defaultOp": self.default_op.value,
            "ignoreInvalidInColumns": list(self.ignore_invalid_in),
        }
        if self.key_columns is not None:
            body["keyColumns"] = list(self.key_columns)
        body["opMap"] = encode(self.ops)
        return {"Reducer": body}

    @classmethod
    def from_json_object(cls, body: dict[str, Any], path: str) -> Reducer:
        """Read Deeplearning4j's form; raises SerializationError."""

        def part(key: str, hint: Any, default: Any) -> Any:
            value = body.get(key)
            return default if value is None else decode(hint, value, f"{path}.{key}")

        custom: dict[str, AbstractCustomReduction] = {}
        for column, value in part("customReductions", dict[str, Any], {}).items():
            place = f"{path}.customReductions.{column}"
            if isinstance(value, dict) and "@class" in value:  # of a user; Java's have no name here
                custom[column] = decode(AbstractCustomReduction, value, place)
            elif isinstance(value, dict) and set(value) <= {"delim", "newColumnName"}:
                custom[column] = decode(GeographicMidpointReduction, value, place)
            else:
                raise UnsupportedTransformError(f"{place}: this custom reduction is not supported")
        if "defaultOp" not in body:
            raise SerializationError(f"{path}.defaultOp: missing key")
        return cls(
            decode(ReduceOp, body["defaultOp"], f"{path}.defaultOp"),
            part("keyColumns", tuple[str, ...], None),
            part("opMap", dict[str, tuple[ReduceOp, ...]], {}),
            part("conditionalReductions", dict[str, ConditionalReduction], {}),
            custom,
            part("ignoreInvalidInColumns", tuple[str, ...], ()),
        )


@dataclass(frozen=True, eq=False)
class Considered:
    """Some values of a column and the segments that they form."""

    column: pa.Array
    offsets: Array
    rows: Array | None = None
    """Where the values stood; None when they are all of the column."""

    @contextmanager
    def original_rows(self) -> Iterator[None]:
        """Let errors name rows of the whole column."""
        try:
            yield
        except InvalidValueError as e:
            if self.rows is None:
                raise
            raise InvalidValueError(
                e.column, e.expected, e.value, self.rows[np.asarray(e.rows, int)].tolist()
            ) from None


def reduce_first(column: pa.Array, offsets: Array) -> pa.Array:
    """The first value of each segment, missing for an empty one."""
    return column.take(pa.array(offsets[:-1], mask=np.diff(offsets) == 0))
