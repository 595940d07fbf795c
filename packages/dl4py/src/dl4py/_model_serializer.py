"""Model zips as Deeplearning4j's ``ModelSerializer`` writes and reads them.

An ordinary zip with ``configuration.json``, ``coefficients.bin``, and where there is something to
store ``updaterState.bin``, ``normalizer.bin`` and ``objects/...``, Java objects that belong to the
model, of which Strings are read and written here. Files are untrusted: declared and real sizes are
bounded, nothing in a file is executed. Writing is atomic.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast

import numpy as np

from dl4py._java_strings import from_java, to_java
from dl4py.conf._multi_layer import from_json_tree, parse_json
from dl4py.errors import ConfigurationError, ModelFileError, UnsupportedLayerError
from dl4py.nn._parameters import ParameterLayout
from nd4py.formats import array_to_bytes, open_target, read_array

if TYPE_CHECKING:
    from dl4py.conf import MultiLayerConfiguration
    from dl4py.nn import MultiLayerNetwork

CONFIGURATION = "configuration.json"
COEFFICIENTS = "coefficients.bin"
NO_PARAMS = "noParams.marker"
UPDATER_STATE = "updaterState.bin"
NORMALIZER = "normalizer.bin"
OBJECTS = "objects/"
_RESERVED = (CONFIGURATION, COEFFICIENTS, NO_PARAMS, UPDATER_STATE, NORMALIZER, "preprocessor.bin")

MAX_ENTRIES = 10_000
MAX_CONFIGURATION_BYTES = 64 << 20
MAX_BYTES = 1 << 32
MAX_NORMALIZER_BYTES = 1 << 28
MAX_OBJECT_BYTES = 64 << 20
_HEADER_BYTES = 1 << 16  # more than any array file needs beside its numbers
_CHUNK = 1 << 20
# What zipfile raises for damaged entries, depending on which bytes are wrong.
_UNPACKING = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)
_DATA_TYPES = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}

Source: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO"
Target: TypeAlias = "str | os.PathLike[str] | BinaryIO"


def write_model(
    model: MultiLayerNetwork,
    target: Target,
    save_updater: bool = True,
    normalizer: Any = None,
    objects: Mapping[str, str] | None = None,
) -> None:
    """Writes a network as a model zip that Deeplearning4j 1.0.0-M2.1 opens.

    Args:
        model: an initialised network.
        target: a path (written aside and then moved into place), or a binary stream.
        save_updater: store the updater's state, so that training can go on exactly where it
            stopped.
        normalizer: a fitted normalizer of ``nd4py.normalizers`` to store with it.
        objects: texts to store with it by key, as `add_object_to_file` does.

    Answers to ``ModelSerializer.writeModel``.
    """
    entries: list[tuple[str, bytes]] = [
        (CONFIGURATION, model.counted_configuration().to_json().encode())
    ]
    entries.append((COEFFICIENTS, array_to_bytes(model.params())))
    if save_updater:
        state = model.updater_state()
        if state.shape[0] > 0:
            entries.append((UPDATER_STATE, array_to_bytes(state)))
    if normalizer is not None:
        entries.append((NORMALIZER, _normalizer_bytes(normalizer)))
    entries += [_object_entry(key, text) for key, text in (objects or {}).items()]
    with open_target(target) as stream:
        _write_entries(stream, entries)


def restore_multi_layer_network(
    source: Source, load_updater: bool = True, *, max_bytes: int = MAX_BYTES
) -> MultiLayerNetwork:
    """The network of a model zip, written here or by the JVM.

    Args:
        source: a path, the bytes, or a seekable binary stream.
        load_updater: take over the updater's state where the file has it.
        max_bytes: most memory that one stored array may take.

    Raises:
        ModelFileError: the file is damaged, hostile or no model zip; the message names file and
            entry.
        UnsupportedLayerError: it holds a layer class that this version does not have.
        FileNotFoundError: there is no such file.

    Answers to ``ModelSerializer.restoreMultiLayerNetwork``.
    """
    from dl4py.nn import MultiLayerNetwork

    with _opened(source) as archive:
        conf, layout = archive.configuration()
        params = archive.array(COEFFICIENTS, layout.length, max_bytes)
        state = None
        if load_updater and archive.has(UPDATER_STATE):
            state = archive.array(UPDATER_STATE, layout.state_length, max_bytes)
    data_type = _data_type_of(params)
    if data_type != conf.data_type:
        conf = conf.with_data_type(data_type)  # the array's type wins over the JSON's
    network = MultiLayerNetwork(conf)
    network.init(params)
    if state is not None:
        network.set_updater_state(state)
    return network


def restore_normalizer(source: Source) -> Any:
    """The normalizer of a model zip, None where it has none.

    Answers to ``ModelSerializer.restoreNormalizerFromFile``.
    """
    from nd4py.normalizers import load

    with _opened(source) as archive:
        if not archive.has(NORMALIZER):
            return None
        with archive.unpacked(NORMALIZER) as stream:
            return load(stream, max_bytes=MAX_NORMALIZER_BYTES)


def restore_multi_layer_network_and_normalizer(
    source: Source, load_updater: bool = True
) -> tuple[MultiLayerNetwork, Any]:
    """The network and the normalizer (or None) of a model zip."""
    if not isinstance(source, (str, os.PathLike, bytes)):
        source = source.read()
    return restore_multi_layer_network(source, load_updater), restore_normalizer(source)


def add_normalizer_to_model(path: str | os.PathLike[str], normalizer: Any) -> None:
    """Puts a normalizer into an existing model zip, in place of one it may have.

    Answers to ``ModelSerializer.addNormalizerToModel``.
    """
    _put_entry(path, (NORMALIZER, _normalizer_bytes(normalizer)))


def add_object_to_file(path: str | os.PathLike[str], key: str, text: str) -> None:
    """Puts a text beside the model of a zip, in place of one of that key.

    In the JVM ``ModelSerializer.getObjectFromFile(file, key)`` gives it as a String.

    Raises:
        ValueError: the key is empty, or one that Deeplearning4j reserves.

    Answers to ``ModelSerializer.addObjectToFile``, for Strings.
    """
    _put_entry(path, _object_entry(key, text))


def get_object_from_file(source: Source, key: str) -> str:
    """A text that is stored beside a model, by Deeplearning4j or `add_object_to_file`.

    Raises:
        KeyError: there is no object of that key.
        ModelFileError: the object is no String; objects of other Java classes are never read.

    Answers to ``ModelSerializer.getObjectFromFile``, for Strings.
    """
    with _opened(source) as archive:
        if not archive.has(OBJECTS + key):
            known = ", ".join(map(repr, _keys(archive))) or "none"
            raise KeyError(f"{archive.where}: no object {key!r}; its objects are: {known}")
        data = archive.read(OBJECTS + key, MAX_OBJECT_BYTES)
    try:
        return from_java(data)
    except ValueError as problem:
        raise ModelFileError(f"{archive.where}: {OBJECTS}{key}: {problem}") from None


def list_objects_in_file(source: Source) -> list[str]:
    """Keys of the Java objects stored beside the model; those that are Strings can be read by
    `get_object_from_file`.

    Answers to ``ModelSerializer.listObjectsInFile``.
    """
    with _opened(source) as archive:
        return _keys(archive)


def is_model_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a zip with a network's configuration."""
    try:
        with zipfile.ZipFile(path) as archive:
            return CONFIGURATION in archive.namelist()
    except (zipfile.BadZipFile, ValueError, EOFError):
        return False


