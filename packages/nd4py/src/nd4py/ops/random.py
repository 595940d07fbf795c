"""Random numbers as functions of a seed and a counter, and the dropout family built on them."""

from __future__ import annotations

import math
from typing import Any

from nd4py import dtypes
from nd4py.dtypes import DType

from . import _philox, comparison, shaping
from ._declaration import InferRule, Spec
from ._declare import NOT_DIFFERENTIABLE, Dl4j, Trait, composed, primitive
from ._execute import spec_of
from ._rules import Attrs, Specs
from ._samples import real
from ._types import is_scalar
from .activate import SELU_ALPHA, SELU_LAMBDA

Array = Any
Integers = Any
Shape = tuple[int, ...]
_R = (Trait.RANDOM,)


def _rule(specs: Specs, attrs: Attrs) -> list[Spec]:
    for name, s in zip(("seed", "counter"), specs, strict=True):
        if s.dtype.kind not in ("int", "uint") or s.shape != ():
            raise TypeError(
                f"{name} must be an integer scalar, received {s.dtype.name} of shape {s.shape}"
            )
    if attrs["dtype"].kind != "float":
        raise TypeError(f"expected a floating dtype, received {attrs['dtype'].name}")
    if any(n < 0 for n in attrs["shape"]):
        raise ValueError(f"shape {attrs['shape']} has a negative size")
    return [Spec(attrs["dtype"], attrs["shape"])]


_RULE: InferRule = _rule


def _samples(**attrs: Any) -> Any:
    return lambda: [
        ((7, 3), {"shape": (5, 3), **attrs}),
        ((-1, 2**40), {"shape": (33,), **attrs}),
        ((2**40 + 5, 0), {"shape": (), **attrs}),
    ]


def _is_double(dtype: DType) -> bool:
    return dtype is dtypes.float64


@primitive(
    infer=_RULE,
    gradient=NOT_DIFFERENTIABLE,
    traits=_R,
    native=True,
    samples=_samples(low=-1.0, high=3.0),
)
def random_uniform(
    seed: Integers,
    counter: Integers,
    *,
    shape: Shape,
    low: float = 0.0,
    high: float = 1.0,
    dtype: DType = dtypes.float32,
) -> Array:
    """low + (high - low)·u with u of [0, 1): 24 random bits for float32 and narrower, 53 for float64.

    Element i uses word i mod 4 of Philox block counter + i/4 (float64: word pair i mod 2 of block counter + i/2).
    Deeplearning4j: ``UniformDistribution``.
    """
    u = _philox.uniform(int(seed), int(counter), math.prod(shape), _is_double(dtype))
    return (u * u.dtype.type(high - low) + u.dtype.type(low)).reshape(shape)


@primitive(
    infer=_RULE,
    gradient=NOT_DIFFERENTIABLE,
    traits=_R,
    native=True,
    samples=_samples(mean=1.0, std=0.5),
    tolerances={"float32": 1e-5, "float64": 1e-12},
)
def random_normal(
    seed: Integers,
    counter: Integers,
    *,
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    dtype: DType = dtypes.float32,
) -> Array:
    """mean + std·z with z of the standard normal distribution, by Box-Muller on neighbouring words.

    Deeplearning4j: ``GaussianDistribution``.
    """
    z = _philox.normal(int(seed), int(counter), math.prod(shape), _is_double(dtype))
    return (z * z.dtype.type(std) + z.dtype.type(mean)).reshape(shape)


@primitive(
    infer=_RULE, gradient=NOT_DIFFERENTIABLE, traits=_R, native=True, samples=_samples(p=0.4)
)
def random_bernoulli(
    seed: Integers, counter: Integers, *, shape: Shape, p: float, dtype: DType = dtypes.float32
) -> Array:
    """1 with probability p, else 0: where `random_uniform` of [0, 1) is below p. Deeplearning4j:
    ``BernoulliDistribution``.
    """
    u = _philox.uniform(int(seed), int(counter), math.prod(shape), _is_double(dtype))
    return (u < u.dtype.type(p)).reshape(shape)


