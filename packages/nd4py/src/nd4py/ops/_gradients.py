"""What gradient rules share. Values are arrays or graph values alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ._declaration import GradientContext, GradientRule
from ._execute import spec_of


def is_differentiable(x: Any) -> bool:
    """Whether an input can have a gradient: it is of a floating or complex type."""
    return x is not None and spec_of(x).dtype.kind in ("float", "complex")


def unbroadcast(grad: Any, like: Any) -> Any:
    """Sums ``grad`` over the dimensions along which ``like`` was broadcast, and gives it the dtype of ``like``."""
    want, have = spec_of(like), spec_of(grad)
    if have.shape != want.shape:
        extra = len(have.shape) - len(want.shape)
        dims = tuple(range(extra)) + tuple(
            i + extra for i, n in enumerate(want.shape) if n == 1 and have.shape[i + extra] != 1
        )
        if dims:
            grad = reduce.sum(grad, dims=dims)
        if spec_of(grad).shape != want.shape:
            grad = shaping.reshape(grad, shape=want.shape)
    if have.dtype is not want.dtype:
        grad = shaping.cast(grad, dtype=want.dtype)
    return grad


def elementwise(*partials: Callable[[GradientContext], Any] | None) -> GradientRule:
    """The rule of an elementwise operation from its gradient times partial derivatives, one per input.

    Each receives the context and returns ``grad * partial``; None means no dependence.
    """

    def rule(c: GradientContext) -> Sequence[Any]:
        return [
            unbroadcast(partial(c), x) if partial is not None and is_differentiable(x) else None
            for partial, x in zip(partials, c.inputs, strict=True)
        ]

    return rule


def expand(reduced: Any, like: Any, dims: tuple[int, ...] | None, keep_dims: bool) -> Any:
    """A reduction's result, or its gradient, shaped to broadcast against the array that was reduced."""
    if keep_dims:
        return reduced
    shape = spec_of(like).shape
    over = range(len(shape)) if dims is None else dims
    return shaping.reshape(reduced, shape=tuple(1 if i in over else n for i, n in enumerate(shape)))


# Last, because these modules import this one.
from . import reduce, shaping  # noqa: E402
