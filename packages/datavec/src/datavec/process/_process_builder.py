"""Building a TransformProcess step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .. import transforms as t
from .._errors import SchemaError
from ..schema._metadata import ColumnType
from ..schema._schema import Schema
from ..writables._writable import Writable
from ._action import AbstractAction, AbstractTransform
from ._comparators import AbstractSequenceComparator, AbstractWritableComparator
from ._condition import AbstractCondition
from ._filter import AbstractFilter, ConditionFilter, FilterInvalidValues
from ._process import TransformProcess

if TYPE_CHECKING:
    from ..analysis import DataAnalysis

__all__ = ["TransformProcessBuilder"]


class TransformProcessBuilder:
    """Collects steps; every method adds steps and returns the builder.

    Each step is checked against the schema it will get at once, so a mistake is reported in the
    line that makes it. Any transform without a method of its own is added by `transform`.

    >>> from datavec import Schema
    >>> schema = Schema.builder().add_columns_double("a", "b").build()
    >>> tp = TransformProcessBuilder(schema).double_math_op("a", "Multiply", 2.0).build()
    >>> tp.execute_record([3.0, 1.0])
    [6.0, 1.0]
    """

    def __init__(self, schema: Schema) -> None:
        if not isinstance(schema, Schema):
            raise TypeError(f"TransformProcess: expected a Schema, received {schema!r:.80}")
        self._initial = self._schema = schema
        self._actions: list[AbstractAction] = []

    @property
    def schema(self) -> Schema:
        """Schema after the steps so far."""
        return self._schema

    def build(self) -> TransformProcess:
        """The process with all steps so far."""
        return TransformProcess(self._initial, tuple(self._actions))

    def add(self, action: AbstractAction) -> TransformProcessBuilder:
        """Add any step."""
        try:
            self._schema = action.output_schema(self._schema)
        except SchemaError as e:
            raise SchemaError(f"step {len(self._actions)} {type(action).__name__}: {e}") from None
        self._actions.append(action)
        return self

    # --- generic --------------------------------------------------------------------------------

    def transform(self, transform: AbstractTransform) -> TransformProcessBuilder:
        """Add a transform."""
        return self.add(transform)

    def filter(self, what: AbstractFilter | AbstractCondition) -> TransformProcessBuilder:
        """Remove records by a filter, or those for which a condition is true."""
        return self.add(ConditionFilter(what) if isinstance(what, AbstractCondition) else what)

    def filter_invalid_values(self, *columns: str) -> TransformProcessBuilder:
        """Remove records with invalid values in the columns (none given: in any column)."""
        return self.add(FilterInvalidValues(columns or None))

    def map_column(
        self, column: str, function: Callable[[Any], Any], result: ColumnType | str | None = None
    ) -> TransformProcessBuilder:
        """Replace a column by a function of its NumPy values; see `ColumnFunction`."""
        kind = None if result is None else ColumnType(result)
        return self.add(t.ColumnFunction(column, function, kind))

    # --- columns --------------------------------------------------------------------------------

    def remove_columns(self, *names: str) -> TransformProcessBuilder:
        """Remove columns."""
        return self.add(t.RemoveColumnsTransform(names))

    def remove_all_columns_except_for(self, *names: str) -> TransformProcessBuilder:
        """Keep only these columns."""
        return self.add(t.RemoveAllColumnsExceptForTransform(names))

    def rename_column(self, old: str, new: str) -> TransformProcessBuilder:
        """Rename a column."""
        return self.add(t.RenameColumnsTransform((old,), (new,)))

    def rename_columns(self, names: Mapping[str, str]) -> TransformProcessBuilder:
        """Rename columns by a map from old to new names."""
        return self.add(t.RenameColumnsTransform(tuple(names), tuple(names.values())))

    def reorder_columns(self, *names: str) -> TransformProcessBuilder:
        """Put these columns first."""
        return self.add(t.ReorderColumnsTransform(names))

    def duplicate_column(self, name: str, new_name: str) -> TransformProcessBuilder:
        """Copy a column; the copy follows its source."""
        return self.add(t.DuplicateColumnsTransform((name,), (new_name,)))

    def duplicate_columns(
        self, names: Iterable[str], new_names: Iterable[str]
    ) -> TransformProcessBuilder:
        """Copy columns; new names are given out in schema order."""
        return self.add(t.DuplicateColumnsTransform(tuple(names), tuple(new_names)))

    def add_constant_column(
        self, name: str, column_type: ColumnType | str, value: Any
    ) -> TransformProcessBuilder:
        """Add a column with one value."""
        kind = ColumnType(column_type)
        return self.add(t.AddConstantColumnTransform(name, kind, Writable.of(value, kind.value)))

    def add_constant_double_column(self, name: str, value: float) -> TransformProcessBuilder:
        """Add a Double column with one value."""
        return self.add_constant_column(name, ColumnType.DOUBLE, value)

    def add_constant_integer_column(self, name: str, value: int) -> TransformProcessBuilder:
        """Add an Integer column with one value."""
        return self.add_constant_column(name, ColumnType.INTEGER, value)

    def add_constant_long_column(self, name: str, value: int) -> TransformProcessBuilder:
        """Add a Long column with one value."""
        return self.add_constant_column(name, ColumnType.LONG, value)

    # --- numbers --------------------------------------------------------------------------------

    def integer_math_op(
        self, column: str, op: str | t.MathOp, scalar: int
    ) -> TransformProcessBuilder:
        """Integer column op scalar."""
        return self.add(t.IntegerMathOpTransform(column, t.MathOp(op), scalar))

    def integer_columns_math_op(
        self, new_column: str, op: str | t.MathOp, *columns: str
    ) -> TransformProcessBuilder:
        """New Integer column from Integer columns."""
        return self.add(t.IntegerColumnsMathOpTransform(new_column, t.MathOp(op), columns))

    def long_math_op(self, column: str, op: str | t.MathOp, scalar: int) -> TransformProcessBuilder:
        """Long column op scalar."""
        return self.add(t.LongMathOpTransform(column, t.MathOp(op), scalar))

    def long_columns_math_op(
        self, new_column: str, op: str | t.MathOp, *columns: str
    ) -> TransformProcessBuilder:
        """New Long column from Long columns."""
        return self.add(t.LongColumnsMathOpTransform(new_column, t.MathOp(op), columns))

    def float_math_op(
        self, column: str, op: str | t.MathOp, scalar: float
    ) -> TransformProcessBuilder:
        """Float column op scalar."""
        return self.add(t.FloatMathOpTransform(column, t.MathOp(op), scalar))

    def float_columns_math_op(
        self, new_column: str, op: str | t.MathOp, *columns: str
    ) -> TransformProcessBuilder:
        """New Float column from Float columns."""
        return self.add(t.FloatColumnsMathOpTransform(new_column, t.MathOp(op), columns))

    def float_math_function(
        self, column: str, function: str | t.MathFunction
    ) -> TransformProcessBuilder:
        """Apply a function; the column becomes Float."""
        return self.add(t.FloatMathFunctionTransform(column, t.MathFunction(function)))

    def double_math_op(
        self, column: str, op: str | t.MathOp, scalar: float
    ) -> TransformProcessBuilder:
        """Double column op scalar."""
        return self.add(t.DoubleMathOpTransform(column, t.MathOp(op), scalar))

    def double_columns_math_op(
        self, new_column: str, op: str | t.MathOp, *columns: str
    ) -> TransformProcessBuilder:
        """New Double column from Double columns."""
        return self.add(t.DoubleColumnsMathOpTransform(new_column, t.MathOp(op), columns))

    def double_math_function(
        self, column: str, function: str | t.MathFunction
    ) -> TransformProcessBuilder:
        """Apply a function; the column becomes Double."""
        return self.add(t.DoubleMathFunctionTransform(column, t.MathFunction(function)))

    def convert_to_string(self, column: str) -> TransformProcessBuilder:
        """Convert to String."""
        return self.add(t.ConvertToString(column))

    def convert_to_double(self, column: str) -> TransformProcessBuilder:
        """Convert to Double."""
        return self.add(t.ConvertToDouble(column))

    def convert_to_float(self, column: str) -> TransformProcessBuilder:
        """Convert to Float."""
        return self.add(t.ConvertToFloat(column))

    def convert_to_integer(self, column: str) -> TransformProcessBuilder:
        """Convert to Integer."""
        return self.add(t.ConvertToInteger(column))

    def normalize(
        self, column: str, kind: t.Normalize | str, analysis: DataAnalysis
    ) -> TransformProcessBuilder:
        """Normalise by the statistics that ``analysis.analyze`` found, for instance "MinMax"."""
        return self.add(t.normalizer_from(column, kind, analysis))

    def normalize_min_max(
        self,
        column: str,
        *,
        min: float,
        max: float,
        new_min: float = 0.0,
        new_max: float = 1.0,
    ) -> TransformProcessBuilder:
        """Scale linearly from [min, max] to [new_min, new_max]."""
        return self.add(t.MinMaxNormalizer(column, min, max, new_min, new_max))

    def normalize_standardize(
        self, column: str, *, mean: float, stdev: float
    ) -> TransformProcessBuilder:
        """Subtract the mean, divide by the standard deviation."""
        return self.add(t.StandardizeNormalizer(column, mean, stdev))

    def normalize_subtract_mean(self, column: str, *, mean: float) -> TransformProcessBuilder:
        """Subtract the mean."""
        return self.add(t.SubtractMeanNormalizer(column, mean))

    def normalize_log2_mean(
        self, column: str, *, mean: float, min: float, scaling_factor: float = 0.5
    ) -> TransformProcessBuilder:
        """scaling_factor·log2((x − min)/(mean − min) + 1)."""
        return self.add(t.Log2Normalizer(column, mean, min, scaling_factor))

    # --- categories -----------------------------------------------------------------------------

    def categorical_to_integer(self, *columns: str) -> TransformProcessBuilder:
        """Replace categories by their index."""
        for column in columns:
            self.add(t.CategoricalToIntegerTransform(column))
        return self

    def categorical_to_one_hot(self, *columns: str) -> TransformProcessBuilder:
        """Replace each column by one 0/1 column per category."""
        for column in columns:
            self.add(t.CategoricalToOneHotTransform(column))
        return self

    def integer_to_categorical(
        self, column: str, states: Mapping[int, str] | Iterable[str]
    ) -> TransformProcessBuilder:
        """Replace integers by category names (a map, or a list for 0, 1, …)."""
        mapping = dict(states) if isinstance(states, Mapping) else dict(enumerate(states))
        return self.add(t.IntegerToCategoricalTransform(column, mapping))

    def integer_to_one_hot(
        self, column: str, min_value: int, max_value: int
    ) -> TransformProcessBuilder:
        """Replace an integer column by one 0/1 column per value."""
        return self.add(t.IntegerToOneHotTransform(column, min_value, max_value))

    def string_to_categorical(self, column: str, states: Iterable[str]) -> TransformProcessBuilder:
        """Declare a text column categorical."""
        return self.add(t.StringToCategoricalTransform(column, tuple(states)))

    def pivot(
        self, key_column: str, value_column: str, default: Any = None
    ) -> TransformProcessBuilder:
        """Spread a value column over one column per category of the key column."""
        value = None if default is None else Writable.of(default)
        return self.add(t.PivotTransform(key_column, value_column, value))

    def first_digit(
        self, input_column: str, output_column: str, mode: str = "INCLUDE_OTHER_CATEGORY"
    ) -> TransformProcessBuilder:
        """The first digit of a value as a category."""
        return self.add(t.FirstDigitTransform(input_column, output_column, t.FirstDigitMode(mode)))

    # --- text -----------------------------------------------------------------------------------

    def append_string(self, column: str, text: str) -> TransformProcessBuilder:
        """Append a text."""
        return self.add(t.AppendStringColumnTransform(column, text))

    def change_case(self, column: str, case: str = "LOWER") -> TransformProcessBuilder:
        """Change to lower or upper case."""
        return self.add(t.ChangeCaseStringTransform(column, t.CaseType(case.upper())))

    def concatenate_strings(
        self, new_column: str, delimiter: str, *columns: str
    ) -> TransformProcessBuilder:
        """Join columns as text into a new column."""
        return self.add(t.ConcatenateStringColumns(new_column, delimiter, columns))

    def remove_whitespace(self, *columns: str) -> TransformProcessBuilder:
        """Remove all white space."""
        for column in columns:
            self.add(t.RemoveWhiteSpaceTransform(column))
        return self

    def replace_empty_string(self, column: str, value: str) -> TransformProcessBuilder:
        """Put a value where the text is empty."""
        return self.add(t.ReplaceEmptyStringTransform(column, value))

    def replace_string(self, column: str, mapping: Mapping[str, str]) -> TransformProcessBuilder:
        """Replace matches of Java regular expressions, in order."""
        return self.add(t.ReplaceStringTransform(column, dict(mapping)))

    def string_map(self, column: str, mapping: Mapping[str, str]) -> TransformProcessBuilder:
        """Replace whole texts by a map."""
        return self.add(t.StringMapTransform(column, dict(mapping)))

    def map_all_strings_except(
        self, column: str, new_value: str, exceptions: Iterable[str]
    ) -> TransformProcessBuilder:
        """Put one text for all that are not listed."""
        return self.add(t.MapAllStringsExceptListTransform(column, new_value, tuple(exceptions)))

    # --- time -----------------------------------------------------------------------------------

    def string_to_time(
        self,
        column: str,
        time_format: str | None = None,
        time_zone: str = "UTC",
        *,
        locale: str | None = None,
    ) -> TransformProcessBuilder:
        """Parse text to times by a Joda pattern."""
        return self.add(t.StringToTimeTransform(column, time_format, time_zone, locale))

    def time_math_op(
        self, column: str, op: str | t.MathOp, quantity: int, unit: str | t.TimeUnit
    ) -> TransformProcessBuilder:
        """Shift times by a duration."""
        return self.add(t.TimeMathOpTransform(column, t.MathOp(op), quantity, t.TimeUnit(unit)))

    def derive_columns_from_time(
        self, column: str, *derived: t.DerivedColumn, insert_after: str | None = None
    ) -> TransformProcessBuilder:
        """Add calendar fields or formatted texts of a Time column."""
        return self.add(t.DeriveColumnsFromTimeTransform(column, derived, insert_after))

    # --- sequences and groups -------------------------------------------------------------------

    def convert_to_sequence(
        self, *key_columns: str, comparator: AbstractSequenceComparator | None = None
    ) -> TransformProcessBuilder:
        """Group records by keys and sort each group; without keys each record is a sequence."""
        single = not key_columns
        return self.add(t.ConvertToSequence(key_columns or None, comparator, single))

    def convert_from_sequence(self) -> TransformProcessBuilder:
        """Make a record of every step."""
        return self.add(t.ConvertFromSequence())

    def split_sequence(self, split: t.AbstractSequenceSplit) -> TransformProcessBuilder:
        """Cut sequences."""
        return self.add(split)

    def trim_sequence(self, steps: int, *, from_start: bool) -> TransformProcessBuilder:
        """Remove steps from one end of each sequence."""
        return self.add(t.SequenceTrimTransform(steps, from_start))

    def trim_sequence_to_length(self, max_length: int) -> TransformProcessBuilder:
        """Cut sequences at a length."""
        return self.add(t.SequenceTrimToLengthTransform(max_length, t.TrimMode.TRIM))

    def trim_or_pad_sequence_to_length(
        self, length: int, pad: Iterable[Any]
    ) -> TransformProcessBuilder:
        """Bring sequences to one length; `pad` holds one value per column."""
        values = tuple(
            Writable.of(v, m.column_type.value) for v, m in zip(pad, self._schema, strict=False)
        )
        return self.add(t.SequenceTrimToLengthTransform(length, t.TrimMode.TRIM_OR_PAD, values))

    def offset_sequence(
        self,
        *columns: str,
        amount: int,
        operation: str | t.OperationType = "NewColumn",
        edge_value: Any = None,
    ) -> TransformProcessBuilder:
        """Shift columns along the sequence; without `edge_value` incomplete steps are removed."""
        edge = t.EdgeHandling.TRIM_SEQUENCE
        if edge_value is not None:
            edge = t.EdgeHandling.SPECIFIED_VALUE
            edge_value = self._constant(columns[0], edge_value)
        kind = t.OperationType(operation)
        return self.add(t.SequenceOffsetTransform(columns, amount, kind, edge, edge_value))

    def sequence_difference(
        self, column: str, new_column: str | None = None, *, lookback: int = 1
    ) -> TransformProcessBuilder:
        """Replace a column by the difference to an earlier step."""
        return self.add(t.SequenceDifferenceTransform(column, new_column, lookback))

    def sequence_moving_window_reduce(
        self, column: str, lookback: int, op: str | t.ReduceOp
    ) -> TransformProcessBuilder:
        """Reduce the last steps into a new column."""
        return self.add(t.SequenceMovingWindowReduceTransform(column, lookback, t.ReduceOp(op)))

    def reduce(self, reducer: t.Reducer) -> TransformProcessBuilder:
        """Reduce records of equal keys to one."""
        return self.add(reducer)

    def reduce_sequence(self, reducer: t.Reducer) -> TransformProcessBuilder:
        """Reduce every sequence to one record."""
        return self.add(t.ReduceSequenceTransform(reducer)).add(t.ConvertFromSequence())

    def reduce_sequence_by_window(
        self, reducer: t.Reducer, window: t.AbstractWindowFunction
    ) -> TransformProcessBuilder:
        """Reduce every window of a sequence to one step."""
        return self.add(t.ReduceSequenceByWindowTransform(reducer, window))

    def calculate_sorted_rank(
        self,
        new_column: str,
        sort_on: str,
        comparator: AbstractWritableComparator,
        *,
        ascending: bool = True,
    ) -> TransformProcessBuilder:
        """Sort records and append their rank."""
        return self.add(t.CalculateSortedRank(new_column, sort_on, comparator, ascending))

    # --- arrays ---------------------------------------------------------------------------------

    def ndarray_scalar_op(
        self, column: str, op: str | t.MathOp, scalar: float
    ) -> TransformProcessBuilder:
        """Array op scalar."""
        return self.add(t.NDArrayScalarOpTransform(column, t.MathOp(op), scalar))

    def ndarray_columns_math_op(
        self, new_column: str, op: str | t.MathOp, *columns: str
    ) -> TransformProcessBuilder:
        """Combine arrays of equal shape."""
        return self.add(t.NDArrayColumnsMathOpTransform(new_column, t.MathOp(op), columns))

    def ndarray_math_function(
        self, column: str, function: str | t.MathFunction
    ) -> TransformProcessBuilder:
        """Apply a function to every value."""
        return self.add(t.NDArrayMathFunctionTransform(column, t.MathFunction(function)))

    def ndarray_distance(
        self, new_column: str, distance: str | t.Distance, first: str, second: str
    ) -> TransformProcessBuilder:
        """Distance of two columns' arrays."""
        return self.add(t.NDArrayDistanceTransform(new_column, t.Distance(distance), first, second))

    # --- values ---------------------------------------------------------------------------------

    def replace_empty_integer(self, column: str, value: int) -> TransformProcessBuilder:
        """Put a number where an Integer column is empty."""
        return self.add(t.ReplaceEmptyIntegerWithValueTransform(column, value))

    def replace_invalid_integer(self, column: str, value: int) -> TransformProcessBuilder:
        """Put a number where an Integer column is invalid."""
        return self.add(t.ReplaceInvalidWithIntegerTransform(column, value))

    def conditional_replace_value(
        self, column: str, value: Any, condition: AbstractCondition
    ) -> TransformProcessBuilder:
        """Put a value where a condition holds."""
        return self.add(
            t.ConditionalReplaceValueTransform(column, self._constant(column, value), condition)
        )

    def conditional_replace_value_with_default(
        self, column: str, yes: Any, no: Any, condition: AbstractCondition
    ) -> TransformProcessBuilder:
        """Put one value where a condition holds and another elsewhere."""
        return self.add(
            t.ConditionalReplaceValueTransformWithDefault(
                column, self._constant(column, yes), self._constant(column, no), condition
            )
        )

    def conditional_copy_value(
        self, column: str, source: str, condition: AbstractCondition
    ) -> TransformProcessBuilder:
        """Copy another column's value where a condition holds."""
        return self.add(t.ConditionalCopyValueTransform(column, source, condition))

    def _constant(self, column: str, value: Any) -> Writable:
        return Writable.of(value, self._schema.type_of(column).value)