# ---------------------------------------------------------------------------------------------------------- dropout


def _uniform_like(x: Any, seed: Any, counter: Any, shape: Shape | None = None) -> Any:
    found = spec_of(x)
    return random_uniform(
        seed, counter, shape=found.shape if shape is None else shape, dtype=found.dtype
    )


def _in_dtype_of(x: Any, value: Any) -> Any:
    """A rate given as a number, or as a scalar that may be of another dtype than the data."""
    return value if is_scalar(value) else shaping.cast(value, dtype=spec_of(x).dtype)


def _dropout_samples(p: float) -> Any:
    return lambda: [((real(6, 7), 11, 5, p), {})]


@composed(
    "nn", traits=_R, samples=_dropout_samples(0.6), dl4j=Dl4j("dropout_inverted", ("RANDOM", 2))
)
def dropout(x: Array, seed: Integers, counter: Integers, p: Array) -> Array:
    """Inverted dropout: each element is kept with probability p and divided by p, or becomes 0.

    p is a number or a scalar array, so that it may follow a schedule. Deeplearning4j: ``Dropout``.
    """
    p = _in_dtype_of(x, p)
    return comparison.where(_uniform_like(x, seed, counter) < p, x / p, 0.0)


@composed(
    "nn",
    traits=_R,
    samples=lambda: [((real(3, 4, 2, 2), 11, 5, 0.6), {})],
)
def spatial_dropout(x: Array, seed: Integers, counter: Integers, p: Array) -> Array:
    """Dropout of whole channels: x [N, C, ...], one draw per example and channel. Deeplearning4j:
    ``SpatialDropout``.
    """
    shape = tuple(x.shape)
    if not 3 <= len(shape) <= 5:
        raise ValueError(
            f"spatial_dropout: expected 3 to 5 dimensions [N, C, ...], received shape {shape}"
        )
    p = _in_dtype_of(x, p)
    kept = _uniform_like(x, seed, counter, (*shape[:2], *(1,) * (len(shape) - 2))) < p
    return comparison.where(kept, x / p, 0.0)


@composed(
    "nn",
    traits=_R,
    samples=_dropout_samples(0.3),
)
def gaussian_dropout(x: Array, seed: Integers, counter: Integers, rate: Array) -> Array:
    """x times normal noise of mean 1 and variance rate/(1 - rate). Deeplearning4j: ``GaussianDropout``."""
    found, rate = spec_of(x), _in_dtype_of(x, rate)
    noise = random_normal(seed, counter, shape=found.shape, dtype=found.dtype)
    std = (rate / (1.0 - rate)) ** 0.5
    return x * (noise * std + 1.0)


@composed(
    "nn",
    traits=_R,
    samples=_dropout_samples(0.3),
)
def gaussian_noise(x: Array, seed: Integers, counter: Integers, std: Array) -> Array:
    """x plus normal noise of mean 0. Deeplearning4j: ``GaussianNoise``."""
    found = spec_of(x)
    return x + random_normal(seed, counter, shape=found.shape, dtype=found.dtype) * _in_dtype_of(
        x, std
    )


@composed(
    "nn",
    traits=_R,
    samples=_dropout_samples(0.8),
)
def alpha_dropout(
    x: Array,
    seed: Integers,
    counter: Integers,
    p: Array,
    *,
    alpha: float = SELU_ALPHA,
    scale: float = SELU_LAMBDA,
) -> Array:
    """Dropout for SELU networks: dropped elements become α' = -λα, then all are scaled to keep mean and variance.

    y = a·(x·m + α'·(1 - m)) + b, a = (p + α'²·p·(1 - p))^-½, b = -a·(1 - p)·α'; p is the probability of keeping.
    Deeplearning4j: ``AlphaDropout``.
    """
    p = _in_dtype_of(x, p)
    low = -scale * alpha
    a = (p + p * (1.0 - p) * (low * low)) ** -0.5
    b = a * (1.0 - p) * -low
    return comparison.where(_uniform_like(x, seed, counter) < p, x, low) * a + b
