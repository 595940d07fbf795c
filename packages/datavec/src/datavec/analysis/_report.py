"""HtmlAnalysis: an analysis as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..schema._schema import Schema
from ._analyze import analyze
from ._columns import (
    AbstractNumericalAnalysis,
    CategoricalAnalysis,
    NDArrayAnalysis,
    StringAnalysis,
    TimeAnalysis,
)
from ._data_analysis import DataAnalysis, SequenceDataAnalysis
from ._files import write_file
from ._quality import DataQualityAnalysis
from ._report_bars import bars_of
from ._report_cards import ColumnView, card, distinct_text, length_card
from ._report_charts import sparkline_svg
from ._report_look import Look, look_at
from ._report_style import STYLE
from ._report_text import count_text, escaped, instant_text, number_text, share_text
from ._source import can_read_again

__all__ = ["HtmlAnalysis"]


class HtmlAnalysis:
    """An analysis as a web page: one file, no scripts, nothing loaded; light and dark.

    Answers to Deeplearning4j's ``HtmlAnalysis``.

    >>> import pyarrow as pa
    >>> from datavec import Schema
    >>> schema = Schema.builder().add_column_integer("age").build()
    >>> page = HtmlAnalysis.create_html_analysis_string(
    ...     analyze(schema, pa.table({"age": [31, 44]})), title="Customers")
    >>> page.startswith("<!doctype html>"), "<h1>Customers</h1>" in page
    (True, True)
    """

    @staticmethod
    def create_html_analysis_string(
        analysis: DataAnalysis,
        *,
        quality: DataQualityAnalysis | None = None,
        examples: Mapping[str, Sequence[Any]] | None = None,
        invalid: Mapping[str, Sequence[Any]] | None = None,
        frequent: Mapping[str, Mapping[str, int]] | None = None,
        title: str = "Data analysis",
    ) -> str:
        """The page as text. Names and values from the data are escaped.

        Args:
            analysis: what `analyze` or `analyze_sequence` found.
            quality: what `analyze_quality` found, for counts of invalid values.
            examples: some values by column name.
            invalid: some invalid values by column name.
            frequent: counts of the values of String columns by column name, the largest first.
            title: heading of the page.
        """
        views = [
            ColumnView(
                number=i,
                meta=meta,
                analysis=found,
                quality=None if quality is None else quality[meta.name],
                examples=(examples or {}).get(meta.name, ()),
                invalid=(invalid or {}).get(meta.name, ()),
                frequent=(frequent or {}).get(meta.name, {}),
            )
            for i, (meta, found) in enumerate(zip(analysis.schema, analysis, strict=True))
        ]
        lengths = None
        if isinstance(analysis, SequenceDataAnalysis):
            lengths = analysis.sequence_length_analysis
        cards = [length_card(lengths)] if lengths is not None else []
        cards += [card(view) for view in views]
        body = (
            f"<header><h1>{escaped(title, 300)}</h1><p class=soft>{_summary(views)}</p>"
            f"{_tiles(analysis, views)}</header><main>"
            f"<h2>Overview</h2>{_overview(views)}"
            f'<h2>Columns</h2><div class="cards">{"".join(cards)}</div></main>'
            "<footer>Made with datavec.</footer>"
        )
        return page(title, body)

    @staticmethod
    def create_html_analysis_file(analysis: DataAnalysis, path: str | Path, **options: Any) -> None:
        """Write `create_html_analysis_string` (same keyword arguments) to a file."""
        write_file(path, HtmlAnalysis.create_html_analysis_string(analysis, **options))

    @staticmethod
    def report(
        schema: Schema,
        source: Any,
        path: str | Path,
        *,
        max_histogram_buckets: int = 30,
        title: str = "Data analysis",
        threads: int | None = None,
    ) -> DataAnalysis:
        """Analyse data and write the page with everything: quality and examples too.

        Values that do not fit their column are counted, not raised.

        Args:
            schema: names, types and restrictions of the columns.
            source: as in `analyze`; a stream that can be read only once gives a page without
                quality and examples.
            path: of the HTML file.
            max_histogram_buckets: number of buckets.
            title: heading of the page.
            threads: as in `analyze`.

        Returns:
            The analysis.
        """
        found = analyze(schema, source, max_histogram_buckets, on_error="skip", threads=threads)
        look = look_at(schema, source, found, threads) if can_read_again(source) else Look()
        HtmlAnalysis.create_html_analysis_file(found, path, title=title, **vars(look))
        return found


def page(title: str, body: str) -> str:
    """A whole HTML document; its policy forbids everything but its own styles."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escaped(title, 300)}</title><style>{STYLE}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def _summary(views: Sequence[ColumnView]) -> str:
    kinds: dict[str, int] = {}
    for view in views:
        kind = view.meta.column_type.value
        kinds[kind] = kinds.get(kind, 0) + 1
    return escaped(", ".join(f"{n} {kind}" for kind, n in kinds.items()))


