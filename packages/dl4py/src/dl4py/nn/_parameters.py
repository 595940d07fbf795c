"""The flat parameter vector: which slice belongs to which parameter, and which slices an updater
serves together.

Deeplearning4j keeps all parameters of a network in one vector, layer after layer, each layer's
blocks in a fixed order; gradients use the same layout. Updater state is laid out by *blocks*:
consecutive parameters, across layers, whose updaters are equal. Inside a block each state component
covers the whole block before the next one begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dl4py.conf.layers import AbstractLayer, Parameter
from dl4py.errors import ConfigurationError
from nd4py._arrays import from_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray as NumpyArray

_ALIGNMENT = 64


def aligned_zeros(count: int, dtype: np.dtype[Any]) -> NumpyArray[Any]:
    """A zeroed vector that begins at a cache line, as the kernels like it."""
    raw = np.zeros(count * dtype.itemsize + _ALIGNMENT, np.uint8)
    offset = -raw.ctypes.data % _ALIGNMENT
    return raw[offset : offset + count * dtype.itemsize].view(dtype)


@dataclass(frozen=True)
class Slot:
    """One parameter and its place in the flat vector."""

    layer: int
    parameter: Parameter
    start: int

    @property
    def key(self) -> str:
        """The public key, such as ``0_W``."""
        return f"{self.layer}_{self.parameter.name}"

    @property
    def stop(self) -> int:
        """One past its last element."""
        return self.start + self.parameter.length

    def of(self, flat: NumpyArray[Any]) -> NumpyArray[Any]:
        """The parameter as a view of a flat vector."""
        return flat[self.start : self.stop].reshape(
            self.parameter.shape, order=_ORDERS[self.parameter.order]
        )


_ORDERS: dict[str, Any] = {"c": "C", "f": "F"}


@dataclass(frozen=True)
class Run:
    """Parameters of a block that lie next to each other: one slice of the flat vector."""

    slots: tuple[Slot, ...]
    offset: int  # of the first element, counted within the block

    @property
    def start(self) -> int:
        """First element in the flat vector."""
        return self.slots[0].start

    @property
    def stop(self) -> int:
        """One past the last element in the flat vector."""
        return self.slots[-1].stop


@dataclass(frozen=True)
class Block:
    """Parameters with equal updaters that follow each other in *table order*; they share one
    stretch of state.

    Table order differs from memory order in a few layers. Inside a block the state follows memory
    order, so that it is what Deeplearning4j has where a block holds whole layers.
    """

    updater: Any
    runs: tuple[Run, ...]
    length: int
    state_start: int
    state_stop: int

    def states_of(self, state: NumpyArray[Any]) -> list[NumpyArray[Any]]:
        """The updater's state arrays, each over the whole block, as views of the flat state."""
        count = len(self.updater.state_keys)
        first = [self.state_start + i * self.length for i in range(count)]
        return [state[start : start + self.length] for start in first]


class ParameterLayout:
    """Slots and blocks of a network's layers."""

    def __init__(self, layers: Sequence[AbstractLayer]) -> None:
        slots: list[Slot] = []
        table: list[Slot] = []
        start = 0
        self.layer_ranges: list[tuple[int, int]] = []
        for index, layer in enumerate(layers):
            first = start
            mine = []
            for parameter in layer.parameters():
                _require_usable(layer, index, parameter)
                mine.append(Slot(index, parameter, start))
                start += parameter.length
            slots += mine
            by_name = {s.parameter.name: s for s in mine}
            table += [by_name[name] for name in layer.table_order()]
            self.layer_ranges.append((first, start))
        self.slots = tuple(slots)
        self.table = tuple(table)
        self.length = start
        self.by_key = {s.key: s for s in slots}
        self.blocks = _blocks(layers, table)
        self.state_length = self.blocks[-1].state_stop if self.blocks else 0

    def of_layer(self, index: int) -> tuple[Slot, ...]:
        """The slots of one layer, in memory order."""
        return tuple(s for s in self.slots if s.layer == index)


def _require_usable(layer: AbstractLayer, index: int, parameter: Parameter) -> None:
    """A configuration out of a file may say anything."""
    if any(n < 1 for n in parameter.shape):
        raise ConfigurationError(
            f"{layer.label(index)}: parameter {parameter.name} would have the shape {parameter.shape}; "
            "expected positive sizes, from n_in= and n_out="
        )
    if layer.updater_of(parameter) is None:
        raise ConfigurationError(
            f"{layer.label(index)}: parameter {parameter.name} has no updater; expected one, not null"
        )


def _blocks(layers: Sequence[AbstractLayer], table: Sequence[Slot]) -> tuple[Block, ...]:
    groups: list[tuple[Any, list[Slot]]] = []
    for slot in table:
        updater = layers[slot.layer].updater_of(slot.parameter)
        if groups and groups[-1][0] == updater:
            groups[-1][1].append(slot)
        else:
            groups.append((updater, [slot]))
    blocks = []
    position = 0
    for updater, slots in groups:
        runs, length = _runs(sorted(slots, key=lambda s: s.start))
        size = length * len(updater.state_keys)
        blocks.append(Block(updater, runs, length, position, position + size))
        position += size
    return tuple(blocks)


def _runs(slots: Sequence[Slot]) -> tuple[tuple[Run, ...], int]:
    groups: list[list[Slot]] = []
    for slot in slots:
        if groups and groups[-1][-1].stop == slot.start:
            groups[-1].append(slot)
        else:
            groups.append([slot])
    runs = []
    offset = 0
    for group in groups:
        runs.append(Run(tuple(group), offset))
        offset += group[-1].stop - group[0].start
    return tuple(runs), offset


def initial_state(layout: ParameterLayout, dtype: np.dtype[Any]) -> NumpyArray[Any]:
    """The updater state of a network that was never trained."""
    state = aligned_zeros(layout.state_length, dtype)
    for block in layout.blocks:
        for array, value in zip(
            block.states_of(state), block.updater.initial_state_values(), strict=True
        ):
            array[:] = value
    return state


def initialise(
    layout: ParameterLayout, layers: Sequence[AbstractLayer], flat: NumpyArray[Any], seed: int
) -> None:
    """Fills the flat vector with fresh initial values.

    Every parameter has random numbers of its own, so adding a layer changes no other one's values.
    """
    from nd4py import weights

    for slot in layout.slots:
        parameter = slot.parameter
        target = slot.of(flat)
        if parameter.initial is not None:
            target[...] = parameter.initial
            continue
        init = weights.get(getattr(layers[slot.layer], "weight_init", None) or "xavier")
        values = init.initialize(
            parameter.shape,
            fan_in=parameter.fan_in,
            fan_out=parameter.fan_out,
            seed=mix_seed(seed, slot.layer, parameter.name),
            order=parameter.order,
            dtype=flat.dtype,
        )
        target[...] = np.asarray(values)


def mix_seed(seed: int, *parts: object) -> int:
    """A 63-bit seed of its own for one use of a network's seed."""
    import hashlib

    text = "/".join(map(str, (seed, *parts))).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1


def as_ndarray(values: NumpyArray[Any]) -> Any:
    """The NDArray over the same memory."""
    return from_numpy(values)
