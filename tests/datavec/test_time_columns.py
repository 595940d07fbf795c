"""Columns of times give what single times give."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavec.text._joda import date_format
from datavec.text._joda_columns import parse_column, write_column
from datavec.text._zones import offsets_at

PATTERNS = [
    ("yyyy-MM-dd HH:mm:ss", None),
    ("d.M.yy H:m", None),
    ("EEE, dd MMM yyyy HH:mm:ss Z", "en"),
    ("EEEE dd MMMM yyyy", "de"),
    ("hh:mm a", None),
    ("K 'o''clock' a d/M/yyyy", None),
    ("kk:mm:ss.SSS", None),
    ("yyyy-MM-dd'T'HH:mm:ss.SSSZZ", None),
    ("MM/dd/YYYY (HH)", None),
    ("yyyyMMddHHmm", None),  # numbers with nothing between them
    ("xxxx-'W'ww-e", None),  # weeks
    ("D yyyy", None),
    ("MMM yy G", None),
]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "-04:00"]
INSTANTS = st.integers(-2_000_000_000_000, 2_000_000_000_000)


@pytest.mark.parametrize(("pattern", "locale"), PATTERNS, ids=[p for p, _ in PATTERNS])
@settings(deadline=None)
@given(st.lists(INSTANTS, max_size=6), st.sampled_from(ZONES), st.data())
def test_columns_are_written_and_parsed_as_single_texts(pattern, locale, instants, zone, data):
    layout = date_format(pattern, locale)
    values = np.array(instants, np.int64)
    texts = layout.write_all(values, zone)
    assert write_column(layout, values, zone).to_pylist() == texts
    for i in range(len(texts)):
        if texts[i] and data.draw(st.booleans()):  # most of these are no times any more
            at = data.draw(st.integers(0, len(texts[i]) - 1))
            new = data.draw(st.sampled_from("0139 -:.aZé+"))
            texts[i] = texts[i][:at] + new + texts[i][at + data.draw(st.integers(0, 1)) :]
    found, bad = parse_column(layout, pa.array(texts, pa.string()), zone)
    expected, wrong = layout.parse_all(texts, zone)
    assert bad.tolist() == wrong.tolist(), texts
    assert found[~bad].tolist() == expected[~bad].tolist()


@settings(deadline=None)
@given(st.lists(INSTANTS, min_size=1, max_size=6), st.sampled_from(ZONES))
def test_what_is_written_is_parsed(instants, zone):
    layout = date_format("d MMM yyyy, h:mm:ss.SSS a")
    values = np.array(instants, np.int64)
    parsed, bad = parse_column(layout, write_column(layout, values, zone), zone)
    assert not bad.any()
    # When clocks are set back an hour has two instants; the earlier one is taken.
    assert (((values - parsed) == 0) | ((values - parsed) == 3_600_000)).all()
    assert (values + offsets_at(values, zone) == parsed + offsets_at(parsed, zone)).all()


@pytest.mark.parametrize(
    "text", ["29 Feb 2011", "31 Apr 2000", "0 Jan 2000", "1 Jan 0", "1 Jan 10000"]
)
def test_days_that_do_not_exist(text):
    _, bad = parse_column(date_format("d MMM yyyy"), pa.array([text, "29 Feb 2012"]), "UTC")
    assert bad.tolist() == [True, False]
