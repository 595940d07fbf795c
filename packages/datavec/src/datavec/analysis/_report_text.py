"""Texts of the report: numbers, instants and untrusted values as people read them."""

from __future__ import annotations

import html
import math
from typing import Any

import numpy as np

from ..schema._metadata import AbstractColumnMetaData, TimeMetaData
from ..text._zones import offsets_at

__all__ = [
    "count_text",
    "escaped",
    "in_calendar",
    "instant_text",
    "number_text",
    "share_text",
    "value_text",
]

# Characters that would change how the text around them is read are shown as what they are.
_VISIBLE = {i: 0x2400 + i for i in range(0x20)} | {0x7F: 0x2421}
_VISIBLE |= dict.fromkeys(
    [*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD
)
_VISIBLE |= dict.fromkeys([0x200E, 0x200F, 0x061C, 0xFEFF, 0xFFFE, 0xFFFF], 0xFFFD)
_VISIBLE |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)


def escaped(text: object, limit: int = 0) -> str:
    """Untrusted text for HTML: escaped, control characters made visible, cut to `limit`."""
    plain = str(text)
    if limit and len(plain) > limit:
        plain = plain[: limit - 1] + "…"
    return html.escape(plain.translate(_VISIBLE), quote=True)


def count_text(count: int) -> str:
    """A whole number with thousands apart: ``12,345``."""
    return f"{count:,}"


def share_text(part: float, whole: float) -> str:
    """A share in percent: ``0.4 %``, never 0 for something nor 100 for less than all."""
    if whole <= 0:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.0f} %" if share in (0, 100) or share >= 10 else f"{share:.1f} %"


def number_text(value: Any, digits: int = 5) -> str:
    """A number as a person would write it: ``1,234.6``, ``0.00012``, ``3.1e+20``."""
    if value is None:
        return "–"
    if isinstance(value, (int, np.integer)):
        text = f"{value:,}" if abs(int(value)) < 10**15 else f"{float(value):.{digits}g}"
        return text.replace("-", "−", 1) if value < 0 else text
    number = float(value)
    if math.isnan(number):
        return "–"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    if number == 0:
        return "0"
    magnitude = abs(number)
    if not 1e-4 <= magnitude < 1e15:
        text = f"{magnitude:.{digits - 1}g}"
        return f"−{text}" if number < 0 else text
    places = max(0, digits - 1 - math.floor(math.log10(magnitude)))
    text = f"{number:,.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def in_calendar(milliseconds: float) -> bool:
    """Whether time zones know an instant: years 100 to 9000 or so."""
    return -5.9e13 < milliseconds < 2.2e14


def instant_text(milliseconds: float, zone: str, step: int = 0) -> str:
    """An instant in a zone: ``2024-01-05 18:34``; with `step` (ms between ticks) no finer than it."""
    if not math.isfinite(milliseconds):
        return "–"
    if not in_calendar(milliseconds):
        return f"{number_text(float(milliseconds))} ms"
    instant = np.array([int(milliseconds)], np.int64)
    text = str((instant + offsets_at(instant, zone))[0].astype("datetime64[ms]"))
    day, clock = text[: text.index("T")], text[text.index("T") + 1 :]
    if step >= 28 * 86_400_000:
        return day[:-3] if step < 365 * 86_400_000 else day[:-6]
    if step >= 86_400_000 or (not step and clock == "00:00:00.000"):
        return day
    if step:
        return clock[:5] if step >= 60_000 else clock[:8] if step >= 1000 else clock
    return f"{day} {clock[:5] if clock.endswith(':00.000') else clock[:8]}"


def value_text(value: Any, meta: AbstractColumnMetaData) -> str:
    """An example value of a column (not escaped)."""
    if value is None:
        return "missing"
    if isinstance(meta, TimeMetaData) and isinstance(value, int):
        return instant_text(value, meta.time_zone)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return number_text(value, 7)
    if isinstance(value, np.ndarray):
        return f"array of shape {list(value.shape)}"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return f"“{value}”" if value == "" or str(value).strip() != str(value) else str(value)
