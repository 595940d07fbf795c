"""The stored form of a t-digest in Deeplearning4j's JSON: a serialised Java object, in base64.

The object is always the same class tree (``MergingDigest`` of the t-digest library 3.2 and what it
holds), so the bytes have one fixed layout. They are taken apart here as a file format: nothing is
instantiated from names in the stream, every length is checked before memory is taken for it.
"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Any

import numpy as np

from .._errors import SerializationError
from ._tdigest import TDigest

__all__ = ["DigestJson", "read_java_digest", "write_java_digest"]

Array = np.ndarray[Any, Any]

_MAX_BYTES = 4 << 20
_OBJECT, _CLASS, _ARRAY, _REFERENCE, _STRING, _NULL = b"sruqtp"
_END_OF_ANNOTATIONS = 0x78
_PACKAGE = "com.tdunning.math.stats."
# Fields of each class in stream order, values of the base class first.
_TDIGEST = [("D", "max"), ("D", "min")]
_ABSTRACT = [("Z", "recordAllData"), ("L", "gen")]
_MERGING = [
    ("D", "compression"),
    ("I", "lastUsedCell"),
    ("I", "tempUsed"),
    ("D", "totalWeight"),
    ("D", "unmergedWeight"),
    ("L", "data"),
    ("[", "mean"),
    ("[", "order"),
    ("L", "tempData"),
    ("[", "tempMean"),
    ("[", "tempWeight"),
    ("[", "weight"),
]
_RANDOM = [("Z", "haveNextNextGaussian"), ("D", "nextNextGaussian"), ("J", "seed")]
_CLASSES = {
    _PACKAGE + "MergingDigest": _MERGING,
    _PACKAGE + "AbstractTDigest": _ABSTRACT,
    _PACKAGE + "TDigest": _TDIGEST,
    "java.util.Random": _RANDOM,
    "[D": [],
    "[I": [],
}


class DigestJson:
    """A t-digest as a field of an analysis: ``{"digest": base64}`` in JSON."""

    __slots__ = ("tdigest",)

    def __init__(self, tdigest: TDigest) -> None:
        self.tdigest = tdigest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DigestJson) and (
            self.tdigest.means.tolist() == other.tdigest.means.tolist()
            and self.tdigest.weights.tolist() == other.tdigest.weights.tolist()
        )

    def __hash__(self) -> int:
        return hash(self.tdigest.means.tobytes())

    def __repr__(self) -> str:
        return repr(self.tdigest)

    def to_json_object(self) -> dict[str, str]:
        """The JSON form, which Deeplearning4j reads."""
        return {"digest": base64.b64encode(write_java_digest(self.tdigest)).decode()}

    @classmethod
    def from_json_object(cls, body: dict[str, Any], path: str) -> DigestJson:
        """Read the JSON form; raises SerializationError."""
        text = body.get("digest")
        if not isinstance(text, str):
            raise SerializationError(f"{path}.digest: expected base64 text")
        if len(text) > 2 * _MAX_BYTES:
            raise SerializationError(f"{path}.digest: more than {2 * _MAX_BYTES} characters")
        try:
            return cls(read_java_digest(base64.b64decode(text, validate=True)))
        except (binascii.Error, SerializationError) as e:
            raise SerializationError(f"{path}.digest: {e}") from None


def read_java_digest(data: bytes) -> TDigest:
    """Take a serialised ``MergingDigest`` apart.

    Raises:
        SerializationError: the bytes are no such object, or end too early.
    """
    try:
        return _digest(_Reader(data).top())
    except (struct.error, UnicodeDecodeError, RecursionError, TypeError, KeyError):
        raise SerializationError("the bytes are no serialised t-digest") from None


def _digest(fields: dict[str, Any]) -> TDigest:
    used = fields["lastUsedCell"]
    means, weights = fields["mean"], fields["weight"]
    if not isinstance(means, np.ndarray) or not isinstance(weights, np.ndarray):
        raise SerializationError("the t-digest has no centroids")
    if not 0 <= used <= min(len(means), len(weights)):
        raise SerializationError(f"the t-digest says it uses {used} of {len(means)} cells")
    # Values added since the last merge lie in the temporary arrays.
    extra = fields["tempUsed"]
    more, more_weights = fields["tempMean"], fields["tempWeight"]
    if extra and not 0 <= extra <= min(len(more), len(more_weights)):
        raise SerializationError(f"the t-digest says it has {extra} values to merge")
    compression = fields["compression"]
    if not 10 <= compression <= 1e6:
        raise SerializationError(f"the t-digest has compression {compression}")
    digest = TDigest(compression)
    means = np.concatenate([means[:used], more[:extra]])
    weights = np.concatenate([weights[:used], more_weights[:extra]])
    if np.isnan(means).any() or not np.all((weights > 0) & np.isfinite(weights)):
        raise SerializationError("the t-digest holds centroids without value or weight")
    if len(means):
        order = np.argsort(means, kind="stable")
        digest.means, digest.weights = means[order], weights[order]
        digest.min, digest.max = fields["min"], fields["max"]
        if not digest.min <= digest.means[0] or not digest.max >= digest.means[-1]:
            raise SerializationError("the t-digest's centroids lie outside its range")
    return digest


class _Reader:
    """Java's object serialisation stream, as far as a MergingDigest needs it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.handles: list[Any] = []

    def take(self, form: str) -> Any:
        size = struct.calcsize(form)
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += size
        return value

    def text(self) -> str:
        length = self.take(">H")
        raw = self.data[self.at : self.at + length]
        if len(raw) != length:
            raise SerializationError("the bytes end within a name")
        self.at += length
        return raw.decode("ascii")

    def top(self) -> dict[str, Any]:
        if self.take(">I") != 0xACED0005:
            raise SerializationError("the bytes do not begin as a Java object stream does")
        found = self.value()
        if not isinstance(found, dict) or found.get("class") != _PACKAGE + "MergingDigest":
            raise SerializationError("the object is no MergingDigest")
        return found

    def value(self) -> Any:
        tag = self.take(">B")
        if tag == _NULL:
            return None
        if tag == _REFERENCE:
            return self.reference()
        if tag == _STRING:
            self.handles.append(None)
            self.handles[-1] = text = self.text()
            return text
        if tag == _ARRAY:
            return self.array()
        if tag == _OBJECT:
            return self.object()
        raise SerializationError(f"unexpected byte 0x{tag:02x} in the Java object stream")

    def reference(self) -> Any:
        number = self.take(">I") - 0x7E0000
        if not 0 <= number < len(self.handles):
            raise SerializationError("a reference to an object that is not in the stream")
        return self.handles[number]

    def class_chain(self) -> list[str]:
        """Names of a class and its bases."""
        tag = self.take(">B")
        if tag == _NULL:
            return []
        if tag == _REFERENCE:
            found = self.reference()
            if not isinstance(found, list):
                raise SerializationError("a reference to something that is no class")
            return found
        if tag != _CLASS:
            raise SerializationError(f"expected a class, found byte 0x{tag:02x}")
        name = self.text()
        self.take(">q")  # serial version
        chain = [name]
        self.handles.append(chain)
        self.take(">B")  # flags
        fields = []
        for _ in range(self.take(">H")):
            kind, field = chr(self.take(">B")), self.text()
            if kind in "L[":
                self.value()  # the field's type
            fields.append((kind, field))
        if name not in _CLASSES or fields != _CLASSES[name]:
            raise SerializationError(f"the class {name!r} is not the t-digest's that is known")
        if self.take(">B") != _END_OF_ANNOTATIONS:
            raise SerializationError(f"the class {name!r} has unknown annotations")
        chain += self.class_chain()
        return chain

    def array(self) -> Array:
        chain = self.class_chain()
        slot = len(self.handles)
        self.handles.append(None)
        dtype = np.dtype({"[D": ">f8", "[I": ">i4"}.get(chain[0] if chain else "", "V1"))
        length = self.take(">i")
        size = length * dtype.itemsize
        if dtype.kind == "V" or length < 0 or self.at + size > len(self.data):
            raise SerializationError("an array is longer than the bytes there are")
        out = np.frombuffer(self.data, dtype, length, self.at).astype(dtype.newbyteorder("="))
        self.at += size
        self.handles[slot] = out
        return out

    def object(self) -> dict[str, Any]:
        chain = self.class_chain()
        found: dict[str, Any] = {"class": chain[0] if chain else None}
        self.handles.append(found)
        for name in reversed(chain):
            for kind, field in _CLASSES[name]:
                found[field] = self.field(kind)
            if name == "java.util.Random" and self.take(">B") != _END_OF_ANNOTATIONS:
                raise SerializationError("the random generator has unknown data")
        return found

    def field(self, kind: str) -> Any:
        forms = {"D": ">d", "I": ">i", "J": ">q", "Z": ">?"}
        return self.take(forms[kind]) if kind in forms else self.value()


