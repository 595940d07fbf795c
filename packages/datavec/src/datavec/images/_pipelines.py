"""Several image transforms as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._errors import SerializationError
from .._serde import decode, encode, java_type
from ._draws import AbstractDraws
from ._transform import AbstractImageTransform, Array, whole

__all__ = ["MultiImageTransform", "PipelineImageTransform"]

_PACKAGE = "org.datavec.image.transform."
Step = tuple[AbstractImageTransform, float]


def _steps(transform: object, given: Iterable[Any]) -> tuple[Step, ...]:
    steps = []
    for item in given:
        step, probability = item if isinstance(item, (tuple, list)) else (item, 1.0)
        if not isinstance(step, AbstractImageTransform):
            raise TypeError(
                f"{type(transform).__name__}: expected image transforms, or pairs of one and a "
                f"probability, received {type(step).__name__}"
            )
        if isinstance(probability, bool) or not isinstance(probability, (int, float)):
            raise TypeError(
                f"{type(transform).__name__}: a probability must be a number, got {probability!r}"
            )
        if not 0 <= probability <= 1:
            raise ValueError(
                f"{type(transform).__name__}: a probability is from 0 to 1, received {probability}"
            )
        steps.append((step, float(probability)))
    return tuple(steps)


def in_turn(
    steps: Iterable[AbstractImageTransform], image: Array, draws: AbstractDraws
) -> tuple[Array, Array | None]:
    """One transform after another; the matrix is that of all."""
    matrices: list[Array | None] = []
    for step in steps:
        image, matrix = step.run(image, draws)
        matrices.append(matrix)
    if len(matrices) == 1:
        return image, matrices[0]
    total = np.eye(3)
    for matrix in matrices:
        if matrix is None:
            return image, None
        total = matrix @ total
    return image, total


@java_type(_PACKAGE + "PipelineImageTransform")
@dataclass
class PipelineImageTransform(AbstractImageTransform):
    """Transforms in turn, each with a probability, optionally in a new order for every image.

    Answers to Deeplearning4j's ``PipelineImageTransform``, which draws from ND4J's generator (and
    shuffles from one without a seed); here both follow a ``java.util.Random`` of `seed`.

    Args:
        image_transforms: transforms, or pairs of a transform and the probability that it is used.
        seed: of the choices.
        shuffle: a new order for every image.

    >>> import numpy as np
    >>> from datavec.images import CropImageTransform, FlipImageTransform
    >>> steps = [(FlipImageTransform(1), 0.5), CropImageTransform(1)]
    >>> pipeline = PipelineImageTransform(steps, seed=42)
    >>> pipeline.transform(np.zeros((6, 8, 3), np.uint8)).shape
    (4, 6, 3)
    """

    image_transforms: Sequence[AbstractImageTransform | Step]
    seed: int = 1234
    shuffle: bool = False

    def check(self) -> None:
        self.image_transforms = _steps(self, self.image_transforms)
        whole(self, -(1 << 63), seed=self.seed)

    @property
    def own_seed(self) -> int:
        return self.seed

    @property
    def always_random(self) -> bool:
        steps: Any = self.image_transforms
        return self.shuffle or any(p < 1 or step.runs_on for step, p in steps)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        choices = draws.choices(self)
        steps: list[Any] = list(self.image_transforms)
        if self.shuffle:
            choices.shuffle(steps)
        chosen = [step for step, p in steps if p == 1 or choices.next_double() < p]
        image, matrix = in_turn(chosen, image, draws.inside(self))
        return image, matrix

    def to_json_object(self) -> dict[str, Any]:
        out = super().to_json_object()
        steps: Any = self.image_transforms
        out["imageTransforms"] = [{"first": encode(step), "second": p} for step, p in steps]
        return out

    @classmethod
    def from_json_object(cls, body: dict[str, Any], path: str) -> PipelineImageTransform:
        """Read the JSON form; raises SerializationError."""
        pairs = body.get("imageTransforms")
        if not isinstance(pairs, list) or not all(isinstance(p, dict) for p in pairs):
            raise SerializationError(f'{path}.imageTransforms: expected a list of {{"first", …}}')
        steps = [
            (
                decode(
                    AbstractImageTransform, p.get("first"), f"{path}.imageTransforms[{i}].first"
                ),
                decode(float, p.get("second", 1.0), f"{path}.imageTransforms[{i}].second"),
            )
            for i, p in enumerate(pairs)
        ]
        seed = decode(int, body.get("seed", 1234), f"{path}.seed")
        shuffle = decode(bool, body.get("shuffle", False), f"{path}.shuffle")
        try:
            return cls(steps, seed=seed, shuffle=shuffle)
        except (TypeError, ValueError) as e:
            raise SerializationError(f"{path}: {e}") from None


@java_type(_PACKAGE + "MultiImageTransform")
@dataclass
class MultiImageTransform(AbstractImageTransform):
    """Transforms in turn, as one transform.

    Its generator, if it has one, is used by all of them. Answers to Deeplearning4j's
    ``MultiImageTransform``.

    Args:
        transforms: in the order they are run.

    >>> import numpy as np
    >>> from datavec.images import CropImageTransform, ResizeImageTransform
    >>> both = MultiImageTransform([CropImageTransform(1), ResizeImageTransform(4, 4)])
    >>> both.transform(np.zeros((6, 8, 3), np.uint8)).shape
    (4, 4, 3)
    >>> both.query([1, 1]).tolist()
    [0.0, 0.0]
    """

    transforms: tuple[AbstractImageTransform, ...]

    def check(self) -> None:
        self.transforms = tuple(step for step, _ in _steps(self, self.transforms))

    @property
    def always_random(self) -> bool:
        return any(step.runs_on for step in self.transforms)

    def apply(self, image: Array, draws: AbstractDraws) -> tuple[Array, Array | None]:
        image, matrix = in_turn(self.transforms, image, draws.inside(self))
        return image, matrix
