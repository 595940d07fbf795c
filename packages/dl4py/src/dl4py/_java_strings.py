"""Texts in the form in which Java's ``ObjectOutputStream`` writes a String.

Deeplearning4j stores objects beside a model in that form. A String is a tag, a length and bytes, so it
can be read without running anything; no other Java object is.
"""

from __future__ import annotations

import re
import struct

from nd4py.formats import FormatError, _modified_utf8

_STREAM = b"\xac\xed\x00\x05"
_STRING = b"\x74"
_LONG_STRING = b"\x7c"
_OBJECT = b"\x73\x72"  # TC_OBJECT, TC_CLASSDESC: the class's name follows
_CLASS_NAME = re.compile(rb"[A-Za-z0-9_.$\[;]+")


def to_java(text: str) -> bytes:
    """A text as Java's ``new ObjectOutputStream(...).writeObject(text)`` writes it."""
    data = _modified_utf8.encode(text)
    if len(data) <= 0xFFFF:
        return _STREAM + _STRING + struct.pack(">H", len(data)) + data
    return _STREAM + _LONG_STRING + struct.pack(">q", len(data)) + data


def from_java(data: bytes) -> str:
    """The text of a stream that holds one String.

    Raises:
        ValueError: it is no such stream, or holds an object of another class, which is named.
    """
    if data[:4] != _STREAM:
        raise ValueError("not an object written by Java")
    tag = data[4:5]
    if tag in (_STRING, _LONG_STRING):
        form = ">H" if tag == _STRING else ">q"
        start = 5 + struct.calcsize(form)
        if len(data) < start:
            raise ValueError("the object is cut off")
        (length,) = struct.unpack(form, data[5:start])
        if length != len(data) - start:
            raise ValueError(
                f"a String of {length} bytes is announced, {len(data) - start} bytes follow"
            )
        try:
            return _modified_utf8.decode(data[start:])
        except FormatError as problem:
            raise ValueError(f"the String is damaged: {problem}") from None
    raise ValueError(f"{_kind(data)}; only a String can be read here")


def _kind(data: bytes) -> str:
    if data[4:6] == _OBJECT and len(data) >= 8:
        (length,) = struct.unpack(">H", data[6:8])
        name = data[8 : 8 + min(length, 200)]
        if _CLASS_NAME.fullmatch(name):
            return f"it is a Java object of class {name.decode('ascii')}"
    return "it is a Java object of an unknown kind"
