"""Image files to Arrow frames, many at a time and in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from .._errors import InvalidValueError, SchemaError
from .._policy import ErrorReport
from ..columns._arrow_arrays import arrow_array
from ..columns._arrow_io import column_from_values
from ..columns._frame import Frame
from ..columns._ndarray_column import from_flat
from ..process._process import ReadPlan
from ..readers._splits import InputPart
from ..schema._metadata import AbstractColumnMetaData, IntegerMetaData
from ..schema._schema import Schema
from ._opencv import single_threaded
from ._scaling import PixelScaling, pixel_scaling

if TYPE_CHECKING:
    from ._base_reader import AbstractImageRecordReader

__all__ = ["BatchedImages", "ImageTask"]

_MAX_VALUES = (1 << 31) - 1  # Arrow counts the values of an array column in 32 bits


class BatchedImages:
    """The records of an image reader in frames of a size, so that batches need no copying.

    Attributes:
        normalizes: whether the images come out of the normalizer that was given.
    """

    def __init__(
        self, reader: AbstractImageRecordReader, size: int, normalizer: Any = None
    ) -> None:
        self.reader = reader
        first = reader.nchw and normalizer is not None
        self.scaling = pixel_scaling(normalizer, reader.channels) if first else None
        self.normalizes = self.scaling is not None
        self.size = max(1, min(size, _MAX_VALUES // int(np.prod(reader.image_shape))))

    @property
    def errors(self) -> ErrorReport:
        """What the reader left out or replaced in the pass."""
        return self.reader.errors

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        """Callables that each decode some images into one array, in any thread."""
        reader = self.reader
        width = 1 + len(reader.label_columns())
        if len(schema) != width:
            raise SchemaError(
                f"{type(reader).__name__}: records have {width} values (the image and its "
                f"labels), but the schema has {len(schema)} columns "
                f"({', '.join(schema.column_names)})"
            )
        epoch, parts = reader.begin_pass()
        while chunk := list(islice(parts, self.size)):
            task = ImageTask(reader, schema, chunk, epoch, self.scaling)
            if reader.in_order:
                task.finish()
            yield task


class ImageTask:
    """Decodes some images into one array, under the reader's policy."""

    def __init__(
        self,
        reader: AbstractImageRecordReader,
        schema: Schema,
        parts: list[InputPart],
        epoch: int,
        scaling: PixelScaling | None = None,
    ) -> None:
        self.reader, self.schema, self.parts, self.epoch = reader, schema, parts, epoch
        self.scaling = scaling
        self._sources: list[Any] = []
        self._frame: Frame | None = None

    def __call__(self) -> Frame:
        frame, self._frame = self._frame or self._decoded(), None
        return frame

    def finish(self) -> None:
        """Do the work now, in the order of the tasks."""
        self._frame = self._decoded()

    def _decoded(self) -> Frame:
        reader = self.reader
        images = np.empty((len(self.parts), *reader.image_shape[1:]), np.float32)
        labels: list[list[Any]] = []
        with single_threaded():
            for part in self.parts:
                prepared = reader.prepared(part, self.epoch)
                if prepared is None:
                    continue
                reader.write(prepared, images[len(labels)], self.scaling)
                labels.append(reader.label_values(part.name, prepared))
                self._sources.append(reader.metadata_of(part.name, prepared))
        columns = [_array_column(images[: len(labels)], reader.image_shape)]
        for i, meta in enumerate(self.schema.columns[1:]):
            columns.append(_label_column([values[i] for values in labels], meta))
        return Frame(self.schema, tuple(columns), len(labels))

    def metadata(self, frame: Frame) -> list[Any]:
        """Metadata of the records of a frame that came from this task."""
        rows = range(frame.num_records) if frame.origin is None else frame.origin.tolist()
        return [self._sources[i] for i in rows]

    def locate(self, error: InvalidValueError) -> InvalidValueError:
        """Say in which file."""
        if error.row is None or error.row >= len(self._sources):
            return error
        return error.located(file=self._sources[error.row].uri)


def _label_column(values: list[Any], meta: AbstractColumnMetaData) -> pa.Array:
    if isinstance(meta, IntegerMetaData) and all(type(v) is int for v in values):
        return arrow_array(np.array(values, np.int32))  # without importing pandas, as pyarrow would
    return column_from_values(values, meta)


def _array_column(images: np.ndarray[Any, Any], shape: tuple[int, ...]) -> pa.Array:
    """Equal arrays as a column, without copying them."""
    count, size = len(images), int(np.prod(shape))
    ranks = np.arange(count + 1, dtype=np.int32) * len(shape)
    sides = np.tile(np.array(shape, np.int32), count)
    shapes = pa.ListArray.from_arrays(arrow_array(ranks), arrow_array(sides))
    return from_flat(images.reshape(-1), np.arange(count + 1, dtype=np.int32) * size, shapes)
