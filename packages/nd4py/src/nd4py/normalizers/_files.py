"""Normalizer files, also the entry ``normalizer.bin`` of model zips."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from ..formats._nd4j import read_nd4j, write_nd4j
from ..formats._stored import StoredArray
from ..formats._streams import (
    DEFAULT_MAX_BYTES,
    BoundedReader,
    Source,
    Target,
    open_source,
    open_target,
    write_utf,
)
from ._image import ImagePreProcessingScaler
from ._multi import (
    MultiNormalizerHybrid,
    MultiNormalizerMinMaxScaler,
    MultiNormalizerStandardize,
)
from ._single import AbstractNormalizer, NormalizerMinMaxScaler, NormalizerStandardize
from ._statistics import AbstractStats, DistributionStats, MinMaxStats
from ._strategies import AbstractStrategy, MinMaxStrategy, StandardizeStrategy

__all__ = ["load", "save_normalizer"]

_MAGIC = "NORMALIZER"
_VERSION = 1
_OLD_JAVA = b"\xac\xed\x00\x05"
_MAX_ARRAYS = 1 << 16


def load(source: Source, *, max_bytes: int = DEFAULT_MAX_BYTES) -> AbstractNormalizer:
    """Read a normalizer of any kind from a path, bytes or a binary stream.

    Answers to ``NormalizerSerializer.getDefault().restore``. Raises FormatError when the file is
    damaged, truncated, of another version, or of a kind that has no file form.
    """
    with open_source(source, max_bytes) as reader:
        head = reader.exact(2, "normalizer file")
        if head == _OLD_JAVA[:2]:
            raise reader.error(
                "this normalizer is an old Java object stream; load it with the release that wrote "
                "it and save it again with NormalizerSerializer"
            )
        if (
            head != struct.pack(">H", len(_MAGIC))
            or reader.exact(len(_MAGIC), "magic") != _MAGIC.encode()
        ):
            raise reader.error("not a normalizer file: it does not start with NORMALIZER")
        version = reader.i32("version")
        if version != _VERSION:
            raise reader.error(f"normalizer file of version {version}, expected {_VERSION}")
        kind = reader.utf("type")
        if kind not in _BODIES:
            raise reader.error(
                f"normalizer of type {kind[:60]!r}, expected one of {', '.join(_BODIES)}"
            )
        read: Callable[[BoundedReader], AbstractNormalizer] = _BODIES[kind][0]
        return read(reader)


def save_normalizer(target: Target, normalizer: AbstractNormalizer) -> None:
    """Write a normalizer; raises TypeError when its kind has no file form."""
    cls, write = next(
        ((c, w) for _, c, w in _BODIES.values() if type(normalizer) is c), (None, None)
    )
    if cls is None or write is None:
        raise TypeError(f"{type(normalizer).__name__} has no file form in Deeplearning4j")
    body = _Writer()
    write(body, normalizer)  # before the target is touched: it may not be fitted
    with open_target(target) as stream:
        write_utf(stream, _MAGIC)
        stream.write(struct.pack(">i", _VERSION))
        write_utf(stream, normalizer.type)
        body.copy_to(stream)


class _Writer:
    """Collects the parts of a body."""

    def __init__(self) -> None:
        self._parts: list[bytes | StoredArray] = []

    def pack(self, form: str, *values: Any) -> None:
        self._parts.append(struct.pack(">" + form, *values))

    def stats(self, *many: AbstractStats) -> None:
        for stats in many:
            for array in stats.pair():
                self._parts.append(StoredArray.of(array, "c"))

    def copy_to(self, stream: BinaryIO) -> None:
        for part in self._parts:
            if isinstance(part, bytes):
                stream.write(part)
            else:
                write_nd4j(stream, part)


def _distribution(reader: BoundedReader) -> DistributionStats:
    return DistributionStats(*_rows(reader))


def _min_max(reader: BoundedReader) -> MinMaxStats:
    return MinMaxStats(*_rows(reader))


def _rows(reader: BoundedReader) -> tuple[np.ndarray, np.ndarray]:
    rows = []
    for _ in range(2):
        stored = read_nd4j(reader)
        if stored.values.dtype.kind != "f":
            raise reader.error(f"statistics are of type {stored.element.name}, expected floats")
        rows.append(stored.values.reshape(1, -1))
    if rows[0].shape != rows[1].shape:
        raise reader.error(
            f"statistics of {rows[0].size} and {rows[1].size} columns do not belong together"
        )
    return rows[0], rows[1]


def _count(reader: BoundedReader, what: str) -> int:
    count = reader.i32(what)
    if not -1 <= count <= _MAX_ARRAYS:
        raise reader.error(f"{what} is {count}, expected at most {_MAX_ARRAYS}")
    return count


def _read_standardize(reader: BoundedReader) -> NormalizerStandardize:
    made = NormalizerStandardize(fit_label=reader.boolean("fit_label"))
    made._features = _distribution(reader)
    made._labels = _distribution(reader) if made.fit_label else None
    return made


def _write_standardize(out: _Writer, normalizer: NormalizerStandardize) -> None:
    out.pack("?", normalizer.fit_label)
    out.stats(normalizer._stats("features"))
    if normalizer.fit_label:
        out.stats(normalizer._stats("labels"))


def _read_min_max(reader: BoundedReader) -> NormalizerMinMaxScaler:
    fit_label = reader.boolean("fit_label")
    made = NormalizerMinMaxScaler(reader.f64("target"), reader.f64("target"), fit_label=fit_label)
    made._features = _min_max(reader)
    made._labels = _min_max(reader) if fit_label else None
    return made


def _write_min_max(out: _Writer, normalizer: NormalizerMinMaxScaler) -> None:
    out.pack("?dd", normalizer.fit_label, normalizer.target_min, normalizer.target_max)
    out.stats(normalizer._stats("features"))
    if normalizer.fit_label:
        out.stats(normalizer._stats("labels"))


def _read_image(reader: BoundedReader) -> ImagePreProcessingScaler:
    made = ImagePreProcessingScaler(reader.f64("range"), reader.f64("range"))
    made.max_pixel_value = reader.f64("largest pixel")
    return made


def _write_image(out: _Writer, normalizer: ImagePreProcessingScaler) -> None:
    out.pack("ddd", normalizer.min_range, normalizer.max_range, normalizer.max_pixel_value)


def _read_multi_standardize(reader: BoundedReader) -> MultiNormalizerStandardize:
    fit_label = reader.boolean("fit_label")
    counts = _count(reader, "number of inputs"), _count(reader, "number of outputs")
    made = MultiNormalizerStandardize(fit_label=fit_label)
    for part, count in zip(("features", "labels"), counts, strict=True):
        made._statistics[part] = {i: _distribution(reader) for i in range(count)}
    made._fitted = True
    return made


def _read_multi_min_max(reader: BoundedReader) -> MultiNormalizerMinMaxScaler:
    fit_label = reader.boolean("fit_label")
    counts = _count(reader, "number of inputs"), _count(reader, "number of outputs")
    made = MultiNormalizerMinMaxScaler(
        reader.f64("target"), reader.f64("target"), fit_label=fit_label
    )
    for part, count in zip(("features", "labels"), counts, strict=True):
        made._statistics[part] = {i: _min_max(reader) for i in range(count)}
    made._fitted = True
    return made


def _write_multi(
    out: _Writer, normalizer: MultiNormalizerStandardize | MultiNormalizerMinMaxScaler
) -> None:
    normalizer._get("features", 0)
    out.pack("?ii", normalizer.fit_label, normalizer.num_inputs, normalizer.num_outputs)
    if isinstance(normalizer, MultiNormalizerMinMaxScaler):
        out.pack("dd", normalizer.target_min, normalizer.target_max)
    for part in ("features", "labels"):
        out.stats(*(stats for _, stats in sorted(normalizer._statistics[part].items())))


def _read_hybrid(reader: BoundedReader) -> MultiNormalizerHybrid:
    statistics = {part: _read_stats_map(reader) for part in ("features", "labels")}
    made = MultiNormalizerHybrid(_read_strategy(reader), _read_strategy(reader))
    made.per_input = _read_strategy_map(reader)
    made.per_output = _read_strategy_map(reader)
    made._statistics = statistics
    made._fitted = True
    return made


def _read_stats_map(reader: BoundedReader) -> dict[int, AbstractStats]:
    found: dict[int, AbstractStats] = {}
    for _ in range(_count(reader, "number of statistics")):
        index, kind = reader.i32("index"), reader.i32("kind of statistics")
        if kind not in (1, 2):
            raise reader.error(f"statistics of kind {kind}, expected 1 (mean, std) or 2 (bounds)")
        found[index] = _distribution(reader) if kind == 1 else _min_max(reader)
    return found


def _read_strategy(reader: BoundedReader) -> AbstractStrategy | None:
    kind = reader.i32("strategy")
    if kind == 0:
        return None
    if kind == 1:
        return StandardizeStrategy()
    if kind == 2:
        return MinMaxStrategy(reader.f64("range"), reader.f64("range"))
    raise reader.error(f"strategy {kind}, expected 0 (none), 1 (standardize) or 2 (min-max)")


def _read_strategy_map(reader: BoundedReader) -> dict[int, AbstractStrategy]:
    found = {}
    for _ in range(_count(reader, "number of strategies")):
        index, strategy = reader.i32("index"), _read_strategy(reader)
        if strategy is not None:
            found[index] = strategy
    return found


def _write_hybrid(out: _Writer, normalizer: MultiNormalizerHybrid) -> None:
    if not normalizer._fitted:
        raise ValueError("MultiNormalizerHybrid: no statistics; call fit first")
    for part in ("features", "labels"):
        statistics = normalizer._statistics[part]
        out.pack("i", len(statistics))
        for index, stats in sorted(statistics.items()):
            out.pack("ii", index, 1 if isinstance(stats, DistributionStats) else 2)
            out.stats(stats)
    for strategy in (normalizer.inputs, normalizer.outputs):
        _write_strategy(out, strategy)
    for strategies in (normalizer.per_input, normalizer.per_output):
        out.pack("i", len(strategies))
        for index, strategy in sorted(strategies.items()):
            out.pack("i", index)
            _write_strategy(out, strategy)


def _write_strategy(out: _Writer, strategy: AbstractStrategy | None) -> None:
    if isinstance(strategy, MinMaxStrategy):
        out.pack("idd", 2, strategy.min_range, strategy.max_range)
    else:
        out.pack("i", 0 if strategy is None else 1)


_BODIES: dict[str, tuple[Any, type, Any]] = {
    "STANDARDIZE": (_read_standardize, NormalizerStandardize, _write_standardize),
    "MIN_MAX": (_read_min_max, NormalizerMinMaxScaler, _write_min_max),
    "IMAGE_MIN_MAX": (_read_image, ImagePreProcessingScaler, _write_image),
    "MULTI_STANDARDIZE": (_read_multi_standardize, MultiNormalizerStandardize, _write_multi),
    "MULTI_MIN_MAX": (_read_multi_min_max, MultiNormalizerMinMaxScaler, _write_multi),
    "MULTI_HYBRID": (_read_hybrid, MultiNormalizerHybrid, _write_hybrid),
}
