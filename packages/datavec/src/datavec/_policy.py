"""What to do with records that a reader or a step cannot use, and the account of what was done.

`ErrorPolicy` says it, for readers, processes and iterators alike; `ErrorReport` counts every record
that was left out and every value that was replaced, per place, column and reason.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._errors import InvalidValueError, shown
from ._showing import AbstractShown

__all__ = ["ErrorExample", "ErrorPolicy", "ErrorReport", "ErrorTotal"]

_ACTIONS = ("raise", "skip", "replace")
_EXAMPLES = 3
_log = logging.getLogger("datavec")


@dataclass(frozen=True)
class ErrorPolicy:
    """What happens to a value that cannot be used.

    Args:
        action: ``raise`` an error naming the place; ``skip`` the record and count it; or
            ``replace`` the value by its column's replacement (columns without one still raise).
        replacements: value to use per column name. With ``skip``, columns named here are replaced
            and only records that are bad in other columns are left out.

    Raises:
        ValueError: an unknown action, ``replace`` without replacements, ``raise`` with some.

    >>> ErrorPolicy.of("skip").skips
    True
    >>> ErrorPolicy.of("replace", {"age": 0.0}).replacement("age")
    0.0
    """

    action: str = "raise"
    replacements: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.action not in _ACTIONS:
            raise ValueError(
                f"an error policy is one of {', '.join(map(repr, _ACTIONS))}, "
                f"received {shown(self.action)}"
            )
        object.__setattr__(self, "replacements", dict(self.replacements))
        if self.action == "replace" and not self.replacements:
            raise ValueError("the error policy 'replace' needs replacements={column: value}")
        if self.action == "raise" and self.replacements:
            raise ValueError(
                "replacements are only used by the error policies 'replace' and 'skip', not 'raise'"
            )
        for column, value in self.replacements.items():
            if value is None:
                raise ValueError(f'column "{column}": None is no replacement; give a value')

    @classmethod
    def of(
        cls,
        policy: str | ErrorPolicy,
        replacements: Mapping[str, Any] | None = None,
        *,
        option: str = "on_error",
    ) -> ErrorPolicy:
        """The policy that a user's option means; `option` names it in errors."""
        if isinstance(policy, ErrorPolicy):
            if replacements:
                raise ValueError(f"{option}: the policy object holds the replacements already")
            return policy
        try:
            return cls(policy, replacements or {})
        except ValueError as e:
            raise ValueError(f"{option}: {e}") from None

    @property
    def raises(self) -> bool:
        """Whether every value that cannot be used is an error."""
        return self.action == "raise"

    @property
    def skips(self) -> bool:
        """Whether records that stay unusable are left out."""
        return self.action == "skip"

    def replacement(self, column: str | None) -> Any:
        """The value that stands in for bad ones of a column; None where there is none."""
        return None if column is None else self.replacements.get(column)


@dataclass(frozen=True)
class ErrorExample:
    """One value that was not used, and where it stood."""

    value: Any
    place: str = ""

    def __str__(self) -> str:
        return f"{shown(self.value)} ({self.place})" if self.place else shown(self.value)


@dataclass
class ErrorTotal:
    """All errors of one kind.

    Attributes:
        action: ``skipped`` (records) or ``replaced`` (values).
        where: the step or reader, as errors name it.
        column: the column; None for whole records, such as lines of the wrong width.
        reason: what was expected.
        count: how many.
        examples: the first few.
    """

    action: str
    where: str
    column: str | None
    reason: str
    count: int = 0
    examples: list[ErrorExample] = field(default_factory=list)


class ErrorReport(AbstractShown):
    """Totals of one pass: nothing is left out or replaced without being counted here.

    Safe to use from several threads. ``print(report)`` shows a table; iterating gives `ErrorTotal`
    rows, the most frequent first.

    >>> report = ErrorReport()
    >>> report.add("skipped", "amount", "expected a number", examples=[ErrorExample("x", "line 3")])
    >>> report.skipped, report.replaced
    (1, 0)
    >>> print(report)
    1 record skipped, 0 values replaced
    count  action   where  column  reason             examples
        1  skipped         amount  expected a number  'x' (line 3)
    """

    def __init__(self) -> None:
        self._totals: dict[tuple[str, str, str | None, str], ErrorTotal] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {"_totals": dict(self._totals)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    # --- counting -------------------------------------------------------------------------------

    def add(
        self,
        action: str,
        column: str | None,
        reason: str,
        *,
        where: str = "",
        count: int = 1,
        examples: Sequence[ErrorExample] = (),
    ) -> None:
        """Count records (``skipped``) or values (``replaced``) that could not be used."""
        if count <= 0:
            return
        key = (action, where, column, reason)
        with self._lock:
            total = self._totals.get(key)
            if total is None:
                total = self._totals[key] = ErrorTotal(action, where, column, reason)
            total.count += count
            total.examples += examples[: _EXAMPLES - len(total.examples)]

    def add_error(
        self,
        action: str,
        error: InvalidValueError,
        *,
        count: int | None = None,
        examples: Sequence[ErrorExample] | None = None,
    ) -> None:
        """Count the rows that an error is about."""
        if examples is None:
            examples = [ErrorExample(error.value, error.place)]
        self.add(
            action,
            error.column,
            "missing value" if error.value is None else f"expected {error.expected}",
            where=error.where,
            count=max(len(error.rows), 1) if count is None else count,
            examples=examples,
        )

    def merge(self, other: ErrorReport) -> None:
        """Add the totals of another report."""
        for t in other:
            self.add(
                t.action, t.column, t.reason, where=t.where, count=t.count, examples=t.examples
            )

    # --- reading --------------------------------------------------------------------------------

    def _sum(self, action: str) -> int:
        with self._lock:
            return sum(t.count for t in self._totals.values() if t.action == action)

    @property
    def skipped(self) -> int:
        """Records left out."""
        return self._sum("skipped")

    @property
    def replaced(self) -> int:
        """Values replaced."""
        return self._sum("replaced")

    def __iter__(self) -> Iterator[ErrorTotal]:
        with self._lock:
            totals = list(self._totals.values())
        return iter(sorted(totals, key=lambda t: -t.count))

    def __len__(self) -> int:
        return len(self._totals)

    def __bool__(self) -> bool:
        return bool(self._totals)

    def summary(self) -> str:
        """The two totals in words."""
        skipped, replaced = self.skipped, self.replaced
        return (
            f"{skipped} record{'' if skipped == 1 else 's'} skipped, "
            f"{replaced} value{'' if replaced == 1 else 's'} replaced"
        )

    def __str__(self) -> str:
        rows = [("count", "action", "where", "column", "reason", "examples")]
        for t in self:
            examples = "; ".join(map(str, t.examples))
            reason = t.reason if len(t.reason) <= 60 else t.reason[:57] + "..."
            rows.append((str(t.count), t.action, t.where, t.column or "", reason, examples))
        if len(rows) == 1:
            return self.summary()
        width = [max(len(r[i]) for r in rows) for i in range(5)]
        lines = [
            "  ".join([r[0].rjust(width[0]), *(r[i].ljust(width[i]) for i in range(1, 5)), r[5]])
            for r in rows
        ]
        return "\n".join([self.summary(), *(line.rstrip() for line in lines)])

    def __repr__(self) -> str:
        return f"<ErrorReport: {self.summary()}>"

    def log(self, what: str) -> None:
        """Say once, at the end of a pass, that records were left out or values replaced.

        Goes to the logger ``datavec`` as a warning, which Python shows on stderr unless the
        application has set up logging otherwise.
        """
        if self:
            _log.warning("%s: %s", what, self)
