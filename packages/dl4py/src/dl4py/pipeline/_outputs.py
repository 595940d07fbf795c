"""What the outputs of a network mean: classes with probabilities, or named values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datavec import Schema
    from dl4py.nn import MultiLayerNetwork

CLASSIFICATION = "classification"
REGRESSION = "regression"
TASKS = (CLASSIFICATION, REGRESSION)
_ONE_HOT = re.compile(r".*\[(.*)\]", re.DOTALL)  # how CategoricalToOneHotTransform names columns


@dataclass(frozen=True)
class Outputs:
    """The names of a network's outputs.

    Attributes:
        task: ``classification`` or ``regression``.
        names: classes, or names of values.
        is_binary: one output holds the probability of the second of two classes.
    """

    task: str
    names: tuple[str, ...]
    is_binary: bool = False

    @property
    def classifies(self) -> bool:
        """Whether outputs are probabilities of classes."""
        return self.task == CLASSIFICATION


def outputs_of(
    network: MultiLayerNetwork,
    schema: Schema,
    labels: Sequence[str],
    class_names: Sequence[str] | None,
    task: str | None,
) -> Outputs:
    """What the outputs of a network mean, by its last layer and the label columns it was trained on.

    Raises:
        ValueError: the labels do not fit the network's number of outputs; the message says both.
    """
    if task is not None and task not in TASKS:
        raise ValueError(f"task: expected one of {', '.join(map(repr, TASKS))}; received {task!r}")
    width = _width(network)
    states = class_names or _states(schema, labels)
    if task is None:
        task = CLASSIFICATION if states or _looks_like_classes(network, width) else REGRESSION
    if task == REGRESSION:
        return _regression(labels, width)
    if states is None and len(labels) > 1:
        states = [m[1] if (m := _ONE_HOT.fullmatch(name)) else name for name in labels]
    if states is None:
        states = [str(i) for i in range(2 if width in (None, 1) else width or 0)]
    if width not in (None, len(states)) and not (width == 1 and len(states) == 2):
        raise ValueError(
            f"the network has {width} outputs, but there are {len(states)} classes: "
            f"{', '.join(map(repr, states[:10]))}{', ...' if len(states) > 10 else ''}"
        )
    return Outputs(CLASSIFICATION, tuple(states), is_binary=width == 1)


def _regression(labels: Sequence[str], width: int | None) -> Outputs:
    if labels and width is not None and len(labels) != width:
        raise ValueError(
            f"the network has {width} outputs, but there are {len(labels)} label columns: "
            f"{', '.join(map(repr, labels))}"
        )
    return Outputs(REGRESSION, tuple(labels or (f"output_{i}" for i in range(width or 1))))


def _width(network: MultiLayerNetwork) -> int | None:
    """Number of outputs, None where the last layer takes what it gets."""
    for layer in reversed(network.layers):
        if n_out := getattr(layer, "n_out", 0):
            return int(n_out)
    return None


def _states(schema: Schema, labels: Sequence[str]) -> list[str] | None:
    from datavec import CategoricalMetaData

    if len(labels) != 1:
        return None
    meta = schema.metadata(labels[0])
    return list(meta.state_names) if isinstance(meta, CategoricalMetaData) else None


def _looks_like_classes(network: MultiLayerNetwork, width: int | None) -> bool:
    last: Any = network.layers[-1]
    activation = type(getattr(last, "activation", None)).__name__
    loss = type(getattr(last, "loss", None)).__name__
    return activation == "Softmax" or (width == 1 and loss == "LossBinaryXENT")
