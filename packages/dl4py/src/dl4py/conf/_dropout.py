"""What is done to a layer's input in training (package ``nn.conf.dropout``).

Each takes its probability or strength as a number or as a schedule. Random numbers come from the
network's counter-based generator, so a resumed run drops what the unbroken one would have dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import nd4py as nd
from dl4py.conf._functions import SCHEDULE
from dl4py.conf._json import BOOL, FLOAT, Codec, Family, JavaObject, json_field

FAMILY = Family("dropout")
_PACKAGE = "org.deeplearning4j.nn.conf.dropout."


class RandomContext(Protocol):
    """What a random layer part asks of the pass it runs in."""

    def key(self) -> tuple[Any, Any]:
        """Seed and counter of fresh random numbers."""

    def at(self, value: float, schedule: Any) -> Any:
        """The schedule's value at this iteration and epoch, or ``value`` without a schedule."""


@dataclass(frozen=True, eq=False, repr=False)
class AbstractDropout(JavaObject):
    """Base of the dropouts."""

    def apply(self, x: Any, context: RandomContext) -> Any:
        """The layer's input as training sees it."""
        raise NotImplementedError


def _probability(owner: AbstractDropout, name: str, value: float, schedule: Any) -> None:
    if schedule is None and not 0.0 < value <= 1.0:
        raise owner.fail(
            f"{name} is a probability to keep: expected 0 < {name} <= 1; received {value}"
        )


@FAMILY.register(_PACKAGE + "Dropout")
@dataclass(frozen=True, eq=False, repr=False)
class Dropout(AbstractDropout):
    """Inverted dropout: each value is kept with probability ``p`` and then divided by ``p``,
    otherwise 0.

    ``p`` is the probability to *keep* (Deeplearning4j's sense).
    """

    p: float = json_field("p", FLOAT, math.nan)
    p_schedule: Any = json_field("pschedule", SCHEDULE)
    helper_allow_fallback: bool = json_field("helperAllowFallback", BOOL, True)

    def check(self) -> None:
        """A probability must be in (0, 1]."""
        _probability(self, "p", self.p, self.p_schedule)

    def apply(self, x: Any, context: RandomContext) -> Any:
        """``x * mask / p``."""
        return nd.ops.dropout(x, *context.key(), context.at(self.p, self.p_schedule))


@FAMILY.register(_PACKAGE + "SpatialDropout")
@dataclass(frozen=True, eq=False, repr=False)
class SpatialDropout(AbstractDropout):
    """Dropout of whole channels (dimension 1) of arrays of rank 3 to 5."""

    p: float = json_field("p", FLOAT, math.nan)
    p_schedule: Any = json_field("pschedule", SCHEDULE)

    def check(self) -> None:
        """A probability must be in (0, 1]."""
        _probability(self, "p", self.p, self.p_schedule)

    def apply(self, x: Any, context: RandomContext) -> Any:
        """``x * mask / p`` with one mask value per example and channel."""
        return nd.ops.spatial_dropout(x, *context.key(), context.at(self.p, self.p_schedule))


@FAMILY.register(_PACKAGE + "AlphaDropout")
@dataclass(frozen=True, eq=False, repr=False)
class AlphaDropout(AbstractDropout):
    """Dropout that keeps mean and variance of SELU networks (Klambauer et al., 2017)."""

    p: float = json_field("p", FLOAT, math.nan)
    p_schedule: Any = json_field("pschedule", SCHEDULE)
    alpha: float = json_field("alpha", FLOAT, 1.6732632423543772)
    lambda_: float = json_field("lambda", FLOAT, 1.0507009873554805)

    def check(self) -> None:
        """A probability must be in (0, 1]."""
        _probability(self, "p", self.p, self.p_schedule)

    def apply(self, x: Any, context: RandomContext) -> Any:
        """``a (x mask + α' (1 - mask)) + b``."""
        p = context.at(self.p, self.p_schedule)
        return nd.ops.alpha_dropout(x, *context.key(), p, alpha=self.alpha, scale=self.lambda_)


@FAMILY.register(_PACKAGE + "GaussianDropout")
@dataclass(frozen=True, eq=False, repr=False)
class GaussianDropout(AbstractDropout):
    """Multiplies by N(1, sqrt(rate / (1 - rate)))."""

    rate: float = json_field("rate", FLOAT, math.nan)
    rate_schedule: Any = json_field("rateSchedule", SCHEDULE)

    def check(self) -> None:
        """A rate must be in [0, 1)."""
        if self.rate_schedule is None and not 0.0 <= self.rate < 1.0:
            raise self.fail(f"expected 0 <= rate < 1; received {self.rate}")

    def apply(self, x: Any, context: RandomContext) -> Any:
        """``x * (1 + std * noise)``."""
        return nd.ops.gaussian_dropout(x, *context.key(), context.at(self.rate, self.rate_schedule))


@FAMILY.register(_PACKAGE + "GaussianNoise")
@dataclass(frozen=True, eq=False, repr=False)
class GaussianNoise(AbstractDropout):
    """Adds N(0, stddev)."""

    stddev: float = json_field("stddev", FLOAT, math.nan)
    stddev_schedule: Any = json_field("stddevSchedule", SCHEDULE)

    def apply(self, x: Any, context: RandomContext) -> Any:
        """``x + stddev * noise``."""
        return nd.ops.gaussian_noise(
            x, *context.key(), context.at(self.stddev, self.stddev_schedule)
        )


def _coerce(value: Any) -> Any:
    if isinstance(value, AbstractDropout):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value == 0:
            return NO_DROPOUT
        if not 0.0 < value <= 1.0:
            raise ValueError(
                f"a number is the probability to keep a value: expected 0 < p <= 1, or 0 for no dropout; "
                f"received {value}"
            )
        return Dropout(float(value))
    raise TypeError(f"expected a probability to keep or a dropout object; received {value!r}")


class _NoDropout(AbstractDropout):
    """``dropout=0``: none, whatever the network's default says."""


NO_DROPOUT = _NoDropout()
DROPOUT: Codec = FAMILY.codec(_coerce)