# -------------------------------------------------------------------------------------- the archive


class _Archive:
    """A zip whose entries are read within bounds."""

    def __init__(self, archive: zipfile.ZipFile, where: str) -> None:
        self._archive = archive
        self.where = where
        infos = archive.infolist()
        if len(infos) > MAX_ENTRIES:
            raise ModelFileError(
                f"{where}: {len(infos)} entries, more than the limit of {MAX_ENTRIES}"
            )
        self._infos = {i.filename: i for i in infos}
        self.names = list(self._infos)

    def has(self, name: str) -> bool:
        """Whether there is such an entry."""
        return name in self._infos

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = self._infos.get(name)
        if info is None:
            known = ", ".join(self.names[:8]) or "nothing"
            raise ModelFileError(f"{self.where}: no entry {name}; it holds {known}")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ModelFileError(
                f"{self.where}: {name} is packed by method {info.compress_type}; expected stored or "
                "deflated"
            )
        return info

    def read(self, name: str, limit: int) -> bytes:
        """An entry's bytes; the real size counts, not the declared one."""
        info = self._info(name)
        chunks = []
        total = 0
        try:
            with self._archive.open(info) as stream:
                while total <= limit and (chunk := stream.read(_CHUNK)):
                    total += len(chunk)
                    chunks.append(chunk)
        except _UNPACKING as problem:
            raise ModelFileError(f"{self.where}: {name} cannot be unpacked: {problem}") from None
        if total > limit:
            raise ModelFileError(f"{self.where}: {name} is larger than the limit of {limit} bytes")
        return b"".join(chunks)

    @contextmanager
    def unpacked(self, name: str, note: str = "") -> Iterator[BinaryIO]:
        """An entry as a stream; what goes wrong while it is read names file and entry."""
        try:
            with self._archive.open(self._info(name)) as stream:
                yield cast(BinaryIO, stream)
        except ModelFileError:
            raise
        except _UNPACKING as problem:
            text = str(problem).removeprefix(f"{name}: ")  # the reader knows the entry's name too
            raise ModelFileError(f"{self.where}: {name}: {text}{note}") from None

    def configuration(self) -> tuple[MultiLayerConfiguration, ParameterLayout]:
        """The network configuration, and the parameters that it asks for."""
        try:
            conf = from_json_tree(parse_json(self.read(CONFIGURATION, MAX_CONFIGURATION_BYTES)))
            return conf, ParameterLayout(conf.layers)
        except UnsupportedLayerError as problem:
            # a class that is missing keeps its own type, so that callers can tell it from damage
            place = f"{self.where}: {CONFIGURATION}: {problem.path}"
            raise UnsupportedLayerError(problem.java_class, place, problem.what) from None
        except ConfigurationError as problem:
            raise ModelFileError(f"{self.where}: {CONFIGURATION}: {problem}") from None

    def array(self, name: str, count: int, max_bytes: int) -> np.ndarray[Any, Any]:
        """A stored vector of ``count`` numbers; no more memory is taken than that needs."""
        info = self._info(name)
        if info.file_size == 0 and self.has(NO_PARAMS):
            return np.zeros(0, np.float32)
        limit = min(max_bytes, count * 8 + _HEADER_BYTES)
        with self.unpacked(name, f"; {count} numbers are expected") as stream:
            found = np.asarray(read_array(stream, "nd4j", max_bytes=limit))
        if found.ndim > 2 or (found.ndim == 2 and 1 not in found.shape):
            raise ModelFileError(
                f"{self.where}: {name}: expected a vector; it holds an array of shape {found.shape}"
            )
        if found.size != count:
            raise ModelFileError(
                f"{self.where}: {name} holds {found.size} numbers; the configuration needs {count}"
            )
        if found.dtype.name not in _DATA_TYPES:
            raise ModelFileError(
                f"{self.where}: {name}: expected floating numbers; it holds {found.dtype}"
            )
        return found.ravel()


