"""What an image transform is."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nd4py.data import JavaRandom

from .._errors import DataVecError, UnsupportedTransformError
from .._serde import encode
from ._draws import AbstractDraws, RecordDraws, SharedDraws
from ._opencv import opencv

__all__ = ["AbstractImageTransform"]

Array = np.ndarray[Any, Any]
_LARGEST = 1e9  # beyond it Java's float arithmetic on pixels has no meaning


def as_image(value: Any, where: str) -> Array:
    """An image as [height, width, channels], uint8, uint16 or float32; raises DataVecError."""
    image = np.asarray(value)
    if image.ndim == 2:
        image = image[:, :, np.newaxis]
    if image.ndim != 3 or 0 in image.shape:
        raise DataVecError(
            f"{where}: expected an image [height, width, channels], received an array of shape "
            f"{np.shape(value)}"
        )
    if image.dtype in (np.uint8, np.uint16, np.float32):
        return image
    if image.dtype.kind == "f":
        return image.astype(np.float32)
    raise DataVecError(
        f"{where}: expected pixels as uint8, uint16 or float32, received {image.dtype}"
    )


def moved(x: float, y: float) -> Array:
    """The matrix that moves coordinates."""
    return np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


def scaled(x: float, y: float) -> Array:
    """The matrix that multiplies coordinates."""
    return np.diag([x, y, 1.0])


def mapped(matrix: Array, coordinates: Any) -> Array:
    """Points (x, y) mapped through a 3×3 matrix, float32, in the shape they have."""
    given = np.asarray(coordinates, np.float64)
    if given.size % 2:
        raise DataVecError(
            f"query: expected x and y in turn, received {given.size} numbers, which is odd"
        )
    points = given.reshape(-1, 2)
    found = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return (found[:, :2] / found[:, 2:]).astype(np.float32).reshape(given.shape)


@dataclass
class AbstractImageTransform(ABC):
    """Changes an image [height, width, channels], in fixed or random ways.

    The numbers of a transform are used as they are when it has no generator and none is passed to
    `transform`; with one they are bounds that the generator draws within.

    A subclass is a dataclass of its options with one method, `apply`. Answers to Deeplearning4j's
    ``ImageTransform``.

    >>> import numpy as np
    >>> @dataclass
    ... class Invert(AbstractImageTransform):
    ...     def apply(self, image, draws):
    ...         return 255 - image, np.eye(3)
    >>> Invert().transform(np.array([[1, 255]], np.uint8)).ravel().tolist()
    [254, 0]

    Attributes:
        random: generator of the parameters; None for fixed ones.
        current_image: the result of the last `transform`, None before.
    """

    java_name: ClassVar[str] = ""

    random: JavaRandom | None = dataclasses.field(
        default=None, kw_only=True, compare=False, repr=False, metadata={"json": None}
    )

    def __post_init__(self) -> None:
        self.current_image: Array | None = None
        self._matrix: Array | None = None
        self._own: JavaRandom | None = None
        self.check()

    def check(self) -> None:  # noqa: B027 - most transforms take any number
        """Raise ValueError or TypeError for options that cannot work."""

    @abstractmethod
    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        """The new image and the 3×3 matrix that maps coordinates into it (None: not known).

        Must not change `image` nor the transform: threads share it.
        """

    @property
    def own_seed(self) -> int:
        """Seed of what is random always, such as the place of a random crop."""
        return 1234

    @property
    def own_random(self) -> JavaRandom:
        """Generator of what is random always, started from `own_seed`."""
        if self._own is None:
            self._own = JavaRandom(self.own_seed)
        return self._own

    @property
    def runs_on(self) -> bool:
        """Whether a generator moves on from image to image, so that their order matters."""
        return self.random is not None or self.always_random

    @property
    def always_random(self) -> bool:
        """Whether something is random without a generator, too."""
        return False

    def draws(self) -> AbstractDraws:
        """The generators of `transform`."""
        return SharedDraws()

    def draws_for(self, key: tuple[object, ...]) -> AbstractDraws:
        """Generators for one record, which depend on nothing but the key."""
        return RecordDraws(*key)

    def run(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        """`apply` with OpenCV's errors in words; raises DataVecError."""
        try:
            result, matrix = self.apply(image, draws)
        except opencv().error as e:
            height, width, channels = image.shape
            raise DataVecError(
                f"{type(self).__name__}: OpenCV cannot do this to an image of {width}x{height} "
                f"with {channels} channels of {image.dtype}: {e.err or e}"
            ) from None
        return (result if result.ndim == 3 else result[:, :, np.newaxis]), matrix

    def transform(self, image: Any, random: JavaRandom | None = None) -> Array:
        """The changed image; `random` takes the place of the transform's own generator.

        Args:
            image: [height, width, channels] or [height, width], uint8, uint16 or float.
            random: a ``java.util.Random``; the same seed gives what it gives on the JVM.

        Raises:
            DataVecError: no image, or one that this transform cannot work on.
        """
        given = as_image(image, type(self).__name__)
        result, self._matrix = self.run(given, SharedDraws(random))
        self.current_image = result
        return result

    def query(self, coordinates: Sequence[float] | Array) -> Array:
        """Where points of the last image are in its transformed image, float32.

        Args:
            coordinates: x, y, x, y, … or an array [points, 2].

        Raises:
            DataVecError: nothing was transformed yet.
            UnsupportedTransformError: the transform does not know where points go.
        """
        if self.current_image is None:
            raise DataVecError(f"{type(self).__name__}: transform an image before query")
        if self._matrix is None:
            raise UnsupportedTransformError(
                f"{type(self).__name__}: it is not known where a filter moves points"
            )
        return mapped(self._matrix, coordinates)

    def to_json_object(self) -> dict[str, Any]:
        """Deeplearning4j's JSON form; keys it does not know only where they are needed."""
        if not self.java_name:
            raise UnsupportedTransformError(
                f"{type(self).__name__} has no JSON form: only the transforms of datavec have"
            )
        out: dict[str, Any] = {"@class": self.java_name}
        for f in sorted(dataclasses.fields(self), key=lambda f: f.name):
            key = f.metadata.get("json", _camel(f.name))
            value = getattr(self, f.name)
            if key is not None and not (f.metadata.get("optional") and value == f.default):
                out[key] = encode(value)
        return out


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def extra(default: Any) -> Any:
    """A field beyond Deeplearning4j's JSON: written where it is not the default."""
    return dataclasses.field(default=default, kw_only=True, metadata={"optional": True})


def whole(transform: object, minimum: int, **values: Any) -> None:
    """Check options that must be whole numbers of at least `minimum`."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(
                f"{type(transform).__name__}: {name} must be a whole number, received {value!r}"
            )
        if value < minimum:
            raise ValueError(
                f"{type(transform).__name__}: {name} must be at least {minimum}, received {value}"
            )


def finite(transform: object, **values: Any) -> None:
    """Check options that must be numbers that pixels or degrees may have."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            raise TypeError(
                f"{type(transform).__name__}: {name} must be a number, received {value!r}"
            )
        if not -_LARGEST <= value <= _LARGEST:
            raise ValueError(
                f"{type(transform).__name__}: {name} must be within ±{_LARGEST:.0e}, got {value}"
            )
