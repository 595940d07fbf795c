"""ObjectDetectionRecordReader: images with the boxes of the objects in them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._errors import DataVecError
from .._policy import ErrorPolicy
from ..readers._files import as_location
from ..readers._metadata import RecordMetaDataImageURI
from ..readers._splits import AbstractInputSplit
from ..schema._metadata import AbstractColumnMetaData, NDArrayMetaData
from ._base_reader import AbstractImageRecordReader
from ._loader import Prepared
from ._objects import AbstractImageObjectLabelProvider, ImageObject
from ._process import ImageTransformProcess
from ._transform import AbstractImageTransform, Array, mapped

__all__ = ["ObjectDetectionRecordReader"]


class ObjectDetectionRecordReader(AbstractImageRecordReader):
    """One record per image: its array, and an array of the objects for a YOLO output layer.

    The image is divided into a grid. At the cell that holds an object's centre the label array
    [1, 4 + classes, grid_h, grid_w] has x1, y1, x2, y2 in cells, and 1 for the class; of several
    objects in one cell the last one counts. An image transform moves the boxes as well; objects
    whose centre it moves out of the image are left out. Of a turned box the rectangle around its
    corners is taken.

    Answers to Deeplearning4j's ``ObjectDetectionRecordReader``.

    Args:
        source: a folder, a path, paths, URLs or an input split; None to call `initialize` later.
        height: rows of the image arrays.
        width: columns of the image arrays.
        channels: 1, 3 (blue, green, red) or 4.
        grid_h: rows of the grid.
        grid_w: columns of the grid.
        label_provider: tells the objects of each image.
        image_transform, seed, on_invalid, replacements, loader: as for `ImageRecordReader`.
        nchw: channels before height and width, in both arrays; False puts them last.

    Raises:
        ImageError: when read, a file that cannot be used; names the file.
        DataVecError: an object whose centre lies outside of its image, or whose label is not among
            `labels`; a transform that does not know where it moves points.

    >>> import tempfile, pathlib, cv2
    >>> import numpy as np
    >>> from datavec import DictLabelProvider, ImageObject
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = cv2.imwrite(str(folder / "a.png"), np.zeros((6, 8, 3), np.uint8))
    >>> objects = DictLabelProvider({"a.png": [ImageObject(1, 1, 4, 3, "dog")]})
    >>> reader = ObjectDetectionRecordReader(folder, 12, 16, 3, 3, 4, objects)
    >>> image, label = reader.next()
    >>> label.shape, label[0, :, 1, 1].tolist()
    ((1, 5, 3, 4), [0.5, 0.5, 2.0, 1.5, 1.0])
    """

    def __init__(
        self,
        source: Any,
        height: int,
        width: int,
        channels: int,
        grid_h: int,
        grid_w: int,
        label_provider: AbstractImageObjectLabelProvider,
        *,
        image_transform: AbstractImageTransform | ImageTransformProcess | None = None,
        seed: int | None = None,
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
        if grid_h < 1 or grid_w < 1:
            raise ValueError(f"the grid must have at least one cell, received {grid_h}x{grid_w}")
        if not isinstance(label_provider, AbstractImageObjectLabelProvider):
            raise TypeError(
                "label_provider: expected an AbstractImageObjectLabelProvider, "
                f"received {type(label_provider).__name__}"
            )
        if self.loader.center_crop:
            raise ValueError("center_crop is not supported: boxes would not move with the image")
        self.grid_h, self.grid_w = grid_h, grid_w
        self.label_provider = label_provider
        self.labels: list[str] = []
        if source is not None:
            self.initialize(source)

    def use_files(self, split: AbstractInputSplit, configuration: Mapping[str, str]) -> None:
        locations = split.locations()
        if not locations:
            raise DataVecError(f"ObjectDetectionRecordReader: there are no files in {split!r}")
        find = self.label_provider.image_objects_for_path
        self.labels = sorted({found.label for at in locations for found in find(at)})

    def label_columns(self) -> list[AbstractColumnMetaData]:
        depth = 4 + len(self.labels)
        grid = (depth, self.grid_h, self.grid_w) if self.nchw else (self.grid_h, self.grid_w, depth)
        return [NDArrayMetaData("label", (1, *grid))]

    def label_values(self, name: str | None, prepared: Prepared) -> list[Any]:
        if name is None:
            raise DataVecError("ObjectDetectionRecordReader: an image without a name has no labels")
        grid = np.zeros((4 + len(self.labels), self.grid_h, self.grid_w), np.float32)
        for found in self.label_provider.image_objects_for_path(as_location(name)):
            moved = self._moved(found, prepared)
            if moved is not None:
                self._enter(grid, moved, prepared.transformed, name)
        return [grid[np.newaxis] if self.nchw else grid.transpose(1, 2, 0)[np.newaxis].copy()]

    def metadata_of(self, name: str | None, prepared: Prepared) -> Any:
        height, width, channels = prepared.original
        return RecordMetaDataImageURI(name or "", channels, height, width)

    def _moved(self, found: ImageObject, prepared: Prepared) -> ImageObject | None:
        """The object where the image transform puts it; None when its centre leaves the image."""
        transform = self.image_transform
        if transform is None:
            return found
        if prepared.matrix is None:
            raise DataVecError(
                "ObjectDetectionRecordReader: the image transform does not know where it moves "
                "points, so boxes cannot follow (a filter, or an image that was replaced)"
            )
        corners = [[x, y] for x in (found.x1, found.x2) for y in (found.y1, found.y2)]
        points = mapped(prepared.matrix, corners)
        low, high = points.min(axis=0), points.max(axis=0)
        x1, y1, x2, y2 = (math.floor(float(v) + 0.5) for v in (*low, *high))
        moved = ImageObject(x1, y1, x2, y2, found.label)
        x, y = moved.center
        height, width = prepared.transformed[:2]
        return moved if 0 <= x < width and 0 <= y < height else None

    def _enter(self, grid: Array, found: ImageObject, size: tuple[int, ...], name: str) -> None:
        height, width = size[:2]
        x, y = found.center
        # By way of the size of the arrays, as Deeplearning4j does: this decides, by the last bit, to
        # which cell a centre on an edge between two belongs.
        column = int(self.width * x / width / self.width * self.grid_w)
        row = int(self.height * y / height / self.height * self.grid_h)
        if not (x >= 0 and y >= 0 and row < self.grid_h and column < self.grid_w):
            raise DataVecError(
                f"{name}: the centre of the object {found} lies outside of the image of "
                f"{width}x{height} pixels"
            )
        if found.label not in self.labels:
            raise DataVecError(f"{name}: the label {found.label!r} is not among the labels")
        to_cells = [self.grid_w / width, self.grid_h / height] * 2
        box = np.array([found.x1, found.y1, found.x2, found.y2]) * to_cells
        grid[:4, row, column] = box
        grid[4 + self.labels.index(found.label), row, column] = 1.0
