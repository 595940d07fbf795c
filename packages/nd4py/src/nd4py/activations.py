"""Activation functions of layers, as values with Deeplearning4j's JSON form.

Each answers to ``org.nd4j.linalg.activations.impl.Activation<Name>`` and applies one operation of ``nd.nn``,
which runs on
arrays and records on graph values. What the original computes for trained networks is kept; where it is at
fault, networks
built here use the right function, and only files of the JVM select the original one (fields ``scaled_cube`` and
``leaky_inference``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from . import ops
from ._java_json import JavaObject, field, lookup

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "Cube",
    "HardSigmoid",
    "HardTanH",
    "Identity",
    "LReLU",
    "Mish",
    "PReLU",
    "RReLU",
    "RationalTanh",
    "ReLU",
    "ReLU6",
    "RectifiedTanh",
    "Sigmoid",
    "SoftPlus",
    "SoftSign",
    "Softmax",
    "Swish",
    "TanH",
    "ThresholdedReLU",
    "get",
]

_PACKAGE = "org.nd4j.linalg.activations.impl.Activation"
Value = Any  # NDArray or graph value


@dataclass(frozen=True)
class Activation(JavaObject, ABC):
    """A function applied to a layer's pre-activations."""

    @abstractmethod
    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """The activated values, of the shape and dtype of x.

        Args:
            x: pre-activations of a floating dtype.
            training: whether this is a training pass; only `RReLU` differs.
            random: seed and counter of this call's random numbers, for functions that draw some in training.
        """

    def backprop(self, x: Value, epsilon: Value) -> Value:
        """The gradient to x, from the gradient ``epsilon`` to the activated values. Deeplearning4j: ``backprop``."""
        return ops.vjp(self.activation, [x], epsilon)[1][0]


def get(value: Any) -> Activation:
    """An activation from itself, a name of Deeplearning4j's ``Activation`` enum in any case, or its JSON.

    >>> get("relu")
    ReLU(max=None, threshold=None, negative_slope=None)
    >>> get({"@class": "org.nd4j.linalg.activations.impl.ActivationELU", "alpha": 0.5}).alpha
    0.5
    """
    return lookup(value, Activation, _NAMES)  # type: ignore[type-abstract]


class Cube(Activation):
    """x³."""

    java_class: ClassVar[str] = _PACKAGE + "Cube"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """x³."""
        return ops.cube(x)


@dataclass(frozen=True)
class ELU(Activation):
    """x where x ≥ 0, else α·(eˣ - 1)."""

    java_class: ClassVar[str] = _PACKAGE + "ELU"
    alpha: float = 1.0

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """x where x ≥ 0, else α·(eˣ - 1)."""
        return ops.elu(x, alpha=self.alpha)


@dataclass(frozen=True)
class GELU(Activation):
    """x·σ(1.702·x), or with ``precise`` x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))).

    ``scaled_cube`` is what Deeplearning4j computes for ``precise``: (0.044715·x)³ in place of 0.044715·x³.
    """

    java_class: ClassVar[str] = _PACKAGE + "GELU"
    precise: bool = False
    scaled_cube: bool = field(False, absent=True)

    def __post_init__(self) -> None:
        if not self.precise:  # one object for one function
            object.__setattr__(self, "scaled_cube", False)

    def to_json(self) -> dict[str, Any]:
        """The activation as Deeplearning4j's JSON; only precise ones say how they cube."""
        tree = super().to_json()
        if not self.precise:
            tree.pop("scaledCube", None)
        return tree

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """The chosen form."""
        return ops.precise_gelu(x, scaled_cube=self.scaled_cube) if self.precise else ops.gelu(x)


class HardSigmoid(Activation):
    """min(1, max(0, 0.2·x + 0.5))."""

    java_class: ClassVar[str] = _PACKAGE + "HardSigmoid"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """min(1, max(0, 0.2·x + 0.5))."""
        return ops.hard_sigmoid(x)


class HardTanH(Activation):
    """min(1, max(-1, x))."""

    java_class: ClassVar[str] = _PACKAGE + "HardTanH"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """min(1, max(-1, x))."""
        return ops.hard_tanh(x)


class Identity(Activation):
    """x."""

    java_class: ClassVar[str] = _PACKAGE + "Identity"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """x."""
        return x


@dataclass(frozen=True)
class LReLU(Activation):
    """x where x ≥ 0, else α·x."""

    java_class: ClassVar[str] = _PACKAGE + "LReLU"
    alpha: float = 0.01

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """x where x ≥ 0, else α·x."""
        return ops.leaky_relu(x, alpha=self.alpha)


class Mish(Activation):
    """x·tanh(ln(1 + eˣ))."""

    java_class: ClassVar[str] = _PACKAGE + "Mish"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """x·tanh(ln(1 + eˣ))."""
        return ops.mish(x)


@dataclass(frozen=True)
class PReLU(Activation):
    """x where x ≥ 0, else α·x with a learned α, which the layer passes to `apply`.

    In Deeplearning4j ``alpha`` is the live array of the layer; its JSON holds no numbers.
    """

    java_class: ClassVar[str] = _PACKAGE + "PReLU"
    shared_axes: tuple[int, ...] | None = None

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """Not possible without α.

        Raises:
            TypeError: always; use ``apply(x, alpha)``.
        """
        raise TypeError("PReLU: alpha is a parameter of the layer; call apply(x, alpha)")

    def apply(self, x: Value, alpha: Value) -> Value:
        """x where x ≥ 0, else α·x; α broadcasts over the examples."""
        return ops.prelu(x, alpha)


