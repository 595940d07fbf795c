"""Updater blocks, gradient normalisation and regularisation terms as steps of a program."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nd4py import dtypes
from nd4py._arrays import to_numpy
from nd4py.ops._declare import FUNCTIONS

from ._ir import Effect, Graph, Leaf, Value
from ._updates import NORMALIZATION_MODES, GradientNormalization, Scalar, Segment, UpdateBlock
from ._variable import SDVariable


class Scalars:
    """The per-call scalars of a program: the graph's own, and those that updater blocks name."""

    def __init__(
        self, graph: Graph, values: dict[SDVariable, Value], declared: Sequence[SDVariable]
    ):
        self._graph = graph
        self._values = {v.name: values[v] for v in declared if v in values}

    def get(self, scalar: Scalar) -> Value:
        """The float64 value of a number or of a named scalar."""
        if not isinstance(scalar, str):
            return self._graph.number(float(scalar), dtypes.float64)
        found = self._values.get(scalar)
        if found is None:
            found = self._graph.leaf(Leaf.SCALAR, dtypes.float64, (), scalar)
            self._values[scalar] = found
        if found.dtype is not dtypes.float64:
            raise TypeError(
                f"scalar {scalar!r}: an updater needs float64, it is {found.dtype.name}"
            )
        return found

    def all(self, names: Sequence[str]) -> list[Value]:
        """The values in the order of ``names``."""
        return [self._values[n] if n in self._values else self.get(n) for n in names]


# ------------------------------------------------------------------------------------------------------------- score


def regularisation_terms(
    graph: Graph, blocks: Sequence[UpdateBlock], scalars: Scalars
) -> Iterator[Value]:
    """What each regularised segment adds to the score, computed from the parameters before the update."""
    for block in blocks:
        for segment in block.segments or ():
            if not (segment.regularised and segment.in_score):
                continue
            w = graph.variable(
                _part(block.params, segment.start, segment.stop), f"{block.name}.params"
            )
            if segment.l1 != 0:
                yield _weighted(FUNCTIONS["norm1"](w), segment.l1, 1.0, scalars)
            for coefficient in (segment.l2, segment.weight_decay):
                if coefficient != 0:
                    yield _weighted(FUNCTIONS["squared_norm"](w), coefficient, 0.5, scalars)


def _weighted(norm: Value, coefficient: Scalar, factor: float, scalars: Scalars) -> Value:
    weight: Any
    if isinstance(coefficient, str):
        weight = FUNCTIONS["cast"](scalars.get(coefficient) * factor, dtype=norm.dtype)
    else:
        weight = factor * coefficient
    term: Value = norm * weight
    return term


def _part(array: Any, start: int, stop: int) -> Any:
    return array if start == 0 and stop == array.shape[0] else array[start:stop]


# --------------------------------------------------------------------------------------------------- normalisation


def normalization_effects(
    normalizations: Sequence[GradientNormalization], scale: float
) -> list[Effect]:
    """One step per normalised gradient; it also divides by the minibatch size."""
    return [
        Effect(
            "gradient_normalization",
            (n.gradient,),
            (n.gradient,),
            (NORMALIZATION_MODES.index(n.mode),),
            (float(n.threshold), scale),
            _normalize(n, scale),
            n.name or "gradient normalization",
        )
        for n in normalizations
    ]


def _normalize(n: GradientNormalization, scale: float) -> Callable[..., Any]:
    def reference(gradient: Any) -> tuple[Any, ...]:
        g = gradient * gradient.dtype.type(scale)
        if n.mode == "clip_elementwise_absolute":
            return (np.clip(g, -n.threshold, n.threshold),)
        norm = float(np.sqrt(np.sum(np.square(g, dtype=np.float64))))
        if n.mode == "renormalize_l2":
            return (g / (norm if norm != 0.0 else 1e-5),)
        return (g * (n.threshold / norm) if norm > n.threshold else g,)

    return reference


# --------------------------------------------------------------------------------------------------------- updaters


