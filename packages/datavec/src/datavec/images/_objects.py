"""Objects in images, and where their boxes are listed."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from .._errors import DataVecError
from ..readers._files import Location, as_location, location_name, location_parts, read_bytes

__all__ = [
    "AbstractImageObjectLabelProvider",
    "DictLabelProvider",
    "ImageObject",
    "SvhnLabelProvider",
    "VocLabelProvider",
]

_MAX_XML_BYTES = 16 << 20


@dataclass(frozen=True)
class ImageObject:
    """A labelled box in an image, in pixels from the top left corner.

    Answers to Deeplearning4j's ``ImageObject``.

    Raises:
        ValueError: the second corner is left of or above the first.

    >>> ImageObject(1, 1, 4, 3, "dog").center
    (2.5, 2.0)
    """

    x1: float
    y1: float
    x2: float
    y2: float
    label: str

    def __post_init__(self) -> None:
        if not (self.x1 <= self.x2 and self.y1 <= self.y2):
            raise ValueError(
                f"ImageObject: the corner ({self.x1}, {self.y1}) must not be right of or below "
                f"({self.x2}, {self.y2})"
            )

    @property
    def center(self) -> tuple[float, float]:
        """x and y of the middle."""
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2


class AbstractImageObjectLabelProvider(ABC):
    """Tells the objects of each image. Answers to ``ImageObjectLabelProvider``."""

    @abstractmethod
    def image_objects_for_path(self, location: Location) -> list[ImageObject]:
        """The objects of an image, given as path or URL; raises DataVecError if it is unknown."""


class DictLabelProvider(AbstractImageObjectLabelProvider):
    """Objects that are in memory, by the name of the file.

    Args:
        objects: from file names (without folders) to the objects of the image.

    >>> provider = DictLabelProvider({"a.png": [ImageObject(0, 0, 5, 9, "cat")]})
    >>> provider.image_objects_for_path("/images/a.png")[0].label
    'cat'
    """

    def __init__(self, objects: Mapping[str, Sequence[ImageObject]]) -> None:
        self._objects = {name: list(found) for name, found in objects.items()}

    def image_objects_for_path(self, location: Location) -> list[ImageObject]:
        name = "".join(location_parts(as_location(location))[-1:])
        if name not in self._objects:
            raise DataVecError(
                f"{type(self).__name__}: no objects are known for {name!r}; images without any need "
                "an empty list"
            )
        return self._objects[name]


class VocLabelProvider(AbstractImageObjectLabelProvider):
    """Objects from the XML files of Pascal VOC: ``Annotations/<name>.xml`` for each image.

    Answers to Deeplearning4j's ``VocLabelProvider``.

    Args:
        base_directory: the folder that holds ``Annotations``.

    Raises:
        FileNotFoundError: there is no such folder, or later no XML for an image.
        DataVecError: later, an XML that is damaged or lacks a name or a corner.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "Annotations").mkdir()
    >>> corners = "<xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax>"
    >>> text = f"<a><object><name>dog</name><bndbox>{corners}</bndbox></object></a>"
    >>> _ = (folder / "Annotations" / "000001.xml").write_text(text)
    >>> VocLabelProvider(folder).image_objects_for_path("JPEGImages/000001.jpg")
    [ImageObject(x1=1.0, y1=2.0, x2=30.0, y2=40.0, label='dog')]
    """

    def __init__(self, base_directory: str | os.PathLike[str]) -> None:
        self._folder = Path(base_directory) / "Annotations"
        if not self._folder.is_dir():
            raise FileNotFoundError(
                f"VocLabelProvider: no folder {self._folder}; it must hold an XML file per image"
            )

    def image_objects_for_path(self, location: Location) -> list[ImageObject]:
        name = "".join(location_parts(as_location(location))[-1:])
        file = self._folder / f"{Path(name).stem}.xml"
        if not file.is_file():
            raise FileNotFoundError(f"VocLabelProvider: no file {file} for the image {name}")
        return read_voc(read_bytes(file, _MAX_XML_BYTES), location_name(file))


def read_voc(data: bytes, name: str) -> list[ImageObject]:
    """The objects of a VOC annotation; raises DataVecError.

    Only ``object/name`` and ``object/bndbox`` count, so boxes of an object's parts do not.
    """
    found: list[dict[str, str]] = []
    path: list[str] = []

    def start(tag: str, _: object) -> None:
        path.append(tag)
        if path[1:] == ["object"]:
            found.append({})

    def text(piece: str) -> None:
        key = "/".join(path[2:])
        if len(path) > 2 and path[1] == "object" and key in _VOC_KEYS:
            found[-1][key] = found[-1].get(key, "") + piece

    def refuse(*_: object) -> None:
        # Entities could make a small file grow without bounds; annotations have none.
        raise DataVecError(f"{name}: an annotation must not declare entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: path.pop()
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as e:
        if isinstance(e, DataVecError):
            raise
        raise DataVecError(f"{name}: not valid XML: {e}") from None
    return [_voc_object(values, i, name) for i, values in enumerate(found)]


_VOC_KEYS = ("name", "bndbox/xmin", "bndbox/ymin", "bndbox/xmax", "bndbox/ymax")


def _voc_object(values: dict[str, str], index: int, name: str) -> ImageObject:
    missing = [key for key in _VOC_KEYS if not values.get(key, "").strip()]
    if missing:
        raise DataVecError(f"{name}: object {index} has no {', '.join(missing)}")
    try:
        x1, y1, x2, y2 = (float(values[key]) for key in _VOC_KEYS[1:])
        return ImageObject(x1, y1, x2, y2, values["name"].strip())
    except ValueError as e:
        raise DataVecError(f"{name}: object {index}: {e}") from None


class SvhnLabelProvider(DictLabelProvider):
    """Digits from the ``digitStruct.mat`` of the Street View House Numbers.

    The file is in HDF5 form (``pip install "datavec[hdf5]"``). The digit 0 is stored as 10, and is
    "0" here. Answers to Deeplearning4j's ``SvhnLabelProvider``.

    Args:
        directory: the folder that holds ``digitStruct.mat`` beside the images.

    Raises:
        FileNotFoundError: there is no such file.
        DataVecError: the file has another content.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        file = Path(directory) / "digitStruct.mat"
        if not file.is_file():
            raise FileNotFoundError(f"SvhnLabelProvider: no file {file}")
        super().__init__(_read_digits(file))


