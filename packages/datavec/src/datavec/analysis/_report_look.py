"""What a report shows besides the analysis, gathered in one pass: quality, examples, values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..columns._arrow_io import frame_to_records, frame_to_sequences
from ..columns._convert import as_text, plain_text
from ..columns._frame import Frame
from ..schema._metadata import ColumnType
from ..schema._schema import Schema
from ._data_analysis import DataAnalysis
from ._quality import DataQualityAnalysis
from ._quality_accumulator import QualityAccumulator, missing_mask, valid_mask
from ._sampling import Reservoir
from ._source import gather_frames

__all__ = ["Look", "look_at"]

_EXAMPLES = 5
_FEW = 2048  # columns of text with so many different values at most have them counted


@dataclass
class Look:
    """Values by column name, beside the quality of all."""

    quality: DataQualityAnalysis | None = None
    examples: dict[str, list[Any]] = field(default_factory=dict)
    invalid: dict[str, list[Any]] = field(default_factory=dict)
    frequent: dict[str, dict[str, int]] = field(default_factory=dict)


def look_at(schema: Schema, source: Any, analysis: DataAnalysis, threads: int | None) -> Look:
    """Go through the data once more; readers give text, so that wrong values are seen."""
    quality = QualityAccumulator(schema)
    reservoir = Reservoir(_EXAMPLES, seed=0)
    invalid: dict[str, list[Any]] = {name: [] for name in schema.column_names}
    counted = [
        meta.name
        for meta, found in zip(schema, analysis, strict=True)
        if meta.column_type is ColumnType.STRING
        and 0 < (found.count_unique or 0) <= min(_FEW, found.count - 1)
    ]
    frequent: dict[str, Counter[str]] = {name: Counter() for name in counted}

    def work(frame: Frame) -> tuple[Frame, QualityAccumulator, dict[str, Any], dict[str, Any]]:
        part = QualityAccumulator(schema).add(frame)
        wrong = {
            name: _invalid(frame, name)
            for name, found in zip(schema.column_names, part.result(), strict=True)
            if found.count_invalid
        }
        return frame, part, wrong, {name: _counts(frame, name) for name in counted}

    parts = gather_frames(work, schema, source, as_text=schema.column_names, threads=threads)
    for frame, part, wrong, counts in parts:
        quality.merge(part)
        reservoir.offer(frame)
        for name, values in wrong.items():
            invalid[name] = list(dict.fromkeys([*invalid[name], *values]))[:_EXAMPLES]
        for name, pairs in counts.items():
            frequent[name].update(pairs)
    look = Look(quality.result(), invalid={k: v for k, v in invalid.items() if v})
    look.frequent = {name: dict(c.most_common()) for name, c in frequent.items()}
    for i, name in enumerate(schema.column_names):
        look.examples[name] = [record[i] for record in _records(reservoir.frame)]
    return look


def _records(frame: Frame | None) -> list[list[Any]]:
    """Sampled records; of sequences the first steps."""
    if frame is None:
        return []
    if frame.offsets is None:
        return frame_to_records(frame, "keep")
    return [steps[0] for steps in frame_to_sequences(frame, "keep") if steps]


def _invalid(frame: Frame, name: str) -> list[Any]:
    meta, column = frame.schema.metadata(name), frame.column(name)
    wrong = ~(valid_mask(meta, column) | missing_mask(meta, column))
    rows = np.flatnonzero(wrong)[: 20 * _EXAMPLES]
    values = plain_text(column.take(pa.array(rows))).to_pylist()
    return list(dict.fromkeys(str(v) if isinstance(v, dict) else v for v in values))[:_EXAMPLES]


def _counts(frame: Frame, name: str) -> dict[str, int]:
    pairs = pc.value_counts(as_text(frame.column(name).drop_null(), name)).to_pylist()
    return {p["values"]: p["counts"] for p in pairs}
