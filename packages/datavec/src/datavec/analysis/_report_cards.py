"""The cards of the report: one per column, by the kind of its analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..schema._metadata import AbstractColumnMetaData, CategoricalMetaData, TimeMetaData
from ._columns import (
    AbstractColumnAnalysis,
    AbstractNumericalAnalysis,
    BytesAnalysis,
    CategoricalAnalysis,
    DoubleAnalysis,
    NDArrayAnalysis,
    StringAnalysis,
    TimeAnalysis,
)
from ._data_analysis import SequenceLengthAnalysis
from ._quality import ColumnQuality
from ._report_bars import bars_of, drawable
from ._report_charts import histogram_svg, nice_ticks, time_ticks
from ._report_text import (
    count_text,
    escaped,
    instant_text,
    number_text,
    share_text,
    value_text,
)

__all__ = ["ColumnView", "card", "distinct_text", "length_card"]

_BARS = 12  # categories shown one by one
_FREQUENT = 5  # texts shown one by one
_EXAMPLES = 5
Parts = tuple[str, str, str]
"""Sentence under the name, chart and numbers, tables to unfold: each as HTML."""

_TABLE = (0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)


@dataclass(frozen=True)
class ColumnView:
    """Everything the report knows about one column."""

    number: int
    meta: AbstractColumnMetaData
    analysis: AbstractColumnAnalysis
    quality: ColumnQuality | None = None
    examples: Sequence[Any] = ()
    invalid: Sequence[Any] = ()
    frequent: Mapping[str, int] = field(default_factory=dict)

    @property
    def zone(self) -> str:
        """The time zone of the column's axis."""
        return self.meta.time_zone if isinstance(self.meta, TimeMetaData) else "UTC"

    @property
    def missing(self) -> int:
        """Missing values, as far as known."""
        a = self.analysis
        if isinstance(a, (BytesAnalysis, NDArrayAnalysis)):
            return a.count_null
        if a.count_missing is not None:
            return a.count_missing
        return self.quality.count_missing if self.quality is not None else 0

    @property
    def invalid_count(self) -> int:
        """Values that the column does not allow, as far as known."""
        if self.quality is not None:
            return self.quality.count_invalid
        return self.analysis.count_invalid or 0

    @property
    def total(self) -> int:
        """All values, the missing ones too."""
        if self.quality is not None:
            return self.quality.count_total
        a = self.analysis
        if isinstance(a, (BytesAnalysis, NDArrayAnalysis)):
            return a.count_total
        nan = a.count_nan if isinstance(a, DoubleAnalysis) else 0
        return a.count + nan + (a.count_missing or 0) + (a.count_invalid or 0)


def card(view: ColumnView) -> str:
    """The card of one column."""
    a = view.analysis
    lead, body, more = "", "", ""
    if isinstance(a, CategoricalAnalysis):
        lead, body, more = _categories(a, view)
    elif isinstance(a, AbstractNumericalAnalysis):
        lead, body, more = _numbers(a, view)
    elif isinstance(a, StringAnalysis):
        lead, body, more = _strings(a, view)
    elif isinstance(a, NDArrayAnalysis):
        lead, body, more = _arrays(a, view)
    elif isinstance(a, BytesAnalysis):
        lead, body, more = _bytes(a)
    more = f'<div class="more">{more}</div>' if more else ""
    name, kind = escaped(view.meta.name, 200), view.meta.column_type.value
    return (
        f'<section class="card" id="c{view.number}" aria-labelledby="h{view.number}">'
        f'<div class="head"><h3 id="h{view.number}">{name}</h3>'
        f'<span class="type">{kind}</span></div><p class="lead">{lead}</p>{body}'
        f"{_quality(view)}{_values(view)}{more}</section>"
    )


def stats(pairs: Sequence[tuple[str, str]]) -> str:
    """A list of names and values."""
    items = "".join(f"<div><dt>{escaped(n)}</dt><dd>{escaped(v)}</dd></div>" for n, v in pairs)
    return f'<dl class="stats">{items}</dl>'