@dataclass(frozen=True)
class RReLU(Activation):
    """x where x ≥ 0, else α·x: α uniform of (l, u) per element in training, (l + u)/2 otherwise.

    Without ``leaky_inference``, inference is max(x, (l + u)/2): what Deeplearning4j computes.
    """

    java_class: ClassVar[str] = _PACKAGE + "RReLU"
    l: float = 1.0 / 8.0  # noqa: E741  # Deeplearning4j's name
    u: float = 1.0 / 3.0
    leaky_inference: bool = field(True, absent=False)

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """The form for training or inference.

        Raises:
            ValueError: training without ``random``.
        """
        middle = (self.l + self.u) / 2
        if not training:
            return (
                ops.leaky_relu(x, alpha=middle) if self.leaky_inference else ops.maximum(x, middle)
            )
        if random is None:
            raise ValueError("RReLU: training needs random=(seed, counter) to draw the slopes")
        found = ops.spec_of(x)
        return ops.prelu(
            x,
            ops.random_uniform(
                *random, shape=found.shape, low=self.l, high=self.u, dtype=found.dtype
            ),
        )


class RationalTanh(Activation):
    """1.7159·f(2x/3), f(y) = sgn(y)·(1 - 1/(1 + |y| + y² + 1.41645·y⁴))."""

    java_class: ClassVar[str] = _PACKAGE + "RationalTanh"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """1.7159·f(2x/3)."""
        return ops.rational_tanh(x)


@dataclass(frozen=True)
class ReLU(Activation):
    """max(0, x); with parameters x where x ≥ threshold, else slope·(x - threshold), cut at ``max``."""

    java_class: ClassVar[str] = _PACKAGE + "ReLU"
    max: float | None = None
    threshold: float | None = None
    negative_slope: float | None = None

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """max(0, x), or the bounded form."""
        if self.max is None and not self.threshold and not self.negative_slope:
            return ops.relu(x)
        return ops.bounded_relu(
            x,
            max=self.max,
            threshold=self.threshold or 0.0,
            negative_slope=self.negative_slope or 0.0,
        )


class ReLU6(Activation):
    """min(max(x, 0), 6)."""

    java_class: ClassVar[str] = _PACKAGE + "ReLU6"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """min(max(x, 0), 6)."""
        return ops.relu6(x)


class RectifiedTanh(Activation):
    """max(0, tanh x)."""

    java_class: ClassVar[str] = _PACKAGE + "RectifiedTanh"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """max(0, tanh x)."""
        return ops.rectified_tanh(x)


class SELU(Activation):
    """λ·x where x > 0, else λ·α·(eˣ - 1)."""

    java_class: ClassVar[str] = _PACKAGE + "SELU"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """λ·x where x > 0, else λ·α·(eˣ - 1)."""
        return ops.selu(x)


class Sigmoid(Activation):
    """1 / (1 + e⁻ˣ)."""

    java_class: ClassVar[str] = _PACKAGE + "Sigmoid"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """1 / (1 + e⁻ˣ)."""
        return ops.sigmoid(x)


class SoftPlus(Activation):
    """ln(1 + eˣ)."""

    java_class: ClassVar[str] = _PACKAGE + "SoftPlus"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """ln(1 + eˣ)."""
        return ops.softplus(x)


class SoftSign(Activation):
    """x / (1 + |x|)."""

    java_class: ClassVar[str] = _PACKAGE + "SoftSign"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """x / (1 + |x|)."""
        return ops.softsign(x)


class Softmax(Activation):
    """eˣ / Σ eˣ along the last dimension."""

    java_class: ClassVar[str] = _PACKAGE + "Softmax"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """eˣ / Σ eˣ along the last dimension."""
        return ops.softmax(x)


class Swish(Activation):
    """x·σ(x)."""

    java_class: ClassVar[str] = _PACKAGE + "Swish"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """x·σ(x)."""
        return ops.swish(x)


class TanH(Activation):
    """tanh x."""

    java_class: ClassVar[str] = _PACKAGE + "TanH"

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """tanh x."""
        return ops.tanh(x)


@dataclass(frozen=True)
class ThresholdedReLU(Activation):
    """x where x > θ, else 0."""

    java_class: ClassVar[str] = _PACKAGE + "ThresholdedReLU"
    theta: float = 1.0

    def activation(
        self, x: Value, training: bool = False, random: tuple[Any, Any] | None = None
    ) -> Value:
        """x where x > θ, else 0."""
        return ops.thresholded_relu(x, theta=self.theta)


_NAMES = {
    cls.__name__.lower(): cls
    for cls in (
        Cube,
        ELU,
        GELU,
        HardSigmoid,
        HardTanH,
        Identity,
        Mish,
        RReLU,
        RationalTanh,
        ReLU,
        ReLU6,
        RectifiedTanh,
        SELU,
        Sigmoid,
        SoftPlus,
        SoftSign,
        Softmax,
        Swish,
        TanH,
        ThresholdedReLU,
    )
} | {"leakyrelu": LReLU, "lrelu": LReLU}
