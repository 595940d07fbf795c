"""HtmlSequencePlotting: one sequence as a page of line charts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..columns._arrow_arrays import numpy_array
from ..columns._arrow_io import frame_from_sequences
from ..columns._convert import texts_of
from ..schema._metadata import CategoricalMetaData, ColumnType, TimeMetaData
from ..schema._schema import Schema
from ._files import write_file
from ._report import page
from ._report_charts import lines_svg
from ._report_text import count_text, escaped, instant_text, number_text

__all__ = ["HtmlSequencePlotting"]


class HtmlSequencePlotting:
    """A sequence as a web page: a chart over the steps for every column.

    Answers to Deeplearning4j's ``HtmlSequencePlotting``.

    >>> from datavec import Schema
    >>> schema = Schema.builder().add_column_double("load").build_sequence()
    >>> page = HtmlSequencePlotting.create_html_sequence_plots(
    ...     "Machine 7", schema, [[0.5], [0.7], [None], [0.6]])
    >>> "<h1>Machine 7</h1>" in page
    True
    """

    @staticmethod
    def create_html_sequence_plots(
        title: str, schema: Schema, sequence: Sequence[Sequence[Any]]
    ) -> str:
        """The page as text.

        Args:
            title: heading of the page.
            schema: names and types of the columns.
            sequence: steps, each a list of values.

        Raises:
            SchemaError: a step of the wrong width.
        """
        frame = frame_from_sequences(schema, [sequence])
        cards = []
        for meta, column in zip(schema, frame.columns, strict=True):
            name, kind = escaped(meta.name, 200), meta.column_type.value
            label = f"{meta.name} over {len(sequence)} steps"
            present = numpy_array(column.is_valid())
            values = np.full(len(sequence), np.nan)
            note = ""
            levels: tuple[str, ...] = ()
            if meta.column_type.is_numeric or meta.column_type is ColumnType.TIME:
                kept = type(frame)(Schema((meta,)), (column.drop_null(),), int(present.sum()))
                values[present] = kept.doubles(meta.name)
                finite = values[np.isfinite(values)]
                if len(finite):
                    zone = meta.time_zone if isinstance(meta, TimeMetaData) else None
                    low, high = (
                        instant_text(v, zone) if zone else number_text(v)
                        for v in (float(finite.min()), float(finite.max()))
                    )
                    note = f"{low} to {high}"
            elif meta.column_type in (ColumnType.NDARRAY, ColumnType.BYTES):
                note = f"{kind} values are not drawn"
            else:
                unique, codes = texts_of(column, meta.name)
                declared = meta.state_names if isinstance(meta, CategoricalMetaData) else ()
                used = {unique[c] for c in codes[present].tolist()}
                levels = tuple(dict.fromkeys([*declared, *(u for u in unique if u in used)]))
                places = np.array([levels.index(u) if u in used else -1 for u in unique], float)
                if len(unique):
                    values[present] = places[codes[present]]
                note = f"{count_text(len(used))} different"
            chart = ""
            if np.isfinite(values).any():
                chart = lines_svg(values.tolist(), label, levels=levels)
            cards.append(
                f'<section class="card"><div class="head"><h3>{name}</h3>'
                f'<span class="type">{kind}</span></div><p class="lead">{escaped(note)}</p>{chart}</section>'
            )
        steps = f"{count_text(len(sequence))} steps"
        body = (
            f"<header><h1>{escaped(title, 300)}</h1><p class=soft>{steps}</p></header>"
            f'<main><h2 class="hidden">Columns</h2><div class="stack">{"".join(cards)}</div></main>'
            "<footer>Made with datavec.</footer>"
        )
        return page(title, body)

    @staticmethod
    def create_html_sequence_plot_file(
        title: str, schema: Schema, sequence: Sequence[Sequence[Any]], path: str | Path
    ) -> None:
        """Write `create_html_sequence_plots` to a file."""
        write_file(path, HtmlSequencePlotting.create_html_sequence_plots(title, schema, sequence))
