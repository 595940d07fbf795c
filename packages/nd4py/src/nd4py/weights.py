"""How parameters are filled at the start: weight initialisations and the distributions they draw from.

Each answers to the class of the same name in ``org.deeplearning4j.nn.weights`` and ``org.deeplearning4j.nn.conf.distribution``.
Numbers come from Philox: the same seed gives the same values everywhere (not those of the JVM).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from . import dtypes
from ._java_json import JavaObject, field, from_json, lookup
from .ops import _philox

__all__ = [
    "BinomialDistribution",
    "ConstantDistribution",
    "Distribution",
    "GaussianDistribution",
    "LogNormalDistribution",
    "NormalDistribution",
    "OrthogonalDistribution",
    "TruncatedNormalDistribution",
    "UniformDistribution",
    "WeightInit",
    "WeightInitConstant",
    "WeightInitDistribution",
    "WeightInitEmbedding",
    "WeightInitIdentity",
    "WeightInitLecunUniform",
    "WeightInitNormal",
    "WeightInitRelu",
    "WeightInitReluUniform",
    "WeightInitSigmoidUniform",
    "WeightInitUniform",
    "WeightInitVarScalingNormalFanAvg",
    "WeightInitVarScalingNormalFanIn",
    "WeightInitVarScalingNormalFanOut",
    "WeightInitVarScalingUniformFanAvg",
    "WeightInitVarScalingUniformFanIn",
    "WeightInitVarScalingUniformFanOut",
    "WeightInitXavier",
    "WeightInitXavierLegacy",
    "WeightInitXavierUniform",
    "get",
    "get_distribution",
]

Array = np.ndarray[Any, Any]
_WEIGHTS = "org.deeplearning4j.nn.weights."
_DISTRIBUTIONS = "org.deeplearning4j.nn.conf.distribution."


# ---------------------------------------------------------------------------------------------------- distributions


@dataclass(frozen=True)
class Distribution(JavaObject, ABC):
    """A distribution of weights."""

    type_key: ClassVar[str] = "type"

    @abstractmethod
    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        """Float64 values, flat in the order in which they fill the array (a matrix for orthogonal ones)."""

    def sample(
        self, shape: Sequence[int], *, seed: int, dtype: object = dtypes.float32, order: Literal["c", "f"] = "c"
    ) -> Any:
        """An array of ``shape`` filled in ``order``; the same seed gives the same values."""
        values = self._draw(tuple(shape), seed)
        return _array(values if values.ndim > 1 else values.reshape(shape, order=_NUMPY_ORDER[order]), dtype, order)


_NUMPY_ORDER: dict[str, Literal["C", "F"]] = {"c": "C", "f": "F"}


def _array(values: Array, dtype: object, order: str) -> Any:
    from ._arrays import from_numpy

    return from_numpy(np.asarray(values, dtypes.dtype(dtype).numpy, order=_NUMPY_ORDER[order]))


def _count(shape: tuple[int, ...]) -> int:
    return math.prod(shape)


@dataclass(frozen=True)
class NormalDistribution(Distribution):
    """N(mean, std²)."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "NormalDistribution"
    mean: float = 0.0
    std: float = 1.0

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        return _philox.normal(seed, 0, _count(shape), True) * self.std + self.mean


@dataclass(frozen=True)
class GaussianDistribution(NormalDistribution):
    """The older name of `NormalDistribution`."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "GaussianDistribution"


@dataclass(frozen=True)
class UniformDistribution(Distribution):
    """Uniform of [lower, upper)."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "UniformDistribution"
    lower: float = 0.0
    upper: float = 1.0

    def __post_init__(self) -> None:
        if not self.lower <= self.upper:
            raise ValueError(f"UniformDistribution: lower {self.lower} is above upper {self.upper}")

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        return _philox.uniform(seed, 0, _count(shape), True) * (self.upper - self.lower) + self.lower


