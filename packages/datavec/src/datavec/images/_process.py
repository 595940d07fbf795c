"""ImageTransformProcess: image transforms as a stored list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nd4py.data import JavaRandom

from .._errors import DataVecError, SerializationError
from .._serde import decode, dump_json, load_json
from ..schema._schema_yaml import read_tagged_yaml, write_tagged_yaml
from ._colour import ColorConversionTransform, EqualizeHistTransform, FilterImageTransform
from ._cropping import CropImageTransform, RandomCropTransform
from ._draws import AbstractDraws, RecordDraws, SharedDraws
from ._geometry import (
    FlipImageTransform,
    ResizeImageTransform,
    RotateImageTransform,
    ScaleImageTransform,
    WarpImageTransform,
)
from ._transform import AbstractImageTransform, Array, as_image

__all__ = ["ImageTransformProcess", "ImageTransformProcessBuilder"]


@dataclass(frozen=True)
class ImageTransformProcess:
    """Image transforms that are run in turn, written and read as Deeplearning4j's JSON and YAML.

    With a seed other than 0 the numbers of all transforms are bounds for random ones. Every call
    starts the generator anew, so every image is changed in the same way; give the process to an
    `ImageRecordReader` with a seed to change each image in its own way.

    Answers to Deeplearning4j's ``ImageTransformProcess``.

    Args:
        transform_list: the transforms.
        seed: of a ``java.util.Random``; 0 runs the transforms as they are.

    >>> import numpy as np
    >>> process = (
    ...     ImageTransformProcess.builder()
    ...     .crop_image_transform(1)
    ...     .resize_image_transform(5, 4)
    ...     .build()
    ... )
    >>> process.execute_array(np.zeros((6, 8, 3), np.uint8)).shape
    (1, 3, 4, 5)
    >>> ImageTransformProcess.from_json(process.to_json()) == process
    True
    """

    transform_list: tuple[AbstractImageTransform, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "transform_list", tuple(self.transform_list))
        for step in self.transform_list:
            if not isinstance(step, AbstractImageTransform):
                raise TypeError(
                    "ImageTransformProcess: expected image transforms, "
                    f"received {type(step).__name__}"
                )
        if isinstance(self.seed, bool) or not isinstance(self.seed, int):
            raise TypeError(f"ImageTransformProcess: seed must be an int, received {self.seed!r}")
        if not -(1 << 31) <= self.seed < 1 << 31:
            raise ValueError(f"ImageTransformProcess: seed must fit 32 bits, got {self.seed}")

    @staticmethod
    def builder() -> ImageTransformProcessBuilder:
        """Start a process."""
        return ImageTransformProcessBuilder()

    # --- running ----------------------------------------------------------------------------------

    def execute(self, image: Any) -> Array:
        """The changed image.

        Args:
            image: [height, width, channels] or [height, width], uint8, uint16 or float.

        Raises:
            DataVecError: no image, or one that a transform cannot work on.
        """
        given = as_image(image, "ImageTransformProcess")
        return self.run(given, self.draws())[0]

    def execute_array(self, image: Any) -> Array:
        """The changed image as float32 [1, channels, height, width]; raises as `execute`."""
        result = self.execute(image)
        return result.transpose(2, 0, 1)[None].astype("float32", order="C")

    @property
    def runs_on(self) -> bool:
        """Whether a generator moves on from image to image, so that their order matters."""
        return any(step.runs_on for step in self.transform_list)

    def draws(self) -> AbstractDraws:
        """The generators of `execute`."""
        return SharedDraws(JavaRandom(self.seed) if self.seed != 0 else None)

    def draws_for(self, key: tuple[object, ...]) -> AbstractDraws:
        """Generators for one record, which depend on nothing but the key and the seed."""
        return RecordDraws(*key, self.seed).with_random(self.seed != 0)

    def run(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        """The changed image and the 3×3 matrix of coordinates, drawing from `draws`."""
        from ._pipelines import in_turn

        return in_turn(self.transform_list, image, draws)

    # --- storing ----------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Deeplearning4j's JSON; raises UnsupportedTransformError for transforms of your own."""
        return dump_json({"seed": self.seed, "transformList": self.transform_list})

    def to_yaml(self) -> str:
        """Deeplearning4j's YAML; raises as `to_json`."""
        steps = [step.to_json_object() for step in self.transform_list]
        return write_tagged_yaml({"seed": self.seed, "transformList": steps})

    @classmethod
    def from_json(cls, text: str) -> ImageTransformProcess:
        """Read Deeplearning4j's JSON.

        Raises:
            SerializationError: not such a text; names the place in it.
            UnsupportedTransformError: a class that is no transform of this package.
        """
        return cls._from_object(load_json(text))

    @classmethod
    def from_yaml(cls, text: str) -> ImageTransformProcess:
        """Read Deeplearning4j's YAML; raises as `from_json`."""
        return cls._from_object(read_tagged_yaml(text))

    @classmethod
    def _from_object(cls, body: Any) -> ImageTransformProcess:
        if not isinstance(body, dict) or "transformList" not in body:
            raise SerializationError('$: expected an object with "seed" and "transformList"')
        steps = decode(tuple[AbstractImageTransform, ...], body["transformList"], "$.transformList")
        try:
            return cls(steps, decode(int, body.get("seed", 0), "$.seed"))
        except DataVecError:
            raise
        except (TypeError, ValueError) as e:
            raise SerializationError(f"$: {e}") from None


