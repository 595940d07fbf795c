"""Listeners that log or keep scores."""

from __future__ import annotations

import logging
import os
from typing import Any

from dl4py.listeners._training_listener import TrainingListener

log = logging.getLogger("dl4py")


class ScoreIterationListener(TrainingListener):
    """Logs ``Score at iteration <i> is <score>`` every ``print_iterations`` iterations.

    Answers to ``org.deeplearning4j.optimize.listeners.ScoreIterationListener``.
    """

    def __init__(self, print_iterations: int = 10) -> None:
        self.print_iterations = max(1, print_iterations)

    def iteration_done(self, model: Any, iteration: int, epoch: int) -> None:
        """Logs at the chosen iterations."""
        if iteration % self.print_iterations == 0:
            log.info("Score at iteration %d is %s", iteration, model.score())


class CollectScoresListener(TrainingListener):
    """Keeps iterations and scores, every ``frequency``-th iteration.

    Attributes:
        iterations: the iterations.
        scores: their scores.

    Answers to ``CollectScoresListener`` and ``CollectScoresIterationListener``.
    """

    def __init__(self, frequency: int = 1, log_score: bool = False) -> None:
        self.frequency = max(1, frequency)
        self.log_score = log_score
        self.iterations: list[int] = []
        self.scores: list[float] = []

    def iteration_done(self, model: Any, iteration: int, epoch: int) -> None:
        """Keeps the score at the chosen iterations."""
        if iteration % self.frequency == 0:
            score = model.score()
            self.iterations.append(iteration)
            self.scores.append(score)
            if self.log_score:
                log.info("Score at iteration %d is %s", iteration, score)

    def export_scores(self, path: str | os.PathLike[str], delimiter: str = "\t") -> None:
        """Writes a header and one line per kept score."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"Iteration{delimiter}Score\n")
            for iteration, score in zip(self.iterations, self.scores, strict=True):
                file.write(f"{iteration}{delimiter}{score}\n")
