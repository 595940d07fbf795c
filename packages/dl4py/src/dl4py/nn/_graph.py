"""One network as one SameDiff graph, for arrays of given shapes.

Layers see concrete shapes while they record, so a layer may compute padding or reshape by size. A
network keeps one graph per set of shapes it has met (a smaller last batch makes a second one).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import nd4py as nd
import samediff
from dl4py.conf.layers import AbstractOutputLayer
from dl4py.nn._parameters import mix_seed

if TYPE_CHECKING:
    from dl4py.conf import MultiLayerConfiguration

RANDOM_COUNTER = "random_counter"
# Philox counters set aside for one iteration, so that no two iterations share a random number.
COUNTERS_PER_ITERATION = 1 << 34


@dataclass(frozen=True)
class Shapes:
    """Shapes of the arrays of one call; None for what is not given."""

    features: tuple[int, ...]
    labels: tuple[int, ...] | None = None
    features_mask: tuple[int, ...] | None = None
    labels_mask: tuple[int, ...] | None = None


@dataclass
class NetworkGraph:
    """A recorded network.

    Attributes:
        sd: the graph.
        activations: the activations of each layer, by index.
        inputs: each layer's input after its preprocessor, before dropout.
        loss: the loss summed over examples and outputs, or of each example, ``[n, 1]``; None
            without labels.
        schedules: per-call scalars of schedules (dropout rates and the like), by name.
        statistics: pseudo-gradients of statistics by parameter key.
    """

    sd: samediff.SameDiff
    activations: list[Any] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)
    loss: Any = None
    schedules: dict[str, Any] = field(default_factory=dict)
    statistics: dict[str, Any] = field(default_factory=dict)


class _Pass:
    """What layers ask of the pass that records them (see ``LayerContext``)."""

    def __init__(
        self, graph: NetworkGraph, training: bool, minibatch: int, seed: int, dtype: Any
    ) -> None:
        self.graph = graph
        self.training = training
        self.minibatch = minibatch
        self.mask: Any = None
        self.layer = 0
        self._seed = seed
        self._dtype = dtype
        self._draws = 0

    def key(self) -> tuple[Any, Any]:
        """Seed and counter of fresh random numbers."""
        self._draws += 1
        sd = self.graph.sd
        if sd.has_variable(RANDOM_COUNTER):
            counter = sd.get_variable(RANDOM_COUNTER)
        else:
            counter = sd.scalar_input(RANDOM_COUNTER, "int64")
        seed = np.asarray(mix_seed(self._seed, "draw", self._draws), np.int64)
        return sd.constant(seed), counter

    def at(self, value: float, schedule: Any) -> Any:
        """The schedule's value at this iteration and epoch, or ``value`` without a schedule."""
        if schedule is None:
            return value
        name = f"schedule_{self.layer}_{len(self.graph.schedules)}"
        self.graph.schedules[name] = schedule
        return nd.ops.cast(self.graph.sd.scalar_input(name, "float64"), dtype=self._dtype)

    def update(self, parameter: str, pseudo_gradient: Any) -> None:
        """See ``LayerContext.update``."""
        self.graph.statistics[f"{self.layer}_{parameter}"] = pseudo_gradient


def record(
    conf: MultiLayerConfiguration,
    parameters: Mapping[str, Any],
    shapes: Shapes,
    dtype: Any,
    *,
    training: bool,
    last: int | None = None,
    rows: bool = False,
) -> NetworkGraph:
    """Records the network, up to layer ``last``; with labels also its loss.

    Args:
        conf: the network's configuration.
        parameters: arrays by key such as ``0_W``, held by reference.
        shapes: shapes of the arrays that calls will bring.
        dtype: the element type of everything.
        training: dropout, weight noise and the like are active.
        last: index of the last layer to record; None for all.
        rows: record the loss of each example instead of the sum.

    Raises:
        ValueError: a layer cannot take its input; the message names the layer.
    """
    sd = samediff.SameDiff.create()
    graph = NetworkGraph(sd)
    # Placeholders are made in the order in which calls bring them.
    x = sd.placeholder("input", dtype, shapes.features)
    labels = None if shapes.labels is None else sd.placeholder("labels", dtype, shapes.labels)
    mask = (
        None
        if shapes.features_mask is None
        else sd.placeholder("features_mask", dtype, shapes.features_mask)
    )
    labels_mask = (
        None
        if shapes.labels_mask is None
        else sd.placeholder("labels_mask", dtype, shapes.labels_mask)
    )
    minibatch = shapes.features[0]
    run = _Pass(graph, training, minibatch, conf.seed, dtype)
    layers = conf.layers
    stop = len(layers) if last is None else last + 1
    for index, layer in enumerate(layers[:stop]):
        with _recording(sd, layer.label(index)):
            run.layer = index
            pre = conf.input_pre_processors.get(index)
            if pre is not None:
                x = pre.pre_process(x, minibatch)
                mask = None if mask is None else pre.pre_process_mask(mask, minibatch)
            graph.inputs.append(x)
            if training and layer.dropout is not None:
                x = layer.dropout.apply(x, run)  # type: ignore[union-attr]
            mine = {
                p.name: sd.var(key, parameters[key])
                for p in layer.parameters()
                if (key := f"{index}_{p.name}")
            }
            params = layer.noisy(mine, run)
            run.mask = mask
            is_last = index == len(layers) - 1
            if is_last and isinstance(layer, AbstractOutputLayer):
                z = layer.pre_output(x, params, run)
                run.mask = labels_mask if labels_mask is not None else mask
                x = layer.activations(z, run.mask, run)
                if labels is not None:
                    expected = layer.label_shape(tuple(z.shape))
                    if tuple(labels.shape) != expected:
                        raise ValueError(
                            f"expected labels of shape {expected}; received {tuple(labels.shape)}"
                        )
                    measure = layer.loss_rows if rows else layer.loss_sum
                    graph.loss = measure(labels, z, run.mask)
            else:
                x = layer.forward(x, params, run)
                mask = layer.mask_after(mask)
            graph.activations.append(_named(sd, x, f"activation_{index}"))
    return graph


@contextmanager
def _recording(sd: samediff.SameDiff, layer: str) -> Iterator[None]:
    """Errors of what is recorded inside, now and when it runs, name the layer."""
    try:
        with sd.place(layer):
            yield
    except (TypeError, ValueError) as problem:
        raise type(problem)(f"{layer}: {problem}") from None


def _named(sd: samediff.SameDiff, value: Any, name: str) -> Any:
    # A layer may hand its input on as it is, which then has a name already.
    return (
        value.rename(name)
        if value.name not in ("input",) and not value.name.startswith("activation_")
        else value
    )