@contextmanager
def _opened(source: Source) -> Iterator[_Archive]:
    where = "model"
    with ExitStack() as stack:
        stream: Any = source
        if isinstance(source, (str, os.PathLike)):
            where = os.fspath(source)
            stream = stack.enter_context(open(source, "rb"))
        elif isinstance(source, bytes):
            stream = io.BytesIO(source)
        elif hasattr(source, "seek"):
            name = getattr(source, "name", None)  # an int for a descriptor
            where = name if isinstance(name, str) else where
        else:
            raise TypeError(
                f"expected a path, bytes or a seekable binary stream; received {type(source).__name__}"
            )
        try:
            archive = stack.enter_context(zipfile.ZipFile(stream))
        except _UNPACKING as problem:
            raise ModelFileError(f"{where}: not a zip, or truncated: {problem}") from None
        yield _Archive(archive, where)


def _write_entries(stream: IO[bytes], entries: list[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)


def _put_entry(path: str | os.PathLike[str], entry: tuple[str, bytes]) -> None:
    with _opened(path) as archive:
        entries = [
            (name, archive.read(name, MAX_BYTES)) for name in archive.names if name != entry[0]
        ]
    with open_target(path) as stream:
        _write_entries(stream, [*entries, entry])


def _keys(archive: _Archive) -> list[str]:
    return [n[len(OBJECTS) :] for n in archive.names if n.startswith(OBJECTS)]


def _object_entry(key: str, text: str) -> tuple[str, bytes]:
    if not key or key.lower() in (name.lower() for name in _RESERVED):
        raise ValueError(f"object key {key!r}: expected a name that the model itself does not use")
    return OBJECTS + key, to_java(text)


def _normalizer_bytes(normalizer: Any) -> bytes:
    if not hasattr(normalizer, "save"):
        raise TypeError(
            f"normalizer: expected one of nd4py.normalizers; received {type(normalizer).__name__}"
        )
    stream = io.BytesIO()
    normalizer.save(stream)
    return stream.getvalue()


def _data_type_of(array: np.ndarray[Any, Any]) -> str:
    return _DATA_TYPES[array.dtype.name]