def _read_digits(path: Path) -> dict[str, list[ImageObject]]:
    try:
        import h5py
    except ImportError as e:
        raise ImportError(
            f'SvhnLabelProvider needs h5py ({e}); pip install "datavec[hdf5]"', name="h5py"
        ) from None
    try:
        with h5py.File(path, "r") as file:
            names, boxes = file["digitStruct/name"], file["digitStruct/bbox"]
            return {
                _text(file[names[i].item()]): _digits(file, file[boxes[i].item()])
                for i in range(len(names))
            }
    except DataVecError:
        raise
    except (OSError, KeyError, ValueError, TypeError, IndexError, AttributeError) as e:
        raise DataVecError(f"{path}: not the labels of the house numbers: {e}") from None


def _text(dataset: Any) -> str:
    return "".join(map(chr, dataset[()].ravel().tolist()))


def _digits(file: Any, box: Any) -> list[ImageObject]:
    def numbers(key: str) -> list[int]:
        values = box[key][()].ravel()
        # One digit is stored as its number, several as references to numbers.
        plain = values.dtype.kind in "iuf"
        return [int(v) if plain else int(file[v][()].item()) for v in values]

    columns = [numbers(key) for key in ("left", "top", "width", "height", "label")]
    return [
        ImageObject(x, y, x + w, y + h, str(digit % 10))
        for x, y, w, h, digit in zip(*columns, strict=True)
    ]