@dataclass(frozen=True)
class TruncatedNormalDistribution(Distribution):
    """N(mean, std²) without what lies beyond two standard deviations, not rescaled (its standard deviation is 0.88·std)."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "TruncatedNormalDistribution"
    mean: float = 0.0
    std: float = 1.0

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        wanted = _count(shape)
        kept: list[Array] = []
        counter = found = 0
        while found < wanted:  # 4.6 % are redrawn
            count = (wanted - found) + (wanted - found) // 16 + 16
            z = _philox.normal(seed, counter, count, True)
            counter += _philox.blocks_used(count, True)
            z = z[np.abs(z) <= 2]
            kept.append(z)
            found += z.size
        values = np.concatenate(kept)[:wanted] if kept else np.zeros(0)
        return values * self.std + self.mean


@dataclass(frozen=True)
class LogNormalDistribution(Distribution):
    """e^N(mean, std²): mean and std are those of the logarithm."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "LogNormalDistribution"
    mean: float = 0.0
    std: float = 1.0

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        return np.exp(_philox.normal(seed, 0, _count(shape), True) * self.std + self.mean)


@dataclass(frozen=True)
class BinomialDistribution(Distribution):
    """Successes among ``number_of_trials`` draws with ``probability_of_success`` each."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "BinomialDistribution"
    number_of_trials: int = 1
    probability_of_success: float = 0.5

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        count = _count(shape)
        total = np.zeros(count)
        for trial in range(self.number_of_trials):
            u = _philox.uniform(seed, trial * _philox.blocks_used(count, True), count, True)
            total += u < self.probability_of_success
        return total


@dataclass(frozen=True)
class ConstantDistribution(Distribution):
    """One value."""

    java_class: ClassVar[str] = _DISTRIBUTIONS + "ConstantDistribution"
    value: float = 0.0

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        return np.full(_count(shape), self.value)


@dataclass(frozen=True)
class OrthogonalDistribution(Distribution):
    """A random orthogonal matrix times ``gain``: WᵀW (tall) or W·Wᵀ (wide) is gain²·I.

    More than two dimensions are taken as [first, all others].
    """

    java_class: ClassVar[str] = _DISTRIBUTIONS + "OrthogonalDistribution"
    gain: float = 1.0

    def _draw(self, shape: tuple[int, ...], seed: int) -> Array:
        if len(shape) < 2:
            raise ValueError(f"OrthogonalDistribution: needs at least 2 dimensions, received shape {shape}")
        rows, columns = shape[0], _count(shape[1:])
        tall, wide = max(rows, columns), min(rows, columns)
        q, r = np.linalg.qr(_philox.normal(seed, 0, tall * wide, True).reshape(tall, wide))
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # else the result is not uniform over rotations
        return np.asarray((q if rows >= columns else q.T) * self.gain).reshape(shape)


def get_distribution(value: Any) -> Distribution:
    """A distribution from itself or Deeplearning4j's JSON."""
    return lookup(value, Distribution, {})


# ------------------------------------------------------------------------------------------------ weight initialisation


@dataclass(frozen=True)
class WeightInit(JavaObject, ABC):
    """How one parameter array is filled."""

    @abstractmethod
    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """What the values are drawn from, for an array of this shape and these numbers of inputs and outputs."""

    def initialize(
        self,
        shape: Sequence[int],
        *,
        fan_in: float,
        fan_out: float,
        seed: int,
        order: Literal["c", "f"] = "f",
        dtype: object = dtypes.float32,
    ) -> Any:
        """An array of ``shape`` whose values are drawn one after another in ``order``.

        Args:
            shape: the shape of the parameter.
            fan_in: inputs of each unit.
            fan_out: outputs of each unit.
            seed: 64-bit seed; the same gives the same values.
            order: 'f' for dense weights, 'c' for convolution kernels, as in Deeplearning4j.
            dtype: element type.

        >>> WeightInitConstant(0.5).initialize((2, 2), fan_in=2, fan_out=2, seed=1).tolist()
        [[0.5, 0.5], [0.5, 0.5]]
        """
        found = tuple(shape)
        return self.distribution_for(found, fan_in, fan_out).sample(found, seed=seed, dtype=dtype, order=order)


def get(value: Any) -> WeightInit:
    """A weight initialisation from itself, a distribution, a name of Deeplearning4j's ``WeightInit`` enum, or its JSON.

    >>> get("xavier")
    WeightInitXavier()
    """
    if isinstance(value, Distribution):
        return WeightInitDistribution(value)
    return lookup(value, WeightInit, _NAMES)


def _uniform(bound: float) -> Distribution:
    return UniformDistribution(-bound, bound)


@dataclass(frozen=True)
class WeightInitConstant(WeightInit):
    """One value."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitConstant"
    value: float = 0.0

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """The constant."""
        return ConstantDistribution(self.value)


@dataclass(frozen=True)
class WeightInitDistribution(WeightInit):
    """The given distribution, whatever the shape."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitDistribution"
    distribution: Distribution = field(decode=lambda tree: from_json(tree, Distribution))

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """The given one."""
        return self.distribution


