"""Constraints: what is done to parameters after each update (package ``nn.conf.constraint``)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import nd4py as nd
from dl4py.conf._json import FLOAT, TEXT, Codec, Family, JavaObject, ints, json_field, many

FAMILY = Family("constraint")
_PACKAGE = "org.deeplearning4j.nn.conf.constraint."


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AbstractConstraint(JavaObject):
    """Base of the constraints.

    Attributes:
        params: names of the parameters it applies to; a layer fills them in
            (``constrain_weights=``, ...).
        epsilon: added to norms before division.
        dimensions: the axes a norm is taken over, such as 1 for the rows of a dense layer's ``W``
            and (1, 2, 3) for the kernels of a convolution; None where no norm is taken.
    """

    params: tuple[str, ...] = json_field("params", many(TEXT), ())
    epsilon: float = json_field("epsilon", FLOAT, 1e-6)
    dimensions: tuple[int, ...] | None = json_field("dimensions", ints(None), None)

    def __post_init__(self) -> None:
        if isinstance(self.dimensions, int):
            object.__setattr__(self, "dimensions", (self.dimensions,))
        super().__post_init__()

    def for_params(self, names: tuple[str, ...]) -> AbstractConstraint:
        """This constraint bound to the named parameters."""
        return replace(self, params=names)

    def apply(self, value: Any) -> Any:
        """The constrained value of one parameter array."""
        raise NotImplementedError

    def _norm(self, value: Any) -> Any:
        return nd.ops.sqrt(nd.ops.sum(value * value, self.dimensions, keep_dims=True))


@FAMILY.register(_PACKAGE + "MaxNormConstraint")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MaxNormConstraint(AbstractConstraint):
    """Scales slices down to a norm of at most ``max_norm``."""

    max_norm: float = json_field("maxNorm", FLOAT, 1.0)

    def apply(self, value: Any) -> Any:
        """``w * min(norm, max) / (norm + eps)``."""
        norm = self._norm(value)
        return value * (nd.ops.minimum(norm, self.max_norm) / (norm + self.epsilon))


@FAMILY.register(_PACKAGE + "MinMaxNormConstraint")
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MinMaxNormConstraint(AbstractConstraint):
    """Moves the norm of slices into ``[min, max]``, by the share ``rate`` at each update."""

    min: float = json_field("min", FLOAT, 0.0)
    max: float = json_field("max", FLOAT, 1.0)
    rate: float = json_field("rate", FLOAT, 1.0)

    def apply(self, value: Any) -> Any:
        """``w * (rate * clip(norm) / (norm + eps) + (1 - rate))``."""
        norm = self._norm(value)
        clipped = nd.ops.minimum(nd.ops.maximum(norm, self.min), self.max)
        return value * (self.rate * clipped / (norm + self.epsilon) + (1.0 - self.rate))


@FAMILY.register(_PACKAGE + "UnitNormConstraint")
class UnitNormConstraint(AbstractConstraint):
    """Scales slices to norm 1."""

    def apply(self, value: Any) -> Any:
        """``w / (norm + eps)``."""
        return value / (self._norm(value) + self.epsilon)


@FAMILY.register(_PACKAGE + "NonNegativeConstraint")
class NonNegativeConstraint(AbstractConstraint):
    """Sets negative values to 0."""

    def apply(self, value: Any) -> Any:
        """``max(w, 0)``."""
        return nd.ops.maximum(value, 0.0)


def _coerce(value: Any) -> AbstractConstraint:
    if not isinstance(value, AbstractConstraint):
        raise TypeError(
            f"expected a constraint such as MaxNormConstraint(max_norm=1.0); received {value!r}"
        )
    return value


CONSTRAINT: Codec = FAMILY.codec(_coerce)
