"""Reading several readers side by side, example by example, by one error policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from .._errors import DataVecError, InvalidValueError
from .._policy import ErrorExample, ErrorPolicy, ErrorReport
from ..columns._arrow_io import column_from_values
from ..columns._convert import as_double
from ..columns._frame import Array
from ..readers import AbstractSequenceRecordReader
from ..schema._metadata import DoubleMetaData
from ._sequence_batches import ArraySpec, Chunk, Joint, ZeroLengthSequenceError, one_hot

__all__ = ["JointReading"]

Example = tuple[Any, Any]  # a record or a sequence, and its metadata


def _no_classes(name: str, width: int) -> Sequence[ArraySpec]:
    return ()


@dataclass
class JointReading:
    """What several readers give side by side, some examples at a time.

    An example that one reader cannot give is left out of all, so that they stay in step.

    Args:
        readers: by name.
        size: examples at a time.
        first_decides: the others must not be shorter than the first; else the shortest ends a pass.
        policy: what to do with an example that cannot be used. Columns are named by reader and
            position, as in errors: ``features[2]``.
        one_hot_arrays: for a reader's name and the number of its values, the arrays that take one
            of them as class index.
    """

    readers: Mapping[str, Any]
    size: int
    first_decides: bool = False
    policy: ErrorPolicy = field(default_factory=ErrorPolicy)
    one_hot_arrays: Callable[[str, int], Sequence[ArraySpec]] = _no_classes
    _errors: ErrorReport = field(init=False, default_factory=ErrorReport)
    _widths: dict[str, int] = field(init=False, default_factory=dict)

    @property
    def errors(self) -> ErrorReport:
        """What was left out or replaced in the last pass over the readers, by them or here."""
        total = ErrorReport()
        for reader in self.readers.values():
            own = getattr(reader, "errors", None)
            if isinstance(own, ErrorReport):
                total.merge(own)
        total.merge(self._errors)
        return total

    def __iter__(self) -> Iterator[Joint]:
        """One pass.

        Raises:
            DataVecError: a value that is no number, a class that does not exist, records of
                different widths, a reader that is too short.
            ZeroLengthSequenceError: a sequence without steps.
        """
        self._errors, self._widths = ErrorReport(), {}
        sources = {name: _examples(reader) for name, reader in self.readers.items()}
        while True:
            parts = {name: list(islice(source, self.size)) for name, source in sources.items()}
            count = min(map(len, parts.values()))
            if self.first_decides and count < len(next(iter(parts.values()))):
                raise DataVecError("the labels reader has fewer sequences than the features")
            parts = {name: part[:count] for name, part in parts.items()}
            if self.policy.skips:
                parts = self._usable(parts)
            if any(parts.values()):
                yield Joint(tuple(self._chunk(n, p, self._errors) for n, p in parts.items()))
            if count < self.size:
                break
        self.errors.log("examples of " + ", ".join(self.readers))

    # --- leaving out ------------------------------------------------------------------------------

    def _usable(self, parts: dict[str, list[Example]]) -> dict[str, list[Example]]:
        bad: dict[int, tuple[str, DataVecError]] = {}
        for name, part in parts.items():
            for i, error in self._unusable(name, part).items():
                bad.setdefault(i, (name, error))
        for i, (name, error) in bad.items():
            invalid = error if isinstance(error, InvalidValueError) else None
            place = _place(parts[name][i][1])
            self._errors.add(
                "skipped",
                None if invalid is None else invalid.column,
                str(error) if invalid is None else _reason(invalid),
                examples=[] if invalid is None else [ErrorExample(invalid.value, place)],
            )
        return {
            name: [example for i, example in enumerate(part) if i not in bad]
            for name, part in parts.items()
        }

    def _unusable(self, name: str, part: list[Example]) -> dict[int, DataVecError]:
        with suppress(DataVecError):  # the usual case: nothing is wrong
            self._chunk(name, part, ErrorReport())
            return {}
        found: dict[int, DataVecError] = {}
        for i, example in enumerate(part):
            try:
                self._chunk(name, [example], ErrorReport())
            except DataVecError as e:
                found[i] = e
        return found

    # --- numbers ----------------------------------------------------------------------------------

    def _chunk(self, name: str, part: list[Example], report: ErrorReport) -> Chunk:
        metadata = [m for _, m in part]
        if not isinstance(self.readers[name], AbstractSequenceRecordReader):
            arrays: dict[int, Array] = {}
            values = self._numbers(name, [r for r, _ in part], metadata, report, arrays)
            return Chunk(name, values, None, metadata, arrays)
        for steps, where in part:
            if not steps:
                raise ZeroLengthSequenceError(
                    f'reader "{name}": sequence without steps at {_place(where)}'
                )
        offsets = np.cumsum([0, *(len(steps) for steps, _ in part)], dtype=np.int64)
        rows = [step for steps, _ in part for step in steps]
        places = [where for steps, where in part for _ in steps]
        return Chunk(name, self._numbers(name, rows, places, report), offsets, metadata)

    def _numbers(
        self,
        name: str,
        rows: list[Sequence[Any]],
        places: list[Any],
        report: ErrorReport,
        arrays: dict[int, Array] | None = None,
    ) -> Array:
        """Rows of values as float64 [rows, columns]; columns of arrays go into `arrays`."""
        width = self._widths.get(name, len(rows[0]) if rows else 0)
        for i, row in enumerate(rows):
            if len(row) != width:
                raise DataVecError(
                    f'reader "{name}", row {i} of the batch: expected {width} values, '
                    f"received {len(row)}"
                )
        out = np.zeros((len(rows), width))
        for c in range(width):
            values = [row[c] for row in rows]
            if arrays is not None and values and isinstance(values[0], np.ndarray):
                arrays[c] = _stacked(values, f"{name}[{c}]")
                continue
            self._repaired(
                lambda c=c, values=values: _column(out, c, values, f"{name}[{c}]"),  # type: ignore[misc]
                values.__setitem__,
                places,
                report,
            )
        # Without a policy the arrays' own check is enough, when they are packed.
        for spec in () if self.policy.raises else self.one_hot_arrays(name, width):
            column = out[:, spec.columns(width)[0]]
            self._repaired(
                lambda spec=spec, column=column: one_hot(column, spec, name),  # type: ignore[misc]
                column.__setitem__,
                places,
                report,
            )
        self._widths.setdefault(name, width)
        return out

    def _repaired(
        self,
        use: Callable[[], object],
        put: Callable[[int, Any], None],
        places: list[Any],
        report: ErrorReport,
    ) -> None:
        """Call `use`; where it refuses values that have a replacement, put that and try again."""
        done: set[int] = set()
        while True:
            try:
                use()
                return
            except InvalidValueError as e:
                error = e
            value = self.policy.replacement(error.column)
            if value is None:
                raise error
            if not done.isdisjoint(error.rows):
                raise DataVecError(
                    f'the replacement {value!r} for column "{error.column}" cannot be used either: '
                    f"{error}"
                )
            done.update(error.rows)
            for row in error.rows:
                put(row, value)
            place = _place(places[error.rows[0]])
            report.add(
                "replaced",
                error.column,
                _reason(error),
                count=len(error.rows),
                examples=[ErrorExample(error.value, place)],
            )


def _examples(reader: Any) -> Iterator[Example]:
    if isinstance(reader, AbstractSequenceRecordReader):
        return reader.sequences()
    records: Iterator[Example] = reader.records()
    return records


def _column(out: Array, c: int, values: list[Any], name: str) -> None:
    out[:, c] = as_double(column_from_values(values, DoubleMetaData(name)), name)


def _stacked(values: list[Any], name: str) -> Array:
    """Arrays of one shape, [1, …] or […], as float32 [rows, …]; raises InvalidValueError."""
    shape = values[0].shape
    bad = [i for i, v in enumerate(values) if not isinstance(v, np.ndarray) or v.shape != shape]
    if bad:
        raise InvalidValueError(name, f"an array of shape {shape}", values[bad[0]], bad)
    joined = np.concatenate if len(shape) > 1 and shape[0] == 1 else np.stack
    return joined(values).astype(np.float32, copy=False)


def _reason(error: InvalidValueError) -> str:
    return "missing value" if error.value is None else f"expected {error.expected}"


def _place(metadata: Any) -> str:
    return str(getattr(metadata, "location", metadata))
