"""Splitting one CSV line exactly as DataVec's parser does."""

from __future__ import annotations

from .._errors import CsvError, SchemaError

__all__ = ["CsvLineParser"]

_BLANK = " \t\x0b\x0c\x1c\x1d\x1e\x1f"


class CsvLineParser:
    r"""Splits lines at a separator, with quotes and escapes.

    A doubled quote inside quotes is a quote. The escape character is dropped and, except at the
    start of a later field, makes a following quote or escape literal. Any other quote opens or
    closes quoting and is dropped, unless it stands in the middle of a field behind the line's third
    character: then it is kept as well.

    Answers to DataVec's ``SerializableCSVParser``.

    Args:
        separator: one character.
        quote: one character.
        escape: one character.
        strict_quotes: only text inside quotes counts.
        ignore_leading_white_space: drop blanks before a quote in the middle of a field.

    >>> CsvLineParser().parse('1,"a,b",say ""hi""')
    ['1', 'a,b', 'say "hi"']
    """

    def __init__(
        self,
        separator: str = ",",
        quote: str = '"',
        escape: str = "\\",
        *,
        strict_quotes: bool = False,
        ignore_leading_white_space: bool = True,
    ) -> None:
        for what, value in (("delimiter", separator), ("quote", quote), ("escape", escape)):
            if len(value) != 1:
                raise SchemaError(f"CSV {what} must be a single character, received {value!r}")
        if separator in (quote, escape) or separator in "\r\n":
            raise SchemaError(f"CSV delimiter {separator!r} must differ from quote and line breaks")
        self.separator = separator
        self.quote = quote
        self.escape = escape
        self.strict_quotes = strict_quotes
        self.ignore_leading_white_space = ignore_leading_white_space

    def parse(self, line: str) -> list[str]:
        """Split one line (without its line break).

        Raises:
            CsvError: a quoted field is not closed.
        """
        if self.quote not in line and self.escape not in line:
            if self.strict_quotes:
                return [""] * (line.count(self.separator) + 1)
            return line.split(self.separator)
        fields: list[str] = []
        field: list[str] = []
        in_quotes = in_field = False
        # At the start of a line an escape protects, as it does in DataVec behind a line of text:
        # its parser takes the end of the line before for the middle of a field.
        at_start = not self.strict_quotes
        i, n = 0, len(line)
        while i < n:
            c = line[i]
            following = line[i + 1] if i + 1 < n else ""
            if c == self.escape:
                protects = in_quotes or in_field or at_start
                if protects and following != "" and following in (self.quote, self.escape):
                    field.append(following)
                    i += 1
            elif c == self.quote:
                at_start = False
                if (in_quotes or in_field) and following == self.quote:
                    field.append(following)
                    i += 1
                else:
                    if not self.strict_quotes and self._is_kept(line, i):
                        if self.ignore_leading_white_space and field and _all_blank(field):
                            field.clear()
                        else:
                            field.append(c)
                    in_quotes = not in_quotes
                in_field = not in_field
            elif c == self.separator and not in_quotes:
                fields.append("".join(field))
                field.clear()
                in_field = at_start = False
            elif not self.strict_quotes or in_quotes:
                field.append(c)
                in_field = True
            i += 1
        if in_quotes:
            raise CsvError("un-terminated quoted field at the end of the line")
        fields.append("".join(field))
        return fields

    def _is_kept(self, line: str, i: int) -> bool:
        return (
            i > 2
            and line[i - 1] != self.separator
            and i + 1 < len(line)
            and line[i + 1] != self.separator
        )


def _all_blank(field: list[str]) -> bool:
    return all(c in _BLANK for part in field for c in part)
