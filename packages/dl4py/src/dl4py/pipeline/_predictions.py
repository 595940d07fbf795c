"""Predictions with names: of one record, and of many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dl4py.pipeline._outputs import Outputs

if TYPE_CHECKING:
    from datavec import ErrorReport


class Prediction:
    """What a pipeline says about one record.

    Attributes:
        label: the most probable class; None where the network gives values.
        probabilities: probability of each class by name; empty where the network gives values.
        values: the values by name, in original units; empty for a classifier.
    """

    __slots__ = ("label", "probabilities", "values")

    label: str | None
    probabilities: dict[str, float]
    values: dict[str, float]

    def __init__(self, outputs: Outputs, numbers: list[float]) -> None:
        if not outputs.classifies:
            self.label = None
            self.probabilities = {}
            self.values = dict(zip(outputs.names, numbers, strict=True))
            return
        if outputs.is_binary:
            numbers = [1.0 - numbers[0], numbers[0]]
        names = outputs.names
        self.label = names[numbers.index(max(numbers))] if numbers[0] == numbers[0] else names[0]
        self.probabilities = dict(zip(names, numbers, strict=True))
        self.values = {}

    @property
    def value(self) -> float:
        """The only value; raises ValueError where there are several, or classes."""
        if len(self.values) != 1:
            raise ValueError(f"value: there are {len(self.values)} values; use values or label")
        return next(iter(self.values.values()))

    @property
    def probability(self) -> float:
        """The probability of `label`; raises ValueError where the network gives values."""
        if self.label is None:
            raise ValueError("probability: the network gives values, not classes; use values")
        return self.probabilities[self.label]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prediction):
            return NotImplemented
        mine = (self.label, self.probabilities, self.values)
        return mine == (other.label, other.probabilities, other.values)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if self.label is not None:
            return f"Prediction({self.label!r}, probability {self.probability:.4g})"
        return f"Prediction({', '.join(f'{n}={v:.6g}' for n, v in self.values.items())})"


class Predictions:
    """What a pipeline says about many records; a sequence of `Prediction`, and an Arrow table.

    pandas, polars, DuckDB and pyarrow take it as a table by its ``__arrow_c_stream__``; see `to_arrow`.

    Attributes:
        outputs: the names of the network's outputs.
        numbers: float32 ``[n, outputs]`` as the network gives them, values in original units.
        rows: position in the data of each record predicted, int64 ``[n]``: filters and skipped records
            leave gaps. None where the transform groups or sorts records.
        steps: step of its sequence that each prediction is about, int64 ``[n]``; None unless the
            network gives one for every step.
        errors: what was left out or replaced, a ``datavec.ErrorReport``; None for a part of the data.
    """

    def __init__(
        self,
        outputs: Outputs,
        numbers: NDArray[np.float32],
        rows: NDArray[np.int64] | None,
        steps: NDArray[np.int64] | None = None,
        errors: ErrorReport | None = None,
    ) -> None:
        self.outputs = outputs
        self.numbers = numbers
        self.rows = rows
        self.steps = steps
        self.errors = errors

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Probabilities ``[n, classes]``; raises ValueError where the network gives values."""
        if not self.outputs.classifies:
            raise ValueError("probabilities: the network gives values, not classes; use numbers")
        if self.outputs.is_binary:
            return np.concatenate([1 - self.numbers, self.numbers], axis=1)
        return self.numbers

    @property
    def labels(self) -> list[str]:
        """The most probable class of each record; raises ValueError where the network gives values."""
        names = self.outputs.names
        return [names[i] for i in self.probabilities.argmax(axis=1).tolist()]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Prediction:
        return Prediction(self.outputs, self.numbers[index].tolist())

    def __iter__(self) -> Iterator[Prediction]:
        for numbers in self.numbers.tolist():
            yield Prediction(self.outputs, numbers)

    def __repr__(self) -> str:
        left = f", {self.errors.summary()}" if self.errors else ""
        return f"<Predictions: {len(self)} of {', '.join(self.outputs.names):.60}{left}>"

    def to_arrow(self, *, with_rows: bool = False) -> Any:
        """A ``pyarrow.Table``.

        A classifier gives ``predicted`` and a column ``probability_<class>`` for each class, another
        network one column per value under its label's name.

        Args:
            with_rows: put ``row``, each record's position in the data, in front; predictions for steps
                have ``row`` and ``step`` anyway.
        """
        import pyarrow as pa

        columns: dict[str, Any] = {}
        if self.rows is not None and (with_rows or self.steps is not None):
            columns["row"] = self.rows
        if self.steps is not None:
            columns["step"] = self.steps
        names = self.outputs.names
        if self.outputs.classifies:
            chosen = pa.array(self.probabilities.argmax(axis=1).astype(np.int32))
            columns["predicted"] = pa.DictionaryArray.from_arrays(chosen, list(names)).cast(
                "string"
            )
            columns |= {f"probability_{n}": self.probabilities[:, i] for i, n in enumerate(names)}
        else:
            columns |= {n: self.numbers[:, i] for i, n in enumerate(names)}
        arrays = [pa.array(c) if isinstance(c, np.ndarray) else c for c in columns.values()]
        return pa.table(dict(zip(columns, arrays, strict=True)))

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.to_arrow().__arrow_c_stream__(requested_schema)