@dataclass
class ImageTransformProcessBuilder:
    """Builds an `ImageTransformProcess`; every method adds a transform and returns the builder.

    Answers to Deeplearning4j's ``ImageTransformProcess.Builder``.

    >>> ImageTransformProcessBuilder().seed(12).flip_image_transform(1).build().seed
    12
    """

    _seed: int = 0
    _steps: list[AbstractImageTransform] = field(default_factory=list)

    def build(self) -> ImageTransformProcess:
        """The process."""
        return ImageTransformProcess(tuple(self._steps), self._seed)

    def seed(self, seed: int) -> ImageTransformProcessBuilder:
        """Draw parameters from a generator of this seed; 0 for fixed ones."""
        self._seed = seed
        return self

    def add(self, transform: AbstractImageTransform) -> ImageTransformProcessBuilder:
        """Add any transform."""
        self._steps.append(transform)
        return self

    def crop_image_transform(
        self,
        crop_top: int,
        crop_left: int | None = None,
        crop_bottom: int | None = None,
        crop_right: int | None = None,
    ) -> ImageTransformProcessBuilder:
        """Add a `CropImageTransform`."""
        return self.add(CropImageTransform(crop_top, crop_left, crop_bottom, crop_right))

    def color_conversion_transform(self, conversion_code: int) -> ImageTransformProcessBuilder:
        """Add a `ColorConversionTransform`."""
        return self.add(ColorConversionTransform(conversion_code))

    def equalize_hist_transform(self, conversion_code: int = 6) -> ImageTransformProcessBuilder:
        """Add an `EqualizeHistTransform`."""
        return self.add(EqualizeHistTransform(conversion_code))

    def filter_image_transform(
        self, filters: str, width: int, height: int, channels: int = 3
    ) -> ImageTransformProcessBuilder:
        """Add a `FilterImageTransform`."""
        return self.add(FilterImageTransform(filters, width, height, channels))

    def flip_image_transform(self, flip_mode: int) -> ImageTransformProcessBuilder:
        """Add a `FlipImageTransform`."""
        return self.add(FlipImageTransform(flip_mode))

    def random_crop_transform(
        self, height: int, width: int, *, seed: int = 1234
    ) -> ImageTransformProcessBuilder:
        """Add a `RandomCropTransform`."""
        return self.add(RandomCropTransform(height, width, seed=seed))

    def resize_image_transform(
        self, new_width: int, new_height: int
    ) -> ImageTransformProcessBuilder:
        """Add a `ResizeImageTransform`."""
        return self.add(ResizeImageTransform(new_width, new_height))

    def rotate_image_transform(
        self, angle: float, *, centerx: float = 0.0, centery: float = 0.0, scale: float = 0.0
    ) -> ImageTransformProcessBuilder:
        """Add a `RotateImageTransform`."""
        return self.add(RotateImageTransform(angle, centerx, centery, scale))

    def scale_image_transform(
        self, dx: float, dy: float | None = None
    ) -> ImageTransformProcessBuilder:
        """Add a `ScaleImageTransform`."""
        return self.add(ScaleImageTransform(dx, dy))

    def warp_image_transform(self, deltas: float | Sequence[float]) -> ImageTransformProcessBuilder:
        """Add a `WarpImageTransform` of one delta for all corners, or eight."""
        return self.add(WarpImageTransform(deltas))  # type: ignore[arg-type]
