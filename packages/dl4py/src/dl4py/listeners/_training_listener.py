"""The protocol of training listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samediff import Probe


class TrainingListener:
    """Base of what is told about training; every method does nothing unless overridden.

    Order of the callbacks: ``on_epoch_start``; per iteration ``on_forward_pass``,
    ``on_backward_pass``, ``on_gradient_calculation``, ``iteration_done``; ``on_epoch_end``. Epoch
    callbacks come from iterators (and from arrays with ``epochs=``) only. A whole iteration is one
    native call, so ``model.params()`` shows updated parameters already in the callbacks about
    activations and gradients; what these callbacks are about was captured inside the call.

    Answers to ``org.deeplearning4j.optimize.api.TrainingListener``.
    """

    def on_epoch_start(self, model: Any) -> None:
        """Before the first iteration of an epoch."""

    def on_epoch_end(self, model: Any) -> None:
        """After the last iteration of an epoch, before ``model.epoch_count`` grows."""

    def on_forward_pass(self, model: Any, activations: list[Any]) -> None:
        """The features and the activations of all layers but the last."""

    def on_backward_pass(self, model: Any) -> None:
        """``model.gradient()`` holds the gradient, summed over the examples."""

    def on_gradient_calculation(self, model: Any) -> None:
        """As ``on_backward_pass``, which comes right before."""

    def iteration_done(self, model: Any, iteration: int, epoch: int) -> None:
        """Parameters are updated, constraints not applied yet; ``model.score()`` is that of the
        parameters before.
        """

    # ------------------------------------------------------------------------ what an iteration
    # shall compute for it

    def wants_activations(self, iteration: int) -> bool:
        """Whether ``on_forward_pass`` shall be called for this iteration: where it is overridden,
        unless overridden too.
        """
        return type(self).on_forward_pass is not TrainingListener.on_forward_pass

    def wants_gradients(self, iteration: int) -> bool:
        """Whether the two gradient callbacks shall be called for this iteration."""
        mine = type(self)
        return (
            mine.on_backward_pass is not TrainingListener.on_backward_pass
            or mine.on_gradient_calculation is not TrainingListener.on_gradient_calculation
        )

    def probes(self, model: Any, iteration: int) -> tuple[Probe, ...]:
        """Gradients, updates, parameters and activations, or their statistics, to compute inside
        this iteration.

        Parameters and their gradients and updates are named by key (``0_W``), activations
        ``activation_<layer>``; results are in ``model.probed`` when ``iteration_done`` is called.
        Iterations without probes pay nothing for them.
        """
        return ()
