"""Java object streams, as far as DataSet files hold them: lists of strings and of plain objects.

The grammar is walked without any class: nothing is executed, and an object becomes its class name and fields.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from . import _modified_utf8
from ._streams import BoundedReader

__all__ = ["JavaObject", "read_java_list", "write_java_strings"]

_MAGIC = b"\xac\xed\x00\x05"
_FIRST_HANDLE = 0x7E0000
_END = object()  # the end of annotations or block data
_PRIMITIVES = {
    "B": ">b",
    "C": ">H",
    "D": ">d",
    "F": ">f",
    "I": ">i",
    "J": ">q",
    "S": ">h",
    "Z": ">?",
}
_MAX_DEPTH = 64
_MAX_OBJECTS = 10_000_000


@dataclass(eq=False)
class JavaObject:
    """One object of a stream: its class, its fields, and the items it wrote by itself."""

    class_name: str
    fields: dict[str, Any] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)


@dataclass(eq=False)
class _ClassDescriptor:
    name: str
    flags: int = 0
    fields: list[tuple[str, str]] = field(default_factory=list)
    parent: _ClassDescriptor | None = None


def read_java_list(reader: BoundedReader) -> list[Any]:
    """The elements of a stream that holds one list: strings as ``str``, other objects as JavaObject."""
    magic = reader.exact(4, "object stream")
    if magic != _MAGIC:
        raise reader.error(f"object stream starts with {magic.hex()}, expected {_MAGIC.hex()}")
    root = _Walker(reader).content(0)
    if isinstance(root, list):
        return root
    if isinstance(root, JavaObject):
        inner = root.fields.get("a")  # java.util.Arrays$ArrayList keeps its elements in an array
        return inner if isinstance(inner, list) else root.items
    raise reader.error(f"object stream holds a {type(root).__name__}, expected a list")


class _Walker:
    def __init__(self, reader: BoundedReader) -> None:
        self._reader = reader
        self._handles: list[Any] = []

    def content(self, depth: int) -> Any:
        """One content element: None, text, list (array), JavaObject, class descriptor, block bytes, or ``_END``."""
        reader = self._reader
        if depth > _MAX_DEPTH:
            raise reader.error(f"object stream is nested deeper than {_MAX_DEPTH}")
        if len(self._handles) > _MAX_OBJECTS:
            raise reader.error(f"object stream holds more than {_MAX_OBJECTS} objects")
        tag = reader.u8("object stream")
        if tag == 0x70:
            return None
        if tag == 0x71:
            return self._handle(reader.i32("handle"))
        if tag == 0x72:
            return self._class_descriptor(depth)
        if tag == 0x73:
            return self._object(depth)
        if tag == 0x74:
            return self._remember(reader.utf("string"))
        if tag == 0x7C:
            data = reader.exact(reader.i64("string length"), "string")
            return self._remember(_modified_utf8.decode(data))
        if tag == 0x75:
            return self._array(depth)
        if tag == 0x76:
            found = self._descriptor(depth)
            return self._remember(JavaObject(found.name if found else "null"))
        if tag == 0x77:
            return reader.exact(reader.u8("block length"), "block data")
        if tag == 0x7A:
            return reader.exact(reader.i32("block length"), "block data")
        if tag == 0x78:
            return _END
        if tag == 0x7E:
            return self._enum(depth)
        raise reader.error(f"object stream has the tag {tag:#x}, which is not supported")

    def _remember(self, value: Any) -> Any:
        self._handles.append(value)
        return value

    def _handle(self, number: int) -> Any:
        index = number - _FIRST_HANDLE
        if not 0 <= index < len(self._handles):
            raise self._reader.error(f"object stream refers to the unknown object {number:#x}")
        return self._handles[index]

    def _class_descriptor(self, depth: int) -> _ClassDescriptor:
        reader = self._reader
        found = _ClassDescriptor(reader.utf("class name"))
        reader.exact(8, "class version")
        self._remember(found)
        found.flags = reader.u8("class flags")
        (count,) = struct.unpack(">H", reader.exact(2, "field count"))
        for _ in range(count):
            code = chr(reader.u8("field type"))
            name = reader.utf("field name")
            if code in "L[":
                self.content(depth + 1)  # the name of the type
            elif code not in _PRIMITIVES:
                raise reader.error(f"class {found.name!r} has a field of unknown type {code!r}")
            found.fields.append((code, name))
        self._items(depth)
        found.parent = self._descriptor(depth)
        return found

    def _descriptor(self, depth: int) -> _ClassDescriptor | None:
        found = self.content(depth + 1)
        if found is None or isinstance(found, _ClassDescriptor):
            return found
        raise self._reader.error("object stream has no class descriptor where one belongs")

    def _object(self, depth: int) -> JavaObject:
        descriptor = self._descriptor(depth)
        if descriptor is None:
            raise self._reader.error("object stream has an object without a class")
        made: JavaObject = self._remember(JavaObject(descriptor.name))
        lineage: list[_ClassDescriptor] = []
        level: _ClassDescriptor | None = descriptor
        while level is not None:
            if len(lineage) > _MAX_DEPTH:
                raise self._reader.error(
                    f"class {descriptor.name!r} has more than {_MAX_DEPTH} parents"
                )
            lineage.append(level)
            level = level.parent
        for level in reversed(lineage):
            for code, name in level.fields:
                made.fields[name] = self._value(code, depth)
            if level.flags & 1:
                made.items += self._items(depth)
        return made

    def _value(self, code: str, depth: int) -> Any:
        form = _PRIMITIVES.get(code)
        if form is None:
            return self.content(depth + 1)
        return struct.unpack(form, self._reader.exact(struct.calcsize(form), "field"))[0]

    def _items(self, depth: int) -> list[Any]:
        """Objects up to the end marker; block data (sizes and capacities) is passed over."""
        found = []
        while (item := self.content(depth + 1)) is not _END:
            if not isinstance(item, bytes):
                found.append(item)
        return found

    def _array(self, depth: int) -> list[Any]:
        descriptor = self._descriptor(depth)
        if descriptor is None or len(descriptor.name) < 2 or descriptor.name[0] != "[":
            raise self._reader.error("object stream has an array without an element type")
        made: list[Any] = self._remember([])
        for _ in range(self._reader.i32("array length")):
            made.append(self._value(descriptor.name[1], depth))
        return made

    def _enum(self, depth: int) -> JavaObject:
        descriptor = self._descriptor(depth)
        made: JavaObject = self._remember(JavaObject(descriptor.name if descriptor else "null"))
        made.fields["name"] = self.content(depth + 1)
        return made


def write_java_strings(stream: BinaryIO, strings: list[str]) -> None:
    """Write a ``java.util.ArrayList`` of strings; a repeated string becomes a reference, as for interned ones."""
    count = struct.pack(">i", len(strings))
    stream.write(
        _MAGIC + b"\x73\x72" + _utf("java.util.ArrayList") + bytes.fromhex("7881d21d99c7619d030001")
        + b"I" + _utf("size") + b"\x78\x70" + count + b"\x77\x04" + count
    )  # fmt: skip
    handles: dict[str, int] = {}
    for text in strings:
        if text in handles:
            stream.write(b"\x71" + struct.pack(">i", handles[text]))
            continue
        handles[text] = _FIRST_HANDLE + 2 + len(handles)  # class and list come first
        data = _modified_utf8.encode(text)
        wide = len(data) > 0xFFFF
        stream.write(
            (
                b"\x7c" + struct.pack(">q", len(data))
                if wide
                else b"\x74" + struct.pack(">H", len(data))
            )
            + data
        )
    stream.write(b"\x78")


def _utf(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode("ascii")
