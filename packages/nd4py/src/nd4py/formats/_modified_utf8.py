"""Java's modified UTF-8: NUL takes two bytes, characters beyond the BMP are two encoded surrogates."""

from __future__ import annotations

from ._errors import FormatError

__all__ = ["decode", "encode"]


def encode(text: str) -> bytes:
    """The bytes that Java's ``DataOutput.writeUTF`` writes after the length."""
    if text.isascii() and "\0" not in text:
        return text.encode("ascii")
    units = text.encode("utf-16-be", "surrogatepass")
    chars = (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
    return b"".join(
        b"\xc0\x80" if c == 0 else chr(c).encode("utf-8", "surrogatepass") for c in chars
    )


def decode(data: bytes) -> str:
    """The text of modified UTF-8 bytes; raises FormatError when they are not that."""
    if data.isascii():
        return data.decode("ascii")
    try:
        units = data.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
        return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")
    except UnicodeDecodeError as error:
        raise FormatError(f"text is not modified UTF-8: {error}") from None
