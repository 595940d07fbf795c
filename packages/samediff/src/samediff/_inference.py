"""Compiled inference: a thread-safe callable over cached plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._ir import Program
from ._lowering import lower
from ._plans import Plan, PlanCache, bind_inputs, check_shapes
from ._trace import trace
from ._variable import SDVariable
from .passes import optimise

if TYPE_CHECKING:
    from nd4py import NDArray

    from ._samediff import SameDiff


class InferencePlan:
    """Computes outputs of a graph; made by `SameDiff.compile_inference`.

    Variables are read in place at every call, so training may go on beside it; constants are folded. Compiles once per
    set of input shapes. May be called from any number of threads.

    Attributes:
        inputs: names of the placeholders, in the order of the arguments.
        scalars: names of the per-call scalars, in the order of ``scalars``.
        outputs: names of the results, in order.

    Answers to ``org.nd4j.autodiff.samediff.internal.InferenceSession``.
    """

    def __init__(
        self,
        sd: SameDiff,
        outputs: Sequence[SDVariable],
        inputs: Sequence[SDVariable],
        scalars: Sequence[SDVariable],
        check_numerics: bool,
    ):
        self._sd = sd
        self._outputs = tuple(outputs)
        self._placeholders = tuple(inputs)
        self._scalars = tuple(scalars)
        self._check_numerics = check_numerics
        self._cache = PlanCache(self._compile)
        self._get = self._cache.get
        self.inputs = tuple(v.name for v in inputs)
        self.scalars = tuple(v.name for v in scalars)
        self.outputs = tuple(v.name for v in outputs)

    def __call__(self, *inputs: NDArray, scalars: tuple[float, ...] = ()) -> tuple[NDArray, ...]:
        """The outputs for arrays in the order of ``inputs``; new arrays at every call.

        Raises:
            TypeError: an input's dtype is not its placeholder's.
            ValueError: an input's shape does not fit its placeholder.
        """
        try:
            key: Any
            if len(inputs) == 1:
                key = inputs[0].shape
            elif len(inputs) == 2:
                key = (inputs[0].shape, inputs[1].shape)
            else:
                key = tuple([x.shape for x in inputs])
            plan = self._get(key)
            if plan is not None:
                return plan.run(inputs, scalars)
        except (TypeError, ValueError, AttributeError):
            # Not NDArrays of the right dtypes: convert, or say what is wrong.
            bound = bind_inputs(self._placeholders, inputs)
            if all(a is b for a, b in zip(bound, inputs, strict=True)):
                raise
        else:
            bound = bind_inputs(self._placeholders, inputs)
        return self.plan_for(*(x.shape for x in bound)).run(bound, scalars)

    def plan_for(self, *shapes: tuple[int, ...]) -> Plan:
        """The plan for the given input shapes, compiled now if need be."""
        return self._cache.make(shapes[0] if len(shapes) == 1 else shapes)

    def explain(self, *shapes: tuple[int, ...]) -> list[dict[str, Any]]:
        """The steps of the plan for the given input shapes."""
        return self.plan_for(*shapes).explain()

    def _compile(self, key: Any) -> Plan:
        shapes = (key,) if len(self._placeholders) == 1 else key
        return lower(self.program(*shapes), check_numerics=self._check_numerics)

    def program(self, *shapes: tuple[int, ...]) -> Program:
        """The optimised program for the given input shapes."""
        given = check_shapes(self._placeholders, shapes)
        traced = trace(self._outputs, self._sd._order, given)
        program = Program(
            inputs=[traced[v] for v in self._placeholders],
            scalars=[traced[v] for v in self._scalars],
            nodes=traced.graph.nodes,
            outputs=[traced[v] for v in self._outputs],
        )
        return optimise(program, fusion=not self._check_numerics)