@dataclass(frozen=True)
class WeightInitXavier(WeightInit):
    """N(0, 2/(in + out))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitXavier"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """N(0, 2/(in + out))."""
        return NormalDistribution(0.0, math.sqrt(2.0 / (fan_in + fan_out)))


@dataclass(frozen=True)
class WeightInitXavierUniform(WeightInit):
    """U(±√(6/(in + out)))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitXavierUniform"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """U(±√(6/(in + out)))."""
        return _uniform(math.sqrt(6.0 / (fan_in + fan_out)))


@dataclass(frozen=True)
class WeightInitXavierLegacy(WeightInit):
    """N(0, 1/(shape[0] + shape[1]))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitXavierLegacy"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """N(0, 1/(shape[0] + shape[1]))."""
        return NormalDistribution(0.0, 1.0 / math.sqrt(shape[0] + shape[1]))


@dataclass(frozen=True)
class WeightInitRelu(WeightInit):
    """N(0, 2/in)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitRelu"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """N(0, 2/in)."""
        return NormalDistribution(0.0, math.sqrt(2.0 / fan_in))


@dataclass(frozen=True)
class WeightInitReluUniform(WeightInit):
    """U(±√(6/in))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitReluUniform"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """U(±√(6/in))."""
        return _uniform(math.sqrt(6.0 / fan_in))


@dataclass(frozen=True)
class WeightInitSigmoidUniform(WeightInit):
    """U(±4·√(6/(in + out)))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitSigmoidUniform"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """U(±4·√(6/(in + out)))."""
        return _uniform(4.0 * math.sqrt(6.0 / (fan_in + fan_out)))


@dataclass(frozen=True)
class WeightInitNormal(WeightInit):
    """N(0, 1/in): NORMAL, LECUN_NORMAL and XAVIER_FAN_IN."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitNormal"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """N(0, 1/in)."""
        return NormalDistribution(0.0, 1.0 / math.sqrt(fan_in))


