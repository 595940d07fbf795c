"""Inference of one network: plans by shape, shared by all threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from dl4py.nn._fitting import bind, cast_input
from dl4py.nn._graph import COUNTERS_PER_ITERATION, RANDOM_COUNTER, NetworkGraph, Shapes, record
from nd4py._arrays import from_numpy, to_numpy
from nd4py.data import DataSet

if TYPE_CHECKING:
    from dl4py.nn._multi_layer_network import MultiLayerNetwork

_KEPT = 64  # graphs per network; a server that meets more shapes than that compiles the oldest anew


class Inference:
    """Compiled forward passes of a network.

    Attributes:
        plans: plans that give the output for features of a shape; read by ``output`` without a
            lock.
    """

    def __init__(self, network: MultiLayerNetwork) -> None:
        self._network = network
        self._lock = threading.Lock()
        self.plans: dict[tuple[int, ...], Any] = {}
        self._compiled: dict[tuple[Any, ...], tuple[NetworkGraph, Any]] = {}

    def output(self, x: Any, train: bool, features_mask: Any, labels_mask: Any) -> Any:
        """See `MultiLayerNetwork.output`."""
        if hasattr(x, "has_next") or isinstance(x, DataSet):
            parts = [
                to_numpy(self.output(b.features, train, b.features_mask, b.labels_mask))
                for b in ([x] if isinstance(x, DataSet) else x)
            ]
            return from_numpy(np.concatenate(parts))
        network = self._network
        features = cast_input(_as_array(x), network.compute_dtype.numpy, "features")
        masks = [
            None if m is None else cast_input(_as_array(m), network.compute_dtype.numpy, name)
            for name, m in (("features_mask", features_mask), ("labels_mask", labels_mask))
        ]
        shapes = Shapes(
            tuple(features.shape), None, *(None if m is None else tuple(m.shape) for m in masks)
        )
        graph, plan = self._plan("output", shapes, train)
        inputs = (features, *(m for m in masks if m is not None))
        if not train and len(inputs) == 1 and not network.half:
            with self._lock:
                while len(self.plans) >= _KEPT:
                    self.plans.pop(next(iter(self.plans)))
                self.plans[shapes.features] = plan.plan_for(shapes.features)
        return (
            network.give(to_numpy(self._run(graph, plan, inputs)[0]))
            if network.half
            else self._run(graph, plan, inputs)[0]
        )

    def feed_forward(self, x: Any, last: int, train: bool, features_mask: Any) -> list[Any]:
        """The input and the activations of layers 0 to ``last``."""
        network = self._network
        features = cast_input(_as_array(x), network.compute_dtype.numpy, "features")
        mask = (
            None
            if features_mask is None
            else cast_input(_as_array(features_mask), network.compute_dtype.numpy, "features_mask")
        )
        shapes = Shapes(tuple(features.shape), None, None if mask is None else tuple(mask.shape))
        graph, plan = self._plan("activations", shapes, train, last)
        found = self._run(graph, plan, (features,) if mask is None else (features, mask))
        return [features, *(network.give(to_numpy(a)) if network.half else a for a in found)]

    def loss(self, data: DataSet, training: bool) -> tuple[float, int]:
        """The summed loss of a batch, and its number of examples (as the labels count them)."""
        inputs, shapes = bind(self._network, data)
        graph, plan = self._plan("loss", shapes, training)
        rows = (shapes.labels or shapes.features)[0]
        return float(to_numpy(self._run(graph, plan, inputs)[0])), rows

    def loss_rows(self, data: DataSet) -> Any:
        """The loss of each example, ``[n, 1]``."""
        inputs, shapes = bind(self._network, data)
        graph, plan = self._plan("rows", shapes, False)
        rows = self._run(graph, plan, inputs)[0]
        return self._network.give(to_numpy(rows)) if self._network.half else rows

    def input_gradient(self, data: DataSet) -> Any:
        """The gradient of the summed loss by the features, in training mode."""
        inputs, shapes = bind(self._network, data)
        graph, _ = self._plan("loss", shapes, True)
        names = ("input", "labels", "features_mask", "labels_mask")
        given = (shapes.features, shapes.labels, shapes.features_mask, shapes.labels_mask)
        values = dict(
            zip(
                (n for n, s in zip(names, given, strict=True) if s is not None), inputs, strict=True
            )
        )
        scalars = [v.name for v in graph.sd.variables() if v.variable_type.value == "scalar"]
        values.update(zip(scalars, self._scalars(graph, scalars), strict=True))
        graph.sd.set_loss_variables(graph.loss)
        return graph.sd.calculate_gradients(values, "input")["input"]

    # ------------------------------------------------------------------------------------ compiling

    def _plan(
        self, what: str, shapes: Shapes, train: bool, last: int | None = None
    ) -> tuple[NetworkGraph, Any]:
        key = (what, shapes, train, last)
        found = self._compiled.get(key)
        if found is None:
            with self._lock:
                found = self._compiled.get(key)
                if found is None:
                    found = self._compile(what, shapes, train, last)
                    while len(self._compiled) >= _KEPT:
                        self._compiled.pop(next(iter(self._compiled)))
                    self._compiled[key] = found
        return found

    def _compile(
        self, what: str, shapes: Shapes, train: bool, last: int | None
    ) -> tuple[NetworkGraph, Any]:
        network = self._network
        graph = record(
            network.configuration,
            network.parameter_views,
            shapes,
            network.compute_dtype,
            training=train,
            last=last,
            rows=what == "rows",
        )
        if what in ("loss", "rows"):
            if graph.loss is None:
                raise ValueError(
                    f"{network!r}: the last layer has no loss function, so there is no score"
                )
            outputs = [graph.loss]
        else:
            outputs = graph.activations if what == "activations" else graph.activations[-1:]
        inputs = ["input"]
        for name, shape in (
            ("labels", shapes.labels),
            ("features_mask", shapes.features_mask),
            ("labels_mask", shapes.labels_mask),
        ):
            if shape is not None:
                inputs.append(name)
        return graph, graph.sd.compile_inference(outputs, inputs=inputs)

    def _run(self, graph: NetworkGraph, plan: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        found: tuple[Any, ...] = plan(*inputs, scalars=self._scalars(graph, plan.scalars))
        return found

    def _scalars(self, graph: NetworkGraph, names: Any) -> tuple[float, ...]:
        iteration, epoch = self._network.iteration_count, self._network.epoch_count
        return tuple(
            iteration * COUNTERS_PER_ITERATION
            if name == RANDOM_COUNTER
            else graph.schedules[name].value_at(iteration, epoch)
            for name in names
        )


def _as_array(x: Any) -> Any:
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return x
    try:
        return np.asarray(x)
    except ValueError as problem:
        raise ValueError(
            f"features: expected an array, or lists of equal length: {problem}"
        ) from None