def distinct_text(a: AbstractColumnAnalysis) -> str:
    """Number of different values; an estimate is rounded and marked as one."""
    count = a.count_unique
    if count is None:
        return "–"
    if count <= 2048 or isinstance(a, CategoricalAnalysis):
        return count_text(count)
    size = 10 ** (len(str(count)) - 2)
    return f"≈ {count_text(round(count / size) * size)}"


def _lead(a: AbstractColumnAnalysis, one: str) -> str:
    known = a.count_unique is not None
    return _plural(a.count, one) + (f", {distinct_text(a)} distinct" if known else "")


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count_text(count)} {one if count == 1 else many or one + 's'}"


# --- numbers and times -------------------------------------------------------------------------


def _numbers(a: AbstractNumericalAnalysis, view: ColumnView) -> Parts:
    low, high = a.minimum, a.maximum
    if low is None or high is None or not a.count:
        return "no values", "", ""
    time = isinstance(a, TimeAnalysis)

    def write(value: Any) -> str:
        return instant_text(value, view.zone) if time else number_text(value)

    lead = _lead(a, "value") + (f", times in {escaped(view.zone)}" if time else "")
    quantiles = dict(zip(_TABLE, a.quantiles(_TABLE).tolist(), strict=True))
    chart = ""
    bars = bars_of(a, write)
    if bars is not None:
        axis = time_ticks(low, high, view.zone) if time else _ticks(a)
        box = []
        if a.digest is not None and high > low:
            names = {0.01: "1 %", 0.25: "25 %", 0.5: "median", 0.75: "75 %", 0.99: "99 %"}
            box = [(quantiles[q], f"{name}: {write(quantiles[q])}") for q, name in names.items()]
        label = f"Histogram of {view.meta.name}, from {write(low)} to {write(high)}"
        chart = histogram_svg(bars, label, axis, box=box)
        if bars.per_number:
            chart += _note("Heights: average per whole number.")
    shown = [("Smallest", write(low)), ("Largest", write(high)), ("Mean", write(a.mean))]
    if a.digest is not None:
        shown.insert(1, ("Median", write(quantiles[0.5])))
    if time:
        shown.append(("Span", _duration(high - low)))
    else:
        shown += [
            ("Std. deviation", number_text(a.sample_stdev)),
            ("Zeros", _with_share(a.count_zero, a.count)),
            ("Negative", _with_share(a.count_negative, a.count)),
        ]
    if isinstance(a, DoubleAnalysis) and a.count_nan:
        shown.append(("NaN", _with_share(a.count_nan, a.count + a.count_nan)))
    more = ""
    if a.digest is not None:
        rows = [(f"{100 * q:g} %", write(v)) for q, v in quantiles.items()]
        caption = f"Quantiles of {view.meta.name}"
        more = _details("Quantiles", caption, ("share below", "value"), rows)
    return lead, chart + stats(shown), more + _buckets(a, view.meta.name, write)


def _ticks(a: Any) -> list[tuple[float, str]]:
    edges, _ = a.histogram
    return nice_ticks(
        edges[0], edges[-1], whole=not isinstance(a, (DoubleAnalysis, NDArrayAnalysis))
    )


def _note(text: str) -> str:
    return f'<p class="note">{escaped(text)}</p>'


def _with_share(part: int, whole: int) -> str:
    return f"{count_text(part)} ({share_text(part, whole)})" if part else "0"


