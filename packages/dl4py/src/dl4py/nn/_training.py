"""One training step of a network: the graph, its gradients and the whole update as one compiled
plan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import samediff
from dl4py.conf.layers import AbstractLayer
from dl4py.nn._graph import COUNTERS_PER_ITERATION, RANDOM_COUNTER, NetworkGraph, Shapes, record
from dl4py.nn._parameters import Block, ParameterLayout, Run, as_ndarray

if TYPE_CHECKING:
    from dl4py.nn._multi_layer_network import MultiLayerNetwork
    from samediff._updates import NormalizationMode

ScalarSource = Callable[[int, int], float]

_NORMALIZATIONS: dict[str, tuple[NormalizationMode, bool]] = {
    "RenormalizeL2PerLayer": ("renormalize_l2", True),
    "RenormalizeL2PerParamType": ("renormalize_l2", False),
    "ClipElementWiseAbsoluteValue": ("clip_elementwise_absolute", True),
    "ClipL2PerLayer": ("clip_l2", True),
    "ClipL2PerParamType": ("clip_l2", False),
}


class TrainingStep:
    """A compiled step for arrays of given shapes.

    Attributes:
        masked: whether it takes masks.
        run: the plan's bound method: ``run(inputs, scalars)`` gives the score first.
        only_iteration: whether the iteration number is the only per-call scalar.
    """

    def __init__(self, network: MultiLayerNetwork, shapes: Shapes, *, update: bool = True) -> None:
        self.masked = shapes.features_mask is not None or shapes.labels_mask is not None
        self.graph = _loss_graph(network, shapes)
        sources: dict[str, ScalarSource] = {}
        updates: list[samediff.UpdateBlock] = []
        normalizations: list[samediff.GradientNormalization] = []
        if update:
            updates = [
                _update_block(network, block, run, f"{index}_{run.offset}", sources)
                for index, block in enumerate(network.layout.blocks)
                for run in block.runs
            ]
            normalizations = _normalizations(network)
        sources["iteration"] = lambda iteration, epoch: float(iteration)
        sources[RANDOM_COUNTER] = lambda iteration, epoch: iteration * COUNTERS_PER_ITERATION
        for name, schedule in self.graph.schedules.items():
            sources[name] = schedule.value_at
        self.plan = self.graph.sd.compile_training(
            self.graph.loss,
            gradients={s.key: network.gradient_views[s.key] for s in network.layout.slots},
            updates=updates,
            normalizations=normalizations,
            inputs=_given(shapes),
            minibatch="labels" if network.averages_score else None,
            check_numerics=network.check_numerics,
        )
        self._sources = [sources[name] for name in self.plan.scalars]
        self.only_iteration = self.plan.scalars == ("iteration",)
        shapes_given = [
            s
            for s in (shapes.features, shapes.labels, shapes.features_mask, shapes.labels_mask)
            if s
        ]
        self.run = self.plan.plan_for(*shapes_given).run

    def scalars(self, iteration: int, epoch: int) -> tuple[float, ...]:
        """Values of the per-call scalars."""
        return tuple([source(iteration, epoch) for source in self._sources])


def _given(shapes: Shapes) -> list[str]:
    names = ["input", "labels"]
    if shapes.features_mask is not None:
        names.append("features_mask")
    if shapes.labels_mask is not None:
        names.append("labels_mask")
    return names


def _loss_graph(network: MultiLayerNetwork, shapes: Shapes) -> NetworkGraph:
    graph = record(
        network.configuration, network.parameter_views, shapes, network.compute_dtype, training=True
    )
    if graph.loss is None:
        last = network.layers[-1]
        raise ValueError(
            f"{last.label(len(network.layers) - 1)}: the last layer has no loss function; end the network with an "
            "OutputLayer or a LossLayer to train it"
        )
    for key, pseudo_gradient in graph.statistics.items():
        graph.loss = graph.loss + _routed(graph.sd.get_variable(key), pseudo_gradient)
    return graph


def _routed(parameter: Any, pseudo_gradient: Any) -> Any:
    """A term of value 0 whose gradient by the parameter is the pseudo-gradient."""
    from nd4py import ops

    held = ops.stop_gradient(pseudo_gradient)
    return ops.sum((parameter - ops.stop_gradient(parameter)) * held)


def _update_block(
    network: MultiLayerNetwork, block: Block, run: Run, name: str, sources: dict[str, ScalarSource]
) -> samediff.UpdateBlock:
    updater = block.updater
    momentum: float | str = 0.0
    if getattr(updater, "momentum_schedule", None) is not None:
        momentum = f"momentum_{name}"
        sources[momentum] = updater.momentum_at
    elif hasattr(updater, "momentum"):
        momentum = updater.momentum
    mine = slice(run.offset, run.offset + run.stop - run.start)
    return samediff.UpdateBlock(
        updater,
        as_ndarray(network.flat_params[run.start : run.stop]),
        as_ndarray(network.flat_gradient[run.start : run.stop]),
        [as_ndarray(s[mine]) for s in block.states_of(network.flat_state)],
        learning_rate=_learning_rate(updater, name, sources),
        momentum=momentum,
        segments=_segments(network.layers, run, name, sources),
        name=f"block {name}",
    )


def _learning_rate(updater: Any, block: str, sources: dict[str, ScalarSource]) -> float | str:
    if getattr(updater, "learning_rate_schedule", None) is not None:
        name = f"learning_rate_{block}"
        sources[name] = updater.learning_rate_at
        return name
    rate = updater.learning_rate_at(0, 0)
    return (
        1.0 if rate is None else float(rate)
    )  # 1: what weight decay takes where the updater has no learning rate


def _segments(
    layers: tuple[AbstractLayer, ...], run: Run, name: str, sources: dict[str, ScalarSource]
) -> list[samediff.Segment] | None:
    found: list[samediff.Segment] = []
    for slot in run.slots:
        layer = layers[slot.layer]
        start, stop = slot.start - run.start, slot.stop - run.start
        values = _coefficients(layer.regularization_of(slot.parameter), f"{name}_{start}", sources)
        averaged = slot.parameter.kind != "statistic"
        segment = samediff.Segment(start, stop, *values, averaged=averaged)
        last = found[-1] if found else None
        if last is not None and _same(last, segment):
            found[-1] = samediff.Segment(last.start, stop, *values, averaged=averaged)
        else:
            found.append(segment)
    return found if any(s.regularised or not s.averaged for s in found) else None


def _same(a: samediff.Segment, b: samediff.Segment) -> bool:
    return (a.l1, a.l2, a.weight_decay, a.weight_decay_apply_lr, a.averaged) == (
        b.l1,
        b.l2,
        b.weight_decay,
        b.weight_decay_apply_lr,
        b.averaged,
    )


def _coefficients(
    regularizations: tuple[Any, ...], name: str, sources: dict[str, ScalarSource]
) -> tuple[float | str, float | str, float | str, bool]:
    """L1, L2, weight decay and whether the learning rate multiplies it; schedules become per-call
    scalars.
    """
    from nd4py import regularization as reg

    totals: dict[type[reg.Regularization], float | str] = {
        reg.L1: 0.0,
        reg.L2: 0.0,
        reg.WeightDecay: 0.0,
    }
    for cls in totals:
        mine = [r for r in regularizations if type(r) is cls]
        if not mine:
            continue
        if all(r.is_constant for r in mine):
            totals[cls] = float(sum(r.coefficient_at(0, 0) for r in mine))
        else:
            scalar = f"{cls.__name__}_{name}"
            sources[scalar] = lambda i, e, mine=mine: float(
                sum(r.coefficient_at(i, e) for r in mine)
            )  # type: ignore[misc]
            totals[cls] = scalar
    applies = {r.apply_lr for r in regularizations if type(r) is reg.WeightDecay}
    if len(applies) > 1:
        raise NotImplementedError(
            "one parameter has weight decay with and without the learning rate at once; give all of "
            "them the same apply_lr"
        )
    return totals[reg.L1], totals[reg.L2], totals[reg.WeightDecay], applies != {False}


def _normalizations(network: MultiLayerNetwork) -> list[samediff.GradientNormalization]:
    found = []
    layout: ParameterLayout = network.layout
    for index, layer in enumerate(network.layers):
        name, threshold = layer.normalization()
        start, stop = layout.layer_ranges[index]
        if name == "None" or start == stop:
            continue
        mode, whole = _NORMALIZATIONS[name]
        ranges = [(start, stop)] if whole else [(s.start, s.stop) for s in layout.of_layer(index)]
        found += [
            samediff.GradientNormalization(
                as_ndarray(network.flat_gradient[a:b]),
                mode,
                threshold,
                name=layer.label(index),
            )
            for a, b in ranges
        ]
    return found
