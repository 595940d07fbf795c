"""A user's own function on one column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from .._errors import DataVecError, SchemaError, SerializationError, shown
from .._serde import java_type
from .._user_code import PREFIX, import_path, load_path
from ..columns._arrow_arrays import arrow_array, text_array
from ..columns._frame import Array, Frame
from ..process._action import AbstractColumnTransform
from ..process._record_program import RecordTrace
from ..process._record_values import Kind, kind_of
from ..schema._metadata import (
    AbstractColumnMetaData,
    BooleanMetaData,
    ColumnType,
    TimeMetaData,
    new_metadata,
)
from ..schema._schema import Schema

__all__ = ["ColumnFunction"]

_NAME = PREFIX + "datavec.ColumnFunction"
_DTYPE: dict[Kind, Any] = {
    Kind.INT: np.int32,
    Kind.LONG: np.int64,
    Kind.TIME: np.int64,
    Kind.DOUBLE: np.float64,
    Kind.FLOAT: np.float32,
    Kind.BOOLEAN: np.bool_,
    Kind.TEXT: np.object_,
}


@java_type(_NAME)
@dataclass(frozen=True)
class ColumnFunction(AbstractColumnTransform):
    """Replace a column's values by a function of them, one value by one.

    In JSON the function stands by its import path, so it must be at the top level of a module, and
    a reader of the JSON must allow it (``TransformProcess.from_json(allow_user_defined=...)``).

    Args:
        column_name: a column of numbers, times, booleans or text.
        function: takes an array, of int32 (Integer), int64 (Long, and Time in ms since 1970),
            float64, float32, bool, or of Python strings, each different one once; returns as many
            values. What it returns for a value must not depend on the others.
        column_type: type of the result; None keeps the column's.

    >>> import numpy as np
    >>> from datavec import Schema, TransformProcess
    >>> schema = Schema.builder().add_column_double("x").build()
    >>> step = ColumnFunction("x", np.log1p)
    >>> TransformProcess.builder(schema).transform(step).build().execute_record([0.0])
    [0.0]
    """

    column_name: str
    function: Callable[[Array], Any]
    column_type: ColumnType | None = None

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise SchemaError(f"ColumnFunction: {shown(self.function)} is no function")
        if self.column_type is not None:
            object.__setattr__(self, "column_type", ColumnType(self.column_type))

    def new_metadata(self, meta: AbstractColumnMetaData) -> AbstractColumnMetaData:
        kinds = kind_of(meta.column_type), kind_of(self.column_type or meta.column_type)
        if not all(kind in _DTYPE for kind in kinds):
            raise SchemaError(
                f'ColumnFunction: column "{meta.name}" of type {meta.column_type.value} cannot be '
                "given to a function, nor be its result"
            )
        result = self.column_type or meta.column_type
        if result is ColumnType.TIME and isinstance(meta, TimeMetaData):
            return TimeMetaData(meta.name, meta.time_zone)
        if result is ColumnType.BOOLEAN:
            return BooleanMetaData(meta.name)
        return new_metadata(result, meta.name)

    def convert(self, frame: Frame, name: str) -> pa.Array | Array:
        meta = frame.schema.metadata(name)
        given, made = kind_of(meta.column_type), kind_of(self.column_type or meta.column_type)
        if given is Kind.TEXT:
            unique, codes = frame.texts(name)
            out = self._called(np.array(unique, np.object_), made, name)
            if made is Kind.TEXT:
                return text_array(out.tolist()).take(arrow_array(codes))
            return _arrow(out[codes], made, self.new_metadata(meta))
        read = {
            Kind.INT: frame.ints,
            Kind.LONG: frame.longs,
            Kind.TIME: frame.longs,
            Kind.DOUBLE: frame.doubles,
            Kind.FLOAT: frame.floats,
        }
        values = frame.ints(name) != 0 if given is Kind.BOOLEAN else read[given](name)
        return _arrow(self._called(values, made, name), made, self.new_metadata(meta))

    def _called(self, values: Array, made: Kind, name: str) -> Array:
        try:
            out = np.asarray(self.function(values), _DTYPE[made])
        except (ValueError, TypeError, OverflowError) as e:
            raise DataVecError(f'column "{name}": {_shown_function(self.function)}: {e}') from e
        if out.shape != values.shape:
            raise DataVecError(
                f'column "{name}": {_shown_function(self.function)} must return {len(values)} '
                f"values, as many as it is given, but returned an array of shape {list(out.shape)}"
            )
        if made is Kind.TEXT and not all(isinstance(t, str) for t in out):
            bad = next(t for t in out if not isinstance(t, str))
            raise DataVecError(
                f'column "{name}": {_shown_function(self.function)} must return strings, '
                f"but returned {shown(bad)}"
            )
        return out

    def record_step(self, row: RecordTrace, output: Schema) -> RecordTrace:
        name = self.column_name
        given = kind_of(row.schema.type_of(name))
        made = kind_of(output.type_of(name))
        value = row.read(name, Kind.INT if given is Kind.BOOLEAN else given)
        dtype = _DTYPE[given]

        def of_one(value: Any) -> Any:
            result = self._called(np.array([value], dtype), made, name)[0]
            return result.item() if isinstance(result, np.generic) else result

        return row.replaced(output, name, row.call(made, of_one, value))

    # --- JSON -----------------------------------------------------------------------------------

    def to_json_object(self) -> dict[str, Any]:
        """The JSON form; raises SerializationError for a function without import path."""
        out = {"@class": _NAME, "columnName": self.column_name}
        if self.column_type is not None:
            out["columnType"] = self.column_type.value
        return out | {"function": import_path(self.function)}

    @classmethod
    def from_json_object(cls, body: dict[str, Any], path: str) -> ColumnFunction:
        """Read the JSON form; raises SerializationError."""
        name, function, kind = (body.get(k) for k in ("columnName", "function", "columnType"))
        if not isinstance(name, str) or not isinstance(function, str):
            raise SerializationError(f'{path}: expected strings "columnName" and "function"')
        try:
            return cls(name, load_path(function, f"{path}.function"), kind)
        except SerializationError:
            raise
        except ValueError as e:
            raise SerializationError(f"{path}: {e}") from None


def _arrow(values: Array, kind: Kind, meta: AbstractColumnMetaData) -> pa.Array | Array:
    if kind is Kind.TIME:
        return arrow_array(values).cast(meta.arrow_type)
    if kind is Kind.TEXT:
        return text_array(values.tolist())
    return values


def _shown_function(function: Any) -> str:
    return str(getattr(function, "__name__", shown(function)))