def _duration(milliseconds: float) -> str:
    seconds = milliseconds / 1000
    for size, unit in ((31_556_952, "year"), (86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{number_text(seconds / size, 3)} {unit}s"
    return f"{number_text(seconds, 4)} seconds"


# --- other kinds -------------------------------------------------------------------------------


def _plain_chart(a: Any, label: str) -> str:
    bars = bars_of(a)
    if bars is None:
        return ""
    chart = histogram_svg(bars, label, _ticks(a))
    return chart + (_note("Heights: average per whole number.") if bars.per_number else "")


def _strings(a: StringAnalysis, view: ColumnView) -> Parts:
    if not a.count:
        return "no values", "", ""
    label = f"Histogram of the lengths of {view.meta.name}, from {a.min_length} to {a.max_length}"
    body = _plain_chart(a, label)
    body += _note("Length in characters.") if body else ""
    body += stats(
        [
            ("Shortest", count_text(a.min_length)),
            ("Longest", count_text(a.max_length)),
            ("Mean length", number_text(a.mean_length)),
            ("Std. deviation", number_text(a.sample_stdev_length)),
        ]
    )
    if view.frequent:
        caption = f"Most frequent values of {view.meta.name}"
        body += '<p class="note top">Most frequent</p>'
        body += _bars(list(view.frequent.items()), a.count, _FREQUENT, caption)
    return _lead(a, "text"), body, _buckets(a, f"the lengths of {view.meta.name}", number_text)


def _categories(a: CategoricalAnalysis, view: ColumnView) -> Parts:
    declared = view.meta.state_names if isinstance(view.meta, CategoricalMetaData) else ()
    counts = a.most_frequent()
    seen = a.map_of_counts
    unseen = [name for name in declared if name not in seen]
    strange = [name for name, _ in counts if declared and name not in declared]
    lead = f"{_plural(a.count, 'value')} in {_plural(len(counts), 'category', 'categories')}"
    if strange:
        lead += f', <span class="type flag">{count_text(len(strange))} not declared</span>'
    shown = [*counts, *((name, 0) for name in unseen)]
    caption = f"Categories of {view.meta.name}"
    return lead, _bars(shown, a.count, _BARS, caption, frozenset(strange)), ""


def _bars(
    values: Sequence[tuple[str, int]],
    total: int,
    limit: int,
    caption: str,
    strange: frozenset[str] = frozenset(),
) -> str:
    """Texts and how often they occur, the first `limit` of them with bars."""
    if not values:
        return ""
    shown, hidden = values[:limit], len(values) - limit
    top = max([count for _, count in shown] + [1])
    rows = []
    for name, count in shown:
        note = ' <span class="type flag">not declared</span>' if name in strange else ""
        zero = " zero" if not count else ""
        rows.append(
            f'<tr><th scope="row" title="{escaped(name, 300)}">{escaped(name, 80) or "“”"}{note}</th>'
            f'<td aria-hidden="true"><span class="fill{zero}" '
            f'style="width:{max(100 * count / top, 0):.1f}%"></span></td>'
            f'<td class="n">{count_text(count)}</td>'
            f'<td class="n">{share_text(count, total)}</td></tr>'
        )
    if hidden > 0:
        rest = total - sum(count for _, count in shown)
        rows.append(
            f'<tr><th scope="row" class="soft">{count_text(hidden)} more</th><td></td>'
            f'<td class="n">{count_text(rest)}</td><td class="n">{share_text(rest, total)}</td></tr>'
        )
    return (
        f'<table class="cats"><caption>{escaped(caption, 120)}</caption>'
        '<thead class="hidden"><tr><th scope="col">value</th><th scope="col">bar</th>'
        '<th scope="col">count</th><th scope="col">share</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _arrays(a: NDArrayAnalysis, view: ColumnView) -> Parts:
    low, high = number_text(a.min_value), number_text(a.max_value)
    body = _plain_chart(a, f"Histogram of the values of {view.meta.name}, from {low} to {high}")
    ranks = ", ".join(f"{rank} ({count_text(n)})" for rank, n in sorted(a.counts_by_rank.items()))
    body += stats(
        [
            ("Smallest value", low),
            ("Largest value", high),
            ("Values", count_text(a.total_nd_array_values)),
            ("Shortest", count_text(a.min_length)),
            ("Longest", count_text(a.max_length)),
            ("Ranks", ranks or "–"),
        ]
    )
    lead = _plural(a.count_total - a.count_null, "array")
    return lead, body, _buckets(a, f"the values of {view.meta.name}", number_text)


def _bytes(a: BytesAnalysis) -> Parts:
    body = stats(
        [
            ("Shortest", f"{count_text(a.min_num_bytes)} bytes"),
            ("Longest", f"{count_text(a.max_num_bytes)} bytes"),
            ("Empty", count_text(a.count_zero_length)),
        ]
    )
    return _plural(a.count_total - a.count_null, "value"), body, ""


def length_card(a: SequenceLengthAnalysis) -> str:
    """The card of the sequences' lengths."""
    span = f"{a.min_seq_length} to {a.max_seq_length}"
    body = _plain_chart(a, f"Histogram of sequence lengths, from {span}")
    body += stats(
        [
            ("Shortest", count_text(a.min_seq_length)),
            ("Mean length", number_text(a.mean_length)),
            ("Longest", count_text(a.max_seq_length)),
            ("Empty", count_text(a.count_zero_length)),
            ("Single step", count_text(a.count_one_length)),
        ]
    )
    return (
        '<section class="card" aria-labelledby="lengths"><div class="head">'
        '<h3 id="lengths">Sequence lengths</h3></div>'
        f'<p class="lead">{_plural(a.total_num_sequences, "sequence")}</p>{body}</section>'
    )


# --- below the chart ---------------------------------------------------------------------------


def _details(
    title: str, caption: str, head: tuple[str, str], rows: Sequence[tuple[str, str]]
) -> str:
    cells = "".join(
        f'<tr><th scope="row">{escaped(a)}</th><td class="n">{escaped(b)}</td></tr>'
        for a, b in rows
    )
    return (
        f"<details><summary>{escaped(title)}</summary><table><caption>{escaped(caption)}</caption>"
        f'<thead><tr><th scope="col">{escaped(head[0])}</th><th scope="col" class="n">'
        f"{escaped(head[1])}</th></tr></thead><tbody>{cells}</tbody></table></details>"
    )


def _buckets(a: AbstractColumnAnalysis, name: str, write: Any) -> str:
    found = drawable(a)
    if found is None:
        return ""
    edges, counts = found
    rows = [
        (f"{write(edges[i])} – {write(edges[i + 1])}", count_text(c)) for i, c in enumerate(counts)
    ]
    return _details("Buckets", f"Histogram of {name}", ("from – to", "count"), rows)


def _quality(view: ColumnView) -> str:
    total = view.total
    if not total:
        return ""
    missing, invalid = view.missing, view.invalid_count
    good = max(total - missing - invalid, 0)
    parts = [("good", "valid", good), ("gap", "missing", missing), ("bad", "invalid", invalid)]
    meter = "".join(
        f'<i class="i-{css}" style="flex:{count} 1 0"></i>' for css, _, count in parts if count
    )
    keys = "".join(
        f'<span><i class="key i-{css}"></i>{name} {share_text(count, total)}'
        f"{f' ({count_text(count)})' if css != 'good' else ''}</span>"
        for css, name, count in parts
        if count
    )
    return f'<div class="quality"><div class="meter" aria-hidden="true">{meter}</div>{keys}</div>'


def _values(view: ColumnView) -> str:
    out = ""
    for title, values, css in (
        ("Examples", view.examples, ""),
        ("Invalid", view.invalid, ' class="flag"'),
    ):
        there = [v for v in values if v is not None]
        texts = list(dict.fromkeys(value_text(v, view.meta) for v in there))[:_EXAMPLES]
        if texts:
            shown = " ".join(f"<code{css}>{escaped(t, 60)}</code>" for t in texts)
            out += f'<p class="values">{title}: {shown}</p>'
    return out
