"""ImageRecordReader: files of images, with labels from their paths."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._errors import DataVecError
from .._policy import ErrorPolicy
from ..readers._files import location_name
from ..readers._path_labels import (
    AbstractPathLabelGenerator,
    AbstractPathMultiLabelGenerator,
    ParentPathLabelGenerator,
)
from ..readers._splits import AbstractInputSplit
from ..schema._metadata import (
    AbstractColumnMetaData,
    DoubleMetaData,
    IntegerMetaData,
    LongMetaData,
    NDArrayMetaData,
    StringMetaData,
)
from ..writables._writable import Writable
from ._base_reader import AbstractImageRecordReader
from ._loader import Prepared
from ._process import ImageTransformProcess
from ._transform import AbstractImageTransform, Array

__all__ = ["ImageRecordReader"]


class ImageRecordReader(AbstractImageRecordReader):
    """One record per image file: float32 [1, channels, height, width], then its labels.

    With `ParentPathLabelGenerator` and `PatternPathLabelGenerator` the label is a class index: the
    position in the sorted list of all labels, `labels`. The values of generators that say so
    (``infer_label_classes = False``), and of those of several labels, are used as they are.

    In a `RecordReaderDataSetIterator` files are decoded and changed in threads, straight into the
    batch's array [examples, channels, height, width], and class indices become one-hot.

    Answers to Deeplearning4j's ``ImageRecordReader``.

    Args:
        source: a folder, a path, paths, URLs or an input split; None to call `initialize` later.
        height: rows of the arrays.
        width: columns of the arrays.
        channels: 1, 3 (blue, green, red) or 4.
        label_generator: gives each path its label, or its labels.
        image_transform: a transform or a process, applied to each image before it is resized.
        seed: gives every image draws of its own, from this seed, the pass and the file's name, so
            that order and threads do not matter. None: a transform's own generator runs on from
            image to image, as in Deeplearning4j, and such images are transformed one by one.
        append_label: False leaves the labels out; the default is to have them if there is a
            generator.
        labels: the class names in order, for files that do not show all of them.
        nchw: channels before height and width; False puts them last.
        on_invalid: what to do with files that are no image, damaged, too large or missing:
            ``raise``; ``skip`` and count them in `errors`; or ``replace`` by an image of one value.
        replacements: ``{"image": value}`` for ``replace``; 0 by default.
        **loader: further options of `NativeImageLoader`, such as ``channel_order="rgb"``.

    Raises:
        ImageError: when read, a file that cannot be used; names the file.
        DataVecError: no files, or a label that is not among `labels`.

    >>> import tempfile, pathlib, cv2
    >>> import numpy as np
    >>> from datavec import ParentPathLabelGenerator
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for label in ("cat", "dog"):
    ...     (folder / label).mkdir()
    ...     _ = cv2.imwrite(str(folder / label / "1.png"), np.full((8, 6, 3), 7, np.uint8))
    >>> reader = ImageRecordReader(folder, 4, 4, 3, label_generator=ParentPathLabelGenerator())
    >>> reader.labels
    ['cat', 'dog']
    >>> image, label = reader.next()
    >>> image.shape, label
    ((1, 3, 4, 4), 0)
    """

    def __init__(
        self,
        source: Any = None,
        height: int = 28,
        width: int = 28,
        channels: int = 1,
        *,
        label_generator: AbstractPathLabelGenerator | AbstractPathMultiLabelGenerator | None = None,
        image_transform: AbstractImageTransform | ImageTransformProcess | None = None,
        seed: int | None = None,
        append_label: bool | None = None,
        labels: Sequence[str] | None = None,
        nchw: bool = True,
        on_invalid: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
        **loader: Any,
    ) -> None:
        super().__init__(
            height,
            width,
            channels,
            image_transform=image_transform,
            seed=seed,
            nchw=nchw,
            on_invalid=on_invalid,
            replacements=replacements,
            options=loader,
        )
        self.label_generator = label_generator
        self._single, self._multi = None, None
        if isinstance(label_generator, AbstractPathMultiLabelGenerator):
            self._multi = label_generator
        elif isinstance(label_generator, AbstractPathLabelGenerator):
            self._single = label_generator
        elif label_generator is not None:
            raise TypeError(
                "label_generator: expected a path label generator, "
                f"received {type(label_generator).__name__}"
            )
        self.append_label = label_generator is not None if append_label is None else append_label
        if self.append_label and label_generator is None:
            raise ValueError("append_label needs a label_generator that tells the labels")
        self._infers = self._single is not None and self._single.infer_label_classes
        self._given_labels = None if labels is None else [str(name) for name in labels]
        self.labels: list[str] = []
        self._by_folder: dict[str, str] = {}
        self._columns: list[AbstractColumnMetaData] | None = None
        if source is not None:
            self.initialize(source)

    def use_files(self, split: AbstractInputSplit, configuration: Mapping[str, str]) -> None:
        if "appendlabel" in configuration and (self._single or self._multi) is not None:
            self.append_label = configuration["appendlabel"].lower() == "true"
        if "labels" in configuration:
            self._given_labels = configuration["labels"].split(",")
        self._columns = None
        if self._given_labels is not None:
            self.labels = self._given_labels
        elif self.append_label and self._infers:
            self.labels = sorted({self._label(location_name(at)) for at in split.locations()})
            if not self.labels:
                raise DataVecError(f"{type(self).__name__}: there are no files in {split!r}")

    def _label(self, name: str) -> Any:
        generator = self._single
        if type(generator) is ParentPathLabelGenerator:
            # Taking paths apart would cost a tenth of decoding, for the same answer in a folder.
            folder = os.path.dirname(name)
            if folder not in self._by_folder:
                self._by_folder[folder] = generator.label_for_path(name)
            return self._by_folder[folder]
        label = None if generator is None else _plain(generator.label_for_path(name))
        return str(label) if self._infers else label

    def num_labels(self) -> int:
        """Number of classes."""
        return len(self.labels)

    @property
    def num_label_classes(self) -> int | None:
        """Size of one-hot labels, where the label is a class index."""
        return len(self.labels) if self.append_label and self._infers else None

    def label_values(self, name: str | None, prepared: Prepared | None = None) -> list[Any]:
        if not self.append_label:
            return []
        if name is None:
            raise DataVecError(
                f"{type(self).__name__}: an image without a name has no label; give the stream a "
                "name, or set append_label=False"
            )
        if self._multi is not None:
            return [_plain(v) for v in self._multi.labels_for_path(name)]
        label = self._label(name)
        if not self._infers:
            return [label]
        try:
            return [self.labels.index(label)]
        except ValueError:
            raise DataVecError(
                f"{name}: its label {label!r} is not among the {len(self.labels)} labels "
                f"({', '.join(self.labels[:8])}{', …' if len(self.labels) > 8 else ''})"
            ) from None

    def label_columns(self) -> list[AbstractColumnMetaData]:
        """``label``, or ``label0``, ``label1``, …; of generators' own values by the first file."""
        if not self.append_label:
            return []
        if self._infers:
            return [IntegerMetaData("label", 0, max(0, len(self.labels) - 1))]
        if self._columns is None:
            first = self.split.locations()[:1]
            if not first:
                raise DataVecError(
                    f"{type(self).__name__}: there are no files that would show the labels' types"
                )
            sample = self.label_values(location_name(first[0]))
            names = [f"label{i}" for i in range(len(sample))] if self._multi else ["label"]
            self._columns = [_column(n, v) for n, v in zip(names, sample, strict=True)]
        return self._columns

    def label_array(self, column: int, values: Any) -> Array:
        if self._infers:
            return np.eye(len(self.labels), dtype=np.float32)[list(values)]
        return super().label_array(column, values)


def _plain(label: Any) -> Any:
    return label.value if isinstance(label, Writable) else label


def _column(name: str, value: Any) -> AbstractColumnMetaData:
    if isinstance(value, np.ndarray):
        return NDArrayMetaData(name, value.shape)
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        small = -(1 << 31) <= value < 1 << 31
        return IntegerMetaData(name) if small else LongMetaData(name)
    if isinstance(value, (float, np.floating)):
        return DoubleMetaData(name)
    return StringMetaData(name)
