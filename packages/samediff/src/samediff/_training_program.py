"""The program of one training step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nd4py import dtypes
from nd4py._arrays import to_numpy
from nd4py.ops._declaration import Spec
from nd4py.ops._declare import FUNCTIONS

from ._gradient import differentiate
from ._ir import Effect, Program, Value
from ._probes import Probe, statistics_vector
from ._trace import Trace, trace
from ._update_effects import Scalars, normalization_effects, regularisation_terms, update_effects
from ._updates import GradientNormalization, UpdateBlock
from ._variable import SDVariable, VariableType
from .passes import optimise

if TYPE_CHECKING:
    from nd4py import NDArray

    from ._samediff import SameDiff


@dataclass(frozen=True, eq=False)
class Step:
    """What `SameDiff.compile_training` was asked for."""

    sd: SameDiff
    loss: SDVariable
    gradients: dict[SDVariable, NDArray]
    updates: tuple[UpdateBlock, ...]
    normalizations: tuple[GradientNormalization, ...]
    outputs: tuple[SDVariable, ...]
    inputs: tuple[SDVariable, ...]
    scalars: tuple[SDVariable, ...]
    minibatch: SDVariable | None

    @property
    def scalar_names(self) -> tuple[str, ...]:
        """Per-call scalars: the graph's, then those that the blocks name."""
        names = dict.fromkeys(v.name for v in self.scalars)
        for block in self.updates:
            names.update(dict.fromkeys(block.scalar_names()))
        return tuple(names)

    def check(self) -> None:
        """Raises ValueError where arrays and variables do not fit each other."""
        for variable, view in self.gradients.items():
            if variable.array is None or variable.variable_type is not VariableType.VARIABLE:
                raise ValueError(
                    f"gradient of {variable.name!r}: it is a {variable.variable_type.value}, not a variable"
                )
            held, given = to_numpy(variable.array), to_numpy(view)
            if held.shape != given.shape or held.dtype != given.dtype:
                raise ValueError(
                    f"gradient of {variable.name!r}: expected an array {held.dtype}{list(held.shape)}, "
                    f"received {given.dtype}{list(given.shape)}"
                )
        for block in self.updates:
            block.check()
        if self.minibatch is not None and not any(self.minibatch is v for v in self.inputs):
            raise ValueError(f"minibatch: {self.minibatch.name!r} is not among the inputs")


def training_program(
    step: Step,
    shapes: dict[SDVariable, tuple[int, ...]],
    probes: Sequence[Probe],
    *,
    fusion: bool,
) -> Program:
    """Traces, differentiates and optimises one step; its outputs are the score, the further outputs and the probes."""
    probed = [step.sd.get_variable(p.name) for p in probes if p.kind == "value"]
    traced = trace([step.loss, *step.outputs, *probed], step.sd._order, shapes)
    graph = traced.graph
    # A variable that the loss does not depend on is still listed: its gradient is zero.
    values = {v: traced.values[v] for v in step.gradients if v in traced.values}
    found = differentiate(graph, traced[step.loss], list(values.values()))
    gradients = {v: g for v, g in zip(values, found, strict=True) if g is not None}
    for v, view in step.gradients.items():
        if v not in gradients:
            gradients[v] = graph.filled(0.0, v.dtype, tuple(view.shape))
    scale = 1.0 if step.minibatch is None else 1.0 / max(1, shapes[step.minibatch][0])
    scalars = Scalars(graph, traced.values, step.scalars)
    graph.origin = "score"
    score = _total(traced[step.loss])
    if scale != 1.0:
        score = score * scale
    for term in regularisation_terms(graph, step.updates, scalars):
        score = score + FUNCTIONS["cast"](term, dtype=score.dtype)
    graph.origin = ""
    program = Program(
        inputs=[traced[v] for v in step.inputs],
        scalars=[],
        nodes=graph.nodes,
        outputs=[score, *(traced[v] for v in step.outputs)],
        targets=[(gradients[v], view) for v, view in step.gradients.items()],
    )
    _Probes(step, program, traced, gradients).add(probes, scale, scalars)
    program.scalars = scalars.all(step.scalar_names)
    return optimise(program, fusion=fusion)


def _total(loss: Value) -> Value:
    total: Value = FUNCTIONS["sum"](loss) if loss.shape else loss
    return total


class _Probes:
    """Adds the effects of a step in order: probes before the update, normalisation, updaters, probes of the update."""

    def __init__(
        self, step: Step, program: Program, traced: Trace, gradients: dict[SDVariable, Value]
    ):
        self._step = step
        self._program = program
        self._traced = traced
        self._gradients = gradients

    def add(self, probes: Sequence[Probe], scale: float, scalars: Scalars) -> None:
        program, step, graph = self._program, self._step, self._traced.graph
        wants_update = any(p.kind == "update" for p in probes)
        results: list[Value | None] = [
            None if p.kind == "update" else self._result(p, self._source(p)) for p in probes
        ]
        program.effects += normalization_effects(step.normalizations, scale)
        program.effects += update_effects(
            graph, step.updates, step.normalizations, scalars, scale, store_update=wants_update
        )
        for i, probe in enumerate(probes):
            if probe.kind == "update":
                results[i] = self._result(probe, self._view(probe))
        program.outputs += [r for r in results if r is not None]

    def _source(self, probe: Probe) -> Any:
        variable = self._step.sd.get_variable(probe.name)
        if probe.kind == "value":
            return self._traced[variable]
        if probe.kind == "gradient":
            if variable not in self._gradients:
                raise self._unknown(probe)
            return self._gradients[variable]
        if variable.variable_type is not VariableType.VARIABLE:
            raise ValueError(
                f"probe: {probe.name!r} is a {variable.variable_type.value}, not a parameter"
            )
        return variable.array

    def _view(self, probe: Probe) -> Any:
        view = self._step.gradients.get(self._step.sd.get_variable(probe.name))
        if view is None:
            raise self._unknown(probe)
        return view

    def _unknown(self, probe: Probe) -> ValueError:
        names = ", ".join(v.name for v in self._step.gradients) or "none"
        return ValueError(
            f"probe: {probe.kind} of {probe.name!r} is not computed; this plan has gradients of {names}"
        )

    def _result(self, probe: Probe, source: Any) -> Value:
        """A value that the program returns: the source itself, a copy of memory that changes later, or statistics."""
        graph, label = self._traced.graph, f"{probe.kind} of {probe.name}"
        if probe.statistics:
            spec, bins = Spec(dtypes.float64, (6 + probe.bins,)), probe.bins
            result = Value(graph, spec, None, label)
            effect = Effect(
                "statistics", (source,), (result,), (bins,), (), lambda x: (statistics_vector(x, bins),), label
            )  # fmt: skip
        elif isinstance(source, Value):
            return source
        else:
            array = to_numpy(source)
            result = Value(graph, Spec(dtypes.dtype(array.dtype), array.shape), None, label)
            effect = Effect("copy", (source,), (result,), (), (), lambda x: (x,), label)
        self._program.effects.append(effect)
        return result