def _tiles(analysis: DataAnalysis, views: Sequence[ColumnView]) -> str:
    rows = max(view.total for view in views)
    cells = sum(view.total for view in views)
    missing = sum(view.missing for view in views)
    invalid = sum(view.invalid_count for view in views)
    tiles = [("Rows", count_text(rows)), ("Columns", count_text(len(views)))]
    if isinstance(analysis, SequenceDataAnalysis):
        sequences = analysis.sequence_length_analysis.total_num_sequences
        tiles = [("Sequences", count_text(sequences)), ("Steps", count_text(rows)), tiles[1]]
    tiles.append(("Missing values", share_text(missing, cells) if missing else "none"))
    if invalid or any(view.quality is not None for view in views):
        tiles.append(("Invalid values", count_text(invalid) if invalid else "none"))
    return (
        '<dl class="tiles">'
        + "".join(f"<div><dt>{n}</dt><dd>{v}</dd></div>" for n, v in tiles)
        + "</dl>"
    )


def _overview(views: Sequence[ColumnView]) -> str:
    rows = []
    for view in views:
        name = escaped(view.meta.name, 120) or "“”"
        missing = share_text(view.missing, view.total) if view.missing else "–"
        invalid = count_text(view.invalid_count) if view.invalid_count else "–"
        a = view.analysis
        rows.append(
            f'<tr role="row"><th scope="row" role="rowheader"><a href="#c{view.number}">{name}</a></th>'
            f'<td role="cell" class="wide"><span class="type">{view.meta.column_type.value}</span></td>'
            f'<td role="cell" class="s">{_spark(view)}</td>'
            f'<td role="cell" class="short">{_in_short(view)}</td>'
            f'<td role="cell" class="n wide">{distinct_text(a)}</td>'
            f"{_count_cell('missing', missing)}{_count_cell('invalid', invalid)}</tr>"
        )
    head = "".join(
        f'<th scope="col" role="columnheader" class="{css}">{text}</th>'
        for text, css in (
            ("Column", ""),
            ("Type", "wide"),
            ("Distribution", ""),
            ("In short", ""),
            ("Distinct", "n wide"),
            ("Missing", "n"),
            ("Invalid", "n"),
        )
    )
    # On a phone rows become little grids; the roles keep them a table for screen readers.
    return (
        '<div class="scroll"><table class="overview" role="table">'
        "<caption>Overview of the columns</caption>"
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(rows)}</tbody></table></div>'
    )


def _count_cell(name: str, text: str) -> str:
    css = " none" if text == "–" else ""
    return f'<td role="cell" class="n count{css}" data-name="{name}">{text}</td>'


def _spark(view: ColumnView) -> str:
    a = view.analysis
    if isinstance(a, CategoricalAnalysis):
        heights = [float(c) for _, c in a.most_frequent()[:12]]
    else:
        bars = bars_of(a)
        heights = [] if bars is None else [float(h) for h in bars.heights]
    return sparkline_svg(heights, f"Distribution of {view.meta.name}") if heights else ""


def _in_short(view: ColumnView) -> str:
    a = view.analysis
    if isinstance(a, NDArrayAnalysis):
        return escaped(f"{number_text(a.min_value)} to {number_text(a.max_value)}")
    if not a.count:
        return "–"
    if isinstance(a, CategoricalAnalysis):
        name, count = a.most_frequent()[0]
        share = share_text(count, a.count)
        return f"{escaped(name, 40) or '“”'} <span class=soft>{share}</span>"
    if isinstance(a, TimeAnalysis) and a.min is not None and a.max is not None:
        first, last = (instant_text(t, view.zone) for t in (a.min, a.max))
        return f'<span class="keep">{escaped(first)}</span> – <span class="keep">{escaped(last)}</span>'
    if isinstance(a, AbstractNumericalAnalysis):
        low, high = number_text(a.minimum), number_text(a.maximum)
        return escaped(f"{low} to {high}, mean {number_text(a.mean)}")
    if isinstance(a, StringAnalysis):
        span = "" if a.min_length == a.max_length else f"{a.min_length} to "
        return escaped(f"{span}{a.max_length} characters")
    return "–"