# --- writing -----------------------------------------------------------------------------------

_COMPRESSION = 100.0  # what Deeplearning4j's analyses use; the sizes of the arrays follow from it
_CELLS, _BUFFER = 210, 500


def _name(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode("ascii")


def _reference(number: int) -> bytes:
    return b"q" + struct.pack(">I", 0x7E0000 + number)


def _class(name: str, serial: int, flags: int, fields: list[tuple[str, str, bytes]]) -> bytes:
    out = b"r" + _name(name) + struct.pack(">QBH", serial, flags, len(fields))
    for kind, field, type_name in fields:
        out += kind.encode() + _name(field) + type_name
    return out + b"x"


def _string(text: str) -> bytes:
    return b"t" + _name(text)


def _array(values: Array, dtype: str, size: int, head: bytes) -> bytes:
    padded = np.zeros(size, dtype)
    padded[: len(values)] = values
    return b"u" + head + struct.pack(">I", size) + padded.tobytes()


def write_java_digest(digest: TDigest) -> bytes:
    """The bytes that Java's serialisation would write for a digest of compression 100."""
    small = digest.compressed(_COMPRESSION)
    n = len(small.means)
    # Handles are numbered as they appear: 0 the class, 1 "List", 2 "[D", 3 "[I" (type names), ...
    list_type, doubles_type = _reference(1), _reference(2)
    types = {
        "data": _string("Ljava/util/List;"),
        "mean": _string("[D"),
        "order": _string("[I"),
        "tempData": list_type,
    }
    merging = [
        (kind, name, b"" if kind not in "L[" else types.get(name, doubles_type))
        for kind, name in _MERGING
    ]
    abstract = [(k, n, _string("Ljava/util/Random;") if k == "L" else b"") for k, n in _ABSTRACT]
    plain = [(kind, name, b"") for kind, name in _TDIGEST]
    random = [(kind, name, b"") for kind, name in _RANDOM]
    out = struct.pack(">I", 0xACED0005) + b"s"
    out += _class(_PACKAGE + "MergingDigest", 0xD24669B120BD35C9, 2, merging)
    out += _class(_PACKAGE + "AbstractTDigest", 0x55D20ED74105525F, 2, abstract)
    out += _class(_PACKAGE + "TDigest", 0xC4FA429AB1295239, 2, plain) + b"p"
    low, high = (small.min, small.max) if n else (np.inf, -np.inf)
    out += struct.pack(">dd?", high, low, False)
    out += b"s" + _class("java.util.Random", 0x363296344BF00A53, 3, random) + b"p"
    out += struct.pack(">?dq", False, 0.0, 0) + b"x"
    weight = float(small.weights.sum())
    out += struct.pack(">diidd", _COMPRESSION, n, 0, weight, 0.0) + b"p"
    out += _array(small.means, ">f8", _CELLS, _class("[D", 0x3EA68C14AB635A1E, 2, []) + b"p")
    out += _array(np.arange(n), ">i4", _BUFFER, _class("[I", 0x4DBA602676EAB2A5, 2, []) + b"p")
    doubles = _reference(10)
    out += b"p" + _array(small.means, ">f8", _BUFFER, doubles)
    out += _array(small.weights, ">f8", _BUFFER, doubles)
    return out + _array(small.weights, ">f8", _CELLS, doubles)
