"""The summary table of a network, in Deeplearning4j's layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dl4py.conf import InputType
from dl4py.conf.layers import AbstractFeedForwardLayer, AbstractLayer
from dl4py.conf.layers._wrappers import AbstractFrozen, AbstractWrapper

if TYPE_CHECKING:
    from dl4py.nn._multi_layer_network import MultiLayerNetwork


def summary(network: MultiLayerNetwork, input_type: InputType | None = None) -> str:
    """One row per layer; with an input type also what goes in and comes out."""
    header = ["LayerName (LayerType)", "nIn,nOut", "TotalParams", "ParamsShape"]
    types = None
    if input_type is not None:
        header += ["InputShape", "OutputShape"]
        types = network.configuration.input_types(input_type)
    rows = [header]
    frozen = 0
    for index, layer in enumerate(network.layers):
        start, stop = network.layout.layer_ranges[index]
        row = [
            f"{layer.name or f'layer{index}'} ({_type_name(layer)})",
            *_sizes(layer, stop - start),
        ]
        if layer.frozen:
            frozen += stop - start
        if types is not None:
            before, received, given = types[index]
            arrow = (
                f"{before!r}--> {received!r}"
                if index in network.configuration.input_pre_processors
                else f"{before!r}"
            )
            row += [arrow, f"{given!r}"]
        rows.append(row)
    return _table(rows, network.num_params(), frozen)


def _type_name(layer: AbstractLayer) -> str:
    if isinstance(layer, AbstractFrozen):
        return f"Frozen {_type_name(layer.wrapped)}"
    return layer.runtime_name or type(layer).__name__


def _sizes(layer: AbstractLayer, count: int) -> list[str]:
    if count == 0:
        return ["-,-", "0", "-"]
    parameters = {p.name: p for p in layer.parameters()}
    shapes = ", ".join(
        f"{name}:{{{','.join(map(str, parameters[name].shape))}}}" for name in layer.table_order()
    )
    while isinstance(layer, AbstractWrapper):
        layer = layer.wrapped
    sizes = f"{layer.n_in},{layer.n_out}" if isinstance(layer, AbstractFeedForwardLayer) else "-,-"
    return [sizes, str(count), shapes]


def _table(rows: Sequence[Sequence[str]], total: int, frozen: int) -> str:
    widths = [max(len(row[c]) for row in rows) + 3 for c in range(len(rows[0]))]
    widths[-1] -= 3
    rule = "=" * sum(widths)
    lines = ["", rule, _line(rows[0], widths), rule]
    lines += [_line(row, widths) for row in rows[1:]]
    lines.append("-" * sum(widths))
    for name, count in (
        ("Total Parameters: ", total),
        ("Trainable Parameters: ", total - frozen),
        ("Frozen Parameters: ", frozen),
    ):
        lines.append(f"{name:>30} {count}")
    return "\n".join([*lines, rule, ""])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
