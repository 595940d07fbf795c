"""What `SameDiff.fit` reports."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class LossCurve:
    """Losses by iteration and epoch. Answers to ``org.nd4j.autodiff.listeners.records.LossCurve``.

    Attributes:
        iterations: the score of each iteration, before its update, regularisation included.
        epoch_ends: number of iterations done at the end of each epoch.
    """

    iterations: list[float] = field(default_factory=list)
    epoch_ends: list[int] = field(default_factory=list)

    def mean_loss(self, epoch: int) -> float:
        """The mean score over the iterations of an epoch, counted from 0.

        Raises:
            IndexError: there was no such epoch.
        """
        if not -len(self.epoch_ends) <= epoch < len(self.epoch_ends):
            raise IndexError(f"epoch {epoch}: {len(self.epoch_ends)} epochs were recorded")
        epoch %= len(self.epoch_ends)
        start = self.epoch_ends[epoch - 1] if epoch else 0
        part = self.iterations[start : self.epoch_ends[epoch]]
        return sum(part) / len(part) if part else float("nan")

    def mean_losses(self) -> list[float]:
        """The mean score of each epoch."""
        return [self.mean_loss(i) for i in range(len(self.epoch_ends))]


@dataclass
class History:
    """The record of one `fit`. Answers to ``org.nd4j.autodiff.listeners.records.History``.

    Attributes:
        loss_curve: scores by iteration and epoch.
        seconds: wall time of each epoch.
    """

    loss_curve: LossCurve = field(default_factory=LossCurve)
    seconds: list[float] = field(default_factory=list)

    def final_loss(self) -> float:
        """The mean score of the last epoch."""
        return self.loss_curve.mean_loss(-1)
