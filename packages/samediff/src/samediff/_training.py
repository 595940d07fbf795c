"""Compiled training: forward, loss, backward, regularisation, normalisation and updaters as one native call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._ir import Program
from ._lowering import lower
from ._plans import Plan, PlanCache, bind_inputs, check_shapes
from ._probes import Probe, Statistics
from ._training_program import Step, training_program
from ._updates import GradientNormalization, UpdateBlock
from ._variable import SDVariable

if TYPE_CHECKING:
    from nd4py import NDArray

    from ._samediff import SameDiff


class TrainingPlan:
    """One training step of a graph; made by `SameDiff.compile_training`.

    Compiles once per set of input shapes and tuple of probes; all variants work on the same parameters and state. Steps
    of one plan must not run at the same time, as they write the same parameters.

    Attributes:
        inputs: names of the placeholders, in the order of ``run``'s inputs.
        scalars: names of the per-call scalars, in the order of ``run``'s scalars: those of the graph, then those that
            the updater blocks name, in order of first use.
        outputs: names of the further outputs, in order.

    Answers to ``org.nd4j.autodiff.samediff.internal.TrainingSession``.
    """

    def __init__(
        self,
        sd: SameDiff,
        loss: SDVariable,
        gradients: dict[SDVariable, NDArray],
        updates: tuple[UpdateBlock, ...],
        normalizations: tuple[GradientNormalization, ...],
        outputs: Sequence[SDVariable],
        inputs: Sequence[SDVariable],
        scalars: Sequence[SDVariable],
        minibatch: SDVariable | None,
        check_numerics: bool,
    ):
        self._step = Step(
            sd, loss, gradients, updates, normalizations, tuple(outputs), tuple(inputs), tuple(scalars), minibatch
        )  # fmt: skip
        self._step.check()
        self._check_numerics = check_numerics
        self._cache = PlanCache(self._compile)
        self._get = self._cache.get
        self.inputs = tuple(v.name for v in inputs)
        self.scalars = self._step.scalar_names
        self.outputs = tuple(v.name for v in outputs)

    def run(
        self,
        inputs: tuple[NDArray, ...],
        scalars: tuple[float, ...] = (),
        probes: tuple[Probe, ...] = (),
    ) -> tuple[Any, ...]:
        """Runs one step; returns the score (a float), the further outputs, and what the probes ask for.

        The score is the loss, divided by the minibatch size where one is named, plus the regularisation terms, all for
        the parameters before the update. Probes give an NDArray or a `Statistics` each.

        Raises:
            TypeError: an input's dtype is not its placeholder's.
            ValueError: an input's shape does not fit its placeholder, or a probe names something that is not there.
        """
        key = (probes, *[x.shape for x in inputs])
        plan = self._get(key)
        if plan is None:
            return self._first(inputs, scalars, probes)
        try:
            results = plan.run(inputs, scalars)
        except (TypeError, ValueError):
            # Refused before the first step: not NDArrays of the right dtypes. Convert, or say what is wrong.
            bound = bind_inputs(self._step.inputs, inputs)
            if all(a is b for a, b in zip(bound, inputs, strict=True)):
                raise
            results = plan.run(bound, scalars)
        if probes:
            return self._results(results, probes)
        if len(results) == 1:
            return (results[0].item(),)
        return (results[0].item(), *results[1:])

    def _first(
        self, inputs: tuple[Any, ...], scalars: tuple[float, ...], probes: tuple[Probe, ...]
    ) -> tuple[Any, ...]:
        bound = bind_inputs(self._step.inputs, inputs)
        plan = self._cache.make((probes, *[x.shape for x in bound]))
        return self._results(plan.run(bound, scalars), probes)

    @staticmethod
    def _results(results: tuple[Any, ...], probes: tuple[Probe, ...]) -> tuple[Any, ...]:
        from nd4py._arrays import to_numpy

        first = len(results) - len(probes)
        asked = (
            Statistics.of_vector(to_numpy(r)) if p.statistics else r
            for r, p in zip(results[first:], probes, strict=True)
        )
        return (results[0].item(), *results[1:first], *asked)

    def plan_for(self, *shapes: tuple[int, ...], probes: tuple[Probe, ...] = ()) -> Plan:
        """The plan for the given input shapes, compiled now if need be."""
        return self._cache.make((probes, *shapes))

    def explain(
        self, *shapes: tuple[int, ...], probes: tuple[Probe, ...] = ()
    ) -> list[dict[str, Any]]:
        """The steps of the plan for the given input shapes."""
        return self.plan_for(*shapes, probes=probes).explain()

    def program(self, *shapes: tuple[int, ...], probes: tuple[Probe, ...] = ()) -> Program:
        """The optimised program for the given input shapes."""
        given = check_shapes(self._step.inputs, shapes)
        return training_program(self._step, given, probes, fusion=not self._check_numerics)

    def _compile(self, key: Any) -> Plan:
        probes, *shapes = key
        return lower(self.program(*shapes, probes=probes), check_numerics=self._check_numerics)
