"""Enumerations whose members users write as texts."""

from __future__ import annotations

import enum
from typing import Self

from ._errors import SchemaError

__all__ = ["Choice"]


def _plain(text: str) -> str:
    return text.lower().replace("_", "").replace("-", "")


class Choice(enum.Enum):
    """One of several texts, in any case, with or without underscores: ``Op("not_equal")``.

    Raises:
        SchemaError: none of them; the message lists what there is.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self:
        wanted = _plain(str(value))
        for member in cls:
            if wanted in (_plain(str(member.value)), _plain(member.name)):
                return member
        listed = ", ".join(repr(member.value) for member in cls)
        raise SchemaError(f"{cls.__name__}: expected one of {listed}, received {value!r:.80}")
