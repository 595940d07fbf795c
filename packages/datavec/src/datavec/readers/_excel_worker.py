"""Reads a workbook in a process of its own: ``python _excel_worker.py request`` (a JSON text).

A workbook of a few kilobytes can ask for a table of billions of cells, or meet a fault of the
library; either ends this process, not the one that asked. It imports nothing of this package, so it
starts quickly. What it says are lines of JSON: a sheet's name, blocks of rows, an error, the end.
"""

from __future__ import annotations

import datetime
import json
import sys
from itertools import islice
from typing import Any

_ROWS = 512


def _plain(value: Any) -> Any:
    """A cell as JSON: null, bool, number, text, or ``[kind, text]``."""
    if value == "":
        return None
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 2**53:
            return int(value)
        return value if value - value == 0 else str(value)
    if isinstance(value, datetime.datetime):
        return ["datetime", value.isoformat()]
    if isinstance(value, datetime.date):
        return ["datetime", datetime.datetime(value.year, value.month, value.day).isoformat()]
    if isinstance(value, (bool, int, str)):
        return value
    return str(value)  # times of day and durations


def _say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


def _read(request: dict[str, Any]) -> None:
    import python_calamine

    with (
        open(request["path"], "rb") as file,
        # Knows the format by the content; a path would make it trust the suffix.
        python_calamine.CalamineWorkbook.from_filelike(file) as workbook,
    ):
        names = workbook.sheet_names
        for name in request["sheets"] if request["sheets"] is not None else names:
            if name not in names:
                _say({"error": f"no sheet {name!r}; the sheets are {', '.join(map(repr, names))}"})
                return
            sheet = workbook.get_sheet_by_name(name)
            _say({"sheet": name})
            if sheet.start is None:
                continue
            rows = iter(sheet.iter_rows())  # from the first row on, but without blank first columns
            blank = [None] * sheet.start[1]
            while block := [[*blank, *map(_plain, row)] for row in islice(rows, _ROWS)]:
                _say({"rows": block})
    _say({"end": True})


def _limit(resource: Any, what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard < 0 else min(most, hard), hard))


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.argv[1])
    try:
        import resource

        _limit(resource, resource.RLIMIT_AS, request["memory"])
        _limit(resource, resource.RLIMIT_CPU, request["seconds"])
    except (ImportError, ValueError, OSError):
        pass  # no such limits on this system; the process is still one of its own
    try:
        _read(request)
    except ImportError as e:
        _say({"missing": str(e)})
    except BaseException as e:  # Rust's panics are no Exception
        _say({"error": f"not a workbook that can be read: {str(e) or type(e).__name__}"})


if __name__ == "__main__":
    main()
