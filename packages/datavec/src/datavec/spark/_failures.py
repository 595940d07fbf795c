"""Errors that workers raise, raised again on the driver as local execution raises them.

Spark passes only the text of a worker's exception on. So a worker adds a note to it, which is part
of that text: the error as JSON. The driver looks for the note.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import _errors
from .._errors import DataVecError, InvalidValueError

__all__ = ["Shown", "noted", "translated"]

_NOTE = "datavec-error: "
_PATTERN = re.compile(re.escape(_NOTE) + r"(\{.*\})")


class Shown:
    """Stands for a value that is known by its text only."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def noted(error: DataVecError, stage: int, partition: int) -> DataVecError:
    """The same error with the note that `translated` reads."""
    simple = {k: v for k, v in vars(error).items() if v is None or isinstance(v, (int, str))}
    body: dict[str, Any] = {
        "class": type(error).__name__,
        "message": str(error),
        "attributes": simple,
    }
    if isinstance(error, InvalidValueError):
        value = error.value
        exact = value is None or isinstance(value, (bool, int, float, str))
        body |= {
            "column": error.column,
            "expected": error.expected,
            "value": value if exact else None,
            "shown": None if exact else repr(value)[:200],
            "where": error.where,
            "file": error.file,
            "line": error.line,
            "row": error.row,
            "stage": stage,
            "partition": partition,
        }
    error.add_note(_NOTE + json.dumps(body))
    return error


@contextmanager
def translated(rows_before: Callable[[int, int], int | None] | None = None) -> Iterator[None]:
    """Within the block, Spark's report of an error of ours is raised as that error.

    Args:
        rows_before: number of input records before a partition of a stage, by which an error can
            name the record as local execution does; None when errors are not about input records.
    """
    try:
        yield
    except Exception as e:
        found = _PATTERN.search(str(e)) if type(e).__module__.startswith(("py", "py4j")) else None
        if found is None:
            raise
        error = _restored(json.loads(found[1]), rows_before)
    else:
        return
    raise error from None


def _restored(
    body: dict[str, Any], rows_before: Callable[[int, int], int | None] | None
) -> DataVecError:
    if "column" in body:
        row = body["row"]
        if row is not None:
            before = None if rows_before is None else rows_before(body["stage"], body["partition"])
            row = None if before is None else row + before
        value = body["value"] if body["shown"] is None else Shown(body["shown"])
        return InvalidValueError(
            body["column"],
            body["expected"],
            value,
            where=body["where"],
            file=body["file"],
            line=body["line"],
            row=row,
        )
    known = getattr(_errors, body["class"], DataVecError)
    cls = known if isinstance(known, type) and issubclass(known, DataVecError) else DataVecError
    error = cls.__new__(cls)  # its constructor may want parts that the message holds already
    error.args = (body["message"],)
    vars(error).update(body["attributes"])
    return error
