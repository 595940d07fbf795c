"""What handlers of datavec cases share: recorded values, and comparisons with them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import Case, NotSupported, number

from datavec import Schema, UnsupportedTransformError
from datavec.text._java_text import parse_double, parse_int
from datavec.writables._writable import Writable

Value = list[Any]  # a recorded ``[type, text]``


def writable(value: Value, case: Case) -> Writable:
    """A recorded ``[type, text]`` as a constant."""
    kind, text = value
    if kind in ("Int", "Long", "Byte"):
        return Writable(kind, int(text))
    if kind in ("Double", "Float"):
        return Writable(kind, float(number(text)))
    if kind == "Boolean":
        return Writable(kind, text == "true")
    if kind == "NDArray":
        return Writable(kind, np.asarray(case.arrays[text]))
    if kind == "Bytes":
        return Writable(kind, base64.b64decode(text))
    return Writable(kind, text)


def records_of(rows: list[Any], case: Case) -> list[list[Writable]]:
    return [[writable(v, case) for v in row] for row in rows]


def check_value(actual: Any, expected: Value, case: Case, what: str) -> None:
    """Compare a Python value with a recorded one; numbers by value, so an untouched text "5" may stand for 5."""
    kind, text = expected
    if kind == "Null":
        assert actual is None, f"{what}: {actual!r}, expected a missing value"
        return
    assert actual is not None, f"{what}: missing, expected {kind} {text!r}"
    if kind == "NDArray":
        case.compare(np.asarray(actual), np.asarray(case.arrays[text]), what)
        return
    if kind in ("Double", "Float"):
        got = parse_double(actual) if isinstance(actual, str) else actual
        assert isinstance(got, (int, float)), f"{what}: {actual!r}, expected {text}"
        case.compare(float(got), float(number(text)), what)
        return
    if kind in ("Int", "Long"):
        got = parse_int(actual, 64) if isinstance(actual, str) else actual
        assert not isinstance(got, bool), f"{what}: {actual!r}, expected {text}"
        assert got == int(text), f"{what}: {actual!r}, expected {text}"
        return
    if kind == "Boolean":
        assert actual is (text == "true"), f"{what}: {actual!r}, expected {text}"
        return
    if kind == "Byte":
        assert actual == int(text).to_bytes(1, "big", signed=True), f"{what}: {actual!r}"
        return
    if isinstance(actual, bool):
        actual = str(actual).lower()
    if isinstance(actual, (int, float)):  # a field that was parsed for its column's type
        check_value(actual, ["Double", text], case, what)
        return
    assert actual == text, f"{what}: {actual!r}, expected {text!r}"


def check_row(actual: list[Any], expected: list[Value], case: Case, what: str) -> None:
    assert len(actual) == len(expected), f"{what}: {len(actual)} values, expected {len(expected)}"
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        check_value(a, e, case, f"{what}, column {i}")


def check_sequence(actual: list[Any], expected: list[Any], case: Case, what: str) -> None:
    assert len(actual) == len(expected), f"{what}: {len(actual)} steps, expected {len(expected)}"
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        check_row(a, e, case, f"{what}, step {i}")


def check_data(
    actual: list[Any], expected: list[Any], case: Case, *, sequences: bool, unordered: bool
) -> None:
    check = check_sequence if sequences else check_row
    assert len(actual) == len(expected), f"{len(actual)} results, expected {len(expected)}"
    if not unordered:
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            check(a, e, case, f"result {i}")
        return
    left = list(actual)
    for i, e in enumerate(expected):
        for j, a in enumerate(left):
            try:
                check(a, e, case, f"result {i}")
            except AssertionError:
                continue
            del left[j]
            break
        else:
            raise AssertionError(f"no result equals expected result {i}: {e}; left are {left[:3]}")


def check_schema(actual: Schema, expected: dict[str, Any], what: str) -> None:
    """Compare as JSON objects; a missing key equals null."""
    got, want = _plain(json.loads(actual.to_json())), _plain(expected)
    assert got == want, f"{what}: {got}\nexpected {want}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def plain_values(rows: list[Any], case: Case) -> list[list[Any]]:
    return [[w.value for w in row] for row in records_of(rows, case)]


def must_fail(call: Callable[[], Any]) -> None:
    try:
        result = call()
    except UnsupportedTransformError as e:
        raise NotSupported(str(e).split(": ", 1)[-1]) from None
    except (ValueError, IndexError):
        return
    raise AssertionError(f"no error was raised; the result is {str(result)[:300]}")
