"""What readers do with records that they cannot read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import DataVecError, InvalidValueError, RecordFormatError
from .._policy import ErrorExample, ErrorPolicy, ErrorReport

__all__ = ["AbstractTolerant"]


class AbstractTolerant:
    """A reader with the option `on_invalid`.

    Attributes:
        policy: what to do with a record that cannot be read.
        errors: counts, by reason, of what was left out or replaced in the current or last pass.
    """

    policy: ErrorPolicy
    errors: ErrorReport

    def set_policy(
        self, on_invalid: str | ErrorPolicy, replacements: Mapping[str, Any] | None = None
    ) -> None:
        """Take over the option; raises ValueError where it is none."""
        self.policy = ErrorPolicy.of(on_invalid, replacements, option="on_invalid")
        self.errors = ErrorReport()

    def begin_pass(self) -> None:
        """Count anew."""
        self.errors = ErrorReport()

    @property
    def skipped(self) -> int:
        """Records left out in the current or last pass."""
        return self.errors.skipped

    def leave_out(self, error: DataVecError) -> None:
        """Count a record that is left out, or raise the error."""
        if not self.policy.skips:
            raise error
        if isinstance(error, InvalidValueError):
            self.errors.add_error("skipped", error, count=1)
            return
        # The messages differ from record to record, so they are the examples, not the reason.
        message = error.message if isinstance(error, RecordFormatError) else str(error)
        place = error.place if isinstance(error, RecordFormatError) else ""
        self.errors.add(
            "skipped",
            None,
            "a record that cannot be read",
            where=type(self).__name__,
            examples=[ErrorExample(message, place)],
        )
