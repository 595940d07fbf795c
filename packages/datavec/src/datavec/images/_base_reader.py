"""What readers of image files share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Self

import numpy as np

from .._errors import DataVecError
from .._policy import ErrorExample, ErrorPolicy, ErrorReport
from ..columns._frame import Frame
from ..process._process import ReadPlan
from ..readers._files import as_location, location_name
from ..readers._metadata import RecordMetaDataURI
from ..readers._reader import AbstractRecordReader
from ..readers._splits import AbstractInputSplit, InputPart, as_split
from ..schema._metadata import AbstractColumnMetaData, NDArrayMetaData
from ..schema._schema import Schema
from ._batches import BatchedImages
from ._draws import AbstractDraws
from ._errors import ImageError
from ._loader import NativeImageLoader, Prepared, read_stream, write_channels_first
from ._process import ImageTransformProcess
from ._scaling import PixelScaling
from ._transform import AbstractImageTransform, Array

__all__ = ["AbstractImageRecordReader"]

_KEY = "org.datavec.api.records.reader.RecordReader."
_TASK_BYTES = 64 << 20


class AbstractImageRecordReader(AbstractRecordReader):
    """One record per image file: an array, and what a subclass adds as labels.

    The arguments are those of `ImageRecordReader`. Answers to Deeplearning4j's
    ``BaseImageRecordReader``.
    """

    def __init__(
        self,
        height: int,
        width: int,
        channels: int,
        *,
        image_transform: AbstractImageTransform | ImageTransformProcess | None,
        seed: int | None,
        nchw: bool,
        on_invalid: str | ErrorPolicy,
        replacements: Mapping[str, Any] | None,
        options: Mapping[str, Any],
    ) -> None:
        super().__init__()
        if on_invalid == "replace" and replacements is None:
            replacements = {"image": 0.0}
        self.policy = ErrorPolicy.of(on_invalid, replacements, option="on_invalid")
        unknown = ", ".join(set(self.policy.replacements) - {"image"})
        if unknown:
            raise ValueError(f'replacements: only "image" can be replaced, received {unknown}')
        self.errors = ErrorReport()
        self.seed = seed
        self.nchw = nchw
        self._options = dict(options)
        self.set_size(height, width, channels, image_transform)
        self._split: AbstractInputSplit | None = None

    def __repr__(self) -> str:
        size = f"{self.width}x{self.height}x{self.channels}"
        source = "nothing to read yet" if self._split is None else str(self._split)
        return f"<{type(self).__name__}: {size} from {source:.80}>"

    def set_size(
        self,
        height: int,
        width: int,
        channels: int,
        image_transform: AbstractImageTransform | ImageTransformProcess | None,
    ) -> None:
        """Make another loader; raises ValueError for sizes that are none."""
        if None in (height, width, channels):
            raise ValueError(f"{type(self).__name__}: height, width and channels must be numbers")
        self.loader = NativeImageLoader(
            height, width, channels, image_transform=image_transform, **self._options
        )
        self.height, self.width, self.channels = height, width, channels
        self.image_transform = image_transform
        shape = (channels, height, width) if self.nchw else (height, width, channels)
        self.image_shape: tuple[int, ...] = (1, *shape)
        """Shape of an image's array in a record."""

    def initialize(
        self,
        source: Any,
        configuration: Mapping[str, str] | None = None,
        image_transform: AbstractImageTransform | ImageTransformProcess | None = None,
    ) -> Self:
        """Set the files, and with a configuration (Deeplearning4j's keys) the size and cropping.

        Raises:
            DataVecError: there are no files that would show the labels.
        """
        given = {k.removeprefix(_KEY): v for k, v in (configuration or {}).items()}
        transform = self.image_transform if image_transform is None else image_transform
        if given.get("cropimage", "").lower() == "true":
            self._options["center_crop"] = True
        self.set_size(
            int(given.get("height", self.height)),
            int(given.get("width", self.width)),
            int(given.get("channels", self.channels)),
            transform,
        )
        self._split = as_split(source)
        self.use_files(self._split, given)
        self.reset()
        return self

    @property
    def split(self) -> AbstractInputSplit:
        """Where the files are; raises ValueError before `initialize`."""
        if self._split is None:
            raise ValueError(
                f"{type(self).__name__}: no files given; pass them or call initialize()"
            )
        return self._split

    # --- labels -----------------------------------------------------------------------------------

    @abstractmethod
    def use_files(self, split: AbstractInputSplit, configuration: Mapping[str, str]) -> None:
        """Find the labels of new files."""

    @abstractmethod
    def label_columns(self) -> list[AbstractColumnMetaData]:
        """The columns after the image."""

    @abstractmethod
    def label_values(self, name: str | None, prepared: Prepared) -> list[Any]:
        """The values after the image; raises DataVecError."""

    @property
    def schema(self) -> Schema | None:
        """The image as NDArray column ``image``, then the labels."""
        return Schema((NDArrayMetaData("image", self.image_shape), *self.label_columns()))

    # --- records ----------------------------------------------------------------------------------

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        epoch, parts = self.begin_pass()
        for part in parts:
            prepared = self.prepared(part, epoch)
            if prepared is not None:
                yield self._record(prepared, part.name), self.metadata_of(part.name, prepared)

    def begin_pass(self) -> tuple[int, Iterator[InputPart]]:
        """The number of the pass, and its files."""
        self.errors = ErrorReport()
        return self.split.epoch, self.split.parts()

    def metadata_of(self, name: str | None, prepared: Prepared) -> Any:
        """Where a record came from."""
        return RecordMetaDataURI(name or "")

    def _record(self, prepared: Prepared, name: str | None) -> list[Any]:
        array = np.empty(self.image_shape, np.float32)
        self.write(prepared, array[0])
        return [array, *self.label_values(name, prepared)]

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        epoch = max(0, self.split.epoch - 1)  # as in the pass that is under way, or the last one
        records = []
        for entry in metadata:
            location = as_location(entry.uri)
            part = InputPart(location_name(location), partial(self.split.open, location))
            records.append(self._record(self.read(part, epoch), part.name))
        return records

    def next_arrays(self, count: int) -> list[Array]:
        """Up to `count` records as arrays: images [n, channels, height, width], then the labels.

        Numbers become [n, 1], arrays are put one after another. Answers to ``next(num)``.

        Raises:
            StopIteration: no records are left.
        """
        records = self.next_batch(count)
        if not records:
            raise StopIteration("no more records; call reset() to start again")
        images, *labels = zip(*records, strict=True)
        return [np.concatenate(images), *(self.label_array(i, v) for i, v in enumerate(labels))]

    def label_array(self, column: int, values: Any) -> Array:
        """One of the label columns of some records as an array."""
        if isinstance(values[0], np.ndarray):
            return np.concatenate(values)
        return np.array(values, np.float32)[:, np.newaxis]

    # --- one image --------------------------------------------------------------------------------

    def prepared(self, part: InputPart, epoch: int) -> Prepared | None:
        """An image ready to be written; None where the policy leaves it out."""
        try:
            return self.read(part, epoch)
        except (ImageError, FileNotFoundError) as e:
            if self.policy.raises:
                raise
            value = self.policy.replacement("image")
            self.errors.add(
                "skipped" if value is None else "replaced",
                "image",
                "expected a readable image",
                where=type(self).__name__,
                examples=[ErrorExample(getattr(e, "reason", str(e)), part.name or "")],
            )
            return None if value is None else self.loader.blank(value)

    def read(self, part: InputPart, epoch: int) -> Prepared:
        """Open, decode and prepare.

        Raises:
            ImageError: no image, damaged, too large, or of a kind that a transform cannot work on.
            FileNotFoundError: no such file.
        """
        try:
            with part.open() as stream:
                data = read_stream(stream, part.name)
            pixels = self.loader.decoded(data, part.name)
            return self.loader.prepare(pixels, self._draws(part.name, epoch))
        except ImageError:
            raise
        except DataVecError as e:
            reason = str(e).removeprefix(f"{part.name}: ")
            raise ImageError(reason, file=part.name) from e

    def _draws(self, name: str | None, epoch: int) -> AbstractDraws | None:
        transform = self.image_transform
        if self.seed is None or transform is None:
            return None
        # The folder and the name, so that the draws are the same on a machine with other paths.
        parts = (name or "").replace("\\", "/").rsplit("/", 2)[-2:]
        return transform.draws_for((self.seed, epoch, *parts))

    def write(self, prepared: Prepared, out: Array, scaling: PixelScaling | None = None) -> None:
        """Put an image into its place in a batch."""
        if scaling is not None:
            scaling.write(prepared.pixels, out)
        elif self.nchw:
            write_channels_first(prepared.pixels, out)
        else:
            out[...] = prepared.pixels

    # --- batches ----------------------------------------------------------------------------------

    @property
    def in_order(self) -> bool:
        """Whether images must be transformed one after another, since a generator runs on."""
        transform = self.image_transform
        return self.seed is None and transform is not None and transform.runs_on

    def in_batches_of(self, size: int, normalizer: Any = None) -> BatchedImages:
        """The same records in frames of `size`, normalized on the way where that is possible."""
        return BatchedImages(self, size, normalizer)

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        """Callables that each decode some images into one array, in any thread."""
        image_bytes = 4 * int(np.prod(self.image_shape))
        return self.in_batches_of(max(1, min(64, _TASK_BYTES // image_bytes))).frame_tasks(
            schema, plan
        )