@dataclass(frozen=True)
class WeightInitUniform(WeightInit):
    """U(±1/√in)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitUniform"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """U(±1/√in)."""
        return _uniform(1.0 / math.sqrt(fan_in))


@dataclass(frozen=True)
class WeightInitLecunUniform(WeightInit):
    """U(±3/√in)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitLecunUniform"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """U(±3/√in)."""
        return _uniform(3.0 / math.sqrt(fan_in))


@dataclass(frozen=True)
class WeightInitIdentity(WeightInit):
    """The identity matrix times ``scale``; for convolution kernels with odd sizes, 1 at the centre of the diagonal."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitIdentity"
    scale: float | None = None

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """Not a distribution.

        Raises:
            TypeError: always; use `initialize`.
        """
        raise TypeError("WeightInitIdentity: the values are fixed, they are not drawn")

    def initialize(
        self,
        shape: Sequence[int],
        *,
        fan_in: float = 0.0,
        fan_out: float = 0.0,
        seed: int = 0,
        order: Literal["c", "f"] = "f",
        dtype: object = dtypes.float32,
    ) -> Any:
        """The identity.

        Raises:
            ValueError: the first two sizes differ, or a kernel has an even size.
        """
        found = tuple(shape)
        if len(found) < 2 or found[0] != found[1] or any(n % 2 == 0 for n in found[2:]):
            raise ValueError(
                f"WeightInitIdentity: needs a square matrix, or a kernel [n, n, odd, ...]; received shape {found}"
            )
        values = np.zeros(found)
        centre = tuple(n // 2 for n in found[2:])
        for i in range(found[0]):
            values[(i, i, *centre)] = 1.0 if self.scale is None else self.scale
        return _array(values, dtype, order)


@dataclass(frozen=True)
class _VarScalingNormal(WeightInit, ABC):
    scale: float | None = None

    def _spread(self, fan: float) -> Distribution:
        return TruncatedNormalDistribution(0.0, math.sqrt((1.0 if self.scale is None else self.scale) / fan))


@dataclass(frozen=True)
class WeightInitVarScalingNormalFanIn(_VarScalingNormal):
    """A truncated normal distribution of variance scale/in (before truncation)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingNormalFanIn"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """Variance scale/in."""
        return self._spread(fan_in)


@dataclass(frozen=True)
class WeightInitVarScalingNormalFanOut(_VarScalingNormal):
    """A truncated normal distribution of variance scale/out (before truncation)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingNormalFanOut"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """Variance scale/out."""
        return self._spread(fan_out)


@dataclass(frozen=True)
class WeightInitVarScalingNormalFanAvg(_VarScalingNormal):
    """A truncated normal distribution of variance 2·scale/(in + out) (before truncation)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingNormalFanAvg"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """Variance 2·scale/(in + out)."""
        return self._spread((fan_in + fan_out) / 2)


@dataclass(frozen=True)
class _VarScalingUniform(WeightInit, ABC):
    scale: float | None = None

    def _spread(self, fan: float) -> Distribution:
        return _uniform((1.0 if self.scale is None else self.scale) * 3.0 / math.sqrt(fan))


@dataclass(frozen=True)
class WeightInitVarScalingUniformFanIn(_VarScalingUniform):
    """U(±3·scale/√in)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingUniformFanIn"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """U(±3·scale/√in)."""
        return self._spread(fan_in)


@dataclass(frozen=True)
class WeightInitVarScalingUniformFanOut(_VarScalingUniform):
    """U(±3·scale/√out)."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingUniformFanOut"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """U(±3·scale/√out)."""
        return self._spread(fan_out)


@dataclass(frozen=True)
class WeightInitVarScalingUniformFanAvg(_VarScalingUniform):
    """U(±3·scale/√((in + out)/2))."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitVarScalingUniformFanAvg"

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """U(±3·scale/√((in + out)/2))."""
        return self._spread((fan_in + fan_out) / 2)


class WeightInitEmbedding(WeightInit):
    """Copies a [vocabulary, size] table of word vectors. It has no JSON: a saved network holds the copied weights."""

    java_class: ClassVar[str] = _WEIGHTS + "embeddings.WeightInitEmbedding"

    def __init__(self, table: Any) -> None:
        from ._arrays import to_numpy

        values = to_numpy(table)
        if values.ndim != 2:
            raise ValueError(f"WeightInitEmbedding: expected a table [vocabulary, size], received shape {values.shape}")
        self.table: Array
        object.__setattr__(self, "table", values)

    def to_json(self) -> dict[str, Any]:
        """Not possible.

        Raises:
            TypeError: always.
        """
        raise TypeError("WeightInitEmbedding: the table is not part of a configuration; save the network with its weights")

    def distribution_for(self, shape: tuple[int, ...], fan_in: float, fan_out: float) -> Distribution:
        """Not a distribution.

        Raises:
            TypeError: always; use `initialize`.
        """
        raise TypeError("WeightInitEmbedding: the values are given, they are not drawn")

    def initialize(
        self,
        shape: Sequence[int],
        *,
        fan_in: float = 0.0,
        fan_out: float = 0.0,
        seed: int = 0,
        order: Literal["c", "f"] = "c",
        dtype: object = dtypes.float32,
    ) -> Any:
        """The table.

        Raises:
            ValueError: it has another shape.
        """
        if tuple(shape) != self.table.shape:
            raise ValueError(f"WeightInitEmbedding: the table has shape {self.table.shape}, the weights have {tuple(shape)}")
        return _array(self.table, dtype, order)


_NAMES = {
    "zero": WeightInitConstant, "ones": lambda: WeightInitConstant(1.0), "sigmoiduniform": WeightInitSigmoidUniform,
    "normal": WeightInitNormal, "lecunnormal": WeightInitNormal, "xavierfanin": WeightInitNormal,
    "uniform": WeightInitUniform, "xavier": WeightInitXavier, "xavieruniform": WeightInitXavierUniform,
    "xavierlegacy": WeightInitXavierLegacy, "relu": WeightInitRelu, "reluuniform": WeightInitReluUniform,
    "identity": WeightInitIdentity, "lecununiform": WeightInitLecunUniform,
    "varscalingnormalfanin": WeightInitVarScalingNormalFanIn, "varscalingnormalfanout": WeightInitVarScalingNormalFanOut,
    "varscalingnormalfanavg": WeightInitVarScalingNormalFanAvg, "varscalinguniformfanin": WeightInitVarScalingUniformFanIn,
    "varscalinguniformfanout": WeightInitVarScalingUniformFanOut,
    "varscalinguniformfanavg": WeightInitVarScalingUniformFanAvg,
}