def update_effects(
    graph: Graph,
    blocks: Sequence[UpdateBlock],
    normalizations: Sequence[GradientNormalization],
    scalars: Scalars,
    scale: float,
    *,
    store_update: bool,
) -> list[Effect]:
    """One step per run of elements with the same coefficients."""
    normalised = [_extent(n.gradient) for n in normalizations]
    effects: list[Effect] = []
    for block in blocks:
        for part in _parts(block, normalised, scale):
            effects.append(_update(graph, block, part, scalars, store_update))
    return effects


@dataclass(frozen=True)
class _Part:
    segment: Segment
    scale: float

    def continues(self, other: _Part) -> bool:
        return self.scale == other.scale and self._same() == other._same()

    def _same(self) -> Segment:
        # Where a segment lies and whether it counts in the score makes no difference to its update.
        return replace(self.segment, start=0, stop=0, in_score=True, averaged=True)


def _parts(block: UpdateBlock, normalised: Sequence[tuple[int, int]], scale: float) -> list[_Part]:
    size = block.params.shape[0]
    first, last = _extent(block.gradient)
    width = (last - first) // size if size else 1
    # Normalisation has divided already; cut the segments where it begins and ends.
    cuts = {
        (edge - first) // width for extent in normalised for edge in extent if first < edge < last
    }
    parts: list[_Part] = []
    for segment in block.segments or (Segment(0, size),):
        edges = sorted(
            {segment.start, segment.stop, *(c for c in cuts if segment.start < c < segment.stop)}
        )
        for start, stop in itertools.pairwise(edges):
            at = first + start * width
            divided = not segment.averaged or any(a <= at < b for a, b in normalised)
            part = _Part(replace(segment, start=start, stop=stop), 1.0 if divided else scale)
            if parts and parts[-1].continues(part) and parts[-1].segment.stop == start:
                part = _Part(
                    replace(segment, start=parts.pop().segment.start, stop=stop), part.scale
                )
            parts.append(part)
    return parts


def _extent(array: Any) -> tuple[int, int]:
    """Addresses of the first byte and behind the last one of a flat slice."""
    values = to_numpy(array)
    address: int = values.__array_interface__["data"][0]
    return address, address + values.nbytes


def _update(
    graph: Graph, block: UpdateBlock, part: _Part, scalars: Scalars, store_update: bool
) -> Effect:
    s = part.segment
    arrays = [_part(a, s.start, s.stop) for a in (block.params, block.gradient, *block.states)]
    params, gradient, *states = arrays
    numbers: list[Scalar] = [
        block.learning_rate, block.iteration, part.scale, s.l1, s.l2, s.weight_decay
    ]  # fmt: skip
    if block.has_momentum:
        numbers.append(block.momentum)
    return Effect(
        block.updater.kernel,
        (params, gradient, *states, *(scalars.get(n) for n in numbers)),
        (params, *states, *([gradient] if store_update else ())),
        (int(s.weight_decay_apply_lr), int(store_update)),
        tuple(block.updater.hyperparameters()),
        _reference(block, s.weight_decay_apply_lr, store_update),
        block.name or "updater",
        native_outputs=1 + len(states),
    )


def _reference(block: UpdateBlock, apply_lr: bool, store_update: bool) -> Callable[..., Any]:
    count = len(block.states)

    def reference(*arrays: Any) -> tuple[Any, ...]:
        w, g, *rest = arrays
        states = rest[:count]
        rate, iteration, scale, l1, l2, decay, *momentum = (float(x) for x in rest[count:])
        g = g * g.dtype.type(scale)
        if l1 or l2:
            g = g + (l2 * w + l1 * np.sign(w)).astype(g.dtype)
        update, new_states = block.updater.step(g, states, rate, int(iteration), *momentum)
        if decay:
            update = update + (decay * (rate if apply_lr else 1.0) * w).astype(update.dtype)
        return (w - update, *new_states, *([update] if store_update else ()))

    return reference
