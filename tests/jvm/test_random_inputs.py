"""Random texts mean the same here and in the JVM: CSV lines, and times of all patterns."""

from __future__ import annotations

import random
from typing import Any

import pytest

import datavec as dv
from datavec.text._joda import date_format

pytestmark = pytest.mark.jvm


def fields_here(parser: dv.CsvLineParser, line: str) -> list[str] | None:
    try:
        return parser.parse(line)
    except dv.CsvError:
        return None


def test_csv_lines(jvm: Any) -> None:
    chance = random.Random(11)
    jobs = []
    for _ in range(40):
        separator, quote = chance.choice(",;\t| "), chance.choice("\"'")
        letters = [separator, separator, quote, quote, quote, "\\", " ", " ", *"ab1\té"]
        lines = ["".join(chance.choices(letters, k=chance.randint(0, 9))) for _ in range(50)]
        jobs.append(
            {
                "job": "csv-split",
                "separator": separator,
                "quote": quote,
                "strict": chance.random() < 0.25,
                "ignore": chance.random() < 0.7,
                # There the original depends on the line before; see the differences.
                "lines": [line for line in lines if not line.startswith(2 * quote)],
            }
        )
    compared = 0
    for job, result in zip(jobs, jvm.run(*jobs), strict=True):
        parser = dv.CsvLineParser(
            job["separator"],
            job["quote"],
            strict_quotes=job["strict"],
            ignore_leading_white_space=job["ignore"],
        )
        for line, theirs in zip(job["lines"], result["fields"], strict=True):
            wanted = theirs if isinstance(theirs, list) else None
            assert fields_here(parser, line) == wanted, (job, line)
            compared += 1
    assert compared > 1800


PATTERNS = [
    "yyyy-MM-dd HH:mm:ss",
    "d/M/yyyy",
    "MMM d, yyyy",
    "EEE, dd MMM yyyy HH:mm:ss Z",
    "hh:mm a, EEE d/M/yyyy",
    "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "yyyyMMddHHmmss",
    "kk:mm",
    "KK:mm a",
    "MM/yyyy",
    "'day' D yyyy",
    "xxxx-'W'ww-e",
    "MMMM yyyy",
    "h 'o''clock' a",
    "yyyy.MM.dd G",
    "E",
    "E HH",
    "MM E",
    "yyyy E",
    "yyyy MM E",
    "yyyy w",
    "ww e",
    "d",
]
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney"]


def some_time(chance: random.Random) -> tuple[str, str, str]:
    """A pattern, a zone, and a text of that pattern that may be spoilt."""
    pattern, zone = chance.choice(PATTERNS), chance.choice(ZONES)
    spring = 1_332_637_200_000  # summer time begins in Europe
    instant = chance.choice([chance.randrange(0, 1_356_000_000_000), spring - 1, spring])
    text = date_format(pattern).write_one(instant, zone)
    spoil = chance.random()
    if spoil < 0.1:
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice("0x: ") + text[at + 1 :]
    elif spoil < 0.2:
        text = text.upper() if chance.random() < 0.5 else text.lower()
    return pattern, zone, text


def test_times(jvm: Any) -> None:
    chance = random.Random(12)
    schema = dv.Schema.builder().add_column_string("x").build()
    cases = [some_time(chance) for _ in range(400)]
    processes = [
        dv.TransformProcess.builder(schema).string_to_time("x", pattern, zone).build()
        for pattern, zone, _ in cases
    ]
    jobs = [
        {
            "job": "transform-apply",
            "process": process.to_json(),
            "yaml": process.to_yaml(),
            "data": [[["Text", text]]],
        }
        for process, (_, _, text) in zip(processes, cases, strict=True)
    ]
    read = 0
    for case, process, result in zip(cases, processes, jvm.attempt(*jobs), strict=True):
        theirs = None if "error" in result else int(result["data"][0][0][1])
        try:
            ((ours,),) = process.execute_records([[case[2]]])
        except dv.InvalidValueError:
            ours = None
        assert ours == theirs, (case, result)
        read += ours is not None
    assert read > 300
