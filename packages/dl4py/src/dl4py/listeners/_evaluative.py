"""A listener that evaluates the network now and then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dl4py.listeners._scores import log
from dl4py.listeners._training_listener import TrainingListener

INVOCATION_TYPES = ("ITERATION_END", "EPOCH_START", "EPOCH_END")


class EvaluativeListener(TrainingListener):
    """Evaluates on a data set at the first call and then at every ``frequency``-th.

    Args:
        data: an iterator or a DataSet.
        frequency: calls between evaluations.
        invocation_type: what counts as a call: one of ``INVOCATION_TYPES``.
        evaluations: makes the evaluation objects, anew for every evaluation; one ``Evaluation``
            unless given.
        callback: called with the listener, the network, the evaluation's number from 1 and the
            evaluation objects.

    Attributes:
        evaluations: the objects of the last evaluation.

    Answers to ``org.deeplearning4j.optimize.listeners.EvaluativeListener``.
    """

    def __init__(
        self,
        data: Any,
        frequency: int = 1,
        invocation_type: str = "ITERATION_END",
        evaluations: Callable[[], Sequence[Any]] | None = None,
        callback: Callable[[EvaluativeListener, Any, int, Sequence[Any]], None] | None = None,
    ) -> None:
        if invocation_type not in INVOCATION_TYPES:
            raise ValueError(
                f"EvaluativeListener: invocation_type is one of {', '.join(INVOCATION_TYPES)}; "
                f"received {invocation_type!r}"
            )
        if frequency < 1:
            raise ValueError(
                f"EvaluativeListener: frequency must be positive; received {frequency}"
            )
        self._data = data
        self._frequency = frequency
        self._type = invocation_type
        self._make = evaluations
        self._callback = callback
        self._calls = 0
        self._done = 0
        self.evaluations: Sequence[Any] = ()

    def iteration_done(self, model: Any, iteration: int, epoch: int) -> None:
        """A call of ``ITERATION_END``."""
        self._call(model, "ITERATION_END")

    def on_epoch_start(self, model: Any) -> None:
        """A call of ``EPOCH_START``."""
        self._call(model, "EPOCH_START")

    def on_epoch_end(self, model: Any) -> None:
        """A call of ``EPOCH_END``."""
        self._call(model, "EPOCH_END")

    def _call(self, model: Any, kind: str) -> None:
        if kind != self._type:
            return
        due = self._calls % self._frequency == 0
        self._calls += 1
        if not due:
            return
        if self._make is None:
            from nd4py.evaluation import Evaluation

            made: Sequence[Any] = (Evaluation(),)
        else:
            made = tuple(self._make())
        self._done += 1
        log.info("Starting evaluation nr. %d", self._done)
        self.evaluations = model.do_evaluation(self._data, *made)
        log.info("Reporting evaluation results:")
        for evaluation in self.evaluations:
            log.info("%s:\n%s", type(evaluation).__name__, evaluation.stats())
        if self._callback is not None:
            self._callback(self, model, self._done, self.evaluations)
